// SPDX-License-Identifier: Apache-2.0

// The history checker: was everything that outsiders saw compatible with "no fen lost"? It knows
// nothing of the product's database, journals or states of mind; it reads a list of observations in
// the order in which they were made:
//
//   {kind: 'wallet', trades: [{order, paid, refunded, refunds}]}   the wallets' own books
//   {kind: 'book', meter, balance, total, count, energy, purchases: [{amount, count, before, after,
//      total}]}                                   the own book of a meter that keeps its balance
//   {kind: 'page', meter, balance, energy}        what the room's page says a cloud balance is, and
//                                                 the meter's own energy register (0.01 kWh)
//   {kind: 'view', order, meter, in: 'cloud'|'meter', amount, state, via}   what somebody was shown
//   {kind: 'paper', order, printNo, copy, credited, amount, name}           a piece of paper
//   {kind: 'open', orders: [{order, hours}]}      the operators' list, hours until it is overdue
//
// The last observation of each kind is the end of the story: by then all has come to rest.

export const RULES = ['one fate', 'no fate without payment', 'at most once', 'shown is true',
  'papers', 'balances'];

const PRICE_FEN_PER_KWH = 55;
const sum = (list) => list.reduce((total, value) => total + value, 0);
const last = (list) => list[list.length - 1];
const of = (history, kind) => history.filter((one) => one.kind === kind);

/** Everything that was ever said of an order, and its fate by the outsiders' last words. */
function ordersOf(history) {
  const orders = new Map();
  for (const view of of(history, 'view')) {
    orders.set(view.order, { ...orders.get(view.order), ...view, paid: 0, refunded: 0,
      refunds: 0 });
  }
  for (const trade of last(of(history, 'wallet'))?.trades ?? []) {
    orders.set(trade.order, { order: trade.order, state: null, ...orders.get(trade.order),
      ...trade });
  }
  const listed = new Set((last(of(history, 'open'))?.orders ?? []).map((one) => one.order));
  for (const order of orders.values()) {
    order.isOpen = listed.has(order.order);
    order.isRefunded = order.refunded > 0;
  }
  return [...orders.values()];
}

const hoursLeft = (history) => last(of(history, 'open'))?.orders ?? [];

function oneFate(history, say) {
  for (const { order, hours } of hoursLeft(history)) {
    if (!Number.isFinite(hours)) {
      say(`${order} is open without a deadline`);
    }
  }
  const groups = new Map();
  for (const order of ordersOf(history)) {
    const { paid, refunded, isOpen, state } = order;
    if (refunded > 0 && refunded !== paid) {
      say(`${order.order}: paid ${paid}, refunded ${refunded}`);
    }
    if (state === 'CLOSED' && paid !== refunded) {
      say(`${order.order}: closed over ${paid - refunded} fen`);
    }
    if (state === 'REFUNDED' && refunded !== paid) {
      say(`${order.order}: said to be refunded, the wallet refunded ${refunded}`);
    }
    if (state === 'DONE' && refunded > 0) {
      say(`${order.order}: credited and refunded`);
    }
    if (paid > 0 && refunded === 0 && !isOpen && state !== 'DONE') {
      say(`${order.order}: paid ${paid}, and neither credited, refunded nor open (${state})`);
    }
    if (order.in === 'meter') {
      const key = `${order.meter} ${order.amount}`;
      groups.set(key, [...groups.get(key) ?? [], order]);
    }
  }
  /* A device names no order, so orders of one meter and amount are counted together. */
  for (const [key, orders] of groups) {
    const [meter, amount] = key.split(' ');
    const effects = effectsOf(last(bookOf(history, meter)), Number(amount));
    const due = orders.filter((one) => one.paid > 0 && !one.isRefunded && !one.isOpen).length;
    if (effects < due) {
      say(`meter ${meter}: ${due} payments of ${amount} to be credited, ${effects} executed`);
    }
  }
}

const bookOf = (history, meter) => of(history, 'book').filter((book) => book.meter === meter);

function effectsOf(book, amount) {
  return (book?.purchases ?? []).filter((one) => one.amount === amount).length;
}

/** The wallets' books as they stood at the first look after observation `at`, or at the last. */
function walletAfter(history, at) {
  const found = history.find((one, i) => i >= at && one.kind === 'wallet') ??
    last(of(history, 'wallet'));
  return new Map((found?.trades ?? []).map((trade) => [trade.order, trade]));
}

function noFateWithoutPayment(history, say) {
  history.forEach((one, at) => {
    if (one.kind === 'wallet') {
      one.trades.filter((trade) => trade.refunded > trade.paid).forEach((trade) =>
        say(`${trade.order}: refunded ${trade.refunded} of ${trade.paid}`));
      return;
    }
    if (one.kind !== 'book') {
      return;
    }
    const paid = walletAfter(history, at);
    const orders = ordersOf(history).filter((order) => order.meter === one.meter);
    for (const amount of new Set(one.purchases.map((purchase) => purchase.amount))) {
      const payments = orders.filter((order) => order.amount === amount &&
        (paid.get(order.order)?.paid ?? 0) > 0).length;
      if (payments === 0) {
        say(`meter ${one.meter} executed ${amount}, which nobody had paid`);
      }
    }
  });
}

