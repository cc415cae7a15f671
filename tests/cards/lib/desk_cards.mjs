// SPDX-License-Identifier: Apache-2.0

// Cards as the desk meets them: blank, used, with the meter's word and the issue record on them.

import { cmac, image, keyOf, METER, UID } from './shlc1.mjs';

export const SECTORS = 16;
const RECORD = 48;
const FACTORY = Buffer.from('FFFFFFFFFFFFFF078069FFFFFFFFFFFF', 'hex');

/** Where a block is in an image. */
export const atBlock = (sector, block) => (sector * 4 + block) * 16;

/** A MIFARE Classic 1K as it leaves the factory. */
export function blankImage(uid = UID) {
  const card = image({ uid, slots: [] });
  for (let sector = 0; sector < SECTORS; sector += 1) {
    FACTORY.copy(card, atBlock(sector, 3));
  }
  return card;
}

function crc16(bytes) {
  let crc = 0xFFFF;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1;
    }
  }
  return crc ^ 0xFFFF;
}

function macOf(record, letter, uid) {
  const id = Buffer.from(uid, 'hex');
  return cmac(keyOf(letter === 'R' ? 'RETURN' : 'CREDIT'), Buffer.concat([Buffer.from(letter),
    Buffer.from([id.length]), id, Buffer.alloc(10 - id.length), record.subarray(0, 40)]))
    .subarray(0, 8);
}

/** True if the MAC of a record is right for this card; `letter` C, R or I. */
export const isSigned = (record, letter, uid = UID) =>
  macOf(record, letter, uid).equals(record.subarray(40));

function seal(record, letter, uid) {
  record.writeUInt16LE(crc16(Buffer.concat([record.subarray(0, 30), record.subarray(32, 40)])),
    30);
  macOf(record, letter, uid).copy(record, 40);
  return record;
}

function head(letter, meter) {
  const record = Buffer.alloc(RECORD);
  record.write(letter, 0);
  record[1] = 1;
  Buffer.from(meter, 'hex').copy(record, 8);
  record.writeUInt16LE(1, 14);
  return record;
}

/** The meter's word number `seq`. */
export function returnRecord(seq, { n = 7, total = 70000, balance = 4321, uid = UID } = {}) {
  const record = head('R', METER);
  record[3] = 1;
  record.writeUInt32LE(seq, 4);
  record.writeUIntLE(total, 16, 6);
  record.writeInt32LE(balance, 22);
  record.writeUInt32LE(n, 26);
  record.writeUInt32LE(123456, 32);
  record.writeUInt32LE(1700000100, 36);
  return seal(record, 'R', uid);
}

export function issueRecord({ uid = UID, meter = METER, cardNo, customer }) {
  const record = head('I', meter);
  record.writeUInt16LE(7, 2);
  record.writeUInt32LE(cardNo, 4);
  Buffer.from(customer, 'hex').copy(record, 16);
  record.writeUInt32LE(1700000000, 22);
  return seal(record, 'I', uid);
}
