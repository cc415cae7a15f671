// SPDX-License-Identifier: Apache-2.0

// A history of real programs, judged by the black-box checker: orders of all kinds of meters, by
// both wallets, some paid, some not, some paid late, some refunded, some at the screen with paper
// and a copy of it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { home as goHome, settled, toCode, toMeter } from '../e2e/lib/journey.mjs';
import { ALL, keeping, QUICK_TIMERS, SEED, stream, withHouse } from '../e2e/lib/setup.mjs';
import { Terminal } from '../e2e/lib/terminal.mjs';
import { Witness } from './lib/witness.mjs';

const COUNT = ALL ? 60 : 10;
const KINDS = ['cloud', 'count', 'order'];
const box = withHouse({ timers: { ...QUICK_TIMERS, delivery: 8 } });

/** One order without a screen; some amounts differ by a fen, so that hardly two are the same. */
async function oneOrder(house, draw, round) {
  const home = house.home(KINDS[round % 3], draw(4));
  const terminal = Terminal.of(house);
  const fate = round === 1 ? 1 : draw(6);
  const answer = await terminal.create(terminal.request(home, { fen: 2000 + draw(9000),
    channel: fate === 1 || draw(2) ? 'wechat' : 'alipay', accept_offline: true }));
  if (answer.status < 300) {
    const { order_no: order } = answer.json;
    const view = await terminal.watchOrder(order, (v) => v.qr_text !== null ||
      v.state === 'CLOSED');
    const cancel = () => terminal.post(`/v1/terminal/orders/${order}/cancel`,
      { client_request_id: randomUUID() });
    if (view.state === 'CLOSED' || fate === 0) {
      await cancel();
    } else if (fate === 1) {
      await cancel();
      await settled(house, order, 'CLOSED', 30000);
      await house.wallet(`pay ${order} late`);
    } else {
      await house.wallet(`pay ${order}`);
    }
  }
  terminal.close();
}

async function atTheScreen(house, kind) {
  await toMeter(house, house.home(kind));
  const { orderNo } = await toCode(house, { amount: 1, name: `history-${kind}` });
  await house.wallet(`pay ${orderNo}`);
  await settled(house, orderNo, 'DONE');
  await house.screen.shows('the proof of printing', (r) => r.receipt === 3, 30000);
  await house.screen.touch('print');
  await house.screen.shows('the copy', (r) => r.receipt === 3, 30000).catch(() => {});
  await goHome(house);
}

test(`${COUNT} orders and three at the screen leave a history that adds up`,
  { timeout: 60000 + COUNT * 20000 }, keeping(box, async (t, house) => {
    const draw = stream(SEED + 31);
    const witness = new Witness(house);
    await witness.begin();
    await witness.during(async () => {
      for (const kind of KINDS) {
        await atTheScreen(house, kind);
      }
      for (let round = 0; round < COUNT; round += 1) {
        await oneOrder(house, draw, round);
      }
    }, { screen: true });
    const found = await witness.end(90000);
    t.diagnostic(JSON.stringify(witness.summary()));
    assert.deepEqual(found, []);
    const { papers, paid, refunded } = witness.summary();
    assert.ok(papers >= 3 && paid > COUNT / 3 && refunded >= 1, 'too little happened');
  }));
