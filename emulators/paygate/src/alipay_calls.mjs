// SPDX-License-Identifier: Apache-2.0
//
// Alipay's calls: the rules of the face-to-face QR trade in Alipay's words. A precreate makes only
// a QR; the trade is born by a scan, and until then query, close and refund do not know it.

import { Refusal } from './book.mjs';
import { beijingMilliText, beijingText, parseBeijing } from './clock.mjs';
import { AlipayError } from './alipay_wire.mjs';
import { parseYuan, yuanText } from './money.mjs';
import { contentHash, subjectOf } from './shared.mjs';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A QR never lives longer than this. */
const QR_LIFE_MAX_MS = 120 * MINUTE_MS;
/** Life of a scanned trade when the merchant set none. */
const TRADE_LIFE_MS = 180 * MINUTE_MS;
const CANCEL_WINDOW_MS = DAY_MS;

const business = (subCode, text) => new AlipayError(40004, `ACQ.${subCode}`, text);
const invalid = (text) => business('INVALID_PARAMETER', `参数无效: ${text}`);

/**
 * `10m`, `2h`, `1d`, `1c` (end of the day) to milliseconds; null when malformed or out of range.
 */
function relativeMs(text, now) {
    const m = /^([1-9]\d{0,3})([mhdc])$/.exec(text);
    if (!m) {
        return null;
    }
    if (m[2] === 'c') {
        return m[1] === '1' ? parseBeijing(beijingText(now).slice(0, 10)) + DAY_MS - now : null;
    }
    const ms = Number(m[1]) * { m: MINUTE_MS, h: 60 * MINUTE_MS, d: DAY_MS }[m[2]];
    return ms <= 15 * DAY_MS ? ms : null;
}

/** A text member of at most `max` characters; undefined when absent. */
function textMember(content, name, max) {
    const value = content[name];
    if (value === undefined) {
        return undefined;
    }
    if (typeof value !== 'string' || value.length < 1 || [...value].length > max) {
        throw invalid(name);
    }
    return value;
}

function expiryOf(content, now) {
    const relative = (name, standard) => {
        const text = textMember(content, name, 6);
        const ms = text === undefined ? standard : relativeMs(text, now);
        if (ms === null) {
            throw invalid(name);
        }
        return ms;
    };
    const absolute = textMember(content, 'time_expire', 32);
    const deadline = absolute === undefined ? null : parseBeijing(absolute);
    if (Number.isNaN(deadline) || (deadline !== null && deadline <= now)) {
        throw invalid('time_expire');
    }
    const qrLife = relative('qr_code_timeout_express', QR_LIFE_MAX_MS);
    return {
        deadline,
        life_ms: relative('timeout_express', TRADE_LIFE_MS),
        qr_life_ms: Math.min(qrLife, QR_LIFE_MAX_MS),
    };
}

export class AlipayCalls {
    /** @param {{book, clock, rng, weather, keyring, bills, baseUrl: () => string}} world */
    constructor(world) {
        this.world = world;
        this.book = world.book;
        this.calls = {
            'alipay.trade.precreate': (c, how) => this.precreate(c, how),
            'alipay.trade.query': (c) => this.query(c),
            'alipay.trade.close': (c) => this.close(c),
            'alipay.trade.cancel': (c) => this.cancel(c),
            'alipay.trade.refund': (c) => this.refund(c),
            'alipay.trade.fastpay.refund.query': (c) => this.refundQuery(c),
            'alipay.data.dataservice.bill.downloadurl.query': (c) => world.alipayBills.offerUrl(c),
            'alipay.open.app.alipaycert.download': (c) => this.certificate(c),
        };
        this.methods = Object.keys(this.calls);
    }

    /** The members of the answer, or an AlipayError. */
    async execute({ method, content, notifyUrl, certMode }) {
        const fields = await this.calls[method](content, { notifyUrl, certMode });
        return { code: '10000', msg: 'Success', ...fields };
    }

    async precreate(content, { notifyUrl, certMode }) {
        const order = { ...this.orderOf(content, notifyUrl), cert_mode: certMode };
        const expiry = expiryOf(content, this.world.clock.now());
        const deadAt = this.world.clock.now() + expiry.qr_life_ms;
        const known = this.book.find('alipay', order.out_trade_no);
        if (known === null) {
            this.book.offer(
                { ...order, deadline: expiry.deadline, life_ms: expiry.life_ms },
                deadAt,
            );
        } else {
            this.repeat(known, order, deadAt);
        }
        const trade = this.book.find('alipay', order.out_trade_no);
        if (this.world.weather.take('business', subjectOf('precreate', trade), ['create-race'])) {
            await this.world.payNow(trade);
        }
        return { out_trade_no: trade.out_trade_no, qr_code: this.world.qrText(trade) };
    }

