// SPDX-License-Identifier: Apache-2.0
//
// The phone's side of the door: the page itself, the list of codes as JSON, and a stream that says
// when to look again.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PAGE_DIR = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const SHOWN_MAX = 30;

/** What the page may know of a trade. */
function card(world, trade) {
    const { book, clock } = world;
    return {
        id: trade.qrs.at(-1).id,
        channel: trade.channel,
        qr: world.qrText(trade),
        out_trade_no: trade.out_trade_no,
        fen: trade.fen,
        subject: trade.subject,
        state: trade.state,
        scanned: trade.scanned_at !== null,
        armed: world.armed.has(trade.key),
        late: trade.late,
        paid_fen: trade.paid_fen,
        refunded_fen: book.refundedFen(trade),
        refunding: trade.refunds.some((r) => r.state === 'PROCESSING'),
        created_at: trade.created_at,
        paid_at: trade.paid_at,
        trade_no: trade.trade_no,
        left_ms: Math.max(0, book.payableUntil(trade) - clock.now()),
    };
}

function file(response, name, type) {
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' });
    response.end(fs.readFileSync(path.join(PAGE_DIR, name)));
}

function json(response, value) {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(JSON.stringify(value));
}

function stream(world, response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    const tell = (event) => response.write(`data: ${event.n}\n\n`);
    response.write(': hello\n\n');
    world.book.on('event', tell);
    response.on('close', () => world.book.off('event', tell));
}

export function servePhone(world, request, response) {
    const route = request.url.split('?')[0];
    if (request.method === 'GET' && (route === '/' || route.startsWith('/SIMULATOR/'))) {
        file(response, 'phone.html', 'text/html; charset=utf-8');
    } else if (request.method === 'GET' && route === '/sim/phone.js') {
        file(response, 'phone.js', 'text/javascript; charset=utf-8');
    } else if (request.method === 'GET' && route === '/sim/phone') {
        const newest = [...world.book.trades.values()].reverse().slice(0, SHOWN_MAX);
        json(response, {
            now: world.clock.now(),
            cards: newest.map((trade) => card(world, trade)),
        });
    } else if (request.method === 'GET' && route === '/sim/events') {
        stream(world, response);
    } else {
        response.writeHead(404, { 'Content-Type': 'text/plain' });
        response.end('not found\n');
    }
}
