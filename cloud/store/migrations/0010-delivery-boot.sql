-- SPDX-License-Identifier: Apache-2.0
-- Which run of the collector a command was given to. A collector that says "never sent" about a
-- command given to another run may be a copy that never saw it.
ALTER TABLE delivery ADD COLUMN boot TEXT NOT NULL DEFAULT '';
