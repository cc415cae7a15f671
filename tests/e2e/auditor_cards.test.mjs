// SPDX-License-Identifier: Apache-2.0

// The auditor on a house with card meters of all three kinds: top-ups, a write that was cut, a
// purchase that two persons bought back and one that the meter refused to give back. It finds
// nothing, with the cards' master key and without; and what a hand spoils then, it finds.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { until, wait } from '../../tools/world/processes.mjs';
import { gather, problems, run } from './lib/auditor.mjs';
import { rows } from './lib/books.mjs';
import { clear, ended, finished, isWritten, lay, leave, pay, toCard } from './lib/card_way.mjs';
import { settled } from './lib/journey.mjs';
import { keeping, QUICK_TIMERS, withHouse } from './lib/setup.mjs';

const box = withHouse({ rooms: 3, buses: 1, cards: 3, cardMedia: ['classic', 'desfire', 'cpu'],
  timers: { ...QUICK_TIMERS, delivery: 12, card_owed: 5 } });

const fresh = (body) => keeping(box, async (t, house) => {
  await clear(house);
  await body(t, house);
});

const database = (house) => house.path('state', 'cloud', 'cloud.db');
/* The bills are closed once, at the end: until then, the day is young. */
const young = (house) => {
  const folder = house.path('young');
  ['bills', 'meters'].forEach((name) => mkdirSync(join(folder, name), { recursive: true }));
  return folder;
};
const key = (house) => ['--card-key', house.path('keys', 'card-master.hex')];

/** Bought, written, in the meter, and the meter's word brought back. */
async function loaded(house, home, options) {
  const orderNo = await pay(house, home, options);
  await isWritten(house, orderNo);
  await leave(house, home);
  assert.equal((await house.cards.visit(home)).result, 'loaded');
  await toCard(house, home);
  await leave(house, home);
  return orderNo;
}

/** No finding, in whichever way it looks; the result of the last one. */
function isClean(house, folder = young(house)) {
  const keyless = run(house, folder, database(house));
  assert.deepEqual(problems(keyless), []);
  assert.ok(keyless.findings.some((one) => one.name === 'card_macs_unchecked'));
  const result = run(house, folder, database(house), ...key(house));
  assert.deepEqual(problems(result), []);
  assert.equal(result.exit, 0);
  assert.ok(!result.findings.some((one) => one.name === 'card_macs_unchecked'));
  return result;
}

for (const at of [0, 1, 2]) {
  test(`a top-up on card ${at + 1}, loaded by its meter: nothing is found`, { timeout: 180000 },
    fresh(async (t, house) => {
      const home = house.cardHomes[at];
      await loaded(house, home, { amount: 1, wallet: at === 1 ? 'wechat' : 'alipay' });
      const result = isClean(house);
      assert.equal(result.read.card_meters, 3);
      assert.equal(result.read.card_tokens, at + 1);
    }));
}

test('a write that was cut, and finished later: nothing is found', { timeout: 180000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    await house.cards.reader('fault tear write=2 how=front k=3');
    const orderNo = await pay(house, home, { amount: 0 });
    await ended(house, orderNo, ['card_back', 'card_owed']);
    isClean(house);
    await finished(house, home, orderNo);
    await leave(house, home);
    await house.cards.visit(home);
    isClean(house);
  }));

const says = (house, name, op, document) =>
  JSON.parse(house.cards.says(name, 'card', op, document));

/** Two persons begin to buy back, and the reversal goes onto the card. */
async function buyBack(house, home, orderNo) {
  says(house, 'li', 'return-begin', orderNo);
  assert.equal(says(house, 'wang', 'return-begin', orderNo).stage, 'REVERSAL_ISSUED');
  await lay(house, home);
  await until('the reversal on the card', () => rows(house, `SELECT written_at FROM card_token
    WHERE meter_id = 'm-${home.room}' ORDER BY n DESC LIMIT 1`)[0].written_at !== null, 30000, 200);
  await wait(1500);
  await leave(house, home);
}

const caseOf = (house, orderNo) => rows(house, `SELECT * FROM card_return_case
  WHERE order_no = '${orderNo}'`)[0];

test('bought back, and paid at the desk: nothing is found at any step', { timeout: 240000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    const orderNo = await loaded(house, home, { amount: 1 });
    await buyBack(house, home, orderNo);
    isClean(house);
    assert.equal((await house.cards.visit(home)).delta_fen, -5000);
    await lay(house, home);
    await until('the meter to be heard', () => caseOf(house, orderNo).payout === 'owed', 30000);
    await leave(house, home);
    isClean(house);
    const { case_no: caseNo } = caseOf(house, orderNo);
    says(house, 'li', 'paid-out', caseNo);
    assert.equal(says(house, 'wang', 'paid-out', caseNo).payout, 'paid');
    isClean(house);
  }));

test('bought back before it was written, on the meter\'s word: refunded, and nothing is found',
  { timeout: 240000 }, fresh(async (t, house) => {
    const [home] = house.cardHomes;
    await house.cards.reader('fault tear write=1 how=front k=4');
    const orderNo = await pay(house, home, { amount: 0 });
    await ended(house, orderNo, 'card_back');
    await house.screen.touch('finish');
    await leave(house, home);
    await buyBack(house, home, orderNo);
    await house.cards.visit(home);
    await lay(house, home);
    await settled(house, orderNo, 'REFUNDED', 60000);
    await leave(house, home);
    isClean(house);
  }));

test('used up before it is bought back: the meter refuses, and nothing is found',
  { timeout: 240000 }, fresh(async (t, house) => {
    const home = house.cardHomes[1];
    const orderNo = await loaded(house, home, { amount: 0 });
    await house.cards.meter(`use ${home.address} 20000`);
    await buyBack(house, home, orderNo);
    assert.equal((await house.cards.visit(home)).result, 'refused');
    await lay(house, home);
    await until('the meter to be heard', () => caseOf(house, orderNo).stage === 'REFUSED', 30000);
    await wait(1500);
    await leave(house, home);
    isClean(house);
  }));

test('with the bills nothing is found either; what a hand changes then is', { timeout: 90000 },
  keeping(box, async (t, house) => {
    const folder = await gather(house);
    isClean(house, folder);
    const spoil = (name, sql) => {
      const copy = join(folder, `${name}.db`);
      execFileSync('sqlite3', [`file:${database(house)}?mode=ro`, `VACUUM INTO '${copy}'`]);
      execFileSync('sqlite3', [copy, sql]);
      return problems(run(house, folder, copy, ...key(house))).map((one) => one.name);
    };
    assert.deepEqual(spoil('paid', `UPDATE card_return_case SET payout = 'paid', payer = 'a+b'
      WHERE stage = 'REFUSED'`), ['return_case_books']);
    assert.ok(spoil('mac', `DROP TRIGGER card_token_kept; UPDATE card_token SET record =
      CAST(substr(record, 1, 47) || x'00' AS BLOB) WHERE n = 1`).includes('card_mac'));
    assert.ok(spoil('unheard', 'DROP TRIGGER card_reading_there; DELETE FROM card_reading')
      .includes('return_case_unproven'));
  }));
