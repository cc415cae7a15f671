// SPDX-License-Identifier: Apache-2.0

// cloud/api/openapi.yaml is the contract: every exchange of a real kiosk, recorded on the wire, and
// of a terminal that tries every call, status and error code, is judged by an independent
// validator. Nothing may happen that the contract does not name, and what it names must happen.

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { until } from '../../tools/world/processes.mjs';
import { ANNEX, addAnnex } from './lib/annex.mjs';
import { audit, rows } from './lib/books.mjs';
import { Contract } from './lib/contract.mjs';
import { DesfireCard } from './lib/desfire_card.mjs';
import { home as goHome, settled, toCode, toMeter } from './lib/journey.mjs';
import { record } from './lib/recorder.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { bareAgent, unregistered } from './lib/strangers.mjs';
import { Terminal } from './lib/terminal.mjs';

const contract = await Contract.load();
const CARD_MASTER = randomBytes(16).toString('hex');

/** The two secrets of the card side, in a folder of their own. */
function cardKeys() {
  const dir = mkdtempSync(join(tmpdir(), 'shilling-keys-'));
  const put = (name, text) => writeFileSync(join(dir, name), text, { mode: 0o600 });
  put('master.hex', CARD_MASTER);
  put('signing.pem',
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return `cards = { master_key_file = "${dir}/master.hex"; ` +
    `signing_key_file = "${dir}/signing.pem"; };`;
}

const box = withHouse({ kiosk: false, scheduleS: 0, cloudExtra: cardKeys() },
  (house) => house.cards.enrol());
const faults = [];
const closers = [];
after(() => closers.forEach((close) => close()));

/** A watcher that keeps what is wrong for the test to fail with: it runs inside callbacks. */
function judge(options) {
  return (exchange) => {
    try {
      contract.check(exchange, options);
    } catch (error) {
      faults.push(error.message);
    }
  };
}

function noFaults() {
  assert.deepEqual(faults.splice(0), []);
}

function terminal(house, options = {}) {
  const made = Terminal.of(house, { watch: judge(), ...options });
  closers.push(() => made.close());
  return made;
}

const requestId = () => ({ client_request_id: randomUUID() });

test('a kiosk at work keeps to the contract: top-up, receipt, more time, cancel, silence',
  { timeout: 120000 }, keeping(box, async (t, house) => {
    const asked = new Set();
    const check = judge({ careful: true });
    const recorder = await record(house, (exchange) => {
      asked.add(`${exchange.method} ${exchange.path.replace(/\?.*/, '')
        .replace(/\/(r|m-r)\d+/, '/*').replace(/\/orders\/\w+/, '/orders/*')}`);
      check(exchange);
    });
    closers.push(() => recorder.close());
    house.options.terminalPort = recorder.port;
    await house.startKiosk();
    await toMeter(house, house.home('count'));
    const paid = await toCode(house, { name: 'contract' });
    await house.wallet(`pay ${paid.code}`);
    await settled(house, paid.orderNo, 'DONE');
    await house.screen.shows('the proof of printing', (r) => r.receipt === 3, 30000);
    await goHome(house);
    await house.meter(house.home('cloud', 1), 'dead');
    await toMeter(house, house.home('cloud', 1));
    const left = await toCode(house, { wallet: 'wechat', amount: 0, name: 'contract-left' });
    await house.screen.touch('more_time').catch(() => t.diagnostic('no "more time" on this page'));
    await house.screen.touch('cancel');
    await house.screen.touch('confirm');
    await settled(house, left.orderNo, 'CLOSED');
    await house.meter(house.home('cloud', 1), 'alive');
    await goHome(house);
    await until('a heartbeat', () => asked.has('POST /v1/terminal/heartbeat'), 20000);
    noFaults();
    for (const call of ['GET /v1/terminal/profile', 'GET /v1/terminal/rooms',
      'GET /v1/terminal/rooms/*', 'POST /v1/terminal/meters/*/reads', 'POST /v1/terminal/orders',
      'GET /v1/terminal/orders/*', 'POST /v1/terminal/orders/*/cancel',
      'GET /v1/terminal/orders/*/receipt', 'POST /v1/terminal/orders/*/receipt']) {
      assert.ok(asked.has(call), `the kiosk never asked ${call}`);
    }
  }));

/** Cancel a code that nobody paid, and see it closed. */
async function leave(house, one, { order_no: orderNo }) {
  const { status } = await one.post(`/v1/terminal/orders/${orderNo}/cancel`, requestId());
  assert.equal(status, 200);
  await settled(house, orderNo, 'CLOSED');
}

/** Every call in a form that the contract accepts: [method, path, body]. */
function calls(home, orderNo) {
  const order = `/v1/terminal/orders/${orderNo}`;
  return [
    ['GET', '/v1/terminal/profile'],
    ['POST', '/v1/terminal/heartbeat', { uptime_s: 7, version: '0.1.0', screen: 'home',
      printer: { state: 'ready' }, reader: { state: 'ready', chip: 'PN532 v1.6',
        counts: { timeouts: 0, reopens: 9007199254740991 } }, open_order_no: null }],
    ['GET', '/v1/terminal/rooms?q=150'],
    ['GET', `/v1/terminal/rooms/${home.room}`],
    ['POST', `/v1/terminal/meters/m-${home.room}/reads?wait_s=5`, { max_age_s: 0 }],
    ['GET', '/v1/terminal/orders?mine=open'],
    ['GET', `/v1/terminal/orders?tail=${orderNo.slice(-6)}`],
    ['GET', order],
    ['GET', `${order}?version=0&wait_s=1`],
    ['GET', `${order}/receipt`],
    ['POST', `${order}/receipt`, { ...requestId(), verdict: 'printed', print_id: randomUUID(),
      kind: 'credited' }],
  ];
}

test('every call gets its answer', { timeout: 60000 }, keeping(box, async (t, house) => {
  const one = terminal(house);
  const home = house.home('order');
  const view = await one.order(home, { channel: 'wechat' });
  await one.post(`/v1/terminal/orders/${view.order_no}/more-time`, requestId());
  await house.wallet(`pay ${view.order_no}`);
  await one.watchOrder(view.order_no, (v) => v.state === 'DONE');
  for (const [method, path, body] of calls(home, view.order_no)) {
    const { status, text } = await one.call(method, path, body);
    assert.equal(status, 200, `${method} ${path}: ${text}`);
  }
  const receipt = `/v1/terminal/orders/${view.order_no}/receipt`;
  for (let copy = 1; copy <= 3; copy += 1) {
    assert.equal((await one.get(receipt)).json.copy, copy);
    await one.post(receipt, { ...requestId(), verdict: 'printed', print_id: randomUUID() });
  }
  await expect(one, { method: 'GET', path: receipt }, undefined, '409 no_more_copies');
  const found = await one.get(`/v1/terminal/orders?tail=${view.order_no.slice(-6)}`);
  assert.deepEqual(found.json.orders.map((o) => o.order_no), [view.order_no]);
  for (let tries = 2; tries < 10; tries += 1) {
    assert.equal((await one.get('/v1/terminal/orders?tail=000000')).status, 200);
  }
  await expect(one, { method: 'GET', path: '/v1/terminal/orders?tail=000000' }, undefined,
    '429 too_many_tries');
  await leave(house, one, await one.order(house.home('cloud', 2), { channel: 'wechat' }));
  noFaults();
}));

/** Each operation with a path that exists, by the contract's own list. */
function operations(home, orderNo) {
  return contract.operations.map(({ method, path }) => ({ method: method.toUpperCase(),
    path: path.replace('{room_id}', home.room).replace('{meter_id}', `m-${home.room}`)
      .replace('{session_id}', randomUUID()).replace('{order_no}', orderNo), pattern: path }));
}

/** A body that suits every POST about something that is not there, and what is said of it. */
const absentBody = () => ({ ...requestId(), max_age_s: 0, verdict: 'printed',
  print_id: randomUUID(), session_id: randomUUID(), uid: '4A8B1C2D', outcome: 'done', round: 1,
  answers: [] });
const absentCode = ({ pattern }) =>
  (/\/(read|card|round)$/.test(pattern) ? '410 card_session_over' : '404 not_found');

async function expect(one, { method, path }, body, wanted, options) {
  const { status, json } = await one.call(method, path, body, options);
  assert.equal(`${status} ${json?.error?.code}`, wanted, `${method} ${path}`);
}

test('every call refuses strangers, wrong arguments and wrong bodies', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const one = terminal(house);
    const home = house.home('cloud', 2);
    const view = await one.order(home, { channel: 'wechat' });
    const list = operations(home, view.order_no);
    const strangers = [
      [terminal(house), '401 no_certificate'],
      [terminal(house, { keys: unregistered(house, 'kiosk1') }), '403 unknown_terminal']];
    strangers[0][0].agent = bareAgent(house);
    for (const operation of list) {
      const body = operation.method === 'POST' ? {} : undefined;
      for (const [stranger, wanted] of strangers) {
        await expect(stranger, operation, body, wanted);
      }
      const wrong = { ...operation, path: `${operation.path}?q=%ff%fe&mine=x&version=x` };
      await expect(one, wrong, operation.method === 'POST' ? { client_request_id: 'x', credit: 'x' }
        : undefined,
        '400 bad_request');
      if (operation.pattern.includes('{')) {
        const absent = { ...operation, path: operation.pattern
          .replace(/\{order_no\}/, 'SH20990101XXXX').replace(/\{\w+\}/, 'nowhere') };
        await expect(one, absent, absent.method === 'POST' ? absentBody() : undefined,
          absentCode(operation));
      }
      if (operation.method === 'POST') {
        await expect(one, operation, undefined, '413 body_too_large',
          { raw: JSON.stringify({ x: 'y'.repeat(70000) }) });
        await expect(one, operation, undefined, '415 unsupported_media_type',
          { raw: '<xml/>', headers: { 'content-type': 'text/xml' } });
      }
    }
    await leave(house, one, view);
    noFaults();
  }));

