// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong, when: latency, and the faults that were ordered one by one (`fault`, `notify`)
// or as a random mix. Deciding is here; doing is where it happens (server.mjs for the wire,
// *_calls.mjs for business, notifier.mjs for notices), so that a fault never needs a second code
// path through the gateway.

/** Faults of the API's transport and answers: kind -> what it does (shown by `help`). */
export const WIRE_FAULTS = Object.freeze({
    'reset-before': 'connection reset, nothing done',
    'reset-after': 'done, then connection reset without an answer',
    502: 'HTTP 502 with an HTML page, nothing done',
    '502-effect': 'done, then HTTP 502 with an HTML page',
    429: 'rate limit, nothing done',
    '429-effect': 'done, then a rate limit error',
    500: 'system error, nothing done',
    '500-effect': 'done, then a system error',
    truncate: 'done; body cut in the middle, connection closed',
    cut: 'done; body cut in the middle, Content-Length agrees',
    html200: 'HTTP 200 with a captive portal page, nothing done',
    redirect: 'HTTP 302 to another path, nothing done',
    hang: 'done, never answered',
    'hang-before': 'nothing done, never answered',
    slow: 'slow=MS: answered after MS more',
    unsigned: 'done; the answer carries no signature',
    badsign: 'done; one bit of the signature is wrong',
    stranger: 'done; signed by a foreign key',
    'unknown-serial': 'done; names a key that is on no list',
    stale: 'done; WeChat: timestamp 301 s old',
    future: 'done; WeChat: timestamp 301 s ahead',
    'twice-header': 'done; WeChat: the signature header comes twice',
    'sign-first': 'done; Alipay: the sign member comes first (valid)',
    gbk: 'done; Alipay: answer in GBK although UTF-8 was asked for',
    'wrong-order': 'done; well signed, but about another order',
    'wrong-amount': 'done; well signed, but one fen more',
    trailing: 'done; bytes after the end of the JSON',
    huge: 'done; 2 MiB of blanks after the JSON',
    'twice-member': 'done; Alipay: the signed member comes twice, the first one forged',
});

/** Faults of business: kind -> what it does. */
export const BUSINESS_FAULTS = Object.freeze({
    'close-race': 'the buyer pays just before a close is executed',
    'create-race': 'the buyer pays and the notice arrives before the order call is answered',
    'refund-race': 'the notice of the refund arrives before the refund call is answered',
    'refund-slow': 'refund-slow=MS: Alipay fund_change=N first; WeChat PROCESSING for MS',
    'refund-abnormal': 'WeChat: the refund ends ABNORMAL',
    'refund-closed': 'WeChat: the refund ends CLOSED',
    'refund-low-balance': 'refused for lack of money in the merchant account',
    'refund-frozen': 'Alipay: the trade is frozen',
    'bill-late': 'there is no bill yet, although the day has trades',
    'bill-wrong-hash': 'WeChat: the bill does not have the stated SHA-1',
    'bill-wrong-count': 'the counts in the bill do not agree with its rows',
    'bill-missing-row': 'the bill lacks its last row (counts agree)',
    'bill-double-row': 'the bill has its first row twice (counts agree)',
    'bill-foreign-row': 'the bill has a payment that is not ours',
    'bill-wrong-amount': 'the first payment in the bill is one fen more',
    'bill-wrong-fee': 'WeChat: the sum of fees is one fen more than that of the rows',
    'bill-pending': 'WeChat: the last refund in the bill had only begun',
    'bill-cut': 'WeChat: the packed bill ends in its middle',
    'bill-damaged': 'WeChat: a byte of the packed bill is another one',
    'bill-refused': 'WeChat: the bill is offered, and its download refused',
});

