// SPDX-License-Identifier: Apache-2.0

// The style is a test: runs every rule of rules.mjs over the files git knows (and the new ones it
// does not ignore), prints one line a complaint, and ends with `N passed, N failed` (files).
//
// usage: node tests/tidy/tidy.mjs [FILE...]

import { execFileSync } from 'node:child_process';
import { readFileSync, existsSync, statSync } from 'node:fs';
import { complaintsAbout, fileOf, lostPages, orphans } from './rules.mjs';

const BINARY_ALLOWED = /^(ui-assets|docs|tests\/(vectors|fuzz|e2e\/golden|unit\/kiosk))\//;
const DATA = /^tests\/(vectors\/.*\.json|fuzz\/corpus\/)|package-lock\.json$|^LICENSE$/;
const SIZE_MAX = 2 * 1024 * 1024;

function listed() {
  const out = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  return out.toString().split('\0').filter((path) => path !== '' && existsSync(path));
}

const tracked = listed();
const paths = process.argv.length > 2 ? process.argv.slice(2) : tracked;
let failed = 0;
const cmakeTexts = {};
for (const path of paths) {
  const bytes = readFileSync(path);
  const complaints = [];
  if (statSync(path).size > SIZE_MAX && !path.startsWith('ui-assets/')) {
    complaints.push(`${path}:1: size: larger than 2 MiB`);
  }
  if (bytes.includes(0)) {
    if (!BINARY_ALLOWED.test(path)) {
      complaints.push(`${path}:1: binary: binary files live in ui-assets/, docs/ and test data`);
    }
  } else if (!DATA.test(path)) {
    const file = fileOf(path, bytes.toString('utf8'));
    complaints.push(...complaintsAbout(file), ...lostPages(file, tracked));
  }
  if (/(CMakeLists\.txt|\.cmake)$/.test(path)) {
    cmakeTexts[path] = bytes.toString('utf8');
  }
  complaints.forEach((line) => console.log(line));
  failed += complaints.length > 0 ? 1 : 0;
}
if (process.argv.length === 2) {
  const lost = orphans(paths, cmakeTexts);
  lost.forEach((line) => console.log(line));
  failed += lost.length;
}
console.log(`${paths.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
