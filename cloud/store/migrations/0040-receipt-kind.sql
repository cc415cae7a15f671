-- SPDX-License-Identifier: Apache-2.0
-- What a printed paper said: a slip for a payment under way is not the receipt's first paper.
-- '': an older terminal did not tell; such a paper counts for every kind.
ALTER TABLE receipt_report ADD COLUMN kind TEXT NOT NULL DEFAULT '';
