// SPDX-License-Identifier: Apache-2.0

// Each finding about cards, planted once or more in a world with two card meters: one whose cards
// carry totals, one whose card carries purchases with a count.

import assert from 'node:assert/strict';
import test from 'node:test';
import { answer, CardWorld, CASES, COUNTER, COUNTER_UID, credit, METER, readingRow, UIDS,
  word } from './cards.mjs';
import { checkPlanted, planter } from './plant.mjs';
import { AT } from './world.mjs';

const { plant, planted } = planter(() => new CardWorld());

const OTHER_KEY = 'ffeeddccbbaa99887766554433221100';
const LAST = { n: 14, total: 25000, balance: 400 }; /* what the meter said last, as its word 10 */
const hex = (n) => n.toString(16).padStart(2, '0').toUpperCase();

/** Nothing shows these tokens any more. */
const hide = (world, ...numbers) => world.sql(`UPDATE card_reading SET credit = '- -'
  WHERE uid <> '${COUNTER_UID}'
  AND substr(credit, 9, 2) IN (${numbers.map((n) => `'${hex(n)}'`)})`);

/** The counter's last purchase was never heard of. */
const unheard = (world) => world.sql(`DELETE FROM card_reading WHERE reading_id IN (SELECT
    reading_id FROM card_reading WHERE uid = '${COUNTER_UID}' ORDER BY reading_id DESC LIMIT 2);
  UPDATE card_account SET seen_seq = 5, seen_balance_fen = seen_balance_fen + 500 -
    (SELECT amount_fen FROM card_token WHERE meter_id = '${COUNTER}' AND n = 6)
    WHERE meter_id = '${COUNTER}'`);

/** As if a program had never heard of these rules. */
const loosen = (world) => world.sql(`CREATE TABLE loose AS SELECT * FROM card_token;
  DROP TABLE card_token; ALTER TABLE loose RENAME TO card_token`);

test('the world that nobody spoilt is clean, with the master key and without', () => {
  const world = new CardWorld();
  const result = world.audit();
  assert.deepEqual([result.exit, result.findings], [0, []]);
  assert.deepEqual([result.read.card_meters, result.read.card_tokens], [2, 20]);
  const keyless = world.auditKeyless();
  assert.deepEqual([keyless.exit, keyless.names], [0, []]);
  assert.ok(keyless.of('card_macs_unchecked').count >= 20);
});

// ---- orders and their tokens ----

plant('card_done_without_token', (world) => {
  unheard(world);
  world.sql(`UPDATE card_account SET n = 5, total_fen = (SELECT total_fen FROM card_token
      WHERE meter_id = '${COUNTER}' AND n = 5) WHERE meter_id = '${COUNTER}';
    DELETE FROM card_token WHERE meter_id = '${COUNTER}' AND n = 6`);
  return world.order(51);
}, { loss: false });

plant('card_done_without_token', (world) => {
  world.sql(`DELETE FROM card_order WHERE order_no = '${world.order(51)}'`);
  return world.order(51);
}, { loss: false, how: 'nobody knows for which card' });

plant('card_done_unseen', (world) => {
  hide(world, 12, 13, 14);
  return world.order(57);
}, { loss: false });

plant('card_done_unseen', (world) => {
  hide(world, 10);
  return world.order(48);
}, { loss: false, how: 'only the token that takes it back was seen' });

plant('card_done_unseen', (world) => {
  unheard(world);
  return world.order(51);
}, { loss: false, how: 'on a card that counts' });

plant('card_done_unseen', (world) => {
  world.sql(`DELETE FROM card_reading WHERE uid = '${UIDS[1]}' AND credit NOT LIKE '%-%';
    ${[8, 9, 10].map((seq) => readingRow(UIDS[1], '- -', `${word(UIDS[1], {
    8: { seq, n: 12, total: 25000, balance: 19000 },
    9: { seq, n: 12, total: 25000, balance: 500, error: 22 }, 10: { seq, ...LAST } }[seq])} -`))
    .join('\n')}`);
  const [token] = world.rows('cloud.db', `SELECT hex(record) AS record FROM card_token
    WHERE meter_id = '${METER}' AND n = 14`);
  world.sql(readingRow(UIDS[0], `${token.record} ${token.record}`, '- -'));
  return world.order(57);
}, { how: 'its bytes were seen on another card' });

