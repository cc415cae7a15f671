// SPDX-License-Identifier: Apache-2.0
//
// Alipay OpenAPI 1.0 on the wire: who may call, and how an answer is signed. A request is judged on
// the bytes that came, an answer is signed over the bytes that leave. Codes as documented; the
// order of the checks and the sub_codes marked "invented" in the README are this simulator's.

import crypto from 'node:crypto';

import { beijingText, parseBeijing } from './clock.mjs';
import { canonicalText, parseForm, uniquePairs } from './form.mjs';
import { encodeGbk } from './gbk.mjs';
import { parseYuan, yuanText } from './money.mjs';
import { signSha256, spoilBase64, verifySha256 } from './rsa.mjs';

/** How far `timestamp` may be from the gateway's clock (invented: the real window is not known). */
const TIMESTAMP_WINDOW_MS = 15 * 60_000;

const MESSAGES = {
    40001: 'Missing Required Arguments',
    40002: 'Invalid Arguments',
    40004: 'Business Failed',
    40005: 'Call Limited',
    40006: 'Insufficient Permissions',
    20000: 'Service Currently Unavailable',
};

/** An error answer. `signed` is false only where the real gateway answers without a signature. */
export class AlipayError extends Error {
    constructor(code, subCode, subMessage, signed = true) {
        super(subCode);
        this.fields = {
            code: String(code),
            msg: MESSAGES[code],
            sub_code: subCode,
            sub_msg: subMessage,
        };
        this.signed = signed;
    }
}

const unsignedError = (...args) => new AlipayError(...args, false);

/** All parameters of the request, those of the URL and those of the body. */
function gatherParameters(request) {
    const query = parseForm(request.target.split('?').slice(1).join('?'));
    const body = parseForm(request.body.toString('latin1'));
    if (query === null || body === null) {
        throw unsignedError(40002, 'isv.invalid-parameter', 'malformed form');
    }
    const all = uniquePairs([...query, ...body]);
    if (all === null) {
        throw unsignedError(40002, 'isv.invalid-parameter', 'a parameter occurs twice');
    }
    return { all, charsetInUrl: query.some(([name]) => name === 'charset') };
}

/**
 * `alipay.trade.precreate` and the order number, read without any check, to find the fault that is
 * meant for them.
 */
export function peekAlipay(request) {
    try {
        const { all } = gatherParameters(request);
        const order = JSON.parse(all.biz_content ?? '{}').out_trade_no ?? '';
        return { op: all.method ?? 'alipay.?', order: String(order) };
    } catch {
        return { op: 'alipay.?', order: '' };
    }
}

function checkCommon(all, keyring, methods) {
    if (!all.method) {
        throw unsignedError(40001, 'isv.missing-method', 'method is missing');
    }
    if (!all.app_id) {
        throw unsignedError(40001, 'isv.missing-app-id', 'app_id is missing');
    }
    if (all.app_id !== keyring.ids.alipay_app_id) {
        throw unsignedError(40002, 'isv.invalid-app-id', '无效的AppID参数');
    }
    if (!methods.includes(all.method)) {
        throw unsignedError(40002, 'isv.invalid-method', '不存在的方法名');
    }
    if (!all.sign) {
        throw new AlipayError(40001, 'isv.missing-signature', '缺少签名参数');
    }
    if (all.sign_type !== 'RSA2') {
        throw new AlipayError(40002, 'isv.invalid-signature-type', '无效签名类型');
    }
    if (all.version !== '1.0') {
        throw new AlipayError(40002, 'isv.missing-version', '缺少版本参数');
    }
    if ((all.format ?? 'JSON').toUpperCase() !== 'JSON') {
        throw new AlipayError(40002, 'isv.invalid-format', '无效的数据格式');
    }
}

function checkSignature(all, charsetInUrl, publicKey) {
    const advice = '验签出错, 建议检查签名字符串或签名私钥与应用公钥是否匹配';
    if (!charsetInUrl || !/^utf-8$/i.test(all.charset)) {
        const more = 'make sure charset is in the URL query and is utf-8';
        throw new AlipayError(40002, 'isv.invalid-signature', `${advice}; ${more}`);
    }
    const text = canonicalText(all, ['sign']);
    if (!verifySha256(publicKey, Buffer.from(text), all.sign)) {
        throw new AlipayError(
            40002,
            'isv.invalid-signature',
            `${advice}，网关生成的验签字符串为：${text}`,
        );
    }
}

