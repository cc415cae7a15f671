/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value that is bought back. A token that was given out cannot be had back, so the next one says
 * less: T without this purchase. Two persons begin; only the meter's own newer word ends it. If it
 * took the reversal, the money may go back; if it refused, because the value is used, a third token
 * says the old T again. Until then nothing is sold to that meter.
 */
#include <string.h>

#include "cloud/cards/internal.h"
#include "cloud/cards/purse.h"
#include "cloud/orders/alarm.h"
#include "cloud/orders/review_store.h"
#include "common/must.h"
#include "common/str.h"

/* A row of card_return_case. */
struct row {
    char case_no[ORDER_NUMBER_SIZE];
    char order_no[ORDER_NUMBER_SIZE];
    char meter_id[API_ID_SIZE];
    bool issued; /* else: one person has asked */
    int64_t amount_fen;
    struct card_return_open open;
    char first[PERSON_NAME_SIZE];
    int64_t asked_ms;
};

static enum err load_open(struct db *db, const char *meter_id, struct row *ret_row)
{
    struct sql *sql = sql_begin(
        db,
        "SELECT case_no, order_no, meter_id, stage = 'REVERSAL_ISSUED', amount_fen,"
        " n, had_seq, first, asked_ms, EXISTS (SELECT 1 FROM card_token t WHERE"
        "  t.meter_id = c.meter_id AND t.n >= c.n AND t.written_at IS NOT NULL)"
        " FROM card_return_case c WHERE meter_id = ?1 AND stage IN ('ASKED', 'REVERSAL_ISSUED')");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    struct row row = {.issued = sql_bool(sql, 3),
                      .amount_fen = sql_i64(sql, 4),
                      .open = {.n = (uint32_t)sql_i64(sql, 5),
                               .was_written = sql_bool(sql, 9),
                               .had_seen = !sql_is_null(sql, 6),
                               .had_seq = (uint32_t)sql_i64(sql, 6)},
                      .asked_ms = sql_i64(sql, 8)};
    const bool good = sql_copy_text(sql, 0, row.case_no, sizeof(row.case_no)) &&
                      sql_copy_text(sql, 1, row.order_no, sizeof(row.order_no)) &&
                      sql_copy_text(sql, 2, row.meter_id, sizeof(row.meter_id)) &&
                      sql_copy_text(sql, 7, row.first, sizeof(row.first));
    sql_end(sql);
    if (!good) {
        return ERR_CHECKSUM;
    }
    *ret_row = row;
    return OK;
}

/* Without a case, too: two persons sent money back whose value the meter has. The next purchase
 * would pay for it. */
enum err return_is_open(struct db *db, const char *meter_id, bool *ret_open)
{
    struct row row;
    struct book_account account;
    enum err err = book_account_load(db, meter_id, &account);
    if (err != OK) {
        return err;
    }
    err = load_open(db, meter_id, &row);
    *ret_open = (err == OK && row.issued) || return_is_behind(&account);
    return err == ERR_NOT_FOUND ? OK : err;
}

bool return_is_behind(const struct book_account *account)
{
    return account->has_seen && account->seen_total_fen > account->total_fen;
}

/* ---- beginning ---- */

/* What not even two persons may begin; NULL if they may. */
static const char *refuse_order(const struct money_case *c)
{
    const enum order_state state = c->row.order.state;
    if (c->row.kind != DELIVERY_CARD_TOKEN || !c->has_delivery) {
        return "not_a_card_order";
    }
    const enum delivery_stage stage = c->delivery.delivery.stage;
    if (stage == DELIVERY_READY) {
        return "not_issued"; /* it goes back by itself */
    }
    const bool on_its_way =
        stage == DELIVERY_ASSIGNED && (state == ORDER_CREDITING || state == ORDER_REVIEW);
    const bool done = stage == DELIVERY_DELIVERED && state == ORDER_DONE;
    return on_its_way || done ? NULL : "not_returnable";
}

