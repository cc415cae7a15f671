// SPDX-License-Identifier: Apache-2.0

// The control socket of the emulated reader, and files that are no cards.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Reader } from './lib/reader.mjs';

async function withReader(work) {
  const reader = await Reader.start();
  try {
    await work(reader);
  } finally {
    assert.equal(await reader.stop(), 0);
    assert.ok(!existsSync(reader.link));
  }
}

test('cards are made, laid, swapped, taken', () => withReader(async (reader) => {
  for (const kind of ['classic', 'desfire', 'cpu', 'phone', 'bank']) {
    await reader.say(`new ${kind} ${kind}`);
    await reader.say(`swap ${kind}`);
    const { laid } = await reader.say('state');
    assert.equal(laid.length, 1);
    assert.equal(laid[0].kind, kind);
  }
  await reader.say('lay classic');
  await assert.rejects(reader.say('lay classic'), /lies there already/);
  assert.equal((await reader.say('state')).laid.length, 2);
  await reader.say('take classic');
  await assert.rejects(reader.say('take classic'), /does not lie there/);
  await reader.say('take');
  assert.deepEqual((await reader.say('state')).laid, []);
  await assert.rejects(reader.say('new classic classic'), /one of that name/);
  await assert.rejects(reader.say('new x classic 112233'), /UID/);
  await assert.rejects(reader.say('new x visa'), /kind/);
  await assert.rejects(reader.say('new ../x classic'), /no name/);
}));

test('an image goes out and in', () => withReader(async (reader) => {
  await reader.say('new one classic 4a8b1c2d');
  const image = await reader.say('dump one');
  assert.equal(image, readFileSync(join(reader.cards, 'one.mfd'), 'hex'));
  const changed = `${image.slice(0, 32)}${'ab'.repeat(16)}${image.slice(64)}`;
  await reader.say(`load one ${changed}`);
  await reader.say(`load copy ${changed}`);
  assert.equal(await reader.say('dump one'), changed);
  assert.equal(readFileSync(join(reader.cards, 'copy.mfd'), 'hex'), changed);
  await reader.say('lay one');
  await assert.rejects(reader.say(`load one ${image}`), /lies on the reader/);
  await assert.rejects(reader.say('load two 00'), /no image/);
  await assert.rejects(reader.say('load two'), /usage/);
  for (const kind of ['desfire', 'cpu', 'phone', 'bank']) {
    await reader.say(`new ${kind} ${kind}`);
    const text = readFileSync(join(reader.cards, `${kind}.card`));
    assert.equal(await reader.say(`dump ${kind}`), text.toString('hex'));
    if (text.length < 1900) { /* a line of the socket holds 4096 characters */
      await reader.say(`load ${kind}2 ${text.toString('hex')}`);
      assert.equal(await reader.say(`dump ${kind}2`), text.toString('hex'));
    }
  }
}));

test('files that are no cards', () => withReader(async (reader) => {
  const wrong = { short: Buffer.alloc(1023), long: Buffer.alloc(1025), none: Buffer.alloc(0),
    check: Buffer.concat([Buffer.from('4a8b1c2d00', 'hex'), Buffer.alloc(1019)]) };
  for (const [name, bytes] of Object.entries(wrong)) {
    writeFileSync(join(reader.cards, `${name}.mfd`), bytes);
    await assert.rejects(reader.say(`lay ${name}`), /no image/, name);
  }
  const texts = ['kind visa\n', 'kind desfire\n', 'kind desfire\nuid 04112233445566',
    'kind phone\nuid 08000000\nmore\n', 'kind cpu\nuid 11223344\ntries 6\n',
    'kind desfire\nuid 04112233445566\napp 000001 0f aes 1\nkey 00 ' + '00'.repeat(16) + '\n'];
  for (const [i, text] of texts.entries()) {
    writeFileSync(join(reader.cards, `t${i}.card`), text);
    await assert.rejects(reader.say(`lay t${i}`), /no image/, text);
  }
}));

test('a file that changed is read again',
  () => withReader(async (reader) => {
    await reader.say('new one classic 4a8b1c2d');
    await reader.say('lay one');
    await reader.say('take');
    const file = join(reader.cards, 'one.mfd');
    const image = readFileSync(file);
    image.fill(7, 16, 32);
    writeFileSync(file, image);
    await reader.say('lay one');
    assert.equal(await reader.say('dump one'), image.toString('hex'));
  }));

test('faults are listed, and cleared by number', () => withReader(async (reader) => {
  const first = await reader.say('fault remove exchange=3');
  await reader.say('fault drop command=2 count=0');
  const faults = await reader.say('faults');
  assert.deepEqual(faults.map(({ kind, at, in: left }) => [kind, at, left]),
    [['remove', 'exchange', 3], ['drop', 'command', 2]]);
  await reader.say(`fault clear ${first}`);
  assert.equal((await reader.say('faults')).length, 1);
  await assert.rejects(reader.say(`fault clear ${first}`), /no such fault/);
  await reader.say('fault clear');
  assert.deepEqual(await reader.say('faults'), []);
}));

test('words that are none', () => withReader(async (reader) => {
  for (const line of ['', 'dance', 'power', 'mute', 'mute maybe', 'stray 0', 'baud x', 'seed -1',
    'quirk', 'quirk seven', 'fault', 'lay', 'lay nobody', 'dump nobody', 'log']) {
    await assert.rejects(reader.say(line), /error/, line);
  }
  assert.match(await reader.say('help'), /fault KIND/);
}));

test('power, plug and quirks', () => withReader(async (reader) => {
  await reader.say('power off');
  assert.equal((await reader.say('state')).power, 'dead');
  await reader.say('power on');
  assert.equal((await reader.say('state')).power, 'lowvbat');
  await reader.say('unplug');
  assert.equal((await reader.say('state')).plugged, false);
  assert.ok(!existsSync(reader.link));
  await reader.say('plug');
  assert.ok(existsSync(reader.link));
  for (const line of ['quirk seven on', 'quirk deaf-ms 20', 'baud 115200', 'rf-us 5000', 'seed 9',
    'log on', 'log off', 'mute on', 'mute off', 'stray 00ff']) {
    assert.equal(await reader.say(line), '', line);
  }
  assert.equal((await reader.say('counts')).bytes_out, 2);
  await reader.say('counts reset');
  assert.equal((await reader.say('counts')).bytes_out, 0);
}));
