// SPDX-License-Identifier: Apache-2.0

// The desk's tool for cards: the real program on the emulated reader. What must stand on a card is
// computed here anew, from docs/cards.md; the server's desk is played, so that it can be spoiled
// and a card can be cut at each of its writes. Several readers are tried at a time.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Counter, CUSTOMER, PASSWORD, run, SIGNED } from './lib/counter.mjs';
import { atBlock, blankImage, returnRecord } from './lib/desk_cards.mjs';
import { Pool } from './lib/pool.mjs';
import { program, until, wait } from './lib/rig.mjs';
import { credit, image, METER, sectorKey, UID } from './lib/shlc1.mjs';

const ALL = process.env.SHILLING_ALL === '1';
const SEED = Number(process.env.SHILLING_SEED ?? 1);
const OTHER_UID = '5B9C2D3E';
const WRITES = 61; // three data blocks of 15 sectors, 16 trailers
const DONE = 0;
const FAILED = 1;
const USAGE = 2;
const UNFINISHED = 3;

const COUNTERS = 3; // this tool hardly waits: more of them would miss libnfc's time-outs
const counters = new Pool(() => new Counter(), COUNTERS);
after(() => counters.finish());

const tests = [];

/** A test at a counter with an empty reader, a desk that knows two meters, and a blank card. */
function card(name, body) {
  tests.push([name, () => counters.use(async (rig) => {
    await rig.begin();
    await body(rig);
  })]);
}

/** The same for every place, at all counters. */
function cards(name, places, body) {
  tests.push([name, () => counters.each(places, async (rig, place) => {
    await rig.begin();
    await body(rig, place);
  })]);
}

// ---- a card's way ----

card('a blank card becomes the card of a meter', async (rig) => {
  await rig.ctl('lay a');
  const alone = await rig.tool(['read'], { server: false });
  assert.match(alone.out, /card 4A8B1C2D: MIFARE Classic 1K[^]*a blank card[^]*not asked/);
  const unknown = await rig.tool(['--json', 'read']);
  assert.equal(JSON.parse(unknown.out).standing, 'blank');
  assert.equal(JSON.parse(unknown.out).register, null);

  const opened = await rig.tool(['open', 'm1', CUSTOMER]);
  assert.equal(opened.code, DONE, opened.out);
  assert.match(opened.out, /card 4A8B1C2D is finished: card 1 of meter m1/);
  assert.deepEqual(rig.imageOf('a'), rig.wanted());
  assert.equal(await rig.writes(), WRITES);
  const report = JSON.parse((await rig.tool(['--json', 'read'])).out);
  assert.equal(report.standing, 'finished');
  assert.equal(report.issue.customer, CUSTOMER);
  assert.equal(report.issue.as_registered, true);
});

card('Debian\'s nfc-mfclassic reads a finished card with its keys', async (rig) => {
  await rig.ctl('lay a');
  assert.equal((await rig.tool(['open', 'm1'])).code, DONE);
  const dump = join(rig.dir, 'dump.mfd');
  writeFileSync(join(rig.dir, 'keys.mfd'), rig.wanted());
  for (const which of ['A', 'B']) {
    const read = await run('nfc-mfclassic', ['r', which, 'u', dump, join(rig.dir, 'keys.mfd'), 'f'],
      { env: { LIBNFC_DEFAULT_DEVICE: `pn532_uart:${rig.paths.link}`,
        LIBNFC_AUTO_SCAN: 'false' } });
    assert.match(read.out, /Done, 64 of 64 blocks read/, read.out);
    assert.deepEqual(readFileSync(dump), rig.wanted());
  }
});

card('a finished card in use is never written again', async (rig) => {
  const bytes = rig.usedImage({ slots: [credit(8), credit(8)] });
  await rig.laid('a', bytes);
  for (const words of [['personalise'], ['open', 'm1']]) {
    assert.equal((await rig.tool(words)).code, DONE);
  }
  assert.deepEqual(rig.imageOf('a'), bytes);
  assert.equal(await rig.writes(), 0);
});

card('another issue record on a finished card is written anew', async (rig) => {
  const bytes = rig.usedImage({});
  bytes[atBlock(5, 1)] ^= 1;
  await rig.laid('a', bytes);
  assert.match((await rig.tool(['read'])).out, /NOT the one of the register/);
  assert.equal((await rig.tool(['personalise'])).code, DONE);
  assert.deepEqual(rig.imageOf('a'), rig.wanted());
});

