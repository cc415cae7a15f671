// SPDX-License-Identifier: Apache-2.0

// A house for one test file: in a folder of its own that is kept when the test fails, with waits
// that are short enough for a test (the product's own are in cloud/orders and last up to a day).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { House } from '../../../tools/world/house.mjs';

export const ALL = process.env.SHILLING_ALL === '1';
export const SEED = Number(process.env.SHILLING_SEED ?? 1);

/** Waits of the money path for tests, in seconds. */
export const QUICK_TIMERS = {
  poll: 1, poll_later: 1, closing: [1, 1, 2, 2], closing_dead: 5, closed: [2, 5],
  read_back: [1, 1, 2, 2, 3], assign: [1, 1, 2], refund_query: [1, 1, 2], quiet: 2,
  quiet_esam: 3,
};

/** A small random stream, the same for the same seed. */
export function stream(seed) {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
}

/** `count` of a list, drawn by the seed and in its order; all of it with full counts. */
export function some(list, count = 1) {
  const draw = stream(SEED + list.length * 7919);
  const left = [...list];
  while (!ALL && left.length > count) {
    left.splice(draw(left.length), 1);
  }
  return left;
}

/**
 * Start a house before the tests of a file and end it after them; returns a box with `.house`.
 * `furnish(house)` brings in what is not in every house.
 */
export function withHouse(options = {}, furnish = async () => {}) {
  const box = { house: null, failed: false };
  before(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'shilling-e2e-'));
    box.house = new House(dir, { replyTimeoutMs: 300, walletTimeFactor: 120, baud: 115200,
      tdMs: 1, seed: SEED, timers: QUICK_TIMERS, ...options });
    try {
      await box.house.start();
      await box.house.wallet('latency 20');
      await furnish(box.house);
    } catch (error) {
      console.error(box.house.processes.tails(25));
      await box.house.stop();
      throw error;
    }
  }, { timeout: 120000 });
  after(async () => {
    if (box.failed) {
      console.error(box.house.processes.tails(40));
      console.error(`kept: ${box.house.dir}`);
    }
    await box.house.stop();
    if (!box.failed) {
      rmSync(box.house.dir, { recursive: true, force: true });
    }
  });
  return box;
}

/** Run a test body; when it fails, everybody's last words are shown at the end. */
export function keeping(box, body) {
  return async (t) => {
    try {
      await body(t, box.house);
    } catch (error) {
      box.failed = true;
      throw error;
    }
  };
}
