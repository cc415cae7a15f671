// SPDX-License-Identifier: Apache-2.0

// The audit of what went over cards: the wallets' trades, our orders, the tokens that were given
// out, the ledger, and the meters' own books, fen for fen and meter by meter.

import assert from 'node:assert/strict';
import { audit, rows, trades } from './books.mjs';

const ENTRIES_MAX = 200; /* that a meter lists: the newest */

const sum = (list, of) => list.reduce((total, one) => total + of(one), 0);

/** N without a gap, each T the last one's and its own amount. */
function checkChain(home, tokens) {
  let total = 0;
  tokens.forEach((token, i) => {
    total += token.kind === 'replacement' ? 0 : token.amount_fen;
    assert.equal(token.n, i + 1, `${home.card}: token ${token.n} at place ${i + 1}`);
    assert.equal(token.total_fen, total, `${home.card}: T of token ${token.n}`);
  });
  return total;
}

/** One order: one token or none, and only for money that came and stayed. */
function checkOrder(order, trade, tokens, cases) {
  const own = tokens.filter((token) => token.document_no === order.order_no);
  const kept = (trade?.paid_fen ?? 0) - (trade?.refunded_fen ?? 0);
  const what = `${order.order_no} (${order.state}, kept ${kept})`;
  assert.ok(own.length <= 1, `${what}: ${own.length} tokens`);
  if (own.length === 1) {
    const back = cases.some((one) => one.order_no === order.order_no && one.stage === 'REVERSED');
    assert.equal(own[0].amount_fen, order.amount_fen, `${what}: its token says another amount`);
    assert.ok(kept === order.amount_fen || back, `${what}: a token without its money`);
  }
  if (order.state === 'DONE') {
    assert.equal(own.length, 1, `${what}: done without a token`);
    assert.ok(own[0].written_at !== null, `${what}: done, and was never seen on the card`);
  }
  return { kept, issued: own.length === 1 };
}

/** What stands on the ledger's account of value on cards for this meter. */
function ledgerOf(world, home) {
  const [{ fen }] = rows(world, `SELECT coalesce(sum(fen), 0) AS fen FROM leg
    WHERE account = 'CARD' AND subject = 'm-${home.room}'`);
  return Math.abs(fen);
}

/** A meter that counts took each purchase once, in their order. */
async function checkCounter(world, home, tokens, books) {
  const entries = await world.cards.meter(`taken ${home.address}`);
  const taken = tokens.slice(0, books.purchase_count);
  assert.ok(books.purchase_count <= tokens.length, `${home.card}: a purchase of nobody's`);
  assert.deepEqual(entries.map((one) => one.delta_fen),
    taken.slice(-ENTRIES_MAX).map((token) => token.amount_fen),
    `${home.card}: what the meter took, against what was given out`);
  return { ...books, n: books.purchase_count, t_fen: sum(taken, (token) => token.amount_fen) };
}

/** What the meter took: only tokens that were given out, each T as it says. */
async function checkMeter(world, home, tokens) {
  const books = await world.cards.books(home);
  if (home.media === 'cpu') { /* it counts purchases, and knows no total */
    return checkCounter(world, home, tokens, books);
  }
  const entries = await world.cards.meter(`taken ${home.address}`);
  const newest = tokens.find((token) => token.n === books.n);
  assert.ok(books.n === 0 || newest, `${home.card}: the meter knows N ${books.n}, we do not`);
  assert.equal(books.t_fen, newest?.total_fen ?? 0, `${home.card}: the meter's T`);
  if (entries.length < ENTRIES_MAX) {
    assert.equal(sum(entries, (one) => one.delta_fen), books.t_fen,
      `${home.card}: what the meter took, against its T`);
  }
  return books;
}

/**
 * Everything about the house's card meters; `visited`: each card was held to its meter after the
 * last write, so the meter must know it all. Returns what the meters say, by card.
 */
export async function cardAudit(world, { visited = false, openAllowed = false } = {}) {
  const result = await audit(world, { openAllowed });
  const theirs = await trades(world);
  const meters = {};
  for (const home of world.cardHomes) {
    const where = `WHERE meter_id = 'm-${home.room}'`;
    const tokens = rows(world, `SELECT * FROM card_token ${where} ORDER BY n`);
    const cases = rows(world, `SELECT * FROM card_return_case ${where}`);
    const orders = rows(world, `SELECT order_no, state, amount_fen FROM pay_order ${where}`);
    const [account] = rows(world, `SELECT n, total_fen FROM card_account ${where}`);
    const total = checkChain(home, tokens);
    assert.equal(account.n, tokens.length, `${home.card}: N of the account`);
    assert.equal(account.total_fen, total, `${home.card}: T of the account`);
    const seen = orders.map((order) => ({ ...order,
      ...checkOrder(order, theirs.get(order.order_no), tokens, cases) }));
    const kept = sum(seen, (order) => order.kept);
    const waiting = sum(seen.filter((order) => !order.issued), (order) => order.kept);
    const bought = sum(cases.filter((one) => ['owed', 'paid'].includes(one.payout)),
      (one) => one.amount_fen);
    const pending = sum(cases.filter((one) => one.stage === 'REVERSAL_ISSUED' ||
      (one.stage === 'REFUSED' && one.cancel_n === null)), (one) => one.amount_fen);
    assert.equal(total, kept - waiting - bought - pending,
      `${home.card}: T against what was paid and kept`);
    const done = sum(seen.filter((order) => order.state === 'DONE'), (order) => order.amount_fen);
    assert.equal(ledgerOf(world, home), done - bought, `${home.card}: the ledger's CARD`);
    const books = await checkMeter(world, home, tokens);
    if (visited) {
      assert.equal(books.t_fen, total, `${home.card}: the meter has not taken all`);
    }
    meters[home.card] = { ...books, total, kept };
  }
  return { ...result, meters };
}
