-- SPDX-License-Identifier: Apache-2.0
-- When the last question that a bill raised was answered; NULL: it is fetched and asked again.
ALTER TABLE bill ADD COLUMN done_at INTEGER;
