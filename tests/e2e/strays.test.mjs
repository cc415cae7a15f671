// SPDX-License-Identifier: Apache-2.0

// The server's database is restored from a copy that is some hours old, as after a dead disk. Codes
// of the lost hours are still paid: nobody knows those numbers, so each payment is a stray payment,
// of which two persons decide. It goes back once: by its wallet, or on the wallet's own pages, or
// by the bank; and who signs for the bank is stopped by what the wallet says.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, renameSync, rmSync } from 'node:fs';
import test from 'node:test';
import { until } from '../../tools/world/processes.mjs';
import { gather, problems, run } from './lib/auditor.mjs';
import { audit, rows } from './lib/books.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { Terminal } from './lib/terminal.mjs';

const box = withHouse({ kiosk: false, printer: false, rooms: 18 });
const PASSWORDS = { li: 'a long secret', wang: 'another secret' };
const FEN = 2300;

/** `shilling-cloud review VERB DOCUMENT NAME ...` with that person's password: what it says. */
function review(house, verb, number, name, ...more) {
  const done = spawnSync(house.program('shilling-cloud'),
    ['--config', house.path('conf', 'cloud.conf'), 'review', verb, number, name, ...more],
    { encoding: 'utf8', input: `${PASSWORDS[name]}\n`, timeout: 60000 });
  return `${done.stdout}${done.stderr}`;
}

const trade = async (house, orderNo) => (await house.wallet('truth')).trades
  .find((one) => one.out_trade_no === orderNo);

/** A code of an hour that the restored database does not know. */
async function lostOrder(house, channel, nth) {
  const terminal = Terminal.of(house);
  const view = await terminal.order(house.home('cloud', nth), { channel, fen: FEN + nth });
  terminal.close();
  assert.equal(view.state, 'WAIT_PAY');
  return view.order_no;
}

const lost = {};

test('a database of some hours ago', { timeout: 120000 }, keeping(box, async (t, house) => {
  const state = house.path('state', 'cloud');
  const copy = house.path('state', 'copy');
  await house.processes.stop('cloud');
  cpSync(state, copy, { recursive: true });
  await house.startCloud();
  lost.byAlipay = await lostOrder(house, 'alipay', 0);
  lost.onWechatsPages = await lostOrder(house, 'wechat', 1);
  lost.byBank = await lostOrder(house, 'wechat', 2);
  lost.onAlipaysPages = await lostOrder(house, 'alipay', 3);
  lost.byWechat = await lostOrder(house, 'wechat', 4);
  await house.processes.stop('cloud');
  rmSync(state, { recursive: true });
  renameSync(copy, state);
  await house.startCloud();
  house.cloudCommand('ledger', 'raise-epoch');
  assert.deepEqual(rows(house, 'SELECT * FROM pay_order'), []);
  for (const name of Object.keys(PASSWORDS)) {
    spawnSync(house.program('shilling-cloud'), ['--config', house.path('conf', 'cloud.conf'),
      'review', 'person-add', name], { input: `${PASSWORDS[name]}\n` });
  }
}));

test('what is paid for its lost codes is stray', { timeout: 60000 },
  keeping(box, async (t, house) => {
    for (const [fate, orderNo] of Object.entries(lost)) {
      await house.wallet(`pay ${orderNo}`);
      const [stray] = await until('the stray payment', () => {
        const found = rows(house, `SELECT stray_no, state, amount_fen FROM stray
          WHERE seen_as = '${orderNo}'`);
        return found.length > 0 && found;
      }, 30000);
      assert.equal(stray.state, 'OPEN');
      assert.equal(stray.amount_fen, (await trade(house, orderNo)).paid_fen);
      lost[fate] = { orderNo, strayNo: stray.stray_no };
    }
    const list = house.cloudCommand('review', 'list');
    assert.ok(Object.values(lost).every(({ strayNo }) => list.includes(strayNo)), list);
  }));

const stateOf = (house, { strayNo }) =>
  rows(house, `SELECT state FROM stray WHERE stray_no = '${strayNo}'`)[0].state;

for (const fate of ['byAlipay', 'byWechat']) {
  test(`its wallet pays it back, by its trade number (${fate})`, { timeout: 60000 },
    keeping(box, async (t, house) => {
      const { strayNo, orderNo } = lost[fate];
      assert.match(review(house, 'query', strayNo, 'li'), /^paid$/m);
      assert.match(review(house, 'settle', strayNo, 'li', 'refund'), /first/);
      assert.match(review(house, 'settle', strayNo, 'wang', 'refund'), /settled/);
      await until('the refund', () => stateOf(house, lost[fate]) === 'REFUNDED', 30000);
      const { paid_fen: paid, refunded_fen: back } = await trade(house, orderNo);
      assert.equal(back, paid);
    }));
}

for (const fate of ['onAlipaysPages', 'onWechatsPages']) {
  test(`somebody pays it back between two signatures for the bank (${fate})`, { timeout: 60000 },
    keeping(box, async (t, house) => {
      const { strayNo, orderNo } = lost[fate];
      assert.match(review(house, 'settle', strayNo, 'li', 'repaid'), /no_reference/);
      review(house, 'attach', strayNo, 'li', 'reference', 'transfer 4711');
      assert.match(review(house, 'settle', strayNo, 'li', 'repaid'), /first/);
      await house.wallet(`refund-outside ${orderNo}`);
      assert.match(review(house, 'settle', strayNo, 'wang', 'repaid'), /already_refunded/);
      assert.match(review(house, 'settle', strayNo, 'wang', 'refund'), /already_refunded/);
      assert.equal(stateOf(house, lost[fate]), 'OPEN');
      assert.match(review(house, 'settle', strayNo, 'li', 'refunded'), /first/);
      assert.match(review(house, 'settle', strayNo, 'wang', 'refunded'), /settled/);
      assert.equal(stateOf(house, lost[fate]), 'REFUNDED');
    }));
}

test('the bank pays it back, when the wallet has said that it did not', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const { strayNo } = lost.byBank;
    review(house, 'attach', strayNo, 'li', 'reference', 'transfer 4712');
    await house.wallet('fault badsign always');
    assert.match(review(house, 'settle', strayNo, 'li', 'repaid'), /wallet_silent/);
    await house.wallet('reset-faults');
    await house.wallet('latency 20');
    assert.match(review(house, 'settle', strayNo, 'li', 'repaid'), /first/);
    assert.match(review(house, 'settle', strayNo, 'wang', 'repaid'), /settled/);
    assert.equal(stateOf(house, lost.byBank), 'REFUNDED');
    assert.deepEqual(rows(house, `SELECT sum(fen) AS fen FROM leg WHERE account = 'BANK'`),
      [{ fen: -FEN - 2 }]);
  }));

test('books, bills and the auditor agree', { timeout: 90000 },
  keeping(box, async (t, house) => {
    await audit(house);
    const folder = await gather(house);
    assert.deepEqual(problems(run(house, folder, house.path('state', 'cloud', 'cloud.db'))), []);
    assert.match(house.cloudCommand('review', 'list'), /^0 open$/m);
  }));
