// SPDX-License-Identifier: Apache-2.0

// Between "paid" and "written" everything may die or fall silent: kiosk, card driver and cloud by
// kill -9, the question or the answer of each single call of the terminal. The same token is
// finished in the end, one re-presentation is enough, and nobody pays twice. The points follow the
// seed; `./shilling test --all` tries more.

import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import test, { after } from 'node:test';
import { listens, until, wait } from '../../tools/world/processes.mjs';
import { tree } from '../bench/lib/tree.mjs';
import { cardAudit } from './lib/card_books.mjs';
import { account, clear, finished, holds, isWritten, lay, leave, pay, take, toCard, toCode, tokensOf
  } from './lib/card_way.mjs';
import { rows } from './lib/books.mjs';
import { FatedLine, isAsked, isLaid, isRead } from './lib/fated_line.mjs';
import { stateOf } from './lib/journey.mjs';
import { ALL, keeping, SEED, stream, withHouse } from './lib/setup.mjs';

const COUNT = ALL ? 40 : 2;
const SLOW_BAUD = 9600; /* a write takes two seconds, so that there is something to hit */
const BLOCK_NUMBERS = [1, 2, 3, 4, 5, 6]; /* the writes of a token */
const BLOCKS = BLOCK_NUMBERS.length;
const HELD_MS = 350; /* that the reader keeps an answer back: the driver waits for half a second */
const line = new FatedLine();

const box = withHouse({ rooms: 3, buses: 1, cards: 1, kiosk: false },
  (house) => line.start(house));

after(() => line.close());

async function restart(house, name) {
  if (name === 'cardd') {
    rmSync(house.cards.socket, { force: true });
  }
  await house.processes.restart(name, 'SIGKILL');
  if (name === 'cloud') {
    await until('the cloud to listen again', () => listens(house.ports.terminals), 30000);
  }
}

/** Whatever happened: one token, on the card in the end, and the meter takes it once. */
async function checked(house, home, orderNo, fen) {
  assert.equal(tokensOf(house, orderNo).length, 1);
  await leave(house, home);
  if (!holds(house, home, orderNo)) {
    await lay(house, home); /* a second slot that was left torn is put right by the next laying */
    await until('both slots to be right', () => holds(house, home, orderNo), 30000, 200);
    await leave(house, home);
  }
  const said = await house.cards.visit(home);
  assert.equal(said.result, 'loaded');
  assert.equal(said.delta_fen, fen);
  assert.equal(said.t_fen, account(house, home).total_fen);
}

['kiosk', 'cardd', 'cloud'].forEach((name, nth) => {
  test(`${name} killed ${COUNT} times between paid and written`, { timeout: COUNT * 180000 },
    keeping(box, async (t, house) => {
      const [home] = house.cardHomes;
      const draw = stream(SEED + (nth + 3) * 7919);
      for (let round = 0; round < COUNT; round += 1) {
        await clear(house);
        const lifted = draw(4) === 0;
        const orderNo = await pay(house, home, { amount: 0, lifted, name: `${name}-${round}` });
        await house.cards.reader(`baud ${SLOW_BAUD}`);
        if (lifted) {
          await lay(house, home);
        }
        const delayMs = draw(4000);
        await wait(delayMs);
        const writes = await writesOf(house);
        await restart(house, name);
        const how = await finished(house, home, orderNo);
        await house.cards.reader('baud 115200');
        await checked(house, home, orderNo, 2000);
        t.diagnostic(`${lifted ? 'laid back' : 'paid'}+${delayMs} ms, ` +
          `${writes} blocks so far: ${how}`);
      }
    }));
});

const writesOf = async (house) => (await house.cards.reader('counts')).writes;

const ordersOf = (house) => rows(house, 'SELECT count(*) AS n FROM pay_order')[0].n;

const creditsOf = (house, orderNo) => rows(house, `SELECT count(*) AS n FROM posting
  JOIN leg USING (posting_id) WHERE document_no = '${orderNo}' AND account = 'CARD'`)[0].n;

const workerOf = (house) => tree(house.processes.find('cardd').child.pid).at(-1);

/** Pay, and stop the driver's worker when it has written `nth` blocks of the token and no more;
 * null if it was quicker than we. */
async function stoppedBehind(house, home, nth) {
  await clear(house);
  const worker = workerOf(house);
  await house.cards.reader('counts reset');
  await house.cards.reader(`fault delay write=${nth} ms=${HELD_MS}`);
  const orderNo = await pay(house, home, { amount: 0 });
  await until(`${nth} blocks to be written`, async () => await writesOf(house) >= nth, 30000, 5);
  process.kill(worker, 'SIGSTOP');
  if (await writesOf(house) === nth) {
    return { orderNo, worker };
  }
  process.kill(worker, 'SIGCONT');
  await isWritten(house, orderNo);
  await checked(house, home, orderNo, 2000);
  return null;
}

/** Killed with `nth` blocks written. The driver needs neither of them to write on: so nobody knows
 * of what it wrote until the one who died is there again. */
async function killedBehind(house, home, name, nth) {
  const { orderNo, worker } = await until(`the driver to stop behind write ${nth}`,
    () => stoppedBehind(house, home, nth), 100000);
  const victim = house.processes.find(name);
  victim.child.kill('SIGKILL');
  assert.equal((await victim.ended).signal, 'SIGKILL');
  assert.equal(await writesOf(house), nth, 'the kill fell between two other writes');
  process.kill(worker, 'SIGCONT');
  await until('the driver to write on by itself', () => holds(house, home, orderNo), 15000);
  assert.equal(await writesOf(house), BLOCKS);
  assert.equal(stateOf(house, orderNo), 'CREDITING');
  const [token] = tokensOf(house, orderNo);
  assert.equal(token.written_at, null);
  return { orderNo, token };
}

