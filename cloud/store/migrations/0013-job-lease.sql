-- SPDX-License-Identifier: Apache-2.0
-- A claimed job says so: nobody works on it any more once the service that claimed it has ended.
ALTER TABLE job ADD COLUMN leased INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1));
