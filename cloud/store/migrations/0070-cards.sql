-- SPDX-License-Identifier: Apache-2.0
-- RF cards: meters without a network, whose value comes on a card. docs/money.md, "A token on a
-- card", says what the words mean.

-- A kind of meter more. A CHECK cannot be altered, and these tables are referred to by others, so
-- their text is changed in place, as sqlite.org/lang_altertable.html (section 7) describes for
-- changes that leave the stored rows as they are. The tables made below let everybody read the
-- schema anew.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'kind IN (''cloud'', ''count'', ''order'')',
                                            'kind IN (''cloud'', ''count'', ''order'', ''card'')')
    WHERE type = 'table' AND name IN ('meter_profile', 'pay_order', 'delivery');
-- And a kind of open item: what the desk owes after value was bought back.
UPDATE sqlite_schema SET sql = replace(sql, 'document IN (''order'', ''stray'')',
                                            'document IN (''order'', ''stray'', ''payout'')')
    WHERE type = 'table' AND name = 'review_item';
PRAGMA writable_schema = RESET;

-- Whose meters no collector reads: they hang on this name, which nobody can be given keys for.
INSERT OR IGNORE INTO collector (collector_id, name) VALUES ('.cards', 'meters without a network');

ALTER TABLE meter_profile ADD COLUMN card_limit_fen INTEGER NOT NULL DEFAULT 0
    CHECK (card_limit_fen >= 0);                    -- a card meter's hoarding limit; 0: none

-- One live delivery a meter, but for cards: issued tokens wait side by side.
DROP INDEX delivery_live;
CREATE UNIQUE INDEX delivery_live ON delivery (meter_id)
    WHERE stage IN ('ASSIGNED', 'SENT', 'UNKNOWN', 'FENCING') AND kind <> 'card';

