// SPDX-License-Identifier: Apache-2.0

// Cards are sold with the master key in a PKCS#11 token: SoftHSM 2, into which a house's key moves
// out of its file. The cards and meters that it was given out to must notice nothing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import test, { after } from 'node:test';
import { cardAudit } from './lib/card_books.mjs';
import { isWritten, lay, leave, pay } from './lib/card_way.mjs';
import { keeping, withHouse } from './lib/setup.mjs';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const LABELS = { token: 'shilling', key: 'card-master' };
const PIN = '87654321';

const util = (...words) => execFileSync('softhsm2-util', words, { stdio: 'pipe' });

/** A token with the key of the house in it; its group of the server's settings. */
function moveKey(house) {
  const masterFile = house.path('keys', 'card-master.hex');
  const key = house.path('keys', 'card-master.bin');
  const pinFile = house.path('keys', 'card-pin');
  mkdirSync(house.path('keys', 'tokens'), { mode: 0o700 });
  process.env.SOFTHSM2_CONF = house.conf('softhsm.conf',
    `directories.tokendir = ${house.path('keys', 'tokens')}\n`);
  util('--init-token', '--free', '--label', LABELS.token, '--so-pin', '12345678', '--pin', PIN);
  writeFileSync(key, Buffer.from(readFileSync(masterFile, 'utf8').trim(), 'hex'), { mode: 0o600 });
  util('--import', key, '--aes', '--token', LABELS.token, '--label', LABELS.key, '--id', '01',
    '--pin', PIN);
  writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 });
  [key, masterFile].forEach((file) => rmSync(file));
  return { masterFile, group: `pkcs11 = { module = "${MODULE}"; token = "${LABELS.token}";
    key = "${LABELS.key}"; pin_file = "${pinFile}"; };` };
}

const box = withHouse({ rooms: 3, buses: 1, cards: 1 }, async (house) => {
  const { masterFile, group } = moveKey(house);
  const conf = readFileSync(house.path('conf', 'cloud.conf'), 'utf8');
  const named = `master_key_file = "${masterFile}";`;
  assert.ok(conf.includes(named), conf);
  house.conf('cloud.conf', conf.replace(named, group));
  await house.processes.restart('cloud');
});

after(() => { delete process.env.SOFTHSM2_CONF; });

/** Bought, written, and taken by the meter. */
async function sold(house, home) {
  const orderNo = await pay(house, home, { amount: 1 });
  await isWritten(house, orderNo);
  await leave(house, home);
  const visit = await house.cards.visit(home);
  assert.deepEqual([visit.result, visit.delta_fen], ['loaded', 5000]);
}

test('without its key in the token the server does not start', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const conf = readFileSync(house.path('conf', 'cloud.conf'), 'utf8');
    house.conf('cloud.conf', conf.replace(`key = "${LABELS.key}"`, 'key = "another"'));
    await assert.rejects(house.processes.restart('cloud'), /another: the token has no such key/);
    house.conf('cloud.conf', conf);
    await house.processes.restart('cloud');
  }));

test('a card is sold to with the key in the token, and its meter takes it', { timeout: 120000 },
  keeping(box, async (t, house) => {
    await sold(house, house.cardHomes[0]);
  }));

test('so is one that the desk wrote with keys that come out of the token', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const [home] = house.cardHomes;
    const next = { ...home, card: 'another', uid: '5B6C7D8E' };
    house.cards.says('li', 'card', 'lost', home.uid);
    await house.cards.startReader('desk');
    await house.cards.reader(`new ${next.card} classic ${next.uid}`, 'desk');
    await house.cards.reader(`lay ${next.card}`, 'desk');
    house.cards.deskAt('desk', 'replace', home.uid);
    await house.cards.reader(`take ${next.card}`, 'desk');
    await lay(house, next); /* it gets all that was bought before */
    await house.screen.screen('card_done', 30000);
    await leave(house, next);
    await sold(house, next);
  }));

test('wallets, orders, tokens, ledger and meters agree fen for fen', { timeout: 60000 },
  keeping(box, async (t, house) => {
    assert.equal((await cardAudit(house)).credited, 10000);
  }));