['kiosk', 'cloud'].forEach((name, at) => {
  const drawn = BLOCK_NUMBERS[(SEED + 2 * at) % BLOCKS];
  for (const nth of ALL ? BLOCK_NUMBERS : [drawn]) {
    test(`kill -9 of the ${name} behind write ${nth} of ${BLOCKS}: written and credited, once`,
      { timeout: 180000 }, keeping(box, async (t, house) => {
        const [home] = house.cardHomes;
        const { orderNo, token } = await killedBehind(house, home, name, nth);
        const before = ordersOf(house);
        await restart(house, name);
        t.diagnostic(await finished(house, home, orderNo));
        await leave(house, home);
        await toCard(house, home); /* laid again: there is nothing left to do */
        assert.equal(await writesOf(house), BLOCKS);
        assert.equal(ordersOf(house), before);
        assert.deepEqual(tokensOf(house, orderNo).map(({ n, record }) => [n, record]),
          [[token.n, token.record]]);
        assert.equal(creditsOf(house, orderNo), 1);
        await checked(house, home, orderNo, 2000);
        assert.equal((await house.cards.visit(home)).result, 'known');
      }));
  }
});

test('the worker of the card driver killed in a write', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const [home] = house.cardHomes;
    await clear(house);
    await house.cards.reader('counts reset');
    await house.cards.reader(`baud ${SLOW_BAUD}`);
    const orderNo = await pay(house, home, { amount: 0 });
    await until('two blocks to be written', async () => await writesOf(house) >= 2, 30000, 20);
    const worker = workerOf(house);
    assert.notEqual(worker, house.processes.find('cardd').child.pid);
    process.kill(worker, 'SIGKILL');
    await finished(house, home, orderNo);
    assert.ok(existsSync(house.cards.socket));
    await house.cards.reader('baud 115200');
    await checked(house, home, orderNo, 2000);
  }));

/** From whatever page it shows to the first one, as a person who gives up does. */
async function giveUp({ screen }) {
  const ways = ['finish', 'home', 'back'];
  await until('the first page', async () => {
    const { screen: name, targets } = await screen.report();
    const way = ways.find((one) => targets.some(({ action }) => action === one));
    if (!['home', 'attract'].includes(name) && way) {
      await screen.touch(way).catch(() => null);
    }
    return ['home', 'attract'].includes(name);
  }, 90000, 700);
}

const CUTS = [
  ['the terminal loses its power', (house) => restart(house, 'kiosk')],
  ['the network goes', async (house, home) => {
    line.befalls({ fate: 'drop', always: true, fits: () => true });
    await lay(house, home);
    await wait(3000);
    await take(house, home);
  }],
];

for (const [what, happens] of CUTS) {
  test(`paid, and ${what} before there is a token: laid again, it is written, unpaid`,
    { timeout: 240000 }, keeping(box, async (t, house) => {
      const [home] = house.cardHomes;
      await clear(house);
      await toCard(house, home);
      const { code, orderNo } = await toCode(house, { amount: 0 });
      await take(house, home);
      await house.wallet(`pay ${code}`);
      await house.screen.shows('that it is paid', (r) => r.screen === 'card_back', 30000);
      await happens(house, home);
      await giveUp(house);
      line.befalls(null);
      assert.equal(tokensOf(house, orderNo).length, 0);
      assert.equal(stateOf(house, orderNo), 'PAID');
      const before = ordersOf(house);
      await lay(house, home);
      await isWritten(house, orderNo);
      assert.equal(ordersOf(house), before);
      await checked(house, home, orderNo, 2000);
    }));
}

const CALLS = [
  ['the laying', isLaid],
  ['the reading', isRead],
  ['the asking for a token', isAsked],
  ['the word that it is written', ({ path }) => /\/card\/written$/.test(path)],
];

CALLS.forEach(([what, fits], nth) => {
  const fates = ['drop', 'lose'];
  for (const fate of ALL ? fates : [fates[(SEED + nth) % 2]]) {
    test(`${what} after the payment: ${fate === 'drop' ? 'the question' : 'the answer'} is lost`,
      { timeout: 120000 }, keeping(box, async (t, house) => {
        const [home] = house.cardHomes;
        await clear(house);
        await toCard(house, home);
        const { code, orderNo } = await toCode(house, { amount: 0 });
        await take(house, home);
        line.befalls({ fate, fits });
        await house.wallet(`pay ${code}`);
        await house.screen.shows('that it is paid', (r) => r.screen === 'card_back', 30000);
        await lay(house, home);
        t.diagnostic(await finished(house, home, orderNo));
        await line.struck(0);
        await checked(house, home, orderNo, 2000);
      }));
  }
});

test('the network is away from the payment on, for ten seconds', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const [home] = house.cardHomes;
    await clear(house);
    await toCard(house, home);
    const { code, orderNo } = await toCode(house, { amount: 0 });
    await house.wallet(`pay ${code}`);
    house.processes.find('cloud').child.kill('SIGSTOP');
    await wait(10000);
    house.processes.find('cloud').child.kill('SIGCONT');
    t.diagnostic(await finished(house, home, orderNo));
    await checked(house, home, orderNo, 2000);
  }));

test('wallets, orders, tokens, ledger and meters agree fen for fen', { timeout: 60000 },
  keeping(box, async (t, house) => {
    const sum = await cardAudit(house, { visited: true });
    t.diagnostic(JSON.stringify(sum));
    assert.equal(sum.open, 0);
    assert.equal(sum.refunded, 0);
    assert.equal(sum.meters.tenant1.balance_fen, sum.paid);
  }));
