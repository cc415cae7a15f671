// SPDX-License-Identifier: Apache-2.0

// A wrong configuration file: each program refuses it before it touches anything, ends with 2, and
// names file, line and field.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import * as settings from '../../tools/world/settings.mjs';
import { estate, seedText } from '../../tools/world/site.mjs';
import { inFolder, program, run } from './lib/run.mjs';

const EXIT_USAGE = 2;

function cloudText(dir) {
  return settings.cloudText({ mode: 'test', state: join(dir, 'state'),
    ports: { terminals: 1, console: 2, public: 3, cloudMqtt: 4 }, seed: join(dir, 'seed.conf'),
    adminSocket: join(dir, 'admin.sock'), timers: { poll: 1, closing: [1, 2, 3, 4] }, extra: '',
    payments: settings.paymentsText({ alipay_gateway: 'http://127.0.0.1:5/gateway.do',
      alipay_app_id: '2021000000000001', alipay_seller_id: '2088000000000001',
      wechat_base_url: 'http://127.0.0.1:5', wechat_mchid: '1900000001',
      wechat_appid: 'wx0000000000000001', wechat_merchant_serial: 'AB12',
      wechat_public_key_id: 'PUB_KEY_ID_1' }, dir, { mode: 'test',
      publicUrl: 'http://127.0.0.1:6' }) });
}

function collectorText(dir) {
  return settings.collectorText({ id: 'col1', port: 1, keys: dir, state: join(dir, 'state'),
    baud: 2400, buses: [
      { name: 'bus1', link: '/dev/null' }, { name: 'bus2', link: '/dev/zero' }] });
}

function kioskText(dir) {
  return settings.kioskText({ url: 'https://127.0.0.1:1', keys: dir, state: join(dir, 'state'),
    printdSocket: join(dir, 'printd.sock'), localeDir: dir, panel: { widthMm: 268 } });
}

function printdText(dir) {
  return settings.printdText({ socket: join(dir, 'printd.sock'), state: join(dir, 'state'),
    address: '127.0.0.1:9100' });
}

function carddText(dir) {
  const { publicKey } = generateKeyPairSync('ed25519');
  const authority = join(dir, 'authority.pem');
  writeFileSync(authority, publicKey.export({ type: 'spki', format: 'pem' }));
  return `socket = "${join(dir, 'cardd.sock')}";\nallow_uids = [ 998 ];\nterminal_id = "T-1";\n` +
    `authority = "${authority}";\nreader = { connstring = "pn532_uart:/dev/null";\n` +
    `lock = "${join(dir, 'lock')}"; health_s = 60; };\n`;
}

/* Each case: what is replaced, by what, and the field that must be named. An empty replacement
 * takes the field away: then there is no line to name, but still the file and the field. */
