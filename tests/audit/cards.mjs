// SPDX-License-Identifier: Apache-2.0

// The small world with two card meters in it. Some of its orders become orders by card, with all
// that belongs to them: tokens, what was read off the cards, what the meters said. One meter's card
// carries totals, and sees every kind of token; the other's carries purchases with a count. Records
// are made here after docs/cards.md, with the cipher alone taken from a library.

import { createCipheriv } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { World } from './world.mjs';

export const KEY = '000102030405060708090a0b0c0d0e0f';
export const METER = 'm0003';
export const COUNTER = 'm0006';
export const UIDS = ['4A8B1C2D', '5B6C7D8E'];
export const COUNTER_UID = '04A1B2C3D4E5F6';
const NUMBERS = { [METER]: '000000900003', [COUNTER]: '000000900006' };
const CUSTOMER = '000000004242';
const BEGAN = Date.parse('2026-11-01T00:00:00+08:00') / 1000;

// ---- records ----

const block = (key, bytes) => {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
};

/** Twice the number that 16 bytes are, in the field of RFC 4493. */
function twice(bytes) {
  const out = Buffer.from(bytes.map((byte, i) => ((byte << 1) | ((bytes[i + 1] ?? 0) >> 7)) & 255));
  out[15] ^= bytes[0] & 128 ? 0x87 : 0;
  return out;
}

const exclusive = (a, b) => Buffer.from(a.map((byte, i) => byte ^ b[i]));

function cmac(key, message) {
  const first = twice(block(key, Buffer.alloc(16)));
  const whole = message.length > 0 && message.length % 16 === 0;
  const padded = whole ? message : Buffer.concat([message, Buffer.from([128]),
    Buffer.alloc(15 - (message.length % 16))]);
  const last = padded.length - 16;
  let state = Buffer.alloc(16);
  for (let at = 0; at < last; at += 16) {
    state = block(key, exclusive(state, padded.subarray(at, at + 16)));
  }
  return block(key, exclusive(exclusive(state, padded.subarray(last)),
    whole ? first : twice(first)));
}

function crc(bytes) {
  let sum = 0xffff;
  for (const byte of [...bytes.subarray(0, 30), ...bytes.subarray(32, 40)]) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      sum = sum & 1 ? (sum >> 1) ^ 0x8408 : sum >> 1;
    }
  }
  return sum ^ 0xffff;
}

/** CRC and MAC of a record, under `key`. */
function sign(bytes, letter, meter, uid, key = KEY) {
  const name = letter === 'R' ? 'SHLRETURN1' : 'SHLCREDIT1';
  const number = Buffer.from(uid, 'hex');
  const own = cmac(Buffer.from(key, 'hex'), Buffer.concat([Buffer.from([1]),
    Buffer.from(NUMBERS[meter], 'hex'), Buffer.from(name)]));
  bytes.writeUInt16LE(crc(bytes), 30);
  cmac(own, Buffer.concat([Buffer.from(letter), Buffer.from([number.length]), number,
    Buffer.alloc(10 - number.length), bytes.subarray(0, 40)])).copy(bytes, 40, 0, 8);
  return bytes.toString('hex').toUpperCase();
}

function begin(letter, meter) {
  const bytes = Buffer.alloc(48);
  bytes.write(`${letter}\x01`);
  Buffer.from(NUMBERS[meter], 'hex').copy(bytes, 8);
  bytes.writeUInt16LE(1, 14);
  return bytes;
}

const WIRE = { purchase: 1, cancel: 1, reversal: 2, correction: 2, replacement: 3 };

export function credit(token, key) {
  const bytes = begin('S', token.meter);
  bytes[2] = WIRE[token.kind];
  bytes.writeUInt32LE(token.n, 4);
  bytes.writeUIntLE(token.total, 16, 6);
  bytes.writeInt32LE(token.fen, 22);
  bytes.writeUInt32LE(token.at, 26);
  return sign(bytes, 'C', token.meter, token.uid, key);
}

