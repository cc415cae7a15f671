// SPDX-License-Identifier: Apache-2.0

// Places that a program cannot work in: a port that is taken, a folder without the right to it, no
// broker, a full disk, a wrong clock. Each says what is wrong and what to do; what was promised is
// kept, and nothing new is promised.

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { freePort, Processes, until, wait } from '../../tools/world/processes.mjs';
import * as settings from '../../tools/world/settings.mjs';
import { audit, orders, rows } from './lib/books.mjs';
import { settled, toCode, toMeter } from './lib/journey.mjs';
import { inFolder, IS_ROOT, program, run, unprivileged } from './lib/run.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { onSmallDisk } from './lib/small_disk.mjs';
import { Terminal } from './lib/terminal.mjs';

const box = withHouse({ printer: false });
const NEEDS_ROOT = IS_ROOT ? false : 'a small disk can be mounted by root only';
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

/** A configuration of shilling-cloud without wallets, on free ports, in `dir`. */
async function cloudConf(dir, { ports = {}, state = join(dir, 'state'), admin } = {}) {
  const file = join(dir, 'cloud.conf');
  const free = { terminals: await freePort(), console: await freePort(), public: await freePort(),
    cloudMqtt: await freePort(), ...ports };
  writeFileSync(file, settings.cloudText({ ports: free, mode: 'test', state, seed: '', timers: {},
    payments: '', extra: '', adminSocket: admin ?? join(dir, 'admin.sock') })
    .replace(/^seed_file = .*$/m, ''));
  return file;
}

async function failsWith(command, args, pattern) {
  const { code, out, late } = await run(command, args);
  assert.ok(!late, `${command} did not end by itself: ${out}`);
  assert.match(out, pattern);
  assert.equal(code, 1, out);
}

// ---- taken ----

test('a port or a database that is taken: the cloud says which, and leaves the other alone',
  { timeout: 30000 }, keeping(box, (t, house) => inFolder(async (dir) => {
    const cloud = program('shilling-cloud');
    for (const listener of ['terminals', 'console', 'public']) {
      const port = house.ports[listener];
      await failsWith(cloud, ['--config', await cloudConf(dir, { ports: { [listener]: port } })],
        new RegExp(`${listener}: cannot listen on 127.0.0.1 port ${port}: .* taken`));
    }
    const admin = house.path('run', 'admin.sock');
    await failsWith(cloud, ['--config', await cloudConf(dir, { admin })], /admin\.sock.*taken/);
    await failsWith(cloud, ['--config',
      await cloudConf(dir, { state: house.path('state', 'cloud') })],
    /cloud\.db is in use by another process/);
    const terminal = Terminal.of(house);
    assert.equal((await terminal.get('/v1/terminal/profile')).status, 200);
    terminal.close();
  })));

test('a printer service beside one that runs: socket and journal are taken', { timeout: 30000 },
  keeping(box, () => inFolder(async (dir) => {
    const processes = new Processes(dir);
    const conf = (name, socket, state) => {
      const file = join(dir, `${name}.conf`);
      mkdirSync(join(dir, state), { recursive: true });
      writeFileSync(file, settings.printdText({ socket: join(dir, socket),
        state: join(dir, state), address: '127.0.0.1:9' }));
      return ['--config', file];
    };
    const printd = program('shilling-printd');
    await processes.start('printd', printd, conf('first', 'a.sock', 'a'), { ready: /printer/ });
    try {
      await failsWith(printd, conf('second', 'a.sock', 'b'), /a\.sock: another program answers/);
      await failsWith(printd, conf('third', 'c.sock', 'a'),
        /another shilling-printd is using this folder/);
    } finally {
      await processes.stopAll();
    }
  })));

// ---- rights ----

