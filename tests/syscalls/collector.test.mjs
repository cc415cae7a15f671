// SPDX-License-Identifier: Apache-2.0

// kill -9 of the collector at the system calls of a top-up.

import { headlessTopUp } from './lib/headless.mjs';
import { sweep } from './lib/sweep.mjs';

sweep('collector', { house: { rooms: 36, kiosk: false, printer: false },
  topUp: headlessTopUp(['count', 'order']),
  restart: (house) => house.processes.restart('collector') });
