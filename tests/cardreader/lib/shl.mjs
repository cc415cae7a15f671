// SPDX-License-Identifier: Apache-2.0

// The records and keys of SHL-C1 cards, written down once more for tests, so that reader, meter
// and product can be held against something that none of them shares.

import { createCipheriv } from 'node:crypto';

function encrypt(key, block) {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function doubled(block) {
  const value = (BigInt(`0x${block.toString('hex')}`) << 1n) ^ (block[0] & 0x80 ? 0x87n : 0n);
  return Buffer.from((value & ((1n << 128n) - 1n)).toString(16).padStart(32, '0'), 'hex');
}

export function cmac(key, message) {
  const whole = message.length > 0 && message.length % 16 === 0;
  const blocks = Math.max(1, Math.ceil(message.length / 16));
  const padded = Buffer.alloc(blocks * 16);
  message.copy(padded);
  let subkey = doubled(encrypt(key, Buffer.alloc(16)));
  if (!whole) {
    padded[message.length] = 0x80;
    subkey = doubled(subkey);
  }
  let state = Buffer.alloc(16);
  for (let i = 0; i < blocks; i += 1) {
    const mixed = Buffer.from(padded.subarray(i * 16, i * 16 + 16).map((byte, at) =>
      byte ^ state[at] ^ (i === blocks - 1 ? subkey[at] : 0)));
    state = encrypt(key, mixed);
  }
  return state;
}

const bytes = (...parts) => Buffer.concat(parts.map((part) =>
  typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part)));

const padded = (data, size) => bytes(data, Buffer.alloc(size - data.length));

export function keysOf(master, meter) {
  const key = (label) => cmac(master, bytes(1, Buffer.from(meter, 'hex'), label));
  return { credit: key('SHLCREDIT1'), give: key('SHLRETURN1'), sector: key('SHLSECTOR1') };
}

export function sectorKey(keys, uid, sector, kind) {
  return cmac(keys.sector, bytes(1, padded(uid, 7), uid.length, sector, kind, 'SHLK01'))
    .subarray(0, 6);
}

export function crc16(slot) {
  let crc = 0xffff;
  slot.subarray(0, 40).forEach((byte, at) => {
    if (at !== 30 && at !== 31) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) {
        crc = (crc >> 1) ^ (crc & 1 ? 0x8408 : 0);
      }
    }
  });
  return crc ^ 0xffff;
}

function seal(slot, key, letter, uid) {
  slot.writeUInt16LE(crc16(slot), 30);
  cmac(key, bytes(letter, uid.length, padded(uid, 10), slot.subarray(0, 40)))
    .copy(slot, 40, 0, 8);
  return slot;
}

export function credit(keys, uid, { meter, n, t, kind = 1, amount = 0, at = 0, alarm = 0,
  overdraft = 0, keyId = 1 }) {
  const slot = Buffer.alloc(48);
  slot.write('S\x01', 'latin1');
  slot[2] = kind;
  slot.writeUInt32LE(n, 4);
  slot.write(meter, 8, 'hex');
  slot.writeUInt16LE(keyId, 14);
  slot.writeUIntLE(t, 16, 6);
  slot.writeInt32LE(amount, 22);
  slot.writeUInt32LE(at, 26);
  slot.writeUIntLE(alarm, 32, 3);
  slot.writeUIntLE(overdraft, 35, 3);
  return seal(slot, keys.credit, 'C', uid);
}

/** What a return slot says; null if it is torn or its MAC is wrong. */
export function readReturn(keys, uid, slot) {
  const copy = seal(Buffer.from(slot), keys.give, 'R', uid);
  if (slot[0] !== 0x52 || !copy.equals(slot)) {
    return null;
  }
  return { error: slot[2], status: slot[3], seq: slot.readUInt32LE(4),
    meter: slot.subarray(8, 14).toString('hex'), t: slot.readUIntLE(16, 6),
    balance: slot.readInt32LE(22), n: slot.readUInt32LE(26), energy: slot.readUInt32LE(32) };
}

/** A personalised card: diversified keys in sectors 1 to 15, access bits 78 77 88. */
export function personalised(blank, keys) {
  const image = Buffer.from(blank);
  const uid = image[8] === 0x44 ? image.subarray(0, 7) : image.subarray(0, 4);
  for (let sector = 1; sector < 16; sector += 1) {
    bytes(sectorKey(keys, uid, sector, 'A'), Buffer.from('78778869', 'hex'),
      sectorKey(keys, uid, sector, 'B')).copy(image, sector * 64 + 48);
  }
  return image;
}
