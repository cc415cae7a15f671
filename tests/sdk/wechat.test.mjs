// SPDX-License-Identifier: Apache-2.0
//
// The WeChat Pay half of the simulator against wechatpay-axios-plugin: its requests must come in,
// damaged ones must not, its verifier must accept every signed answer, and its primitives must open
// every notice. The plugin's known weaknesses (no look at answers other than 2xx) are covered with
// its primitives.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';

import plugin from 'wechatpay-axios-plugin';

import { Gateway, NotifyDoor, orderNo, scratch, until } from './harness.mjs';

const { Aes, Formatter, Rsa } = plugin;

let gateway;
let door;
let wechat;
/** serial or id -> PEM of every key that may sign. */
let keys;

before(async () => {
    gateway = await Gateway.start({ dir: scratch('wechat'), args: ['--time-factor', '500'] });
    door = await NotifyDoor.open();
    wechat = gateway.wechat();
    keys = {
        [gateway.about.wechat_platform_serials[0]]: gateway.file('wechat-platform-old.crt.pem'),
        [gateway.about.wechat_public_key_id]: gateway.file('wechat-public-key.pub.pem'),
    };
});
after(async () => {
    await gateway.kill();
    door.close();
});
beforeEach(async () => {
    await gateway.control('reset-faults');
    await gateway.control('latency 2');
    await gateway.control('refund-delay 150');
    door.clear();
    door.answer = () => ({ status: 204, body: '' });
});

const rfc3339 = (ms) =>
    `${new Date(Date.now() + ms + 8 * 3600e3).toISOString().slice(0, 19)}+08:00`;

function orderOf(no, more = {}) {
    return {
        appid: gateway.about.wechat_appid,
        mchid: gateway.about.wechat_mchid,
        description: '电费 3号楼502',
        out_trade_no: no,
        time_expire: rfc3339(600e3),
        attach: 'K07, `A`',
        notify_url: door.urlOf(no),
        amount: { total: 5854, currency: 'CNY' },
        scene_info: { payer_client_ip: '127.0.0.1', device_id: 'K07' },
        ...more,
    };
}

/** The answer of a call, refused or not: {status, data, headers}. */
async function settled(promise) {
    try {
        return await promise;
    } catch (error) {
        if (error.response === undefined) {
            throw error;
        }
        return error.response;
    }
}

const native = (body, config = {}) =>
    settled(wechat.chain('/v3/pay/transactions/native').post(body, config));
const ORDER = '/v3/pay/transactions/out-trade-no/{no}';
const query = (no, peer = wechat, config = {}) =>
    settled(
        peer.chain(ORDER).get({ params: { mchid: gateway.about.wechat_mchid }, no, ...config }),
    );
const close = (no) =>
    settled(wechat.chain(`${ORDER}/close`).post({ mchid: gateway.about.wechat_mchid }, { no }));
const refund = (no, fen, more = {}) =>
    settled(
        wechat.chain('/v3/refund/domestic/refunds').post({
            out_trade_no: no,
            out_refund_no: `${no}R1`,
            reason: 'not delivered',
            notify_url: door.urlOf(no),
            amount: { refund: fen, total: 5854, currency: 'CNY' },
            ...more,
        }),
    );
const refundQuery = (no) =>
    settled(wechat.chain('/v3/refund/domestic/refunds/{no}').get({ no: `${no}R1` }));

/** Does the plugin's RSA accept the signature of headers and body? */
function isGenuine(headers, body, known = keys) {
    const key = known[headers['wechatpay-serial']];
    if (key === undefined || headers['wechatpay-signature'] === undefined) {
        return false;
    }
    const message = Formatter.response(
        headers['wechatpay-timestamp'],
        headers['wechatpay-nonce'],
        body,
    );
    return Rsa.verify(message, headers['wechatpay-signature'], Rsa.from(key, Rsa.KEY_TYPE_PUBLIC));
}

const bodyOf = (notice) => Buffer.from(notice.body, 'latin1').toString('utf8');

