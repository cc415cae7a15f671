// SPDX-License-Identifier: Apache-2.0

// The main job with every real program: a tenant touches his room, reads the meter live, pays by
// the code on the screen, and takes a receipt; once for each kind of meter and each wallet, over a
// bus paced at 2400 baud.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { until } from '../../tools/world/processes.mjs';
import { audit, rows } from './lib/books.mjs';
import { home as goHome, settled, toCode, toMeter } from './lib/journey.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { Terminal } from './lib/terminal.mjs';

const box = withHouse({ baud: 2400, tdMs: 20, replyTimeoutMs: 1000 });

function papers(house) {
  return readdirSync(house.path('paper')).filter((name) => name.endsWith('.png'));
}

async function topUp(house, kind, wallet) {
  const home = house.home(kind);
  const before = await house.meter(home, 'get');
  const paper = papers(house).length;
  await toMeter(house, home);
  await house.screen.shows('a live value', (r) => r.reading === 2, 20000);
  const { code, orderNo } = await toCode(house, { amount: 1, wallet, name: `${kind}-pay` });
  assert.match(code, /SIMULATOR/);
  await house.wallet(`pay ${code}`);
  await settled(house, orderNo, 'DONE');
  await house.screen.screen('done', 20000);
  await until('the receipt to come out', () => papers(house).length > paper, 30000);
  await house.screen.shows('the proof of printing', (r) => r.receipt === 3, 20000);
  await house.screen.picture(house.path('pictures', `${kind}-done.png`));
  if (kind !== 'cloud') {
    const after = await house.meter(home, 'get');
    const last = after.purchases.at(-1);
    assert.equal(last.amount_fen, 5000);
    assert.equal(after.purchases.length, before.purchases.length + 1);
    assert.equal(last.after_fen, last.before_fen + 5000);
  }
  const text = readFileSync(house.path('paper', papers(house).at(-1).replace('.png', '.txt')),
    'utf8');
  assert.ok(text.includes(orderNo), `the receipt names ${orderNo}`);
  assert.ok(text.includes('50.00'), 'the receipt names the amount');
  await goHome(house);
  return orderNo;
}

for (const [kind, wallet] of [['cloud', 'alipay'], ['count', 'wechat'], ['order', 'alipay']]) {
  test(`a ${kind} meter is read, topped up by ${wallet} and receipted`,
    { timeout: 180000 }, keeping(box, (t, house) => topUp(house, kind, wallet)));
}

test('wallets, orders and meters agree fen for fen', keeping(box, async (t, house) => {
  const sum = await audit(house);
  assert.deepEqual(sum, { paid: 15000, credited: 15000, refunded: 0, open: 0 });
}));

test('every printed line was journalled first', keeping(box, (t, house) => {
  assert.ok(existsSync(house.path('state', 'printd')));
  const reports = rows(house, "SELECT verdict FROM receipt_report WHERE verdict = 'printed'");
  assert.equal(reports.length, 3);
}));

test('a cancelled code ends unpaid and says so', { timeout: 120000 },
  keeping(box, async (t, house) => {
    await toMeter(house, house.home('cloud', 1));
    const { orderNo } = await toCode(house, { amount: 0, wallet: 'wechat', name: 'cancel' });
    await house.screen.touch('cancel');
    await house.screen.touch('confirm');
    await house.screen.shows('checking or closed',
      (r) => r.screen === 'checking' || r.screen === 'closed', 10000);
    await settled(house, orderNo, 'CLOSED', 60000);
    await goHome(house);
    await audit(house);
  }));

function paperTexts(house, orderNo) {
  return papers(house).sort().map((name) => readFileSync(house.path('paper',
    name.replace('.png', '.txt')), 'utf8')).filter((text) => text.includes(orderNo));
}

/** By the last six digits of its number, from the first page to the page of its state. */
async function findAgain(house, orderNo) {
  await house.screen.touch('find_order');
  await house.screen.screen('orders');
  for (const digit of orderNo.slice(-6)) {
    await house.screen.touch('digit', Number(digit));
  }
  await house.screen.shows('the order that was found',
    (r) => r.targets.some((target) => target.action === 'order'), 10000);
  await house.screen.picture(house.path('pictures', 'found.png'));
  await house.screen.touch('order', 0);
  await house.screen.shows('its page', (r) => r.order_no === orderNo && r.screen === 'done', 10000);
}

