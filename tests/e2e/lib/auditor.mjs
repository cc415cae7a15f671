// SPDX-License-Identifier: Apache-2.0

// The auditor on a house of real programs: what they left behind, gathered for it, and what it
// says.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rows } from './books.mjs';

/** The bills of the day, closed and fetched by the server, and the meters' own records. */
export async function gather(house) {
  const day = (await house.wallet('finish-day')).trim();
  const folder = house.path('evidence');
  mkdirSync(join(folder, 'bills'), { recursive: true });
  mkdirSync(join(folder, 'meters'), { recursive: true });
  for (const wallet of ['alipay', 'wechat']) {
    house.cloudCommand('ledger', 'bill', wallet, day);
    const file = join(folder, 'bills', `${wallet}-${day}.bin`);
    rows(house, `SELECT writefile('${file}', raw) FROM bill WHERE channel = '${wallet}'
      AND day = '${day}'`);
  }
  for (const home of house.homes.filter((one) => one.kind !== 'cloud')) {
    const record = await house.meter(home, 'get');
    writeFileSync(join(folder, 'meters', `${home.address}.json`), JSON.stringify(record));
  }
  return folder;
}

/** The auditor's result over `database`, with what gather() put into `folder`. */
export function run(house, folder, database, ...more) {
  const done = spawnSync(house.program('shilling-auditor'), ['--json', '--database', database,
    '--bills', join(folder, 'bills'), '--journals', house.path('state', 'collector'),
    '--meters', join(folder, 'meters'), '--wechat-key',
    house.path('state', 'paygate', 'merchant', 'wechat-apiv3-key.txt'), ...more],
  { encoding: 'utf8' });
  return { exit: done.status, ...JSON.parse(done.stdout) };
}

/** What it found, but for notes. */
export const problems = (result) => result.findings.filter((one) => one.severity !== 'note');
