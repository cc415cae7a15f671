// SPDX-License-Identifier: Apache-2.0
//
// WeChat Pay APIv3 on the wire: the Authorization header, the signature over five lines, and signed
// answers. Which key signs is chosen per message: by the request's Wechatpay-Serial header for
// answers, by the rotation in force for notices.

import crypto from 'node:crypto';

import { signSha256, spoilBase64, verifySha256 } from './rsa.mjs';

const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SCHEME = 'WECHATPAY2-SHA256-RSA2048';
const WINDOW_S = 300;
/** How long a nonce is remembered; twice the window, so that no still valid one is forgotten. */
const NONCE_KEPT_MS = 2 * WINDOW_S * 1000;

/** Nonces come from the system, not from the seed: a restart must not repeat them. */
export function randomText(length) {
    return Array.from({ length }, () => ALNUM[crypto.randomInt(ALNUM.length)]).join('');
}

/** An error answer of the API. */
export class WechatError extends Error {
    constructor(status, code, message, detail) {
        super(code);
        this.status = status;
        this.body = detail === undefined ? { code, message } : { code, message, detail };
    }
}

const signError = (message, detail) => new WechatError(401, 'SIGN_ERROR', message, detail);

/** The five items of the header, in any order, each exactly once; null when malformed. */
export function parseAuthorization(header) {
    const prefix = `${SCHEME} `;
    if (typeof header !== 'string' || !header.startsWith(prefix)) {
        return null;
    }
    const items = {};
    for (const piece of header.slice(prefix.length).split(',')) {
        const m = /^\s*([a-z_]+)="([^"]*)"\s*$/.exec(piece);
        if (!m || m[1] in items) {
            return null;
        }
        items[m[1]] = m[2];
    }
    const wanted = ['mchid', 'nonce_str', 'serial_no', 'signature', 'timestamp'];
    const whole = Object.keys(items).sort().join() === wanted.join();
    return whole && wanted.every((name) => items[name] !== '') ? items : null;
}

/**
 * Remembers nonces: the same nonce with other content is refused, a byte-identical repeat passes
 * (invented).
 */
export class NonceMemory {
    constructor() {
        this.seen = new Map();
    }

    isForeign(nonce, message) {
        const now = Date.now();
        for (const [old, entry] of this.seen) {
            if (now - entry.at > NONCE_KEPT_MS) {
                this.seen.delete(old);
            }
        }
        const digest = crypto.createHash('sha256').update(message).digest('hex');
        const earlier = this.seen.get(nonce);
        this.seen.set(nonce, earlier ?? { digest, at: now });
        return earlier !== undefined && earlier.digest !== digest;
    }
}

function requestMessage(request, auth) {
    const head = `${request.method}\n${request.target}\n${auth.timestamp}\n${auth.nonce_str}\n`;
    return Buffer.concat([Buffer.from(head), request.body, Buffer.from('\n')]);
}

function detailOf(request, message) {
    const text = message.toString('utf8');
    return {
        field: 'signature',
        issue: 'sign not match',
        location: 'authorization',
        sign_information: {
            method: request.method,
            url: request.target,
            truncated_sign_message: text.slice(0, 128),
            sign_message_length: message.length,
        },
    };
}

/** Throws a WechatError unless the request may come in. */
export function judgeWechat(request, { keyring, clock, nonces }) {
    const { merchant } = keyring.wechat;
    if (!request.headers['user-agent'] || !request.headers.accept) {
        throw new WechatError(400, 'PARAM_ERROR', 'Http头缺少Accept或User-Agent');
    }
    const auth = parseAuthorization(request.headers.authorization);
    if (auth === null) {
        throw signError('Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》');
    }
    if (auth.mchid !== keyring.ids.wechat_mchid) {
        throw signError('商户号无效');
    }
    if (auth.serial_no.toUpperCase() !== merchant.serial) {
        throw signError('商户证书序列号有误。请使用签名私钥匹配的证书序列号');
    }
    if (!/^\d{1,12}$/.test(auth.timestamp)) {
        throw signError('Http头Authorization中的timestamp与发起请求的时间不得超过5分钟');
    }
    if (Math.abs(Number(auth.timestamp) - clock.wireSeconds()) > WINDOW_S) {
        throw signError('Http头Authorization中的timestamp与发起请求的时间不得超过5分钟');
    }
    const message = requestMessage(request, auth);
    if (!verifySha256(merchant.publicKey, message, auth.signature)) {
        throw signError('签名错误，请检查后再试', detailOf(request, message));
    }
    if (nonces.isForeign(auth.nonce_str, message)) {
        throw signError('nonce_str was used with other content');
    }
    checkWantedSerial(request.headers['wechatpay-serial'], keyring.wechat);
}

