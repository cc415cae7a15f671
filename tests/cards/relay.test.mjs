// SPDX-License-Identifier: Apache-2.0

// Commands carried to a CPU card through the real shilling-cardd, as a cloud prepares them: its
// state lives from one relay to the next, nothing is written without an authorisation, and a cut at
// any exchange is told as what it is.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import { Rig, until } from './lib/rig.mjs';
import { authorise, cmac, hex } from './lib/shlc1.mjs';

const UID = '4A8B1C2D';
const MASTER = Buffer.from('SHILLING TESTKEY');
const rig = new Rig();
let client = null;
let serial = null;

const ok = (apdu) => ({ apdu, expect: '9000' });
const data = (answer) => Buffer.from(answer.slice(0, -4), 'hex');

const relay = (card, apdus, authorisation = null) => client.ask({ op: 'relay', id: randomUUID(),
  card, authorisation, apdus });

const key = (label) => cmac(MASTER, Buffer.concat([Buffer.from([1]), serial, Buffer.from(label)]));

const signed = (apdus, options = {}) => authorise(rig.key,
  Buffer.concat(apdus.map(({ apdu }) => Buffer.from(apdu, 'hex'))),
  { what: 'relay', uid: UID, ...options });

/** Select, read the number, ask for a challenge: three commands in one round. */
async function open(card) {
  const first = await relay(card, [ok('00A40000023F00'), ok('00B0990108'), ok('00A4000002DF01'),
    ok('0084000008')]);
  assert.deepEqual([first.outcome, first.error], ['done', null]);
  serial = data(first.answers[1]);
  const proof = cmac(key('EXTERNAL'), data(first.answers[3])).subarray(0, 8);
  const second = await relay(card, [ok(`0082000208${hex(proof)}`), ok('0084000008')]);
  assert.deepEqual([second.outcome, second.error], ['done', null]);
  return data(second.answers[1]);
}

/** The command that writes the wallet, under the MAC over the card's challenge. */
function walletWrite(challenge, fen, count) {
  const file = Buffer.alloc(8);
  file.writeUInt32BE(fen, 0);
  file.writeUInt32BE(count, 4);
  const header = Buffer.from('04D682000C', 'hex');
  const mac = cmac(key('WALLETMC'), Buffer.concat([challenge, header, file])).subarray(0, 4);
  return ok(hex(Buffer.concat([header, file, mac])));
}

async function wallet(card) {
  const answer = await relay(card, [ok('00A4000002DF01'), ok('00B0820008')]);
  assert.equal(answer.outcome, 'done');
  const file = data(answer.answers[1]);
  return [file.readUInt32BE(0), file.readUInt32BE(4)];
}

async function layAnew() {
  client.poll('off');
  await rig.ctl('take');
  await rig.ctl('lay cpu');
  client.lines.length = 0;
  client.poll('active');
  return client.card('present');
}

before(async () => {
  client = await rig.start();
  await rig.ctl(`new cpu cpu ${UID}`);
});
after(() => rig.finish());

test('a purchase is written under an authorisation and read back', async () => {
  const { card, family, sak } = await layAnew();
  assert.equal(family, 'iso');
  assert.ok(Number.parseInt(sak, 16) & 0x20);
  const challenge = await open(card);
  const write = [walletWrite(challenge, 10000, 3)];
  const answer = await relay(card, write, signed(write));
  assert.deepEqual([answer.outcome, answer.error, answer.answers], ['done', null, ['9000']]);
  assert.deepEqual(await wallet(card), [10000, 3]);
});

test('without one, or with another one, nothing is written', async () => {
  const { card } = await layAnew();
  const challenge = await open(card);
  const write = [walletWrite(challenge, 99999, 9)];
  const other = [walletWrite(challenge, 99999, 8)];
  for (const [error, authorisation] of [['forged', null], ['forged', signed(other)],
    ['forged', signed(write, { what: 'write' })],
    ['wrong_card', signed(write, { uid: '11223344' })],
    ['expired', signed(write, { expires: 1700000000 })]]) {
    const answer = await relay(card, write, authorisation);
    assert.deepEqual([answer.outcome, answer.error, answer.answers], ['not_done', error, []]);
  }
  assert.deepEqual(await wallet(card), [10000, 3]);
});

test('a card that refuses stops the relay, and its answer is handed on', async () => {
  const { card } = await layAnew();
  const read = await relay(card, [ok('00A4000002DF05'), ok('0084000008')]);
  assert.deepEqual([read.outcome, read.error], ['not_done', 'refused']);
  assert.equal(read.answers.length, 1);
  const challenge = await open(card);
  const write = [walletWrite(Buffer.alloc(8), 1, 1)];
  assert.notDeepEqual(challenge, Buffer.alloc(8));
  const answer = await relay(card, write, signed(write));
  assert.deepEqual([answer.outcome, answer.error], ['unknown', 'refused']);
  assert.deepEqual(answer.answers, ['6988']);
  assert.deepEqual(await wallet(card), [10000, 3]);
});

test('a cut at each exchange: not done before the write left, unknown from then on',
  { timeout: 120000 }, async () => {
    for (const fault of ['remove', 'lose', 'status value=01', 'power-cut', 'mute ms=1500']) {
      const [kind, ...words] = fault.split(' ');
      for (let at = 1; at <= 2; at += 1) {
        const { card } = await layAnew();
        const challenge = await open(card);
        const apdus = [walletWrite(challenge, 20000, 4), ok('00B0820008')];
        await rig.ctl(`fault ${kind} exchange=${at} ${words.join(' ')}`);
        const answer = await relay(card, apdus, signed(apdus));
        assert.equal(answer.outcome, 'unknown', `${fault} at ${at}`);
        await rig.ctl('fault clear');
        await until('the reader', async () => (await client.status()).state === 'ready', 15000);
        const { card: again } = await layAnew();
        const found = await wallet(again);
        assert.ok(['10000,3', '20000,4'].includes(String(found)), String(found));
        const back = [walletWrite(await open(again), 10000, 3)];
        assert.equal((await relay(again, back, signed(back))).outcome, 'done');
      }
      const { card } = await layAnew();
      await rig.ctl(`fault ${kind} exchange=1 ${words.join(' ')}`);
      const early = await relay(card, [ok('00A40000023F00')]);
      assert.equal(early.outcome, 'not_done', fault);
      await rig.ctl('fault clear');
      await until('the reader', async () => (await client.status()).state === 'ready', 15000);
    }
  });
