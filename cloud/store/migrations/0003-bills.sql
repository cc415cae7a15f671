-- SPDX-License-Identifier: Apache-2.0
-- The daily bills of the payment providers, and what they say that we did not know.

CREATE TABLE bill (
    channel    TEXT NOT NULL CHECK (channel IN ('alipay', 'wechat')),
    day        TEXT NOT NULL,                     -- in Beijing, "2026-11-20"
    raw        BLOB NOT NULL,                     -- the file as it came; empty: a day without trades
    fetched_at INTEGER NOT NULL,
    PRIMARY KEY (channel, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE bill_row (
    channel   TEXT NOT NULL,
    day       TEXT NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('payment', 'refund')),
    order_no  TEXT NOT NULL,
    refund_no TEXT NOT NULL,                      -- '' for payments
    trade_no  TEXT NOT NULL,
    fen       INTEGER NOT NULL CHECK (fen >= 0),
    PRIMARY KEY (channel, day, kind, order_no, refund_no, trade_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX bill_row_order ON bill_row (order_no);

-- A question that a bill raised; asked again with every run of that day.
CREATE TABLE bill_finding (
    channel  TEXT NOT NULL,
    day      TEXT NOT NULL,
    finding  TEXT NOT NULL,                       -- core/reconcile's words
    order_no TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    PRIMARY KEY (channel, day, finding, order_no)
) STRICT, WITHOUT ROWID;
