// SPDX-License-Identifier: Apache-2.0
//
// Delivers what the book owes: each notice on its wallet's true schedule (divided by the time
// factor), until the merchant acknowledges in exactly the prescribed way or the last attempt is
// over. Notice faults change how an attempt looks, never what is owed: a spoiled attempt is
// followed by the good one.

import http from 'node:http';
import https from 'node:https';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Waits after the first, second ... attempt. */
const SCHEDULES = {
    alipay: [4, 10, 10, 60, 120, 360, 900].map((minutes) => minutes * MINUTE_MS),
    wechat: [
        ...[15, 15, 30].map((s) => s * SECOND_MS),
        ...[3, 10, 20, 30, 30, 30, 60].map((m) => m * MINUTE_MS),
        ...[3, 3, 3, 6, 6].map((h) => h * HOUR_MS),
    ],
};
/** How long an attempt may take; WeChat's is documented, Alipay's is not (invented). */
const ATTEMPT_MS = 5 * SECOND_MS;
const ANSWER_BYTES_MAX = 4096;
const TICK_MS = 20;
/** Between a spoiled attempt and the good one that follows. */
const AFTER_SPOILED_MS = 200;
/** A notice that waits for a later one of its order waits no longer than this. */
const REORDER_MS_MAX = 60 * SECOND_MS;

/** Shapes that a merchant must refuse: nobody but a forger or a clock fault would send them. */
const FORGED = new Set([
    'badsign',
    'stranger',
    'signtest',
    'unknown-serial',
    'stale',
    'future',
    'tampered',
    'no-sign',
    'sha1',
]);
/** Genuine messages about something that is not ours. */
const FOREIGN = new Set(['wrong-order', 'wrong-amount', 'wrong-merchant', 'no-appid']);

/** Did the merchant acknowledge, by the wallet's own rule? */
export function isAcknowledged(channel, answer) {
    if (channel === 'alipay') {
        return answer.status === 200 && answer.body === 'success';
    }
    return answer.status === 200 || answer.status === 204;
}

/** One POST. Resolves always: {status, body} or {error}. */
function post(url, { headers, body }, ca) {
    return new Promise((resolve) => {
        const client = url.startsWith('https:') ? https : http;
        const options = { method: 'POST', headers, agent: false, timeout: ATTEMPT_MS, ca };
        const request = client.request(url, options, (response) => {
            const parts = [];
            let size = 0;
            response.on('data', (part) => {
                size += part.length;
                if (size <= ANSWER_BYTES_MAX) {
                    parts.push(part);
                }
            });
            response.on('end', () => {
                clearTimeout(timer);
                const text = Buffer.concat(parts).toString('utf8');
                resolve({ status: response.statusCode, body: text });
            });
            response.on('error', (error) => resolve({ error: error.message }));
        });
        const timer = setTimeout(() => request.destroy(new Error('no answer in 5 s')), ATTEMPT_MS);
        request.on('error', (error) => {
            clearTimeout(timer);
            resolve({ error: error.message });
        });
        request.end(body);
    });
}

export class Notifier {
    /** @param {{book, clock, rng, weather, factor: number, render: Function, ca: ?string}} parts */
    constructor(parts) {
        Object.assign(this, parts);
        /**
         * id -> {due, spoiled: ?shape, shape: ?shape, held: bool} for notices that are still owed.
         */
        this.plans = new Map();
        this.busy = new Set();
        this.waiters = new Map();
        for (const notice of this.book.notices.values()) {
            if (notice.state === 'owed') {
                this.plans.set(notice.id, { due: this.clock.now(), spoiled: null, shape: null });
            }
        }
        this.book.on('event', (event) => {
            if (event.ev === 'notice') {
                this.plan(this.book.notices.get(event.id));
            }
        });
    }

    start() {
        this.timer = setInterval(() => this.tick(), TICK_MS);
    }

    stop() {
        clearInterval(this.timer);
    }

    subject(notice) {
        const trade = this.book.trades.get(notice.key);
        return `${trade.channel}.${notice.kind} ${trade.out_trade_no}`;
    }

