// SPDX-License-Identifier: Apache-2.0
//
// The parts of the gateway that can be wrong on their own: money, time, forms, GBK, ZIP, the second
// signature verifier, the certificate numbers, chance.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import {
    beijingText,
    isDay,
    nextDay,
    parseBeijing,
    parseRfc3339,
    rfc3339Text,
} from './src/clock.mjs';
import { canonicalText, encodeForm, parseForm, uniquePairs } from './src/form.mjs';
import { encodeGbk } from './src/gbk.mjs';
import { loadKeyring } from './src/keyring.mjs';
import { isFen, parseYuan, yuanText } from './src/money.mjs';
import { isAcknowledged } from './src/notifier.mjs';
import { Rng } from './src/rng.mjs';
import { signSha256, spoilBase64, strictBase64, verifySha256 } from './src/rsa.mjs';
import { Weather } from './src/weather.mjs';
import { parseAuthorization } from './src/wechat_wire.mjs';
import { makeZip } from './src/zip.mjs';

const KEYS = new URL('./keys/', import.meta.url);

test('money', () => {
    const good = { '0.00': 0, 0.1: 10, 4.35: 435, 58: 5800, '100000000.00': 10_000_000_000 };
    for (const [text, fen] of Object.entries(good)) {
        assert.equal(parseYuan(text), fen);
    }
    const bad = [
        '',
        '.1',
        '1.',
        '01',
        '-1',
        '+1',
        '1e2',
        ' 1',
        '1.234',
        '１',
        '100000000.01',
        '1,0',
    ];
    for (const text of [...bad, 5, null, undefined]) {
        assert.equal(parseYuan(text), null, String(text));
    }
    assert.deepEqual([5, 100, 435, -5854].map(yuanText), ['0.05', '1.00', '4.35', '-58.54']);
    assert.deepEqual([1, 0, -1, 1.5, '1', 1e10, 1e10 + 1].map(isFen), [
        true,
        false,
        false,
        false,
        false,
        true,
        false,
    ]);
});

test('time', () => {
    const ms = Date.UTC(2026, 10, 20, 16, 30, 1);
    assert.equal(beijingText(ms), '2026-11-21 00:30:01');
    assert.equal(rfc3339Text(ms), '2026-11-21T00:30:01+08:00');
    assert.equal(parseBeijing('2026-11-21 00:30:01'), ms);
    assert.equal(parseRfc3339('2026-11-21T00:30:01+08:00'), ms);
    assert.equal(parseRfc3339('2026-11-20T16:30:01Z'), ms);
    const bad = [
        '2026-02-30',
        '2026-13-01',
        '2026-1-1',
        '2026-11-21 24:00:00',
        '2026-11-21T00:00:00',
    ];
    for (const text of bad) {
        assert.ok(Number.isNaN(parseBeijing(text)), text);
    }
    assert.ok(Number.isNaN(parseRfc3339('2026-11-21 00:30:01')));
    assert.deepEqual([isDay('2028-02-29'), isDay('2026-02-29'), isDay(null)], [true, false, false]);
    assert.equal(nextDay('2026-12-31'), '2027-01-01');
});

test('forms are decoded once and strictly', () => {
    assert.deepEqual(parseForm('a=1+2&b=%2B%25&c='), [
        ['a', '1 2'],
        ['b', '+%'],
        ['c', ''],
    ]);
    for (const text of ['a=%', 'a=%4', 'a=%zz', 'a=%ff', 'a=%C3']) {
        assert.equal(parseForm(text), null, text);
    }
    assert.equal(uniquePairs(parseForm('a=1&a=1')), null);
    const hostile = uniquePairs(parseForm('__proto__=1&constructor=2'));
    assert.deepEqual(Object.keys(hostile), ['__proto__', 'constructor']);
    const members = { b: '2', a: '电 费&=', empty: '' };
    assert.deepEqual({ ...uniquePairs(parseForm(encodeForm(members))) }, members);
    assert.equal(canonicalText({ ...members, sign: 'x' }, ['sign']), 'a=电 费&=&b=2');
});

test('GBK', () => {
    const text = '支付宝交易号,（元）A1 囍';
    assert.equal(new TextDecoder('gbk', { fatal: true }).decode(encodeGbk(text)), text);
    assert.equal(encodeGbk('a😀').toString('latin1'), 'a?');
});

test('ZIP is readable by a foreign reader', (t) => {
    const zip = makeZip([
        { name: encodeGbk('业务.csv'), data: Buffer.from('one') },
        { name: Buffer.from('b'), data: Buffer.alloc(100_000, 'x') },
    ]);
    const script =
        'import sys, io, zipfile; z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()));' +
        'assert z.testzip() is None; print(len(z.namelist()), z.read("b") == b"x" * 100000)';
    const run = spawnSync('python3', ['-c', script], { input: zip, encoding: 'utf8' });
    if (run.error?.code === 'ENOENT') {
        t.skip('no python3 here');
        return;
    }
    assert.equal(run.stdout.trim(), '2 True', run.stderr);
});

