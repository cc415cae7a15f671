// SPDX-License-Identifier: Apache-2.0

// The whole house on loopback: emulated buses, key service, wallets and printer, a real broker, and
// the real programs. The demo lives in one, and so does each end-to-end test.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { control, freePort, listens, Processes, until } from './processes.mjs';
import { awaitsReportSignal, Screen, startDisplay } from './screen.mjs';
import * as settings from './settings.mjs';
import { busText, cardEstate, estate, seedText } from './site.mjs';
import { CardCorner } from './cards.mjs';

const ROOT = resolve(new URL('../..', import.meta.url).pathname);

export class House {
  /**
   * @param dir      where state, keys and logs go
   * @param options  rooms, buses, baud, tdMs, speed, mode, timers (MONEY's table, in ms),
   *                 scheduleS, sellToSilent, panel {width, height, widthMm}, kiosk, printer,
   *                 realtime (buses and reader ask for it), cards (so many meters that are topped
   *                 up by card, each with its card), cardMedia (what kinds of card), cardsDir,
   *                 terminals (their names)
   */
  constructor(dir, options = {}) {
    this.dir = dir;
    this.bin = join(ROOT, process.env.SHILLING_BUILD ?? 'build/release', 'bin');
    this.options = {
      rooms: 12, buses: 2, baud: 2400, tdMs: 20, speed: 1, mode: 'test', timers: {},
      scheduleS: 900, sellToSilent: false, kiosk: true, printer: true, historyDays: 40,
      cards: 0, terminals: ['kiosk1'],
      panel: { width: 1080, height: 1920, widthMm: 268 }, ...options };
    for (const sub of ['', 'conf', 'logs', 'run', 'state', 'keys', 'paper', 'pictures']) {
      mkdirSync(join(dir, sub), { recursive: true });
    }
    this.processes = new Processes(join(dir, 'logs'));
    this.homes = estate(this.options);
    this.cardHomes = cardEstate(this.options);
    this.cards = new CardCorner(this);
  }

  path(...parts) {
    return join(this.dir, ...parts);
  }

  conf(name, text) {
    const path = this.path('conf', name);
    writeFileSync(path, text);
    return path;
  }

