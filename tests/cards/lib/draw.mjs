// SPDX-License-Identifier: Apache-2.0

export const SEED = process.env.SHILLING_SEED ?? '1';

/** Draws below a number, the same for the same seed. */
export function drawing(seed = SEED) {
  let drawn = Number(seed) >>> 0;
  return (below) => {
    drawn = (Math.imul(drawn ^ (drawn >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    const mixed = Math.imul(drawn ^ (drawn >>> 13), 0x297a2d39) >>> 0;
    return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
  };
}
