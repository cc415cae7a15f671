// SPDX-License-Identifier: Apache-2.0

// The configuration files of the programs in a world on loopback, as texts.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const q = (value) => JSON.stringify(String(value));

/** The templates of collector/mosquitto, filled in. */
export function brokerTexts(root, { collectorPort, cloudPort, keys, aclFile, crlFile }) {
  const values = {
    COLLECTOR_PORT: collectorPort, COLLECTOR_ADDRESS: '127.0.0.1',
    CLOUD_PORT: cloudPort, CLOUD_ADDRESS: '127.0.0.1',
    CA_FILE: join(keys, 'ca.pem'), CERT_FILE: join(keys, 'cert.pem'),
    KEY_FILE: join(keys, 'key.pem'), CRL_FILE: crlFile, ACL_FILE: aclFile, CLOUD_USER: 'cloud',
  };
  const fill = (name) => readFileSync(join(root, 'collector/mosquitto', name), 'utf8')
    .replace(/@([A-Z_]+)@/g, (whole, key) => values[key] ?? whole);
  return { conf: fill('mosquitto.conf.in'), acl: fill('acl.conf.in') };
}

export function collectorText({ id, port, keys, state, buses, baud, replyTimeoutMs = 1000 }) {
  const bus = ({ name, link }) => `  { name = ${q(name)}; device = ${q(link)}; baud = ${baud};
    reply_timeout_ms = ${replyTimeoutMs}; }`;
  return `id = ${q(id)};
state = ${q(state)};
mqtt = { host = "127.0.0.1"; port = ${port}; ca = ${q(join(keys, 'ca.pem'))};
  cert = ${q(join(keys, 'cert.pem'))}; key = ${q(join(keys, 'key.pem'))};
  reconnect_s_max = 2; will_delay_s = 5; };
buses = (
${buses.map(bus).join(',\n')}
);
`;
}

export function kioskText({ url, keys, state, printdSocket, carddSocket, localeDir, panel }) {
  const size = panel.width ? `width_px = ${panel.width}; height_px = ${panel.height};` : '';
  return `server = { url = ${q(url)}; ca = ${q(join(keys, 'ca.pem'))};
  cert = ${q(join(keys, 'cert.pem'))}; key = ${q(join(keys, 'key.pem'))}; };
state_dir = ${q(state)};
${printdSocket ? `printd_socket = ${q(printdSocket)};` : ''}
${carddSocket ? `cardd_socket = ${q(carddSocket)};` : ''}
locale_dir = ${q(localeDir)};
panel = { ${size} width_mm = ${panel.widthMm}; view_distance_mm = 600; };
`;
}

/** Both wallets as the emulated gateway handed them to its merchant. */
export function paymentsText(merchant, dir, { mode, publicUrl, certMode = false }) {
  const file = (name) => q(join(dir, name));
  const alipay = certMode ? `mode = "cert"; app_cert_file = ${file('alipay-app.crt.pem')};
    alipay_cert_file = ${file('alipay-platform.crt.pem')};
    root_cert_file = ${file('alipay-root-bundle.crt.pem')};`
    : `mode = "key"; public_key_file = ${file('alipay-platform.pub.pem')};`;
  return `payments = { mode = ${q(mode)};
  alipay = { ${alipay}
    gateway_url = ${q(merchant.alipay_gateway)};
    notify_url = ${q(`${publicUrl}/pay/alipay/notify`)};
    app_id = ${q(merchant.alipay_app_id)}; seller_id = ${q(merchant.alipay_seller_id)};
    app_key_file = ${file('alipay-app.key.pem')}; };
  wechat = { url = ${q(merchant.wechat_base_url)};
    notify_url = ${q(`${publicUrl}/pay/wechat/notify`)};
    refund_notify_url = ${q(`${publicUrl}/pay/wechat/refund-notify`)};
    mchid = ${q(merchant.wechat_mchid)}; appid = ${q(merchant.wechat_appid)};
    merchant_keys = ( { serial = ${q(merchant.wechat_merchant_serial)};
      key_file = ${file('wechat-merchant.key.pem')}; } );
    apiv3_key_file = ${file('wechat-apiv3-key.txt')};
    platform_certs = true;
    public_key_id = ${q(merchant.wechat_public_key_id)};
    public_key_file = ${file('wechat-public-key.pub.pem')}; }; };
`;
}

/** Where the server keeps what card tokens are made and signed with. */
export function cardsText(keysDir, { purchaseKeyFile = '' } = {}) {
  const purchase = purchaseKeyFile === '' ? ''
    : `purchase_key_file = ${q(purchaseKeyFile)};\n  `;
  return `cards = { master_key_file = ${q(join(keysDir, 'card-master.hex'))};
  ${purchase}signing_key_file = ${q(join(keysDir, 'card-signing.pem'))}; key_id = 1; issuer = 1; };
`;
}

/** The server's own file; `timers` holds members of its group of that name, in seconds. */
export function cloudText({ ports, mode, state, seed, adminSocket, timers, payments, extra }) {
  const value = (v) => (Array.isArray(v) ? `[${v.join(', ')}]` : String(v));
  const times = Object.entries(timers).map(([name, v]) => `${name} = ${value(v)};`).join(' ');
  return `mode = ${q(mode)};
state_dir = ${q(state)};
seed_file = ${q(seed)};
terminals = { address = "127.0.0.1"; port = ${ports.terminals}; };
console = { address = "127.0.0.1"; port = ${ports.console}; };
public = { address = "127.0.0.1"; port = ${ports.public}; tls = false; };
admin = { socket = ${q(adminSocket)}; };
mqtt = { host = "127.0.0.1"; port = ${ports.cloudMqtt}; };
${times === '' ? '' : `timers = { ${times} };`}
${payments}
${extra}
`;
}

export function printdText({ socket, state, address }) {
  const [host, port] = address.split(':');
  return `socket = ${q(socket)};
state_dir = ${q(state)};
printer = { transport = "tcp"; address = ${q(host)}; port = ${port}; columns = 48; };
`;
}

export function carddText({ socket, terminal, authority, reader, lock }) {
  return `socket = ${q(socket)};
terminal_id = ${q(terminal)};
authority = ${q(authority)};
reader = { connstring = ${q(`pn532_uart:${reader}`)}; lock = ${q(lock)}; };
`;
}
