// SPDX-License-Identifier: Apache-2.0

// The line between the first kiosk and the cloud, where a test says what befalls which call, and
// the check that it did.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { listens, until } from '../../../tools/world/processes.mjs';
import { record } from './recorder.mjs';

export class FatedLine {
  calls = []; /* what went over it */
  #unlucky = null;
  #line = null;

  /** Before the kiosk is started, with everything else of the house there. */
  async start(house) {
    this.house = house;
    this.#line = await record(house, () => {}, (call) => this.#fateOf(call));
    const direct = house.options.terminalPort;
    house.options.terminalPort = this.#line.port;
    await house.startKiosk();
    house.options.terminalPort = direct;
  }

  close() {
    this.#line?.close();
  }

  #fateOf(call) {
    this.calls.push(`${call.method} ${call.path}`);
    if (this.#unlucky === null || !this.#unlucky.fits(call)) {
      return 'pass';
    }
    const { fate, always = false } = this.#unlucky;
    this.#unlucky = always ? this.#unlucky : null;
    return typeof fate === 'function' ? fate() : fate;
  }

  /** A test begins: nothing has happened, and nothing is to happen. */
  async reset() {
    this.#unlucky = null;
    this.calls = [];
    await this.house.cards.reader('counts reset');
  }

  /** What befalls the next call that it is for, or with `always` each: {fate, fits(call)}; `fate`
   * is a word of recorder.mjs, or gives one, or a promise of one. */
  befalls(unlucky) {
    this.#unlucky = unlucky;
  }

  /** A fault of the reader that begins with a call. */
  faultAt(fits, fault) {
    const fate = () => this.house.cards.reader(`fault ${fault}`).then(() => 'pass');
    this.befalls({ fits, fate });
  }

  /** The card is taken and laid back at once: the driver counts it as one laying, but the card has
   * lost its field. */
  flickAt(fits, home) {
    const fate = async () => {
      await this.house.cards.reader(`take ${home.card}`);
      await this.house.cards.reader(`lay ${home.card}`);
      return 'pass';
    };
    this.befalls({ fits, fate });
  }

  /** The server is killed by a call, and started anew; give the promise that it listens again. */
  serverDiesAt(fits) {
    let died = null;
    const fate = () => {
      died = this.house.processes.restart('cloud', 'SIGKILL');
      return 'drop';
    };
    this.befalls({ fits, fate });
    return async () => {
      await until('the server to die', () => died, 30000, 50);
      await died;
      await until('the cloud to listen again', () => listens(this.house.ports.terminals), 30000);
    };
  }

  /** The card driver is killed while a call is on its way, and started anew. */
  driverDiesAt(fits) {
    const fate = () => {
      rmSync(this.house.cards.socket, { force: true });
      this.house.processes.restart('cardd', 'SIGKILL').catch(() => null);
      return 'pass';
    };
    this.befalls({ fits, fate });
  }

  /** How many faults have struck in the reader since the test began. */
  async faults() {
    return (await this.house.cards.reader('counts')).faults_hit;
  }

  /** What was to go wrong went wrong, at the line and so often in the reader: else the test has
   * shown nothing. */
  async struck(count = 1) {
    assert.equal(this.#unlucky, null, 'no call was unlucky');
    assert.equal(await this.faults(), count, 'faults of the reader');
  }
}

export const isRound = ({ path }) => path.endsWith('/card/round');
export const isAsked = ({ path }) => /\/orders\/[^/]+\/card$/.test(path); /* for its token */
export const isLaid = ({ path }) => path === '/v1/terminal/cards';
export const isRead = ({ path }) => path.endsWith('/read');

/** The nth round of a write from now on. */
export function nthRound(nth) {
  let seen = 0;
  return (call) => isRound(call) && ++seen === nth;
}

/** The rounds of writes that went over it. */
export const roundsOf = ({ calls }) => calls.filter((call) => call.endsWith('/card/round')).length;
