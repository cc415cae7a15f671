-- SPDX-License-Identifier: Apache-2.0
-- Orders, deliveries, refunds, the ledger and what people decide. docs/money.md says what the words
-- mean. Amounts are fen; *_at are seconds since 1970 UTC, for people; *_ms are milliseconds of the
-- service clock and the only time that anything waits for.
--
-- Rows of the tables marked "append only" are evidence: no program changes or deletes them.

-- One counter for all numbers of this database. epoch is raised after every restore, so that a
-- number which the lost hours gave out is never given out again.
CREATE TABLE number_series (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    epoch   INTEGER NOT NULL CHECK (epoch BETWEEN 0 AND 35),
    counter INTEGER NOT NULL CHECK (counter >= 0)
) STRICT;
INSERT INTO number_series (id, epoch, counter) VALUES (1, 0, 0);

-- One tenant at one meter who wants to pay once; its attempts are orders.
CREATE TABLE purchase (
    purchase_id TEXT PRIMARY KEY,
    terminal_id TEXT NOT NULL REFERENCES terminal (terminal_id),
    meter_id    TEXT NOT NULL REFERENCES meter (meter_id),
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE pay_order (
    order_no           TEXT PRIMARY KEY CHECK (length(order_no) BETWEEN 6 AND 32),
    terminal_id        TEXT NOT NULL REFERENCES terminal (terminal_id),
    client_request_id  TEXT NOT NULL,
    purchase_id        TEXT NOT NULL REFERENCES purchase (purchase_id),
    site_id            TEXT NOT NULL REFERENCES site (site_id),
    room_id            TEXT NOT NULL REFERENCES room (room_id),
    meter_id           TEXT NOT NULL REFERENCES meter (meter_id),
    channel            TEXT NOT NULL CHECK (channel IN ('alipay', 'wechat')),
    version            INTEGER NOT NULL CHECK (version >= 1),

    -- What order_apply() keeps.
    state              TEXT NOT NULL CHECK (state IN ('NEW', 'WAIT_PAY', 'CLOSING', 'CLOSED', 'PAID',
                           'CREDITING', 'DONE', 'REFUND_DUE', 'REFUNDING', 'REFUNDED', 'REVIEW')),
    flags              INTEGER NOT NULL DEFAULT 0,
    amount_fen         INTEGER NOT NULL CHECK (amount_fen > 0),
    paid_fen           INTEGER NOT NULL DEFAULT 0 CHECK (paid_fen >= 0),
    trade_no           TEXT NOT NULL DEFAULT '',
    money              INTEGER NOT NULL DEFAULT 0,
    credit_to          TEXT NOT NULL CHECK (credit_to IN ('CUST', 'METER', 'CARD')),
    precreate_open     INTEGER NOT NULL DEFAULT 0 CHECK (precreate_open IN (0, 1)),
    qr_dead            INTEGER NOT NULL DEFAULT 0 CHECK (qr_dead IN (0, 1)),
    credit_started     INTEGER NOT NULL DEFAULT 0 CHECK (credit_started IN (0, 1)),
    not_credited       INTEGER NOT NULL DEFAULT 0,
    refund_numbered    INTEGER NOT NULL DEFAULT 0 CHECK (refund_numbered IN (0, 1)),

    -- What was agreed, as it was then.
    kind               TEXT NOT NULL CHECK (kind IN ('cloud', 'count', 'order')),
    place              TEXT NOT NULL,
    customer_masked    TEXT NOT NULL,
    meter_address      TEXT NOT NULL,
    meter_tail         TEXT NOT NULL,
    price_e4_yuan      INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    created_ms         INTEGER NOT NULL,

    -- The attempt.
    body               TEXT NOT NULL,              -- of the precreate request, for every try
    pay_try            INTEGER NOT NULL DEFAULT 0, -- waits used of the present row of waits
    state_ms           INTEGER NOT NULL,           -- when the present state began
    qr_text            TEXT NOT NULL DEFAULT '',
    qr_ms              INTEGER NOT NULL DEFAULT 0, -- when the QR was first known
    more_time          INTEGER NOT NULL DEFAULT 0,
    scanned            INTEGER NOT NULL DEFAULT 0 CHECK (scanned IN (0, 1)),
    slow               INTEGER NOT NULL DEFAULT 0 CHECK (slow IN (0, 1)),
    paid_at            INTEGER,

    -- For the screen and the paper.
    balance_before_fen INTEGER,
    balance_after_fen  INTEGER,
    arrears_fen        INTEGER NOT NULL DEFAULT 0,

    UNIQUE (terminal_id, client_request_id)
) STRICT;
CREATE UNIQUE INDEX pay_order_trade ON pay_order (channel, trade_no) WHERE trade_no <> '';
CREATE UNIQUE INDEX pay_order_live ON pay_order (purchase_id) WHERE state IN ('NEW', 'WAIT_PAY');
CREATE INDEX pay_order_purchase ON pay_order (purchase_id, created_ms);
CREATE INDEX pay_order_meter ON pay_order (meter_id, created_ms);
CREATE INDEX pay_order_terminal ON pay_order (terminal_id, created_ms);
CREATE INDEX pay_order_open ON pay_order (state, created_ms)
    WHERE state NOT IN ('DONE', 'CLOSED', 'REFUNDED');

-- Raw words of the payment providers: notifies and signed answers. Append only.
CREATE TABLE pay_inbox (
    inbox_id    INTEGER PRIMARY KEY,
    channel     TEXT NOT NULL,
    source      TEXT NOT NULL,                     -- 'notify', 'query', 'close', 'refund', ...
    verdict     TEXT NOT NULL,                     -- 'paid', 'refused', ...
    document_no TEXT NOT NULL,                     -- as the provider names it; '' if it does not
    headers     TEXT NOT NULL,
    body        BLOB NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pay_inbox_document ON pay_inbox (document_no);

-- Every event that an order took, in order: replayed from the first, they give the row. Append only.
CREATE TABLE pay_event (
    order_no       TEXT NOT NULL REFERENCES pay_order (order_no),
    seq            INTEGER NOT NULL,
    event          TEXT NOT NULL,
    amount_fen     INTEGER NOT NULL DEFAULT 0,
    trade_no       TEXT NOT NULL DEFAULT '',
    currency_wrong INTEGER NOT NULL DEFAULT 0,
    from_state     TEXT NOT NULL,
    to_state       TEXT NOT NULL,
    inbox_id       INTEGER REFERENCES pay_inbox (inbox_id),
    actor          TEXT NOT NULL DEFAULT '',       -- persons, for what persons did
    at             INTEGER NOT NULL,
    PRIMARY KEY (order_no, seq)
) STRICT, WITHOUT ROWID;

-- A terminal's other requests, so that the same number gets the same answer.
CREATE TABLE order_request (
    terminal_id       TEXT NOT NULL,
    client_request_id TEXT NOT NULL,
    order_no          TEXT NOT NULL REFERENCES pay_order (order_no),
    op                TEXT NOT NULL,
    accepted          INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    PRIMARY KEY (terminal_id, client_request_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt_report (
    print_id    TEXT PRIMARY KEY,
    order_no    TEXT NOT NULL REFERENCES pay_order (order_no),
    verdict     TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX receipt_report_order ON receipt_report (order_no);

-- At most one delivery an order.
CREATE TABLE delivery (
    order_no        TEXT PRIMARY KEY REFERENCES pay_order (order_no),
    meter_id        TEXT NOT NULL REFERENCES meter (meter_id),
    version         INTEGER NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('cloud', 'count', 'order')),
    stage           TEXT NOT NULL CHECK (stage IN ('READY', 'ASSIGNED', 'SENT', 'UNKNOWN', 'FENCING',
                        'DELIVERED', 'VOID')),
    amount_fen      INTEGER NOT NULL CHECK (amount_fen > 0),
    sends           INTEGER NOT NULL DEFAULT 0 CHECK (sends BETWEEN 0 AND 3),
    not_done        INTEGER NOT NULL DEFAULT 0,
    voided          INTEGER NOT NULL DEFAULT 0,
    quiet           INTEGER NOT NULL DEFAULT 0,
    beaten          INTEGER NOT NULL DEFAULT 0,
    hopeless        INTEGER NOT NULL DEFAULT 0,
    stopped         INTEGER NOT NULL DEFAULT 0,
    unknown_told    INTEGER NOT NULL DEFAULT 0,
    review_told     INTEGER NOT NULL DEFAULT 0,
    before          TEXT NOT NULL DEFAULT '{}',    -- the reading of the assignment, JSON

    -- Since ASSIGNED.
    seq             INTEGER,                       -- purchase count that this delivery may use
    order_number    TEXT NOT NULL DEFAULT '',      -- family Q: 16 digits, the same for all sends
    customer        TEXT NOT NULL DEFAULT '',
    collector_id    TEXT NOT NULL DEFAULT '',
    epoch           INTEGER NOT NULL DEFAULT 0,
    auth            TEXT NOT NULL DEFAULT '',      -- authentication frames, hex, one a line
    frame           BLOB,                          -- the very bytes of every send
    command_id      TEXT NOT NULL DEFAULT '',      -- of the present send
    void_id         TEXT NOT NULL DEFAULT '',      -- of its void
    work_try        INTEGER NOT NULL DEFAULT 0,    -- waits used of the present row of waits
    first_sent_ms   INTEGER,
    quiet_until_ms  INTEGER NOT NULL DEFAULT 0,
    created_ms      INTEGER NOT NULL
) STRICT;
-- A voided count is free again: the next order may use it. One live delivery a meter.
CREATE UNIQUE INDEX delivery_count ON delivery (meter_id, seq) WHERE stage <> 'VOID' AND seq IS NOT NULL;
CREATE UNIQUE INDEX delivery_number ON delivery (order_number) WHERE order_number <> '';
CREATE UNIQUE INDEX delivery_live ON delivery (meter_id)
    WHERE stage IN ('ASSIGNED', 'SENT', 'UNKNOWN', 'FENCING');
CREATE INDEX delivery_meter ON delivery (meter_id, stage);
CREATE INDEX delivery_waiting ON delivery (meter_id, created_ms) WHERE stage = 'READY';

-- Append only, like pay_event.
CREATE TABLE delivery_event (
    order_no   TEXT NOT NULL REFERENCES delivery (order_no),
    seq        INTEGER NOT NULL,
    event      TEXT NOT NULL,
    detail     TEXT NOT NULL,                      -- the event's members, JSON
    from_stage TEXT NOT NULL,
    to_stage   TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (order_no, seq)
) STRICT, WITHOUT ROWID;

-- Every id that was ever given to a collector, before it left. Append only but for the reply.
CREATE TABLE device_command (
    command_id   TEXT PRIMARY KEY,
    op           TEXT NOT NULL CHECK (op IN ('credit', 'void', 'relay')),
    collector_id TEXT NOT NULL,
    meter_id     TEXT NOT NULL,
    order_no     TEXT NOT NULL DEFAULT '',         -- '' for relay
    generation   INTEGER NOT NULL DEFAULT 0,       -- relay
    created_at   INTEGER NOT NULL,
    reply        TEXT,                             -- the first one, as JSON
    replied_at   INTEGER
) STRICT, WITHOUT ROWID;

-- What the relay of a meter should be.
CREATE TABLE relay_job (
    meter_id   TEXT PRIMARY KEY REFERENCES meter (meter_id),
    want       INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    settled    INTEGER NOT NULL CHECK (settled IN (0, 1)),
    button     INTEGER NOT NULL CHECK (button IN (0, 1)),
    alarmed    INTEGER NOT NULL CHECK (alarmed IN (0, 1)),
    wanted_ms  INTEGER NOT NULL,
    order_no   TEXT NOT NULL DEFAULT ''            -- whose payment asked for it
) STRICT, WITHOUT ROWID;

-- At most one refund number a document, the same for ever.
CREATE TABLE refund (
    document_no TEXT PRIMARY KEY,                  -- an order's or a stray payment's number
    refund_no   TEXT NOT NULL UNIQUE,
    channel     TEXT NOT NULL,
    order_no    TEXT NOT NULL,                     -- '' : by trade number
    trade_no    TEXT NOT NULL,
    fen         INTEGER NOT NULL CHECK (fen > 0),
    body        TEXT NOT NULL,
    call        INTEGER NOT NULL DEFAULT 0,
    queries     INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Payments that belong to no order.
CREATE TABLE stray (
    stray_no        TEXT PRIMARY KEY,
    channel         TEXT NOT NULL,
    trade_no        TEXT NOT NULL,
    seen_as         TEXT NOT NULL,                 -- the order number that the provider named
    amount_fen      INTEGER NOT NULL CHECK (amount_fen > 0),
    state           TEXT NOT NULL CHECK (state IN ('OPEN', 'REFUND_DUE', 'REFUNDING', 'REFUNDED',
                        'REVIEW')),
    refund_numbered INTEGER NOT NULL DEFAULT 0 CHECK (refund_numbered IN (0, 1)),
    version         INTEGER NOT NULL,
    inbox_id        INTEGER REFERENCES pay_inbox (inbox_id),
    created_at      INTEGER NOT NULL,
    UNIQUE (channel, trade_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE stray_event (
    stray_no TEXT NOT NULL REFERENCES stray (stray_no),
    seq      INTEGER NOT NULL,
    event    TEXT NOT NULL,
    to_state TEXT NOT NULL,
    inbox_id INTEGER REFERENCES pay_inbox (inbox_id),
    actor    TEXT NOT NULL DEFAULT '',
    at       INTEGER NOT NULL,
    PRIMARY KEY (stray_no, seq)
) STRICT, WITHOUT ROWID;

-- The ledger. Append only; the key is (document, step).
CREATE TABLE posting (
    posting_id  INTEGER PRIMARY KEY,
    document_no TEXT NOT NULL,
    step        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    UNIQUE (document_no, step)
) STRICT;

CREATE TABLE leg (
    posting_id INTEGER NOT NULL REFERENCES posting (posting_id),
    line       INTEGER NOT NULL,
    account    TEXT NOT NULL,
    subject    TEXT NOT NULL,                      -- channel, document or meter; '' for none
    fen        INTEGER NOT NULL CHECK (fen <> 0),  -- > 0 debit, < 0 credit
    PRIMARY KEY (posting_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX leg_account ON leg (account, subject);

-- Sum of the legs, kept with every posting; the audit adds the legs up again.
CREATE TABLE account_sum (
    account TEXT NOT NULL,
    subject TEXT NOT NULL,
    fen     INTEGER NOT NULL,
    PRIMARY KEY (account, subject)
) STRICT, WITHOUT ROWID;

-- Money that is on its way to a device: HELD still has it, METER will get it.
CREATE TABLE reservation (
    order_no TEXT PRIMARY KEY REFERENCES pay_order (order_no),
    account  TEXT NOT NULL,
    meter_id TEXT NOT NULL,
    fen      INTEGER NOT NULL CHECK (fen > 0),
    state    TEXT NOT NULL CHECK (state IN ('pending', 'posted', 'void'))
) STRICT, WITHOUT ROWID;

-- What has been charged to a balance in the cloud: the register so far, and what is below one fen.
CREATE TABLE meter_use (
    meter_id  TEXT PRIMARY KEY REFERENCES meter (meter_id),
    energy_e4 INTEGER NOT NULL,
    rest_e6   INTEGER NOT NULL                     -- 0.000001 fen not yet charged, 0..999999
) STRICT, WITHOUT ROWID;

-- Messages to customers: at most one of each fact an order, sent after the commit.
CREATE TABLE notice (
    order_no   TEXT NOT NULL REFERENCES pay_order (order_no),
    fact       TEXT NOT NULL CHECK (fact IN ('credited', 'refund_ordered', 'refunded', 'in_review')),
    created_at INTEGER NOT NULL,
    sent_at    INTEGER,
    PRIMARY KEY (order_no, fact)
) STRICT, WITHOUT ROWID;

-- What a person must look at, once per kind and subject until it is cleared.
CREATE TABLE alarm (
    alarm_id   INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    text       TEXT NOT NULL,
    count      INTEGER NOT NULL DEFAULT 1,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    UNIQUE (kind, subject)
) STRICT;

-- Open items: an owner and a deadline each.
CREATE TABLE review_item (
    item_id     INTEGER PRIMARY KEY,
    document_no TEXT NOT NULL,
    document    TEXT NOT NULL CHECK (document IN ('order', 'stray')),
    reason      TEXT NOT NULL,
    owner       TEXT NOT NULL,
    opened_at   INTEGER NOT NULL,
    due_ms      INTEGER NOT NULL,
    overdue     INTEGER NOT NULL DEFAULT 0 CHECK (overdue IN (0, 1)),
    closed_at   INTEGER,
    outcome     TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX review_item_open ON review_item (document_no) WHERE closed_at IS NULL;

-- Append only. The machine's own proof signs with an empty name.
CREATE TABLE review_signature (
    signature_id INTEGER PRIMARY KEY,
    item_id      INTEGER NOT NULL REFERENCES review_item (item_id),
    decision     TEXT NOT NULL,
    person       TEXT NOT NULL,
    version      INTEGER NOT NULL,                 -- of the document when it was signed
    given_ms     INTEGER NOT NULL,
    given_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX review_signature_item ON review_signature (item_id);

-- Append only: readings, references, notes that people attach.
CREATE TABLE review_evidence (
    evidence_id INTEGER PRIMARY KEY,
    document_no TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('reading', 'physical', 'reference', 'note')),
    person      TEXT NOT NULL,
    text        TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX review_evidence_document ON review_evidence (document_no);

-- People who may sign; the password as a salted scrypt hash.
CREATE TABLE person (
    name     TEXT PRIMARY KEY,
    salt     BLOB NOT NULL CHECK (length(salt) = 16),
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    failures INTEGER NOT NULL DEFAULT 0,
    until_ms INTEGER NOT NULL DEFAULT 0,           -- locked after too many wrong passwords
    disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER pay_inbox_kept BEFORE UPDATE ON pay_inbox
    BEGIN SELECT raise(ABORT, 'pay_inbox is append only'); END;
CREATE TRIGGER pay_inbox_there BEFORE DELETE ON pay_inbox
    BEGIN SELECT raise(ABORT, 'pay_inbox is append only'); END;
CREATE TRIGGER pay_event_kept BEFORE UPDATE ON pay_event
    BEGIN SELECT raise(ABORT, 'pay_event is append only'); END;
CREATE TRIGGER pay_event_there BEFORE DELETE ON pay_event
    BEGIN SELECT raise(ABORT, 'pay_event is append only'); END;
CREATE TRIGGER delivery_event_kept BEFORE UPDATE ON delivery_event
    BEGIN SELECT raise(ABORT, 'delivery_event is append only'); END;
CREATE TRIGGER delivery_event_there BEFORE DELETE ON delivery_event
    BEGIN SELECT raise(ABORT, 'delivery_event is append only'); END;
CREATE TRIGGER posting_kept BEFORE UPDATE ON posting
    BEGIN SELECT raise(ABORT, 'posting is append only'); END;
CREATE TRIGGER posting_there BEFORE DELETE ON posting
    BEGIN SELECT raise(ABORT, 'posting is append only'); END;
CREATE TRIGGER leg_kept BEFORE UPDATE ON leg
    BEGIN SELECT raise(ABORT, 'leg is append only'); END;
CREATE TRIGGER leg_there BEFORE DELETE ON leg
    BEGIN SELECT raise(ABORT, 'leg is append only'); END;
CREATE TRIGGER review_signature_kept BEFORE UPDATE ON review_signature
    BEGIN SELECT raise(ABORT, 'review_signature is append only'); END;
CREATE TRIGGER review_evidence_kept BEFORE UPDATE ON review_evidence
    BEGIN SELECT raise(ABORT, 'review_evidence is append only'); END;