function atMostOnce(history, say) {
  for (const order of ordersOf(history)) {
    if (order.refunds > 1) {
      say(`${order.order}: ${order.refunds} refunds`);
    }
  }
  history.forEach((one, at) => {
    if (one.kind !== 'book') {
      return;
    }
    const wallet = walletAfter(history, at);
    const orders = ordersOf(history).filter((order) => order.meter === one.meter);
    for (const amount of new Set(one.purchases.map((purchase) => purchase.amount))) {
      const may = orders.filter((order) => order.amount === amount &&
        (wallet.get(order.order)?.paid ?? 0) > (wallet.get(order.order)?.refunded ?? 0)).length;
      const effects = effectsOf(one, amount);
      if (effects > may) {
        say(`meter ${one.meter} executed ${amount} ${effects} times for ${may} payments`);
      }
    }
  });
}

/** Orders that somebody was told are credited, before observation `at`. */
function successesBefore(history, at, meter) {
  const told = history.slice(0, at).filter((one) =>
    (one.kind === 'view' && one.state === 'DONE') || (one.kind === 'paper' && one.credited));
  const numbers = new Set(told.map((one) => one.order));
  return ordersOf(history).filter((order) => numbers.has(order.order) && order.meter === meter);
}

/** Most that a meter may have used between two looks: its register, a step of rounding each way. */
const useMax = (from, to) => Math.ceil((to - from + 2) * PRICE_FEN_PER_KWH / 100) + 1;

function shownIsTrue(history, say) {
  history.forEach((one, at) => {
    if (one.kind === 'book') {
      const told = successesBefore(history, at, one.meter);
      for (const amount of new Set(told.map((order) => order.amount))) {
        const shown = told.filter((order) => order.amount === amount).length;
        if (effectsOf(one, amount) < shown) {
          say(`meter ${one.meter}: success shown for ${shown} of ${amount} fen, executed ` +
            `${effectsOf(one, amount)}`);
        }
      }
    } else if (one.kind === 'page') {
      const first = of(history, 'page').find((page) => page.meter === one.meter);
      const shown = sum(successesBefore(history, at, one.meter).map((order) => order.amount));
      if (one.balance - first.balance < shown - useMax(first.energy, one.energy)) {
        say(`meter ${one.meter}: success shown for ${shown} fen, the balance rose by ` +
          `${one.balance - first.balance}`);
      }
    } else if (one.kind === 'view' && one.state === 'REFUNDED') {
      const trade = walletAfter(history, at).get(one.order);
      if (trade && trade.refunded !== trade.paid) {
        say(`${one.order}: shown as refunded, the wallet says ${trade.refunded}`);
      }
    } else if (one.kind === 'view' && ['DONE', 'CREDITING', 'PAID'].includes(one.state)) {
      const trade = walletAfter(history, at).get(one.order);
      if (trade && trade.paid === 0) {
        say(`${one.order}: shown as ${one.state}, the wallet knows no payment`);
      }
    }
  });
}

function papers(history, say) {
  const numbers = new Map();
  const copies = new Map();
  const paid = new Map(ordersOf(history).map((order) => [order.order, order.paid]));
  for (const paper of of(history, 'paper')) {
    const holder = numbers.get(paper.printNo);
    if (holder !== undefined) {
      say(`${paper.name} and ${holder} have one number ${paper.printNo}`);
    }
    numbers.set(paper.printNo, paper.name);
    const key = `${paper.order} ${paper.credited} ${paper.copy}`;
    if (copies.has(key)) {
      say(`${paper.name} is the same as ${copies.get(key)} and does not say so`);
    }
    copies.set(key, paper.name);
    if (paid.has(paper.order) && paper.amount !== paid.get(paper.order)) {
      say(`${paper.name} says ${paper.amount} fen, paid were ${paid.get(paper.order)}`);
    }
  }
}

function bookAddsUp(book, say) {
  book.purchases.forEach((one, i) => {
    const before = book.purchases[i - 1];
    if (one.after !== one.before + one.amount) {
      say(`meter ${book.meter}: ${one.before} + ${one.amount} became ${one.after}`);
    }
    if (before && (one.total !== before.total + one.amount || one.before > before.after)) {
      say(`meter ${book.meter}: purchase ${i + 1} does not follow from the one before`);
    }
    if (before && one.count !== 0 && one.count !== before.count + 1) {
      say(`meter ${book.meter}: count ${before.count}, then ${one.count}`);
    }
  });
  const end = last(book.purchases);
  if (end && (book.balance > end.after || book.total !== end.total)) {
    say(`meter ${book.meter}: balance ${book.balance}, total ${book.total} at the end`);
  }
}

function balances(history, say) {
  of(history, 'book').forEach((book) => bookAddsUp(book, say));
  const pages = of(history, 'page');
  for (const meter of new Set(pages.map((page) => page.meter))) {
    const mine = pages.filter((page) => page.meter === meter);
    const [first, end] = [mine[0], last(mine)];
    const orders = ordersOf(history).filter((order) => order.meter === meter && order.paid > 0 &&
      !order.isRefunded);
    const rise = end.balance - first.balance;
    const most = sum(orders.map((order) => order.paid));
    const least = sum(orders.filter((order) => !order.isOpen).map((order) => order.paid)) -
      useMax(first.energy, end.energy);
    if (rise > most || rise < least) {
      say(`meter ${meter}: the balance rose by ${rise}, expected ${least} to ${most}`);
    }
  }
}

const CHECKS = [oneFate, noFateWithoutPayment, atMostOnce, shownIsTrue, papers, balances];

/** All that is wrong in a history: [{rule, text}]. */
export function check(history) {
  return CHECKS.flatMap((one, i) => {
    const found = new Set();
    one(history, (text) => found.add(text));
    return [...found].map((text) => ({ rule: RULES[i], text }));
  });
}
