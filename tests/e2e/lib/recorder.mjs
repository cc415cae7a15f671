// SPDX-License-Identifier: Apache-2.0

// A window in the wire between a kiosk and the cloud: an HTTPS server with a certificate of the
// development CA that passes every call on under the terminal's own certificate, byte for byte, and
// shows each finished exchange to `watch`. The kiosk cannot tell it from the cloud.

import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import { join } from 'node:path';

const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host']);

function endToEnd(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name)));
}

async function bodyOf(stream) {
  const parts = [];
  for await (const part of stream) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parsed(bytes) {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}

/**
 * Start between `house`'s kiosk (not started yet) and its cloud; returns {port, close()}. What
 * `fate` says of a call ({method, path}) happens to it: 'drop' (it never arrives), 'lose' (the
 * cloud's answer to it never comes back), 'busy' (the cloud says that it is), anything else: it
 * passes. A promise of one of these holds the call until it is kept.
 */
export async function record(house, watch, fate = () => 'pass') {
  const own = house.path('keys', 'recorder');
  house.cloudCommand('dev-enrol', 'broker', 'recorder', '--out', own);
  const keys = house.path('keys', 'kiosk1');
  const file = (dir, name) => readFileSync(join(dir, name));
  const agent = new Agent({ keepAlive: true, ca: file(keys, 'ca.pem'),
    cert: file(keys, 'cert.pem'), key: file(keys, 'key.pem') });

  async function pass(asked, answer) {
    const payload = await bodyOf(asked);
    const will = await fate({ method: asked.method, path: asked.url });
    if (will === 'drop') {
      answer.destroy();
      return;
    }
    if (will === 'busy') {
      answer.writeHead(503, { 'Content-Type': 'application/json' });
      answer.end(JSON.stringify({ error: { code: 'busy', message: 'too much at once' } }));
      return;
    }
    const upstream = request({ host: '127.0.0.1', port: house.ports.terminals, agent,
      method: asked.method, path: asked.url, headers: endToEnd(asked.headers) });
    answer.on('close', () => upstream.destroy());
    const [got] = await Promise.all([
      new Promise((resolve, reject) => upstream.on('response', resolve).on('error', reject)),
      upstream.end(payload)]);
    const body = await bodyOf(got);
    watch({ method: asked.method, path: asked.url, status: got.statusCode, headers: got.headers,
      payload: payload.length > 0 ? payload.toString() : undefined, json: parsed(body) });
    if (will === 'lose') {
      answer.destroy();
      return;
    }
    answer.writeHead(got.statusCode, endToEnd(got.headers));
    answer.end(body);
  }

  const server = createServer({ cert: file(own, 'cert.pem'), key: file(own, 'key.pem') },
    (asked, answer) => pass(asked, answer).catch(() => answer.destroy()));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}
