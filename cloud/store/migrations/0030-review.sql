-- SPDX-License-Identifier: Apache-2.0
-- What one person may state about a lost collector, and who let whom sign.

-- review_evidence takes one more kind, 'off_bus'. Nothing refers to it, so it is made anew.
CREATE TABLE review_evidence_new (
    evidence_id INTEGER PRIMARY KEY,
    document_no TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('reading', 'physical', 'reference', 'note', 'off_bus')),
    person      TEXT NOT NULL,
    text        TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
INSERT INTO review_evidence_new SELECT * FROM review_evidence;
DROP TABLE review_evidence;
ALTER TABLE review_evidence_new RENAME TO review_evidence;
CREATE INDEX review_evidence_document ON review_evidence (document_no);
CREATE TRIGGER review_evidence_kept BEFORE UPDATE ON review_evidence
    BEGIN SELECT raise(ABORT, 'review_evidence is append only'); END;

-- Append only: every person who was added and every password that was changed.
CREATE TABLE person_event (
    event_id INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    event    TEXT NOT NULL CHECK (event IN ('added', 'password')),
    actor    TEXT NOT NULL,                        -- who gave his password for it; '': nobody yet
    at       INTEGER NOT NULL
) STRICT;
CREATE TRIGGER person_event_kept BEFORE UPDATE ON person_event
    BEGIN SELECT raise(ABORT, 'person_event is append only'); END;
CREATE TRIGGER person_event_there BEFORE DELETE ON person_event
    BEGIN SELECT raise(ABORT, 'person_event is append only'); END;
