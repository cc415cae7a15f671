// SPDX-License-Identifier: Apache-2.0

// ./shilling test: every check of the repository, stage after stage, each with its own log in
// build/test-logs/. A stage's counts are read from its runner's closing line (CTest, node --test,
// or `N passed, N failed`); the sum is printed last, in that same form.
//
// usage: node tests/run.mjs [--all] [--only STAGE[,STAGE...]] [--seed N]

import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { tell } from '../tools/world/endings.mjs';

const all = process.argv.includes('--all');
const option = (name) => {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : undefined;
};
const only = option('--only')?.split(',');
const seed = option('--seed') ?? String(Math.floor(Date.now() / 1000) % 1000000007);
const jobs = 2 * cpus().length; /* of tests that wait more than they compute */
const logs = 'build/test-logs';
mkdirSync(logs, { recursive: true });

const env = { ...process.env, SHILLING_SEED: seed, SHILLING_ALL: all ? '1' : '',
  ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0', UBSAN_OPTIONS: 'print_stacktrace=1' };

function preset(name, ...targets) {
  const build = `cmake --build --preset ${name}` +
    (targets.length > 0 ? ` --target ${targets.join(' ')}` : '');
  return `cmake --preset ${name} && ${build}`;
}

/** All test files of folders, or nothing: node --test on an empty list would search the tree. */
function nodeTests(folders, extraEnv = '', more = '') {
  const files = folders.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder).filter((name) => name.endsWith('.test.mjs')).sort()
      .map((name) => join(folder, name)));
  return files.length > 0 ? `${extraEnv} node --test ${more} ${files.join(' ')}` : null;
}

const FUZZ_SECONDS = all ? 60 : 2;
/* No stage takes half of this; one that takes it all hangs, and would take the others with it. */
const STAGE_MINUTES_MAX = all ? 240 : 40;

/*
 * Stages marked `beside` only compute, so they run at idle priority beside those that mostly wait
 * for wires, wallets and each other, from the moment the builds are done. One that is `alone`
 * measures, and runs when all others are over.
 */
const STAGES = [
  { name: 'tidy-rules', run: nodeTests(['tests/tidy']) },
  { name: 'tidy', run: 'node tests/tidy/tidy.mjs' },
  { name: 'build-gcc', run: `${preset('release')} && ${preset('release', 'all_headers')}` },
  { name: 'build-clang', run: preset('asan') },
  { name: 'unit-gcc', run: `ctest --preset release -j${jobs}` },
  { name: 'unit-asan', run: `ctest --preset asan -j${jobs}` },
  { name: 'sdk', run: 'sh tests/sdk/run.sh' },
  /* They wait for wires and wallets more than they compute: several houses at a time. */
  { name: 'e2e', run: nodeTests(['tests/e2e', 'tests/cards', 'tests/cardreader',
    'tests/faults', 'tests/history', 'tests/syscalls'],
    'SHILLING_BUILD=build/release', `--test-concurrency=${jobs + 1}`) },
  { name: 'power', run: 'node tests/power/run.mjs' },
  { name: 'torture', run: 'bash tests/torture/run.sh' },
  ...(all ? [{ name: 'torture-asan', run: 'SHILLING_ALL= bash tests/torture/run.sh build/asan' }]
    : []),
  { name: 'e2e-asan', run: nodeTests(['tests/e2e/sanitized'], 'SHILLING_BUILD=build/asan') },
  ...(all ? [{ name: 'audit-million', alone: true,
    run: 'node tests/bench/bench.mjs --only audit --must' }] : []),
  { name: 'format', beside: true, run: 'bash tests/tidy/format.sh' },
  { name: 'fuzz', beside: true, run: `bash tests/fuzz/run.sh ${FUZZ_SECONDS}` },
  { name: 'coverage', beside: true, run: 'bash tests/coverage/run.sh' },
  { name: 'sim', beside: true,
    run: `node tests/sim/run.mjs --first ${Number(seed) * 1000}${all ? ' --all' : ''}` },
  { name: 'clang-tidy', beside: true, run: 'bash tests/tidy/clang_tidy.sh build/asan' },
].filter((stage) => stage.run !== null && (only === undefined || only.includes(stage.name)));

