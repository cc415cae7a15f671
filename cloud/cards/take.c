/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking in what a card shows. The order is: evidence, then what the meter said, then what was
 * proven written, then a token that is due; at last the card is judged once more, by the records
 * as they have become. All of it is one commit.
 */
#include <string.h>

#include "cloud/cards/internal.h"
#include "cloud/cards/purse.h"
#include "cloud/catalog/catalog.h"
#include "cloud/orders/alarm.h"
#include "common/must.h"
#include "common/str.h"

/* ---- what is proven written ---- */

/* An order whose value was taken out of T again is not proven by the token that did so, nor by one
 * after it, until T was restored. */
#define UNPROVEN                                                                                   \
    " FROM card_token t JOIN delivery d ON d.order_no = t.document_no WHERE t.meter_id = ?1"       \
    " AND t.n <= ?2 AND d.kind = 'card' AND d.stage = 'ASSIGNED' AND NOT EXISTS"                   \
    " (SELECT 1 FROM card_return_case r WHERE r.order_no = t.document_no AND r.n <= ?2"            \
    "  AND (r.stage IN ('REVERSAL_ISSUED', 'REVERSED') OR r.cancel_n > ?2)) ORDER BY t.n LIMIT 1"

static enum err find_unproven(struct db *db, const char *meter_id, uint32_t n,
                              char ret_order_no[ORDER_NUMBER_SIZE])
{
    struct sql *sql = sql_begin(db, "SELECT t.document_no" UNPROVEN);
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, n);
    enum err err = sql_one(sql);
    if (err == OK && !sql_copy_text(sql, 0, ret_order_no, ORDER_NUMBER_SIZE)) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

enum err take_owed(struct db *db, const struct book_account *account, bool *ret_owes,
                   char ret_order_no[ORDER_NUMBER_SIZE], int64_t *ret_fen)
{
    struct sql *sql = sql_begin(
        db, "SELECT sum(t.amount_fen) FROM card_token t JOIN delivery d ON d.order_no ="
            " t.document_no WHERE t.meter_id = ?1 AND d.kind = 'card' AND d.stage = 'ASSIGNED' AND"
            " NOT EXISTS (SELECT 1 FROM card_return_case r WHERE r.order_no = t.document_no"
            " AND r.stage IN ('REVERSAL_ISSUED', 'REVERSED'))");
    enum err err = find_unproven(db, account->meter_id, account->n, ret_order_no);
    *ret_owes = err == OK;
    if (err != OK) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    sql_bind_text(sql, 1, account->meter_id);
    err = sql_one(sql);
    *ret_fen = err == OK ? sql_i64(sql, 0) : 0;
    sql_end(sql);
    return err;
}

