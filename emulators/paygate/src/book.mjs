// SPDX-License-Identifier: Apache-2.0
//
// The truth: what was offered, scanned, paid, closed and given back, and which notices are owed for
// it. Every change is an event; `apply` is the only code that changes state and it runs the same
// way live and in replay. Whatever is told to a merchant or a buyer was journalled before. The book
// knows business rules only; how a wallet words them on the wire is the business of alipay_*.mjs
// and wechat_*.mjs.

import crypto from 'node:crypto';
import { EventEmitter } from 'node:events';

import { beijingDay, nextDay, parseBeijing } from './clock.mjs';
import { Journal } from './journal.mjs';
import { TYPEABLE } from './rng.mjs';

const MINUTE_MS = 60_000;
/** WeChat: the state turns CLOSED by itself this long after time_expire (invented). */
const WECHAT_CLOSED_AFTER_MS = 5 * MINUTE_MS;
/** A payment this close to midnight is booked for the next day's bill (invented). */
const MIDNIGHT_SLIP_MS = 2_000;

/** Why a payment, a close or a refund was refused. The wire modules turn `reason` into codes. */
export class Refusal extends Error {
    constructor(reason, message) {
        super(message ?? reason);
        this.reason = reason;
    }
}

export class Book extends EventEmitter {
    /**
     * @param {{file: string, clock: import('./clock.mjs').Clock, rng: import('./rng.mjs').Rng,
     *          balanceFen: number}} parts
     */
    constructor({ file, clock, rng, balanceFen }) {
        super();
        this.clock = clock;
        this.rng = rng;
        /** Makes the notice that an event owes: (kind, trade, refund) -> notice or null. */
        this.noticeMakers = {};
        this.trades = new Map();
        this.qrs = new Map();
        this.notices = new Map();
        this.finishedDays = new Set();
        this.balanceFen = balanceFen;
        this.sequence = 0;
        this.journal = new Journal(file, (event) => this.apply(event));
    }

    // ---- reading ----

    find(channel, outTradeNo) {
        return this.trades.get(`${channel}/${outTradeNo}`) ?? null;
    }

    findByTradeNo(channel, tradeNo) {
        for (const trade of this.trades.values()) {
            if (trade.channel === channel && trade.trade_no === tradeNo) {
                return trade;
            }
        }
        return null;
    }

    findRefund(channel, refundNo) {
        for (const trade of this.trades.values()) {
            const refund = trade.refunds.find((r) => r.refund_no === refundNo);
            if (trade.channel === channel && refund !== undefined) {
                return { trade, refund };
            }
        }
        return null;
    }

    /** The trade meant by a QR's text or id, or by an order number of either wallet. */
    findForPhone(text) {
        const id = /([a-z0-9]+)\s*$/.exec(text)?.[1];
        return (
            this.qrs.get(id) ??
            this.find('alipay', text) ??
            this.find('wechat', text) ??
            this.findByTradeNo('alipay', text) ??
            this.findByTradeNo('wechat', text)
        );
    }

    /** Until when a new payment of this trade is accepted. */
    payableUntil(trade) {
        const qrDeath = trade.qrs.at(-1).dead_at;
        if (trade.channel === 'wechat') {
            return Math.min(qrDeath, trade.deadline);
        }
        if (trade.scanned_at === null) {
            return Math.min(qrDeath, trade.deadline ?? Infinity);
        }
        return trade.deadline ?? trade.scanned_at + trade.life_ms;
    }

    refundedFen(trade) {
        const moved = trade.refunds.filter((r) => r.state === 'SUCCESS');
        return moved.reduce((sum, r) => sum + r.fen, 0);
    }

    /** What refunds already hold, whether the money has arrived or not. */
    claimedFen(trade) {
        const live = trade.refunds.filter((r) => r.state !== 'CLOSED');
        return live.reduce((sum, r) => sum + r.fen, 0);
    }

    isDayFinished(day, readyHour) {
        const readyMs = parseBeijing(nextDay(day)) + readyHour * 60 * MINUTE_MS;
        return this.finishedDays.has(day) || this.clock.now() >= readyMs;
    }

    /** The day in whose bill something that happens now will stand. */
    bookDay() {
        let day = beijingDay(this.clock.now() + MIDNIGHT_SLIP_MS);
        while (this.finishedDays.has(day)) {
            day = nextDay(day);
        }
        return day;
    }

    // ---- changing ----

    /**
     * Applies the events and the notice that they owe, journals all of it in one piece, then tells
     * the listeners. Nothing runs between applying and journalling, so nobody sees what is not
     * durable. `owed`: [kind, trade, refund] or null.
     */
    commit(events, owed = null) {
        const all = [...events];
        const take = (event) => {
            event.n = this.sequence + 1;
            event.at ??= this.clock.now();
            this.apply(event);
        };
        events.forEach(take);
        const notice = owed === null ? null : this.noticeFor(...owed);
        if (notice !== null) {
            take(notice);
            all.push(notice);
        }
        this.journal.append(all);
        all.forEach((event) => this.emit('event', event));
    }

