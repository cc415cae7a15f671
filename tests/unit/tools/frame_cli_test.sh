#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shilling-frame from the outside: arguments, lines, exit codes, and where its errors point.
set -eu
frame=$1
failed=0

# expect STATUS TEXT COMMAND...: the command ends with STATUS and prints TEXT somewhere.
expect() {
    want_status=$1
    want_text=$2
    shift 2
    status=0
    output=$("$@" 2>&1 </dev/null) || status=$?
    case $output in
    *"$want_text"*) ;;
    *)
        echo "not ok: $* printed: $output (expected: $want_text)"
        failed=1
        ;;
    esac
    if [ "$status" != "$want_status" ]; then
        echo "not ok: $* ended with $status, expected $want_status"
        failed=1
    fi
}

head='68 12 00 00 00 10 20 68 91 08 33 35 C3 33 89 CB 34 33'
read='"function":"read","DI"'

# shellcheck disable=SC2086 # the words of a frame are separate arguments here
expect 0 '"value":"198.56"' "$frame" decode $head C4 16
expect 0 '"value":"198.56"' "$frame" decode 68120000001020689108 3335c33389cb3433c416
expect 0 '"value":"198.56"' "$frame" decode "$head C4 16"
expect 0 '68 12 00 00 00 10 20 68 11 04 33 35 C3 33 85 16' \
    "$frame" encode "{\"preamble_fe\":0,\"address\":\"201000000012\",$read:\"00900200\"}"
expect 1 'byte 18: checksum is C5' "$frame" decode "$head C5 16"
expect 1 'character 4' "$frame" decode 68 1G
expect 1 'one digit only' "$frame" decode 68 1
expect 1 'no start byte' "$frame" decode 00
expect 1 'address: must be 12 digits' "$frame" encode "{\"address\":\"12\",$read:\"00900200\"}"
expect 1 'colour: is not a member' \
    "$frame" encode "{\"address\":\"201000000012\",$read:\"00900200\",\"colour\":1}"
expect 1 'DI: must be hex' "$frame" encode "{\"address\":\"201000000012\",$read:\"9010\"}"
expect 1 'character' "$frame" encode '{"address":'
expect 2 'usage' "$frame"
expect 2 'usage' "$frame" guess
expect 0 'usage' "$frame" --help

# Lines: each answered on its own line, the bad one named, the others still done.
want='68 AA AA AA AA AA AA 68 13 00 DF 16
FE FE 68 12 00 00 00 10 20 68 93 06 45 33 33 33 43 53 1F 16'
lines=$(printf '%s\n' "$want" | sed 'G' | "$frame" decode | "$frame" encode)
if [ "$lines" != "$want" ]; then
    echo "not ok: lines gave: $lines"
    failed=1
fi
if printf '{}\n' | "$frame" encode 2>/dev/null; then
    echo "not ok: a bad line must end with a status above 0"
    failed=1
fi
exit $failed