plant('card_token_without_order', (world) => {
  world.give({ kind: 'purchase', fen: 500, total: 25500, document: 'SH20261130NOBODY0001' });
  return 'SH20261130NOBODY0001';
}, { loss: true });

plant('card_token_without_order', (world) => {
  const number = world.order(0);
  world.sql(`UPDATE pay_order SET kind = 'card' WHERE order_no = '${number}'`);
  world.give({ kind: 'purchase', fen: 2000, total: 27000, document: number });
  return number;
}, { loss: true, how: 'its order was closed unpaid' });

plant('card_token_without_order', (world) => {
  world.give({ kind: 'cancel', fen: 3000, total: 28000, document: 'CT2026110100000009000009' });
  return 'CT2026110100000009000009';
}, { loss: true, how: 'nothing was bought back that it would restore' });

plant('card_token_twice', (world) => {
  loosen(world);
  world.give({ kind: 'purchase', fen: 3000, total: 28000, document: world.order(57) });
  return world.order(57);
}, { loss: true, beside: ['card_token_differs'] });

plant('card_token_differs', (world) => {
  world.sql(`UPDATE delivery SET seq = 13 WHERE order_no = '${world.order(57)}'`);
  return world.order(57);
});

plant('card_token_differs', (world) => {
  world.sql(`UPDATE card_order SET uid = '${UIDS[0]}' WHERE order_no = '${world.order(57)}'`);
  return world.order(57);
}, { how: 'another card' });

plant('card_token_differs', (world) => {
  world.sql(`UPDATE pay_order SET meter_id = '${COUNTER}' WHERE order_no = '${world.order(57)}'`);
  return world.order(57);
}, { loss: true, how: 'another meter' });

plant('card_token_differs', (world) => {
  world.token(14, { fen: 3500, total: 25500 });
  world.sql(`UPDATE card_account SET total_fen = 25500 WHERE meter_id = '${METER}'`);
  return 'CT2026110100000003000003';
}, { how: 'another amount than its return case' });

plant('card_token_differs', (world) => {
  world.token(12, { fen: 4000, total: 26000 });
  world.token(13, { total: 23000 }).token(14, { total: 26000 });
  world.sql(`UPDATE card_account SET total_fen = 26000 WHERE meter_id = '${METER}';
    UPDATE card_return_case SET total_fen = 23000 WHERE n = 13;
    UPDATE card_reading SET returned = '- -' WHERE uid = '${UIDS[1]}'`);
  for (const said of [{ seq: 7, n: 11, total: 22000, balance: 17000 },
    { seq: 9, n: 12, total: 26000, balance: 500, error: 22 }, { seq: 10, n: 14, total: 26000,
      balance: 400 }]) {
    world.says(said);
  }
  world.sql("UPDATE card_account SET seen_total_fen = 26000 WHERE seen_seq = 10");
  return world.order(57);
}, { loss: true, how: 'another amount than its order, all the way to the meter' });

plant('card_token_number', (world) => {
  hide(world, 6);
  world.sql(`DELETE FROM card_token WHERE meter_id = '${METER}' AND n = 6`);
  return METER;
});

plant('card_token_number', (world) => {
  loosen(world);
  world.sql(`INSERT INTO card_token SELECT meter_id, n, kind, 'CT2026110100000009000009', uid,
    amount_fen, total_fen, record, issued_at, written_at, loaded_at FROM card_token
    WHERE meter_id = '${METER}' AND n = 9`);
  return METER;
}, { how: 'one is there twice' });

plant('card_token_total', (world) => {
  world.token(14, { total: 25100 });
  world.sql(`UPDATE card_account SET total_fen = 25100 WHERE meter_id = '${METER}'`);
  return METER;
}, { loss: true });

