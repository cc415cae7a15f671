#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every allocation and every input and output of the product's flows, failed once. A sample of them
# each time (SHILLING_SEED says which); all of them with SHILLING_ALL=1. See main.c.
# usage: run.sh [BUILD]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/release}
parts='messages kiosk collector printer cloud'
# shellcheck disable=SC2086  # a list of names
ninja -C "$build" $(printf 'torture-%s ' $parts) >"$build/torture.log" || {
    cat "$build/torture.log"
    exit 1
}
passed=0
failed=0
for part in $parts; do
    out=$("$build/tests/torture/torture-$part" || true)
    grep -v ' passed, ' <<<"$out" || true
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' <<<"$out" || echo '0 passed, 1 failed')
    read -r more_passed _ more_failed _ <<<"$counts"
    passed=$((passed + more_passed))
    failed=$((failed + more_failed))
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
