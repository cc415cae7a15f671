// SPDX-License-Identifier: Apache-2.0

// The desk's tool and DESFire cards: the real program on the emulated reader, the server's desk
// played. What must stand on a card is computed here anew, from docs/cards.md; a card leaves before
// each exchange, and answers are lost: the same command finishes it.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { PASSWORD, run, SIGNED } from './lib/counter.mjs';
import { CardDesk } from './lib/desk.mjs';
import { returnRecord } from './lib/desk_cards.mjs';
import { program, Rig } from './lib/rig.mjs';
import { credit, desfireKey, METER } from './lib/shlc1.mjs';

const UID = '04A1B2C3D4E5F6';
const OTHER_UID = '04FFEEDDCCBBAA';
const NOTHING = '00'.repeat(48);
const ALL = process.env.SHILLING_ALL === '1';
const STEP = ALL ? 1 : 5;
const DONE = 0;
const FAILED = 1;
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

/** A test with an empty reader, a desk that knows one meter, and a new card. */
function card(name, body) {
  test(name, async (t) => {
    await rig.ctl('take').catch(() => {});
    await rig.ctl('fault clear');
    desk = new CardDesk();
    desk.addMeter('m1', METER);
    await desk.start(join(rig.dir, 'admin.sock'));
    await fresh();
    try {
      await body(t);
    } finally {
      await desk.stop();
    }
  });
}

const file = () => join(rig.paths.cards, 'd.card');
const imageOf = () => readFileSync(file(), 'utf8');

let made = null; /* a new card, as the emulator makes it */

async function fresh() {
  await rig.ctl('take').catch(() => {});
  if (made === null) {
    await rig.ctl(`new d desfire ${UID}`);
    made = imageOf();
  }
  writeFileSync(file(), made);
}

function ctl(words, { wait = 0 } = {}) {
  const args = ['--reader', `pn532_uart:${rig.paths.link}`, '--lock', join(rig.dir, 'lock'),
    '--wait', String(wait), '--cloud', desk.path, ...SIGNED, ...words];
  return run(program('shilling-cardctl'), args, { input: PASSWORD });
}

const keysOf = () => [...imageOf().matchAll(/^key 01 ([0-9A-Fa-f]{32})$/gm)]
  .map(([, key]) => key.toUpperCase());
const filesOf = () => [...imageOf().matchAll(
  /^data (\d) backup (\S+) (\S+) 48 ([0-9A-Fa-f]{96})$/gm)].map((line) => line.slice(1, 5));

function checkFinished() {
  assert.deepEqual(keysOf(), [0, 1, 2, 3].map((number) =>
    desfireKey(number, UID).toString('hex').toUpperCase()));
  assert.deepEqual(filesOf().map((line) => line.map((word) => word.toUpperCase())),
    [['1', '01', '1F20', NOTHING], ['2', '01', '2F10', NOTHING]]);
}

/** Put records into the files of the card that does not lie there. */
function fill(creditRecord, returned) {
  writeFileSync(file(), imageOf().replace(/^(data 1 .* )\S+$/m, `$1${creditRecord.toString('hex')}`)
    .replace(/^(data 2 .* )\S+$/m, `$1${returned.toString('hex')}`));
}

card('a new card becomes the card of a meter', async () => {
  await rig.ctl('lay d');
  const opened = await ctl(['open', 'm1']);
  assert.equal(opened.code, DONE, opened.out);
  assert.match(opened.out, /card 04A1B2C3D4E5F6 is finished: card 1 of meter m1[^]*every file/);
  assert.equal(desk.cards.get(UID).media, 'desfire');
  checkFinished();
  const image = imageOf();
  for (const words of [['open', 'm1'], ['personalise']]) {
    assert.equal((await ctl(words)).code, DONE);
  }
  assert.equal(imageOf(), image, 'a finished card is never written again');
});

card('a card that leaves at any exchange is finished by the same command', async (t) => {
  desk.register(UID, 'm1', { media: 'desfire' });
  await rig.ctl('lay d');
  await rig.ctl('counts reset');
  assert.equal((await ctl(['personalise'])).code, DONE);
  const { exchanges } = await rig.counts();
  assert.ok(exchanges > 30, `${exchanges} exchanges`);
  let cut = 0;
  for (let n = 1; n <= exchanges; n += STEP) {
    for (const fault of [`remove exchange=${n}`, `lose exchange=${n + 2}`]) {
      await fresh();
      await rig.ctl('lay d');
      await rig.ctl(`fault ${fault}`);
      const first = await ctl(['personalise']);
      assert.ok([DONE, FAILED, UNFINISHED].includes(first.code), `${fault}: ${first.out}`);
      cut += first.code === UNFINISHED ? 1 : 0;
      await rig.ctl('fault clear');
      await rig.ctl('take').catch(() => {});
      await rig.ctl('lay d');
      const again = await ctl(['personalise']);
      assert.equal(again.code, DONE, `${fault}: ${again.out}`);
      checkFinished();
    }
  }
  t.diagnostic(`${exchanges} exchanges, ${cut} cards that had to be finished`);
  assert.ok(cut > 0);
});

