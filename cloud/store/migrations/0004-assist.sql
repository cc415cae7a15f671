-- SPDX-License-Identifier: Apache-2.0
-- A person in the large mode has the QR longer at once, and asks for more time once only.
ALTER TABLE pay_order ADD COLUMN assist INTEGER NOT NULL DEFAULT 0 CHECK (assist IN (0, 1));
