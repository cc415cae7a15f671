// SPDX-License-Identifier: Apache-2.0

// What libnfc does under faults (hangs for a while, returns nonsense, ends the whole process) must
// reach the kiosk as nothing but "the reader is being repaired", within ten seconds; and whatever
// was cut short is finished by the same token afterwards.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, Rig, until, wait } from './lib/rig.mjs';
import { credit, image, numberOf, readRequest, slotsOf, writeRequest } from './lib/shlc1.mjs';

const rig = new Rig();
const OLD = credit(7);
const NEW = credit(8);
const HANG_MS_MAX = 10000;

let client = null;
let cards = 0;

async function laid() {
  const name = `card${(cards += 1) % 8}`;
  rig.card(name, image({ slots: [OLD, OLD] }));
  return { name, ...await rig.lay(name) };
}

async function timed(what) {
  const begun = Date.now();
  const result = await what;
  const took = Date.now() - begun;
  assert.ok(took <= HANG_MS_MAX, `${took} ms`);
  return { result, took };
}

/** At least one slot holds a true token, the old or the new one. */
async function assertWhole(name) {
  const numbers = slotsOf(await rig.dump(name)).map((slot) => numberOf(slot));
  assert.ok(numbers.includes(7) || numbers.includes(8), JSON.stringify(numbers));
  return numbers;
}

/** The card is laid once more, and the same token finished. */
async function finishes(name) {
  await rig.ctl('fault clear');
  await rig.ctl('take');
  await wait(1200);
  client.lines.length = 0;
  const { card } = await rig.lay(name);
  const answer = await client.ask(writeRequest(rig.key, card, NEW));
  assert.deepEqual([answer.outcome, answer.error], ['done', null]);
  await rig.take();
  assert.deepEqual(slotsOf(await rig.dump(name)).map((slot) => numberOf(slot)), [8, 8]);
}

const ready = () => until('the reader to be ready again',
  async () => (await client.status()).state === 'ready', 15000, 100);

before(async () => {
  client = await rig.start();
  client.poll('active');
});
after(() => rig.finish());

test('every fault of the serial line, between looks: the next look works', async (t) => {
  for (const fault of ['cut command=1 byte=3', 'cut command=1 byte=9', 'drop command=1',
    'flip command=1 byte=7 bit=2', 'noise command=1 hex=00FF55AA', 'nack command=1',
    'no-ack command=1', 'stray command=1 hex=D503', 'delay command=1 ms=300']) {
    const { name } = await laid();
    await rig.ctl(`fault ${fault}`);
    await wait(1500);
    await rig.ctl('fault clear');
    const { took } = await timed(finishes(name));
    t.diagnostic(`${fault}: ${took} ms to the end`);
  }
  assert.equal((await client.status()).state, 'ready');
});

test('every fault of the serial line, in the middle of a write', { timeout: 240000 }, async (t) => {
  for (const fault of ['cut byte=3', 'cut byte=9', 'drop', 'flip byte=7 bit=2', 'nack', 'no-ack',
    'noise hex=00FF55AA', 'stray hex=D541']) {
    const place = fault === 'nack' || fault === 'no-ack' ? 'command=20' : 'exchange=10';
    const { name, card } = await laid();
    await rig.ctl(`fault ${fault.split(' ')[0]} ${place} ${fault.split(' ').slice(1).join(' ')}`);
    const { result, took } = await timed(client.ask(writeRequest(rig.key, card, NEW)));
    t.diagnostic(`${fault}: ${result.outcome} ${result.error} after ${took} ms`);
    if (result.outcome === 'done') {
      assert.deepEqual(await assertWhole(name), [8, 8]);
    }
    await assertWhole(name);
    await ready();
    await finishes(name);
  }
});

test('one byte at a time: slow, but no longer than ten seconds', { timeout: 60000 }, async (t) => {
  const { name, card } = await laid();
  await rig.ctl('fault stutter exchange=1 count=0 ms=100');
  const { result, took } = await timed(client.ask(writeRequest(rig.key, card, NEW)));
  t.diagnostic(`${result.outcome} ${result.error} after ${took} ms`);
  assert.notEqual(result.outcome, 'done');
  await assertWhole(name);
  await rig.ctl('fault clear');
  await ready();
  await finishes(name);
});

test('a reader that falls silent is repaired', { timeout: 60000 }, async () => {
  const { name } = await laid();
  await rig.ctl('mute on');
  await client.reader('repair');
  await client.reader('offline', 12000);
  await rig.ctl('mute off');
  await client.reader('ready', 15000);
  await finishes(name);
});

test('a reader that falls silent in a write: unknown, and the token is finished', async () => {
  const { name, card } = await laid();
  await rig.ctl('fault mute exchange=10 ms=3000');
  const { result } = await timed(client.ask(writeRequest(rig.key, card, NEW)));
  assert.deepEqual([result.outcome, result.error], ['unknown', 'reader']);
  await assertWhole(name);
  await ready();
  await finishes(name);
});

test('the chip loses its power: libnfc never wakes it, opening it again does', async () => {
  const { name } = await laid();
  await rig.ctl('power cut');
  await client.reader('repair');
  await client.reader('ready', 8000);
  const second = await laid();
  await rig.ctl('fault power-cut exchange=11');
  const { result } = await timed(client.ask(writeRequest(rig.key, second.card, NEW)));
  assert.equal(result.outcome, 'unknown');
  await assertWhole(second.name);
  await ready();
  await finishes(second.name);
  await finishes(name);
});

