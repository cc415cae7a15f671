// SPDX-License-Identifier: Apache-2.0

// The desk's tool with the real server: its register, its keys, its word on what a card holds.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { freePort } from '../../tools/world/processes.mjs';
import { cloudText } from '../../tools/world/settings.mjs';
import { run } from './lib/counter.mjs';
import { blankImage, returnRecord } from './lib/desk_cards.mjs';
import { program, Rig } from './lib/rig.mjs';
import { credit, image, MASTER, METER, UID } from './lib/shlc1.mjs';

const CUSTOMER = '000000100001';
const NEW_UID = '5B9C2D3E';
const PASSWORDS = { li: 'a long secret', wang: 'another secret' };
const CPU_UID = 'C0A81E10';
const NEW_CPU_UID = 'C0A81E11';
const CPU_METER = '000087654321';
const FIRST_CUSTOMER = '000000200007';
const NEXT_CUSTOMER = '000000200008';

/** The catalogue; the meter of purchase cards is somebody else's later. */
const seed = (customer) => `tariffs = ( { id = "home"; price_yuan = "0.5469"; } );
profiles = ( { id = "carded"; kind = "card"; card_limit_yuan = "5000.00"; } );
sites = ( { id = "river"; name = "River Court"; company = "River Court"; service_phone = "010";
  languages = [ "en" ]; notice = ""; amounts_yuan = [ 20, 50 ]; amount_min_yuan = "1.00";
  amount_max_yuan = "2000.00"; receipt_auto = true; sell_to_silent = false;
  terminals = ( { id = "lobby"; name = "Lobby"; } );
  rooms = ( { id = "503"; building = "3"; unit = "2"; label = "503";
    meter = { id = "m503"; address = "${METER}"; profile = "carded"; tariff = "home";
      customer_no = "${CUSTOMER}"; }; },
    { id = "504"; building = "3"; unit = "2"; label = "504";
    meter = { id = "m504"; address = "${CPU_METER}"; profile = "carded"; tariff = "home";
      customer_no = "${customer}"; }; } ); } );
`;

let rig;
let socket;

before(async () => {
  rig = new Rig();
  await rig.startReader();
  socket = join(rig.dir, 'admin.sock');
  const file = (name) => join(rig.dir, name);
  writeFileSync(file('seed.cfg'), seed(FIRST_CUSTOMER));
  writeFileSync(file('cloud.cfg'), cloudText({ mode: 'test', state: file('state'),
    ports: { terminals: await freePort(), console: await freePort(), public: await freePort(),
      cloudMqtt: await freePort() }, seed: file('seed.cfg'), adminSocket: socket, timers: {},
    payments: '', extra: `cards = { master_key_file = "${file('master.hex')}";
      purchase_key_file = "${file('purchase.hex')}";
      signing_key_file = "${file('signing.pem')}"; key_id = 1; issuer = 7; };` }));
  writeFileSync(file('master.hex'), `${MASTER.toString('hex')}\n`, { mode: 0o600 });
  writeFileSync(file('purchase.hex'), `${Buffer.from('SHILLING TESTKEY').toString('hex')}\n`,
    { mode: 0o600 });
  await cloud(['card', 'make-keys']);
  await rig.processes.start('cloud', program('shilling-cloud'), ['--config', file('cloud.cfg')],
    { ready: /^ready /m });
  for (const [name, password] of Object.entries(PASSWORDS)) {
    assert.equal((await cloud(['review', 'person-add', name], { input: `${password}\n` })).code, 0);
  }
});

after(async () => {
  await rig.finish();
});

function cloud(words, { input } = {}) {
  return run(program('shilling-cloud'), ['--config', join(rig.dir, 'cloud.cfg'), ...words],
    { input });
}

function unsigned(words, { input } = {}) {
  return run(program('shilling-cardctl'), ['--reader', `pn532_uart:${rig.paths.link}`, '--lock',
    join(rig.dir, 'lock'), '--cloud', socket, '--wait', '0', ...words], { input });
}

const by = (name, words, password = PASSWORDS[name]) =>
  unsigned(['--person', name, ...words], { input: `${password}\n` });

const ctl = (...words) => by('li', words);

/** What was done with a card, and by whom. */
const eventsOf = async (uid) => JSON.parse((await ctl('find', uid)).out).events
  .map(({ event, person }) => `${event} ${person}`);

const imageOf = (name) => readFileSync(join(rig.paths.cards, `${name}.mfd`));

async function laid(name, bytes) {
  await rig.ctl('take').catch(() => {});
  rig.card(name, bytes);
  await rig.ctl(`lay ${name}`);
}

const recordOf = async (uid) =>
  Buffer.from(JSON.parse((await ctl('find', uid)).out).record, 'hex');