    repeat(known, order, deadAt) {
        if (known.state === 'PAID') {
            throw business('TRADE_HAS_SUCCESS', '交易已被支付');
        }
        if (known.state === 'CLOSED') {
            throw business('TRADE_HAS_CLOSE', '交易已经关闭');
        }
        if (known.content !== order.content) {
            throw business('CONTEXT_INCONSISTENT', '交易信息被篡改');
        }
        this.book.offerAgain(known, deadAt);
    }

    orderOf(content, notifyUrl) {
        const outTradeNo = textMember(content, 'out_trade_no', 64);
        if (outTradeNo === undefined || !/^[A-Za-z0-9_]+$/.test(outTradeNo)) {
            throw invalid('out_trade_no');
        }
        const fen = parseYuan(content.total_amount);
        if (fen === null || fen < 1) {
            throw invalid('total_amount');
        }
        const subject = textMember(content, 'subject', 256);
        if (subject === undefined || /[/=&]/.test(subject)) {
            throw invalid('subject');
        }
        if (content.seller_id !== undefined && content.seller_id !== this.ids().alipay_seller_id) {
            throw business('ACCESS_FORBIDDEN', '无权限使用接口');
        }
        if (notifyUrl !== null && !this.world.isNotifyUrl(notifyUrl)) {
            throw invalid('notify_url (the simulator calls loopback http only)');
        }
        return {
            channel: 'alipay',
            out_trade_no: outTradeNo,
            fen,
            subject,
            notify_url: notifyUrl,
            terminal_id: textMember(content, 'terminal_id', 32) ?? '',
            store_id: textMember(content, 'store_id', 32) ?? '',
            operator_id: textMember(content, 'operator_id', 28) ?? '',
            body: textMember(content, 'body', 128) ?? '',
            passback: textMember(content, 'passback_params', 512) ?? '',
            content: contentHash(content),
        };
    }

    ids() {
        return this.world.keyring.ids;
    }

    /** The trade that the request names; trade_no wins. Unborn ones do not exist. */
    tradeOf(content) {
        const tradeNo = textMember(content, 'trade_no', 64);
        const outTradeNo = textMember(content, 'out_trade_no', 64);
        if (tradeNo === undefined && outTradeNo === undefined) {
            throw invalid('out_trade_no or trade_no');
        }
        const trade =
            tradeNo === undefined
                ? this.book.find('alipay', outTradeNo)
                : this.book.findByTradeNo('alipay', tradeNo);
        if (trade === null || trade.trade_no === null) {
            throw business('TRADE_NOT_EXIST', '交易不存在');
        }
        return trade;
    }

    query(content) {
        return queryFields(this.tradeOf(content), this.book);
    }

    close(content) {
        this.world.closeAttempted(this.book.find('alipay', content.out_trade_no));
        const trade = this.tradeOf(content);
        if (this.world.weather.take('business', subjectOf('close', trade), ['close-race'])) {
            this.world.payQuietly(trade);
        }
        if (trade.state !== 'WAITING') {
            const spellings = [
                'TRADE_STATUS_ERROR',
                'REASON_ILLEGAL_STATUS',
                'REASON_TRADE_STATUS_INVALID',
            ];
            throw business(this.world.rng.pick(spellings), '交易状态不合法');
        }
        this.book.close(trade, 'merchant');
        return { trade_no: trade.trade_no, out_trade_no: trade.out_trade_no };
    }

    cancel(content) {
        let trade;
        try {
            trade = this.tradeOf(content);
        } catch (error) {
            if (error.message !== 'ACQ.TRADE_NOT_EXIST') {
                throw error;
            }
            // Invented: cancelling an unscanned QR does nothing at all, and the QR stays payable.
            return { out_trade_no: content.out_trade_no ?? '', retry_flag: 'N' };
        }
        if (this.world.clock.now() - trade.created_at > CANCEL_WINDOW_MS) {
            throw business('TRADE_CANCEL_TIME_OUT', '超过撤销时间范围');
        }
        const names = {
            out_trade_no: trade.out_trade_no,
            trade_no: trade.trade_no,
            retry_flag: 'N',
        };
        if (trade.state === 'WAITING') {
            this.book.close(trade, 'merchant');
            return { ...names, action: 'close' };
        }
        const rest = trade.paid_fen - this.book.claimedFen(trade);
        if (trade.state === 'CLOSED' || rest === 0) {
            return names;
        }
        this.moveMoney(trade, {
            refund_no: `${trade.out_trade_no}_CANCEL`,
            fen: rest,
            reason: 'cancel',
        });
        return { ...names, action: 'refund' };
    }

