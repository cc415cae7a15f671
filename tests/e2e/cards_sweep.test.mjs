// SPDX-License-Identifier: Apache-2.0

// Cards that the server speaks to (DESFire, purchase cards), torn away or failed by their reader at
// every exchange and every write between laying and proof: real server, drivers, readers and
// meters; the terminals only carry, try once, and give up. After each: nothing changed that is said
// not to have, nothing is called written that is not, and laying the card once more, here or at
// another terminal, leaves one purchase on it, which the meter takes once.
//
// Every place takes a while, so an ordinary run draws from them by the seed: SHILLING_ALL=1 visits
// all, in a quarter of an hour.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test, { after } from 'node:test';
import { PERSONS } from '../../tools/world/cards.mjs';
import { until } from '../../tools/world/processes.mjs';
import { rows } from './lib/books.mjs';
import { cardAudit } from './lib/card_books.mjs';
import { account, holds, purse, slots, tokensOf } from './lib/card_way.mjs';
import { Courier } from './lib/courier.mjs';
import { stateOf } from './lib/journey.mjs';
import { ALL, keeping, SEED, some, stream, withHouse } from './lib/setup.mjs';

const MEDIA = ['desfire', 'cpu'];
const LANES = ALL ? 3 : 2; /* of each kind at a time: nearly all of it is waiting */
const FEN = [1000, 2300]; /* in turn, so that an old wallet is told from a new one */
const WRITES = { desfire: 1, cpu: 3 };
const WALLET = 3; /* the last file of a purchase card that is written */
const LOOKS = 2; /* of a driver that asks whether the card is still there, which count, too */
const STRUCK_MS = 3000;
const PAIRS = 40; /* of faults, for each kind of card */

const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

const lanes = []; /* {home, courier, bought} */
let elsewhere = null;
let queue = Promise.resolve(); /* for the terminal elsewhere */
const exchanges = {}; /* from laying to proof, by kind of card */

const box = withHouse({ rooms: 3, buses: 1, cards: MEDIA.length * LANES, kiosk: false,
  printer: false, cardMedia: MEDIA.flatMap((media) => range(1, LANES).map(() => media)),
  terminals: range(0, MEDIA.length * LANES).map((i) => `kiosk${i + 1}`) }, async (house) => {
  const couriers = await Promise.all(house.options.terminals.map((_, i) =>
    Courier.start(house, i)));
  elsewhere = couriers.pop();
  couriers.forEach((courier, i) =>
    lanes.push({ courier, home: house.cardHomes[i], bought: 0 }));
  await Promise.all(MEDIA.map(async (media) => {
    exchanges[media] = await measured(house, lanes.find(({ home }) => home.media === media));
  }));
});

after(() => [elsewhere, ...lanes.map(({ courier }) => courier)].forEach((one) => one?.close()));

const imageOf = (house, home) => house.cards.image(home.card).toString('utf8');

const fenOf = ({ bought }) => FEN[bought % FEN.length];

/** A purchase that is paid; the card waits to be laid. */
const buy = (lane) => lane.courier.buy(lane.home, fenOf(lane));

/** A presentation that nothing disturbs, and how many exchanges it takes. */
async function measured(house, lane) {
  const { courier, home } = lane;
  const orderNo = await buy(lane);
  const { written } = await courier.present(home.card,
    { begun: () => courier.say('counts reset') });
  const counts = await courier.say('counts');
  assert.equal(written, 'written');
  assert.equal(counts.writes, WRITES[home.media]);
  await loaded(house, lane, orderNo);
  return counts.exchanges;
}

/** The one purchase is on the card, and its meter takes it once. */
async function loaded(house, lane, orderNo) {
  const { courier, home } = lane;
  assert.equal(stateOf(house, orderNo), 'DONE');
  assert.equal(tokensOf(house, orderNo).length, 1);
  assert.ok(holds(house, home, orderNo), home.media === 'cpu'
    ? JSON.stringify(purse(house, home)) : slots(house, home).join());
  await courier.mend();
  const said = await house.cards.visit(home);
  assert.equal(said.result, 'loaded', JSON.stringify(said));
  assert.equal(said.delta_fen, fenOf(lane));
  assert.equal(said.balance_fen, account(house, home).total_fen);
  lane.bought += 1;
}

