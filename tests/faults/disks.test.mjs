// SPDX-License-Identifier: Apache-2.0

// A disk that goes bad under a running program: read-only, failing syncs, failing writes. Nothing
// new is sold: no wallet hears of an order, so no code is shown. Nothing is acknowledged that is
// not on the disk: no meter is touched. What was promised is kept once the disk is good again.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until, wait } from '../../tools/world/processes.mjs';
import { audit } from '../e2e/lib/books.mjs';
import { home as goHome, settled, stateOf, toMeter } from '../e2e/lib/journey.mjs';
import { keeping, withHouse } from '../e2e/lib/setup.mjs';
import { Terminal } from '../e2e/lib/terminal.mjs';
import { Witness } from '../history/lib/witness.mjs';
import { BREAKERS } from './lib/breakers.mjs';

const box = withHouse({ printer: false, rooms: 30 });
let witness = null;
let nth = 0;

const trades = async (house) => (await house.wallet('truth')).trades;
const said = (house, name) => house.processes.find(name).text;

test('the books before it', { timeout: 60000 }, keeping(box, async (t, house) => {
  witness = new Witness(house);
  await witness.begin();
}));

/** Run `body(breaker)` with the disk of `name` prepared, and put back afterwards. */
async function onBadDisk(house, Breaker, name, control, body) {
  const breaker = new Breaker(house, name, control);
  await breaker.prepare();
  try {
    await body(breaker);
  } finally {
    await breaker.finish();
  }
}

for (const Breaker of BREAKERS) {
  const skip = Breaker.skip();

  test(`cloud, ${Breaker.name}: out of service before a code is shown; paid orders wait`,
    { timeout: 120000, skip }, keeping(box, async (t, house) => {
      const control = { stop: () => house.processes.stop('cloud'),
        start: () => house.startCloud() };
      const home = house.home('count', nth++);
      await onBadDisk(house, Breaker, 'cloud', control, async (breaker) => {
        const terminal = Terminal.of(house);
        const open = await terminal.order(home, { fen: 3100 + nth, channel: 'wechat' });
        await breaker.strike();
        const before = (await trades(house)).length;
        const refused = await terminal.create(terminal.request(house.home('cloud', 1)));
        assert.equal(refused.status, 503, refused.text);
        await house.wallet(`pay ${open.order_no}`);
        await wait(2500);
        assert.equal((await trades(house)).length, before, 'a wallet heard of a new order');
        assert.equal((await house.meter(home, 'purchases')).length, 0);
        assert.match(said(house, 'cloud'), /out of service/);
        await breaker.heal();
        await settled(house, open.order_no, 'DONE', 60000);
        assert.equal((await house.meter(home, 'purchases')).length, 1);
        await witness.look(open.order_no);
        terminal.close();
      });
    }));

  test(`collector, ${Breaker.name}: no frame leaves that is not in the journal`,
    { timeout: 150000, skip }, keeping(box, async (t, house) => {
      const control = { stop: () => house.processes.stop('collector'),
        start: () => house.startCollector() };
      const home = house.home('count', nth++);
      await onBadDisk(house, Breaker, 'collector', control, async (breaker) => {
        const terminal = Terminal.of(house);
        const view = await until('an order', () => terminal.order(home,
          { fen: 3100 + nth, channel: 'wechat' }).catch(() => null), 30000);
        await breaker.strike();
        await house.wallet(`pay ${view.order_no}`);
        await until('the collector to say so', () => /journal/.test(said(house, 'collector')));
        await wait(2500);
        assert.equal((await house.meter(home, 'purchases')).length, 0);
        assert.ok(['PAID', 'CREDITING'].includes(stateOf(house, view.order_no)),
          stateOf(house, view.order_no));
        await breaker.heal();
        await settled(house, view.order_no, 'DONE', 100000);
        assert.equal((await house.meter(home, 'purchases')).length, 1);
        await witness.look(view.order_no);
        terminal.close();
      });
    }));

  test(`kiosk, ${Breaker.name}: no order is asked for, and the page says so`,
    { timeout: 120000, skip }, keeping(box, async (t, house) => {
      const control = { stop: () => house.processes.stop('kiosk'),
        start: () => house.startKiosk() };
      await onBadDisk(house, Breaker, 'kiosk', control, async (breaker) => {
        await goHome(house);
        await toMeter(house, house.home('cloud', 1));
        await house.screen.touch('amount', 1, 20000);
        const { targets } = await house.screen.shows('the wallets',
          (r) => r.targets.some((one) => one.action === 'wallet'));
        await wait(500);
        const before = (await trades(house)).length;
        await breaker.strike();
        const wallet = targets.find((one) => one.action === 'wallet');
        await house.screen.touchAt(Math.round(wallet.x + wallet.w / 2),
          Math.round(wallet.y + wallet.h / 2));
        await until('the kiosk to say so', () => /the journal cannot be written/
          .test(said(house, 'kiosk')), 20000);
        await wait(1500);
        assert.equal((await trades(house)).length, before, 'an order was asked for all the same');
        await breaker.heal();
      });
    }));
}

test('the histories and the books add up', { timeout: 120000 },
  keeping(box, async (t, house) => {
    assert.deepEqual(await witness.end(), []);
    t.diagnostic(`${JSON.stringify(witness.summary())} ${JSON.stringify(await audit(house))}`);
  }));
