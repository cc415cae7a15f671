// SPDX-License-Identifier: Apache-2.0

// The tenant's way with a card, with the emulators' real programs: a credit is written through
// libnfc, carried to the meter, used, and what the meter says is read through libnfc again.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { BUILD, hasPeers, NO_PEERS, Peer, Reader } from './lib/reader.mjs';
import { credit, keysOf, personalised, readReturn, sectorKey } from './lib/shl.mjs';

const MASTER = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const METER = '000012345678';

function meterOf(reader) {
  const books = join(reader.dir, 'meters');
  mkdirSync(books);
  return (...words) => {
    const { stdout, status } = spawnSync(join(BUILD, 'bin/emulator-cardmeter'),
      ['--meters', books, '--cards', reader.cards, ...words], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
    const rest = stdout.slice(3).trim();
    return rest.startsWith('{') || rest.startsWith('[') ? JSON.parse(rest) : rest;
  };
}

async function authenticate(peer, keys, uid, sector, kind) {
  const key = sectorKey(keys, uid, sector, kind).toString('hex');
  const command = `${kind === 'A' ? '60' : '61'}${(sector * 4).toString(16).padStart(2, '0')}`;
  const tail = uid.subarray(uid.length - 4).toString('hex');
  assert.equal((await peer.call(`xchg ${command}${key}${tail}`)).result, 0);
}

async function slot(peer, keys, uid, sector, kind, data) {
  await authenticate(peer, keys, uid, sector, kind);
  const read = [];
  for (let i = 0; i < 3; i += 1) {
    const block = (sector * 4 + i).toString(16).padStart(2, '0');
    if (data) {
      const hex = data.subarray(i * 16, i * 16 + 16).toString('hex');
      assert.equal((await peer.call(`xchg a0${block}${hex}`)).result, 0);
    } else {
      read.push(Buffer.from((await peer.call(`xchg 30${block}`)).rest, 'hex'));
    }
  }
  return Buffer.concat(read);
}

async function journey(uidHex) {
  const reader = await Reader.start();
  const peer = new Peer(reader);
  const meter = meterOf(reader);
  const uid = Buffer.from(uidHex, 'hex');
  const keys = keysOf(MASTER, METER);
  try {
    meter('make', METER, MASTER.toString('hex'), '1');
    await reader.say(`new card classic ${uidHex}`);
    const file = join(reader.cards, 'card.mfd');
    writeFileSync(file, personalised(readFileSync(file), keys));
    await reader.say('lay card');
    assert.equal((await peer.begin()).result, 1);
    const token = credit(keys, uid, { meter: METER, n: 1, t: 5000, amount: 5000, alarm: 1000 });
    await slot(peer, keys, uid, 1, 'B', token);
    await slot(peer, keys, uid, 2, 'B', token);
    assert.deepEqual(await slot(peer, keys, uid, 1, 'B'), token);

    await reader.say('take');
    const visit = meter('visit', METER, 'card');
    assert.equal(visit.result, 'loaded');
    assert.equal(visit.balance_fen, 5000);
    assert.equal(visit.returned, 2);
    assert.equal(meter('use', METER, '1000'), '1000'); /* 10 kWh at 0.55 yuan */
    assert.equal(meter('visit', METER, 'card').result, 'known');

    await reader.say('lay card');
    assert.equal((await peer.call('select')).result, 1);
    const told = readReturn(keys, uid, await slot(peer, keys, uid, 3, 'A'));
    assert.deepEqual(told, { error: 0, status: 0, seq: 2, meter: METER, t: 5000, balance: 4450,
      n: 1, energy: 1000 });
    assert.deepEqual(readReturn(keys, uid, await slot(peer, keys, uid, 4, 'A')), told);
    assert.deepEqual(meter('taken', METER).map(({ delta_fen: delta }) => delta), [5000]);
  } finally {
    await peer.end('SIGKILL');
    await reader.stop();
  }
}

const options = { skip: hasPeers ? false : NO_PEERS };

test('a card with 4 bytes of UID', options, () => journey('4a8b1c2d'));
test('a card with 7 bytes of UID', options, () => journey('04112233445566'));

test('the format\'s vectors', () => {
  const uid = Buffer.from('4a8b1c2d', 'hex');
  const keys = keysOf(MASTER, METER);
  assert.equal(sectorKey(keys, uid, 4, 'B').toString('hex'), 'a4fc60188995');
  assert.equal(credit(keys, uid, { meter: METER, n: 8, t: 80000, amount: 10000, at: 1700000008,
    alarm: 1000, overdraft: 500 }).toString('hex'), '53010100080000000000123456780100' +
    '8038010000001027000008f15365e1a8e80300f401000000fe3845d13d298448');
  assert.equal(readReturn(keys, uid, Buffer.from('52010001290000000000123456780100' +
    '701101000000e110000007000000d26a40e2010064f15365e4fdfa0096f84f5b', 'hex')).balance, 4321);
});