/** The resource inside a notice. */
function open(notice) {
    const { resource } = JSON.parse(bodyOf(notice));
    const key = gateway.file('wechat-apiv3-key.txt');
    const { ciphertext, nonce, associated_data: aad } = resource;
    return JSON.parse(Aes.AesGcm.decrypt(ciphertext, key, nonce, aad));
}

describe('an order', () => {
    test('is unpaid, paid, notified, refunded: PROCESSING first', async () => {
        const no = orderNo();
        const made = await native(orderOf(no));
        assert.equal(made.status, 200);
        assert.match(made.data.code_url, /^http:\/\/127\.0\.0\.1:\d+\/SIMULATOR\/w[a-z0-9]{10}$/);
        assert.equal((await query(no)).data.trade_state, 'NOTPAY');
        assert.match(await gateway.control(`pay ${made.data.code_url}`), /^ok paid wechat/);
        const paid = (await query(no)).data;
        assert.equal(paid.trade_state, 'SUCCESS');
        assert.deepEqual(paid.amount, {
            total: 5854,
            payer_total: 5854,
            currency: 'CNY',
            payer_currency: 'CNY',
        });
        assert.equal(paid.attach, 'K07, `A`');
        const [notice] = await door.wait(no, 1);
        assert.ok(isGenuine(notice.headers, bodyOf(notice)));
        const plain = open(notice);
        assert.equal(JSON.parse(bodyOf(notice)).event_type, 'TRANSACTION.SUCCESS');
        assert.deepEqual([plain.out_trade_no, plain.amount.total], [no, 5854]);
        const begun = await refund(no, 5854);
        assert.deepEqual([begun.status, begun.data.status], [200, 'PROCESSING']);
        assert.equal((await gateway.truthOf(no)).refunded_fen, 0);
        await until(async () => (await refundQuery(no)).data.status === 'SUCCESS', 'refund');
        assert.equal((await refund(no, 5854)).data.status, 'SUCCESS');
        assert.equal((await query(no)).data.trade_state, 'REFUND');
        const back = (await door.wait(no, 2))[1];
        assert.ok(isGenuine(back.headers, bodyOf(back)));
        assert.equal(JSON.parse(bodyOf(back)).event_type, 'REFUND.SUCCESS');
        assert.equal(open(back).out_refund_no, `${no}R1`);
        const truth = await gateway.truthOf(no);
        assert.deepEqual([truth.paid_fen, truth.refunded_fen], [5854, 5854]);
        assert.equal(truth.refunds.length, 1);
    });

    test('repeats for the same body, refuses another, and both codes pay once', async () => {
        const no = orderNo();
        const order = orderOf(no);
        const first = await native(order);
        const second = await native(order);
        assert.notEqual(first.data.code_url, second.data.code_url);
        const other = await native({ ...order, amount: { total: 5855, currency: 'CNY' } });
        assert.match(other.data.code, /^(INVALID_REQUEST|OUT_TRADE_NO_USED)$/);
        assert.match(await gateway.control(`pay ${first.data.code_url}`), /^ok/);
        assert.match(await gateway.control(`pay ${second.data.code_url}`), /^error paid/);
        assert.match((await native(order)).data.code, /^ORDER_?PAID$/);
    });

    test('closes with 204, then nobody pays; a paid one does not close', async () => {
        const no = orderNo();
        await native(orderOf(no));
        const closed = await close(no);
        assert.equal(closed.status, 204);
        assert.ok(isGenuine(closed.headers, ''));
        assert.equal((await query(no)).data.trade_state, 'CLOSED');
        assert.match(await gateway.control(`pay ${no}`), /^error closed/);
        assert.match((await close(no)).data.code, /^ORDER_?CLOSED$/);
        assert.match(await gateway.control(`pay ${no} late`), /^ok/);
        assert.equal((await query(no)).data.trade_state, 'SUCCESS');
        const paid = orderNo();
        await native(orderOf(paid));
        await gateway.control(`fault close-race 1 ${paid}`);
        assert.match((await close(paid)).data.code, /^(ORDER_?PAID|TRADE_ERROR)$/);
        assert.equal((await query(paid)).data.trade_state, 'SUCCESS');
    });

    test('expires at time_expire, turns CLOSED only later', async () => {
        const no = orderNo();
        await native(orderOf(no, { time_expire: rfc3339(120e3) }));
        await gateway.control('clock +119');
        const fresh = await gateway.truthOf(no);
        assert.equal(fresh.state, 'WAITING');
        await gateway.control('clock +2');
        assert.match(await gateway.control(`pay ${no}`), /^error expired/);
        assert.equal((await query(no)).data.trade_state, 'NOTPAY');
        await gateway.control('clock +300');
        assert.equal((await query(no)).data.trade_state, 'CLOSED');
        await gateway.control('clock reset');
    });

    test('is unknown until it is made', async () => {
        for (const answer of [await query('NONE000001'), await close('NONE000001')]) {
            assert.deepEqual([answer.status, answer.data.code], [404, 'ORDER_NOT_EXIST']);
        }
        assert.equal((await refund('NONE000001', 1)).data.code, 'RESOURCE_NOT_EXISTS');
        assert.equal((await refundQuery('NONE000001')).data.code, 'RESOURCE_NOT_EXISTS');
    });

    test('refuses bad fields', async () => {
        const bad = {
            'short number': { out_trade_no: 'ab1' },
            'fraction of a fen': { amount: { total: 1.5, currency: 'CNY' } },
            'amount as text': { amount: { total: '1', currency: 'CNY' } },
            'no money': { amount: { total: 0, currency: 'CNY' } },
            'other currency': { amount: { total: 1, currency: 'USD' } },
            'address with a query': { notify_url: 'http://127.0.0.1:9/x?y=1' },
            'address outside': { notify_url: 'http://example.com/x' },
            'no description': { description: '' },
            'past expiry': { time_expire: rfc3339(-1000) },
            'near expiry': { time_expire: rfc3339(30e3) },
            'expiry without zone': { time_expire: '2026-11-20T12:00:00' },
            'foreign merchant': { mchid: '1900000001' },
        };
        for (const [name, more] of Object.entries(bad)) {
            const answer = await native(orderOf(orderNo(), more));
            assert.deepEqual([answer.status, answer.data.code], [400, 'PARAM_ERROR'], name);
        }
        const strange = await native(orderOf(orderNo(), { appid: 'wx0000000000000000' }));
        assert.equal(strange.data.code, 'APPID_MCHID_NOT_MATCH');
    });

    test('shows a coupon beside the total', async () => {
        const no = orderNo();
        await native(orderOf(no));
        await gateway.control(`pay ${no} coupon=54`);
        const { amount } = (await query(no)).data;
        assert.deepEqual([amount.total, amount.payer_total], [5854, 5800]);
    });
});

