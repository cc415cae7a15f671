-- SPDX-License-Identifier: Apache-2.0
-- A terminal's card reader, in its own word: none, ready, error; '' from one that does not say.
ALTER TABLE terminal_status ADD COLUMN reader_state TEXT NOT NULL DEFAULT '';
