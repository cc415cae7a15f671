-- SPDX-License-Identifier: Apache-2.0
-- The daily reconciliation: what a bill says beside its amounts, what became of each version of
-- it, and every difference as an item with an owner and a deadline.

-- A refund row of WeChat may say that the refund had only begun, or failed: nothing was paid back.
ALTER TABLE bill_row ADD COLUMN state TEXT NOT NULL DEFAULT 'done'
    CHECK (state IN ('done', 'pending', 'failed'));
ALTER TABLE bill_row ADD COLUMN fee_e5 INTEGER NOT NULL DEFAULT 0; -- 0.00001 yuan kept by the wallet

ALTER TABLE bill ADD COLUMN our_paid_fen INTEGER NOT NULL DEFAULT 0; -- our books, when compared last
ALTER TABLE bill ADD COLUMN our_refunded_fen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bill ADD COLUMN compared_at INTEGER;                    -- NULL: kept, not compared yet

-- Append only: a provider that gives another file for the same day is not forgotten.
CREATE TABLE bill_version (
    channel        TEXT NOT NULL,
    day            TEXT NOT NULL,
    version        INTEGER NOT NULL,                -- 1, 2, ...
    digest         TEXT NOT NULL,                   -- SHA-256 over the sorted rows
    rows           INTEGER NOT NULL,
    paid_fen       INTEGER NOT NULL,
    refunded_fen   INTEGER NOT NULL,                -- done ones
    fees_e5        INTEGER NOT NULL,
    fees_stated_e5 INTEGER,                         -- the file's own sum; NULL: it states none
    first_at       INTEGER NOT NULL,
    PRIMARY KEY (channel, day, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER bill_version_kept BEFORE UPDATE ON bill_version
    BEGIN SELECT raise(ABORT, 'bill_version is append only'); END;
CREATE TRIGGER bill_version_there BEFORE DELETE ON bill_version
    BEGIN SELECT raise(ABORT, 'bill_version is append only'); END;

-- One item for each finding of a day, however often the day is compared. Never deleted: an item
-- whose cause is gone is closed with the reason, and opened again if the cause comes back.
CREATE TABLE bill_item (
    item_id     INTEGER PRIMARY KEY,
    document_no TEXT NOT NULL UNIQUE,               -- "BL20261120W000017"
    channel     TEXT NOT NULL CHECK (channel IN ('alipay', 'wechat')),
    day         TEXT NOT NULL,
    finding     TEXT NOT NULL,                      -- core/reconcile's words
    order_no    TEXT NOT NULL,                      -- '' : the whole bill
    bill_fen    INTEGER NOT NULL,
    our_fen     INTEGER NOT NULL,
    version     INTEGER NOT NULL,                   -- raised with every change: a signature is for one
    seen        INTEGER NOT NULL CHECK (seen IN (0, 1)), -- the last comparison found it
    owner       TEXT NOT NULL,
    opened_at   INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,                   -- wall, for people
    due_ms      INTEGER NOT NULL,
    overdue     INTEGER NOT NULL DEFAULT 0 CHECK (overdue IN (0, 1)),
    closed_at   INTEGER,
    settled     INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)), -- closed by two persons
    outcome     TEXT NOT NULL DEFAULT '',
    UNIQUE (channel, day, finding, order_no)
) STRICT;
CREATE INDEX bill_item_open ON bill_item (finding) WHERE closed_at IS NULL;
CREATE TRIGGER bill_item_there BEFORE DELETE ON bill_item
    BEGIN SELECT raise(ABORT, 'bill_item is never deleted'); END;

-- Append only: what became of an item.
CREATE TABLE bill_item_event (
    event_id INTEGER PRIMARY KEY,
    item_id  INTEGER NOT NULL REFERENCES bill_item (item_id),
    at       INTEGER NOT NULL,
    event    TEXT NOT NULL CHECK (event IN ('opened', 'changed', 'reopened', 'cleared', 'overdue',
                 'settled')),
    bill_fen INTEGER NOT NULL,
    our_fen  INTEGER NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE INDEX bill_item_event_item ON bill_item_event (item_id);
CREATE TRIGGER bill_item_event_kept BEFORE UPDATE ON bill_item_event
    BEGIN SELECT raise(ABORT, 'bill_item_event is append only'); END;
CREATE TRIGGER bill_item_event_there BEFORE DELETE ON bill_item_event
    BEGIN SELECT raise(ABORT, 'bill_item_event is append only'); END;

-- Append only, as review_signature.
CREATE TABLE bill_item_signature (
    signature_id INTEGER PRIMARY KEY,
    item_id      INTEGER NOT NULL REFERENCES bill_item (item_id),
    decision     TEXT NOT NULL,
    person       TEXT NOT NULL,
    version      INTEGER NOT NULL,
    given_ms     INTEGER NOT NULL,
    given_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX bill_item_signature_item ON bill_item_signature (item_id);
CREATE TRIGGER bill_item_signature_kept BEFORE UPDATE ON bill_item_signature
    BEGIN SELECT raise(ABORT, 'bill_item_signature is append only'); END;
CREATE TRIGGER bill_item_signature_there BEFORE DELETE ON bill_item_signature
    BEGIN SELECT raise(ABORT, 'bill_item_signature is append only'); END;
