// SPDX-License-Identifier: Apache-2.0
//
// From a request to the bytes of its answer, for either wallet: peek (whose fault is it), judge
// (may it come in), execute (what happens), render (sign, or spoil as ordered). Transport faults
// are done by server.mjs, which asks here for whatever should still happen.

import { AlipayError, judgeAlipay, peekAlipay, renderAlipay } from './alipay_wire.mjs';
import { peekWechat } from './wechat_calls.mjs';
import { answerIdentity, judgeWechat, renderWechat, WechatError } from './wechat_wire.mjs';

/** Alipay answers about itself when a fault says "system error" or "rate limit". */
const ALIPAY_TROUBLE = {
    429: [40005, 'isv.app-call-limited', '应用调用次数超限'],
    500: [20000, 'isp.unknow-error', '系统繁忙'],
    business: [40004, 'ACQ.SYSTEM_ERROR', '系统错误'],
};
const WECHAT_TROUBLE = {
    429: [429, 'RATELIMIT_EXCEEDED', '频率超限'],
    500: [500, 'SYSTEM_ERROR', '系统异常，请稍后重试'],
};

export class AlipayGate {
    constructor(world) {
        this.world = world;
    }

    peek(request) {
        const { op, order } = peekAlipay(request);
        return `${op} ${order}`;
    }

    /** Judges and executes. Returns {verdict, reply}; never throws for a refusal. */
    async execute(request) {
        const { methods } = this.world.alipay;
        let judged = null;
        try {
            judged = judgeAlipay(request, { ...this.world, methods });
            const fields = await this.world.alipay.execute(judged);
            return { verdict: 'accepted', reply: { ...judged, fields, signed: true } };
        } catch (error) {
            if (!(error instanceof AlipayError)) {
                throw error;
            }
            const method = new URLSearchParams(request.target.split('?')[1] ?? '').get('method');
            const known = methods.includes(method);
            const reply = { method, certMode: judged?.certMode ?? false, fields: error.fields };
            const named = {
                ...reply,
                signed: error.signed && known,
                error: !known || !error.signed,
            };
            return { verdict: `refused ${error.message}`, reply: named };
        }
    }

    /** The answer of a system in trouble (`429` or `500`). */
    trouble(request, kind) {
        const method = new URLSearchParams(request.target.split('?')[1] ?? '').get('method');
        const spelling = kind === '500' && this.world.rng.chance(0.5) ? 'business' : kind;
        const { fields } = new AlipayError(...ALIPAY_TROUBLE[spelling]);
        const known = this.world.alipay.methods.includes(method);
        return { method, certMode: false, fields, signed: known, error: !known };
    }

    render(request, reply, fault) {
        const identity = this.world.alipayIdentity(reply.certMode);
        return renderAlipay(reply, identity, this.world.keyring.stranger, fault);
    }
}

export class WechatGate {
    constructor(world) {
        this.world = world;
    }

    peek(request) {
        const { op, order } = peekWechat(request, this.world.wechat);
        return `${op} ${order}`;
    }

    async execute(request) {
        try {
            judgeWechat(request, this.world);
            if (request.target.split('?')[0] === this.world.wechatBills.path) {
                const raw = this.world.wechatBills.file(request);
                return { verdict: 'accepted', reply: { raw } };
            }
            const reply = await this.world.wechat.execute(request);
            return { verdict: 'accepted', reply };
        } catch (error) {
            if (!(error instanceof WechatError)) {
                throw error;
            }
            const reply = { status: error.status, body: error.body };
            return { verdict: `refused ${error.message}`, reply };
        }
    }

    trouble(_request, kind) {
        const [status, code, message] = WECHAT_TROUBLE[kind];
        return { status, body: { code, message } };
    }

    render(request, reply, fault) {
        if (reply.raw !== undefined) {
            return reply.raw;
        }
        const current = this.world.wechatCertificate();
        const identity = answerIdentity(request, this.world.keyring.wechat, current);
        const { clock } = this.world;
        const parts = { clock, stranger: this.world.keyring.stranger };
        return renderWechat(reply, identity, parts, fault);
    }
}