test('a revoked terminal, another site, a path and a method that are not there',
  { timeout: 60000 }, keeping(box, async (t, house) => {
    const { second, stranger } = addAnnex(house, { watch: judge() });
    closers.push(() => second.close(), () => stranger.close());
    const one = terminal(house);
    const home = house.home('cloud', 3);
    const view = await one.order(home, { channel: 'wechat' });
    const list = operations(home, view.order_no);
    for (const operation of list.filter(({ pattern }) => pattern.includes('{'))) {
      const body = operation.method === 'POST' ? absentBody() : undefined;
      await expect(stranger, operation, body, absentCode(operation));
    }
    await expect(stranger, { method: 'POST', path: '/v1/terminal/orders' },
      stranger.request(home), '404 not_found');
    const elsewhere = second.request(home, { accept_open_elsewhere: false });
    await expect(second, { method: 'POST', path: '/v1/terminal/orders' }, elsewhere,
      '409 open_elsewhere');
    house.cloudCommand('revoke', 'terminal', ANNEX.second);
    for (const operation of list) {
      await expect(second, operation, operation.method === 'POST' ? {} : undefined,
        '403 terminal_revoked');
    }
    await leave(house, one, view);
    noFaults();
    const bare = terminal(house, { watch: () => {} });
    await expect(bare, { method: 'GET', path: '/v1/terminal/nowhere' }, undefined, '404 not_found');
    await expect(bare, { method: 'DELETE', path: '/v1/terminal/profile' }, undefined,
      '405 method_not_allowed');
    const { headers } = await bare.call('POST', '/v1/terminal/profile', {});
    assert.equal(headers.allow, 'GET');
  }));

