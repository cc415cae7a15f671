// SPDX-License-Identifier: Apache-2.0

// Each finding that the auditor can make, planted once: one thing is spoilt in a world that agrees,
// and exactly that finding must come, by its name. The last test reads the auditor's own table and
// fails when a finding has no plant.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { checkPlanted, planter } from './plant.mjs';
import { AT, World } from './world.mjs';

const AUDITOR = process.env.SHILLING_AUDITOR ?? 'build/release/bin/shilling-auditor';
const { plant, planted } = planter(() => new World());

/** The first order that fits. */
const order = (world, where) =>
  world.one(`SELECT order_no FROM pay_order o WHERE ${where} ORDER BY order_no LIMIT 1`);
const DONE = "state = 'DONE' AND kind = 'cloud'";
const COUNT = "state = 'DONE' AND kind = 'count' AND EXISTS (SELECT 1 FROM delivery d WHERE" +
  " d.order_no = o.order_no AND d.stage = 'DELIVERED')";
const FAMILY_Q = "state = 'DONE' AND kind = 'order'";
const REFUNDED = "state = 'REFUNDED' AND kind = 'cloud'";
const FENCED = "state = 'REFUNDED' AND EXISTS (SELECT 1 FROM delivery d WHERE" +
  " d.order_no = o.order_no AND d.stage = 'VOID')";
const WECHAT = " AND channel = 'wechat'";
const dayOf = (number) => `${number.slice(2, 6)}-${number.slice(6, 8)}-${number.slice(8, 10)}`;

/** Post legs for a document, kept totals and all: [account, subject, fen]. */
function post(world, document, step, at, legs) {
  const id = 'SELECT max(posting_id) FROM posting';
  world.sql(`INSERT INTO posting (document_no, step, at) VALUES ('${document}', '${step}', ${at});
    ${legs.map(([account, subject, fen], i) => `INSERT INTO leg VALUES ((${id}), ${i + 1},
      '${account}', '${subject}', ${fen});`).join('\n')}`);
  world.totals();
}

test('the world that nobody spoilt is clean, by every source and by the database alone', () => {
  const world = new World();
  const result = world.audit();
  assert.deepEqual([result.exit, result.status, result.names], [0, 'clean', []]);
  assert.equal(result.read.documents_read, result.read.documents);
  assert.equal(result.states.DONE.orders + result.states.CLOSED.orders +
    result.states.REFUNDED.orders + result.states.REVIEW.orders, 60);
  assert.equal(result.loss_fen + result.gain_fen, 0);
});

// ---- the wallets' statements ----

