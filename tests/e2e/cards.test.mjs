// SPDX-License-Identifier: Apache-2.0

// Top-ups by card with every real program: a card is laid, paid for by the code on the screen,
// written, and held to its meter. Then everything that can go wrong between the card and the
// reader, at one terminal and at two.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { until, wait } from '../../tools/world/processes.mjs';
import { Client } from '../cards/lib/rig.mjs';
import { rows } from './lib/books.mjs';
import { cardAudit } from './lib/card_books.mjs';
import { paperOf } from './lib/card_paper.mjs';
import { account, clear, ended, holds, isWritten, lay, leave, papers, pay, picture, secondPlace,
  slots, take, toCard, toCode, tokensOf } from './lib/card_way.mjs';
import { readerOf } from './lib/metrics.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { Terminal } from './lib/terminal.mjs';

let second = null;
const box = withHouse({ rooms: 3, buses: 1, cards: 2, terminals: ['kiosk1', 'kiosk2'] },
  async (house) => { second = await secondPlace(house); });

/** A test that finds empty readers and first pages, whatever the one before has left. */
const fresh = (body) => keeping(box, async (t, house) => {
  await clear(house);
  await clear(house, second);
  await body(t, house);
});

/** Hold the card to its meter: it must take exactly this much. */
async function meterTakes(house, home, fen) {
  const said = await house.cards.visit(home);
  assert.equal(said.result, fen === 0 ? 'known' : 'loaded', JSON.stringify(said));
  assert.equal(said.delta_fen, fen);
  assert.equal(said.balance_fen, account(house, home).total_fen);
  return said;
}

/** Counts what a person touches while `body` runs. */
async function counted({ screen }, body) {
  const touchAt = screen.touchAt.bind(screen);
  let touches = 0;
  screen.touchAt = (x, y) => {
    touches += 1;
    return touchAt(x, y);
  };
  try {
    return { result: await body(), touches };
  } finally {
    screen.touchAt = touchAt;
  }
}

test('no program that knows keys leaves a core file', keeping(box, async (t, house) => {
  for (const name of ['cloud', 'kiosk', 'cardd']) {
    const { pid } = house.processes.find(name).child;
    assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /Max core file size +0 +0 /, name);
  }
}));

test('a card is laid, paid for, laid back, written, receipted and loaded', { timeout: 120000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    await picture(house, 'home');
    const { result: code, touches } = await counted(house, async () => {
      await toCard(house, home);
      await picture(house, 'card');
      return toCode(house, { amount: 1, wallet: 'alipay', name: 'card-pay' });
    });
    assert.equal(touches, 2);
    assert.match(code.code, /SIMULATOR/);
    await take(house, home);
    await house.wallet(`pay ${code.code}`);
    await ended(house, code.orderNo, 'card_back');
    await picture(house, 'card-back');
    assert.equal(tokensOf(house, code.orderNo).length, 0);
    await lay(house, home);
    await isWritten(house, code.orderNo);
    await picture(house, 'card-done-lies');
    assert.ok(holds(house, home, code.orderNo));
    assert.match(await paperOf(house, code.orderNo, 'written'), /付款金额 +￥50\.00$/m);
    await take(house, home);
    await picture(house, 'card-done');
    await leave(house, home);
    await meterTakes(house, home, 5000);
  }));

test('the card that lies there all the time is written at once, and the page knows the last load',
  { timeout: 120000 }, fresh(async (t, house) => {
    const [home] = house.cardHomes;
    const orderNo = await pay(house, home, { amount: 2, wallet: 'wechat' });
    await isWritten(house, orderNo);
    await leave(house, home);
    await toCard(house, home);
    await picture(house, 'card-not-loaded');
    await leave(house, home);
    await meterTakes(house, home, 10000);
    await meterTakes(house, home, 0);
    await toCard(house, home);
    await picture(house, 'card-loaded');
    await leave(house, home);
    const { seen_n: seenN, n } = account(house, home);
    assert.equal(seenN, n);
  }));

