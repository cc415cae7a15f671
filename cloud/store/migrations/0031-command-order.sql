-- SPDX-License-Identifier: Apache-2.0
-- The commands of one order are counted before each repeat.
CREATE INDEX device_command_order ON device_command (order_no) WHERE order_no <> '';
