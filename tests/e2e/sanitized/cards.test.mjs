// SPDX-License-Identifier: Apache-2.0

// A top-up by card with the programs built with the address and undefined-behaviour sanitizers: the
// card driver and its worker over libnfc, the desk's tool, the emulated reader and meter, kiosk and
// server. Laid, paid for, written, loaded; then everybody ends in order, and nobody's log may hold
// a finding or a leak.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cardAudit } from '../lib/card_books.mjs';
import { isWritten, leave, paper, pay } from '../lib/card_way.mjs';
import { keeping, withHouse } from '../lib/setup.mjs';
import { endsClean } from './findings.mjs';

const box = withHouse({ rooms: 3, buses: 1, cards: 1 });

test('a card is laid, paid for, written, receipted and loaded', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const [home] = house.cardHomes;
    const orderNo = await pay(house, home, { amount: 0 });
    await isWritten(house, orderNo);
    await paper(house, orderNo);
    await leave(house, home);
    assert.equal((await house.cards.visit(home)).result, 'loaded');
    assert.equal((await cardAudit(house, { visited: true })).credited, 2000);
  }));

test('everybody ends in order, without a finding and without a leak', { timeout: 60000 },
  keeping(box, (t, house) => endsClean(house, ['kiosk', 'cardd', 'reader', 'cardmeter', 'printd',
    'printer', 'collector', 'cloud', 'bus1', 'esam'])));
