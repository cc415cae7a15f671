// SPDX-License-Identifier: Apache-2.0

// Kills a running program at a chosen system call: strace is attached and sends SIGKILL as a thread
// enters its Nth call of one number. (strace counts each number and each thread by itself, so a
// point is a number *and* an N.) The dead program is started again at once, as systemd would.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { until } from '../../../tools/world/processes.mjs';

/** Why this cannot run here, or false. */
export const NEEDS_STRACE = spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0
  ? false : 'strace is not installed or may not trace';

const LOOK_MS = 500;
const LOOKS_MAX = 6; /* at a program that is dead and that its tracer does not let go */

function isDead(pid) {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false; /* gone altogether: somebody has waited for it */
  }
}

/*
 * A thread that dies while strace attaches to it may never be waited for by strace, and as long as
 * it is not, nobody hears that the program has died. Without its tracer it is gone at once.
 */
function letGoOfTheDead(tracer, pid) {
  let looks = 0;
  const timer = setInterval(() => {
    looks = isDead(pid) ? looks + 1 : 0;
    if (looks >= LOOKS_MAX) {
      tracer.kill('SIGKILL');
    }
  }, LOOK_MS);
  tracer.on('close', () => clearInterval(timer));
}

/** strace on a running program; `.detach()` lets it go on alone. */
export async function attach(pid, args) {
  const child = spawn('strace', ['-f', ...args, '-p', String(pid)],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  let ended = false;
  child.stderr.on('data', (data) => { text = (text + data.toString()).slice(-8192); });
  letGoOfTheDead(child, pid);
  const gone = new Promise((resolve) => child.on('close', () => { ended = true; resolve(); }));
  await until(`strace to be attached: ${text}`, () => ended || /attached/.test(text), 10000, 10);
  return {
    async detach() {
      if (!ended) {
        child.kill('SIGINT');
      }
      await gone;
    },
  };
}

/* Calls that others can notice: what they leave behind differs before and after them. */
const EFFECTS = new Set(['fdatasync', 'fsync', 'ftruncate', 'openat', 'pwrite64', 'rename',
  'sendmsg', 'sendto', 'unlink', 'write', 'writev']);
/* But not what is drawn, what a test asked to be told, nor the word from one thread to another. */
const UNNOTICED = /\.X11-unix|screen\.json|<anon_inode:|<pipe:|O_RDONLY/;

/**
 * What the threads of a program call while `body` runs: `most` is a Map of call name to how often
 * one thread enters it, at most; `effects` are the points, as "name N", where somebody notices.
 */
export async function countCalls(house, name, body) {
  const file = house.path('logs', `calls-${name}`);
  const tracer = await attach(house.processes.find(name).child.pid, ['-yy', '-o', file]);
  await body();
  await tracer.detach();
  const counts = new Map();
  const most = new Map();
  const effects = new Set();
  for (const [, thread, call, rest] of readFileSync(file, 'utf8')
    .matchAll(/^(\d+) +(\w+)\((.*)$/gm)) {
    const key = `${thread} ${call}`;
    const n = (counts.get(key) ?? 0) + 1;
    counts.set(key, n);
    most.set(call, Math.max(most.get(call) ?? 0, n));
    if (EFFECTS.has(call) && !UNNOTICED.test(rest)) {
      effects.add(`${call} ${n}`);
    }
  }
  rmSync(file);
  return { most, effects };
}

/**
 * All points. Two kills with no effect between them leave the same world behind, so the effects
 * come first; then of every call one, of every call a second one and so on, each call's in an
 * order drawn from the seed: wherever time ends, all calls had their share.
 */
export function pointsOf({ most, effects }, draw) {
  const lists = [...most].map(([call, count]) => {
    const numbers = Array.from({ length: count }, (_, i) => i + 1);
    for (let i = numbers.length - 1; i > 0; i -= 1) {
      const j = draw(i + 1);
      [numbers[i], numbers[j]] = [numbers[j], numbers[i]];
    }
    return numbers.map((n, turn) => {
      const isEffect = effects.has(`${call} ${n}`);
      return { call, n, isEffect, turn: isEffect ? -1 : turn, lot: draw(1 << 20) };
    });
  });
  return lists.flat().sort((a, b) => a.turn - b.turn || a.lot - b.lot);
}

/** Run `body(victim)`, `name` to die at `point`; true if it got there. Afterwards it runs again. */
export async function killAt(house, name, point, body, restart) {
  const entry = house.processes.find(name);
  const tracer = await attach(entry.child.pid, ['-o', '/dev/null', '-e', `trace=${point.call}`,
    '-e', `inject=${point.call}:signal=KILL:when=${point.n}`]);
  let mine = true;
  const guard = entry.ended.then(() => (mine ? restart() : null));
  try {
    await body(entry); /* which may find the next one: the victim can be dead by now */
  } finally {
    await tracer.detach();
    mine = false;
    if (entry.exit) {
      await guard;
    }
  }
  return entry.exit !== null;
}

/** "fdatasync 3, pwrite64 2" of a list of points. */
export function byCall(points) {
  const counts = new Map();
  for (const { call } of points) {
    counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([call, n]) => `${call} ${n}`)
    .join(', ');
}
