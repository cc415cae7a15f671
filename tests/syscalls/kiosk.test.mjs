// SPDX-License-Identifier: Apache-2.0

// kill -9 of the kiosk at the system calls of a top-up at its screen. It comes back, and what it
// shows of the order is the truth; the person pays if a code is shown.

import { until } from '../../tools/world/processes.mjs';
import { awaitsReportSignal } from '../../tools/world/screen.mjs';
import { home as goHome, toCode, toMeter } from '../e2e/lib/journey.mjs';
import { sweep } from './lib/sweep.mjs';

const NEWS_MS = 15000;
const OVER = ['DONE', 'CLOSED', 'REFUNDED', 'REVIEW'];

/** Asking a kiosk that is not there, or not yet, fails at once: the signal would end it. */
function guardScreen(house) {
  const { screen } = house;
  if (!screen.isGuarded) {
    const report = screen.report.bind(screen);
    screen.isGuarded = true;
    screen.report = async (ms) => {
      const kiosk = house.processes.find('kiosk');
      if (kiosk.exit || !awaitsReportSignal(kiosk)) {
        throw new Error('the kiosk is away');
      }
      return report(ms);
    };
  }
}

const back = (house) => until('the kiosk to be back and online',
  () => house.screen.report().then((report) => report.online, () => false), 40000);

/** What the wallets have heard of since `known`. */
async function tradesSince(house, known) {
  const { trades } = await house.wallet('truth');
  return trades.filter((trade) => !known.has(trade.out_trade_no));
}

/**
 * The person before a terminal that went dark and came back. Who has paid does not pay again,
 * though the terminal may not have heard of it yet.
 */
async function finishAfterDeath(house, known) {
  await back(house);
  for (const { out_trade_no: order, state } of await tradesSince(house, known)) {
    const report = await house.screen.report();
    if (state === 'WAITING' && report.order_no === order && report.order_state === 'WAIT_PAY') {
      await house.wallet(`pay ${order}`);
    }
  }
}

async function screenTopUp(house, witness, round, kiosk) {
  guardScreen(house);
  const known = new Set((await house.wallet('truth')).trades.map((one) => one.out_trade_no));
  const home = house.home(['cloud', 'count', 'order'][round % 3], Math.floor(round / 3) % 6);
  try {
    await goHome(house);
    await toMeter(house, home);
    const { orderNo } = await toCode(house, { amount: round % 3, wallet: 'wechat',
      name: 'sweep' });
    await house.wallet(`pay ${orderNo}`);
    await house.screen.shows('the end', (r) => r.order_state === 'DONE' && r.receipt >= 3, 40000);
    await witness.lookAround({ screen: true });
    await goHome(house);
  } catch (error) {
    /* News of a death come after what it caused, and late where a tracer holds the dead. */
    await until('news of a death', () => kiosk.exit, NEWS_MS).catch(() => {
      throw error; /* nobody died: this is the kiosk's own */
    });
    await finishAfterDeath(house, known);
  }
  for (const { out_trade_no: order } of await tradesSince(house, known)) {
    await until(`order ${order} to be over`, async () => {
      const view = await witness.look(order);
      return view !== null && OVER.includes(view.state);
    }, 90000, 300);
  }
  await witness.lookAround({ screen: true });
}

sweep('kiosk', { house: {}, topUp: screenTopUp,
  restart: (house) => house.processes.restart('kiosk') });
