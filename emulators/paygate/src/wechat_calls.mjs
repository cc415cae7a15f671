// SPDX-License-Identifier: Apache-2.0
//
// WeChat Pay's calls: Native orders, refunds that are PROCESSING first, and the list of platform
// certificates. Here an order exists from the first call on; its code dies at time_expire, its
// state turns CLOSED some minutes later.

import { Refusal } from './book.mjs';
import { parseRfc3339, rfc3339Text } from './clock.mjs';
import { isFen } from './money.mjs';
import { contentHash, subjectOf } from './shared.mjs';
import { randomText, sealGcm, WechatError } from './wechat_wire.mjs';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const CODE_LIFE_MS = 120 * MINUTE_MS;
const ORDER_LIFE_MS = 7 * DAY_MS;
const ORDER_LIFE_MAX_MS = 90 * DAY_MS;
const REFUNDS_MAX = 50;

const param = (message) => new WechatError(400, 'PARAM_ERROR', message);
const invalid = (message) => new WechatError(400, 'INVALID_REQUEST', message);

const STATE_WORDS = {
    SUCCESS: '支付成功',
    REFUND: '订单发生过退款，退款详情请查询退款单',
    NOTPAY: '订单未支付',
    CLOSED: '订单已关闭',
};

function parseBody(request) {
    let body;
    try {
        body = JSON.parse(request.body.toString('utf8'));
    } catch {
        body = null;
    }
    if (body === null || typeof body !== 'object' || Array.isArray(body)) {
        throw param('请求报文不是合法的JSON');
    }
    return body;
}

function checkText(body, name, max, pattern = /^[\s\S]+$/) {
    const value = body[name];
    if (typeof value !== 'string' || value.length > max || !pattern.test(value)) {
        throw param(`输入源“/body/${name}”映射到值字段失败`);
    }
    return value;
}

/** trade_state in WeChat's words. */
function tradeState(trade) {
    if (trade.state === 'PAID') {
        return trade.refunds.length > 0 ? 'REFUND' : 'SUCCESS';
    }
    return trade.state === 'CLOSED' ? 'CLOSED' : 'NOTPAY';
}

function promotionOf(trade) {
    if (trade.coupon_fen === 0) {
        return [];
    }
    const coupon = { coupon_id: '109519', name: '模拟代金券', scope: 'GLOBAL', type: 'CASH' };
    return [{ ...coupon, amount: trade.coupon_fen, currency: 'CNY' }];
}

/** The transaction as query and notice show it. `state` is fixed to SUCCESS in notices. */
export function transactionOf(trade, ids, state = tradeState(trade)) {
    const shared = {
        appid: ids.wechat_appid,
        mchid: ids.wechat_mchid,
        out_trade_no: trade.out_trade_no,
        trade_state: state,
        trade_state_desc: STATE_WORDS[state],
        attach: trade.attach,
        promotion_detail: promotionOf(trade),
    };
    if (trade.device_id !== '') {
        shared.scene_info = { device_id: trade.device_id };
    }
    if (trade.state !== 'PAID') {
        return { ...shared, amount: { total: trade.fen, currency: 'CNY' } };
    }
    return {
        ...shared,
        transaction_id: trade.trade_no,
        trade_type: 'NATIVE',
        bank_type: 'OTHERS',
        success_time: rfc3339Text(trade.paid_at),
        payer: { openid: `oSIM${trade.buyer.replace(/\W/g, '')}`.padEnd(28, '0') },
        amount: {
            total: trade.paid_fen,
            payer_total: trade.paid_fen - trade.coupon_fen,
            currency: 'CNY',
            payer_currency: 'CNY',
        },
    };
}

function refundAmounts(trade, refund) {
    return {
        total: trade.paid_fen,
        refund: refund.fen,
        payer_total: trade.paid_fen - trade.coupon_fen,
        payer_refund: Math.max(0, refund.fen - trade.coupon_fen),
    };
}

function refundFields(trade, refund) {
    const fields = {
        refund_id: refund.refund_id,
        out_refund_no: refund.refund_no,
        transaction_id: trade.trade_no,
        out_trade_no: trade.out_trade_no,
        channel: 'ORIGINAL',
        user_received_account: '支付用户零钱',
        create_time: rfc3339Text(refund.begun_at),
        status: refund.state,
        funds_account: 'AVAILABLE',
        promotion_detail: [],
        amount: {
            ...refundAmounts(trade, refund),
            settlement_refund: refund.fen,
            settlement_total: trade.paid_fen,
            discount_refund: 0,
            currency: 'CNY',
            from: [],
        },
    };
    return refund.state === 'SUCCESS'
        ? { ...fields, success_time: rfc3339Text(refund.done_at) }
        : fields;
}

