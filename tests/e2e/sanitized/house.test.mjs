// SPDX-License-Identifier: Apache-2.0

// A shorter selection for the programs built with the address and undefined-behaviour sanitizers:
// each kind of meter, each wallet, faults on both sides, a kiosk with a receipt, bad input, a kill
// of each program; then everybody ends in order, and nobody's log may hold a finding or a leak.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { until, wait } from '../../../tools/world/processes.mjs';
import { audit } from '../lib/books.mjs';
import { home as goHome, settled, toCode, toMeter } from '../lib/journey.mjs';
import { keeping, withHouse } from '../lib/setup.mjs';
import { bareAgent } from '../lib/strangers.mjs';
import { Terminal } from '../lib/terminal.mjs';
import { endsClean } from './findings.mjs';

const box = withHouse({ replyTimeoutMs: 500 });

async function pay(house, home, options = {}) {
  const terminal = Terminal.of(house);
  const view = await terminal.order(home, options);
  await house.wallet(`pay ${view.order_no}`);
  await settled(house, view.order_no, 'DONE', 60000);
  terminal.close();
}

test('each kind of meter by each wallet, under faults', { timeout: 180000 },
  keeping(box, async (t, house) => {
    const count = house.home('count');
    const order = house.home('order');
    await house.wallet('notify double 2');
    await house.busCommand(count.bus,
      `fault lost_reply meter=${count.address} control=03 di=070102FF`);
    await house.busCommand(order.bus,
      `fault flip_bit meter=${order.address} control=03 at=10 bit=0`);
    await house.meter(house.home('cloud'), 'set', 'relay', 'open');
    await Promise.all([pay(house, count, { channel: 'wechat' }), pay(house, order),
      pay(house, house.home('cloud')), pay(house, house.home('cloud', 1), { channel: 'wechat' })]);
    await house.wallet('notify tampered 1');
    await pay(house, house.home('order', 1), { channel: 'wechat' });
    await house.wallet('reset-faults');
  }));

test('a meter that refuses for good: the money goes back', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const home = house.home('count', 2);
    await house.meter(home, 'set', 'hoarding_fen', '1');
    const terminal = Terminal.of(house);
    const view = await terminal.order(home);
    await house.wallet(`pay ${view.order_no}`);
    await settled(house, view.order_no, 'REFUNDED', 90000);
    terminal.close();
  }));

test('a tenant at the screen, with a receipt', { timeout: 120000 },
  keeping(box, async (t, house) => {
    await toMeter(house, house.home('count', 1));
    const { code, orderNo } = await toCode(house, { wallet: 'wechat', name: 'sanitized' });
    await house.wallet(`pay ${code}`);
    await settled(house, orderNo, 'DONE');
    await house.screen.shows('the proof of printing', (r) => r.receipt === 3, 60000);
    assert.ok(readdirSync(house.path('paper')).some((name) => name.endsWith('.png')));
    await goHome(house);
  }));

test('spoiled requests', { timeout: 60000 }, keeping(box, async (t, house) => {
  const terminal = Terminal.of(house);
  const path = '/v1/terminal/orders';
  const good = JSON.stringify(terminal.request(house.home('cloud', 2)));
  for (const raw of ['', good.slice(0, 50), good.replace('{', `{"x":${'['.repeat(3000)},`),
    good.replace('{', '{"channel":"wechat",'), good.replace('5000', '9'.repeat(40))]) {
    assert.equal((await terminal.call('POST', path, undefined, { raw })).status, 400);
  }
  const large = await terminal.call('POST', path, undefined, { raw: 'x'.repeat(70000) });
  assert.equal(large.status, 413);
  for (let length = 0; length < 64; length += 7) {
    const { status } = await terminal.get(`${path}/${'S'.repeat(length)}?version=${length}`);
    assert.ok(status === 404 || status === 400, `${length}: ${status}`);
  }
  const stranger = Terminal.of(house);
  stranger.agent = bareAgent(house);
  assert.equal((await stranger.get('/v1/terminal/profile')).status, 401);
  stranger.close();
  terminal.close();
}));

test('each program killed under a paid order', { timeout: 240000 },
  keeping(box, async (t, house) => {
    const kinds = ['cloud', 'count', 'order'];
    const names = ['collector', 'broker', 'cloud', 'printd', 'kiosk'];
    for (const [i, name] of names.entries()) {
      const terminal = Terminal.of(house);
      const view = await until('an order', async () => {
        const answer = await terminal.create(terminal.request(house.home(kinds[i % 3], 3)));
        return answer.status === 200 && terminal.watchOrder(answer.json.order_no,
          (v) => v.qr_text !== null);
      }, 60000, 500);
      await house.wallet(`pay ${view.order_no}`);
      await wait(40 * i);
      await house.processes.restart(name, 'SIGKILL');
      await settled(house, view.order_no, 'DONE', 90000);
      terminal.close();
    }
  }));

test('everybody ends in order, without a finding and without a leak', { timeout: 120000 },
  keeping(box, async (t, house) => {
    await audit(house);
    await endsClean(house, ['kiosk', 'printd', 'printer', 'collector', 'cloud', 'bus1', 'bus2',
      'esam']);
  }));
