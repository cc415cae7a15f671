// SPDX-License-Identifier: Apache-2.0

// A terminal without a screen: the calls of protocol/MESSAGES.md section 1 over a connection with
// the kiosk's own certificate. Each exchange can be watched, for the contract test.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { until } from '../../../tools/world/processes.mjs';

export class Terminal {
  constructor({ port, keys, watch = () => {} }) {
    const file = (name) => readFileSync(join(keys, name));
    this.port = port;
    this.watch = watch;
    this.agent = new Agent({ keepAlive: true, maxSockets: 64, ca: file('ca.pem'),
      cert: keys.none ? undefined : file('cert.pem'), key: file('key.pem') });
  }

  static of(house, options = {}) {
    return new Terminal({ port: house.ports.terminals, keys: house.path('keys', 'kiosk1'),
      ...options });
  }

  close() {
    this.agent.destroy();
  }

  /** {status, json, text}; rejects when there is no answer. */
  call(method, path, body, { timeout = 15000, raw, headers } = {}) {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const req = request({ host: '127.0.0.1', port: this.port, agent: this.agent, method, path,
        timeout, headers: payload === undefined ? {} : {
          'content-type': 'application/json', 'content-length': Buffer.byteLength(payload),
          ...headers } });
      req.on('timeout', () => req.destroy(new Error(`${method} ${path}: no answer`)));
      req.on('error', reject);
      req.on('response', (res) => {
        const parts = [];
        res.on('data', (part) => parts.push(part));
        res.on('error', reject);
        res.on('end', () => {
          const text = Buffer.concat(parts).toString();
          let json = null;
          try {
            json = JSON.parse(text);
          } catch {
            /* not every answer is JSON; the caller looks at the status */
          }
          this.watch({ method, path, payload, status: res.statusCode, headers: res.headers, json });
          resolve({ status: res.statusCode, json, text, headers: res.headers });
        });
      });
      req.end(payload);
    });
  }

  get(path) {
    return this.call('GET', path);
  }

  post(path, body, options) {
    return this.call('POST', path, body, options);
  }

  /** An order request for a home of the estate. */
  request(home, { fen = 5000, channel = 'alipay', ...more } = {}) {
    return { client_request_id: randomUUID(), purchase_id: randomUUID(), room_id: home.room,
      meter_id: `m-${home.room}`, amount_fen: fen, channel, accept_offline: false,
      accept_open_elsewhere: true, ...more };
  }

  /** Create, with the same number until somebody answers. */
  async create(body, ms = 20000) {
    return until('an answer to the order request', async () => {
      const answer = await this.post('/v1/terminal/orders', body).catch(() => null);
      return answer !== null && (answer.status < 500 || answer.status === 503) ? answer : null;
    }, ms, 300);
  }

  /** The order view once `test(view)` is true; survives a server that is away. */
  async watchOrder(orderNo, test, ms = 60000) {
    let last = null;
    try {
      return await until(`order ${orderNo}`, async () => {
        const answer = await this.get(`/v1/terminal/orders/${orderNo}`).catch(() => null);
        last = answer?.json ?? last;
        return answer?.status === 200 && test(answer.json) ? answer.json : null;
      }, ms, 150);
    } catch (error) {
      throw new Error(`${error.message}: ${JSON.stringify(last)}`);
    }
  }

  /** Read the meter as a tenant does, create an order, wait for its code (or a faster payment). */
  async order(home, options) {
    await this.post(`/v1/terminal/meters/m-${home.room}/reads?wait_s=8`, { max_age_s: 0 });
    const answer = await this.create(this.request(home, options));
    if (answer.status >= 300) {
      throw new Error(`order refused: ${answer.status} ${answer.text}`);
    }
    return this.watchOrder(answer.json.order_no, (view) => view.state !== 'NEW', 30000);
  }
}