for (const [nth, how] of [[1, 'before'], [2, 'front k=5'], [4, 'after'], [6, 'random']]) {
  test(`pulled away in write ${nth} of 6 (${how}), laid again: the same token is finished`,
    { timeout: 120000 }, fresh(async (t, house) => {
      const [home] = house.cardHomes;
      await house.cards.reader(`fault tear write=${nth} how=${how}`);
      const orderNo = await pay(house, home, { amount: 0 });
      await ended(house, orderNo, 'card_back');
      await picture(house, `torn-${nth}`);
      const [before] = tokensOf(house, orderNo);
      await lay(house, home);
      await isWritten(house, orderNo);
      assert.deepEqual(tokensOf(house, orderNo).map(({ n, record }) => [n, record]),
        [[before.n, before.record]]);
      assert.ok(holds(house, home, orderNo));
      await leave(house, home);
      await meterTakes(house, home, 2000);
    }));
}

test('pulled away and given up: any terminal finishes it, and nobody pays again',
  { timeout: 180000 }, fresh(async (t, house) => {
    const [home] = house.cardHomes;
    await house.cards.reader('fault tear write=2 how=front k=3');
    const orderNo = await pay(house, home, { amount: 0 });
    await ended(house, orderNo, 'card_back');
    await house.screen.touch('finish');
    await ended(house, orderNo, 'card_owed');
    await paperOf(house, orderNo, 'unsure');
    await picture(house, 'card-owed');
    await leave(house, home);
    const before = rows(house, 'SELECT count(*) AS n FROM pay_order')[0].n;
    await lay(house, home, second);
    await isWritten(house, orderNo, second);
    await picture(house, 'second-done', second);
    assert.equal(rows(house, 'SELECT count(*) AS n FROM pay_order')[0].n, before);
    assert.ok(holds(house, home, orderNo));
    assert.equal(tokensOf(house, orderNo).length, 1);
    await leave(house, home, second);
    await meterTakes(house, home, 2000);
  }));

test('another card comes back: it is not touched, and the right one is finished',
  { timeout: 120000 }, fresh(async (t, house) => {
    const [home, other] = house.cardHomes;
    const orderNo = await pay(house, home, { amount: 0, lifted: true });
    await ended(house, orderNo, 'card_back');
    const image = house.cards.image(other.card);
    await lay(house, other);
    await wait(2500);
    await picture(house, 'other-card');
    assert.equal((await house.screen.report()).screen, 'card_back');
    await take(house, other);
    assert.ok(house.cards.image(other.card).equals(image));
    assert.equal(tokensOf(house, orderNo).length, 0);
    await lay(house, home);
    await isWritten(house, orderNo);
    await leave(house, home);
    await meterTakes(house, home, 2000);
  }));

const PROBLEM_CARD = 11; /* of the screen report: the page says what is wrong with the card */

test('two cards, a phone, a bank card: none is opened, and nothing is written',
  { timeout: 120000 }, fresh(async (t, house) => {
    const [home, other] = house.cardHomes;
    const images = house.cardHomes.map(({ card }) => house.cards.image(card));
    await lay(house, other);
    await lay(house, home);
    await house.screen.screen('card_place', 10000);
    await wait(2500); /* longer than a card alone takes to be opened */
    await picture(house, 'two-cards');
    assert.equal((await house.screen.report()).screen, 'card_place');
    await take(house, other);
    await house.screen.screen('card', 15000);
    await leave(house, home);
    /* A phone may be taken away again; a card of somebody else is a problem that is told. */
    const pages = { phone: ['card_place', 0], bank: ['problem', PROBLEM_CARD] };
    const readings = () => rows(house, 'SELECT count(*) AS n FROM card_reading')[0].n;
    const before = readings();
    for (const [kind, page] of Object.entries(pages)) {
      await house.cards.reader(`new my-${kind} ${kind}`);
      await house.cards.reader(`lay my-${kind}`);
      await house.screen.shows(`no card of ours`, (r) => r.screen === page[0], 15000);
      await wait(2500);
      await picture(house, kind);
      const { screen, problem } = await house.screen.report();
      assert.deepEqual([screen, problem], page, kind);
      await house.cards.reader(`take my-${kind}`);
      await leave(house, home);
    }
    assert.equal(readings(), before); /* they hold nothing that the server would look at */
    house.cardHomes.forEach(({ card }, i) =>
      assert.ok(house.cards.image(card).equals(images[i])));
  }));

