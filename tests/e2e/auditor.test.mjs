// SPDX-License-Identifier: Apache-2.0

// The auditor on a house of real programs: top-ups of all three kinds by both wallets, with lost
// and doubled notices, lost answers, a meter that does not answer, money that comes too late. What
// the programs leave behind - database, journal, the wallets' bills, the meters' own records - must
// be clean, by all sources together; and what a hand spoils in it must be found.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { gather, problems, run } from './lib/auditor.mjs';
import { audit as auditByHand } from './lib/books.mjs';
import { settled } from './lib/journey.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { Terminal } from './lib/terminal.mjs';

const box = withHouse({ kiosk: false, printer: false, rooms: 18 });

let nth = 0;

async function topUp(house, kind, wallet, fault) {
  const terminal = Terminal.of(house);
  const home = house.home(kind, nth % 6);
  nth += 1;
  try {
    if (fault) {
      await house.wallet(fault);
    }
    const view = await terminal.order(home, { channel: wallet });
    await house.wallet(`pay ${view.order_no}`);
    await settled(house, view.order_no, 'DONE', 60000);
  } finally {
    await house.wallet('reset-faults');
    await house.wallet('latency 20');
    terminal.close();
  }
}

for (const kind of ['cloud', 'count', 'order']) {
  for (const [wallet, fault] of [['alipay', null], ['wechat', 'notify drop always'],
    ['alipay', 'notify double 1']]) {
    test(`${kind} by ${wallet}, ${fault ?? 'no fault'}`, { timeout: 120000 },
      keeping(box, (t, house) => topUp(house, kind, wallet, fault)));
  }
}

test('a reply of the meter is lost; the credit is read back', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const home = house.home('count', 3);
    await house.busCommand(home.bus, `fault lost_reply meter=${home.address} control=03` +
      ' di=070102FF count=1');
    const terminal = Terminal.of(house);
    const view = await terminal.order(home, { channel: 'wechat' });
    await house.wallet(`pay ${view.order_no}`);
    await settled(house, view.order_no, 'DONE', 90000);
    terminal.close();
  }));

for (const wallet of ['alipay', 'wechat']) {
  test(`${wallet}: money after the end goes back`, { timeout: 120000 },
    keeping(box, async (t, house) => {
      const terminal = Terminal.of(house);
      const view = await terminal.order(house.home('cloud', 4), { channel: wallet });
      await house.wallet(`pay-when-closed ${view.order_no}`);
      await terminal.post(`/v1/terminal/orders/${view.order_no}/cancel`,
        { client_request_id: `018f3a1c-0000-7000-8000-00000000000${wallet === 'alipay' ? 1 : 2}` });
      await settled(house, view.order_no, ['REFUNDED', 'DONE'], 90000);
      terminal.close();
    }));
}

test('the auditor finds nothing, by all that the house left behind', { timeout: 90000 },
  keeping(box, async (t, house) => {
    await auditByHand(house);
    const folder = await gather(house);
    const live = run(house, folder, house.path('state', 'cloud', 'cloud.db'));
    assert.deepEqual(problems(live), []);
    assert.equal(live.exit, 0);
    assert.ok(live.states.DONE.orders >= 10 && live.read.bill_rows_read >= 1);
    assert.equal(live.findings.find((one) => one.name === 'evidence_sealed'), undefined);
    assert.equal(live.findings.find((one) => one.name === 'delivery_unproven'), undefined);

    /* The same in a copy, in which a hand then changes what one order was paid. */
    const copy = join(folder, 'copy.db');
    execFileSync('sqlite3', [`file:${house.path('state', 'cloud', 'cloud.db')}?mode=ro`,
      `VACUUM INTO '${copy}'`]);
    assert.deepEqual(problems(run(house, folder, copy)), []);
    execFileSync('sqlite3', [copy, `DROP TRIGGER pay_event_kept; UPDATE pay_event SET amount_fen =
      amount_fen + 1 WHERE event = 'paid' AND order_no = (SELECT min(order_no) FROM pay_order
      WHERE state = 'DONE')`]);
    const spoilt = run(house, folder, copy);
    assert.equal(spoilt.exit, 1);
    assert.ok(problems(spoilt).some((one) => one.name === 'state_not_events'));
    assert.ok(problems(spoilt).some((one) => one.name === 'evidence_differs'));
  }));