plant('card_token_total', (world) => {
  world.token(6, { fen: -2000 });
  return METER;
}, { how: 'a correction of another amount' });

plant('card_account', (world) => {
  world.sql(`UPDATE card_account SET total_fen = total_fen + 100 WHERE meter_id = '${METER}'`);
  return METER;
}, { loss: true });

plant('card_account', (world) => {
  world.sql(`UPDATE card_account SET n = 7 WHERE meter_id = '${COUNTER}'`);
  return COUNTER;
}, { how: 'another number' });

plant('card_refunded_with_token', (world) => {
  const number = world.order(22);
  world.sql(`UPDATE delivery_event SET event = 'reversed' WHERE order_no = '${number}'
    AND event = 'settled_back'`);
  return number;
}, { loss: true, beside: ['card_token_total'] });

/** The counter's last order is issued, and nobody has seen it on the card. */
function owed(world) {
  const number = world.order(51);
  const where = `WHERE order_no = '${number}'`;
  unheard(world);
  world.sql(`UPDATE pay_order SET state = 'CREDITING' ${where};
    DELETE FROM pay_event ${where} AND event = 'readback_credited';
    UPDATE delivery SET stage = 'ASSIGNED' ${where};
    DELETE FROM delivery_event ${where} AND event = 'written';
    UPDATE reservation SET state = 'pending' ${where};
    DELETE FROM receipt_report ${where};
    DELETE FROM leg WHERE posting_id = (SELECT posting_id FROM posting WHERE document_no =
      '${number}' AND step = 'credit_card');
    DELETE FROM posting WHERE document_no = '${number}' AND step = 'credit_card'`).totals();
  return number;
}

plant('open_without_owner', owed, { loss: false, how: 'of a token that is owed' });

test('a token that is owed waits for its card, and somebody calls the tenant', () => {
  const world = new CardWorld();
  world.sql(`INSERT INTO card_owed (order_no, owner, opened_at, due_ms)
    VALUES ('${owed(world)}', 'site operator', ${AT - 86400}, 4259200000)`);
  assert.deepEqual(world.audit().names, []);
  assert.deepEqual(world.audit('--at', String(AT + 40 * 86400)).names.filter((name) =>
    name !== 'bill_missing'), ['stuck']);
});

// ---- bytes ----

const recordOf = (world, n, bytes) => world.sql(`UPDATE card_token SET record = ${bytes}
  WHERE meter_id = '${METER}' AND n = ${n}`);
const FIRST = { meter: METER, n: 1, kind: 'purchase', uid: UIDS[0], fen: 4000, total: 4000, at: 1 };

plant('card_record', (world) => {
  recordOf(world, 1, 'zeroblob(48)');
  return METER;
});

for (const [how, other] of Object.entries({ N: { n: 2 }, T: { total: 4001 }, amount: { fen: 4001 },
  kind: { kind: 'reversal' }, meter: { meter: COUNTER } })) {
  plant('card_record', (world) => {
    recordOf(world, 1, `x'${credit({ ...FIRST, ...other })}'`);
    return METER;
  }, { how: `another ${how}`, beside: how === 'meter' ? ['card_mac'] : [] });
}

plant('card_record', (world) => {
  world.sql(`UPDATE card SET card_no = 9 WHERE uid = '${UIDS[1]}'`);
  return METER;
}, { how: 'of the issuing desk' });

plant('card_record', (world) => {
  world.sql(`UPDATE card_token SET uid = '${COUNTER_UID}' WHERE meter_id = '${METER}' AND n = 1;
    UPDATE card_order SET uid = '${COUNTER_UID}' WHERE order_no = '${world.order(2)}'`);
  return METER;
}, { how: 'a card of another meter' });

plant('card_mac', (world) => {
  recordOf(world, 1, `x'${credit(FIRST, OTHER_KEY)}'`);
  return METER;
});

plant('card_mac', (world) => {
  world.sql(`UPDATE card SET record = CAST(substr(record, 1, 47) || x'00' AS BLOB)
    WHERE uid = '${UIDS[1]}'`);
  return METER;
}, { how: 'of the issue record' });

