// SPDX-License-Identifier: Apache-2.0

// The sweep of one program: a top-up is counted, then repeated with the program killed at one point
// after the other, for as long as the time allows. After each kill it is started again and the
// top-up comes to its end; at the end the checker of histories and the auditor of the end-to-end
// tests judge all of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { audit } from '../../e2e/lib/books.mjs';
import { ALL, keeping, QUICK_TIMERS, SEED, stream, withHouse } from '../../e2e/lib/setup.mjs';
import { Witness } from '../../history/lib/witness.mjs';
import { byCall, countCalls, killAt, NEEDS_STRACE, pointsOf } from './killer.mjs';

const SECONDS = Number(process.env.SHILLING_SWEEP_S ?? (ALL ? 840 : 18));
/* With full counts no effect is left out, however long it takes. */
const SECONDS_MAX = ALL ? 3600 : SECONDS;

/* A collector that died may leave a copy of its command with the broker: twice `command`. */
const TIMERS = { ...QUICK_TIMERS, delivery: 60, command: 3 };

/**
 * @param name     the program to be killed
 * @param house    options of the house
 * @param topUp    async (house, witness, round, victim): one top-up to its end, whatever dies
 *                 meanwhile; `victim` is the process that may
 * @param restart  async (house): start the dead program again
 */
export function sweep(name, { house: options, topUp, restart }) {
  const box = withHouse({ rooms: 18, timers: TIMERS, ...options });
  test(`${name} killed at its system calls of a top-up`,
    { timeout: (SECONDS_MAX + 240) * 1000, skip: NEEDS_STRACE }, keeping(box, async (t, house) => {
      const draw = stream(SEED + name.length * 6151);
      const witness = new Witness(house);
      await witness.begin();
      let round = 0;
      const one = (victim = house.processes.find(name)) =>
        topUp(house, witness, round++, victim);
      await one(); /* all connections are there, all statements prepared */
      const counts = await countCalls(house, name, one);
      const points = pointsOf(counts, draw);
      const begun = Date.now();
      const killed = [];
      let tried = 0;
      const goesOn = () => {
        const seconds = points[tried].isEffect ? SECONDS_MAX : SECONDS;
        return Date.now() < begun + seconds * 1000 || (killed.length === 0 && tried < 10);
      };
      while (tried < points.length && goesOn()) {
        const point = points[tried];
        if (await killAt(house, name, point, one, () => restart(house))) {
          killed.push(point);
        }
        tried += 1;
      }
      t.diagnostic(`${name}: killed at ${killed.length} of ${points.length} points ` +
        `(${tried} tried) of ${counts.most.size} system calls: ${byCall(killed)}; seed ${SEED}`);
      t.diagnostic(`${name}: ${Math.min(tried, counts.effects.size)} of ${counts.effects.size} ` +
        'effects tried');
      const found = await witness.end(120000);
      t.diagnostic(`${name}: ${JSON.stringify(witness.summary())}`);
      assert.deepEqual(found, []);
      t.diagnostic(`${name}: ${JSON.stringify(await audit(house, { openAllowed: true }))}`);
      assert.ok(killed.length >= (ALL ? 10 : 1), `${killed.length} of ${tried} points reached`);
      assert.ok(!ALL || tried >= counts.effects.size, `${tried} of ${counts.effects.size} tried`);
    }));
}
