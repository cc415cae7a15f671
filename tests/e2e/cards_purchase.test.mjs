// SPDX-License-Identifier: Apache-2.0

// Top-ups on purchase cards (Q/GDW 1365) with every real program: one purchase lies on the card,
// and nothing is sold before the meter has loaded it. The card leaves in each round, answers are
// lost, card and programs die, old states and other cards are laid: one purchase each, loaded once,
// and no try of a key is ever used up.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test, { after } from 'node:test';
import { listens, until, wait } from '../../tools/world/processes.mjs';
import { cardAudit } from './lib/card_books.mjs';
import { account, clear, ended, finished, holds, isWritten, lay, leave, pay, purse, secondPlace,
  take, toCard, tokensOf } from './lib/card_way.mjs';
import { settled, stateOf } from './lib/journey.mjs';
import { record } from './lib/recorder.mjs';
import { keeping, some, withHouse } from './lib/setup.mjs';

const ROUNDS = 8; /* of a write */

let line = null; /* between the first kiosk and the cloud */
let calls = []; /* what went over it */
let unlucky = null; /* what befalls the next call that it is for: {fate, fits(call)} */
let second = null;

function fateOf(call) {
  calls.push(`${call.method} ${call.path}`);
  if (unlucky === null || !unlucky.fits(call)) {
    return 'pass';
  }
  const { fate } = unlucky;
  unlucky = null;
  return fate;
}

const box = withHouse({ rooms: 3, buses: 1, cards: 2, cardMedia: ['cpu', 'classic'],
  terminals: ['kiosk1', 'kiosk2'], kiosk: false }, async (house) => {
  line = await record(house, () => {}, fateOf);
  const direct = house.options.terminalPort;
  house.options.terminalPort = line.port;
  await house.startKiosk();
  house.options.terminalPort = direct;
  second = await secondPlace(house);
});

after(() => line?.close());

const fresh = (body) => keeping(box, async (t, house) => {
  unlucky = null;
  calls = [];
  await clear(house);
  await clear(house, second);
  await body(t, house);
});

const isFirst = (r) => ['home', 'attract'].includes(r.screen);
const isRound = ({ path }) => path.endsWith('/card/round');

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
    const rounds = calls.filter((call) => call.endsWith('/card/round'));
    assert.equal(rounds.length, ROUNDS, calls.join('\n'));
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

/* Of the exchanges since the token was asked for, looks of the driver among them: the selection and
 * the card's number, its proof and its files, our proof, and each of the three files. */
for (const nth of some([1, 4, 7, 9, 10, 11, 12, 13, 14, 15, 16, 18, 21], 2)) {
  test(`pulled away at exchange ${nth}, laid again: the same purchase is finished`,
    { timeout: 120000 }, fresh(async (t, house) => {
      const [home] = house.cardHomes;
      const asked = new Promise((resolve) => {
        unlucky = { fate: 'pass', fits: (call) => {
          const fits = /\/orders\/[^/]+\/card$/.test(call.path);
          if (fits) {
            resolve(house.cards.reader(`fault remove exchange=${nth}`));
          }
          return fits;
        } };
      });
      const orderNo = await pay(house, home, { amount: 0 });
      await asked;
      t.diagnostic(await finished(house, home, orderNo));
      await checked(house, home, orderNo, 2000);
    }));
}

for (const nth of some([1, 2, 3])) {
  for (const [how, now] of [['before', 'not'], ['after', 'already']]) {
    test(`cut in the write of file ${nth}, ${now} written: the same purchase is finished`,
      { timeout: 120000 }, fresh(async (t, house) => {
        const [home] = house.cardHomes;
        await house.cards.reader(`fault tear write=${nth} how=${how}`);
        const orderNo = await pay(house, home, { amount: 0 });
        await ended(house, orderNo, ['card_back', 'card_owed', 'card_write', 'card_done']);
        await finished(house, home, orderNo);
        await checked(house, home, orderNo, 2000);
      }));
  }
}

for (const [fate, what] of [['drop', 'question'], ['lose', 'answer']]) {
  for (const nth of some(Array.from({ length: ROUNDS }, (_, round) => round + 1))) {
    test(`the ${what} of round ${nth} is lost`, { timeout: 120000 },
      fresh(async (t, house) => {
        const [home] = house.cardHomes;
        let seen = 0;
        unlucky = { fate, fits: (call) => isRound(call) && ++seen === nth };
        const orderNo = await pay(house, home, { amount: 0 });
        t.diagnostic(await finished(house, home, orderNo));
        await checked(house, home, orderNo, 2000);
      }));
  }
}

for (const nth of some([2, 4, 6, 7])) {
  test(`the server dies at round ${nth}: a new laying finishes the same purchase`,
    { timeout: 180000 }, fresh(async (t, house) => {
      const [home] = house.cardHomes;
      let seen = 0;
      let died = null;
      unlucky = { fate: 'drop', fits: (call) => {
        seen += isRound(call) ? 1 : 0;
        if (seen === nth && died === null) {
          died = house.processes.restart('cloud', 'SIGKILL');
          return true;
        }
        return false;
      } };
      const orderNo = await pay(house, home, { amount: 0 });
      await until('the server to die', () => died, 30000, 50);
      await died;
      await until('the cloud to listen again', () => listens(house.ports.terminals), 30000);
      t.diagnostic(await finished(house, home, orderNo));
      await checked(house, home, orderNo, 2000);
    }));
}

test('the card driver is killed in the middle', { timeout: 180000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    let seen = 0;
    unlucky = { fate: 'pass', fits: (call) => {
      seen += isRound(call) ? 1 : 0;
      if (seen === 4 && isRound(call)) {
        rmSync(house.cards.socket, { force: true });
        house.processes.restart('cardd', 'SIGKILL').catch(() => null);
        return true;
      }
      return false;
    } };
    const orderNo = await pay(house, home, { amount: 0 });
    t.diagnostic(await finished(house, home, orderNo));
    await checked(house, home, orderNo, 2000);
  }));

test('cut here, finished at another terminal', { timeout: 180000 }, fresh(async (t, house) => {
  const [home] = house.cardHomes;
  await house.cards.reader('fault tear write=2 how=before');
  const orderNo = await pay(house, home, { amount: 0 });
  await ended(house, orderNo, 'card_back');
  await take(house, home);
  await second.screen.shows('the first page', isFirst, 90000);
  await lay(house, home, second);
  await settled(house, orderNo, 'DONE', 60000);
  assert.ok(holds(house, home, orderNo));
  await leave(house, home, second);
  await meterTakes(house, home, 2000);
}));

test('another card is laid in the middle, and then the right one', { timeout: 180000 },
  fresh(async (t, house) => {
    const [home, other] = house.cardHomes;
    await house.cards.reader('fault tear write=1 how=before');
    const orderNo = await pay(house, home, { amount: 0 });
    await ended(house, orderNo, 'card_back');
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
