// SPDX-License-Identifier: Apache-2.0

// The desk's tool for cards: the real program on the emulated reader. What must stand on a card is
// computed here anew, from docs/cards.md; the server's desk is played, so that it can be spoiled
// and a card can be cut at each of its writes.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { CardDesk } from './lib/desk.mjs';
import { atBlock, blankImage, returnRecord } from './lib/desk_cards.mjs';
import { program, Rig, until, wait } from './lib/rig.mjs';
import { credit, image, METER, sectorKey, UID } from './lib/shlc1.mjs';

const ALL = process.env.SHILLING_ALL === '1';
const CUSTOMER = '000000000042';
const OTHER_UID = '5B9C2D3E';
const WRITES = 61; // three data blocks of 15 sectors, 16 trailers
const DONE = 0;
const FAILED = 1;
const USAGE = 2;
const UNFINISHED = 3;

let rig;
let desk;

before(async () => {
  rig = new Rig();
  await rig.startReader();
});

after(async () => {
  await rig.finish();
});

/** Run to its end: {code, out}. */
function run(command, args, { input, env = {} } = {}) {
  return new Promise((done) => {
    const child = execFile(command, args, { timeout: 40000, killSignal: 'SIGKILL',
      env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      done({ code: error ? error.code : 0, out: stdout + stderr }));
    child.stdin.end(input ?? '');
  });
}

/** A test with an empty reader, a desk that knows two meters, and a blank card. */
function card(name, body) {
  test(name, async () => {
    await rig.ctl('take').catch(() => {});
    await rig.ctl('fault clear');
    await rig.ctl('counts reset');
    desk = new CardDesk();
    desk.addMeter('m1', METER, CUSTOMER);
    desk.addMeter('m2', '000087654321');
    await desk.start(join(rig.dir, 'admin.sock'));
    rig.card('a', blankImage());
    try {
      await body();
    } finally {
      await desk.stop();
    }
  });
}

const base = () => ['--reader', `pn532_uart:${rig.paths.link}`, '--lock', join(rig.dir, 'lock')];

/** The program with words, at the desk. */
function ctl(words, { wait = 0, input, server = true } = {}) {
  return run(program('shilling-cardctl'), [...base(), '--wait', String(wait),
    ...(server ? ['--cloud', desk.path] : []), ...words], { input });
}

const writes = async () => (await rig.counts()).writes;
const imageOf = (name) => readFileSync(join(rig.paths.cards, `${name}.mfd`));
const wanted = (uid = UID) => image({ uid, slots: [], issue: desk.cards.get(uid).record });

async function laid(name, bytes) {
  await rig.ctl('take').catch(() => {});
  rig.card(name, bytes);
  await rig.ctl(`lay ${name}`);
}

/** A finished card with records on it, not laid yet. */
const usedImage = ({ slots = [], returns = [] }) =>
  image({ slots, returns, issue: desk.register(UID, 'm1').record });

// ---- a card's way ----

card('a blank card becomes the card of a meter', async () => {
  await rig.ctl('lay a');
  const alone = await ctl(['read'], { server: false });
  assert.match(alone.out, /card 4A8B1C2D: MIFARE Classic 1K[^]*a blank card[^]*not asked/);
  const unknown = await ctl(['--json', 'read']);
  assert.equal(JSON.parse(unknown.out).standing, 'blank');
  assert.equal(JSON.parse(unknown.out).register, null);

  const opened = await ctl(['open', 'm1', CUSTOMER]);
  assert.equal(opened.code, DONE, opened.out);
  assert.match(opened.out, /card 4A8B1C2D is finished: card 1 of meter m1/);
  assert.deepEqual(imageOf('a'), wanted());
  assert.equal(await writes(), WRITES);
  const report = JSON.parse((await ctl(['--json', 'read'])).out);
  assert.equal(report.standing, 'finished');
  assert.equal(report.issue.customer, CUSTOMER);
  assert.equal(report.issue.as_registered, true);
});

card('Debian\'s nfc-mfclassic reads a finished card with its keys', async () => {
  await rig.ctl('lay a');
  assert.equal((await ctl(['open', 'm1'])).code, DONE);
  const dump = join(rig.dir, 'dump.mfd');
  writeFileSync(join(rig.dir, 'keys.mfd'), wanted());
  for (const which of ['A', 'B']) {
    const read = await run('nfc-mfclassic', ['r', which, 'u', dump, join(rig.dir, 'keys.mfd'), 'f'],
      { env: { LIBNFC_DEFAULT_DEVICE: `pn532_uart:${rig.paths.link}`,
        LIBNFC_AUTO_SCAN: 'false' } });
    assert.match(read.out, /Done, 64 of 64 blocks read/, read.out);
    assert.deepEqual(readFileSync(dump), wanted());
  }
});

card('a finished card in use is never written again', async () => {
  const bytes = usedImage({ slots: [credit(8), credit(8)] });
  await laid('a', bytes);
  for (const words of [['personalise'], ['open', 'm1']]) {
    assert.equal((await ctl(words)).code, DONE);
  }
  assert.deepEqual(imageOf('a'), bytes);
  assert.equal(await writes(), 0);
});

card('another issue record on a finished card is written anew', async () => {
  const bytes = usedImage({});
  bytes[atBlock(5, 1)] ^= 1;
  await laid('a', bytes);
  assert.match((await ctl(['read'])).out, /NOT the one of the register/);
  assert.equal((await ctl(['personalise'])).code, DONE);
  assert.deepEqual(imageOf('a'), wanted());
});

// ---- cut at each write ----

/* The card leaves with the n-th write, which was not begun, done, or left in pieces. A trailer in
 * pieces may lock its sector: that has a test of its own. */
card('a card that is taken away at any write is finished by the same command', async () => {
  desk.register(UID, 'm1');
  for (let n = 1; n <= WRITES; n += 1) {
    for (const how of ALL ? ['before', 'after'] : [n % 2 === 0 ? 'before' : 'after']) {
      await laid('a', blankImage());
      await rig.ctl(`fault tear write=${n} how=${how}`);
      const cut = await ctl(['personalise']);
      assert.equal(cut.code, UNFINISHED, `${how} ${n}: ${cut.out}`);
      assert.match(cut.out, /lay card 4A8B1C2D back[^]*not finished: give the same command again/);
      await rig.ctl('lay a');
      const again = await ctl(['personalise']);
      assert.equal(again.code, DONE, `${how} ${n}: ${again.out}`);
      assert.deepEqual(imageOf('a'), wanted());
    }
  }
});

card('data in pieces, or written weakly, is found by the reading after a field reset', async () => {
  desk.register(UID, 'm1');
  const hows = ['front k=5', 'back k=9', 'zeros', 'ones', 'random', 'unstable', 'weak'];
  for (const [i, how] of hows.entries()) {
    for (const n of [2 + i, 30 + i]) { // data blocks: the first write is a trailer
      await laid('a', blankImage());
      await rig.ctl(`fault tear write=${n} how=${how} stay=1`);
      const done = await ctl(['personalise'], { wait: 2 });
      assert.equal(done.code, DONE, `${how} ${n}: ${done.out}`);
      await rig.ctl('take');
      assert.deepEqual(imageOf('a'), wanted(), `${how} ${n}`);
    }
  }
});

card('a trailer that was cut while its keys were written is finished', async () => {
  desk.register(UID, 'm1');
  const hows = ['front k=3', 'front k=6', 'front k=12', 'back k=4', 'back k=11'];
  for (const how of hows) {
    for (const n of [1, 50, WRITES]) {
      await laid('a', blankImage());
      await rig.ctl(`fault tear write=${n} how=${how}`);
      assert.equal((await ctl(['personalise'])).code, UNFINISHED);
      await rig.ctl('lay a');
      assert.equal((await ctl(['personalise'])).code, DONE, `${how} ${n}`);
      await rig.ctl('take');
      assert.deepEqual(imageOf('a'), wanted(), `${how} ${n}`);
    }
  }
});

card('a trailer whose access bits were cut spoils the card, and another takes its place',
  async () => {
    desk.register(UID, 'm1');
    for (const n of [1, 50]) {
      await laid('a', blankImage());
      await rig.ctl(`fault tear write=${n} how=front k=7`);
      assert.equal((await ctl(['personalise'])).code, UNFINISHED);
      await rig.ctl('lay a');
      const spoiled = await ctl(['personalise']);
      assert.equal(spoiled.code, FAILED);
      assert.match(spoiled.out, /is spoiled: sector \d+ opens to no key/);
    }
    assert.match((await ctl(['read'])).out, /lay it aside, 'replace' it/);

    await laid('b', blankImage(OTHER_UID));
    await rig.ctl('fault tear write=20 how=before');
    assert.equal((await ctl(['replace', UID])).code, UNFINISHED);
    await rig.ctl('lay b');
    const replaced = await ctl(['replace', UID]);
    assert.equal(replaced.code, DONE, replaced.out);
    assert.match(replaced.out, /the old card counts no more/);
    assert.equal(desk.cards.get(UID).state, 'replaced');
    assert.deepEqual(imageOf('b'), wanted(OTHER_UID));
  });

// ---- what is not written ----

card('cards that are not blank are refused, and stay as they are', async () => {
  const locked = blankImage();
  Buffer.from('A0A1A2A3A4A5787788C1FFFFFFFFFFFF', 'hex').copy(locked, atBlock(7, 3));
  const holding = blankImage();
  holding[atBlock(9, 1)] = 1;
  const theirs = image({ slots: [] }); // by its keys ours, but in no register
  for (const [bytes, words] of [[locked, /sector 7 is locked/], [holding, /sector 9 holds data/],
    [theirs, /sector 0 is locked/]]) {
    await laid('a', bytes);
    const refused = await ctl(['open', 'm1']);
    assert.equal(refused.code, FAILED);
    assert.match(refused.out, words);
    assert.deepEqual(imageOf('a'), bytes);
  }
  assert.equal(desk.cards.size, 0, 'nothing was registered');
  assert.equal(await writes(), 0);
  assert.match((await ctl(['read'])).out, /another site's or system's/);
});

card('cards of another kind, of another meter, and two at once', async () => {
  for (const [kind, words] of [['phone', /a phone/], ['desfire', /no MIFARE Classic/],
    ['bank', /no MIFARE Classic/]]) {
    await rig.ctl('take').catch(() => {});
    await rig.ctl(`new ${kind} ${kind}`);
    await rig.ctl(`lay ${kind}`);
    const refused = await ctl(['open', 'm1']);
    assert.equal(refused.code, FAILED);
    assert.match(refused.out, words);
  }
  desk.register(UID, 'm2');
  await laid('a', blankImage());
  assert.match((await ctl(['open', 'm1'])).out, /is the card of meter m2 already/);
  rig.card('b', blankImage(OTHER_UID));
  await rig.ctl('lay b');
  assert.match((await ctl(['open', 'm1'])).out, /two cards/);
  await rig.ctl('take');
  assert.match((await ctl(['open', 'm1'])).out, /no card was laid/);
  assert.equal(await writes(), 0);
});

card('the server\'s refusals are said, and a card is not written with unsound keys', async () => {
  await rig.ctl('lay a');
  assert.match((await ctl(['personalise'])).out, /4A8B1C2D is not in the register: 'open METER'/);
  assert.match((await ctl(['open', 'nowhere'])).out, /knows no such meter/);
  assert.equal((await ctl(['open', 'm1', '12'])).code, USAGE);
  desk.register(OTHER_UID, 'm1');
  assert.match((await ctl(['open', 'm1'])).out, /this meter has a card/);
  const other = await ctl(['open', 'm2', CUSTOMER]);
  assert.match(other.out, /customer is 000000000000, not 000000000042: the card was not written/);
  desk.spoil = (json) => (json.trailers ? { ...json,
    trailers: json.trailers.map((hex) => hex.replace('78778869', '787788FF')) } : json);
  assert.match((await ctl(['personalise'])).out, /not of the format SHL-C1/);
  desk.spoil = (json) => ({ ...json, trailers: [] });
  assert.match((await ctl(['personalise'])).out, /cannot be understood/);
  desk.spoil = null;
  desk.cards.get(UID).state = 'blocked';
  assert.match((await ctl(['personalise'])).out, /has this card as blocked/);
  assert.equal(await writes(), 0);
});

// ---- trouble in the middle ----

card('another card in the middle is named, and the right one is waited for', async () => {
  await rig.ctl('lay a');
  rig.card('b', blankImage(OTHER_UID));
  await rig.ctl('fault swap exchange=300 card=b');
  const waiting = ctl(['open', 'm1'], { wait: 20 });
  await new Promise((done) => setTimeout(done, 3000));
  await rig.ctl('swap a');
  const done = await waiting;
  assert.equal(done.code, DONE, done.out);
  assert.match(done.out, /that is card 5B9C2D3E: lay card 4A8B1C2D back/);
  assert.deepEqual(imageOf('a'), wanted());
  assert.deepEqual(imageOf('b'), blankImage(OTHER_UID));
});

card('a reader that is unplugged, hangs, loses power or speaks nonsense', async () => {
  desk.register(UID, 'm1');
  for (const [fault, code, words] of [
    ['unplug write=30', UNFINISHED, /does not answer any more: look at its cable/],
    ['mute write=30', UNFINISHED, /does not answer any more/],
    ['power-cut write=30', DONE, /finished/],
    ['status exchange=200 value=80', UNFINISHED, /sent nonsense/],
    ['cut exchange=200 byte=5', DONE, /finished/],
  ]) {
    await laid('a', blankImage());
    await rig.ctl(`fault ${fault}`);
    const hit = await ctl(['personalise'], { wait: 1 });
    assert.equal(hit.code, code, `${fault}: ${hit.out}`);
    assert.match(hit.out, words);
    await rig.ctl('plug').catch(() => {});
    await rig.ctl('mute off');
    await rig.ctl('lay a').catch(() => {});
    const again = await ctl(['personalise'], { wait: 1 });
    assert.equal(again.code, DONE, `${fault}: ${again.out}`);
    assert.deepEqual(imageOf('a'), wanted(), fault);
  }
});

card('a stop from outside waits for the end of a sector; the card can be finished', async () => {
  desk.register(UID, 'm1');
  for (const [n, signal] of [[5, 'SIGINT'], [20, 'SIGTERM'], [48, 'SIGINT'], [55, 'SIGTERM']]) {
    await laid('a', blankImage());
    await rig.ctl('counts reset');
    const child = spawn(program('shilling-cardctl'), [...base(), '--cloud', desk.path,
      'personalise'], { detached: true, stdio: 'ignore' });
    const ended = once(child, 'exit');
    while (child.exitCode === null && await writes() < n) {
      await wait(2);
    }
    process.kill(-child.pid, signal); // as a terminal does: the whole group
    const [code, by] = await ended;
    assert.ok(code === UNFINISHED || by === 'SIGTERM', `${code} ${by}`);
    await wait(300); // the program's child ends with its sector
    const again = await ctl(['personalise']);
    assert.equal(again.code, DONE, again.out);
    assert.deepEqual(imageOf('a'), wanted());
  }
});

card('the card driver holds the reader', async () => {
  const client = await rig.startCardd();
  await until('the driver to have the reader', async () =>
    (await client.status()).state === 'ready', 5000);
  const words = ['--reader', `pn532_uart:${rig.paths.link}`, '--lock', join(rig.dir,
    'reader.lock'), '--wait', '0', 'read'];
  const held = await run(program('shilling-cardctl'), words);
  assert.equal(held.code, FAILED);
  assert.match(held.out, /in use by shilling-cardd-worker \(process \d+\)/);
  await rig.processes.stop('cardd');
  await laid('a', blankImage());
  assert.equal((await run(program('shilling-cardctl'), words)).code, DONE);
});

card('no reader, a held reader, no server', async () => {
  const missing = await run(program('shilling-cardctl'), ['--reader',
    `pn532_uart:${join(rig.dir, 'none')}`, '--lock', join(rig.dir, 'lock'), 'read']);
  assert.equal(missing.code, FAILED);
  assert.match(missing.out, /no reader at .*none: No such file/);
  const held = await run('flock', [join(rig.dir, 'lock'), program('shilling-cardctl'), ...base(),
    'read']);
  assert.equal(held.code, FAILED);
  assert.match(held.out, /in use by flock \(process \d+\).*systemctl stop shilling-cardd/);
  await rig.ctl('lay a');
  const nobody = await run(program('shilling-cardctl'), [...base(), '--cloud',
    join(rig.dir, 'nobody.sock'), 'open', 'm1']);
  assert.match(nobody.out, /the server cannot be reached: .*nobody\.sock/);
  assert.match((await ctl(['open', 'm1'], { server: false })).out, /--cloud/);
  assert.equal(await writes(), 0);
});

card('wrong usage', async () => {
  for (const words of [[], ['fly'], ['open'], ['open', 'm1', CUSTOMER, 'more'], ['read', 'more'],
    ['--wait', 'long', 'read'], ['--colour', 'red', 'read'], ['replace', 'XYZ'],
    ['find', '1/2'], ['block', '12'],
    ['return-case', 'begin', 'O1']]) {
    assert.equal((await ctl(words)).code, USAGE, words.join(' '));
  }
  const help = await run(program('shilling-cardctl'), ['--help']);
  assert.equal(help.code, DONE);
  assert.match(help.out, /^usage: shilling-cardctl/);
});

// ---- explaining ----

card('read explains a good card', async () => {
  await laid('a', usedImage({ slots: [credit(8), credit(8)],
    returns: [returnRecord(41), returnRecord(41)] }));
  const { code, out } = await ctl(['read']);
  assert.equal(code, DONE, out);
  assert.match(out, /token N 8 \(purchase\), total bought T 800\.00 yuan, this time 100\.00 yuan/);
  assert.match(out, /slot 2: equal to slot 1/);
  assert.match(out, /meter's word no\. 41: balance 43\.21 yuan, has taken N 7, T 700\.00 yuan/);
  assert.match(out, /energy 1234\.56 kWh.*relay open/);
  assert.match(out, /so: in order/);
  const report = JSON.parse((await ctl(['--json', 'read'])).out);
  assert.deepEqual([report.credit.equal, report.credit.slots[0].n, report.return.slots[1].seq],
    [true, 8, 41]);
  assert.deepEqual(report.credit.slots.map((slot) => slot.worth), ['true', 'true']);
});

card('read explains a torn, a forged and a rolled-back record, and writes nothing', async () => {
  const torn = credit(9);
  torn.fill(0, 32);
  await laid('a', usedImage({ slots: [torn, credit(8)] }));
  assert.match((await ctl(['read'])).out, /slot 1: torn: its write was cut[^]*slot 2 counts/);

  const forged = credit(9);
  forged[40] ^= 1;
  await laid('a', usedImage({ slots: [forged, forged] }));
  const { out } = await ctl(['read']);
  assert.match(out, /FORGED: whole, but not signed by us[^]*so: a record on it is forged/);

  const bytes = usedImage({ returns: [returnRecord(40), returnRecord(40)] });
  desk.meters.get('m1').seenSeq = 41;
  await laid('a', bytes);
  assert.match((await ctl(['read'])).out, /ROLLED BACK: .*\(no\. 41\)/);
  assert.deepEqual(imageOf('a'), bytes);
  assert.equal(await writes(), 0);
});

card('read tells a begun card, and what can be known without keys', async () => {
  desk.register(UID, 'm1');
  const begun = blankImage();
  wanted().copy(begun, atBlock(0, 3), atBlock(0, 3), atBlock(1, 0));
  await laid('a', begun);
  const { out } = await ctl(['read']);
  assert.match(out, /begun and not finished[^]*sectors: 0 ours, 1 blank/);
  assert.match((await ctl(['read'], { server: false })).out, /whose it is, only the server's keys/);
  for (const sector of [0, 5]) { // keys stay inside
    const key = sectorKey(sector, 'B').toString('hex');
    assert.equal(out.toLowerCase().includes(key), false);
  }
});

// ---- the register ----

card('take-return hands the meter\'s word to the server', async () => {
  await laid('a', usedImage({ returns: [returnRecord(41), returnRecord(40)] }));
  const taken = await ctl(['take-return']);
  assert.equal(taken.code, DONE, taken.out);
  const call = desk.calls.find(({ path, body }) => path.endsWith('/reading') && body.take);
  assert.deepEqual(call.body.return.map((hex) => hex.toLowerCase()),
    [returnRecord(41), returnRecord(40)].map((record) => record.toString('hex')));
  assert.equal(desk.meters.get('m1').seenSeq, 41);
});

card('find, list, block, lost, unblock and return cases', async () => {
  desk.register(UID, 'm1');
  assert.match((await ctl(['find', UID])).out, /"state": "open"/);
  assert.match((await ctl(['find', OTHER_UID])).out, /5B9C2D3E is not in the register/);
  await laid('a', blankImage());
  assert.match((await ctl(['block'])).out, /card 4A8B1C2D is blocked/);
  assert.equal(desk.cards.get(UID).state, 'blocked');
  assert.equal((await ctl(['lost', UID.toLowerCase()])).code, DONE);
  assert.equal((await ctl(['unblock', UID])).code, DONE);
  assert.equal(desk.cards.get(UID).state, 'open');
  assert.match((await ctl(['list'])).out, /"cases"/);
  assert.match((await ctl(['return-case', 'begin', 'O1', 'ann'], { input: 'right\n' })).out,
    /"stage": "ASKED"/);
  assert.match((await ctl(['return-case', 'begin', 'O1', 'ann'], { input: 'wrong\n' })).out,
    /wrong name or password/);
  assert.match((await ctl(['return-case', 'show', 'O1'])).out, /"case_no": "C1"/);
  assert.equal((await ctl(['return-case', 'show', 'O2'])).code, FAILED);
});
