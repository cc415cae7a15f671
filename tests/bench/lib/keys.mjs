// SPDX-License-Identifier: Apache-2.0

// Certificates for a broker and its clients, made with the openssl program: a throw-away CA and
// one EC key each. The common name is the identity.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function openssl(dir, ...args) {
  execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** The empty list of revoked certificates, without which the broker does not start. */
function makeCrl(dir) {
  writeFileSync(join(dir, 'index'), '');
  writeFileSync(join(dir, 'crl.conf'), '[ca]\ndefault_ca = x\n[x]\ndatabase = index\n' +
    'default_md = sha256\ndefault_crl_days = 2\n');
  openssl(dir, 'ca', '-gencrl', '-config', 'crl.conf', '-cert', 'ca.pem', '-keyfile', 'ca.key',
    '-out', 'ca.crl');
}

/** Make `dir`/ca.crl and `dir`/<name>/{ca,cert,key}.pem; all may be server and client. */
export function makeKeys(dir, names) {
  mkdirSync(dir, { recursive: true });
  openssl(dir, 'req', '-x509', ...EC, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2',
    '-subj', '/CN=bench CA');
  writeFileSync(join(dir, 'leaf.ext'), 'basicConstraints=CA:FALSE\n' +
    'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=IP:127.0.0.1,DNS:localhost\n');
  makeCrl(dir);
  for (const name of names) {
    const own = join(dir, name);
    mkdirSync(own, { recursive: true });
    openssl(own, 'req', ...EC, '-keyout', 'key.pem', '-out', 'csr.pem', '-subj', `/CN=${name}`);
    openssl(own, 'x509', '-req', '-in', 'csr.pem', '-CA', '../ca.pem', '-CAkey', '../ca.key',
      '-CAcreateserial', '-days', '2', '-extfile', '../leaf.ext', '-out', 'cert.pem');
    copyFileSync(join(dir, 'ca.pem'), join(own, 'ca.pem'));
  }
}
