// SPDX-License-Identifier: Apache-2.0

// The simulated world, stage "sim" of tests/run.mjs: the same seed gives the same history with
// every compiler; every seed that ever failed is lived again; many new histories in a storm and
// some in calm; a power cut at the steps of small histories, and two; all orders in which the
// messages of one order can come; small histories with cards; planted bugs, and the smallest
// history that shows one.
//
// usage: node tests/sim/run.mjs [--all] [--first SEED] [--histories N]

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

const all = process.argv.includes('--all');
const option = (name, fallback) => {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : fallback;
};
const first = option('--first', '1');
const processors = Math.min(cpus().length, 16);
const jobs = String(processors);
// 250 top-ups each, as in calm; 6 with cards. In all 100,000; with --all a million in storms alone.
const promised = all ? 1000000 : 100000;
const FAULTS_EACH = 30;
const asked = option('--histories', ''); // then nothing is promised
const histories = asked || (all ? '4000' : '370');
const calm = all ? '100' : '24';
const carded = all ? '20000' : '300';
const RELEASE = 'build/release/bin/shilling-sim';
const ASAN = 'build/asan/bin/shilling-sim';
// Only the simulated world, with what the other two do not have; with --all.
const EXTRA = [
  { folder: 'build/sim-gcc-O0', compiler: 'gcc', flags: '-O0' },
  { folder: 'build/sim-clang-O0', compiler: 'clang', flags: '-O0' },
  { folder: 'build/sim-clang-O2', compiler: 'clang', flags: '-O2' },
];
const total = { passed: 0, failed: 0 };

function count(name, passed, text) {
  total[passed ? 'passed' : 'failed'] += 1;
  console.log(`${passed ? 'ok' : 'not ok'} ${name}`);
  if (!passed) {
    console.log(text.trimEnd().split('\n').slice(-230).map((line) => `# ${line}`).join('\n'));
  }
}

function run(program, args) {
  // What dies in a history abandons its memory, so leaks are no findings.
  const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };
  return new Promise((resolve) => {
    execFile(program, args, { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, text: `${stdout}${stderr}` });
    });
  });
}

/** The results of runs that use one processor each, as many at a time as there are. */
async function sideBySide(commands) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < commands.length) {
      const at = next++;
      results[at] = await run(commands[at].program, commands[at].args);
    }
  };
  await Promise.all(Array.from({ length: processors }, worker));
  return results;
}

/** Build it once more, without the warnings, which the other builds turn into errors. */
async function build({ folder, compiler, flags }) {
  const configure = ['-S', '.', '-B', folder, '-G', 'Ninja', `-DCMAKE_C_COMPILER=${compiler}`,
    '-DCMAKE_BUILD_TYPE=Debug', `-DCMAKE_C_FLAGS_DEBUG=${flags}`, '-DSHILLING_WERROR=OFF'];
  const configured = await run('cmake', configure);
  const built = configured.ok ? await run('ninja', ['-C', folder, '-j', jobs, 'shilling-sim'])
    : configured;
  count(`${compiler} ${flags} builds the simulated world`, built.ok, built.text);
  return `${folder}/bin/shilling-sim`;
}

/** Each seed in all builds, and twice in the first: one hash. */
async function sameEverywhere(programs, seeds) {
  const runs = seeds.flatMap((seed) => [programs[0], ...programs].map((program) =>
    ({ program, seed, args: ['--seed', seed, '--topups', '40'] })));
  const results = await sideBySide(runs);
  const hashes = results.map(({ text }) =>
    /hash ([0-9a-f]{16})/.exec(text)?.[1] ?? `none: ${text.slice(-300)}`);
  for (const seed of seeds) {
    const mine = runs.flatMap((one, at) => one.seed === seed ? [hashes[at]] : []);
    count(`seed ${seed} gives one history in ${programs.length} builds: ${mine[0]}`,
      mine.every((hash) => hash === mine[0] && /^[0-9a-f]{16}$/.test(hash)),
      [programs[0], ...programs].map((program, at) => `${program} ${mine[at]}`).join('\n'));
  }
}

