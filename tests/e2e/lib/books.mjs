// SPDX-License-Identifier: Apache-2.0

// The auditor of the end-to-end tests: compares what the wallets say was paid and returned, what
// the meters say they executed, and what our database says, fen for fen. It reads the database with
// the sqlite3 program and shares nothing with the server's own reading code.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';

export function rows(house, sql) {
  const out = execFileSync('sqlite3', ['-json', '-cmd', '.timeout 5000',
    `file:${house.path('state', 'cloud', 'cloud.db')}?mode=ro`, sql], { encoding: 'utf8' });
  return out.trim() === '' ? [] : JSON.parse(out);
}

export const FINAL = ['DONE', 'CLOSED', 'REFUNDED'];

export function orders(house) {
  return rows(house, `SELECT order_no, state, channel, amount_fen, paid_fen, kind, meter_address,
    trade_no FROM pay_order ORDER BY created_ms, order_no`);
}

/** The trades of both wallets, by out_trade_no. */
export async function trades(house) {
  const truth = await house.wallet('truth');
  return new Map(truth.trades.map((trade) => [trade.out_trade_no, trade]));
}

/** Purchases that the meters themselves executed, of both kinds that keep a balance. */
export async function purchases(house) {
  const lists = await Promise.all(house.homes.filter((home) => home.kind !== 'cloud')
    .map(async (home) => (await house.meter(home, 'purchases'))
      .filter((one) => one.kind === 'recharge')
      .map((one) => ({ ...one, address: home.address }))));
  return lists.flat();
}

/** What the bank has paid back of stray payments, in fen, by the number that the wallet named. */
function repaidStrays(house) {
  return new Map(rows(house, `SELECT seen_as, -sum(fen) AS fen FROM stray
    JOIN posting ON document_no = stray_no JOIN leg USING (posting_id) WHERE account = 'BANK'
    GROUP BY seen_as`).map((stray) => [stray.seen_as, stray.fen]));
}

/**
 * Every payment credited or refunded exactly once, or open; nothing credited or refunded that was
 * not paid; books balanced; clearing accounts zero or explained by open items.
 */
export async function audit(house, { openAllowed = false } = {}) {
  const ours = orders(house);
  const theirs = await trades(house);
  const executed = await purchases(house);
  const used = new Set();
  const summary = { paid: 0, credited: 0, refunded: 0, open: 0 };
  for (const order of ours) {
    const trade = theirs.get(order.order_no);
    const paid = trade?.paid_fen ?? 0;
    const refunded = trade?.refunded_fen ?? 0;
    const what = `${order.order_no} (${order.kind}, ${order.state}, paid ${paid})`;
    summary.paid += paid;
    summary.refunded += refunded;
    assert.ok(refunded === 0 || refunded === paid, `${what}: refunded ${refunded}`);
    let credits = 0;
    if (order.kind === 'cloud' || order.kind === 'card') {
      credits = rows(house, `SELECT 1 FROM posting JOIN leg USING (posting_id)
        WHERE document_no = '${order.order_no}' AND account IN ('CUST', 'CARD')`).length;
    } else {
      const mine = executed.findIndex((one, i) => !used.has(i) &&
        one.address === order.meter_address && one.amount_fen === order.amount_fen &&
        order.state === 'DONE');
      if (mine >= 0) {
        used.add(mine);
        credits = 1;
      }
    }
    assert.ok(credits <= 1, `${what}: credited ${credits} times`);
    if (order.state === 'DONE') {
      assert.equal(paid, order.amount_fen, `${what}: credited what was not paid`);
      assert.equal(refunded, 0, `${what}: credited and refunded`);
      assert.equal(credits, 1, `${what}: DONE, but nothing was credited`);
      summary.credited += paid;
    } else if (order.state === 'REFUNDED') {
      assert.equal(refunded, paid, `${what}: REFUNDED, but the wallet did not`);
      assert.equal(credits, 0, `${what}: refunded and credited`);
    } else if (order.state === 'CLOSED') {
      assert.equal(paid - refunded, 0, `${what}: closed over money`);
    } else {
      summary.open += paid - refunded;
      assert.ok(openAllowed || paid === refunded, `${what}: still open`);
    }
  }
  const repaid = repaidStrays(house);
  for (const [number, trade] of theirs) {
    const known = ours.some((order) => order.order_no === number);
    assert.ok(known || trade.paid_fen === trade.refunded_fen + (repaid.get(number) ?? 0),
      `${number}: paid, unknown to us`);
  }
  const strangers = executed.filter((_, i) => !used.has(i));
  const openKinds = ours.filter((order) => !FINAL.includes(order.state));
  for (const one of strangers) {
    const explained = openKinds.some((order) => order.meter_address === one.address &&
      order.amount_fen === one.amount_fen);
    assert.ok(explained, `${one.address} executed ${one.amount_fen} fen that no order explains`);
  }
  checkLedger(house);
  secondOpinion(house);
  return summary;
}

/** shilling-auditor on the same house: it may have notes, but nothing to complain of. */
export function secondOpinion(house) {
  const done = spawnSync(house.program('shilling-auditor'), ['--json',
    '--database', house.path('state', 'cloud', 'cloud.db'),
    '--journals', house.path('state', 'collector'), '--wechat-key',
    house.path('state', 'paygate', 'merchant', 'wechat-apiv3-key.txt')], { encoding: 'utf8' });
  const result = JSON.parse(done.stdout);
  const complaints = (result.findings ?? []).filter((one) => one.severity !== 'note')
    .flatMap((one) => one.list.map((item) => `${one.name}: ${item.subject} ${item.text}`));
  assert.deepEqual([result.why, ...complaints], [undefined], 'the auditor complains');
}

/** Sums are zero, the kept sums are right, clearing accounts belong to open documents. */
export function checkLedger(house) {
  const [{ total }] = rows(house, 'SELECT coalesce(sum(fen), 0) AS total FROM leg');
  assert.equal(total, 0, 'the ledger does not balance');
  const uneven = rows(house,
    'SELECT posting_id FROM leg GROUP BY posting_id HAVING sum(fen) <> 0');
  assert.deepEqual(uneven, [], 'a posting does not balance');
  const wrong = rows(house, `SELECT account, subject FROM account_sum a WHERE fen <>
    (SELECT coalesce(sum(fen), 0) FROM leg l WHERE l.account = a.account
     AND l.subject = a.subject)`);
  assert.deepEqual(wrong, [], 'a kept sum is not the sum of its legs');
  const clearing = rows(house, `SELECT subject, sum(fen) AS fen FROM leg
    WHERE account IN ('HELD', 'REFPAY', 'SUSPENSE') GROUP BY account, subject
    HAVING sum(fen) <> 0`);
  const open = new Set(orders(house).filter((order) => !FINAL.includes(order.state))
    .map((order) => order.order_no));
  const strays = new Set(rows(house, "SELECT stray_no FROM stray WHERE state <> 'REFUNDED'")
    .map((stray) => stray.stray_no));
  for (const { subject, fen } of clearing) {
    assert.ok(open.has(subject) || strays.has(subject),
      `${fen} fen stand on a clearing account for ${subject}, which is not open`);
  }
}