/** Faults of notices: kind -> what it does. */
export const NOTICE_FAULTS = Object.freeze({
    drop: 'a notice is never sent',
    'drop-first': 'only the first attempt is lost',
    double: 'the same attempt twice at the same moment on two connections',
    late: 'late=MS: first attempt after MS more',
    reorder: 'held back until a later notice of the same order has gone out',
    badsign: 'first a badly signed one, which must be refused, then the good one',
    stranger: 'first one signed by a foreign key, then the good one',
    'wrong-order': 'first a genuine one about an unknown order, then the good one',
    'wrong-amount': 'first a genuine one with one fen more, then the good one',
    'wrong-merchant': 'first a genuine one of another merchant, then the good one',
    'no-appid': 'first a genuine one that does not name the app, then the good one',
    signtest: 'WeChat: first a WECHATPAY/SIGNTEST probe',
    'unknown-serial': 'WeChat: first one with a serial that is on no list',
    stale: 'WeChat: first one 301 s old',
    future: 'WeChat: first one 301 s ahead',
    tampered: 'first one whose body was changed after signing',
    'no-sign': 'first one without a signature',
    sha1: 'Alipay: first a genuine SHA-1 (RSA) signature',
    gbk: 'Alipay: the notice is in GBK and says so',
});

const GROUPS = { wire: WIRE_FAULTS, business: BUSINESS_FAULTS, notice: NOTICE_FAULTS };
/** The tail of the latency: one in this many calls takes 1 to 3 s (at the default median). */
const TAIL_ONE_IN = 50;
const MEDIAN_MS = 150;

export class Weather {
    constructor(rng) {
        this.rng = rng;
        this.medianMs = MEDIAN_MS;
        this.orders = [];
        this.mixes = [];
    }

    /** `spec` is a kind, or kind=MS. Throws on an unknown one. */
    order(group, spec, left, match) {
        const [kind, arg] = spec.split('=');
        if (!(kind in GROUPS[group])) {
            throw new Error(`unknown ${group} fault ${kind}`);
        }
        if (arg !== undefined && !/^\d{1,9}$/.test(arg)) {
            throw new Error(`${kind}: ${arg} is not a number of milliseconds`);
        }
        this.orders.push({ group, kind, arg: Number(arg ?? 0), left, match });
    }

    /** From now on each event of the group suffers one of `kinds` with the given probability. */
    mix(group, probability, kinds) {
        const chosen = kinds.length === 0 ? Object.keys(GROUPS[group]) : kinds;
        chosen.forEach((kind) => {
            if (!(kind in GROUPS[group])) {
                throw new Error(`unknown ${group} fault ${kind}`);
            }
        });
        this.mixes = this.mixes.filter((mix) => mix.group !== group);
        if (probability > 0) {
            this.mixes.push({ group, probability, kinds: chosen });
        }
    }

    reset() {
        this.orders = [];
        this.mixes = [];
        this.medianMs = MEDIAN_MS;
    }

    /**
     * The fault that hits now, or null. `kinds` limits the choice; `subject` is `wallet.call
     * number`.
     */
    take(group, subject, kinds = Object.keys(GROUPS[group])) {
        const fits = (o) =>
            o.group === group && kinds.includes(o.kind) && subject.includes(o.match);
        const order = this.orders.find(fits);
        if (order !== undefined) {
            order.left -= 1;
            this.orders = this.orders.filter((o) => o.left > 0);
            return { kind: order.kind, arg: order.arg };
        }
        const mix = this.mixes.find((m) => m.group === group);
        const possible = mix?.kinds.filter((kind) => kinds.includes(kind)) ?? [];
        if (possible.length > 0 && this.rng.chance(mix.probability)) {
            return { kind: this.rng.pick(possible), arg: 1000 + this.rng.below(3000) };
        }
        return null;
    }

    /**
     * Milliseconds until a call is answered: log-normal around the median, with a tail; never zero.
     */
    latencyMs() {
        const scale = this.medianMs / MEDIAN_MS;
        const usual = this.medianMs * Math.exp(0.4 * this.rng.normal());
        const tail = 1000 + 2000 * this.rng.unit();
        return Math.max(1, Math.round(this.rng.below(TAIL_ONE_IN) === 0 ? tail * scale : usual));
    }
}
