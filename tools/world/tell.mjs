// SPDX-License-Identifier: Apache-2.0

// Say one line to an emulator's control socket, and print its answer.
//
// usage: tell.mjs SOCKET WORD...

import { control } from './processes.mjs';

const [socket, ...words] = process.argv.slice(2);
if (words.length === 0) {
  console.error('usage: tell.mjs SOCKET WORD...');
  process.exit(2);
}
try {
  console.log(await control(socket, words.join(' ')) || 'ok');
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