test('nothing is done for nobody', async () => {
  await laid('a', blankImage());
  const person = /somebody must sign for this: give --person NAME/;
  for (const words of [['open', 'm503'], ['replace', NEW_UID], ['personalise'], ['read'],
    ['take-return'], ['block'], ['lost', UID], ['unblock', UID]]) {
    const { code, out } = await unsigned(words);
    assert.equal(code, 2, out);
    assert.match(out, person);
  }
  for (const [name, words] of [['li', ['open', 'm503']], ['li', ['read']], ['wang', ['lost', UID]],
    ['wang', ['personalise']], ['zhao', ['open', 'm503']]]) {
    assert.match((await by(name, words, 'guessed')).out, /wrong name or password/);
  }
  for (const words of [['issue', UID, 'm503'], ['issue', UID, 'm503', 'classic'],
    ['replace', UID, NEW_UID], ['replace', UID, NEW_UID, 'classic'], ['lost', UID],
    ['block', UID], ['open', UID], ['take-return', UID, '00'.repeat(48)]]) {
    const { code, out } = await cloud(['card', ...words]);
    assert.equal(code, 2, out);
    assert.match(out, /somebody must sign for this: give his name as the last word/);
  }
  assert.match((await cloud(['card', 'issue', UID, 'm503', 'li'], { input: 'guessed\n' })).out,
    /wrong_password/);
  assert.match((await ctl('find', UID)).out, /not in the register/);
  assert.deepEqual(imageOf('a'), blankImage());
});

test('a meter\'s account is opened on a blank card, once', async () => {
  await laid('a', blankImage());
  const other = await ctl('open', 'm503', '000000999999');
  assert.equal(other.code, 1);
  assert.match(other.out, /another customer/);
  assert.match((await ctl('find', UID)).out, /not in the register/);

  await rig.ctl('fault tear write=40 how=before');
  assert.equal((await ctl('open', 'm503', CUSTOMER)).code, 3);
  await rig.ctl('lay a');
  const opened = await ctl('open', 'm503', CUSTOMER);
  assert.equal(opened.code, 0, opened.out);
  assert.deepEqual(imageOf('a'), image({ slots: [], issue: await recordOf(UID) }));
  const report = JSON.parse((await ctl('--json', 'read')).out);
  assert.deepEqual([report.standing, report.issue.issuer, report.issue.customer,
    report.verdict.state, report.verdict.loaded], ['finished', 7, CUSTOMER, 'ready', 'never']);

  await laid('b', blankImage(NEW_UID));
  assert.match((await ctl('open', 'm503')).out, /this meter has a card/);
  /* The second try and 'read' had its keys; what was refused had nothing. */
  assert.deepEqual(await eventsOf(UID), ['issued li', 'keys li', 'keys li']);
});

test('the meter\'s word is taken in, an older one is told', async () => {
  const issue = await recordOf(UID);
  const word = (seq) => returnRecord(seq, { n: 0, total: 0, balance: -12 });
  const card = (seq) => image({ slots: [], returns: [word(seq), word(seq)], issue });
  await laid('a', card(5));
  assert.match((await ctl('read')).out, /no\. 5: balance -0\.12 yuan[^]*true \(signed by us\)/);
  assert.equal(JSON.parse((await ctl('find', UID)).out).meter[0].seen_seq, null,
    'read stores nothing');
  assert.equal((await ctl('take-return')).code, 0);
  assert.equal(JSON.parse((await ctl('find', UID)).out).meter[0].seen_seq, 5);
  assert.equal((await eventsOf(UID)).at(-1), 'taken li');
  await laid('a', card(3));
  assert.match((await ctl('read')).out, /ROLLED BACK: .*\(no\. 5\)/);
  const forged = word(6);
  forged[47] ^= 1;
  await laid('a', image({ slots: [], returns: [forged, forged], issue }));
  assert.match((await ctl('read')).out, /FORGED[^]*so: a record on it is forged/);
});

test('the meter\'s word may be brought on paper, by somebody', async () => {
  const word = returnRecord(6, { n: 0, total: 0, balance: -13 }).toString('hex');
  const brought = (name, password) => cloud(['card', 'take-return', UID, word, name],
    { input: `${password}\n` });
  assert.match((await brought('wang', 'guessed')).out, /wrong_password/);
  assert.equal(JSON.parse((await ctl('find', UID)).out).meter[0].seen_seq, 5);
  const { code, out } = await brought('wang', PASSWORDS.wang);
  assert.equal(code, 0, out);
  assert.equal(JSON.parse((await ctl('find', UID)).out).meter[0].seen_seq, 6);
  assert.equal((await eventsOf(UID)).at(-1), 'taken wang');
});

test('a token that was never given out is told', async () => {
  await laid('a', image({ slots: [credit(9), credit(9)], issue: await recordOf(UID) }));
  assert.match((await ctl('read')).out, /so: it knows a number that we never gave out/);
});

