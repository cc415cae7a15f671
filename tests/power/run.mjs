// SPDX-License-Identifier: Apache-2.0

// Power cuts on a real ext4, stage "power" of tests/run.mjs. The journals of collector and kiosk
// and the server's database work with their product code, all three at once, and say of each record
// when it is durable; then the power of their disk goes, mostly by itself in the middle of some
// write or flush. What was said to be durable must be there afterwards, and nothing damaged.
//
// Two other runs prove that the test would notice: with the programs' syncs disabled, and on a
// disk that answers flushes without obeying, records must be lost.
//
// usage: node tests/power/run.mjs [--all] [--cuts N] [--first SEED] [--keep]

import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { hindrance, Rig } from './lib/rig.mjs';
import { stream } from '../e2e/lib/setup.mjs';
import { wait } from '../../tools/world/processes.mjs';

const option = (name, fallback) => {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : fallback;
};
const ALL = process.argv.includes('--all') || process.env.SHILLING_ALL === '1';
const CUTS = Number(option('--cuts', ALL ? '1000' : '60'));
const FIRST = Number(option('--first', process.env.SHILLING_SEED ?? '1'));
const BUILD = resolve(process.env.SHILLING_BUILD ?? 'build/release', 'tests/power');
const NAMES = ['collector', 'kiosk', 'cloud'];
const ROUNDS_A_FOLDER = 8; /* then the journals are made anew, also under cuts */
const REQUESTS_MAX = 250;

const total = { passed: 0, failed: 0 };
function count(name, passed, text = '') {
  total[passed ? 'passed' : 'failed'] += 1;
  console.log(`${passed ? 'ok' : 'not ok'} ${name}`);
  if (!passed && text !== '') {
    console.log(text.split('\n').map((line) => `# ${line}`).join('\n'));
  }
}

/** A writer at work; `.lines()` is what it has acknowledged so far. */
function startWriter(name, folder, { round, env, log }) {
  const child = spawn(join(BUILD, `power_${name}`), ['write', folder, String(round)],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', log] });
  const writer = { name, child, text: '', ended: false };
  child.stdout.on('data', (data) => { writer.text += data.toString(); });
  writer.done = new Promise((done) => child.on('close', () => { writer.ended = true; done(); }));
  writer.lines = () => writer.text.split('\n').slice(0, -1);
  return writer;
}

function checkWriter(name, folder, lines, log) {
  return new Promise((done) => {
    const child = spawn(join(BUILD, `power_${name}`), ['check', folder],
      { stdio: ['pipe', 'pipe', log] });
    let text = '';
    child.stdout.on('data', (data) => { text += data.toString(); });
    child.stdin.on('error', () => {});
    child.on('close', (code, signal) => {
      const lost = text.split('\n').filter((line) => line.startsWith('lost '));
      if (code !== 0 && lost.length === 0) {
        lost.push(`lost ${name}: the check ended with ${code ?? signal}`);
      }
      done(lost.map((line) => `${name}: ${line}`));
    });
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  });
}

/** Work until the power goes; the acknowledged lines of each writer. */
async function workUntilCut(rig, { round, draw, folders, env, byItself }) {
  const seed = draw(1000000007);
  if (byItself) {
    await rig.say(`arm ${1 + draw(REQUESTS_MAX)} ${seed}`);
  }
  const writers = NAMES.map((name) => startWriter(name, folders[name],
    { round, env, log: rig.log }));
  const end = Date.now() + (byItself ? 3000 : 150 + draw(250));
  while (Date.now() < end && !(byItself && writers.every((writer) => writer.ended))) {
    await wait(5);
  }
  /* A writer without syncs would go on after the cut: only what came before counts. */
  let lines = writers.map((writer) => writer.lines());
  await rig.say(`cut ${seed}`);
  for (const writer of writers) {
    writer.child.kill('SIGKILL');
    await writer.done;
  }
  if (byItself) {
    lines = writers.map((writer) => writer.lines());
  }
  return Object.fromEntries(NAMES.map((name, i) => [name, lines[i]]));
}

async function oneCut(rig, how) {
  const { round, known } = how;
  const base = String(Math.floor(round / ROUNDS_A_FOLDER));
  rig.mount();
  rig.remove(String(Math.floor(round / ROUNDS_A_FOLDER) - 1));
  const folders = Object.fromEntries(NAMES.map((name) => [name, rig.folder(base, name)]));
  const acknowledged = await workUntilCut(rig, { ...how, folders });
  rig.unmount();
  await rig.say('revive');
  const mounted = rig.mount();
  known.acknowledged += NAMES.reduce((sum, name) => sum + acknowledged[name].length, 0);
  if (!mounted) {
    return ['the file system'];
  }
  const lists = await Promise.all(NAMES.map((name) => checkWriter(name, folders[name],
    acknowledged[name], rig.log)));
  rig.unmount();
  return lists.flat();
}

async function cuts(rig, number, options = {}) {
  const known = { acknowledged: 0, lost: [], cuts: 0 };
  const draw = stream((FIRST % 100003) * 16 + (options.salt ?? 0));
  const format = async () => {
    await rig.say('lie 0');
    rig.format();
    await rig.say(`lie ${options.lies ? 1 : 0}`);
  };
  await format();
  for (let round = 0; round < number; round += 1) {
    const lost = await oneCut(rig, { byItself: true, ...options, round, draw, known });
    known.cuts += 1;
    known.lost.push(...lost.map((line) => `cut ${round}: ${line}`));
    if (lost.length > 0) {
      await format(); /* what was damaged once must not be counted again */
    }
  }
  return known;
}

async function main(rig) {
  const started = Date.now();
  await rig.start();
  const real = await cuts(rig, CUTS);
  const seconds = (Date.now() - started) / 1000;
  const { kept, dropped, torn } = await rig.state();
  const { repairs } = rig;
  const few = ALL ? 20 : 3;
  const nosync = await cuts(rig, few, { salt: 1, byItself: false,
    env: { LD_PRELOAD: join(BUILD, 'power_nosync.so') } });
  const lying = await cuts(rig, few, { salt: 2, byItself: false, lies: true });
  console.log(`power: ${real.cuts} cuts in ${seconds.toFixed(0)} s, ${real.acknowledged} records ` +
    `acknowledged, ${real.lost.length} lost; with syncs disabled ${nosync.lost.length} lost of ` +
    `${nosync.acknowledged}, on a disk that lies ${lying.lost.length} of ${lying.acknowledged}; ` +
    `sectors kept ${kept}, dropped ${dropped}, torn ${torn}; file systems that needed e2fsck ` +
    `${repairs}; seed ${FIRST}`);
  count(`${real.cuts} power cuts lose no acknowledged record`, real.lost.length === 0 &&
    real.cuts === CUTS && real.acknowledged > 10 * CUTS, real.lost.slice(0, 40).join('\n'));
  count('the cuts drop and tear sectors', dropped > CUTS && torn > 0);
  count('without syncs records are lost', nosync.lost.length > 0);
  count('on a disk that lies records are lost', lying.lost.length > 0);
}

const why = hindrance(join(BUILD, 'power_disk.so'));
if (why !== null) {
  console.log(`power: skipped: ${why}`);
  console.log('0 passed, 0 failed');
} else {
  const rig = new Rig(join(BUILD, 'power_disk.so'));
  try {
    await main(rig);
  } catch (error) {
    count(`the test itself: ${error.stack}`, false);
  } finally {
    await rig.stop(process.argv.includes('--keep'));
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}
