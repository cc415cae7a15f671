#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// SIMULATOR of the Alipay and WeChat Pay gateways and of the phone that pays there. Loopback only,
// test keys only. See README.md for the commands and for what is invented.

import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { Control } from './src/control.mjs';
import { writeMerchantKit } from './src/keyring.mjs';
import { Server } from './src/server.mjs';
import { World } from './src/world.mjs';

const USAGE = `usage: paygate.mjs --dir STATE [--port 0] [--control SOCKET] [--config FILE]
                   [--seed N] [--time-factor F] [--notify-ca FILE]
`;

class UsageError extends Error {}

function number(text, name, min) {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < min) {
        throw new UsageError(`--${name}: ${text} is not a number of at least ${min}`);
    }
    return value;
}

function readConfig(file) {
    if (file === undefined) {
        return {};
    }
    const known = ['ids', 'latency_ms', 'refund_delay_ms', 'balance_fen'];
    let config;
    try {
        config = JSON.parse(fs.readFileSync(file, 'utf8'));
    } catch (error) {
        throw new UsageError(`${file}: ${error.message}`);
    }
    for (const name of Object.keys(config)) {
        if (!known.includes(name)) {
            throw new UsageError(`${file}: ${name}: unknown; known are ${known.join(', ')}`);
        }
    }
    return config;
}

function readOptions() {
    const text = { type: 'string' };
    let values;
    try {
        ({ values } = parseArgs({
            options: {
                dir: text,
                port: { ...text, default: '0' },
                control: text,
                config: text,
                seed: { ...text, default: '1' },
                'time-factor': { ...text, default: '1' },
                'notify-ca': text,
                help: { type: 'boolean', default: false },
            },
        }));
    } catch (error) {
        throw new UsageError(error.message);
    }
    if (values.help) {
        process.stdout.write(USAGE);
        process.exit(0);
    }
    if (values.dir === undefined) {
        throw new UsageError('--dir is needed');
    }
    return {
        dir: values.dir,
        port: number(values.port, 'port', 0),
        control: values.control,
        config: readConfig(values.config),
        seed: Math.trunc(number(values.seed, 'seed', 0)),
        factor: number(values['time-factor'], 'time-factor', 0.001),
        notifyCa: values['notify-ca'] && fs.readFileSync(values['notify-ca'], 'utf8'),
    };
}

/**
 * Port 0 means: the port of the last run if it is still free, so that QR codes survive a restart.
 */
async function listen(server, port, memory) {
    const last = fs.existsSync(memory) ? Number(fs.readFileSync(memory, 'utf8')) : 0;
    if (port === 0 && last > 0) {
        try {
            return await server.listen(last);
        } catch (error) {
            if (error.code !== 'EADDRINUSE') {
                throw error;
            }
        }
    }
    return server.listen(port);
}

async function main() {
    const options = readOptions();
    fs.mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    const world = new World(options);
    const control = new Control(world);
    const server = new Server({ world, control: (line) => control.run(line), dir: options.dir });
    control.requestLog = server.log;
    const memory = path.join(options.dir, 'port');
    const port = await listen(server, options.port, memory);
    const baseUrl = `http://127.0.0.1:${port}`;
    fs.writeFileSync(memory, String(port));
    writeMerchantKit(world.keyring, path.join(options.dir, 'merchant'), baseUrl);
    const door = options.control === undefined ? null : control.listen(options.control);
    world.start(baseUrl);
    process.stdout.write(`ready ${baseUrl}\n`);
    const stop = async () => {
        door?.close();
        world.stop();
        await server.stop();
        process.exit(0);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
}

main().catch((error) => {
    const text = error instanceof UsageError ? `${error.message}\n${USAGE}` : `${error.stack}\n`;
    process.stderr.write(`paygate: ${text}`);
    process.exit(error instanceof UsageError ? 2 : 1);
});