plant('card_macs_unchecked', () => null, { args: ['--card-key-id', '2'] });

// ---- what cards and meters say ----

plant('card_meter_ahead', (world) => {
  world.says({ seq: 11, n: 15, total: 30000, balance: 5000 });
  return METER;
}, { loss: true });

plant('card_meter_ahead', (world) => {
  world.says({ seq: 11, n: 14, total: 26000, balance: 1000 });
  return METER;
}, { loss: true, how: 'a total that no token said' });

plant('card_meter_ahead', (world) => {
  const made = credit({ meter: METER, n: 20, kind: 'purchase', uid: UIDS[1], fen: 9000,
    total: 34000, at: 1 });
  world.sql(readingRow(UIDS[1], `${made} ${made}`, '- -', { verdict: 'not_ours' }));
  return METER;
}, { how: 'a card with a token under our key' });

plant('card_meter_ahead', (world) => {
  const made = credit({ meter: METER, n: 14, kind: 'purchase', uid: UIDS[1], fen: 9000,
    total: 34000, at: 1 });
  world.sql(readingRow(UIDS[1], `- ${made}`, '- -', { verdict: 'bad_mac' }));
  return METER;
}, { how: 'other bytes under a number of ours' });

plant('card_meter_ahead', (world) => {
  world.sql(readingRow(COUNTER_UID, '- -', `${answer(7, 100)} -`, { verdict: 'not_ours' }));
  return COUNTER;
}, { how: 'a meter that counts' });

plant('card_meter_ahead', (world) => {
  world.sql(`UPDATE delivery SET stage = 'VOID' WHERE order_no = '${world.order(51)}'`);
  return COUNTER;
}, { how: 'a meter that counts has loaded what went back',
  beside: ['card_balance', 'card_done_unseen', 'delivery_not_events', 'done_without_proof'] });

test('without the key, what the server took for true but not for ours is found too', () => {
  const world = new CardWorld();
  world.says({ seq: 11, n: 15, total: 30000, balance: 5000 }, { verdict: 'not_ours' });
  assert.deepEqual(world.auditKeyless().names, ['card_meter_ahead']);
  const other = new CardWorld();
  const made = credit({ meter: METER, n: 20, kind: 'purchase', uid: UIDS[1], fen: 9000,
    total: 34000, at: 1 });
  other.sql(readingRow(UIDS[1], `${made} ${made}`, '- -', { verdict: 'not_ours' }));
  assert.deepEqual(other.auditKeyless().names, ['card_meter_ahead']);
});

test('what anybody can write on a card accuses nobody', () => {
  const world = new CardWorld();
  const forged = word(UIDS[1], { seq: 99, n: 99, total: 9999999, balance: 9999999 }, OTHER_KEY);
  const token = credit({ meter: METER, n: 99, kind: 'purchase', uid: UIDS[1], fen: 1, total: 1,
    at: 1 }, OTHER_KEY);
  for (const verdict of ['bad_mac', 'wrong_meter', 'not_read']) {
    world.sql(readingRow(UIDS[1], `${token} ${token}`, `${forged} ${forged}`, { verdict }));
  }
  const [{ record }] = world.rows('cloud.db', `SELECT hex(record) AS record FROM card_token
    WHERE meter_id = '${METER}' AND n = 14`);
  world.sql(readingRow(UIDS[1], `${record} ${token}`, '- -'));
  world.sql(readingRow(COUNTER_UID, 'torn -', 'ZZ -', { verdict: 'not_ours' }));
  assert.deepEqual(world.audit().names, []);
  assert.deepEqual(world.auditKeyless().names, []);
});

plant('card_word_unproven', (world) => {
  world.sql(`UPDATE card_account SET seen_balance_fen = 99999 WHERE meter_id = '${METER}'`);
  return METER;
});