-- A card meter's account, from the day it was opened at the desk.
CREATE TABLE card_account (
    meter_id        TEXT PRIMARY KEY REFERENCES meter (meter_id),
    key_id          INTEGER NOT NULL CHECK (key_id BETWEEN 0 AND 65535), -- of the master key
    n               INTEGER NOT NULL DEFAULT 0 CHECK (n >= 0),           -- newest number given out
    total_fen       INTEGER NOT NULL DEFAULT 0 CHECK (total_fen >= 0),   -- T, what the next adds to
    -- The newest word of the meter, by its own numbering; NULL: it never spoke.
    seen_seq        INTEGER,
    seen_n          INTEGER,                        -- Nm
    seen_total_fen  INTEGER,                        -- Tm
    seen_balance_fen INTEGER,
    seen_energy     INTEGER,                        -- 0.01 kWh
    seen_meter_at   INTEGER,                        -- the meter's clock
    seen_status     INTEGER,
    seen_error      INTEGER,
    seen_at         INTEGER,                        -- when it came to us
    opened_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The register of cards. One open card a meter.
CREATE TABLE card (
    uid        TEXT PRIMARY KEY,                    -- upper case hex
    meter_id   TEXT NOT NULL REFERENCES card_account (meter_id),
    card_no    INTEGER NOT NULL UNIQUE,
    media      TEXT NOT NULL CHECK (media IN ('classic', 'desfire', 'cpu')),
    state      TEXT NOT NULL CHECK (state IN ('open', 'lost', 'blocked', 'replaced')),
    record     BLOB NOT NULL CHECK (length(record) = 48), -- the issue record
    opened_at  INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX card_open ON card (meter_id) WHERE state IN ('open', 'blocked', 'lost');

-- Append only: what became of a card, and by whose hand.
CREATE TABLE card_event (
    event_id INTEGER PRIMARY KEY,
    uid      TEXT NOT NULL,
    event    TEXT NOT NULL,
    detail   TEXT NOT NULL,
    person   TEXT NOT NULL,                         -- who gave his password; '' : nobody did
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX card_event_uid ON card_event (uid);

-- Every token that was ever given out. Rows are never deleted and only the two notes change.
CREATE TABLE card_token (
    meter_id    TEXT NOT NULL REFERENCES card_account (meter_id),
    n           INTEGER NOT NULL CHECK (n >= 1),
    kind        TEXT NOT NULL CHECK (kind IN ('purchase', 'reversal', 'cancel', 'replacement',
                    'correction')),
    document_no TEXT NOT NULL UNIQUE,               -- an order's number, or its own
    uid         TEXT NOT NULL REFERENCES card (uid),
    amount_fen  INTEGER NOT NULL,                   -- < 0 in a reversal
    total_fen   INTEGER NOT NULL CHECK (total_fen >= 0),
    record      BLOB NOT NULL CHECK (length(record) = 48),
    issued_at   INTEGER NOT NULL,
    written_at  INTEGER,                            -- first seen on the card
    loaded_at   INTEGER,                            -- first seen in the meter
    PRIMARY KEY (meter_id, n)
) STRICT, WITHOUT ROWID;

-- Which card an order is for.
CREATE TABLE card_order (
    order_no TEXT PRIMARY KEY REFERENCES pay_order (order_no),
    uid      TEXT NOT NULL REFERENCES card (uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX card_order_uid ON card_order (uid);

-- Append only: raw slots as a terminal or the desk brought them, and what they were taken for.
CREATE TABLE card_reading (
    reading_id  INTEGER PRIMARY KEY,
    uid         TEXT NOT NULL,
    terminal_id TEXT NOT NULL,                      -- '' : the desk
    document_no TEXT NOT NULL,                      -- of a confirmation; '' : a card was laid
    credit      TEXT NOT NULL,                      -- two slots, hex or '-'
    returned    TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX card_reading_uid ON card_reading (uid);

-- Value that is bought back. At most one open case a meter.
CREATE TABLE card_return_case (
    case_no    TEXT PRIMARY KEY,
    order_no   TEXT NOT NULL REFERENCES pay_order (order_no),
    meter_id   TEXT NOT NULL REFERENCES card_account (meter_id),
    stage      TEXT NOT NULL CHECK (stage IN ('ASKED', 'REVERSAL_ISSUED', 'REVERSED', 'REFUSED')),
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    n          INTEGER,                             -- of the reversal, since REVERSAL_ISSUED
    total_fen  INTEGER,                             -- the reduced T
    cancel_n   INTEGER,                             -- REFUSED: of the token that restores T
    had_seq    INTEGER,                             -- of the meter's newest word then; NULL: none
    first      TEXT NOT NULL,                       -- who asked for it
    second     TEXT NOT NULL DEFAULT '',            -- who confirmed it
    asked_ms   INTEGER NOT NULL,
    asked_at   INTEGER NOT NULL,
    ended_at   INTEGER,
    -- By the desk, if the order was done: owed since the meter said so, paid when two say so.
    payout     TEXT NOT NULL DEFAULT 'none' CHECK (payout IN ('none', 'owed', 'paid')),
    payer      TEXT NOT NULL DEFAULT '',            -- who said first that it was paid, and when
    payer_ms   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX card_return_open ON card_return_case (meter_id)
    WHERE stage IN ('ASKED', 'REVERSAL_ISSUED');
CREATE INDEX card_return_order ON card_return_case (order_no);

-- Issued and not seen on the card for a day: somebody calls the tenant.
CREATE TABLE card_owed (
    order_no  TEXT PRIMARY KEY REFERENCES pay_order (order_no),
    owner     TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    due_ms    INTEGER NOT NULL,                     -- service clock: then the order is in REVIEW
    closed_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TRIGGER card_event_kept BEFORE UPDATE ON card_event
    BEGIN SELECT raise(ABORT, 'card_event is append only'); END;
CREATE TRIGGER card_event_there BEFORE DELETE ON card_event
    BEGIN SELECT raise(ABORT, 'card_event is append only'); END;
CREATE TRIGGER card_reading_kept BEFORE UPDATE ON card_reading
    BEGIN SELECT raise(ABORT, 'card_reading is append only'); END;
CREATE TRIGGER card_reading_there BEFORE DELETE ON card_reading
    BEGIN SELECT raise(ABORT, 'card_reading is append only'); END;
CREATE TRIGGER card_token_there BEFORE DELETE ON card_token
    BEGIN SELECT raise(ABORT, 'card_token is never deleted'); END;
CREATE TRIGGER card_token_kept BEFORE UPDATE OF meter_id, n, kind, document_no, uid, amount_fen,
    total_fen, record, issued_at ON card_token
    BEGIN SELECT raise(ABORT, 'a token never changes'); END;