test('no right to the state folder: each program names it and what to do', { timeout: 30000 },
  () => inFolder(async (dir) => {
    const state = join(dir, 'state');
    mkdirSync(state);
    const keys = join(dir, 'keys');
    mkdirSync(keys);
    const write = (name, text) => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    const confs = {
      'shilling-cloud': await cloudConf(dir),
      'shilling-collector': write('collector.conf', settings.collectorText({ id: 'col1', port: 9,
        keys, state, baud: 2400, buses: [{ name: 'bus1', link: '/dev/null' }] })),
      'shilling-printd': write('printd.conf', settings.printdText({ state,
        socket: join(dir, 'printd.sock'), address: '127.0.0.1:9' })),
    };
    const kiosk = write('kiosk.conf', settings.kioskText({ url: 'https://127.0.0.1:9', keys, state,
      localeDir: dir, panel: { width: 1080, height: 1920, widthMm: 268 } }));
    for (const name of [...Object.keys(confs), 'shilling-kiosk']) {
      /* The build may lie where nobody else may look. */
      copyFileSync(program(name), join(dir, name));
    }
    chmodSync(state, 0o000);
    for (const [name, conf] of Object.entries(confs)) {
      await failsWith(...unprivileged(join(dir, name), ['--config', conf]),
        new RegExp(`${state}\\S*: .*([Pp]ermission denied|may this user write there)`));
    }
    /* A kiosk that ended would leave a black screen: it says "out of service" instead. */
    const said = /journal\.db cannot be opened: .*may this user write there/;
    const shown = await run(...unprivileged(join(dir, 'shilling-kiosk'), ['--config', kiosk]),
      { ms: 30000, enough: said,
        env: { SDL_VIDEODRIVER: 'dummy', SDL_AUDIODRIVER: 'dummy', HOME: dir } });
    assert.ok(shown.late, `the kiosk ended: ${shown.out}`);
    assert.match(shown.out, said);
    chmodSync(state, 0o700);
  }));

// ---- no broker ----

test('no broker at the start: all else works, and the meters come back with it',
  { timeout: 60000 }, keeping(box, async (t, house) => {
    const terminal = Terminal.of(house);
    const reads = (home) => terminal.post(`/v1/terminal/meters/m-${home.room}/reads?wait_s=9`,
      { max_age_s: 0 });
    for (const name of ['collector', 'cloud', 'broker']) {
      await house.processes.stop(name);
    }
    await house.startCloud();
    await house.startCollector();
    const said = (name) => house.processes.find(name).text;
    await until('the cloud to say so',
      () => /no broker at 127\.0\.0\.1 port \d+ .*trying again/.test(said('cloud')));
    await until('the collector to say so',
      () => /no connection to the broker .*readings are kept/.test(said('collector')));
    const { json } = await reads(house.home('cloud'));
    assert.deepEqual([json.source, json.reason], ['stored', 'collector_offline']);
    const refused = await terminal.create(terminal.request(house.home('count')));
    assert.equal(refused.json.error.code, 'silent_refused');
    const view = await terminal.order(house.home('cloud'));
    await house.wallet(`pay ${view.order_no}`);
    await settled(house, view.order_no, 'DONE', 15000);
    await house.startBroker();
    await until('a live value again', async () =>
      (await reads(house.home('cloud'))).json.source === 'live', 20000, 300);
    terminal.close();
  }));

test('the broker is lost under a paid order: it waits, and is credited once', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const home = house.home('count', 1);
    const terminal = Terminal.of(house);
    const view = await terminal.order(home, { channel: 'wechat' });
    await house.processes.stop('broker', 'SIGKILL');
    await house.wallet(`pay ${view.order_no}`);
    await settled(house, view.order_no, ['PAID', 'CREDITING'], 15000);
    await wait(1000);
    assert.equal((await house.meter(home, 'purchases')).length, 0);
    await house.startBroker();
    await settled(house, view.order_no, 'DONE', 40000);
    assert.equal((await house.meter(home, 'purchases')).length, 1);
    const [{ lost }] = rows(house, `SELECT max(seq) - min(seq) + 1 - count(DISTINCT seq) AS lost
      FROM reading`);
    assert.equal(lost, 0, 'readings are missing');
    terminal.close();
  }));

