// SPDX-License-Identifier: Apache-2.0

// Debian's own NFC tools against the emulated reader.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { BUILD, hasPeers, NO_PEERS, Reader } from './lib/reader.mjs';

const options = { skip: hasPeers ? false : NO_PEERS };

async function withReader(work, ...args) {
  const reader = await Reader.start(...args);
  try {
    await work(reader);
  } finally {
    assert.equal(await reader.stop(), 0);
  }
}

test('nfc-list finds no card, one, two, every kind', options, () => withReader(async (reader) => {
  assert.match(reader.run('nfc-list').stdout, /NFC device: .* opened/);
  await reader.lay('four', 'classic', '4a8b1c2d');
  let { stdout } = reader.run('nfc-list');
  assert.match(stdout, /1 ISO14443A passive target/);
  assert.match(stdout, /4a {2}8b {2}1c {2}2d/);
  await reader.lay('seven', 'classic', '04112233445566');
  stdout = reader.run('nfc-list').stdout;
  assert.match(stdout, /2 ISO14443A passive target/);
  await reader.say('take');
  await reader.lay('phone', 'phone');
  assert.match(reader.run('nfc-list').stdout, /UID \(NFCID3\): 08 /);
  await reader.say('take');
  await reader.lay('cpu', 'cpu', '11223344');
  stdout = reader.run('nfc-list').stdout;
  assert.match(stdout, /SAK \(SEL_RES\): 20/);
  assert.match(stdout, /ATS: 78 {2}80 {2}90/);
}));

test('nfc-scan-device and nfc-anticol', options, () => withReader(async (reader) => {
  assert.match(reader.run('nfc-scan-device').stdout, /1 NFC device\(s\) found/);
  await reader.lay('four', 'classic', '4a8b1c2d');
  const { stdout } = reader.run('nfc-anticol');
  assert.match(stdout, /UID: 4a8b1c2d/);
  assert.match(stdout, /SAK: 08/);
  await reader.say('take');
  await reader.lay('seven', 'classic', '04112233445566');
  assert.match(reader.run('nfc-anticol').stdout, /UID: 04112233445566/);
}));

test('pn53x-diagnose finds the chip well', options, () => withReader(async (reader) => {
  const { stdout } = reader.run('pn53x-diagnose');
  assert.match(stdout, /Communication line test: OK\n ROM test: OK\n RAM test: OK/);
}));

test('nfc-mfclassic reads 64 of 64 blocks', options, () => withReader(async (reader) => {
  await reader.lay('card', 'classic', '4a8b1c2d');
  await reader.say('take');
  const file = join(reader.cards, 'card.mfd');
  const image = readFileSync(file);
  for (let block = 1; block < 64; block += 1) {
    if (block % 4 !== 3) {
      image.fill(block, block * 16, block * 16 + 16);
    }
  }
  writeFileSync(file, image);
  await reader.say('lay card'); /* a changed file is read again */
  const { stdout } = reader.run('nfc-mfclassic', 'r', 'a', 'u', 'dump.mfd');
  assert.match(stdout, /64 of 64 blocks read/);
  const dump = readFileSync(join(reader.dir, 'dump.mfd'));
  for (let block = 0; block < 64; block += 1) {
    if (block % 4 !== 3) {
      assert.deepEqual(dump.subarray(block * 16, block * 16 + 16),
        image.subarray(block * 16, block * 16 + 16));
    }
  }
}));

test('libfreefare formats a MIFARE Classic and keeps a message on it', options,
  () => withReader(async (reader) => {
    await reader.lay('card', 'classic', '4a8b1c2d');
    assert.match(reader.run('mifare-classic-format', '-y').stdout, /\[\.*.*16\] done/);
    writeFileSync(join(reader.dir, 'in'), 'a message');
    assert.equal(reader.run('mifare-classic-write-ndef', '-y', '-i', 'in').status, 0);
    assert.equal(reader.run('mifare-classic-read-ndef', '-y', '-o', 'out').status, 0);
    assert.equal(readFileSync(join(reader.dir, 'out'), 'utf8'), 'a message');
  }));

test('libfreefare formats a DESFire and keeps a message on it', options,
  () => withReader(async (reader) => {
    await reader.lay('card', 'desfire', '04112233445566');
    assert.match(reader.run('mifare-desfire-info').stdout, /Version: +1\.4/);
    assert.equal(reader.run('mifare-desfire-format', '-y').status, 0);
    assert.equal(reader.run('mifare-desfire-create-ndef', '-y').status, 0);
    writeFileSync(join(reader.dir, 'in'), 'a message');
    const written = reader.run('mifare-desfire-write-ndef', '-y', '-i', 'in');
    assert.equal(written.status, 0, written.stderr);
    assert.equal(reader.run('mifare-desfire-read-ndef', '-y', '-o', 'out').status, 0);
    assert.equal(readFileSync(join(reader.dir, 'out'), 'utf8'), 'a message');
  }));

test('libfreefare and the DESFire card agree on every cipher and sum', options,
  () => withReader(async (reader) => {
    await reader.lay('card', 'desfire', '04112233445566');
    const done = reader.run(join(BUILD, 'tests/cardreader/desfire_peer'),
      `pn532_uart:${reader.link}`);
    assert.equal(done.status, 0, done.stdout);
    assert.doesNotMatch(done.stdout, /FAILED/);
    /* And what it left is in the file: a new reader reads the same card. */
    const image = readFileSync(join(reader.cards, 'card.card'), 'utf8');
    assert.match(image, /^value 5 00 1110 00000000 e8030000 82000000 /m);
  }));
