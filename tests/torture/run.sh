#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every allocation and every input and output of the product's flows, failed once. A sample of them
# each time (SHILLING_SEED says which); all of them with SHILLING_ALL=1. See main.c.
# usage: run.sh [BUILD]   a BUILD with the address sanitizer (build/asan) looks for lost memory, too
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/release}
parts='deliver cloud messages kiosk collector printer'
# shellcheck disable=SC2086  # a list of names
ninja -C "$build" $(printf 'torture-%s ' $parts) >"$build/torture.log" || {
    cat "$build/torture.log"
    exit 1
}
# Two at a time, the longest first.
# shellcheck disable=SC2016,SC2086  # $0 is the inner shell's; a list of names
printf '%s\n' $parts |
    xargs -P 2 -I{} sh -c '"$0/torture-{}" >"$0/{}.out" || true' "$build/tests/torture"
passed=0
failed=0
for part in $parts; do
    out=$(cat "$build/tests/torture/$part.out")
    grep -v ' passed, ' <<<"$out" || true
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' <<<"$out" || echo '0 passed, 1 failed')
    read -r more_passed _ more_failed _ <<<"$counts"
    passed=$((passed + more_passed))
    failed=$((failed + more_failed))
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