card('cards of somebody else are left alone', async () => {
  await rig.ctl('lay d');
  desk.register(UID, 'm1', { media: 'desfire' });
  assert.equal((await ctl(['personalise'])).code, DONE);
  await rig.ctl('take');
  writeFileSync(file(), imageOf().replace(/^key 01 .*$/gm, `key 01 ${'A5'.repeat(16)}`));
  const theirs = imageOf();
  desk.cards.clear();
  await rig.ctl('lay d');
  const open = await ctl(['open', 'm1']);
  assert.equal(open.code, FAILED);
  assert.match(open.out, /another site's or another system's/);
  assert.equal(desk.cards.size, 0, 'nothing was registered');
  desk.register(UID, 'm1', { media: 'desfire' });
  assert.match((await ctl(['personalise'])).out, /another site's or another system's/);
  assert.match((await ctl(['take-return'])).out, /does not know the register entry's keys/);
  assert.equal(imageOf(), theirs);
  desk.cards.clear();
  desk.register(UID, 'm1');
  assert.match((await ctl(['personalise'])).out, /as another kind of card/);
});

card('a card whose files are not ours is told from one that was begun', async () => {
  await rig.ctl('lay d');
  desk.register(UID, 'm1', { media: 'desfire' });
  assert.equal((await ctl(['personalise'])).code, DONE);
  await rig.ctl('take');
  const finished = imageOf();
  const begun = finished.replace(/^key 01 .*$/gm, `key 01 ${'00'.repeat(16)}`);
  const odd = [
    ['1f20', 'eeee'], /* anybody may write */
    ['2f10', '2fe0'],
    [/^(data 1 backup) 01/m, '$1 00'], /* plain */
    [/^(data 2 backup \S+ \S+) 48 [0-9A-Fa-f]{96}$/m, `$1 32 ${'00'.repeat(32)}`],
  ];
  for (const [from, to] of odd) {
    for (const image of [begun, finished]) {
      const theirs = image.replace(from, to);
      assert.notEqual(theirs, image);
      writeFileSync(file(), theirs);
      await rig.ctl('lay d');
      const { code, out } = await ctl(['personalise']);
      await rig.ctl('take');
      assert.equal(code, FAILED, out);
      assert.match(out, image === begun ? /of other rights or another size/
        : /of other rights or another size|cannot be read with the others/);
      assert.equal(imageOf(), theirs);
    }
  }
  writeFileSync(file(), begun);
  await rig.ctl('lay d');
  assert.equal((await ctl(['personalise'])).code, DONE);
  checkFinished();
});

card('a server that knows one kind of card gets no card written', async () => {
  desk.ignoresKinds = true;
  await rig.ctl('lay d');
  for (const words of [['open', 'm1'], ['open', 'm1'], ['personalise']]) {
    const { code, out } = await ctl(words);
    assert.equal(code, FAILED, out);
    assert.match(out, /as another kind of card: nothing was written/);
  }
  desk.cards.clear();
  desk.register(OTHER_UID, 'm1', { media: 'desfire' });
  assert.match((await ctl(['replace', OTHER_UID])).out, /as another kind of card/);
  assert.equal(imageOf(), made);
});

card('another card takes the place of a lost one', async () => {
  desk.register(OTHER_UID, 'm1', { media: 'desfire' });
  await rig.ctl('lay d');
  const replaced = await ctl(['replace', OTHER_UID]);
  assert.equal(replaced.code, DONE, replaced.out);
  assert.equal(desk.cards.get(UID).media, 'desfire');
  checkFinished();
});

card('what is on it is judged by the server, and its meter\'s word is taken in', async () => {
  await rig.ctl('lay d');
  assert.equal((await ctl(['open', 'm1'])).code, DONE);
  await rig.ctl('take');
  fill(credit(8, { uid: UID }), returnRecord(41, { uid: UID }));
  await rig.ctl('lay d');
  const report = JSON.parse((await ctl(['--json', 'read'])).out);
  assert.equal(report.register.meter_id, 'm1');
  assert.deepEqual(report.verdict.credit, ['true', 'true']);
  assert.deepEqual(report.verdict.return, ['true', 'true']);
  assert.equal(desk.meters.get('m1').seenSeq, 0, 'only read');
  const taken = await ctl(['take-return']);
  assert.equal(taken.code, DONE, taken.out);
  assert.equal(desk.meters.get('m1').seenSeq, 41);
});