function checkTimestamp(text, clock) {
    const ms = parseBeijing(text ?? '');
    const known = text?.length === 19 && !Number.isNaN(ms);
    if (!known || Math.abs(ms - clock.wire()) > TIMESTAMP_WINDOW_MS) {
        const now = beijingText(clock.wire());
        throw new AlipayError(
            40002,
            'isv.invalid-timestamp',
            `非法的时间戳参数, gateway time ${now}`,
        );
    }
}

/** Is the request in certificate mode, and with the right certificates? */
function checkCertificates(all, alipay) {
    if (all.app_cert_sn === undefined && all.alipay_root_cert_sn === undefined) {
        return false;
    }
    if (all.app_cert_sn !== alipay.app.sn) {
        throw new AlipayError(40002, 'isv.invalid-app-cert-sn', '应用公钥证书SN不匹配');
    }
    if (all.alipay_root_cert_sn !== alipay.rootSn) {
        throw new AlipayError(40002, 'isv.invalid-alipay-root-cert-sn', '支付宝根证书SN不匹配');
    }
    return true;
}

/** The parameters of an acceptable request, or an AlipayError. */
export function judgeAlipay(request, { keyring, clock, methods }) {
    if (request.method !== 'POST') {
        throw unsignedError(40002, 'isv.invalid-parameter', 'POST only');
    }
    const { all, charsetInUrl } = gatherParameters(request);
    checkCommon(all, keyring, methods);
    checkSignature(all, charsetInUrl, keyring.alipay.app.publicKey);
    checkTimestamp(all.timestamp, clock);
    const certMode = checkCertificates(all, keyring.alipay);
    let content;
    try {
        content = JSON.parse(all.biz_content ?? '');
    } catch {
        content = null;
    }
    if (content === null || typeof content !== 'object' || Array.isArray(content)) {
        throw new AlipayError(40002, 'isv.invalid-parameter', 'biz_content is no JSON object');
    }
    return { method: all.method, notifyUrl: all.notify_url ?? null, content, certMode };
}

/** JSON as the real gateway prints it: slashes escaped. */
function gatewayJson(value) {
    return JSON.stringify(value).replaceAll('/', '\\/');
}

/** The member that a fault like `wrong-order` falsifies before it is signed. */
function falsify(fields, fault) {
    if (fault === 'wrong-order' && fields.out_trade_no !== undefined) {
        return { ...fields, out_trade_no: `${fields.out_trade_no}X`, trade_no: '1' };
    }
    if (fault === 'wrong-amount' && fields.total_amount !== undefined) {
        return { ...fields, total_amount: yuanText(parseYuan(fields.total_amount) + 1) };
    }
    return fields;
}

/**
 * The answer's bytes. `reply`: {method, fields, signed, certMode}; `identity`: the platform key in
 * use; `fault`: one of the answer faults of weather.mjs or null.
 */
export function renderAlipay(reply, identity, stranger, fault) {
    const member = reply.error ? 'error_response' : `${reply.method.replaceAll('.', '_')}_response`;
    const text = gatewayJson(falsify(reply.fields, fault));
    const bytes = fault === 'gbk' ? encodeGbk(text) : Buffer.from(text);
    const trace = crypto.randomBytes(16).toString('hex');
    const headers = { 'Content-Type': 'text/html;charset=utf-8', trace_id: trace };
    if (!reply.signed || fault === 'unsigned') {
        const body = Buffer.concat([Buffer.from(`{"${member}":`), bytes, Buffer.from('}')]);
        return { status: 200, headers, body };
    }
    const key = fault === 'stranger' ? stranger.privateKey : identity.privateKey;
    const made = signSha256(key, bytes);
    const sign = gatewayJson(fault === 'badsign' ? spoilBase64(made) : made);
    const sn = fault === 'unknown-serial' ? 'f'.repeat(32) : identity.sn;
    const cert = reply.certMode ? `"alipay_cert_sn":"${sn}",` : '';
    const open = Buffer.from(`{"${member}":`);
    const tail = Buffer.from(`,${cert}"sign":${sign}}`);
    if (fault === 'sign-first') {
        const head = Buffer.from(`{"sign":${sign},${cert}"${member}":`);
        return { status: 200, headers, body: Buffer.concat([head, bytes, Buffer.from('}')]) };
    }
    const forged = fault === 'twice-member' ? forgedMember(member, reply.fields) : Buffer.alloc(0);
    const body = Buffer.concat([open, forged, bytes, tail]);
    return { status: 200, headers, body };
}

/** A first copy of the signed member that claims a payment; a careless reader takes one of both. */
function forgedMember(member, fields) {
    const claim = { ...fields, code: '10000', msg: 'Success', trade_status: 'TRADE_SUCCESS' };
    return Buffer.from(`${gatewayJson(claim)},"${member}":`);
}