// ---- cut at each write ----

const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const pairs = (firsts, seconds) => firsts.flatMap((a) => seconds(a).map((b) => [a, b]));

/* Sector 0's trailer; sector 1, the first with data; any later one, all alike; the last sector. */
const LATER = 6 + 4 * (SEED % 13);
const CUTS = ALL ? range(1, WRITES)
  : [...range(1, 5), ...range(LATER, LATER + 3), ...range(WRITES - 3, WRITES)];

/* The card leaves with the n-th write, which was not begun, or done. A trailer in pieces may lock
 * its sector: that has a test of its own. */
cards(`a card that is taken away at any write is finished by the same command (${CUTS.length} ` +
  `of ${WRITES}, seed ${SEED})`, pairs(CUTS, () => ['before', 'after']),
  async (rig, [n, how]) => {
    rig.desk.register(UID, 'm1');
    await rig.laid('a', blankImage());
    await rig.ctl(`fault tear write=${n} how=${how}`);
    const cut = await rig.tool(['personalise']);
    assert.equal(cut.code, UNFINISHED, `${how} ${n}: ${cut.out}`);
    assert.match(cut.out, /lay card 4A8B1C2D back[^]*not finished: give the same command again/);
    await rig.ctl('lay a');
    const again = await rig.tool(['personalise']);
    assert.equal(again.code, DONE, `${how} ${n}: ${again.out}`);
    assert.deepEqual(rig.imageOf('a'), rig.wanted());
  });

const WEAK = ['front k=5', 'back k=9', 'zeros', 'ones', 'random', 'unstable', 'weak'];

cards('data in pieces, or written weakly, is found by the reading after a field reset',
  pairs(WEAK, (how) => [2, 30].map((n) => n + WEAK.indexOf(how))), // the first write is a trailer
  async (rig, [how, n]) => {
    rig.desk.register(UID, 'm1');
    await rig.laid('a', blankImage());
    await rig.ctl(`fault tear write=${n} how=${how} stay=1`);
    const done = await rig.tool(['personalise'], { wait: 2 });
    assert.equal(done.code, DONE, `${how} ${n}: ${done.out}`);
    await rig.ctl('take');
    assert.deepEqual(rig.imageOf('a'), rig.wanted(), `${how} ${n}`);
  });

cards('a trailer that was cut while its keys were written is finished',
  pairs(['front k=3', 'front k=6', 'front k=12', 'back k=4', 'back k=11'], () => [1, 50, WRITES]),
  async (rig, [how, n]) => {
    rig.desk.register(UID, 'm1');
    await rig.laid('a', blankImage());
    await rig.ctl(`fault tear write=${n} how=${how}`);
    assert.equal((await rig.tool(['personalise'])).code, UNFINISHED);
    await rig.ctl('lay a');
    assert.equal((await rig.tool(['personalise'])).code, DONE, `${how} ${n}`);
    await rig.ctl('take');
    assert.deepEqual(rig.imageOf('a'), rig.wanted(), `${how} ${n}`);
  });

card('a trailer whose access bits were cut spoils the card, and another takes its place',
  async (rig) => {
    rig.desk.register(UID, 'm1');
    for (const n of [1, 50]) {
      await rig.laid('a', blankImage());
      await rig.ctl(`fault tear write=${n} how=front k=7`);
      assert.equal((await rig.tool(['personalise'])).code, UNFINISHED);
      await rig.ctl('lay a');
      const spoiled = await rig.tool(['personalise']);
      assert.equal(spoiled.code, FAILED);
      assert.match(spoiled.out, /is spoiled: sector \d+ opens to no key/);
    }
    assert.match((await rig.tool(['read'])).out, /lay it aside, 'replace' it/);

    await rig.laid('b', blankImage(OTHER_UID));
    await rig.ctl('fault tear write=20 how=before');
    assert.equal((await rig.tool(['replace', UID])).code, UNFINISHED);
    await rig.ctl('lay b');
    const replaced = await rig.tool(['replace', UID]);
    assert.equal(replaced.code, DONE, replaced.out);
    assert.match(replaced.out, /the old card counts no more/);
    assert.equal(rig.desk.cards.get(UID).state, 'replaced');
    assert.deepEqual(rig.imageOf('b'), rig.wanted(OTHER_UID));
  });

// ---- what is not written ----