export class WechatCalls {
    /** @param {{book, clock, rng, weather, keyring, bills, settings}} world */
    constructor(world) {
        this.world = world;
        this.book = world.book;
        const no = '([^/?]+)';
        const at = (method, path) => ({ method, path: new RegExp(`^${path}$`) });
        const order = `/v3/pay/transactions/out-trade-no/${no}`;
        this.routes = [
            {
                ...at('POST', '/v3/pay/transactions/native'),
                op: 'native',
                run: (r) => this.native(r),
            },
            { ...at('GET', order), op: 'query', run: (r) => this.query(r) },
            {
                ...at('GET', `/v3/pay/transactions/id/${no}`),
                op: 'query',
                run: (r) => this.query(r),
            },
            { ...at('POST', `${order}/close`), op: 'close', run: (r) => this.close(r) },
            {
                ...at('POST', '/v3/refund/domestic/refunds'),
                op: 'refund',
                run: (r) => this.refund(r),
            },
            {
                ...at('GET', `/v3/refund/domestic/refunds/${no}`),
                op: 'refund-query',
                run: (r) => this.refundQuery(r),
            },
            {
                ...at('GET', '/v3/certificates'),
                op: 'certificates',
                run: () => this.certificates(),
            },
            {
                ...at('GET', '/v3/bill/tradebill'),
                op: 'bill',
                run: (r) => world.wechatBills.offerUrl(r),
            },
        ];
    }

    /** The route and its path argument, or null. */
    route(request) {
        const path = request.target.split('?')[0];
        for (const route of this.routes) {
            const m = route.path.exec(path);
            if (m && route.method === request.method) {
                return { ...route, argument: m[1] === undefined ? null : decodeURIComponent(m[1]) };
            }
        }
        return null;
    }

