-- SPDX-License-Identifier: Apache-2.0
-- How often a meter that answers other questions did not answer the present one for its past.
ALTER TABLE meter_history ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
