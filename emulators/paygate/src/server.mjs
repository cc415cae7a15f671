// SPDX-License-Identifier: Apache-2.0
//
// The loopback HTTP server: the two APIs with their latency and transport faults, the bill file,
// the phone page and the control door. Each API request gets a line in the request log, whatever
// became of it.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { AlipayGate, WechatGate } from './gateway.mjs';
import { servePhone } from './phone.mjs';
import { FatalError } from './shared.mjs';

const BODY_BYTES_MAX = 1 << 20;
const LOG_LENGTH_MAX = 10_000;
/** A call that is never answered is dropped after this long. */
const HANG_MS = 120_000;

const BAD_GATEWAY = Buffer.from(
    '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n' +
        '<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n',
);
const PORTAL = Buffer.from(
    '<!DOCTYPE html><html><body>Please sign in to the network</body></html>',
);
const HTML = { 'Content-Type': 'text/html' };

/** Faults that answer without executing: kind -> the raw answer. */
const INSTEAD = {
    502: { status: 502, headers: HTML, body: BAD_GATEWAY },
    html200: { status: 200, headers: HTML, body: PORTAL },
    redirect: { status: 302, headers: { Location: '/elsewhere' }, body: Buffer.alloc(0) },
};

function readBody(request) {
    return new Promise((resolve, reject) => {
        const parts = [];
        let size = 0;
        request.on('data', (part) => {
            size += part.length;
            if (size > BODY_BYTES_MAX) {
                reject(new Error('body too large'));
                request.destroy();
            }
            parts.push(part);
        });
        request.on('end', () => resolve(Buffer.concat(parts)));
        request.on('error', reject);
    });
}

/** Is it a script of another site, in a browser on this machine? */
function isForeignPage({ headers }) {
    return headers.origin !== undefined && headers.origin !== `http://${headers.host}`;
}

function send(response, answer) {
    const headers = { ...answer.headers };
    if (answer.status !== 204) {
        headers['Content-Length'] = answer.body.length;
    }
    response.writeHead(answer.status, headers);
    response.end(answer.body);
}

export class Server {
    /** @param {{world, control: (line: string) => Promise<string>, dir: string}} parts */
    constructor({ world, control, dir }) {
        this.world = world;
        this.control = control;
        this.log = [];
        this.logFile = fs.createWriteStream(path.join(dir, 'requests.jsonl'), { flags: 'a' });
        this.alipay = new AlipayGate(world);
        this.wechat = new WechatGate(world);
        this.http = http.createServer((request, response) => {
            this.serve(request, response).catch((error) => this.fail(request, response, error));
        });
        this.http.keepAliveTimeout = 15_000;
    }

    /** Listens on loopback; resolves with the port. */
    listen(port) {
        return new Promise((resolve, reject) => {
            this.http.once('error', reject);
            this.http.listen(port, '127.0.0.1', () => resolve(this.http.address().port));
        });
    }

    async stop() {
        this.http.closeAllConnections?.();
        await new Promise((resolve) => this.http.close(resolve));
        await new Promise((resolve) => this.logFile.end(resolve));
    }

    fail(request, response, error) {
        if (error instanceof FatalError) {
            process.stderr.write(`paygate: ${error.message}\n`);
            process.exit(1);
        }
        process.stderr.write(`paygate: ${request.method} ${request.url}: ${error.stack}\n`);
        if (response.headersSent) {
            response.destroy();
        } else {
            send(response, { status: 500, headers: HTML, body: Buffer.from('simulator error') });
        }
    }

    async serve(incoming, response) {
        const target = incoming.url;
        const route = target.split('?')[0];
        if (route === this.world.alipayBills.path) {
            send(response, this.world.alipayBills.file({ target }));
        } else if (route === '/gateway.do') {
            await this.serveApi(this.alipay, incoming, response);
        } else if (route.startsWith('/v3/')) {
            await this.serveApi(this.wechat, incoming, response);
        } else if (route === '/sim/control' && isForeignPage(incoming)) {
            send(response, { status: 403, headers: HTML, body: Buffer.from('foreign page') });
        } else if (route === '/sim/control' && incoming.method === 'POST') {
            const text = (await readBody(incoming)).toString('utf8');
            const body = Buffer.from(await this.obey(text));
            send(response, { status: 200, headers: { 'Content-Type': 'text/plain' }, body });
        } else {
            servePhone(this.world, incoming, response);
        }
    }

    /** Commands, one a line; answers, one a line. */
    async obey(text) {
        let answers = '';
        for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
            answers += `${await this.control(line)}\n`;
        }
        return answers;
    }

    async serveApi(gate, incoming, response) {
        const request = {
            method: incoming.method,
            target: incoming.url,
            headers: incoming.headers,
            body: await readBody(incoming),
        };
        const subject = gate.peek(request);
        const fault = this.world.weather.take('wire', subject);
        const entry = { at: new Date().toISOString(), subject, fault: fault?.kind ?? null };
        const started = Date.now();
        const latency = this.world.weather.latencyMs() + (fault?.kind === 'slow' ? fault.arg : 0);
        await sleep(latency / 2);
        const answer = await this.answer(gate, request, fault?.kind ?? null, entry);
        await sleep(latency / 2);
        entry.ms = Date.now() - started;
        entry.status = answer?.status ?? 0;
        this.note(entry);
        this.transmit(response, answer, fault?.kind ?? null);
    }

    /**
     * Does what the request asks unless the fault forbids it; null = there is no answer to send.
     */
    async answer(gate, request, fault, entry) {
        if (fault === 'reset-before' || fault === 'hang-before') {
            entry.verdict = 'not executed';
            return null;
        }
        if (fault in INSTEAD) {
            entry.verdict = 'not executed';
            return INSTEAD[fault];
        }
        if (fault === '429' || fault === '500') {
            entry.verdict = 'not executed';
            return gate.render(request, gate.trouble(request, fault), null);
        }
        const { verdict, reply } = await gate.execute(request);
        entry.verdict = verdict;
        if (fault === '429-effect' || fault === '500-effect') {
            return gate.render(request, gate.trouble(request, fault.slice(0, 3)), null);
        }
        return fault === '502-effect' ? INSTEAD[502] : gate.render(request, reply, fault);
    }

    transmit(response, answer, fault) {
        if (fault === 'hang' || fault === 'hang-before') {
            setTimeout(() => response.destroy(), HANG_MS).unref();
        } else if (answer === null || fault === 'reset-after') {
            response.socket?.resetAndDestroy();
        } else if (fault === 'truncate') {
            response.writeHead(answer.status, {
                ...answer.headers,
                'Content-Length': answer.body.length,
            });
            response.write(answer.body.subarray(0, answer.body.length >> 1), () =>
                response.destroy(),
            );
        } else if (fault === 'cut') {
            send(response, { ...answer, body: answer.body.subarray(0, answer.body.length >> 1) });
        } else if (fault === 'trailing' || fault === 'huge') {
            const more =
                fault === 'huge' ? Buffer.alloc(2 << 20, ' ') : Buffer.from('\n{"sign":""}');
            send(response, { ...answer, body: Buffer.concat([answer.body, more]) });
        } else {
            send(response, answer);
        }
    }

    note(entry) {
        this.log.push(entry);
        if (this.log.length > LOG_LENGTH_MAX) {
            this.log.shift();
        }
        this.logFile.write(`${JSON.stringify(entry)}\n`);
    }
}
