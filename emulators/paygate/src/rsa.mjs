// SPDX-License-Identifier: Apache-2.0
//
// SHA-256/RSA (PKCS#1 v1.5) signatures, judged twice by ways that share nothing but SHA-256:
// OpenSSL's verify, and the public operation in plain integers with a comparison of the whole
// padded block. If the two ever disagree, one of them is wrong and no verdict can be trusted, so
// the gateway stops.

import crypto from 'node:crypto';

import { FatalError } from './shared.mjs';

/** DER prefix of DigestInfo for SHA-256 (RFC 8017, 9.2 note 1). */
const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/**
 * Strict base64: one spelling per value, no blanks, no line breaks. Returns null for anything else.
 */
export function strictBase64(text) {
    const bytes = Buffer.from(text, 'base64');
    return text.length > 0 && bytes.toString('base64') === text ? bytes : null;
}

function modPow(base, exponent, modulus) {
    let result = 1n;
    let square = base % modulus;
    for (let e = exponent; e > 0n; e >>= 1n) {
        if (e & 1n) {
            result = (result * square) % modulus;
        }
        square = (square * square) % modulus;
    }
    return result;
}

const toInteger = (bytes) => BigInt(`0x${bytes.toString('hex') || '0'}`);

/** The second verifier: s^e mod n must be exactly 00 01 FF..FF 00 DigestInfo. */
function verifyByArithmetic(publicKey, message, signature) {
    const jwk = publicKey.export({ format: 'jwk' });
    const modulus = Buffer.from(jwk.n, 'base64url');
    const n = toInteger(modulus);
    const s = toInteger(signature);
    if (signature.length !== modulus.length || s >= n) {
        return false;
    }
    const block = modPow(s, toInteger(Buffer.from(jwk.e, 'base64url')), n);
    const digest = crypto.createHash('sha256').update(message).digest();
    const tail = Buffer.concat([Buffer.from([0]), SHA256_INFO, digest]);
    const fill = Buffer.alloc(modulus.length - tail.length - 2, 0xff);
    const wanted = Buffer.concat([Buffer.from([0, 1]), fill, tail]);
    return block === toInteger(wanted);
}

/** Is `signatureText` (base64) the signature of `message` (bytes) under `publicKey`? */
export function verifySha256(publicKey, message, signatureText) {
    const signature = strictBase64(signatureText);
    if (signature === null) {
        return false;
    }
    const first = crypto.verify('sha256', message, publicKey, signature);
    const second = verifyByArithmetic(publicKey, message, signature);
    if (first !== second) {
        throw new FatalError('the two verifiers disagree; no verdict can be trusted');
    }
    return first;
}

/** base64 signature of `message` (string or bytes), without line breaks. */
export function signSha256(privateKey, message) {
    return crypto.sign('sha256', Buffer.from(message), privateKey).toString('base64');
}

/** The same signature with one character changed. */
export function spoilBase64(signature) {
    const middle = signature.length >> 1;
    const other = signature[middle] === 'A' ? 'B' : 'A';
    return signature.slice(0, middle) + other + signature.slice(middle + 1);
}
