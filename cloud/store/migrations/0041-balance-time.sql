-- SPDX-License-Identifier: Apache-2.0
-- When the newest of an order's two balances was read: it stands beside them on the paper.
ALTER TABLE pay_order ADD COLUMN balance_at INTEGER;