    async refund(content) {
        const trade = this.tradeOf(content);
        const fen = parseYuan(content.refund_amount);
        if (fen === null || fen < 1) {
            throw invalid('refund_amount');
        }
        const number = textMember(content, 'out_request_no', 64) ?? trade.out_trade_no;
        const earlier = trade.refunds.find((r) => r.refund_no === number);
        if (earlier !== undefined) {
            if (earlier.fen !== fen) {
                throw business('DISCORDANT_REPEAT_REQUEST', '不一致的请求');
            }
            return this.refundFields(trade, 'N');
        }
        this.checkRefundable(trade, fen, content.out_request_no === undefined);
        const reason = textMember(content, 'refund_reason', 256) ?? '';
        const moved = this.moveMoney(trade, { refund_no: number, fen, reason });
        if (this.world.weather.take('business', subjectOf('refund', trade), ['refund-race'])) {
            await this.world.notifier.sendNow(trade);
        }
        return this.refundFields(trade, moved ? 'Y' : 'N');
    }

    checkRefundable(trade, fen, withoutNumber) {
        if (trade.state !== 'PAID') {
            throw business('TRADE_STATUS_ERROR', '交易状态不合法');
        }
        if (trade.finished) {
            throw business('TRADE_HAS_FINISHED', '交易已完结');
        }
        if (this.world.weather.take('business', subjectOf('refund', trade), ['refund-frozen'])) {
            throw business('REASON_TRADE_BEEN_FREEZEN', '请求退款的交易被冻结');
        }
        if (withoutNumber && fen !== trade.paid_fen) {
            throw business('REFUND_AMT_NOT_EQUAL_TOTAL', '退款金额超限');
        }
        const rest = trade.paid_fen - this.book.claimedFen(trade);
        if (rest === 0) {
            throw business('REASON_TRADE_REFUND_FEE_ERR', '退款金额无效');
        }
        if (fen > rest) {
            throw business('REFUND_AMT_NOT_EQUAL_TOTAL', '退款金额超限');
        }
    }

    /** True when the money moved at once. */
    moveMoney(trade, { refund_no, fen, reason }) {
        const take = (kind) =>
            this.world.weather.take('business', subjectOf('refund', trade), [kind]);
        const slow = take('refund-slow');
        const plan = { refund_no, fen, reason, notify_url: null, outside: false, fate: 'SUCCESS' };
        try {
            if (take('refund-low-balance')) {
                throw new Refusal('balance');
            }
            const due = slow === null ? null : this.world.clock.now() + slow.arg;
            this.book.refund(trade, { ...plan, due_at: due });
        } catch (error) {
            if (error.reason === 'balance') {
                throw business('SELLER_BALANCE_NOT_ENOUGH', '卖家余额不足');
            }
            throw error;
        }
        return slow === null;
    }

    refundFields(trade, fundChange) {
        const last = trade.refunds.filter((r) => r.state === 'SUCCESS').at(-1);
        const fields = {
            trade_no: trade.trade_no,
            out_trade_no: trade.out_trade_no,
            buyer_logon_id: trade.buyer,
            fund_change: fundChange,
            refund_fee: yuanText(this.book.refundedFen(trade)),
        };
        return last === undefined
            ? fields
            : {
                  ...fields,
                  gmt_refund_pay: beijingText(last.done_at),
                  refund_detail_item_list: funds(last.fen),
              };
    }

    refundQuery(content) {
        const trade = this.tradeOf(content);
        const number = textMember(content, 'out_request_no', 64);
        if (number === undefined) {
            throw invalid('out_request_no');
        }
        const refund = trade.refunds.find((r) => r.refund_no === number);
        if (refund === undefined || refund.state !== 'SUCCESS') {
            return {};
        }
        return {
            trade_no: trade.trade_no,
            out_trade_no: trade.out_trade_no,
            out_request_no: number,
            refund_reason: refund.reason,
            total_amount: yuanText(trade.paid_fen),
            refund_amount: yuanText(refund.fen),
            refund_status: 'REFUND_SUCCESS',
            gmt_refund_pay: beijingText(refund.done_at),
        };
    }

