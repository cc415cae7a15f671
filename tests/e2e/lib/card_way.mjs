// SPDX-License-Identifier: Apache-2.0

// A tenant's way with a card: laid on the emulated reader, paid for at the screen, written, taken
// to the meter. A place is one terminal: {screen, reader}; the house's own is the first.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { until, wait } from '../../../tools/world/processes.mjs';
import { rows } from './books.mjs';
import { settled, stateOf } from './journey.mjs';

const WALLETS = { alipay: 1, wechat: 2 };
const RESULTS = ['card_done', 'card_owed', 'card_back'];

export const firstPlace = (house) => ({ screen: house.screen, reader: 'reader' });

/** A second terminal: its own display, reader, driver and kiosk; the same drawer of cards. */
export async function secondPlace(house) {
  const socket = house.path('run', 'cardd2.sock');
  await house.cards.startReader('reader2');
  await house.cards.startDriver({ id: 'kiosk2', name: 'cardd2', reader: 'reader2', socket });
  const screen = await house.runKiosk('kiosk2', { name: 'kiosk2', carddSocket: socket,
    display: await house.newDisplay('xvfb2') });
  return { screen, reader: 'reader2' };
}

export const lay = (house, home, { reader } = firstPlace(house)) =>
  house.cards.reader(`lay ${home.card}`, reader);

const GONE_MS = 2000; /* a driver that looks once a second is sure of it after 1.75 s */

/** Take the card away, if it lies there, and wait until everybody knows. */
export async function take(house, home, { reader } = firstPlace(house)) {
  await house.cards.reader(`take ${home.card}`, reader).catch(() => null);
  await wait(GONE_MS);
}

/** Whatever an earlier test has left on a reader or in it is gone. */
export async function clear(house, place = firstPlace(house)) {
  await house.cards.reader('fault clear', place.reader);
  await house.cards.reader('take', place.reader).catch(() => null);
  await wait(GONE_MS);
  await toFirst(place);
}

/** Every screen on the way as a picture, for people. */
export const picture = (house, name, { screen } = firstPlace(house)) =>
  screen.picture(house.path('pictures', `${name}.png`));

/** From the first page to the page of the tenant's card. */
export async function toCard(house, home, place = firstPlace(house)) {
  await place.screen.shows('the first page', (r) => ['home', 'attract'].includes(r.screen), 90000);
  await lay(house, home, place);
  return place.screen.screen('card', 15000);
}

/** From the card's page to a code on the screen; returns {code, orderNo}. */
export async function toCode(house, { amount = 1, wallet = 'alipay', name = 'card-pay' } = {},
  place = firstPlace(house)) {
  const { screen } = place;
  await screen.touch('amount', amount, 20000);
  await screen.touch('wallet', WALLETS[wallet]);
  await screen.shows('a waiting order', (r) => r.order_state === 'WAIT_PAY', 30000);
  const code = await screen.code(house.path('pictures', `${name}.png`));
  const { order_no: orderNo } = await screen.report();
  return { code, orderNo };
}

/** Lay, choose, pay; the card stays on the reader unless it is `lifted` before the payment. */
export async function pay(house, home, { lifted = false, ...options } = {},
  place = firstPlace(house)) {
  await toCard(house, home, place);
  const { code, orderNo } = await toCode(house, options, place);
  if (lifted) {
    await take(house, home, place);
  }
  await house.wallet(`pay ${code}`);
  return orderNo;
}

/** How the write of `orderNo` ended on the screen: one of `screens`. */
export function ended(house, orderNo, screens = RESULTS, { screen } = firstPlace(house),
  ms = 45000) {
  return screen.shows(`the end of ${orderNo}`, (r) => r.order_no === orderNo &&
    [screens].flat().includes(r.screen), ms);
}

/** The order is on the card: by the screen, and by the server. */
export async function isWritten(house, orderNo, place = firstPlace(house), ms = 60000) {
  await place.screen.shows(`${orderNo} on the card`, (r) => r.screen === 'card_done' &&
    r.order_no === orderNo && r.order_state === 'DONE', ms);
  await settled(house, orderNo, 'DONE');
}

