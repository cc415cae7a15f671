// SPDX-License-Identifier: Apache-2.0
//
// A small seeded generator (splitmix64), so that a run of faults can be had again. Numbers that
// must never repeat over restarts (trade numbers, QR ids) mix in a counter from the journal; this
// generator alone would repeat them.

const MASK = (1n << 64n) - 1n;

export class Rng {
    constructor(seed) {
        this.state = BigInt.asUintN(64, BigInt(seed));
    }

    next64() {
        this.state = (this.state + 0x9e3779b97f4a7c15n) & MASK;
        let z = this.state;
        z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
        z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
        return z ^ (z >> 31n);
    }

    /** 0 <= x < 1. */
    unit() {
        return Number(this.next64() >> 11n) / 2 ** 53;
    }

    /** 0 <= n < bound. */
    below(bound) {
        return Math.floor(this.unit() * bound);
    }

    chance(probability) {
        return this.unit() < probability;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    /** A standard normal value (Box and Muller). */
    normal() {
        const u = 1 - this.unit();
        return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.unit());
    }

    text(length, alphabet) {
        return Array.from({ length }, () => alphabet[this.below(alphabet.length)]).join('');
    }
}

/** Lower-case letters and digits that are not mistaken for one another when typed from a screen. */
export const TYPEABLE = 'abcdefghjkmnpqrstuvwxyz23456789';
