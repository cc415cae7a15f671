// SPDX-License-Identifier: Apache-2.0
//
// application/x-www-form-urlencoded as the gateways read it: decoded exactly once, and anything
// doubtful refused, because a lenient reader would accept requests whose signature covers something
// else.

/** `+` to blank and %XX to a byte, once; null for a broken escape or bytes that are not UTF-8. */
function decode(text) {
    const plain = text.replaceAll('+', ' ');
    if (/%(?![0-9A-Fa-f]{2})/.test(plain)) {
        return null;
    }
    try {
        return decodeURIComponent(plain);
    } catch {
        return null;
    }
}

/** name=value pairs in order; null when malformed. */
export function parseForm(text) {
    const pairs = [];
    for (const piece of text.split('&').filter((p) => p !== '')) {
        const at = piece.indexOf('=');
        const name = decode(at < 0 ? piece : piece.slice(0, at));
        const value = decode(at < 0 ? '' : piece.slice(at + 1));
        if (name === null || value === null) {
            return null;
        }
        pairs.push([name, value]);
    }
    return pairs;
}

/** The pairs as an object; null when a name occurs twice. */
export function uniquePairs(pairs) {
    const result = Object.create(null);
    for (const [name, value] of pairs) {
        if (name in result) {
            return null;
        }
        result[name] = value;
    }
    return result;
}

/** Form encoding of an object's members. */
export function encodeForm(members) {
    const code = (text) => encodeURIComponent(text).replaceAll('%20', '+');
    return Object.entries(members)
        .map(([name, value]) => `${code(name)}=${code(value)}`)
        .join('&');
}

/** `a=1&b=2` over the sorted names, raw values: the text that Alipay's signatures cover. */
export function canonicalText(members, leftOut) {
    const order = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    return Object.keys(members)
        .filter((name) => !leftOut.includes(name) && members[name] !== '')
        .sort(order)
        .map((name) => `${name}=${members[name]}`)
        .join('&');
}
