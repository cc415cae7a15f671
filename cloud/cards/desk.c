/* SPDX-License-Identifier: Apache-2.0 */
/* The issuing desk: a meter's first card, a card in place of a lost one, and the register. */
#include <string.h>

#include "cloud/cards/internal.h"
#include "cloud/cards/purse.h"
#include "cloud/cards/serial.h"
#include "cloud/catalog/catalog.h"
#include "common/bytes.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum { LIST_MAX = 200 };

/* ---- the number of a purchase card ---- */

static bool has_number(const struct desk_issue *issue, enum api_card_media media)
{
    return media == API_CARD_CPU && issue->has_serial;
}

/* Refuse a number that is not this card's; keep one that is new, by whose hand. */
static enum err take_number(struct db *db, struct desk_issue *issue)
{
    enum serial_standing standing = SERIAL_OTHER;
    char text[SERIAL_TEXT_SIZE];
    serial_format(issue->serial, text);
    const struct book_event event = {issue->uid_text, "number", text, issue->person};
    enum err err = serial_judge(db, issue->uid_text, issue->serial, &standing);
    if (err != OK || standing != SERIAL_FREE) {
        issue->refused = err == OK && standing == SERIAL_OTHER ? "other_serial" : NULL;
        return err;
    }
    err = serial_learn(db, issue->uid_text, issue->serial);
    return err == OK ? book_card_event(db, &event) : err;
}

/* The meter keeps the customer's number of its first card for ever, and takes purchases from no
 * card with another one, whatever the catalogue says since. */
static enum err take_customer(struct db *db, struct desk_issue *issue)
{
    struct purse purse;
    if (issue->card.media != API_CARD_CPU) {
        return OK;
    }
    enum err err = purse_load(db, &issue->account, &issue->card, &purse);
    if (err == OK) {
        memcpy(issue->customer, purse.customer, sizeof(issue->customer));
    }
    return err;
}

/* ---- a card for a meter ---- */