test('both verifiers accept what is right and refuse what is not', () => {
    const { alipay, stranger } = loadKeyring({});
    const message = Buffer.from('amount=58.54');
    const sign = signSha256(alipay.app.privateKey, message);
    assert.equal(verifySha256(alipay.app.publicKey, message, sign), true);
    assert.equal(verifySha256(stranger.publicKey, message, sign), false);
    assert.equal(verifySha256(alipay.app.publicKey, Buffer.from('amount=58.55'), sign), false);
    const sha1 = crypto.sign('sha1', message, alipay.app.privateKey).toString('base64');
    for (const bad of ['', spoilBase64(sign), sign.slice(4), `${sign}=`, ` ${sign}`, sha1]) {
        assert.equal(verifySha256(alipay.app.publicKey, message, bad), false, bad.slice(0, 8));
    }
    const zero = Buffer.alloc(256).toString('base64');
    const huge = Buffer.alloc(256, 0xff).toString('base64');
    assert.equal(verifySha256(alipay.app.publicKey, message, zero), false);
    assert.equal(verifySha256(alipay.app.publicKey, message, huge), false);
    assert.equal(strictBase64('YQ'), null);
    assert.equal(String(strictBase64('YQ==')), 'a');
});

test('the key set is the one whose fingerprints are published', () => {
    const listed = fs.readFileSync(new URL('FINGERPRINTS', KEYS), 'utf8');
    const names = fs.readdirSync(KEYS).filter((name) => name.endsWith('.pub.pem'));
    assert.ok(names.length >= 12);
    for (const name of names) {
        const pem = fs.readFileSync(new URL(name, KEYS));
        const der = crypto.createPublicKey(pem).export({ type: 'spki', format: 'der' });
        const hash = crypto.createHash('sha256').update(der).digest('hex');
        assert.ok(listed.includes(`${hash}  ${name.replace('.pub.pem', '')}\n`), name);
        const key = fileURLToPath(new URL(name.replace('.pub.', '.key.'), KEYS));
        const own = crypto.createPublicKey(fs.readFileSync(key));
        assert.ok(own.export({ type: 'spki', format: 'der' }).equals(der), name);
    }
    const secret = fs.readFileSync(new URL('wechat-apiv3-key.txt', KEYS));
    assert.equal(secret.length, 32);
    const hash = crypto.createHash('sha256').update(secret).digest('hex');
    assert.ok(listed.includes(`${hash}  wechat-apiv3-key\n`));
});

test('every certificate says what it is and lives long', () => {
    for (const name of fs.readdirSync(KEYS).filter((n) => n.endsWith('.crt.pem'))) {
        const certificate = new crypto.X509Certificate(fs.readFileSync(new URL(name, KEYS)));
        assert.match(certificate.subject, /SIMULATOR TEST/, name);
        assert.ok(Date.parse(certificate.validTo) > Date.UTC(2040, 0, 1), name);
    }
});

test('WeChat Authorization: any order, each item once', () => {
    const items = [
        'mchid="1"',
        'nonce_str="n"',
        'timestamp="2"',
        'serial_no="A"',
        'signature="c2"',
    ];
    const header = (list) => `WECHATPAY2-SHA256-RSA2048 ${list.join(',')}`;
    assert.equal(parseAuthorization(header(items)).mchid, '1');
    assert.equal(parseAuthorization(header([...items].reverse())).serial_no, 'A');
    for (const bad of [
        undefined,
        '',
        header(items.slice(1)),
        header([...items, 'mchid="1"']),
        header([...items, 'extra="1"']),
        header(items).replace('"n"', '""'),
        header(items).replace('2048 ', '2048'),
        header(items).replace('"1"', '1'),
    ]) {
        assert.equal(parseAuthorization(bad), null, String(bad));
    }
});

test('acknowledgements are judged exactly', () => {
    const alipay = (status, body) => isAcknowledged('alipay', { status, body });
    assert.equal(alipay(200, 'success'), true);
    for (const body of ['SUCCESS', 'success ', 'success\n', '"success"', '']) {
        assert.equal(alipay(200, body), false, body);
    }
    assert.equal(alipay(201, 'success'), false);
    const wechat = (status) => isAcknowledged('wechat', { status, body: '' });
    assert.deepEqual([200, 204, 201, 302, 500].map(wechat), [true, true, false, false, false]);
    assert.equal(isAcknowledged('wechat', { error: 'reset' }), false);
});

test('chance repeats with the seed; faults hit what they are meant for', () => {
    const numbers = (seed) =>
        Array.from(
            { length: 5 },
            (
                (rng) => () =>
                    rng.below(1000)
            )(new Rng(seed)),
        );
    assert.deepEqual(numbers(7), numbers(7));
    assert.notDeepEqual(numbers(7), numbers(8));
    const weather = new Weather(new Rng(1));
    weather.order('wire', 'slow=30', 2, 'refund SH1');
    assert.equal(weather.take('wire', 'alipay.trade.refund SH2'), null);
    assert.equal(weather.take('notice', 'alipay.refund SH1'), null);
    assert.deepEqual(weather.take('wire', 'alipay.trade.refund SH1'), { kind: 'slow', arg: 30 });
    assert.equal(weather.take('wire', 'alipay.trade.refund SH1', ['cut']), null);
    assert.ok(weather.take('wire', 'alipay.trade.refund SH1'));
    assert.equal(weather.take('wire', 'alipay.trade.refund SH1'), null);
    weather.mix('wire', 0.25, ['cut', '502']);
    const hits = Array.from({ length: 4000 }, () => weather.take('wire', 'x')).filter(Boolean);
    assert.ok(hits.length > 850 && hits.length < 1150, String(hits.length));
    const times = Array.from({ length: 2001 }, () => weather.latencyMs()).sort((a, b) => a - b);
    assert.ok(times[0] >= 1 && Math.abs(times[1000] - 150) < 15, String(times[1000]));
    assert.ok(times[1995] > 1000 && times[2000] <= 3000);
});
