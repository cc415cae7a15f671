// SPDX-License-Identifier: Apache-2.0
//
// The operator's door: one command a line, over a UNIX socket or POST /sim/control. Answers are one
// line: JSON, `ok ...` or `error ...`. Everything that a buyer, the weather or the calendar can do
// is a command.

import fs from 'node:fs';
import net from 'node:net';

import { beijingDay, isDay } from './clock.mjs';
import { FatalError } from './shared.mjs';
import { BUSINESS_FAULTS, NOTICE_FAULTS, WIRE_FAULTS } from './weather.mjs';
import { SETTINGS } from './world.mjs';

const LINE_BYTES_MAX = 65_536;
/** `always` as a count. */
const FOR_EVER = Number.MAX_SAFE_INTEGER;

const HELP = {
    'pay QR|ORDER [FEN] [coupon=FEN] [late]': 'the buyer pays; late: although expired or closed',
    'scan QR|ORDER': 'the buyer scans and does not pay yet',
    'pay-when-closed QR|ORDER': 'the buyer pays 2 s after the merchant gave up (or the expiry)',
    'cancel QR|ORDER':
        'the buyer puts the phone away (Alipay: the scanned trade stays until it expires)',
    'refund-outside ORDER [FEN]': 'refund on the merchant site, without an API call',
    'finish ORDER': 'the refund period is over (Alipay: TRADE_FINISHED)',
    'fault KIND[=MS] [COUNT|always] [MATCH]': 'wire or business fault for calls that contain MATCH',
    'notify KIND[=MS] [COUNT|always] [MATCH]':
        'fault of notices; also: late MS, early (of orders, or of refunds if MATCH says so)',
    'mix wire|business|notice PROBABILITY [KIND,..]': 'random faults from the seed; 0 ends it',
    'reset-faults': 'fair weather, latency 150 ms',
    'clock +S|-S|reset': 'moves the book clock (expiry, days, schedules)',
    'skew +S|-S|reset': 'moves the wire clock (age of signatures)',
    'latency MS': 'median latency',
    'refund-delay MS': 'how long WeChat refunds stay PROCESSING',
    'balance FEN': 'what the merchant account holds',
    'finish-day [YYYY-MM-DD]': 'closes the books of a day (default today): its bill can be fetched',
    'set NAME VALUE': 'keys in force and the like; `set` alone shows all',
    'notices [ORDER]': 'JSON: notices and how each attempt was answered',
    'requests [COUNT]': 'JSON: request log with verdicts',
    'trades [COUNT]': 'JSON: newest trades with their QR text',
    truth: 'JSON: what was really paid and given back',
    help: 'this',
};

function integer(text, name) {
    if (!/^[+-]?\d{1,12}$/.test(text ?? '')) {
        throw new Error(`${name}: a number is needed`);
    }
    return Number(text);
}

export class Control {
    constructor(world) {
        this.world = world;
        /** Filled in by paygate.mjs: the server's request log. */
        this.requestLog = [];
        this.commands = {
            pay: (args) => this.pay(args),
            scan: (args) => this.scan(args),
            'pay-when-closed': (args) => this.payWhenClosed(args),
            cancel: (args) => this.cancel(args),
            'refund-outside': (args) => this.refundOutside(args),
            finish: (args) => this.finish(args),
            fault: (args) => this.fault(args),
            notify: (args) => this.notify(args),
            mix: (args) => this.mix(args),
            'reset-faults': () => this.resetFaults(),
            clock: (args) => this.moveBook(args),
            skew: (args) => this.moveWire(args),
            latency: (args) => this.latency(args),
            'refund-delay': (args) => this.refundDelay(args),
            balance: (args) => this.balance(args),
            'finish-day': (args) => this.finishDay(args),
            set: (args) => this.set(args),
            notices: (args) => JSON.stringify(this.notices(args)),
            requests: (args) => JSON.stringify(this.requests(args)),
            trades: (args) => JSON.stringify(this.trades(args)),
            truth: () => JSON.stringify(this.world.book.truth()),
            help: () => JSON.stringify({ commands: HELP, ...this.faultHelp() }),
        };
    }

    /** One line in, one line out; throws only what must end the process. */
    async run(line) {
        const [name, ...args] = line.trim().split(/\s+/);
        const command = Object.hasOwn(this.commands, name) ? this.commands[name] : null;
        if (command === null) {
            return `error unknown command ${name}; try help`;
        }
        try {
            return await command(args);
        } catch (error) {
            if (error instanceof FatalError) {
                throw error;
            }
            return `error ${error.reason ?? ''} ${error.message}`.replace(/\s+/g, ' ');
        }
    }

    trade(text) {
        const trade = text === undefined ? null : this.world.book.findForPhone(text);
        if (trade === null || trade === undefined) {
            throw new Error(`no such code or order: ${text}`);
        }
        return trade;
    }

    pay([what, ...words]) {
        const trade = this.trade(what);
        const how = { fen: null, couponFen: 0, late: false };
        for (const word of words) {
            if (word === 'late') {
                how.late = true;
            } else if (word.startsWith('coupon=')) {
                how.couponFen = integer(word.slice(7), 'coupon');
            } else {
                how.fen = integer(word, 'amount in fen');
            }
        }
        this.world.pay(trade, how);
        return `ok paid ${trade.channel} ${trade.out_trade_no} ${trade.paid_fen} ${trade.trade_no}`;
    }

    scan([what]) {
        const trade = this.trade(what);
        this.world.book.scan(trade, '138******00');
        return `ok scanned ${trade.channel} ${trade.out_trade_no} ${trade.trade_no}`;
    }

    payWhenClosed([what]) {
        const trade = this.trade(what);
        this.world.armLate(trade);
        return `ok will pay ${trade.channel} ${trade.out_trade_no} late`;
    }

