-- SPDX-License-Identifier: Apache-2.0
-- A tenant finds an order by the last six digits of its number, at any terminal of the site.
CREATE INDEX pay_order_tail ON pay_order (site_id, substr(order_no, -6), created_ms);
