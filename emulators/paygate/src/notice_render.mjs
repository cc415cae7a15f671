// SPDX-License-Identifier: Apache-2.0
//
// The bytes of one attempt of a notice, good or spoiled. Alipay: a signed form, same notify_id with
// a new notify_time on every attempt. WeChat: signed JSON around an AES-GCM resource, new
// timestamp, nonce and signature on every attempt.

import crypto from 'node:crypto';

import { beijingText, rfc3339Text } from './clock.mjs';
import { canonicalText } from './form.mjs';
import { encodeGbk } from './gbk.mjs';
import { parseYuan, yuanText } from './money.mjs';
import { signSha256, spoilBase64 } from './rsa.mjs';
import { randomText, sealGcm, signedHeaders } from './wechat_wire.mjs';

const FOREIGN_MERCHANT = {
    alipay: { app_id: '2021009000009999', seller_id: '2088900000009999' },
    wechat: { mchid: '1900009999' },
};

function alipayContent(notice, shape, clock) {
    const content = { ...notice.content, notify_time: beijingText(clock.wire()) };
    if (shape === 'wrong-order') {
        content.out_trade_no += 'X';
    } else if (shape === 'wrong-amount') {
        content.total_amount = yuanText(parseYuan(content.total_amount) + 1);
    } else if (shape === 'wrong-merchant') {
        Object.assign(content, FOREIGN_MERCHANT.alipay);
    } else if (shape === 'no-appid') {
        delete content.app_id;
    } else if (shape === 'gbk') {
        content.charset = 'gbk';
    }
    return content;
}

/** Percent-encoding of a value's bytes; blanks as `+`, as the real notices have them. */
function percentBytes(bytes) {
    return [...bytes]
        .map((byte) => {
            const char = String.fromCharCode(byte);
            if (/[A-Za-z0-9_.*-]/.test(char)) {
                return char;
            }
            const hex = byte.toString(16).toUpperCase().padStart(2, '0');
            return char === ' ' ? '+' : `%${hex}`;
        })
        .join('');
}

function alipaySignature(text, encode, identity, stranger, shape) {
    if (shape === 'sha1') {
        return crypto.sign('sha1', encode(text), identity.privateKey).toString('base64');
    }
    const key = shape === 'stranger' ? stranger.privateKey : identity.privateKey;
    const sign = signSha256(key, encode(text));
    return shape === 'badsign' || shape === 'unknown-serial' ? spoilBase64(sign) : sign;
}

/**
 * `identity`: the platform key in force; `snPlace`: absent | unsigned | signed (see the README).
 */
export function renderAlipayNotice(notice, shape, { clock, identity, stranger, snPlace }) {
    const content = alipayContent(notice, shape, clock);
    if (snPlace === 'signed') {
        content.alipay_cert_sn = identity.sn;
    }
    const encode = (text) => (shape === 'gbk' ? encodeGbk(text) : Buffer.from(text));
    const text = canonicalText(content, ['sign', 'sign_type']);
    const members = { ...content, sign_type: shape === 'sha1' ? 'RSA' : 'RSA2' };
    if (snPlace === 'unsigned') {
        members.alipay_cert_sn = identity.sn;
    }
    if (shape !== 'no-sign') {
        members.sign = alipaySignature(text, encode, identity, stranger, shape);
    }
    // There is no clock rule and no probe for Alipay: these shapes are sent as tampered ones.
    if (['tampered', 'stale', 'future', 'signtest'].includes(shape)) {
        members.total_amount = yuanText(parseYuan(members.total_amount) + 100);
    }
    const body = Object.entries(members)
        .map(([name, value]) => `${name}=${percentBytes(encode(value))}`)
        .join('&');
    const charset = shape === 'gbk' ? 'gbk' : 'utf-8';
    return {
        headers: {
            'Content-Type': `application/x-www-form-urlencoded; charset=${charset}`,
            'Content-Length': body.length,
            'User-Agent': 'Mozilla/4.0',
        },
        body: Buffer.from(body),
    };
}

function wechatPlain(plain, shape) {
    if (shape === 'wrong-order') {
        return { ...plain, out_trade_no: `${plain.out_trade_no}X` };
    }
    if (shape === 'wrong-amount') {
        return { ...plain, amount: { ...plain.amount, total: plain.amount.total + 1 } };
    }
    if (shape === 'no-appid') {
        const { appid, ...rest } = plain;
        return rest;
    }
    return shape === 'wrong-merchant' ? { ...plain, ...FOREIGN_MERCHANT.wechat } : plain;
}

export function renderWechatNotice(notice, shape, parts) {
    const { event, type, summary, plain } = notice.content;
    const nonce = randomText(12);
    const secret = JSON.stringify(wechatPlain(plain, shape));
    const body = Buffer.from(
        JSON.stringify({
            id: notice.id,
            create_time: rfc3339Text(notice.born),
            resource_type: 'encrypt-resource',
            event_type: event,
            summary,
            resource: {
                original_type: type,
                algorithm: 'AEAD_AES_256_GCM',
                ciphertext: sealGcm(parts.apiv3Key, secret, nonce, type),
                associated_data: type,
                nonce,
            },
        }),
    );
    // SHA-1 and GBK do not exist here; a bad signature stands in for the first.
    const fault = shape === 'sha1' ? 'badsign' : shape;
    const signed = shape === 'no-sign' ? {} : signedHeaders(body, parts.identity, parts, fault);
    const sent = shape === 'tampered' ? Buffer.from(String(body).replace('EV-', 'EV_')) : body;
    return {
        headers: {
            'Content-Type': 'application/json; charset=utf-8',
            'Content-Length': sent.length,
            Accept: '*/*',
            'User-Agent': 'Mozilla/4.0',
            ...signed,
        },
        body: sent,
    };
}
