#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Build every libFuzzer target and run each for some seconds, starting from its saved corpus. What
# it finds is kept in build/fuzz/findings/ and fails the run.
# usage: run.sh SECONDS [TARGET...]
set -euo pipefail
seconds=$1
shift
cmake --preset fuzz
targets=$(ninja -C build/fuzz -t targets all | sed -n 's/^\(fuzz_[a-z0-9_]*\): phony.*/\1/p' |
    sort -u)
[ $# -eq 0 ] || targets=$*
[ -n "$targets" ] || { echo '0 passed, 0 failed'; exit 1; }
# shellcheck disable=SC2086  # a list of names
ninja -C build/fuzz $targets
findings=build/fuzz/findings
mkdir -p "$findings"

fuzz_one() {
    local target=$1 work
    work=$(mktemp -d)
    if build/fuzz/tests/fuzz/"$target" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 \
        -max_len=16384 -print_final_stats=1 -artifact_prefix="$findings/$target-" \
        "$work" "tests/fuzz/corpus/$target" >"$work/log" 2>&1; then
        local runs
        runs=$(sed -n 's/stat::number_of_executed_units: *//p' "$work/log")
        printf 'ok %s, %s inputs\n' "$target" "$runs"
    else
        printf 'failed %s\n' "$target"
        tail -40 "$work/log" >&2
    fi
    rm -rf "$work"
}
export -f fuzz_one
export seconds findings

# shellcheck disable=SC2086
results=$(printf '%s\n' $targets | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one {}')
printf '%s\n' "$results"
passed=$(grep -c '^ok' <<<"$results" || true)
failed=$(grep -c '^failed' <<<"$results" || true)
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
