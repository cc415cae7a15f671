// SPDX-License-Identifier: Apache-2.0

// Whether this machine lets a test mount a file system of its own from a file. Containers and bare
// roots often do not; only trying tells.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

function tried(program, ...args) {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  return { ok: done.status === 0, text: `${done.error ?? ''}${done.stdout}${done.stderr}`.trim() };
}

function mayBreak(folder) {
  const device = basename(tried('findmnt', '-no', 'SOURCE', folder).text);
  const trigger = `/sys/fs/ext4/${device}/trigger_fs_error`;
  try {
    accessSync(trigger, constants.W_OK);
    return null;
  } catch {
    return `${trigger} cannot be written`;
  }
}

/** Why an ext4 in a file cannot be mounted here and be told to fail, or null. */
export function hindranceToLoops() {
  if (process.getuid() !== 0) {
    return 'only root may mount';
  }
  const dir = mkdtempSync(join(tmpdir(), 'shilling-loop-'));
  const image = join(dir, 'image');
  const folder = join(dir, 'mounted');
  try {
    mkdirSync(folder);
    for (const words of [['truncate', '-s', '4M', image], ['mkfs.ext4', '-q', '-F', image],
      ['mount', '-o', 'loop', image, folder]]) {
      const { ok, text } = tried(...words);
      if (!ok) {
        return text;
      }
    }
    const why = mayBreak(folder);
    tried('umount', folder);
    return why;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