/** Every history that once failed, lived again. */
async function onceFailed() {
  const lines = readFileSync('tests/sim/seeds.txt', 'utf8').split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const results = await sideBySide(lines.map((line) =>
    ({ program: RELEASE, args: line.split('#')[0].trim().split(/\s+/) })));
  lines.forEach((line, at) => count(`once failed: ${line}`, results[at].ok, results[at].text));
}

/** Print what the tool says, and take its verdict. */
async function part(name, args) {
  const { ok, text } = await run(RELEASE, args);
  console.log(text.trimEnd());
  count(`${name}: shilling-sim ${args.join(' ')}`, ok, ok ? '' : text);
  return text;
}

/** Top-ups that a run of many histories says it lived; 0 if it says nothing. */
function topups(text) {
  return Number(/^seeds \d+\.\.\d+: (\d+) top-ups,/m.exec(text)?.[1] ?? 0);
}

/** As many top-ups as were promised, in storms as rough as was promised. */
function promises(stormy, calmly, withCards) {
  const faults = Number(/^faults: \d+, (\d+\.\d+) a top-up$/m.exec(stormy)?.[1] ?? 0);
  const lived = topups(stormy) + (all ? 0 : topups(calmly) + topups(withCards));
  count(`${faults} faults a top-up, at least ${FAULTS_EACH}`, faults >= FAULTS_EACH, stormy);
  count(`${lived} top-ups, at least ${promised}`, lived >= promised, stormy);
}

/** The page about planted bugs has one row for each, and no other. */
function tableOf(...texts) {
  const names = new Set(texts.flatMap((text) =>
    [...text.matchAll(/^(?:caught|MISSED) +(\S+)/gm)].map((found) => found[1])));
  const row = /^\|.*\| ([a-z-]+)(?: \(.*\))? \| (?:network|cards|both) \|/gm;
  const rows = [...readFileSync('sim/README.md', 'utf8').matchAll(row)].map((found) => found[1]);
  const wrong = [...names].filter((name) => rows.filter((one) => one === name).length !== 1)
    .concat(rows.filter((one) => !names.has(one)));
  count(`sim/README.md has ${rows.length} rows for ${names.size} planted bugs`,
    names.size > 0 && wrong.length === 0, `not one row, or no such bug: ${wrong.join(' ')}`);
}

/** A planted bug fails, becomes smaller, and the line that was printed fails again. */
async function shrinks() {
  const { ok, text } = await run(RELEASE, ['--canary', 'close-on-timeout', '--seeds', '40',
    '--first', '1', '--topups', '100', '--rooms', '6', '--kiosks', '6', '--jobs', jobs]);
  const lines = [...text.matchAll(/^replay: shilling-sim (.*)$/gm)].map((found) => found[1]);
  const topups = lines.map((line) => Number(/--topups (\d+)/.exec(line)[1]));
  const again = lines.length === 2 ? await run(RELEASE, lines[1].split(' ')) : { ok: true, text };
  const same = !again.ok && /^seed \d+: I\d+: /m.test(again.text);
  count(`a failure shrinks from ${topups[0]} top-ups to ${topups[1]} and fails again: ${lines[1]}`,
    !ok && topups[1] < topups[0] && / --mask \d+/.test(lines[1]) && same, `${text}\n${again.text}`);
}

/** The enumerator is no proof if it cannot fail. */
async function enumeratorSees() {
  const { ok, text } = await run(RELEASE, ['--enumerate', '--stride', '11', '--jobs', jobs,
    '--canary', 'notify-not-idempotent']);
  const line = /^replay: shilling-sim (.*)$/m.exec(text)?.[1] ?? '';
  const again = await run(RELEASE, line.split(' '));
  count(`the enumerator sees a planted bug, and its line sees it again: ${line}`,
    !ok && line !== '' && !again.ok && /^seed 1: I\d+/m.test(again.text), `${text}\n${again.text}`);
}

