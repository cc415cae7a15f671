-- SPDX-License-Identifier: Apache-2.0
-- The books of a day, as they were added up last: what docs/reconciliation.md says of them.

CREATE TABLE books_day (
    day               TEXT PRIMARY KEY,             -- in Beijing, "2026-11-20"
    ran_at            INTEGER NOT NULL,
    judged            INTEGER NOT NULL CHECK (judged IN (0, 1)), -- 0: a bill of the day is missing
    whole             INTEGER NOT NULL CHECK (whole IN (0, 1)),  -- 0: more differs than is kept
    bill_paid_fen     INTEGER NOT NULL,             -- both wallets; all sums 0 if not judged
    bill_refunded_fen INTEGER NOT NULL,
    held_fen          INTEGER NOT NULL,             -- each in the direction in which it adds
    refpay_fen        INTEGER NOT NULL,
    suspense_fen      INTEGER NOT NULL,
    cust_fen          INTEGER NOT NULL,
    meter_fen         INTEGER NOT NULL,
    card_fen          INTEGER NOT NULL,
    loss_fen          INTEGER NOT NULL,             -- lost: subtracts
    bank_fen          INTEGER NOT NULL,
    meters_equal      INTEGER NOT NULL,             -- looks that agree with what was delivered
    meters_open       INTEGER NOT NULL,             -- ... if what was under way is counted so
    meters_unseen     INTEGER NOT NULL,             -- meters that nobody looked at
    relays_equal      INTEGER NOT NULL,
    relays_unread     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What differs or waits, with what explains it; replaced whenever the day is added up again.
CREATE TABLE books_line (
    day     TEXT NOT NULL REFERENCES books_day (day),
    finding TEXT NOT NULL,                          -- core/reconcile's words
    channel TEXT NOT NULL,                          -- of the order; '' for meters
    subject TEXT NOT NULL,                          -- an order, a stray payment, a meter
    theirs  INTEGER NOT NULL,                       -- the bill's, the meter's; fen or purchases
    ours    INTEGER NOT NULL,
    reason  TEXT NOT NULL,                          -- '' : nothing explains it
    item_no TEXT NOT NULL,                          -- the open item that is about it; '' : none
    PRIMARY KEY (day, finding, channel, subject)
) STRICT, WITHOUT ROWID;