    /** {status, body} of an acceptable request, or a WechatError. */
    async execute(request) {
        const route = this.route(request);
        if (route === null) {
            throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '请求的资源不存在');
        }
        const query = new URL(request.target, 'http://wechat').searchParams;
        const askedSerial = request.headers['wechatpay-serial'] ?? null;
        const body = await route.run({ ...request, argument: route.argument, query, askedSerial });
        return body === null ? { status: 204, body: null } : { status: 200, body };
    }

    async native(request) {
        const order = { ...this.orderOf(parseBody(request)), asked_serial: request.askedSerial };
        const known = this.book.find('wechat', order.out_trade_no);
        const deadAt = this.world.clock.now() + CODE_LIFE_MS;
        if (known === null) {
            if (order.deadline - this.world.clock.now() < MINUTE_MS) {
                throw param('time_expire 时间过短，至少1分钟');
            }
            this.book.offer(order, deadAt);
        } else {
            this.repeat(known, order, deadAt);
        }
        const trade = this.book.find('wechat', order.out_trade_no);
        if (this.world.weather.take('business', subjectOf('native', trade), ['create-race'])) {
            await this.world.payNow(trade);
        }
        return { code_url: this.world.qrText(trade) };
    }

    repeat(known, order, deadAt) {
        if (known.content !== order.content) {
            throw this.world.rng.pick([
                invalid('201 商户订单号重复'),
                new WechatError(403, 'OUT_TRADE_NO_USED', '商户订单号重复'),
            ]);
        }
        if (known.state === 'PAID') {
            throw new WechatError(400, this.paidCode(), '该订单已支付');
        }
        if (known.state === 'CLOSED') {
            throw new WechatError(400, 'ORDER_CLOSED', '该订单已关闭');
        }
        this.book.offerAgain(known, deadAt);
    }

    /** Documents of different years spell it differently; so does the simulator. */
    paidCode() {
        return this.world.rng.pick(['ORDERPAID', 'ORDER_PAID']);
    }

    orderOf(body) {
        const { ids } = this.world.keyring;
        checkText(body, 'appid', 32);
        if (checkText(body, 'mchid', 32) !== ids.wechat_mchid) {
            throw param('商户号与签名商户号不一致');
        }
        if (body.appid !== ids.wechat_appid) {
            throw new WechatError(400, 'APPID_MCHID_NOT_MATCH', 'appid和mch_id不匹配');
        }
        const amount = body.amount ?? {};
        if (!isFen(amount.total) || (amount.currency ?? 'CNY') !== 'CNY') {
            throw param('输入源“/body/amount/total”映射到数值字段失败');
        }
        const notifyUrl = checkText(body, 'notify_url', 255);
        if (notifyUrl.includes('?') || !this.world.isNotifyUrl(notifyUrl)) {
            throw param('notify_url (the simulator calls loopback http only, without a query)');
        }
        return {
            channel: 'wechat',
            out_trade_no: checkText(body, 'out_trade_no', 32, /^[0-9A-Za-z_\-|*]{6,}$/),
            fen: amount.total,
            subject: checkText(body, 'description', 127),
            notify_url: notifyUrl,
            attach: body.attach === undefined ? '' : checkText(body, 'attach', 128),
            device_id: String(body.scene_info?.device_id ?? ''),
            deadline: this.deadlineOf(body.time_expire),
            content: contentHash(body),
        };
    }

    deadlineOf(text) {
        const now = this.world.clock.now();
        if (text === undefined) {
            return now + ORDER_LIFE_MS;
        }
        const ms = typeof text === 'string' ? parseRfc3339(text) : NaN;
        // A repeat of the same bytes may come when less than a minute is left, so only the past is
        // refused here.
        if (Number.isNaN(ms) || ms <= now || ms > now + ORDER_LIFE_MAX_MS) {
            throw param('time_expire 格式错误，或不在 1 分钟到 90 天之间');
        }
        return ms;
    }

    checkMchid(mchid) {
        if (mchid !== this.world.keyring.ids.wechat_mchid) {
            throw param('mchid 与签名商户号不一致');
        }
    }

    query(request) {
        this.checkMchid(request.query.get('mchid'));
        const byOwn = request.target.startsWith('/v3/pay/transactions/out-trade-no/');
        const trade = byOwn
            ? this.book.find('wechat', request.argument)
            : this.book.findByTradeNo('wechat', request.argument);
        if (trade === null) {
            throw new WechatError(404, 'ORDER_NOT_EXIST', '订单不存在');
        }
        return transactionOf(trade, this.world.keyring.ids);
    }

    close(request) {
        this.checkMchid(parseBody(request).mchid);
        const trade = this.book.find('wechat', request.argument);
        if (trade === null) {
            throw new WechatError(404, 'ORDER_NOT_EXIST', '订单不存在');
        }
        if (this.world.weather.take('business', subjectOf('close', trade), ['close-race'])) {
            this.world.payQuietly(trade);
        }
        if (trade.state === 'PAID') {
            const codes = [
                [400, 'ORDERPAID'],
                [403, 'ORDER_PAID'],
                [403, 'TRADE_ERROR'],
            ];
            const [status, code] = this.world.rng.pick(codes);
            throw new WechatError(status, code, '该订单已支付');
        }
        if (trade.state === 'CLOSED') {
            const code = this.world.rng.pick(['ORDER_CLOSED', 'ORDERCLOSED']);
            throw new WechatError(400, code, '该订单已关闭');
        }
        this.book.close(trade, 'merchant');
        this.world.closeAttempted(trade);
        return null;
    }

    async refund(request) {
        const body = parseBody(request);
        const number = checkText(body, 'out_refund_no', 64, /^[0-9A-Za-z_\-|*@]+$/);
        const trade = this.refundedTrade(body);
        const amount = body.amount ?? {};
        if (!isFen(amount.refund) || !isFen(amount.total) || amount.currency !== 'CNY') {
            throw param('输入源“/body/amount”映射到字段失败');
        }
        const url = body.notify_url ?? null;
        if (url !== null && !this.world.isNotifyUrl(url)) {
            throw param('notify_url (the simulator calls loopback http only)');
        }
        const earlier = this.book.findRefund('wechat', number);
        if (earlier !== null) {
            if (earlier.trade !== trade || earlier.refund.fen !== amount.refund) {
                throw invalid('订单金额或退款金额与之前请求不一致，请核实后再试');
            }
            return refundFields(trade, earlier.refund);
        }
        this.checkRefundable(trade, amount);
        const refund = this.beginRefund(trade, number, amount.refund, body, url);
        const fields = refundFields(trade, refund);
        if (this.world.weather.take('business', subjectOf('refund', trade), ['refund-race'])) {
            this.book.turnRefund(trade, refund, refund.fate);
            await this.world.notifier.sendNow(trade);
        }
        return fields;
    }

    refundedTrade(body) {
        const trade =
            body.transaction_id === undefined
                ? this.book.find('wechat', body.out_trade_no)
                : this.book.findByTradeNo('wechat', body.transaction_id);
        if (trade === null) {
            throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '订单不存在');
        }
        return trade;
    }

    checkRefundable(trade, amount) {
        if (trade.state !== 'PAID') {
            throw invalid('订单未支付成功，不支持退款');
        }
        if (trade.finished) {
            throw invalid('订单已经超过可退款的最大期限');
        }
        if (amount.total !== trade.paid_fen) {
            throw invalid('订单金额不一致');
        }
        if (amount.refund + this.book.claimedFen(trade) > trade.paid_fen) {
            throw invalid('累计退款金额大于支付金额');
        }
        if (trade.refunds.length >= REFUNDS_MAX) {
            throw invalid('退款次数超过限制');
        }
    }

    beginRefund(trade, number, fen, body, notifyUrl) {
        const take = (kind) =>
            this.world.weather.take('business', subjectOf('refund', trade), [kind]);
        const abnormal = take('refund-abnormal') ? 'ABNORMAL' : null;
        const closed = take('refund-closed') ? 'CLOSED' : null;
        const delay = take('refund-slow')?.arg ?? this.world.settings.refund_delay_ms;
        try {
            if (take('refund-low-balance')) {
                throw new Refusal('balance');
            }
            return this.book.refund(trade, {
                refund_no: number,
                fen,
                reason: String(body.reason ?? ''),
                notify_url: notifyUrl,
                outside: false,
                fate: abnormal ?? closed ?? 'SUCCESS',
                due_at: this.world.clock.now() + delay,
            });
        } catch (error) {
            if (error.reason === 'balance') {
                throw new WechatError(403, 'NOT_ENOUGH', '基本账户余额不足，请充值后重新发起');
            }
            throw error;
        }
    }

    refundQuery(request) {
        const found = this.book.findRefund('wechat', request.argument);
        if (found === null) {
            throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '退款单不存在');
        }
        return refundFields(found.trade, found.refund);
    }

    /** Both certificates, or only the old one while the new one is still kept back. */
    certificates() {
        const { wechat } = this.world.keyring;
        const listed =
            this.world.settings.wechat_list === 'old' ? [wechat.old] : [wechat.new, wechat.old];
        return {
            data: listed.map((identity) => {
                const nonce = randomText(12);
                const time = (text) => rfc3339Text(Date.parse(text));
                return {
                    serial_no: identity.serial,
                    effective_time: time(identity.certificate.validFrom),
                    expire_time: time(identity.certificate.validTo),
                    encrypt_certificate: {
                        algorithm: 'AEAD_AES_256_GCM',
                        nonce,
                        associated_data: 'certificate',
                        ciphertext: sealGcm(wechat.apiv3Key, identity.pem, nonce, 'certificate'),
                    },
                };
            }),
        };
    }
}

