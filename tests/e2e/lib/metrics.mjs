// SPDX-License-Identifier: Apache-2.0

// What the operator sees of the server: its metrics, over the admin socket.

import { request } from 'node:http';

/** The page as text. */
export function metrics(house) {
  return new Promise((resolve, reject) => {
    const socketPath = house.path('run', 'admin.sock');
    const req = request({ socketPath, path: '/metrics' }, (res) => {
      let text = '';
      res.on('data', (data) => { text += data; });
      res.on('end', () => resolve(text));
    });
    req.on('error', reject);
    req.end();
  });
}

/** The card reader of a terminal there: {chip, events: {reopens: 3, ...}}. */
export async function readerOf(house, terminal) {
  const text = await metrics(house);
  const [, chip] = new RegExp(`^shilling_card_reader_chip{terminal="${terminal}",chip="(.*)"} 1$`,
    'm').exec(text) ?? [];
  const lines = text.matchAll(new RegExp(
    `^shilling_card_reader_events{terminal="${terminal}",event="(\\w+)"} (\\d+)$`, 'mg'));
  return { chip, events: Object.fromEntries([...lines].map(([, name, n]) => [name, Number(n)])) };
}
