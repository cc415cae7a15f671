// SPDX-License-Identifier: Apache-2.0

// card-write: from the moment at which the kiosk hears that an order is paid (its card lies on the
// reader) until it tells the server that the token is written and was read back, beside the time
// that the bytes of exactly this write take on the serial line. In between lie the server's token
// with its commit, the kiosk's journal, and the driver. card-poll-cpu: what the card driver and its
// worker use while they look for a card that nobody lays.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { House } from '../../tools/world/house.mjs';
import { wait } from '../../tools/world/processes.mjs';
import { isWritten, leave, toCard, toCode } from '../e2e/lib/card_way.mjs';
import { record } from '../e2e/lib/recorder.mjs';
import { amount, median, ratio } from './lib/report.mjs';
import { reading, wireUs, writing } from './lib/pn532.mjs';
import { load } from './lib/tree.mjs';

const BAUD = 115200;
const ROUNDS = 9;
const WRITE_TARGET = 1.3;
const IDLE_S = 20;
const IDLE_TARGET = 0.5;

const MEMORY = '/dev/shm';

const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Notes when the kiosk hears of the payment and when it has written, for the order of a round. */
class Stopwatch {
  begin() {
    this.paid = null;
    this.issued = null;
    this.written = null;
  }

  heard({ json, path, status }) {
    if (json?.state === 'PAID') {
      this.paid ??= now();
    }
    if (/\/orders\/[^/]+\/card$/.test(path) && status === 200) {
      this.issued ??= now();
    }
  }

  asked({ path }) {
    if (/\/card\/written$/.test(path)) {
      this.written ??= now();
    }
    return 'pass';
  }
}

/** One top-up of a card that lies there: {tookMs, tokenMs, wireMs, commands}. */
async function round(house, watch) {
  const [home] = house.cardHomes;
  const log = house.path('logs', 'reader.log');
  await toCard(house, home);
  const { code, orderNo } = await toCode(house, { amount: 0 });
  await wait(500);
  watch.begin();
  const from = statSync(log).size;
  await house.cards.reader('log on');
  await house.wallet(`pay ${code}`);
  await isWritten(house, orderNo);
  await house.cards.reader('log off');
  await wait(300);
  const commands = writing(reading(readFileSync(log, 'utf8').slice(from)));
  await leave(house, home);
  return { tookMs: watch.written - watch.paid, tokenMs: watch.issued - watch.paid,
    wireMs: wireUs(commands, BAUD) / 1000, commands: commands.length };
}

async function writes(house, watch) {
  await round(house, watch); /* page caches, TLS sessions */
  const rounds = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    rounds.push(await round(house, watch));
  }
  const of = (pick) => median(rounds.map(pick)).toFixed(1);
  const ratios = rounds.map((one) => one.tookMs / one.wireMs);
  ratio('card-write', median(ratios), WRITE_TARGET, `median of ${ROUNDS}, best ` +
    `${Math.min(...ratios).toFixed(2)}: paid to written and read back ` +
    `${of((one) => one.tookMs)} ms, ` +
    `${of((one) => one.tokenMs)} of them to the token; the wire's own ` +
    `${of((one) => one.wireMs)} ms for ${rounds[0].commands} commands at ${BAUD} baud`);
}

async function idle(house) {
  await wait(3000);
  const { pid } = house.processes.find('cardd').child;
  const share = await load(pid, IDLE_S);
  amount('card-poll-cpu', share * 100, '% of a core', IDLE_TARGET,
    `shilling-cardd and its worker over ${IDLE_S} s on the home page, a look a second`);
}

export const names = ['card-write', 'card-poll-cpu'];

export async function run({ dir, ends }) {
  const watch = new Stopwatch();
  /* The emulator syncs a card's file with each block; a real card does not wait for our disk. */
  const cardsDir = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : dir, 'shilling-cards-'));
  const house = new House(dir, { rooms: 1, buses: 1, baud: 115200, tdMs: 1, scheduleS: 3600,
    historyDays: 0, cards: 1, cardsDir, realtime: true, kiosk: false });
  let line = null;
  ends.push(() => house.stop());
  try {
    await house.start();
    await house.wallet('latency 20');
    line = await record(house, (exchange) => watch.heard(exchange), (call) => watch.asked(call));
    house.options.terminalPort = line.port;
    await house.startKiosk();
    await writes(house, watch);
    await idle(house);
  } finally {
    line?.close();
    await house.stop();
    rmSync(cardsDir, { recursive: true, force: true });
  }
}