/** What the meter says on a card: {seq, n, total, balance, energy, error}. */
export function word(uid, said, key) {
  const bytes = begin('R', METER);
  bytes[2] = said.error ?? 0;
  bytes.writeUInt32LE(said.seq, 4);
  bytes.writeUIntLE(said.total, 16, 6);
  bytes.writeInt32LE(said.balance, 22);
  bytes.writeUInt32LE(said.n, 26);
  bytes.writeUInt32LE(said.energy ?? said.seq * 100, 32);
  bytes.writeUInt32LE(BEGAN + said.seq * 3600, 36);
  return sign(bytes, 'R', METER, uid, key);
}

function issue(meter, uid, cardNo) {
  const bytes = begin('I', meter);
  bytes.writeUInt32LE(cardNo, 4);
  Buffer.from(CUSTOMER, 'hex').copy(bytes, 16);
  return sign(bytes, 'I', meter, uid);
}

export function wallet(fen, count) {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(fen, 0);
  bytes.writeUInt32BE(count, 4);
  return bytes.toString('hex').toUpperCase();
}

export function answer(count, balance) {
  const bytes = Buffer.alloc(49);
  Buffer.from('6811002B', 'hex').copy(bytes);
  Buffer.from(NUMBERS[COUNTER], 'hex').copy(bytes, 11);
  Buffer.from(CUSTOMER, 'hex').copy(bytes, 17);
  bytes.writeUInt32BE(balance, 23);
  bytes.writeUInt32BE(count, 27);
  bytes[47] = bytes.subarray(1, 47).reduce((sum, byte) => sum + byte, 0) & 255;
  bytes[48] = 0x16;
  return bytes.toString('hex').toUpperCase();
}

// ---- rows ----

const text = (value) => (typeof value === 'number' ? value : `'${value}'`);
const insert = (table, row) => `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES
  (${Object.values(row).map((value) => (String(value).startsWith('x:')
    ? `x'${value.slice(2)}'` : text(value))).join(', ')});`;

export const readingRow = (uid, slots, returned, more = {}) => insert('card_reading', {
  uid, terminal_id: 'k1', document_no: '', credit: slots, returned, verdict: 'ready', at: BEGAN,
  ...more });

const tokenRow = (token) => insert('card_token', { meter_id: token.meter, n: token.n,
  kind: token.kind, document_no: token.document, uid: token.uid, amount_fen: token.fen,
  total_fen: token.total, record: `x:${credit(token)}`, issued_at: token.at,
  written_at: token.at + 5 });

const postRows = (document, step, debit, debitOf, card, cardOf, fen) => `
  INSERT INTO posting (document_no, step, at) VALUES ('${document}', '${step}', ${BEGAN + 9});
  INSERT INTO leg VALUES ((SELECT max(posting_id) FROM posting), 1, '${debit}', '${debitOf}',
    ${fen}), ((SELECT max(posting_id) FROM posting), 2, '${card}', '${cardOf}', ${-fen});`;

/** An order that was not by card becomes one, with the events of its delivery. */
function byCard(order, token, steps) {
  const where = `WHERE order_no = '${order.order_no}'`;
  const stage = steps.at(-1)[2];
  return `UPDATE pay_order SET kind = 'card', credit_to = 'CARD', meter_id = '${token.meter}',
      meter_address = '${NUMBERS[token.meter]}' ${where};
    UPDATE pay_event SET event = 'readback_credited' ${where} AND event = 'credit_ok';
    UPDATE delivery SET kind = 'card', stage = '${stage}', seq = ${token.n}, sends = 0,
      meter_id = '${token.meter}', command_id = '', order_number = '', before = '{}' ${where};
    DELETE FROM delivery_event ${where};
    ${steps.map(([event, from, to], i) => insert('delivery_event', { order_no: order.order_no,
      seq: i + 1, event, detail: '{}', from_stage: from, to_stage: to, at: token.at + i }))
    .join('\n')}
    DELETE FROM device_command ${where};
    UPDATE posting SET step = 'credit_card' WHERE document_no = '${order.order_no}'
      AND step = 'credit_cust';
    UPDATE leg SET account = 'CARD', subject = '${token.meter}' WHERE account = 'CUST' AND
      posting_id = (SELECT posting_id FROM posting WHERE document_no = '${order.order_no}'
        AND step = 'credit_card');
    DELETE FROM reservation ${where};
    ${insert('reservation', { order_no: order.order_no, account: 'CARD', meter_id: token.meter,
      fen: order.amount_fen, state: stage === 'VOID' ? 'void' : 'posted' })}
    ${insert('card_order', { order_no: order.order_no, uid: token.uid })}`;
}