// ---- full disks ----

test('a disk that fills up under the cloud: nothing new is sold, what was sold is finished',
  { timeout: 90000, skip: NEEDS_ROOT }, keeping(box, async (t, house) => {
    const file = house.path('conf', 'cloud.conf');
    writeFileSync(file, `${readFileSync(file, 'utf8')}\ndisk_free_mb_min = 8;\n`);
    const terminal = Terminal.of(house);
    const control = { stop: () => house.processes.stop('cloud'), start: () => house.startCloud() };
    await onSmallDisk(house, 'cloud', 64, control, async (disk) => {
      await until('the meters to be there',
        async () => (await terminal.create(terminal.request(house.home('count', 2),
          { fen: 1 }))).status === 422);
      const open = [await terminal.order(house.home('cloud', 2)),
        await terminal.order(house.home('order', 2), { channel: 'wechat' }),
        await terminal.order(house.home('cloud', 3))];
      disk.fill(4 * 1024);
      await until('payments to be closed', async () => {
        const { json } = await terminal.get('/v1/terminal/profile');
        return json.payments === 'closed' && json.payments_reason === 'disk_full';
      });
      const before = orders(house).length;
      const refused = await terminal.create(terminal.request(house.home('cloud', 1)));
      assert.equal(`${refused.status} ${refused.json.error.code}`, '503 disk_full');
      assert.equal(orders(house).length, before);
      for (const { order_no: orderNo } of open.slice(0, 2)) {
        await house.wallet(`pay ${orderNo}`);
        await settled(house, orderNo, 'DONE', 20000);
      }
      /* To the last byte: whatever happens now, the third is not lost. */
      disk.fill(0);
      await house.wallet(`pay ${open[2].order_no}`);
      await wait(2000);
      const { status } = await terminal.get('/v1/terminal/profile');
      t.diagnostic(`with no byte left the profile is answered ${status}`);
      assert.ok(status === 200 || status === 503, `${status}`);
      disk.free();
      await house.processes.restart('cloud');
      await settled(house, open[2].order_no, 'DONE', 30000);
    });
    terminal.close();
  }));

test('a disk that is full under the collector: no meter is touched, and all is credited once ' +
  'there is room', { timeout: 120000, skip: NEEDS_ROOT }, keeping(box, async (t, house) => {
  const home = house.home('count', 3);
  const terminal = Terminal.of(house);
  const control = { stop: () => house.processes.stop('collector'),
    start: () => house.startCollector() };
  await onSmallDisk(house, 'collector', 8, control, async (disk) => {
    const view = await until('an order', async () => {
      const answer = await terminal.create(terminal.request(home, { channel: 'wechat' }));
      return answer.status === 200
        ? terminal.watchOrder(answer.json.order_no, (v) => v.qr_text !== null) : null;
    });
    await wait(1500); /* the first round of readings */
    disk.fill(0);
    await house.wallet(`pay ${view.order_no}`);
    await until('the collector to report its journal', () => rows(house,
      "SELECT 1 FROM event WHERE kind = 'journal'").length > 0, 15000);
    await wait(1000);
    assert.equal((await house.meter(home, 'purchases')).length, 0);
    assert.match(house.processes.find('collector').text, /journal/);
    disk.free();
    await settled(house, view.order_no, 'DONE', 50000);
    assert.equal((await house.meter(home, 'purchases')).length, 1);
  });
  terminal.close();
}));

