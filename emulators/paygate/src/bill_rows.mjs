// SPDX-License-Identifier: Apache-2.0
//
// What stands in a day's bill: one row per payment and per refund that the book booked on that day,
// in order of time. Bill faults act here on the rows, or later on counts and hashes, so both
// wallets share them. Also the download tokens, which die after a while by the book clock.

import crypto from 'node:crypto';

/** {kind: 'pay'|'refund', at, trade, refund} of `day`, oldest first. */
function rowsOf(book, channel, day) {
    const rows = [];
    for (const trade of book.trades.values()) {
        if (trade.channel !== channel) {
            continue;
        }
        if (trade.book_day === day) {
            rows.push({ kind: 'pay', at: trade.paid_at, trade, refund: null });
        }
        for (const refund of trade.refunds.filter((r) => r.book_day === day)) {
            rows.push({ kind: 'refund', at: refund.done_at, trade, refund });
        }
    }
    return rows.sort((a, b) => a.at - b.at);
}

/** A payment that is none of the merchant's orders. */
function foreignRow(rows, channel, at) {
    const trade = { ...rows[0]?.trade, channel, refunds: [], coupon_fen: 0, paid_fen: 4321 };
    const names = { out_trade_no: 'FOREIGN20260000001', trade_no: '42000099999900000000000017' };
    const empty = { subject: 'not ours', terminal_id: '', store_id: '', operator_id: '' };
    const more = { device_id: '', attach: '', buyer: '138******00', created_at: at, paid_at: at };
    return { kind: 'pay', at, trade: { ...trade, ...names, ...empty, ...more }, refund: null };
}

/** The rows of a bill with the faults ordered for it: {rows, late, countError, hashError, ...}. */
export function billOf({ book, weather, clock }, channel, day) {
    const rows = rowsOf(book, channel, day);
    const take = (kind) => weather.take('business', `${channel}.bill ${day}`, [kind]) !== null;
    if (take('bill-missing-row')) {
        rows.pop();
    }
    const first = rows.findIndex((row) => row.kind === 'pay');
    if (take('bill-wrong-amount') && first >= 0) {
        const { trade } = rows[first];
        rows[first] = { ...rows[first], trade: { ...trade, paid_fen: trade.paid_fen + 1 } };
    }
    const last = rows.findLastIndex((row) => row.kind === 'refund');
    if (take('bill-pending') && last >= 0) {
        rows[last] = { ...rows[last], refund: { ...rows[last].refund, state: 'PROCESSING' } };
    }
    if (take('bill-double-row') && rows.length > 0) {
        rows.splice(1, 0, rows[0]);
    }
    if (take('bill-foreign-row')) {
        rows.push(foreignRow(rows, channel, clock.now()));
    }
    return {
        rows,
        late: take('bill-late'),
        countError: take('bill-wrong-count') ? 1 : 0,
        hashError: take('bill-wrong-hash'),
        feeError: take('bill-wrong-fee'),
        cut: take('bill-cut'),
        damaged: take('bill-damaged'),
        refused: take('bill-refused'),
    };
}

/** Tokens of download addresses; each holds its finished file. */
export class Downloads {
    constructor(clock, lifeMs) {
        this.clock = clock;
        this.lifeMs = lifeMs;
        this.files = new Map();
    }

    offer(file) {
        const token = crypto.randomBytes(16).toString('hex');
        this.files.set(token, { ...file, until: this.clock.now() + this.lifeMs });
        return token;
    }

    /** The file, or null when the token is unknown or too old. */
    take(token) {
        const file = this.files.get(token);
        return file !== undefined && this.clock.now() < file.until ? file : null;
    }
}
