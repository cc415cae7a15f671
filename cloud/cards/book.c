/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the card tables to values and back. */
#include "cloud/cards/book.h"

#include <string.h>

#include "cloud/catalog/catalog.h"
#include "common/must.h"
#include "common/str.h"

static const char *const KINDS[BOOK_TOKEN_KIND_COUNT] = {
    [BOOK_PURCHASE] = "purchase",       [BOOK_REVERSAL] = "reversal",     [BOOK_CANCEL] = "cancel",
    [BOOK_REPLACEMENT] = "replacement", [BOOK_CORRECTION] = "correction",
};

const char *book_token_kind_name(enum book_token_kind kind)
{
    MUST(kind < BOOK_TOKEN_KIND_COUNT);
    return KINDS[kind];
}

static bool kind_parse(const char *name, enum book_token_kind *ret_kind)
{
    for (int i = 0; i < BOOK_TOKEN_KIND_COUNT; i++) {
        if (str_equal(name, KINDS[i])) {
            *ret_kind = (enum book_token_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_record(const struct sql *sql, int column, uint8_t ret_record[CARD_RECORD_SIZE])
{
    size_t size = 0;
    const uint8_t *bytes = sql_blob(sql, column, &size);
    if (size != CARD_RECORD_SIZE) {
        return false;
    }
    memcpy(ret_record, bytes, CARD_RECORD_SIZE);
    return true;
}

/* ---- accounts ---- */

/* What was sold was sold to one meter, whatever hangs in its place now: keys, proofs and records
 * stay those of that meter, and none of its value can come into another one. */
static bool read_meter(const struct sql *sql, struct book_account *account)
{
    struct card_credit newest;
    uint8_t record[CARD_RECORD_SIZE];
    const bool sold = account->n > 0;
    if (!card_meter_parse(sql_text(sql, 0), account->meter) ||
        (sold && (!read_record(sql, 11, record) ||
                  card_credit_decode(record, &newest) != CARD_SLOT_WHOLE))) {
        return false;
    }
    if (sold) {
        account->is_exchanged =
            account->is_exchanged || memcmp(newest.meter, account->meter, CARD_METER_SIZE) != 0;
        memcpy(account->meter, newest.meter, CARD_METER_SIZE);
    }
    return true;
}

enum err book_account_load(struct db *db, const char *meter_id, struct book_account *ret_account)
{
    struct sql *sql = sql_begin(
        db, "SELECT m.address, a.key_id, a.n, a.total_fen, a.seen_seq, a.seen_n, a.seen_total_fen,"
            " a.seen_balance_fen, a.seen_meter_at, a.seen_error, m.sale_reason, t.record FROM "
            "card_account a"
            " JOIN meter m ON m.meter_id = a.meter_id"
            " LEFT JOIN card_token t ON t.meter_id = a.meter_id AND t.n = a.n"
            " WHERE a.meter_id = ?1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    struct book_account account = {
        .key_id = (uint16_t)sql_i64(sql, 1),
        .n = (uint32_t)sql_i64(sql, 2),
        .total_fen = sql_i64(sql, 3),
        .has_seen = !sql_is_null(sql, 4),
        .seen_seq = (uint32_t)sql_i64(sql, 4),
        .seen_n = (uint32_t)sql_i64(sql, 5),
        .seen_total_fen = sql_i64(sql, 6),
        .seen_balance_fen = sql_i64(sql, 7),
        .seen_meter_at = sql_i64(sql, 8),
        .seen_error = (uint8_t)sql_i64(sql, 9),
        .is_exchanged = str_equal(sql_text(sql, 10), CATALOG_EXCHANGED),
    };
    const bool good =
        read_meter(sql, &account) && str_copy(account.meter_id, sizeof(account.meter_id), meter_id);
    sql_end(sql);
    if (!good) {
        return ERR_CHECKSUM;
    }
    *ret_account = account;
    return OK;
}

enum err book_account_open(struct db *db, const char *meter_id, uint16_t key_id)
{
    struct sql *sql = sql_begin(db, "INSERT INTO card_account (meter_id, key_id, opened_at)"
                                    " VALUES (?1, ?2, ?3) ON CONFLICT (meter_id) DO NOTHING");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, key_id);
    sql_bind_i64(sql, 3, db_wall_s(db));
    return sql_run(sql);
}

enum err book_meter_is_known(struct db *db, const char *meter_id, bool *ret_is_known)
{
    struct sql *sql = /* 1 + 8: where each record has the number */
        sql_begin(db, "SELECT EXISTS (SELECT 1 FROM meter m JOIN card_token t ON t.meter_id <> ?1"
                      " WHERE m.meter_id = ?1 AND hex(substr(t.record, 9, 6)) = m.address)");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_is_known = sql_bool(sql, 0);
        sql_end(sql);
    }
    return err;
}

enum err book_account_save(struct db *db, const struct book_account *account)
{
    MUST(account->total_fen >= 0);
    struct sql *sql =
        sql_begin(db, "UPDATE card_account SET n = ?2, total_fen = ?3 WHERE meter_id = ?1");
    sql_bind_text(sql, 1, account->meter_id);
    sql_bind_i64(sql, 2, account->n);
    sql_bind_i64(sql, 3, account->total_fen);
    return sql_run(sql);
}

/* A later purchase of a card that counts them says nothing of one whose money went back: it has
 * that one's count. A total is another matter: the token was there, and the next one takes it out.
 */
#define IS_ON_ITS_WAY                                                                              \
    " NOT EXISTS (SELECT 1 FROM delivery d JOIN card c ON c.meter_id = ?1 AND c.media = 'cpu'"     \
    " WHERE d.order_no = card_token.document_no AND d.stage = 'VOID')"

static enum err note_loaded(struct db *db, const char *meter_id, uint32_t n)
{
    struct sql *sql = sql_begin(db, "UPDATE card_token SET loaded_at = ?3 WHERE meter_id = ?1"
                                    " AND n <= ?2 AND loaded_at IS NULL AND" IS_ON_ITS_WAY);
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, n);
    sql_bind_i64(sql, 3, db_wall_s(db));
    return sql_run(sql);
}

enum err book_account_hear(struct db *db, const char *meter_id, const struct card_return *word)
{
    struct sql *sql = sql_begin(
        db, "UPDATE card_account SET seen_seq = ?2, seen_n = ?3, seen_total_fen = ?4,"
            " seen_balance_fen = ?5, seen_energy = ?6, seen_meter_at = ?7, seen_status = ?8,"
            " seen_error = ?9, seen_at = ?10 WHERE meter_id = ?1");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, word->seq);
    sql_bind_i64(sql, 3, word->n);
    sql_bind_i64(sql, 4, word->total_fen);
    sql_bind_i64(sql, 5, word->balance_fen);
    sql_bind_i64(sql, 6, word->energy);
    sql_bind_i64(sql, 7, word->at);
    sql_bind_i64(sql, 8, word->status);
    sql_bind_i64(sql, 9, word->error);
    sql_bind_i64(sql, 10, db_wall_s(db));
    enum err err = sql_run(sql);
    return err == OK ? note_loaded(db, meter_id, word->n) : err;
}

