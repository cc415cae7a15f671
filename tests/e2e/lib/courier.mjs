// SPDX-License-Identifier: Apache-2.0

// A terminal that is nothing but a courier: the real driver on an emulated reader, the real server,
// and between them what a kiosk carries (MESSAGES.md, sections 1 and 6). It tries everything once
// and gives up at the first trouble: what is left then is for the next laying.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { until } from '../../../tools/world/processes.mjs';
import { Client } from '../../cards/lib/rig.mjs';
import { Terminal } from './terminal.mjs';

const LAID_MS = 12000; /* until a driver that has to open its reader anew tells of a card */
const READY_MS = 20000;
const NO_CARD = 0; /* layings are counted from 1 */

const fresh = () => ({ client_request_id: randomUUID() });

export class Courier {
  /** Terminal `nth` of the house; the first one's reader and driver are there already. */
  static async start(house, nth) {
    const id = house.options.terminals[nth];
    const reader = nth === 0 ? 'reader' : `reader${nth + 1}`;
    const socket = nth === 0 ? house.cards.socket : house.path('run', `cardd${nth + 1}.sock`);
    if (nth > 0) {
      await house.cards.startReader(reader);
      await house.cards.startDriver({ id, name: `cardd${nth + 1}`, reader, socket });
    }
    const courier = new Courier();
    courier.house = house;
    courier.reader = reader;
    courier.client = new Client(socket);
    courier.said = ''; // of the last round, by the driver
    courier.server = Terminal.of(house, { keys: house.path('keys', id) });
    await courier.ready();
    return courier;
  }

  close() {
    this.client.close();
    this.server.close();
  }

  say(line) {
    return this.house.cards.reader(line, this.reader);
  }

  ready() {
    return until('the reader to be ready',
      async () => (await this.client.status()).state === 'ready', READY_MS, 50);
  }

  /** Whatever a fault has left is put right; the card is off the reader. */
  async mend() {
    await this.say('fault clear');
    await this.say('mute off');
    if (!(await this.say('state')).plugged) {
      await this.say('plug');
    }
    await this.say('take').catch(() => null);
    await this.ready();
  }

  /**
   * The card is off the reader, and the driver looks for none: it has answered what it was asked
   * after it was told. What it says of a card from now on is of a new laying.
   */
  async take() {
    this.client.poll('off');
    await this.say('take').catch(() => null);
    await this.client.ask({ op: 'read', id: randomUUID(), card: NO_CARD, keys: [] });
    this.client.lines.length = 0;
  }

  /** Lay a card as a new laying; what the driver says of it. */
  async lay(name) {
    await this.take();
    await this.say(`lay ${name}`);
    this.client.poll('active');
    return this.client.card('present', LAID_MS);
  }

  /** Carry one round; the answers, or null if the server cannot be told of any. */
  async #carry(laid, { apdus, authorisation = null }, watch) {
    const said = await this.client.ask({ op: 'relay', id: randomUUID(), card: laid.card,
      authorisation, apdus });
    this.said = `${said.outcome} ${said.error}`;
    await watch({ signed: authorisation !== null, ...said });
    const whole = said.outcome === 'done' || (said.error === 'refused' && said.answers.length > 0);
    return whole ? said.answers : null;
  }

  /** Tell the server of a laid card, and let it read it: {session, view}; no view: it broke off. */
  async read(laid, watch = async () => {}) {
    const { uid, atqa, sak, ats, family } = laid;
    const begun = await this.server.post('/v1/terminal/cards',
      { ...fresh(), uid, atqa, sak, ats: ats === '' ? null : ats, family });
    assert.equal(begun.json?.standing, 'ours', begun.text);
    const session = begun.json.session_id;
    let step = { ...begun.json, state: 'more' };
    while (step.state === 'more') {
      const answers = await this.#carry(laid, step, watch);
      if (answers === null) {
        return { session, view: null };
      }
      const { status, json, text } = await this.server.post(`/v1/terminal/cards/${session}/read`,
        { round: step.round, answers });
      assert.equal(status, 200, text);
      step = json;
    }
    return { session, view: step };
  }

  /** Carry all rounds of a write; the server's last word, or null: it broke off. */
  async write(laid, session, write, watch = async () => {}) {
    let step = { ...write, progress: 'more' };
    while (step.progress === 'more') {
      const answers = await this.#carry(laid, step, watch);
      if (answers === null) {
        return null;
      }
      const { status, json, text } = await this.server.post(
        `/v1/terminal/orders/${write.order_no}/card/round`,
        { session_id: session, round: step.round, answers });
      assert.equal(status, 200, text);
      step = json;
    }
    return step.progress;
  }

  /** What is to be written to a card that owes: given out before, or asked for now. */
  async #due({ session, view }) {
    if (view.state !== 'owed' || view.write !== null) {
      return view.write;
    }
    const { status, json, text } = await this.server.post(
      `/v1/terminal/orders/${view.owed.order_no}/card`, { ...fresh(), session_id: session });
    assert.equal(status, 200, text);
    return json.write;
  }

  /**
   * A tenant presents his card: it is read, and what is owed is written. `begun()` comes when the
   * driver has told of it. Returns {view, written}, each null if it did not come to that.
   */
  async present(name, { begun = async () => {}, watch } = {}) {
    const laid = await this.lay(name);
    await begun();
    const read = await this.read(laid, watch);
    const write = read.view === null ? null : await this.#due(read);
    const written = write ? await this.write(laid, read.session, write, watch) : null;
    return { view: read.view, write, written };
  }

  /** Lay, choose, pay, and take the card away before there is a token; the order's number. */
  async buy(home, fen) {
    const { session, view } = await this.read(await this.lay(home.card));
    assert.equal(view?.state, 'ready', JSON.stringify(view));
    const { status, json, text } = await this.server.create(this.server.request(home,
      { fen, card_session: session }));
    assert.equal(status, 200, text);
    await this.take();
    await this.server.watchOrder(json.order_no, (order) => order.qr_text !== null);
    await this.house.wallet(`pay ${json.order_no}`);
    await this.server.watchOrder(json.order_no, (order) => order.state === 'PAID');
    return json.order_no;
  }
}
