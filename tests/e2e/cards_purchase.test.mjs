// SPDX-License-Identifier: Apache-2.0

// Top-ups on purchase cards (Q/GDW 1365) with every real program: one purchase lies on the card,
// and nothing is sold before the meter has loaded it. The card leaves in each round, answers are
// lost, card and programs die, old states and other cards are laid: one purchase each, loaded once,
// and no try of a key is ever used up.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { until, wait } from '../../tools/world/processes.mjs';
import { cardAudit } from './lib/card_books.mjs';
import { account, clear, ended, finished, holds, isWritten, lay, leave, pay, purse,
  secondPlace, take, toCard, tokensOf } from './lib/card_way.mjs';
import { FatedLine, isAsked, isRead, nthRound, roundsOf } from './lib/fated_line.mjs';
import { settled, stateOf } from './lib/journey.mjs';
import { keeping, some, withHouse } from './lib/setup.mjs';

const ROUNDS = 8; /* of a write */

const line = new FatedLine();
let second = null;

const box = withHouse({ rooms: 3, buses: 1, cards: 2, cardMedia: ['cpu', 'classic'],
  terminals: ['kiosk1', 'kiosk2'], kiosk: false }, async (house) => {
  await line.start(house);
  second = await secondPlace(house);
});

after(() => line.close());

const fresh = (body) => keeping(box, async (t, house) => {
  await line.reset();
  await clear(house);
  await clear(house, second);
  await body(t, house);
});

const isFirst = (r) => ['home', 'attract'].includes(r.screen);

/** The meter loads it once, and says so on the card. */
async function meterTakes(house, home, fen) {
  const said = await house.cards.visit(home);
  assert.equal(said.result, fen === 0 ? 'known' : 'loaded', JSON.stringify(said));
  assert.equal(said.delta_fen, fen);
  assert.equal(said.balance_fen, account(house, home).total_fen);
  assert.ok(purse(house, home).answered);
}

function checkTries(house, home) {
  assert.match(house.cards.image(home.card).toString('utf8'), /^tries 5$/m);
}

async function checked(house, home, orderNo, fen) {
  assert.equal(tokensOf(house, orderNo).length, 1);
  assert.ok(holds(house, home, orderNo), JSON.stringify(purse(house, home)));
  await leave(house, home);
  await meterTakes(house, home, fen);
  checkTries(house, home);
}

test('laid, paid for, written in its rounds, and loaded', { timeout: 120000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    const orderNo = await pay(house, home, { amount: 1 });
    await isWritten(house, orderNo);
    assert.deepEqual(purse(house, home).count, 1);
    assert.equal(roundsOf(line), ROUNDS, line.calls.join('\n'));
    await checked(house, home, orderNo, 5000);
    await toCard(house, home);
    await leave(house, home);
    assert.equal(account(house, home).seen_balance_fen, 5000);
    assert.equal(account(house, home).seen_n, 1);
  }));

test('nothing is sold before the meter has loaded the last purchase', { timeout: 120000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    const orderNo = await pay(house, home, { amount: 0 });
    await isWritten(house, orderNo);
    await leave(house, home);
    await house.screen.shows('the first page', isFirst, 90000);
    await lay(house, home);
    await house.screen.shows('a refusal', (r) => r.screen === 'problem', 20000);
    await clear(house);
    await meterTakes(house, home, 2000);
    await toCard(house, home);
    await leave(house, home);
  }));

test('lifted before the payment and laid back', { timeout: 120000 }, fresh(async (t, house) => {
  const [home] = house.cardHomes;
  const orderNo = await pay(house, home, { amount: 0, lifted: true });
  await ended(house, orderNo, 'card_back');
  assert.equal(tokensOf(house, orderNo).length, 0);
  await lay(house, home);
  await isWritten(house, orderNo);
  await checked(house, home, orderNo, 2000);
}));

/** A reader that is unplugged is plugged in again. */
async function plugAgain(house) {
  await until('the reader to go', async () => await line.faults() > 0, 20000, 100);
  await wait(1000);
  await house.cards.reader('plug');
}

