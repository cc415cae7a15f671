// SPDX-License-Identifier: Apache-2.0

// A stretch of wire between two programs that can stop carrying bytes without telling either of
// them: every connection stays established, and what is sent into it is acknowledged by the kernel
// and never arrives. A connection that lost bytes stays dead; after heal() new ones work.

import { connect, createServer } from 'node:net';

export class Wire {
  constructor(port) {
    this.target = port;
    this.sockets = new Set();
    this.lossy = { questions: false, answers: false };
    this.swallowed = 0;
    this.generation = 0;
  }

  /** Listen on a port of its own, kept in `.port`. */
  async open() {
    this.server = createServer((near) => this.join(near));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  join(near) {
    const far = connect(this.target, '127.0.0.1');
    const line = { generation: this.generation, dead: false };
    const carry = (from, to, kind) => {
      from.on('data', (data) => {
        line.dead ||= this.lossy[kind];
        if (line.dead && (line.generation !== this.generation || this.lossy[kind])) {
          this.swallowed += data.length;
        } else {
          to.write(data);
        }
      });
      from.on('error', () => {});
      from.on('close', () => {
        this.sockets.delete(from);
        /* The news of an end does not get through a dead wire either. */
        if (!line.dead) {
          to.destroy();
        }
      });
      this.sockets.add(from);
    };
    carry(near, far, 'questions');
    carry(far, near, 'answers');
  }

  /** From now on bytes vanish: of 'questions' (to the server), of 'answers', or of both. */
  swallow(...kinds) {
    for (const kind of kinds.length > 0 ? kinds : ['questions', 'answers']) {
      this.lossy[kind] = true;
    }
  }

  /** New connections work; those that lost something never do again. */
  heal() {
    this.lossy = { questions: false, answers: false };
    this.generation += 1;
  }

  close() {
    this.server.close();
    for (const socket of this.sockets) {
      socket.destroy();
    }
  }
}
