// SPDX-License-Identifier: Apache-2.0

// What a house has for meters that hang on no bus: an emulated card reader with its driver, the
// tenants' cards, and the meters that take them.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { control } from './processes.mjs';
import { carddText, cardsText } from './settings.mjs';

const MASTER = 'card-master.hex';
const PURCHASE_MASTER = Buffer.from('SHILLING TESTKEY').toString('hex'); /* of the emulated cards */
const BAUD = 115200;

/** Who may sign at the desk, with their passwords. */
export const PERSONS = { li: 'a long secret', wang: 'another secret' };
const [CLERK] = Object.keys(PERSONS);

export class CardCorner {
  constructor(house) {
    this.house = house;
    this.folder = house.options.cardsDir ?? house.path('state', 'cards');
    this.meters = house.path('state', 'cardmeters');
    this.socket = house.path('run', 'cardd.sock');
  }

  async start() {
    mkdirSync(this.folder, { recursive: true });
    await this.startReader();
    await this.startMeters();
    this.enrol();
    for (const home of this.house.cardHomes) {
      await this.issue(home);
    }
    await this.startDriver();
  }

  /** The server's group of settings; purchase cards come with a master key of their maker. */
  configText() {
    const keys = this.house.path('keys');
    if (!this.house.cardHomes.some(({ media }) => media === 'cpu')) {
      return cardsText(keys);
    }
    const purchaseKeyFile = this.house.path('keys', 'card-purchase.hex');
    writeFileSync(purchaseKeyFile, `${PURCHASE_MASTER}\n`, { mode: 0o600 });
    return cardsText(keys, { purchaseKeyFile });
  }

  // ---- the reader, and its driver ----

  /** A reader with the same drawer of cards; `name` tells a second one from the terminal's. */
  startReader(name = 'reader') {
    return this.house.processes.start(name, this.house.program('emulator-cardreader'),
      ['--link', this.link(name), '--cards', this.folder, '--control', this.control(name),
        '--baud', String(BAUD), ...(this.house.options.realtime ? ['--realtime'] : [])],
      { ready: /^ready/m });
  }

  link(name = 'reader') {
    return this.house.path('run', `${name}.tty`);
  }

  control(name = 'reader') {
    return this.house.path('run', `${name}.ctl`);
  }

  /** A command to the reader, e.g. reader('lay tenant1'); its answer. */
  async reader(line, name = 'reader') {
    const answer = await control(this.control(name), line);
    return /^[{[]/.test(answer) ? JSON.parse(answer) : answer;
  }

  /** shilling-cardd of terminal `id` on a reader. */
  startDriver({ id = 'kiosk1', name = 'cardd', reader = 'reader', socket = this.socket } = {}) {
    const { house } = this;
    const authority = house.conf('card-authority.pem', house.cloudCommand('card', 'public-key'));
    const conf = house.conf(`${name}.conf`, carddText({ socket, terminal: id, authority,
      reader: this.link(reader), lock: house.path('run', `${reader}.lock`) }));
    return house.processes.start(name, house.program('shilling-cardd'), ['--config', conf],
      { ready: () => existsSync(socket) });
  }

  // ---- the desk ----

  /** Give the server the people who sign, if it does not know them yet. */
  enrol() {
    for (const [name, password] of Object.entries(PERSONS)) {
      try {
        this.#cloud(password, 'review', 'person-add', name);
      } catch (error) {
        if (!/person_exists/.test(error.stderr)) {
          throw error;
        }
      }
    }
  }

  /** A subcommand of shilling-cloud that `name` signs, e.g. says('li', 'card', 'lost', uid). */
  says(name, ...words) {
    return this.#cloud(PERSONS[name], ...words, name);
  }

  #cloud(password, ...words) {
    return execFileSync(this.house.program('shilling-cloud'), ['--config',
      this.house.path('conf', 'cloud.conf'), ...words],
    { encoding: 'utf8', input: `${password}\n`, stdio: 'pipe' });
  }

  /** Open an account on a new card, once; nothing else may use the reader meanwhile. */
  async issue(home) {
    if (existsSync(this.file(home.card))) {
      return;
    }
    await this.reader(`new ${home.card} ${home.media} ${home.uid}`);
    await this.reader(`lay ${home.card}`);
    this.desk('open', `m-${home.room}`);
    await this.reader(`take ${home.card}`);
    await this.meter(`make ${home.address} ${this.masterKey()} 1`);
  }

  /** The desk's tool with the card that lies on the reader; what it says. */
  desk(...words) {
    return this.deskAt('reader', ...words);
  }

  /** The same on another reader, while the terminal's own is in use. */
  deskAt(reader, ...words) {
    const { house } = this;
    return execFileSync(house.program('shilling-cardctl'), ['--reader',
      `pn532_uart:${this.link(reader)}`, '--lock', house.path('run', `${reader}.lock`), '--cloud',
      house.path('run', 'admin.sock'), '--person', CLERK, ...words],
    { encoding: 'utf8', input: `${PERSONS[CLERK]}\n`, stdio: 'pipe' });
  }

  masterKey() {
    return readFileSync(this.house.path('keys', MASTER), 'utf8').trim();
  }

  /** The emulator's file of a card: a dump of sectors, or a text of any other kind. */
  file(card) {
    const home = this.house.cardHomes.find((one) => one.card === card);
    return `${this.folder}/${card}.${(home?.media ?? 'classic') === 'classic' ? 'mfd' : 'card'}`;
  }

  image(card) {
    return readFileSync(this.file(card));
  }

  /** Put another card's bytes under this name: a copy, or an older state of it. */
  put(card, bytes) {
    writeFileSync(this.file(card), bytes);
  }

  // ---- the meters ----

  startMeters() {
    mkdirSync(this.meters, { recursive: true });
    return this.house.processes.start('cardmeter', this.house.program('emulator-cardmeter'),
      ['--meters', this.meters, '--cards', this.folder, '--control', this.control('cardmeter')],
      { ready: /^ready/m });
  }

  /** A command to the meters, e.g. meter('get 000012345678'); its JSON, if it is one. */
  meter(line) {
    return this.reader(line, 'cardmeter');
  }

  /** Hold a tenant's card, which must not lie on a reader, to his meter. */
  visit(home) {
    return this.meter(`visit ${home.address} ${home.card}`);
  }

  books(home) {
    return this.meter(`get ${home.address}`);
  }
}