    certificate(content) {
        const { platform, next, platformChain, nextChain } = this.world.keyring.alipay;
        const chains = { [platform.sn]: platformChain, [next.sn]: nextChain };
        const chain = chains[content.alipay_cert_sn];
        if (chain === undefined) {
            throw new AlipayError(40004, 'CERT_NOT_EXIST', 'no certificate with this SN');
        }
        return { alipay_cert_content: Buffer.from(chain).toString('base64') };
    }
}

function funds(fen) {
    return [{ amount: yuanText(fen), fund_channel: 'ALIPAYACCOUNT' }];
}

/** The trade in Alipay's words. */
export function tradeStatus(trade, book) {
    if (trade.state !== 'PAID') {
        return trade.state === 'CLOSED' ? 'TRADE_CLOSED' : 'WAIT_BUYER_PAY';
    }
    if (book.refundedFen(trade) >= trade.paid_fen) {
        return 'TRADE_CLOSED';
    }
    return trade.finished ? 'TRADE_FINISHED' : 'TRADE_SUCCESS';
}

function amountsOf(trade) {
    const paid = trade.state === 'PAID';
    const own = paid ? trade.paid_fen - trade.coupon_fen : 0;
    return {
        total_amount: yuanText(paid ? trade.paid_fen : trade.fen),
        receipt_amount: yuanText(own),
        buyer_pay_amount: yuanText(own),
        invoice_amount: yuanText(own),
        point_amount: '0.00',
    };
}

function queryFields(trade, book) {
    const fields = {
        out_trade_no: trade.out_trade_no,
        trade_no: trade.trade_no,
        trade_status: tradeStatus(trade, book),
        buyer_logon_id: trade.buyer,
        buyer_user_id: '2088800000000099',
        ...amountsOf(trade),
    };
    if (trade.store_id !== '') {
        fields.store_id = trade.store_id;
    }
    if (trade.terminal_id !== '') {
        fields.terminal_id = trade.terminal_id;
    }
    if (trade.state === 'PAID') {
        fields.send_pay_date = beijingText(trade.paid_at);
        fields.fund_bill_list = funds(trade.paid_fen - trade.coupon_fen);
    }
    return fields;
}

/** Fields that stand in every notice. */
function noticeFields(trade, book, ids) {
    return {
        notify_type: 'trade_status_sync',
        charset: 'utf-8',
        version: '1.0',
        app_id: ids.alipay_app_id,
        auth_app_id: ids.alipay_app_id,
        seller_id: ids.alipay_seller_id,
        seller_email: 'sim***@shilling.test',
        buyer_id: '2088800000000099',
        buyer_logon_id: trade.buyer,
        trade_no: trade.trade_no,
        out_trade_no: trade.out_trade_no,
        trade_status: tradeStatus(trade, book),
        subject: trade.subject,
        ...amountsOf(trade),
        gmt_create: beijingText(trade.scanned_at),
    };
}

/**
 * The notice that an event owes the merchant: {id, url, content} or null. Content lacks notify_time
 * and sign.
 */
export function alipayNotice(kind, trade, refund, { book, keyring }) {
    const url = trade.notify_url;
    if (
        url === null ||
        trade.trade_no === null ||
        (refund !== null && refund.state !== 'SUCCESS')
    ) {
        return null;
    }
    const id = `${beijingText(book.clock.now()).slice(0, 10).replaceAll('-', '')}${book.newId()}`;
    const content = { notify_id: id, ...noticeFields(trade, book, keyring.ids) };
    if (trade.body !== '') {
        content.body = trade.body;
    }
    if (trade.passback !== '') {
        content.passback_params = encodeURIComponent(trade.passback);
    }
    if (trade.paid_at !== null) {
        content.gmt_payment = beijingText(trade.paid_at);
        content.fund_bill_list = JSON.stringify([
            { amount: yuanText(trade.paid_fen - trade.coupon_fen), fundChannel: 'ALIPAYACCOUNT' },
        ]);
    }
    if (kind === 'closed') {
        content.gmt_close = beijingText(trade.closed_at);
    }
    if (refund !== null) {
        content.refund_fee = yuanText(book.refundedFen(trade));
        content.gmt_refund = beijingMilliText(refund.done_at);
        content.out_biz_no = refund.refund_no;
    }
    return { id, url, content };
}
