// SPDX-License-Identifier: Apache-2.0

// What is known of libnfc, row by row, and the driver on it: what is longer than its buffers, each
// status of the chip, a reader that is opened again and again, and calls that are not to be made.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { Counter, timed } from './lib/faulty.mjs';
import { Pool, WIDE } from './lib/pool.mjs';
import { Client, fdsOf, memoryOf, program, until } from './lib/rig.mjs';
import { authorise, hex, readRequest } from './lib/shlc1.mjs';

const ALL = Boolean(process.env.SHILLING_ALL);
const REOPENINGS = ALL ? 200 : 16;
const RESTARTS = ALL ? 40 : 4;
const WARM = 4; // after so many nothing is done for the first time any more
const GROWTH_KB_MAX = 512;
const APDU_MAX = 262; // libnfc copies into a buffer of 264 bytes and does not look
const SELECT = '00A4000002DF01';
const REFUSED = '6982'; // the card's word to a write of somebody who has proved nothing

const counters = new Pool(() => new Counter());
after(() => counters.finish());

/** A test with a reader and a driver that no other test has meanwhile. */
const counter = (name, body, options = {}) => test(name, { timeout: 60000, ...options },
  (t) => counters.use(async (rig) => {
    rig.client.lines.length = 0;
    await body(rig, t);
  }));

const relay = (rig, card, apdu, authorisation = null) => rig.client.ask({ op: 'relay',
  id: randomUUID(), card, authorisation, apdus: [{ apdu, expect: null }] });

/** Lay a CPU card: its answers may be long. */
async function layCpu(rig) {
  await rig.ctl('new cpu cpu 4A8B1C2D').catch(() => {}); // it is there already
  return (await rig.lay('cpu')).card;
}

/** The round of one command, as it is hashed. */
function round(apdu) {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(apdu.length / 2);
  return Buffer.concat([length, Buffer.from(apdu, 'hex'), Buffer.alloc(3)]);
}

/** What the driver has counted since `before`, but what is 0. */
async function countedSince(rig, before) {
  const { counts } = await rig.client.status();
  const grown = Object.entries(counts).map(([name, count]) => [name, count - before[name]]);
  return Object.fromEntries(grown.filter(([, count]) => count !== 0));
}

/** Whatever went wrong since `before`, it was not between chip and driver. */
async function assertLineIsGood(rig, before, what) {
  const { timeouts, line_errors: line, reopens, restarts } = await countedSince(rig, before);
  assert.deepEqual([timeouts, line, reopens, restarts], Array(4).fill(undefined), what);
}

/* The table of statuses: all are the card's, none is the line's. Others are told as ECHIP. */
const STATUSES = ['01', '02', '03', '04', '05', '06', '0A', '0B', '13', '23', '25', '2A', '2E',
  '07', '09', '0D', '0E', '2D', '10', '26', '27', '14', '29', '2B'];
const OTHERS = Array.from({ length: 0x3f }, (_, i) => hex([i + 1]))
  .filter((status) => !STATUSES.includes(status));
const REFUSED_KEY = '14';

