// SPDX-License-Identifier: Apache-2.0

// The day's reconciliation with the real programs: a day is lived, its bills are spoiled in every
// way that a bill can be wrong, and `shilling-cloud reconcile` must say each difference once, with
// owner and deadline, as often as it is run; what is no proper bill must change nothing. Then the
// books of the day: what explains that bills and ledger differ, and what nothing explains.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import * as settings from '../../tools/world/settings.mjs';
import { until, wait } from '../../tools/world/processes.mjs';
import { rows } from './lib/books.mjs';
import { settled } from './lib/journey.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { Terminal } from './lib/terminal.mjs';

const box = withHouse({ kiosk: false, printer: false, rooms: 18 });
const DAY_S = 86400;
const orders = {};
let day = '';

/** `shilling-cloud reconcile ...`: {exit, out, err}. */
function reconcile(house, ...args) {
  return reconcileWith(house, house.path('conf', 'cloud.conf'), ...args);
}

function reconcileWith(house, conf, ...args) {
  const done = spawnSync(house.program('shilling-cloud'), ['--config', conf, 'reconcile', ...args],
    { encoding: 'utf8', timeout: 90000 });
  return { exit: done.status, out: done.stdout, err: done.stderr };
}

/** What is said of a bill that did not come, before 10:30 in Beijing and after it. */
function notHad(why) {
  return new RegExp(`(no bill of wechat to be had now: ${why}|` +
    `the bill of wechat is not out yet \\(${why}\\))`);
}

/** The JSON report of one wallet, and the exit status. */
function report(house, wallet) {
  const { exit, out, err } = reconcile(house, '--day', day, '--wallet', wallet, '--json');
  assert.ok(out.startsWith('{'), `${exit} ${err}`);
  return { exit, ...JSON.parse(out) };
}

/** "FINDING order bill/ours" of the items in a state. */
function items(found, state = 'open') {
  return found.items.filter((item) => item.state === state)
    .map((item) => `${item.finding} ${item.order_no} ${item.bill_fen}/${item.our_fen}`).sort();
}

function writeBooks(house, sql) {
  const database = house.path('state', 'cloud', 'cloud.db');
  execFileSync('sqlite3', ['-cmd', '.timeout 10000', database, sql]);
}

let nth = 0;

async function create(house, channel, fen) {
  const terminal = Terminal.of(house);
  const home = house.home('cloud', nth % 6);
  nth += 1;
  const view = await terminal.order(home, { channel, fen });
  return { terminal, number: view.order_no };
}

async function topUp(house, channel, fen) {
  const { terminal, number } = await create(house, channel, fen);
  await house.wallet(`pay ${number}`);
  await settled(house, number, 'DONE', 60000);
  terminal.close();
  return number;
}

/** An order that was given up; paid after that if `late`, and so refunded. */
async function cancelled(house, channel, fen, { late = false } = {}) {
  const { terminal, number } = await create(house, channel, fen);
  await house.wallet(`scan ${number}`); /* what was never scanned is no trade of Alipay's */
  await terminal.post(`/v1/terminal/orders/${number}/cancel`,
    { client_request_id: `018f3a1c-0000-7000-8000-0000000000${10 + nth}` });
  await settled(house, number, 'CLOSED', 90000);
  if (late) {
    await house.wallet(`pay ${number} late`);
    await settled(house, number, 'REFUNDED', 90000);
  }
  terminal.close();
  return number;
}

/** Change what is append only, in spite of the triggers that guard it. */
function forge(house, triggers, sql) {
  const kept = triggers.map((name) =>
    rows(house, `SELECT sql FROM sqlite_master WHERE name = '${name}'`)[0].sql);
  writeBooks(house, `BEGIN IMMEDIATE; ${triggers.map((name) => `DROP TRIGGER ${name};`).join(' ')}
    ${sql}; ${kept.join('; ')}; COMMIT;`);
}

/** What the server heard of today was yesterday at noon; of one order the ledger hears today. */
function moveBooksBack(house) {
  const noon = `(unixepoch('${day} 12:00:00') - 28800)`;
  forge(house, ['pay_event_kept', 'posting_kept'], `UPDATE pay_event SET at = ${noon};
    UPDATE posting SET at = ${noon} WHERE document_no <> '${orders.good}';
    UPDATE pay_order SET paid_at = ${noon} WHERE paid_at IS NOT NULL`);
}

/** The books of the day in JSON, which follow the bills, and the exit status of the whole. */
function books(house) {
  const { exit, out, err } = reconcile(house, '--day', day, '--json');
  const parts = out.trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(parts.map((part) => part.channel), ['alipay', 'wechat', 'books'], err);
  return { exit, ...parts[2] };
}

