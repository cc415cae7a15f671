// SPDX-License-Identifier: Apache-2.0

// A chip that says anything: bytes that are no frames, frames that lie about their length, good
// frames with a wrong content, in place of its answers or beside them, at any command of a write.
// Drawn by the seed; whatever comes, somebody answers within the time of the watchdog, nobody is
// hung up on, "done" and "not_done" are true, and the token is finished afterwards.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { drawing, SEED } from './lib/draw.mjs';
import { Counter, OLD } from './lib/faulty.mjs';
import { Pool } from './lib/pool.mjs';
import { hex, slotsOf } from './lib/shlc1.mjs';

const HISTORIES = process.env.SHILLING_ALL ? 1000 : 48;
const ANSWER_MS_MAX = 12000; // ten seconds of a worker that hangs, and what the machine adds
const FAULTS_MAX = 4;
const COMMANDS = 39; // of a write
const EXCHANGES = 24;
const BYTES_MAX = 64; // that the emulator takes for one fault

const draw = drawing();
const bytes = (count) => Array.from({ length: count }, () => draw(256));
const oneOf = (list) => list[draw(list.length)];

/** A frame of the chip; `lie` is added to the length that it names. */
function frame(content, lie = 0) {
  const length = (content.length + 1 + lie) & 0xff;
  const sum = content.reduce((total, byte) => total + byte, 0xd5);
  return [0, 0, 0xff, length, -length & 0xff, 0xd5, ...content, -sum & 0xff, 0];
}

const CODES = [0x41, 0x41, 0x41, 0x4b, 0x33, 0x07, 0x09, 0x43, 0x03, 0x01, 0x7f];
const MADE = [
  () => bytes(1 + draw(BYTES_MAX)),
  () => frame([oneOf(CODES), ...bytes(draw(40))]),
  () => frame([0x41, 0, ...bytes(16)]), // a block that nobody read
  () => frame([0x41, draw(256), ...bytes(draw(20))]),
  () => frame([0x4b, 1 + draw(3), 1, ...bytes(draw(30))]), // a card that is not there
  () => frame([oneOf(CODES), ...bytes(draw(30))], 1 + draw(255)),
  () => [0, 0, 0xff, 0xff, 0xff, ...bytes(3), 0xd5, 0x41, ...bytes(draw(40))], // a long one
  () => [0, 0, 0xff, 1, 0xff, 0x7f, 0x81, 0], // "I did not understand"
  () => [0, 0, 0xff, 0, 0xff, 0], // an acknowledgement too many
  () => [0, 0, 0xff, 0xff, 0, 0],
];

const STATUSES = [() => hex([draw(0x40)]), () => hex([draw(0x40)]), () => hex(bytes(1))];
const COUNTS = [1, 1, 2, 3, 8]; // so many answers in a row

/** One or two faults at one place. */
function fault() {
  const place = draw(3) === 0 ? `command=${1 + draw(COMMANDS)}` : `exchange=${1 + draw(EXCHANGES)}`;
  const where = `${place} count=${oneOf(COUNTS)}`;
  const said = hex(oneOf(MADE)().slice(0, BYTES_MAX));
  return oneOf([
    [`drop ${where}`, `stray ${where} hex=${said}`],
    [`drop ${where}`, `stray ${where} hex=${said}`],
    [`stray ${where} hex=${said}`],
    [`noise ${where} hex=${said}`],
    [`flip ${where} byte=${draw(26)} bit=${draw(8)}`, `cut ${where} byte=${draw(26)}`],
    [`status exchange=${1 + draw(EXCHANGES)} value=${oneOf(STATUSES)()} done=${draw(2)}`],
    [`status exchange=${1 + draw(EXCHANGES)} value=00`], // the card never heard of it
  ]);
}

const counters = new Pool(() => new Counter());
after(() => counters.finish());

async function live(rig, faults) {
  const { name, card } = await rig.laid();
  const what = faults.join(', ');
  for (const words of faults) {
    await rig.ctl(`fault ${words}`);
  }
  const begun = Date.now();
  const answer = await rig.write(card);
  const took = Date.now() - begun;
  const numbers = await rig.assertWhole(name);
  const told = `${what}: ${answer.outcome} ${answer.error} ${numbers}, ${took} ms`;
  assert.ok(took < ANSWER_MS_MAX, told);
  if (answer.outcome === 'done') {
    assert.deepEqual(numbers, [8, 8], told);
  } else if (answer.outcome === 'not_done') {
    assert.deepEqual(slotsOf(await rig.dump(name)), [OLD, OLD], told);
  }
  await rig.ctl('fault clear');
  await rig.ready();
  await rig.finishes(name);
  assert.equal(rig.client.closed, false, told);
  return { outcome: answer.outcome, took };
}

test('whatever the chip says', { timeout: 3600000 }, async (t) => {
  const histories = Array.from({ length: HISTORIES },
    () => Array.from({ length: 1 + draw(FAULTS_MAX) }, fault).flat());
  const said = { done: 0, not_done: 0, unknown: 0 };
  let longest = 0;
  await counters.each(histories, async (rig, faults) => {
    rig.client.lines.length = 0;
    const { outcome, took } = await live(rig, faults);
    said[outcome] += 1;
    longest = Math.max(longest, took);
  });
  t.diagnostic(`${HISTORIES} histories, 0 violations: ${JSON.stringify(said)}, ` +
    `the slowest answer after ${longest} ms (SHILLING_SEED=${SEED})`);
  assert.ok(said.done > 0 && said.done < HISTORIES, 'nothing was spoiled, or everything');
});
