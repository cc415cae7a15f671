// SPDX-License-Identifier: Apache-2.0

// A reader of the emulator, the real shilling-cardd on it, and a client on its socket.

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { control, Processes, until, wait } from '../../../tools/world/processes.mjs';

const BUILD = resolve(process.env.SHILLING_BUILD ?? 'build/release');

export const program = (name) => join(BUILD, 'bin', name);

const CARDS = { gone: 0, present: 1, two: 2 };

/** A connection to cardd: what it says, in the order in which it says it. */
export class Client {
  constructor(path) {
    this.lines = [];
    this.text = '';
    this.closed = false;
    this.cards = 0; // that lie there, by what was said last; two are many
    this.socket = connect(path);
    this.socket.on('data', (data) => this.take(data.toString()));
    this.socket.on('close', () => { this.closed = true; });
    this.socket.on('error', () => { this.closed = true; });
  }

  take(data) {
    this.text += data;
    for (let end = this.text.indexOf('\n'); end >= 0; end = this.text.indexOf('\n')) {
      const line = JSON.parse(this.text.slice(0, end));
      this.cards = line.op === 'card' ? CARDS[line.state] : this.cards;
      this.lines.push(line);
      this.text = this.text.slice(end + 1);
    }
  }

  say(object) {
    this.socket.write(typeof object === 'string' ? object : `${JSON.stringify(object)}\n`);
  }

  /** The next line that fits; those before it are dropped. */
  async hears(what, fits, ms = 5000) {
    return until(`cardd to say ${what}`, () => {
      const at = this.lines.findIndex(fits);
      return at < 0 ? null : this.lines.splice(0, at + 1).at(-1);
    }, ms, 5);
  }

  /** The answer to a request; what else was said stays, for others may wait for theirs. */
  async ask(request, ms = 20000) {
    this.say(request);
    return until(`cardd to say the answer to ${request.op}`, () => {
      const at = this.lines.findIndex((line) => line.op === request.op && line.id === request.id);
      return at < 0 ? null : this.lines.splice(at, 1)[0];
    }, ms, 5);
  }

  reader(state, ms = 5000) {
    return this.hears(`reader ${state}`, (l) => l.op === 'reader' && l.state === state, ms);
  }

  card(state, ms = 5000) {
    return this.hears(`card ${state}`, (l) => l.op === 'card' && l.state === state, ms);
  }

  async status() {
    this.say({ op: 'status' });
    return this.hears('its counts', (line) => line.op === 'reader' && line.counts);
  }

  poll(mode) {
    this.say({ op: 'poll', mode });
  }

  close() {
    this.socket.destroy();
  }
}

/** True if something accepts connections there. */
function connects(path) {
  return new Promise((done) => {
    const socket = connect(path);
    socket.on('connect', () => { socket.destroy(); done(true); });
    socket.on('error', () => done(false));
  });
}

export class Rig {
  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'shilling-cards-'));
    this.processes = new Processes(this.dir);
    this.paths = { link: join(this.dir, 'reader'), cards: join(this.dir, 'cards'),
      control: join(this.dir, 'reader.sock'), socket: join(this.dir, 'cardd.sock'),
      config: join(this.dir, 'cardd.cfg'), authority: join(this.dir, 'authority.pem') };
    mkdirSync(this.paths.cards);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.key = privateKey;
    writeFileSync(this.paths.authority, publicKey.export({ type: 'spki', format: 'pem' }));
  }

  configText({ connstring = `pn532_uart:${this.paths.link}`, health = 60, more = '' } = {}) {
    return `socket = "${this.paths.socket}";\nterminal_id = "T-0001";\n` +
      `authority = "${this.paths.authority}";\n` +
      `reader = { connstring = "${connstring}"; lock = "${join(this.dir, 'reader.lock')}"; ` +
      `health_s = ${health}; ${more} };\n`;
  }

  async startReader(args = []) {
    await this.processes.start('reader', program('emulator-cardreader'), ['--link',
      this.paths.link, '--cards', this.paths.cards, '--control', this.paths.control, ...args],
    { ready: /ready / });
  }

  async startCardd(options = {}) {
    writeFileSync(this.paths.config, this.configText(options));
    await this.processes.start('cardd', program('shilling-cardd'),
      ['--config', this.paths.config], { ready: () => connects(this.paths.socket) });
    this.client = new Client(this.paths.socket);
    return this.client;
  }

  async start(options = {}) {
    await this.startReader(options.reader);
    const client = await this.startCardd(options);
    await until('the reader to be ready', async () =>
      (await client.status()).state === 'ready', 5000);
    return client;
  }

  ctl(line) {
    return control(this.paths.control, line);
  }

  async counts() {
    return JSON.parse(await this.ctl('counts'));
  }

  /** Put a card's 1024 bytes where the emulator finds them. */
  card(name, bytes) {
    writeFileSync(join(this.paths.cards, `${name}.mfd`), bytes);
  }

  async dump(name) {
    return Buffer.from(await this.ctl(`dump ${name}`), 'hex');
  }

  /** Lay a card and wait until cardd tells of it. */
  async lay(name, client = this.client) {
    await this.ctl(`lay ${name}`);
    return client.card('present');
  }

  async take(client = this.client) {
    await this.ctl('take');
    return client.card('gone');
  }

  entry(name) {
    return this.processes.find(name);
  }

  /** The worker's process; null while there is none. */
  worker() {
    const pid = this.entry('cardd').child.pid;
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return list === '' ? null : Number(list.split(' ')[0]);
  }

  log() {
    return this.entry('cardd').text;
  }

  async finish() {
    this.client?.close();
    await this.processes.stopAll();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** How many descriptors a process has; the worker hides them from all users but root: null. */
export function fdsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch (error) {
    if (error.code === 'EACCES' && process.getuid() !== 0) {
      return null;
    }
    throw error;
  }
}

/** How much memory a process has, in kB. */
export const memoryOf = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

export const run = (name, args) => {
  try {
    return { code: 0, text: execFileSync(program(name), args, { encoding: 'utf8' }) };
  } catch (error) {
    return { code: error.status, text: `${error.stdout}${error.stderr}` };
  }
};

export { until, wait, randomUUID };
