// SPDX-License-Identifier: Apache-2.0

// auditor: a million orders with all their evidence (auditload: the server's own migrations, both
// wallets' packed bills, a collector's journal, the meters' records), audited from nothing, and
// once more when nothing has happened since.

import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { amount } from './lib/report.mjs';

const exec = promisify(execFile);

const ORDERS = Number(process.env.SHILLING_AUDIT_ORDERS ?? 1000000);
const AT = Date.parse('2026-12-03T12:00:00+08:00') / 1000;
const SECONDS = 60;
const MEGABYTES = 200;

export const names = ['auditor', 'auditor-memory', 'auditor-again'];

async function audit(bin, world, state) {
  const started = process.hrtime.bigint();
  const { stdout } = await exec(join(bin, 'shilling-auditor'), ['--json', '--database',
    join(world, 'cloud.db'), '--bills', join(world, 'bills'), '--journals',
    join(world, 'collector'), '--meters', join(world, 'meters'), '--state', state, '--at',
    String(AT)], { maxBuffer: 1 << 26 });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const result = JSON.parse(stdout);
  if (result.status !== 'clean') {
    throw new Error(`the world is not clean: ${JSON.stringify(result.findings[0])}`);
  }
  return { seconds, megabytes: result.read.memory_kib / 1024, read: result.read };
}

export async function run({ dir, bin, tools }) {
  const world = join(dir, 'world');
  const state = join(dir, 'state');
  mkdirSync(world);
  mkdirSync(state);
  await exec(join(tools, 'auditload'), [world, String(ORDERS)]);
  const first = await audit(bin, world, state);
  const again = await audit(bin, world, state);
  const what = `${first.read.documents} documents, ${first.read.postings} postings`;
  amount('auditor', first.seconds, 's', SECONDS, `${what}, ${first.read.bill_rows_read} bill rows`);
  amount('auditor-memory', first.megabytes, 'MB', MEGABYTES, 'largest resident set of that run');
  amount('auditor-again', again.seconds, 's', SECONDS / 4,
    `nothing new: ${again.read.documents_read} documents read, one past block in 16`);
}
