// SPDX-License-Identifier: Apache-2.0

// The wall clock of a running program is set: two hours on, a day back, to 2039. The monotonic
// clock goes on as it was. No money decision changes: paid orders end credited and nobody is
// refunded, closed or reviewed because of it.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { until, wait } from '../../tools/world/processes.mjs';
import { audit, rows } from '../e2e/lib/books.mjs';
import { home as goHome, settled, stateOf, toCode, toMeter } from '../e2e/lib/journey.mjs';
import { BUILD } from '../e2e/lib/run.mjs';
import { keeping, withHouse } from '../e2e/lib/setup.mjs';
import { Terminal } from '../e2e/lib/terminal.mjs';
import { Witness } from '../history/lib/witness.mjs';

const WALLCLOCK = join(BUILD, 'tests/faults/faults_wallclock.so');
const SKIP = existsSync(WALLCLOCK) ? false : `${WALLCLOCK} was not built`;
const STEPS = { 'two hours on': '+7200', 'a day back': '-86400', 'to 2039': '+410000000' };
const box = withHouse({ printer: false, rooms: 30 });
let witness = null;
let nth = 0;

const clockFile = (house, name) => house.path('run', `clock-${name}`);
const step = (house, name, offset) => writeFileSync(clockFile(house, name), offset);

/** `name` runs from now on with a wall clock that can be set while it runs. */
async function withClock(house, name) {
  step(house, name, '+0');
  const entry = house.processes.find(name);
  entry.env = { ...entry.env, LD_PRELOAD: WALLCLOCK, WALLCLOCK_FILE: clockFile(house, name) };
  await house.processes.restart(name);
}

/** A meter counts 10 kWh more; a collector that starts reads it at once: the reading's time. */
async function grows(house, home) {
  const kwh = (Number((await house.meter(home, 'get')).energy) + 10).toFixed(2);
  await house.meter(home, 'set', 'energy', kwh);
  await house.processes.restart('collector');
  return until(`a reading of ${kwh} kWh`, () => rows(house, `SELECT read_at FROM reading
    WHERE address = '${home.address}' AND CAST(vals ->> '$."00010000"' AS REAL) >= ${kwh}`)[0]
    ?.read_at, 20000);
}

test('all three with clocks that can be set', { timeout: 90000, skip: SKIP },
  keeping(box, async (t, house) => {
    witness = new Witness(house);
    await witness.begin();
    for (const name of ['cloud', 'collector', 'kiosk']) {
      await withClock(house, name);
    }
    await until('the kiosk to be online', async () => (await house.screen.report()).online, 30000);
  }));

for (const [what, offset] of Object.entries(STEPS)) {
  test(`the server's clock is set ${what}: nothing is decided by it`,
    { timeout: 120000, skip: SKIP }, keeping(box, async (t, house) => {
      const terminal = Terminal.of(house);
      const open = [];
      for (const [kind, channel] of [['cloud', 'wechat'], ['count', 'alipay']]) {
        open.push(await terminal.order(house.home(kind, nth % 10), { fen: 3300 + nth, channel }));
        nth += 1;
      }
      const unpaid = await terminal.order(house.home('order', nth % 10), { fen: 3300 + nth,
        channel: 'wechat' });
      nth += 1;
      step(house, 'cloud', offset);
      for (const { order_no: order } of open) {
        await house.wallet(`pay ${order}`);
      }
      await wait(4000);
      const states = [...open, unpaid].map(({ order_no: order }) => stateOf(house, order));
      t.diagnostic(`${what}: paid ${states[0]} and ${states[1]}, unpaid ${states[2]}`);
      for (const state of states) {
        assert.ok(['WAIT_PAY', 'PAID', 'CREDITING', 'DONE'].includes(state), state);
      }
      step(house, 'cloud', '+0');
      for (const { order_no: order } of open) {
        await settled(house, order, 'DONE', 60000);
        await witness.look(order);
      }
      await house.wallet(`pay ${unpaid.order_no}`);
      await settled(house, unpaid.order_no, 'DONE', 60000);
      await witness.look(unpaid.order_no);
      terminal.close();
    }));

  test(`the collector's clock is set ${what} under a top-up: credited once`,
    { timeout: 90000, skip: SKIP }, keeping(box, async (t, house) => {
      const terminal = Terminal.of(house);
      const home = house.home('count', nth % 10);
      const fen = 3300 + nth;
      const view = await terminal.order(home, { fen, channel: 'wechat' });
      nth += 1;
      step(house, 'collector', offset);
      await house.wallet(`pay ${view.order_no}`);
      await settled(house, view.order_no, 'DONE', 60000);
      const executed = (await house.meter(home, 'purchases'))
        .filter((one) => one.amount_fen === fen);
      assert.equal(executed.length, 1);
      await witness.look(view.order_no);
      step(house, 'collector', '+0');
      terminal.close();
    }));

  test(`the kiosk's clock is set ${what} while a code is shown: it goes on`,
    { timeout: 90000, skip: SKIP }, keeping(box, async (t, house) => {
      await goHome(house);
      await toMeter(house, house.home('cloud', Object.keys(STEPS).indexOf(what)));
      const { orderNo } = await toCode(house, { amount: 0, wallet: 'wechat', name: 'step' });
      step(house, 'kiosk', offset);
      await wait(3000);
      const report = await house.screen.report();
      assert.equal(`${report.order_no} ${report.order_state}`, `${orderNo} WAIT_PAY`);
      await house.wallet(`pay ${orderNo}`);
      await house.screen.shows('that it is credited', (r) => r.order_no === orderNo &&
        r.order_state === 'DONE', 30000);
      step(house, 'kiosk', '+0');
      await witness.look(orderNo);
    }));
}

test('a register grows while the collector\'s clock goes two hours on and comes back',
  { timeout: 90000, skip: SKIP }, keeping(box, async (t, house) => {
    const home = house.home('order', 9);
    step(house, 'collector', STEPS['two hours on']);
    const ahead = await grows(house, home);
    step(house, 'collector', '+0');
    const right = await grows(house, home);
    assert.ok(ahead - right > 7000, `read at ${ahead}, and then at ${right}`);
  }));

test('the histories and the books add up', { timeout: 120000, skip: SKIP },
  keeping(box, async (t, house) => {
    assert.deepEqual(await witness.end(), []);
    t.diagnostic(`${JSON.stringify(witness.summary())} ${JSON.stringify(await audit(house))}`);
    assert.equal(witness.summary().refunded, 0);
  }));
