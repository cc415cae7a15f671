// SPDX-License-Identifier: Apache-2.0

// Each rule must catch the offence it was written for, and let the allowed twin pass.

import assert from 'node:assert/strict';
import test from 'node:test';
import { complaintsAbout, fileOf, lostPages, orphans } from './rules.mjs';

const GUARD = '#ifndef SHILLING_A_H\n#define SHILLING_A_H\n';
const HEAD = '/* SPDX-License-Identifier: Apache-2.0 */\n';

function rulesBroken(path, body, head = HEAD) {
  const names = complaintsAbout(fileOf(path, head + body)).map((line) => line.split(': ')[1]);
  return [...new Set(names)];
}

const OFFENCES = [
  ['core/a.c', 'int f(const char *s)\n{\n    return atoi(s);\n}\n', 'banned'],
  ['core/a.c', 'void *f(void)\n{\n    return malloc(1);\n}\n', 'banned'],
  ['core/a.c', 'static double price;\n', 'banned'],
  ['core/a.c', 'long f(void)\n{\n    return time(NULL);\n}\n', 'banned'],
  ['cloud/a.c', 'void f(void)\n{\n    exit(1);\n}\n', 'banned'],
  ['cloud/a.c', 'int f(void)\n{\n    return open("x", O_RDONLY);\n}\n', 'openWithoutCloexec'],
  ['common/a.c', `/* ${'x'.repeat(100)} */\n`, 'longLines'],
  ['common/a.c', '#include "kiosk/screen.h"\n', 'upwardIncludes'],
  ['cloud/a.c', '#include "kiosk/screen.h"\n', 'upwardIncludes'],
  ['core/a.c', '#include "a.h"\n', 'upwardIncludes'],
  ['emulators/a.c', '#include "protocol/dl645/frame.h"\n', 'emulatorsShareNothing'],
  ['cloud/auditor/a.c', '#include "cloud/orders/order_row.h"\n', 'auditorSharesNothing'],
  ['cloud/auditor/a.c', '#include "core/order/order.h"\n', 'auditorSharesNothing'],
  ['cloud/auditor/a.h', `${GUARD}#include "protocol/bill/bill.h"\n#endif\n`,
    'auditorSharesNothing'],
  ['core/a.c', `void f(void)\n{\n${'    g();\n'.repeat(71)}}\n`, 'longFunctions'],
  ['core/a.c', 'int x;\n'.repeat(1001), 'longFiles'],
  ['core/a.c', '/* TO' + 'DO */\n', 'unfinishedWords'],
  ['core/a.c', '/* \u7535 */\n', 'asciiOnly'],
  ['core/a.h', `${GUARD}/** Adds. */\nint add(int a);\n#endif\n`, 'doxygenTail'],
  ['core/a.h', '#ifndef A_H\n#define A_H\n#endif\n', 'guarded'],
  ['README.md', 'see /wor' + 'k/main\n', 'productOnly'],
];

for (const [path, body, rule] of OFFENCES) {
  test(`${rule} catches ${JSON.stringify(body.slice(0, 40))}`, () => {
    assert.deepEqual(rulesBroken(path, body), [rule]);
  });
}

test('a file without a licence line is named', () => {
  assert.deepEqual(rulesBroken('core/a.c', 'int x;\n', ''), ['licenceLine']);
});

test('words in comments and strings break no rule', () => {
  const harmless = '/* not malloc(1) */\nconst char *s = "atoi(x)";\n';
  assert.deepEqual(rulesBroken('core/a.c', harmless), []);
});

test('what is allowed passes', () => {
  assert.deepEqual(rulesBroken('cloud/main.c', 'void f(void)\n{\n    exit(1);\n}\n'), []);
  assert.deepEqual(rulesBroken('core/a.c', '#include "protocol/dl645/frame.h"\n'), []);
  assert.deepEqual(rulesBroken('drivers/a.c',
    'int f(void)\n{\n    return open("x", O_RDWR |\n                O_CLOEXEC);\n}\n'), []);
});

test('the auditor links nothing of what it judges', () => {
  const list = (links) => '# SPDX-License-Identifier: Apache-2.0\n' +
    'shilling_library(auditor_core FLOOR cloud\n    SOURCES audit.c HEADERS audit.h\n' +
    `    LINKS common ${links} auditor_bill\n    LIBRARIES PkgConfig::AUDITOR_ZLIB)\n`;
  const lines = (text, path = 'cloud/auditor/CMakeLists.txt') =>
    complaintsAbout(fileOf(path, text)).map((line) => line.split(':').slice(1, 3).join(':'));
  assert.deepEqual(lines(list('common_text\n          drivers_clock # not core_order')), []);
  for (const other of ['protocol_bill', 'core_order', 'cloud_review', 'drivers_net']) {
    assert.deepEqual(lines(list(other)), ['4: auditorSharesNothing'], other);
    assert.deepEqual(lines(list(`common_text\n          ${other}`)), ['5: auditorSharesNothing']);
    assert.deepEqual(lines(`${list('')}target_link_libraries(shilling-auditor PRIVATE ${other})\n`),
      ['6: auditorSharesNothing']);
    assert.deepEqual(lines(list(other), 'cloud/review/CMakeLists.txt'), []);
  }
  assert.deepEqual(rulesBroken('cloud/auditor/a.c', '#include <sqlite3.h>\n' +
    '#include "cloud/auditor/audit.h"\n#include "common/str.h"\n'), []);
});

test('a source that nobody builds is an orphan', () => {
  const lists = { 'core/CMakeLists.txt': 'shilling_library(core SOURCES order/order.c)' };
  assert.deepEqual(orphans(['core/order/order.c', 'core/lost.c'], lists),
    ['core/lost.c:1: orphans: no CMakeLists.txt builds this file']);
});

test('a page that is named and not there is lost', () => {
  const paths = ['docs/money.md', 'tools/cardctl/README.md'];
  const lost = (path, text) => lostPages(fileOf(path, text), paths)
    .map((line) => line.split(' no ')[1].split(' ')[0]);
  const gone = 'gone' + '.md';
  assert.deepEqual(lostPages(fileOf('core/a.h', `int x;\n/* ${gone}, section 2 */\n`), paths),
    [`core/a.h:2: lostPages: there is no ${gone} here`]);
  assert.deepEqual(lost('core/a.c', `/*\n * As docs/${gone} says.\n */\n`), [`docs/${gone}`]);
  assert.deepEqual(lost('cloud/a.sql', `-- see ${gone}\n`), [gone]);
  assert.deepEqual(lost('tools/a.sh', `ls # see ../${gone}\n`), [gone]);
  assert.deepEqual(lost('docs/a.md', `[this](${gone}) and \`other/money.md\`\n`),
    [gone, 'other/money.md']);
  assert.deepEqual(lost('core/a.c', '/* money.md, docs/money.md */ // ../cardctl/README.md\n'), []);
  assert.deepEqual(lost('core/a.c', `/* https://example.org/${gone} */\n`), []);
  assert.deepEqual(lost('tools/a.mjs', `write('out/${gone}');\n`), []);
  assert.deepEqual(lost('tests/vectors/a.json', `{"source": "${gone}"}\n`), []);
});
