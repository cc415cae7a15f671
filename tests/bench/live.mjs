// SPDX-License-Identifier: Apache-2.0

// live-read-overhead: what Shilling adds to the wire when a tenant looks at a meter. The request
// goes as the kiosk's does (mutual TLS on a connection that stays open) through the cloud, the
// broker and the collector to the meter and back; from that time the wire's own share is taken
// away: the frames that were really exchanged, byte for byte, and the meter's Td.

import { control, until, wait } from '../../tools/world/processes.mjs';
import { House } from '../../tools/world/house.mjs';
import { rows } from '../e2e/lib/books.mjs';
import { Terminal } from '../e2e/lib/terminal.mjs';
import { median, time } from './lib/report.mjs';
import { exchanges, timed } from './lib/wire.mjs';

const BAUD = 9600;
const TD_MS = 20;
const READS = 30;
const TARGET_MS = 15;

async function frames(bus) {
  return JSON.parse(await control(bus, 'frames 256'));
}

/**
 * What the server fetches after a start (the days it has missed) is over. A live read goes before
 * it, but may have to wait for one frame that is under way, and that is the wire's time, not ours.
 */
function fetched(house) {
  return until('the history of the meters to be fetched', () =>
    rows(house, 'SELECT 1 FROM meter_history WHERE done = 1').length === house.homes.length,
  60000, 500);
}

async function read(terminal, bus, home) {
  const newest = Math.max(0, ...(await frames(bus)).map((frame) => frame.at_us));
  const begun = process.hrtime.bigint();
  const answer = await terminal.post(`/v1/terminal/meters/m-${home.room}/reads?wait_s=8`,
    { max_age_s: 0 });
  const tookMs = Number(process.hrtime.bigint() - begun) / 1e6;
  if (answer.status !== 200 || answer.json.source !== 'live') {
    throw new Error(`no live read: ${answer.status} ${answer.text}`);
  }
  const own = (await frames(bus)).filter((frame) => frame.at_us > newest);
  const limits = timed(exchanges(own), BAUD, TD_MS);
  const wireMs = limits.reduce((sum, one) => sum + one.limitUs, 0) / 1000;
  const beforeMs = limits[0].startUs / 1000 - Number(begun) / 1e6;
  const afterMs = tookMs - beforeMs -
    (limits[limits.length - 1].endUs - limits[0].startUs) / 1000;
  return { tookMs, wireMs, beforeMs, afterMs, count: limits.length };
}

export const names = ['live-read-overhead'];

export async function run({ dir, ends }) {
  const house = new House(dir, { rooms: 1, buses: 1, baud: BAUD, tdMs: TD_MS, realtime: true,
    scheduleS: 3600, historyDays: 0, kiosk: false, printer: false });
  let terminal = null;
  ends.push(() => house.stop());
  try {
    await house.start();
    const bus = house.path('run', 'bus1.ctl');
    const home = house.home('cloud');
    terminal = Terminal.of(house);
    await until('the collector to be online', async () => {
      const answer = await terminal.post(`/v1/terminal/meters/m-${home.room}/reads?wait_s=8`,
        { max_age_s: 0 });
      return answer.json?.source === 'live';
    }, 60000, 300);
    await fetched(house);
    const reads = [];
    for (let i = 0; i < READS; i += 1) {
      reads.push(await read(terminal, bus, home));
      await wait(50);
    }
    const of = (pick) => median(reads.map(pick)).toFixed(1);
    time('live-read-overhead', median(reads.map((one) => one.tookMs - one.wireMs)), TARGET_MS,
      `median of ${READS}: request to answer ${of((one) => one.tookMs)} ms, the wire's own ` +
      `${of((one) => one.wireMs)} ms for ${reads[0].count} registers at ${BAUD} baud; ` +
      `${of((one) => one.beforeMs)} ms to the first bit, ${of((one) => one.afterMs)} ms from the ` +
      'last');
  } finally {
    terminal?.close();
    await house.stop();
  }
}
