// SPDX-License-Identifier: Apache-2.0
//
// The bills of both wallets: only for finished days, in the true formats, behind addresses that
// die, and agreeing with the truth ledger fen for fen unless a fault was ordered. WeChat's is read
// by the plugin's own parser; Alipay's by a ZIP reader of this test and Node's GBK decoder.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';

import plugin from 'wechatpay-axios-plugin';

import { Gateway, orderNo, scratch, until } from './harness.mjs';

const { Formatter } = plugin;

let gateway;
let alipay;
let wechat;

before(async () => {
    gateway = await Gateway.start({ dir: scratch('bill') });
    await gateway.control('refund-delay 10');
    alipay = gateway.alipay();
    wechat = gateway.wechat();
});
after(() => gateway.kill());

/** The Beijing day by the gateway's book clock. */
async function today() {
    const { now } = await gateway.ask('truth');
    return new Date(Date.parse(now) + 8 * 3600e3).toISOString().slice(0, 10);
}

const alipayCall = (method, bizContent) =>
    alipay.exec(method, { bizContent }, { validateSign: true });

async function alipayOrder(fen, refundFen, late = '') {
    const no = orderNo('ALI');
    const total = (fen / 100).toFixed(2);
    await alipayCall('alipay.trade.precreate', {
        out_trade_no: no,
        total_amount: total,
        subject: '电费 3号楼，502',
        terminal_id: 'K07',
    });
    await gateway.control(`pay ${no} ${late}`);
    if (refundFen > 0) {
        await alipayCall('alipay.trade.refund', {
            out_trade_no: no,
            refund_amount: (refundFen / 100).toFixed(2),
            out_request_no: `${no}R1`,
        });
    }
    return no;
}

async function wechatOrder(fen, refundFen) {
    const no = orderNo('WX');
    await wechat.chain('/v3/pay/transactions/native').post({
        appid: gateway.about.wechat_appid,
        mchid: gateway.about.wechat_mchid,
        description: 'heat, light',
        out_trade_no: no,
        notify_url: 'http://127.0.0.1:9/none',
        amount: { total: fen, currency: 'CNY' },
    });
    await gateway.control(`pay ${no}`);
    if (refundFen > 0) {
        await wechat.chain('/v3/refund/domestic/refunds').post({
            out_trade_no: no,
            out_refund_no: `${no}R1`,
            amount: { refund: refundFen, total: fen, currency: 'CNY' },
        });
        const moved = async () => (await gateway.truthOf(no)).refunded_fen === refundFen;
        await until(moved, 'refund');
    }
    return no;
}

const alipayUrl = (day) =>
    alipayCall('alipay.data.dataservice.bill.downloadurl.query', {
        bill_type: 'trade',
        bill_date: day,
    });

async function wechatUrl(day) {
    const params = { bill_date: day, bill_type: 'ALL', tar_type: 'GZIP' };
    try {
        return (await wechat.chain('/v3/bill/tradebill').get({ params })).data;
    } catch (error) {
        return error.response.data;
    }
}

/** GET of the WeChat file, signed over path and query. */
async function wechatFile(url) {
    const { pathname, searchParams } = new URL(url);
    const params = Object.fromEntries(searchParams);
    const answer = await wechat.chain(pathname).get({ params, responseType: 'arraybuffer' });
    return zlib.gunzipSync(Buffer.from(answer.data));
}

async function alipayFile(url) {
    const answer = await fetch(url);
    return Buffer.from(await answer.arrayBuffer());
}

/** Entries of a ZIP: [{name: Buffer, flags, data}]. */
function unzip(file) {
    const end = file.lastIndexOf('PK\x05\x06', undefined, 'latin1');
    let at = file.readUInt32LE(end + 16);
    const entries = [];
    for (let i = 0; i < file.readUInt16LE(end + 10); i += 1) {
        const packed = file.readUInt32LE(at + 20);
        const nameLength = file.readUInt16LE(at + 28);
        const local = file.readUInt32LE(at + 42);
        const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
        const data = zlib.inflateRawSync(file.subarray(start, start + packed));
        assert.equal(data.length, file.readUInt32LE(at + 24));
        const name = file.subarray(at + 46, at + 46 + nameLength);
        entries.push({ name, flags: file.readUInt16LE(at + 8), data });
        at += 46 + nameLength;
    }
    return entries;
}

const gbk = (bytes) => new TextDecoder('gbk', { fatal: true }).decode(bytes);

/** Rows of Alipay's detail file: {no, kind, fen, refundNo}; and the two counts below. */
function readAlipay(file) {
    const entries = unzip(file);
    assert.equal(entries.length, 2);
    const detail = entries.find((entry) => !gbk(entry.name).includes('汇总'));
    assert.match(gbk(detail.name), /^\d{16}0156_\d{8}_业务明细\.csv$/);
    assert.equal(detail.flags & 0x800, 0);
    const text = gbk(detail.data);
    assert.ok(text.endsWith('\r\n'));
    const lines = text.split('\r\n').filter((line) => line !== '' && !line.startsWith('#'));
    const [head, ...rows] = lines.map((line) => line.split(',').map((cell) => cell.trimEnd()));
    assert.equal(head.length, 25);
    const counts = ['交易合计', '退款合计'].map((what) =>
        Number(new RegExp(`#${what}：(\\d+)笔`).exec(text)[1]),
    );
    const cell = (row, name) => row[head.indexOf(name)];
    return {
        counts,
        rows: rows.map((row) => {
            assert.equal(row.length, 25);
            return {
                no: cell(row, '商户订单号'),
                kind: cell(row, '业务类型'),
                fen: Math.round(Number(cell(row, '订单金额（元）')) * 100),
                refundNo: cell(row, '退款批次号/请求号'),
            };
        }),
    };
}