test('an order is refused before it exists, each time with its code', { timeout: 90000 },
  keeping(box, async (t, house) => {
    const one = terminal(house);
    const path = '/v1/terminal/orders';
    const create = { method: 'POST', path };
    const count = house.home('count', 2);
    const first = one.request(house.home('cloud', 0), { channel: 'wechat' });
    const { order_no: orderNo } = (await one.create(first)).json;
    await expect(one, create, { ...first, amount_fen: 7000 }, '409 idempotency_mismatch');
    await expect(one, create, one.request(count, { fen: 1 }), '422 amount_out_of_range');
    await expect(one, create, one.request({ room: ANNEX.sealedRoom }), '409 sale_refused');
    await one.post(`/v1/terminal/meters/m-${ANNEX.ghostRoom}/reads?wait_s=9`, { max_age_s: 0 });
    await expect(one, create, one.request({ room: ANNEX.ghostRoom }), '409 silent_refused');
    const other = terminal(house, { keys: house.path('keys', ANNEX.stranger) });
    await other.post(`/v1/terminal/meters/m-${ANNEX.quietRoom}/reads?wait_s=9`, { max_age_s: 0 });
    await expect(other, create, other.request({ room: ANNEX.quietRoom }), '409 meter_silent');
    const view = await one.watchOrder(orderNo, (v) => v.qr_text !== null);
    const ask = (op, body) => [one, { method: 'POST', path: `${path}/${orderNo}/${op}` }, body];
    for (let left = view.more_time_left; left > 0; left -= 1) {
      await one.post(`${path}/${orderNo}/more-time`, requestId());
    }
    await expect(...ask('more-time', requestId()), '409 no_more_time');
    const used = requestId();
    await one.post(`${path}/${orderNo}/cancel`, used);
    await expect(...ask('more-time', used), '409 idempotency_mismatch');
    await expect(...ask('receipt', { ...used, verdict: 'failed', print_id: randomUUID() }),
      '409 idempotency_mismatch');
    const again = requestId();
    await one.post(`${path}/${orderNo}/more-time`, again);
    await expect(...ask('cancel', again), '409 idempotency_mismatch');
    await settled(house, orderNo, 'CLOSED');
    noFaults();
  }));