/** Looks at the card's bytes after each round: only one that may change them has. */
function watcher(house, home) {
  let last = imageOf(house, home);
  return ({ signed, outcome, error }) => {
    const now = imageOf(house, home);
    if (!signed || outcome === 'not_done') {
      assert.ok(now === last, `changed, ${signed ? '' : 'un'}signed, ${outcome} ${error}`);
    }
    last = now;
  };
}

const struck = (courier) => until('the fault to strike', async () =>
  (await courier.say('counts')).faults_hit === 1, STRUCK_MS, 50);

/** The terminal elsewhere has one place, and is asked for by turns. */
function byTurns(body) {
  const turn = queue.then(body, body);
  queue = turn.catch(() => null);
  return turn;
}

/** A presentation with a fault, which must strike unless it may come too late: what came of it. */
async function disturbed(house, { courier, home }, orderNo, fault, mayBeLate = false) {
  const begun = async () => {
    await courier.say('counts reset');
    await courier.say(`fault ${fault}`);
  };
  const { written } = await courier.present(home.card,
    { begun, watch: watcher(house, home) });
  await (mayBeLate ? null : struck(courier));
  if (written === 'written' || stateOf(house, orderNo) === 'DONE') {
    assert.ok(holds(house, home, orderNo), 'called written, and is not');
    assert.equal(stateOf(house, orderNo), 'DONE');
  }
  await courier.mend();
  return written ?? 'broken off';
}

/** One without a fault, here or elsewhere. */
async function again(house, { courier, home }, orderNo, away) {
  const token = tokensOf(house, orderNo)[0];
  const { view, written } = away
    ? await byTurns(() => elsewhere.present(home.card).finally(() => elsewhere.mend()))
    : await courier.present(home.card);
  assert.ok(view, `the card could not be read: ${(away ? elsewhere : courier).said}`);
  assert.ok(written === null || written === 'written', written);
  const [now] = tokensOf(house, orderNo);
  assert.ok(token === undefined || (now.n === token.n && now.record === token.record));
  return view;
}

/** One history: a purchase with a fault, then a presentation that must finish it. */
async function live(house, lane, { fault, away }) {
  const orderNo = await buy(lane);
  const said = await disturbed(house, lane, orderNo, fault);
  await again(house, lane, orderNo, away);
  await loaded(house, lane, orderNo);
  return said;
}

/** The same with a second fault in the next presentation, which may be shorter. */
async function liveTwice(house, lane, { fault, away }) {
  const orderNo = await buy(lane);
  const [first, then] = fault.split(' + ');
  await disturbed(house, lane, orderNo, first);
  const said = await disturbed(house, lane, orderNo, then, true);
  await again(house, lane, orderNo, away);
  await loaded(house, lane, orderNo);
  return said;
}

/** Visit all places, each on a card of its kind, as many at a time as there are lanes. */
async function visit(t, house, places, of, life = live) {
  const draw = stream(SEED + places.length);
  const left = places.map((place) => ({ ...place, away: draw(4) === 0 }));
  const begun = Date.now();
  const said = {};
  const ends = await Promise.allSettled(lanes.map(async (lane) => {
    for (;;) {
      const next = left.findIndex(({ media }) => media === lane.home.media);
      if (next < 0) {
        return;
      }
      const [place] = left.splice(next, 1);
      const how = await life(house, lane, place).catch((error) => {
        left.length = 0;
        error.message = `${place.media}, ${place.fault}, ` +
          `${place.away ? 'elsewhere' : 'here'}: ${error.message}`;
        throw error;
      });
      said[how] = (said[how] ?? 0) + 1;
    }
  }));
  const failed = ends.find(({ status }) => status === 'rejected');
  if (failed) {
    throw failed.reason;
  }
  t.diagnostic(`${places.length} of ${of} places in ${Math.round((Date.now() - begun) / 1000)} ` +
    `s, 0 violations: ${JSON.stringify(said)} (SHILLING_SEED=${SEED})`);
}

/** A sweep: of `all` places some, so many of each kind of card. */
const sweep = (what, all, count, life) => test(what, { timeout: 7200000 }, keeping(box,
  async (t, house) => {
    const places = MEDIA.flatMap((media) =>
      some(all(media), count(media)).map((fault) => ({ media, fault })));
    t.diagnostic(`${JSON.stringify(exchanges)} exchanges`);
    await visit(t, house, places, MEDIA.flatMap(all).length, life);
  }));

/** Each of these faults at each exchange. */
const everywhere = (faults) => (media) => range(1, exchanges[media] + LOOKS).flatMap((n) =>
  faults.map((fault) => fault.replace(/^\S+/, (kind) => `${kind} exchange=${n}`)));

