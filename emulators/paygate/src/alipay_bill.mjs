// SPDX-License-Identifier: Apache-2.0
//
// Alipay's business bill: a ZIP with GBK names and GBK CRLF texts, details and summary, behind an
// address that works for 30 s without any signature. A late GET gets 200 and a page, as in reality.

import { AlipayError } from './alipay_wire.mjs';
import { billOf, Downloads } from './bill_rows.mjs';
import { beijingText, isDay } from './clock.mjs';
import { encodeGbk } from './gbk.mjs';
import { yuanText } from './money.mjs';
import { makeZip } from './zip.mjs';

const READY_HOUR = 9;
const URL_LIFE_MS = 30_000;
const PATH = '/downloadBillFile.resource';
const REAL_BASE = 'http://dwbillcenter.alipay.com';

const COLUMNS = [
    '支付宝交易号',
    '商户订单号',
    '业务类型',
    '商品名称',
    '创建时间',
    '完成时间',
    '门店编号',
    '门店名称',
    '操作员',
    '终端号',
    '对方账户',
    '订单金额（元）',
    '商家实收（元）',
    '支付宝红包（元）',
    '集分宝（元）',
    '支付宝优惠（元）',
    '商家优惠（元）',
    '券核销金额（元）',
    '券名称',
    '商家红包消费金额（元）',
    '卡消费金额（元）',
    '退款批次号/请求号',
    '服务费（元）',
    '分润（元）',
    '备注',
];

/** A comment line with a title between dashes. */
const ruleLine = (title) => `#${'-'.repeat(41)}${title}${'-'.repeat(40)}`;

/** Cells end with a TAB in the real files wherever a spreadsheet would spoil the number. */
function detailLine({ kind, at, trade, refund }) {
    const sign = kind === 'pay' ? 1 : -1;
    const fen = kind === 'pay' ? trade.paid_fen : refund.fen;
    const own = kind === 'pay' ? fen - trade.coupon_fen : fen;
    return [
        `${trade.trade_no}\t`,
        `${trade.out_trade_no}\t`,
        kind === 'pay' ? '交易' : '退款',
        trade.subject.replaceAll(',', ' '),
        beijingText(trade.created_at),
        beijingText(at),
        `${trade.store_id}\t`,
        '',
        `${trade.operator_id}\t`,
        `${trade.terminal_id}\t`,
        `模*(${trade.buyer})\t`,
        yuanText(sign * fen),
        yuanText(sign * own),
        '0.00',
        '0.00',
        '0.00',
        yuanText(kind === 'pay' ? trade.coupon_fen : 0),
        '0.00',
        '',
        '0.00',
        '0.00',
        kind === 'pay' ? '' : `${refund.refund_no}\t`,
        '0.00',
        '0.00',
        kind === 'pay' ? '' : refund.reason.replaceAll(',', ' '),
    ].join(',');
}

function totals(rows, countError) {
    const of = (kind) => rows.filter((row) => row.kind === kind);
    const sum = (list, fen) => list.reduce((total, row) => total + fen(row), 0);
    const pays = of('pay');
    const refunds = of('refund');
    const payFen = sum(pays, (row) => row.trade.paid_fen);
    const refundFen = sum(refunds, (row) => row.refund.fen);
    return { pays: pays.length + countError, payFen, refunds: refunds.length, refundFen };
}

export class AlipayBills {
    constructor(world) {
        this.world = world;
        this.downloads = new Downloads(world.clock, URL_LIFE_MS);
        this.path = PATH;
    }

    offerUrl(content) {
        const { book, clock } = this.world;
        const day = content.bill_date;
        if (content.bill_type !== 'trade' || !isDay(day)) {
            const text = 'the simulator has daily bills of type trade';
            throw new AlipayError(40004, 'INVAILID_ARGUMENTS', text);
        }
        const bill = billOf(this.world, 'alipay', day);
        if (!book.isDayFinished(day, READY_HOUR) || bill.rows.length === 0 || bill.late) {
            throw new AlipayError(40004, 'BILL_NOT_EXIST', '账单不存在');
        }
        const token = this.downloads.offer({ data: this.zip(day, bill, clock.now()) });
        const user = this.world.keyring.ids.alipay_seller_id;
        const query = {
            bizType: 'trade',
            userId: user,
            fileType: 'csv.zip',
            bizDates: day.replaceAll('-', ''),
            downloadFileName: `${user}0156_${day.replaceAll('-', '')}.csv.zip`,
            fileId: `/trade/${user}/SIMULATOR`,
            token,
        };
        // The real offer names another host, by plain http, and that is not for the test's machine.
        const real = this.world.settings.alipay_bill_url === 'real';
        const base = real ? REAL_BASE : this.world.baseUrl;
        return { bill_download_url: `${base}${PATH}?${new URLSearchParams(query)}` };
    }

    zip(day, bill, now) {
        const stem = `${this.world.keyring.ids.alipay_seller_id}0156_${day.replaceAll('-', '')}_`;
        const entry = (name, lines) => ({
            name: encodeGbk(`${stem}${name}.csv`),
            data: encodeGbk(lines.map((line) => `${line}\r\n`).join('')),
        });
        return makeZip([
            entry('业务明细', this.detailLines(day, bill, now)),
            entry('业务明细(汇总)', this.summaryLines(day, bill, now)),
        ]);
    }

    head(title, day) {
        const [y, m, d] = day.split('-');
        const date = `${y}年${m}月${d}日`;
        return [
            `#支付宝${title}`,
            `#账号：[${this.world.keyring.ids.alipay_seller_id}0156]`,
            `#起始日期：[${date} 00:00:00]   终止日期：[${date} 24:00:00]`,
        ];
    }

    detailLines(day, bill, now) {
        const sum = totals(bill.rows, bill.countError);
        const money = (fen) => `商家实收共${yuanText(fen)}元，商家优惠共0.00元`;
        return [
            ...this.head('业务明细查询', day),
            ruleLine('业务明细列表'),
            COLUMNS.join(','),
            ...bill.rows.map(detailLine),
            ruleLine('业务明细列表结束'),
            `#交易合计：${sum.pays}笔，${money(sum.payFen)}`,
            `#退款合计：${sum.refunds}笔，${money(-sum.refundFen)}`,
            `#导出时间：[${beijingText(now)}]`,
        ];
    }

    summaryLines(day, bill, now) {
        const sum = totals(bill.rows, bill.countError);
        const columns =
            '门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）';
        const net = yuanText(sum.payFen - sum.refundFen);
        return [
            ...this.head('业务汇总查询', day),
            ruleLine('业务汇总列表'),
            columns,
            `合计,,${sum.pays},${sum.refunds},${net},${net}`,
            ruleLine('业务汇总列表结束'),
            `#导出时间：[${beijingText(now)}]`,
        ];
    }

    /** GET of the file: unsigned both ways. */
    file(request) {
        const query = new URL(request.target, 'http://alipay').searchParams;
        const found = this.downloads.take(query.get('token'));
        if (found === null) {
            const page = encodeGbk('<html><body>下载超时，请重新获取下载地址</body></html>');
            return {
                status: 200,
                headers: { 'Content-Type': 'text/html;charset=GBK' },
                body: page,
            };
        }
        const headers = { 'Content-Type': 'application/octet-stream' };
        return { status: 200, headers, body: found.data };
    }
}
