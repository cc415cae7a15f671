// SPDX-License-Identifier: Apache-2.0

// The history checker on histories that are known: a good one passes, and each planted wrong one is
// noticed by the rule that is meant to, and by no other but those that it cannot but break too.

import assert from 'node:assert/strict';
import test from 'node:test';
import { check, RULES } from './lib/check.mjs';
import { readPaper } from './lib/witness.mjs';

const trade = (order, paid, refunded = 0, refunds = refunded > 0 ? 1 : 0) =>
  ({ order, paid, refunded, refunds });
const wallet = (...trades) => ({ kind: 'wallet', trades });
const purchase = (amount, { count, before, total }) =>
  ({ amount, count, before, after: before + amount, total });
const book = (purchases, more = {}) => ({ kind: 'book', meter: 'M', energy: 100, purchases,
  balance: purchases.at(-1)?.after ?? 500, total: purchases.at(-1)?.total ?? 0,
  count: purchases.at(-1)?.count ?? 3, ...more });
const page = (balance, energy = 100) => ({ kind: 'page', meter: 'C', balance, energy });
const view = (order, state, more = {}) => ({ kind: 'view', order, meter: 'M', in: 'meter',
  amount: 2000, state, via: 'page', ...more });
const cloudView = (order, state, more = {}) => view(order, state, { meter: 'C', in: 'cloud',
  amount: 3000, ...more });
const paper = (order, more = {}) => ({ kind: 'paper', name: `paper-${order}-${more.copy ?? 0}`,
  order, printNo: `P${order}${more.copy ?? 0}`, copy: 0, credited: true, amount: 2000, ...more });
const open = (...orders) => ({ kind: 'open', orders });

const FIRST = purchase(2000, { count: 4, before: 500, total: 2000 });

/** One order credited by a meter, one in the cloud, one refunded, one closed, one in review. */
function good() {
  return [
    wallet(), book([]), page(0),
    view('A', 'WAIT_PAY'), cloudView('B', 'WAIT_PAY'), view('R', 'WAIT_PAY', { amount: 4000 }),
    view('X', 'WAIT_PAY', { amount: 5000 }), view('V', 'WAIT_PAY', { amount: 6000 }),
    wallet(trade('A', 2000), trade('B', 3000), trade('R', 4000), trade('X', 0), trade('V', 6000)),
    view('A', 'DONE'), book([FIRST]), paper('A'),
    cloudView('B', 'DONE'), page(3000), paper('B', { amount: 3000 }), paper('A', { copy: 1 }),
    wallet(trade('A', 2000), trade('B', 3000), trade('R', 4000, 4000), trade('X', 0),
      trade('V', 6000)),
    view('R', 'REFUNDED', { amount: 4000 }), view('X', 'CLOSED', { amount: 5000 }),
    view('V', 'REVIEW', { amount: 6000 }),
    wallet(trade('A', 2000), trade('B', 3000), trade('R', 4000, 4000), trade('X', 0),
      trade('V', 6000)),
    book([FIRST]), page(2998, 102), open({ order: 'V', hours: 71 }),
  ];
}

test('a good history passes', () => assert.deepEqual(check(good()), []));

/** Change every observation that `match` fits, by `change`; null drops it. */
const spoil = (match, change) => good().flatMap((one) => {
  const now = match(one) ? change(structuredClone(one)) : one;
  return now === null ? [] : [now];
});
const trades = (change) => spoil((one) => one.kind === 'wallet', (one) =>
  ({ ...one, trades: one.trades.map(change) }));
const books = (purchases) => spoil((one) => one.kind === 'book' && one.purchases.length > 0,
  () => book(purchases));
const SECOND = purchase(2000, { count: 5, before: 2500, total: 4000 });

/** Nobody was told yet that R is refunded. */
const untold = (history) => history.map((one) => (one.kind === 'view' && one.state === 'REFUNDED'
  ? { ...one, state: 'REFUNDING' } : one));

