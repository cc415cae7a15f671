#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy 14 over every product source. A file whose content, headers and rules have not changed
# since its last clean pass is not read again (stamps in BUILD/tidy-stamps).
# usage: clang_tidy.sh BUILD
set -euo pipefail
build=$1
stamps=$build/tidy-stamps
mkdir -p "$stamps"
# Flags of gcc that clang does not know would hide the findings behind complaints about flags.
rules=$(cat .clang-tidy)
headers=$(git ls-files -z --cached --others --exclude-standard -- '*.h' | sort -z |
    xargs -0 sha256sum | sha256sum)

tidy_one() {
    local file=$1 key
    key=$(printf '%s%s%s' "$rules" "$headers" "$(sha256sum "$file")" | sha256sum | cut -d' ' -f1)
    [ ! -e "$stamps/$key" ] || return 0
    if clang-tidy-14 --quiet -p "$build" --extra-arg=-Wno-unknown-warning-option \
        --extra-arg=-Wno-ignored-optimization-argument "$file" 2>"$stamps/$key.err" \
        >"$stamps/$key.out"; then
        : >"$stamps/$key"
        rm -f "$stamps/$key.err" "$stamps/$key.out"
    else
        cat "$stamps/$key.out"
        grep -v 'warnings generated' "$stamps/$key.err" || true
        return 1
    fi
}
export -f tidy_one
export build stamps rules headers

list=$(mktemp)
trap 'rm -f "$list"' EXIT
git ls-files --cached --others --exclude-standard -- \
    'common/*.c' 'protocol/*.c' 'core/*.c' 'drivers/*.c' 'printer/*.c' 'kiosk/*.c' \
    'collector/*.c' 'cloud/*.c' 'emulators/*.c' 'tools/*.c' 'sim/*.c' >"$list"
failures=$(xargs -a "$list" -P "$(nproc)" -I{} bash -c 'tidy_one "$1" >&2 || echo "$1"' _ {} )
count=$(wc -l <"$list")
failed=$(printf '%s' "$failures" | grep -c . || true)
printf '%s\n' "$failures" | sed '/^$/d;s/^/not clean: /'
printf '%d passed, %d failed\n' "$((count - failed))" "$failed"
[ "$failed" -eq 0 ]
