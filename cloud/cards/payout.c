/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a return case leaves to be paid. The value of a done order is back, so its payer gets the
 * amount at the desk - unless his wallet has paid him already, on its own pages and without us:
 * that was booked as our loss, and what the meter gave back makes the loss good. The wallet may do
 * so at any time, and need not tell, so it is asked before anybody signs: cash is stopped by nobody
 * else.
 */
#include "cloud/cards/internal.h"
#include "cloud/orders/alarm.h"
#include "cloud/orders/ledger_store.h"
#include "cloud/orders/review_store.h"
#include "common/must.h"
#include "common/str.h"

bool payout_is_kept(const struct money_case *c)
{
    const uint32_t refunded = ORDER_REFUNDED_AFTER_CREDIT | ORDER_REFUNDED_MEANWHILE;
    return (c->row.order.flags & refunded) != 0;
}

enum err payout_is_unclear(const struct money_case *c, bool *ret_unclear)
{
    struct review_facts facts;
    enum err err = review_facts_load(c->db, c->row.order_no, &facts);
    *ret_unclear = err == OK && facts.provider_refunded && !payout_is_kept(c);
    return err;
}

static enum err post(struct db *db, const struct payout *payout, enum ledger_step step)
{
    const struct ledger_document document = {
        .document_no = payout->case_no, .channel = "", .meter_id = payout->meter_id};
    return ledger_store_post(db, &document, step, money_fen(payout->amount_fen));
}

enum err payout_owe(const struct money_case *c, const struct payout *payout)
{
    struct db *db = c->db;
    enum err err = post(db, payout, LEDGER_DESK_OWE_CARD);
    if (err == OK) {
        err = review_open(c->orders, db, "payout", payout->case_no, "card_payout");
    }
    return err == OK ? alarm_raise(db, "card_payout", payout->case_no,
                                   "the meter gave the value back: pay it out at the desk")
                     : err;
}

enum err payout_keep(struct db *db, const struct payout *payout)
{
    return post(db, payout, LEDGER_DESK_KEEP_CARD);
}

/* ---- at the desk ---- */

/* What return_pay_out() must know. */
struct owed {
    char order_no[ORDER_NUMBER_SIZE];
    char meter_id[API_ID_SIZE];
    int64_t amount_fen;
    bool is_owed;
    bool is_asked; /* one person has said so, not long ago ... */
    char payer[PERSON_NAME_SIZE];
};

static enum err load(struct db *db, const char *case_no, struct owed *ret_owed)
{
    struct sql *sql = sql_begin(db, "SELECT order_no, meter_id, amount_fen, payout = 'owed', payer,"
                                    " payer_ms FROM card_return_case WHERE case_no = ?1");
    sql_bind_text(sql, 1, case_no);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    struct owed owed = {.amount_fen = sql_i64(sql, 2), .is_owed = sql_bool(sql, 3)};
    owed.is_asked =
        sql_text(sql, 4)[0] != '\0' && db_service_ms(db) - sql_i64(sql, 5) <= DESK_SECOND_MS;
    /* Paid: two names stand there, and neither matters. */
    const bool good = sql_copy_text(sql, 0, owed.order_no, sizeof(owed.order_no)) &&
                      sql_copy_text(sql, 1, owed.meter_id, sizeof(owed.meter_id)) &&
                      (!owed.is_owed || sql_copy_text(sql, 4, owed.payer, sizeof(owed.payer)));
    sql_end(sql);
    if (!good) {
        return ERR_CHECKSUM;
    }
    *ret_owed = owed;
    return OK;
}

static enum err note_payer(struct db *db, const struct payout_wish *wish)
{
    struct sql *sql =
        sql_begin(db, "UPDATE card_return_case SET payer = ?2, payer_ms = ?3 WHERE case_no = ?1");
    sql_bind_text(sql, 1, wish->case_no);
    sql_bind_text(sql, 2, wish->person);
    sql_bind_i64(sql, 3, db_service_ms(db));
    return sql_run(sql);
}