card('cards that are not blank are refused, and stay as they are', async (rig) => {
  const locked = blankImage();
  Buffer.from('A0A1A2A3A4A5787788C1FFFFFFFFFFFF', 'hex').copy(locked, atBlock(7, 3));
  const holding = blankImage();
  holding[atBlock(9, 1)] = 1;
  const theirs = image({ slots: [] }); // by its keys ours, but in no register
  for (const [bytes, words] of [[locked, /sector 7 is locked/], [holding, /sector 9 holds data/],
    [theirs, /sector 0 is locked/]]) {
    await rig.laid('a', bytes);
    const refused = await rig.tool(['open', 'm1']);
    assert.equal(refused.code, FAILED);
    assert.match(refused.out, words);
    assert.deepEqual(rig.imageOf('a'), bytes);
  }
  assert.equal(rig.desk.cards.size, 0, 'nothing was registered');
  assert.equal(await rig.writes(), 0);
  assert.match((await rig.tool(['read'])).out, /another site's or system's/);
});

card('cards of another kind, of another meter, and two at once', async (rig) => {
  for (const [kind, words] of [['phone', /a phone/],
    ['bank', /no MIFARE Classic, DESFire or purchase card/]]) {
    await rig.ctl('take').catch(() => {});
    await rig.ctl(`new ${kind} ${kind}`);
    await rig.ctl(`lay ${kind}`);
    const refused = await rig.tool(['open', 'm1']);
    assert.equal(refused.code, FAILED);
    assert.match(refused.out, words);
  }
  rig.desk.register(UID, 'm2');
  await rig.laid('a', blankImage());
  assert.match((await rig.tool(['open', 'm1'])).out, /is the card of meter m2 already/);
  rig.card('b', blankImage(OTHER_UID));
  await rig.ctl('lay b');
  assert.match((await rig.tool(['open', 'm1'])).out, /two cards/);
  await rig.ctl('take');
  assert.match((await rig.tool(['open', 'm1'])).out, /no card was laid/);
  assert.equal(await rig.writes(), 0);
});

card('two cards that are seen in turn are two cards, and the wait for one ends', async (rig) => {
  rig.card('other', blankImage(OTHER_UID));
  await rig.ctl('lay a');
  for (let look = 1; look <= 31; look += 1) { /* it asks twice a look, for a second card */
    await rig.ctl(`fault swap card=${look % 2 ? 'other' : 'a'} select=${2 * look + 1}`);
  }
  const { code, out } = await rig.tool(['read'], { wait: 1, server: false });
  assert.equal(code, FAILED, out);
  assert.match(out, /two cards/);
});

card('the server\'s refusals are said, and no card is written with unsound keys', async (rig) => {
  await rig.ctl('lay a');
  assert.match((await rig.tool(['personalise'])).out,
    /4A8B1C2D is not in the register: 'open METER'/);
  assert.match((await rig.tool(['open', 'nowhere'])).out, /knows no such meter/);
  assert.equal((await rig.tool(['open', 'm1', '12'])).code, USAGE);
  rig.desk.register(OTHER_UID, 'm1');
  assert.match((await rig.tool(['open', 'm1'])).out, /this meter has a card/);
  const other = await rig.tool(['open', 'm2', CUSTOMER]);
  assert.match(other.out, /customer is 000000000000, not 000000000042: the card was not written/);
  rig.desk.spoil = (json) => (json.trailers ? { ...json,
    trailers: json.trailers.map((hex) => hex.replace('78778869', '787788FF')) } : json);
  assert.match((await rig.tool(['personalise'])).out, /not of the format SHL-C1/);
  rig.desk.spoil = (json) => ({ ...json, trailers: [] });
  assert.match((await rig.tool(['personalise'])).out, /cannot be understood/);
  rig.desk.spoil = null;
  rig.desk.cards.get(UID).state = 'blocked';
  assert.match((await rig.tool(['personalise'])).out, /has this card as blocked/);
  assert.equal(await rig.writes(), 0);
});

// ---- trouble in the middle ----

