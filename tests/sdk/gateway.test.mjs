// SPDX-License-Identifier: Apache-2.0
//
// The gateway as a process: nothing that was answered is lost by kill -9, the control socket, the
// phone's door, weather, and clear errors for wrong use.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Gateway, GATEWAY, NotifyDoor, orderNo, scratch, until } from './harness.mjs';

function precreate(sdk, no, notifyUrl) {
    const bizContent = { out_trade_no: no, total_amount: '10.00', subject: 'x' };
    const request = notifyUrl === undefined ? { bizContent } : { bizContent, notifyUrl };
    return sdk.exec('alipay.trade.precreate', request, { validateSign: true });
}

test('kill -9 loses nothing that was answered, notices go on, the port stays', async () => {
    const dir = scratch('kill');
    const door = await NotifyDoor.open();
    door.answer = () => ({ status: 500, body: '' });
    const expected = {};
    let url = null;
    for (let round = 0; round < 4; round += 1) {
        const gateway = await Gateway.start({ dir, args: ['--time-factor', '1000'] });
        assert.equal(url ?? gateway.url, gateway.url);
        url = gateway.url;
        const sdk = gateway.alipay();
        for (const [no, fen] of Object.entries(expected)) {
            assert.equal((await gateway.truthOf(no)).paid_fen, fen);
        }
        const one = async () => {
            const no = orderNo();
            await precreate(sdk, no, door.urlOf(no));
            if ((await gateway.control(`pay ${no}`)).startsWith('ok')) {
                expected[no] = 1000;
            }
        };
        await Promise.all(Array.from({ length: 8 }, one));
        const cutShort = Promise.allSettled(Array.from({ length: 8 }, one));
        await sleep(5 * round);
        await gateway.kill('SIGKILL');
        await cutShort;
    }
    const journal = path.join(dir, 'journal.jsonl');
    fs.appendFileSync(journal, '{"ev":"paid","key":"alipay/');
    door.answer = () => ({ status: 200, body: 'success' });
    const gateway = await Gateway.start({ dir, args: ['--time-factor', '1000'] });
    assert.ok(Object.keys(expected).length >= 32);
    const truth = await gateway.ask('truth');
    assert.ok(truth.paid_fen >= 1000 * Object.keys(expected).length);
    await until(async () => {
        const notices = await gateway.ask('notices');
        return notices.every((notice) => notice.state === 'acknowledged');
    }, 'all notices acknowledged after the restarts');
    const numbers = truth.trades.map((trade) => trade.trade_no).filter((no) => no !== null);
    assert.equal(new Set(numbers).size, numbers.length);
    await gateway.kill();
    door.close();
});

test('a damaged journal is refused, not repaired', () => {
    const dir = scratch('damaged');
    fs.writeFileSync(path.join(dir, 'journal.jsonl'), 'nonsense\n{"ev":"clock"}\n');
    const run = spawnSync(process.execPath, [GATEWAY, '--dir', dir], { encoding: 'utf8' });
    assert.equal(run.status, 1);
    assert.match(run.stderr, /journal\.jsonl:1: not a JSON line/);
});

test('wrong use is a clear error', () => {
    const dir = scratch('usage');
    const config = path.join(dir, 'config.json');
    fs.writeFileSync(config, '{"latencyms": 3}');
    const cases = [
        [[], /--dir is needed/],
        [['--dir', dir, '--port', 'x'], /--port: x is not a number/],
        [['--dir', dir, '--frob'], /frob/],
        [['--dir', dir, '--config', config], /config\.json: latencyms: unknown/],
        [['--dir', dir, '--config', path.join(dir, 'none')], /ENOENT/],
    ];
    for (const [args, text] of cases) {
        const run = spawnSync(process.execPath, [GATEWAY, ...args], { encoding: 'utf8' });
        assert.equal(run.status, 2, args.join(' '));
        assert.match(run.stderr, text);
    }
});

test('ids and latency come from the configuration', async () => {
    const dir = scratch('config');
    const config = path.join(dir, 'config.json');
    fs.writeFileSync(config, '{"ids": {"wechat_mchid": "1900000042"}, "latency_ms": 40}');
    const gateway = await Gateway.start({ dir, args: ['--config', config] });
    assert.equal(gateway.about.wechat_mchid, '1900000042');
    assert.equal(fs.statSync(path.join(gateway.kit, 'alipay-app.key.pem')).mode & 0o777, 0o600);
    assert.equal(fs.statSync(gateway.kit).mode & 0o777, 0o700);
    await gateway.kill();
});