  state(name) {
    const path = this.path('state', name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  program(name) {
    return join(this.bin, name);
  }

  /** A subcommand of shilling-cloud, e.g. cloudCommand('review', 'list'). */
  cloudCommand(...args) {
    return execFileSync(this.program('shilling-cloud'),
      ['--config', this.path('conf', 'cloud.conf'), ...args], { encoding: 'utf8' });
  }

  async start() {
    await this.startMeters();
    await this.startWallets();
    await this.prepareCloud();
    await this.startBroker();
    await this.startCloud();
    await this.startCollector();
    if (this.options.cards > 0) {
      await this.cards.start();
    }
    if (this.options.printer) {
      await this.startPrinter();
      await this.startPrintd();
    }
    if (this.options.kiosk) {
      await this.startKiosk();
    }
    return this;
  }

  async stop() {
    await this.processes.stopAll();
  }

  // ---- the field ----

  buses() {
    return Array.from({ length: this.options.buses }, (_, i) => `bus${i + 1}`);
  }

  async startMeters() {
    const esam = this.path('run', 'esam.sock');
    await this.processes.start('esam', this.program('emulator-esam'),
      ['--socket', esam, '--control', this.path('run', 'esam.ctl')], { ready: /^ready/m });
    for (const bus of this.buses()) {
      const conf = this.conf(`${bus}.conf`, busText(this.homes, bus, this.options));
      await this.processes.start(bus, this.program('emulator-meterbus'),
        ['--config', conf, '--state', this.state(bus), '--control', this.path('run', `${bus}.ctl`),
          '--link', this.path('run', `${bus}.tty`),
          ...(this.options.realtime ? ['--realtime'] : [])], { ready: /^ready/m });
    }
  }

  home(kind, nth = 0) {
    return this.homes.filter((home) => home.kind === kind)[nth];
  }

  /** A command to the bus of a home's meter; its JSON answer, if it is one. */
  async meter(home, ...words) {
    const [verb, ...rest] = words;
    const line = [verb, home.address, ...rest].join(' ');
    const answer = await control(this.path('run', `${home.bus}.ctl`), line);
    return answer.startsWith('{') || answer.startsWith('[') ? JSON.parse(answer) : answer;
  }

  busCommand(bus, line) {
    return control(this.path('run', `${bus}.ctl`), line);
  }

  // ---- wallets ----

  async startWallets() {
    const state = this.state('paygate');
    const entry = await this.processes.start('paygate', process.execPath,
      [join(ROOT, 'emulators/paygate/paygate.mjs'), '--dir', state, '--control',
        this.path('run', 'paygate.ctl'), '--seed', String(this.options.seed ?? 1),
        '--time-factor', String(this.options.walletTimeFactor ?? 60)],
      { ready: /^ready (\S+)/m, env: { TZ: 'Asia/Shanghai' } });
    this.walletUrl = entry.match[1];
    this.merchantDir = join(state, 'merchant');
    this.merchant = JSON.parse(readFileSync(join(this.merchantDir, 'merchant.json'), 'utf8'));
  }

  async wallet(line) {
    const answer = await control(this.path('run', 'paygate.ctl'), line);
    return answer.startsWith('{') || answer.startsWith('[') ? JSON.parse(answer) : answer;
  }

  // ---- the server ----

  async prepareCloud() {
    this.ports = { terminals: await freePort(), console: await freePort(),
      public: await freePort(), collectors: await freePort(), cloudMqtt: await freePort() };
    this.publicUrl = `http://127.0.0.1:${this.ports.public}`;
    this.conf('seed.conf', seedText([...this.homes, ...this.cardHomes], {
      ...this.options, esamSocket: this.path('run', 'esam.sock') }));
    const payments = settings.paymentsText(this.merchant, this.merchantDir, {
      mode: this.options.mode, publicUrl: this.publicUrl, certMode: this.options.certMode });
    this.conf('cloud.conf', settings.cloudText({ ports: this.ports, mode: this.options.mode,
      state: this.state('cloud'), seed: this.path('conf', 'seed.conf'),
      adminSocket: this.path('run', 'admin.sock'), timers: this.options.timers,
      extra: (this.options.cards > 0 ? this.cards.configText() : '') +
        (this.options.cloudExtra ?? ''), payments }));
    if (this.options.cards > 0) {
      this.cloudCommand('card', 'make-keys');
    }
    this.cloudCommand('seed', this.path('conf', 'seed.conf'));
    for (const [kind, name] of [...this.options.terminals.map((id) => ['terminal', id]),
      ['collector', 'col1'], ['broker', 'broker'], ['broker', 'cloud']]) {
      const out = this.path('keys', name);
      if (!existsSync(join(out, 'cert.pem'))) {
        this.cloudCommand('dev-enrol', kind, name, '--out', out);
      }
    }
  }

  crlFile() {
    return this.path('state', 'cloud', 'pki', 'ca.crl');
  }

  async startBroker() {
    const keys = this.path('keys', 'broker');
    const aclFile = this.path('conf', 'acl.conf');
    const { conf, acl } = settings.brokerTexts(ROOT, { keys, aclFile, crlFile: this.crlFile(),
      collectorPort: this.ports.collectors, cloudPort: this.ports.cloudMqtt });
    writeFileSync(aclFile, acl);
    chmodSync(aclFile, 0o600);
    /* mosquitto leaves root behind before it reads its keys; here it must stay who it is. */
    const user = process.getuid() === 0 ? 'user root\n' : '';
    await this.processes.start('broker', 'mosquitto',
      ['-c', this.conf('mosquitto.conf', user + conf)],
      { ready: () => listens(this.ports.cloudMqtt) });
  }

  async startCloud() {
    await this.processes.start('cloud', this.program('shilling-cloud'),
      ['--config', this.path('conf', 'cloud.conf')],
      { ready: /^ready /m, ms: 60000 });
  }

  async startCollector() {
    const conf = this.conf('collector.conf', settings.collectorText({ id: 'col1',
      port: this.ports.collectors, keys: this.path('keys', 'col1'), state: this.state('collector'),
      baud: this.options.baud, replyTimeoutMs: this.options.replyTimeoutMs,
      buses: this.buses().map((name) => ({ name, link: this.path('run', `${name}.tty`) })) }));
    await this.processes.start('collector', this.program('shilling-collector'),
      ['--config', conf], { ready: /configuration \S+: \d+ meters/ });
  }

  // ---- the terminal ----

  async startPrinter() {
    const entry = await this.processes.start('printer', this.program('emulator-printer'),
      ['--port', '0', '--dir', this.path('paper'), '--control', this.path('run', 'printer.ctl')],
      { ready: /^ready (\S+)/m });
    this.printerAddress = entry.match[1];
  }

  printer(line) {
    return control(this.path('run', 'printer.ctl'), line);
  }

  async startPrintd() {
    const socket = this.path('run', 'printd.sock');
    const conf = this.conf('printd.conf', settings.printdText({ socket,
      state: this.state('printd'), address: this.printerAddress }));
    await this.processes.start('printd', this.program('shilling-printd'), ['--config', conf],
      { ready: () => existsSync(socket) });
  }

  async startKiosk() {
    this.display ??= this.options.display ?? await this.newDisplay();
    this.screen = await this.runKiosk('kiosk1', { name: 'kiosk', display: this.display,
      printdSocket: this.options.printer ? this.path('run', 'printd.sock') : '',
      carddSocket: this.options.cards > 0 ? this.cards.socket : '' });
  }

  newDisplay(name = 'xvfb') {
    return startDisplay(this.processes, this.options.panel.width, this.options.panel.height, name);
  }

  /** Start the kiosk of terminal `id` as process `name` and wait until it is online; its screen. */
  async runKiosk(id, { name, display, printdSocket = '', carddSocket = '' }) {
    const state = this.state(name);
    const conf = this.conf(`${name}.conf`, settings.kioskText({
      url: `https://127.0.0.1:${this.options.terminalPort ?? this.ports.terminals}`,
      keys: this.path('keys', id), state, localeDir: join(resolve(this.bin, '..'), 'locale'),
      printdSocket, carddSocket, panel: this.options.panel }));
    await this.processes.start(name, this.program('shilling-kiosk'), ['--config', conf],
      { env: { DISPLAY: display, SDL_AUDIODRIVER: this.options.audio ?? 'dummy' },
        ready: /first picture/ });
    const screen = new Screen({ display, processes: this.processes, kiosk: name, state });
    await until('the kiosk to be online', async () => (await screen.report()).online, 30000);
    return screen;
  }
}
