-- SPDX-License-Identifier: Apache-2.0
-- The number that stands on a purchase card, and that its keys are made of. It is written once:
-- when the card is issued, or by the first person who asks for the keys of an older one. Nobody is
-- given the keys of another number under its UID. docs/cards.md, "At the desk".
CREATE TABLE card_serial (
    uid    TEXT PRIMARY KEY REFERENCES card (uid),
    serial TEXT NOT NULL UNIQUE CHECK (length(serial) = 16) -- upper case hex
) STRICT, WITHOUT ROWID;

CREATE TRIGGER card_serial_kept BEFORE UPDATE ON card_serial
    BEGIN SELECT raise(ABORT, 'the number of a card never changes'); END;
CREATE TRIGGER card_serial_there BEFORE DELETE ON card_serial
    BEGIN SELECT raise(ABORT, 'the number of a card never changes'); END;
