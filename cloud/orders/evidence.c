/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence first, then the event that points to it, in one commit. A statement that is genuine but
 * whose amount cannot be read as fen is told as a payment in a wrong currency: a person looks at
 * it, and nothing is booked from a number that we do not understand.
 */
#include "cloud/orders/evidence.h"

#include <string.h>

#include "cloud/orders/refund_store.h"
#include "cloud/orders/stray_store.h"
#include "common/log.h"
#include "common/str.h"
#include "protocol/payments/result.h"

enum err evidence_store(struct db *db, const struct evidence *evidence, int64_t *ret_inbox_id)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO pay_inbox (channel, source, verdict, document_no, headers, body,"
                      " received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    sql_bind_text(sql, 1, pay_wallet_name(evidence->wallet));
    sql_bind_text(sql, 2, evidence->source);
    sql_bind_text(sql, 3, pay_result_name(evidence->result));
    sql_bind_text(sql, 4, evidence->document_no);
    sql_bind_text(sql, 5, evidence->headers);
    sql_bind_blob(sql, 6, evidence->body_size > 0 ? evidence->body : (const uint8_t *)"",
                  evidence->body_size);
    sql_bind_i64(sql, 7, db_wall_s(db));
    enum err err = sql_run(sql);
    if (err == OK) {
        *ret_inbox_id = db_last_rowid(db);
    }
    return err;
}

enum err evidence_store_answer(struct db *db, enum pay_wallet wallet, const char *source,
                               const char *document_no, const struct pay_answer *answer,
                               int64_t *ret_inbox_id)
{
    *ret_inbox_id = 0;
    if (!answer->evidence.verified) {
        return OK;
    }
    const struct evidence evidence = {
        .wallet = wallet,
        .source = source,
        .result = answer->result,
        .document_no = document_no,
        .headers = answer->evidence.headers,
        .body = answer->evidence.body,
        .body_size = answer->evidence.body_size,
    };
    return evidence_store(db, &evidence, ret_inbox_id);
}

static enum err tell_paid(struct money_case *c, const struct statement *statement, int64_t inbox_id)
{
    struct order_event event = {.kind = ORDER_EV_PAID,
                                .amount = money_fen(statement->amount_fen),
                                .currency_wrong = !statement->currency_ok};
    if (statement->amount_fen <= 0) {
        event.amount = c->row.order.amount;
        event.currency_wrong = true;
    }
    if (!str_copy(event.trade_no, sizeof(event.trade_no), statement->trade_no)) {
        return ERR_RANGE;
    }
    return case_tell_order(c, &event, inbox_id, "");
}

static enum err tell_kind(struct money_case *c, enum order_event_kind kind, int64_t fen,
                          int64_t inbox_id)
{
    const struct order_event event = {.kind = kind, .amount = money_fen(fen > 0 ? fen : 0)};
    return case_tell_order(c, &event, inbox_id, "");
}

/* Some of it went back: for people, who need the amount and the number of what was paid. */
static enum err tell_partly(struct money_case *c, const struct statement *statement,
                            int64_t inbox_id)
{
    const bool booked = statement->currency_ok && statement->amount_fen > 0;
    struct order_event event = {.kind = ORDER_EV_PARTIAL_REFUND,
                                .amount = money_fen(booked ? statement->amount_fen : 0)};
    if (!str_copy(event.trade_no, sizeof(event.trade_no), statement->trade_no)) {
        return ERR_RANGE;
    }
    return case_tell_order(c, &event, inbox_id, "");
}

static enum err tell_refunded(struct money_case *c, const struct statement *statement,
                              int64_t inbox_id)
{
    return tell_kind(c, ORDER_EV_EXTERNAL_REFUND, statement->refunded_fen, inbox_id);
}

/* True where the next word of a payment would be the first: money that came then is credited. */
static bool is_first_word(const struct order *order)
{
    return order->money == ORDER_MONEY_NONE && order->state != ORDER_REVIEW;
}

