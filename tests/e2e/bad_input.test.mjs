// SPDX-License-Identifier: Apache-2.0

// Input that nobody should send: strangers' certificates, spoiled bodies, slow and endless
// clients, forged notices of both wallets, meters that are not there or speak at another speed,
// a second kiosk and a second collector that claim to be the first. Each is refused or reported
// in words that help, everybody else is served meanwhile, and no fen moves.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';

import { connect } from 'node:net';
import test from 'node:test';
import { connect as connectTls } from 'node:tls';
import { until, wait } from '../../tools/world/processes.mjs';
import { ANNEX, addAnnex } from './lib/annex.mjs';
import { audit, rows } from './lib/books.mjs';
import { settled, toMeter } from './lib/journey.mjs';
import { run } from './lib/run.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { bareAgent, expired, rogue, unregistered } from './lib/strangers.mjs';
import { Terminal } from './lib/terminal.mjs';

const box = withHouse({ printer: false, rooms: 18 });
const ORDERS = '/v1/terminal/orders';

function countOrders(house) {
  return rows(house, 'SELECT count(*) AS n FROM pay_order')[0].n;
}

/** From the meter page to the home page. */
async function leave(house) {
  while ((await house.screen.report()).screen !== 'home') {
    /* The page may be leaving already, and its control with it. */
    await house.screen.touch('back', undefined, 2000).catch(() => null);
    await wait(300);
  }
}

// ---- slow and endless clients: begun first, looked at last ----

const slow = [];

function trickle(socket, head) {
  const entry = { begun: Date.now(), closedMs: 0 };
  socket.on('error', () => {});
  socket.on('close', () => { entry.closedMs ||= Date.now() - entry.begun; });
  socket.write(head);
  entry.timer = setInterval(() => socket.write('x'), 1000);
  entry.socket = socket;
  slow.push(entry);
}