plant('paid_unknown', (world) => {
  const number = order(world, DONE + WECHAT);
  world.wechatBill(dayOf(number), (rows) => [...rows,
    rows[0].replaceAll(number, 'SH20261101NOBODY0001').replace(/`42\d+/, '`429999')]);
  return 'SH20261101NOBODY0001';
}, { loss: false });

plant('paid_not_booked', (world) => {
  const number = order(world, "state = 'CLOSED'");
  const day = dayOf(number);
  const other = order(world, DONE + WECHAT);
  const row = world.wechatBillRow(other);
  world.sql(`UPDATE pay_order SET channel = 'wechat' WHERE order_no = '${number}';
    UPDATE pay_inbox SET channel = 'wechat' WHERE document_no = '${number}'`);
  world.wechatBill(day, (rows) => [...rows, row.replaceAll(other, number).replace(/`42\d+/,
    '`428888')]);
  return number;
}, { loss: false });

plant('second_payment', (world) => {
  const number = order(world, DONE + WECHAT);
  world.wechatBill(dayOf(number), (rows) => [...rows,
    rows.find((row) => row.includes(number)).replace(/`42\d+/, '`427777')]);
  return number;
}, { loss: false });

plant('payment_not_in_bill', (world) => {
  const number = order(world, DONE + WECHAT);
  world.wechatBill(dayOf(number), (rows) => rows.filter((row) => !row.includes(number)));
  return number;
}, { loss: true });

/** A payment that is in no bill, booked by a clock that was set back after its order was made. */
function bookedBefore(world, madeAt) {
  const number = order(world, DONE + WECHAT);
  world.wechatBill(dayOf(number), (rows) => rows.filter((row) => !row.includes(number)));
  world.sql(`UPDATE pay_order SET created_at = ${madeAt} WHERE order_no = '${number}'`);
  return number;
}

plant('payment_not_in_bill', (world) => bookedBefore(world, AT),
  { loss: true, how: 'booked before it was made, and all bills between are here' });

test('a payment booked before it was made may stand in a bill that is not here yet', () => {
  const world = new World();
  bookedBefore(world, AT + 3 * 86400);
  assert.deepEqual(world.audit().names, []);
});

plant('payment_amount', (world) => {
  const number = order(world, DONE + WECHAT);
  world.wechatBill(dayOf(number), (rows) => rows.map((row) => (row.includes(number)
    ? row.replaceAll(/`\d\d\.00,/g, (text) => text.replace('.00', '.01')) : row)));
  return number;
}, { loss: false });

plant('bill_row_twice', (world) => {
  const number = order(world, DONE + WECHAT);
  world.wechatBill(dayOf(number), (rows) => rows.flatMap((row) =>
    (row.includes(number) ? [row, row] : [row])));
  return number;
});

const refundRow = (row) => row.replace('`SUCCESS', '`REFUND').split(',`').map((cell, i, cells) => {
  const amount = cells[24];
  return { 15: 'X1', 16: amount, 19: 'SUCCESS', 24: '0.00', 25: amount }[i] ?? cell;
}).join(',`');

plant('refund_not_booked', (world) => {
  const number = order(world, DONE + WECHAT);
  world.wechatBill(dayOf(number), (rows) => [...rows,
    refundRow(rows.find((row) => row.includes(number)))]);
  return number;
}, { loss: true });

plant('refund_not_in_bill', (world) => {
  const number = order(world, `state = 'REFUNDED'${WECHAT}`);
  world.wechatBill(dayOf(number), (rows) =>
    rows.filter((row) => !(row.includes(number) && row.includes('`REFUND'))));
  return number;
}, { loss: false });

plant('refund_amount', (world) => {
  const number = order(world, `state = 'REFUNDED'${WECHAT}`);
  world.wechatBill(dayOf(number), (rows) => rows.map((row) =>
    (row.includes(number) && row.includes('`REFUND') ? row.replaceAll('.00,', '.00,')
      .replace(/`(\d\d)\.00,`$/, (_, yuan) => `\`${yuan - 1}.00,\``) : row)));
  return number;
});

plant('refunded_twice', (world) => {
  const number = order(world, `state = 'REFUNDED'${WECHAT}`);
  world.wechatBill(dayOf(number), (rows) => [...rows, rows.find((row) => row.includes(number) &&
    row.includes('`REFUND')).replace(/`SH\w+R1/, `\`${number}R2`)]);
  return number;
}, { loss: true });

plant('bill_missing', (world) => {
  rmSync(world.path('bills', 'wechat-2026-11-20.gz'));
  world.sql("DELETE FROM bill WHERE channel = 'wechat' AND day = '2026-11-20'");
  return 'wechat 2026-11-20';
});

plant('bill_unreadable', (world) => {
  writeFileSync(world.path('bills', 'alipay-2026-12-02.zip'), '<html>download timed out</html>');
  return 'alipay-2026-12-02.zip';
});

plant('bill_copies_differ', (world) => {
  const number = order(world, DONE + WECHAT);
  const day = dayOf(number);
  const file = world.path('bills', `wechat-${day}.gz`);
  const good = readFileSync(file);
  world.wechatBill(day, (rows) => rows.filter((row) => !row.includes(number)));
  writeFileSync(file, good);
  return `wechat ${day}`;
});

test('bill_changed (a note: fetched again)', () => {
  planted.add('bill_changed');
  const world = new World();
  assert.equal(world.auditAgain().exit, 0);
  world.wechatBill('2026-12-02', (rows) => rows);
  writeFileSync(world.path('bills', 'wechat-2026-12-02.gz'), '');
  world.sql("UPDATE bill SET raw = x'' WHERE channel = 'wechat' AND day = '2026-12-02'");
  rmSync(world.path('bills', 'wechat-2026-12-02.gz'));
  const result = world.auditAgain();
  assert.equal(result.of('bill_changed')?.count, 1);
  assert.deepEqual(result.names, []);
});

for (const name of ['wechat-2026-12-02.gz', 'alipay-2026-12-02.zip']) {
  test(`an empty file is a day without trades: ${name}`, () => {
    const world = new World();
    world.sql("UPDATE bill SET raw = x'' WHERE day = '2026-12-02'");
    writeFileSync(world.path('bills', name), '');
    const result = world.audit();
    assert.deepEqual([result.exit, result.names], [0, []]);
  });
}

test('an empty file of nobody\'s is no bill', () => {
  const world = new World();
  writeFileSync(world.path('bills', 'bill-2026-12-02.csv'), '');
  assert.deepEqual(world.audit().names, ['bill_unreadable']);
});

// ---- the fate of each payment ----

plant('credited_twice', (world) => {
  const number = order(world, DONE);
  const [{ meter_id: meter, paid_fen: fen, paid_at: at }] = world.rows('cloud.db',
    `SELECT meter_id, paid_fen, paid_at FROM pay_order WHERE order_no = '${number}'`);
  post(world, number, 'credit_again', at, [['REVENUE', '', fen], ['CUST', meter, -fen]]);
  return number;
}, { loss: true });

plant('credited_and_refunded', (world) => {
  const number = order(world, DONE);
  const [{ paid_fen: fen, paid_at: at }] = world.rows('cloud.db',
    `SELECT paid_fen, paid_at FROM pay_order WHERE order_no = '${number}'`);
  post(world, number, 'repay', at, [['LOSS', '', fen], ['BANK', '', -fen]]);
  return number;
}, { loss: true });

plant('credited_without_payment', (world) => {
  const number = order(world, DONE);
  world.sql(`DELETE FROM leg WHERE posting_id = (SELECT posting_id FROM posting WHERE document_no =
    '${number}' AND step = 'receive'); DELETE FROM posting WHERE document_no = '${number}'
    AND step = 'receive'`).totals();
  return number;
}, { loss: true, beside: ['paid_not_booked'] });

plant('credit_amount', (world) => {
  const number = order(world, DONE);
  world.sql(`UPDATE leg SET fen = fen + CASE WHEN fen > 0 THEN 100 ELSE -100 END WHERE posting_id =
    (SELECT posting_id FROM posting WHERE document_no = '${number}' AND step = 'credit_cust')`)
    .totals();
  return number;
}, { loss: true });

plant('done_without_credit', (world) => {
  const number = order(world, DONE);
  world.sql(`DELETE FROM leg WHERE posting_id = (SELECT posting_id FROM posting WHERE document_no =
    '${number}' AND step = 'credit_cust'); DELETE FROM posting WHERE document_no = '${number}'
    AND step = 'credit_cust'`).totals();
  return number;
}, { loss: false });

plant('credited_not_done', (world) => {
  const number = order(world, "state = 'REVIEW'");
  const [{ meter_id: meter, paid_fen: fen, paid_at: at }] = world.rows('cloud.db',
    `SELECT meter_id, paid_fen, paid_at FROM pay_order WHERE order_no = '${number}'`);
  post(world, number, 'credit_cust', at, [['HELD', number, fen], ['CUST', meter, -fen]]);
  return number;
});

plant('closed_over_money', (world) => {
  const number = order(world, "state = 'REVIEW'");
  world.sql(`INSERT INTO pay_event (order_no, seq, event, from_state, to_state, actor, at)
    SELECT order_no, max(seq) + 1, 'operator_close', 'REVIEW', 'CLOSED', 'ann+bob', max(at) + 1
      FROM pay_event WHERE order_no = '${number}';
    UPDATE pay_order SET state = 'CLOSED' WHERE order_no = '${number}';
    UPDATE review_item SET closed_at = 1 WHERE document_no = '${number}';
    INSERT INTO review_signature (item_id, decision, person, version, given_ms, given_at)
      SELECT item_id, 'close', value, 4, 1, 1 FROM review_item, json_each('["ann", "bob"]')
      WHERE document_no = '${number}'`);
  return number;
}, { loss: false });

plant('posting_missing', (world) => {
  const number = order(world, REFUNDED);
  world.sql(`DELETE FROM leg WHERE posting_id = (SELECT posting_id FROM posting WHERE document_no =
    '${number}' AND step = 'owe_refund'); DELETE FROM posting WHERE document_no = '${number}'
    AND step = 'owe_refund'`).totals();
  return number;
});

plant('posting_extra', (world) => {
  const number = order(world, DONE);
  const at = world.one(`SELECT paid_at FROM pay_order WHERE order_no = '${number}'`);
  post(world, number, 'gift', at, [['LOSS', '', 100], ['REVENUE', '', -100]]);
  return number;
});

plant('posting_amount', (world) => {
  const number = order(world, REFUNDED);
  world.sql(`UPDATE leg SET account = 'PAYOUT', subject = '' WHERE fen < 0 AND posting_id =
    (SELECT posting_id FROM posting WHERE document_no = '${number}' AND step = 'owe_refund')`)
    .totals();
  return number;
});

plant('credit_without_order', (world) => {
  post(world, 'ADJ-1', 'adjust', AT - 86400 * 9, [['REVENUE', '', 500], ['CUST', 'm0000', -500]]);
  return 'ADJ-1';
}, { loss: true });

plant('credit_without_order', (world) => {
  post(world, 'SH20261109NOORDER0001', 'credit_cust', AT - 86400 * 9,
    [['REVENUE', '', 500], ['CUST', 'm0000', -500]]);
  return 'SH20261109NOORDER0001';
}, { loss: true, how: 'under a number like an order\'s' });

plant('reservation_wrong', (world) => {
  const number = order(world, COUNT);
  world.sql(`UPDATE reservation SET state = 'pending' WHERE order_no = '${number}'`);
  return number;
});

// ---- replay ----

plant('event_gap', (world) => {
  const number = order(world, DONE);
  world.sql(`UPDATE pay_event SET seq = seq + 1 WHERE order_no = '${number}' AND seq = 4`);
  return number;
});

plant('event_chain', (world) => {
  const number = order(world, DONE);
  world.sql(`UPDATE pay_event SET from_state = 'CLOSING' WHERE order_no = '${number}' AND seq = 2`);
  return number;
});

plant('event_not_allowed', (world) => {
  const number = order(world, DONE);
  world.sql(`UPDATE pay_event SET event = 'refund_ok' WHERE order_no = '${number}' AND seq = 3`);
  return number;
}, { beside: ['refund_without_evidence'] });

plant('state_not_events', (world) => {
  const number = order(world, DONE);
  world.sql(`UPDATE pay_order SET refund_numbered = 1 WHERE order_no = '${number}'`);
  return number;
});

plant('delivery_not_events', (world) => {
  const number = order(world, FENCED);
  world.sql(`UPDATE delivery SET stage = 'FENCING' WHERE order_no = '${number}'`);
  return number;
});

plant('void_unfenced', (world) => {
  const number = order(world, FENCED);
  world.sql(`UPDATE delivery_event SET detail = replace(detail, '"fenced":true', '"fenced":false')
    WHERE order_no = '${number}'`);
  return number;
});

plant('stray_not_events', (world) => {
  world.sql("UPDATE stray SET state = 'REVIEW' WHERE state = 'OPEN'");
  return world.one("SELECT stray_no FROM stray WHERE state = 'REVIEW'");
});

plant('orphan_rows', (world) => {
  world.sql("INSERT INTO pay_event SELECT 'SH20261109GONE0000001', seq, event, 0, '', 0," +
    ' from_state, to_state, NULL, \'\', at FROM pay_event WHERE order_no = (SELECT min(order_no)' +
    " FROM pay_order WHERE state = 'CLOSED')");
  return 'SH20261109GONE0000001';
});

// ---- the wallets' own words ----

plant('paid_without_evidence', (world) => {
  const number = order(world, DONE);
  world.sql(`UPDATE pay_event SET inbox_id = NULL WHERE order_no = '${number}' AND event = 'paid'`);
  return number;
}, { loss: true });

plant('refund_without_evidence', (world) => {
  const number = order(world, REFUNDED);
  world.sql(`DELETE FROM pay_inbox WHERE inbox_id = (SELECT inbox_id FROM pay_event WHERE
    order_no = '${number}' AND event = 'refund_ok')`);
  return number;
}, { loss: false });

plant('evidence_differs', (world) => {
  const number = order(world, DONE + WECHAT);
  world.sql(`UPDATE pay_inbox SET body = CAST(replace(CAST(body AS TEXT), '"SUCCESS"',
    '"NOTPAY"') AS BLOB) WHERE document_no = '${number}' AND verdict = 'paid'`);
  return number;
});

plant('evidence_differs', (world) => {
  const number = order(world, "state = 'DONE' AND channel = 'alipay'");
  world.sql(`UPDATE pay_inbox SET body = CAST(replace(CAST(body AS TEXT), 'total_amount=',
    'total_amount=1') AS BLOB) WHERE document_no = '${number}' AND verdict = 'paid'`);
  return number;
}, { how: 'another amount' });

plant('evidence_ignored', (world) => {
  const number = order(world, "state = 'CLOSED' AND channel = 'alipay'");
  const other = order(world, "state = 'DONE' AND channel = 'alipay'");
  world.sql(`INSERT INTO pay_inbox (channel, source, verdict, document_no, headers, body,
    received_at) SELECT channel, source, verdict, '${number}', '', CAST(replace(replace(
    CAST(body AS TEXT), '${other}', '${number}'), '&trade_no=', '&trade_no=9') AS BLOB), 1
    FROM pay_inbox WHERE document_no = '${other}' AND verdict = 'paid'`);
  return number;
}, { loss: false });

plant('evidence_sealed', (world) => {
  const number = order(world, DONE + WECHAT);
  const sealed = JSON.stringify({ id: 'EV-1', resource: { ciphertext: 'AAAA', nonce: '123456789012',
    associated_data: 'transaction' } });
  world.sql(`UPDATE pay_inbox SET source = 'notify', body = CAST('${sealed}' AS BLOB)
    WHERE document_no = '${number}' AND verdict = 'paid'`);
});

plant('decision_unsigned', (world) => {
  const number = order(world, "state = 'DONE' AND EXISTS (SELECT 1 FROM review_item i WHERE" +
    ' i.document_no = o.order_no)');
  world.sql("UPDATE review_signature SET person = 'ann' WHERE item_id = (SELECT item_id FROM" +
    ` review_item WHERE document_no = '${number}')`);
  return number;
});

// ---- what is open ----

plant('open_without_owner', (world) => {
  const number = order(world, "state = 'REVIEW'");
  world.sql(`DELETE FROM review_item WHERE document_no = '${number}'`);
  return number;
}, { loss: false });

plant('open_without_owner', (world) => {
  world.sql("UPDATE review_item SET owner = '' WHERE document = 'stray' AND closed_at IS NULL");
  return world.one("SELECT stray_no FROM stray WHERE state = 'OPEN'");
}, { loss: false, how: 'of a stray payment' });

plant('open_overdue', (world) => {
  const number = order(world, "state = 'REVIEW'");
  world.sql(`UPDATE review_item SET due_ms = 1000 WHERE document_no = '${number}'`);
  return number;
}, { loss: false });

plant('stuck', (world) => {
  const number = order(world, REFUNDED);
  world.sql(`DELETE FROM pay_event WHERE order_no = '${number}' AND event = 'refund_ok';
    UPDATE pay_order SET state = 'REFUNDING' WHERE order_no = '${number}';
    DELETE FROM leg WHERE posting_id = (SELECT posting_id FROM posting WHERE document_no =
      '${number}' AND step = 'refund');
    DELETE FROM posting WHERE document_no = '${number}' AND step = 'refund'`).totals();
  return number;
}, { loss: false });

// ---- the ledger ----

plant('posting_unbalanced', (world) => {
  const number = order(world, DONE);
  world.sql(`UPDATE leg SET fen = fen - 1 WHERE account = 'CUST' AND posting_id = (SELECT posting_id
    FROM posting WHERE document_no = '${number}' AND step = 'credit_cust')`).totals();
  return number;
}, { beside: ['day_identity'] });

plant('account_total', (world) => {
  world.sql("UPDATE account_sum SET fen = fen - 7 WHERE account = 'CUST' AND subject = 'm0000'");
  return 'CUST.m0000';
});

plant('clearing_unexplained', (world) => {
  const number = order(world, DONE);
  world.sql(`UPDATE leg SET subject = '${number}X' WHERE account = 'HELD' AND fen < 0 AND posting_id
    = (SELECT posting_id FROM posting WHERE document_no = '${number}' AND step = 'receive')`)
    .totals();
  return number;
});

plant('day_identity', (world) => {
  post(world, 'ADJ-2', 'adjust', AT - 86400 * 9, [['RECV', 'wechat', 500], ['REVENUE', '', -500]]);
  return '2026-11-22';
}, { loss: true });

// ---- paper ----

plant('receipt_untrue', (world) => {
  const number = order(world, "state = 'CLOSED'");
  world.sql(`INSERT INTO receipt_report (print_id, order_no, verdict, at, kind)
    VALUES ('p-1', '${number}', 'printed', 1, 'receipt')`);
  return number;
});

plant('receipt_untrue', (world) => {
  const number = order(world, "state = 'REVIEW'");
  world.sql(`INSERT INTO receipt_report (print_id, order_no, verdict, at, kind)
    VALUES ('p-1', '${number}', 'printed', 1, 'credited')`);
  return number;
}, { how: '"credited" while in review' });

plant('receipt_missing', (world) => {
  const number = order(world, DONE);
  world.sql(`DELETE FROM receipt_report WHERE order_no = '${number}'`);
});

// ---- meters and collectors ----

plant('done_without_proof', (world) => {
  const number = order(world, COUNT);
  world.sql(`UPDATE delivery_event SET detail = replace(detail, '"last_fen":',
    '"last_fen":1') WHERE order_no = '${number}' AND event = 'reply'`);
  return number;
}, { loss: false });

plant('done_without_proof', (world) => {
  const number = order(world, FAMILY_Q);
  const id = world.one(`SELECT command_id FROM delivery WHERE order_no = '${number}'`);
  world.journal(`UPDATE command SET state = 'V', intent_at = NULL, voided = 1 WHERE id = '${id}'`);
  return number;
}, { loss: false, how: 'the collector never sent it' });

const meterOf = (world, number) =>
  world.one(`SELECT meter_id FROM pay_order WHERE order_no = '${number}'`);
const countOf = (world, number) =>
  world.one(`SELECT seq FROM delivery WHERE order_no = '${number}'`);

plant('delivery_not_in_meter', (world) => {
  const number = order(world, COUNT);
  const count = countOf(world, number);
  world.meter(meterOf(world, number), (record) => {
    record.purchases = record.purchases.filter((one) => one.count !== count);
  });
  return number;
}, { loss: false });

plant('meter_amount', (world) => {
  const number = order(world, COUNT);
  const count = countOf(world, number);
  world.meter(meterOf(world, number), (record) => {
    record.purchases.find((one) => one.count === count).amount_fen += 100;
  });
  return number;
}, { loss: true });

plant('meter_without_delivery', (world) => {
  const meter = meterOf(world, order(world, COUNT));
  world.meter(meter, (record) => {
    record.count += 1;
    record.purchases.push({ ...record.purchases.at(-1), count: record.count });
  });
  return meter;
}, { loss: true });

plant('meter_without_delivery', (world) => {
  const number = order(world, COUNT);
  const meter = meterOf(world, number);
  rmSync(world.path('meters', `${world.one(`SELECT address FROM meter WHERE meter_id = '${meter}'`)
  }.json`));
  /* A later delivery found the count higher than ours had left it. */
  world.sql(`UPDATE delivery SET before = json_set(before, '$.count',
    json_extract(before, '$.count') + 1) WHERE order_no = (SELECT max(order_no) FROM delivery
    WHERE meter_id = '${meter}')`);
  return meter;
}, { how: 'by our own readings' });

plant('meter_credited_twice', (world) => {
  const number = order(world, FAMILY_Q);
  world.meter(meterOf(world, number), (record) => {
    record.purchases.push({ ...record.purchases.at(-1) });
  });
}, { loss: true });

plant('refunded_but_delivered', (world) => {
  const number = order(world, FENCED);
  const id = world.one(`SELECT command_id FROM delivery WHERE order_no = '${number}'`);
  const fen = world.one(`SELECT amount_fen FROM delivery WHERE order_no = '${number}'`);
  const [{ reply }] = world.rows('collector/journal.db',
    `SELECT reply FROM command WHERE id = '${id}'`);
  const answer = JSON.parse(reply);
  const { before, after } = answer.values;
  if (after['03330201']) {
    after['03330201'].v = String(Number(before['03330201'].v) + 1);
    after['03330301'].v = (fen / 100).toFixed(2);
  } else {
    after['00900200'].v = (Number(before['00900200'].v) + fen / 100).toFixed(2);
  }
  const text = JSON.stringify(answer);
  world.journal(`UPDATE command SET reply = '${text}' WHERE id = '${id}'`);
  world.sql(`UPDATE device_command SET reply = '${text}' WHERE command_id = '${id}'`);
  return number;
}, { loss: true });

plant('refunded_but_delivered', (world) => {
  const number = order(world, FENCED + " AND kind = 'order'");
  const [{ order_number: name, amount_fen: fen }] = world.rows('cloud.db',
    `SELECT order_number, amount_fen FROM delivery WHERE order_no = '${number}'`);
  world.meter(meterOf(world, number), (record) => {
    record.purchases.push({ kind: 'recharge', time: '2026-11-30 12:00:00', amount_fen: fen,
      count: 0, order: name });
  });
  return number;
}, { loss: true, how: 'by the meter\'s record' });

plant('delivery_unproven', (world) => {
  const meter = meterOf(world, order(world, FAMILY_Q));
  rmSync(world.path('meters', `${world.one(`SELECT address FROM meter WHERE meter_id = '${meter}'`)
  }.json`));
});

plant('meter_record_unreadable', (world) => {
  const meter = meterOf(world, order(world, COUNT));
  const address = world.one(`SELECT address FROM meter WHERE meter_id = '${meter}'`);
  writeFileSync(world.path('meters', `${address}.json`), '{"purchases": 7}');
  return meter;
});

plant('journal_unreadable', (world) => {
  writeFileSync(world.path('collector', 'other.db'), 'no database');
  return 'other.db';
});

plant('journal_unknown_command', (world) => {
  world.journal("INSERT INTO command (id, op, meter, state, accepted_at, intent_at, reply)" +
    " VALUES ('c-1', 'credit', '1', 'R', 1, 1, '{}')");
  return 'c-1';
});

plant('journal_lost_command', (world) => {
  const number = order(world, COUNT);
  const id = world.one(`SELECT command_id FROM delivery WHERE order_no = '${number}'`);
  world.journal(`DELETE FROM command WHERE id = '${id}' AND row > 1`);
  return number;
});

plant('journal_reply_differs', (world) => {
  const number = order(world, COUNT);
  const id = world.one(`SELECT command_id FROM delivery WHERE order_no = '${number}'`);
  world.sql(`UPDATE device_command SET reply = replace(reply, '"ms":78', '"ms":79')
    WHERE command_id = '${id}'`);
  return number;
});

plant('intent_open', (world) => {
  const [{ id }] = world.rows('collector/journal.db',
    'SELECT id FROM command ORDER BY row DESC LIMIT 1');
  world.journal(`UPDATE command SET state = 'I', reply = NULL, replied = 0 WHERE id = '${id}'`);
  return id;
});

plant('register_fell', (world) => {
  world.sql(`UPDATE reading SET vals = '{"00010000":"99.50"}' WHERE meter_id = 'm0000'
    AND part = 1`);
  return 'm0000';
});

/** A reading of meter m0000: its number in a collector's journal, its register, its time. */
function read(world, seq, kwh, at, { collector = 'col1', epoch = 1, quality = 'ok' } = {}) {
  const values = quality === 'ok' ? `{"00010000":"${kwh.toFixed(2)}"}` : '{}';
  world.sql(`INSERT INTO reading SELECT '${collector}', ${epoch}, ${seq}, 0, meter_id, address,
    ${at}, '${quality}', '${values}' FROM meter WHERE meter_id = 'm0000'`);
}

/* The world's own readings of it: 100.50 to 102.50, all in message 1 of col1, epoch 1. */
const NOON = Date.parse('2026-11-22T12:00:00+08:00') / 1000;
const IN_2039 = Date.parse('2039-11-22T12:00:00+08:00') / 1000;
const falls = (result) => (result.of('register_fell')?.list ?? []).map(({ subject, text }) =>
  `${subject} ${text.replace(/^at \d+ |\(.*$/g, '')}`);
const fell = (from, to) => `m0000 from ${from * 10000} to ${to * 10000} `;

test('a register that grows while the clock is set is no finding', () => {
  const world = new World();
  read(world, 101, 103, NOON);
  read(world, 102, 104, NOON - 7200);
  read(world, 103, 105, IN_2039);
  read(world, 104, 106, NOON + 60);
  assert.deepEqual(world.audit().names, []);
});

test('a register that grows while the clock is set is no finding in a second run', () => {
  const world = new World();
  read(world, 101, 103, NOON);
  assert.deepEqual(world.auditAgain().names, []);
  read(world, 102, 105, NOON + 7200);
  read(world, 103, 104, NOON, { quality: 'silent' });
  read(world, 104, 106, NOON + 3600);
  const second = world.auditAgain();
  assert.deepEqual([second.names, second.read.readings_read], [[], 3]);
  assert.deepEqual([world.auditAgain().read.readings_read, second.exit], [0, 0]);
});

test('a register that falls while the clock is set back is found', () => {
  const world = new World();
  read(world, 101, 120, IN_2039);
  read(world, 102, 119, NOON);
  const result = world.audit();
  assert.deepEqual([result.exit, result.names], [1, ['register_fell']]);
  assert.deepEqual(falls(result), [fell(120, 119)]);
});

test('a register that falls after the clock was set back is found by a second run', () => {
  const world = new World();
  read(world, 101, 120, IN_2039);
  assert.deepEqual(world.auditAgain().names, []);
  read(world, 102, 119, NOON);
  read(world, 103, 119.5, NOON + 60);
  const second = world.auditAgain();
  assert.deepEqual([second.exit, falls(second)], [1, [fell(120, 119)]]);
  read(world, 104, 119.75, NOON + 30);
  assert.deepEqual(falls(world.auditAgain()), [fell(120, 119)]);
});

test('a register that falls to nothing is found once', () => {
  const world = new World();
  read(world, 101, 0, NOON);
  assert.deepEqual(falls(world.auditAgain()), [fell(102.5, 0)]);
  read(world, 102, 1, NOON + 60);
  assert.deepEqual(falls(world.auditAgain()), [fell(102.5, 0)]);
});

test('a reading that comes late into a gap is judged in its place', () => {
  const world = new World();
  const from = { collector: 'col2', epoch: 5 };
  const here = (seq) => world.sql(`INSERT OR REPLACE INTO reading_progress
    (collector_id, epoch, seq) VALUES ('col2', 5, ${seq})`);
  read(world, 1, 100, NOON, from);
  read(world, 3, 110, NOON + 120, from);
  read(world, 4, 109, NOON + 180, from);
  here(1);
  assert.deepEqual(falls(world.auditAgain()), [fell(110, 109)]);
  assert.deepEqual(falls(world.auditAgain()), [fell(110, 109)]);
  read(world, 2, 111, NOON + 60, from);
  here(4);
  assert.deepEqual(falls(world.auditAgain()).sort(), [fell(110, 109), fell(111, 110)]);
  assert.equal(world.auditAgain().read.readings_read, 0);
});

test('readings of two journals are not compared, those of each are', () => {
  const world = new World();
  const other = { collector: 'col2', epoch: 5 };
  const begunAnew = { epoch: 7 };
  read(world, 1, 50, NOON, begunAnew);
  read(world, 1, 20, NOON + 60, other);
  assert.deepEqual(world.auditAgain().names, []);
  read(world, 2, 51, NOON + 120, begunAnew);
  read(world, 2, 21, NOON + 120, other);
  read(world, 101, 103, NOON + 180);
  assert.deepEqual(world.auditAgain().names, []);
  read(world, 3, 50, NOON + 240, begunAnew);
  read(world, 3, 19, NOON + 240, other);
  const third = world.auditAgain();
  assert.deepEqual(falls(third).sort(), [fell(21, 19), fell(51, 50)]);
  assert.equal(third.read.readings_read, 2);
});

test('readings without a name to walk on from cannot be judged, and it says so', () => {
  const world = new World();
  read(world, 1, 50, NOON, { collector: 'c'.repeat(200) });
  const result = world.audit();
  assert.equal(result.exit, 2);
  assert.match(result.why, /no collector's name/);
});

// ---- what the auditor remembers ----

/** Two runs with something between them; the second reads past blocks only as it is told to. */
function betweenRuns(name, spoil, subject) {
  planted.add(name);
  test(name, () => {
    const world = new World();
    const first = world.auditAgain('--block', '8');
    assert.deepEqual([first.exit, first.names], [0, []]);
    const wanted = spoil(world);
    const second = world.auditAgain('--block', '8', '--recheck', 'all');
    assert.deepEqual(second.names, [name]);
    assert.equal(second.exit, 1);
    if (subject) {
      assert.equal(second.of(name).list[0].subject, wanted);
    }
  });
}

betweenRuns('past_row_changed', (world) => {
  const number = order(world, DONE);
  /* Consistent by every rule: only a memory can tell. */
  world.sql(`UPDATE pay_event SET at = at + 1 WHERE order_no = '${number}' AND seq = 1`);
  return number;
}, true);

betweenRuns('past_row_missing', (world) => {
  const number = order(world, "state = 'CLOSED'");
  world.sql(`DELETE FROM pay_order WHERE order_no = '${number}';
    DELETE FROM pay_event WHERE order_no = '${number}';
    DELETE FROM pay_inbox WHERE document_no = '${number}'`);
}, false);

test('past_row_changed in the ledger', () => {
  const world = new World();
  assert.equal(world.auditAgain().exit, 0);
  world.sql("UPDATE posting SET at = at + 1 WHERE document_no LIKE 'USE-%'");
  const result = world.auditAgain('--recheck', 'all');
  assert.deepEqual(result.names, ['past_row_changed']);
  assert.match(result.of('past_row_changed').list[0].subject, /^postings 1\.\./);
});

test('a second run reads only what changed, and says so; a share of the past comes in turn', () => {
  const world = new World();
  const first = world.auditAgain('--block', '4');
  assert.equal(first.read.documents_read, first.read.documents);
  const quiet = world.auditAgain('--block', '4', '--recheck', '0', '--at', String(AT + 86400));
  assert.deepEqual(quiet.names, []);
  assert.ok(quiet.read.documents_read < first.read.documents / 2, `${quiet.read.documents_read}`);
  assert.equal(quiet.read.postings_read, 0);
  assert.equal(quiet.read.bills_read, 0);
  assert.deepEqual(quiet.states, first.states);
  const number = order(world, DONE);
  world.sql(`UPDATE pay_event SET at = at + 1 WHERE order_no = '${number}' AND seq = 1`);
  const at = (days) => ['--block', '4', '--recheck', '4', '--at', String(AT + 86400 * days)];
  const names = [2, 3, 4, 5, 6].flatMap((days) => {
    const one = world.auditAgain(...at(days));
    assert.ok(one.read.documents_read < one.read.documents);
    return one.names;
  });
  assert.ok(names.includes('past_row_changed'), `${names}`);
});

test('new rows, late words and new bills are read by the next run', () => {
  const world = new World();
  assert.equal(world.auditAgain('--block', '4').exit, 0);
  const closed = order(world, "state = 'CLOSED' AND channel = 'alipay'");
  const other = order(world, "state = 'DONE' AND channel = 'alipay'");
  world.sql(`INSERT INTO pay_inbox (channel, source, verdict, document_no, headers, body,
    received_at) SELECT channel, source, verdict, '${closed}', '', CAST(replace(replace(
    CAST(body AS TEXT), '${other}', '${closed}'), '&trade_no=', '&trade_no=9') AS BLOB), 1
    FROM pay_inbox WHERE document_no = '${other}' AND verdict = 'paid'`);
  const late = world.auditAgain('--block', '4', '--recheck', '0');
  assert.deepEqual(late.names, ['evidence_ignored']);
  /* A finding stays until it is settled, though its block is not read again. */
  const still = world.auditAgain('--block', '4', '--recheck', '0');
  assert.deepEqual(still.names, ['evidence_ignored']);
});

test('a word for another merchant accuses nobody', () => {
  const world = new World();
  const closed = order(world, "state = 'CLOSED' AND channel = 'alipay'");
  const other = order(world, "state = 'DONE' AND channel = 'alipay'");
  world.sql(`INSERT INTO pay_inbox (channel, source, verdict, document_no, headers, body,
    received_at) SELECT channel, source, verdict, '${closed}', '', CAST(replace(replace(
    CAST(body AS TEXT), '${other}', '${closed}'), 'app_id=2', 'app_id=3') AS BLOB), 1
    FROM pay_inbox WHERE document_no = '${other}' AND verdict = 'paid'`);
  assert.deepEqual(world.audit().names, []);
});

test('what an older version remembered is read anew, and it says so', () => {
  const world = new World();
  const first = world.auditAgain();
  world.run('state/auditor.db', `DROP TABLE meter; CREATE TABLE meter (meter_id TEXT PRIMARY KEY,
    digest TEXT NOT NULL, energy_e4 INTEGER NOT NULL, read_at INTEGER NOT NULL) WITHOUT ROWID;
    UPDATE mark SET value = 1 WHERE name = 'layout'`);
  const text = execFileSync(AUDITOR, ['--database', world.path('cloud.db'), '--bills',
    world.path('bills'), '--journals', world.path('collector'), '--meters', world.path('meters'),
    '--at', String(AT), '--state', world.path('state')], { encoding: 'utf8' });
  assert.match(text, /run 1 \(what another version of the auditor remembered is of no use/);
  const again = world.auditAgain();
  assert.deepEqual([again.exit, again.read.run, again.states], [0, 2, first.states]);
});

test('columns and tables that it does not know do not disturb it', () => {
  const world = new World();
  world.sql('ALTER TABLE pay_order ADD COLUMN later TEXT; ALTER TABLE delivery ADD COLUMN' +
    ' later_ms INTEGER; CREATE TABLE later (a)');
  assert.deepEqual(world.audit().names, []);
});

test('what is not there cannot be judged: exit status 2, and it says what', () => {
  const world = new World();
  rmSync(world.path('cloud.db'));
  const result = world.audit();
  assert.equal(result.exit, 2);
  assert.match(result.why, /cloud\.db/);
});

test('text names each finding, what it means and what to do', () => {
  const world = new World();
  const number = order(world, DONE);
  world.sql(`UPDATE pay_order SET refund_numbered = 1 WHERE order_no = '${number}'`);
  let out = '';
  try {
    execFileSync(AUDITOR, ['--database', world.path('cloud.db'), '--at', String(AT)],
      { encoding: 'utf8' });
  } catch (error) {
    assert.equal(error.status, 1);
    out = error.stdout;
  }
  assert.match(out, /state_not_events: difference, 1\n.*\n {2}-> .*\n.*SH2026/);
  assert.match(out, /not looked at: meters/);
  assert.match(out, /differences: 1 differences, 0 not judged; loss 0\.00 yuan/);
});

test('every finding has a plant, and the paper has every finding', () =>
  checkPlanted(planted, { ofCards: false }));
