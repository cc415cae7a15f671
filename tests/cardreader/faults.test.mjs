// SPDX-License-Identifier: Apache-2.0

// What faults of the reader do to Debian's libnfc 1.8.0, each with its result and its time: the
// ground on which the card driver stands. Times are given room, this is a shared machine. Each test
// has a reader of its own, and most of them wait, so a few run at a time.

import assert from 'node:assert/strict';
import { existsSync, lstatSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { until } from '../../tools/world/processes.mjs';
import { hasPeers, NO_PEERS, Peer, Reader } from './lib/reader.mjs';

const OPENINGS = process.env.SHILLING_ALL === '1' ? 200 : 40; // one that leaks shows at once
const AT_A_TIME = 4;
const options = { skip: hasPeers ? false : NO_PEERS };
const AUTH = 'xchg 6004ffffffffffff4a8b1c2d';
const READ = 'xchg 3004';
const ZEROS = '0'.repeat(32);
const CODES = { io: -1, timeout: -6, aborted: -7 };

async function withPeer(work, { kind = 'classic', uid = '4a8b1c2d', begin = true } = {}) {
  const reader = await Reader.start();
  const peer = new Peer(reader);
  try {
    await reader.lay('card', kind, uid);
    if (begin) {
      assert.equal((await peer.begin()).result, 1);
    }
    await work(reader, peer);
  } finally {
    await peer.end('SIGKILL');
    assert.equal(await reader.stop(), 0);
  }
}

function took(answer, least, most) {
  assert.ok(answer.ms >= least && answer.ms <= most, `${answer.ms} ms, not ${least}..${most}`);
}

describe('libnfc on a reader with faults', { concurrency: AT_A_TIME }, () => {
  test('a session: keys, reads, writes, values', options, () => withPeer(async (reader, peer) => {
    assert.equal((await peer.call(AUTH)).result, 0);
    assert.equal((await peer.call(READ)).rest, ZEROS);
    assert.equal((await peer.call('xchg a004640000009bffffff6400000005fa05fa')).result, 0);
    assert.equal((await peer.call('xchg c10401000000')).result, 0);
    assert.equal((await peer.call('xchg b004')).result, 0);
    assert.match((await peer.call(READ)).rest, /^65000000/);
    assert.equal((await peer.call('xchg 6008000000000000' + '4a8b1c2d')).result, -30);
    assert.equal((await peer.call(READ)).result, -20); /* deaf until selected again */
    assert.equal((await peer.call('present')).result, 0);
    assert.equal((await peer.call(READ)).result, -20); /* that cost the authentication */
    assert.ok((await peer.call('deselect')).result >= 0);
    await peer.call('close');
  }));

  test('two cards are two', options, () => withPeer(async (reader, peer) => {
    await reader.lay('other', 'classic', '04112233445566');
    const { result, rest } = await peer.call('list 4');
    assert.equal(result, 2);
    assert.match(rest, /4a8b1c2d/);
    assert.match(rest, /04112233445566/);
  }));

  test('mute at open', options, () => withPeer(async (reader, peer) => {
    await reader.say('mute on');
    const answer = await peer.call('open');
    assert.equal(answer.result, -1000);
    took(answer, 1300, 6000);
    await reader.say('mute off');
    assert.equal((await peer.begin()).result, 1);
  }, { begin: false }));

  test('mute in a session', options, () => withPeer(async (reader, peer) => {
    await reader.say('mute on');
    for (const call of ['xchg 3004 350', 'select', 'field 0']) {
      const answer = await peer.call(call);
      assert.equal(answer.result, CODES.timeout, call);
      took(answer, 250, 4000);
    }
    took(await peer.call('close'), 300, 6000);
  }));

  test('a reply that is cut anywhere, or dropped', options, () => withPeer(async (reader, peer) => {
    assert.equal((await peer.call(AUTH)).result, 0);
    for (const fault of ['cut byte=0', 'cut byte=3', 'cut byte=6', 'cut byte=10', 'cut byte=20',
      'drop']) {
      await reader.say(`fault ${fault} exchange=1`);
      const answer = await peer.call('xchg 3004 350');
      assert.equal(answer.result, CODES.timeout, fault);
      took(answer, 300, 4000);
      assert.equal((await peer.call(READ)).rest, ZEROS, fault);
    }
  }));

  test('a flipped bit, noise, a NACK', options, () => withPeer(async (reader, peer) => {
    assert.equal((await peer.call(AUTH)).result, 0);
    for (const fault of ['flip byte=9 bit=3 exchange=1', 'noise hex=1234 exchange=1',
      'nack command=2']) { /* the flush before a command is the first */
      await reader.say(`fault ${fault}`);
      let answer = await peer.call(READ);
      if (fault.startsWith('nack') && answer.result > 0) {
        answer = await peer.call(READ); /* no flush was needed */
      }
      assert.equal(answer.result, CODES.io, fault);
      took(answer, 0, 2000);
      assert.equal((await peer.call(READ)).rest, ZEROS, fault);
    }
  }));

  test('one byte in 100 ms is slow, not wrong', options, () => withPeer(async (reader, peer) => {
    assert.equal((await peer.call(AUTH)).result, 0);
    await reader.say('fault stutter ms=100 exchange=1');
    const answer = await peer.call(READ);
    assert.equal(answer.rest, ZEROS); /* although the call was given 500 ms */
    took(answer, 2000, 9000);
  }));

  test('a chip that lost its power comes back by close and open only', options,
    () => withPeer(async (reader, peer) => {
      await reader.say('power cut');
      for (const call of ['xchg 3004 350', 'select', 'init']) {
        assert.equal((await peer.call(call)).result, CODES.timeout, call);
      }
      await peer.call('close');
      assert.equal((await peer.begin()).result, 1);
    }));

  test('unplugged, and plugged in again under the same link', options,
    () => withPeer(async (reader, peer) => {
      await reader.say('unplug');
      const answer = await peer.call(READ);
      assert.equal(answer.result, CODES.io);
      took(answer, 0, 2000);
      await peer.call('close');
      assert.equal(lstatSync(reader.link, { throwIfNoEntry: false }), undefined);
      const open = await peer.call('open');
      assert.equal(open.result, -1000);
      took(open, 0, 2000);
      await reader.say('plug');
      assert.ok(existsSync(reader.link));
      assert.equal((await peer.begin()).result, 1);
    }));

  test('status bit 80 ends the process', options, () => withPeer(async (reader, peer) => {
    await reader.say('fault status exchange=1 value=80');
    assert.equal((await peer.call(AUTH)).died, 'SIGABRT');
  }));

  test('more than 262 bytes end the process', options, () => withPeer(async (reader, peer) => {
    assert.ok((await peer.call(`xchg ${'00'.repeat(262)}`)).result !== undefined);
    assert.equal((await peer.call(`xchg ${'00'.repeat(263)}`)).died, 'SIGABRT');
  }, { kind: 'cpu', uid: '11223344' }));

  test('an answer in an extended frame', options, () => withPeer(async (reader, peer) => {
    assert.equal((await peer.call('xchg 00a4000002df01')).rest, '9000');
    const { result, rest } = await peer.call('xchg 00b0830000');
    assert.equal(result, 258);
    assert.match(rest, /^0{512}9000$/);
  }, { kind: 'cpu', uid: '11223344' }));

  test('what each status byte becomes', options, () => withPeer(async (reader, peer) => {
    const wanted = { '-20': ['01', '02', '03', '04', '05', '06', '0a', '0b', '13', '23', '25', '2a',
      '2e'], '-90': ['07', '09', '0d', '0e', '2d'], '-2': ['10', '26', '27'], '-30': ['14'],
    '-10': ['29', '2b'] };
    for (const [code, values] of Object.entries(wanted)) {
      for (const value of values) {
        await reader.say(`fault status exchange=1 value=${value}`);
        assert.equal((await peer.call(READ)).result, Number(code), value);
      }
    }
  }));

  test('an abort ends a wait at once', options, () => withPeer(async (reader, peer) => {
    for (const line of ['open', 'init']) {
      assert.equal((await peer.call(line)).result, 0);
    }
    await reader.say('take');
    await reader.say('counts reset');
    await peer.call('abort-after 200');
    const answer = await peer.call('poll 255 2');
    assert.equal(answer.result, CODES.aborted);
    took(answer, 150, 4000);
    await until('the abort to be counted', async () => (await reader.say('counts')).aborts === 1,
      5000);
  }, { begin: false }));

  test('an abort with nothing pending does nothing, and leaks a descriptor', options,
    () => withPeer(async (reader, peer) => {
      const before = (await peer.call('fds')).result;
      for (let i = 0; i < 5; i += 1) {
        assert.equal((await peer.call('abort')).result, 0);
      }
      assert.equal((await peer.call('fds')).result, before + 5);
    }));

  test('an abort does not reach the wait for an acknowledgement', options,
    () => withPeer(async (reader, peer) => {
      await reader.say('mute on');
      await peer.call('abort-after 100');
      const answer = await peer.call('xchg 3004 1000');
      assert.equal(answer.result, CODES.timeout);
      took(answer, 900, 6000);
    }));

  test('poll_target without a time-out hangs on a mute reader', options,
    () => withPeer(async (reader, peer) => {
      await reader.say('mute on');
      const answer = await Promise.race([peer.call('poll 1 1'), wait(2500, 'hung')]);
      assert.equal(answer, 'hung');
    }));

  test('poll_target gets a card that comes late', options, () => withPeer(async (reader, peer) => {
    await reader.say('take');
    const poll = peer.call('poll 255 2');
    await wait(300);
    await reader.say('lay card');
    const answer = await poll;
    assert.equal(answer.result, 1);
    assert.match(answer.rest, /4a8b1c2d/);
  }));

  test('presence of an ISO 14443-4 card', options, () => withPeer(async (reader, peer) => {
    assert.equal((await peer.call('present')).result, 0);
    await reader.say('take');
    assert.ok((await peer.call('present')).result < 0);
  }, { kind: 'desfire', uid: '04112233445566' }));

  test(`${OPENINGS} times open, init, close`, options, () => withPeer(async (reader, peer) => {
    await peer.begin(false);
    await peer.call('close');
    const before = (await peer.call('fds')).result;
    let ms = 0;
    for (let i = 0; i < OPENINGS; i += 1) {
      for (const line of ['open', 'init', 'close']) {
        const answer = await peer.call(line);
        assert.equal(answer.result, 0, `${i}: ${line}`);
        ms += answer.ms;
      }
    }
    assert.equal((await peer.call('fds')).result, before);
    assert.ok(ms / OPENINGS >= 50 && ms / OPENINGS < 250, `${ms / OPENINGS} ms each`);
  }, { begin: false }));

  test('bytes take their time at 115200 baud', options, async () => {
    const reader = await Reader.start('--baud', '115200');
    const peer = new Peer(reader);
    try {
      await reader.lay('card', 'classic', '4a8b1c2d');
      assert.equal((await peer.begin()).result, 1);
      assert.equal((await peer.call(AUTH)).result, 0);
      await reader.say('counts reset');
      let ms = 0;
      for (let i = 0; i < 100; i += 1) {
        const answer = await peer.call(READ);
        assert.equal(answer.rest, ZEROS);
        ms += answer.ms;
      }
      const { bytes_in: inwards, bytes_out: outwards } = await reader.say('counts');
      const wire = (inwards + outwards) * 10 / 115.2;
      assert.ok(ms >= wire * 0.75, `${ms} ms for ${wire} ms of wire`); /* ms is cut, not rounded */
    } finally {
      await peer.end('SIGKILL');
      assert.equal(await reader.stop(), 0);
    }
  });
});
