// SPDX-License-Identifier: Apache-2.0

// What the wire itself costs, from the frames that went over it: 11 bits a byte, four FE before
// each frame, and the meter's own delay Td between request and reply. The emulated bus notes a
// request when its last bit has ended (without its FE) and a reply when its first bit begins.

const BITS_PER_BYTE = 11;
const PREAMBLE_BYTES = 4;

const sizeOf = (frame) => frame.hex.trim().split(/\s+/).length;

/** Duration of `bytes` bytes in microseconds. */
export function bytesUs(bytes, baud) {
  return (bytes * BITS_PER_BYTE * 1e6) / baud;
}

/** The newest frames of a bus, as exchanges: {request, reply}, times in us. */
export function exchanges(frames) {
  const list = [];
  for (const frame of frames) {
    if (frame.spoilt) {
      throw new Error('a frame was spoilt on the bus');
    }
    if (frame.dir === 'request') {
      list.push({ request: frame, reply: null });
    } else if (list.length > 0) {
      list[list.length - 1].reply = frame;
    }
  }
  return list;
}

/** Each exchange's moments on the wire and its wire limit, all in microseconds. */
export function timed(list, baud, tdMs) {
  return list.map(({ request, reply }) => {
    if (reply === null) {
      throw new Error('a request has no reply');
    }
    const out = sizeOf(request) + PREAMBLE_BYTES;
    const back = sizeOf(reply);
    return { startUs: request.at_us - bytesUs(out, baud), endUs: reply.at_us + bytesUs(back, baud),
      limitUs: bytesUs(out + back, baud) + tdMs * 1000 };
  });
}

/** Limit and real time of a whole run of exchanges, in us, and the longest pause between two. */
export function summary(times) {
  const limitUs = times.reduce((sum, one) => sum + one.limitUs, 0);
  const pauses = times.slice(1).map((one, i) => one.startUs - times[i].endUs);
  return { limitUs, tookUs: times[times.length - 1].endUs - times[0].startUs,
    pauseMeanUs: pauses.reduce((sum, one) => sum + one, 0) / Math.max(pauses.length, 1),
    pauseMaxUs: Math.max(0, ...pauses) };
}
