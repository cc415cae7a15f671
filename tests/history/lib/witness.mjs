// SPDX-License-Identifier: Apache-2.0

// Sees what outsiders see of a house and writes it down for check.mjs: the wallets' books, the
// meters' books, the room's page, the order's page and the kiosk's screen, the papers that come
// out of the printer, the operators' list. Whenever somebody is told that a top-up succeeded, the
// books are looked at next: by then they must know of it.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { check } from './check.mjs';
import { Terminal } from '../../e2e/lib/terminal.mjs';
import { until, wait } from '../../../tools/world/processes.mjs';
import { awaitsReportSignal } from '../../../tools/world/screen.mjs';

const REST = ['DONE', 'CLOSED', 'REFUNDED', 'REVIEW'];
const fen = (yuan) => Math.round(Number(yuan) * 100);

/** A paper's text as an observation. */
export function readPaper(name, text) {
  const order = /订单号\s+(\S+)/.exec(text)?.[1];
  return { kind: 'paper', name, order, printNo: /打印号 ([0-9A-Za-z]+)/.exec(text)?.[1],
    copy: Number(/COPY (\d+)/.exec(text)?.[1] ?? 0), credited: /\bCREDITED\b/.test(text),
    amount: fen(/付款金额\s+￥([\d.]+)/.exec(text)?.[1]) };
}

export class Witness {
  constructor(house) {
    this.house = house;
    this.history = [];
    this.states = new Map();
    this.papers = new Set();
    this.watching = false;
  }

  note(one) {
    this.history.push(one);
  }

  async wallet() {
    const { trades } = await this.house.wallet('truth');
    this.note({ kind: 'wallet', trades: trades.map((one) => ({ order: one.out_trade_no,
      paid: one.paid_fen, refunded: one.refunded_fen, refunds: one.refunds.length })) });
    return trades;
  }

  /** The books of a home: the meter's own, or the page that shows the balance in the cloud. */
  async books(home) {
    const meter = await this.house.meter(home, 'get');
    const energy = fen(meter.energy);
    if (home.kind !== 'cloud') {
      this.note({ kind: 'book', meter: home.address, balance: meter.balance_fen,
        total: meter.total_fen, count: meter.count, energy,
        purchases: meter.purchases.filter((one) => one.kind === 'recharge').map((one) => ({
          amount: one.amount_fen, count: one.count, before: one.before_fen, after: one.after_fen,
          total: one.total_fen })) });
      return true;
    }
    const page = await this.ask(`/v1/terminal/rooms/${home.room}`);
    if (page !== null) {
      this.note({ kind: 'page', meter: home.address, energy,
        balance: page.last?.balance_fen ?? 0 });
    }
    return page !== null;
  }

  async ask(path) {
    const terminal = Terminal.of(this.house);
    const answer = await terminal.get(path).catch(() => null);
    terminal.close();
    return answer?.status === 200 ? answer.json : null;
  }

  async told(view) {
    this.note(view);
    if (view.state === 'DONE' || view.credited || view.state === 'REFUNDED') {
      await this.wallet();
      const home = this.house.homes.find((one) => one.address === view.meter);
      if (home) {
        await this.books(home);
      }
    }
  }

  /** What the page of an order says; noted when it says something new. */
  async look(order) {
    const json = await this.ask(`/v1/terminal/orders/${order}`);
    if (json !== null && this.states.get(order)?.state !== json.state) {
      const view = { kind: 'view', order, meter: json.meter_address, amount: json.amount_fen,
        in: this.house.homes.find((one) => one.address === json.meter_address)?.kind === 'cloud'
          ? 'cloud' : 'meter', state: json.state, via: 'page' };
      this.states.set(order, view);
      await this.told(view);
    }
    return json;
  }

  async lookAtPapers() {
    const dir = this.house.path('paper');
    const fresh = existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith('.txt') &&
      !this.papers.has(name)) : [];
    for (const name of fresh.sort()) {
      this.papers.add(name);
      const paper = readPaper(name, readFileSync(this.house.path('paper', name), 'utf8'));
      if (paper.order) {
        await this.told({ ...paper, meter: this.states.get(paper.order)?.meter });
      }
    }
  }

  async lookAtScreen() {
    const { screen, processes } = this.house;
    const kiosk = screen && processes.started.find((one) => one.name === 'kiosk');
    if (!kiosk || kiosk.exit || !awaitsReportSignal(kiosk)) {
      return;
    }
    const report = await screen.report(2000).catch(() => null);
    const known = report && this.states.get(report.order_no);
    if (report?.screen === 'done' && known && !known.onScreen) {
      known.onScreen = true;
      await this.told({ ...known, state: 'DONE', via: 'screen' });
    }
  }

  /** One look around, at everything that can be told. */
  async lookAround({ screen = false } = {}) {
    for (const trade of await this.wallet()) {
      if (!REST.includes(this.states.get(trade.out_trade_no)?.state)) {
        await this.look(trade.out_trade_no);
      }
    }
    await this.lookAtPapers();
    if (screen) {
      await this.lookAtScreen();
    }
  }

  /** The first page of the story: what the books say before anything happens. */
  async begin() {
    await this.wallet();
    for (const home of this.house.homes) {
      await until(`the books of ${home.room}`, () => this.books(home), 20000, 300);
    }
  }

  /** Look around all the time while `body` runs. */
  async during(body, options) {
    let goes = true;
    const watch = (async () => {
      while (goes) {
        await this.lookAround(options).catch(() => {}); /* somebody is being killed */
        await wait(150);
      }
    })();
    try {
      return await body();
    } finally {
      goes = false;
      await watch;
    }
  }

  /** Wait until all orders have come to rest, take down the last words, and judge. */
  async end(ms = 60000) {
    await until('all orders to come to rest', async () => {
      const resting = [];
      for (const { out_trade_no: order, paid_fen: paid } of await this.wallet()) {
        const view = await this.look(order);
        /* A code that nobody scanned is closed when it is dead for certain, after 25 minutes. */
        resting.push(view !== null && (REST.includes(view.state) ||
          (paid === 0 && view.state === 'CLOSING')));
      }
      return resting.every(Boolean);
    }, ms, 500).catch((error) => {
      const rest = [...this.states.values()].filter((one) => !REST.includes(one.state));
      throw new Error(`${error.message}: ${rest.map((one) => `${one.order} ${one.state}`)}`);
    });
    await this.lookAtPapers();
    await this.wallet();
    for (const home of this.house.homes) {
      await this.books(home);
    }
    const list = this.house.cloudCommand('review', 'list');
    const orders = [...list.matchAll(/^(SH\w+) .*?(OVERDUE|due in) (-?\d+) h/gm)]
      .map(([, order, , hours]) => ({ order, hours: Number(hours) }));
    this.note({ kind: 'open', orders });
    return check(this.history);
  }

  /** How much the history holds, for a test's diagnostics. */
  summary() {
    const trades = this.history.filter((one) => one.kind === 'wallet').pop()?.trades ?? [];
    const kinds = (kind) => this.history.filter((one) => one.kind === kind).length;
    return { orders: trades.length, paid: trades.filter((one) => one.paid > 0).length,
      refunded: trades.filter((one) => one.refunded > 0).length, views: kinds('view'),
      books: kinds('book') + kinds('page'), papers: kinds('paper') };
  }
}
