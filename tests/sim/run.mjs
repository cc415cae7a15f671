// SPDX-License-Identifier: Apache-2.0

// The simulated world, stage "sim" of tests/run.mjs: the same seed gives the same history with
// every compiler; every seed that ever failed is lived again; as many new histories as fit into
// the time; a power cut at the steps of small histories; planted bugs.
//
// usage: node tests/sim/run.mjs [--all] [--first SEED] [--seconds S]

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

const all = process.argv.includes('--all');
const option = (name, fallback) => {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : fallback;
};
const first = option('--first', '1');
const seconds = option('--seconds', '30');
const jobs = all ? String(cpus().length) : '1';
const BINARIES = ['build/release/bin/shilling-sim', 'build/asan/bin/shilling-sim']
  .filter((path) => existsSync(path));
const sim = BINARIES[0];
const total = { passed: 0, failed: 0 };

function count(name, passed, text) {
  total[passed ? 'passed' : 'failed'] += 1;
  console.log(`${passed ? 'ok' : 'not ok'} ${name}`);
  if (!passed) {
    console.log(text.trimEnd().split('\n').slice(-230).map((line) => `# ${line}`).join('\n'));
  }
}

function run(binary, args) {
  // What dies in a history abandons its memory, so leaks are no findings.
  const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };
  const child = spawnSync(binary, args, { env, encoding: 'utf8', maxBuffer: 1 << 26 });
  return { ok: child.status === 0, text: child.stdout + child.stderr };
}

/** One seed in all builds, and twice in the first: one hash. */
function sameEverywhere(seed) {
  const hashes = [sim, ...BINARIES].map((binary) => {
    const { text } = run(binary, ['--seed', seed, '--topups', '40']);
    return /hash ([0-9a-f]{16})/.exec(text)?.[1] ?? `none: ${text.slice(-300)}`;
  });
  count(`seed ${seed} gives one history in ${BINARIES.length} builds`,
    hashes.every((hash) => hash === hashes[0] && /^[0-9a-f]{16}$/.test(hash)), hashes.join('\n'));
}

/** Print what the tool says, and take its verdict. */
function part(name, args) {
  const { ok, text } = run(sim, args);
  console.log(text.trimEnd());
  count(`${name}: shilling-sim ${args.join(' ')}`, ok, ok ? '' : text);
}

for (const seed of ['1', '2', '3']) {
  sameEverywhere(seed);
}
for (const line of readFileSync('tests/sim/seeds.txt', 'utf8').split('\n')) {
  if (line !== '' && !line.startsWith('#')) {
    const { ok, text } = run(sim, line.split('#')[0].trim().split(/\s+/));
    count(`once failed: ${line}`, ok, text);
  }
}
part('histories', all ? ['--seeds', '10000', '--first', first, '--jobs', jobs]
  : ['--seconds', seconds, '--first', first, '--jobs', jobs]);
for (const seed of ['1', '2', '3']) {
  part('sweep', ['--sweep', '--first', seed, '--stride', all ? '1' : '41', '--jobs', jobs]);
}
for (const seed of ['1', '3', '4']) {
  part('sweep in a storm', ['--sweep', '--stormy', '--first', seed, '--topups', '4',
    '--stride', all ? '3' : '97', '--jobs', jobs]);
}
part('planted bugs', ['--canaries', '--jobs', jobs]);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
