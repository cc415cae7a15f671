// SPDX-License-Identifier: Apache-2.0

// Compare what gcovr counted with the floors: every line of core/ and protocol/ that no exception
// names, 95 % of the branches of each. Prints lines and branches folder by folder.
//
// An exception is a line `FILES | PATTERN | REASON` of exceptions.txt. FILES is a path or begins
// with one; PATTERN is a regular expression for the uncovered line, with the line before it and
// " / " in front. One that names no uncovered line any more fails as well.
//
// usage: node check.mjs COVERAGE.json TESTS.log EXCEPTIONS.txt

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

const BRANCH_FLOOR = 95;

const [coverageFile, testsLog, exceptionsFile] = process.argv.slice(2);

function readExceptions(text) {
  return text.split('\n').map((line, at) => ({ line, number: at + 1 }))
    .filter(({ line }) => line.trim() !== '' && !line.startsWith('#'))
    .map(({ line, number }) => {
      const [files, pattern, reason] = line.split(' | ');
      if (!reason) {
        throw new Error(`${exceptionsFile}:${number}: not FILES | PATTERN | REASON`);
      }
      return { files, pattern: new RegExp(pattern), number, used: 0 };
    });
}

/** The file's own path: headers are found through build/.../view/FLOOR/. */
function ownPath(path) {
  return path.replace(/^build\/coverage\/view\/\w+\//, '');
}

/** Lines and branches of one file; what several objects say of a header is taken together. */
function merge(files) {
  const merged = new Map();
  for (const file of files) {
    const path = ownPath(file.file);
    const lines = merged.get(path) ?? new Map();
    merged.set(path, lines);
    for (const line of file.lines.filter((one) => !one['gcovr/noncode'])) {
      const known = lines.get(line.line_number) ?? { count: 0, branches: [] };
      known.count += line.count;
      line.branches.forEach((branch, at) => {
        known.branches[at] = (known.branches[at] ?? 0) + branch.count;
      });
      lines.set(line.line_number, known);
    }
  }
  return merged;
}

const exceptions = readExceptions(readFileSync(exceptionsFile, 'utf8'));
const merged = merge(JSON.parse(readFileSync(coverageFile, 'utf8')).files);
const folders = new Map();
const failures = [];
let passed = 0;

function expect(ok, text) {
  if (ok) {
    passed += 1;
  } else {
    failures.push(text);
  }
}

function add(folder, counts) {
  const sum = folders.get(folder) ?? { lines: 0, run: 0, excepted: 0, branches: 0, taken: 0 };
  Object.keys(counts).forEach((key) => { sum[key] += counts[key]; });
  folders.set(folder, sum);
}

/** The exception that names this uncovered line, or nothing. */
function exceptionFor(path, source, number) {
  const text = `${(source[number - 2] ?? '').trim()} / ${source[number - 1].trim()}`;
  return exceptions.find((one) => path.startsWith(one.files) && one.pattern.test(text));
}

for (const [path, lines] of [...merged].sort()) {
  const source = readFileSync(path, 'utf8').split('\n');
  const counts = { lines: 0, run: 0, excepted: 0, branches: 0, taken: 0 };
  for (const [number, line] of lines) {
    counts.lines += 1;
    counts.run += line.count > 0 ? 1 : 0;
    counts.branches += line.branches.length;
    counts.taken += line.branches.filter((count) => count > 0).length;
    if (line.count === 0) {
      const exception = exceptionFor(path, source, number);
      expect(exception, `${path}:${number}: no test runs: ${source[number - 1].trim()}`);
      if (exception) {
        exception.used += 1;
        counts.excepted += 1;
        passed -= 1; // counted with its exception
      }
    }
  }
  add(dirname(path), counts);
  add(path.split('/')[0], counts);
}

const percent = (part, whole) => (whole === 0 ? 100 : (100 * part) / whole);
const name = (folder) => `${folder}/`.padEnd(22);
console.log(`${'folder'.padEnd(22)}  lines    run excepted  branches  taken`);
for (const [folder, sum] of [...folders].sort()) {
  console.log(`${name(folder)} ${String(sum.lines).padStart(6)} ${String(sum.run).padStart(6)}` +
    `${String(sum.excepted).padStart(9)} ${String(sum.branches).padStart(9)} ` +
    `${percent(sum.taken, sum.branches).toFixed(1).padStart(5)} %`);
  expect(sum.run + sum.excepted === sum.lines, `${folder}/: not every line is run`);
  if (!folder.includes('/')) {
    expect(percent(sum.taken, sum.branches) >= BRANCH_FLOOR,
      `${folder}/: less than ${BRANCH_FLOOR} % of the branches are taken`);
  }
}
expect(folders.has('core') && folders.has('protocol'), 'nothing was counted');
for (const one of exceptions) {
  expect(one.used > 0, `${exceptionsFile}:${one.number}: names no uncovered line any more`);
}
const tests = /(\d+) tests failed out of (\d+)/.exec(readFileSync(testsLog, 'utf8'));
passed += Number(tests[2]) - Number(tests[1]);
const failed = failures.length + Number(tests[1]);
failures.forEach((text) => console.log(`not ok: ${text}`));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
