// SPDX-License-Identifier: Apache-2.0

// The card is torn away, or the reader fails, at every exchange and at every write of a top-up,
// over the real driver. After each: at least one slot holds a true token, "done" and "not_done" are
// never said wrongly, and laying the card once more, here or at another terminal, finishes it.
//
// Every place takes a while, so an ordinary run draws from them by the seed for about a minute;
// SHILLING_ALL=1 visits all.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Rig, until, wait } from './lib/rig.mjs';
import { credit, hex, image, numberOf, slotsOf, writeRequest } from './lib/shlc1.mjs';

const ALL = Boolean(process.env.SHILLING_ALL);
const SAMPLE_MS = Number(process.env.SHILLING_TEAR_MS ?? 60000);
const OLD = credit(7);
const NEW = credit(8);
const WRITES = 6;

const rig = new Rig();
let client = null;
let drawn = Number(process.env.SHILLING_SEED ?? 1) >>> 0;

/** A draw below `below`, the same for the same seed. */
function draw(below) {
  drawn = (Math.imul(drawn ^ (drawn >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
  const mixed = Math.imul(drawn ^ (drawn >>> 13), 0x297a2d39) >>> 0;
  return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
}

const ready = () => until('the reader to be ready',
  async () => (await client.status()).state === 'ready', 15000, 50);

/** As at another terminal: nothing is remembered of this card. */
async function anotherTerminal() {
  client.close();
  await rig.processes.stop('cardd');
  client = await rig.startCardd();
  await ready();
}

/** Lay the card that is there as a new laying, without waiting for the old one to be missed. */
async function layAnew(name) {
  client.poll('off');
  await rig.ctl('take');
  await rig.ctl(`lay ${name}`);
  client.lines.length = 0;
  client.poll('active');
  return (await client.card('present', 12000)).card;
}

const write = async (card) => client.ask(writeRequest(rig.key, card, NEW));
const numbersOf = (card) => slotsOf(card).map((slot) => numberOf(slot));

function judge(what, answer, card) {
  const numbers = numbersOf(card);
  const told = `${what}: ${answer.outcome} ${answer.error} ${JSON.stringify(numbers)}`;
  assert.ok(numbers.includes(7) || numbers.includes(8), `no true token is left: ${told}`);
  if (answer.outcome === 'done') {
    assert.deepEqual(numbers, [8, 8], told);
  }
  if (answer.outcome === 'not_done') {
    assert.deepEqual(slotsOf(card).map(hex), [hex(OLD), hex(OLD)], told);
  }
}

async function mend() {
  await rig.ctl('fault clear');
  await rig.ctl('mute off');
  if (!JSON.parse(await rig.ctl('state')).plugged) {
    await rig.ctl('plug');
  }
  await ready();
}

/** One history: a top-up with a fault, and perhaps another one, then one that must succeed. */
async function live(place, index) {
  const name = `card${index % 4}`;
  rig.card(name, image({ slots: [OLD, OLD] }));
  let card = await layAnew(name);
  const said = [];
  for (const fault of place) {
    await rig.ctl(`fault ${fault}`);
    const answer = await write(card);
    said.push(answer.outcome);
    await rig.ctl('fault clear');
    judge(place.join(' + '), answer, await rig.dump(name));
    await mend();
    if (draw(4) === 0) {
      await anotherTerminal();
    }
    card = await layAnew(name);
  }
  const last = await write(card);
  assert.deepEqual([last.outcome, last.error], ['done', null], place.join(' + '));
  assert.deepEqual(numbersOf(await rig.dump(name)), [8, 8], place.join(' + '));
  return said;
}

/** All places, or as many as there is time for, in the order of the draw. */
async function visit(t, places, ms) {
  const order = [...places];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const other = draw(i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  const begun = Date.now();
  const said = { done: 0, not_done: 0, unknown: 0 };
  let visited = 0;
  while (visited < order.length && (ALL || Date.now() - begun < ms)) {
    (await live(order[visited], visited)).forEach((outcome) => { said[outcome] += 1; });
    visited += 1;
  }
  const took = Math.round((Date.now() - begun) / 1000);
  t.diagnostic(`${visited} of ${places.length} places in ${took} s, 0 violations: ` +
    JSON.stringify(said));
  assert.ok(visited > 0);
}

let exchanges = 0;
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

before(async () => {
  client = await rig.start();
  rig.card('card0', image({ slots: [OLD, OLD] }));
  const card = await layAnew('card0');
  await rig.ctl('counts reset');
  assert.equal((await write(card)).outcome, 'done');
  const counts = await rig.counts();
  assert.equal(counts.writes, WRITES);
  exchanges = counts.exchanges;
});
after(() => rig.finish());

const TEARS = ['before', 'after', 'zeros', 'ones', 'unstable',
  ...range(1, 15).map((k) => `front k=${k}`), ...range(1, 15).map((k) => `back k=${k}`),
  ...range(1, 8).map(() => 'random')];
const torn = () => range(1, WRITES).flatMap((n) =>
  TEARS.map((how) => `tear write=${n} how=${how}`));

test('every write, torn in every way', { timeout: 3600000 }, async (t) => {
  await visit(t, torn().map((fault) => [fault]), SAMPLE_MS / 3);
});

test('every exchange: the card goes, its answer is lost, the chip says something else',
  { timeout: 3600000 }, async (t) => {
    const faults = range(1, exchanges).flatMap((n) => [`remove exchange=${n}`,
      `lose exchange=${n}`,
      ...['01', '02', '05', '13', '14', '27'].map((s) => `status exchange=${n} value=${s}`)]);
    t.diagnostic(`${exchanges} exchanges`);
    await visit(t, faults.map((fault) => [fault]), SAMPLE_MS / 3);
  });

test('every exchange: the reader hangs, loses its power, is unplugged, its answer is cut',
  { timeout: 3600000 }, async (t) => {
    const faults = range(1, exchanges).flatMap((n) => [`mute exchange=${n} ms=1500`,
      `power-cut exchange=${n}`, `power-cut exchange=${n} done=1`, `unplug exchange=${n}`,
      `status exchange=${n} value=80`]);
    const cuts = range(1, WRITES).flatMap((n) => range(1, 15).map((k) =>
      `cut write=${n} byte=${k}`));
    await visit(t, [...faults, ...cuts].map((fault) => [fault]), SAMPLE_MS / 3);
  });

test('torn, and torn again when it is laid once more', { timeout: 3600000 }, async (t) => {
  const all = torn().filter((fault) => !fault.includes('unstable'));
  const pairs = range(1, ALL ? 200 : 40).map(() =>
    [all[draw(all.length)], all[draw(all.length)]]);
  await visit(t, pairs, SAMPLE_MS / 3);
  await wait(10);
});