/* ---- cards ---- */

static enum err read_card(struct sql *sql, struct book_card *ret_card)
{
    struct book_card card = {.card_no = (uint32_t)sql_i64(sql, 2)};
    const bool good = sql_copy_text(sql, 0, card.uid_text, sizeof(card.uid_text)) &&
                      card_uid_parse(card.uid_text, &card.uid) &&
                      sql_copy_text(sql, 1, card.meter_id, sizeof(card.meter_id)) &&
                      api_card_media_parse(sql_text(sql, 3), &card.media) &&
                      sql_copy_text(sql, 4, card.state, sizeof(card.state)) &&
                      read_record(sql, 5, card.record);
    sql_end(sql);
    if (!good) {
        return ERR_CHECKSUM;
    }
    *ret_card = card;
    return OK;
}

enum err book_card_load(struct db *db, const char *uid_text, struct book_card *ret_card)
{
    struct sql *sql = sql_begin(
        db, "SELECT uid, meter_id, card_no, media, state, record FROM card WHERE uid = ?1");
    sql_bind_text(sql, 1, uid_text);
    enum err err = sql_one(sql);
    return err == OK ? read_card(sql, ret_card) : err;
}

enum err book_card_of(struct db *db, const char *meter_id, struct book_card *ret_card)
{
    struct sql *sql = sql_begin(db, "SELECT uid, meter_id, card_no, media, state, record FROM card"
                                    " WHERE meter_id = ?1 AND state <> 'replaced'");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    return err == OK ? read_card(sql, ret_card) : err;
}

