// SPDX-License-Identifier: Apache-2.0

// Ways in which the disk under a running program goes bad. Each is an object with
//   title, skip, prepare(), strike(), heal(), finish():
// prepare() before the test (the program may be restarted), strike() under the running program,
// heal() makes the disk good again and starts the program again, as an operator would.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hindranceToLoops } from '../../e2e/lib/loops.mjs';
import { ALL, SEED } from '../../e2e/lib/setup.mjs';
import { attach, NEEDS_STRACE } from '../../syscalls/lib/killer.mjs';

const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8' }).trim();

function move(from, to) {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  for (const name of readdirSync(from).filter((one) => one !== 'lost+found')) {
    rmSync(join(from, name), { recursive: true });
  }
}

/** The state folder lies on an ext4 that finds itself damaged and goes read-only. */
export class ReadOnly {
  constructor(house, name, { stop, start }) {
    Object.assign(this, { house, name, stop, start, title: 'a file system that goes read-only' });
    this.dir = house.state(name);
    this.image = house.path(`${name}.img`);
    this.aside = house.path(`${name}.aside`);
  }

  static skip() {
    return hindranceToLoops() ?? false;
  }

  mount() {
    run('mount', '-o', 'loop,errors=remount-ro', this.image, this.dir);
  }

  async prepare() {
    await this.stop();
    /* Sparse; the server sells only while there is room. */
    run('truncate', '-s', '1G', this.image);
    run('mkfs.ext4', '-q', '-F', '-b', '4096', '-J', 'size=4', this.image);
    mkdirSync(this.aside);
    move(this.dir, this.aside);
    this.mount();
    move(this.aside, this.dir);
    await this.start();
  }

  async strike() {
    const device = basename(run('findmnt', '-no', 'SOURCE', this.dir));
    writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'test');
  }

  async heal() {
    await this.stop();
    run('umount', this.dir);
    spawnSync('e2fsck', ['-f', '-y', this.image]);
    this.mount();
    await this.start();
  }

  async finish() {
    await this.stop();
    move(this.dir, this.aside);
    run('umount', this.dir);
    move(this.aside, this.dir);
    rmSync(this.aside, { recursive: true });
    rmSync(this.image);
    await this.start();
  }
}

/** From now on every call of one number fails with one error. */
class Failing {
  constructor(house, name, { stop, start }, call, error) {
    Object.assign(this, { house, name, stop, start, call, error,
      title: `${error} from every ${call}` });
  }

  async prepare() {}

  async strike() {
    this.tracer = await attach(this.house.processes.find(this.name).child.pid, ['-o', '/dev/null',
      '-e', `trace=${this.call}`, '-e', `inject=${this.call}:error=${this.error}`]);
  }

  async heal() {
    await this.tracer.detach();
    await this.stop();
    await this.start();
  }

  async finish() {}
}

export class SyncFails extends Failing {
  constructor(house, name, control) {
    super(house, name, control, 'fdatasync', 'EIO');
  }

  static skip() {
    return NEEDS_STRACE;
  }
}

export class WriteFails extends Failing {
  constructor(house, name, control) {
    super(house, name, control, 'pwrite64', 'ENOSPC');
  }

  static skip() {
    return NEEDS_STRACE;
  }
}

export const BREAKERS = ALL ? [ReadOnly, SyncFails, WriteFails]
  : [ReadOnly, SEED % 2 ? SyncFails : WriteFails];