    cancel([what]) {
        const trade = this.trade(what);
        this.world.armed.delete(trade.key);
        return `ok not paid ${trade.channel} ${trade.out_trade_no}`;
    }

    refundOutside([what, fen]) {
        const trade = this.trade(what);
        this.world.refundOutside(trade, fen === undefined ? null : integer(fen, 'amount in fen'));
        return `ok refunded ${trade.channel} ${trade.out_trade_no}`;
    }

    finish([what]) {
        const trade = this.trade(what);
        this.world.book.finish(trade);
        return `ok finished ${trade.channel} ${trade.out_trade_no}`;
    }

    /** KIND[=MS] [COUNT|always] [MATCH]; a second word that is no count is the match. */
    order(group, [spec, ...rest]) {
        let left = 1;
        let match = rest.join(' ');
        if (rest.length > 0 && /^(\d+|always)$/.test(rest[0])) {
            left = rest[0] === 'always' ? FOR_EVER : integer(rest[0], 'count');
            match = rest.slice(1).join(' ');
        }
        this.world.weather.order(group, spec ?? '', left, match);
        return `ok ${group} fault ${spec} ${left === FOR_EVER ? 'always' : left} ${match}`.trim();
    }

    fault(args) {
        const kind = (args[0] ?? '').split('=')[0];
        return this.order(kind in BUSINESS_FAULTS ? 'business' : 'wire', args);
    }

    notify([kind, ...rest]) {
        if (kind === 'early') {
            const race = rest.some((word) => word.includes('refund'))
                ? 'refund-race'
                : 'create-race';
            return this.order('business', [race, ...rest]);
        }
        if (kind === 'late') {
            const [ms, ...more] = rest;
            return this.order('notice', [`late=${integer(ms, 'late')}`, ...more]);
        }
        return this.order('notice', [kind, ...rest]);
    }

    mix([group, probability, kinds]) {
        const p = Number(probability);
        if (!['wire', 'business', 'notice'].includes(group) || !(p >= 0 && p <= 1)) {
            throw new Error('mix wire|business|notice PROBABILITY [KIND,..]');
        }
        this.world.weather.mix(group, p, kinds === undefined ? [] : kinds.split(','));
        return `ok mix ${group} ${p}`;
    }

    resetFaults() {
        this.world.weather.reset();
        return 'ok fair weather';
    }

    shift(text, old) {
        return text === 'reset' ? 0 : old + integer(text, 'seconds') * 1000;
    }

    moveBook([text]) {
        this.world.moveClock(this.shift(text, this.world.clock.bookOffsetMs));
        return `ok ${new Date(this.world.clock.now()).toISOString()}`;
    }

    moveWire([text]) {
        const { clock } = this.world;
        clock.wireOffsetMs = this.shift(text, clock.wireOffsetMs);
        return `ok ${new Date(clock.wire()).toISOString()}`;
    }

    latency([text]) {
        this.world.weather.medianMs = Math.max(1, integer(text, 'milliseconds'));
        return `ok median ${this.world.weather.medianMs} ms`;
    }

    refundDelay([text]) {
        this.world.settings.refund_delay_ms = Math.max(0, integer(text, 'milliseconds'));
        return `ok ${this.world.settings.refund_delay_ms} ms`;
    }

    balance([text]) {
        this.world.book.commit([{ ev: 'balance', fen: integer(text, 'fen') }]);
        return `ok ${this.world.book.balanceFen}`;
    }

    finishDay([day = beijingDay(this.world.clock.now())]) {
        if (!isDay(day)) {
            throw new Error('finish-day YYYY-MM-DD');
        }
        this.world.book.commit([{ ev: 'day_finished', day }]);
        return `ok ${day}`;
    }

    set([name, value]) {
        if (name === undefined) {
            return JSON.stringify({ settings: this.world.settings, allowed: SETTINGS });
        }
        if (!Object.hasOwn(SETTINGS, name) || !SETTINGS[name].includes(value)) {
            throw new Error(`set ${name}: one of ${SETTINGS[name]?.join(', ') ?? 'no such name'}`);
        }
        this.world.settings[name] = value;
        return `ok ${name} ${value}`;
    }

    notices([what]) {
        const key = what === undefined ? null : this.trade(what).key;
        const all = [...this.world.book.notices.values()];
        return all.filter((notice) => key === null || notice.key === key);
    }

    requests([count]) {
        return this.requestLog.slice(-(count === undefined ? 1000 : integer(count, 'count')));
    }

    trades([count]) {
        const newest = [...this.world.book.trades.values()].reverse();
        const some = newest.slice(0, count === undefined ? 20 : integer(count, 'count'));
        return some.map((trade) => ({
            ...this.world.book.truthOf(trade),
            qr: this.world.qrText(trade),
        }));
    }

    faultHelp() {
        return { faults: { ...WIRE_FAULTS, ...BUSINESS_FAULTS }, notify: NOTICE_FAULTS };
    }

    /** Opens the UNIX socket; returns the server. */
    listen(file) {
        fs.rmSync(file, { force: true });
        const server = net.createServer((socket) => {
            let rest = '';
            let chain = Promise.resolve();
            socket.setEncoding('utf8');
            socket.on('error', () => socket.destroy());
            socket.on('data', (text) => {
                const lines = (rest + text).split('\n');
                rest = lines.pop();
                if (rest.length > LINE_BYTES_MAX) {
                    socket.destroy();
                }
                for (const line of lines.filter((l) => l.trim() !== '')) {
                    chain = chain.then(async () => socket.write(`${await this.run(line)}\n`));
                }
            });
        });
        server.listen(file, () => fs.chmodSync(file, 0o600));
        return server;
    }
}
