// SPDX-License-Identifier: Apache-2.0

// Everything a wallet and its notices can do wrong: lost, doubled, late, before the answer; paid
// late, paid while closing, refused, forged. Each payment must end credited or refunded once.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import test from 'node:test';
import { wait } from '../../tools/world/processes.mjs';
import { audit, rows } from './lib/books.mjs';
import { settled } from './lib/journey.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { Terminal } from './lib/terminal.mjs';

const box = withHouse({ kiosk: false, printer: false, rooms: 18 });
const KINDS = ['cloud', 'count', 'order'];
const WALLETS = ['alipay', 'wechat'];
let nth = 0;

/** Order, pay under a fault, wait for the end that is due. */
async function payUnder(house, { kind, wallet, fault, end = 'DONE', pay = 'pay' }) {
  const terminal = Terminal.of(house);
  const home = house.home(kind, nth % 6);
  nth += 1;
  try {
    if (fault) {
      await house.wallet(fault);
    }
    const view = await terminal.order(home, { channel: wallet });
    if (view.state === 'WAIT_PAY') {
      await house.wallet(`${pay} ${view.order_no}`);
    }
    await settled(house, view.order_no, end, 60000);
    return view.order_no;
  } finally {
    await house.wallet('reset-faults');
    await house.wallet('latency 20');
    terminal.close();
  }
}

for (const kind of KINDS) {
  for (const wallet of WALLETS) {
    for (const fault of ['notify drop always', 'notify double 1', 'notify late 3000',
      'notify early 1']) {
      test(`${kind} by ${wallet}, ${fault}: credited once`, { timeout: 120000 },
        keeping(box, (t, house) => payUnder(house, { kind, wallet, fault })));
    }
  }
}

for (const wallet of WALLETS) {
  test(`${wallet}: the precreate answer is lost, the same number is asked again`,
    { timeout: 120000 }, keeping(box, (t, house) => payUnder(house, { kind: 'count', wallet,
      fault: `fault reset-after 1 ${wallet === 'alipay' ? 'precreate' : 'wechat.native'}` })));

  test(`${wallet}: paid after the order was closed: refunded`, { timeout: 120000 },
    keeping(box, async (t, house) => {
      const terminal = Terminal.of(house);
      const view = await terminal.order(house.home('cloud', 4), { channel: wallet });
      await house.wallet(`pay-when-closed ${view.order_no}`);
      await terminal.post(`/v1/terminal/orders/${view.order_no}/cancel`,
        { client_request_id: '018f3a1c-0000-7000-8000-000000000001' });
      await settled(house, view.order_no, ['REFUNDED', 'DONE'], 90000);
      terminal.close();
    }));
}

test('a meter that refuses for good: the money goes back', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const home = house.home('count', 5);
    await house.meter(home, 'set', 'hoarding_fen', '1');
    const terminal = Terminal.of(house);
    const view = await terminal.order(home, { channel: 'wechat' });
    await house.wallet(`pay ${view.order_no}`);
    await settled(house, view.order_no, 'REFUNDED', 90000);
    terminal.close();
  }));

/** POST to the public listener; the answer's status. */
function notify(house, path, headers, body) {
  return new Promise((resolve, reject) => {
    const req = request(`${house.publicUrl}${path}`, { method: 'POST', headers }, (res) => {
      res.resume();
      res.on('end', () => resolve(res.statusCode));
    });
    req.on('error', reject);
    req.end(body);
  });
}

test('forged notices change nothing and are counted', keeping(box, async (t, house) => {
  const terminal = Terminal.of(house);
  const view = await terminal.order(house.home('cloud', 5), { channel: 'wechat' });
  const forged = `app_id=${house.merchant.alipay_app_id}&out_trade_no=${view.order_no}` +
    '&trade_status=TRADE_SUCCESS&total_amount=50.00&trade_no=2026112022001400000000000001' +
    '&sign_type=RSA2&sign=AAAA';
  await notify(house, '/pay/alipay/notify',
    { 'content-type': 'application/x-www-form-urlencoded' }, forged);
  const status = await notify(house, '/pay/wechat/notify', { 'content-type': 'application/json',
    'wechatpay-timestamp': String(Math.floor(Date.now() / 1000)), 'wechatpay-nonce': 'x',
    'wechatpay-serial': 'AA', 'wechatpay-signature': 'AAAA' }, '{"id":"x"}');
  assert.ok(status >= 400, `a forged WeChat notice was answered ${status}`);
  await wait(1000);
  assert.equal(rows(house, `SELECT state FROM pay_order WHERE order_no = '${view.order_no}'`)[0]
    .state, 'WAIT_PAY');
  await terminal.post(`/v1/terminal/orders/${view.order_no}/cancel`,
    { client_request_id: '018f3a1c-0000-7000-8000-000000000002' });
  await settled(house, view.order_no, 'CLOSED', 60000);
  terminal.close();
}));

test('wallets, orders and meters agree fen for fen', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const sum = await audit(house);
    assert.equal(sum.open, 0);
    assert.equal(sum.paid, sum.credited + sum.refunded);
    assert.ok(sum.credited > 0 && sum.refunded > 0);
  }));
