// SPDX-License-Identifier: Apache-2.0

// Top-ups on DESFire cards with every real program: the server speaks to the card, terminal and
// card driver carry its bytes. The card leaves before and in each round, answers are lost, card and
// programs die: the same token is finished, and the meter takes it once.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { until, wait } from '../../tools/world/processes.mjs';
import { cardAudit } from './lib/card_books.mjs';
import { account, clear, ended, finished, holds, isWritten, lay, leave, paper, pay,
  secondPlace, slots, toCard, tokensOf } from './lib/card_way.mjs';
import { FatedLine, isAsked, isLaid, isRead, isRound, nthRound, roundsOf }
  from './lib/fated_line.mjs';
import { settled } from './lib/journey.mjs';
import { keeping, some, withHouse } from './lib/setup.mjs';

const line = new FatedLine();
let second = null;

const box = withHouse({ rooms: 3, buses: 1, cards: 2, cardMedia: ['desfire', 'classic'],
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

const OUR_KEYS = /^key 01 [0-9A-Fa-f]{32}$/gm; /* of a card's application */
const isFirst = (r) => ['home', 'attract'].includes(r.screen);

/** Whatever happened: one token, on the card in the end, and the meter takes it once. */
async function meterTakes(house, home, fen) {
  const said = await house.cards.visit(home);
  assert.equal(said.result, fen === 0 ? 'known' : 'loaded', JSON.stringify(said));
  assert.equal(said.delta_fen, fen);
  assert.equal(said.balance_fen, account(house, home).total_fen);
}

async function checked(house, home, orderNo, fen) {
  assert.equal(tokensOf(house, orderNo).length, 1);
  assert.ok(holds(house, home, orderNo), slots(house, home).join());
  await leave(house, home);
  await meterTakes(house, home, fen);
}

test('laid, paid for, written in five rounds, and loaded', { timeout: 120000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    const orderNo = await pay(house, home, { amount: 1 });
    await isWritten(house, orderNo);
    assert.ok(holds(house, home, orderNo));
    assert.equal(roundsOf(line), 5, line.calls.join('\n'));
    await leave(house, home);
    await meterTakes(house, home, 5000);
    await toCard(house, home);
    await leave(house, home);
    assert.equal(account(house, home).seen_balance_fen, 5000);
    assert.equal(account(house, home).seen_n, 1);
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

/* Of the exchanges since the token was asked for, looks of the driver among them: 1 and 2 select
 * and challenge, 3 and 4 prove and look, 5 to 7 write and commit, 8 to 11 are the proof. */
for (const nth of some([1, 3, 4, 5, 6, 7, 8, 10], 2)) {
  test(`pulled away at exchange ${nth}, laid again: the same token is finished`,
    { timeout: 120000 }, fresh(async (t, house) => {
      const [home] = house.cardHomes;
      line.faultAt(isAsked, `remove exchange=${nth}`);
      const orderNo = await pay(house, home, { amount: 0 });
      const how = await finished(house, home, orderNo);
      t.diagnostic(how);
      await line.struck();
      await checked(house, home, orderNo, 2000);
    }));
}

/* The card lies there and is sound: nobody is asked to do anything, and nothing is called damaged.
 * "lose": the card has done what it was told. */
const air = (kind, nth) => `${kind} exchange=${nth}${kind === 'status' ? ' value=02' : ''}`;
for (const kind of ['status', 'lose']) {
  for (const nth of some([1, 3, 5, 7, 10])) {
    test(`${kind} at exchange ${nth} of a write: written at once`,
      { timeout: 120000 }, fresh(async (t, house) => {
        const [home] = house.cardHomes;
        line.faultAt(isAsked, air(kind, nth));
        const orderNo = await pay(house, home, { amount: 0 });
        await isWritten(house, orderNo);
        await line.struck();
        await checked(house, home, orderNo, 2000);
      }));
  }
  for (const nth of some([1, 2, 3, 4])) {
    test(`${kind} at exchange ${nth} of a reading: the card's page comes all the same`,
      { timeout: 120000 }, fresh(async (t, house) => {
        const [home] = house.cardHomes;
        line.faultAt(isLaid, air(kind, nth));
        await toCard(house, home);
        await line.struck();
        await leave(house, home);
      }));
  }
}

test('taken and laid back at once in a reading: the card\'s page comes all the same',
  { timeout: 120000 }, fresh(async (t, house) => {
    const [home] = house.cardHomes;
    line.flickAt(isRead, home);
    await toCard(house, home);
    await line.struck(0);
    await leave(house, home);
  }));

for (const nth of some([1, 3, 4])) {
  test(`taken and laid back at once after round ${nth} of a write: written at once`,
    { timeout: 120000 }, fresh(async (t, house) => {
      const [home] = house.cardHomes;
      line.flickAt(nthRound(nth), home);
      const orderNo = await pay(house, home, { amount: 0 });
      await isWritten(house, orderNo);
      await line.struck(0);
      await checked(house, home, orderNo, 2000);
    }));
}

for (const nth of some([1, 3, 5])) {
  test(`the server is busy at round ${nth}: told again, written at once`, { timeout: 120000 },
    fresh(async (t, house) => {
      const [home] = house.cardHomes;
      line.befalls({ fate: 'busy', fits: nthRound(nth) });
      const orderNo = await pay(house, home, { amount: 0 });
      await isWritten(house, orderNo);
      await line.struck(0);
      assert.equal(roundsOf(line), 6);
      await checked(house, home, orderNo, 2000);
    }));
}

test('the line breaks for good after the write: page and slip do not say that it is not there',
  { timeout: 180000 }, fresh(async (t, house) => {
    const [home] = house.cardHomes;
    let seen = 0;
    line.befalls({ fate: 'drop', always: true, fits: (call) => {
      seen += isRound(call) ? 1 : 0;
      return seen > 3 && (isRound(call) || isLaid(call) || call.path.endsWith('/card/written'));
    } });
    const orderNo = await pay(house, home, { amount: 0 });
    await ended(house, orderNo, 'card_owed', undefined, 90000);
    const slip = await paper(house, orderNo, (text) => text.includes('凭条'));
    assert.match(slip.text, /写卡待确认凭条/);
    assert.doesNotMatch(slip.text, /未写卡/);
    assert.ok(seen > 3);
    line.befalls(null);
    t.diagnostic(await finished(house, home, orderNo));
    await checked(house, home, orderNo, 2000);
  }));

for (const [how, now] of some([['before', 'not'], ['after', 'already']])) {
  test(`cut in the commit itself, ${now} written: the same token is finished`,
    { timeout: 120000 }, fresh(async (t, house) => {
      const [home] = house.cardHomes;
      await house.cards.reader(`fault tear write=1 how=${how}`);
      const orderNo = await pay(house, home, { amount: 0 });
      await ended(house, orderNo, ['card_back', 'card_owed', 'card_write']);
      const [before] = await until('its token', () => tokensOf(house, orderNo)[0] &&
        tokensOf(house, orderNo), 20000);
      await finished(house, home, orderNo);
      assert.deepEqual(tokensOf(house, orderNo).map(({ n, record: bytes }) => [n, bytes]),
        [[before.n, before.record]]);
      await line.struck();
      await checked(house, home, orderNo, 2000);
    }));
}

for (const [fate, what] of [['drop', 'question'], ['lose', 'answer']]) {
  for (const nth of some([1, 3, 5])) {
    test(`the ${what} of round ${nth} is lost`, { timeout: 120000 },
      fresh(async (t, house) => {
        const [home] = house.cardHomes;
        line.befalls({ fate, fits: nthRound(nth) });
        const orderNo = await pay(house, home, { amount: 0 });
        t.diagnostic(await finished(house, home, orderNo));
        await line.struck(0);
        await checked(house, home, orderNo, 2000);
      }));
  }
}

test('the server dies between two rounds: a new laying finishes the same token',
  { timeout: 180000 }, fresh(async (t, house) => {
    const [home] = house.cardHomes;
    const alive = line.serverDiesAt(nthRound(3));
    const orderNo = await pay(house, home, { amount: 0 });
    await alive();
    t.diagnostic(await finished(house, home, orderNo));
    await line.struck(0);
    await checked(house, home, orderNo, 2000);
  }));

test('the card driver is killed in the middle', { timeout: 180000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    line.driverDiesAt(nthRound(2));
    const orderNo = await pay(house, home, { amount: 0 });
    t.diagnostic(await finished(house, home, orderNo));
    await line.struck(0);
    await checked(house, home, orderNo, 2000);
  }));

test('cut here, finished at another terminal', { timeout: 180000 }, fresh(async (t, house) => {
  const [home] = house.cardHomes;
  await house.cards.reader('fault tear write=1 how=before');
  const orderNo = await pay(house, home, { amount: 0 });
  await ended(house, orderNo, 'card_back');
  const [before] = tokensOf(house, orderNo);
  await line.struck();
  await second.screen.shows('the first page', isFirst, 90000);
  await lay(house, home, second);
  await settled(house, orderNo, 'DONE', 60000);
  assert.deepEqual(tokensOf(house, orderNo).map(({ n, record: bytes }) => [n, bytes]),
    [[before.n, before.record]]);
  assert.ok(holds(house, home, orderNo));
  await leave(house, home, second);
  await meterTakes(house, home, 2000);
}));

test('another card with this number, or an old state of it, gives nothing', { timeout: 180000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    const old = house.cards.image(home.card);
    const orderNo = await pay(house, home, { amount: 0 });
    await isWritten(house, orderNo);
    await leave(house, home);
    const whole = house.cards.image(home.card);
    /* What it held before: written again at once, and the meter takes it once. */
    house.cards.put(home.card, old);
    await house.screen.shows('the first page', isFirst, 90000);
    await lay(house, home);
    await until('the token to be on it', () => holds(house, home, orderNo), 30000, 200);
    await leave(house, home);
    await meterTakes(house, home, 2000);
    /* A card of this number that has not got our keys. */
    const kept = house.cards.image(home.card);
    house.cards.put(home.card, Buffer.from(kept.toString('utf8')
      .replace(OUR_KEYS, 'key 01 00112233445566778899AABBCCDDEEFF')));
    await house.screen.shows('the first page', isFirst, 90000);
    await lay(house, home);
    await house.screen.shows('a refusal', (r) => r.screen === 'problem', 20000);
    house.cards.put(home.card, whole);
    await clear(house);
    house.cards.put(home.card, kept);
    assert.equal(tokensOf(house, orderNo).length, 1);
  }));

test('the books agree', { timeout: 60000 }, keeping(box, async (t, house) => {
  await clear(house);
  await wait(1000);
  await cardAudit(house);
}));