/** "FINDING subject theirs/ours reason" of the lines of the books. */
function lines(found) {
  return found.lines.map((line) =>
    `${line.finding} ${line.subject} ${line.theirs}/${line.ours} ${line.reason}`).sort();
}

test('a day is lived', { timeout: 240000 }, keeping(box, async (t, house) => {
  await house.wallet(`clock -${DAY_S}`);
  orders.amount = await topUp(house, 'alipay', 5000);
  orders.fine = await topUp(house, 'alipay', 4000);
  orders.back = await cancelled(house, 'alipay', 3000, { late: true });
  orders.good = await topUp(house, 'wechat', 2000);
  orders.outside = await topUp(house, 'wechat', 2500);
  orders.unheard = await cancelled(house, 'wechat', 2600);
  await until('the last question about an order that was closed', () => rows(house,
    `SELECT 1 FROM job WHERE kind = 'pay' AND key = '${orders.unheard}'`).length === 0, 60000);
  await house.wallet('notify drop always');
  await house.wallet(`pay ${orders.unheard} late`);
  await house.wallet(`refund-outside ${orders.outside}`);
  await wait(1500);
  await house.wallet('reset-faults');
  await house.wallet('latency 20');
  orders.missing = await topUp(house, 'wechat', 2700);
  day = (await house.wallet('finish-day')).trim().slice(-10);
  moveBooksBack(house);
  const states = rows(house, 'SELECT order_no, state FROM pay_order');
  assert.equal(states.find((one) => one.order_no === orders.unheard).state, 'CLOSED');
}));

test('wrong words are told what is right', keeping(box, (t, house) => {
  const beijing = (shift) =>
    new Date(Date.now() + 28800000 + shift * 1000).toISOString().slice(0, 10);
  for (const [args, words] of [
    [[], /which day\?[\s\S]*--day YYYY-MM-DD/],
    [['--day', '2026-02-30'], /"2026-02-30" is no day: write it as 2026-11-20/],
    [['--day', beijing(0)], /is not over .*10:30 on the day after/],
    [['--day', beijing(DAY_S)], /is not over/],
    [['--day', day, '--wallet', 'cash'], /"cash" is no configured wallet/],
    [['--day', day, '--fast'], /what is "--fast"\?/],
  ]) {
    const { exit, err } = reconcile(house, ...args);
    assert.equal(exit, 2, err);
    assert.match(err, words);
  }
  assert.equal(reconcile(house, '--help').exit, 0);
}));

test('faulty bills change nothing', { timeout: 120000 }, keeping(box, async (t, house) => {
  for (const [fault, words] of [
    ['bill-late', notHad('no bill, but our books have money of that day')],
    ['bill-wrong-hash', /is not right and is not used: .*its hash is not the signed one/],
    ['bill-cut', /is not right and is not used: .*(broken_packing|too_large)/],
    ['bill-damaged', /is not right and is not used: .*(broken_packing|too_large)/],
    ['bill-wrong-count', /is not right and is not used: .*count_mismatch/],
    ['bill-refused', notHad('wechat bill: the download was refused')],
  ]) {
    await house.wallet(`fault ${fault} 1 wechat`);
    const { exit, out, err } = reconcile(house, '--day', day, '--wallet', 'wechat');
    assert.equal(exit, 2, `${fault}: ${out} ${err}`);
    assert.match(err, words, fault);
    await house.wallet('reset-faults');
    await house.wallet('latency 20');
  }
  /* "No bill" against money in our books is compared, and its items go with the real bill. */
  assert.equal(rows(house, "SELECT count(*) AS n FROM bill_row WHERE channel = 'wechat'")[0].n, 0);
}));

/** The planted faults, for every fetch until the weather is fair again. */
async function plant(house) {
  for (const fault of ['bill-missing-row always wechat', 'bill-foreign-row always wechat',
    'bill-wrong-fee always wechat', 'bill-wrong-amount always alipay',
    'bill-missing-row always alipay']) {
    await house.wallet(`fault ${fault}`);
  }
}

let before = '';

