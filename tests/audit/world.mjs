// SPDX-License-Identifier: Apache-2.0

// A small world in a folder of its own: sixty orders of every kind and fate with all their
// evidence, made once by auditload and copied for each test; and the auditor run over it.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const AUDITOR = process.env.SHILLING_AUDITOR ?? 'build/release/bin/shilling-auditor';
const LOAD = process.env.SHILLING_AUDITLOAD ?? 'build/release/tests/bench/auditload';
const ORDERS = 60;

/** Days behind the last order: everything is settled, and every bill is due and here. */
export const AT = Date.parse('2026-12-01T12:00:00+08:00') / 1000;

const root = mkdtempSync(join(tmpdir(), 'shilling-audit-'));
const model = join(root, 'model');
mkdirSync(model);
execFileSync(LOAD, [model, String(ORDERS)]);
process.on('exit', () => rmSync(root, { recursive: true, force: true }));

let copies = 0;

export class World {
  /** A copy of the world in `from`. */
  constructor(from = model) {
    copies += 1;
    this.dir = join(root, `copy${copies}`);
    cpSync(from, this.dir, { recursive: true });
    mkdirSync(join(this.dir, 'state'), { recursive: true });
  }

  path(...parts) {
    return join(this.dir, ...parts);
  }

  /** Statements on the server's database, past its guards: what a hand with root could do. */
  sql(text) {
    return this.run('cloud.db', text);
  }

  journal(text) {
    return this.run('collector/journal.db', text);
  }

  run(file, text) {
    const names = this.rows(file, "SELECT name FROM sqlite_schema WHERE type = 'trigger'");
    const drops = names.map(({ name }) => `DROP TRIGGER ${name};`).join('');
    execFileSync('sqlite3', ['-bail', '-cmd', '.timeout 5000', this.path(file), drops + text]);
    return this;
  }

  rows(file, text) {
    const out = execFileSync('sqlite3', ['-json', this.path(file), text], { encoding: 'utf8' });
    return out.trim() === '' ? [] : JSON.parse(out);
  }

  /** The first value of the first row. */
  one(text) {
    const [row] = this.rows('cloud.db', text);
    return Object.values(row)[0];
  }

  /** The kept totals follow the legs, as if a program had written both. */
  totals() {
    return this.sql(`DELETE FROM account_sum; INSERT INTO account_sum
      SELECT account, subject, sum(fen) FROM leg GROUP BY account, subject`);
  }

  /** Change the rows of WeChat's bill of a day, in both copies, and its count of rows with them. */
  wechatBill(day, change) {
    const file = this.path('bills', `wechat-${day}.gz`);
    const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\r\n');
    const end = lines.findIndex((line, i) => i > 0 && !line.startsWith('`'));
    const rows = change(lines.slice(1, end));
    const totals = lines[end + 1].replace(/^`\d+/, `\`${rows.length}`);
    const text = [lines[0], ...rows, lines[end], totals, ''].join('\r\n');
    writeFileSync(file, gzipSync(text));
    return this.sql(`UPDATE bill SET raw = readfile('${file}')
      WHERE channel = 'wechat' AND day = '${day}'`);
  }

  /** The row of a payment in WeChat's bill. */
  wechatBillRow(number) {
    const day = `${number.slice(2, 6)}-${number.slice(6, 8)}-${number.slice(8, 10)}`;
    const text = gunzipSync(readFileSync(this.path('bills', `wechat-${day}.gz`))).toString('utf8');
    return text.split('\r\n').find((line) => line.includes(number));
  }

  /** Change what a meter recorded. */
  meter(meterId, change) {
    const address = this.one(`SELECT address FROM meter WHERE meter_id = '${meterId}'`);
    const file = this.path('meters', `${address}.json`);
    const record = JSON.parse(readFileSync(file, 'utf8'));
    change(record);
    writeFileSync(file, JSON.stringify(record));
    return this;
  }

  /** The auditor's result: {status, exit, names, of(name), read}. */
  audit(...more) {
    const done = spawnSync(AUDITOR, ['--json', '--database', this.path('cloud.db'), '--bills',
      this.path('bills'), '--journals', this.path('collector'), '--meters', this.path('meters'),
      '--at', String(AT), ...more], { encoding: 'utf8' });
    let json;
    try {
      json = JSON.parse(done.stdout);
    } catch {
      throw new Error(`no JSON: ${done.stdout}${done.stderr}`);
    }
    const findings = json.findings ?? [];
    return { ...json, exit: done.status, stderr: done.stderr,
      names: findings.filter((one) => one.severity !== 'note').map((one) => one.name).sort(),
      of: (name) => findings.find((one) => one.name === name) };
  }

  /** A second run over what the first one remembered. */
  auditAgain(...more) {
    return this.audit('--state', this.path('state'), ...more);
  }
}
