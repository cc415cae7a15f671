// SPDX-License-Identifier: Apache-2.0

// A reader that is put under faults, its driver, and a client: what a test of them needs.

import assert from 'node:assert/strict';
import { Rig, until } from './rig.mjs';
import { credit, image, numberOf, slotsOf, writeRequest } from './shlc1.mjs';

export const OLD = credit(7);
export const NEW = credit(8);
const HANG_MS_MAX = 10000;

/** What `what` gives, and how long it took: nothing may hang. */
export async function timed(what) {
  const begun = Date.now();
  const result = await what;
  const took = Date.now() - begun;
  assert.ok(took <= HANG_MS_MAX, `${took} ms`);
  return { result, took };
}

/** A reader, its driver, and a client that wants to know of cards at once. */
export class Counter extends Rig {
  cards = 0;

  async start(options) {
    await super.start(options);
    this.client.poll('active');
  }

  async laid() {
    const name = `card${(this.cards += 1) % 8}`;
    this.card(name, image({ slots: [OLD, OLD] }));
    return { name, ...await this.lay(name) };
  }

  write(card) {
    return this.client.ask(writeRequest(this.key, card, NEW));
  }

  /** At least one slot holds a true token, the old or the new one. */
  async assertWhole(name) {
    const numbers = slotsOf(await this.dump(name)).map((slot) => numberOf(slot));
    assert.ok(numbers.includes(7) || numbers.includes(8), JSON.stringify(numbers));
    return numbers;
  }

  ready() {
    return until('the reader to be ready again',
      async () => (await this.client.status()).state === 'ready', 15000, 100);
  }

  /** The card is laid once more, and the same token finished. */
  async finishes(name) {
    await this.ctl('fault clear');
    await this.ctl('take');
    await until('the card to be missed', () => this.client.cards === 0);
    this.client.lines.length = 0;
    const { card } = await this.lay(name);
    const answer = await this.write(card);
    assert.deepEqual([answer.outcome, answer.error], ['done', null]);
    await this.take();
    assert.deepEqual(slotsOf(await this.dump(name)).map((slot) => numberOf(slot)), [8, 8]);
  }
}
