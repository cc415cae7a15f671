// SPDX-License-Identifier: Apache-2.0

// What a program with all its children uses, from /proc: memory as its proportional share (PSS),
// processor time in nanoseconds as the scheduler has counted it for every thread.

import { readdirSync, readFileSync } from 'node:fs';
import { until, wait } from '../../../tools/world/processes.mjs';

function text(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; /* it has just ended */
  }
}

function tasks(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** The process and everything below it. */
export function tree(pid) {
  const all = [pid];
  for (let i = 0; i < all.length; i += 1) {
    for (const task of tasks(all[i])) {
      all.push(...text(`/proc/${all[i]}/task/${task}/children`).trim().split(' ')
        .filter((word) => word !== '').map(Number));
    }
  }
  return all;
}

/** {pssKib, processes} of the tree. */
export function memory(pid) {
  const all = tree(pid);
  const pss = all.map((one) => Number(/^Pss:\s+(\d+)/m.exec(text(`/proc/${one}/smaps_rollup`))?.[1]
    ?? 0));
  return { pssKib: pss.reduce((sum, one) => sum + one, 0), processes: all.length };
}

function usedNs(pid) {
  const times = tree(pid).flatMap((one) => tasks(one)
    .map((task) => Number(text(`/proc/${one}/task/${task}/schedstat`).split(' ')[0] || 0)));
  return times.reduce((sum, one) => sum + one, 0);
}

/** Share of one processor over `seconds`, as a fraction. */
export async function load(pid, seconds) {
  const before = usedNs(pid);
  const begun = process.hrtime.bigint();
  await wait(seconds * 1000);
  return (usedNs(pid) - before) / Number(process.hrtime.bigint() - begun);
}

const lives = (pid) => {
  const stat = text(`/proc/${pid}/stat`);
  return stat !== '' && !/\) Z /.test(stat);
};

/** Ask a program that leads its own session to end; after 5 s make it and its children end. */
export async function end(pid) {
  const all = tree(pid);
  process.kill(pid, 'SIGTERM');
  try {
    await until('the program to end', () => !all.some(lives), 5000);
  } catch {
    all.filter(lives).forEach((one) => process.kill(one, 'SIGKILL'));
    await until('the program to end', () => !all.some(lives), 5000);
  }
}
