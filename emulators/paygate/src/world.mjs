// SPDX-License-Identifier: Apache-2.0
//
// One simulated world: clock, chance, weather, book, keys, both wallets and the notifier, wired
// together. Everything that a buyer or an operator can do goes through here; server.mjs and
// control.mjs only translate.

import path from 'node:path';

import { AlipayBills } from './alipay_bill.mjs';
import { AlipayCalls, alipayNotice } from './alipay_calls.mjs';
import { Book } from './book.mjs';
import { Clock } from './clock.mjs';
import { loadKeyring } from './keyring.mjs';
import { Notifier } from './notifier.mjs';
import { renderAlipayNotice, renderWechatNotice } from './notice_render.mjs';
import { Rng } from './rng.mjs';
import { Weather } from './weather.mjs';
import { WechatBills } from './wechat_bill.mjs';
import { WechatCalls, wechatNotice } from './wechat_calls.mjs';
import { NonceMemory } from './wechat_wire.mjs';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
/** A late payment arrives this long after the close or the expiry that it lost against. */
const LATE_MS = 2000;
const SWEEP_MS = 100;
const BUYER = '138******00';

/**
 * What may be switched while running (`set NAME VALUE`), with the allowed values; the first is the
 * default.
 */
export const SETTINGS = Object.freeze({
    alipay_cert: ['platform', 'next'],
    alipay_bill_url: ['own', 'real'],
    alipay_notice_sn: ['absent', 'unsigned', 'signed'],
    wechat_cert: ['old', 'new', 'mix'],
    wechat_notice_key: ['auto', 'old', 'new', 'public', 'mix'],
    wechat_list: ['both', 'old'],
});

export class World {
    /**
     * @param {{dir: string, seed: number, factor: number, config: object, notifyCa: ?string}}
     * options
     */
    constructor({ dir, seed, factor, config, notifyCa }) {
        this.rng = new Rng(seed);
        this.clock = new Clock();
        this.weather = new Weather(this.rng);
        this.weather.medianMs = config.latency_ms ?? this.weather.medianMs;
        this.keyring = loadKeyring(config.ids ?? {});
        this.settings = { refund_delay_ms: config.refund_delay_ms ?? 3000 };
        for (const [name, values] of Object.entries(SETTINGS)) {
            this.settings[name] = values[0];
        }
        this.notifyCa = notifyCa;
        this.baseUrl = null;
        this.nonces = new NonceMemory();
        this.armed = new Set();
        this.book = new Book({
            file: path.join(dir, 'journal.jsonl'),
            clock: this.clock,
            rng: this.rng,
            balanceFen: config.balance_fen ?? 100_000_00,
        });
        this.book.noticeMakers = {
            alipay: (...what) => alipayNotice(...what, this),
            wechat: (...what) => wechatNotice(...what, this),
        };
        this.alipayBills = new AlipayBills(this);
        this.wechatBills = new WechatBills(this);
        this.alipay = new AlipayCalls(this);
        this.wechat = new WechatCalls(this);
        this.notifier = new Notifier({
            book: this.book,
            clock: this.clock,
            rng: this.rng,
            weather: this.weather,
            factor,
            ca: notifyCa,
            render: (notice, shape) => this.renderNotice(notice, shape),
        });
    }

    start(baseUrl) {
        this.baseUrl = baseUrl;
        this.notifier.start();
        this.timer = setInterval(() => this.sweep(), SWEEP_MS);
    }

    stop() {
        clearInterval(this.timer);
        this.notifier.stop();
        this.book.journal.close();
    }

    // ---- keys in force ----

    alipayIdentity(certMode) {
        const { platform, next } = this.keyring.alipay;
        return certMode && this.settings.alipay_cert === 'next' ? next : platform;
    }

    wechatCertificate() {
        const which = this.settings.wechat_cert;
        return this.keyring.wechat[which === 'mix' ? this.rng.pick(['old', 'new']) : which];
    }