describe('a running gateway', () => {
    let gateway;
    let socket;
    before(async () => {
        const dir = scratch('run');
        socket = path.join(dir, 'control.sock');
        gateway = await Gateway.start({ dir, args: ['--control', socket] });
    });
    after(() => gateway.kill());

    /** Sends text over the UNIX socket in the given pieces; resolves with `count` lines. */
    function overSocket(pieces, count) {
        return new Promise((resolve, reject) => {
            const client = net.connect(socket, () =>
                pieces.forEach((piece) => client.write(piece)),
            );
            let text = '';
            client.on('error', reject);
            client.on('data', (part) => {
                text += part;
                if (text.split('\n').length > count) {
                    client.destroy();
                    resolve(text.trim().split('\n'));
                }
            });
        });
    }

    test('answers every line over the socket, in order', async () => {
        const lines = await overSocket(['lat', 'ency 3\nnonsense\ntru', 'th\n'], 3);
        assert.equal(lines[0], 'ok median 3 ms');
        assert.match(lines[1], /^error unknown command nonsense/);
        assert.deepEqual(JSON.parse(lines[2]).trades, []);
        assert.equal(fs.statSync(socket).mode & 0o777, 0o600);
    });

    test('obeys several lines in one POST', async () => {
        const answer = await gateway.control('latency 2\n\nskew reset\n');
        assert.match(answer, /^ok median 2 ms\nok \S+Z$/);
    });

    test('refuses nonsense commands by name', async () => {
        const cases = {
            'pay nobody': /^error no such code or order: nobody/,
            pay: /^error no such code/,
            'fault frobnicate': /^error unknown wire fault frobnicate/,
            'fault slow=abc': /^error slow: abc is not a number/,
            'notify late soon': /^error late: a number is needed/,
            'mix wire 2': /^error mix wire/,
            'mix wire 0.5 frob': /^error unknown wire fault frob/,
            'clock later': /^error seconds: a number/,
            'set wechat_cert purple': /^error set wechat_cert: one of old, new, mix/,
            'finish-day 2026-02-30': /^error finish-day/,
            constructor: /^error unknown command/,
        };
        for (const [line, text] of Object.entries(cases)) {
            assert.match(await gateway.control(line), text, line);
        }
        const help = await gateway.ask('help');
        assert.ok(Object.keys(help.faults).length > 25 && Object.keys(help.notify).length > 10);
    });

    test('logs every request with its verdict and fault', async () => {
        const sdk = gateway.alipay();
        const no = orderNo();
        await precreate(sdk, no);
        await gateway.control(`fault reset-after 2 ${no}`);
        await precreate(sdk, no).catch(() => null);
        const log = await gateway.ask('requests');
        const mine = log.filter((entry) => entry.subject === `alipay.trade.precreate ${no}`);
        assert.equal(mine[0].verdict, 'accepted');
        assert.equal(mine[1].fault, 'reset-after');
        assert.equal(mine[1].status, 200);
    });

    test('is slow by default and never instant', async () => {
        await gateway.control('reset-faults');
        const sdk = gateway.alipay();
        const calls = Array.from({ length: 24 }, () => {
            const bizContent = { out_trade_no: 'NONE0000001' };
            return sdk.exec('alipay.trade.query', { bizContent }, { validateSign: true });
        });
        await Promise.all(calls);
        const log = (await gateway.ask('requests')).slice(-24);
        const times = log.map((entry) => entry.ms).sort((a, b) => a - b);
        assert.ok(times[0] > 20, `fastest ${times[0]} ms`);
        assert.ok(times[12] > 80 && times[12] < 400, `median ${times[12]} ms`);
        await gateway.control('latency 2');
    });

    test('survives a storm of faults with its books in order', async () => {
        await gateway.control('mix wire 0.5');
        await gateway.control('mix notice 0.5');
        const kinds = 'close-race,create-race,refund-low-balance,refund-frozen';
        await gateway.control(`mix business 0.2 ${kinds}`);
        const door = await NotifyDoor.open();
        const sdk = gateway.alipay({ timeout: 400 });
        const numbers = Array.from({ length: 30 }, () => orderNo());
        const walk = async (no) => {
            await precreate(sdk, no, door.urlOf(no)).catch(() => null);
            await gateway.control(`pay ${no}`);
            for (let i = 0; i < 2; i += 1) {
                const bizContent = {
                    out_trade_no: no,
                    refund_amount: '10.00',
                    out_request_no: `${no}R1`,
                };
                await sdk.exec('alipay.trade.refund', { bizContent }).catch(() => null);
            }
        };
        await Promise.all(numbers.map(walk));
        await gateway.control('reset-faults');
        const truth = await gateway.ask('truth');
        for (const trade of truth.trades.filter((one) => numbers.includes(one.out_trade_no))) {
            assert.ok(trade.paid_fen === 0 || trade.paid_fen === 1000);
            assert.ok(trade.refunded_fen <= trade.paid_fen);
            assert.ok(trade.refunds.length <= 1);
        }
        const sum = truth.trades.reduce((total, trade) => total + trade.paid_fen, 0);
        assert.equal(sum, truth.paid_fen);
        assert.equal(truth.balance_fen, 10_000_000 + truth.paid_fen - truth.refunded_fen);
        door.close();
    });

    test('shows its codes to the phone', async () => {
        await gateway.control('latency 2');
        const no = orderNo();
        const made = await precreate(gateway.alipay(), no);
        const { cards } = await (await fetch(`${gateway.url}/sim/phone`)).json();
        assert.equal(cards[0].out_trade_no, no);
        assert.equal(cards[0].qr, made.qrCode);
        assert.ok(cards[0].left_ms > 0);
        for (const place of ['/', '/sim/phone.js', new URL(made.qrCode).pathname]) {
            assert.equal((await fetch(gateway.url + place)).status, 200, place);
        }
        assert.equal((await fetch(`${gateway.url}/../keys/stranger.key.pem`)).status, 404);
        const door = `${gateway.url}/sim/control`;
        const from = (origin) =>
            fetch(door, { method: 'POST', body: 'truth', headers: { origin } });
        assert.equal((await from('http://example.com')).status, 403);
        assert.equal((await from(gateway.url)).status, 200);
        const page = await (await fetch(`${gateway.url}/`)).text();
        assert.doesNotMatch(page, /(src|href)="(https?:)?\/\//);
    });
});