/** `wechat.native` and the order number, to find the fault that is meant for them. */
export function peekWechat(request, calls) {
    const route = calls.route(request);
    let body = {};
    try {
        body = JSON.parse(request.body.toString('utf8'));
    } catch {
        // Not JSON: the call itself will say so.
    }
    const order = body?.out_trade_no ?? route?.argument ?? '';
    return { op: `wechat.${route?.op ?? '?'}`, order: String(order) };
}

/**
 * The notice that an event owes: {id, url, content} or null. Only successful payments and refunds
 * are notified.
 */
export function wechatNotice(kind, trade, refund, { book, keyring }) {
    const url = refund === null ? trade.notify_url : refund.notify_url;
    if (url === null || (kind !== 'paid' && kind !== 'refund')) {
        return null;
    }
    const id = `EV-${book.newId()}`.slice(0, 36);
    if (kind === 'paid') {
        const plain = transactionOf(trade, keyring.ids, 'SUCCESS');
        const content = {
            event: 'TRANSACTION.SUCCESS',
            type: 'transaction',
            summary: '支付成功',
            plain,
        };
        return { id, url, content };
    }
    const plain = {
        mchid: keyring.ids.wechat_mchid,
        out_trade_no: trade.out_trade_no,
        transaction_id: trade.trade_no,
        out_refund_no: refund.refund_no,
        refund_id: refund.refund_id,
        refund_status: refund.state,
        user_received_account: '支付用户零钱',
        amount: refundAmounts(trade, refund),
    };
    if (refund.state === 'SUCCESS') {
        plain.success_time = rfc3339Text(refund.done_at);
    }
    const summary = { SUCCESS: '退款成功', ABNORMAL: '退款异常', CLOSED: '退款关闭' }[refund.state];
    return {
        id,
        url,
        content: { event: `REFUND.${refund.state}`, type: 'refund', summary, plain },
    };
}