enum err book_card_insert(struct db *db, const struct book_card *card)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO card (uid, meter_id, card_no, media, state, record, opened_at,"
                      " changed_at) VALUES (?1, ?2, ?3, ?4, 'open', ?5, ?6, ?6)");
    sql_bind_text(sql, 1, card->uid_text);
    sql_bind_text(sql, 2, card->meter_id);
    sql_bind_i64(sql, 3, card->card_no);
    sql_bind_text(sql, 4, api_card_media_name(card->media));
    sql_bind_blob(sql, 5, card->record, sizeof(card->record));
    sql_bind_i64(sql, 6, db_wall_s(db));
    return sql_run(sql);
}

enum err book_card_set_state(struct db *db, const char *uid_text, const char *state)
{
    struct sql *sql = sql_begin(db, "UPDATE card SET state = ?2, changed_at = ?3 WHERE uid = ?1");
    sql_bind_text(sql, 1, uid_text);
    sql_bind_text(sql, 2, state);
    sql_bind_i64(sql, 3, db_wall_s(db));
    return sql_run(sql);
}

enum err book_card_event(struct db *db, const struct book_event *event)
{
    struct sql *sql = sql_begin(db, "INSERT INTO card_event (uid, event, detail, person, at)"
                                    " VALUES (?1, ?2, ?3, ?4, ?5)");
    sql_bind_text(sql, 1, event->uid_text);
    sql_bind_text(sql, 2, event->event);
    sql_bind_text(sql, 3, event->detail);
    sql_bind_text(sql, 4, event->person);
    sql_bind_i64(sql, 5, db_wall_s(db));
    return sql_run(sql);
}

enum err book_refusals(struct db *db, const char *uid_text, const char *terminal_id,
                       struct book_refusals *ret_refusals)
{
    struct sql *sql = sql_begin(
        db, "SELECT coalesce(max(detail = ?2), 0), count(DISTINCT detail) FROM card_event"
            " WHERE uid = ?1 AND event = ?3 AND event_id > coalesce((SELECT max(event_id) FROM"
            " card_event WHERE uid = ?1 AND person <> ''), 0)");
    sql_bind_text(sql, 1, uid_text);
    sql_bind_text(sql, 2, terminal_id);
    sql_bind_text(sql, 3, BOOK_REFUSED);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_refusals = (struct book_refusals){.is_told = sql_bool(sql, 0),
                                               .terminals = (uint32_t)sql_i64(sql, 1)};
    }
    sql_end(sql);
    return err;
}

