// SPDX-License-Identifier: Apache-2.0
//
// Starts one gateway and one merchant's notify door on free loopback ports, and gives both SDKs
// configured from the merchant kit that the gateway wrote. Nothing here imports code of the
// gateway.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { AlipaySdk } from 'alipay-sdk';
import { Wechatpay } from 'wechatpay-axios-plugin';

const HERE = path.dirname(fileURLToPath(import.meta.url));
export const GATEWAY = path.join(HERE, '..', '..', 'emulators', 'paygate', 'paygate.mjs');
const START_MS = 10_000;

/** A directory that is gone when the test process is. */
export function scratch(name) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), `paygate-${name}-`));
    process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
    return dir;
}

/** A running gateway. */
export class Gateway {
    static async start({ dir, args = [] }) {
        const gateway = new Gateway();
        gateway.dir = dir;
        const command = [GATEWAY, '--dir', dir, '--seed', '11', ...args];
        gateway.child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
        process.on('exit', () => gateway.child.kill('SIGKILL'));
        gateway.exit = new Promise((resolve) => gateway.child.once('exit', resolve));
        gateway.url = await new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error('gateway did not start')), START_MS);
            let text = '';
            gateway.child.stdout.on('data', (part) => {
                text += part;
                const m = /^ready (\S+)\n/.exec(text);
                if (m) {
                    clearTimeout(timer);
                    resolve(m[1]);
                }
            });
        });
        gateway.kit = path.join(dir, 'merchant');
        gateway.about = JSON.parse(gateway.file('merchant.json'));
        await gateway.control('latency 2');
        return gateway;
    }

    file(name) {
        return fs.readFileSync(path.join(this.kit, name), 'utf8');
    }

    async control(line) {
        const headers = { connection: 'close' };
        const answer = await fetch(`${this.url}/sim/control`, {
            method: 'POST',
            headers,
            body: line,
        });
        return (await answer.text()).trim();
    }

    /** A command whose answer is JSON. */
    async ask(line) {
        return JSON.parse(await this.control(line));
    }

    async truthOf(outTradeNo) {
        const truth = await this.ask('truth');
        return truth.trades.find((trade) => trade.out_trade_no === outTradeNo);
    }

    async kill(signal = 'SIGTERM') {
        this.child.kill(signal);
        await this.exit;
    }

    alipay(more = {}) {
        return new AlipaySdk({
            appId: this.about.alipay_app_id,
            privateKey: this.file('alipay-app.key.pem'),
            keyType: 'PKCS8',
            alipayPublicKey: this.file('alipay-platform.pub.pem'),
            gateway: this.about.alipay_gateway,
            ...more,
        });
    }

    /** Certificate mode. */
    alipayWithCertificates(more = {}) {
        return new AlipaySdk({
            appId: this.about.alipay_app_id,
            privateKey: this.file('alipay-app.key.pem'),
            keyType: 'PKCS8',
            appCertContent: this.file('alipay-app.crt.pem'),
            alipayRootCertContent: this.file('alipay-root-bundle.crt.pem'),
            alipayPublicCertContent: this.file('alipay-platform.crt.pem'),
            gateway: this.about.alipay_gateway,
            ...more,
        });
    }

    /** `certs`: serial or id -> PEM; default: the old platform certificate and the public key. */
    wechat(certs) {
        const known = {
            [this.about.wechat_platform_serials[0]]: this.file('wechat-platform-old.crt.pem'),
            [this.about.wechat_public_key_id]: this.file('wechat-public-key.pub.pem'),
        };
        return new Wechatpay({
            mchid: this.about.wechat_mchid,
            serial: this.about.wechat_merchant_serial,
            privateKey: this.file('wechat-merchant.key.pem'),
            certs: certs ?? known,
            baseURL: this.url,
        });
    }
}

/** The merchant's door for notices: keeps what came, answers what it is told to. */
export class NotifyDoor {
    static async open() {
        const door = new NotifyDoor();
        door.got = [];
        door.answer = () => ({ status: 200, body: 'success' });
        door.server = http.createServer((request, response) => {
            const parts = [];
            request.on('data', (part) => parts.push(part));
            request.on('end', () => {
                const body = Buffer.concat(parts).toString('latin1');
                const notice = { url: request.url, headers: request.headers, body, at: Date.now() };
                door.got.push(notice);
                const { status, body: text } = door.answer(notice);
                response.writeHead(status);
                response.end(text);
            });
        });
        await new Promise((resolve) => door.server.listen(0, '127.0.0.1', resolve));
        door.url = `http://127.0.0.1:${door.server.address().port}/notify`;
        return door;
    }

    /** The notify_url of one order, so that orders do not hear each other's notices. */
    urlOf(no) {
        return `${this.url}/${no}`;
    }

    /** What came for the order so far. */
    of(no) {
        return this.got.filter((notice) => notice.url.endsWith(`/${no}`));
    }

    /** Waits until `count` notices have come for the order. */
    async wait(no, count, ms = 8000) {
        const what = `${count} notices of ${no}`;
        await until(() => this.of(no).length >= count, what, ms);
        return this.of(no);
    }

    clear() {
        this.got = [];
        this.answer = () => ({ status: 200, body: 'success' });
    }

    close() {
        this.server.closeAllConnections?.();
        this.server.close();
    }
}

let counter = 0;
/** A fresh order number. */
export function orderNo(prefix = 'SH') {
    counter += 1;
    return `${prefix}${Date.now()}${String(counter).padStart(4, '0')}`;
}

/** Polls until `check` is true. */
export async function until(check, what, ms = 8000) {
    const end = Date.now() + ms;
    for (;;) {
        const value = await check();
        if (value) {
            return value;
        }
        if (Date.now() > end) {
            throw new Error(`timeout: ${what}`);
        }
        await sleep(20);
    }
}
