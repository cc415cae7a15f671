// SPDX-License-Identifier: Apache-2.0
//
// Who the simulated gateways are and which merchant they know: the committed test keys, the ids,
// and the two numbers that are computed from certificates (Alipay's cert SN, WeChat's serial). Also
// writes the "merchant kit": what a real merchant would have downloaded, private files 0600, for
// the product's demo configuration.

import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const KEYS_DIR = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'keys');

/** The merchant and its ids. Every one of them can be replaced by --config. */
export const DEFAULT_IDS = Object.freeze({
    alipay_app_id: '2021009000000017',
    alipay_seller_id: '2088900000000017',
    wechat_mchid: '1900009017',
    wechat_appid: 'wx51a0000000000017',
});

/**
 * What goes into the merchant kit, and from where; the gateway's own private keys never do. The
 * platform certificate comes with its CA behind it, as the downloaded file does.
 */
const KIT = {
    'alipay-app.key.pem': 'alipay-app.key.pem',
    'alipay-app.crt.pem': 'alipay-app.crt.pem',
    'alipay-platform.pub.pem': 'alipay-platform.pub.pem',
    'alipay-platform.crt.pem': 'alipay-platform-chain.crt.pem',
    'alipay-root-bundle.crt.pem': 'alipay-root-bundle.crt.pem',
    'wechat-merchant.key.pem': 'wechat-merchant.key.pem',
    'wechat-merchant.crt.pem': 'wechat-merchant.crt.pem',
    'wechat-platform-old.crt.pem': 'wechat-platform-old.crt.pem',
    'wechat-public-key.pub.pem': 'wechat-public-key.pub.pem',
    'wechat-public-key-id.txt': 'wechat-public-key-id.txt',
    'wechat-apiv3-key.txt': 'wechat-apiv3-key.txt',
};

const read = (name) => fs.readFileSync(path.join(KEYS_DIR, name), 'utf8');

/** Issuer in RFC 2253 order (last attribute first), joined by commas without blanks. */
function issuerRfc2253(certificate) {
    return certificate.issuer.split('\n').reverse().join(',');
}

/** Alipay's SN of one certificate: MD5 of issuer and decimal serial. */
export function alipayCertSn(certificate) {
    const serial = BigInt(`0x${certificate.serialNumber}`).toString(10);
    return crypto
        .createHash('md5')
        .update(issuerRfc2253(certificate) + serial, 'utf8')
        .digest('hex');
}

/** Object identifier 1.2.840.113549.1.1 (PKCS #1) in DER, without its last arc. */
const PKCS1_OID = Buffer.from('2a864886f70d0101', 'hex');

/**
 * Does the certificate's own signature belong to the RSA family? (SHA-1 roots stay in, EC roots
 * fall out.)
 */
function isRsaSigned(certificate) {
    // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }: skip tbs, look
    // into the next element.
    const der = certificate.raw;
    const header = (at) => {
        const first = der[at + 1];
        if (first < 0x80) {
            return { start: at + 2, length: first };
        }
        const count = first & 0x7f;
        return { start: at + 2 + count, length: der.readUIntBE(at + 2, count) };
    };
    const outer = header(0);
    const tbs = header(outer.start);
    const algorithm = header(tbs.start + tbs.length);
    return der
        .subarray(algorithm.start + 2, algorithm.start + algorithm.length)
        .subarray(0, PKCS1_OID.length)
        .equals(PKCS1_OID);
}

/** All certificates of a PEM file, in its order. */
export function certificatesOf(pem) {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    return blocks.map((block) => new crypto.X509Certificate(block));
}

/** Alipay's SN of a root bundle: those of its RSA-signed certificates, joined by `_`. */
export function alipayRootSn(pem) {
    return certificatesOf(pem).filter(isRsaSigned).map(alipayCertSn).join('_');
}

/** A key pair with the certificate and the numbers that name it. */
function identity(name) {
    const pem = fs.existsSync(path.join(KEYS_DIR, `${name}.crt.pem`))
        ? read(`${name}.crt.pem`)
        : null;
    const certificate = pem === null ? null : new crypto.X509Certificate(pem);
    return Object.freeze({
        name,
        privateKey: crypto.createPrivateKey(read(`${name}.key.pem`)),
        publicKey: crypto.createPublicKey(read(`${name}.pub.pem`)),
        pem,
        certificate,
        serial: certificate === null ? null : certificate.serialNumber.toUpperCase(),
        sn: certificate === null ? null : alipayCertSn(certificate),
    });
}

/** Everything the gateways know: keys by role, and the ids. */
export function loadKeyring(ids) {
    return Object.freeze({
        ids: Object.freeze({ ...DEFAULT_IDS, ...ids }),
        alipay: Object.freeze({
            app: identity('alipay-app'),
            platform: identity('alipay-platform'),
            next: identity('alipay-platform-next'),
            platformChain: read('alipay-platform-chain.crt.pem'),
            nextChain: read('alipay-platform-next-chain.crt.pem'),
            rootSn: alipayRootSn(read('alipay-root-bundle.crt.pem')),
        }),
        wechat: Object.freeze({
            merchant: identity('wechat-merchant'),
            old: identity('wechat-platform-old'),
            new: identity('wechat-platform-new'),
            public: Object.freeze({
                ...identity('wechat-public-key'),
                serial: read('wechat-public-key-id.txt'),
            }),
            apiv3Key: Buffer.from(read('wechat-apiv3-key.txt')),
        }),
        stranger: identity('stranger'),
    });
}

/** Writes what the merchant needs to `dir` (0700, files 0600). */
export function writeMerchantKit(keyring, dir, baseUrl) {
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    const put = (name, text) => {
        const file = path.join(dir, name);
        fs.writeFileSync(`${file}.new`, text, { mode: 0o600 });
        fs.renameSync(`${file}.new`, file);
    };
    for (const [name, source] of Object.entries(KIT)) {
        put(name, read(source));
    }
    const about = {
        simulator: true,
        ...keyring.ids,
        alipay_gateway: `${baseUrl}/gateway.do`,
        alipay_app_cert_sn: keyring.alipay.app.sn,
        alipay_root_cert_sn: keyring.alipay.rootSn,
        alipay_platform_cert_sn: keyring.alipay.platform.sn,
        wechat_base_url: baseUrl,
        wechat_merchant_serial: keyring.wechat.merchant.serial,
        wechat_platform_serials: [keyring.wechat.old.serial, keyring.wechat.new.serial],
        wechat_public_key_id: keyring.wechat.public.serial,
        phone_page: `${baseUrl}/`,
        control: `${baseUrl}/sim/control`,
    };
    put('merchant.json', `${JSON.stringify(about, null, 4)}\n`);
}
