// SPDX-License-Identifier: Apache-2.0

// What must not outlive this program: programs that it started, file systems that it mounted. Each
// is cleared up at the very end, in the reverse order, without waiting; also when we are
// interrupted, unless somebody here ends in his own way then.

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const clearings = new Set();

let armed = false;
function arm() {
  if (armed) {
    return;
  }
  armed = true;
  process.on('exit', () => {
    for (const clear of [...clearings].reverse()) {
      try {
        clear();
      } catch (error) {
        console.error(`clearing up: ${error.message}`);
      }
    }
  });
  for (const [signal, status] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) {
        process.exit(status);
      }
    });
  }
}

/** Call `clear()` when this program ends; returns what takes that back. */
export function atEnd(clear) {
  arm();
  clearings.add(clear);
  return () => clearings.delete(clear);
}

/** A signal to a program and to those that it started: they are in a group of their own. */
export function tell(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') {
      throw error;
    }
  }
}