/** Another site of the same owner, and an account there on a card that its desk wrote. */
async function elsewhere(house) {
  const stranger = { room: 'e101', card: 'elsewhere', uid: '6B7C8D9E' };
  house.cloudCommand('seed', house.conf('elsewhere.conf', `sites = ( { id = "dongshan";
    name = "东山花园"; company = "先令能源"; service_phone = "400-000-0000"; notice = "";
    amounts_yuan = [20]; amount_min_yuan = "10.00"; amount_max_yuan = "2000.00";
    languages = ["zh-CN"]; receipt_auto = true; sell_to_silent = false;
    terminals = ( { id = "kiosk9"; name = "9 号机"; } );
    rooms = ( { id = "${stranger.room}"; building = "1栋"; unit = "1单元"; label = "101室";
      meter = { id = "m-${stranger.room}"; address = "000099990001"; profile = "card";
        customer_no = "000000300001"; tariff = "flat"; }; } ); } );\n`));
  await house.cards.startReader('desk');
  await house.cards.reader(`new ${stranger.card} classic ${stranger.uid}`, 'desk');
  await house.cards.reader(`lay ${stranger.card}`, 'desk');
  house.cards.deskAt('desk', 'open', `m-${stranger.room}`);
  await house.cards.reader(`take ${stranger.card}`, 'desk');
  return stranger;
}

test('a card of another site: its page, no keys, nothing written, no order', { timeout: 120000 },
  fresh(async (t, house) => {
    const stranger = await elsewhere(house);
    const image = house.cards.image(stranger.card);
    const [orders, readings] = ['pay_order', 'card_reading'].map((table) => () =>
      rows(house, `SELECT count(*) AS n FROM ${table}`)[0].n);
    const before = [orders(), readings()];
    await house.cards.reader('counts reset');
    await lay(house, stranger);
    await house.screen.shows('that it is of another site', (r) => r.screen === 'problem' &&
      r.problem === PROBLEM_CARD && r.card_trouble === 'other_site', 15000);
    await wait(2500);
    await picture(house, 'other-site');
    const { selects, exchanges, writes } = await house.cards.reader('counts');
    assert.ok(selects > 0);
    assert.deepEqual([exchanges, writes], [0, 0], 'it was found, and nobody spoke to it');
    await leave(house, stranger);
    assert.ok(house.cards.image(stranger.card).equals(image));
    assert.deepEqual([orders(), readings()], before);
    const terminal = Terminal.of(house);
    const answers = await Promise.all([stranger, house.cardHomes[0]].map(({ uid }) =>
      terminal.post('/v1/terminal/cards', { client_request_id: randomUUID(), uid, atqa: '0004',
        sak: '08', ats: '', family: 'classic' })));
    terminal.close();
    const [theirs, ours] = answers.map(({ json }) => json);
    assert.deepEqual([theirs.standing, theirs.keys], ['other_site', []]);
    assert.equal(ours.standing, 'ours');
    assert.ok(ours.keys.length > 0);
  }));

test('the reader is unplugged in the middle of a write and comes back', { timeout: 120000 },
  fresh(async (t, house) => {
    const [home] = house.cardHomes;
    await house.cards.reader('fault unplug write=2');
    const orderNo = await pay(house, home, { amount: 0 });
    await ended(house, orderNo, 'card_back');
    await wait(1500);
    await picture(house, 'unplugged');
    await house.cards.reader('plug');
    await take(house, home);
    await wait(4000);
    await picture(house, 'plugged');
    await lay(house, home);
    await isWritten(house, orderNo);
    assert.equal(tokensOf(house, orderNo).length, 1);
    await leave(house, home);
    await meterTakes(house, home, 2000);
  }));