    plan(notice) {
        const fault = this.weather.take('notice', this.subject(notice));
        const usual = Math.min(this.weather.latencyMs() * 2, 4000);
        const plan = { due: this.clock.now() + usual, spoiled: null, shape: null, double: false };
        this.plans.set(notice.id, plan);
        if (fault === null) {
            return;
        }
        if (fault.kind === 'drop') {
            this.settle(notice, 'dropped', { error: 'dropped by order' }, 'drop');
        } else if (fault.kind === 'drop-first') {
            this.tried(notice, { error: 'dropped by order' }, 'drop-first');
        } else if (fault.kind === 'late') {
            plan.due += fault.arg;
        } else if (fault.kind === 'double') {
            plan.double = true;
        } else if (fault.kind === 'reorder') {
            plan.heldUntil = this.clock.now() + REORDER_MS_MAX;
        } else if (FORGED.has(fault.kind) || FOREIGN.has(fault.kind)) {
            plan.spoiled = fault.kind;
        } else {
            plan.shape = fault.kind;
        }
    }

    /** Is the notice held back for a later one that has not gone out yet? */
    isHeld(notice, plan, now) {
        if (plan.heldUntil === undefined || now >= plan.heldUntil) {
            return false;
        }
        const later = [...this.book.notices.values()].filter(
            (other) => other.key === notice.key && other.born > notice.born && other.tries > 0,
        );
        return later.length === 0;
    }

    tick() {
        const now = this.clock.now();
        for (const [id, plan] of this.plans) {
            const notice = this.book.notices.get(id);
            if (now >= plan.due && !this.busy.has(id) && !this.isHeld(notice, plan, now)) {
                this.attempt(notice, plan);
            }
        }
    }

    async attempt(notice, plan) {
        this.busy.add(notice.id);
        if (plan.spoiled !== null) {
            await this.attemptSpoiled(notice, plan);
        } else {
            const copies = plan.double ? 2 : 1;
            plan.double = false;
            const sends = Array.from({ length: copies }, () => this.send(notice, plan.shape));
            const answers = await Promise.all(sends);
            const { channel } = this.book.trades.get(notice.key);
            const good = answers.find((answer) => isAcknowledged(channel, answer));
            if (good !== undefined) {
                this.settle(notice, 'acknowledged', good, copies > 1 ? 'double' : 'good');
            } else {
                this.tried(notice, answers[0], 'good');
            }
        }
        this.busy.delete(notice.id);
    }

    async attemptSpoiled(notice, plan) {
        const shape = plan.spoiled;
        plan.spoiled = null;
        const answer = await this.send(notice, shape);
        const { channel } = this.book.trades.get(notice.key);
        if (FORGED.has(shape)) {
            answer.verdict = isAcknowledged(channel, answer)
                ? 'FORGERY ACCEPTED'
                : 'refused, right';
        }
        this.log(notice, 'owed', answer, shape, false);
        plan.due = this.clock.now() + AFTER_SPOILED_MS;
    }

    async send(notice, shape) {
        const started = Date.now();
        const message = this.render(notice, shape);
        const answer = await post(notice.url, message, this.ca);
        answer.ms = Date.now() - started;
        return answer;
    }

    /** An attempt that was not acknowledged: the next one, or the end. */
    tried(notice, answer, shape) {
        const waits = SCHEDULES[this.book.trades.get(notice.key).channel];
        const wait = waits[notice.tries];
        if (wait === undefined) {
            this.settle(notice, 'given-up', answer, shape);
            return;
        }
        this.plans.get(notice.id).due = this.clock.now() + wait / this.factor;
        this.log(notice, 'owed', answer, shape, true);
        this.wake(notice.id);
    }

    settle(notice, state, answer, shape) {
        this.plans.delete(notice.id);
        this.log(notice, state, answer, shape, true);
        this.wake(notice.id);
    }

    log(notice, state, answer, shape, counts) {
        this.book.commit([{ ev: 'notice_tried', id: notice.id, state, answer, shape, counts }]);
    }

    wake(id) {
        this.waiters.get(id)?.();
        this.waiters.delete(id);
    }

    /** Sends the trade's newest notice at once; resolves when it was answered. */
    async sendNow(trade) {
        const notice = [...this.book.notices.values()].filter((n) => n.key === trade.key).at(-1);
        const plan = notice === undefined ? undefined : this.plans.get(notice.id);
        if (plan === undefined) {
            return;
        }
        plan.due = this.clock.now();
        await new Promise((resolve) => this.waiters.set(notice.id, resolve));
    }
}