const PROGRAMS = {
  'shilling-cloud': { text: cloudText, cases: [
    [/^mode = .*$/m, 'mode = "tset";', 'mode'],
    [/^state_dir = .*$/m, '', 'state_dir'],
    [/port = 1;/, 'port = "1";', 'terminals.port'],
    [/port = 2;/, 'port = 65536;', 'console.port'],
    [/tls = false;/, 'tls = "no";', 'public.tls'],
    [/poll = 1;/, 'poll = -1;', 'timers.poll'],
    [/poll = 1;/, 'pol = 1;', 'timers.pol'],
    [/mchid = .*;/, 'mchid = 1900000001;', 'payments.wechat.mchid'],
    [/app_id = .*?;/, '', 'payments.alipay.app_id'],
    [/^payments = \{ mode = "test";/m, 'payments = { mode = "live";', 'payments.mode'],
    [/$/, 'colour = "red";', 'colour'],
  ] },
  'shilling-collector': { text: collectorText, cases: [
    [/^id = .*$/m, 'id = "a/b";', 'id'],
    [/^state = .*$/m, '', 'state'],
    [/port = 1;/, 'port = 0;', 'mqtt.port'],
    [/key = .*?;/, 'key = 5;', 'mqtt.key'],
    [/will_delay_s = 5;/, 'will_delay = 5;', 'mqtt.will_delay'],
    [/baud = 2400;/, 'baud = 2500;', 'buses.[0].baud'],
    [/name = "bus2"/, 'name = "bus1"', 'buses.[1].name'],
    [/"\/dev\/zero"/, '"/dev/null"', 'buses.[1].device'],
    [/$/, 'colour = "red";', 'colour'],
  ] },
  'shilling-kiosk': { text: kioskText, cases: [
    [/https:/, 'http:', 'server.url'],
    [/cert = .*?;/, '', 'server.cert'],
    [/^state_dir = .*$/m, 'state_dir = true;', 'state_dir'],
    [/width_mm = 268;/, 'width_mm = 100000;', 'panel.width_mm'],
    [/width_mm = 268;/, 'width_m = 268;', 'panel.width_m'],
    [/$/, 'colour = "red";', 'colour'],
  ] },
  'shilling-printd': { text: printdText, cases: [
    [/^socket = .*$/m, '', 'socket'],
    [/^state_dir = .*$/m, 'state_dir = 1;', 'state_dir'],
    [/transport = "tcp"/, 'transport = "telex"', 'printer.transport'],
    [/port = 9100;/, 'port = 910000;', 'printer.port'],
    [/columns = 48;/, 'colums = 48;', 'printer.colums'],
    [/$/, 'colour = "red";', 'colour'],
  ] },
  'shilling-cardd': { text: carddText, cases: [
    [/^socket = .*$/m, '', 'socket'],
    [/^terminal_id = .*$/m, '', 'terminal_id'],
    [/998/, '"root"', 'allow_uids.[0]'],
    [/authority.pem/, 'nobody.pem', 'authority'],
    [/\/authority.pem/, '/.', 'authority'],
    [/pn532_uart:\/dev\/null/, 'pn532_uart:/dev/by-path/pci-0:1:2', 'reader.connstring'],
    [/pn532_uart:/, 'pn532_i2c:', 'reader.connstring'],
    [/health_s = 60/, 'health_s = 0', 'reader.health_s'],
    [/health_s = 60/, 'health = 60', 'reader.health'],
    [/$/, 'colour = "red";', 'colour'],
  ] },
};

const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** `good` with the case's mistake, and the message's beginning that it must give. */
function spoil(file, good, [from, to, field]) {
  const wrong = good.replace(from, to);
  assert.notEqual(wrong, good, 'the case changes nothing');
  const line = good.slice(0, from.exec(good).index).split('\n').length;
  const where = to === '' ? file : `${file}:${line}`;
  return { wrong, pattern: new RegExp(`${quoted(where)}: ${quoted(field)}: \\S`) };
}

async function refused(name, dir, args, pattern) {
  const { code, out, late } = await run(program(name), args);
  assert.ok(!late, `${name} did not end by itself: ${out}`);
  assert.match(out, pattern);
  assert.equal(code, EXIT_USAGE, out);
  assert.deepEqual(readdirSync(join(dir, 'state')), [], `${name} wrote something`);
}

for (const [name, { text, cases }] of Object.entries(PROGRAMS)) {
  for (const one of cases) {
    test(`${name}: ${one[2]}${one[1] === '' ? ' missing' : ` as in ${one[1]}`} is named`,
      () => inFolder(async (dir) => {
        mkdirSync(join(dir, 'state'));
        const file = join(dir, 'wrong.conf');
        const { wrong, pattern } = spoil(file, text(dir), one);
        writeFileSync(file, wrong);
        await refused(name, dir, ['--config', file], pattern);
      }));
  }

  test(`${name}: a file that is no configuration, or is not there`, () => inFolder(async (dir) => {
    mkdirSync(join(dir, 'state'));
    const file = join(dir, 'wrong.conf');
    const wrong = text(dir).replace(';', ';\nthis is = not = it;');
    writeFileSync(file, wrong);
    await refused(name, dir, ['--config', file], new RegExp(`${quoted(file)}:2: \\S`));
    const absent = join(dir, 'absent.conf');
    await refused(name, dir, ['--config', absent], new RegExp(`${quoted(absent)}: \\S`));
  }));
}

/* The seed file is data: the service refuses to start with a wrong one, and takes nothing of it. */
const SEEDS = [
  [/price_yuan = "0.5500"/, 'price_yuan = "0.55OO"', 'tariffs.[0].price_yuan'],
  [/kind = "order"/, 'kind = "odd"', 'profiles.[2].kind'],
  [/tariff = "flat"; collector/, 'tariff = "flap"; collector', 'sites.[0].rooms.[0].meter.tariff'],
  [/address = "112233445502"/, 'address = "112233445501"', 'sites.[0].rooms.[1].meter.address'],
];

for (const one of SEEDS) {
  test(`a seed with ${one[1]} is refused whole`, () => inFolder(async (dir) => {
    mkdirSync(join(dir, 'state'));
    const good = seedText(estate({ rooms: 3 }), { esamSocket: join(dir, 'esam.sock') });
    const config = join(dir, 'cloud.conf');
    const seed = join(dir, 'seed.conf');
    const { wrong, pattern } = spoil(seed, good, one);
    writeFileSync(config, cloudText(dir).replace(/^seed_file = .*$/m, '')
      .replace(/^payments = [^]*?\}; \};$/m, ''));
    writeFileSync(seed, wrong);
    const tried = await run(program('shilling-cloud'), ['--config', config, 'seed', seed]);
    assert.match(tried.out, pattern);
    assert.notEqual(tried.code, 0);
    const { out } = await run('sqlite3', [join(dir, 'state', 'cloud.db'),
      'SELECT (SELECT count(*) FROM site) + (SELECT count(*) FROM tariff)']);
    assert.equal(out.trim(), '0', 'part of a wrong seed was taken in');
  }));
}