/** The key that the merchant wants answers signed with must be one of ours. */
function checkWantedSerial(serial, wechat) {
    const ours = [wechat.old.serial, wechat.new.serial, wechat.public.serial];
    if (serial !== undefined && !ours.includes(serial)) {
        throw new WechatError(400, 'PARAM_ERROR', `平台证书序列号Wechatpay-Serial错误: ${serial}`);
    }
}

/**
 * The identity that answers a request: the one asked for, else the platform certificate in force.
 */
export function answerIdentity(request, wechat, current) {
    const asked = request.headers['wechatpay-serial'];
    const known = [wechat.old, wechat.new, wechat.public];
    return known.find((identity) => identity.serial === asked) ?? current;
}

/**
 * Headers that sign `body` at the wire clock, for answers and notices. `fault`: a fault of
 * weather.mjs or null.
 */
export function signedHeaders(body, identity, { clock, stranger }, fault) {
    const shift = { stale: -(WINDOW_S + 1), future: WINDOW_S + 1 }[fault] ?? 0;
    const timestamp = String(clock.wireSeconds() + shift);
    const nonce = randomText(32);
    const message = Buffer.concat([
        Buffer.from(`${timestamp}\n${nonce}\n`),
        body,
        Buffer.from('\n'),
    ]);
    const key = fault === 'stranger' ? stranger.privateKey : identity.privateKey;
    const good = signSha256(key, message);
    const signature = {
        badsign: spoilBase64(good),
        signtest: `WECHATPAY/SIGNTEST/${good}`,
    }[fault];
    const unknown = '5F0'.padEnd(40, '0');
    const headers = {
        'Wechatpay-Timestamp': timestamp,
        'Wechatpay-Nonce': nonce,
        'Wechatpay-Serial': fault === 'unknown-serial' ? unknown : identity.serial,
        'Wechatpay-Signature': signature ?? good,
        'Wechatpay-Signature-Type': SCHEME,
    };
    if (fault === 'twice-header') {
        headers['Wechatpay-Signature'] = [good, good];
    }
    return headers;
}

function falsify(body, fault) {
    if (fault === 'wrong-order' && body?.out_trade_no !== undefined) {
        return { ...body, out_trade_no: `${body.out_trade_no}X`, transaction_id: '1' };
    }
    if (fault === 'wrong-amount' && body?.amount?.total !== undefined) {
        return { ...body, amount: { ...body.amount, total: body.amount.total + 1 } };
    }
    return body;
}

/** The answer's bytes. `reply`: {status, body: object or null}. */
export function renderWechat(reply, identity, parts, fault) {
    const text = reply.body === null ? '' : JSON.stringify(falsify(reply.body, fault));
    const body = Buffer.from(text);
    const headers = body.length === 0 ? {} : { 'Content-Type': 'application/json; charset=utf-8' };
    headers['Request-ID'] = crypto.randomBytes(15).toString('hex').toUpperCase();
    if (fault !== 'unsigned') {
        Object.assign(headers, signedHeaders(body, identity, parts, fault));
    }
    return { status: reply.status, headers, body };
}

/** AES-256-GCM as WeChat writes it: base64 of ciphertext and tag. */
export function sealGcm(key, plaintext, nonce, associatedData) {
    const cipher = crypto.createCipheriv('aes-256-gcm', key, Buffer.from(nonce));
    cipher.setAAD(Buffer.from(associatedData));
    const sealed = [cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64');
}