const WRITTEN = [['assign', 'READY', 'ASSIGNED'], ['written', 'ASSIGNED', 'DELIVERED']];
const REVERSED = [['assign', 'READY', 'ASSIGNED'], ['reversed', 'ASSIGNED', 'VOID']];
const SETTLED = [['assign', 'READY', 'ASSIGNED'], ['settled_back', 'ASSIGNED', 'VOID']];

/** Not proven in time, and sent back by two persons. */
const sentBack = (number, at) => `
  UPDATE pay_event SET seq = seq + 10 WHERE order_no = '${number}' AND seq > 4;
  UPDATE pay_event SET event = 'credit_deadline', to_state = 'REVIEW' WHERE order_no = '${number}'
    AND seq = 4;
  ${insert('pay_event', { order_no: number, seq: 5, event: 'operator_refund',
    from_state: 'REVIEW', to_state: 'REFUND_DUE', actor: 'ann+bob', at })}
  UPDATE pay_event SET seq = seq - 9 WHERE order_no = '${number}' AND seq > 10;
  ${insert('review_item', { document_no: number, document: 'order', reason: 'card',
    owner: 'site operator', opened_at: at, due_ms: 4259200000, closed_at: at + 1,
    outcome: 'refund' })}
  INSERT INTO review_signature (item_id, decision, person, version, given_ms, given_at)
    SELECT item_id, 'refund', value, 4, 1, 1 FROM review_item, json_each('["ann", "bob"]')
    WHERE document_no = '${number}';`;

// ---- the two meters ----

const cardRow = (meter, uid, cardNo, media, state) => insert('card', { uid, meter_id: meter,
  card_no: cardNo, media, state, record: `x:${issue(meter, uid, cardNo)}`, opened_at: BEGAN,
  changed_at: BEGAN });

const caseRow = (more) => insert('card_return_case', { meter_id: METER, first: 'ann',
  second: 'bob', asked_ms: 1, asked_at: BEGAN, ended_at: BEGAN + 9, ...more });

export const CASES = { undone: 'CR2026110100000001000001', paid: 'CR2026110100000002000002',
  refused: 'CR2026110100000003000003' };

/** All kinds of token: [kind, place of its order or number of its document, fen, T, card, word]. */
const STORY = [
  ['purchase', 2, 4000, 4000, 0, null, REVERSED],
  ['reversal', CASES.undone, -4000, 0, 0, { seq: 1, n: 2, total: 0, balance: 0 }],
  ['purchase', 3, 5000, 5000, 0, { seq: 2, n: 3, total: 5000, balance: 5000 }, WRITTEN],
  ['purchase', 12, 7000, 12000, 0, { seq: 3, n: 4, total: 12000, balance: 11000 }, WRITTEN],
  ['purchase', 22, 3000, 15000, 0, null, SETTLED],
  ['correction', 'CT2026110100000001000001', -3000, 12000, 0, null],
  ['purchase', 30, 4000, 16000, 0, { seq: 4, n: 7, total: 16000, balance: 13000 }, WRITTEN],
  ['purchase', 39, 6000, 22000, 0, null, WRITTEN],
  ['replacement', 'CT2026110100000002000002', 0, 22000, 1,
    { seq: 5, n: 9, total: 22000, balance: 18000 }],
  ['purchase', 48, 8000, 30000, 1, { seq: 6, n: 10, total: 30000, balance: 25000 }, WRITTEN],
  ['reversal', CASES.paid, -8000, 22000, 1, { seq: 7, n: 11, total: 22000, balance: 17000 }],
  ['purchase', 57, 3000, 25000, 1, { seq: 8, n: 12, total: 25000, balance: 19000 }, WRITTEN],
  ['reversal', CASES.refused, -3000, 22000, 1,
    { seq: 9, n: 12, total: 25000, balance: 500, error: 22 }],
  ['cancel', 'CT2026110100000003000003', 3000, 25000, 1,
    { seq: 10, n: 14, total: 25000, balance: 400 }],
];
const UNSEEN = [1, 5]; /* numbers of tokens that were given out and never written */
const COUNTED = [6, 15, 24, 33, 42, 51];