test('a meter whose fate is unknown, and a purchase that was paid, take no new order',
  { timeout: 90000 }, keeping(box, async (t, house) => {
    const one = terminal(house);
    const create = { method: 'POST', path: '/v1/terminal/orders' };
    const home = house.home('count', 3);
    const bought = one.request(home);
    const { order_no: orderNo } = (await one.create(bought)).json;
    await one.watchOrder(orderNo, (v) => v.qr_text !== null);
    await house.busCommand(home.bus,
      `fault lost_reply meter=${home.address} control=03 di=070102FF`);
    await house.wallet(`pay ${orderNo}`);
    await until('the meter to carry it out', async () =>
      (await house.meter(home, 'purchases')).some((p) => p.amount_fen === bought.amount_fen));
    await house.meter(home, 'dead');
    await until('the fate to be unknown', () => rows(house,
      `SELECT 1 FROM delivery WHERE order_no = '${orderNo}' AND stage = 'UNKNOWN'`).length > 0);
    await expect(one, create, one.request(home), '409 meter_blocked');
    await house.meter(home, 'alive');
    await settled(house, orderNo, 'DONE');
    await expect(one, create, { ...bought, ...requestId() }, '409 purchase_paid');
    noFaults();
  }));

const EMPTY = '00'.repeat(48);

/** Lay a card that holds `token` in both slots, and read it; its session and the cloud's view. */
async function layCard(one, uid, token = EMPTY) {
  const laid = await one.post('/v1/terminal/cards', { ...requestId(), uid, atqa: '0004', sak: '08',
    ats: null, family: 'classic' });
  assert.equal(laid.status, 200, laid.text);
  const { session_id: session } = laid.json;
  if (laid.json.standing !== 'ours') {
    return { session, standing: laid.json.standing };
  }
  const read = await one.post(`/v1/terminal/cards/${session}/read`,
    { credit: [token, token], return: [EMPTY, EMPTY], issue: null });
  assert.equal(read.status, 200, read.text);
  return { session, standing: 'ours', view: read.json };
}

