// SPDX-License-Identifier: Apache-2.0

// The desk's tool with the real server: its register, its keys, its word on what a card holds.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { freePort } from '../../tools/world/processes.mjs';
import { cloudText } from '../../tools/world/settings.mjs';
import { blankImage, returnRecord } from './lib/desk_cards.mjs';
import { program, Rig } from './lib/rig.mjs';
import { credit, image, MASTER, METER, UID } from './lib/shlc1.mjs';

const CUSTOMER = '000000100001';
const NEW_UID = '5B9C2D3E';
const SEED = `tariffs = ( { id = "home"; price_yuan = "0.5469"; } );
profiles = ( { id = "carded"; kind = "card"; card_limit_yuan = "5000.00"; } );
sites = ( { id = "river"; name = "River Court"; company = "River Court"; service_phone = "010";
  languages = [ "en" ]; notice = ""; amounts_yuan = [ 20, 50 ]; amount_min_yuan = "1.00";
  amount_max_yuan = "2000.00"; receipt_auto = true; sell_to_silent = false;
  terminals = ( { id = "lobby"; name = "Lobby"; } );
  rooms = ( { id = "503"; building = "3"; unit = "2"; label = "503";
    meter = { id = "m503"; address = "${METER}"; profile = "carded"; tariff = "home";
      customer_no = "${CUSTOMER}"; }; } ); } );
`;

let rig;
let socket;

before(async () => {
  rig = new Rig();
  await rig.startReader();
  socket = join(rig.dir, 'admin.sock');
  const file = (name) => join(rig.dir, name);
  writeFileSync(file('seed.cfg'), SEED);
  writeFileSync(file('cloud.cfg'), cloudText({ mode: 'test', state: file('state'),
    ports: { terminals: await freePort(), console: await freePort(), public: await freePort(),
      cloudMqtt: await freePort() }, seed: file('seed.cfg'), adminSocket: socket, timers: {},
    payments: '', extra: `cards = { master_key_file = "${file('master.hex')}";
      signing_key_file = "${file('signing.pem')}"; key_id = 1; issuer = 7; };` }));
  writeFileSync(file('master.hex'), `${MASTER.toString('hex')}\n`, { mode: 0o600 });
  await run('shilling-cloud', ['--config', file('cloud.cfg'), 'card', 'make-keys']);
  await rig.processes.start('cloud', program('shilling-cloud'), ['--config', file('cloud.cfg')],
    { ready: /^ready /m });
});

after(async () => {
  await rig.finish();
});

function run(name, args) {
  return new Promise((done) => {
    execFile(program(name), args, { timeout: 40000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => done({ code: error ? error.code : 0, out: stdout + stderr }));
  });
}

const ctl = (...words) => run('shilling-cardctl', ['--reader', `pn532_uart:${rig.paths.link}`,
  '--lock', join(rig.dir, 'lock'), '--cloud', socket, '--wait', '0', ...words]);

const imageOf = (name) => readFileSync(join(rig.paths.cards, `${name}.mfd`));

async function laid(name, bytes) {
  await rig.ctl('take').catch(() => {});
  rig.card(name, bytes);
  await rig.ctl(`lay ${name}`);
}

const recordOf = async (uid) =>
  Buffer.from(JSON.parse((await ctl('find', uid)).out).record, 'hex');

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
  await laid('a', card(3));
  assert.match((await ctl('read')).out, /ROLLED BACK: .*\(no\. 5\)/);
  const forged = word(6);
  forged[47] ^= 1;
  await laid('a', image({ slots: [], returns: [forged, forged], issue }));
  assert.match((await ctl('read')).out, /FORGED[^]*so: a record on it is forged/);
});

test('a token that was never given out is told', async () => {
  await laid('a', image({ slots: [credit(9), credit(9)], issue: await recordOf(UID) }));
  assert.match((await ctl('read')).out, /so: it knows a number that we never gave out/);
});

test('a lost card is replaced by a blank one', async () => {
  assert.match((await ctl('lost', UID)).out, /4A8B1C2D is lost/);
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
});
