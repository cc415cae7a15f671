// SPDX-License-Identifier: Apache-2.0

// The real shilling-cardd on an emulated reader: cards come and go, tokens are written under an
// authorisation and under nothing else.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Pool, WIDE } from './lib/pool.mjs';
import { Client, fdsOf, Rig, run, until, wait } from './lib/rig.mjs';
import { credit, hex, image, numberOf, readRequest, slotsOf, writeRequest } from './lib/shlc1.mjs';

const OLD = credit(7);
const NEW = credit(8);
const at = (bytes, offset, value) => {
  const copy = Buffer.from(bytes);
  copy[offset] ^= value;
  return copy;
};

/** A reader, its driver, and a client that wants to know of cards at once. */
class Terminal extends Rig {
  async start() {
    await super.start();
    this.client.poll('active');
  }

  laid(name, options = {}) {
    this.card(name, image({ slots: [OLD, OLD], ...options }));
    return this.lay(name);
  }
}

const terminals = new Pool(() => new Terminal());
const fresh = new Pool(() => new Terminal(), 1); // for who has to have a new one
const doomed = new Pool(() => new Terminal(), 1); // for who ends it
after(() => Promise.all([terminals, fresh, doomed].map((pool) => pool.finish())));

const tests = [];

/** A test at a terminal; several run at a time. */
function terminal(name, body, { pool = terminals, ...options } = {}) {
  tests.push([name, { timeout: 60000, ...options }, (t) => pool.use(async (rig) => {
    rig.client.lines.length = 0;
    await body(rig, t);
  })]);
}

terminal('a card is laid, read, written, read again and taken away', async (rig) => {
  const back = credit(3); // any 48 bytes: the driver carries them
  const card = await rig.laid('home', { returns: [back, back], issue: back });
  assert.equal(`${card.uid} ${card.atqa} ${card.sak} ${card.family} ${card.ats}`,
    '4A8B1C2D 0004 08 classic ');
  const read = await rig.client.ask(readRequest(card.card));
  assert.deepEqual([read.outcome, read.error], ['done', null]);
  assert.deepEqual(read.credit, [hex(OLD), hex(OLD)]);
  assert.deepEqual([read.return, read.issue], [[hex(back), hex(back)], hex(back)]);

  await rig.ctl('counts reset');
  const begun = Date.now();
  const written = await rig.client.ask(writeRequest(rig.key, card.card, NEW));
  const took = Date.now() - begun;
  assert.deepEqual([written.outcome, written.error], ['done', null]);
  assert.deepEqual(written.credit, [hex(NEW), hex(NEW)]);
  assert.ok(took < 1500, `${took} ms`);
  assert.equal((await rig.counts()).writes, 6, 'three blocks a slot and no more');

  const again = await rig.client.ask(readRequest(card.card));
  assert.deepEqual(again.credit, [hex(NEW), hex(NEW)]);
  await rig.take();
  assert.deepEqual(slotsOf(await rig.dump('home')).map((slot) => numberOf(slot)), [8, 8]);
  const late = await rig.client.ask(readRequest(card.card));
  assert.deepEqual([late.outcome, late.error], ['not_done', 'card_gone']);
});

terminal('the slot that the server found untrue goes first, however it looks', async (rig) => {
  const cut = async (uid, more) => {
    const only = credit(6, { uid });
    const untrue = Buffer.concat([credit(7, { uid }).subarray(0, 40), only.subarray(40)]);
    const card = await rig.laid('untrue', { uid, slots: [untrue, only] }); // cut before its MAC
    await rig.ctl('fault tear write=1 how=front k=7');
    const request = writeRequest(rig.key, card.card, credit(8, { uid }), { uid });
    assert.equal((await rig.client.ask({ ...request, ...more })).outcome, 'unknown');
    await rig.client.card('gone');
    await rig.ctl('fault clear');
    return slotsOf(await rig.dump('untrue'))[1].equals(only);
  };
  assert.equal(await cut('11223344', {}), false); // what a terminal must believe
  assert.equal(await cut('11223355', { first: 0 }), true);
});