card('another card in the middle is named, and the right one is waited for', async (rig) => {
  await rig.ctl('lay a');
  rig.card('b', blankImage(OTHER_UID));
  await rig.ctl('fault swap exchange=300 card=b');
  const waiting = rig.tool(['open', 'm1'], { wait: 20 });
  await until('the other card to lie', async () => await rig.ctl('faults') === '[]', 15000);
  await wait(3000); // it is looked at twice and named
  await rig.ctl('swap a');
  const done = await waiting;
  assert.equal(done.code, DONE, done.out);
  assert.match(done.out, /that is card 5B9C2D3E: lay card 4A8B1C2D back/);
  assert.deepEqual(rig.imageOf('a'), rig.wanted());
  assert.deepEqual(rig.imageOf('b'), blankImage(OTHER_UID));
});

cards('a reader that is unplugged, hangs, loses power or speaks nonsense', [
  ['unplug write=30', UNFINISHED, /does not answer any more: look at its cable/],
  ['mute write=30', UNFINISHED, /does not answer any more/],
  ['power-cut write=30', DONE, /finished/],
  ['status exchange=200 value=80', UNFINISHED, /sent nonsense/],
  ['cut exchange=200 byte=5', DONE, /finished/],
], async (rig, [fault, code, words]) => {
  rig.desk.register(UID, 'm1');
  await rig.laid('a', blankImage());
  await rig.ctl(`fault ${fault}`);
  const hit = await rig.tool(['personalise'], { wait: 1 });
  assert.equal(hit.code, code, `${fault}: ${hit.out}`);
  assert.match(hit.out, words);
  await rig.ctl('plug').catch(() => {});
  await rig.ctl('mute off');
  await rig.ctl('lay a').catch(() => {});
  const again = await rig.tool(['personalise'], { wait: 1 });
  assert.equal(again.code, DONE, `${fault}: ${again.out}`);
  assert.deepEqual(rig.imageOf('a'), rig.wanted(), fault);
});

