-- SPDX-License-Identifier: Apache-2.0
-- What the platform itself keeps. Amounts are fen; *_at are seconds since 1970 UTC, for people;
-- *_ms are milliseconds of the service clock; *_e4 are register values times 10,000.

CREATE TABLE service_clock (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    running_ms INTEGER NOT NULL,            -- how long this service has been running, all in all
    wall_s     INTEGER NOT NULL             -- wall time of that value, for people
) STRICT;
INSERT INTO service_clock (id, running_ms, wall_s) VALUES (1, 0, 0);

CREATE TABLE job (
    job_id   INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL,                 -- what it is about: an order number, a meter
    due_ms   INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX job_due ON job (kind, due_ms);

-- What the seed file was when it was last taken in; the terminals' profile version.
CREATE TABLE catalog_version (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    version     INTEGER NOT NULL,
    seed_sha256 TEXT NOT NULL
) STRICT;
INSERT INTO catalog_version (id, version, seed_sha256) VALUES (1, 0, '');

CREATE TABLE site (
    site_id        TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    company        TEXT NOT NULL,           -- shown on the screen and printed as merchant
    service_phone  TEXT NOT NULL,
    languages      TEXT NOT NULL,           -- "zh-CN,en"
    notice         TEXT NOT NULL DEFAULT '',
    amounts_fen    TEXT NOT NULL,           -- tiles, "2000,5000,10000"
    amount_min_fen INTEGER NOT NULL CHECK (amount_min_fen >= 1),
    amount_max_fen INTEGER NOT NULL CHECK (amount_max_fen >= amount_min_fen),
    receipt_auto   INTEGER NOT NULL CHECK (receipt_auto IN (0, 1)),
    sell_to_silent INTEGER NOT NULL CHECK (sell_to_silent IN (0, 1)) -- device balance, meter silent
) STRICT;

CREATE TABLE terminal (
    terminal_id TEXT PRIMARY KEY,           -- common name of its certificate
    site_id     TEXT NOT NULL REFERENCES site (site_id),
    name        TEXT NOT NULL
) STRICT;

-- What a terminal last said of itself.
CREATE TABLE terminal_status (
    terminal_id   TEXT PRIMARY KEY REFERENCES terminal (terminal_id),
    heard_at      INTEGER NOT NULL,
    uptime_s      INTEGER NOT NULL,
    version       TEXT NOT NULL,
    screen        TEXT NOT NULL,
    printer_state TEXT NOT NULL,
    open_order_no TEXT NOT NULL
) STRICT;

CREATE TABLE collector (
    collector_id   TEXT PRIMARY KEY,        -- common name of its certificate, MQTT user name
    name           TEXT NOT NULL,
    epoch          INTEGER,                 -- of its journal, as it last said
    boot           TEXT,
    online         INTEGER NOT NULL DEFAULT 0 CHECK (online IN (0, 1)),
    version        TEXT,
    config_version TEXT,                    -- the configuration it says it has
    changed_at     INTEGER
) STRICT;

-- The keys we know by the SHA-256 of their SubjectPublicKeyInfo.
CREATE TABLE device_key (
    spki_sha256 BLOB PRIMARY KEY CHECK (length(spki_sha256) = 32),
    kind        TEXT NOT NULL CHECK (kind IN ('terminal', 'collector', 'broker')),
    name        TEXT NOT NULL,
    revoked     INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1)),
    added_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX device_key_name ON device_key (kind, name);

CREATE TABLE tariff (
    tariff_id     TEXT PRIMARY KEY,
    price_e4_yuan INTEGER NOT NULL CHECK (price_e4_yuan >= 1) -- 0.0001 yuan per unit
) STRICT;

-- What is true of all meters of one model and setting.
CREATE TABLE meter_profile (
    profile_id    TEXT PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('cloud', 'count', 'order')),
    service       TEXT NOT NULL CHECK (service IN ('electricity', 'water')),
    protocol      TEXT NOT NULL,            -- "645-2007"
    baud          INTEGER NOT NULL,         -- 0: the bus's own
    layout        TEXT NOT NULL,            -- of its purchase frames: "none", "standard", "q"
    energy_unit   TEXT NOT NULL,            -- "kWh", "m3"
    amount_unit   TEXT NOT NULL CHECK (amount_unit IN ('fen', 'yuan_e2', 'energy_e2')),
    relay_how     TEXT NOT NULL CHECK (relay_how IN ('none', '1B', '1C')), -- how supply returns
    mac_port      TEXT NOT NULL,            -- key service's socket; '': none
    zero_credit   TEXT NOT NULL CHECK (zero_credit IN ('no', 'proven')),
    total_bought  INTEGER NOT NULL CHECK (total_bought IN (0, 1)), -- answers 0333 06 01
    buffered_link INTEGER NOT NULL CHECK (buffered_link IN (0, 1)),
    sale          TEXT NOT NULL CHECK (sale IN ('open', 'refused')),
    sale_reason   TEXT NOT NULL DEFAULT '',
    password      TEXT NOT NULL,            -- 8 hex digits: PA P0 P1 P2
    operator_code TEXT NOT NULL,            -- 8 hex digits: C0 C1 C2 C3
    schedule_s    INTEGER NOT NULL CHECK (schedule_s >= 0),
    items         TEXT NOT NULL,            -- read by schedule, "00010000,00900200"
    live_items    TEXT NOT NULL             -- read when somebody looks
) STRICT;

