#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How much of core/ and protocol/ their own unit tests run: every line but the listed exceptions,
# and 95 of 100 branches. Builds the preset `coverage` (gcc, -O0, counters) in build/coverage.
#
# Only tests that are about these two floors count (and the vectors of payments and cards): a test
# of a program that happens to pass through a decoder says little about it.
#
# Left out everywhere: the branch that a MUST takes when the program is wrong (it ends the program,
# and a test of it would have to be a wrong program), and MUST_NOT_REACH() itself.
# usage: run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/coverage

tests=$(grep -ohP 'shilling_test\(\K\w+' tests/unit/core*/CMakeLists.txt \
    tests/unit/protocol*/CMakeLists.txt tests/unit/protocol/*/CMakeLists.txt)
tests="$tests printjob_test vector-cards vector-payments"
started=$SECONDS
cmake --preset coverage >/dev/null
# shellcheck disable=SC2086  # a list of names
cmake --build --preset coverage --target $tests >"$build/build.log" || {
    cat "$build/build.log"
    exit 1
}
built=$SECONDS
find "$build" -name '*.gcda' -delete
pattern=$(tr -s ' \n' '|' <<<"$tests" | sed 's/|$//')
(cd "$build" && ctest -j"$(nproc)" --output-on-failure -R "^($pattern)\$") >"$build/tests.log" ||
    cat "$build/tests.log"
gcovr --root . --object-directory "$build" "$build/core" "$build/protocol" "$build/tests" \
    --filter 'core/' --filter 'protocol/' --filter "$build/view/(core|protocol)/" \
    --exclude-throw-branches --exclude-unreachable-branches \
    --exclude-branches-by-pattern '.*\bMUST\(.*' \
    --exclude-lines-by-pattern '.*\bMUST_NOT_REACH\(\);.*' \
    -j"$(nproc)" --json "$build/coverage.json"
echo "built in $((built - started)) s, ran and counted in $((SECONDS - built)) s"
node tests/coverage/check.mjs "$build/coverage.json" "$build/tests.log" \
    tests/coverage/exceptions.txt
