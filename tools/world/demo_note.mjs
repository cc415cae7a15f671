// SPDX-License-Identifier: Apache-2.0

// One demo at a time in a folder: a note of the one that runs there, for whoever wants a picture of
// it, or another one.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from './endings.mjs';

const place = (dir) => join(dir, 'demo.json');

function isDemo(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('demo.mjs');
  } catch {
    return false;
  }
}

/** The demo that runs in this folder: {pid, display}, or null. A note of a dead one is none. */
export function demoIn(dir) {
  try {
    const note = JSON.parse(readFileSync(place(dir), 'utf8'));
    return isDemo(note.pid) ? note : null;
  } catch {
    return null;
  }
}

/** Note that this program is the demo there, until it ends. `display`: null if it is somebody's. */
export function noteDemo(dir, display) {
  mkdirSync(dir, { recursive: true });
  writeFileSync(place(dir), JSON.stringify({ pid: process.pid, display }));
  atEnd(() => rmSync(place(dir), { force: true }));
}