const torn = (hows, writes) => (media) => writes.filter((n) => n <= WRITES[media])
  .flatMap((n) => hows.map((how) => `tear write=${n} how=${how}`));

const ofCard = everywhere(['remove', 'lose', ...['01', '02', '05', '13', '14', '27'].map((hex) =>
  `status value=${hex}`)]);
const ofReader = everywhere(['mute ms=1500', 'power-cut', 'power-cut done=1', 'unplug',
  'status value=80', 'cut byte=9', 'drop', 'flip byte=7 bit=2', 'noise hex=00FF55AA']);
const ofWrites = torn(['before', 'after', 'before stay=1', 'after stay=1'], [1, 2, WALLET]);

sweep('every exchange: the card goes, its answer is lost, the chip says something else', ofCard,
  () => 4);

sweep('every exchange: the reader hangs, loses its power, is unplugged, its line is disturbed',
  ofReader, () => 4);

sweep('every write: torn before it and after it', ofWrites, (media) => WRITES[media]);

/** Pairs of faults, drawn. */
function pairs(media) {
  const all = [...ofCard(media), ...ofReader(media), ...ofWrites(media)];
  const draw = stream(SEED + all.length);
  return range(1, PAIRS).map(() => `${all[draw(all.length)]} + ${all[draw(all.length)]}`);
}

sweep('disturbed, and disturbed again when it is laid once more', pairs, () => 2, liveTwice);

/* A commit of DESFire is whole or not there. Purchase cards promise the same of each file: what if
 * one does not keep it? */
const PARTS = ['zeros', 'ones', ...range(1, 4).map(() => 'random'),
  ...range(1, 7).map((k) => `front k=${k}`), ...range(1, 7).map((k) => `back k=${k}`)];
const ofPurchase = (all) => (media) => (media === 'cpu' ? all(media) : []);

sweep('settings and answer of a purchase card, written in part',
  ofPurchase(torn(PARTS, [1, 2])), () => 2);

/** Whether nobody knows what a meter would take from this wallet. */
function isDoubtful(house, home, orderNo) {
  const [token] = tokensOf(house, orderNo);
  const { amount_fen: fen, count } = purse(house, home);
  return count > token.n || (count === token.n && fen !== token.amount_fen);
}

/** A wallet that was written in part is finished, or refused; then people see to it. */
async function liveTorn(house, lane, { fault, away }) {
  const { courier, home } = lane;
  const before = house.cards.image(home.card);
  const orderNo = await buy(lane);
  await disturbed(house, lane, orderNo, fault);
  const isUnknown = isDoubtful(house, home, orderNo);
  const view = await again(house, lane, orderNo, away);
  if (isUnknown) {
    assert.deepEqual([view.state, view.reason], ['refused', 'not_ours']);
    assert.equal(stateOf(house, orderNo), 'REVIEW');
    await courier.mend();
    house.cards.put(home.card, before); /* they have given it back its old state */
    await again(house, lane, orderNo, false);
    assert.equal(stateOf(house, orderNo), 'REVIEW', 'nobody has decided');
    settle(house, orderNo);
  }
  await loaded(house, lane, orderNo);
  return isUnknown ? 'people decide' : 'laid again';
}

/** What the card has proved is the first signature of two. */
function settle(house, orderNo) {
  const [[name, password]] = Object.entries(PERSONS);
  const said = execFileSync(house.program('shilling-cloud'), ['--config',
    house.path('conf', 'cloud.conf'), 'review', 'settle', orderNo, name, 'done'],
  { encoding: 'utf8', input: `${password}\n` });
  assert.match(said, /settled/);
}

sweep('the wallet of a purchase card, written in part: finished, or before people',
  ofPurchase(torn(PARTS, [WALLET])), () => 2, liveTorn);

test('the books agree', { timeout: 600000 }, keeping(box, async (t, house) => {
  const sum = await cardAudit(house, { visited: true });
  assert.equal(sum.open, 0);
  assert.equal(sum.refunded, 0);
  assert.equal(sum.paid, sum.credited);
  assert.equal(rows(house, "SELECT 1 FROM card WHERE state <> 'open'").length, 0);
  lanes.filter(({ home }) => home.media === 'cpu').forEach(({ home }) =>
    assert.match(imageOf(house, home), /^tries 5$/m));
}));
