// SPDX-License-Identifier: Apache-2.0

// Several pairs of an emulated reader and a real program side by side in one test file: they wait
// for time-outs and for a serial line far more than they compute.

/** How many of them at a time. */
export const WIDE = 8;

export class Pool {
  /** `make` gives something that has `start()` and `finish()`. */
  constructor(make, size = WIDE) {
    this.make = make;
    this.size = size;
    this.all = new Set();
    this.free = [];
    this.busy = 0;
    this.waiting = [];
  }

  async #ready() {
    if (this.free.length > 0) {
      return this.free.pop();
    }
    const thing = this.make();
    this.all.add(thing);
    await thing.start();
    return thing;
  }

  /** Do `work` with one that nobody else has; wait for one if need be. */
  async use(work) {
    while (this.busy >= this.size) {
      await new Promise((go) => this.waiting.push(go));
    }
    this.busy += 1;
    try {
      const thing = await this.#ready();
      const result = await work(thing);
      this.free.push(thing); // what a failure leaves behind is no ground for another test
      return result;
    } finally {
      this.busy -= 1;
      this.waiting.shift()?.();
    }
  }

  /** Do `work(thing, item)` for every item, as many at a time as there may be things. */
  async each(items, work) {
    const left = [...items];
    const lane = async () => {
      while (left.length > 0) {
        const item = left.shift();
        try {
          await this.use((thing) => work(thing, item));
        } catch (error) {
          left.length = 0;
          throw error;
        }
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: this.size }, lane));
    const failed = lanes.find(({ status }) => status === 'rejected');
    if (failed) {
      throw failed.reason;
    }
  }

  async finish() {
    await Promise.all([...this.all].map((thing) => thing.finish()));
  }
}
