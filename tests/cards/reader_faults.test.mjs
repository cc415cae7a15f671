// SPDX-License-Identifier: Apache-2.0

// What libnfc does under faults (hangs for a while, returns nonsense, ends the whole process) must
// reach the kiosk as nothing but "the reader is being repaired", within ten seconds; and whatever
// was cut short is finished by the same token afterwards. Nearly all of it is waiting, so several
// readers, each with its driver, are tried at a time.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Counter, NEW, timed } from './lib/faulty.mjs';
import { Pool, WIDE } from './lib/pool.mjs';
import { Client, Rig, until, wait } from './lib/rig.mjs';
import { readRequest, writeRequest } from './lib/shlc1.mjs';

const WRITES = [1, 2, 3, 4, 5, 6];
const TRIES = 3; // a busy machine may finish a write before it is struck

const counters = new Pool(() => new Counter());
after(() => counters.finish());

/** A test with a reader and a driver that no other test has meanwhile. */
const counter = (name, body) => test(name, { timeout: 60000 }, (t) => counters.use(async (rig) => {
  rig.client.lines.length = 0;
  await body(rig, t);
}));

const BETWEEN = ['cut command=1 byte=3', 'cut command=1 byte=9', 'drop command=1',
  'flip command=1 byte=7 bit=2', 'noise command=1 hex=00FF55AA', 'nack command=1',
  'no-ack command=1', 'stray command=1 hex=D503', 'delay command=1 ms=300'];
const WITHIN = ['cut exchange=10 byte=3', 'cut exchange=10 byte=9', 'drop exchange=10',
  'flip exchange=10 byte=7 bit=2', 'nack command=20', 'no-ack command=20',
  'noise exchange=10 hex=00FF55AA', 'stray exchange=10 hex=D541'];