enum err book_evidence_last(struct db *db, const char *uid_text, struct book_evidence *ret_evidence)
{
    struct sql *sql = sql_begin(db, "SELECT credit, returned FROM card_reading WHERE uid = ?1 AND"
                                    " instr(credit, '-') = 0 ORDER BY reading_id DESC LIMIT 1");
    sql_bind_text(sql, 1, uid_text);
    enum err err = sql_one(sql);
    if (err == OK) {
        const bool good =
            sql_copy_text(sql, 0, ret_evidence->credit, sizeof(ret_evidence->credit)) &&
            sql_copy_text(sql, 1, ret_evidence->returned, sizeof(ret_evidence->returned));
        err = good ? OK : ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

/* ---- tokens ---- */

#define TOKEN_COLUMNS "meter_id, n, kind, document_no, uid, amount_fen, total_fen, record"

static enum err read_token(struct sql *sql, struct book_token *ret_token)
{
    struct book_token token = {.n = (uint32_t)sql_i64(sql, 1),
                               .amount_fen = sql_i64(sql, 5),
                               .total_fen = sql_i64(sql, 6)};
    const bool good = sql_copy_text(sql, 0, token.meter_id, sizeof(token.meter_id)) &&
                      kind_parse(sql_text(sql, 2), &token.kind) &&
                      sql_copy_text(sql, 3, token.document_no, sizeof(token.document_no)) &&
                      sql_copy_text(sql, 4, token.uid_text, sizeof(token.uid_text)) &&
                      read_record(sql, 7, token.record);
    sql_end(sql);
    if (!good) {
        return ERR_CHECKSUM;
    }
    *ret_token = token;
    return OK;
}

enum err book_token_load(struct db *db, const char *meter_id, uint32_t n,
                         struct book_token *ret_token)
{
    struct sql *sql =
        sql_begin(db, "SELECT " TOKEN_COLUMNS " FROM card_token WHERE meter_id = ?1 AND n = ?2");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, n);
    enum err err = sql_one(sql);
    return err == OK ? read_token(sql, ret_token) : err;
}

enum err book_token_of(struct db *db, const char *document_no, struct book_token *ret_token)
{
    struct sql *sql =
        sql_begin(db, "SELECT " TOKEN_COLUMNS " FROM card_token WHERE document_no = ?1");
    sql_bind_text(sql, 1, document_no);
    enum err err = sql_one(sql);
    return err == OK ? read_token(sql, ret_token) : err;
}

enum err book_token_insert(struct db *db, const struct book_token *token)
{
    struct sql *sql = sql_begin(db, "INSERT INTO card_token (" TOKEN_COLUMNS ", issued_at)"
                                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    sql_bind_text(sql, 1, token->meter_id);
    sql_bind_i64(sql, 2, token->n);
    sql_bind_text(sql, 3, KINDS[token->kind]);
    sql_bind_text(sql, 4, token->document_no);
    sql_bind_text(sql, 5, token->uid_text);
    sql_bind_i64(sql, 6, token->amount_fen);
    sql_bind_i64(sql, 7, token->total_fen);
    sql_bind_blob(sql, 8, token->record, sizeof(token->record));
    sql_bind_i64(sql, 9, db_wall_s(db));
    return sql_run(sql);
}

enum err book_tokens_written(struct db *db, const char *meter_id, uint32_t n)
{
    struct sql *sql = sql_begin(db, "UPDATE card_token SET written_at = ?3 WHERE meter_id = ?1"
                                    " AND n <= ?2 AND written_at IS NULL AND" IS_ON_ITS_WAY);
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, n);
    sql_bind_i64(sql, 3, db_wall_s(db));
    return sql_run(sql);
}

enum err book_token_is_written(struct db *db, const struct book_token *token, bool *ret_written)
{
    struct sql *sql = sql_begin(db, "SELECT written_at IS NOT NULL FROM card_token"
                                    " WHERE meter_id = ?1 AND n = ?2");
    sql_bind_text(sql, 1, token->meter_id);
    sql_bind_i64(sql, 2, token->n);
    enum err err = sql_one(sql);
    *ret_written = err == OK && sql_i64(sql, 0) != 0;
    sql_end(sql);
    return err;
}

enum err book_total_fits(struct db *db, const char *meter_id, uint32_t n, int64_t total_fen,
                         bool *ret_fits)
{
    struct sql *sql = sql_begin(db, "SELECT 1 FROM card_token WHERE meter_id = ?1 AND n <= ?2"
                                    " AND total_fen = ?3 LIMIT 1");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, n);
    sql_bind_i64(sql, 3, total_fen);
    enum err err = sql_one(sql);
    sql_end(sql);
    *ret_fits = err == OK || (err == ERR_NOT_FOUND && total_fen == 0);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err book_pending(struct db *db, const char *meter_id, const char *purchase_id,
                      int64_t *ret_fen)
{
    struct sql *sql =
        sql_begin(db, "SELECT coalesce(sum(o.amount_fen), 0) FROM pay_order o"
                      " JOIN card_order USING (order_no) WHERE o.meter_id = ?1"
                      " AND o.purchase_id <> ?2 AND o.state IN ('NEW', 'WAIT_PAY', 'CLOSING',"
                      " 'PAID') AND NOT EXISTS (SELECT 1 FROM card_token t WHERE t.document_no ="
                      " o.order_no)");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_text(sql, 2, purchase_id);
    enum err err = sql_one(sql);
    *ret_fen = err == OK ? sql_i64(sql, 0) : 0;
    sql_end(sql);
    return err;
}
