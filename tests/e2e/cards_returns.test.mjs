// SPDX-License-Identifier: Apache-2.0

// Money that goes back, or comes late, where value is carried by cards: never issued, paid after
// the code was closed, bought back by two persons on the meter's own word, refused by the meter,
// and a card that was lost.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until, wait } from '../../tools/world/processes.mjs';
import { rows, trades } from './lib/books.mjs';
import { cardAudit } from './lib/card_books.mjs';
import { paperOf } from './lib/card_paper.mjs';
import { account, clear, ended, isWritten, lay, leave, pay, picture, slots, take,
  toCard, toCode, tokensOf } from './lib/card_way.mjs';
import { settled } from './lib/journey.mjs';
import { keeping, QUICK_TIMERS, some, withHouse } from './lib/setup.mjs';

const NEVER_ISSUED_S = 12;

const box = withHouse({ rooms: 3, buses: 1, cards: 3, cardMedia: ['classic', 'classic', 'desfire'],
  timers: { ...QUICK_TIMERS, delivery: NEVER_ISSUED_S, card_owed: 5 } });

const fresh = (body) => keeping(box, async (t, house) => {
  await clear(house);
  await body(t, house);
});

/** One person's word on a card's document; the server's answer. */
const says = (house, name, op, document) =>
  JSON.parse(house.cards.says(name, 'card', op, document));

/** Two persons begin to buy back what was bought by `orderNo`; the case. */
function buyBack(house, orderNo) {
  assert.equal(says(house, 'li', 'return-begin', orderNo).stage, 'ASKED');
  assert.throws(() => says(house, 'li', 'return-begin', orderNo), /same_person/);
  const begun = says(house, 'wang', 'return-begin', orderNo);
  assert.equal(begun.stage, 'REVERSAL_ISSUED');
  return begun;
}

const caseOf = (house, orderNo) => rows(house, `SELECT * FROM card_return_case
  WHERE order_no = '${orderNo}' ORDER BY case_no`).at(-1);

const refundedFen = async (house, orderNo) => (await trades(house)).get(orderNo).refunded_fen;

/** Lay the card until both slots hold the newest token of its meter; nothing is paid. */
async function mended(house, home) {
  await lay(house, home);
  const newest = () => rows(house, `SELECT hex(record) AS record FROM card_token
    WHERE meter_id = 'm-${home.room}' ORDER BY n DESC LIMIT 1`)[0].record;
  await until('both slots to hold the newest token', () =>
    slots(house, home).every((slot) => slot === newest()), 30000, 200);
  await wait(1500);
}

/** Bought, written, and in the meter. */
async function loaded(house, home, options) {
  const orderNo = await pay(house, home, options);
  await isWritten(house, orderNo);
  await leave(house, home);
  assert.equal((await house.cards.visit(home)).result, 'loaded');
  return orderNo;
}

test('paid, and the card never came: the money goes back by itself', { timeout: 120000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    const orderNo = await pay(house, home, { amount: 1, lifted: true, wallet: 'wechat' });
    await ended(house, orderNo, 'card_back');
    await house.screen.touch('finish');
    await ended(house, orderNo, 'card_owed');
    await paperOf(house, orderNo, 'pending');
    await picture(house, 'never-issued');
    await settled(house, orderNo, 'REFUNDED', 90000);
    assert.equal(tokensOf(house, orderNo).length, 0);
    assert.equal(await refundedFen(house, orderNo), 5000);
    await house.screen.screen('refunded', 15000);
    await house.screen.touch('print');
    await paperOf(house, orderNo, 'refunded');
    await picture(house, 'refunded');
    await leave(house, home);
    await toCard(house, home);
    await leave(house, home);
  }));

test('paid when the code was closed already: on the card or back, once', { timeout: 120000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    await toCard(house, home);
    const { orderNo } = await toCode(house, { amount: 0, wallet: 'wechat' });
    await take(house, home);
    await house.wallet(`pay-when-closed ${orderNo}`);
    await house.screen.touch('cancel');
    await house.screen.touch('confirm');
    const state = await settled(house, orderNo, ['PAID', 'CREDITING', 'REFUND_DUE', 'REFUNDING',
      'REFUNDED'], 60000);
    t.diagnostic(`first ${state}`);
    await picture(house, 'late');
    if (state === 'PAID') {
      await leave(house, home);
      await lay(house, home);
    }
    const end = await settled(house, orderNo, ['DONE', 'REFUNDED'], 60000);
    t.diagnostic(`then ${end}`);
    assert.equal(tokensOf(house, orderNo).length, end === 'DONE' ? 1 : 0);
    assert.equal(await refundedFen(house, orderNo), end === 'DONE' ? 0 : 2000);
    await leave(house, home);
    await house.cards.visit(home);
  }));

test('issued and torn: an open item, never a refund by itself; two persons and the meter end it',
  { timeout: 180000 }, fresh(async (t, house) => {
    const [home] = house.cardHomes;
    await house.cards.reader('fault tear write=1 how=front k=4');
    const orderNo = await pay(house, home, { amount: 0 });
    await ended(house, orderNo, 'card_back');
    await house.screen.touch('finish');
    await ended(house, orderNo, 'card_owed');
    await leave(house, home);
    await until('an open item with an owner', () => rows(house,
      `SELECT 1 FROM card_owed WHERE order_no = '${orderNo}' AND owner <> ''`).length === 1, 60000);
    await wait((NEVER_ISSUED_S + 3) * 1000);
    assert.equal(await refundedFen(house, orderNo), 0);
    const { total_fen: before } = account(house, home);
    const { n } = buyBack(house, orderNo);
    assert.equal(account(house, home).total_fen, before - 2000);
    await mended(house, home);
    await picture(house, 'reversal-written');
    await leave(house, home);
    assert.equal(await refundedFen(house, orderNo), 0);
    await lay(house, home);
    await house.screen.screen('problem', 20000);
    await picture(house, 'return-case');
    await leave(house, home);
    const said = await house.cards.visit(home);
    assert.equal(said.n, n);
    assert.equal(said.delta_fen, 0);
    await lay(house, home);
    await settled(house, orderNo, 'REFUNDED', 60000);
    assert.equal(caseOf(house, orderNo).stage, 'REVERSED');
    assert.equal(await refundedFen(house, orderNo), 2000);
    await house.screen.screen('card', 30000);
    await leave(house, home);
  }));

