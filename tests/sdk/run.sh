#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the payment simulator's own tests: its parts, and the whole against the official SDKs.
# Installs the pinned SDKs first when they are missing or not the pinned ones. Beijing time, because
# one of the SDKs stamps requests with the machine's local time.
set -eu
cd "$(dirname "$0")"
if ! cmp -s package-lock.json node_modules/.pinned; then
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.pinned
fi
TZ=Asia/Shanghai exec node --test . ../../emulators/paygate
