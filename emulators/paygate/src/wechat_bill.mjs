// SPDX-License-Identifier: Apache-2.0
//
// WeChat's trade bill: UTF-8 with BOM, CRLF, every cell led by a back-quote, 27 columns, then the
// summary. The address lives 5 min and wants a signed request; the file itself is not signed, its
// SHA-1 (of the unpacked bytes) stands in the signed answer that named the address.

import crypto from 'node:crypto';
import zlib from 'node:zlib';

import { billOf, Downloads } from './bill_rows.mjs';
import { beijingText, isDay } from './clock.mjs';
import { yuanText } from './money.mjs';
import { WechatError } from './wechat_wire.mjs';

const READY_HOUR = 10;
const URL_LIFE_MS = 5 * 60_000;
const PATH = '/v3/billdownload/file';

const COLUMNS =
    '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,' +
    '应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,' +
    '手续费,费率,订单金额,申请退款金额,费率备注';
const SUMMARY_COLUMNS =
    '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';

const line = (cells) => cells.map((cell) => `\`${cell}`).join(',');

function detailCells({ kind, at, trade, refund }, ids) {
    const pay = kind === 'pay';
    const refundFen = pay ? 0 : refund.fen;
    return [
        beijingText(at),
        ids.wechat_appid,
        ids.wechat_mchid,
        '0',
        trade.device_id,
        trade.trade_no,
        trade.out_trade_no,
        'oSIMULATOR0000000000000000017',
        'NATIVE',
        pay ? 'SUCCESS' : 'REFUND',
        'OTHERS',
        'CNY',
        yuanText(pay ? trade.paid_fen - trade.coupon_fen : 0),
        yuanText(pay ? trade.coupon_fen : 0),
        pay ? '0' : refund.refund_id,
        pay ? '0' : refund.refund_no,
        yuanText(refundFen),
        '0.00',
        pay ? '' : 'ORIGINAL',
        pay ? '' : refund.state,
        trade.subject,
        trade.attach,
        '0.00000',
        '0.00%',
        yuanText(pay ? trade.paid_fen : 0),
        yuanText(refundFen),
        '',
    ];
}

function summaryCells({ rows, countError, feeError }) {
    const sum = (kind, fen) =>
        rows.filter((row) => row.kind === kind).reduce((total, row) => total + fen(row), 0);
    const paid = sum('pay', (row) => row.trade.paid_fen);
    const own = sum('pay', (row) => row.trade.paid_fen - row.trade.coupon_fen);
    const back = yuanText(sum('refund', (row) => row.refund.fen));
    const count = String(rows.length + countError);
    const fees = feeError ? '0.01000' : '0.00000';
    return [count, yuanText(own), back, '0.00', fees, yuanText(paid), back];
}

/** The file as the weather leaves it. */
function spoil(data, { cut, damaged }) {
    if (damaged) {
        data[data.length >> 1] ^= 0x55;
    }
    return cut ? data.subarray(0, data.length >> 1) : data;
}

export class WechatBills {
    constructor(world) {
        this.world = world;
        this.downloads = new Downloads(world.clock, URL_LIFE_MS);
        this.path = PATH;
    }

    offerUrl({ query }) {
        const day = query.get('bill_date');
        const packed = query.get('tar_type') === 'GZIP';
        if (!isDay(day) || (query.get('bill_type') ?? 'ALL') !== 'ALL') {
            throw new WechatError(
                400,
                'PARAM_ERROR',
                'bill_date or bill_type (the simulator has ALL)',
            );
        }
        if (!this.world.book.isDayFinished(day, READY_HOUR)) {
            throw new WechatError(400, 'STATEMENT_CREATING', '账单生成中');
        }
        const bill = billOf(this.world, 'wechat', day);
        if (bill.rows.length === 0 || bill.late) {
            throw new WechatError(400, 'NO_STATEMENT_EXIST', '账单文件不存在');
        }
        const text = this.text(bill);
        const hash = crypto.createHash('sha1').update(text).digest('hex');
        const data = spoil(packed ? zlib.gzipSync(text) : text, bill);
        const token = bill.refused ? 'refused' : this.downloads.offer({ data });
        const suffix = packed ? '&tartype=gzip' : '';
        return {
            hash_type: 'SHA1',
            hash_value: bill.hashError ? hash.replace(/^./, (c) => (c === '0' ? '1' : '0')) : hash,
            download_url: `${this.world.baseUrl}${PATH}?token=${token}${suffix}`,
        };
    }

    text(bill) {
        const { ids } = this.world.keyring;
        const lines = [
            COLUMNS,
            ...bill.rows.map((row) => line(detailCells(row, ids))),
            SUMMARY_COLUMNS,
            line(summaryCells(bill)),
        ];
        return Buffer.from(`\ufeff${lines.map((text) => `${text}\r\n`).join('')}`);
    }

    /** GET of the file; the request was judged before, the answer is unsigned. */
    file(request) {
        const query = new URL(request.target, 'http://wechat').searchParams;
        const found = this.downloads.take(query.get('token'));
        if (found === null) {
            throw new WechatError(400, 'INVALID_REQUEST', 'download token is unknown or too old');
        }
        const headers = { 'Content-Type': 'application/octet-stream' };
        return { status: 200, headers, body: found.data };
    }
}
