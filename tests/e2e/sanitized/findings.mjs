// SPDX-License-Identifier: Apache-2.0

// What the sanitizers found in the programs of a house, by their logs and the way they end.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/* The programs inherit this. */
process.env.LSAN_OPTIONS = 'print_suppressions=0:suppressions=' +
  fileURLToPath(new URL('foreign_leaks.txt', import.meta.url));

const FINDING = /AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:/;

/** End them one after the other: with 0, and without a finding in the log. */
export async function endsClean(house, names) {
  for (const name of names) {
    const { log } = house.processes.find(name);
    const exit = await house.processes.stop(name, 'SIGTERM', 30000);
    assert.ok(existsSync(log));
    const said = readFileSync(log, 'utf8');
    assert.doesNotMatch(said, FINDING, `${name}: ${said.slice(said.search(FINDING))}`);
    assert.equal(exit.code, 0, `${name} ended with ${JSON.stringify(exit)}: ${said.slice(-500)}`);
  }
}
