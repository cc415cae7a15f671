// SPDX-License-Identifier: Apache-2.0

// Programs started by a test or the demo: each with its log file, each ended by its own pid. What
// was started is stopped in the reverse order, also when the caller is interrupted.

import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { atEnd, tell } from './endings.mjs';

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Poll `probe` (may be async) until it gives something true; throws with `what` after `ms`. */
export async function until(what, probe, ms = 15000, step = 50) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${ms} ms in vain: ${what}`);
    }
    await wait(step);
  }
}

const PORT_FIRST = 10000;
const PORT_COUNT = 22000;

/* The same number at another of loopback's addresses: whoever listens there has reserved it. */
const RESERVED_AT = '127.83.72.1';

const listening = (port, host) => new Promise((resolve) => {
  const server = createServer();
  server.on('error', () => resolve(null));
  server.listen(port, host, () => resolve(server));
});

/** Keep a port from all others who ask here, until this program ends. */
async function reserve(port) {
  const server = await listening(port, RESERVED_AT);
  server?.unref();
  return server !== null;
}

async function canListen(port) {
  const server = await listening(port, '127.0.0.1');
  await new Promise((resolve) => (server === null ? resolve() : server.close(resolve)));
  return server !== null;
}

/**
 * A TCP port on loopback that is free, and that no other test is given while this program runs: it
 * may be long before anything listens on it. Drawn from below those that the kernel lends to
 * outgoing connections: one of theirs may be taken again in the meantime.
 */
export async function freePort() {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = PORT_FIRST + Math.floor(Math.random() * PORT_COUNT);
    if (await reserve(port) && await canListen(port)) {
      return port;
    }
  }
  throw new Error('no free port on loopback');
}

/** True if something accepts connections there. */
export function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}

/** One command to a control socket (UNIX path), one line back; `error ...` is thrown. */
export function control(path, line, ms = 10000) {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    const fail = (error) => { socket.destroy(); reject(error); };
    socket.setTimeout(ms, () => fail(new Error(`${path}: no answer to "${line}"`)));
    socket.on('error', fail);
    socket.on('connect', () => socket.write(`${line}\n`));
    socket.on('data', (data) => {
      text += data.toString();
      const end = text.indexOf('\n');
      if (end >= 0) {
        socket.destroy();
        const answer = text.slice(0, end);
        if (answer.startsWith('error')) {
          reject(new Error(`${line}: ${answer}`));
        } else {
          resolve(answer.replace(/^ok ?/, ''));
        }
      }
    });
  });
}

export class Processes {
  constructor(dir) {
    this.dir = dir;
    this.started = [];
  }

  /**
   * Start a program. `ready` is a pattern that its output must show (its match is returned in
   * `.match`), or a function to poll. Output goes to <dir>/<name>.log.
   */
  async start(name, command, args, { ready, env = {}, cwd, ms = 30000 } = {}) {
    const log = join(this.dir, `${name}.log`);
    const file = createWriteStream(log, { flags: 'a' });
    const child = spawn(command, args, {
      cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const entry = { name, child, log, exit: null, text: '', command, args, env, ready, cwd };
    const keep = (data) => {
      file.write(data);
      entry.text = (entry.text + data.toString()).slice(-65536);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const left = atEnd(() => tell(child, 'SIGTERM'));
    child.on('error', (error) => { left(); entry.exit = { error }; });
    entry.ended = new Promise((resolve) => child.on('close', (code, signal) => {
      entry.exit ??= { code, signal };
      left();
      file.end(() => resolve(entry.exit)); // whoever waits for the end may read the log
    }));
    this.started.push(entry);
    if (ready) {
      const probe = ready instanceof RegExp
        ? () => ready.exec(entry.text) : () => ready(entry);
      entry.match = await until(`${name} to be ready`, () => {
        if (entry.exit) {
          const how = JSON.stringify(entry.exit);
          throw new Error(`${name} ended at once (${how}):\n${entry.text.slice(-2000)}`);
        }
        return probe();
      }, ms).catch((error) => { throw new Error(`${error.message}\n${entry.text.slice(-2000)}`); });
    }
    return entry;
  }

  find(name) {
    const found = this.started.filter((entry) => entry.name === name).pop();
    if (!found) {
      throw new Error(`${name} was never started`);
    }
    return found;
  }

  /** Send a signal and wait for the end; SIGKILL follows after `ms`. */
  async stop(name, signal = 'SIGTERM', ms = 8000) {
    const entry = this.find(name);
    if (!entry.exit) {
      entry.child.kill(signal);
      const late = setTimeout(() => entry.child.kill('SIGKILL'), ms);
      await entry.ended;
      clearTimeout(late);
    }
    this.started = this.started.filter((other) => other !== entry);
    return entry.exit;
  }

  /** The same program again, with the same arguments. */
  async restart(name, signal = 'SIGTERM') {
    const { command, args, env, ready, cwd } = this.find(name);
    await this.stop(name, signal);
    return this.start(name, command, args, { ready, env, cwd });
  }

  async stopAll() {
    for (const entry of [...this.started].reverse()) {
      await this.stop(entry.name).catch(() => {});
    }
  }

  /** For the end of a test: everybody's last words. */
  tails(lines = 15) {
    return this.started.map(({ name, log }) => {
      const text = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines);
      return `--- ${name}\n${text.join('\n')}`;
    }).join('\n');
  }
}
