// SPDX-License-Identifier: Apache-2.0

// The desk's tool and purchase cards: the real program on the emulated reader, the server's desk
// played. Whose card it is comes onto it once it has proved our keys; no try of a key is used up,
// and a card that leaves is finished by the same command.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { PASSWORD, run, SIGNED } from './lib/counter.mjs';
import { CardDesk } from './lib/desk.mjs';
import { program, Rig } from './lib/rig.mjs';
import { METER } from './lib/shlc1.mjs';

const UID = 'C0A81E10';
const OTHER_UID = 'C0A81E11';
const CUSTOMER = '000000200007';
const ALL = process.env.SHILLING_ALL === '1';
const STEP = ALL ? 1 : 3;
const DONE = 0;
const FAILED = 1;
const UNFINISHED = 3;
const [SETTINGS, WALLET, ANSWER] = [2, 3, 6]; /* the image's files */

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
    desk.addMeter('m1', METER, CUSTOMER);
    await desk.start(join(rig.dir, 'admin.sock'));
    await fresh();
    try {
      await body(t);
    } finally {
      await desk.stop();
    }
  });
}

const file = () => join(rig.paths.cards, 'p.card');
const imageOf = () => readFileSync(file(), 'utf8');
const filesOf = () => [...imageOf().matchAll(/^file ([0-9A-Fa-f]*)$/gm)].map(([, hex]) => hex);

let made = null; /* a new card, as the emulator makes it */

async function fresh() {
  await rig.ctl('take').catch(() => {});
  if (made === null) {
    await rig.ctl(`new p cpu ${UID}`);
    made = imageOf();
  }
  writeFileSync(file(), made);
}

function ctl(words, { wait = 0 } = {}) {
  const args = ['--reader', `pn532_uart:${rig.paths.link}`, '--lock', join(rig.dir, 'lock'),
    '--wait', String(wait), '--cloud', desk.path, ...SIGNED, ...words];
  return run(program('shilling-cardctl'), args, { input: PASSWORD });
}

const sum = (bytes) => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

/** The settings' file of a card that was opened and carries nothing. */
function settings() {
  const bytes = Buffer.alloc(0x2d);
  bytes.set([0x68, 0x01, 0x00, 0x27]);
  bytes.set(Buffer.from(METER, 'hex'), 30);
  bytes.set(Buffer.from(CUSTOMER, 'hex'), 36);
  bytes[42] = 1;
  bytes[43] = sum(bytes.subarray(1, 43));
  bytes[44] = 0x16;
  return bytes.toString('hex').toUpperCase();
}

function checkFinished() {
  const files = filesOf();
  assert.equal(files[SETTINGS].toUpperCase(), settings());
  assert.match(files[WALLET], /^0{16}$/);
  assert.match(imageOf(), /^tries 5$/m);
}

/** Put other bytes into a file of the card that does not lie there. */
function fill(nth, hex) {
  let at = -1;
  writeFileSync(file(), imageOf().replace(/^file [0-9A-Fa-f]*$/gm, (text) => {
    at += 1;
    return at === nth ? `file ${hex}` : text;
  }));
}

card('a new card becomes the card of a meter', async () => {
  await rig.ctl('lay p');
  const opened = await ctl(['open', 'm1', CUSTOMER]);
  assert.equal(opened.code, DONE, opened.out);
  assert.match(opened.out, /card C0A81E10 is finished: card 1 of meter m1[^]*every file/);
  assert.equal(desk.cards.get(UID).media, 'cpu');
  checkFinished();
  const image = imageOf();
  for (const words of [['open', 'm1'], ['personalise']]) {
    assert.equal((await ctl(words)).code, DONE);
  }
  assert.equal(imageOf(), image, 'a finished card is never written again');
});

card('a card that leaves at any exchange is finished by the same command', async (t) => {
  desk.register(UID, 'm1', { media: 'cpu' });
  await rig.ctl('lay p');
  await rig.ctl('counts reset');
  assert.equal((await ctl(['personalise'])).code, DONE);
  const { exchanges } = await rig.counts();
  assert.ok(exchanges > 12, `${exchanges} exchanges`);
  let cut = 0;
  for (let n = 1; n <= exchanges; n += STEP) {
    for (const fault of [`remove exchange=${n}`, `lose exchange=${n + 1}`]) {
      await fresh();
      await rig.ctl('lay p');
      await rig.ctl(`fault ${fault}`);
      const first = await ctl(['personalise']);
      assert.ok([DONE, FAILED, UNFINISHED].includes(first.code), `${fault}: ${first.out}`);
      cut += first.code === UNFINISHED ? 1 : 0;
      await rig.ctl('fault clear');
      await rig.ctl('take').catch(() => {});
      await rig.ctl('lay p');
      const again = await ctl(['personalise']);
      assert.equal(again.code, DONE, `${fault}: ${again.out}`);
      checkFinished();
    }
  }
  t.diagnostic(`${exchanges} exchanges, ${cut} cards that had to be finished`);
  assert.ok(cut > 0);
});

card('a card with other keys is left alone, and counts no try', async () => {
  desk.purchaseMaster = Buffer.from('ANOTHERS TESTKEY');
  desk.register(UID, 'm1', { media: 'cpu' });
  await rig.ctl('lay p');
  const refused = await ctl(['personalise']);
  assert.equal(refused.code, FAILED);
  assert.match(refused.out, /other keys than the server[^]*None of its tries/);
  await rig.ctl('take');
  assert.equal(imageOf(), made);
  desk.cards.clear();
  desk.register(UID, 'm1');
  await rig.ctl('lay p');
  assert.match((await ctl(['personalise'])).out, /as another kind of card/);
});

