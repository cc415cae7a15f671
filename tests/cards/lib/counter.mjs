// SPDX-License-Identifier: Apache-2.0

// The counter of an office that gives out cards: an emulated reader, the server's desk (played),
// and the real shilling-cardctl between them.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CardDesk, PERSON } from './desk.mjs';
import { blankImage } from './desk_cards.mjs';
import { program, Rig } from './rig.mjs';
import { image, METER, UID } from './shlc1.mjs';

export const CUSTOMER = '000000000042';

/** What a person gives with each command that needs one: his name, and his password as input. */
export const SIGNED = ['--person', PERSON.name];
export const PASSWORD = `${PERSON.password}\n`;

/** Run to its end: {code, out}. */
export function run(command, args, { input, env = {} } = {}) {
  return new Promise((done) => {
    const child = execFile(command, args, { timeout: 40000, killSignal: 'SIGKILL',
      env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      done({ code: error ? error.code : 0, out: stdout + stderr }));
    child.stdin.on('error', () => {}); // it may be over before it reads
    child.stdin.end(input ?? '');
  });
}

export class Counter extends Rig {
  desk = new CardDesk();

  async start() {
    await this.startReader();
    await this.desk.start(join(this.dir, 'admin.sock'));
  }

  /** An empty reader, a desk that knows two meters, and a blank card. */
  async begin() {
    await this.ctl('take').catch(() => {});
    await this.ctl('fault clear');
    await this.ctl('counts reset');
    await this.desk.stop();
    this.desk = new CardDesk();
    this.desk.addMeter('m1', METER, CUSTOMER);
    this.desk.addMeter('m2', '000087654321');
    await this.desk.start(join(this.dir, 'admin.sock'));
    this.card('a', blankImage());
  }

  /** The words that say which reader. */
  base() {
    return ['--reader', `pn532_uart:${this.paths.link}`, '--lock', join(this.dir, 'lock')];
  }

  /** The program with words, at the desk, signed. */
  tool(words, { wait = 0, input = PASSWORD, server = true, signed = true } = {}) {
    return run(program('shilling-cardctl'), [...this.base(), '--wait', String(wait),
      ...(server ? ['--cloud', this.desk.path] : []), ...(signed ? SIGNED : []), ...words],
    { input });
  }

  async writes() {
    return (await this.counts()).writes;
  }

  imageOf(name) {
    return readFileSync(join(this.paths.cards, `${name}.mfd`));
  }

  /** What must stand on a card that is finished. */
  wanted(uid = UID) {
    return image({ uid, slots: [], issue: this.desk.cards.get(uid).record });
  }

  async laid(name, bytes) {
    await this.ctl('take').catch(() => {});
    this.card(name, bytes);
    await this.ctl(`lay ${name}`);
  }

  /** A finished card with records on it, not laid yet. */
  usedImage({ slots = [], returns = [] }) {
    return image({ slots, returns, issue: this.desk.register(UID, 'm1').record });
  }

  async finish() {
    await this.desk.stop();
    await super.finish();
  }
}
