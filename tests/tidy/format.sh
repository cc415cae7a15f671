#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every C file looks as clang-format 14 with our .clang-format would write it.
set -euo pipefail
passed=0
failed=0
while IFS= read -r -d '' file; do
    if clang-format-14 --dry-run -Werror "$file"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done < <(git ls-files -z --cached --others --exclude-standard -- '*.c' '*.h')
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