/** [rule, what is wrong, history, rules that cannot but be broken beside it] */
const WRONG = [
  ['one fate', 'a paid order that nobody owns', spoil((one) => one.kind === 'open', () => open())],
  ['one fate', 'a closed order that was paid', trades((one) => (one.order === 'X'
    ? trade('X', 5000) : one))],
  ['one fate', 'half of it refunded', untold(trades((one) => (one.refunded > 0
    ? trade('R', 4000, 1000) : one)))],
  ['one fate', 'said to be refunded, half of it is', trades((one) => (one.refunded > 0
    ? trade('R', 4000, 1000) : one)), 'shown is true'],
  ['one fate', 'credited and refunded', trades((one) => (one.order === 'B' && one.paid > 0
    ? trade('B', 3000, 3000) : one)), 'balances'],
  ['one fate', 'open without a deadline', spoil((one) => one.kind === 'open',
    () => open({ order: 'V', hours: NaN }))],
  ['one fate', 'said to be done, and the meter lost it in the end', [...good(), book([])],
    'shown is true'],
  ['no fate without payment', 'a meter executed what nobody paid', books([FIRST,
    purchase(7000, { count: 5, before: 2500, total: 9000 })]), 'at most once'],
  ['no fate without payment', 'credited before it was paid', [wallet(), book([]),
    view('A', 'WAIT_PAY'), book([FIRST]), wallet(trade('A', 0)), wallet(trade('A', 2000)),
    view('A', 'DONE'), book([FIRST]), open()], 'at most once'],
  ['no fate without payment', 'more refunded than paid', untold(trades((one) => (one.refunded > 0
    ? trade('R', 4000, 8000) : one))), 'one fate'],
  ['at most once', 'one payment executed twice', books([FIRST, SECOND])],
  ['at most once', 'two refunds', trades((one) => (one.refunded > 0
    ? trade('R', 4000, 4000, 2) : one))],
  ['at most once', 'executed although refunded', books([FIRST,
    purchase(4000, { count: 5, before: 2500, total: 6000 })])],
  ['shown is true', 'success shown before the meter executed it', [wallet(), book([]),
    view('A', 'PAID'), view('A', 'DONE'), wallet(trade('A', 2000)), book([]), book([FIRST]),
    open()]],
  ['shown is true', 'a paper about a credit that the page does not show', [wallet(), page(0),
    cloudView('B', 'PAID'), wallet(trade('B', 3000)), paper('B', { amount: 3000 }), page(0),
    wallet(trade('B', 3000)), cloudView('B', 'DONE'), page(3000), open()]],
  ['shown is true', 'refunded, said before the wallet did', spoil((one) => one.kind === 'view' &&
    one.order === 'R' && one.state === 'WAIT_PAY', (one) => ({ ...one, state: 'REFUNDED' }))],
  ['shown is true', 'paid, which the wallet does not know', spoil((one) => one.kind === 'view' &&
    one.order === 'X' && one.state === 'CLOSED', (one) => ({ ...one, state: 'PAID' }))],
  ['papers', 'two papers with one number', spoil((one) => one.kind === 'paper',
    (one) => ({ ...one, printNo: 'P1' }))],
  ['papers', 'a second paper that does not say copy', spoil((one) => one.kind === 'paper',
    (one) => ({ ...one, copy: 0 }))],
  ['papers', 'a paper about another amount', spoil((one) => one.kind === 'paper' &&
    one.order === 'B', (one) => ({ ...one, amount: 3100 }))],
  ['balances', 'a meter that cannot add', spoil((one) => one.kind === 'book' &&
    one.purchases.length > 0, (one) => {
    one.purchases[0].after += 1;
    return one;
  })],
  ['balances', 'a count that jumps', books([FIRST, { ...purchase(6000, { count: 6, before: 2500,
    total: 8000 }) }])],
  ['balances', 'a balance above all purchases', spoil((one) => one.kind === 'book' &&
    one.purchases.length > 0, (one) => ({ ...one, balance: one.balance + 1 }))],
  ['balances', 'the page gained what nobody paid', spoil((one) => one.kind === 'page' &&
    one.energy > 100, (one) => ({ ...one, balance: 3001 }))],
  ['balances', 'the page lost money', spoil((one) => one.kind === 'page' && one.energy > 100,
    (one) => ({ ...one, balance: 2900 })), 'shown is true'],
];

for (const [rule, what, history, ...beside] of WRONG) {
  test(`${rule}: ${what}`, () => {
    const found = check(history);
    assert.deepEqual([...new Set(found.map((one) => one.rule))].sort(), [rule, ...beside].sort(),
      JSON.stringify(found));
  });
}

test('each rule has a history that breaks it', () => {
  const broken = new Set(WRONG.map(([rule]) => rule));
  assert.deepEqual(RULES.filter((rule) => !broken.has(rule)), []);
});

test('a paper is read', () => {
  const text = '订单号    SH20261130000000018\n付款金额   ￥20.05\n充值成功\nCREDITED\nCOPY 2\n' +
    '打印号 01a229bd  V2\n';
  assert.deepEqual(readPaper('p.txt', text), { kind: 'paper', name: 'p.txt',
    order: 'SH20261130000000018', printNo: '01a229bd', copy: 2, credited: true, amount: 2005 });
});
