// SPDX-License-Identifier: Apache-2.0

// ./shilling bench: speed and memory as ratios, each measured in this one run on this machine, so
// that they hold on another one too. A missed target is marked MISSED; the run ends with 0 as long
// as everything could be measured, or with --must if every target was met.
//
// usage: node tests/bench/bench.mjs [--only PART[,PART...]] [--must] [--keep]
// parts: bus live orders audit face cards

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, setPriority, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { failed, results } from './lib/report.mjs';

const PARTS = ['bus', 'live', 'orders', 'audit', 'face', 'cards'];

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : undefined;
};
const only = option('--only')?.split(',') ?? PARTS;
const root = resolve(new URL('../..', import.meta.url).pathname);
const build = join(root, process.env.SHILLING_BUILD ?? 'build/release');
const dir = mkdtempSync(join(tmpdir(), 'shilling-bench-'));
const ends = []; /* what the parts have started, to be stopped when somebody interrupts */
let broken = 0;

function clear() {
  if (!process.argv.includes('--keep')) {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function interrupted() {
  for (const end of ends.reverse()) {
    await end().catch(() => {});
  }
  clear();
  process.exit(130);
}
process.once('SIGINT', interrupted);
process.once('SIGTERM', interrupted);

console.log(`${cpus().length} processors, ${cpus()[0].model.trim()}; ` +
  'leave the machine alone while this runs');
try {
  setPriority(-15); /* all that is started here inherits it: both sides of every ratio alike */
} catch {
  console.log('(not root: other load on this machine will show)');
}
const begun = Date.now();
for (const part of PARTS.filter((name) => only.includes(name))) {
  const module = await import(`./${part}.mjs`);
  const own = join(dir, part);
  mkdirSync(own, { recursive: true });
  try {
    await module.run({ dir: own, build, ends, bin: join(build, 'bin'),
      tools: join(build, 'tests', 'bench') });
  } catch (error) {
    const done = results.map((one) => one.name);
    failed(module.names.filter((name) => !done.includes(name)), error);
    console.error(error.stack);
    broken += 1;
  }
}
const missed = results.filter((one) => !one.met).map((one) => one.name);
console.log(`${results.length - missed.length} of ${results.length} targets met` +
  `${missed.length > 0 ? `; missed: ${missed.join(' ')}` : ''}; ` +
  `${Math.round((Date.now() - begun) / 1000)} s`);
clear();
const short = process.argv.includes('--must') && missed.length > 0;
process.exit(broken > 0 || short ? 1 : 0);