describe('libnfc\'s rows, with the driver', { concurrency: WIDE }, () => {
  counter('a status of the chip is the card\'s error: no reader is opened again for it',
    async (rig, t) => {
      const { name, card } = await rig.laid();
      const worker = rig.worker();
      const statuses = [...STATUSES, ...(ALL ? OTHERS : OTHERS.slice(0, 3))];
      for (const status of statuses) {
        const error = status === REFUSED_KEY ? 'auth_errors' : 'card_errors';
        const before = (await rig.client.status()).counts;
        await rig.ctl(`fault status exchange=3 value=${status}`);
        const { result: read } = await timed(rig.client.ask(readRequest(card)));
        assert.deepEqual([read.outcome, read.error], ['done', null], status);
        assert.deepEqual(await countedSince(rig, before),
          { [error]: 1, read_retries: 1, reads: 1 }, status);

        await rig.ctl(`fault status exchange=10 value=${status}`);
        const { result: written } = await timed(rig.write(card));
        assert.equal(await rig.ctl('faults'), '[]', 'the fault never struck');
        assert.notEqual(written.outcome, 'not_done', status);
        const numbers = await rig.assertWhole(name);
        assert.ok(written.outcome !== 'done' || String(numbers) === '8,8', status);
        await assertLineIsGood(rig, before, status);

        const last = await rig.write(card);
        assert.deepEqual([last.outcome, last.error], ['done', null], status);
      }
      assert.equal(rig.worker(), worker);
      t.diagnostic(`${statuses.length} statuses`);
      await rig.take();
    }, { timeout: 240000 });

  counter('a command that is too long is not carried, the longest is', async (rig) => {
    const card = await layCpu(rig);
    const worker = rig.worker();
    assert.equal((await relay(rig, card, SELECT)).outcome, 'done');
    const longest = `04D68200FF${'5A'.repeat(APDU_MAX - 5)}`;
    const signed = authorise(rig.key, round(longest), { what: 'relay' });
    const carried = await rig.client.ask({ op: 'relay', id: randomUUID(), card,
      authorisation: signed, apdus: [{ apdu: longest, expect: null }] });
    assert.deepEqual([carried.outcome, carried.error, carried.answers], ['done', null, [REFUSED]]);

    const tooLong = `${longest}5A`;
    const other = new Client(rig.paths.socket);
    other.say({ op: 'relay', id: randomUUID(), card, apdus: [{ apdu: tooLong, expect: null }],
      authorisation: authorise(rig.key, round(tooLong), { what: 'relay' }) });
    await until('a hang-up', () => other.closed, 3000);
    assert.match(rig.log(), /a client sent a line with a wrong apdus; hung up/);
    assert.equal((await relay(rig, card, SELECT)).outcome, 'done');
    assert.equal(rig.worker(), worker);
    assert.equal(rig.client.closed, false);
    await rig.take();
  });

  counter('an answer that is too long is none', async (rig) => {
    const card = await layCpu(rig);
    const worker = rig.worker();
    const before = (await rig.client.status()).counts;
    await rig.ctl('counts reset');
    await rig.ctl('fault status exchange=1 value=40 done=1 count=0'); // "there is more", always
    const { result } = await timed(relay(rig, card, SELECT));
    assert.deepEqual([result.outcome, result.answers], ['not_done', []]);
    assert.ok(2 * (await rig.counts()).exchanges > APDU_MAX, 'it was not too long');
    await rig.ctl('fault clear');
    await assertLineIsGood(rig, before);
    assert.equal(rig.worker(), worker, 'the worker was started again');
    assert.equal(rig.client.closed, false);
    assert.equal((await relay(rig, card, SELECT)).outcome, 'done');
    await rig.take();
  });

  counter('an answer without an end costs the worker, and nobody else', async (rig) => {
    const card = await layCpu(rig);
    await rig.ctl('fault status exchange=1 value=40 count=0'); // more of nothing
    const begun = Date.now();
    const answer = await relay(rig, card, SELECT);
    const took = Date.now() - begun;
    assert.deepEqual([answer.outcome, answer.error], ['unknown', 'reader']);
    assert.ok(took < 12000, `${took} ms`);
    await rig.ctl('fault clear');
    await rig.client.reader('ready', 8000);
    assert.match(rig.log(), /the worker hangs; killing it/);
    assert.equal(rig.client.closed, false);
    const { card: again } = await rig.client.card('present');
    assert.equal((await relay(rig, again, SELECT)).outcome, 'done');
    await rig.take();
  });

  counter(`opened again ${REOPENINGS} times: the worker grows by nothing`, async (rig, t) => {
    const worker = rig.worker();
    const sizes = [];
    for (let i = 0; i < REOPENINGS; i += 1) {
      await rig.ctl(i % 4 === 3 ? 'power cut' : 'unplug');
      await rig.client.reader('repair', 8000);
      if (i % 4 !== 3) {
        await rig.ctl('plug');
      }
      await rig.client.reader('ready', 8000);
      sizes.push([fdsOf(worker), memoryOf(worker)]);
    }
    assert.equal(rig.worker(), worker, 'the worker was started again');
    const [first, last] = [sizes[WARM], sizes.at(-1)];
    t.diagnostic(`${first[0]} -> ${last[0]} descriptors, ${first[1]} -> ${last[1]} kB`);
    assert.equal(last[0], first[0]);
    assert.ok(last[1] - first[1] < GROWTH_KB_MAX);
    assert.ok((await rig.client.status()).counts.reopens >= REOPENINGS);
  }, { timeout: 900000 });

  counter(`started again ${RESTARTS} times: neither half grows by anything`, async (rig, t) => {
    const supervisor = rig.entry('cardd').child.pid;
    const sizes = [];
    for (let i = 0; i < RESTARTS; i += 1) {
      const worker = rig.worker();
      process.kill(worker, 'SIGKILL');
      await rig.client.reader('repair', 8000);
      await rig.client.reader('ready', 8000);
      assert.notEqual(rig.worker(), worker);
      sizes.push([supervisor, rig.worker()].flatMap((pid) => [fdsOf(pid), memoryOf(pid)]));
    }
    const [first, last] = [sizes[1], sizes.at(-1)];
    t.diagnostic(`descriptors and kB of both: ${first} -> ${last}`);
    assert.deepEqual([last[0], last[2]], [first[0], first[2]]);
    assert.ok(last[1] - first[1] < GROWTH_KB_MAX && last[3] - first[3] < GROWTH_KB_MAX);
  }, { timeout: 300000 });

  test('no call that waits for ever or leaks, and libnfc in the worker only', () => {
    const needs = (name) => execFileSync('readelf', ['-d', program(name)], { encoding: 'utf8' })
      .split('\n').flatMap((line) => /\(NEEDED\).*\[(.*)\]/.exec(line)?.[1] ?? []);
    const calls = execFileSync('nm', ['-D', '--undefined-only', program('shilling-cardd-worker')],
      { encoding: 'utf8' }).match(/\bnfc_\w+/g);
    assert.ok(calls.includes('nfc_initiator_transceive_bytes'), 'it is not libnfc\'s user at all');
    assert.deepEqual(calls.filter((call) => /abort_command|poll_target/.test(call)), []);
    const libraries = needs('shilling-cardd-worker');
    assert.ok(libraries.some((library) => library.startsWith('libnfc.')), String(libraries));
    assert.deepEqual(libraries.filter((library) => /freefare/.test(library)), []);
    assert.deepEqual(needs('shilling-cardd').filter((name) => /nfc|freefare/.test(name)), []);
  });
});
