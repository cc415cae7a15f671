// SPDX-License-Identifier: Apache-2.0

// The card format once more, apart from the product's C: what a test lays on the reader and what it
// expects to find there. AES-CMAC is RFC 4493 over node's AES.

import { createCipheriv, createHash, randomUUID, sign } from 'node:crypto';

export const MASTER = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
export const METER = '000012345678';
export const UID = '4A8B1C2D';

const aes = (key, block) => {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
};

const double = (block) => {
  const out = Buffer.alloc(16);
  for (let i = 0; i < 16; i += 1) {
    out[i] = ((block[i] << 1) | (i < 15 ? block[i + 1] >> 7 : 0)) & 0xff;
  }
  if (block[0] & 0x80) {
    out[15] ^= 0x87;
  }
  return out;
};

export function cmac(key, message) {
  const first = double(aes(key, Buffer.alloc(16)));
  const whole = message.length > 0 && message.length % 16 === 0;
  const padded = whole ? Buffer.from(message)
    : Buffer.concat([message, Buffer.from([0x80]), Buffer.alloc(15 - (message.length % 16))]);
  const mask = whole ? first : double(first);
  for (let i = 0; i < 16; i += 1) {
    padded[padded.length - 16 + i] ^= mask[i];
  }
  let state = Buffer.alloc(16);
  for (let at = 0; at < padded.length; at += 16) {
    state = aes(key, state.map((byte, i) => byte ^ padded[at + i]));
  }
  return state;
}

export const keyOf = (label, meter = METER) => cmac(MASTER,
  Buffer.concat([Buffer.from([1]), Buffer.from(meter, 'hex'), Buffer.from(`SHL${label}1`)]));

export function sectorKey(sector, kind, uid = UID, meter = METER) {
  const id = Buffer.from(uid, 'hex');
  const message = Buffer.concat([Buffer.from([1]), id, Buffer.alloc(7 - id.length),
    Buffer.from([id.length, sector]), Buffer.from(`${kind}SHLK01`)]);
  return cmac(keyOf('SECTOR', meter), message).subarray(0, 6);
}

const PURCHASE_KEYS = ['INTERNAL', 'EXTERNAL', 'WALLETMC', 'RETURNMC'];

/** The four keys of a purchase card with this number, under its maker's master key. */
export const purchaseKeys = (serial, master = Buffer.from('SHILLING TESTKEY')) =>
  PURCHASE_KEYS.map((label) => cmac(master, Buffer.concat([Buffer.from([1]),
    Buffer.from(serial, 'hex'), Buffer.from(label)])));

/** Key 0..3 of the application on a DESFire card. */
export function desfireKey(number, uid, meter = METER) {
  const id = Buffer.from(uid, 'hex');
  return cmac(keyOf('SECTOR', meter), Buffer.concat([Buffer.from([1]), id,
    Buffer.alloc(7 - id.length), Buffer.from([id.length]), Buffer.from(`D${number}SHLK01`)]));
}

const crc = (bytes) => {
  let value = 0xffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let i = 0; i < 8; i += 1) {
      value = value & 1 ? (value >> 1) ^ 0x8408 : value >> 1;
    }
  }
  return value ^ 0xffff;
};

const covered = (record) => Buffer.concat([record.subarray(0, 30), record.subarray(32, 40)]);

const macOf = (record, uid, meter) => {
  const id = Buffer.from(uid, 'hex');
  return cmac(keyOf('CREDIT', meter), Buffer.concat([Buffer.from(['C'.charCodeAt(0), id.length]),
    id, Buffer.alloc(10 - id.length), record.subarray(0, 40)])).subarray(0, 8);
};

/** A credit token; `parameters` differ from token to token, or do not. */
export function credit(n, { uid = UID, meter = METER, fen = 10000, alarm = 1000 } = {}) {
  const record = Buffer.alloc(48);
  record.set([0x53, 1, 1, 0]);
  record.writeUInt32LE(n, 4);
  record.set(Buffer.from(meter, 'hex'), 8);
  record.writeUInt16LE(1, 14);
  record.writeUIntLE(n * fen, 16, 6);
  record.writeInt32LE(fen, 22);
  record.writeUInt32LE(1700000000 + n, 26);
  record.writeUIntLE(alarm, 32, 3);
  record.writeUIntLE(500, 35, 3);
  record.writeUInt16LE(crc(covered(record)), 30);
  record.set(macOf(record, uid, meter), 40);
  return record;
}

/** The number of a token whose MAC is right; null for anything else. */
export function numberOf(record, { uid = UID, meter = METER } = {}) {
  const whole = record[0] === 0x53 && record.readUInt16LE(30) === crc(covered(record)) &&
    macOf(record, uid, meter).equals(record.subarray(40, 48));
  return whole ? record.readUInt32LE(4) : null;
}

/** The 1024 bytes of a personalised card. */
export function image({ uid = UID, slots, returns = [], issue } = {}) {
  const card = Buffer.alloc(1024);
  const id = Buffer.from(uid, 'hex');
  card.set(id, 0);
  if (id.length === 4) {
    card[4] = id[0] ^ id[1] ^ id[2] ^ id[3];
    card.set([0x08, 0x04, 0x00], 5);
  } else {
    card.set([0x08, 0x44, 0x00], 7);
  }
  for (let sector = 0; sector < 16; sector += 1) {
    const at = sector * 64 + 48;
    card.set(sectorKey(sector, 'A', uid), at);
    card.set([0x78, 0x77, 0x88, 0x69], at + 6);
    card.set(sectorKey(sector, 'B', uid), at + 10);
  }
  slots.forEach((slot, i) => card.set(slot, (1 + i) * 64));
  returns.forEach((slot, i) => card.set(slot, (3 + i) * 64));
  if (issue) {
    card.set(issue, 5 * 64);
  }
  return card;
}

export const slotsOf = (card) => [card.subarray(64, 112), card.subarray(128, 176)];

const hex = (bytes) => Buffer.from(bytes).toString('hex').toUpperCase();

/** Keys as a cloud gives them for a session. */
export const keysFor = (uid = UID) => [
  ...[1, 2].map((sector) => ({ sector, kind: 'B', key: hex(sectorKey(sector, 'B', uid)) })),
  ...[3, 4, 5].map((sector) => ({ sector, kind: 'A', key: hex(sectorKey(sector, 'A', uid)) }))];

const url = (bytes) => Buffer.from(bytes).toString('base64url');

/** A signed authorisation. */
export function authorise(key, token, { what = 'write', terminal = 'T-0001', uid = UID, n = 8,
  fen = 10000, expires = Math.floor(Date.now() / 1000) + 300, ...more } = {}) {
  const payload = { v: 1, what, terminal, order: 'ORDER0001', uid, n, fen,
    token: createHash('sha256').update(token).digest('hex'), exp: expires, ...more };
  const first = url(JSON.stringify(payload));
  return `${first}.${url(sign(null, Buffer.from(first), key))}`;
}

export const writeRequest = (key, card, token, options = {}) => ({ op: 'write', id: randomUUID(),
  card, authorisation: authorise(key, token, options), token: hex(token),
  keys: keysFor(options.uid) });

export const readRequest = (card, uid) => ({ op: 'read', id: randomUUID(), card,
  keys: keysFor(uid) });

export { hex };