    /** The key of a notice: fixed, mixed, or of the kind that the order's own request asked for. */
    wechatNoticeIdentity(trade) {
        const { wechat } = this.keyring;
        const which = this.settings.wechat_notice_key;
        if (which === 'mix') {
            return wechat[this.rng.pick(['old', 'new', 'public'])];
        }
        if (which !== 'auto') {
            return wechat[which];
        }
        return trade.asked_serial === wechat.public.serial
            ? wechat.public
            : this.wechatCertificate();
    }

    renderNotice(notice, shape) {
        const trade = this.book.trades.get(notice.key);
        const { clock } = this;
        const { stranger } = this.keyring;
        if (trade.channel === 'alipay') {
            const identity = this.alipayIdentity(trade.cert_mode);
            const snPlace = trade.cert_mode ? this.settings.alipay_notice_sn : 'absent';
            return renderAlipayNotice(notice, shape, { clock, identity, stranger, snPlace });
        }
        const identity = this.wechatNoticeIdentity(trade);
        const { apiv3Key } = this.keyring.wechat;
        return renderWechatNotice(notice, shape, { clock, stranger, identity, apiv3Key });
    }

    // ---- what the calls need ----

    /**
     * `http://127.0.0.1:40123/SIMULATOR/a` and ten characters: at most 44 bytes, QR version 4 at
     * level Q.
     */
    qrText(trade) {
        return `${this.baseUrl}/SIMULATOR/${trade.qrs.at(-1).id}`;
    }

    isNotifyUrl(text) {
        let url;
        try {
            url = new URL(text);
        } catch {
            return false;
        }
        const scheme = url.protocol === 'http:' || (this.notifyCa && url.protocol === 'https:');
        return Boolean(scheme) && LOOPBACK.has(url.hostname);
    }

    /** The buyer pays within the running call; the notice is answered before the call is. */
    async payNow(trade) {
        if (trade.state !== 'PAID') {
            this.payQuietly(trade);
            await this.notifier.sendNow(trade);
        }
    }

    payQuietly(trade) {
        if (trade.state !== 'PAID') {
            this.book.pay(trade, { fen: trade.fen, couponFen: 0, buyer: BUYER, late: false });
        }
    }

    // ---- what buyers and operators do ----

    /** @param {{fen: ?number, couponFen: number, late: boolean}} how */
    pay(trade, { fen, couponFen, late }) {
        this.book.sweep();
        const amount = fen ?? trade.fen;
        this.book.pay(trade, { fen: amount, couponFen, buyer: BUYER, late });
    }

    /** The buyer holds the phone ready and confirms only once the merchant has given up. */
    armLate(trade) {
        if (trade.state === 'PAID') {
            this.book.checkPayable(trade);
        }
        this.armed.add(trade.key);
        if (trade.state === 'CLOSED') {
            this.closeAttempted(trade);
        }
    }

    closeAttempted(trade) {
        if (trade !== null && this.armed.delete(trade.key)) {
            setTimeout(() => this.payLate(trade), LATE_MS).unref();
        }
    }

    payLate(trade) {
        if (trade.state !== 'PAID') {
            this.pay(trade, { fen: null, couponFen: 0, late: true });
        }
    }

    refundOutside(trade, fen) {
        const rest = trade.paid_fen - this.book.claimedFen(trade);
        this.book.refund(trade, {
            refund_no: `OUTSIDE_${this.book.newNumber()}`,
            fen: fen ?? rest,
            reason: 'merchant site',
            notify_url: null,
            outside: true,
            fate: 'SUCCESS',
            due_at: null,
        });
    }

    moveClock(offsetMs) {
        this.book.commit([{ ev: 'clock', offset_ms: offsetMs, at: Date.now() + offsetMs }]);
        this.sweep();
    }

    sweep() {
        this.book.sweep();
        for (const key of this.armed) {
            const trade = this.book.trades.get(key);
            if (this.clock.now() >= this.book.payableUntil(trade)) {
                this.closeAttempted(trade);
            }
        }
    }
}
