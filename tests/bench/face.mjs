// SPDX-License-Identifier: Apache-2.0

// start, pss, press, screen-change, idle-cpu: the kiosk beside what else would be put on such a
// screen, Chromium in kiosk mode with the equivalent page (baseline/kiosk.html: one local file
// without framework or network, a browser's best case). Both run one after the other on the same
// virtual display and are timed by the same instrument (xprobe.c), which knows neither.
//
// The kiosk is a whole one: it talks to a running server and has a printer to watch. `start` ends
// with the first pixel of the home page (not of the plain picture that the kiosk shows before); the
// green tile, for which the server must have answered, is there a moment later.

import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { House } from '../../tools/world/house.mjs';
import { until, wait } from '../../tools/world/processes.mjs';
import { Screen, startDisplay } from '../../tools/world/screen.mjs';
import * as settings from '../../tools/world/settings.mjs';
import { fraction, median } from './lib/report.mjs';
import { end, load, memory } from './lib/tree.mjs';

const exec = promisify(execFile);

const WIDTH = 1080;
const HEIGHT = 1920;
const STARTS = 7;
const PRESSES = 30;
const TURNS = 15;
const IDLE_S = 20;
const IDLE_FROM_S = 48; /* of a minute: so that the clock moves once while we watch */
const REST_S = 5; /* between the last touch and that */
const NOWHERE = { x: 540, y: 1740 }; /* the line with the notice: no control */
const HOLD = 3; /* of 255: fonts and gradients may differ that much between two runs */

/* Debian's /usr/bin/chromium is a shell script that reads its flags; the program is behind it. */
const CHROMIUM = ['/usr/lib/chromium/chromium', '/usr/bin/chromium'];
const CHROMIUM_FLAGS = ['--kiosk', '--no-first-run', '--no-default-browser-check', '--no-sandbox',
  '--disable-gpu', '--disable-extensions', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--password-store=basic', '--noerrdialogs',
  `--window-size=${WIDTH},${HEIGHT}`, '--window-position=0,0', '--force-device-scale-factor=1'];

/** Points on both pages: the ground beside the tiles, and the green tile. */
const GROUND = { x: 1056, y: 1160 };
const TILE = { x: 440, y: 1650 };

/** Points on the page of baseline/kiosk.html. */
const PAGE = { press: { touch: { x: 760, y: 1200 },
  look: { x: 596, y: 1260 } }, turn: { touch: { x: 760, y: 1632 }, look: { x: 540, y: 300 },
  back: { x: 120, y: 1840 } } };

const sleepUntilSecond = (second) =>
  wait(((second - (Date.now() / 1000) % 60 + 60) % 60) * 1000);

/** A program on the display, driven and timed through the instrument. */
class Candidate {
  constructor({ name, command, env, probe, log }) {
    Object.assign(this, { name, command, env, probe, log });
    this.pid = 0;
  }

  async run(...words) {
    const { stdout } = await exec(this.probe, words.map(String), { env: this.env });
    return stdout.trim();
  }

  pixel({ x, y }) {
    return this.run('pixel', x, y);
  }

  /** Start it; milliseconds until the point has the colour. */
  async start({ x, y }, colour) {
    const result = JSON.parse(await this.run('start', x, y, colour, HOLD, this.log, '--',
      ...this.command));
    this.pid = result.pid;
    return result.us / 1000;
  }

  async stop() {
    if (this.pid !== 0) {
      await end(this.pid);
      this.pid = 0;
    }
    await wait(300);
  }