test('a disk that is full under the kiosk: no order is asked for, and the page says so',
  { timeout: 60000, skip: NEEDS_ROOT }, keeping(box, async (t, house) => {
    const control = { stop: () => house.processes.stop('kiosk'), start: () => house.startKiosk() };
    await onSmallDisk(house, 'kiosk', 4, control, async (disk) => {
      await toMeter(house, house.home('cloud', 1));
      await house.screen.touch('amount', 1, 20000);
      const { targets } = await house.screen.shows('the wallets',
        (r) => r.targets.some((one) => one.action === 'wallet'));
      await wait(500);
      const before = orders(house).length;
      disk.fill(0);
      const wallet = targets.find((one) => one.action === 'wallet');
      await house.screen.touchAt(Math.round(wallet.x + wallet.w / 2),
        Math.round(wallet.y + wallet.h / 2));
      await until('the kiosk to say so', () => /the journal cannot be written .*free the disk/
        .test(house.processes.find('kiosk').text));
      disk.free();
      await house.screen.screen('problem');
      await wait(1000);
      assert.equal(orders(house).length, before, 'an order was asked for all the same');
    });
  }));

// ---- clocks ----

async function restartAt(house, name, time) {
  const entry = house.processes.find(name);
  const env = { ...entry.env };
  if (time === null) {
    delete env.LD_PRELOAD;
    delete env.FAKETIME;
  } else {
    Object.assign(env, { LD_PRELOAD: FAKETIME, FAKETIME: time, FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1' });
  }
  entry.env = env;
  return house.processes.restart(name);
}

test('a kiosk whose clock is lost says so; three days wrong, it shows the server\'s time and sells',
  { timeout: 60000 }, keeping(box, async (t, house) => {
    const lost = await restartAt(house, 'kiosk', '@2000-01-01 00:00:00');
    await until('the kiosk to suspect its clock', () => /not yet valid; is this terminal's clock/
      .test(lost.text), 10000);
    const kiosk = await restartAt(house, 'kiosk', '+3d');
    const report = await house.screen.shows('the server\'s time', (r) => r.online &&
      Math.abs(r.shown_wall_s - Date.now() / 1000) < 5, 20000);
    assert.equal(report.online, true);
    assert.match(kiosk.text, /this terminal's clock is 2592\d\d s off the server's.*set the clock/);
    await toMeter(house, house.home('cloud', 1));
    const { orderNo } = await toCode(house, { amount: 0, wallet: 'wechat', name: 'clock' });
    await house.wallet(`pay ${orderNo}`);
    await settled(house, orderNo, 'DONE', 20000);
    await restartAt(house, 'kiosk', null);
  }));

test('a server whose clock is wrong: the wallets refuse it, and no fate is decided',
  { timeout: 90000 }, keeping(box, async (t, house) => {
    const terminal = Terminal.of(house);
    const before = [await terminal.order(house.home('cloud', 0), { channel: 'wechat' }),
      await terminal.order(house.home('order', 0))];
    await restartAt(house, 'cloud', '+2h');
    for (const { order_no: orderNo } of before) {
      await house.wallet(`pay ${orderNo}`);
    }
    const late = (await terminal.create(terminal.request(house.home('cloud', 3),
      { channel: 'wechat' }))).json;
    await wait(4000);
    const states = Object.fromEntries(orders(house).map((one) => [one.order_no, one.state]));
    t.diagnostic(`paid ones ${before.map((one) => states[one.order_no])}, a new one ` +
      `${states[late.order_no]}`);
    for (const { order_no: orderNo } of before) {
      assert.ok(!['CLOSED', 'REFUNDED', 'REFUND_DUE', 'REVIEW'].includes(states[orderNo]),
        `${orderNo} is ${states[orderNo]}`);
    }
    assert.equal((await terminal.get(`/v1/terminal/orders/${late.order_no}`)).json.qr_text, null);
    await restartAt(house, 'cloud', null);
    for (const { order_no: orderNo } of before) {
      await settled(house, orderNo, 'DONE', 30000);
    }
    await settled(house, late.order_no, ['CLOSED', 'CLOSING', 'WAIT_PAY'], 40000);
    terminal.close();
  }));

test('wallets, orders and meters agree fen for fen', keeping(box, async (t, house) => {
  const sum = await audit(house);
  assert.equal(sum.open, 0);
  assert.equal(sum.refunded, 0);
}));
