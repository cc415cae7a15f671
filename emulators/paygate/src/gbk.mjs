// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 text to GBK bytes. Node decodes GBK but does not encode it, so the table is made by
// decoding every code once.

let table = null;

function makeTable() {
    const decoder = new TextDecoder('gbk');
    const made = new Map();
    for (let lead = 0x81; lead <= 0xfe; lead += 1) {
        for (let trail = 0x40; trail <= 0xfe; trail += 1) {
            const bytes = Buffer.from([lead, trail]);
            const text = trail === 0x7f ? '' : decoder.decode(bytes);
            if ([...text].length === 1 && text !== '\ufffd' && !made.has(text)) {
                made.set(text, bytes);
            }
        }
    }
    return made;
}

/** GBK bytes of `text`; what GBK cannot say becomes `?`. */
export function encodeGbk(text) {
    table ??= makeTable();
    const bytes = [];
    for (const char of text) {
        const code = char.codePointAt(0);
        bytes.push(...(code < 0x80 ? [code] : (table.get(char) ?? [0x3f])));
    }
    return Buffer.from(bytes);
}
