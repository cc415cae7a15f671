// SPDX-License-Identifier: Apache-2.0

// Commands carried to a CPU card through the real shilling-cardd, as a cloud prepares them: its
// state lives from one relay to the next, nothing is written without an authorisation, and a cut at
// any exchange is told as what it is.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Pool, WIDE } from './lib/pool.mjs';
import { Rig, until } from './lib/rig.mjs';
import { authorise, cmac, hex } from './lib/shlc1.mjs';

const UID = '4A8B1C2D';
const MASTER = Buffer.from('SHILLING TESTKEY');
const OLD = [10000, 3]; // fen, and how many purchases
const NEW = [20000, 4];

const ok = (apdu) => ({ apdu, expect: '9000' });
const data = (answer) => Buffer.from(answer.slice(0, -4), 'hex');

/** A round as it is hashed: each command's length, bytes, and what it expects. */
const round = (apdus) => Buffer.concat(apdus.flatMap(({ apdu, expect }) => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(apdu.length / 2);
  return [length, Buffer.from(apdu, 'hex'),
    Buffer.from(expect === null ? '000000' : `01${expect}`, 'hex')];
}));

/** A reader with a CPU card in its drawer, and its driver. */
class Terminal extends Rig {
  serial = null; // of the card

  async start() {
    await super.start();
    await this.ctl(`new cpu cpu ${UID}`);
  }

  relay(card, apdus, authorisation = null) {
    return this.client.ask({ op: 'relay', id: randomUUID(), card, authorisation, apdus });
  }

  signed(apdus, options = {}) {
    return authorise(this.key, round(apdus), { what: 'relay', uid: UID, ...options });
  }

  cardKey(label) {
    return cmac(MASTER, Buffer.concat([Buffer.from([1]), this.serial, Buffer.from(label)]));
  }

  /** Select, read the number, ask for a challenge: three commands in one round. */
  async open(card) {
    const first = await this.relay(card, [ok('00A40000023F00'), ok('00B0990108'),
      ok('00A4000002DF01'), ok('0084000008')]);
    assert.deepEqual([first.outcome, first.error], ['done', null]);
    this.serial = data(first.answers[1]);
    const proof = cmac(this.cardKey('EXTERNAL'), data(first.answers[3])).subarray(0, 8);
    const trust = [ok(`0082000208${hex(proof)}`), ok('0084000008')];
    const second = await this.relay(card, trust, this.signed(trust));
    assert.deepEqual([second.outcome, second.error], ['done', null]);
    return data(second.answers[1]);
  }

  /** The command that writes the wallet, under the MAC over the card's challenge. */
  walletWrite(challenge, fen, count) {
    const file = Buffer.alloc(8);
    file.writeUInt32BE(fen, 0);
    file.writeUInt32BE(count, 4);
    const header = Buffer.from('04D682000C', 'hex');
    const mac = cmac(this.cardKey('WALLETMC'), Buffer.concat([challenge, header, file]))
      .subarray(0, 4);
    return ok(hex(Buffer.concat([header, file, mac])));
  }

  async purchase(card, fen, count) {
    const write = [this.walletWrite(await this.open(card), fen, count)];
    return this.relay(card, write, this.signed(write));
  }

  async wallet(card) {
    const answer = await this.relay(card, [ok('00A4000002DF01'), ok('00B0820008')]);
    assert.equal(answer.outcome, 'done');
    const file = data(answer.answers[1]);
    return [file.readUInt32BE(0), file.readUInt32BE(4)];
  }

  async layAnew() {
    this.client.poll('off');
    await this.ctl('take').catch(() => {});
    await this.ctl('lay cpu');
    this.client.lines.length = 0;
    this.client.poll('active');
    return this.client.card('present');
  }

  /** No fault waits any more. */
  async struck() {
    assert.equal(await this.ctl('faults'), '[]', 'the fault never struck');
  }

  /** A driver that has just met a fault may not know yet that its reader is lost: it does when the
   * card is missed. */
  async mend() {
    await this.ctl('fault clear');
    await this.ctl('take').catch(() => {});
    await until('the card to be missed', () => this.client.cards === 0);
    await until('the reader', async () => (await this.client.status()).state === 'ready', 15000);
  }
}

const rig = new Terminal();
const others = new Pool(() => new Terminal());

before(() => rig.start());
after(() => Promise.all([rig.finish(), others.finish()]));