test('a card of older days, put back by a copy: the newest token is written, nothing is paid twice',
  { timeout: 120000 }, fresh(async (t, house) => {
    const [home] = house.cardHomes;
    const old = house.cards.image(home.card);
    const orderNo = await pay(house, home, { amount: 0 });
    await isWritten(house, orderNo);
    await leave(house, home);
    await meterTakes(house, home, 2000);
    house.cards.put(home.card, old);
    await lay(house, home);
    await house.screen.screen('card_done', 30000);
    await wait(500);
    await picture(house, 'repaired');
    assert.ok(holds(house, home, orderNo));
    await leave(house, home);
    await meterTakes(house, home, 0);
  }));

test('a token of another card, copied, is refused as forged, and the operator is told',
  { timeout: 120000 },
  fresh(async (t, house) => {
    const [, home] = house.cardHomes;
    const good = house.cards.image(home.card);
    const forged = Buffer.from(good);
    const from = house.cards.image(house.cardHomes[0].card);
    for (const block of [4, 8]) {
      from.copy(forged, block * 16, block * 16, block * 16 + 48);
    }
    house.cards.put(home.card, forged);
    await lay(house, home);
    await house.screen.shows('a problem with the card', (r) => r.screen === 'problem' &&
      r.problem === PROBLEM_CARD, 15000);
    await picture(house, 'forged');
    const [reading] = rows(house,
      'SELECT uid, verdict FROM card_reading ORDER BY reading_id DESC LIMIT 1');
    assert.equal(reading.verdict, 'bad_mac');
    assert.equal(rows(house, `SELECT count(*) AS n FROM alarm WHERE kind = 'card_odd'
      AND subject = '${reading.uid}'`)[0].n, 1);
    await leave(house, home);
    house.cards.put(home.card, good);
  }));

/** What the driver of the first terminal says of its reader. */
async function driverStatus(house) {
  const driver = new Client(house.cards.socket);
  try {
    return await driver.status();
  } finally {
    driver.close();
  }
}

/** Wait until the operator sees of that reader what its driver counts. */
const countsArrive = (house) => until('the counts of the driver at the operator', async () => {
  const { chip, counts } = await driverStatus(house);
  const seen = await readerOf(house, 'kiosk1');
  return seen.chip === chip && isDeepStrictEqual(seen.events, counts) ? seen : null;
}, 60000, 1000);

test('the reader is away: the first page and the operator are told, the rest works',
  { timeout: 240000 }, keeping(box, async (t, house) => {
    const { chip, counts } = await driverStatus(house);
    assert.match(chip, /^PN532/);
    await house.cards.reader('unplug');
    const offers = ({ targets }) => targets.some(({ action }) => action === 'card');
    await house.screen.shows('no card path', (r) => r.screen === 'home' && !offers(r), 60000);
    await picture(house, 'no-reader');
    const alarmed = () => /^card_reader kiosk1 .* site operator: .*card reader.* chip "PN532/m
      .test(house.cloudCommand('review', 'alarms'));
    await until('the alarm', alarmed, 60000, 1000);
    await house.cards.reader('plug');
    await house.screen.shows('the card path again', (r) => offers(r), 60000);
    await until('the end of the alarm', () => !alarmed(), 30000, 1000);
    const { events } = await countsArrive(house);
    t.diagnostic(JSON.stringify(events));
    assert.ok(events.reopens > counts.reopens, 'it was opened again');
    assert.equal((await readerOf(house, 'kiosk2')).chip, chip);
  }));

test('wallets, orders, tokens, ledger and meters agree fen for fen', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const sum = await cardAudit(house, { visited: true });
    t.diagnostic(JSON.stringify(sum));
    assert.equal(sum.open, 0);
    assert.ok(slots(house, house.cardHomes[1]).every((slot) => /^0+$/.test(slot)));
    assert.equal(papers(house, 'COPY').length, 0);
    assert.equal(sum.meters.tenant1.balance_fen, sum.paid);
    assert.equal(sum.meters.tenant2.balance_fen, 0);
  }));
