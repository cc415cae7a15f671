// SPDX-License-Identifier: Apache-2.0

// What a meter and its wire can do wrong between "paid" and "credited": the reply lost after it
// was carried out (the important one), the request lost, replies late, flipped, refused; the meter
// dead.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../../tools/world/processes.mjs';
import { audit, rows } from './lib/books.mjs';
import { settled } from './lib/journey.mjs';
import { keeping, QUICK_TIMERS, withHouse } from './lib/setup.mjs';
import { Terminal } from './lib/terminal.mjs';

const box = withHouse({ kiosk: false, printer: false, rooms: 18,
  timers: { ...QUICK_TIMERS, delivery: 40 } });

async function paid(house, home, options = {}) {
  const terminal = Terminal.of(house);
  const view = await terminal.order(home, options);
  await house.wallet(`pay ${view.order_no}`);
  terminal.close();
  return view.order_no;
}

const FAULTS = ['lost_reply', 'lost_request', 'late ms=1500', 'bad_checksum',
  'flip_bit at=10 bit=0', 'noise_before hex=68FE16', 'split ms=60', 'short_error'];

for (const kind of ['count', 'order']) {
  FAULTS.forEach((fault, i) => {
    test(`${kind} meter, ${fault} on the top-up: credited once, or proven not and repeated`,
      { timeout: 120000 }, keeping(box, async (t, house) => {
        const home = house.home(kind, i % 5);
        const di = 'control=03 di=070102FF';
        const [name, ...more] = fault.split(' ');
        await house.busCommand(home.bus,
          `fault ${name} meter=${home.address} ${di} count=1 ${more.join(' ')}`);
        const before = await house.meter(home, 'purchases');
        const orderNo = await paid(house, home);
        await settled(house, orderNo, 'DONE', 90000);
        const after = await house.meter(home, 'purchases');
        assert.equal(after.length, before.length + 1, 'executed exactly once');
        await house.busCommand(home.bus, 'fault clear');
      }));
  });
}

test('a dark meter with its balance in the cloud: credited at once, then switched on',
  { timeout: 120000 }, keeping(box, async (t, house) => {
    const home = house.home('cloud', 1);
    await house.meter(home, 'set', 'relay', 'open');
    await house.busCommand(home.bus,
      `fault lost_reply meter=${home.address} control=1C count=1`);
    const terminal = Terminal.of(house);
    await terminal.post(`/v1/terminal/meters/m-${home.room}/reads?wait_s=8`, { max_age_s: 0 });
    const orderNo = await paid(house, home);
    await settled(house, orderNo, 'DONE', 30000);
    await until('the relay to be closed',
      async () => (await house.meter(home, 'get')).relay === 'closed', 60000, 300);
    await terminal.watchOrder(orderNo, (view) => view.relay === 'closed', 60000);
    terminal.close();
  }));

test('a meter that is dead before paying is refused, or asked about', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const home = house.home('count', 5);
    await house.meter(home, 'dead');
    const terminal = Terminal.of(house);
    await terminal.post(`/v1/terminal/meters/m-${home.room}/reads?wait_s=8`, { max_age_s: 0 });
    const answer = await terminal.create(terminal.request(home));
    assert.equal(answer.status, 409, answer.text);
    assert.equal(answer.json.error.code, 'silent_refused');
    await house.meter(home, 'alive');
    terminal.close();
  }));

test('a meter that dies under a paid order: nothing is lost, and it ends when the meter is back',
  { timeout: 180000 }, keeping(box, async (t, house) => {
    const home = house.home('order', 5);
    const terminal = Terminal.of(house);
    const view = await terminal.order(home);
    await house.meter(home, 'dead');
    await house.wallet(`pay ${view.order_no}`);
    await settled(house, view.order_no, ['PAID', 'CREDITING'], 20000);
    await house.meter(home, 'alive');
    await settled(house, view.order_no, ['DONE', 'REFUNDED'], 90000);
    terminal.close();
  }));

test('a meter that stays dead under a paid order: the money goes back', { timeout: 180000 },
  keeping(box, async (t, house) => {
    const home = house.home('count', 4);
    const terminal = Terminal.of(house);
    const view = await terminal.order(home);
    await house.meter(home, 'dead');
    await house.wallet(`pay ${view.order_no}`);
    await settled(house, view.order_no, 'REFUNDED', 120000);
    await house.meter(home, 'alive');
    terminal.close();
  }));

test('every device command was stored before it left', keeping(box, (t, house) => {
  const unknown = rows(house, `SELECT d.order_no FROM delivery d WHERE d.command_id <> ''
    AND NOT EXISTS (SELECT 1 FROM device_command c WHERE c.command_id = d.command_id)`);
  assert.deepEqual(unknown, []);
}));

test('wallets, orders and meters agree fen for fen', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const sum = await audit(house);
    assert.equal(sum.open, 0);
    assert.equal(sum.paid, sum.credited + sum.refunded);
  }));