test('a purchase is written under an authorisation and read back', async () => {
  const { card, family, sak } = await rig.layAnew();
  assert.equal(family, 'iso');
  assert.ok(Number.parseInt(sak, 16) & 0x20);
  const answer = await rig.purchase(card, ...OLD);
  assert.deepEqual([answer.outcome, answer.error, answer.answers], ['done', null, ['9000']]);
  assert.deepEqual(await rig.wallet(card), OLD);
});

test('without one, or with another one, nothing is written', async () => {
  const { card } = await rig.layAnew();
  const challenge = await rig.open(card);
  const write = [rig.walletWrite(challenge, 99999, 9)];
  const other = [rig.walletWrite(challenge, 99999, 8)];
  for (const [error, authorisation] of [['forged', null], ['forged', rig.signed(other)],
    ['forged', rig.signed(write, { what: 'write' })],
    ['wrong_card', rig.signed(write, { uid: '11223344' })],
    ['expired', rig.signed(write, { expires: 1700000000 })]]) {
    const answer = await rig.relay(card, write, authorisation);
    assert.deepEqual([answer.outcome, answer.error, answer.answers], ['not_done', error, []]);
  }
  const [{ apdu }] = write;
  for (const signed of [[{ apdu, expect: null }], [{ apdu, expect: '6988' }], [...write, ...write],
    [ok(apdu.slice(0, 8)), ok(apdu.slice(8))]]) {
    const answer = await rig.relay(card, write, rig.signed(signed));
    assert.deepEqual([answer.outcome, answer.error, answer.answers], ['not_done', 'forged', []]);
  }
  assert.deepEqual(await rig.wallet(card), OLD);
});

test('without one nobody guesses at a key of the card, which would lock it', async () => {
  const { card } = await rig.layAnew();
  for (const guess of ['00820002081122334455667788', '0020000003112233', '900A00000100',
    '901A00000100']) {
    const answer = await rig.relay(card, [ok('00A40000023F00'), ok('0084000008'), ok(guess)]);
    assert.deepEqual([answer.outcome, answer.error, answer.answers], ['not_done', 'forged', []]);
  }
});

test('a card that refuses stops the relay, and its answer is handed on', async () => {
  const { card } = await rig.layAnew();
  const read = await rig.relay(card, [ok('00A4000002DF05'), ok('0084000008')]);
  assert.deepEqual([read.outcome, read.error], ['not_done', 'refused']);
  assert.equal(read.answers.length, 1);
  const challenge = await rig.open(card);
  const write = [rig.walletWrite(Buffer.alloc(8), 1, 1)];
  assert.notDeepEqual(challenge, Buffer.alloc(8));
  const answer = await rig.relay(card, write, rig.signed(write));
  assert.deepEqual([answer.outcome, answer.error], ['unknown', 'refused']);
  assert.deepEqual(answer.answers, ['6988']);
  assert.deepEqual(await rig.wallet(card), OLD);
});

/* The driver looks now and then whether the card is still there, and that look is an exchange: a
 * fault that it takes is not one of the write. */
const TRIES = 3;

const FAULTS = ['remove', 'lose', 'status value=01', 'power-cut', 'mute ms=1500'];

describe('a cut at an exchange: not done before the write left, unknown from then on',
  { concurrency: WIDE }, () => {
    const cut = (name, body) => test(name, { timeout: 60000 }, () => others.use(body));
    for (const [kind, ...words] of FAULTS.map((fault) => fault.split(' '))) {
      const fault = (at) => `fault ${kind} exchange=${at} ${words.join(' ')}`;
      for (const at of [1, 2]) {
        cut(`${kind} at exchange ${at} of the write`, async (other) => {
          let outcome = null;
          for (let n = 0; n < TRIES && outcome !== 'unknown'; n += 1) {
            const { card } = await other.layAnew();
            assert.equal((await other.purchase(card, ...OLD)).outcome, 'done');
            const apdus = [other.walletWrite(await other.open(card), ...NEW), ok('00B0820008')];
            await other.ctl(fault(at));
            ({ outcome } = await other.relay(card, apdus, other.signed(apdus)));
            await other.struck();
            await other.mend();
            const { card: again } = await other.layAnew();
            const found = await other.wallet(again);
            assert.ok([String(OLD), String(NEW)].includes(String(found)), String(found));
            assert.equal((await other.purchase(again, ...OLD)).outcome, 'done');
          }
          assert.equal(outcome, 'unknown');
        });
      }
      cut(`${kind} before the write`, async (other) => {
        const { card } = await other.layAnew();
        await other.ctl(fault(1));
        const early = await other.relay(card, [ok('00A40000023F00')]);
        assert.equal(early.outcome, 'not_done');
        await other.struck();
        await other.mend();
      });
    }
  });
