-- SPDX-License-Identifier: Apache-2.0
-- The newest that a terminal's card driver has told of its reader: its chip, and what it has counted
-- since it was started (it begins at zero again). NULL: the terminal does not know of that count.
CREATE TABLE terminal_reader (
    terminal_id   TEXT PRIMARY KEY REFERENCES terminal (terminal_id),
    told_at       INTEGER NOT NULL,
    chip          TEXT NOT NULL,
    timeouts      INTEGER,
    line_errors   INTEGER,
    card_errors   INTEGER,
    auth_errors   INTEGER,
    reopens       INTEGER,
    restarts      INTEGER,
    read_retries  INTEGER,
    write_retries INTEGER,
    torn_slots    INTEGER,
    reads         INTEGER,
    writes        INTEGER,
    relays        INTEGER,
    power_resets  INTEGER
) STRICT;
