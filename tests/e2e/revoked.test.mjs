// SPDX-License-Identifier: Apache-2.0

// A collector whose certificate was revoked: the cloud hears it no more, at once; the broker turns
// it away once it has read the list of revoked certificates again. And names that a certificate
// must not have, because at the broker only the name counts.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { connect } from 'node:tls';
import { until } from '../../tools/world/processes.mjs';
import { keeping, withHouse } from './lib/setup.mjs';
import { Terminal } from './lib/terminal.mjs';

const box = withHouse({ kiosk: false, printer: false, rooms: 9 });

async function read(terminal, home) {
  return (await terminal.post(`/v1/terminal/meters/m-${home.room}/reads?wait_s=8`,
    { max_age_s: 0 })).json;
}

/** True if the broker speaks MQTT with whoever has the keys of `name`; false if it hangs up. */
function admits(house, name) {
  const keys = (file) => readFileSync(house.path('keys', name, file));
  /* CONNECT, MQTT 3.1.1, clean session, client id "x" */
  const hello = Buffer.from('100d00044d5154540402003c000178', 'hex');
  return new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port: house.ports.collectors,
      ca: keys('ca.pem'), cert: keys('cert.pem'), key: keys('key.pem') });
    socket.on('secureConnect', () => socket.write(hello));
    socket.on('data', (data) => { done(data[0] === 0x20); socket.destroy(); });
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
  });
}

test('a name is one device, and nobody is called as the cloud is', { timeout: 30000 },
  keeping(box, async (t, house) => {
    const out = house.path('keys', 'wrong');
    const enrol = (kind, name) => () => house.cloudCommand('dev-enrol', kind, name, '--out', out);
    assert.throws(enrol('collector', 'cloud'), /is the server's own name/);
    assert.throws(enrol('collector', 'kiosk1'), /name of a device of another kind/);
    assert.throws(enrol('broker', 'col1'), /name of a device of another kind/);
    assert.ok(!existsSync(`${out}/cert.pem`) && !existsSync(`${out}/key.pem`));
  }));

test('a revoked collector is not heard, and the broker turns it away', { timeout: 120000 },
  keeping(box, async (t, house) => {
    const terminal = Terminal.of(house);
    const home = house.home('cloud', 0);
    assert.equal((await read(terminal, home)).source, 'live');
    assert.ok(await admits(house, 'kiosk1'));
    house.cloudCommand('revoke', 'collector', 'col1');
    /* What it was asked just before, it may have begun to answer: nobody listens any more. */
    await until('it to be called offline', async () => {
      const { source, reason } = await read(terminal, home);
      assert.equal(source, 'stored');
      return reason === 'collector_offline';
    }, 20000);
    await house.processes.restart('collector', 'SIGKILL').catch(() => {});
    assert.equal((await read(terminal, home)).reason, 'collector_offline');
    house.processes.find('broker').child.kill('SIGHUP');
    await until('the broker to refuse it', async () => !await admits(house, 'col1'), 20000);
    assert.ok(await admits(house, 'kiosk1'), 'the others are let in as before');
    house.cloudCommand('dev-enrol', 'collector', 'col1', '--out', house.path('keys', 'col1'));
    await house.processes.restart('collector');
    await until('it to be heard again',
      async () => (await read(terminal, home)).source === 'live', 60000);
    terminal.close();
  }));
