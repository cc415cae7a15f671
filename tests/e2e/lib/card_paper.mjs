// SPDX-License-Identifier: Apache-2.0

// What the papers of top-ups by card say, line by line, and that each is a picture with ink on it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { until } from '../../../tools/world/processes.mjs';
import { paper } from './card_way.mjs';

const KINDS = {
  written: { title: '电费充值凭证', state: '写卡成功' },
  unsure: { title: '写卡待确认凭条', state: '已收款 待确认', claims: true },
  pending: { title: '未写卡凭条', state: '已收款 未写卡', claims: true },
  refunded: { title: '退款凭条', state: '已退款' },
};
const STATES = Object.values(KINDS).map(({ state }) => state);
const CLAIM = '凭证码'; /* what a person tells the office when the card is not written */
const CLAIM_LEN = 6;

const WIDTH_PX_MIN = 576; /* a dot of the head is no less than a pixel */
const LINE_PX_MIN = 24;
const INK_MIN = 0.01; /* of the sheet; one that is empty, or all black, has another share */
const INK_MAX = 0.3;

const linesOf = (text) => text.split('\n').map((line) => line.trim());

/** The paper's picture: a PNG as wide as the head, as long as its lines, with letters on it. */
async function checkPicture(path, lines) {
  await until(`${path} to be there`, () => existsSync(path));
  const [kind, width, height, ink] = execFileSync('convert', [path, '-threshold', '50%',
    '-format', '%m %w %h %[fx:1-mean]', 'info:'], { encoding: 'utf8' }).split(' ');
  assert.equal(kind, 'PNG', path);
  assert.ok(Number(width) >= WIDTH_PX_MIN, `${path}: ${width} wide`);
  assert.ok(Number(height) >= lines.length * LINE_PX_MIN, `${path}: ${height} high`);
  assert.ok(Number(ink) >= INK_MIN && Number(ink) <= INK_MAX, `${path}: ${ink} of it is ink`);
}

/** Wait for the order's paper of this kind, look at it, and give what it says. */
export async function paperOf(house, orderNo, kind) {
  const { title, state, claims = false } = KINDS[kind];
  const { name, text } = await paper(house, orderNo, (slip) => linesOf(slip).includes(title));
  const lines = linesOf(text);
  assert.deepEqual(lines.filter((line) => STATES.includes(line)), [state], text);
  assert.deepEqual(lines.filter((line) => line.startsWith(CLAIM)).map((line) => line.split(/\s+/)),
    claims ? [[CLAIM, orderNo.slice(-CLAIM_LEN)]] : [], text);
  await checkPicture(house.path('paper', name.replace('.txt', '.png')), lines);
  return text;
}