test('the cable is pulled and put back', { timeout: 60000 }, async () => {
  const { name } = await laid();
  await rig.ctl('unplug');
  await client.reader('repair');
  await client.reader('offline', 12000);
  const none = await client.ask(readRequest(1));
  assert.deepEqual([none.outcome, none.error], ['not_done', 'reader']);
  await rig.ctl('plug');
  await client.reader('ready', 15000);
  await finishes(name);
  const second = await laid();
  await rig.ctl('fault unplug exchange=12');
  const { result } = await timed(client.ask(writeRequest(rig.key, second.card, NEW)));
  assert.deepEqual([result.outcome, result.error], ['unknown', 'reader']);
  await rig.ctl('plug');
  await ready();
  await finishes(second.name);
});

test('a status byte with bit 80 ends the worker, and nobody is hung up on', async () => {
  const { name, card } = await laid();
  const worker = rig.worker();
  await rig.ctl('fault status exchange=11 value=80');
  const { result } = await timed(client.ask(writeRequest(rig.key, card, NEW)));
  assert.deepEqual([result.outcome, result.error], ['unknown', 'reader']);
  await client.reader('ready', 8000);
  assert.equal(client.closed, false);
  assert.notEqual(rig.worker(), worker);
  assert.match(rig.log(), /the worker ended by signal 6; starting it again/);
  await assertWhole(name);
  await finishes(name);
  assert.ok((await client.status()).counts.restarts >= 1);
});

test('a worker that hangs is killed after ten seconds', { timeout: 60000 }, async () => {
  const { name, card } = await laid();
  const worker = rig.worker();
  process.kill(worker, 'SIGSTOP');
  const begun = Date.now();
  const answer = await client.ask(writeRequest(rig.key, card, NEW));
  assert.deepEqual([answer.outcome, answer.error], ['unknown', 'reader']);
  const took = Date.now() - begun;
  assert.ok(took > 8000 && took < 12000, `${took} ms`);
  await client.reader('ready', 8000);
  assert.match(rig.log(), /the worker hangs; killing it/);
  await finishes(name);
});

test('kill -9 of the worker at each write', { timeout: 120000 }, async (t) => {
  for (let write = 1; write <= 6; write += 1) {
    const { name, card } = await laid();
    await rig.ctl('counts reset');
    await rig.ctl(`fault delay write=${write} ms=300`);
    const asked = client.ask(writeRequest(rig.key, card, NEW));
    await until('that write', async () => (await rig.counts()).writes >= write, 5000, 5);
    process.kill(rig.worker(), 'SIGKILL');
    const answer = await asked;
    assert.deepEqual([answer.outcome, answer.error], ['unknown', 'reader']);
    const numbers = await assertWhole(name);
    await ready();
    await finishes(name);
    t.diagnostic(`at write ${write}: ${JSON.stringify(numbers)}, then finished`);
  }
});

test('kill -9 of cardd at each write: the worker goes too, the next one finishes',
  { timeout: 120000 }, async () => {
    for (let write = 1; write <= 6; write += 1) {
      const { name, card } = await laid();
      await rig.ctl('counts reset');
      await rig.ctl(`fault delay write=${write} ms=300`);
      client.say(writeRequest(rig.key, card, NEW));
      await until('that write', async () => (await rig.counts()).writes >= write, 5000, 5);
      const worker = rig.worker();
      await rig.processes.stop('cardd', 'SIGKILL');
      await until('the worker to end', () => {
        try {
          process.kill(worker, 0);
          return false;
        } catch {
          return true;
        }
      }, 2000);
      await assertWhole(name);
      await rig.ctl('fault clear');
      await rig.ctl('take');
      client.close();
      client = await rig.startCardd();
      client.poll('active');
      await ready();
      await finishes(name);
    }
  });

test('a reader that is not there yet, and one that another cardd holds', { timeout: 60000 },
  async () => {
    const other = new Rig();
    try {
      const theirs = await other.startCardd();
      await theirs.reader('offline', 8000);
      await other.startReader();
      await theirs.reader('ready', 12000);
      const config = other.configText({}).replace('cardd.sock', 'second.sock');
      const second = new Rig();
      try {
        second.configText = () => config;
        second.paths.socket = other.paths.socket.replace('cardd.sock', 'second.sock');
        const late = await second.startCardd();
        const told = await late.hears('who has it', (l) => l.op === 'reader' && l.detail !== '');
        assert.equal(told.detail, 'another program uses it');
        await other.processes.stop('cardd');
        await late.reader('ready', 12000);
      } finally {
        await second.finish();
      }
    } finally {
      await other.finish();
    }
  });

test('an idle reader is asked whether it lives', { timeout: 30000 }, async () => {
  const other = new Rig();
  try {
    const theirs = await other.start({ health: 1 });
    await other.ctl('counts reset');
    await wait(2500);
    assert.ok((await other.counts()).commands >= 4);
    await other.ctl('power cut');
    await theirs.reader('repair', 8000);
    await theirs.reader('ready', 8000);
    assert.equal(theirs.closed, false);
    assert.ok(new Client(other.paths.socket));
  } finally {
    await other.finish();
  }
});
