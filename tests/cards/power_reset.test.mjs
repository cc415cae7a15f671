// SPDX-License-Identifier: Apache-2.0

// A reader that only a loss of power cures: the real cardd runs the machine builder's program for
// it. Nearly all of it is waiting for openings in vain, so all of it runs at a time.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Rig, until, wait } from './lib/rig.mjs';
import { readRequest } from './lib/shlc1.mjs';

const EXAMPLE = 'drivers/cardd/example-power-reset.sh';
const ROUND_MS = 45000; // five openings in vain, and what the machine adds

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A terminal whose builder has left a program. */
class Machine extends Rig {
  helper = join(this.dir, 'reader-power');

  notes = join(this.dir, 'notes');

  build(text) {
    writeFileSync(this.helper, text);
    chmodSync(this.helper, 0o755);
  }

  options(seconds = 20) {
    return { more: `power_reset = "${this.helper}"; power_reset_s = ${seconds};` };
  }

  noted() {
    return existsSync(this.notes) ? readFileSync(this.notes, 'utf8').split('\n').filter(Boolean)
      : [];
  }

  says(words, ms = ROUND_MS) {
    return until(`cardd to log ${words}`, () => words.test(this.log()), ms, 50);
  }

  async resets() {
    return (await this.client.status()).counts.power_resets;
  }
}

const machine = (name, body) => test(name, { timeout: 150000 }, async () => {
  const rig = new Machine();
  try {
    await body(rig);
  } finally {
    await rig.finish();
  }
});

describe('the power of the reader', { concurrency: true }, () => {
  machine('a reader that hangs for good comes back by itself', async (rig) => {
    rig.build(`#!${process.execPath}
const { writeFileSync } = require('fs');
const socket = require('net').connect(${JSON.stringify(rig.paths.control)});
setTimeout(() => socket.write('power cut\\n'), 3000);
socket.on('data', () => {
  writeFileSync(${JSON.stringify(rig.notes)}, JSON.stringify([process.argv.length,
    Object.keys(process.env).sort(), process.env.SHILLING_READER, Date.now()]));
  process.exit(0);
});
`);
    await rig.start(rig.options());
    rig.client.poll('active');
    assert.equal(await rig.resets(), 0);
    await rig.ctl('mute on');
    await rig.client.reader('offline', 20000);
    await rig.says(/could not be opened 5 times: running \S+reader-power to reset its power/);
    const { bytes_in: bytes } = await rig.counts();
    const answer = await rig.client.ask(readRequest(1), 1000);
    assert.deepEqual([answer.outcome, answer.error], ['not_done', 'reader']);
    process.kill(rig.worker(), 'SIGKILL');
    await rig.says(/the worker ended by signal 9/);
    await wait(500);
    assert.equal(rig.noted().length, 0, 'the program is too quick for this test');
    assert.equal((await rig.counts()).bytes_in, bytes, 'somebody opens it meanwhile');
    await rig.says(/reader-power ended well after \d+ ms; opening the reader again/);
    await rig.client.reader('ready', 8000);
    const [words, names, reader, at] = JSON.parse(rig.noted());
    assert.ok(Date.now() - at < 8000, 'nobody tried again at once');
    assert.deepEqual([words, reader], [2, `pn532_uart:${rig.paths.link}`]); // node and the script
    assert.deepEqual(names, ['PATH', 'SHILLING_READER']);
    assert.equal(await rig.resets(), 1);
    assert.equal(rig.client.closed, false);
  });

  machine('a program that hangs is killed with what it started', async (rig) => {
    rig.build(`#!/bin/sh\nsleep 120 &\necho $$ > ${rig.notes}\necho $! >> ${rig.notes}\nwait\n`);
    await rig.startCardd(rig.options(1));
    await rig.says(
      /reader-power did not end in [1-9]\d{3,} ms and is killed; opening the reader all/);
    const pids = rig.noted().map(Number);
    assert.equal(pids.length, 2);
    await until('both to be gone', () => !pids.some(isAlive), 3000);
    await rig.startReader();
    await rig.client.reader('ready', 20000);
    assert.equal(await rig.resets(), 1);
  });

  machine('it is left time to end when cardd is told to, but not for ever', async (rig) => {
    rig.build(`#!/bin/sh\necho $$ > ${rig.notes}\nexec sleep 120\n`);
    await rig.startCardd(rig.options(60));
    await until('it to run', () => rig.noted().length === 1, ROUND_MS);
    assert.equal((await rig.processes.stop('cardd')).code, 0);
    assert.equal(isAlive(Number(rig.noted()[0])), false);
  });

  machine('one that fails is told, and not run again in the same round', async (rig) => {
    rig.build(`#!/bin/sh\necho run >> ${rig.notes}\nexit 3\n`);
    await rig.startCardd(rig.options());
    await rig.says(/reader-power failed with 3 after \d+ ms; opening the reader all the same/);
    await wait(9000); // 0, 1, 2 and 5 s: four more openings in vain
    assert.deepEqual(rig.noted(), ['run']);
    await rig.startReader();
    await rig.client.reader('ready', 20000);
    assert.equal(await rig.resets(), 1);
  });

  machine('one that is not there, or is no program, is told', async (rig) => {
    await rig.startCardd(rig.options());
    await rig.says(/reader-power \(reader\.power_reset\) cannot be run: it is not there/);
    await rig.startReader();
    await rig.client.reader('ready', 40000);
  });

  machine('without one nothing is run', async (rig) => {
    await rig.startCardd();
    await wait(22000);
    assert.doesNotMatch(rig.log(), /power/);
    assert.equal(await rig.resets(), 0);
  });

  machine('another program that has the reader is no ground for it', async (rig) => {
    rig.build(`#!/bin/sh\necho run >> ${rig.notes}\n`);
    const lock = join(rig.dir, 'reader.lock');
    await rig.processes.start('holder', 'flock', ['--no-fork', lock, 'sleep', '120']);
    await until('it to have it', () => existsSync(lock));
    await rig.startReader();
    await rig.startCardd(rig.options());
    await rig.client.reader('offline', 8000);
    await wait(20000);
    assert.deepEqual(rig.noted(), []);
  });

  machine('the example takes a device of the bus away and gives it back', async (rig) => {
    const device = join(rig.dir, 'usb', '1-1.2');
    const text = readFileSync(EXAMPLE, 'utf8');
    assert.match(text, /^device=\/sys\/bus\/usb\/devices\/1-1\.2$/m);
    rig.build(text.replace('/sys/bus/usb/devices/1-1.2', device));
    const run = () => execFileSync(rig.helper, { encoding: 'utf8', stdio: 'pipe' });
    assert.throws(run, /no such device|not there/);
    mkdirSync(device, { recursive: true });
    writeFileSync(join(device, 'authorized'), '1\n');
    run();
    assert.equal(readFileSync(join(device, 'authorized'), 'utf8'), '1\n');
  });
});