card('a stop from outside waits for the end of a sector; the card can be finished', async (rig) => {
  rig.desk.register(UID, 'm1');
  for (const [n, signal] of [[5, 'SIGINT'], [20, 'SIGTERM'], [33, 'SIGINT'], [41, 'SIGTERM']]) {
    await rig.laid('a', blankImage());
    await rig.ctl('counts reset');
    await rig.ctl('baud 115200'); // slow enough to be met in it
    const child = spawn(program('shilling-cardctl'), [...rig.base(), '--cloud', rig.desk.path,
      ...SIGNED, 'personalise'], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.end(PASSWORD);
    const ended = once(child, 'exit');
    while (child.exitCode === null && await rig.writes() < n) {
      await wait(2);
    }
    process.kill(-child.pid, signal); // as a terminal does: the whole group
    const [code, by] = await ended;
    assert.ok(code === UNFINISHED || by === 'SIGTERM', `${code} ${by}`);
    await until('the program\'s child to end with its sector', async () =>
      (await run('flock', ['-n', join(rig.dir, 'lock'), 'true'])).code === 0, 5000);
    await rig.ctl('baud 0');
    const again = await rig.tool(['personalise']);
    assert.equal(again.code, DONE, again.out);
    assert.deepEqual(rig.imageOf('a'), rig.wanted());
  }
});

card('the card driver holds the reader', async (rig) => {
  const client = await rig.startCardd();
  await until('the driver to have the reader', async () =>
    (await client.status()).state === 'ready', 5000);
  const words = ['--reader', `pn532_uart:${rig.paths.link}`, '--lock', join(rig.dir,
    'reader.lock'), '--wait', '0', 'read'];
  const held = await run(program('shilling-cardctl'), words);
  assert.equal(held.code, FAILED);
  assert.match(held.out, /in use by shilling-cardd-worker \(process \d+\)/);
  await rig.processes.stop('cardd');
  await rig.laid('a', blankImage());
  assert.equal((await run(program('shilling-cardctl'), words)).code, DONE);
});

card('no reader, a held reader, no server', async (rig) => {
  const missing = await run(program('shilling-cardctl'), ['--reader',
    `pn532_uart:${join(rig.dir, 'none')}`, '--lock', join(rig.dir, 'lock'), 'read']);
  assert.equal(missing.code, FAILED);
  assert.match(missing.out, /no reader at .*none: No such file/);
  const held = await run('flock', [join(rig.dir, 'lock'), program('shilling-cardctl'),
    ...rig.base(), 'read']);
  assert.equal(held.code, FAILED);
  assert.match(held.out, /in use by flock \(process \d+\).*systemctl stop shilling-cardd/);
  await rig.ctl('lay a');
  const nobody = await run(program('shilling-cardctl'), [...rig.base(), '--cloud',
    join(rig.dir, 'nobody.sock'), ...SIGNED, 'open', 'm1'], { input: PASSWORD });
  assert.match(nobody.out, /the server cannot be reached: .*nobody\.sock/);
  assert.match((await rig.tool(['open', 'm1'], { server: false })).out, /--cloud/);
  assert.equal(await rig.writes(), 0);
});

card('wrong usage', async (rig) => {
  for (const words of [[], ['fly'], ['open'], ['open', 'm1', CUSTOMER, 'more'], ['read', 'more'],
    ['--wait', 'long', 'read'], ['--colour', 'red', 'read'], ['replace', 'XYZ'],
    ['find', '1/2'], ['block', '12'], ['return-case', 'end', 'O1']]) {
    assert.equal((await rig.tool(words)).code, USAGE, words.join(' '));
  }
  const help = await run(program('shilling-cardctl'), ['--help']);
  assert.equal(help.code, DONE);
  assert.match(help.out, /^usage: shilling-cardctl/);
});

// ---- who signs ----

const SIGNED_COMMANDS = [['read'], ['open', 'm1'], ['personalise'], ['replace', OTHER_UID],
  ['take-return'], ['block'], ['block', OTHER_UID], ['lost', OTHER_UID], ['unblock', OTHER_UID],
  ['return-case', 'begin', 'O1'], ['return-case', 'paid', 'C1']];

card('nobody is served who does not sign', async (rig) => {
  rig.desk.register(OTHER_UID, 'm2');
  await rig.ctl('lay a');
  const before = await rig.counts();
  for (const words of SIGNED_COMMANDS) {
    const nobody = await rig.tool(words, { signed: false });
    assert.equal(nobody.code, USAGE, words.join(' '));
    assert.match(nobody.out, /somebody must sign for this: give --person NAME/);
    const mute = await rig.tool(words, { input: '' });
    assert.equal(mute.code, FAILED, words.join(' '));
    assert.match(mute.out, /no password of ann was given/);
  }
  assert.deepEqual(await rig.counts(), before, 'the reader was not touched');
  assert.deepEqual(rig.desk.calls, []);
  for (const words of SIGNED_COMMANDS) {
    const wrong = await rig.tool(words, { input: 'wrong\n' });
    assert.equal(wrong.code, FAILED, words.join(' '));
    assert.match(wrong.out, /wrong name or password/);
  }
  assert.equal(await rig.writes(), 0);
  assert.deepEqual(rig.imageOf('a'), blankImage());
  assert.deepEqual([...rig.desk.cards.values()].map(({ uid, state }) => [uid, state]),
    [[OTHER_UID, 'open']]);
});

card('a person is asked once and signs each call; looking needs nobody', async (rig) => {
  await rig.ctl('lay a');
  assert.equal((await rig.tool(['open', 'm1'])).code, DONE);
  assert.deepEqual(rig.desk.calls.map(({ path, body }) => [path, body.person, body.password]),
    [[`/v1/admin/cards/${UID}/keys`, 'ann', 'right'], ['/v1/admin/cards', 'ann', 'right']]);
  for (const words of [['find', UID], ['list'], ['return-case', 'show', 'O1']]) {
    const { code, out } = await rig.tool(words, { signed: false, input: '' });
    assert.equal(code, DONE, out);
  }
});

// ---- explaining ----

card('read explains a good card', async (rig) => {
  await rig.laid('a', rig.usedImage({ slots: [credit(8), credit(8)],
    returns: [returnRecord(41), returnRecord(41)] }));
  const { code, out } = await rig.tool(['read']);
  assert.equal(code, DONE, out);
  assert.match(out, /token N 8 \(purchase\), total bought T 800\.00 yuan, this time 100\.00 yuan/);
  assert.match(out, /slot 2: equal to slot 1/);
  assert.match(out, /meter's word no\. 41: balance 43\.21 yuan, has taken N 7, T 700\.00 yuan/);
  assert.match(out, /energy 1234\.56 kWh.*relay open/);
  assert.match(out, /so: in order/);
  const report = JSON.parse((await rig.tool(['--json', 'read'])).out);
  assert.deepEqual([report.credit.equal, report.credit.slots[0].n, report.return.slots[1].seq],
    [true, 8, 41]);
  assert.deepEqual(report.credit.slots.map((slot) => slot.worth), ['true', 'true']);
});

card('read explains a torn, a forged and a rolled-back record, and writes nothing', async (rig) => {
  const torn = credit(9);
  torn.fill(0, 32);
  await rig.laid('a', rig.usedImage({ slots: [torn, credit(8)] }));
  assert.match((await rig.tool(['read'])).out, /slot 1: torn: its write was cut[^]*slot 2 counts/);

  const forged = credit(9);
  forged[40] ^= 1;
  await rig.laid('a', rig.usedImage({ slots: [forged, forged] }));
  const { out } = await rig.tool(['read']);
  assert.match(out, /FORGED: whole, but not signed by us[^]*so: a record on it is forged/);

  const bytes = rig.usedImage({ returns: [returnRecord(40), returnRecord(40)] });
  rig.desk.meters.get('m1').seenSeq = 41;
  await rig.laid('a', bytes);
  assert.match((await rig.tool(['read'])).out, /ROLLED BACK: .*\(no\. 41\)/);
  assert.deepEqual(rig.imageOf('a'), bytes);
  assert.equal(await rig.writes(), 0);
});

card('read tells a begun card, and what can be known without keys', async (rig) => {
  rig.desk.register(UID, 'm1');
  const begun = blankImage();
  rig.wanted().copy(begun, atBlock(0, 3), atBlock(0, 3), atBlock(1, 0));
  await rig.laid('a', begun);
  const { out } = await rig.tool(['read']);
  assert.match(out, /begun and not finished[^]*sectors: 0 ours, 1 blank/);
  assert.match((await rig.tool(['read'], { server: false })).out,
    /whose it is, only the server's keys/);
  for (const sector of [0, 5]) { // keys stay inside
    const key = sectorKey(sector, 'B').toString('hex');
    assert.equal(out.toLowerCase().includes(key), false);
  }
});

// ---- the register ----

card('take-return hands the meter\'s word to the server', async (rig) => {
  await rig.laid('a', rig.usedImage({ returns: [returnRecord(41), returnRecord(40)] }));
  const taken = await rig.tool(['take-return']);
  assert.equal(taken.code, DONE, taken.out);
  const call = rig.desk.calls.find(({ path, body }) => path.endsWith('/reading') && body.take);
  assert.deepEqual(call.body.return.map((hex) => hex.toLowerCase()),
    [returnRecord(41), returnRecord(40)].map((record) => record.toString('hex')));
  assert.equal(rig.desk.meters.get('m1').seenSeq, 41);
});

card('find, list, block, lost, unblock and return cases', async (rig) => {
  rig.desk.register(UID, 'm1');
  assert.match((await rig.tool(['find', UID])).out, /"state": "open"/);
  assert.match((await rig.tool(['find', OTHER_UID])).out, /5B9C2D3E is not in the register/);
  await rig.laid('a', blankImage());
  assert.match((await rig.tool(['block'])).out, /card 4A8B1C2D is blocked/);
  assert.equal(rig.desk.cards.get(UID).state, 'blocked');
  assert.equal((await rig.tool(['lost', UID.toLowerCase()])).code, DONE);
  assert.equal((await rig.tool(['unblock', UID])).code, DONE);
  assert.equal(rig.desk.cards.get(UID).state, 'open');
  assert.match((await rig.tool(['list'])).out, /"cases"/);
  assert.match((await rig.tool(['return-case', 'begin', 'O1'])).out, /"stage": "ASKED"/);
  assert.match((await rig.tool(['return-case', 'begin', 'O1', 'ann'], { signed: false })).out,
    /"stage": "ASKED"/);
  assert.match((await rig.tool(['return-case', 'begin', 'O1', 'bob'])).out,
    /wrong name or password/);
  assert.match((await rig.tool(['return-case', 'show', 'O1'])).out, /"case_no": "C1"/);
  assert.match((await rig.tool(['return-case', 'show', 'C1'])).out, /"stage": "REVERSED"/);
  assert.equal((await rig.tool(['return-case', 'show', 'O2'])).code, FAILED);
  assert.equal((await rig.tool(['return-case', 'show', '../cards'])).code, USAGE);
  assert.match((await rig.tool(['return-case', 'paid', 'C1'])).out,
    /refused: nothing_owed: its payout is "paid", signed by li\+wang/);
});

describe('the desk\'s tool', { concurrency: COUNTERS }, () => {
  tests.forEach(([name, body]) => test(name, { timeout: 600000 }, body));
});
