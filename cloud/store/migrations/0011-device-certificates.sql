-- SPDX-License-Identifier: Apache-2.0
-- What is known of a key's certificate: its number, for the list of revoked ones that the broker
-- reads, and its end, so that somebody can be told before it. Unknown for keys added before.
ALTER TABLE device_key ADD COLUMN serial TEXT NOT NULL DEFAULT '';  -- hex
ALTER TABLE device_key ADD COLUMN expires_at INTEGER;
ALTER TABLE device_key ADD COLUMN revoked_at INTEGER;
