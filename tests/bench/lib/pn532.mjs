// SPDX-License-Identifier: Apache-2.0

// What went over the serial line of the emulated reader, from its log: the host's commands, each
// with all bytes that belong to it (its own frame, the chip's acknowledgement and reply), and which
// of them only looked for a card.

const BITS_PER_BYTE = 10;
const HOST = 0xD4;
const [READ_REGISTER, WRITE_REGISTER, RF_CONFIGURATION, LIST] = [0x06, 0x08, 0x32, 0x4A];
const LIST_SIZE = 3; /* code, how many, kind of card: without a UID it asks for any card */

/** The first frame in `bytes`: {code, data, size of everything up to its end}, or null. */
function frameIn(bytes) {
  for (let at = 0; at + 7 <= bytes.length; at += 1) {
    const isStart = bytes[at] === 0x00 && bytes[at + 1] === 0xFF &&
      ((bytes[at + 2] + bytes[at + 3]) & 0xFF) === 0 && bytes[at + 4] === HOST;
    const end = at + 4 + bytes[at + 2] + 1;
    if (isStart && end <= bytes.length) {
      return { code: bytes[at + 5], data: bytes.slice(at + 5, end - 1), size: end };
    }
  }
  return null;
}

/** The commands in a log, oldest first: {code, data, bytes}. */
export function reading(text) {
  const commands = [];
  let open = [];
  for (const line of text.split('\n')) {
    const [direction, ...words] = line.trim().split(' ');
    if (direction === '->') {
      open.push(...words.map((word) => parseInt(word, 16)));
      for (let frame = frameIn(open); frame !== null; frame = frameIn(open)) {
        commands.push({ code: frame.code, data: frame.data, bytes: frame.size });
        open = open.slice(frame.size);
      }
    } else if (direction === '<-' && commands.length > 0) {
      commands[commands.length - 1].bytes += words.length;
    }
  }
  return commands;
}

const isLook = ({ code, data }) => code === LIST && data.length === LIST_SIZE;
const isFieldOff = ({ code, data }) => code === RF_CONFIGURATION && data[1] === 1 && data[2] === 0;
const PREPARES = [READ_REGISTER, WRITE_REGISTER, RF_CONFIGURATION];

/** Without what looked for a card: a question for any, and the switching of the field before it. */
export function writing(commands) {
  const looked = new Set();
  commands.forEach((command, i) => {
    if (!isLook(command)) {
      return;
    }
    looked.add(i);
    for (let at = i - 1; at >= 0 && PREPARES.includes(commands[at].code); at -= 1) {
      looked.add(at);
      if (isFieldOff(commands[at])) {
        break;
      }
    }
  });
  return commands.filter((_, i) => !looked.has(i));
}

/** How long their bytes take on the line, in microseconds. */
export function wireUs(commands, baud) {
  return commands.reduce((sum, command) => sum + command.bytes, 0) * BITS_PER_BYTE * 1e6 / baud;
}