static enum err next_card_no(struct db *db, uint32_t *ret_card_no)
{
    struct sql *sql = sql_begin(db, "SELECT coalesce(max(card_no), 0) + 1 FROM card");
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_card_no = (uint32_t)sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

static enum err make_record(struct db *db, struct desk_issue *issue,
                            const struct catalog_meter *meter)
{
    const struct vault *vault = issue->cards->setup.vault;
    struct card_keys keys;
    struct card_issue record = {.issuer = vault_issuer(vault),
                                .card_no = issue->card.card_no,
                                .key_id = issue->account.key_id,
                                .issued_at = (uint32_t)db_wall_s(db)};
    memcpy(record.meter, issue->account.meter, CARD_METER_SIZE);
    if (meter->customer_no[0] != '\0' && !card_meter_parse(meter->customer_no, record.customer)) {
        return ERR_CHECKSUM;
    }
    card_issue_encode(&record, issue->card.record);
    if (!vault_meter_keys(vault, issue->account.meter, &keys)) {
        return ERR_INTERNAL;
    }
    const bool is_signed = card_issue_sign(&keys, &issue->card.uid, issue->card.record);
    bytes_wipe(&keys, sizeof(keys));
    return is_signed ? OK : ERR_INTERNAL;
}

static enum err put_card(struct db *db, struct desk_issue *issue, const struct catalog_meter *meter)
{
    issue->card = (struct book_card){.media = issue->media};
    bool fits = str_copy(issue->card.uid_text, sizeof(issue->card.uid_text), issue->uid_text) &&
                card_uid_parse(issue->uid_text, &issue->card.uid) &&
                str_copy(issue->card.meter_id, sizeof(issue->card.meter_id), issue->meter_id) &&
                str_copy(issue->card.state, sizeof(issue->card.state), "open");
    MUST(fits);
    enum err err = book_account_load(db, issue->meter_id, &issue->account);
    if (err == OK) {
        err = next_card_no(db, &issue->card.card_no);
    }
    if (err == OK) {
        err = make_record(db, issue, meter);
    }
    return err == OK ? book_card_insert(db, &issue->card) : err;
}

/* Orders that are paid or about to be, and not issued yet, are for the new card now; and an issued
 * one that was not seen on the card, if the meter's count makes sure that it is loaded from one
 * card only. What has ended stays with the card that it ended on. */
static enum err move_orders(struct db *db, const struct desk_issue *issue)
{
    struct sql *sql = sql_begin(
        db, "UPDATE card_order SET uid = ?2 WHERE uid = ?1 AND EXISTS (SELECT 1 FROM pay_order o"
            " LEFT JOIN delivery d USING (order_no) WHERE o.order_no = card_order.order_no AND"
            " o.state IN ('NEW', 'WAIT_PAY', 'CLOSING', 'PAID', 'CREDITING', 'REVIEW') AND"
            " (coalesce(d.stage, 'READY') = 'READY' OR (?3 AND d.stage = 'ASSIGNED')))");
    sql_bind_text(sql, 1, issue->old_uid);
    sql_bind_text(sql, 2, issue->uid_text);
    sql_bind_i64(sql, 3, issue->media == API_CARD_CPU ? 1 : 0);
    return sql_run(sql);
}

static enum err retire(struct db *db, const struct desk_issue *issue)
{
    const struct book_event event = {issue->old_uid, "replaced", issue->uid_text, issue->person};
    enum err err = book_card_set_state(db, issue->old_uid, "replaced");
    return err == OK ? book_card_event(db, &event) : err;
}

/* The same T under the next number, for the new card: the old one is stale by that. */
static enum err replace_token(struct db *db, struct desk_issue *issue)
{
    struct book_token token;
    const struct token_wish wish = {.kind = BOOK_REPLACEMENT,
                                    .total_fen = issue->account.total_fen};
    enum err err = move_orders(db, issue);
    if (issue->media == API_CARD_CPU) {
        return err; /* the last purchase goes onto the new card as it is */
    }
    return err == OK ? token_issue(issue->cards, db, &issue->card, &issue->account, &wish, &token)
                     : err;
}

/* No other card may have its number. */
static enum err check_number(struct db *db, struct desk_issue *issue)
{
    enum serial_standing standing = SERIAL_OTHER;
    enum err err = serial_judge(db, issue->uid_text, issue->serial, &standing);
    issue->refused = err == OK && standing != SERIAL_FREE ? "other_serial" : NULL;
    return err;
}

/* A meter that counts purchases knows no tokens, and the other way round. */
static enum err check_kind(struct db *db, struct desk_issue *issue)
{
    bool counts = false;
    struct book_account account;
    enum err err = purse_is_kept(db, issue->meter_id, &counts);
    const bool wants = issue->media == API_CARD_CPU;
    if (err == OK && counts != wants) {
        err = book_account_load(db, issue->meter_id, &account);
        issue->refused = err == OK ? "other_media" : NULL;
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    return err;
}

/* A meter that was sold to under another id has its numbers and totals already. */
static enum err check_unknown(struct db *db, struct desk_issue *issue)
{
    bool is_known = false;
    enum err err = book_meter_is_known(db, issue->meter_id, &is_known);
    issue->refused = is_known ? "meter_known" : NULL;
    return err;
}

static enum err check(struct db *db, struct desk_issue *issue, struct catalog_meter *ret_meter)
{
    struct book_card other;
    if (issue->old_uid[0] != '\0') {
        enum err err = book_card_load(db, issue->old_uid, &other);
        if (err != OK) {
            return err;
        }
        issue->refused = str_equal(other.state, "replaced") ? "replaced_before" : NULL;
        bool fits = str_copy(issue->meter_id, sizeof(issue->meter_id), other.meter_id);
        MUST(fits);
    }
    enum err err = catalog_meter_get(db, issue->meter_id, ret_meter);
    if (err == OK && !ret_meter->profile.on_card) {
        issue->refused = "not_a_card_meter";
    }
    if (err == OK && issue->customer_no[0] != '\0' &&
        !str_equal(issue->customer_no, ret_meter->customer_no)) {
        issue->refused = "other_customer";
    }
    if (err == OK && issue->refused == NULL) {
        err = book_card_load(db, issue->uid_text, &other);
        issue->refused = err == OK ? "card_known" : NULL;
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    if (err == OK && issue->refused == NULL && issue->old_uid[0] == '\0') {
        err = book_card_of(db, issue->meter_id, &other);
        issue->refused = err == OK ? "meter_has_a_card" : NULL;
        err = err == ERR_NOT_FOUND ? check_unknown(db, issue) : err;
    }
    if (err == OK && issue->refused == NULL && has_number(issue, issue->media)) {
        err = check_number(db, issue);
    }
    return err == OK && issue->refused == NULL ? check_kind(db, issue) : err;
}

enum err desk_issue(struct db *db, void *arg)
{
    struct desk_issue *issue = arg;
    struct catalog_meter meter;
    issue->refused = NULL;
    enum err err = check(db, issue, &meter);
    if (err != OK || issue->refused != NULL) {
        return err;
    }
    const bool replaces = issue->old_uid[0] != '\0';
    err = replaces
              ? retire(db, issue)
              : book_account_open(db, issue->meter_id, vault_key_id(issue->cards->setup.vault));
    if (err == OK) {
        err = put_card(db, issue, &meter);
    }
    if (err == OK) {
        const struct book_event event = {issue->uid_text, "issued", issue->meter_id, issue->person};
        err = book_card_event(db, &event);
    }
    if (err == OK && has_number(issue, issue->media)) {
        err = take_number(db, issue);
    }
    if (err == OK) {
        err = take_customer(db, issue);
    }
    return err == OK && replaces ? replace_token(db, issue) : err;
}

/* ---- the register ---- */

enum err desk_keys(struct db *db, void *arg)
{
    struct desk_issue *issue = arg;
    char number[SERIAL_TEXT_SIZE] = "";
    issue->refused = NULL;
    enum err err = book_card_load(db, issue->uid_text, &issue->card);
    if (err == OK) {
        err = book_account_load(db, issue->card.meter_id, &issue->account);
    }
    if (err == OK && has_number(issue, issue->card.media)) {
        serial_format(issue->serial, number);
        err = take_number(db, issue);
    }
    if (err == OK) {
        err = take_customer(db, issue);
    }
    const struct book_event event = {
        issue->uid_text, issue->refused == NULL ? "keys" : "keys_refused", number, issue->person};
    return err == OK ? book_card_event(db, &event) : err;
}

enum err desk_set_state(struct db *db, void *arg)
{
    struct desk_state *wish = arg;
    struct book_card card;
    enum err err = book_card_load(db, wish->uid_text, &card);
    if (err != OK) {
        return err;
    }
    wish->refused = str_equal(card.state, "replaced") ? "replaced_before" : NULL;
    if (wish->refused != NULL) {
        return OK;
    }
    err = book_card_set_state(db, wish->uid_text, wish->state);
    const struct book_event event = {wish->uid_text, wish->state, "", wish->person};
    return err == OK ? book_card_event(db, &event) : err;
}

enum err desk_take(struct db *db, void *arg)
{
    struct desk_taking *taking = arg;
    const struct book_event event = {taking->take.uid_text, "taken", taking->what, taking->person};
    enum err err = take_reading(db, &taking->take);
    return err == OK ? book_card_event(db, &event) : err;
}

static void put_text(json_t *json, const char *name, const struct sql *sql, int column)
{
    json_put_text(json, name, sql_text(sql, column));
}

static void put_int(json_t *json, const char *name, const struct sql *sql, int column)
{
    if (sql_is_null(sql, column)) {
        json_put_null(json, name);
    } else {
        json_put_int(json, name, sql_i64(sql, column));
    }
}

/* Rows of @p sql as objects whose members are its columns; @own in @p ret_list. */
static enum err rows(struct sql *sql, const char *const *names, json_t **ret_list)
{
    json_t *list = json_array();
    bool more = true;
    enum err err = sql_next(sql, &more);
    while (err == OK && more) {
        json_t *row = json_object();
        for (int i = 0; names[i] != NULL; i++) {
            if (names[i][0] == '#') {
                put_int(row, names[i] + 1, sql, i);
            } else {
                put_text(row, names[i], sql, i);
            }
        }
        if (json_array_append_new(list, row) != 0) {
            err = ERR_MEMORY;
            break;
        }
        err = sql_next(sql, &more);
    }
    if (err != OK) {
        json_decref(list);
        return err;
    }
    *ret_list = list;
    return OK;
}

static enum err put_rows(json_t *json, const char *name, struct sql *sql, const char *const *names)
{
    json_t *list = NULL;
    enum err err = rows(sql, names, &list);
    if (err == OK) {
        json_put(json, name, list);
    }
    return err;
}

static enum err put_card_rows(struct db *db, const char *uid, const char *meter_id, json_t *json)
{
    static const char *const tokens[] = {"#n",          "kind",       "document_no", "uid",
                                         "#amount_fen", "#total_fen", "record",      "#issued_at",
                                         "#written_at", "#loaded_at", NULL};
    static const char *const events[] = {"event", "detail", "person", "#at", NULL};
    static const char *const meters[] = {"#n",          "#total_fen",      "#seen_seq",
                                         "#seen_n",     "#seen_total_fen", "#seen_balance_fen",
                                         "#seen_error", "#seen_at",        NULL};
    struct sql *sql =
        sql_begin(db, "SELECT n, kind, document_no, uid, amount_fen, total_fen, hex(record),"
                      " issued_at, written_at, loaded_at FROM card_token WHERE meter_id = ?1"
                      " ORDER BY n DESC LIMIT 20");
    sql_bind_text(sql, 1, meter_id);
    enum err err = put_rows(json, "tokens", sql, tokens);
    if (err == OK) {
        sql = sql_begin(db, "SELECT event, detail, person, at FROM card_event WHERE uid = ?1"
                            " ORDER BY event_id");
        sql_bind_text(sql, 1, uid);
        err = put_rows(json, "events", sql, events);
    }
    if (err == OK) {
        sql = sql_begin(db, "SELECT n, total_fen, seen_seq, seen_n, seen_total_fen,"
                            " seen_balance_fen, seen_error, seen_at FROM card_account"
                            " WHERE meter_id = ?1");
        sql_bind_text(sql, 1, meter_id);
        err = put_rows(json, "meter", sql, meters);
    }
    return err;
}

/* A purchase card's, if it was learnt. */
static enum err put_number(struct db *db, const struct book_card *card, json_t *json)
{
    uint8_t serial[PURCHASE_SERIAL_SIZE];
    char text[SERIAL_TEXT_SIZE];
    bool known = false;
    if (card->media != API_CARD_CPU) {
        return OK;
    }
    enum err err = serial_load(db, card->uid_text, serial, &known);
    if (err == OK && known) {
        serial_format(serial, text);
        json_put_text(json, "serial", text);
    } else if (err == OK) {
        json_put_null(json, "serial");
    }
    return err;
}

enum err desk_show(struct db *db, void *arg)
{
    struct desk_shown *shown = arg;
    struct book_card card;
    char record[CARD_RECORD_TEXT_SIZE];
    enum err err = book_card_load(db, shown->uid_text, &card);
    if (err != OK) {
        return err;
    }
    json_t *json = json_object();
    card_record_format(card.record, record);
    json_put_text(json, "uid", card.uid_text);
    json_put_text(json, "state", card.state);
    json_put_text(json, "media", api_card_media_name(card.media));
    json_put_int(json, "card_no", card.card_no);
    json_put_text(json, "meter_id", card.meter_id);
    json_put_text(json, "record", record);
    err = put_number(db, &card, json);
    if (err == OK) {
        err = put_card_rows(db, card.uid_text, card.meter_id, json);
    }
    if (err != OK) {
        json_decref(json);
        return err;
    }
    shown->json = json;
    return OK;
}

static enum err put_cards(struct db *db, const char *meter_id, json_t *json)
{
    static const char *const cards[] = {"uid", "state", "media", "#card_no", "#opened_at", NULL};
    struct sql *sql = sql_begin(db, "SELECT uid, state, media, card_no, opened_at FROM card WHERE"
                                    " meter_id = ?1 ORDER BY card_no DESC");
    sql_bind_text(sql, 1, meter_id);
    return put_rows(json, "cards", sql, cards);
}

/* As put_rows(), of @p sql whose first parameter is how many; @p more: it was cut. */
static enum err put_some(json_t *json, const char *name, struct sql *sql, const char *const *names,
                         bool *more)
{
    sql_bind_i64(sql, 1, LIST_MAX + 1);
    enum err err = put_rows(json, name, sql, names);
    json_t *list = json_object_get(json, name);
    if (err == OK && json_array_size(list) > LIST_MAX) {
        *more = true;
        MUST(json_array_remove(list, LIST_MAX) == 0);
    }
    return err;
}

enum err desk_list(struct db *db, void *arg)
{
    struct desk_shown *shown = arg;
    static const char *const owed[] = {"order_no", "owner", "uid", "#opened_at", "#due_ms", NULL};
    static const char *const cases[] = {"case_no", "order_no",    "meter_id",  "stage", "#n",
                                        "payout",  "#amount_fen", "#asked_at", NULL};
    json_t *json = json_object();
    struct sql *sql = sql_begin(db, "SELECT order_no, owner, uid, opened_at, due_ms FROM card_owed"
                                    " JOIN card_order USING (order_no) WHERE closed_at IS NULL"
                                    " ORDER BY opened_at LIMIT ?1");
    bool more = false;
    enum err err = put_some(json, "owed", sql, owed, &more);
    if (err == OK) {
        sql = sql_begin(db, "SELECT case_no, order_no, meter_id, stage, n, payout, amount_fen,"
                            " asked_at FROM card_return_case WHERE stage IN ('ASKED',"
                            " 'REVERSAL_ISSUED') OR payout = 'owed' ORDER BY asked_at LIMIT ?1");
        err = put_some(json, "cases", sql, cases, &more);
    }
    json_put_flag(json, "more", more);
    if (err == OK && shown->meter_id != NULL) {
        err = put_cards(db, shown->meter_id, json);
    }
    if (err != OK) {
        json_decref(json);
        return err;
    }
    shown->json = json;
    return OK;
}

enum err desk_case(struct db *db, void *arg)
{
    struct desk_shown *shown = arg;
    static const char *const names[] = {"case_no",   "order_no",    "meter_id",  "stage",  "#n",
                                        "#cancel_n", "#amount_fen", "first",     "second", "payout",
                                        "payer",     "#asked_at",   "#ended_at", NULL};
    struct sql *sql = sql_begin(
        db, "SELECT case_no, order_no, meter_id, stage, n, cancel_n, amount_fen, first, second,"
            " payout, payer, asked_at, ended_at FROM card_return_case WHERE case_no = ?1 OR"
            " order_no = ?1 ORDER BY asked_ms DESC, case_no DESC LIMIT 1");
    sql_bind_text(sql, 1, shown->number);
    json_t *list = NULL;
    enum err err = rows(sql, names, &list);
    if (err == OK) {
        shown->json = json_incref(json_array_get(list, 0));
        err = shown->json != NULL ? OK : ERR_NOT_FOUND;
    }
    json_decref(list);
    return err;
}