/** {passed, failed} from a runner's last words; null if it said nothing that we know. */
export function countsIn(text) {
  const ctest = [...text.matchAll(/(\d+) tests failed out of (\d+)/g)].pop();
  if (ctest) {
    return { passed: Number(ctest[2]) - Number(ctest[1]), failed: Number(ctest[1]) };
  }
  const pass = [...text.matchAll(/^(?:# |\u2139 )pass (\d+)$/gm)].pop();
  const fail = [...text.matchAll(/^(?:# |\u2139 )fail (\d+)$/gm)].pop();
  if (pass && fail) {
    return { passed: Number(pass[1]), failed: Number(fail[1]) };
  }
  const plain = [...text.matchAll(/^(\d+) passed, (\d+) failed$/gm)].pop();
  return plain ? { passed: Number(plain[1]), failed: Number(plain[2]) } : null;
}

/* Lines of a long log that say what went wrong, and how many of them are shown. */
const TELLING = /error:|FAILED|\bwarning:|undefined reference|cannot find/;
const TELLING_MAX = 60;
const NOT_OK_LINES = 24;

/** What a log says of its failures: each `not ok` with the block behind it, then other lines. */
function tellingLines(lines) {
  const telling = [];
  lines.forEach((line, at) => {
    if (/^\s*not ok/.test(line)) {
      const block = lines.slice(at, at + NOT_OK_LINES);
      const end = block.findIndex((one) => one.trim() === '...');
      telling.push(...(end < 0 ? block : block.slice(0, end)));
    }
  });
  return [...telling, ...lines.filter((line) => TELLING.test(line))].slice(0, TELLING_MAX);
}

/* Stages that are running, each the leader of its process group. */
const running = new Set();

/* They have time to clear up: a house stops its programs, which are in groups of their own. */
const CLEARING_MS_MAX = 30000;
let interrupted = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    running.forEach((child) => tell(child, signal));
    setTimeout(() => {
      running.forEach((child) => tell(child, 'SIGKILL'));
      process.exit(130);
    }, CLEARING_MS_MAX).unref();
  });
}

/* Idle priority counts within a session only where the kernel groups tasks by session. */
const BEHIND_OTHERS = 'chrt --idle --pid 0 $$; ' +
  '[ ! -w /proc/$$/autogroup ] || echo 19 > /proc/$$/autogroup';

function runStage(stage) {
  const log = join(logs, `${stage.name}.log`);
  const started = Date.now();
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', stage.beside ? `${BEHIND_OTHERS}\n${stage.run}` : stage.run],
      { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const file = createWriteStream(log);
    running.add(child);
    const alarm = setTimeout(() => {
      file.write(`\nnot ok: ended after ${STAGE_MINUTES_MAX} minutes; it hangs\n`);
      tell(child, 'SIGKILL');
    }, STAGE_MINUTES_MAX * 60000);
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });
    child.on('close', (code) => file.end(() => {
      clearTimeout(alarm);
      running.delete(child);
      const text = readFileSync(log, 'utf8');
      const counts = countsIn(text) ?? { passed: code === 0 ? 1 : 0, failed: 0 };
      if (code !== 0 && counts.failed === 0) {
        counts.failed = 1;
      }
      const seconds = ((Date.now() - started) / 1000).toFixed(0);
      console.log(`${counts.failed === 0 ? 'ok  ' : 'FAIL'} ${stage.name.padEnd(12)} ` +
        `${String(counts.passed).padStart(5)} passed ${String(counts.failed).padStart(3)} failed ` +
        `${seconds.padStart(5)} s   ${log}`);
      if (counts.failed > 0) {
        const lines = text.trimEnd().split('\n');
        console.log([...tellingLines(lines), '...', ...lines.slice(-25)]
          .map((line) => `     | ${line.slice(0, 240)}`).join('\n'));
      }
      resolve(counts);
    }));
  });
}

console.log(`seed ${seed} (repeat with --seed ${seed})${all ? ', full counts' : ''}`);
const total = { passed: 0, failed: 0 };

/** Run stages one after the other; false if nothing can go on: a build failed, or an interrupt. */
async function runAll(stages) {
  for (const stage of stages) {
    if (interrupted) {
      return false;
    }
    const counts = await runStage(stage);
    total.passed += counts.passed;
    total.failed += counts.failed;
    if (counts.failed > 0 && stage.name.startsWith('build')) {
      return false;
    }
  }
  return true;
}

const built = STAGES.findLastIndex((stage) => stage.name.startsWith('build')) + 1;
const rest = STAGES.slice(built);
if (await runAll(STAGES.slice(0, built))) {
  await Promise.all([runAll(rest.filter((stage) => !stage.beside && !stage.alone)),
    runAll(rest.filter((stage) => stage.beside))]);
  await runAll(rest.filter((stage) => stage.alone));
}
console.log(`${total.passed} passed, ${total.failed} failed${interrupted ? ', interrupted' : ''}`);
if (interrupted) {
  process.exit(130);
}
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