/** Back to the first page, by the ways that the page offers. */
async function toFirst({ screen }) {
  const first = (r) => ['home', 'attract'].includes(r.screen);
  const report = await screen.report();
  if (!first(report)) {
    const way = ['finish', 'home', 'back'].find((action) =>
      report.targets.some((target) => target.action === action));
    if (way) {
      await screen.touch(way);
    }
  }
  await screen.shows('the first page', first, 90000);
}

/** Take the card and go back to the first page. */
export async function leave(house, home, place = firstPlace(house)) {
  await take(house, home, place);
  await toFirst(place);
}

// ---- what the server knows ----

/** The tokens that were given out for an order. */
export const tokensOf = (house, orderNo) => rows(house, `SELECT n, uid, amount_fen, total_fen,
  hex(record) AS record, written_at FROM card_token WHERE document_no = '${orderNo}'`);

export const account = (house, home) => rows(house, `SELECT * FROM card_account
  WHERE meter_id = 'm-${home.room}'`)[0];

// ---- what is on the card ----

const SLOTS = [4, 8]; /* the first blocks of sectors 1 and 2 */
const CREDIT_FILE = /^data 1 backup \S+ \S+ 48 ([0-9A-Fa-f]{96})$/m; /* of a DESFire card */

const FILES = { settings: 2, wallet: 3, answer: 6 }; /* of a purchase card, in the image's order */

/** What stands in a purchase card's wallet, and whether the meter's answer is there. */
export function purse(house, home) {
  const files = [...house.cards.image(home.card).toString('utf8')
    .matchAll(/^file ([0-9A-Fa-f]*)$/gm)].map(([, hex]) => Buffer.from(hex, 'hex'));
  const wallet = files[FILES.wallet];
  return { amount_fen: wallet.readUInt32BE(0), count: wallet.readUInt32BE(4),
    answered: files[FILES.answer][0] === 0x68, settings: files[FILES.settings].toString('hex') };
}

/** Both credit slots of the tenant's card, or its one file, in hex. */
export function slots(house, home) {
  if (home.media === 'desfire') {
    const [, record] = CREDIT_FILE.exec(house.cards.image(home.card).toString('utf8'));
    return [record.toUpperCase()];
  }
  const image = house.cards.image(home.card);
  return SLOTS.map((block) => image.subarray(block * 16, block * 16 + 48).toString('hex')
    .toUpperCase());
}

/** True if all of them hold the one token of this order. */
export function holds(house, home, orderNo) {
  const [token] = tokensOf(house, orderNo);
  if (home.media === 'cpu') {
    const { amount_fen: fen, count } = purse(house, home);
    return token !== undefined && fen === token.amount_fen && count === token.n;
  }
  return token !== undefined && slots(house, home).every((slot) => slot === token.record);
}

// ---- papers ----

export function papers(house, orderNo) {
  if (!existsSync(house.path('paper'))) {
    return [];
  }
  return readdirSync(house.path('paper')).filter((name) => name.endsWith('.txt')).sort()
    .map((name) => ({ name, text: readFileSync(house.path('paper', name), 'utf8') }))
    .filter(({ text }) => text.includes(orderNo));
}

export const paper = (house, orderNo, test = () => true, ms = 30000) =>
  until(`a paper for ${orderNo}`, () => papers(house, orderNo).find(({ text }) => test(text)), ms);

const ASKING = ['card_back', 'card_owed']; /* pages that want the card once more */

/** Written, if need be by taking the card away and laying it once more. */
export async function finished(house, home, orderNo) {
  const done = () => stateOf(house, orderNo) === 'DONE';
  const asks = async () => ASKING.includes((await house.screen.report()).screen);
  await until('the order to be done, or the card to be asked for', async () => done() ||
    (await asks() && await wait(1500).then(asks)), 20000, 200).catch(() => null);
  if (done()) {
    return 'at once';
  }
  await take(house, home);
  await house.screen.shows('a page that reads a card', (r) =>
    ['home', 'attract', 'card_place', ...ASKING].includes(r.screen), 90000);
  await lay(house, home);
  await settled(house, orderNo, 'DONE', 60000);
  return 'laid once more';
}