CREATE TABLE customer (
    customer_id TEXT PRIMARY KEY,
    name        TEXT NOT NULL,              -- never leaves the server but masked
    phone       TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE room (
    room_id  TEXT PRIMARY KEY,
    site_id  TEXT NOT NULL REFERENCES site (site_id),
    building TEXT NOT NULL,
    unit     TEXT NOT NULL DEFAULT '',
    label    TEXT NOT NULL,
    position INTEGER NOT NULL,              -- order in lists
    place    TEXT NOT NULL,                 -- all three in one line
    search   TEXT NOT NULL                  -- letters and digits of the place, lower case
) STRICT;
CREATE UNIQUE INDEX room_place ON room (site_id, building, unit, label);
CREATE INDEX room_order ON room (site_id, position, room_id);

CREATE TABLE meter (
    meter_id     TEXT PRIMARY KEY,
    room_id      TEXT NOT NULL UNIQUE REFERENCES room (room_id),
    customer_id  TEXT REFERENCES customer (customer_id),
    profile_id   TEXT NOT NULL REFERENCES meter_profile (profile_id),
    tariff_id    TEXT NOT NULL REFERENCES tariff (tariff_id),
    collector_id TEXT NOT NULL REFERENCES collector (collector_id),
    bus          TEXT NOT NULL,
    address      TEXT NOT NULL,
    customer_no  TEXT NOT NULL DEFAULT '',  -- 12 digits as the meter has them in its purchases
    alarm_fen    INTEGER NOT NULL CHECK (alarm_fen >= 0),
    sale         TEXT NOT NULL DEFAULT 'open' CHECK (sale IN ('open', 'refused')),
    sale_reason  TEXT NOT NULL DEFAULT '',
    UNIQUE (collector_id, address)
) STRICT;
CREATE INDEX meter_address ON meter (address);

-- The newest that is known of a meter; each value with the time it was read.
CREATE TABLE meter_state (
    meter_id      TEXT PRIMARY KEY REFERENCES meter (meter_id),
    energy        TEXT,                     -- register, decimal text as the meter said it
    energy_e4     INTEGER,
    energy_at     INTEGER,
    balance_fen   INTEGER,                  -- inside the meter: remaining less overdraft
    balance_at    INTEGER,
    voltage       TEXT,
    current       TEXT,
    power         TEXT,
    relay         TEXT CHECK (relay IN ('closed', 'open')),
    relay_at      INTEGER,
    silent_since  INTEGER                   -- NULL: answered the last time it was asked
) STRICT;

-- Register at the end of each day (Beijing), for the bars: consumption is the difference.
CREATE TABLE meter_day (
    meter_id  TEXT NOT NULL REFERENCES meter (meter_id),
    day       INTEGER NOT NULL,             -- days since 1970-01-01
    first_e4  INTEGER,                      -- NULL: only its end is known (a freeze)
    last_e4   INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (meter_id, day)
) STRICT, WITHOUT ROWID;

-- How far a meter's own daily freezes have been taken over into meter_day, once after it is new.
CREATE TABLE meter_history (
    meter_id TEXT PRIMARY KEY REFERENCES meter (meter_id),
    next     INTEGER NOT NULL,              -- number of the next older freeze, 1 = the last one
    asked_ms INTEGER,                       -- service clock: asked then, no answer so far
    done     INTEGER NOT NULL CHECK (done IN (0, 1))
) STRICT;

-- Every scheduled reading. (collector, epoch, seq, meter) is the collector's own number of it, so
-- the same message never counts twice.
CREATE TABLE reading (
    collector_id TEXT NOT NULL,
    epoch        INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    part         INTEGER NOT NULL,          -- place in its message
    meter_id     TEXT,                      -- NULL: an address that is not in the catalogue
    address      TEXT NOT NULL,
    read_at      INTEGER NOT NULL,
    quality      TEXT NOT NULL CHECK (quality IN ('ok', 'silent')),
    vals         TEXT NOT NULL,             -- JSON object item -> text
    PRIMARY KEY (collector_id, epoch, seq, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX reading_meter ON reading (meter_id, read_at);

-- All up to seq is in the database: what the next acknowledgement says.
CREATE TABLE reading_progress (
    collector_id TEXT NOT NULL,
    epoch        INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    gap_since_ms INTEGER NOT NULL DEFAULT 0, -- a later one came and this one's next did not
    PRIMARY KEY (collector_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    event_id     INTEGER PRIMARY KEY,
    collector_id TEXT NOT NULL,
    at           INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    address      TEXT NOT NULL DEFAULT '',
    bus          TEXT NOT NULL DEFAULT '',
    detail       TEXT NOT NULL DEFAULT '',
    stored_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX event_at ON event (at);
