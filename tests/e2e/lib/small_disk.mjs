// SPDX-License-Identifier: Apache-2.0

// A program's state folder on a disk of a few megabytes that can be filled to any degree: a tmpfs
// mounted over it, which takes root. What was in the folder moves in and back out again.

import { execFileSync } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, openSync, readdirSync, rmSync, statfsSync,
  writeSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '../../../tools/world/endings.mjs';

const FILLER = 'filler';
const BLOCK = Buffer.alloc(4096);

function empty(dir) {
  for (const name of readdirSync(dir)) {
    rmSync(join(dir, name), { recursive: true });
  }
}

function move(from, to) {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  empty(from);
}

/**
 * Run `body(disk)` with `name`'s state on a disk of `mb` megabytes. `stop` and `start` end and
 * begin the program, which is stopped while its folder changes place. disk.fill(kb) leaves that
 * many kilobytes, disk.free() gives all back.
 */
export async function onSmallDisk(house, name, mb, { stop, start }, body) {
  const dir = house.state(name);
  const aside = house.path(`aside-${name}`);
  const filler = join(dir, FILLER);
  const disk = {
    fill(kb) {
      rmSync(filler, { force: true });
      const { bavail, bsize } = statfsSync(dir);
      const fd = openSync(filler, 'w');
      try {
        /* To the last byte means: until there is no more, whoever else writes meanwhile. */
        const size = kb > 0 ? Math.max(0, bavail * bsize - kb * 1024) : Infinity;
        for (let at = 0; at < size; at += BLOCK.length) {
          writeSync(fd, BLOCK, 0, Math.min(BLOCK.length, size - at));
        }
      } catch (error) {
        if (error.code !== 'ENOSPC') {
          throw error;
        }
      } finally {
        closeSync(fd);
      }
    },
    free() {
      rmSync(filler, { force: true });
    },
  };
  await stop();
  mkdirSync(aside);
  move(dir, aside);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mb}m,mode=0700`, 'tmpfs', dir]);
  const left = atEnd(() => execFileSync('umount', ['--lazy', dir]));
  try {
    move(aside, dir);
    await start();
    return await body(disk);
  } finally {
    await stop();
    disk.free();
    move(dir, aside);
    execFileSync('umount', [dir]);
    left();
    move(aside, dir);
    rmSync(aside, { recursive: true });
    await start();
  }
}
