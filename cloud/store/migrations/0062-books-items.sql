-- SPDX-License-Identifier: Apache-2.0
-- bill_item takes the findings of the books of a day, too: channel 'books', over both wallets. Then
-- order_no is whatever the finding is about (an order, a meter), day is '' for a finding that stands
-- until its cause is gone, and bill_fen is what the other side says (of METER_COUNT both are numbers
-- of purchases). A CHECK cannot be changed, and two tables refer to this one: all three are made
-- anew, with their rows and their numbers.

CREATE TABLE bill_item_new (
    item_id     INTEGER PRIMARY KEY,
    document_no TEXT NOT NULL UNIQUE,               -- "BL20261120W000017"; B: of the books
    channel     TEXT NOT NULL CHECK (channel IN ('alipay', 'wechat', 'books')),
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
CREATE TABLE bill_item_event_new (
    event_id INTEGER PRIMARY KEY,
    item_id  INTEGER NOT NULL REFERENCES bill_item_new (item_id),
    at       INTEGER NOT NULL,
    event    TEXT NOT NULL CHECK (event IN ('opened', 'changed', 'reopened', 'cleared', 'overdue',
                 'settled')),
    bill_fen INTEGER NOT NULL,
    our_fen  INTEGER NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE TABLE bill_item_signature_new (
    signature_id INTEGER PRIMARY KEY,
    item_id      INTEGER NOT NULL REFERENCES bill_item_new (item_id),
    decision     TEXT NOT NULL,
    person       TEXT NOT NULL,
    version      INTEGER NOT NULL,
    given_ms     INTEGER NOT NULL,
    given_at     INTEGER NOT NULL
) STRICT;

INSERT INTO bill_item_new SELECT item_id, document_no, channel, day, finding, order_no, bill_fen,
    our_fen, version, seen, owner, opened_at, due_at, due_ms, overdue, closed_at, settled, outcome
    FROM bill_item;
INSERT INTO bill_item_event_new SELECT event_id, item_id, at, event, bill_fen, our_fen, detail
    FROM bill_item_event;
INSERT INTO bill_item_signature_new SELECT signature_id, item_id, decision, person, version,
    given_ms, given_at FROM bill_item_signature;

-- First those that refer to it; their triggers, which forbid a DELETE, go with them.
DROP TABLE bill_item_event;
DROP TABLE bill_item_signature;
DROP TABLE bill_item;
ALTER TABLE bill_item_new RENAME TO bill_item; -- and the references follow it
ALTER TABLE bill_item_event_new RENAME TO bill_item_event;
ALTER TABLE bill_item_signature_new RENAME TO bill_item_signature;

CREATE INDEX bill_item_open ON bill_item (finding) WHERE closed_at IS NULL;
CREATE INDEX bill_item_order ON bill_item (order_no);
CREATE TRIGGER bill_item_there BEFORE DELETE ON bill_item
    BEGIN SELECT raise(ABORT, 'bill_item is never deleted'); END;
CREATE INDEX bill_item_event_item ON bill_item_event (item_id);
CREATE TRIGGER bill_item_event_kept BEFORE UPDATE ON bill_item_event
    BEGIN SELECT raise(ABORT, 'bill_item_event is append only'); END;
CREATE TRIGGER bill_item_event_there BEFORE DELETE ON bill_item_event
    BEGIN SELECT raise(ABORT, 'bill_item_event is append only'); END;
CREATE INDEX bill_item_signature_item ON bill_item_signature (item_id);
CREATE TRIGGER bill_item_signature_kept BEFORE UPDATE ON bill_item_signature
    BEGIN SELECT raise(ABORT, 'bill_item_signature is append only'); END;
CREATE TRIGGER bill_item_signature_there BEFORE DELETE ON bill_item_signature
    BEGIN SELECT raise(ABORT, 'bill_item_signature is append only'); END;