function totals(world) {
  const last = STORY.at(-1);
  const said = last[5];
  const rows = [insert('card_account', { meter_id: METER, key_id: 1, n: STORY.length,
    total_fen: last[3], seen_seq: said.seq, seen_n: said.n, seen_total_fen: said.total,
    seen_balance_fen: said.balance, opened_at: BEGAN }),
  cardRow(METER, UIDS[0], 1, 'classic', 'replaced'), cardRow(METER, UIDS[1], 2, 'classic', 'open')];
  const orders = world.rows('cloud.db', 'SELECT order_no, amount_fen FROM pay_order' +
    ' ORDER BY created_ms');
  let before = null;
  STORY.forEach(([kind, of, fen, total, card, says, steps], i) => {
    const order = steps ? orders[of] : null;
    const token = { meter: METER, n: i + 1, kind, fen, total, uid: UIDS[card],
      document: order?.order_no ?? of, at: BEGAN + (i + 1) * 86400 };
    const record = credit(token);
    rows.push(order ? byCard(order, token, steps) : '', tokenRow(token));
    before = says ? word(token.uid, says) : before;
    if (!UNSEEN.includes(token.n)) {
      rows.push(readingRow(token.uid, `${record} ${record}`, '- -', { verdict: 'written',
        document_no: token.document }));
    }
    if (says) {
      rows.push(readingRow(token.uid, `${record} ${record}`, `${before} ${before}`));
    }
  });
  rows.push(caseRow({ case_no: CASES.undone, order_no: orders[2].order_no, stage: 'REVERSED',
    amount_fen: 4000, n: 2, total_fen: 0 }),
  caseRow({ case_no: CASES.paid, order_no: orders[48].order_no, stage: 'REVERSED',
    amount_fen: 8000, n: 11, total_fen: 22000, had_seq: 6, payout: 'paid', payer: 'ann+bob' }),
  caseRow({ case_no: CASES.refused, order_no: orders[57].order_no, stage: 'REFUSED',
    amount_fen: 3000, n: 13, total_fen: 22000, had_seq: 8, cancel_n: 14 }),
  postRows(CASES.paid, 'desk_owe_card', 'CARD', METER, 'PAYOUT', '', 8000),
  postRows(CASES.paid, 'desk_pay', 'PAYOUT', '', 'BANK', '', 8000),
  sentBack(orders[22].order_no, BEGAN + 6 * 86400));
  return rows;
}

const SETTINGS = `68${'00'.repeat(43)}16`;

