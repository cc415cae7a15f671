// SPDX-License-Identifier: Apache-2.0
//
// The gateway's memory: one JSON object a line, appended and synced before anybody is told about
// it, so that kill -9 at any point loses nothing that was answered. A last line that a crash cut
// short was never answered for: it is cut off.

import fs from 'node:fs';
import path from 'node:path';

import { FatalError } from './shared.mjs';

export class Journal {
    /** Opens (or makes) `file` and hands every stored event to `replay`, oldest first. */
    constructor(file, replay) {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        this.fd = fs.openSync(file, 'a+', 0o600);
        const whole = fs.readFileSync(file);
        const end = whole.lastIndexOf(0x0a) + 1;
        if (end < whole.length) {
            fs.ftruncateSync(this.fd, end);
        }
        const lines = whole.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
        lines.forEach((line, index) => {
            let event;
            try {
                event = JSON.parse(line);
            } catch {
                throw new Error(`${file}:${index + 1}: not a JSON line; the journal is damaged`);
            }
            replay(event);
        });
    }

    /** The events are durable, all or none of them told, when it returns. */
    append(events) {
        const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
        try {
            let done = 0;
            while (done < bytes.length) {
                done += fs.writeSync(this.fd, bytes, done);
            }
            fs.fdatasyncSync(this.fd);
        } catch (error) {
            throw new FatalError(`journal: ${error.message}`);
        }
    }

    close() {
        fs.closeSync(this.fd);
    }
}