/** A sweep finds a planted bug; the lines that it prints break that rule again, by the bug only. */
async function sweepSees(canary, rule, args) {
  const { ok, text } = await run(RELEASE, ['--sweep', ...args, '--canary', canary,
    '--stride', '601', '--jobs', jobs]);
  const lines = [...text.matchAll(/^replay: shilling-sim (.*)$/gm)].map((found) => found[1]);
  const [before, after] = lines.map((line) => Number(/--topups (\d+)/.exec(line)[1]));
  const [step, victim] = /^step (\d+), (\S+): /m.exec(text)?.slice(1) ?? [];
  const said = `step ${step}, ${victim}: ${rule}: `;
  const live = (line) => ({ program: RELEASE, args: line.split(' ') });
  const again = await sideBySide(lines.map(live));
  const sound = await sideBySide(lines.map((line) => live(line.replace(/ --canary \S+/, ''))));
  const log = [text, ...[...again, ...sound].map((one) => one.text)].join('\n');
  count(`the sweep sees ${canary} in ${after} top-ups of ${before}, and again: ${lines[1]}`,
    !ok && lines.length === 2 && after < before && text.includes(`\n${said}`) &&
      again.every((one) => !one.ok && one.text.includes(`\n${said}`)) &&
      sound.every((one) => one.ok && /^1 passed, 0 failed$/m.test(one.text)), log);
}

/** With cards, too, one seed is one history. */
async function sameCards(programs, seeds) {
  const runs = seeds.flatMap((seed) => programs.map((program) =>
    ({ program, args: ['--cards', '--seed', seed] })));
  const results = await sideBySide(runs);
  const hashes = results.map(({ text }) =>
    /hash ([0-9a-f]{16})/.exec(text)?.[1] ?? text.slice(-300));
  seeds.forEach((seed, at) => {
    const mine = hashes.slice(at * programs.length, (at + 1) * programs.length);
    count(`seed ${seed} with cards gives one history in ${programs.length} builds: ${mine[0]}`,
      mine.every((hash) => hash === mine[0] && /^[0-9a-f]{16}$/.test(hash)), mine.join('\n'));
  });
}

const programs = [RELEASE, ASAN];
for (const one of all ? EXTRA : []) {
  programs.push(await build(one));
}
// One build compared with itself would be no comparison.
const missing = programs.filter((path) => !existsSync(path));
count(`all ${programs.length} builds are there`, missing.length === 0,
  `missing: ${missing.join(' ')}; cmake --build --preset release, and asan, make the first two`);
await Promise.all([sameEverywhere(programs, ['1', '2', '3']), sameCards(programs, ['1', '2', '3']),
  onceFailed()]);
const stormy = await part('histories', ['--seeds', histories, '--first', first, '--jobs', jobs]);
const calmly = await part('calm histories', ['--calm', '--seeds', calm, '--first', first, '--jobs',
  jobs]);
const withCards = await part('cards', ['--cards', '--seeds', carded, '--first', first, '--jobs',
  jobs]);
if (asked === '') {
  promises(stormy, calmly, withCards);
}
// With --all every machine at every step of one history, and a share of others; else a share that
// is drawn: all of them would take hours.
const drawn = (stride) => ['--stride', stride, '--draw', first, '--jobs', jobs];
for (const seed of ['1', '2', '3']) {
  const stride = all ? { 1: '1' }[seed] ?? '11' : '131';
  await part('sweep', ['--sweep', '--first', seed, ...drawn(stride)]);
}
await part('sweep of pairs', ['--sweep', '--pairs', '--first', '4', ...drawn(all ? '11' : '131')]);
for (const seed of ['1', '3', '4']) {
  await part('sweep in a storm', ['--sweep', '--stormy', '--first', seed, '--topups', '4',
    ...drawn(all ? '149' : '1999')]);
}
await sweepSees('request-not-synced', 'I8', []);
await sweepSees('folder-not-synced', 'I8', []);
await sweepSees('card-single-slot', 'I7', ['--cards']);
await part('orders of messages', ['--enumerate', '--stride', all ? '1' : '11', '--jobs', jobs]);
await part('sweep with cards', ['--sweep', '--cards', '--first', '1',
  ...drawn(all ? '1' : '211')]);
// Shrinking and the single bugs use one processor for much of their time.
const [planted, plantedInCards] = await Promise.all([
  part('planted bugs', ['--canaries', '--jobs', jobs]),
  part('planted bugs of cards', ['--canaries', '--cards', '--jobs', jobs]),
  shrinks(), enumeratorSees()]);
tableOf(planted, plantedInCards);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
