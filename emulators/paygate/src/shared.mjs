// SPDX-License-Identifier: Apache-2.0
//
// Small things that several modules need.

import crypto from 'node:crypto';

/** Something after which nothing that the gateway says could be trusted: the process must end. */
export class FatalError extends Error {}

/** A fingerprint of what the merchant asked for, independent of the order of members. */
export function contentHash(content) {
    const sorted = (value) =>
        value !== null && typeof value === 'object' && !Array.isArray(value)
            ? Object.keys(value)
                  .sort()
                  .map((name) => [name, sorted(value[name])])
            : value;
    return crypto
        .createHash('sha256')
        .update(JSON.stringify(sorted(content)))
        .digest('hex');
}

/** `alipay.refund SH2026..`: the text in which a fault's match is looked for. */
export function subjectOf(call, trade) {
    return `${trade.channel}.${call} ${trade.out_trade_no}`;
}