/** A write with a fault from the asking for its token on: the purchase is finished. */
const faultAt = (fault) => fresh(async (t, house) => {
  const [home] = house.cardHomes;
  line.faultAt(isAsked, fault);
  const orderNo = await pay(house, home, { amount: 0 });
  await (fault.startsWith('unplug') ? plugAgain(house) : null);
  t.diagnostic(await finished(house, home, orderNo));
  await line.struck();
  await checked(house, home, orderNo, 2000);
});

/* Of the exchanges since the token was asked for, looks of the driver among them: the selection and
 * the card's number, its proof and its files, our proof, and each of the three files. */
const EXCHANGES = [1, 4, 7, 9, 10, 11, 12, 13, 14, 15, 16, 18, 21];

for (const nth of some(EXCHANGES)) {
  test(`pulled away at exchange ${nth}, laid again: the same purchase is finished`,
    { timeout: 120000 }, faultAt(`remove exchange=${nth}`));
}

/* A reader that hangs, loses its power or its plug, a card that answers too late or not at all, and
 * what a serial line does to an answer (cards_sweep.test.mjs tries them everywhere). */
const READER = ['mute NTH ms=1500', 'power-cut NTH', 'power-cut NTH done=1', 'unplug NTH',
  'delay NTH ms=900', 'status NTH value=01', 'cut NTH byte=9', 'drop NTH', 'flip NTH byte=7 bit=2',
  'noise NTH hex=00FF55AA'];

for (const fault of some([4, 12, 16].flatMap((nth) =>
  READER.map((one) => one.replace('NTH', `exchange=${nth}`))))) {
  test(`the reader in a write: ${fault}`, { timeout: 120000 }, faultAt(fault));
}

test('a card that takes its time over every answer is written all the same', { timeout: 120000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    line.faultAt(isAsked, 'delay exchange=1 count=0 ms=150');
    const orderNo = await pay(house, home, { amount: 0 });
    await isWritten(house, orderNo);
    await house.cards.reader('fault clear');
    assert.ok(await line.faults() >= ROUNDS);
    await checked(house, home, orderNo, 2000);
  }));

for (const nth of some([0, 1, 2, 3, 4, 5, 6, 7])) {
  test(nth === 0 ? 'taken and laid back at once in a reading: the page comes all the same'
    : `taken and laid back at once after round ${nth} of a write: written at once`,
  { timeout: 120000 }, fresh(async (t, house) => {
    const [home] = house.cardHomes;
    line.flickAt(nth === 0 ? isRead : nthRound(nth), home);
    if (nth === 0) {
      await toCard(house, home);
      await line.struck(0);
      await leave(house, home);
      return;
    }
    const orderNo = await pay(house, home, { amount: 0 });
    await isWritten(house, orderNo);
    await line.struck(0);
    await checked(house, home, orderNo, 2000);
  }));
}

for (const [nth, how] of some([1, 2, 3].flatMap((file) =>
  ['before', 'after'].map((cut) => [file, cut])))) {
  test(`cut in the write of file ${nth}, ${how} it: the same purchase is finished`,
    { timeout: 120000 }, fresh(async (t, house) => {
      const [home] = house.cardHomes;
      await house.cards.reader(`fault tear write=${nth} how=${how}`);
      const orderNo = await pay(house, home, { amount: 0 });
      await ended(house, orderNo, ['card_back', 'card_owed', 'card_write', 'card_done']);
      await finished(house, home, orderNo);
      await line.struck();
      await checked(house, home, orderNo, 2000);
    }));
}

const FATES = { drop: 'its question is lost', lose: 'its answer is lost', busy: 'a busy server' };

