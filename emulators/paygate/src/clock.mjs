// SPDX-License-Identifier: Apache-2.0
//
// Two clocks, both independent of the product's. The book clock decides expiry, days, schedules and
// what is printed as a time of payment; a test may move it hours ahead. The wire clock decides how
// old a signature may be and what our own signatures say; a test may set it wrong. Keeping them
// apart lets a test run a day forward without making every request stale. All times inside are
// milliseconds since 1970; texts are Beijing time (UTC+8, no summer time).

const BEIJING_MS = 8 * 3600 * 1000;

const pad = (n, width = 2) => String(n).padStart(width, '0');

/** The fields of a Beijing wall clock at `ms`. */
function beijingFields(ms) {
    const d = new Date(ms + BEIJING_MS);
    return {
        day: `${d.getUTCFullYear()}-${pad(d.getUTCMonth() + 1)}-${pad(d.getUTCDate())}`,
        time: `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}:${pad(d.getUTCSeconds())}`,
        milli: pad(d.getUTCMilliseconds(), 3),
    };
}

/** `yyyy-MM-dd HH:mm:ss`, Alipay's way of writing a time. */
export function beijingText(ms) {
    const { day, time } = beijingFields(ms);
    return `${day} ${time}`;
}

/** The same with milliseconds, as in gmt_refund. */
export function beijingMilliText(ms) {
    const { day, time, milli } = beijingFields(ms);
    return `${day} ${time}.${milli}`;
}

/** `yyyy-MM-ddTHH:mm:ss+08:00`, WeChat Pay's way. */
export function rfc3339Text(ms) {
    const { day, time } = beijingFields(ms);
    return `${day}T${time}+08:00`;
}

/** `yyyy-MM-dd` of the Beijing day that holds `ms`. */
export function beijingDay(ms) {
    return beijingFields(ms).day;
}

/** A Beijing `yyyy-MM-dd[ HH:mm:ss]` to milliseconds; NaN when it is not one that exists. */
export function parseBeijing(text) {
    const m = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d))?$/.exec(text);
    if (!m) {
        return NaN;
    }
    const n = m.slice(1).map((x) => Number(x ?? 0));
    const ms = Date.UTC(n[0], n[1] - 1, n[2], n[3], n[4], n[5]) - BEIJING_MS;
    const again = m[4] === undefined ? beijingDay(ms) : beijingText(ms);
    return again === text ? ms : NaN;
}

/** An RFC 3339 time with a zone to milliseconds; NaN when malformed. */
export function parseRfc3339(text) {
    const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
    return form.test(text) ? Date.parse(text) : NaN;
}

/** Is `text` a `yyyy-MM-dd` that exists? */
export function isDay(text) {
    return typeof text === 'string' && text.length === 10 && !Number.isNaN(parseBeijing(text));
}

/** The day after `day`. */
export function nextDay(day) {
    return beijingDay(parseBeijing(day) + 24 * 3600 * 1000);
}

export class Clock {
    constructor() {
        this.bookOffsetMs = 0;
        this.wireOffsetMs = 0;
    }

    /** Time by which the gateway's books run. */
    now() {
        return Date.now() + this.bookOffsetMs;
    }

    /** Time by which the gateway judges and stamps messages. */
    wire() {
        return Date.now() + this.wireOffsetMs;
    }

    wireSeconds() {
        return Math.floor(this.wire() / 1000);
    }
}