describe('a refund', () => {
    async function paidOrder() {
        const no = orderNo();
        await native(orderOf(no));
        await gateway.control(`pay ${no}`);
        return no;
    }

    test('ends ABNORMAL or CLOSED when the world wants it', async () => {
        for (const [fault, state, refunded] of [
            ['refund-abnormal', 'ABNORMAL', 0],
            ['refund-closed', 'CLOSED', 0],
        ]) {
            const no = await paidOrder();
            await gateway.control(`fault ${fault} 1 ${no}`);
            assert.equal((await refund(no, 5854)).data.status, 'PROCESSING');
            await until(async () => (await refundQuery(no)).data.status === state, state);
            assert.equal((await gateway.truthOf(no)).refunded_fen, refunded);
            const notice = (await door.wait(no, 2))[1];
            assert.equal(JSON.parse(bodyOf(notice)).event_type, `REFUND.${state}`);
            assert.equal(open(notice).refund_status, state);
        }
    });

    test('same number, other amount: refused; above the sum: refused', async () => {
        const no = await paidOrder();
        assert.equal((await refund(no, 5855)).data.code, 'INVALID_REQUEST');
        await refund(no, 1000);
        assert.equal((await refund(no, 1001)).data.code, 'INVALID_REQUEST');
        const more = {
            out_refund_no: `${no}R2`,
            amount: { refund: 4855, total: 5854, currency: 'CNY' },
        };
        assert.equal((await refund(no, 4855, more)).data.code, 'INVALID_REQUEST');
        const wrong = {
            amount: { refund: 1, total: 5853, currency: 'CNY' },
            out_refund_no: `${no}R3`,
        };
        assert.equal((await refund(no, 1, wrong)).data.code, 'INVALID_REQUEST');
    });

    test('needs a paid order and money in the account', async () => {
        const unpaid = orderNo();
        await native(orderOf(unpaid));
        assert.equal((await refund(unpaid, 5854)).data.code, 'INVALID_REQUEST');
        const no = await paidOrder();
        await gateway.control(`fault refund-low-balance 1 ${no}`);
        const poor = await refund(no, 5854);
        assert.deepEqual([poor.status, poor.data.code], [403, 'NOT_ENOUGH']);
        assert.equal((await refund(no, 5854)).data.status, 'PROCESSING');
    });

    test('under a rate limit may or may not have been made', async () => {
        for (const [fault, claimed] of [
            ['429', 0],
            ['429-effect', 1],
            ['500', 0],
            ['500-effect', 1],
        ]) {
            const no = await paidOrder();
            await gateway.control(`fault ${fault} 1 wechat.refund ${no}`);
            const answer = await refund(no, 5854);
            assert.ok([429, 500].includes(answer.status));
            assert.equal((await gateway.truthOf(no)).refunds.length, claimed, fault);
            await refund(no, 5854);
            assert.equal((await gateway.truthOf(no)).refunds.length, 1);
        }
    });
});

