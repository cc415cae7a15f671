// SPDX-License-Identifier: Apache-2.0

// A disk whose power can be cut, with a real ext4 on it: our nbdkit plugin holds the disk (disk.c),
// nbdfuse shows it as a file, a loop device makes a block device of that file. Nothing of what the
// kernel remembers survives a cut: the file system is unmounted and the loop device taken away
// while the disk still refuses everything.

import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync }
  from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { atEnd } from '../../../tools/world/endings.mjs';
import { control, until } from '../../../tools/world/processes.mjs';
import { hindranceToLoops } from '../../e2e/lib/loops.mjs';

const TOOLS = ['nbdkit', 'nbdfuse', 'fusermount3', 'losetup', 'mkfs.ext4', 'e2fsck', 'mount'];

/** Why the test cannot run here, or null. */
export function hindrance(plugin) {
  if (process.getuid() !== 0) {
    return 'only root may mount';
  }
  for (const device of ['/dev/fuse', '/dev/loop-control']) {
    try {
      accessSync(device, constants.R_OK | constants.W_OK);
    } catch {
      return `${device} cannot be used`;
    }
  }
  const missing = TOOLS.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status);
  if (missing.length > 0) {
    return `not installed: ${missing.join(', ')} (packages nbdkit, libnbd-bin, fuse3, e2fsprogs)`;
  }
  return existsSync(plugin) ? hindranceToLoops()
    : `${plugin} was not built (package nbdkit-plugin-dev)`;
}

function run(program, ...args) {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  if (done.status !== 0) {
    throw new Error(`${program} ${args.join(' ')}: ${done.error ?? done.stderr}`);
  }
  return done.stdout.trim();
}

export class Rig {
  constructor(plugin) {
    this.plugin = resolve(plugin);
    this.dir = mkdtempSync(join(tmpdir(), 'shilling-power-'));
    this.control = join(this.dir, 'disk.ctl');
    this.shown = join(this.dir, 'shown', 'disk');
    this.mounted = join(this.dir, 'mnt');
    this.loop = null;
    this.repairs = 0;
    /* Everybody complains at each cut; it is kept to be read after a failure. */
    this.log = openSync(join(this.dir, 'words.log'), 'a');
  }

  async start() {
    mkdirSync(join(this.dir, 'shown'));
    mkdirSync(this.mounted);
    this.left = atEnd(() => this.abandon());
    const socket = join(this.dir, 'nbd.sock');
    this.nbdkit = spawn('nbdkit', ['-f', '-U', socket, this.plugin, 'size=32M',
      `control=${this.control}`], { stdio: ['ignore', this.log, this.log], detached: true });
    await until('the disk', () => existsSync(socket) && existsSync(this.control));
    run('touch', this.shown);
    this.nbdfuse = spawn('nbdfuse', [this.shown, `nbd+unix:///?socket=${socket}`],
      { stdio: ['ignore', this.log, this.log], detached: true });
    await until('the disk as a file', () => statSync(this.shown).size > 0);
  }

  say(line) {
    return control(this.control, line);
  }

  async state() {
    const [power, ...counts] = (await this.say('state')).split(' ');
    const [requests, kept, dropped, torn] = counts.map(Number);
    return { off: power === 'off', requests, kept, dropped, torn };
  }

  format() {
    /* Small blocks and a small journal: more of both in each cut. */
    run('mkfs.ext4', '-q', '-F', '-b', '1024', '-E', 'lazy_itable_init=0,lazy_journal_init=0',
      this.shown);
  }

  /** The kernel replays its journal; should it refuse, e2fsck has to. False if that fails too. */
  mount() {
    this.loop = run('losetup', '-f', '--show', this.shown);
    const tried = () => spawnSync('mount', ['-t', 'ext4', this.loop, this.mounted]).status === 0;
    if (tried()) {
      return true;
    }
    this.repairs += 1;
    spawnSync('e2fsck', ['-f', '-y', this.loop]);
    if (tried()) {
      return true;
    }
    run('losetup', '-d', this.loop);
    this.loop = null;
    return false;
  }

  unmount() {
    if (this.loop !== null) {
      spawnSync('umount', [this.mounted]);
      run('losetup', '-d', this.loop);
      this.loop = null;
    }
  }

  folder(...names) {
    const path = join(this.mounted, ...names);
    mkdirSync(path, { recursive: true });
    run('sync', '-f', path);
    return path;
  }

  remove(name) {
    rmSync(join(this.mounted, name), { recursive: true, force: true });
  }

  /** Interrupted: without waiting for anybody, so that nothing stays mounted. */
  abandon() {
    spawnSync('umount', ['--lazy', this.mounted]);
    if (this.loop !== null) {
      spawnSync('losetup', ['-d', this.loop]);
    }
    spawnSync('fusermount3', ['-uz', this.shown]);
    this.nbdkit?.kill('SIGTERM');
  }

  async stop(keep) {
    await this.say('revive').catch(() => {});
    this.unmount();
    if (this.nbdfuse) {
      spawnSync('fusermount3', ['-u', this.shown]);
    }
    this.nbdkit?.kill('SIGTERM');
    this.left?.();
    if (!keep) {
      rmSync(this.dir, { recursive: true, force: true });
    }
  }
}
