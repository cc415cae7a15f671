// SPDX-License-Identifier: Apache-2.0

// An emulated reader in a folder of its own, its control socket, and programs that use it.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const BUILD = resolve(process.env.SHILLING_BUILD ?? 'build/release');

/** Debian's tools and libraries are there; without them there is nothing to compare with. */
export const hasPeers = existsSync('/usr/bin/nfc-list') &&
  existsSync(join(BUILD, 'tests/cardreader/libnfc_peer'));
export const NO_PEERS = 'libnfc-bin, libnfc-dev and libfreefare-dev are not installed';

/** A program that answers one line for each line. */
export class Lines {
  constructor(file, args, env) {
    this.waiting = [];
    this.child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.errors = '';
    this.child.stderr.on('data', (text) => { this.errors += text; });
    this.child.stdin.on('error', () => {});
    this.ended = new Promise((done) => this.child.on('exit', (code, signal) => {
      this.signal = signal;
      this.waiting.splice(0).forEach((answer) => answer(null));
      done(signal ?? code);
    }));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.waiting.shift()?.(line);
    });
  }

  ask(line) {
    return new Promise((done) => {
      this.waiting.push(done);
      this.child.stdin.write(`${line}\n`);
    });
  }

  async end(signal) {
    if (signal) {
      this.child.kill(signal);
    } else {
      this.child.stdin.end();
    }
    return this.ended;
  }
}

/** libnfc_peer: each call's result, milliseconds and what it brought. */
export class Peer {
  constructor(reader) {
    this.lines = new Lines(join(BUILD, 'tests/cardreader/libnfc_peer'),
      [`pn532_uart:${reader.link}`], reader.env);
  }

  async call(line) {
    const answer = await this.lines.ask(line);
    if (answer === null) {
      return { died: this.lines.signal };
    }
    const [, result, ms, rest] = /^(-?\d+) (\d+) (.*)$/.exec(answer);
    return { result: Number(result), ms: Number(ms), rest: rest.trim() };
  }

  /** Opened, in initiator mode, without endless selects; with a card also selected. */
  async begin(select = true) {
    for (const line of ['open', 'init', 'finite']) {
      const { result } = await this.call(line);
      if (result < 0) {
        throw new Error(`${line}: ${result}`);
      }
    }
    return select ? this.call('select') : null;
  }

  end(signal) {
    return this.lines.end(signal);
  }
}

export class Reader {
  /** Start one; options are the program's own. */
  static async start(...options) {
    const reader = new Reader();
    reader.dir = mkdtempSync(join(tmpdir(), 'cardreader-'));
    reader.link = join(reader.dir, 'reader');
    reader.cards = join(reader.dir, 'cards');
    mkdirSync(reader.cards);
    const control = join(reader.dir, 'control');
    reader.env = { ...process.env, LIBNFC_AUTO_SCAN: 'false',
      LIBNFC_DEFAULT_DEVICE: `pn532_uart:${reader.link}` };
    reader.child = spawn(join(BUILD, 'bin/emulator-cardreader'), ['--link', reader.link,
      '--cards', reader.cards, '--control', control, ...options],
    { stdio: ['ignore', 'pipe', 'inherit'] });
    reader.ended = new Promise((done) => reader.child.on('exit', done));
    await new Promise((done, fail) => {
      reader.child.stdout.on('data', done);
      reader.child.on('exit', () => fail(new Error('the reader did not start')));
    });
    reader.socket = connect(control);
    reader.waiting = [];
    createInterface({ input: reader.socket }).on('line', (line) => reader.waiting.shift()(line));
    return reader;
  }

  /** One command that must be answered ok; what stands behind that, JSON parsed. */
  async say(line) {
    const answer = await new Promise((done) => {
      this.waiting.push(done);
      this.socket.write(`${line}\n`);
    });
    if (!answer.startsWith('ok')) {
      throw new Error(`${line}: ${answer}`);
    }
    const rest = answer.slice(3);
    return rest.startsWith('{') || rest.startsWith('[') ? JSON.parse(rest) : rest;
  }

  async lay(name, kind, uid = '') {
    await this.say(`new ${name} ${kind} ${uid}`.trim());
    await this.say(`lay ${name}`);
  }

  /** Run one of Debian's tools to its end. */
  run(file, ...args) {
    return spawnSync(file, args, { env: this.env, cwd: this.dir, encoding: 'utf8',
      timeout: 60000 });
  }

  async stop() {
    this.socket.destroy();
    this.child.kill('SIGTERM');
    const code = await this.ended;
    rmSync(this.dir, { recursive: true });
    return code;
  }
}