test('a card is laid, paid for and written, and refused each time with its code',
  { timeout: 90000 }, keeping(box, async (t, house) => {
    const one = terminal(house);
    const [uid, other] = ['4A8B1C2D', '11223344'];
    const home = { room: ANNEX.cardRoom };
    const create = { method: 'POST', path: '/v1/terminal/orders' };
    const ask = (orderNo, op, body) => [one, { method: 'POST',
      path: `/v1/terminal/orders/${orderNo}/card${op}` }, { ...requestId(), ...body }];
    const written = (token, id = uid) => ({ uid: id, outcome: 'done', credit: [token, token] });
    house.cards.says('li', 'card', 'issue', uid, `m-${ANNEX.cardRoom}`);
    house.cards.says('li', 'card', 'issue', other, `m-${ANNEX.otherCardRoom}`);
    assert.equal((await layCard(one, '99887766')).standing, 'foreign');
    await expect(one, create, one.request(home), '409 card_refused');
    await expect(one, create, one.request(home, { card_session: randomUUID() }),
      '410 card_session_over');
    let { session, view } = await layCard(one, uid);
    assert.equal(view.state, 'ready');
    const numbers = [];
    for (let i = 0; i < 3; i += 1) {
      const answer = await one.create(one.request(home, { card_session: session,
        channel: 'wechat' }));
      assert.equal(answer.status, 200, answer.text);
      numbers.push(answer.json.order_no);
      await one.watchOrder(answer.json.order_no, (v) => v.qr_text !== null);
    }
    const [first, second, third] = numbers;
    await expect(...ask(first, '', { session_id: session }), '409 not_paid');
    await expect(...ask(first, '/written', written(EMPTY)), '409 not_paid');
    for (const orderNo of numbers) {
      await house.wallet(`pay ${orderNo}`);
      const paid = await one.watchOrder(orderNo, (v) => v.state === 'PAID');
      assert.deepEqual(paid.card, { uid_tail: '1C2D', waiting: true,
        claim_code: orderNo.slice(-6) });
    }
    await expect(...ask('SH20990101XXXX', '', { session_id: session }), '404 not_found');
    const wrong = await layCard(one, other);
    await expect(...ask(first, '', { session_id: wrong.session }), '409 wrong_card');
    ({ session } = await layCard(one, uid));
    house.cards.says('li', 'card', 'block', uid);
    await expect(...ask(first, '', { session_id: session }), '409 card_refused');
    house.cards.says('li', 'card', 'open', uid);
    const issue = async (orderNo) => {
      const { status, json, text } = await one.post(`/v1/terminal/orders/${orderNo}/card`,
        { ...requestId(), session_id: session });
      assert.equal(status, 200, text);
      return json.write;
    };
    const token = (await issue(first)).token;
    assert.equal((await issue(first)).token, token);
    const newest = (await issue(second)).token;
    await expect(...ask(first, '', { session_id: session }), '409 card_stale');
    await expect(...ask(second, '/written', written(newest, other)), '409 wrong_card');
    ({ view } = await layCard(one, uid));
    assert.equal(view.state, 'owed');
    assert.equal(view.write.token, newest);
    const proof = await one.post(`/v1/terminal/orders/${second}/card/written`,
      { ...requestId(), ...written(newest) });
    assert.equal(proof.json.written, true, proof.text);
    await settled(house, first, 'DONE');
    await settled(house, second, 'DONE');
    ({ session, view } = await layCard(one, uid, newest));
    assert.equal(view.state, 'owed'); /* the third is paid, and nobody asked for its token yet */
    assert.equal(view.owed.order_no, third);
    assert.equal(view.write, null);
    for (const name of ['li', 'wang']) {
      house.cards.says(name, 'card', 'return-begin', first);
    }
    await expect(...ask(third, '', { session_id: session }), '409 return_case');
    ({ view } = await layCard(one, uid, newest));
    assert.equal(view.state, 'repair');
    assert.ok(view.write.amount_fen < 0);
    noFaults();
  }));

/** Lay a card that is relayed, and read it in rounds; its session and the cloud's view. */
async function layRelayed(one, card) {
  const { json: laid } = await one.post('/v1/terminal/cards', { ...requestId(), uid: card.uid,
    atqa: '0344', sak: '20', ats: '067577810280', family: 'iso' });
  assert.equal(laid.media, 'desfire');
  const session = laid.session_id;
  let step = laid;
  for (let round = 1; round === 1 || step.state === 'more'; round += 1) {
    assert.equal(step.round, round);
    const { status, json, text } = await one.post(`/v1/terminal/cards/${session}/read`,
      { round, answers: card.say(step.apdus) });
    assert.equal(status, 200, text);
    step = json;
  }
  return { session, view: step };
}

/** Carry all rounds of a write; how many there were. */
async function writeRelayed(one, card, session, write) {
  let step = write;
  for (let round = 1; ; round += 1) {
    const { status, json, text } = await one.post(
      `/v1/terminal/orders/${write.order_no}/card/round`,
      { session_id: session, round, answers: card.say(step.apdus) });
    assert.equal(status, 200, text);
    if (json.progress !== 'more') {
      assert.equal(json.progress, 'written');
      return round;
    }
    step = json;
  }
}