terminal('neither half leaves a core file, for keys pass through both', async (rig) => {
  for (const pid of [rig.entry('cardd').child.pid, rig.worker()]) {
    assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /Max core file size +0 +0 /);
  }
});

terminal('a laying has a number of its own, requests for earlier ones are refused', async (rig) => {
  const first = await rig.laid('again');
  await rig.take();
  const second = await rig.lay('again');
  assert.ok(second.card > first.card);
  const late = await rig.client.ask(writeRequest(rig.key, first.card, NEW));
  assert.deepEqual([late.outcome, late.error], ['not_done', 'card_gone']);
  await rig.take();
  assert.deepEqual(slotsOf(await rig.dump('again')), [OLD, OLD]);
});

terminal('a card with a number of seven bytes', async (rig) => {
  const uid = '04A1B2C3D4E5F6';
  rig.card('seven', image({ uid, slots: [credit(7, { uid }), credit(7, { uid })] }));
  const card = await rig.lay('seven');
  assert.equal(card.uid, uid);
  const token = credit(8, { uid });
  const written = await rig.client.ask(writeRequest(rig.key, card.card, token, { uid }));
  assert.deepEqual([written.outcome, written.credit], ['done', [hex(token), hex(token)]]);
  await rig.take();
});

terminal('a reader that finds numbers of seven bytes at every second call only', async (rig) => {
  const uid = '04A1B2C3D4E5F6';
  const token = credit(8, { uid });
  await rig.ctl('quirk seven on');
  for (let i = 0; i < 4; i += 1) {
    rig.card('seven', image({ uid, slots: [credit(7, { uid }), credit(7, { uid })] }));
    const card = await rig.lay('seven');
    const written = await rig.client.ask(writeRequest(rig.key, card.card, token, { uid }));
    assert.deepEqual([written.outcome, written.error], ['done', null]);
    await rig.take();
    assert.equal(rig.client.lines.some((line) => line.state === 'gone'), false);
  }
  await rig.ctl('quirk seven off');
});

terminal('two cards at once are told, and the one that stays is a new laying', async (rig) => {
  const card = await rig.laid('one');
  rig.card('two', image({ uid: '11223344', slots: [OLD, OLD] }));
  await rig.ctl('lay two');
  await rig.client.card('two');
  const both = await rig.client.ask(writeRequest(rig.key, card.card, NEW));
  assert.deepEqual([both.outcome, both.error], ['not_done', 'card_gone']);
  await rig.ctl('take one');
  const left = await rig.client.card('present');
  assert.equal(left.uid, '11223344');
  assert.ok(left.card > card.card);
  await rig.take();
});

terminal('two cards that come together are told as two', async (rig) => {
  rig.card('one', image({ slots: [OLD, OLD] }));
  rig.card('two', image({ uid: '11223344', slots: [OLD, OLD] }));
  await Promise.all([rig.ctl('lay one'), rig.ctl('lay two')]);
  await rig.client.hears('two or one', (line) => line.op === 'card' && line.state === 'two');
  await rig.ctl('take');
  await rig.client.card('gone');
});

terminal('a card that is changed for another one goes and comes', async (rig) => {
  await rig.laid('one');
  rig.card('two', image({ uid: '11223344', slots: [OLD, OLD] }));
  await rig.ctl('swap two');
  await rig.client.card('gone');
  assert.equal((await rig.client.card('present')).uid, '11223344');
  await rig.take();
});

terminal('a phone is told as one: its number is drawn anew each time', async (rig) => {
  rig.card('phone', image({ uid: '08AABBCC', slots: [OLD, OLD] }));
  assert.equal((await rig.lay('phone')).family, 'phone');
  await rig.take();
});