plant('card_word_unproven', (world) => {
  const forged = word(UIDS[1], { seq: 11, ...LAST, balance: 300 }, OTHER_KEY);
  world.sql(`${readingRow(UIDS[1], '- -', `${forged} ${forged}`)}
    UPDATE card_account SET seen_seq = 11, seen_balance_fen = 300 WHERE meter_id = '${METER}'`);
  return METER;
}, { how: 'the server believed a forged one' });

plant('card_word_unproven', (world) => {
  world.sql(`UPDATE card_account SET seen_balance_fen = 1 WHERE meter_id = '${COUNTER}'`);
  return COUNTER;
}, { how: 'of a meter that counts' });

plant('card_word_differs', (world) => {
  world.says({ seq: 10, ...LAST, balance: 399 });
  return METER;
});

plant('card_word_differs', (world) => {
  world.says({ seq: 11, ...LAST, balance: 399, energy: 10 });
  return METER;
}, { how: 'the energy fell' });

plant('card_word_differs', (world) => {
  world.says({ seq: 11, ...LAST, n: 13, balance: 399 });
  return METER;
}, { how: 'N fell' });

plant('card_balance', (world) => {
  world.says({ seq: 11, ...LAST, balance: 9000 });
  return METER;
}, { loss: true });

plant('card_balance', (world) => {
  const total = world.one(`SELECT total_fen FROM card_account WHERE meter_id = '${COUNTER}'`);
  world.sql(readingRow(COUNTER_UID, '- -', `${answer(6, total - 1000)} -`));
  return COUNTER;
}, { loss: true, how: 'of a meter that counts' });

plant('refunded_but_delivered', (world) => {
  world.says({ seq: 11, n: 14, total: 30000, balance: 400 });
  return METER;
}, { loss: true, how: 'a card meter has more than is paid for' });

// ---- value that is bought back ----

const caseOf = (world, number, change) => world.sql(`UPDATE card_return_case SET ${change}
  WHERE case_no = '${number}'`);

plant('return_case_unproven', (world) => {
  caseOf(world, CASES.paid, 'had_seq = 10');
  return CASES.paid;
}, { loss: true });

plant('return_case_unproven', (world) => {
  caseOf(world, CASES.refused, 'had_seq = 9');
  return CASES.refused;
}, { loss: true, how: 'refused' });

plant('return_case_unproven', (world) => {
  caseOf(world, CASES.paid, 'had_seq = 10');
  world.says({ seq: 11, ...LAST, balance: 399, error: 22 });
  return CASES.paid;
}, { loss: true, how: 'the meter said that it refused' });

plant('return_case_books', (world) => {
  const posting = `(SELECT posting_id FROM posting WHERE document_no = '${CASES.paid}'
    AND step = 'desk_pay')`;
  world.sql(`DELETE FROM leg WHERE posting_id = ${posting};
    DELETE FROM posting WHERE posting_id = ${posting}`).totals();
  return CASES.paid;
});

plant('return_case_books', (world) => {
  caseOf(world, CASES.refused, "payout = 'paid', payer = 'ann+bob'");
  return CASES.refused;
}, { how: 'paid, and the meter had refused' });

plant('return_case_books', (world) => {
  caseOf(world, CASES.paid, 'total_fen = total_fen - 1');
  return CASES.paid;
}, { how: 'another token' });

plant('return_paid_twice', (world) => {
  caseOf(world, CASES.undone, "payout = 'paid', payer = 'ann+bob'");
  return CASES.undone;
}, { loss: true, beside: ['return_case_books'] });

plant('return_paid_twice', (world) => {
  const number = world.order(48);
  world.sql(`INSERT INTO posting (document_no, step, at) VALUES ('${number}', 'gift', 1);
    INSERT INTO leg VALUES ((SELECT max(posting_id) FROM posting), 1, 'LOSS', '', 8000),
      ((SELECT max(posting_id) FROM posting), 2, 'BANK', '', -8000)`).totals();
  return CASES.paid;
}, { loss: true, how: 'by other ways', beside: ['posting_extra'] });

plant('decision_unsigned', (world) => {
  caseOf(world, CASES.undone, "second = 'ann'");
  return CASES.undone;
}, { how: 'a return case of one person' });