test('a lost card is replaced by a blank one', async () => {
  assert.match((await by('wang', ['lost', UID])).out, /4A8B1C2D is lost/);
  await laid('b', blankImage(NEW_UID));
  const replaced = await ctl('replace', UID);
  assert.equal(replaced.code, 0, replaced.out);
  assert.deepEqual(imageOf('b'),
    image({ uid: NEW_UID, slots: [], issue: await recordOf(NEW_UID) }));
  assert.match((await ctl('read')).out, /so: .*laid at any terminal/);
  assert.match((await ctl('find', UID)).out, /"state": "replaced"/);
  assert.deepEqual(JSON.parse((await ctl('find', 'm503')).out).map(({ uid, state }) =>
    [uid, state]), [[NEW_UID, 'open'], [UID, 'replaced']]);
  assert.match((await ctl('find', 'm504')).out, /no card was ever issued/);
  await laid('a', blankImage());
  assert.match((await ctl('personalise')).out, /has this card as replaced/);
  assert.match((await ctl('block', NEW_UID)).out, /is blocked/);
  assert.equal((await cloud(['card', 'open', NEW_UID, 'wang'],
    { input: `${PASSWORDS.wang}\n` })).code, 0);
  assert.deepEqual((await eventsOf(UID)).filter((event) => !event.startsWith('keys')),
    ['issued li', 'taken li', 'taken wang', 'lost wang', 'replaced li']);
  assert.deepEqual((await eventsOf(NEW_UID)).filter((event) => !event.startsWith('keys')),
    ['issued li', 'blocked li', 'open wang']);
});

// ---- purchase cards ----

const purchaseFile = (name) => join(rig.paths.cards, `${name}.card`);

async function laidPurchase(name, uid) {
  await rig.ctl('take').catch(() => {});
  await rig.ctl(`new ${name} cpu ${uid}`);
  await rig.ctl(`lay ${name}`);
}

async function settingsOf() {
  const { out } = await ctl('--json', 'read');
  const { purchase, verdict } = JSON.parse(out);
  return [purchase.settings.meter, purchase.settings.customer, verdict.reason];
}

const detailsOf = async (uid) => JSON.parse((await ctl('find', uid)).out).events
  .map(({ event, detail, person }) => `${event} ${detail} ${person}`);

test('a card\'s keys are given for its own number', async () => {
  await laidPurchase('p', CPU_UID);
  const opened = await ctl('open', 'm504', FIRST_CUSTOMER);
  assert.equal(opened.code, 0, opened.out);
  const { serial } = JSON.parse((await ctl('find', CPU_UID)).out);
  assert.match(serial, /^[0-9A-F]{16}$/);
  assert.deepEqual(await settingsOf(), [CPU_METER, FIRST_CUSTOMER, '']);
  assert.deepEqual(await detailsOf(CPU_UID),
    ['issued m504 li', `number ${serial} li`, `keys ${serial} li`]);

  await rig.ctl('take'); /* and now another card, with that UID, and keys that are its own */
  const own = readFileSync(purchaseFile('p'), 'utf8');
  const other = `${serial.slice(0, -1)}${serial.endsWith('7') ? '8' : '7'}`;
  writeFileSync(purchaseFile('p'), own.replaceAll(new RegExp(serial, 'gi'), other));
  assert.notEqual(readFileSync(purchaseFile('p'), 'utf8'), own);
  await rig.ctl('lay p');
  for (const words of [['read'], ['take-return'], ['personalise']]) {
    const { code, out } = await ctl(...words);
    assert.equal(code, 1, out);
    assert.match(out, /another number for this card/);
  }
  assert.deepEqual((await detailsOf(CPU_UID)).slice(3),
    Array.from({ length: 3 }, () => `keys_refused ${other} li`));
  await rig.ctl('take');
  writeFileSync(purchaseFile('p'), own);
});

test('a card in place of another is for the customer that the meter knows', async () => {
  writeFileSync(join(rig.dir, 'next.cfg'), seed(NEXT_CUSTOMER));
  const seeded = await cloud(['seed', join(rig.dir, 'next.cfg')]);
  assert.equal(seeded.code, 0, seeded.out);
  await laidPurchase('q', NEW_CPU_UID);
  await rig.ctl('fault remove exchange=14');
  assert.equal((await ctl('replace', CPU_UID)).code, 3);
  await rig.ctl('fault clear');
  await rig.ctl('take').catch(() => {});
  await rig.ctl('lay q');
  const replaced = await ctl('replace', CPU_UID);
  assert.equal(replaced.code, 0, replaced.out);
  const { record } = JSON.parse((await ctl('find', NEW_CPU_UID)).out);
  assert.match(record, new RegExp(NEXT_CUSTOMER), 'the record has the catalogue\'s number');
  assert.deepEqual(await settingsOf(), [CPU_METER, FIRST_CUSTOMER, '']);
});
