// SPDX-License-Identifier: Apache-2.0
//
// The Alipay half of the simulator against the official Node SDK: the SDK's requests must come in,
// damaged ones must not, and everything the gateway signs must satisfy the SDK. Where the SDK's own
// verdict exists, the gateway's must agree with it.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';

import { AlipaySdk } from 'alipay-sdk';

import { Gateway, NotifyDoor, orderNo, scratch, until } from './harness.mjs';

let gateway;
let door;
let sdk;

before(async () => {
    gateway = await Gateway.start({ dir: scratch('alipay'), args: ['--time-factor', '2000'] });
    door = await NotifyDoor.open();
    sdk = gateway.alipay();
});
after(async () => {
    await gateway.kill();
    door.close();
});
beforeEach(async () => {
    await gateway.control('reset-faults');
    await gateway.control('latency 2');
    door.clear();
});

/** A call whose answer the SDK verified. */
const call = (method, bizContent, more = {}) =>
    sdk.exec(method, { bizContent, ...more }, { validateSign: true });

async function precreate(no, content = {}) {
    const order = { out_trade_no: no, total_amount: '58.54', subject: '电费 3号楼502' };
    const limits = { qr_code_timeout_express: '10m', timeout_express: '10m', terminal_id: 'K07' };
    const notifyUrl = door.urlOf(no);
    return call('alipay.trade.precreate', { ...order, ...limits, ...content }, { notifyUrl });
}

const query = (no) => call('alipay.trade.query', { out_trade_no: no });
const close = (no) => call('alipay.trade.close', { out_trade_no: no });
const refund = (no, amount, number) =>
    call('alipay.trade.refund', {
        out_trade_no: no,
        refund_amount: amount,
        out_request_no: number ?? `${no}R1`,
    });
const refundQuery = (no, number) =>
    call('alipay.trade.fastpay.refund.query', {
        out_trade_no: no,
        out_request_no: number ?? `${no}R1`,
    });

