// SPDX-License-Identifier: Apache-2.0

// A test that is interrupted leaves nothing running of what it started.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { until } from '../../tools/world/processes.mjs';

const PROCESSES = new URL('../../tools/world/processes.mjs', import.meta.url);

/** Starts two programs that would go on, one of them by way of a shell, and says their ids. */
const STARTER = `import { Processes } from '${PROCESSES}';
  const processes = new Processes(process.argv[1]);
  const plain = await processes.start('plain', 'sleep', ['600']);
  const shell = await processes.start('shell', 'sh', ['-c', 'sleep 600 & echo ran $!; wait'],
    { ready: /ran (\\d+)/ });
  console.log('started', plain.child.pid, shell.child.pid, shell.match[1]);
  await plain.ended;`;

const isThere = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
  test(`${signal}: what it started ends with it`, { timeout: 30000 }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'shilling-interrupted-'));
    const child = spawn(process.execPath, ['--input-type=module', '-e', STARTER, dir],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    let text = '';
    child.stdout.on('data', (data) => { text += data; });
    const pids = (await until('it to have started all',
      () => /started (.+)\n/.exec(text)?.[1].split(' ').map(Number)));
    assert.ok(pids.length === 3 && pids.every(isThere), text);
    child.kill(signal);
    assert.equal(await ended, status);
    await until('nothing to be left', () => !pids.some(isThere));
    rmSync(dir, { recursive: true });
  });
}