/* The longest first. */
describe('a reader under faults', { concurrency: WIDE }, () => {
  counter('one byte at a time: slow, but no longer than ten seconds', async (rig, t) => {
    const { name, card } = await rig.laid();
    await rig.ctl('fault stutter exchange=1 count=0 ms=100');
    const { result, took } = await timed(rig.write(card));
    t.diagnostic(`${result.outcome} ${result.error} after ${took} ms`);
    assert.notEqual(result.outcome, 'done');
    await rig.assertWhole(name);
    await rig.ctl('fault clear');
    await rig.ready();
    await rig.finishes(name);
  });

  counter('a reader that falls silent is repaired', async (rig) => {
    const { name } = await rig.laid();
    await rig.ctl('mute on');
    await rig.client.reader('repair');
    await rig.client.reader('offline', 12000);
    await rig.ctl('mute off');
    await rig.client.reader('ready', 15000);
    await rig.finishes(name);
  });

  counter('a reader silent in a write: unknown, and the token is finished', async (rig) => {
    const { name, card } = await rig.laid();
    await rig.ctl('fault mute exchange=10 ms=3000');
    const { result } = await timed(rig.write(card));
    assert.deepEqual([result.outcome, result.error], ['unknown', 'reader']);
    await rig.assertWhole(name);
    await rig.ready();
    await rig.finishes(name);
  });

  counter('the chip loses its power: libnfc never wakes it, opening it again does', async (rig) => {
    const { name } = await rig.laid();
    await rig.ctl('power cut');
    await rig.client.reader('repair');
    await rig.client.reader('ready', 8000);
    const second = await rig.laid();
    await rig.ctl('fault power-cut exchange=11');
    const { result } = await timed(rig.write(second.card));
    assert.equal(result.outcome, 'unknown');
    await rig.assertWhole(second.name);
    await rig.ready();
    await rig.finishes(second.name);
    await rig.finishes(name);
  });

  counter('the cable is pulled and put back', async (rig) => {
    const { name } = await rig.laid();
    await rig.ctl('unplug');
    await rig.client.reader('repair');
    await rig.client.reader('offline', 12000);
    const none = await rig.client.ask(readRequest(1));
    assert.deepEqual([none.outcome, none.error], ['not_done', 'reader']);
    await rig.ctl('plug');
    await rig.client.reader('ready', 15000);
    await rig.finishes(name);
    const second = await rig.laid();
    await rig.ctl('fault unplug exchange=12');
    const { result } = await timed(rig.write(second.card));
    assert.deepEqual([result.outcome, result.error], ['unknown', 'reader']);
    await rig.ctl('plug');
    await rig.ready();
    await rig.finishes(second.name);
  });

  counter('a status byte with bit 80 ends the worker, and nobody is hung up on', async (rig) => {
    const { name, card } = await rig.laid();
    const worker = rig.worker();
    await rig.ctl('fault status exchange=11 value=80');
    const { result } = await timed(rig.write(card));
    assert.deepEqual([result.outcome, result.error], ['unknown', 'reader']);
    await rig.client.reader('ready', 8000);
    assert.equal(rig.client.closed, false);
    assert.notEqual(rig.worker(), worker);
    assert.match(rig.log(), /the worker ended by signal 6; starting it again/);
    await rig.assertWhole(name);
    await rig.finishes(name);
    assert.ok((await rig.client.status()).counts.restarts >= 1);
  });

  counter('a worker that hangs is killed after ten seconds', async (rig) => {
    const { name, card } = await rig.laid();
    const worker = rig.worker();
    process.kill(worker, 'SIGSTOP');
    const begun = Date.now();
    const answer = await rig.write(card);
    assert.deepEqual([answer.outcome, answer.error], ['unknown', 'reader']);
    const took = Date.now() - begun;
    assert.ok(took > 8000 && took < 12000, `${took} ms`);
    await rig.client.reader('ready', 8000);
    assert.match(rig.log(), /the worker hangs; killing it/);
    await rig.finishes(name);
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

  for (const fault of BETWEEN) {
    counter(`a fault of the serial line between looks: ${fault}`, async (rig, t) => {
      const { name } = await rig.laid();
      await rig.ctl(`fault ${fault}`);
      await until('the fault to strike', async () => await rig.ctl('faults') === '[]', 5000, 20);
      const { selects } = await rig.counts();
      await timed(until('the next look', async () => (await rig.counts()).selects > selects));
      const { took } = await timed(rig.finishes(name));
      t.diagnostic(`${took} ms to the end`);
      assert.equal((await rig.client.status()).state, 'ready');
    });
  }

  for (const fault of WITHIN) {
    counter(`a fault of the serial line in the middle of a write: ${fault}`, async (rig, t) => {
      const { name, card } = await rig.laid();
      await rig.ctl(`fault ${fault}`);
      const { result, took } = await timed(rig.write(card));
      t.diagnostic(`${result.outcome} ${result.error} after ${took} ms`);
      assert.equal(await rig.ctl('faults'), '[]', 'the fault never struck');
      const numbers = await rig.assertWhole(name);
      if (result.outcome === 'done') {
        assert.deepEqual(numbers, [8, 8]);
      }
      await rig.ready();
      await rig.finishes(name);
    });
  }

  for (const write of WRITES) {
    counter(`kill -9 of the worker at write ${write}`, async (rig, t) => {
      let answer = null;
      for (let n = 0; n < TRIES && (answer === null || answer.outcome === 'done'); n += 1) {
        const { name, card } = await rig.laid();
        await rig.ctl('counts reset');
        await rig.ctl(`fault delay write=${write} ms=300`);
        const asked = rig.write(card);
        await until('that write', async () => (await rig.counts()).writes >= write, 5000, 5);
        process.kill(rig.worker(), 'SIGKILL');
        answer = await asked;
        const numbers = await rig.assertWhole(name);
        if (answer.outcome === 'done') {
          assert.deepEqual(numbers, [8, 8]);
        }
        await rig.ready();
        await rig.finishes(name);
        t.diagnostic(`${answer.outcome} ${JSON.stringify(numbers)}, then finished`);
      }
      assert.deepEqual([answer.outcome, answer.error], ['unknown', 'reader']);
    });

    counter(`kill -9 of cardd at write ${write}: the worker goes too, the next one finishes`,
      async (rig) => {
        const { name, card } = await rig.laid();
        await rig.ctl('counts reset');
        await rig.ctl(`fault delay write=${write} ms=300`);
        rig.client.say(writeRequest(rig.key, card, NEW));
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
        await rig.assertWhole(name);
        await rig.ctl('fault clear');
        await rig.ctl('take');
        rig.client.close();
        await rig.startCardd();
        rig.client.poll('active');
        await rig.ready();
        await rig.finishes(name);
      });
  }
});