/** Sends a raw request and reads the raw answer. */
async function raw(search, body) {
    const answer = await fetch(`${gateway.url}/gateway.do?${search}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded;charset=utf-8' },
        body,
    });
    return answer.text();
}

const fieldsOf = (text) => Object.values(JSON.parse(text)).find((v) => typeof v === 'object');
const formOf = (notice) => Object.fromEntries(new URLSearchParams(notice.body));

describe('a trade', () => {
    test('is born by the scan, not by the QR', async () => {
        const no = orderNo();
        const made = await precreate(no);
        assert.equal(made.code, '10000');
        assert.match(made.qrCode, /^http:\/\/127\.0\.0\.1:\d+\/SIMULATOR\/a[a-z0-9]{10}$/);
        assert.ok(Buffer.byteLength(made.qrCode) <= 46);
        for (const answer of [await query(no), await close(no), await refund(no, '58.54')]) {
            assert.equal(answer.code, '40004');
            assert.equal(answer.subCode, 'ACQ.TRADE_NOT_EXIST');
        }
        assert.match(await gateway.control(`scan ${made.qrCode}`), /^ok scanned/);
        assert.equal((await query(no)).tradeStatus, 'WAIT_BUYER_PAY');
    });

    test('is paid, notified, refunded once, and says so', async () => {
        const no = orderNo();
        const made = await precreate(no);
        assert.match(await gateway.control(`pay ${made.qrCode}`), /^ok paid alipay/);
        const paid = await query(no);
        assert.equal(paid.tradeStatus, 'TRADE_SUCCESS');
        assert.equal(paid.totalAmount, '58.54');
        assert.equal(paid.terminalId, 'K07');
        const [notice] = await door.wait(no, 1);
        assert.equal(sdk.checkNotifySignV2(formOf(notice)), true);
        assert.equal(formOf(notice).trade_status, 'TRADE_SUCCESS');
        assert.equal(formOf(notice).total_amount, '58.54');
        assert.equal((await refund(no, '58.54')).fundChange, 'Y');
        const again = await refund(no, '58.54');
        assert.deepEqual([again.code, again.fundChange, again.refundFee], ['10000', 'N', '58.54']);
        assert.equal((await refundQuery(no)).refundStatus, 'REFUND_SUCCESS');
        assert.equal((await query(no)).tradeStatus, 'TRADE_CLOSED');
        const second = (await door.wait(no, 2))[1];
        assert.equal(sdk.checkNotifySignV2(formOf(second)), true);
        assert.equal(formOf(second).trade_status, 'TRADE_CLOSED');
        assert.equal(formOf(second).refund_fee, '58.54');
        const truth = await gateway.truthOf(no);
        assert.deepEqual([truth.paid_fen, truth.refunded_fen], [5854, 5854]);
    });

    test('repeats for the same content and refuses another', async () => {
        const no = orderNo();
        const first = await precreate(no);
        const second = await precreate(no);
        assert.equal(second.code, '10000');
        const other = await precreate(no, { total_amount: '58.55' });
        assert.equal(other.subCode, 'ACQ.CONTEXT_INCONSISTENT');
        assert.match(await gateway.control(`pay ${first.qrCode}`), /^ok/);
        assert.match(await gateway.control(`pay ${second.qrCode}`), /^error paid/);
        assert.equal((await precreate(no)).subCode, 'ACQ.TRADE_HAS_SUCCESS');
        assert.equal((await gateway.truthOf(no)).paid_fen, 5854);
    });

    test('can be closed only while it waits', async () => {
        const no = orderNo();
        await precreate(no);
        await gateway.control(`scan ${no}`);
        assert.equal((await close(no)).code, '10000');
        assert.equal((await query(no)).tradeStatus, 'TRADE_CLOSED');
        assert.equal((await precreate(no)).subCode, 'ACQ.TRADE_HAS_CLOSE');
        assert.match(await gateway.control(`pay ${no}`), /^error closed/);
        const paidNo = orderNo();
        await precreate(paidNo);
        await gateway.control(`pay ${paidNo}`);
        const allowed =
            /^ACQ\.(TRADE_STATUS_ERROR|REASON_ILLEGAL_STATUS|REASON_TRADE_STATUS_INVALID)$/;
        assert.match((await close(paidNo)).subCode, allowed);
    });

    test('loses the race between the last query and the close', async () => {
        const no = orderNo();
        await precreate(no);
        await gateway.control(`scan ${no}`);
        await gateway.control(`fault close-race 1 ${no}`);
        assert.equal((await query(no)).tradeStatus, 'WAIT_BUYER_PAY');
        assert.equal((await close(no)).code, '40004');
        assert.equal((await query(no)).tradeStatus, 'TRADE_SUCCESS');
    });

    test('obeys the expiry by the gateway clock, and late money still comes', async () => {
        const no = orderNo();
        await precreate(no);
        assert.match(await gateway.control('clock +590'), /^ok/);
        const edge = orderNo();
        await precreate(edge);
        await gateway.control(`scan ${no}`);
        await gateway.control('clock +12');
        assert.equal((await query(no)).tradeStatus, 'WAIT_BUYER_PAY');
        await gateway.control('clock +600');
        assert.equal((await query(no)).tradeStatus, 'TRADE_CLOSED');
        assert.match(await gateway.control(`pay ${edge}`), /^error expired/);
        assert.match(await gateway.control(`pay ${edge} late`), /^ok paid/);
        assert.equal((await gateway.truthOf(edge)).late, true);
        assert.equal((await query(edge)).tradeStatus, 'TRADE_SUCCESS');
        await gateway.control('clock reset');
    });

    test('is paid two seconds after the merchant gave up', async () => {
        const no = orderNo();
        await precreate(no);
        await gateway.control(`scan ${no}`);
        assert.match(await gateway.control(`pay-when-closed ${no}`), /^ok/);
        await close(no);
        const truth = await until(async () => {
            const seen = await gateway.truthOf(no);
            return seen.paid_fen > 0 ? seen : null;
        }, 'late payment');
        assert.equal(truth.late, true);
        assert.ok(Date.parse(truth.paid_at) - Date.parse(truth.closed_at) >= 1900);
    });

    test('pays less than the total with a coupon, and another amount when told', async () => {
        const coupon = orderNo();
        await precreate(coupon);
        await gateway.control(`pay ${coupon} coupon=54`);
        const seen = await query(coupon);
        assert.deepEqual([seen.totalAmount, seen.buyerPayAmount], ['58.54', '58.00']);
        const wrong = orderNo();
        await precreate(wrong);
        await gateway.control(`pay ${wrong} 5853`);
        assert.equal((await query(wrong)).totalAmount, '58.53');
    });

    test('refuses bad orders', async () => {
        const bad = [
            { total_amount: '0.00' },
            { total_amount: '1.234' },
            { total_amount: '１.00' },
            { subject: 'a&b' },
            { qr_code_timeout_express: '0m' },
            { time_expire: '2020-01-01 00:00:00' },
            { time_expire: '2026-02-30 00:00:00' },
        ];
        for (const content of bad) {
            const answer = await precreate(orderNo(), content);
            assert.equal(answer.subCode, 'ACQ.INVALID_PARAMETER', JSON.stringify(content));
        }
        const foreign = await sdk.exec(
            'alipay.trade.precreate',
            {
                notifyUrl: 'http://example.com/notify',
                bizContent: { out_trade_no: orderNo(), total_amount: '1.00', subject: 'x' },
            },
            { validateSign: true },
        );
        assert.equal(foreign.subCode, 'ACQ.INVALID_PARAMETER');
    });

    test('cancel: nothing for an unscanned QR, close while waiting, refund when paid', async () => {
        const no = orderNo();
        const cancel = () => call('alipay.trade.cancel', { out_trade_no: no });
        await precreate(no);
        const idle = await cancel();
        assert.deepEqual([idle.code, idle.retryFlag, idle.action], ['10000', 'N', undefined]);
        await gateway.control(`pay ${no}`);
        assert.equal((await cancel()).action, 'refund');
        assert.equal((await gateway.truthOf(no)).refunded_fen, 5854);
        assert.equal((await cancel()).action, undefined);
        assert.equal((await gateway.truthOf(no)).refunded_fen, 5854);
    });
});

describe('a refund', () => {
    async function paidOrder() {
        const no = orderNo();
        await precreate(no);
        await gateway.control(`pay ${no}`);
        return no;
    }

    test('adds up, never above what was paid', async () => {
        const no = await paidOrder();
        assert.equal((await refund(no, '8.54', `${no}A`)).refundFee, '8.54');
        assert.equal((await refund(no, '20.00', `${no}B`)).refundFee, '28.54');
        assert.equal(
            (await refund(no, '31.00', `${no}C`)).subCode,
            'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL',
        );
        assert.equal((await query(no)).tradeStatus, 'TRADE_SUCCESS');
        assert.equal((await refund(no, '30.00', `${no}D`)).refundFee, '58.54');
        const more = await refund(no, '0.01', `${no}E`);
        assert.equal(more.subCode, 'ACQ.REASON_TRADE_REFUND_FEE_ERR');
        assert.equal((await gateway.truthOf(no)).refunded_fen, 5854);
    });

    test('refuses another amount under the same number', async () => {
        const no = await paidOrder();
        await refund(no, '10.00');
        assert.equal((await refund(no, '10.01')).subCode, 'ACQ.DISCORDANT_REPEAT_REQUEST');
    });

    test('without a number must be the whole sum', async () => {
        const no = await paidOrder();
        const bare = (amount) =>
            call('alipay.trade.refund', { out_trade_no: no, refund_amount: amount });
        assert.equal((await bare('1.00')).subCode, 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL');
        assert.equal((await bare('58.54')).fundChange, 'Y');
    });

    test('accepted is not refunded: fund_change N, then the query shows it', async () => {
        const no = await paidOrder();
        await gateway.control(`fault refund-slow=700 1 ${no}`);
        assert.deepEqual([(await refund(no, '58.54')).fundChange], ['N']);
        const open = await refundQuery(no);
        assert.deepEqual(
            [open.code, open.refundStatus, open.refundAmount],
            ['10000', undefined, undefined],
        );
        assert.equal((await gateway.truthOf(no)).refunded_fen, 0);
        await until(
            async () => (await refundQuery(no)).refundStatus === 'REFUND_SUCCESS',
            'refund',
        );
        assert.equal((await gateway.truthOf(no)).refunded_fen, 5854);
    });

    test('is refused without money, when frozen, and when the trade is finished', async () => {
        const no = await paidOrder();
        await gateway.control(`fault refund-low-balance 1 ${no}`);
        assert.equal((await refund(no, '58.54')).subCode, 'ACQ.SELLER_BALANCE_NOT_ENOUGH');
        const { balance_fen: balance } = await gateway.ask('truth');
        await gateway.control('balance 10');
        assert.equal((await refund(no, '58.54')).subCode, 'ACQ.SELLER_BALANCE_NOT_ENOUGH');
        await gateway.control(`balance ${balance}`);
        await gateway.control(`fault refund-frozen 1 ${no}`);
        assert.equal((await refund(no, '58.54')).subCode, 'ACQ.REASON_TRADE_BEEN_FREEZEN');
        await gateway.control(`finish ${no}`);
        assert.equal((await query(no)).tradeStatus, 'TRADE_FINISHED');
        assert.equal((await refund(no, '58.54')).subCode, 'ACQ.TRADE_HAS_FINISHED');
        assert.equal((await gateway.truthOf(no)).refunded_fen, 0);
    });

    test('made on the merchant site is seen by query and notice', async () => {
        const no = await paidOrder();
        await door.wait(no, 1);
        await gateway.control(`refund-outside ${no}`);
        assert.equal((await query(no)).tradeStatus, 'TRADE_CLOSED');
        const notice = (await door.wait(no, 2))[1];
        assert.equal(formOf(notice).refund_fee, '58.54');
        assert.equal((await gateway.truthOf(no)).refunds[0].outside, true);
    });
});

describe('requests', () => {
    /** Every parameter of a request that the SDK signed. */
    function signed(sdkInUse = sdk, content = { out_trade_no: 'NONE0000001' }) {
        const text = sdkInUse.sdkExecute('alipay.trade.query', { bizContent: content });
        return Object.fromEntries(new URLSearchParams(text));
    }

    function split(parameters) {
        const { biz_content: content, ...rest } = parameters;
        return [
            String(new URLSearchParams(rest)),
            String(new URLSearchParams({ biz_content: content })),
        ];
    }

    /** The SDK as the gateway's side would use it: it knows the app's public key. */
    function judge() {
        const appKey = crypto.createPublicKey(gateway.file('alipay-app.key.pem'));
        const alipayPublicKey = appKey.export({ type: 'spki', format: 'pem' });
        return gateway.alipay({ alipayPublicKey });
    }

    const other = () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const pkcs8 = (key) => key.export({ type: 'pkcs8', format: 'pem' });

    test('damaged after signing are refused, as the SDK refuses them', async () => {
        const change = {
            untouched: (p) => p,
            'content changed': (p) => ({ ...p, biz_content: p.biz_content.replace('1', '2') }),
            'parameter added': (p) => ({ ...p, terminal_info: 'x' }),
            'timestamp changed': (p) => ({ ...p, timestamp: p.timestamp.replace(/.$/, 'x') }),
            'signature cut': (p) => ({ ...p, sign: p.sign.slice(0, -4) }),
            'signature altered': (p) => ({
                ...p,
                sign: p.sign.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
            }),
            'signature with a blank': (p) => ({
                ...p,
                sign: `${p.sign.slice(0, 60)} ${p.sign.slice(60)}`,
            }),
            'wrong key': () => signed(gateway.alipay({ privateKey: pkcs8(other()) })),
        };
        // The SDK decodes base64 leniently: it accepts the blank, the gateway must not.
        const stricter = ['signature with a blank'];
        for (const [name, make] of Object.entries(change)) {
            const parameters = make(signed());
            const accepted =
                fieldsOf(await raw(...split(parameters))).sub_code === 'ACQ.TRADE_NOT_EXIST';
            const verdict = judge().checkNotifySignV2(parameters);
            assert.equal(accepted, name === 'untouched', name);
            if (!stricter.includes(name)) {
                assert.equal(accepted, verdict, `${name}: SDK and gateway disagree`);
            }
        }
    });

    test('get the right code for each kind of fault', async () => {
        const now = new Date();
        const at = (ms) => new Date(now.getTime() + 8 * 3600e3 + ms).toISOString();
        const stamp = (ms) => at(ms).replace('T', ' ').slice(0, 19);
        const resign = (parameters) => {
            const { sign, ...rest } = parameters;
            const text = Object.keys(rest)
                .sort()
                .map((n) => `${n}=${rest[n]}`)
                .join('&');
            const key = gateway.file('alipay-app.key.pem');
            return {
                ...rest,
                sign: crypto.sign('sha256', Buffer.from(text), key).toString('base64'),
            };
        };
        const code = async (parameters) => {
            const fields = fieldsOf(await raw(...split(parameters)));
            return `${fields.code} ${fields.sub_code}`;
        };
        const { sign, ...unsigned } = signed();
        assert.equal(await code(unsigned), '40001 isv.missing-signature');
        const sha1 = resign({ ...signed(), sign_type: 'RSA' });
        assert.equal(await code(sha1), '40002 isv.invalid-signature-type');
        const stale = resign({ ...signed(), timestamp: stamp(-16 * 60e3) });
        assert.equal(await code(stale), '40002 isv.invalid-timestamp');
        const future = resign({ ...signed(), timestamp: stamp(16 * 60e3) });
        assert.equal(await code(future), '40002 isv.invalid-timestamp');
        const fresh = resign({ ...signed(), timestamp: stamp(-14 * 60e3) });
        assert.equal(await code(fresh), '40004 ACQ.TRADE_NOT_EXIST');
        const noJson = resign({ ...signed(), biz_content: '{' });
        assert.equal(await code(noJson), '40002 isv.invalid-parameter');
        const strange = resign({ ...signed(), app_id: '2021000000000000' });
        assert.equal(await code(strange), '40002 isv.invalid-app-id');
        const unknown = resign({ ...signed(), method: 'alipay.trade.steal' });
        assert.equal(await code(unknown), '40002 isv.invalid-method');
        await gateway.control('skew +1200');
        assert.equal(await code(signed()), '40002 isv.invalid-timestamp');
        await gateway.control('skew reset');
    });

    test('with charset only in the body are refused', async () => {
        const parameters = signed();
        const { charset, biz_content: content, ...rest } = parameters;
        const search = String(new URLSearchParams(rest));
        const body = String(new URLSearchParams({ biz_content: content, charset }));
        assert.equal(fieldsOf(await raw(search, body)).sub_code, 'isv.invalid-signature');
        assert.equal(judge().checkNotifySignV2(parameters), true);
    });

    test('with a parameter twice or a broken escape are refused without a signature', async () => {
        const [search, body] = split(signed());
        for (const damaged of [`${search}&app_id=evil`, `${search}&x=%zz`, `${search}&x=%ff`]) {
            const answer = JSON.parse(await raw(damaged, body));
            assert.equal(answer.error_response.code, '40002');
            assert.equal(answer.sign, undefined);
        }
    });

    test('of an unknown app are answered without a signature, of a known one with it', async () => {
        const strange = gateway.alipay({ appId: '2021000000000000' });
        const [search, body] = split(signed(strange));
        const unsigned = JSON.parse(await raw(search, body));
        assert.equal(unsigned.error_response.sub_code, 'isv.invalid-app-id');
        assert.equal('sign' in unsigned, false);
        const wrongKey = gateway.alipay({ privateKey: pkcs8(other()) });
        const refused = await wrongKey.exec(
            'alipay.trade.query',
            { bizContent: { out_trade_no: 'NONE0000001' } },
            { validateSign: true },
        );
        assert.equal(refused.subCode, 'isv.invalid-signature');
    });
});

describe('answers', () => {
    // The SDK's HTTP client repeats a POST once by itself when the connection is reset, like
    // libcurl.
    const seeing = async (fault, method = 'alipay.trade.query') => {
        const no = orderNo();
        await precreate(no);
        await gateway.control(`pay ${no}`);
        await gateway.control(`fault ${fault} 2 ${no}`);
        return { no, answer: call(method, { out_trade_no: no }) };
    };

    for (const fault of ['unsigned', 'badsign', 'stranger']) {
        test(`${fault}: the SDK refuses it`, async () => {
            const { no, answer } = await seeing(fault);
            await assert.rejects(answer, /验签失败|signature|sign/i);
            await gateway.control('reset-faults');
            assert.equal((await query(no)).tradeStatus, 'TRADE_SUCCESS');
        });
    }

    for (const fault of ['502', 'html200', 'reset-before', 'truncate', 'cut', 'redirect']) {
        test(`${fault}: no usable answer`, async () => {
            const { answer } = await seeing(fault);
            await assert.rejects(answer);
        });
    }

    test('with bytes after the end, or the signed member twice, show it', async () => {
        const no = orderNo();
        await precreate(no);
        const text = sdk.sdkExecute('alipay.trade.query', { bizContent: { out_trade_no: no } });
        const ask = async (fault) => {
            await gateway.control(`fault ${fault} 1 ${no}`);
            return raw(text, '');
        };
        const plain = await raw(text, '');
        const trailing = await ask('trailing');
        assert.throws(() => JSON.parse(trailing));
        assert.ok((await ask('huge')).length > 2 << 20);
        const twice = await ask('twice-member');
        assert.equal(twice.split('"alipay_trade_query_response":').length, 3);
        assert.match(twice, /TRADE_SUCCESS/);
        assert.doesNotMatch(plain, /TRADE_SUCCESS/);
    });

    test('a refund whose answer is lost was made exactly once', async () => {
        for (const fault of ['reset-after', '502-effect', '500-effect', '429-effect', 'truncate']) {
            const no = orderNo();
            await precreate(no);
            await gateway.control(`pay ${no}`);
            await gateway.control(`fault ${fault} 1 alipay.trade.refund ${no}`);
            const first = await refund(no, '58.54').catch((error) => error);
            assert.notEqual(first.fundChange, 'Y', fault);
            assert.equal((await gateway.truthOf(no)).refunded_fen, 5854, fault);
            assert.equal((await refund(no, '58.54')).fundChange, 'N');
            assert.equal((await gateway.truthOf(no)).refunded_fen, 5854);
        }
    });

    test('a refund that was refused before its effect was not made', async () => {
        for (const fault of ['reset-before', '502', '500', '429']) {
            const no = orderNo();
            await precreate(no);
            await gateway.control(`pay ${no}`);
            await gateway.control(`fault ${fault} 2 alipay.trade.refund ${no}`);
            await refund(no, '58.54').catch(() => null);
            assert.equal((await gateway.truthOf(no)).refunded_fen, 0, fault);
        }
    });

    test('system trouble is signed and unknown', async () => {
        const no = orderNo();
        await precreate(no);
        const seen = new Set();
        for (let i = 0; seen.size < 2 && i < 200; i += 1) {
            await gateway.control(`fault 500 1 ${no}`);
            const answer = await query(no);
            seen.add(`${answer.code} ${answer.subCode}`);
        }
        const known = ['20000 isp.unknow-error', '40004 ACQ.SYSTEM_ERROR'];
        assert.deepEqual([...seen].sort(), known);
    });

    test('a signed answer about another order or amount still verifies', async () => {
        const { no, answer } = await seeing('wrong-order');
        assert.equal((await answer).outTradeNo, `${no}X`);
        const dear = await seeing('wrong-amount');
        assert.equal((await dear.answer).totalAmount, '58.55');
    });

    test('slashes are escaped and the signature covers the bytes', async () => {
        await gateway.control('fault slow=300 1 alipay.trade.precreate');
        const no = orderNo();
        const text = sdk.sdkExecute('alipay.trade.precreate', {
            bizContent: { out_trade_no: no, total_amount: '1.00', subject: 'x' },
        });
        const { biz_content: content, ...rest } = Object.fromEntries(new URLSearchParams(text));
        const started = Date.now();
        const body = String(new URLSearchParams({ biz_content: content }));
        const answer = await raw(String(new URLSearchParams(rest)), body);
        assert.ok(Date.now() - started >= 300);
        assert.match(answer, /"qr_code":"http:\\\/\\\/127/);
    });
});

describe('notices', () => {
    async function paid(fault) {
        const no = orderNo();
        await precreate(no);
        if (fault !== undefined) {
            assert.match(await gateway.control(`notify ${fault} 1 ${no}`), /^ok/);
        }
        await gateway.control(`pay ${no}`);
        return no;
    }

    test('are repeated on the schedule until exactly "success", same notify_id', async () => {
        const answers = ['SUCCESS', 'success\n', '', '<html>', 'success'];
        let count = 0;
        door.answer = () => {
            count += 1;
            return { status: 200, body: answers[count - 1] };
        };
        const no = await paid();
        const got = await door.wait(no, 5, 10_000);
        const ids = new Set(got.map((notice) => formOf(notice).notify_id));
        assert.equal(ids.size, 1);
        const log = await until(async () => {
            const [notice] = await gateway.ask(`notices ${no}`);
            return notice.state === 'acknowledged' ? notice : null;
        }, 'acknowledgement');
        assert.equal(log.tries, 5);
        const waits = got.slice(1).map((notice, i) => notice.at - got[i].at);
        // 4, 10, 10, 60 min divided by 2000.
        [120, 300, 300, 1800].forEach((ms, i) => {
            assert.ok(waits[i] >= ms - 5 && waits[i] < ms + 1500, `${i}: ${waits[i]}`);
        });
    });

    test('a redirect or an error status is no acknowledgement', async () => {
        let count = 0;
        door.answer = () => {
            count += 1;
            return { status: [302, 500, 200][count - 1], body: 'success' };
        };
        const no = await paid();
        await door.wait(no, 3);
    });

    test('dropped ones never come', async () => {
        const no = await paid('drop');
        const [notice] = await until(async () => gateway.ask(`notices ${no}`), 'notice');
        assert.equal(notice.state, 'dropped');
        assert.equal(door.of(no).length, 0);
    });

    test('doubled ones come at the same moment', async () => {
        const no = await paid('double');
        const got = await door.wait(no, 2);
        assert.ok(got[1].at - got[0].at < 200);
        assert.equal(formOf(got[0]).notify_id, formOf(got[1]).notify_id);
    });

    test('late ones are late', async () => {
        const started = Date.now();
        const no = await paid('late 800');
        const [notice] = await door.wait(no, 1);
        assert.ok(notice.at - started >= 800);
    });

    test('an early one is answered before the order call is', async () => {
        await gateway.control('notify early 1');
        const no = orderNo();
        await precreate(no);
        assert.equal(door.of(no).length, 1);
        assert.equal(formOf(door.of(no)[0]).out_trade_no, no);
    });

    test('an early one of a refund is answered before the refund call is', async () => {
        const no = await paid();
        await door.wait(no, 1);
        await gateway.control(`notify early 1 alipay.refund ${no}`);
        assert.equal((await refund(no, '58.54')).fundChange, 'Y');
        assert.equal(door.of(no).length, 2);
    });

    test('a held one comes after the refund', async () => {
        const no = await paid('reorder');
        await refund(no, '58.54');
        const got = await door.wait(no, 2);
        assert.equal(formOf(got[0]).trade_status, 'TRADE_CLOSED');
        assert.equal(formOf(got[1]).trade_status, 'TRADE_SUCCESS');
    });

    for (const kind of ['badsign', 'stranger', 'tampered', 'no-sign']) {
        test(`${kind}: the SDK refuses the first and accepts the second`, async () => {
            door.answer = (notice) => {
                const good = sdk.checkNotifySignV2(formOf(notice));
                return { status: 200, body: good ? 'success' : 'fail' };
            };
            const no = await paid(kind);
            const got = await door.wait(no, 2);
            assert.equal(sdk.checkNotifySignV2(formOf(got[0])), false);
            assert.equal(sdk.checkNotifySignV2(formOf(got[1])), true);
            const [notice] = await gateway.ask(`notices ${no}`);
            assert.equal(notice.log[0].answer.verdict, 'refused, right');
            assert.equal(notice.tries, 1);
        });
    }

    test('a forged notice that is acknowledged is named', async () => {
        const no = await paid('badsign');
        await door.wait(no, 2);
        const [notice] = await gateway.ask(`notices ${no}`);
        assert.equal(notice.log[0].answer.verdict, 'FORGERY ACCEPTED');
    });

    test('a SHA-1 signature is genuine, so only the sign_type gives it away', async () => {
        const no = await paid('sha1');
        const form = formOf((await door.wait(no, 1))[0]);
        assert.equal(form.sign_type, 'RSA');
        assert.equal(sdk.checkNotifySignV2(form), true);
    });

    for (const kind of ['wrong-order', 'wrong-amount', 'wrong-merchant']) {
        test(`${kind}: genuine, about something else`, async () => {
            const no = await paid(kind);
            const got = await door.wait(no, 2);
            const [foreign, own] = got.map(formOf);
            assert.equal(sdk.checkNotifySignV2(foreign), true);
            const differs = ['out_trade_no', 'total_amount', 'seller_id'].filter(
                (name) => foreign[name] !== own[name],
            );
            assert.equal(differs.length, 1);
            assert.equal(own.out_trade_no, no);
        });
    }

    test('in GBK: signed over GBK bytes', async () => {
        const no = await paid('gbk');
        const [notice] = await door.wait(no, 1);
        const pairs = notice.body.split('&').map((pair) => {
            const [name, value] = pair.split('=');
            const bytes = Buffer.from(
                value
                    .replaceAll('+', ' ')
                    .replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))),
                'latin1',
            );
            return [name, bytes];
        });
        const form = Object.fromEntries(pairs);
        assert.equal(new TextDecoder('gbk').decode(form.subject), '电费 3号楼502');
        const names = Object.keys(form)
            .filter((n) => n !== 'sign' && n !== 'sign_type')
            .sort();
        const parts = names.flatMap((n, i) => [Buffer.from(`${i ? '&' : ''}${n}=`), form[n]]);
        const key = gateway.file('alipay-platform.pub.pem');
        const sign = Buffer.from(String(form.sign), 'base64');
        assert.equal(crypto.verify('sha256', Buffer.concat(parts), key, sign), true);
    });
});

describe('certificate mode', () => {
    test('is served by the SDK with certificates, refused with a wrong SN', async () => {
        const certified = gateway.alipayWithCertificates();
        const content = { bizContent: { out_trade_no: 'NONE0000001' } };
        const answer = await certified.exec('alipay.trade.query', content, { validateSign: true });
        assert.equal(answer.subCode, 'ACQ.TRADE_NOT_EXIST');
        assert.equal(certified.config.appCertSn, gateway.about.alipay_app_cert_sn);
        assert.equal(certified.config.alipayRootCertSn, gateway.about.alipay_root_cert_sn);
        certified.config.appCertSn = 'f'.repeat(32);
        const refused = await certified.exec('alipay.trade.query', content, { validateSign: true });
        assert.equal(refused.subCode, 'isv.invalid-app-cert-sn');
    });

    test('changes the platform certificate, which can be fetched and verified', async () => {
        await gateway.control('set alipay_cert next');
        const certified = gateway.alipayWithCertificates();
        const content = { bizContent: { out_trade_no: 'NONE0000001' } };
        await assert.rejects(certified.exec('alipay.trade.query', content, { validateSign: true }));
        const search = certified.sdkExecute('alipay.trade.query', content);
        const answer = JSON.parse(await raw(search, ''));
        const sn = answer.alipay_cert_sn;
        const download = { bizContent: { alipay_cert_sn: sn } };
        const got = await certified.exec('alipay.open.app.alipaycert.download', download);
        const chain = Buffer.from(got.alipayCertContent, 'base64').toString();
        const [leaf, ca] = chain
            .match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g)
            .map((pem) => new crypto.X509Certificate(pem));
        const roots = gateway.file('alipay-root-bundle.crt.pem');
        const root = new crypto.X509Certificate(roots);
        assert.ok(leaf.verify(ca.publicKey) && ca.verify(root.publicKey));
        const renewed = gateway.alipayWithCertificates({ alipayPublicCertContent: chain });
        assert.equal(renewed.config.alipayCertSn, sn);
        const seen = await renewed.exec('alipay.trade.query', content, { validateSign: true });
        assert.equal(seen.subCode, 'ACQ.TRADE_NOT_EXIST');
        await gateway.control('set alipay_cert platform');
    });
});

test('unless the SDK is asked to verify, a forgery passes: so the product must ask', async () => {
    const no = orderNo();
    await precreate(no);
    await gateway.control(`pay ${no}`);
    await gateway.control(`fault badsign 1 ${no}`);
    const careless = new AlipaySdk({ ...sdk.config, gateway: gateway.about.alipay_gateway });
    const answer = await careless.exec('alipay.trade.query', { bizContent: { out_trade_no: no } });
    assert.equal(answer.tradeStatus, 'TRADE_SUCCESS');
});
