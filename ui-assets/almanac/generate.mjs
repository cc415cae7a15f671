// SPDX-License-Identifier: Apache-2.0
// Makes kiosk/ui/lunar_table.c and holidays_table.c. Run by hand when a year's holidays are
// announced:   npm install lunar-javascript@1.7.7 chinese-days@1.5.7
//              node ui-assets/almanac/generate.mjs kiosk/ui
// Lunar months and solar terms: lunar-javascript (MIT), 1900-2100, which agrees with PyEphem and
// the rules of GB/T 33661 except in the cases named in tests/unit/kiosk/lunar_test.c.
// Holidays: chinese-days (MIT), which copies the State Council's yearly announcements.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const { Solar, Lunar, LunarYear } = require('lunar-javascript');
const chinese = require('chinese-days/dist/chinese-days.json');
const FIRST = 1900;
const LAST = 2100;
const HOLIDAY_YEARS = [2025, 2026];
const DAY_MS = 86400000;
const dayOf = (y, m, d) => Math.round(Date.UTC(y, m - 1, d) / DAY_MS);

// Bits 0..12: month i has 30 days; 13..16: the leap month's number, 0 none; 17..22: days from
// 1 January to the lunar new year.
function yearWord(year) {
    const months = LunarYear.fromYear(year).getMonths().filter((m) => m.getYear() === year);
    let word = 0;
    months.forEach((m, i) => {
        if (m.getDayCount() === 30) word |= 1 << i;
        if (m.getMonth() < 0) word |= -m.getMonth() << 13;
    });
    const first = Lunar.fromYmd(year, 1, 1).getSolar();
    const offset = dayOf(first.getYear(), first.getMonth(), first.getDay()) - dayOf(year, 1, 1);
    return word | (offset << 17);
}

// The days of the month on which the 24 terms of a civil year fall, from the lesser cold on.
const NAMES = ['小寒', '大寒', '立春', '雨水', '惊蛰', '春分', '清明', '谷雨', '立夏', '小满', '芒种', '夏至',
    '小暑', '大暑', '立秋', '处暑', '白露', '秋分', '寒露', '霜降', '立冬', '小雪', '大雪', '冬至'];
function termDays(year) {
    const days = new Array(24).fill(0);
    for (let month = 1; month <= 12; month++) {
        for (let day = 1; day <= 31; day++) {
            if (new Date(Date.UTC(year, month - 1, day)).getUTCMonth() !== month - 1) continue;
            const name = Solar.fromYmd(year, month, day).getLunar().getJieQi();
            if (name) days[NAMES.indexOf(name)] = day;
        }
    }
    return days;
}

const years = [];
for (let y = FIRST; y <= LAST; y++) years.push({ y, word: yearWord(y), terms: termDays(y) });
const base = NAMES.map((_, i) => Math.min(...years.map((e) => e.terms[i])));
const termWord = (terms) => terms.reduce((w, d, i) => {
    const offset = d - base[i];
    if (offset < 0 || offset > 3) throw new Error(`term ${NAMES[i]} does not fit two bits`);
    return w | (BigInt(offset) << BigInt(2 * i));
}, 0n);

const lines = (items, perLine) => {
    const out = [];
    for (let i = 0; i < items.length; i += perLine) {
        out.push('    ' + items.slice(i, i + perLine).join(', ') + ',');
    }
    return out.join('\n');
};
const hex = (value, digits) => value.toString(16).toUpperCase().padStart(digits, '0');

writeFileSync(join(process.argv[2], 'lunar_table.c'), `/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made by ui-assets/almanac/generate.mjs from lunar-javascript 1.7.7; not to be changed by hand.
 * lunar_years: bits 0..12 month i has 30 days, 13..16 number of the leap month, 17..22 days from
 * 1 January to the lunar new year. lunar_terms: two bits a term, added to lunar_term_base.
 */
#include "kiosk/ui/lunar_table.h"

const uint32_t lunar_years[LUNAR_YEARS] = {
${lines(years.map((e) => '0x' + hex(e.word, 6)), 8)}
};

const uint8_t lunar_term_base[LUNAR_TERMS] = {
${lines(base, 12)}
};

const uint64_t lunar_terms[LUNAR_YEARS] = {
${lines(years.map((e) => `UINT64_C(0x${hex(termWord(e.terms), 12)})`), 3)}
};
`);

const rows = [];
const kinds = [[chinese.holidays, 'LUNAR_DAY_REST'], [chinese.workdays, 'LUNAR_DAY_WORK']];
for (const [table, kind] of kinds) {
    for (const date of Object.keys(table)) {
        const [y, m, d] = date.split('-').map(Number);
        if (HOLIDAY_YEARS.includes(y)) rows.push({ day: dayOf(y, m, d), kind });
    }
}
rows.sort((a, b) => a.day - b.day);
writeFileSync(join(process.argv[2], 'holidays_table.c'), `/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made by ui-assets/almanac/generate.mjs from chinese-days 1.5.7 (State Council announcements for
 * ${HOLIDAY_YEARS.join(' and ')}); not to be changed by hand. Days are counted from 1970-01-01.
 */
#include "kiosk/ui/lunar_table.h"

const int32_t lunar_holidays_first_year = ${HOLIDAY_YEARS[0]};
const int32_t lunar_holidays_last_year = ${HOLIDAY_YEARS[HOLIDAY_YEARS.length - 1]};
const size_t lunar_holiday_count = ${rows.length};
const struct lunar_holiday lunar_holidays[] = {
${rows.map((r) => `    {${r.day}, ${r.kind}},`).join('\n')}
};
`);