  /** A first run that is not counted: fills the page cache, and shows the colour to wait for. */
  async learn(settled) {
    const log = openSync(this.log, 'a');
    const child = spawn(this.command[0], this.command.slice(1),
      { env: this.env, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    this.pid = child.pid;
    await settled();
    this.colour = await this.pixel(GROUND);
    await this.stop();
  }

  async starts() {
    const times = [];
    for (let i = 0; i < STARTS; i += 1) {
      await this.stop();
      times.push(await this.start(GROUND, this.colour));
      await wait(800);
    }
    return median(times);
  }

  async touch({ x, y }) {
    await exec('xdotool', ['mousemove', x, y, 'click', '1'].map(String), { env: this.env });
  }

  async times(...words) {
    const { us, missed } = JSON.parse(await this.run(...words));
    if (missed > 0) {
      console.error(`${this.name}: ${missed} touches of ${words[0]} showed nothing for 3 s`);
    }
    return median(us) / 1000;
  }

  press({ touch, look }) {
    return this.times('press', touch.x, touch.y, look.x, look.y, PRESSES);
  }

  turn({ touch, look, back }) {
    return this.times('turn', touch.x, touch.y, look.x, look.y, back.x, back.y, TURNS);
  }

  /** Memory and load of the quiet home page, over a moment when its clock moves. */
  async idle() {
    await sleepUntilSecond(IDLE_FROM_S - REST_S);
    await this.touch(NOWHERE); /* back to home, should it have begun to show pictures meanwhile */
    await wait(REST_S * 1000);
    const used = memory(this.pid);
    return { ...used, load: await load(this.pid, IDLE_S) };
  }

  async measure(points) {
    const start = await this.starts();
    const press = await this.press(points.press);
    const turn = await this.turn(points.turn);
    const idle = await this.idle();
    await this.stop();
    return { start, press, turn, ...idle };
  }
}

// ---- Chromium ----

async function measureChromium({ dir, tools, env }) {
  const program = CHROMIUM.find((path) => existsSync(path));
  if (program === undefined) {
    throw new Error('chromium is not installed');
  }
  const page = new URL('baseline/kiosk.html', import.meta.url).href;
  const candidate = new Candidate({ name: 'chromium', env, probe: join(tools, 'xprobe'),
    log: join(dir, 'chromium.log'),
    command: [program, ...CHROMIUM_FLAGS, `--user-data-dir=${join(dir, 'profile')}`, page] });
  try {
    await candidate.learn(async () => {
      await until('the page', async () => {
        const [red, green] = (await candidate.pixel(TILE)).match(/../g)
          .map((hex) => parseInt(hex, 16));
        return green > red + 40;
      }, 30000);
      await wait(1500);
    });
    return await candidate.measure(PAGE);
  } finally {
    await candidate.stop();
  }
}

// ---- the kiosk ----

function pointsOf(home, orders) {
  const find = (shown, action) => {
    const target = shown.targets.find((one) => one.action === action);
    if (target === undefined) {
      throw new Error(`the kiosk offers no ${action}`);
    }
    return target;
  };
  const middle = ({ x, y, w, h }) => ({ x: x + Math.round(w / 2), y: y + Math.round(h / 2) });
  const query = find(home, 'query');
  return {
    press: { touch: middle(query), look: { x: query.x + 20, y: middle(query).y } },
    turn: { touch: middle(find(home, 'find_order')), look: PAGE.turn.look,
      back: middle(find(orders, 'back')) },
  };
}

async function measureKiosk({ dir, bin, build, tools, env, house }) {
  const state = house.state('kiosk');
  const conf = house.conf('kiosk.conf', settings.kioskText({
    url: `https://127.0.0.1:${house.ports.terminals}`, keys: house.path('keys', 'kiosk1'), state,
    localeDir: join(build, 'locale'), printdSocket: house.path('run', 'printd.sock'),
    panel: { width: WIDTH, height: HEIGHT, widthMm: 268 } }));
  const candidate = new Candidate({ name: 'kiosk', probe: join(tools, 'xprobe'),
    env: { ...env, SDL_AUDIODRIVER: 'dummy' }, log: join(dir, 'kiosk.log'),
    command: [join(bin, 'shilling-kiosk'), '--config', conf] });
  const screen = new Screen({ display: env.DISPLAY, kiosk: 'kiosk', state, processes: {
    find: () => ({ child: { kill: (signal) => process.kill(candidate.pid, signal) } }) } });
  const home = () => screen.shows('home, selling', (shown) => shown.screen === 'home' &&
    shown.targets.some((target) => target.action === 'top_up'), 60000);
  let points = null;
  try {
    await candidate.learn(async () => {
      await until('the first picture',
        () => readFileSync(candidate.log, 'utf8').includes('first picture'));
      const first = await home();
      await screen.touch('find_order');
      points = pointsOf(first, await screen.screen('orders'));
      await screen.touch('back');
      await home();
      await wait(500);
    });
    return await candidate.measure(points);
  } finally {
    await candidate.stop();
  }
}

// ---- both ----

export const names = ['start', 'pss', 'press', 'screen-change', 'idle-cpu'];

export async function run({ dir, bin, build, tools, ends }) {
  const house = new House(join(dir, 'house'), { rooms: 12, buses: 1, baud: 115200, tdMs: 1,
    scheduleS: 3600, kiosk: false });
  ends.push(() => house.stop()); /* with the display, which ends what is shown on it */
  try {
    await house.start();
    const display = await startDisplay(house.processes, WIDTH, HEIGHT);
    const env = { ...process.env, DISPLAY: display };
    const ours = await measureKiosk({ dir, bin, build, tools, env, house });
    const theirs = await measureChromium({ dir, tools, env });
    const both = (key, unit, digits = 1) => `kiosk ${ours[key].toFixed(digits)} ${unit}, ` +
      `chromium ${theirs[key].toFixed(digits)} ${unit}`;
    fraction('start', ours.start, theirs.start, 6,
      `${both('start', 'ms')}, exec to the home page, medians of ${STARTS}`);
    fraction('pss', ours.pssKib, theirs.pssKib, 10, `kiosk ${(ours.pssKib / 1024).toFixed(1)} MB ` +
      `in ${ours.processes} process, chromium ${(theirs.pssKib / 1024).toFixed(1)} MB in ` +
      `${theirs.processes} processes`);
    fraction('press', ours.press, theirs.press, 3,
      `${both('press', 'ms', 2)}, touch to pixel, medians of ${PRESSES}`);
    fraction('screen-change', ours.turn, theirs.turn, 2.5,
      `${both('turn', 'ms', 2)}, release to the next page, medians of ${TURNS}`);
    fraction('idle-cpu', ours.load, theirs.load, 5, `kiosk ${(ours.load * 100).toFixed(3)} %, ` +
      `chromium ${(theirs.load * 100).toFixed(3)} % of a processor over ${IDLE_S} s with one ` +
      'step of the clock');
  } finally {
    await house.stop();
  }
}
