// SPDX-License-Identifier: Apache-2.0

// What the standard estate lacks and some tests need, taken in as a second seed file: another
// terminal at the same site, another site with a terminal and a room of its own, a meter that is
// not on the bus, a meter with a security chip but no key service, which cannot be sold to, and two
// meters without a network, which are sold to by card.

import { seedText } from '../../../tools/world/site.mjs';
import { Terminal } from './terminal.mjs';

export const ANNEX = {
  second: 'kiosk2',      // at the same site
  stranger: 'kiosk9',    // at another site
  foreignRoom: 'r9901',  // at that other site
  ghostRoom: 'r9902',    // its meter's address answers on no bus
  sealedRoom: 'r9903',   // needs a key service and has none
  quietRoom: 'r9904',    // at the other site, which sells to a silent meter if the payer agrees
  cardRoom: 'r9905',
  otherCardRoom: 'r9906',
};

function cardRoom(id, label, address) {
  return `    { id = "${id}"; building = "9 栋"; unit = "1 单元"; label = "${label}";
      meter = { id = "m-${id}"; address = "${address}"; profile = "carded"; tariff = "flat"; }; }`;
}

function room(id, label, address, profile, bus) {
  return `    { id = "${id}"; building = "9 栋"; unit = "1 单元"; label = "${label}";
      customer = { id = "c-${id}"; name = "钱多多"; };
      meter = { id = "m-${id}"; address = "${address}"; customer_no = "000000009900";
                profile = "${profile}"; tariff = "flat"; collector = "col1"; bus = "${bus}"; }; }`;
}

/** Take it in, enrol the new terminals; returns {second, stranger} as Terminals. */
export function addAnnex(house, { watch } = {}) {
  const own = room(ANNEX.ghostRoom, '9902 室', '998877665502', 'count', 'bus1') + ',\n' +
    room(ANNEX.sealedRoom, '9903 室', '998877665503', 'sealed', 'bus1') + ',\n' +
    cardRoom(ANNEX.cardRoom, '9905 室', '998877665505') + ',\n' +
    cardRoom(ANNEX.otherCardRoom, '9906 室', '998877665506');
  const other = room(ANNEX.foreignRoom, '9901 室', '998877665501', 'cloud', 'bus1') + ',\n' +
    room(ANNEX.quietRoom, '9904 室', '998877665504', 'count', 'bus1');
  const site = (id, terminal, rooms) => `  { id = "${id}"; name = "附楼 ${id}"; company = "先令能源";
    service_phone = "400-000-0000"; amounts_yuan = [20, 50, 100, 200, 300];
    amount_min_yuan = "10.00"; amount_max_yuan = "2000.00"; languages = ["zh-CN", "en"];
    receipt_auto = true; sell_to_silent = true;
    terminals = ( { id = "${terminal}"; name = "${terminal}"; } );
    rooms = (
${rooms}
    ); }`;
  const standard = seedText(house.homes, { ...house.options,
    esamSocket: house.path('run', 'esam.sock') });
  const text = standard
    .replace('{ id = "kiosk1"; name = "1 号机"; }',
      `{ id = "kiosk1"; name = "1 号机"; }, { id = "${ANNEX.second}"; name = "2 号机"; }`)
    .replace('profiles = (\n', 'profiles = (\n  { id = "sealed"; kind = "count"; ' +
      'layout = "standard"; relay = "none"; password = "02123456"; operator = "00000001"; ' +
      'schedule_s = 3600; },\n  { id = "carded"; kind = "card"; },\n')
    .replace(/\n {4}\); \}\n\);\n$/,
      `,\n${own}\n    ); },\n${site('annex', ANNEX.stranger, other)}\n);\n`);
  house.cloudCommand('seed', house.conf('annex.conf', text));
  return Object.fromEntries([ANNEX.second, ANNEX.stranger].map((name, i) => {
    house.cloudCommand('dev-enrol', 'terminal', name, '--out', house.path('keys', name));
    return [['second', 'stranger'][i], new Terminal({ port: house.ports.terminals,
      keys: house.path('keys', name), watch })];
  }));
}
