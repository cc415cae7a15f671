// SPDX-License-Identifier: Apache-2.0

// kill -9 of the server at the system calls of a top-up.

import { listens, until } from '../../tools/world/processes.mjs';
import { headlessTopUp } from './lib/headless.mjs';
import { sweep } from './lib/sweep.mjs';

sweep('cloud', { house: { kiosk: false, printer: false },
  topUp: headlessTopUp(['count', 'order', 'cloud']),
  async restart(house) {
    await house.processes.restart('cloud');
    await until('the cloud to listen again', () => listens(house.ports.terminals), 30000);
  } });