    noticeFor(kind, trade, refund) {
        const notice = this.noticeMakers[trade.channel]?.(kind, trade, refund) ?? null;
        const born = this.clock.now();
        return notice === null ? null : { ev: 'notice', key: trade.key, kind, born, ...notice };
    }

    newNumber() {
        return String(this.sequence + 1).padStart(7, '0') + this.rng.text(3, '0123456789');
    }

    newQr(channel, deadAt) {
        let id;
        do {
            id = channel[0] + this.rng.text(10, TYPEABLE);
        } while (this.qrs.has(id));
        return { id, dead_at: deadAt };
    }

    /** A new order (Alipay: only a QR). `order` holds the fields listed in `apply`. */
    offer(order, deadAt) {
        this.commit([{ ev: 'offered', ...order, qr: this.newQr(order.channel, deadAt) }]);
        return this.find(order.channel, order.out_trade_no);
    }

    /** Another QR for the same order; the older ones stay valid. */
    offerAgain(trade, deadAt) {
        this.commit([
            { ev: 'offered_again', key: trade.key, qr: this.newQr(trade.channel, deadAt) },
        ]);
    }

    checkPayable(trade) {
        if (trade.state === 'PAID') {
            throw new Refusal('paid', 'this order is already paid');
        }
        if (trade.state === 'CLOSED') {
            throw new Refusal('closed', 'the merchant closed this order');
        }
        if (this.clock.now() >= this.payableUntil(trade)) {
            throw new Refusal('expired', 'this code has expired');
        }
    }

    scan(trade, buyer) {
        this.checkPayable(trade);
        if (trade.scanned_at === null) {
            this.commit([this.birth(trade, buyer)]);
        }
    }

    birth(trade, buyer) {
        const no = this.newNumber();
        const day = beijingDay(this.clock.now()).replaceAll('-', '');
        const tradeNo =
            trade.channel === 'alipay' ? `${day}22001170${no}00` : `42000017${no}${day}17`;
        return { ev: 'scanned', key: trade.key, trade_no: tradeNo, buyer };
    }

    /**
     * The buyer pays. `late`: the money was on its way before the code died or the merchant closed,
     * and the bank settles only now, so neither stops it (the race that no merchant can win).
     */
    pay(trade, { fen, couponFen, buyer, late }) {
        if (trade.state === 'PAID') {
            throw new Refusal('paid', 'this order is already paid');
        }
        if (!late) {
            this.checkPayable(trade);
        }
        const events = trade.scanned_at === null ? [this.birth(trade, buyer)] : [];
        const dead = trade.state === 'CLOSED' || this.clock.now() >= this.payableUntil(trade);
        events.push({
            ev: 'paid',
            key: trade.key,
            fen,
            coupon_fen: couponFen,
            late: dead,
            book_day: this.bookDay(),
        });
        this.commit(events, ['paid', trade, null]);
    }

    close(trade, by) {
        this.commit([{ ev: 'closed', key: trade.key, by }], ['closed', trade, null]);
    }

    /** The wallet's refund period is over. */
    finish(trade) {
        this.commit([{ ev: 'finished', key: trade.key }], ['finished', trade, null]);
    }

    /**
     * `plan`: {refund_no, fen, reason, notify_url, outside, fate, due_at}; due_at null = money
     * moves at once.
     */
    refund(trade, plan) {
        if (trade.state !== 'PAID' || plan.fen + this.claimedFen(trade) > trade.paid_fen) {
            throw new Refusal('amount', 'more than was paid');
        }
        if (plan.fen > this.balanceFen) {
            throw new Refusal('balance', 'the merchant account holds too little');
        }
        const day = beijingDay(this.clock.now()).replaceAll('-', '');
        const refundId = `5030${day}${this.newNumber()}17`;
        this.commit([{ ev: 'refund_begun', key: trade.key, refund_id: refundId, ...plan }]);
        const refund = trade.refunds.at(-1);
        if (plan.due_at === null) {
            this.turnRefund(trade, refund, plan.fate);
        }
        return refund;
    }

    turnRefund(trade, refund, state) {
        const event = { ev: 'refund_turned', key: trade.key, refund_no: refund.refund_no, state };
        const turn = { ...event, book_day: this.bookDay() };
        this.commit([turn], ['refund', trade, refund]);
    }

    /** Time passes: expiries and refunds that fall due. */
    sweep() {
        const now = this.clock.now();
        for (const trade of this.trades.values()) {
            if (trade.state === 'WAITING') {
                const grace = trade.channel === 'wechat' ? WECHAT_CLOSED_AFTER_MS : 0;
                const deadline =
                    trade.channel === 'wechat' ? trade.deadline : this.payableUntil(trade);
                if (now >= deadline + grace) {
                    this.close(trade, 'expiry');
                }
            }
            for (const refund of trade.refunds) {
                if (refund.state === 'PROCESSING' && now >= refund.due_at) {
                    this.turnRefund(trade, refund, refund.fate);
                }
            }
        }
    }

    // ---- the only place where state changes ----

