// SPDX-License-Identifier: Apache-2.0

// A tenant's way through the kiosk: real touches on the real screen, the code read off a picture.

import { orders } from './books.mjs';
import { until } from '../../../tools/world/processes.mjs';

const WALLETS = { alipay: 1, wechat: 2 };

/** From the first page to the meter page of `home`. */
export async function toMeter(house, home) {
  const { screen } = house;
  const report = await screen.report();
  if (report.screen === 'attract') {
    await screen.touchAt(540, 900);
  }
  await screen.screen('home');
  await screen.touch('top_up');
  await screen.touch('room', house.homes.indexOf(home));
  return screen.screen('meter');
}

/** From the meter page to a code on the screen; returns {code, orderNo}. */
export async function toCode(house, { amount = 1, wallet = 'alipay', name = 'pay' } = {}) {
  const { screen } = house;
  await screen.touch('amount', amount, 20000);
  await screen.touch('wallet', WALLETS[wallet]);
  await screen.shows('a waiting order', (r) => r.order_state === 'WAIT_PAY', 30000);
  const code = await screen.code(house.path('pictures', `${name}.png`));
  const { order_no: orderNo } = await screen.report();
  return { code, orderNo };
}

/** The order's state in our database. */
export function stateOf(house, orderNo) {
  return orders(house).find((order) => order.order_no === orderNo)?.state;
}

export function settled(house, orderNo, states, ms = 60000) {
  return until(`order ${orderNo} to be ${states}`, () => {
    const state = stateOf(house, orderNo);
    return [states].flat().includes(state) ? state : null;
  }, ms, 200).catch((error) => {
    throw new Error(`${error.message}; it is ${stateOf(house, orderNo)}`);
  });
}

const WAYS_HOME = ['finish', 'home', 'back'];

/** Back to the home page by the page's own button; again if the page changed under the finger. */
export async function home(house) {
  const { screen } = house;
  await until('the home page', async () => {
    const report = await screen.report();
    const way = WAYS_HOME.find((action) => report.targets.some((one) => one.action === action));
    const isHome = report.screen === 'home' || report.screen === 'attract';
    if (!isHome && way) {
      await screen.touch(way, undefined, 1000).catch(() => null); /* asked again above */
    }
    return isHome;
  }, 90000, 200);
}
