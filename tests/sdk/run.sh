#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the payment simulator's own tests: its parts, and the whole against the official SDKs, which
# `./shilling test` installs. Beijing time, because one of the SDKs stamps requests with the
# machine's local time.
set -eu
cd "$(dirname "$0")"
[ -d node_modules ] || { echo 'run ./shilling test once: it installs the SDKs' >&2; exit 1; }
TZ=Asia/Shanghai exec node --test . ../../emulators/paygate
