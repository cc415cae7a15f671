-- SPDX-License-Identifier: Apache-2.0
-- Who sees to an alarm, and when what it told of was over; an alarm without an end is open. What
-- happens again after its end is the same row, open again, and one more in its count.
ALTER TABLE alarm ADD COLUMN owner TEXT NOT NULL DEFAULT 'site operator';
ALTER TABLE alarm ADD COLUMN ended_at INTEGER;