test('sixty slow clients on each listener do not keep anybody from being served',
  { timeout: 60000 }, keeping(box, async (t, house) => {
    const keys = (name) => readFileSync(house.path('keys', 'kiosk1', name));
    const tls = { host: '127.0.0.1', port: house.ports.terminals, ca: keys('ca.pem'),
      cert: keys('cert.pem'), key: keys('key.pem') };
    const body = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{';
    for (let i = 0; i < 60; i += 1) {
      const rest = i % 2 ? 'Host: x\r\nX-Slow: ' : body;
      trickle(connectTls(tls), `POST ${ORDERS} HTTP/1.1\r\n${rest}`);
      trickle(connect(house.ports.public, '127.0.0.1'),
        `POST /pay/wechat/notify HTTP/1.1\r\n${i % 2 ? 'Host: x\r\nX-Slow: ' : body}`);
    }
    const terminal = Terminal.of(house);
    const begun = Date.now();
    const view = await terminal.order(house.home('cloud', 0));
    await house.wallet(`pay ${view.order_no}`);
    await settled(house, view.order_no, 'DONE', 15000);
    t.diagnostic(`an order beside them took ${Date.now() - begun} ms`);
    terminal.close();
  }));

// ---- certificates ----

test('strangers get an answer that says why, and nothing else', { timeout: 30000 },
  keeping(box, async (t, house) => {
    const before = countOrders(house);
    const unknown = '403 unknown_terminal';
    const none = '401 no_certificate';
    const cases = [['none', house.path('keys', 'kiosk1'), none],
      ['a foreign CA', rogue(house, 'kiosk1'), none], ['expired', expired(house, 'kiosk1'), none],
      ['never registered', unregistered(house, 'kiosk1'), unknown],
      ['a collector\'s', house.path('keys', 'col1'), unknown]];
    for (const [what, keys, wanted] of cases) {
      const stranger = Terminal.of(house, { keys });
      if (what === 'none') {
        stranger.agent = bareAgent(house);
      }
      for (const call of [() => stranger.get('/v1/terminal/profile'),
        () => stranger.post(ORDERS, stranger.request(house.home('cloud')))]) {
        const { status, json } = await call();
        assert.equal(`${status} ${json.error.code}`, wanted, what);
      }
      stranger.close();
    }
    assert.equal(countOrders(house), before);
  }));

/** mosquitto_pub with somebody's keys; its words. */
async function publish(house, keys, port, topic, text) {
  const { code, out } = await run('mosquitto_pub', ['-V', '5', '-q', '1', '-h', '127.0.0.1', '-p',
    String(port), '--cafile', house.path('keys', 'col1', 'ca.pem'), ...(keys === null ? []
      : ['--cert', `${keys}/cert.pem`, '--key', `${keys}/key.pem`]), '-t', topic, '-m', text]);
  return `${code} ${out}`;
}

test('nobody speaks for a collector but itself', { timeout: 30000 },
  keeping(box, async (t, house) => {
    const forged = JSON.stringify({ ts: 1, kind: 'forged', meter: '', bus: '', detail: 'x' });
    const say = (keys) => publish(house, keys, house.ports.collectors, 'up/col1/event', forged);
    assert.match(await say(null), /^[1-9].*/s);
    assert.match(await say(rogue(house, 'col1')), /^[1-9].*/s);
    assert.match(await say(expired(house, 'col1')), /^[1-9].*/s);
    assert.match(await say(house.path('keys', 'kiosk1')), /not authorized/i);
    assert.match(await publish(house, house.path('keys', 'kiosk1'), house.ports.collectors,
      'down/col1/cmd', '{}'), /not authorized/i);
    await wait(500);
    assert.deepEqual(rows(house, "SELECT * FROM event WHERE kind = 'forged'"), []);
  }));

// ---- bodies ----

const text = (value) => JSON.stringify(value);
const AMOUNT = '"amount_fen":5000'; // random numbers stand beside it

/* Each spoils a good order request; the answer must be 400 and name what is wrong. */
const BODIES = [
  ['nothing', () => '', '(body)'],
  ['half of it', (good) => text(good).slice(0, 90), '(body)'],
  ['two of it', (good) => text(good) + text(good), '(body)'],
  ['an array', (good) => text([good]), '(body)'],
  ['a duplicate member', (good) => text(good).replace('{', '{"amount_fen":1,'), '(body)'],
  ['nesting', (good) => text(good).replace('{', `{"x":${'['.repeat(4000)}${']'.repeat(4000)},`),
    '(body)'],
  ['no UTF-8', (good) => Buffer.from(text(good).replace('alipay', 'ali\xff'), 'latin1'), '(body)'],
  ['a NUL', (good) => `${text(good)}\0`, '(body)'],
  ['an amount with a point', (good) => text(good).replace(AMOUNT, `${AMOUNT}.0`), 'amount_fen'],
  ['an amount as text', (good) => text({ ...good, amount_fen: '5000' }), 'amount_fen'],
  ['an amount beyond 64 bits', (good) => text(good).replace(AMOUNT, AMOUNT.padEnd(40, '0')),
    '(body)'],
  ['an amount beyond money', (good) => text(good).replace(AMOUNT, '"amount_fen":9007199254740993'),
    'amount_fen'],
  ['a wallet that is none', (good) => text({ ...good, channel: 'cash' }), 'channel'],
  ['a number that is no UUID', (good) => text({ ...good, client_request_id: 'x' }),
    'client_request_id'],
  ['a missing member', (good) => text({ ...good, meter_id: undefined }), 'meter_id'],
];

test('spoiled bodies are refused by name', { timeout: 30000 }, keeping(box, async (t, house) => {
  const terminal = Terminal.of(house);
  const before = countOrders(house);
  for (const [what, spoil, field] of BODIES) {
    const raw = spoil(terminal.request(house.home('cloud', 1)));
    const { status, json, text: said } = await terminal.call('POST', ORDERS, undefined, { raw });
    assert.equal(status, 400, `${what}: ${said}`);
    assert.deepEqual([json.error.code, json.error.field], ['bad_request', field], what);
  }
  const { status } = await terminal.post(ORDERS,
    terminal.request(house.home('cloud', 1), { fen: -5000 }));
  assert.equal(status, 422);
  assert.equal(countOrders(house), before);
  terminal.close();
}));

/** Send without a declared length until the other side has had enough; what it answered. */
function endless(options) {
  return new Promise((resolve) => {
    let said = '';
    const socket = options.tls ? connectTls(options.tls) : connect(options.port, '127.0.0.1');
    const chunk = `4000\r\n${'y'.repeat(0x4000)}\r\n`;
    const end = () => { clearTimeout(timer); socket.destroy(); resolve(said); };
    const timer = setTimeout(() => { said += ' STILL OPEN'; end(); }, 20000);
    socket.on('data', (data) => { said += data; });
    socket.on('error', () => {});
    socket.on('close', end);
    socket.write(`POST ${options.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
      'Transfer-Encoding: chunked\r\n\r\n');
    const more = () => { while (socket.writable && socket.write(chunk)); };
    socket.on('drain', more);
    more();
  });
}

test('oversized bodies end, declared and endless ones', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const terminal = Terminal.of(house);
    const raw = text({ ...terminal.request(house.home('cloud', 1)), pad: 'y'.repeat(70000) });
    const { status, json } = await terminal.call('POST', ORDERS, undefined, { raw });
    assert.equal(`${status} ${json.error.code}`, '413 body_too_large');
    const keys = (name) => readFileSync(house.path('keys', 'kiosk1', name));
    const tls = { host: '127.0.0.1', port: house.ports.terminals, ca: keys('ca.pem'),
      cert: keys('cert.pem'), key: keys('key.pem') };
    for (const options of [{ tls, path: ORDERS },
      { port: house.ports.public, path: '/pay/alipay/notify' }]) {
      assert.doesNotMatch(await endless(options), /STILL OPEN|200 OK/);
    }
    assert.equal((await terminal.get('/v1/terminal/profile')).status, 200);
    terminal.close();
  }));

/** Send junk and hang up; what was answered until the other side hung up, for a second at most. */
function junkTo(port, junk) {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1');
    const end = () => { clearTimeout(timer); socket.destroy(); resolve(said); };
    const timer = setTimeout(end, 1000);
    socket.on('data', (data) => { said += data; });
    socket.on('error', () => {});
    socket.on('close', end);
    socket.end(junk);
  });
}

test('bytes that are no TLS and no HTTP do not hurt a server', { timeout: 30000 },
  keeping(box, async (t, house) => {
    const { terminals, console: pages, public: wallets, collectors } = house.ports;
    for (const port of [terminals, pages, wallets, collectors]) {
      const tooLong = `GET /${'x'.repeat(9000)} H`;
      for (const junk of ['GET / HTTP/1.1\r\n\r\n', '\0'.repeat(500), tooLong]) {
        assert.doesNotMatch(await junkTo(port, junk), /HTTP\/1.1 [235]/);
      }
    }
    const terminal = Terminal.of(house);
    assert.equal((await terminal.get('/v1/terminal/profile')).status, 200);
    terminal.close();
  }));

// ---- forged notices ----

const FORGED = {
  alipay: ['badsign', 'stranger', 'tampered', 'no-sign', 'sha1'],
  wechat: ['badsign', 'stranger', 'tampered', 'no-sign', 'signtest', 'unknown-serial', 'stale',
    'future'],
};

async function payBehindForgery(house, terminal, channel, kind, home) {
  const view = await terminal.order(home, { channel, fen: 3000 });
  await house.wallet(`notify ${kind} 1 ${view.order_no}`);
  await house.wallet(`pay ${view.order_no}`);
  await settled(house, view.order_no, 'DONE', 40000);
  /* The server may have asked before any notice came. */
  const said = await until(`the notice ${kind} to be judged`, async () => {
    const notices = JSON.stringify(await house.wallet(`notices ${view.order_no}`));
    return /refused, right|FORGERY/.test(notices) ? notices : null;
  }, 20000);
  return { kind, channel, said };
}

test('every kind of forged notice is refused, and the true one behind it is not',
  { timeout: 90000 }, keeping(box, async (t, house) => {
    const terminal = Terminal.of(house);
    const homes = house.homes.filter((home) => home.kind === 'cloud');
    const all = Object.entries(FORGED).flatMap(([channel, kinds]) =>
      kinds.map((kind) => [channel, kind]));
    const ends = await Promise.all(all.map(([channel, kind], i) =>
      payBehindForgery(house, terminal, channel, kind, homes[i % homes.length])));
    for (const { kind, channel, said } of ends) {
      assert.doesNotMatch(said, /FORGERY ACCEPTED/, `${channel} ${kind}`);
      assert.match(said, /refused, right/, `${channel} ${kind}: ${said}`);
    }
    terminal.close();
  }));

// ---- meters ----

test('a meter that is in the books but on no bus: said so, and not sold to', { timeout: 60000 },
  keeping(box, async (t, house) => {
    Object.values(addAnnex(house)).forEach((other) => other.close());
    const terminal = Terminal.of(house);
    let read = null;
    for (let heard = 0; heard < 3; heard += 1) { /* three failures in a row are news */
      read = await until('the collector to know the meter', async () => {
        const { json } = await terminal.post(
          `/v1/terminal/meters/m-${ANNEX.ghostRoom}/reads?wait_s=9`, { max_age_s: 0 });
        return json.reason === 'meter_silent' ? json : null;
      }, 20000);
    }
    assert.deepEqual([read.source, read.balance_fen, read.energy], ['stored', null, null]);
    const page = (await terminal.get(`/v1/terminal/rooms/${ANNEX.ghostRoom}`)).json;
    assert.equal(page.last, null);
    const { status, json } = await terminal.post(ORDERS, terminal.request({
      room: ANNEX.ghostRoom }));
    assert.equal(`${status} ${json.error.code}`, '409 silent_refused');
    await until('the collector to report it', () => rows(house,
      "SELECT 1 FROM event WHERE kind = 'meter_silent' AND address = '998877665502'").length > 0,
    30000);
    terminal.close();
  }));

test('a bus at the wrong baud rate is reported, and the kiosk shows the last value with its age',
  { timeout: 90000 }, keeping(box, async (t, house) => {
    const home = house.homes.find((one) => one.bus === 'bus2' && one.kind === 'order');
    const terminal = Terminal.of(house);
    const reads = `/v1/terminal/meters/m-${home.room}/reads?wait_s=9`;
    const before = (await terminal.post(reads, { max_age_s: 0 })).json;
    assert.equal(before.source, 'live');
    await house.processes.stop('collector');
    const { options } = house;
    house.options = { ...options, baud: 9600 };
    await house.startCollector();
    house.options = options;
    await until('the collector to report the bus', () => rows(house, `SELECT 1 FROM event
      WHERE bus = 'bus2' AND kind IN ('bus_silent', 'wrong_baud') AND detail LIKE '%baud%'`)
      .length > 0, 30000);
    const after = (await terminal.post(reads, { max_age_s: 0 })).json;
    assert.deepEqual([after.source, after.balance_fen, after.reason],
      ['stored', before.balance_fen, 'meter_silent']);
    await toMeter(house, home);
    await house.screen.shows('the stored value', (r) => r.reading === 3, 20000);
    await house.processes.stop('collector');
    await house.startCollector();
    await until('the bus to answer again', async () =>
      (await terminal.post(reads, { max_age_s: 0 })).json.source === 'live', 20000);
    await leave(house);
    terminal.close();
  }));

// ---- doubles ----

test('a second kiosk on one journal says so and leaves the first alone', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const { command, args, env } = house.processes.find('kiosk');
    const double = await house.processes.start('kiosk-double', command, args, { env,
      ready: /is in use: another shilling-kiosk runs on this terminal/ });
    assert.equal(double.exit, null, 'it stays and shows "out of service"');
    await house.processes.stop('kiosk-double');
    await toMeter(house, house.home('cloud', 2));
    await leave(house);
  }));

test('a second collector on one journal ends with the reason', { timeout: 30000 },
  keeping(box, async (t, house) => {
    const { command, args } = house.processes.find('collector');
    const { code, out, late } = await run(command, args);
    assert.ok(!late, out);
    assert.match(out, /lock: another collector uses this journal/);
    assert.equal(code, 1);
  }));

test('a collector with a stolen certificate cannot do harm, and is noticed', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const home = house.home('count', 1);
    const terminal = Terminal.of(house);
    const view = await terminal.order(home, { channel: 'wechat' });
    const conf = readFileSync(house.path('conf', 'collector.conf'), 'utf8')
      .replace(house.path('state', 'collector'), house.state('thief'))
      .replaceAll(/device = ".*?"/g, (found) => found.replace('.tty', '.stolen'));
    await house.processes.start('thief', house.program('shilling-collector'),
      ['--config', house.conf('thief.conf', conf)], { ready: /connected to the broker/ });
    await house.wallet(`pay ${view.order_no}`);
    await until('the cloud to notice', () => /collector col1 is there twice/
      .test(house.processes.find('cloud').text), 20000);
    await house.processes.stop('thief');
    await settled(house, view.order_no, 'DONE', 60000);
    const purchases = await house.meter(home, 'purchases');
    assert.equal(purchases.filter((one) => one.kind === 'recharge').length, 1);
    terminal.close();
  }));

test('a kiosk that was revoked is out of service until it is enrolled again', { timeout: 30000 },
  keeping(box, async (t, house) => {
    house.cloudCommand('revoke', 'terminal', 'kiosk1');
    const kiosk = await house.processes.restart('kiosk');
    await until('the kiosk to say so',
      () => /nothing useful from the server: it refuses: terminal_revoked/.test(kiosk.text), 10000);
    await house.screen.screen('out_of_service', 10000);
    house.cloudCommand('dev-enrol', 'terminal', 'kiosk1', '--out', house.path('keys', 'kiosk1'));
    await house.processes.restart('kiosk');
    await house.screen.screen('home', 10000);
  }));

test('the slow clients were cut off, and nobody lost a fen', { timeout: 60000 },
  keeping(box, async (t, house) => {
    /* A body has 30 s from its first byte; heads are given 90 s, longer than this test. */
    const bodies = slow.filter((_, i) => Math.floor(i / 2) % 2 === 0);
    await until('slow bodies to be cut off', () => bodies.every((one) => one.closedMs > 0), 45000);
    const shortest = Math.min(...bodies.map((one) => one.closedMs));
    t.diagnostic(`${bodies.length} slow bodies ended, the first after ${shortest} ms`);
    for (const { socket, timer } of slow) {
      clearInterval(timer);
      socket.destroy();
    }
    const sum = await audit(house);
    assert.equal(sum.open, 0);
  }));