test('every difference is found, once, with owner and deadline', { timeout: 120000 },
  keeping(box, async (t, house) => {
    await plant(house);
    const wechat = report(house, 'wechat');
    assert.equal(wechat.exit, 1);
    assert.deepEqual(items(wechat), [
      'FEE  1/0',
      `MISSING_IN_BILL ${orders.missing} 0/2700`,
      'NOT_OURS FOREIGN20260000001 4321/0',
      `REFUND_UNKNOWN_TO_US ${orders.outside} 2500/0`,
    ]);
    assert.ok(items(wechat, 'cleared').includes(`PAID_UNKNOWN_TO_US ${orders.unheard} 2600/0`));
    assert.equal(wechat.loss_fen, 1 + 2700 + 2500);
    assert.equal(wechat.gain_fen, 4321);
    assert.equal(wechat.bill.payments.fen, 2000 + 2500 + 2600 + 4321);
    assert.equal(wechat.bill.payments_agree.fen, 2000 + 2500 + 2600);
    assert.equal(wechat.bill.refunds.fen, 2500);
    const alipay = report(house, 'alipay');
    assert.equal(alipay.exit, 1);
    assert.deepEqual(items(alipay), [`AMOUNT ${orders.amount} 5001/5000`,
      `REFUND_MISSING_IN_BILL ${orders.back} 0/3000`]);
    for (const item of [...wechat.items, ...alipay.items].filter((one) => one.state === 'open')) {
      assert.equal(item.owner, 'bookkeeper');
      assert.ok(item.due_at > item.opened_at);
    }
    await settled(house, orders.unheard, 'REFUNDED', 60000);
    before = reconcile(house, '--day', day);
    assert.equal(before.exit, 1);
    assert.match(before.out, new RegExp(`MISSING_IN_BILL ${orders.missing}: bill 0 fen, ours ` +
      '2700 fen, loss 2700 fen; bookkeeper, due '));
    assert.deepEqual(reconcile(house, '--day', day), before);
    const stored = rows(house, 'SELECT count(*) AS n FROM bill_item')[0].n;
    assert.deepEqual(reconcile(house, '--day', day), before);
    assert.equal(rows(house, 'SELECT count(*) AS n FROM bill_item')[0].n, stored);
  }));

test('a row twice: the whole bill is refused, and nothing is forgotten', { timeout: 60000 },
  keeping(box, async (t, house) => {
    await house.wallet('fault bill-double-row 1 wechat');
    const twice = report(house, 'wechat');
    assert.equal(twice.exit, 1);
    assert.ok(items(twice).some((item) => item.startsWith(`DUPLICATE_IN_BILL ${orders.good}`)));
    assert.ok(items(twice).includes(`MISSING_IN_BILL ${orders.missing} 0/2700`));
    const after = report(house, 'wechat');
    assert.equal(items(after).length, 4);
    assert.ok(items(after, 'cleared').some((item) => item.startsWith('DUPLICATE_IN_BILL')));
    before = reconcile(house, '--day', day);
  }));

test('bills and ledger differ by what is listed, and by nothing else', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const found = books(house);
    assert.deepEqual(lines(found), [
      `DAY_PAID ${orders.amount} 5001/5000 bill_item`,
      `DAY_PAID FOREIGN20260000001 4321/0 bill_item`,
      `DAY_PAID ${orders.good} 2000/0 other_day`,
      `DAY_PAID ${orders.missing} 0/2700 bill_item`,
      `DAY_PAID ${orders.unheard} 2600/0 other_day`,
      `DAY_REFUNDED ${orders.back} 0/3000 bill_item`,
      `DAY_REFUNDED ${orders.outside} 2500/0 other_day`,
    ].sort());
    assert.deepEqual(found.items, []);
    const explained = found.lines.reduce((sum, line) =>
      sum + (line.finding === 'DAY_PAID' ? 1 : -1) * (line.theirs - line.ours), 0);
    assert.equal(found.identity.difference_fen, explained);
    assert.equal(found.identity.bill_paid_fen, 5001 + 4000 + 3000 + 2000 + 2500 + 2600 + 4321);
    assert.equal(found.identity.cust_fen, 5000 + 4000 + 2500 + 2700);
    assert.match(before.out, new RegExp(`^books ${day}$`, 'm'));
    assert.match(before.out, new RegExp(`explained  DAY_PAID ${orders.good}: bill 2000 fen, ours ` +
      '0 fen; heard of on another day'));
  }));

