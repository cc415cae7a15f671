// SPDX-License-Identifier: Apache-2.0

// Client certificates that must not get in, made with the openssl program: of a foreign CA,
// expired, of our CA but with a key that nobody registered. Each folder has ca.pem, cert.pem
// and key.pem.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';

const LONG_AGO = '2020-02-02 02:02:02';

function openssl(...args) {
  return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

function opensslLongAgo(...args) {
  return execFileSync('faketime', [LONG_AGO, 'openssl', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A key and a certificate for `name` in `dir`, signed by the CA of `signer` {cert, key}. */
function issue(dir, name, signer, how = openssl) {
  mkdirSync(dir, { recursive: true });
  const at = (file) => join(dir, file);
  writeFileSync(at('ext.conf'), 'keyUsage = digitalSignature\nextendedKeyUsage = clientAuth\n');
  openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-subj', `/CN=${name}`, '-keyout', at('key.pem'), '-out', at('csr.pem'));
  how('x509', '-req', '-in', at('csr.pem'), '-CA', signer.cert, '-CAkey', signer.key,
    '-set_serial', '77', '-days', '30', '-extfile', at('ext.conf'), '-out', at('cert.pem'));
  return dir;
}

/** The house's own CA, which stands in its state folder. */
function houseCa(house) {
  return { cert: house.path('state', 'cloud', 'pki', 'ca.pem'),
    key: house.path('state', 'cloud', 'pki', 'ca.key') };
}

/** Of another CA that calls itself as ours does, for the same name. */
export function rogue(house, name) {
  const dir = house.path('keys', `rogue-${name}`);
  mkdirSync(dir, { recursive: true });
  const ca = { cert: join(dir, 'rogue-ca.pem'), key: join(dir, 'rogue-ca.key') };
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-subj', '/CN=Shilling development CA', '-days', '30', '-keyout', ca.key, '-out', ca.cert);
  issue(dir, name, ca);
  copyFileSync(houseCa(house).cert, join(dir, 'ca.pem'));
  return dir;
}

/** Of our CA, for a name that exists, but long over. */
export function expired(house, name) {
  const dir = issue(house.path('keys', `expired-${name}`), name, houseCa(house), opensslLongAgo);
  copyFileSync(houseCa(house).cert, join(dir, 'ca.pem'));
  return dir;
}

/** Of our CA, for a name that exists; its key was never registered. */
export function unregistered(house, name) {
  const dir = issue(house.path('keys', `unregistered-${name}`), name, houseCa(house));
  copyFileSync(houseCa(house).cert, join(dir, 'ca.pem'));
  return dir;
}

/** For a Terminal: an agent that trusts the house and shows no certificate at all. */
export function bareAgent(house) {
  return new Agent({ keepAlive: true, ca: readFileSync(houseCa(house).cert) });
}