function counted(world) {
  const rows = [cardRow(COUNTER, COUNTER_UID, 3, 'cpu', 'open')];
  let total = 0;
  const orders = world.rows('cloud.db', 'SELECT order_no, amount_fen FROM pay_order' +
    ' ORDER BY created_ms');
  COUNTED.map((at) => orders[at]).forEach((order, i) => {
    total += order.amount_fen;
    const token = { meter: COUNTER, n: i + 1, kind: 'purchase', fen: order.amount_fen, total,
      uid: COUNTER_UID, document: order.order_no, at: BEGAN + (i + 1) * 86400 };
    const files = `${SETTINGS} ${wallet(token.fen, token.n)}`;
    rows.push(byCard(order, token, WRITTEN), tokenRow(token),
      readingRow(COUNTER_UID, files, `${'00'.repeat(49)} -`, { verdict: 'written' }),
      readingRow(COUNTER_UID, files, `${answer(token.n, total - i * 500)} -`));
  });
  const seen = COUNTED.length;
  rows.unshift(insert('card_account', { meter_id: COUNTER, key_id: 1, n: seen, total_fen: total,
    seen_seq: seen, seen_n: seen, seen_total_fen: total,
    seen_balance_fen: total - (seen - 1) * 500, opened_at: BEGAN }));
  return rows;
}

function furnish(world) {
  const gone = world.rows('cloud.db', `SELECT command_id FROM device_command WHERE order_no IN
    (SELECT order_no FROM pay_order WHERE created_ms IN (3, 23))`);
  world.sql(`CREATE TEMP TABLE like_cloud AS SELECT * FROM meter_profile WHERE kind = 'cloud';
    UPDATE like_cloud SET profile_id = 'card', kind = 'card';
    INSERT INTO meter_profile SELECT * FROM like_cloud;
    UPDATE meter SET profile_id = 'card' WHERE meter_id IN ('${METER}', '${COUNTER}');
    ${[...totals(world), ...counted(world)].join('\n')}`).totals();
  world.journal(`DELETE FROM command WHERE id IN
    (${gone.map(({ command_id: id }) => `'${id}'`).join(', ')})`);
  writeFileSync(world.path('card-key.hex'), `${KEY}\n`);
}

const model = new World();
furnish(model);

export class CardWorld extends World {
  constructor() {
    super(model.dir);
  }

  /** Audited with the master key, unless it is told another one. */
  audit(...more) {
    return super.audit(...(more.includes('--card-key') ? [] : this.key()), ...more);
  }

  /** Without it, as the server's own verdicts must do. */
  auditKeyless(...more) {
    return super.audit(...more);
  }

  key() {
    return ['--card-key', this.path('card-key.hex')];
  }

  /** The order in that place of the world. */
  order(place) {
    return this.one(`SELECT order_no FROM pay_order ORDER BY created_ms LIMIT 1 OFFSET ${place}`);
  }

  /** A token's row, with other values, and bytes that say so. */
  token(n, change) {
    const [row] = this.rows('cloud.db', `SELECT kind, document_no, uid, amount_fen, total_fen,
      issued_at FROM card_token WHERE meter_id = '${METER}' AND n = ${n}`);
    const token = { meter: METER, n, kind: row.kind, document: row.document_no, uid: row.uid,
      fen: row.amount_fen, total: row.total_fen, at: row.issued_at, ...change };
    return this.sql(`DELETE FROM card_token WHERE meter_id = '${METER}' AND n = ${n};
      ${tokenRow(token)}
      UPDATE card_reading SET credit = '${credit(token)} ${credit(token)}'
        WHERE uid = '${row.uid}' AND credit LIKE '5301__00${n.toString(16).padStart(2, '0')}%'`);
  }

  /** One more token, with the account and a reading that shows it. */
  give(token) {
    const n = this.one(`SELECT n + 1 FROM card_account WHERE meter_id = '${METER}'`);
    const whole = { meter: METER, n, uid: UIDS[1], at: BEGAN + n * 86400, ...token };
    this.sql(`${tokenRow(whole)} UPDATE card_account SET n = ${n}, total_fen = ${whole.total}
      WHERE meter_id = '${METER}';
      ${readingRow(whole.uid, `${credit(whole)} ${credit(whole)}`, '- -')}`);
    return n;
  }

  /** The meter speaks once more, or `uid` carries that. */
  says(said, more) {
    const text = word(UIDS[1], said);
    return this.sql(readingRow(UIDS[1], '- -', `${text} ${text}`, more));
  }
}
