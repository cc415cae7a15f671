// SPDX-License-Identifier: Apache-2.0

// Programs that are expected to end: what they said and how they ended.

import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(new URL('../../..', import.meta.url).pathname);
export const BUILD = join(ROOT, process.env.SHILLING_BUILD ?? 'build/release');

export function program(name) {
  return join(BUILD, 'bin', name);
}

/**
 * Run until it ends, SIGKILL after `ms`, or a second after it has said `enough`: {code, signal,
 * out, late}. A program that a test expects to refuse must do so by itself, so callers look at
 * `late`.
 */
export function run(command, args, { ms = 10000, env = {}, input, enough = null } = {}) {
  return new Promise((done, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    let out = '';
    let late = false;
    const end = () => { late = true; child.kill('SIGKILL'); };
    let timer = setTimeout(end, ms);
    let awaited = enough;
    const keep = (data) => {
      out += data;
      if (awaited?.test(out)) {
        awaited = null;
        clearTimeout(timer);
        timer = setTimeout(end, 1000);
      }
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, out, late });
    });
    child.stdin?.end(input);
  });
}

/** A folder of the test's own, removed after `body`; open for other users to pass through. */
export async function inFolder(body) {
  const dir = mkdtempSync(join(tmpdir(), 'shilling-e2e-'));
  chmodSync(dir, 0o755);
  try {
    return await body(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export const IS_ROOT = process.getuid() === 0;
const NOBODY = '65534';

/** Command and arguments to run something without root's rights, whoever we are. */
export function unprivileged(command, args) {
  return IS_ROOT ? ['setpriv', ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups',
    command, ...args]] : [command, args];
}