const stranger = generateKeyPairSync('ed25519').privateKey;
const REFUSED = [
  ['signed by somebody else', 'forged', (key, card) => writeRequest(stranger, card, NEW)],
  ['for another terminal', 'forged', (key, card) => writeRequest(key, card, NEW,
    { terminal: 'T-0002' })],
  ['for another purpose', 'forged', (key, card) => writeRequest(key, card, NEW,
    { what: 'relay' })],
  ['of a version to come', 'forged', (key, card) => writeRequest(key, card, NEW, { v: 2 })],
  ['for another card', 'wrong_card', (key, card) => writeRequest(key, card, NEW,
    { uid: '4A8B1C2E' })],
  ['of an hour ago', 'expired', (key, card) => writeRequest(key, card, NEW,
    { expires: Math.floor(Date.now() / 1000) - 3600 })],
  ['for another token', 'forged', (key, card) => ({ ...writeRequest(key, card, NEW),
    token: hex(credit(9)) })],
  ['for a token with one bit changed', 'forged', (key, card) => ({
    ...writeRequest(key, card, NEW), token: hex(at(NEW, 17, 1)) })],
  ['for bytes that are no token', 'forged', (key, card) => {
    const token = at(NEW, 20, 4);
    return { ...writeRequest(key, card, token), token: hex(token) };
  }],
  ['cut short', 'forged', (key, card) => {
    const request = writeRequest(key, card, NEW);
    return { ...request, authorisation: request.authorisation.slice(0, -2) };
  }],
  ['that is none', 'forged', (key, card) => ({ ...writeRequest(key, card, NEW),
    authorisation: 'x.y' })],
];

terminal('an authorisation that does not fit writes nothing', async (rig, t) => {
  const { card } = await rig.laid('refused');
  await rig.ctl('counts reset');
  for (const [what, error, make] of REFUSED) {
    const answer = await rig.client.ask(make(rig.key, card));
    assert.deepEqual([answer.outcome, answer.error], ['not_done', error], what);
    t.diagnostic(`${what}: ${error}`);
  }
  assert.equal((await rig.counts()).writes, 0);
  await rig.take();
  assert.deepEqual(slotsOf(await rig.dump('refused')), [OLD, OLD]);
});

terminal('the newest token stays: an older one is refused, its own is rewritten', async (rig) => {
  rig.card('newer', image({ slots: [credit(9), credit(9)] }));
  const { card } = await rig.lay('newer');
  const older = await rig.client.ask(writeRequest(rig.key, card, NEW));
  assert.deepEqual([older.outcome, older.error], ['not_done', 'newer']);
  const same = await rig.client.ask(writeRequest(rig.key, card, credit(9)));
  assert.equal(same.outcome, 'done');
  await rig.take();
});

terminal('wrong keys are told, and a card with one dead sector is damaged', async (rig) => {
  const { card } = await rig.laid('keys');
  const request = writeRequest(rig.key, card, NEW);
  const wrong = { ...request, keys: request.keys.map((key) => ({ ...key, key: '000000000000' })) };
  const answer = await rig.client.ask(wrong);
  assert.deepEqual([answer.outcome, answer.error], ['not_done', 'auth']);
  const missing = await rig.client.ask({ ...writeRequest(rig.key, card, NEW), keys: [] });
  assert.deepEqual([missing.outcome, missing.error], ['not_done', 'auth']);
  await rig.take();
  for (const sector of [1, 2]) {
    const dead = image({ slots: [OLD, OLD] });
    dead[sector * 64 + 54] ^= 0xff; // access bits whose complement does not match
    rig.card('dead', dead);
    const laying = await rig.lay('dead');
    const read = await rig.client.ask(readRequest(laying.card));
    assert.deepEqual([read.outcome, read.error, read.credit[sector - 1]],
      ['done', 'damaged', null]);
    const written = await rig.client.ask(writeRequest(rig.key, laying.card, NEW));
    assert.deepEqual([written.outcome, written.error], ['not_done', 'damaged']);
    await rig.take();
  }
});