enum err take_waiting(struct db *db, const char *uid_text, bool *ret_waits,
                      char ret_order_no[ORDER_NUMBER_SIZE], int64_t *ret_fen)
{
    struct sql *sql =
        sql_begin(db, "SELECT o.order_no, o.amount_fen FROM card_order c JOIN pay_order o USING"
                      " (order_no) JOIN delivery d USING (order_no) WHERE c.uid = ?1"
                      " AND o.state = 'PAID' AND d.kind = 'card' AND d.stage = 'READY'"
                      " ORDER BY o.created_ms, o.order_no LIMIT 1");
    sql_bind_text(sql, 1, uid_text);
    enum err err = sql_one(sql);
    *ret_waits = err == OK;
    if (err == OK) {
        *ret_fen = sql_i64(sql, 1);
        err = sql_copy_text(sql, 0, ret_order_no, ORDER_NUMBER_SIZE) ? OK : ERR_CHECKSUM;
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err tell(struct cards *cards, struct db *db, const char *order_no,
                     enum delivery_event_kind kind)
{
    struct money_case c;
    const struct delivery_event event = {.kind = kind, .use = {.energy_step = 1}};
    enum err err = case_open(&c, cards->setup.orders, db, order_no);
    if (err == OK) {
        err = case_tell_delivery(&c, &event);
    }
    return err == OK ? case_commit(&c) : err;
}

enum err take_proof(struct cards *cards, struct db *db, const char *meter_id, uint32_t n)
{
    char order_no[ORDER_NUMBER_SIZE];
    enum err err = book_tokens_written(db, meter_id, n);
    while (err == OK) {
        /* Each one that is told is ASSIGNED no more. */
        err = find_unproven(db, meter_id, n, order_no);
        if (err == OK) {
            err = tell(cards, db, order_no, DELIVERY_EV_WRITTEN);
        }
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- what nobody's proof will end ---- */

enum err take_to_persons(struct cards *cards, struct db *db, const char *meter_id, uint32_t after_n)
{
    char order_no[ORDER_NUMBER_SIZE];
    uint32_t n = after_n;
    for (;;) {
        struct sql *sql =
            sql_begin(db, "SELECT t.document_no, t.n FROM card_token t JOIN delivery d ON"
                          " d.order_no = t.document_no WHERE t.meter_id = ?1 AND t.n > ?2"
                          " AND d.kind = 'card' AND d.stage = 'ASSIGNED' ORDER BY t.n LIMIT 1");
        sql_bind_text(sql, 1, meter_id);
        sql_bind_i64(sql, 2, n);
        enum err err = sql_one(sql);
        if (err == OK) {
            n = (uint32_t)sql_i64(sql, 1);
            err = sql_copy_text(sql, 0, order_no, ORDER_NUMBER_SIZE) ? OK : ERR_CHECKSUM;
        }
        sql_end(sql);
        if (err == OK) {
            err = tell(cards, db, order_no, DELIVERY_EV_DEADLINE);
        }
        if (err != OK) {
            return err == ERR_NOT_FOUND ? OK : err;
        }
    }
}

/* The meter will take nothing more and say nothing more: what is not proven is for two persons at
 * once. What was written and never answered is an item of the daily books. */
static enum err end_exchanged(struct db *db, const struct take *take)
{
    const char *meter_id = take->account.meter_id;
    enum err err = take_to_persons(take->cards, db, meter_id, 0);
    return err == OK
               ? alarm_raise(db, "card_meter_exchanged", meter_id,
                             "nothing is sold to it any more: it was exchanged, or has a wrong"
                             " number in the catalogue (docs/cards.md, A meter is exchanged)")
               : err;
}

/* ---- our records ---- */

/* It says T, and is for this card. */
static bool is_up_to_date(const struct take *take, const struct book_token *newest)
{
    return newest->total_fen == take->account.total_fen &&
           str_equal(newest->uid_text, take->card.uid_text);
}

static enum err load_facts(struct db *db, const struct take *take, struct card_facts *ret_facts)
{
    const struct book_account *account = &take->account;
    struct card_facts facts = {.n = account->n,
                               .has_seen = account->has_seen,
                               .seen_seq = account->seen_seq,
                               .seen_n = account->seen_n,
                               .is_exchanged = account->is_exchanged};
    struct catalog_meter meter;
    struct book_token token = {.total_fen = 0};
    char order_no[ORDER_NUMBER_SIZE];
    int64_t fen = 0;
    enum err err = catalog_meter_get(db, account->meter_id, &meter);
    const bool follows_total = take->card.media != API_CARD_CPU;
    if (err == OK && account->n > 0) {
        err = book_token_load(db, account->meter_id, account->n, &token);
    }
    if (err == OK) {
        facts.total_moved = follows_total && account->n > 0 && !is_up_to_date(take, &token);
        facts.sale_is_open = meter.sale_open;
        err = return_is_open(db, account->meter_id, &facts.return_is_open);
    }
    if (err == OK) {
        err = find_unproven(db, account->meter_id, account->n, order_no);
        facts.owes = err == OK;
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    if (err == OK) {
        err = take_waiting(db, take->uid_text, &facts.waits, order_no, &fen);
    }
    if (err == OK) {
        *ret_facts = facts;
    }
    return err;
}

static enum err judge(struct db *db, struct take *take)
{
    struct card_facts facts;
    enum err err = load_facts(db, take, &facts);
    if (take->terminal_id[0] == '\0') {
        take->slots.reading.credit_was_read = true; /* the desk may bring the meter's word alone */
    }
    if (err == OK && take->card.media == API_CARD_CPU) {
        return purse_judge(db, &facts, take);
    }
    if (err == OK) {
        take->verdict = card_judge(&facts, &take->slots.reading);
    }
    return err;
}

/* ---- evidence ---- */

static void join(const char *const slots[API_CARD_SLOTS], char ret_text[BOOK_EVIDENCE_SIZE])
{
    const char *first = slots[0][0] != '\0' ? slots[0] : "-";
    const char *second = slots[1][0] != '\0' ? slots[1] : "-";
    bool fits = str_format(ret_text, BOOK_EVIDENCE_SIZE, "%s %s", first, second);
    MUST(fits);
}

static const char *verdict_word(const struct take *take)
{
    static const char *const STATES[CARD_STATE_COUNT] = {
        [CARD_READY] = "ready", [CARD_OWED] = "owed", [CARD_REPAIR] = "repair"};
    return take->verdict.state == CARD_REFUSED ? card_reason_name(take->verdict.reason)
                                               : STATES[take->verdict.state];
}

static enum err keep(struct db *db, const struct take *take, const char *verdict)
{
    struct book_evidence evidence;
    if (take->raw.purchase != NULL) {
        purse_evidence(take->raw.purchase, &evidence);
    } else {
        join(take->raw.credit, evidence.credit);
        join(take->raw.returned, evidence.returned);
    }
    struct sql *sql =
        sql_begin(db, "INSERT INTO card_reading (uid, terminal_id, document_no, credit, returned,"
                      " verdict, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    sql_bind_text(sql, 1, take->uid_text);
    sql_bind_text(sql, 2, take->terminal_id);
    sql_bind_text(sql, 3, take->document_no);
    sql_bind_text(sql, 4, evidence.credit);
    sql_bind_text(sql, 5, evidence.returned);
    sql_bind_text(sql, 6, verdict);
    sql_bind_i64(sql, 7, db_wall_s(db));
    return sql_run(sql);
}

static enum err warn(struct db *db, const struct take *take)
{
    const enum card_reason reason = take->verdict.reason;
    const bool odd = reason == CARD_REASON_BAD_MAC || reason == CARD_REASON_WRONG_METER ||
                     reason == CARD_REASON_AHEAD;
    char text[120];
    if (take->verdict.state != CARD_REFUSED || !odd) {
        return OK;
    }
    str_format_cut(text, sizeof(text), "a laid card is refused, %s: a person must look at it",
                   card_reason_name(reason));
    return alarm_raise(db, "card_odd", take->uid_text, text);
}

/* ---- the way in ---- */

static enum err tell_fault(struct db *db, const char *meter_id, uint8_t error)
{
    char text[120];
    if (!card_error_is_fault(error)) {
        return OK;
    }
    str_format_cut(text, sizeof(text),
                   "the meter did not take what a card showed it: its error word is %u", error);
    return alarm_raise(db, "card_meter_error", meter_id, text);
}

/* What the meter said since we heard it last. */
static enum err hear(struct db *db, struct take *take)
{
    const struct card_return *word = &take->slots.returned[take->verdict.news];
    enum err err = book_account_hear(db, take->account.meter_id, word);
    if (err == OK) {
        err = book_account_load(db, take->card.meter_id, &take->account);
    }
    if (err == OK) {
        err = tell_fault(db, take->account.meter_id, word->error);
    }
    return err == OK ? return_hear(take->cards, db, &take->account, word) : err;
}

/* Two persons took a purchase out of T, or the newest token is for a card that was replaced: one
 * that says T, for this card, is made before anything else is done. */
static enum err correct(struct db *db, struct take *take)
{
    struct book_token before;
    struct book_token token;
    enum err err = book_token_load(db, take->account.meter_id, take->account.n, &before);
    if (err != OK || is_up_to_date(take, &before)) {
        return err;
    }
    const int64_t moved_fen = take->account.total_fen - before.total_fen;
    const struct token_wish wish = {.kind = moved_fen != 0 ? BOOK_CORRECTION : BOOK_REPLACEMENT,
                                    .amount_fen = moved_fen,
                                    .total_fen = take->account.total_fen};
    return token_issue(take->cards, db, &take->card, &take->account, &wish, &token);
}

static enum err carry_out(struct db *db, struct take *take)
{
    const struct card_verdict first = take->verdict;
    enum err err = OK;
    if (first.proven_n > 0) { /* what the meter says may be about a token that lies there, too */
        err = book_tokens_written(db, take->account.meter_id, first.proven_n);
    }
    if (err == OK && first.news >= 0) {
        err = hear(db, take);
    }
    if (err == OK && first.proven_n > 0) {
        err = take_proof(take->cards, db, take->account.meter_id, first.proven_n);
    }
    if (err == OK && first.correct_first && str_equal(take->card.state, "open")) {
        err = correct(db, take);
    }
    if (err == OK) { /* a token may be newer now than what the slots were compared with */
        err = slots_check(take->cards, db, &take->account, &take->card, &take->raw, &take->slots);
    }
    return err == OK ? judge(db, take) : err;
}

bool take_is_believed(const struct take *take)
{
    const enum card_reason reason = take->verdict.reason;
    return take->verdict.state != CARD_REFUSED || reason == CARD_REASON_RETURN_CASE ||
           reason == CARD_REASON_SALE || reason == CARD_REASON_NOT_LOADED ||
           reason == CARD_REASON_EXCHANGED;
}

enum err take_look(struct db *db, void *arg)
{
    struct take *take = arg;
    enum err err = book_card_load(db, take->uid_text, &take->card);
    if (err == OK) {
        err = book_account_load(db, take->card.meter_id, &take->account);
    }
    if (err == OK) {
        err = slots_check(take->cards, db, &take->account, &take->card, &take->raw, &take->slots);
    }
    return err == OK ? judge(db, take) : err;
}

enum err take_reading(struct db *db, struct take *take)
{
    enum err err = take_look(db, take);
    if (err == OK && take_is_believed(take)) {
        err = carry_out(db, take);
    }
    if (err == OK && take->is_doubtful) {
        err = purse_doubt(db, take);
    }
    if (err == OK && take->account.is_exchanged) {
        err = end_exchanged(db, take);
    }
    if (err == OK) {
        err = keep(db, take, verdict_word(take));
    }
    return err == OK ? warn(db, take) : err;
}

/* Without its files, which take_last() must not find: they are worth nothing. */
static enum err keep_word(struct db *db, struct take *take, const char *verdict)
{
    const struct slots_raw nothing = {.credit = {"", ""}, .returned = {"", ""}};
    take->raw = nothing;
    return keep(db, take, verdict);
}

enum err take_untouched(struct db *db, struct take *take)
{
    return keep_word(db, take, CARD_UNTOUCHED);
}

enum err take_forged(struct db *db, struct take *take)
{
    take->verdict = (struct card_verdict){.state = CARD_REFUSED, .reason = CARD_REASON_BAD_MAC};
    enum err err = keep_word(db, take, verdict_word(take));
    return err == OK ? warn(db, take) : err;
}

/* A purchase card may have been to the meter before it was heard of again. */
static enum err is_confirmed(struct db *db, struct take *take, const struct book_token *token,
                             bool *ret_confirmed)
{
    if (take->card.media != API_CARD_CPU) {
        *ret_confirmed = card_is_confirmed(&take->slots.reading, token->n);
        return OK;
    }
    enum err err = judge(db, take);
    *ret_confirmed = err == OK && take_is_believed(take) && take->verdict.proven_n >= token->n;
    return err == OK && take->is_doubtful ? purse_doubt(db, take) : err;
}

enum err take_confirmation(struct db *db, struct take *take, const struct book_token *token,
                           bool *ret_written)
{
    enum err err = book_card_load(db, take->uid_text, &take->card);
    if (err == OK) {
        err = book_account_load(db, token->meter_id, &take->account);
    }
    if (err == OK) {
        err = slots_check(take->cards, db, &take->account, &take->card, &take->raw, &take->slots);
    }
    if (err != OK) {
        return err;
    }
    bool written = false;
    err = is_confirmed(db, take, token, &written);
    if (err == OK) {
        err = keep(db, take, written ? "written" : "not_written");
    }
    if (err == OK && written) {
        err = take_proof(take->cards, db, token->meter_id, token->n);
    }
    *ret_written = err == OK && written;
    return err;
}

static enum err last_slots(struct db *db, struct take *take, const struct book_token *token,
                           bool *ret_written)
{
    struct book_evidence evidence;
    bool carried_out = false;
    enum err err = book_evidence_last(db, take->uid_text, &evidence);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    char *space = strchr(evidence.credit, ' ');
    if (space == NULL) {
        return ERR_CHECKSUM;
    }
    *space = '\0';
    take->raw = (struct slots_raw){.credit = {evidence.credit, space + 1}, .returned = {"", ""}};
    err = book_account_load(db, token->meter_id, &take->account);
    if (err == OK) {
        err = slots_check(take->cards, db, &take->account, &take->card, &take->raw, &take->slots);
    }
    if (err == OK) {
        err = book_token_is_written(db, token, &carried_out);
    }
    *ret_written = err == OK && carried_out && card_is_confirmed(&take->slots.reading, token->n);
    take->raw = (struct slots_raw){.credit = {"", ""}, .returned = {"", ""}};
    return err;
}

static enum err last_purchase(struct db *db, struct take *take, const struct book_token *token,
                              bool *ret_written)
{
    struct purchase_files files;
    bool carried_out = false;
    enum err err = purse_last(db, take->uid_text, &files);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    take->raw.purchase = &files;
    err = take_look(db, take);
    take->raw.purchase = NULL;
    if (err == OK) {
        err = book_token_is_written(db, token, &carried_out);
    }
    *ret_written =
        err == OK && carried_out && take_is_believed(take) && take->verdict.proven_n >= token->n;
    return err;
}

enum err take_last(struct db *db, struct take *take, const struct book_token *token,
                   bool *ret_written)
{
    *ret_written = false;
    enum err err = book_card_load(db, take->uid_text, &take->card);
    if (err != OK) {
        return err;
    }
    return take->card.media == API_CARD_CPU ? last_purchase(db, take, token, ret_written)
                                            : last_slots(db, take, token, ret_written);
}