/** The desk pays `fen` out, by two persons, once. */
function payOut(house, caseNo) {
  assert.equal(says(house, 'li', 'paid-out', caseNo).payout, 'owed');
  assert.throws(() => says(house, 'li', 'paid-out', caseNo), /same_person/);
  assert.equal(says(house, 'wang', 'paid-out', caseNo).payout, 'paid');
  assert.throws(() => says(house, 'wang', 'paid-out', caseNo), /nothing_owed/);
}

/** The meter has not taken it back: whoever asks, nothing is owed, and nothing is sold. */
async function nothingBack(house, home, orderNo, caseNo) {
  await lay(house, home);
  await house.screen.screen('problem', 20000);
  assert.equal(caseOf(house, orderNo).stage, 'REVERSAL_ISSUED');
  assert.throws(() => says(house, 'li', 'paid-out', caseNo), /nothing_owed/);
  assert.equal(await refundedFen(house, orderNo), 0);
  await leave(house, home);
}

for (const [nth, kind] of [[0, 'MIFARE Classic'], [2, 'DESFire']]) {
  test(`loaded and bought back (${kind}): the desk pays when the meter has given it back, and ` +
    'never before', { timeout: 240000 }, fresh(async (t, house) => {
    const home = house.cardHomes[nth];
    const orderNo = await loaded(house, home, { amount: 1 });
    const old = house.cards.image(home.card);
    const { total_fen: before } = account(house, home);
    const { case_no: caseNo, n } = buyBack(house, orderNo);
    assert.equal(account(house, home).total_fen, before - 5000);
    assert.throws(() => says(house, 'li', 'paid-out', caseNo), /nothing_owed/);
    await mended(house, home);
    await leave(house, home);
    /* An old state of the card goes to the meter: what that answers is no word of the reversal. */
    const reversal = house.cards.image(home.card);
    house.cards.put(home.card, old);
    assert.equal((await house.cards.visit(home)).delta_fen, 0);
    house.cards.put(home.card, reversal);
    await nothingBack(house, home, orderNo, caseNo);
    const said = await house.cards.visit(home);
    assert.deepEqual([said.n, said.delta_fen, said.t_fen], [n, -5000, before - 5000]);
    await lay(house, home);
    await until('the meter to be heard', () => caseOf(house, orderNo).payout === 'owed', 30000);
    assert.equal(caseOf(house, orderNo).stage, 'REVERSED');
    payOut(house, caseNo);
    await leave(house, home);
    await settled(house, orderNo, 'DONE');
    assert.equal(await refundedFen(house, orderNo), 0);
  }));
}

for (const [nth, kind] of some([[1, 'MIFARE Classic'], [2, 'DESFire']])) {
  test(`used up before it is bought back (${kind}): the meter refuses, and T stands again`,
    { timeout: 180000 }, fresh(async (t, house) => {
      const home = house.cardHomes[nth];
      const orderNo = await loaded(house, home, { amount: 0 });
      await house.cards.meter(`use ${home.address} 2000`); /* 20 kWh of 36 */
      const { total_fen: before } = account(house, home);
      buyBack(house, orderNo);
      await mended(house, home);
      await leave(house, home);
      assert.equal((await house.cards.visit(home)).result, 'refused');
      await mended(house, home);
      assert.equal(caseOf(house, orderNo).stage, 'REFUSED');
      await picture(house, 'cancel-written');
      await leave(house, home);
      const said = await house.cards.visit(home);
      assert.equal(said.delta_fen, 0);
      assert.equal(said.t_fen, before);
      await lay(house, home);
      await house.screen.screen('card', 20000);
      await leave(house, home);
    }));
}

test('a lost card: the desk gives another one, with all that was bought; the old one is refused',
  { timeout: 180000 }, fresh(async (t, house) => {
    const [, home] = house.cardHomes;
    const orderNo = await pay(house, home, { amount: 0 });
    await isWritten(house, orderNo);
    await leave(house, home);
    says(house, 'li', 'lost', home.uid);
    await lay(house, home);
    await house.screen.screen('problem', 20000);
    await picture(house, 'lost');
    await leave(house, home);
    await house.cards.startReader('desk');
    await house.cards.reader('new another classic 5B6C7D8E', 'desk');
    await house.cards.reader('lay another', 'desk');
    t.diagnostic(house.cards.deskAt('desk', 'replace', home.uid).trim().split('\n').at(-1));
    await house.cards.reader('take another', 'desk');
    const next = { ...home, card: 'another', uid: '5B6C7D8E' };
    await mended(house, next);
    await leave(house, next);
    const said = await house.cards.visit(next);
    assert.equal(said.delta_fen, 2000);
    const stale = await house.cards.visit(home);
    assert.notEqual(stale.result, 'loaded');
    assert.equal(stale.delta_fen, 0);
    await lay(house, home);
    await house.screen.screen('problem', 20000);
    await picture(house, 'replaced');
    await leave(house, home);
  }));

test('wallets, orders, tokens, ledger and meters agree fen for fen', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const sum = await cardAudit(house, { visited: true });
    t.diagnostic(JSON.stringify(sum));
    assert.equal(sum.open, 0);
  }));
