// SPDX-License-Identifier: Apache-2.0

// ./shilling demo: the whole house on loopback, until Ctrl-C. Ports are free ones, the state stays
// in a folder that is named, and without a display the kiosk runs on a virtual one.
//
// A picture is taken of the demo that runs in that folder; where none does, of one that is started
// for it.
//
// usage: demo.mjs [--dir DIR] [--landscape] [--fresh] [--screenshot FILE.png]

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { PERSONS } from './cards.mjs';
import { demoIn, noteDemo } from './demo_note.mjs';
import { House } from './house.mjs';
import { wait } from './processes.mjs';
import { takePicture } from './screen.mjs';

const SAY = new URL('tell.mjs', import.meta.url).pathname;

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : undefined;
};
const has = (name) => process.argv.includes(name);

const dir = resolve(option('--dir') ?? new URL('../../build/demo', import.meta.url).pathname);
const shot = option('--screenshot');
const landscape = has('--landscape');
const display = shot ? undefined : process.env.DISPLAY;

const other = demoIn(dir);
if (other && shot && other.display) {
  console.log(`${await takePicture(other.display, resolve(shot))} written`);
  process.exit(0);
}
if (other) {
  console.error(`a demo runs in ${dir} already (process ${other.pid})` + (shot
    ? ' and shows on your own display: take the picture there'
    : ': end it with Ctrl-C first, or start this one with --dir'));
  process.exit(1);
}
if (has('--fresh')) {
  rmSync(dir, { recursive: true, force: true });
}
mkdirSync(dir, { recursive: true });

/* On somebody's desktop a window that fits it; on the virtual display a panel at full size. */
const full = landscape ? { width: 1920, height: 1080, widthMm: 476 }
  : { width: 1080, height: 1920, widthMm: 268 };
const small = landscape ? { width: 1280, height: 720, widthMm: 476 }
  : { width: 720, height: 1280, widthMm: 268 };
const house = new House(dir, { mode: 'demo', cards: 2, display, panel: display ? small : full,
  audio: display ? process.env.SDL_AUDIODRIVER ?? '' : 'dummy' });

let ending = false;
async function end(code) {
  if (!ending) {
    ending = true;
    await house.stop();
    process.exit(code);
  }
}
process.on('SIGINT', () => { console.log('\nclearing up'); end(0); });
process.on('SIGTERM', () => end(0));

const said = [];
function say(step) {
  said.push(step);
  process.stdout.write(`  ${step} ...\n`);
}

async function startAll() {
  console.log('starting the house:');
  say('meters on two RS-485 buses at 2400 baud, and a key service');
  await house.startMeters();
  say('both wallets (emulated; they sign and verify for real)');
  await house.startWallets();
  await house.prepareCloud();
  say('MQTT broker');
  await house.startBroker();
  say('cloud');
  await house.startCloud();
  say('collector');
  await house.startCollector();
  say('card reader, its driver, two cards and the meters that take them');
  await house.cards.start();
  say('receipt printer and printd');
  await house.startPrinter();
  await house.startPrintd();
  say('kiosk');
  await house.startKiosk();
}

function table() {
  const rows = [
    ['kiosk', display ? `a window on ${display}` : `virtual display ${house.display}`],
    ['phone that pays', `${house.walletUrl}/`],
    ['receipts', house.path('paper')],
    ['cloud', `https://127.0.0.1:${house.ports.terminals} (terminals), ` +
      `https://127.0.0.1:${house.ports.console} (console)`],
    ['meter buses', house.path('run', 'bus1.ctl') + ' and bus2.ctl'],
    ['cards', house.cards.folder],
    ['who signs there', Object.entries(PERSONS).map(([name, password]) =>
      `${name} (password "${password}")`).join(', ')],
    ['state and logs', dir],
  ];
  console.log('\nwhat runs (everything on loopback; Ctrl-C ends it and clears up):');
  for (const [name, where] of rows) {
    console.log(`  ${name.padEnd(16)} ${where}`);
  }
  const place = (path) => relative(process.cwd(), path);
  const line = (path, words) => `node ${place(SAY)} ${place(path)} ${words}`;
  const { cards } = house;
  const laid = house.cardHomes.map(({ card, label, address }) => `
    ${card}, ${label}:
      ${line(cards.control(), `lay ${card}`)}
      ${line(cards.control(), `take ${card}`)}
      ${line(cards.control('cardmeter'), `visit ${address} ${card}`)}`).join('');
  const look = display ? '' : `
  Without a monitor: ./shilling screenshot FILE.png takes a picture, and
  DISPLAY=${house.display} xdotool mousemove X Y click 1 touches the screen.`;
  console.log(`
what to try:
  Touch a room and watch its balance being read over the wire; choose an amount and a wallet;
  open the phone's page, pick the code and pay; see money arrive and the receipt come out.${look}
  A meter without a network takes its money from a card. Lay one, choose an amount, pay, let it be
  written, take it away, and hold it to its meter:${laid}
  Pull the plug anywhere: kill a program by its pid, or let a meter answer late:
  ${line(house.path('run', 'bus1.ctl'), 'fault lost_reply control=03')}
  ${line(cards.control(), 'fault remove exchange=30')}   (a card that is pulled away too early)
`);
}

async function picture() {
  await house.screen.shows('home', (r) => r.screen === 'home' && r.online, 30000);
  await wait(500);
  await house.screen.picture(resolve(shot));
  console.log(`${resolve(shot)} written`);
}

try {
  await startAll();
  noteDemo(dir, display ? null : house.display);
  if (shot) {
    await picture();
    await end(existsSync(resolve(shot)) ? 0 : 1);
  }
  table();
} catch (error) {
  console.error(`\nthe demo could not start: ${error.message}\nlogs are in ${house.path('logs')}`);
  await end(1);
}

/* A program that ends by itself is a fault: say so and end. */
while (!ending) {
  await wait(1000);
  const gone = house.processes.started.find((entry) => entry.exit);
  if (gone && !ending) {
    console.error(`${gone.name} ended by itself; its last words:\n${gone.text.slice(-1000)}`);
    await end(gone.name === 'kiosk' ? 0 : 1);
  }
}