terminal('a slot that was cut before its last block goes first', async (rig) => {
  const cut = Buffer.concat([NEW.subarray(0, 32), OLD.subarray(32)]);
  for (const slots of [[cut, OLD], [OLD, cut]]) {
    const bad = slots.indexOf(cut);
    rig.card('cut', image({ slots }));
    const { card } = await rig.lay('cut');
    await rig.ctl('fault remove exchange=10'); // 1+3+1+3 to read both, one more to open, one write
    const answer = await rig.client.ask(writeRequest(rig.key, card, NEW));
    assert.equal(answer.outcome, 'unknown');
    await rig.client.card('gone');
    const after1 = slotsOf(await rig.dump('cut'));
    assert.deepEqual(after1[1 - bad], OLD, 'the good slot was touched first');
    const second = await rig.lay('cut');
    assert.equal((await rig.client.ask(writeRequest(rig.key, second.card, NEW))).outcome, 'done');
    await rig.take();
  }
});

terminal('cells that are weak after the write are written again', async (rig) => {
  const { card } = await rig.laid('weak');
  await rig.ctl('fault tear write=2 how=weak stay=1');
  const answer = await rig.client.ask(writeRequest(rig.key, card, NEW));
  assert.deepEqual([answer.outcome, answer.credit], ['done', [hex(NEW), hex(NEW)]]);
  const { counts } = await rig.client.status();
  assert.ok(counts.write_retries >= 1);
  await rig.take();
});

terminal('a relay without an authorisation carries only what cannot change a card', async (rig) => {
  const { card } = await rig.laid('relay');
  const relay = (apdu) => rig.client.ask({ op: 'relay', id: randomUUID(), card,
    authorisation: null, apdus: [{ apdu, expect: null }] });
  for (const apdu of ['903D00000701000000000000', '04D6808200', '90C7000000', '00D6000001FF']) {
    const answer = await relay(apdu);
    assert.deepEqual([answer.outcome, answer.error], ['not_done', 'forged'], apdu);
  }
  await rig.take();
});

terminal('a client that speaks nonsense is hung up on, the others are not', async (rig) => {
  for (const line of ['nonsense\n', '{"op":"fly"}\n', '{"op":"poll","mode":"fast"}\n',
    `{"op":"read","id":"1","card":1,"keys":[]}\n`, `${'x'.repeat(70000)}\n`]) {
    const other = new Client(rig.paths.socket);
    other.say(line);
    await until('a hang-up', () => other.closed, 3000);
  }
  assert.equal((await rig.client.status()).state, 'ready');
});

terminal('users that nobody named are hung up on', async (rig) => {
  const script = `process.setgid(65534); process.setuid(65534);
    const s = require('net').connect(${JSON.stringify(rig.paths.socket)});
    s.on('error', () => process.exit(7)); s.on('close', () => process.exit(0));
    setTimeout(() => process.exit(9), 4000);`;
  chmodSync(rig.dir, 0o755); // the stranger must reach the socket to be refused by it
  const child = spawn(process.execPath, ['-e', script]);
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0);
  assert.match(rig.log(), /user 65534 may not use the card reader/);
}, { skip: process.getuid() !== 0 });

terminal('one request at a time', async (rig) => {
  const { card } = await rig.laid('busy');
  const [first, second] = await Promise.all([
    rig.client.ask(writeRequest(rig.key, card, NEW)), rig.client.ask(readRequest(card))]);
  assert.equal(first.outcome, 'done');
  assert.deepEqual([second.outcome, second.error], ['not_done', 'busy']);
  await rig.take();
});

terminal('off: nobody looks, and a card is told when somebody does again', async (rig) => {
  rig.client.poll('off');
  await wait(300);
  await rig.ctl('counts reset');
  rig.card('off', image({ slots: [OLD, OLD] }));
  await rig.ctl('lay off');
  await wait(1500);
  assert.equal((await rig.counts()).selects, 0);
  rig.client.poll('idle');
  const card = await rig.client.card('present');
  assert.equal(card.uid, '4A8B1C2D');
  await wait(2500);
  assert.equal(JSON.parse(await rig.ctl('state')).field, false, 'the field rests when idle');
  rig.client.poll('active');
  await rig.take();
});