test('what only the ledger has, and what waits too long, is an item', { timeout: 60000 },
  keeping(box, async (t, house) => {
    writeBooks(house, `INSERT INTO posting (posting_id, document_no, step, at) SELECT 900000,
        '${orders.fine}', 'stray_receive', at FROM posting WHERE document_no = '${orders.fine}'
        AND step = 'receive';
      INSERT INTO leg VALUES (900000, 1, 'RECV', 'alipay', 700),
        (900000, 2, 'SUSPENSE', '${orders.fine}', -700)`);
    const found = books(house);
    assert.equal(found.exit, 1);
    assert.deepEqual(found.items.map((item) =>
      `${item.finding} ${item.subject} ${item.theirs}/${item.ours} ${item.owner} ${item.state}`), [
      `DAY_PAID ${orders.fine} 4000/4700 bookkeeper open`]);
    assert.equal(found.loss_fen, 700);
    forge(house, ['posting_kept'], `INSERT INTO account_sum VALUES ('HELD', '${orders.fine}', -300);
      UPDATE posting SET at = at - 86400 WHERE document_no = '${orders.fine}'
      AND step = 'receive'`);
    const [, old] = books(house).items;
    assert.equal(`${old.finding} ${old.ours}`, 'HELD_OLD 300');
    const review = execFileSync(house.program('shilling-cloud'),
      ['--config', house.path('conf', 'cloud.conf'), 'review', 'list'], { encoding: 'utf8' });
    assert.match(review, new RegExp(`^${old.document_no} .*HELD_OLD`, 'm'));
    forge(house, ['posting_kept', 'posting_there', 'leg_there'], `DELETE FROM leg WHERE
      posting_id = 900000; DELETE FROM posting WHERE posting_id = 900000; UPDATE posting
      SET at = at + 86400 WHERE document_no = '${orders.fine}' AND step = 'receive';
      DELETE FROM account_sum WHERE account = 'HELD'`);
    const clean = books(house);
    assert.deepEqual(clean.items.map((item) => `${item.state}: ${item.outcome}`).sort(), [
      'cleared: added up again: it is explained, or gone',
      'cleared: added up again: it is explained, or gone']);
    before = reconcile(house, '--day', day);
    assert.deepEqual(reconcile(house, '--day', day), before);
  }));

test('the gateway is down, and the service', { timeout: 120000 },
  keeping(box, async (t, house) => {
    await house.processes.stop('paygate');
    const away = reconcile(house, '--day', day);
    assert.equal(away.exit, 2);
    assert.match(away.err, notHad('wechat bill: .*connect.*'));
    assert.equal(away.out, before.out);
    await house.processes.stop('cloud');
    const down = reconcile(house, '--day', day);
    assert.equal(down.exit, 1);
    assert.match(down.err, /the service does not run, so nothing is fetched/);
    assert.equal(down.out, before.out);
    assert.equal(reconcile(house, '--day', day, '--stored').err, '');
    const conf = readFileSync(house.path('conf', 'cloud.conf'), 'utf8');
    mkdirSync(house.path('empty'));
    const moved = house.conf('moved.conf', conf.replaceAll(house.path('state', 'cloud'),
      house.path('empty')));
    const lost = reconcileWith(house, moved, '--day', day);
    assert.equal(lost.exit, 2);
    assert.match(lost.err, /no database \S+cloud.db: is state_dir right/);
    const payments = settings.paymentsText(house.merchant, house.merchantDir, {
      mode: house.options.mode, publicUrl: house.publicUrl, certMode: house.options.certMode });
    assert.ok(conf.includes(payments));
    writeFileSync(house.path('conf', 'poor.conf'), conf.replace(payments, ''));
    const poor = reconcileWith(house, house.path('conf', 'poor.conf'), '--day', day);
    assert.equal(poor.exit, 2);
    assert.match(poor.err, /no wallet is configured: fill in pay.alipay or pay.wechat/);
  }));

test('two persons settle what is left', { timeout: 120000 }, keeping(box, async (t, house) => {
  await house.startCloud();
  const run = (input, ...args) => execFileSync(house.program('shilling-cloud'),
    ['--config', house.path('conf', 'cloud.conf'), 'review', ...args], { encoding: 'utf8', input });
  run('a long secret\n', 'person-add', 'li');
  run('another secret\n', 'person-add', 'wang');
  const list = run('', 'list').split('\n').filter((line) => line.startsWith('BL'));
  assert.equal(list.length, 6);
  assert.ok(list.every((line) => / due in \d+ h /.test(line)));
  for (const line of list) {
    const number = line.split(' ')[0];
    run('a long secret\n', 'attach', number, 'li', 'reference', 'letter of the wallet');
    assert.match(run('a long secret\n', 'settle', number, 'li', 'close'), /first/);
    assert.match(run('another secret\n', 'settle', number, 'wang', 'close'), /settled/);
  }
  const clean = reconcile(house, '--day', day, '--stored');
  assert.equal(clean.exit, 0, clean.out + clean.err);
  assert.match(clean.out, /settled {4}BL\S+ AMOUNT .*; settled by li\+wang/);
  assert.match(clean.out, /total {6}0 open, loss 0 fen, gain 0 fen/);
}));
