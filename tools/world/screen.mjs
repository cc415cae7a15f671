// SPDX-License-Identifier: Apache-2.0

// A display without a monitor, and a finger for it: Xvfb, the kiosk's own report of where its
// controls are, xdotool for touches, pictures as PNG files, zbarimg to read a code off them.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until, wait } from './processes.mjs';

const run = promisify(execFile);

/** Start Xvfb, which takes a free display itself (two that look for one would find the same). */
export async function startDisplay(processes, width, height, name = 'xvfb') {
  const entry = await processes.start(name, 'Xvfb', ['-displayfd', '1', '-screen', '0',
    `${width}x${height}x24`, '-nolisten', 'tcp', '-noreset'], { ready: /^(\d+)$/m });
  return `:${entry.match[1]}`;
}

/** What a display shows, as a PNG file. */
export async function takePicture(display, path) {
  await run('import', ['-window', 'root', path], { env: { ...process.env, DISPLAY: display } });
  return path;
}

/** True once the kiosk waits for SIGUSR1; before that the signal would end it. */
export function awaitsReportSignal({ child }) {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const blocked = BigInt(`0x${/^SigBlk:\s*(\w+)/m.exec(status)?.[1] ?? '0'}`);
  return (blocked & 0x200n) !== 0n;
}

/** What each thread of a program does just now, for the words of a failed test. */
function threadsOf({ child }) {
  try {
    return readdirSync(`/proc/${child.pid}/task`).map((thread) => {
      const own = (name) => readFileSync(`/proc/${child.pid}/task/${thread}/${name}`, 'utf8');
      return `${/^State:\s+(\S)/m.exec(own('status'))?.[1]} ${own('wchan')}`;
    }).join(', ');
  } catch (error) {
    return error.message; /* gone */
  }
}

/** The kiosk as a person sees and touches it. */
export class Screen {
  constructor({ display, processes, kiosk, state }) {
    this.env = { ...process.env, DISPLAY: display };
    this.processes = processes;
    this.kiosk = kiosk;
    this.file = join(state, 'screen.json');
  }

  /** What the kiosk says it shows: {screen, overlay, order_no, order_state, targets, ...}. */
  async report(ms = 10000) {
    const kiosk = this.processes.find(this.kiosk);
    rmSync(this.file, { force: true });
    kiosk.child.kill('SIGUSR1');
    return until('the kiosk to report its screen', () => {
      if (kiosk.exit) {
        throw new Error('the kiosk has ended');
      }
      try {
        return JSON.parse(readFileSync(this.file, 'utf8'));
      } catch {
        return null;
      }
    }, ms, 20).catch((error) => {
      throw new Error(`${error.message}; its threads: ${threadsOf(kiosk)}`);
    });
  }

  /** Wait until `test(report)` is true; the report. */
  async shows(what, test, ms = 15000) {
    let last = null;
    try {
      return await until(`the screen to show ${what}`, async () => {
        last = await this.report();
        return test(last) ? last : null;
      }, ms, 100);
    } catch (error) {
      const { screen, overlay, order_no: no, order_state: state } = last ?? {};
      throw new Error(`${error.message}; it shows ${screen}/${overlay} order ${no} ${state}`);
    }
  }

  screen(name, ms) {
    return this.shows(name, (report) => report.screen === name, ms);
  }

  async touchAt(x, y) {
    await run('xdotool', ['mousemove', String(x), String(y), 'mousedown', '1'], { env: this.env });
    await wait(40);
    await run('xdotool', ['mouseup', '1'], { env: this.env });
  }

  /** Touch a control by its action and value, once it is there and the page has settled. */
  async touch(action, value, ms = 10000) {
    const match = (target) => target.action === action &&
      (value === undefined || target.value === value);
    const report = await this.shows(`the control ${action} ${value ?? ''}`,
      ({ targets }) => targets.some(match), ms);
    await wait(200); /* longer than the lock after a change of page */
    const { x, y, w, h } = report.targets.find(match);
    await this.touchAt(Math.round(x + w / 2), Math.round(y + h / 2));
    await run('xdotool', ['mousemove', '2', '2'], { env: this.env });
    return report;
  }

  picture(path) {
    return takePicture(this.env.DISPLAY, path);
  }

  /** The text of the code on the screen, read by zbarimg off a picture. */
  async code(path, ms = 10000) {
    return until('a code that zbarimg can read', async () => {
      await this.picture(path);
      try {
        const { stdout } = await run('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable',
          path], { env: { ...this.env, DBUS_SESSION_BUS_ADDRESS: 'disabled:' } });
        return stdout.trim();
      } catch {
        return null;
      }
    }, ms, 200);
  }
}