static enum err book_paid(struct db *db, const struct payout_wish *wish,
                          const struct payout *payout)
{
    struct sql *sql = sql_begin(db, "UPDATE card_return_case SET payout = 'paid',"
                                    " payer = payer || '+' || ?2 WHERE case_no = ?1");
    sql_bind_text(sql, 1, wish->case_no);
    sql_bind_text(sql, 2, wish->person);
    enum err err = sql_run(sql);
    if (err == OK) {
        err = review_close(db, payout->case_no, "paid");
    }
    return err == OK ? post(db, payout, LEDGER_DESK_PAY) : err;
}

/* Nothing is owed. Perhaps because it was paid, and the answer to the second person was lost. */
static enum err tell_decided(struct db *db, struct payout_wish *wish)
{
    struct sql *sql = sql_begin(db, "SELECT stage, payout, CASE WHEN payer = '' THEN 'nobody' ELSE"
                                    " payer END FROM card_return_case WHERE case_no = ?1");
    sql_bind_text(sql, 1, wish->case_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        str_format_cut(wish->decided, sizeof(wish->decided),
                       "the case is %s, its payout is \"%s\", signed by %s", sql_text(sql, 0),
                       sql_text(sql, 1), sql_text(sql, 2));
    }
    sql_end(sql);
    return err;
}

/* His wallet paid him between the meter's word and now. */
static enum err book_kept(struct db *db, const struct payout *payout)
{
    struct sql *sql =
        sql_begin(db, "UPDATE card_return_case SET payout = 'none' WHERE case_no = ?1");
    sql_bind_text(sql, 1, payout->case_no);
    enum err err = sql_run(sql);
    if (err == OK) {
        err = review_close(db, payout->case_no, "refunded by the wallet");
    }
    return err == OK ? post(db, payout, LEDGER_DESK_KEEP) : err;
}

/* Why nothing is paid out now; NULL: it is. */
static const char *refuse(const struct owed *owed, const struct payout_wish *wish, bool unclear)
{
    if (unclear) {
        return "refund_seen"; /* how much is still due, no machine knows */
    }
    return owed->is_asked && str_equal(owed->payer, wish->person) ? "same_person" : NULL;
}

static enum err pay_out(struct money_case *c, struct payout_wish *wish, const struct owed *owed)
{
    const struct payout payout = {
        .case_no = wish->case_no, .meter_id = owed->meter_id, .amount_fen = owed->amount_fen};
    bool unclear = false;
    if (payout_is_kept(c)) {
        wish->refused = "refunded_by_wallet";
        return book_kept(c->db, &payout);
    }
    enum err err = payout_is_unclear(c, &unclear);
    wish->refused = err == OK ? refuse(owed, wish, unclear) : NULL;
    if (err != OK || wish->refused != NULL) {
        return err;
    }
    if (!owed->is_asked) {
        return note_payer(c->db, wish);
    }
    err = book_paid(c->db, wish, &payout);
    wish->paid = err == OK;
    return err;
}

enum err payout_order(struct db *db, void *arg)
{
    struct payout_wish *wish = arg;
    struct owed owed;
    enum err err = load(db, wish->case_no, &owed);
    wish->order_no[0] = '\0';
    if (err == OK && owed.is_owed) {
        bool fits = str_copy(wish->order_no, sizeof(wish->order_no), owed.order_no);
        MUST(fits);
    }
    return err;
}

enum err return_pay_out(struct db *db, void *arg)
{
    struct payout_wish *wish = arg;
    struct owed owed;
    struct money_case c;
    enum err err = load(db, wish->case_no, &owed);
    if (err == OK) {
        err = case_open(&c, wish->cards->setup.orders, db, owed.order_no);
    }
    if (err != OK) {
        return err;
    }
    if (owed.is_owed) {
        return pay_out(&c, wish, &owed);
    }
    wish->refused = "nothing_owed";
    return tell_decided(db, wish);
}
