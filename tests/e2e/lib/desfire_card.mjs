// SPDX-License-Identifier: Apache-2.0

// A DESFire card of the format SHL-C1 as whoever sells meets it (docs/cards.md): the mutual proof
// with key 2, both files, a write that counts with its commit, a MAC over every answer.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const BLOCK = 16;
const OK = '9100';
const MORE = '91AF';
const REFUSED = '91AE';
const RECORD = 48;
const AREA = 7;

function cbc(make, key, iv, bytes) {
  const cipher = make('aes-128-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

const encrypt = (key, iv, bytes) => cbc(createCipheriv, key, iv, bytes);
const decrypt = (key, iv, bytes) => cbc(createDecipheriv, key, iv, bytes);
const zeros = () => Buffer.alloc(BLOCK);

function doubled(block) {
  const out = Buffer.alloc(BLOCK);
  for (let i = 0; i < BLOCK; i += 1) {
    out[i] = ((block[i] << 1) | (i + 1 < BLOCK ? block[i + 1] >> 7 : 0)) & 0xFF;
  }
  out[BLOCK - 1] ^= block[0] & 0x80 ? 0x87 : 0;
  return out;
}

/** AES-CMAC that starts from `iv`. */
function cmac(key, message, iv = zeros()) {
  const whole = message.length > 0 && message.length % BLOCK === 0;
  const padded = whole ? Buffer.from(message) : Buffer.concat([message, Buffer.from([0x80]),
    Buffer.alloc(BLOCK - 1 - (message.length % BLOCK))]);
  let subkey = doubled(encrypt(key, zeros(), zeros()));
  subkey = whole ? subkey : doubled(subkey);
  for (let i = 0; i < BLOCK; i += 1) {
    padded[padded.length - BLOCK + i] ^= subkey[i];
  }
  return encrypt(key, iv, padded).subarray(-BLOCK);
}

const rotated = (bytes) => Buffer.concat([bytes.subarray(1), bytes.subarray(0, 1)]);

export class DesfireCard {
  /** @param master, meter  the site's key and the meter's number, in hex */
  constructor({ master, meter, uid }) {
    const id = Buffer.from(uid, 'hex');
    const sector = cmac(Buffer.from(master, 'hex'), Buffer.concat([Buffer.from([1]),
      Buffer.from(meter, 'hex'), Buffer.from('SHLSECTOR1')]));
    this.uid = uid;
    this.key = cmac(sector, Buffer.concat([Buffer.from([1]), id, Buffer.alloc(7 - id.length),
      Buffer.from([id.length]), Buffer.from('D2SHLK01')]));
    this.files = { 1: Buffer.alloc(RECORD), 2: Buffer.alloc(RECORD) };
    this.session = null; // {key, iv}
  }

  /** What it says to a round of commands; it ends with an answer that is not as expected. */
  say(apdus) {
    const answers = [];
    for (const { apdu, expect } of apdus) {
      const said = this.#hear(Buffer.from(apdu, 'hex'));
      answers.push(said);
      if (expect !== null && !said.endsWith(expect.toUpperCase())) {
        break;
      }
    }
    return answers;
  }

  #chain(...parts) {
    this.session.iv = cmac(this.session.key, Buffer.concat(parts), this.session.iv);
    return this.session.iv.subarray(0, 8);
  }

  #maced(data) {
    const mac = this.#chain(data, Buffer.from([0]));
    return Buffer.concat([data, mac]).toString('hex').toUpperCase() + OK;
  }

  #challenge() {
    this.random = randomBytes(BLOCK);
    this.asked = encrypt(this.key, zeros(), this.random);
    return this.asked.toString('hex').toUpperCase() + MORE;
  }

  #prove(data) {
    const plain = decrypt(this.key, this.asked, data);
    const theirs = plain.subarray(0, BLOCK);
    if (!plain.subarray(BLOCK).equals(rotated(this.random))) {
      return REFUSED;
    }
    this.asked = null;
    this.session = { iv: zeros(), key: Buffer.concat([theirs.subarray(0, 4),
      this.random.subarray(0, 4), theirs.subarray(12), this.random.subarray(12)]) };
    const iv = data.subarray(-BLOCK);
    return encrypt(this.key, iv, rotated(theirs)).toString('hex').toUpperCase() + OK;
  }

  #hear(command) {
    const ins = command[1];
    const data = command.length > 5 ? command.subarray(5, 5 + command[4]) : Buffer.alloc(0);
    const named = Buffer.from([ins]);
    switch (ins) {
    case 0x5A:
      Object.assign(this, { session: null, asked: null, written: null });
      return data.equals(Buffer.from('015A4C', 'hex')) ? OK : '91A0';
    case 0xAA:
      return data.equals(Buffer.from([2])) ? this.#challenge() : REFUSED;
    case 0xAF:
      if (this.asked) {
        return this.#prove(data);
      }
      return this.mac?.equals(data) ? this.#maced(Buffer.alloc(0)) : REFUSED;
    case 0xBD:
      this.#chain(named, data);
      return this.#maced(this.files[data[0]]);
    case 0x3D:
      this.mac = Buffer.from(this.#chain(named, data));
      this.written = data.subarray(AREA);
      return MORE;
    case 0xC7:
      this.#chain(named);
      this.files[1] = Buffer.from(this.written);
      return this.#maced(Buffer.alloc(0));
    default:
      return '911C';
    }
  }
}