const readings = () => desk.calls.filter(({ path }) => path.endsWith('/reading'));

card('a forged card is neither judged nor taken in', async () => {
  await rig.ctl('lay p');
  assert.equal((await ctl(['open', 'm1'])).code, DONE);
  await rig.ctl('take');
  fill(WALLET, '0000138800000001');
  const image = imageOf();
  desk.purchaseMaster = Buffer.from('ANOTHERS TESTKEY'); /* the true card's keys, not this one's */
  await rig.ctl('lay p');
  for (const words of [['read'], ['--json', 'read'], ['take-return']]) {
    const { code, out } = await ctl(words);
    assert.equal(code, FAILED, out);
    assert.match(out, /other keys than the server[^]*forged[^]*nothing that stands on it/);
    assert.doesNotMatch(out, /wallet/);
  }
  assert.deepEqual(readings(), [], 'nothing was sent');
  await rig.ctl('take');
  assert.equal(imageOf(), image, 'none of its tries was used up');
  desk.purchaseMaster = undefined;
  await rig.ctl('lay p');
  assert.equal((await ctl(['take-return'])).code, DONE);
  assert.equal(readings().length, 1);
});

card('a server that gives no keys cannot have a card judged', async () => {
  desk.register(UID, 'm1', { media: 'cpu' });
  desk.spoil = (json) => (json.keys === undefined ? json : { ...json, keys: [] });
  await rig.ctl('lay p');
  for (const words of [['read'], ['take-return']]) {
    const { code, out } = await ctl(words);
    assert.equal(code, FAILED, out);
    assert.match(out, /gave no keys for this card/);
  }
  assert.deepEqual(readings(), []);
});

card('a card that slips away is read at a second try', async () => {
  await rig.ctl('lay p');
  assert.equal((await ctl(['open', 'm1'])).code, DONE);
  await rig.ctl('counts reset');
  assert.equal((await ctl(['read'])).code, DONE);
  const { exchanges } = await rig.counts();
  await rig.ctl('counts reset');
  await rig.ctl(`fault lose exchange=${exchanges - 1}`);
  const again = await ctl(['read']);
  assert.equal(again.code, DONE, again.out);
  assert.match(again.out, /wallet: purchase 0/);
  assert.ok((await rig.counts()).exchanges > exchanges, 'it did slip away');
  await rig.ctl('fault clear');
});

card('a card that names a meter is no blank one', async () => {
  fill(SETTINGS, settings());
  await rig.ctl('lay p');
  const open = await ctl(['open', 'm1']);
  assert.equal(open.code, FAILED);
  assert.match(open.out, /no blank one/);
  assert.equal(desk.cards.size, 0, 'nothing was registered');
});

card('a card that carries a purchase is not written to', async () => {
  desk.register(UID, 'm1', { media: 'cpu' });
  fill(WALLET, '0000138800000001');
  const image = imageOf();
  await rig.ctl('lay p');
  assert.equal((await ctl(['personalise'])).code, DONE);
  await rig.ctl('take');
  assert.equal(imageOf(), image);
});

card('a server that knows one kind of card gets no card written', async () => {
  desk.ignoresKinds = true;
  await rig.ctl('lay p');
  const { code, out } = await ctl(['open', 'm1']);
  assert.equal(code, FAILED, out);
  assert.match(out, /as another kind of card: nothing was written/);
  assert.equal(imageOf(), made);
});

card('another card takes the place of a lost one', async () => {
  desk.register(OTHER_UID, 'm1', { media: 'cpu' });
  await rig.ctl('lay p');
  const replaced = await ctl(['replace', OTHER_UID]);
  assert.equal(replaced.code, DONE, replaced.out);
  assert.equal(desk.cards.get(UID).media, 'cpu');
  checkFinished();
});

card('its files are read, explained, and judged by the server', async () => {
  await rig.ctl('lay p');
  assert.equal((await ctl(['open', 'm1'])).code, DONE);
  await rig.ctl('take');
  fill(WALLET, '0000138800000001');
  await rig.ctl('lay p');
  const report = JSON.parse((await ctl(['--json', 'read'])).out);
  assert.deepEqual(report.purchase.wallet, { count: 1, amount_fen: 5000 });
  assert.equal(report.purchase.settings.meter, METER);
  assert.equal(report.purchase.settings.customer, CUSTOMER);
  assert.equal(report.purchase.settings.kind, 'open');
  assert.deepEqual(report.purchase.answer, { state: 'empty' });
  assert.equal(report.verdict.reason, 'not_loaded');
  const { out } = await ctl(['read']);
  assert.match(out, /wallet: purchase 1, 50\.00 yuan/);
  assert.match(out, /so: its purchase is not in the meter yet/);
  assert.equal(desk.meters.get('m1').files, undefined, 'only read');
  const taken = await ctl(['take-return']);
  assert.equal(taken.code, DONE, taken.out);
  assert.equal(desk.meters.get('m1').files.wallet.toUpperCase(), '0000138800000001');
  assert.equal(desk.meters.get('m1').files.return.length, 2 * 0x31);
  assert.match(filesOf()[ANSWER], /^0+$/);
});

card('a card that was never registered is explained all the same', async () => {
  await rig.ctl('lay p');
  const report = JSON.parse((await ctl(['--json', 'read'])).out);
  assert.deepEqual(report.purchase.wallet, { count: 0, amount_fen: 0 });
  assert.equal(report.purchase.settings.state, 'empty');
  assert.equal(report.register, null);
});
