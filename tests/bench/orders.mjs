// SPDX-License-Identifier: Apache-2.0

// orders-tls: what TLS, HTTP, JSON and all the rules around an order cost. Orders are created as
// fast as the server takes them, through 64 connections of mutual TLS; each answer comes after its
// order is durable. Beside it: the same SQL in the same batch sizes, run raw against a copy of the
// database (the server's own trace of its statements, replayed by sqlreplay).
//
// Only creation is measured: the wallet, which is asked for each order's code, takes 3 s to answer,
// so that only a handful of orders get further and its simulator has nothing to do. The traced run
// and the measured one begin with the same database, one after the other.

import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { listens } from '../../tools/world/processes.mjs';
import { House } from '../../tools/world/house.mjs';
import { metrics } from '../e2e/lib/metrics.mjs';
import { share } from './lib/report.mjs';

const exec = promisify(execFile);

const CONNECTIONS = 64;
const METERS = 240;
const TRACED_S = 3;
const MEASURED_S = 6;
const REPLAYS = 4;
const WALLET_MS = 3000; /* longer, and the server would close sales: the wallet is down */
const TARGET = 0.3;

/** The counters of the server's store, from its metrics. */
async function batches(house) {
  const text = await metrics(house);
  const of = (name) => Number(new RegExp(`${name} (\\d+)`).exec(text)?.[1]);
  return { batches: of('store_batches_total'), functions: of('store_functions_total') };
}

/** Sold blind and with the balance in the cloud: no meter has a part in making an order. */
function blindHomes(house) {
  return house.homes.map((home) => ({ ...home, kind: 'cloud' }));
}

/** The database as it was before any order. */
function restore(house, base) {
  const file = house.path('state', 'cloud', 'cloud.db');
  ['', '-wal', '-shm'].forEach((end) => rmSync(`${file}${end}`, { force: true }));
  copyFileSync(base, file);
}

/** The server, writing its statements to `trace`. */
async function startTraced(house, trace) {
  const text = readFileSync(house.path('conf', 'cloud.conf'), 'utf8');
  await house.processes.start('cloud', house.program('shilling-cloud'),
    ['--config', house.conf('traced.conf', `${text}sql_trace_file = "${trace}";\n`)],
    { ready: () => listens(house.ports.terminals), ms: 60000 });
}

async function load({ house, tools, meters, seconds }) {
  const { stdout, stderr } = await exec(join(tools, 'orderload'), [house.ports.terminals,
    house.path('keys', 'kiosk1'), meters, CONNECTIONS, seconds].map(String),
  { timeout: 120000 });
  const result = JSON.parse(stdout);
  if (result.refused > 0) {
    throw new Error(`${result.refused} orders were refused: ${stderr}`);
  }
  return result;
}

/** The traced statements, raw; the best of a few runs, because the disk is not always as quick. */
async function replay({ dir, tools, base, trace, per }) {
  let best = null;
  for (let i = 0; i < REPLAYS; i += 1) {
    const copy = join(dir, `replay-${i}.db`);
    copyFileSync(base, copy);
    const { stdout } = await exec(join(tools, 'sqlreplay'), [copy, trace, 'pay_order',
      String(per)]);
    const raw = JSON.parse(stdout);
    best = best === null || raw.us < best.us ? raw : best;
  }
  return best;
}

export const names = ['orders-tls'];

export async function run({ dir, tools, ends }) {
  const house = new House(dir, { rooms: METERS, buses: 1, baud: 115200, tdMs: 1, kiosk: false,
    printer: false, historyDays: 0, scheduleS: 3600, cloudExtra: 'log = "error";\n' });
  house.homes = blindHomes(house);
  ends.push(() => house.stop());
  const base = join(dir, 'base.db');
  const trace = join(dir, 'trace.sql');
  const meters = join(dir, 'meters.txt');
  try {
    await house.startWallets();
    await house.wallet(`latency ${WALLET_MS}`);
    await house.prepareCloud();
    writeFileSync(meters, house.homes.map((home) => `${home.room} m-${home.room}\n`).join(''));
    await house.startCloud();
    await house.processes.stop('cloud');
    copyFileSync(house.path('state', 'cloud', 'cloud.db'), base);
    await house.startCloud();
    const before = await batches(house);
    const ours = await load({ house, tools, meters, seconds: MEASURED_S });
    const after = await batches(house);
    const per = Math.round(ours.orders / (after.batches - before.batches));
    await house.processes.stop('cloud');
    restore(house, base);
    await startTraced(house, trace);
    await load({ house, tools, meters, seconds: TRACED_S });
    await house.processes.stop('cloud');
    const raw = await replay({ dir, tools, base, trace, per });
    const rate = ours.orders / (ours.us / 1e6);
    const rawRate = raw.rows / (raw.us / 1e6);
    share('orders-tls', rate / rawRate, TARGET, `${rate.toFixed(0)} orders/s over TLS on ` +
      `${CONNECTIONS} connections, ${rawRate.toFixed(0)} orders/s raw, both in batches of ` +
      `${per}, ${(raw.statements / raw.rows).toFixed(0)} statements an order; ` +
      `p99 ${(ours.p99_us / 1000).toFixed(1)} ms; the wallet takes ${WALLET_MS / 1000} s`);
  } finally {
    await house.stop();
  }
}
