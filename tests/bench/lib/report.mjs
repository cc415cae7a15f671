// SPDX-License-Identifier: Apache-2.0

// One result, one line: `name: value (target ...; how it came about)`. A missed target is marked
// and never hidden; the run itself ends well, because a busy machine is no fault of the program.

export const results = [];

function line(name, value, met, target, detail) {
  results.push({ name, met });
  console.log(`${name}: ${value}${met ? '' : ' MISSED'} (target ${target}; ${detail})`);
}

/** A share of what is possible; more is better. */
export function share(name, value, target, detail) {
  line(name, value.toFixed(3), value >= target, `>= ${target}`, detail);
}

/** How many times as much as is possible at all; less is better. */
export function ratio(name, value, target, detail) {
  line(name, value.toFixed(2), value <= target, `<= ${target}`, detail);
}

/** A time in milliseconds; less is better. */
export function time(name, value, target, detail) {
  line(name, `${value.toFixed(1)} ms`, value <= target, `<= ${target} ms`, detail);
}

/** An amount of something; less is better. */
export function amount(name, value, unit, target, detail) {
  line(name, `${value.toFixed(target < 1 ? 2 : 1)} ${unit}`, value <= target,
    `<= ${target} ${unit}`, detail);
}

/** How many times less than the other's: shown as 1/N; a larger N is better. */
export function fraction(name, ours, theirs, target, detail) {
  const times = theirs / ours;
  line(name, `1/${times.toFixed(1)}`, times >= target, `<= 1/${target}`, detail);
}

/** A part that could not be measured at all. */
export function failed(names, error) {
  for (const name of names) {
    results.push({ name, met: false });
    console.log(`${name}: FAILED (${String(error.message).split('\n')[0]})`);
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