describe('requests', () => {
    /** A raw request signed with the plugin's primitives; `change` spoils it before it leaves. */
    async function raw({ method = 'GET', target, body = '', change = (x) => x, key }) {
        const nonce = Formatter.nonce();
        const at = String(Formatter.timestamp());
        const made = change({ method, target, body, nonce, at, mchid: gateway.about.wechat_mchid });
        const pem = key ?? gateway.file('wechat-merchant.key.pem');
        const message = Formatter.request(method, target, made.signAt ?? made.at, made.nonce, body);
        const sign = Rsa.sign(message, Rsa.from(pem, Rsa.KEY_TYPE_PRIVATE));
        const serial = made.serial ?? gateway.about.wechat_merchant_serial;
        const signature = made.signature?.(sign) ?? sign;
        const header = Formatter.authorization(made.mchid, made.nonce, signature, made.at, serial);
        const answer = await fetch(gateway.url + made.target, {
            method,
            headers: {
                accept: 'application/json',
                'content-type': 'application/json',
                'user-agent': 'test',
                authorization: made.header?.(header) ?? header,
                ...made.headers,
            },
            body: method === 'GET' ? undefined : made.body,
        });
        const text = await answer.text();
        const sentMessage = Formatter.request(method, made.target, made.at, made.nonce, made.body);
        const publicKey = crypto.createPublicKey(gateway.file('wechat-merchant.key.pem'));
        return {
            status: answer.status,
            code: text === '' ? '' : JSON.parse(text).code,
            detail: text === '' ? undefined : JSON.parse(text).detail,
            genuine: isGenuine(Object.fromEntries(answer.headers), text),
            peer: Rsa.verify(sentMessage, signature, publicKey),
        };
    }

    const target = () =>
        `${ORDER.replace('{no}', 'NONE000001')}?mchid=${gateway.about.wechat_mchid}`;

    test('are accepted or refused as the peer judges the same bytes', async () => {
        const strange = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
        const pem = strange.export({ type: 'pkcs8', format: 'pem' });
        const changed = {
            untouched: {},
            'path changed': { change: (r) => ({ ...r, target: r.target.replace('1?', '2?') }) },
            'query added': { change: (r) => ({ ...r, target: `${r.target}&x=1` }) },
            'time changed': {
                change: (r) => ({ ...r, signAt: r.at, at: String(Number(r.at) - 1) }),
            },
            'signature altered': {
                change: (r) => ({
                    ...r,
                    signature: (s) => s.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
                }),
            },
            'wrong key': { key: pem },
        };
        for (const [name, how] of Object.entries(changed)) {
            const answer = await raw({ target: target(), ...how });
            assert.equal(answer.code === 'ORDER_NOT_EXIST', answer.peer, name);
            assert.equal(answer.peer, name === 'untouched', name);
            assert.ok(answer.genuine, `${name}: answer is signed`);
        }
        const body = JSON.stringify(orderOf(orderNo()));
        const tampered = await raw({
            method: 'POST',
            target: '/v3/pay/transactions/native',
            body,
            change: (r) => ({ ...r, body: body.replace('5854', '5') }),
        });
        assert.deepEqual([tampered.code, tampered.peer], ['SIGN_ERROR', false]);
        assert.equal(tampered.detail.sign_information.method, 'POST');
    });

    test('need a clock within 300 s', async () => {
        for (const [shift, code] of [
            [-285, 'ORDER_NOT_EXIST'],
            [298, 'ORDER_NOT_EXIST'],
            [-302, 'SIGN_ERROR'],
            [315, 'SIGN_ERROR'],
        ]) {
            const change = (r) => ({ ...r, at: String(Number(r.at) + shift) });
            assert.equal((await raw({ target: target(), change })).code, code, String(shift));
        }
        await gateway.control('skew +301');
        assert.equal((await query('NONE000001')).data.code, 'SIGN_ERROR');
        await gateway.control('skew reset');
    });

    test('need the right names', async () => {
        const wrong = {
            serial: (r) => ({ ...r, serial: '5157F09EFDC096DE15EBE81A47057A7232F10018' }),
            'platform serial': (r) => ({ ...r, serial: gateway.about.wechat_platform_serials[0] }),
            merchant: (r) => ({ ...r, mchid: '1900000001' }),
            scheme: (r) => ({ ...r, header: (h) => h.replace('SHA256', 'SHA1') }),
            'item twice': (r) => ({ ...r, header: (h) => `${h},mchid="1"` }),
            'item missing': (r) => ({ ...r, header: (h) => h.replace(/nonce_str="[^"]*",/, '') }),
        };
        for (const [name, change] of Object.entries(wrong)) {
            const answer = await raw({ target: target(), change });
            assert.deepEqual([answer.status, answer.code], [401, 'SIGN_ERROR'], name);
        }
        const change = (r) => ({ ...r, headers: { 'wechatpay-serial': 'PUB_KEY_ID_0' } });
        assert.equal((await raw({ target: target(), change })).code, 'PARAM_ERROR');
    });

    test('may come twice byte for byte, but not the same nonce with other content', async () => {
        const fixed = { nonce: 'N'.repeat(32), at: String(Formatter.timestamp()) };
        const change = (r) => ({ ...r, ...fixed });
        const first = await raw({ target: target(), change });
        const again = await raw({ target: target(), change });
        assert.deepEqual([first.code, again.code], ['ORDER_NOT_EXIST', 'ORDER_NOT_EXIST']);
        const other = await raw({ target: `${target()}&x=1`, change });
        assert.equal(other.code, 'SIGN_ERROR');
    });
});

describe('answers', () => {
    test('that are spoiled: the plugin refuses them', async () => {
        const kinds = ['unsigned', 'badsign', 'stranger', 'unknown-serial', 'stale', 'future'];
        for (const fault of [...kinds, '502', 'html200', 'cut', 'truncate']) {
            const no = orderNo();
            await native(orderOf(no));
            await gateway.control(`fault ${fault} 1 wechat.query ${no}`);
            const answer = wechat.chain(ORDER).get({
                params: { mchid: gateway.about.wechat_mchid },
                no,
                maxRedirects: 0,
            });
            await assert.rejects(answer, undefined, fault);
            assert.equal((await query(no)).data.trade_state, 'NOTPAY');
        }
    });

    test('with the signature header twice arrive as two', async () => {
        const no = orderNo();
        await native(orderOf(no));
        await gateway.control(`fault twice-header 1 wechat.query ${no}`);
        const answer = await settled(query(no)).catch((error) => error);
        assert.match(String(answer.headers?.['wechatpay-signature'] ?? answer), /,|Error/);
    });

    test('about another order or amount still verify', async () => {
        const no = orderNo();
        await native(orderOf(no));
        await gateway.control(`fault wrong-order 1 wechat.query ${no}`);
        assert.equal((await query(no)).data.out_trade_no, `${no}X`);
        await gateway.control(`fault wrong-amount 1 wechat.query ${no}`);
        assert.equal((await query(no)).data.amount.total, 5855);
    });

    test('errors are signed too', async () => {
        for (const answer of [
            await query('NONE000001'),
            await native(orderOf(orderNo(), { description: '' })),
        ]) {
            assert.ok(answer.headers['wechatpay-signature']);
        }
    });
});

describe('keys', () => {
    const withSerial = (serial) => ({ headers: { 'Wechatpay-Serial': serial } });

    test('answers are signed with the public key when the request asks for it', async () => {
        const id = gateway.about.wechat_public_key_id;
        const onlyPublic = gateway.wechat({ [id]: gateway.file('wechat-public-key.pub.pem') });
        const no = orderNo();
        await native(orderOf(no));
        const answer = await query(no, onlyPublic, withSerial(id));
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['wechatpay-serial'], id);
    });

    test('notices follow the kind of key that the order asked for', async () => {
        const no = orderNo();
        await native(orderOf(no), withSerial(gateway.about.wechat_public_key_id));
        await gateway.control(`pay ${no}`);
        const [notice] = await door.wait(no, 1);
        assert.equal(notice.headers['wechatpay-serial'], gateway.about.wechat_public_key_id);
        assert.ok(isGenuine(notice.headers, bodyOf(notice)));
    });

    /** serial -> PEM out of GET /v3/certificates. */
    async function downloaded() {
        const answer = await wechat.chain('/v3/certificates').get();
        const list = {};
        for (const item of answer.data.data) {
            const { nonce, associated_data: aad, ciphertext } = item.encrypt_certificate;
            const key = gateway.file('wechat-apiv3-key.txt');
            const pem = Aes.AesGcm.decrypt(ciphertext, key, nonce, aad);
            const certificate = new crypto.X509Certificate(pem);
            assert.equal(certificate.serialNumber, item.serial_no);
            assert.ok(Date.parse(item.effective_time) < Date.now());
            assert.ok(Date.parse(item.expire_time) > Date.now());
            list[item.serial_no] = pem;
        }
        return list;
    }

    test('the certificate list holds old and new; mixed signing verifies with both', async () => {
        const certs = await downloaded();
        assert.deepEqual(
            Object.keys(certs).sort(),
            [...gateway.about.wechat_platform_serials].sort(),
        );
        await gateway.control('set wechat_cert mix');
        const peer = gateway.wechat(certs);
        const seen = new Set();
        for (let i = 0; i < 30; i += 1) {
            const no = orderNo();
            const answer = await settled(
                peer.chain('/v3/pay/transactions/native').post(orderOf(no)),
            );
            seen.add(answer.headers['wechatpay-serial']);
        }
        assert.equal(seen.size, 2);
        await gateway.control('set wechat_cert old');
    });

    test('a certificate in force but not listed yet is unknown to everybody', async () => {
        await gateway.control('set wechat_list old');
        const before = await downloaded();
        assert.equal(Object.keys(before).length, 1);
        await gateway.control('set wechat_cert new');
        await assert.rejects(wechat.chain('/v3/certificates').get());
        await gateway.control('set wechat_list both');
        await gateway.control('set wechat_cert old');
    });

    test('notices may come from any of the three keys at once', async () => {
        const certs = { ...keys, ...(await downloaded()) };
        await gateway.control('set wechat_notice_key mix');
        const seen = new Set();
        for (let i = 0; seen.size < 3 && i < 200; i += 1) {
            const no = orderNo();
            await native(orderOf(no));
            await gateway.control(`pay ${no}`);
            const [notice] = await door.wait(no, 1);
            assert.ok(isGenuine(notice.headers, bodyOf(notice), certs));
            seen.add(notice.headers['wechatpay-serial']);
        }
        assert.equal(seen.size, 3);
        await gateway.control('set wechat_notice_key auto');
    });
});

describe('notices', () => {
    async function paid(fault) {
        const no = orderNo();
        await native(orderOf(no));
        if (fault !== undefined) {
            assert.match(await gateway.control(`notify ${fault} 1 ${no}`), /^ok/);
        }
        await gateway.control(`pay ${no}`);
        return no;
    }

    test('are resent with new timestamp, nonce and signature until 200 or 204', async () => {
        let count = 0;
        door.answer = () => {
            count += 1;
            return { status: [500, 401, 302, 200][count - 1], body: '{"code":"FAIL"}' };
        };
        const no = await paid();
        const got = await door.wait(no, 4);
        const of = (name) => new Set(got.map((notice) => notice.headers[name])).size;
        assert.equal(of('wechatpay-nonce'), 4);
        assert.equal(of('wechatpay-signature'), 4);
        assert.equal(new Set(got.map((notice) => JSON.parse(bodyOf(notice)).id)).size, 1);
        assert.ok(got.every((notice) => isGenuine(notice.headers, bodyOf(notice))));
        const state = async () => (await gateway.ask(`notices ${no}`))[0].state;
        await until(async () => (await state()) === 'acknowledged', 'acknowledgement');
    });

    test('end with the last attempt of the schedule', async () => {
        door.answer = () => ({ status: 500, body: '' });
        await gateway.control('notify drop-first 1');
        const no = await paid();
        // The book clock runs through the day; attempts follow it.
        const state = async () => (await gateway.ask(`notices ${no}`))[0];
        await until(async () => {
            await gateway.control('clock +60');
            return (await state()).state === 'given-up';
        }, 'the end of the schedule');
        const notice = await state();
        assert.equal(notice.tries, 16);
        assert.equal(door.of(no).length, 15);
        await gateway.control('clock reset');
    });

    for (const kind of [
        'badsign',
        'stranger',
        'unknown-serial',
        'tampered',
        'no-sign',
        'signtest',
    ]) {
        test(`${kind}: the peer refuses the first, accepts the second`, async () => {
            door.answer = (notice) => {
                const good = isGenuine(notice.headers, bodyOf(notice));
                return { status: good ? 200 : 401, body: '' };
            };
            const no = await paid(kind);
            const got = await door.wait(no, 2);
            assert.equal(isGenuine(got[0].headers, bodyOf(got[0])), false);
            assert.equal(isGenuine(got[1].headers, bodyOf(got[1])), true);
            const [notice] = await gateway.ask(`notices ${no}`);
            assert.equal(notice.log[0].answer.verdict, 'refused, right');
        });
    }

    for (const [kind, shift] of [
        ['stale', -301],
        ['future', 301],
    ]) {
        test(`${kind}: genuine, but 301 s away`, async () => {
            const no = await paid(kind);
            const [first, second] = await door.wait(no, 2);
            assert.ok(isGenuine(first.headers, bodyOf(first)));
            const off = Number(first.headers['wechatpay-timestamp']) - first.at / 1000;
            assert.ok(Math.abs(off - shift) < 3, String(off));
            assert.ok(
                Math.abs(Number(second.headers['wechatpay-timestamp']) - second.at / 1000) < 3,
            );
        });
    }

    for (const kind of ['wrong-order', 'wrong-amount', 'wrong-merchant']) {
        test(`${kind}: genuine, about something else`, async () => {
            const no = await paid(kind);
            const [foreign, own] = await door.wait(no, 2);
            assert.ok(isGenuine(foreign.headers, bodyOf(foreign)));
            const [a, b] = [open(foreign), open(own)];
            const differs = [
                a.out_trade_no !== b.out_trade_no,
                a.amount.total !== b.amount.total,
                a.mchid !== b.mchid,
            ];
            assert.equal(differs.filter(Boolean).length, 1);
            assert.equal(b.out_trade_no, no);
        });
    }

    test('of a refund before the refund call is answered', async () => {
        const no = await paid();
        await door.wait(no, 1);
        await gateway.control(`notify early 1 wechat.refund ${no}`);
        assert.equal((await refund(no, 5854)).data.status, 'PROCESSING');
        assert.equal(door.of(no).length, 2);
        assert.equal((await refundQuery(no)).data.status, 'SUCCESS');
    });

    test('before the order call is answered', async () => {
        await gateway.control('notify early 1');
        const no = orderNo();
        await native(orderOf(no));
        assert.equal(door.of(no).length, 1);
    });
});
