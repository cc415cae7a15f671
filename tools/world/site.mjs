// SPDX-License-Identifier: Apache-2.0

// The little estate of the demo and the tests: rooms, people and meters of all kinds, as the seed
// file of the cloud and as the configuration of the emulated buses.

const PEOPLE = ['王明', '李秀英', '张伟', '刘洋', '陈静', '杨帆', '赵敏', '黄磊', '周杰', '吴倩', '徐刚',
  '孙丽'];

const KINDS = ['cloud', 'count', 'order'];

/** Rooms with their meters: `count` of them, the kinds taking turns, spread over `buses`. */
export function estate({ rooms = 12, buses = 2, baud = 2400 } = {}) {
  return Array.from({ length: rooms }, (_, i) => ({
    room: `r${1500 + i + 1}`,
    label: `${1501 + i}室`,
    address: String(112233445501 + i),
    kind: KINDS[i % 3],
    bus: `bus${1 + (i % buses)}`,
    baud,
    customer: PEOPLE[i % PEOPLE.length],
    customerNo: String(100000 + i).padStart(12, '0'),
    energy: (1200 + i * 617.31).toFixed(2),
    balanceFen: 8642 + i * 1350,
    loadW: 260 + (i % 5) * 140,
  }));
}

/** UIDs of the tenants' cards, of four and of seven bytes in turn. */
const uidOf = (i) => (i % 2 === 0 ? `4A8B1C${(0x2D + i).toString(16)}`
  : `04A1B2C3D4E5${(0xA0 + i).toString(16)}`).toUpperCase();

const desfireUid = (i) => `0455667788${(0x10 + i).toString(16)}80`.toUpperCase();

const cpuUid = (i) => `C0A81E${(0x10 + i).toString(16)}`.toUpperCase();

const UIDS = { classic: uidOf, desfire: desfireUid, cpu: cpuUid };

/** Rooms whose meters hang on no bus: value comes on a card, one each, of the kinds in `cardMedia`
 * ('classic', 'desfire', 'cpu') and then classic ones. */
export function cardEstate({ cards = 0, cardMedia = [] } = {}) {
  return Array.from({ length: cards }, (_, i) => ({
    room: `c${1601 + i}`,
    label: `${1601 + i}室`,
    address: String(12345678 + i).padStart(12, '0'),
    kind: 'card',
    customer: PEOPLE[(i + 4) % PEOPLE.length],
    customerNo: String(200000 + i).padStart(12, '0'),
    card: `tenant${i + 1}`,
    media: cardMedia[i] ?? 'classic',
    uid: UIDS[cardMedia[i] ?? 'classic'](i),
  }));
}

const text = (value) => `"${String(value).replace(/["\\]/g, '\\$&')}"`;

/** The seed file of shilling-cloud. */
export function seedText(homes, { esamSocket, sellToSilent = false, scheduleS = 900,
  terminals = ['kiosk1'] }) {
  const common = `password = "02123456"; operator = "00000001"; schedule_s = ${scheduleS};`;
  const wire = (home) => (home.kind === 'card' ? ''
    : ` collector = "col1"; bus = ${text(home.bus)};`);
  const room = (home) => `    { id = ${text(home.room)}; building = "3栋"; unit = "2单元";
      label = ${text(home.label)};
      customer = { id = ${text(`c-${home.room}`)}; name = ${text(home.customer)}; };
      meter = { id = ${text(`m-${home.room}`)}; address = ${text(home.address)};
                customer_no = ${text(home.customerNo)}; profile = ${text(home.kind)};
                tariff = "flat";${wire(home)} }; }`;
  const terminal = (id, i) => `{ id = ${text(id)}; name = "${i + 1} 号机"; }`;
  const carded = homes.some((home) => home.kind === 'card')
    ? ',\n  { id = "card"; kind = "card"; card_limit_yuan = "5000.00"; }' : '';
  return `tariffs = ( { id = "flat"; price_yuan = "0.5500"; } );
profiles = (
  { id = "cloud"; kind = "cloud"; relay = "1C"; ${common} },
  { id = "count"; kind = "count"; layout = "standard"; relay = "none"; mac_port = ${
  text(esamSocket)}; ${common} },
  { id = "order"; kind = "order"; layout = "q"; relay = "none"; ${common} }${carded}
);
collectors = ( { id = "col1"; name = "配电间 1"; } );
sites = (
  { id = "jinhu"; name = "锦湖花园"; company = "先令能源"; service_phone = "400-000-0000";
    notice = "温馨提示：本周六 1:00-3:00 系统维护，期间充值顺延到账。";
    amounts_yuan = [20, 50, 100, 200, 300];
    amount_min_yuan = "10.00"; amount_max_yuan = "2000.00"; languages = ["zh-CN", "en"];
    receipt_auto = true; sell_to_silent = ${sellToSilent};
    terminals = ( ${terminals.map(terminal).join(', ')} );
    rooms = (
${homes.map(room).join(',\n')}
    ); }
);
`;
}

/** The configuration of one emulated bus. */
export function busText(homes, bus, { speed = 1, tdMs = 20, historyDays = 40 } = {}) {
  const own = homes.filter((home) => home.bus === bus);
  const meter = (home) => {
    const prepaid = home.kind === 'cloud' ? '' :
      `balance_fen = ${home.balanceFen}; price = "0.5500";`;
    const count = home.kind === 'count' ? 'count = 3;' : '';
    return `  { address = ${text(home.address)}; kind = ${text(home.kind)};
    customer = ${text(home.customerNo)}; energy = ${text(home.energy)};
    load_w = ${home.loadW}; vary_percent = 35; history_days = ${historyDays};
    ${prepaid} ${count} }`;
  };
  return `bus = { name = ${text(bus)}; baud = ${own[0].baud}; td_ms = ${tdMs}; fe = 4;
  clock = "now"; speed = ${speed}; password = "02123456"; operator = "00000001";
  check_operator = true; };
meters = (
${own.map(meter).join(',\n')}
);
`;
}