    apply(event) {
        this.sequence = event.n;
        const trade = event.key === undefined ? null : this.trades.get(event.key);
        switch (event.ev) {
            case 'offered':
                this.applyOffer(event);
                break;
            case 'offered_again':
                trade.qrs.push(event.qr);
                this.qrs.set(event.qr.id, trade);
                break;
            case 'scanned':
                trade.state = trade.state === 'OFFERED' ? 'WAITING' : trade.state;
                Object.assign(trade, { scanned_at: event.at, buyer: event.buyer });
                trade.trade_no = event.trade_no;
                break;
            case 'paid':
                Object.assign(trade, { state: 'PAID', paid_at: event.at, paid_fen: event.fen });
                Object.assign(trade, { coupon_fen: event.coupon_fen, late: event.late });
                trade.book_day = event.book_day;
                this.balanceFen += event.fen;
                break;
            case 'closed':
                Object.assign(trade, { state: 'CLOSED', closed_at: event.at, closed_by: event.by });
                break;
            case 'finished':
                trade.finished = true;
                break;
            case 'refund_begun':
            case 'refund_turned':
                this.applyRefund(trade, event);
                break;
            case 'notice':
            case 'notice_tried':
                this.applyNotice(event);
                break;
            case 'clock':
                this.clock.bookOffsetMs = event.offset_ms;
                break;
            case 'day_finished':
                this.finishedDays.add(event.day);
                break;
            case 'balance':
                this.balanceFen = event.fen;
                break;
            default:
                throw new Error(`journal: unknown event ${event.ev}`);
        }
    }

    applyOffer(event) {
        const { ev, n, at, qr, ...order } = event;
        const trade = {
            ...order,
            key: `${order.channel}/${order.out_trade_no}`,
            state: order.channel === 'alipay' ? 'OFFERED' : 'WAITING',
            created_at: at,
            qrs: [qr],
            trade_no: null,
            buyer: null,
            scanned_at: null,
            paid_at: null,
            paid_fen: 0,
            coupon_fen: 0,
            late: false,
            book_day: null,
            closed_at: null,
            closed_by: null,
            finished: false,
            refunds: [],
        };
        this.trades.set(trade.key, trade);
        this.qrs.set(qr.id, trade);
    }

    applyRefund(trade, event) {
        if (event.ev === 'refund_begun') {
            const { ev, n, at, key, ...plan } = event;
            const open = { state: 'PROCESSING', begun_at: at, done_at: null, book_day: null };
            trade.refunds.push({ ...plan, ...open });
            this.balanceFen -= plan.fen;
            return;
        }
        const refund = trade.refunds.find((r) => r.refund_no === event.refund_no);
        Object.assign(refund, { state: event.state, done_at: event.at, book_day: event.book_day });
        if (event.state === 'CLOSED') {
            this.balanceFen += refund.fen;
        }
    }

    applyNotice(event) {
        if (event.ev === 'notice') {
            const { ev, n, at, ...notice } = event;
            this.notices.set(notice.id, { ...notice, tries: 0, state: 'owed', log: [] });
            return;
        }
        const notice = this.notices.get(event.id);
        notice.tries += event.counts ? 1 : 0;
        notice.state = event.state;
        notice.log.push({ at: event.at, shape: event.shape, answer: event.answer });
    }

    newId() {
        return crypto
            .createHash('md5')
            .update(`${this.sequence}/${this.newNumber()}`)
            .digest('hex');
    }

    /** The truth ledger, as plain data. */
    truth() {
        const trades = [...this.trades.values()].map((trade) => this.truthOf(trade));
        const sum = (name) => trades.reduce((total, trade) => total + trade[name], 0);
        return {
            now: new Date(this.clock.now()).toISOString(),
            paid_fen: sum('paid_fen'),
            refunded_fen: sum('refunded_fen'),
            balance_fen: this.balanceFen,
            trades,
        };
    }

    truthOf(trade) {
        const time = (ms) => (ms === null ? null : new Date(ms).toISOString());
        return {
            channel: trade.channel,
            out_trade_no: trade.out_trade_no,
            trade_no: trade.trade_no,
            state: trade.state,
            subject: trade.subject,
            total_fen: trade.fen,
            paid_fen: trade.paid_fen,
            payer_fen: trade.paid_fen - trade.coupon_fen,
            refunded_fen: this.refundedFen(trade),
            late: trade.late,
            finished: trade.finished,
            created_at: time(trade.created_at),
            scanned_at: time(trade.scanned_at),
            paid_at: time(trade.paid_at),
            closed_at: time(trade.closed_at),
            closed_by: trade.closed_by,
            payable_until: time(this.payableUntil(trade)),
            book_day: trade.book_day,
            refunds: trade.refunds.map((r) => ({
                refund_no: r.refund_no,
                refund_id: r.refund_id,
                fen: r.fen,
                state: r.state,
                outside: r.outside,
                begun_at: time(r.begun_at),
                done_at: time(r.done_at),
                book_day: r.book_day,
            })),
        };
    }
}