plant('decision_unsigned', (world) => {
  caseOf(world, CASES.paid, "payer = 'ann+ann'");
  return CASES.paid;
}, { how: 'paid out by one person' });

/** Not paid yet: the desk owes it. */
function unpaid(world, item) {
  caseOf(world, CASES.paid, "payout = 'owed', payer = ''");
  const posting = `(SELECT posting_id FROM posting WHERE document_no = '${CASES.paid}'
    AND step = 'desk_pay')`;
  world.sql(`DELETE FROM leg WHERE posting_id = ${posting};
    DELETE FROM posting WHERE posting_id = ${posting}; ${item}`).totals();
  return CASES.paid;
}

const item = (due) => `INSERT INTO review_item (document_no, document, reason, owner, opened_at,
  due_ms) VALUES ('${CASES.paid}', 'payout', 'card_payout', 'site operator', 1, ${due});`;

plant('open_without_owner', (world) => unpaid(world, ''), { loss: false, how: 'owed at the desk' });

plant('open_overdue', (world) => unpaid(world, item(1000)), { loss: false,
  how: 'owed at the desk' });

test('what the desk owes, and somebody sees to, is no finding', () => {
  const world = new CardWorld();
  unpaid(world, item(4259200000));
  assert.deepEqual(world.audit().names, []);
});

const addCase = (world, more) => world.sql(`INSERT INTO card_return_case (case_no, order_no,
    meter_id, stage, amount_fen, n, total_fen, had_seq, first, second, asked_ms, asked_at)
  VALUES ('CR2026110100000009000009', '${more.order}', '${METER}', '${more.stage}', ${more.fen},
    ${more.n}, ${more.total}, ${more.had}, 'ann', 'bob', 1, 1)`);

test('while a return case waits for the meter, the meter may have what it is about', () => {
  const world = new CardWorld();
  const n = world.give({ kind: 'reversal', fen: -4000, total: 21000,
    document: 'CR2026110100000009000009' });
  addCase(world, { order: world.order(30), stage: 'REVERSAL_ISSUED', fen: 4000, n, total: 21000,
    had: 10 });
  assert.deepEqual(world.audit().names, []);
});

for (const stage of ['REVERSED', 'REFUSED']) {
  test(`what a return case took out of T goes back by two persons once: ${stage}`, () => {
    const world = new CardWorld();
    world.sql(`UPDATE card_token SET kind = 'reversal', document_no = 'CR2026110100000009000009'
      WHERE meter_id = '${METER}' AND n = 6`);
    addCase(world, { order: world.order(22), stage, fen: 3000, n: 6, total: 12000, had: 3 });
    assert.deepEqual(world.audit().names, []);
  });
}

// ---- the whole ----

test('cards are read anew in each run: a token that goes later is missed at once', () => {
  const world = new CardWorld();
  assert.deepEqual(world.auditAgain('--recheck', '0').names, []);
  world.sql(`UPDATE card_account SET total_fen = 1 WHERE meter_id = '${METER}'`);
  const second = world.auditAgain('--recheck', '0');
  assert.deepEqual([second.names, second.read.card_tokens], [['card_account'], 20]);
  world.sql(`UPDATE card_account SET total_fen = 25000 WHERE meter_id = '${METER}'`);
  assert.deepEqual(world.auditAgain('--recheck', '0').names, []);
});

test('a key that is none cannot be used, and it says so', () => {
  const world = new CardWorld();
  const result = world.audit('--card-key', world.path('cloud.db'));
  assert.equal(result.exit, 2);
  assert.match(result.why, /cloud\.db: not a key of 32 hex digits/);
});

test('a database of a server that knew no cards is judged as it was', () => {
  const world = new CardWorld();
  world.sql(['event', 'reading', 'owed', 'return_case', 'order', 'token', 'account']
    .map((name) => `DROP TABLE card_${name};`).join('') + 'DROP TABLE card');
  assert.deepEqual(world.audit().names, []);
});

test('every finding about cards has a plant, and the paper has it', () =>
  checkPlanted(planted, { ofCards: true }));