/* What the bills list as paid back for this order; a refund that two of them list counts once. */
static enum err sum_billed(const struct money_case *c, int64_t *ret_fen)
{
    struct sql *sql = sql_begin(
        c->db, "SELECT coalesce(sum(fen), 0) FROM (SELECT max(fen) AS fen FROM bill_row b"
               " WHERE order_no = ?1 AND channel = ?2 AND kind = 'refund' AND state = 'done'"
               " AND NOT EXISTS (SELECT 1 FROM stray s WHERE s.channel = b.channel"
               "  AND s.trade_no = b.trade_no) GROUP BY refund_no)");
    sql_bind_text(sql, 1, c->row.order_no);
    sql_bind_text(sql, 2, pay_wallet_name(c->row.wallet));
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_fen = sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

/*
 * Some refund by others exists, and the signed word does not say of how much. That it was the whole
 * is believed once the bills' rows add up to the payment; until then it is some of it.
 */
static enum err tell_others_refund(struct money_case *c, const struct statement *statement,
                                   int64_t inbox_id)
{
    const int64_t paid_fen = c->row.order.paid.fen;
    int64_t billed_fen = 0;
    enum err err = sum_billed(c, &billed_fen);
    if (err != OK) {
        return err;
    }
    return paid_fen > 0 && billed_fen == paid_fen
               ? tell_kind(c, ORDER_EV_EXTERNAL_REFUND, billed_fen, inbox_id)
               : tell_partly(c, statement, inbox_id);
}

/*
 * Paid, and some refund exists: ours is followed by its own worker, any other is for people. If
 * this is the first that we hear of the payment, "paid" is never told: it would be credited.
 */
static enum err tell_paid_refund_seen(struct money_case *c, const struct statement *statement,
                                      int64_t inbox_id)
{
    if (is_first_word(&c->row.order)) {
        return tell_partly(c, statement, inbox_id);
    }
    enum err err = tell_paid(c, statement, inbox_id);
    return err != OK || c->row.order.refund_numbered ? err
                                                     : tell_others_refund(c, statement, inbox_id);
}

enum err evidence_tell(struct money_case *c, const struct statement *statement, int64_t inbox_id)
{
    switch (statement->result) {
    case PAY_PAID:
        return tell_paid(c, statement, inbox_id);
    case PAY_PAID_REFUND_SEEN:
        return tell_paid_refund_seen(c, statement, inbox_id);
    case PAY_REFUNDED:
        return tell_refunded(c, statement, inbox_id);
    case PAY_PARTLY_REFUNDED:
        return tell_partly(c, statement, inbox_id);
    case PAY_UNPAID:
        return tell_kind(c, ORDER_EV_QUERY_UNPAID, 0, inbox_id);
    case PAY_CLOSED:
        return tell_kind(c, ORDER_EV_QUERY_CLOSED, 0, inbox_id);
    case PAY_NOT_EXIST:
        return tell_kind(c, ORDER_EV_QUERY_NOT_EXIST, 0, inbox_id);
    case PAY_UNKNOWN:
    case PAY_QR:
    case PAY_REFUSED:
    case PAY_QUERY_FIRST:
    case PAY_CLOSE_REFUSED:
    case PAY_REFUND_PROCESSING:
    case PAY_REFUND_ABNORMAL:
    case PAY_REFUND_CLOSED:
    case PAY_REFUND_NOT_ALLOWED:
    case PAY_REFUND_LOW_BALANCE:
    case PAY_REFUND_DOUBTFUL:
    case PAY_RESULT_COUNT:
        break;
    }
    return tell_kind(c, ORDER_EV_QUERY_UNKNOWN, 0, inbox_id);
}

/* ---- one question outside the worker's rhythm ---- */

struct asked {
    struct orders *orders;
    const char *document_no;
    enum pay_wallet wallet;
    char trade_no[PAY_TRADE_NO_SIZE]; /* of a stray payment, whose order number is not ours */
    struct pay_answer answer;
};

static enum err load_stray(struct db *db, struct asked *asked)
{
    struct stray_row row;
    enum err err = stray_row_load(db, asked->document_no, &row);
    if (err == OK) {
        asked->wallet = row.wallet;
        memcpy(asked->trade_no, row.trade_no, sizeof(asked->trade_no));
    }
    return err;
}

static enum err load_asked(struct db *db, void *arg)
{
    struct asked *asked = arg;
    struct order_row row;
    if (refund_is_stray(asked->document_no)) {
        return load_stray(db, asked);
    }
    enum err err = order_row_load(db, asked->document_no, &row);
    if (err == OK) {
        asked->wallet = row.wallet;
    }
    return err;
}

static enum err keep_answer(struct db *db, const struct asked *asked, int64_t *ret_inbox_id)
{
    return evidence_store_answer(db, asked->wallet, "query", asked->document_no, &asked->answer,
                                 ret_inbox_id);
}

/* A stray payment is told nothing: its money went to nobody, and people decide where it goes. */
static enum err tell_answer(struct db *db, void *arg)
{
    struct asked *asked = arg;
    struct money_case c;
    int64_t inbox_id = 0;
    if (refund_is_stray(asked->document_no)) {
        return keep_answer(db, asked, &inbox_id);
    }
    enum err err = case_open(&c, asked->orders, db, asked->document_no);
    if (err == OK) {
        err = keep_answer(db, asked, &inbox_id);
    }
    if (err != OK) {
        return err;
    }
    const struct statement statement = {
        .result = asked->answer.result,
        .amount_fen = asked->answer.amount_fen,
        .refunded_fen = asked->answer.refunded_fen,
        .currency_ok = asked->answer.currency_ok,
        .trade_no = asked->answer.trade_no,
    };
    err = evidence_tell(&c, &statement, inbox_id);
    return err == OK ? case_commit(&c) : err;
}

enum err evidence_query(struct orders *orders, const char *document_no, enum pay_result *ret_result)
{
    struct asked asked = {.orders = orders, .document_no = document_no};
    struct pay *pay = orders->setup.pay;
    enum err err = store_read(orders->setup.store, load_asked, &asked);
    if (err != OK) {
        return err;
    }
    if (asked.trade_no[0] != '\0') {
        pay_query_trade(pay, asked.wallet, asked.trade_no, &asked.answer);
    } else {
        pay_query(pay, asked.wallet, document_no, &asked.answer);
    }
    if (asked.answer.alarm) {
        log_error("query of %s: %s", document_no, asked.answer.log_text);
    }
    err = store_run(orders->setup.store, tell_answer, &asked);
    *ret_result = asked.answer.result;
    pay_answer_finish(&asked.answer);
    return err;
}

/* False while our own refund may still be carried out; one that was is in the inbox now. */
static enum err ask_for_ours(struct orders *orders, const char *document_no, bool *ret_over)
{
    enum refund_answer answer = REFUND_ANSWER_UNKNOWN;
    enum err err = refund_ask(orders, document_no, &answer);
    if (err == ERR_NOT_FOUND) {
        *ret_over = true;
        return OK;
    }
    *ret_over = err == OK && (answer == REFUND_ANSWER_OK || answer == REFUND_ANSWER_ABNORMAL ||
                              answer == REFUND_ANSWER_CLOSED || answer == REFUND_ANSWER_NOT_EXIST ||
                              answer == REFUND_ANSWER_NOT_ALLOWED);
    return err;
}

enum err evidence_ask_first(struct orders *orders, const char *document_no, bool *ret_heard)
{
    enum pay_result result = PAY_UNKNOWN;
    enum err err = evidence_query(orders, document_no, &result);
    *ret_heard = err == OK && (result == PAY_PAID || result == PAY_PAID_REFUND_SEEN ||
                               result == PAY_REFUNDED || result == PAY_PARTLY_REFUNDED);
    return *ret_heard ? ask_for_ours(orders, document_no, ret_heard) : err;
}