test('a card that is relayed is sold to and written in rounds, and refused with its code',
  { timeout: 90000 }, keeping(box, async (t, house) => {
    const one = terminal(house);
    const home = { room: ANNEX.otherCardRoom };
    const card = new DesfireCard({ master: CARD_MASTER, meter: '998877665506',
      uid: '04A1B2C3D4E5F6' });
    house.cards.says('li', 'card', 'replace', '11223344', card.uid, 'desfire');
    let { session, view } = await layRelayed(one, card);
    assert.equal(view.state, 'repair');
    assert.equal(view.write.authorisation, null);
    assert.equal(await writeRelayed(one, card, session, view.write), 5);
    ({ session, view } = await layRelayed(one, card));
    assert.equal(view.state, 'ready');
    const numbers = [];
    for (let i = 0; i < 2; i += 1) {
      const { status, json, text } = await one.create(one.request(home, { card_session: session,
        channel: 'wechat' }));
      assert.equal(status, 200, text);
      numbers.push(json.order_no);
      await one.watchOrder(json.order_no, (v) => v.qr_text !== null);
    }
    const [first, second] = numbers;
    const ask = (orderNo, body) => [one, { method: 'POST',
      path: `/v1/terminal/orders/${orderNo}/card/round` },
    { session_id: session, round: 1, answers: [], ...body }];
    await expect(...ask(first, {}), '409 not_paid');
    const writes = [];
    for (const orderNo of numbers) {
      await house.wallet(`pay ${orderNo}`);
      await one.watchOrder(orderNo, (v) => v.state === 'PAID');
      const { json, text } = await one.post(`/v1/terminal/orders/${orderNo}/card`,
        { ...requestId(), session_id: session });
      assert.equal(json.write?.token, null, text);
      writes.push(json.write);
    }
    await expect(...ask(first, {}), '409 card_stale');
    await expect(...ask(second, { round: 2 }), '410 card_session_over');
    house.cards.says('li', 'card', 'block', card.uid);
    await expect(...ask(second, {}), '409 card_refused');
    house.cards.says('li', 'card', 'open', card.uid);
    const { order_no: theirs } = rows(house, `SELECT document_no AS order_no FROM card_token
      WHERE uid <> '${card.uid}' LIMIT 1`)[0];
    await expect(...ask(theirs, {}), '409 wrong_card');
    const failed = await one.post(`/v1/terminal/orders/${second}/card/round`,
      { session_id: session, round: 1, answers: ['9100', '91AE'] });
    assert.equal(failed.json.progress, 'failed', failed.text);
    assert.equal(await writeRelayed(one, card, session, writes[1]), 5);
    await settled(house, first, 'DONE');
    await settled(house, second, 'DONE');
    assert.equal((await layRelayed(one, card)).view.state, 'ready');
    noFaults();
  }));

test('closed payments, a full disk, a server that stops', { timeout: 90000 },
  keeping(box, async (t, house) => {
    const one = terminal(house);
    const create = { method: 'POST', path: '/v1/terminal/orders' };
    const file = house.path('conf', 'cloud.conf');
    const good = readFileSync(file, 'utf8');
    const restartWith = async (text) => {
      writeFileSync(file, text);
      await house.processes.restart('cloud');
      return one.get('/v1/terminal/profile');
    };
    const shut = await restartWith(good.replace(/^payments = [^]*\}; \};$/m, ''));
    assert.equal(shut.json.payments, 'closed');
    await expect(one, create, one.request(house.home('cloud', 1)), '503 payments_closed');
    const full = await restartWith(`${good}\ndisk_free_mb_min = 1000000;\n`);
    assert.equal(full.json.payments_reason, 'disk_full');
    await expect(one, create, one.request(house.home('cloud', 1)), '503 disk_full');
    await restartWith(good);
    const view = await one.order(house.home('cloud', 1), { channel: 'wechat' });
    const waiting = one.call('GET',
      `/v1/terminal/orders/${view.order_no}?version=${view.version}&wait_s=20`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await house.processes.stop('cloud');
    const { status, json } = await waiting;
    assert.equal(`${status} ${json.error?.code}`, '503 out_of_service');
    await house.startCloud();
    await leave(house, one, view);
    noFaults();
  }));

/* A healthy server never says "internal", and "busy" only beyond the limits of its tables, which
 * no test on one machine reaches; their form is the same schema as every other refusal's. What
 * stops a service altogether is the same code for all calls and was seen on one. */
const UNREACHED = /(500 internal|503 (busy|out_of_service))$/;

test('everything that the contract names has been seen', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const unseen = contract.unseen().filter((what) => !UNREACHED.test(what));
    assert.deepEqual(unseen, []);
    assert.ok([...contract.seen].some((what) => what.endsWith('503 out_of_service')));
    t.diagnostic(`${contract.exchanges} exchanges, ${contract.seen.size} kinds of answers`);
    await audit(house, { openAllowed: true });
  }));
