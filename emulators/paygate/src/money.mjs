// SPDX-License-Identifier: Apache-2.0
//
// Fen as integers inside, yuan texts on Alipay's wire and in both bills. No value ever passes
// through a fraction.

const FEN_MAX = 100_000_000_00;

/** `5854` -> `58.54`. Negative only in bill rows. */
export function yuanText(fen) {
    const sign = fen < 0 ? '-' : '';
    const abs = Math.abs(fen);
    return `${sign}${Math.floor(abs / 100)}.${String(abs % 100).padStart(2, '0')}`;
}

/** `58.54`, `58.5`, `58` -> fen; null for anything else. */
export function parseYuan(text) {
    const m = typeof text === 'string' && /^(0|[1-9]\d{0,8})(?:\.(\d{1,2}))?$/.exec(text);
    if (!m) {
        return null;
    }
    const fen = Number(m[1]) * 100 + Number((m[2] ?? '0').padEnd(2, '0'));
    return fen <= FEN_MAX ? fen : null;
}

/** Is it a JSON integer that may be an amount in fen? */
export function isFen(value) {
    return Number.isSafeInteger(value) && value >= 1 && value <= FEN_MAX;
}
