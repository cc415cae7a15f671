// SPDX-License-Identifier: Apache-2.0

// A top-up by a terminal without a screen that loses patience with nobody: it asks again with the
// same number until it is answered, pays once there is a code, and waits for the end.

import { Terminal } from '../../e2e/lib/terminal.mjs';

/**
 * Amounts differ from round to round, so that each effect names its order.
 * @param kinds  the kinds of meters that take turns
 */
export const headlessTopUp = (kinds) => async (house, witness, round) => {
  const homes = house.homes.filter((home) => kinds.includes(home.kind));
  const home = homes[round % homes.length];
  const terminal = Terminal.of(house);
  try {
    const answer = await terminal.create(terminal.request(home, { fen: 2000 + round,
      channel: round % 2 ? 'alipay' : 'wechat', accept_offline: true }), 60000);
    if (answer.status >= 300) {
      return;
    }
    const { order_no: order } = answer.json;
    const ready = await terminal.watchOrder(order, (view) => view.qr_text !== null ||
      view.state === 'CLOSED', 60000);
    if (ready.state !== 'CLOSED') {
      await house.wallet(`pay ${order}`);
      /* The proof that nothing was sent may take longer; the end of the test waits for it. */
      await terminal.watchOrder(order, (view) => ['DONE', 'REFUNDED', 'REVIEW']
        .includes(view.state), 6000).catch(() => null);
    }
    await witness.look(order);
  } finally {
    terminal.close();
  }
};