terminal('the configuration is judged with a sentence that helps', async (rig) => {
  const CASES = [
    [{ connstring: 'pn532_uart:/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0' },
      /the path holds a colon.*SYMLINK/],
    [{ connstring: 'pn532_uart:/dev/ttyUSB0:1200' }, /the speed must be/],
    [{ connstring: 'pn532_uart:ttyUSB0' }, /needs a path/],
    [{ connstring: 'pn532_uart' }, /needs a path/],
    [{ connstring: 'pcsc:x' }, /kinds of readers/],
    [{ health: 0 }, /reader.health_s/],
    [{ more: 'power_reset = "reader-power";' }, /reader.power_reset.*the absolute path/],
    [{ more: 'power_reset = "/bin/sh -c reset";' }, /reader.power_reset.*and nothing else/],
    [{ more: 'power_reset_s = 61;' }, /reader.power_reset_s/],
  ];
  const path = join(rig.dir, 'bad.cfg');
  for (const [options, words] of CASES) {
    writeFileSync(path, rig.configText(options));
    const { code, text } = run('shilling-cardd', ['--config', path, '--check']);
    assert.equal(code, 2, text);
    assert.match(text, /bad\.cfg:\d+: /);
    assert.match(text, words);
  }
  for (const good of ['pn532_uart:/dev/shilling-reader', 'pn532_uart:/dev/ttyUSB0:115200',
    'pn53x_usb', 'pn53x_usb:001:004', 'acr122_usb']) {
    writeFileSync(path, rig.configText({ connstring: good }));
    assert.equal(run('shilling-cardd', ['--config', path, '--check']).code, 0, good);
  }
  writeFileSync(path, rig.configText().replace('authority.pem', 'none.pem'));
  assert.match(run('shilling-cardd', ['--config', path, '--check']).text, /cannot be read/);
  writeFileSync(join(rig.dir, 'no.pem'), 'no key\n');
  writeFileSync(path, rig.configText().replace('authority.pem', 'no.pem'));
  assert.match(run('shilling-cardd', ['--config', path, '--check']).text, /no public Ed25519 key/);
  assert.equal(run('shilling-cardd-worker', []).code, 2);
});

const LOOKS = process.env.SHILLING_ALL ? 10000 : 300;

terminal(`${LOOKS} looks back to back leave no descriptor behind`, async (rig, t) => {
  await rig.ctl('counts reset');
  const pid = rig.worker();
  const fds = fdsOf(pid);
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`))[1]);
  rig.client.poll('idle');
  await wait(200);
  const before1 = memory();
  let selects = 0;
  for (let i = 0; selects < LOOKS; i += 1) {
    rig.client.poll(i % 2 === 0 ? 'active' : 'idle');
    await wait(5);
    selects = i % 50 === 0 ? (await rig.counts()).selects : selects;
  }
  rig.client.poll('active');
  assert.equal(rig.worker(), pid, 'the worker was started again');
  assert.equal(fdsOf(pid), fds);
  t.diagnostic(`${selects} looks, ${fds} descriptors, ${before1} -> ${memory()} kB`);
  assert.ok(memory() - before1 < 1000);
}, { timeout: 900000, pool: fresh });

terminal('SIGTERM ends both after the write under way', async (rig) => {
  const { card } = await rig.laid('last');
  const worker = rig.worker();
  await rig.ctl('counts reset');
  await rig.ctl('fault delay write=1 ms=300');
  const asked = rig.client.ask(writeRequest(rig.key, card, NEW));
  await until('the write to be under way', async () => (await rig.counts()).writes >= 1, 5000, 5);
  const end = rig.processes.stop('cardd');
  assert.equal((await asked).outcome, 'done');
  assert.equal((await end).code, 0);
  assert.throws(() => process.kill(worker, 0));
}, { pool: doomed });

describe('the card driver', { concurrency: WIDE }, () => {
  tests.forEach(([name, options, body]) => test(name, options, body));
});
