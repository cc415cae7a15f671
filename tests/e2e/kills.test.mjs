// SPDX-License-Identifier: Apache-2.0

// kill -9 at random points of a top-up, each program in turn: collector, broker, cloud, kiosk,
// printd. Whatever dies, every payment ends credited or refunded once. The points follow the seed;
// `./shilling test` tries 5 a program, `./shilling test --all` 50.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { listens, until, wait } from '../../tools/world/processes.mjs';
import { audit } from './lib/books.mjs';
import { home as goHome, settled, toCode, toMeter } from './lib/journey.mjs';
import { ALL, keeping, QUICK_TIMERS, SEED, stream, withHouse } from './lib/setup.mjs';
import { Terminal } from './lib/terminal.mjs';

const COUNT = ALL ? 50 : 5;
const box = withHouse({ rooms: 18, timers: { ...QUICK_TIMERS, delivery: 60 } });
const KINDS = ['cloud', 'count', 'order'];

async function restart(house, name) {
  const entry = await house.processes.restart(name, 'SIGKILL');
  if (name === 'cloud') {
    await until('the cloud to listen again', () => listens(house.ports.terminals), 30000);
  }
  if (name === 'printd') {
    await until('printd to be back', () => existsSync(house.path('run', 'printd.sock')), 10000);
  }
  return entry;
}

/** One payment without a screen, with `name` killed `delayMs` after a point drawn from `points`. */
async function payWithKill(house, name, draw, round) {
  const home = house.home(KINDS[round % 3], draw(6));
  const wallet = draw(2) === 0 ? 'alipay' : 'wechat';
  const point = draw(3);
  const delayMs = draw(900);
  const terminal = Terminal.of(house);
  const body = terminal.request(home, { channel: wallet, fen: 2000 + 100 * draw(50),
    accept_offline: true });
  const kill = async () => {
    await wait(delayMs);
    await restart(house, name);
  };
  const killed = [];
  if (point === 0) {
    killed.push(kill());
  }
  const answer = await terminal.create(body, 60000);
  if (answer.status >= 300) {
    await Promise.all(killed);
    terminal.close();
    return `refused: ${answer.json?.error?.code}`;
  }
  const orderNo = answer.json.order_no;
  const view = await terminal.watchOrder(orderNo,
    (v) => v.qr_text !== null || v.state === 'CLOSED', 60000);
  if (view.state === 'CLOSED') {
    await Promise.all(killed);
    terminal.close();
    return 'closed before it could be paid';
  }
  if (point === 1) {
    killed.push(kill());
  }
  await house.wallet(`pay ${orderNo}`);
  if (point === 2) {
    killed.push(kill());
  }
  await Promise.all(killed);
  const state = await settled(house, orderNo, ['DONE', 'REFUNDED', 'REVIEW'], 150000);
  terminal.close();
  return `${home.kind} ${wallet} point ${point}+${delayMs} ms: ${state}`;
}

for (const name of ['collector', 'broker', 'cloud']) {
  test(`${name} killed ${COUNT} times at random points`, { timeout: COUNT * 180000 },
    keeping(box, async (t, house) => {
      const draw = stream(SEED + name.length * 7919);
      for (let round = 0; round < COUNT; round += 1) {
        t.diagnostic(await payWithKill(house, name, draw, round));
      }
      await audit(house, { openAllowed: true });
    }));
}

/** A top-up at the screen; the kiosk dies, comes back, and shows the truth within 10 s. */
async function screenWithKill(house, draw, round) {
  const home = house.home(KINDS[round % 3], draw(6));
  const pay = draw(3) > 0;
  const delayMs = draw(1500);
  await goHome(house);
  await toMeter(house, home);
  const { orderNo } = await toCode(house, { amount: draw(3), wallet: 'wechat',
    name: `kill-${round}` });
  if (pay) {
    await house.wallet(`pay ${orderNo}`);
  }
  await wait(delayMs);
  await house.processes.restart('kiosk', 'SIGKILL');
  const started = Date.now();
  const report = await house.screen.shows(`order ${orderNo} again`,
    (r) => r.order_no === orderNo, 10000);
  const took = Date.now() - started;
  if (!pay) {
    await house.screen.touch('cancel');
    await house.screen.touch('confirm');
  }
  const state = await settled(house, orderNo, ['DONE', 'CLOSED', 'REFUNDED'], 150000);
  assert.equal(state, pay ? 'DONE' : 'CLOSED');
  await house.screen.shows('the truth of the order',
    (r) => r.order_no !== orderNo || r.order_state === state, 10000);
  const how = `${home.kind} ${pay ? 'paid' : 'unpaid'}+${delayMs} ms`;
  return `${how}: ${report.screen} after ${took} ms, then ${state}`;
}

test(`kiosk killed ${COUNT} times at random points`, { timeout: COUNT * 240000 },
  keeping(box, async (t, house) => {
    const draw = stream(SEED + 104729);
    for (let round = 0; round < COUNT; round += 1) {
      t.diagnostic(await screenWithKill(house, draw, round));
    }
    await audit(house, { openAllowed: true });
  }));

test(`printd killed ${COUNT} times while it prints: no second paper`, { timeout: COUNT * 120000 },
  keeping(box, async (t, house) => {
    const draw = stream(SEED + 15485863);
    for (let round = 0; round < COUNT; round += 1) {
      await goHome(house);
      await toMeter(house, house.home('cloud', draw(6)));
      const { orderNo } = await toCode(house, { amount: 0, name: `printd-${round}` });
      await house.wallet(`pay ${orderNo}`);
      await settled(house, orderNo, 'DONE', 60000);
      await wait(draw(1200));
      await restart(house, 'printd');
      await house.screen.shows('what became of the paper',
        (r) => r.receipt >= 3 || r.screen !== 'done', 60000);
      const papers = readdirSync(house.path('paper')).filter((name) => name.endsWith('.txt'))
        .map((name) => readFileSync(house.path('paper', name), 'utf8'))
        .filter((text) => text.includes(orderNo));
      assert.ok(papers.length <= 1, `${papers.length} papers for ${orderNo}`);
      t.diagnostic(`${papers.length} paper`);
    }
  }));

test('wallets, orders and meters agree fen for fen', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const sum = await audit(house, { openAllowed: true });
    t.diagnostic(JSON.stringify(sum));
    assert.equal(sum.paid, sum.credited + sum.refunded + sum.open);
  }));