test('an order is found by its last digits and printed again, three times, marked',
  { timeout: 180000 }, keeping(box, async (t, house) => {
    const orderNo = await topUp(house, 'count', 'alipay');
    await goHome(house);
    for (let copy = 1; copy <= 3; copy += 1) {
      await findAgain(house, orderNo);
      await house.screen.touch('print');
      await house.screen.shows('the proof of printing', (r) => r.receipt === 3, 30000);
      const texts = paperTexts(house, orderNo);
      assert.equal(texts.length, copy + 1);
      assert.match(texts.at(-1), new RegExp(`COPY ${copy}\\b`));
      await goHome(house);
    }
    assert.doesNotMatch(paperTexts(house, orderNo)[0], /COPY/);
    await findAgain(house, orderNo);
    await house.screen.touch('print');
    await house.screen.shows('that the office prints it', (r) => r.receipt === 8, 15000);
    assert.equal(paperTexts(house, orderNo).length, 4);
    await goHome(house);
  }));

const printdSays = (house, sql) => execFileSync('sqlite3', ['-cmd', '.timeout 5000',
  `file:${house.path('state', 'printd', 'printd.db')}?mode=ro`, sql], { encoding: 'utf8' }).trim();

test('a kiosk that dies before it could report a paper reports it later', { timeout: 180000 },
  keeping(box, async (t, house) => {
    await toMeter(house, house.home('cloud', 2));
    const { orderNo } = await toCode(house, { amount: 0, name: 'report' });
    await house.wallet(`pay ${orderNo}`);
    await until('the paper to begin', () => printdSays(house,
      `SELECT 1 FROM job WHERE order_no = '${orderNo}' AND begun_at IS NOT NULL`) === '1',
    60000, 20);
    await house.processes.stop('kiosk', 'SIGKILL');
    await until('the paper to be out', () => paperTexts(house, orderNo).length === 1, 30000);
    const reports = () => rows(house,
      `SELECT verdict, kind FROM receipt_report WHERE order_no = '${orderNo}'`);
    assert.deepEqual(reports(), []);
    await house.startKiosk();
    await until('the report', () => reports().length > 0, 45000);
    assert.deepEqual(reports(), [{ verdict: 'printed', kind: 'credited' }]);
    await goHome(house);
    await findAgain(house, orderNo);
    await house.screen.touch('print');
    await house.screen.shows('the proof of printing', (r) => r.receipt === 3, 30000);
    assert.match(paperTexts(house, orderNo)[1], /COPY 1\b/);
    await goHome(house);
    await audit(house);
  }));

test('a wallet that does not answer: the page says so, and the other one works from there',
  { timeout: 120000 }, keeping(box, async (t, house) => {
    await house.wallet('fault 502 always wechat.native');
    const terminal = Terminal.of(house);
    await terminal.create(terminal.request(house.home('cloud', 2), { channel: 'wechat' }));
    await until('the wallet to be given up', async () => {
      const { status, json } = await terminal.create(terminal.request(house.home('cloud', 2),
        { channel: 'wechat' }));
      return status === 503 && json.error.message === 'provider_down';
    }, 60000, 2000);
    terminal.close();
    await toMeter(house, house.home('cloud', 1));
    await house.screen.touch('amount', 0, 20000);
    await house.screen.touch('wallet', 2);
    await house.screen.shows('this channel is down',
      (r) => r.screen === 'problem' && r.problem === 2, 20000);
    await house.screen.picture(house.path('pictures', 'channel.png'));
    await house.screen.touch('wallet', 1);
    await house.screen.shows('a waiting order', (r) => r.order_state === 'WAIT_PAY', 30000);
    const { order_no: orderNo } = await house.screen.report();
    await house.wallet(`pay ${orderNo}`);
    await settled(house, orderNo, 'DONE');
    await house.screen.screen('done', 20000);
    await house.wallet('reset-faults');
    await goHome(house);
  }));

test('payments that close and open again are seen at the terminal', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const file = house.path('conf', 'cloud.conf');
    const good = readFileSync(file, 'utf8');
    const offers = ({ targets }) => targets.some(({ action }) => action === 'top_up');
    await house.screen.touchAt(540, 900).catch(() => null);
    writeFileSync(file, good.replace(/^payments = [^]*\}; \};$/m, ''));
    await house.processes.restart('cloud');
    await house.screen.shows('top-up to rest', (r) => r.screen === 'home' && !offers(r),
      50000);
    writeFileSync(file, good);
    await house.processes.restart('cloud');
    await house.screen.touchAt(540, 900).catch(() => null);
    await house.screen.shows('top-up again', (r) => r.screen === 'home' && offers(r), 50000);
  }));