test('bills exist only for finished days and agree with the truth', async () => {
    const day = await today();
    assert.equal((await alipayUrl(day)).subCode, 'BILL_NOT_EXIST');
    assert.equal((await wechatUrl(day)).code, 'STATEMENT_CREATING');
    await alipayOrder(5854, 0);
    await alipayOrder(10000, 10000);
    await wechatOrder(2000, 0);
    await wechatOrder(3000, 1000);
    await alipayOrder(1234, 0, 'coupon=34');
    assert.equal(await gateway.control('finish-day'), `ok ${day}`);
    const later = await alipayOrder(777, 0);

    const file = readAlipay(await alipayFile((await alipayUrl(day)).billDownloadUrl));
    assert.deepEqual(file.counts, [3, 1]);
    assert.equal(
        file.rows.reduce((sum, row) => sum + row.fen, 0),
        5854 + 1234,
    );
    assert.ok(!file.rows.some((row) => row.no === later));

    const offer = await wechatUrl(day);
    const bytes = await wechatFile(offer.download_url);
    assert.equal(offer.hash_type, 'SHA1');
    assert.equal(crypto.createHash('sha1').update(bytes).digest('hex'), offer.hash_value);
    const { rows, summary } = Formatter.castCsvBill(bytes);
    assert.deepEqual(
        rows.map((row) => row['交易状态']),
        ['SUCCESS', 'SUCCESS', 'REFUND'],
    );
    assert.deepEqual(
        rows.map((row) => Object.keys(row).length),
        [27, 27, 27],
    );
    assert.deepEqual(
        rows.map((row) => row['订单金额']),
        ['20.00', '30.00', '0.00'],
    );
    assert.equal(summary['总交易单数'], '3');
    assert.equal(summary['退款总金额'], '10.00');
    assert.equal((await gateway.truthOf(later)).book_day > day, true);
});

test('download addresses die: 30 s and 5 min', async () => {
    const day = (await gateway.ask('truth')).trades[0].book_day;
    const { billDownloadUrl } = await alipayUrl(day);
    const { download_url: url } = await wechatUrl(day);
    await gateway.control('clock +20');
    assert.equal((await alipayFile(billDownloadUrl)).subarray(0, 2).toString(), 'PK');
    await gateway.control('clock +12');
    const late = await alipayFile(billDownloadUrl);
    assert.match(gbk(late), /^<html>.*下载超时/);
    assert.ok((await wechatFile(url)).length > 0);
    await gateway.control('clock +300');
    await assert.rejects(wechatFile(url));
    const unsigned = await fetch(url, { headers: { accept: '*/*' } });
    assert.equal(unsigned.status, 401);
    await gateway.control('clock reset');
});

test('faults of bills are as ordered', async () => {
    const day = (await gateway.ask('truth')).trades[0].book_day;
    const alipayWith = async (fault) => {
        await gateway.control(`fault ${fault} 1 alipay.bill`);
        return readAlipay(await alipayFile((await alipayUrl(day)).billDownloadUrl));
    };
    assert.deepEqual((await alipayWith('bill-wrong-count')).counts, [4, 1]);
    assert.equal((await alipayWith('bill-missing-row')).rows.length, 3);
    const doubled = (await alipayWith('bill-double-row')).rows;
    assert.deepEqual(doubled[0], doubled[1]);
    const foreign = (await alipayWith('bill-foreign-row')).rows;
    assert.equal(foreign.filter((row) => row.no.startsWith('FOREIGN')).length, 1);
    await gateway.control('fault bill-wrong-hash 1 wechat.bill');
    const offer = await wechatUrl(day);
    const bytes = await wechatFile(offer.download_url);
    assert.notEqual(crypto.createHash('sha1').update(bytes).digest('hex'), offer.hash_value);
    await gateway.control('fault bill-foreign-row 1 wechat.bill');
    const rows = Formatter.castCsvBill(await wechatFile((await wechatUrl(day)).download_url)).rows;
    assert.equal(rows.length, 4);
});

test('a day without trades has no bill; tomorrow comes by the clock', async () => {
    assert.equal((await wechatUrl('2020-01-01')).code, 'NO_STATEMENT_EXIST');
    assert.equal((await alipayUrl('2020-01-01')).subCode, 'BILL_NOT_EXIST');
    assert.equal((await alipayUrl('2020-02-30')).subCode, 'INVAILID_ARGUMENTS');
    const day = (await gateway.ask('truth')).trades.at(-1).book_day;
    assert.equal((await alipayUrl(day)).subCode, 'BILL_NOT_EXIST');
    await gateway.control('clock +259200');
    assert.equal((await alipayUrl(day)).code, '10000');
    await gateway.control('clock reset');
});