for (const [fate, nth] of some(Array.from({ length: ROUNDS }, (_, i) => i + 1).flatMap((nth) =>
  Object.keys(FATES).map((fate) => [fate, nth])), 2)) {
  test(`round ${nth} of a write, ${FATES[fate]}: told again`, { timeout: 120000 },
    fresh(async (t, house) => {
      const [home] = house.cardHomes;
      line.befalls({ fate, fits: nthRound(nth) });
      const orderNo = await pay(house, home, { amount: 0 });
      await isWritten(house, orderNo);
      await line.struck(0);
      assert.equal(roundsOf(line), ROUNDS + 1);
      await checked(house, home, orderNo, 2000);
    }));
}

for (const nth of some([2, 4, 6, 7])) {
  test(`the server dies at round ${nth}: a new laying finishes the same purchase`,
    { timeout: 180000 }, fresh(async (t, house) => {
      const [home] = house.cardHomes;
      const alive = line.serverDiesAt(nthRound(nth));
      const orderNo = await pay(house, home, { amount: 0 });
      await alive();
      t.diagnostic(await finished(house, home, orderNo));
      await line.struck(0);
      await checked(house, home, orderNo, 2000);
    }));
}

test('the card driver is killed in the middle', { timeout: 180000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    line.driverDiesAt(nthRound(4));
    const orderNo = await pay(house, home, { amount: 0 });
    t.diagnostic(await finished(house, home, orderNo));
    await line.struck(0);
    await checked(house, home, orderNo, 2000);
  }));

for (const fault of some(['tear write=1 how=before', 'tear write=2 how=before',
  'tear write=3 how=before', 'tear write=3 how=after', 'remove exchange=20'])) {
  test(`cut here (${fault}), finished at another terminal`, { timeout: 180000 },
    fresh(async (t, house) => {
      const [home] = house.cardHomes;
      line.faultAt(isAsked, fault);
      const orderNo = await pay(house, home, { amount: 0 });
      await ended(house, orderNo, 'card_back');
      await line.struck();
      await take(house, home);
      await second.screen.shows('the first page', isFirst, 90000);
      await lay(house, home, second);
      await settled(house, orderNo, 'DONE', 60000);
      assert.equal(tokensOf(house, orderNo).length, 1);
      assert.ok(holds(house, home, orderNo));
      await leave(house, home, second);
      await meterTakes(house, home, 2000);
      checkTries(house, home);
    }));
}

test('another card is laid in the middle, and then the right one', { timeout: 180000 },
  fresh(async (t, house) => {
    const [home, other] = house.cardHomes;
    await house.cards.reader('fault tear write=1 how=before');
    const orderNo = await pay(house, home, { amount: 0 });
    await ended(house, orderNo, 'card_back');
    await line.struck();
    await take(house, home);
    await lay(house, other);
    await wait(4000);
    assert.equal(stateOf(house, orderNo), 'CREDITING');
    await take(house, other);
    await lay(house, home);
    await settled(house, orderNo, 'DONE', 60000);
    await checked(house, home, orderNo, 2000);
  }));

test('old states of a card give nothing', { timeout: 180000 }, fresh(async (t, house) => {
  const [home] = house.cardHomes;
  const old = house.cards.image(home.card);
  const orderNo = await pay(house, home, { amount: 0 });
  await isWritten(house, orderNo);
  await leave(house, home);
  /* What it held before: written again at once, and the meter loads it once. */
  house.cards.put(home.card, old);
  await house.screen.shows('the first page', isFirst, 90000);
  await lay(house, home);
  await until('the purchase to be on it', () => holds(house, home, orderNo), 30000, 200);
  await leave(house, home);
  await meterTakes(house, home, 2000);
  await toCard(house, home);
  await leave(house, home);
  /* The state before once more, now that the meter's answer was heard: nothing is owed. */
  const whole = house.cards.image(home.card);
  house.cards.put(home.card, old);
  await toCard(house, home);
  await leave(house, home);
  house.cards.put(home.card, whole);
  assert.equal(tokensOf(house, orderNo).length, 1);
  checkTries(house, home);
}));

test('the books agree', { timeout: 60000 }, keeping(box, async (t, house) => {
  await clear(house);
  await wait(1000);
  await cardAudit(house);
}));
