// SPDX-License-Identifier: Apache-2.0

// Planted corruption: one thing is spoilt in a world that agrees, and exactly that finding must
// come, by its name.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const AUDITOR = process.env.SHILLING_AUDITOR ?? 'build/release/bin/shilling-auditor';
const EXIT = { difference: 1, blind: 2, note: 0 };

/** The names that a file has planted, and its way to plant more in worlds of its own. */
export function planter(makeWorld) {
  const planted = new Set();

  /**
   * Spoil a world with `spoil(world)` and expect `name`, and nothing else but `beside`.
   * @param options  beside (what cannot but come with it), loss, args, how (beside other plants)
   */
  function plant(name, spoil, options = {}) {
    planted.add(name);
    test(`${name}${options.how ? ` (${options.how})` : ''}`, () => {
      const world = makeWorld();
      const subject = spoil(world);
      const result = world.audit(...(options.args ?? []));
      const found = result.of(name);
      assert.ok(found, `not found; found: ${result.names}`);
      const wanted = found.severity === 'note' ? [] : [name];
      assert.deepEqual(result.names, [...wanted, ...(options.beside ?? [])].sort());
      if (typeof subject === 'string' && found.severity !== 'note') {
        assert.ok(found.list.some((one) => one.subject === subject),
          `${subject}: ${JSON.stringify(found.list)}`);
      }
      if (options.loss !== undefined) {
        assert.deepEqual([found.loss_fen > 0, found.gain_fen > 0], [options.loss, !options.loss]);
      }
      assert.equal(result.exit, EXIT[found.severity]);
      assert.ok(found.advice.length > 10 && found.meaning.length > 10);
    });
  }

  return { plant, planted };
}

/** Findings about cards have a file of their own. */
const isOfCards = (name) => /^(card|return)_/.test(name);

/** Every finding has a plant (those of cards, or the others), and the paper has every finding. */
export function checkPlanted(planted, { ofCards }) {
  const rules = execFileSync(AUDITOR, ['--rules'], { encoding: 'utf8' });
  const names = [...rules.matchAll(/^\| `(\w+)` /gm)].map((match) => match[1]);
  assert.deepEqual(names.filter((name) => isOfCards(name) === ofCards && !planted.has(name)), []);
  const paper = readFileSync(new URL('../../docs/auditor.md', import.meta.url), 'utf8');
  for (const line of rules.trim().split('\n')) {
    assert.ok(paper.includes(line), `docs/auditor.md lacks: ${line}`);
  }
}
