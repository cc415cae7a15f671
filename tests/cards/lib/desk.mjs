// SPDX-License-Identifier: Apache-2.0

// The server's card desk as shilling-cardctl meets it on the admin socket, with a register in
// memory: so that a test can spoil it, and can cut hundreds of cards without a server.

import { createServer } from 'node:http';
import { isSigned, issueRecord, SECTORS } from './desk_cards.mjs';
import { desfireKey, image, purchaseKeys } from './shlc1.mjs';

const upper = (bytes) => bytes.toString('hex').toUpperCase();

/** Who may sign here. */
export const PERSON = { name: 'ann', password: 'right' };

export class CardDesk {
  constructor() {
    this.ignoresKinds = false;
    this.cards = new Map(); // by UID
    this.meters = new Map(); // by id: {number, customer, first, seenSeq, n}
    this.calls = [];
    this.spoil = null; // an answer on its way out
    this.purchaseMaster = undefined; // of purchase cards, if it is not theirs
  }

  async start(path) {
    this.server = createServer((request, response) => this.#serve(request, response));
    await new Promise((done) => this.server.listen(path, done));
    this.path = path;
  }

  async stop() {
    await new Promise((done) => this.server.close(done));
  }

  addMeter(id, number, customer = '000000000000') {
    this.meters.set(id, { number, customer, first: customer, seenSeq: 0, n: 0 });
  }

  register(uid, meterId, { state = 'open', media = 'classic' } = {}) {
    const meter = this.meters.get(meterId);
    const cardNo = this.cards.size + 1;
    this.cards.set(uid, { uid, meterId, state, media, cardNo,
      record: issueRecord({ uid, meter: meter.number, cardNo, customer: meter.customer }) });
    return this.cards.get(uid);
  }

  /** A server of a release that knows one kind of card. */
  #kind = ({ media }) => ({ media: this.ignoresKinds ? 'classic' : media });

  #keys(card, { serial } = {}) {
    const entry = { uid: card.uid, state: card.state, meter_id: card.meterId, media: card.media,
      meter: this.meters.get(card.meterId).number, card_no: card.cardNo,
      record: upper(card.record) };
    if (card.media === 'desfire') {
      return { ...entry, keys: [0, 1, 2, 3].map((number) => upper(desfireKey(number, card.uid))) };
    }
    if (card.media === 'cpu') {
      return { ...entry, customer: this.meters.get(card.meterId).first,
        keys: serial === undefined ? [] : purchaseKeys(serial, this.purchaseMaster).map(upper) };
    }
    const keys = image({ uid: card.uid, slots: [] });
    return { ...entry, trailers: Array.from({ length: SECTORS },
      (_, sector) => upper(keys.subarray(sector * 64 + 48, sector * 64 + 64))) };
  }

  #worth(card, letter, hex) {
    if (hex === null || /^0*$/.test(hex)) {
      return 'nothing';
    }
    return isSigned(Buffer.from(hex, 'hex'), letter, card.uid) ? 'true' : 'forged';
  }

  #reading(card, body) {
    const meter = this.meters.get(card.meterId);
    if (body.files !== undefined) { /* a purchase card; what it says is another test's matter */
      meter.files = body.take ? body.files : meter.files;
      return { uid: card.uid, credit: ['true', 'true'], return: ['nothing', 'nothing'],
        state: 'refused', reason: 'not_loaded', rolled_back: false, proven_n: 0, loaded: 'no',
        seen_seq: 0, seen_n: 0, seen_total_fen: 0, seen_balance_fen: 0 };
    }
    const credit = body.credit.map((hex) => this.#worth(card, 'C', hex));
    const returned = body.return.map((hex) => this.#worth(card, 'R', hex));
    const seqs = body.return.filter((hex, i) => returned[i] === 'true')
      .map((hex) => Buffer.from(hex, 'hex').readUInt32LE(4));
    const seq = Math.max(0, ...seqs);
    const forged = [...credit, ...returned].includes('forged');
    const rolled = seqs.length > 0 && seq < meter.seenSeq;
    if (body.take) {
      meter.seenSeq = Math.max(meter.seenSeq, seq);
    }
    return { uid: card.uid, credit, return: returned, state: forged ? 'refused' : 'ready',
      reason: forged ? 'bad_mac' : '', rolled_back: rolled, proven_n: meter.n, loaded: 'no',
      seen_seq: meter.seenSeq, seen_n: 0, seen_total_fen: 0, seen_balance_fen: 0 };
  }

  #answer(method, path, body) {
    const refuse = (status, code, message = '') => ({ status, json: { error: { code, message } } });
    const [, uid, op] = /^\/v1\/admin\/cards(?:\/([0-9A-F]+)(?:\/(\w+))?)?$/.exec(path) ?? [];
    const card = this.cards.get(uid);
    const signed = method === 'POST' && (op !== 'reading' || body.take);
    if (signed && (body.person !== PERSON.name || body.password !== PERSON.password)) {
      return body.person === undefined || body.password === undefined
        ? refuse(400, 'bad_request') : refuse(403, 'wrong_password');
    }
    if (path === '/v1/admin/card-returns') {
      return { status: 200, json: { case_no: 'C1', stage: 'ASKED', n: 0 } };
    }
    if (/^\/v1\/admin\/card-returns\/[CO]1$/.test(path)) {
      return { status: 200, json: { case_no: 'C1', order_no: 'O1', stage: 'REVERSED' } };
    }
    if (path === '/v1/admin/card-payouts') {
      return refuse(409, 'nothing_owed', 'its payout is "paid", signed by li+wang');
    }
    if (path === '/v1/admin/cards' && method === 'GET') {
      return { status: 200, json: { owed: [], cases: [{ case_no: 'C1', order_no: 'O1' }] } };
    }
    if (path === '/v1/admin/cards') {
      if (!this.meters.has(body.meter_id)) {
        return refuse(404, 'not_found');
      }
      const taken = [...this.cards.values()].some((other) => other.meterId === body.meter_id);
      return taken ? refuse(409, 'meter_has_a_card')
        : { status: 200, json: this.#keys(this.register(body.uid, body.meter_id,
          this.#kind(body)), body) };
    }
    if (card === undefined) {
      return refuse(404, 'not_found');
    }
    if (op === 'replace') {
      card.state = 'replaced';
      return { status: 200, json: this.#keys(this.register(body.uid, card.meterId,
        this.#kind(body)), body) };
    }
    if (op === 'state') {
      card.state = body.state;
      return { status: 200, json: { uid, state: card.state } };
    }
    const answers = { keys: () => this.#keys(card, body), reading: () => this.#reading(card, body),
      undefined: () => ({ uid, state: card.state, tokens: [], events: [] }) };
    return { status: 200, json: answers[op]() };
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString();
    const body = text === '' ? null : JSON.parse(text);
    this.calls.push({ method: request.method, path: request.url, body });
    const { status, json } = this.#answer(request.method, request.url, body);
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(this.spoil ? this.spoil(json) : json));
  }
}
