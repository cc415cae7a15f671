// SPDX-License-Identifier: Apache-2.0

// bus-2400, bus-9600: how close the real collector comes to what the wire allows. 32 meters, three
// registers of 4 bytes each, Td 20 ms. The commands come through a real broker over TLS, all at
// once, as live reads; the time runs from the first bit of the first request to the last bit of
// the last reply, both by the emulated bus's own account of its frames.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { control, freePort, listens, Processes, until } from '../../tools/world/processes.mjs';
import { brokerTexts, collectorText } from '../../tools/world/settings.mjs';
import { makeKeys } from './lib/keys.mjs';
import { share } from './lib/report.mjs';
import { exchanges, summary, timed } from './lib/wire.mjs';

const METERS = 32;
const ITEMS = ['00010000', '00020000', '00030000'];
const TD_MS = 20;
const TARGETS = { 2400: 0.97, 9600: 0.93 };

const address = (i) => String(i + 1).padStart(12, '0');
const addresses = Array.from({ length: METERS }, (_, i) => address(i));

function busText(baud) {
  const meter = (one) => `  { address = "${one}"; kind = "cloud"; energy = "1234.56"; }`;
  return `bus = { name = "bus1"; baud = ${baud}; td_ms = ${TD_MS}; fe = 4; clock = "now";
  speed = 1; };
meters = (
${addresses.map(meter).join(',\n')}
);
`;
}

/** The broker's other side, by the mosquitto programs: publishes lines, keeps what it hears. */
class Voice {
  constructor(port, keys) {
    const common = ['-V', 'mqttv5', '-h', '127.0.0.1', '-p', String(port), '-q', '1', '--cafile',
      join(keys, 'ca.pem'), '--cert', join(keys, 'cert.pem'), '--key', join(keys, 'key.pem')];
    this.common = common;
    this.heard = [];
    this.children = [];
    const ear = this.run('mosquitto_sub', ['-i', 'bench-ear', '-t', 'up/+/#', '-F', '%t %p']);
    let rest = '';
    ear.stdout.on('data', (data) => {
      const lines = (rest + data.toString()).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const at = line.indexOf(' ');
        this.heard.push({ topic: line.slice(0, at), body: JSON.parse(line.slice(at + 1)) });
      }
    });
  }

  run(program, args) {
    const child = spawn(program, [...this.common, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.children.push(child);
    return child;
  }

  /** A connection that stays open and publishes each line written to it. */
  mouth(name, topic) {
    return this.run('mosquitto_pub', ['-i', name, '-t', topic, '-l']).stdin;
  }

  of(topic) {
    return this.heard.filter((one) => one.topic === topic).map((one) => one.body);
  }

  close() {
    this.children.forEach((child) => child.kill());
  }
}

async function startAll(processes, dir, bin, baud) {
  const path = (...parts) => join(dir, ...parts);
  for (const sub of ['conf', 'logs', 'run', 'state']) {
    mkdirSync(path(sub), { recursive: true });
  }
  const conf = (name, text) => {
    writeFileSync(path('conf', name), text);
    chmodSync(path('conf', name), 0o600);
    return path('conf', name);
  };
  makeKeys(path('keys'), ['broker', 'cloud', 'col1']);
  await processes.start('bus1', join(bin, 'emulator-meterbus'),
    ['--config', conf('bus1.conf', busText(baud)), '--control', path('run', 'bus1.ctl'),
      '--link', path('run', 'bus1.tty'), '--realtime'], { ready: /^ready/m });
  const ports = { collectors: await freePort(), cloud: await freePort() };
  const { conf: broker, acl } = brokerTexts(new URL('../..', import.meta.url).pathname, {
    keys: path('keys', 'broker'), aclFile: path('conf', 'acl.conf'),
    crlFile: path('keys', 'ca.crl'),
    collectorPort: ports.collectors, cloudPort: ports.cloud });
  conf('acl.conf', acl);
  const user = process.getuid() === 0 ? 'user root\n' : '';
  await processes.start('broker', 'mosquitto', ['-c', conf('mosquitto.conf', user + broker)],
    { ready: () => listens(ports.cloud) });
  const voice = new Voice(ports.cloud, path('keys', 'cloud'));
  await processes.start('collector', join(bin, 'shilling-collector'), ['--config',
    conf('collector.conf', collectorText({ id: 'col1', port: ports.collectors, baud,
      keys: path('keys', 'col1'), state: path('state'),
      buses: [{ name: 'bus1', link: path('run', 'bus1.tty') }] }))]);
  return voice;
}

async function configure(voice, baud) {
  await until('the collector to say hello', () => voice.of('up/col1/hello').length > 0);
  const meters = addresses.map((meter) => ({ meter, bus: 'bus1', protocol: '645-2007', baud,
    kind: 'cloud', schedule_s: 0, items: ITEMS }));
  voice.mouth('bench-config', 'down/col1/config')
    .write(`${JSON.stringify({ version: 'bench', meters })}\n`);
  await until('the collector to have its meters',
    () => voice.of('up/col1/state').some((state) => state.config === 'bench'));
}

async function round(voice, mouth, bus, baud) {
  const ids = addresses.map(() => randomUUID());
  const commands = addresses.map((meter, i) => JSON.stringify({ id: ids[i], op: 'read', meter,
    deadline_ms: 120000, items: ITEMS, prio: 'live' }));
  mouth.write(`${commands.join('\n')}\n`);
  const mine = (reply) => ids.includes(reply.id);
  await until('all answers', () => voice.of('up/col1/reply').filter(mine).length === METERS, 90000);
  for (const reply of voice.of('up/col1/reply').filter(mine)) {
    if (reply.outcome !== 'done' || ITEMS.some((item) => !(item in reply.values))) {
      throw new Error(`meter answered ${JSON.stringify(reply)}`);
    }
  }
  const wanted = METERS * ITEMS.length;
  const frames = JSON.parse(await control(bus, `frames ${2 * wanted}`));
  const list = exchanges(frames);
  if (list.length !== wanted) {
    throw new Error(`${list.length} exchanges on the bus, not ${wanted}`);
  }
  return summary(timed(list, baud, TD_MS));
}

async function measure({ dir, bin, ends }, baud) {
  const processes = new Processes(join(dir, 'logs'));
  let voice = null;
  ends.push(async () => {
    voice?.close();
    await processes.stopAll();
  });
  try {
    voice = await startAll(processes, dir, bin, baud);
    await configure(voice, baud);
    const mouth = voice.mouth('bench-mouth', 'down/col1/cmd');
    const bus = join(dir, 'run', 'bus1.ctl');
    const result = await round(voice, mouth, bus, baud);
    const stats = JSON.parse(await control(bus, 'stats'));
    const s = (us) => (us / 1e6).toFixed(2);
    const ms = (us) => (us / 1e3).toFixed(2);
    share(`bus-${baud}`, result.limitUs / result.tookUs, TARGETS[baud],
      `wire ${s(result.limitUs)} s, measured ${s(result.tookUs)} s; between two reads ` +
      `${ms(result.pauseMeanUs)} ms, at most ${ms(result.pauseMaxUs)} ms; ` +
      `the bus itself late by ${ms(stats.late_us_mean)} ms a byte`);
  } finally {
    voice?.close();
    await processes.stopAll();
  }
}

export const names = Object.keys(TARGETS).map((baud) => `bus-${baud}`);

export async function run({ dir, bin, ends }) {
  for (const baud of Object.keys(TARGETS).map(Number)) {
    await measure({ dir: join(dir, `bus-${baud}`), bin, ends }, baud);
  }
}