static enum err was_returned(struct db *db, const char *order_no, bool *ret_returned)
{
    struct sql *sql =
        sql_begin(db, "SELECT 1 FROM card_return_case WHERE order_no = ?1 AND stage = 'REVERSED'");
    sql_bind_text(sql, 1, order_no);
    enum err err = sql_one(sql);
    sql_end(sql);
    *ret_returned = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err ask(struct db *db, struct return_wish *wish, const struct order_row *order)
{
    enum err err = token_document(wish->cards, db, "CR", wish->case_no);
    if (err != OK) {
        return err;
    }
    struct sql *sql = sql_begin(
        db, "INSERT INTO card_return_case (case_no, order_no, meter_id, stage, amount_fen, first,"
            " asked_ms, asked_at) VALUES (?1, ?2, ?3, 'ASKED', ?4, ?5, ?6, ?7)");
    sql_bind_text(sql, 1, wish->case_no);
    sql_bind_text(sql, 2, wish->order_no);
    sql_bind_text(sql, 3, order->meter_id);
    sql_bind_i64(sql, 4, order->order.amount.fen);
    sql_bind_text(sql, 5, wish->person);
    sql_bind_i64(sql, 6, db_service_ms(db));
    sql_bind_i64(sql, 7, db_wall_s(db));
    return sql_run(sql);
}

/* Nobody came in time: what one person asked for is void. */
static enum err forget(struct db *db, const struct row *row)
{
    struct sql *sql =
        sql_begin(db, "DELETE FROM card_return_case WHERE case_no = ?1 AND stage = 'ASKED'");
    sql_bind_text(sql, 1, row->case_no);
    return sql_run(sql);
}

static enum err store_issued(struct db *db, const struct return_wish *wish, const struct row *row,
                             const struct book_account *account, const struct book_token *token)
{
    struct sql *sql =
        sql_begin(db, "UPDATE card_return_case SET stage = 'REVERSAL_ISSUED', n = ?2,"
                      " total_fen = ?3, had_seq = ?4, second = ?5 WHERE case_no = ?1");
    sql_bind_text(sql, 1, row->case_no);
    sql_bind_i64(sql, 2, token->n);
    sql_bind_i64(sql, 3, token->total_fen);
    if (account->has_seen) {
        sql_bind_i64(sql, 4, account->seen_seq);
    }
    sql_bind_text(sql, 5, wish->person);
    return sql_run(sql);
}

static enum err issue(struct db *db, struct return_wish *wish, const struct row *row)
{
    struct book_account account;
    struct book_card card;
    struct book_token token;
    enum err err = book_account_load(db, row->meter_id, &account);
    if (err == OK) {
        err = book_card_of(db, row->meter_id, &card);
    }
    if (err != OK) {
        return err;
    }
    if (account.total_fen < row->amount_fen || !str_equal(card.state, "open")) {
        wish->refused = account.total_fen < row->amount_fen ? "total_too_small" : "card_not_open";
        return OK;
    }
    const struct token_wish reversal = {.kind = BOOK_REVERSAL,
                                        .document_no = row->case_no,
                                        .amount_fen = -row->amount_fen,
                                        .total_fen = account.total_fen - row->amount_fen};
    err = token_issue(wish->cards, db, &card, &account, &reversal, &token);
    if (err == OK) {
        err = store_issued(db, wish, row, &account, &token);
    }
    if (err == OK) { /* the payer may have neither value nor money now: somebody sees to it */
        err = review_open(wish->cards->setup.orders, db, "payout", row->case_no, "card_return");
    }
    if (err == OK) {
        bool fits = str_copy(wish->case_no, sizeof(wish->case_no), row->case_no);
        MUST(fits);
        wish->issued = true;
        wish->n = token.n;
    }
    return err;
}

static enum err begin(struct db *db, struct return_wish *wish, const struct order_row *order)
{
    struct row row;
    struct book_account account;
    enum err err = book_account_load(db, order->meter_id, &account);
    if (err == OK && account.is_exchanged) {
        wish->refused = card_reason_name(CARD_REASON_EXCHANGED); /* nobody answers any more */
        return OK;
    }
    if (err == OK) {
        err = load_open(db, order->meter_id, &row);
    }
    if (err == ERR_NOT_FOUND) {
        return ask(db, wish, order);
    }
    if (err != OK) {
        return err;
    }
    if (!row.issued && db_service_ms(db) - row.asked_ms > DESK_SECOND_MS) {
        err = forget(db, &row);
        return err == OK ? ask(db, wish, order) : err;
    }
    if (row.issued || !str_equal(row.order_no, wish->order_no)) {
        wish->refused = "case_open";
        return OK;
    }
    if (str_equal(row.first, wish->person)) {
        wish->refused = "same_person";
        return OK;
    }
    return issue(db, wish, &row);
}

enum err return_begin(struct db *db, void *arg)
{
    struct return_wish *wish = arg;
    struct money_case c;
    bool returned = false;
    bool part_seen = false;
    bool counts = false;
    wish->refused = NULL;
    enum err err = case_open(&c, wish->cards->setup.orders, db, wish->order_no);
    if (err == OK) {
        err = was_returned(db, wish->order_no, &returned);
    }
    if (err == OK) {
        err = payout_is_unclear(&c, &part_seen);
    }
    if (err == OK) {
        err = purse_is_kept(db, c.row.meter_id, &counts);
    }
    if (err != OK) {
        return err;
    }
    wish->refused = returned ? "returned_before" : refuse_order(&c);
    if (wish->refused == NULL && counts) {
        wish->refused = "not_returnable"; /* such a meter takes nothing back, and signs nothing */
    }
    if (wish->refused == NULL && part_seen && c.row.order.state == ORDER_DONE) {
        wish->refused = "refund_seen"; /* a case is about the whole amount */
    }
    return wish->refused == NULL ? begin(db, wish, &c.row) : OK;
}

/* ---- ending, by the meter's word ---- */

static enum err end(struct db *db, const struct row *row, const char *stage, const char *payout)
{
    struct sql *sql = sql_begin(db, "UPDATE card_return_case SET stage = ?2, ended_at = ?3,"
                                    " payout = ?4 WHERE case_no = ?1");
    sql_bind_text(sql, 1, row->case_no);
    sql_bind_text(sql, 2, stage);
    sql_bind_i64(sql, 3, db_wall_s(db));
    sql_bind_text(sql, 4, payout);
    enum err err = sql_run(sql);
    return err == OK ? review_close(db, row->case_no, stage) : err;
}

static enum err on_reversed(struct db *db, const struct row *row, struct money_case *c)
{
    const enum delivery_stage stage = c->delivery.delivery.stage;
    const bool done = stage == DELIVERY_DELIVERED;
    const bool is_due = done && !payout_is_kept(c);
    const struct payout payout = {
        .case_no = row->case_no, .meter_id = row->meter_id, .amount_fen = row->amount_fen};
    enum err err = end(db, row, "REVERSED", is_due ? "owed" : "none");
    if (err != OK || stage == DELIVERY_VOID) {
        return err; /* its money went back already, by two persons */
    }
    if (done) {
        return is_due ? payout_owe(c, &payout) : payout_keep(db, &payout);
    }
    const struct delivery_event event = {.kind = DELIVERY_EV_REVERSED, .use = {.energy_step = 1}};
    err = case_tell_delivery(c, &event);
    return err == OK ? case_commit(c) : err;
}

static enum err note_cancel(struct db *db, const struct row *row, uint32_t n)
{
    struct sql *sql = sql_begin(db, "UPDATE card_return_case SET cancel_n = ?2 WHERE case_no = ?1");
    sql_bind_text(sql, 1, row->case_no);
    sql_bind_i64(sql, 2, n);
    return sql_run(sql);
}

/* For the meter's card of now: it need not be the one that carried the meter's word here. */
static enum err cancel(struct cards *cards, struct db *db, const struct row *row,
                       struct book_account *account)
{
    struct book_card card;
    struct book_token token;
    const struct token_wish wish = {.kind = BOOK_CANCEL,
                                    .amount_fen = row->amount_fen,
                                    .total_fen = account->total_fen + row->amount_fen};
    enum err err = book_card_of(db, row->meter_id, &card);
    if (err == OK) {
        err = token_issue(cards, db, &card, account, &wish, &token);
    }
    return err == OK ? note_cancel(db, row, token.n) : err;
}

static enum err on_refused(struct cards *cards, struct db *db, const struct row *row,
                           struct book_account *account, const struct money_case *c)
{
    enum err err = end(db, row, "REFUSED", "none");
    if (err == OK) {
        err = alarm_raise(db, "card_return_refused", row->case_no,
                          "the meter refused to give the value back: it is used");
    }
    /* If two persons sent the money back meanwhile, T stays without it. */
    const bool restored = c->delivery.delivery.stage != DELIVERY_VOID;
    return err == OK && restored ? cancel(cards, db, row, account) : err;
}

/* What the word says of the token whose number it names. Two persons may have taken another
 * purchase out of T since the reversal, and a newer token said so. */
static enum err read_word(struct db *db, const char *meter_id, const struct card_return *word,
                          struct card_meter_word *ret_said)
{
    struct book_token token = {.total_fen = 0};
    enum err err = book_token_load(db, meter_id, word->n, &token);
    *ret_said =
        (struct card_meter_word){.seq = word->seq,
                                 .n = word->n,
                                 .total_fits = err == OK && token.total_fen == word->total_fen,
                                 .error = word->error};
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Without a case. */
static enum err tell_refused(struct db *db, const struct book_account *account)
{
    if (account->seen_error != CARD_METER_REFUSED || !return_is_behind(account)) {
        return OK;
    }
    return alarm_raise(db, "card_correction_refused", account->meter_id,
                       "money went back whose value the meter has used: it is sold nothing");
}

enum err return_hear(struct cards *cards, struct db *db, struct book_account *account,
                     const struct card_return *word)
{
    struct row row;
    struct money_case c;
    struct card_meter_word said;
    enum err err = load_open(db, account->meter_id, &row);
    if (err == ERR_NOT_FOUND || (err == OK && !row.issued)) {
        return tell_refused(db, account);
    }
    if (err == OK) {
        err = read_word(db, account->meter_id, word, &said);
    }
    if (err != OK) {
        return err;
    }
    row.open.given_n = account->n;
    const enum card_return_end how = card_return_judge(&row.open, &said);
    if (how == CARD_RETURN_WAITS) {
        return OK;
    }
    err = case_open(&c, cards->setup.orders, db, row.order_no);
    if (err != OK) {
        return err;
    }
    MUST(c.has_delivery);
    return how == CARD_RETURN_REVERSED ? on_reversed(db, &row, &c)
                                       : on_refused(cards, db, &row, account, &c);
}
