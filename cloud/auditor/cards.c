/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Card meters, one after the other, each time all of them: a token is a few rows of an order, and
 * what the newest reading says may speak about the oldest token. Tokens, cards and return cases are
 * read side by side in the order of their meters, readings by the number of the card.
 */
#include "cloud/auditor/cards.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/auditor/passes.h"
#include "common/must.h"
#include "common/str.h"

/* A table that is read in the order of its first column, the meter. */
struct cursor {
    struct reader *reader;
    sqlite3_stmt *stmt;
    bool has_row;
};

static const char TOKENS[] =
    "SELECT t.meter_id, t.n, t.kind, t.document_no, t.uid, t.amount_fen, t.total_fen, t.record,"
    " t.issued_at, o.order_no IS NOT NULL, coalesce(o.state, ''), coalesce(d.stage, ''),"
    " coalesce(o.meter_id, ''), coalesce(c.uid, ''), o.amount_fen, o.paid_fen, d.seq,"
    " EXISTS (SELECT 1 FROM delivery_event e WHERE e.order_no = o.order_no"
    "  AND e.event = 'settled_done'),"
    " EXISTS (SELECT 1 FROM delivery_event e WHERE e.order_no = o.order_no"
    "  AND e.event = 'settled_back' AND e.from_stage = 'ASSIGNED'),"
    " (SELECT min(p.posting_id) FROM posting p WHERE p.document_no = o.order_no AND p.step IN"
    "  ('owe_refund', 'refund_from_held', 'repay_from_held', 'meanwhile_cleared')),"
    " EXISTS (SELECT 1 FROM card_owed w WHERE w.order_no = o.order_no AND w.closed_at IS NULL"
    "  AND w.owner <> '')"
    " FROM card_token t LEFT JOIN pay_order o ON o.order_no = t.document_no AND o.kind = 'card'"
    " LEFT JOIN delivery d ON d.order_no = o.order_no"
    " LEFT JOIN card_order c ON c.order_no = o.order_no ORDER BY t.meter_id, t.n";

static const char CARDS[] =
    "SELECT meter_id, uid, card_no, media, record FROM card ORDER BY meter_id, card_no";

static const char CASES[] =
    "SELECT r.meter_id, r.case_no, r.order_no, r.stage, r.payout, r.payer, coalesce(o.state, ''),"
    " coalesce(d.stage, ''), r.first <> '' AND r.second <> '' AND r.first <> r.second,"
    " r.had_seq, r.amount_fen, o.paid_fen, r.n, r.total_fen, r.cancel_n FROM card_return_case r"
    " LEFT JOIN pay_order o ON o.order_no = r.order_no"
    " LEFT JOIN delivery d ON d.order_no = r.order_no ORDER BY r.meter_id, r.case_no";

static const char METERS[] =
    "SELECT m.meter_id, a.meter_id IS NOT NULL, a.n, a.total_fen, a.seen_seq, a.seen_n,"
    " a.seen_total_fen, a.seen_balance_fen FROM (SELECT meter_id FROM card_account"
    " UNION SELECT meter_id FROM card_token) m LEFT JOIN card_account a USING (meter_id)"
    " ORDER BY m.meter_id";

/* ---- lists ---- */

static void *place(void *items, size_t count, size_t *room, size_t item_size)
{
    if (count < *room) {
        return items;
    }
    *room = *room == 0 ? 16 : *room * 2;
    void *more = realloc(items, *room * item_size);
    MUST(more != NULL); /* half of what a meter said would accuse the wrong people */
    return more;
}

struct cards_word *cards_add_word(struct cards_meter *meter)
{
    meter->words = place(meter->words, meter->word_count, &meter->word_room, sizeof(*meter->words));
    meter->word_count += 1;
    return &meter->words[meter->word_count - 1];
}

struct cards_token *cards_find_token(struct cards_meter *meter, int64_t n)
{
    size_t low = 0;
    size_t high = meter->token_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (meter->tokens[middle].n < n) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < meter->token_count && meter->tokens[low].n == n ? &meter->tokens[low] : NULL;
}

struct cards_card *cards_find_card(struct cards_meter *meter, const char *uid)
{
    for (size_t i = 0; i < meter->card_count; i++) {
        if (str_equal(meter->cards[i].uid, uid)) {
            return &meter->cards[i];
        }
    }
    return NULL;
}

bool cards_can_check(struct cards_meter *meter, const struct cards_card *card,
                     const struct record *record)
{
    const bool can = card->has_signer && record->key_id == card->issue.key_id;
    if (!can) {
        part_find(meter->part, FOUND_CARD_MACS_UNCHECKED, (struct part_subject){meter->meter_id, 0},
                  "%s", "");
    }
    return can;
}

bool cards_is_back(const char *state)
{
    return str_equal(state, "REFUND_DUE") || str_equal(state, "REFUNDING") ||
           str_equal(state, "REFUNDED");
}

/* ---- rows ---- */

static bool copy_record(sqlite3_stmt *stmt, int at, uint8_t ret_bytes[RECORD_SIZE])
{
    const void *bytes = sqlite3_column_blob(stmt, at);
    const bool whole = sqlite3_column_bytes(stmt, at) == RECORD_SIZE;
    if (whole) {
        memcpy(ret_bytes, bytes, RECORD_SIZE);
    }
    return whole;
}

#define COPY(stmt, at, field) column_copy(stmt, at, field, sizeof(field))

static void take_token(struct cards_meter *meter, sqlite3_stmt *stmt)
{
    meter->tokens =
        place(meter->tokens, meter->token_count, &meter->token_room, sizeof(*meter->tokens));
    struct cards_token *token = &meter->tokens[meter->token_count];
    meter->token_count += 1;
    *token = (struct cards_token){.n = column_int(stmt, 1),
                                  .amount_fen = column_int(stmt, 5),
                                  .total_fen = column_int(stmt, 6),
                                  .issued_at = column_int(stmt, 8),
                                  .has_order = column_int(stmt, 9) != 0,
                                  .order_fen = column_int(stmt, 14),
                                  .paid_fen = column_int(stmt, 15),
                                  .seq = column_int(stmt, 16),
                                  .by_people = column_int(stmt, 17) != 0,
                                  .back_by_people = column_int(stmt, 18) != 0,
                                  .back_at = column_int(stmt, 19),
                                  .has_owner = column_int(stmt, 20) != 0};
    COPY(stmt, 2, token->kind);
    COPY(stmt, 3, token->document_no);
    COPY(stmt, 4, token->uid);
    COPY(stmt, 10, token->state);
    COPY(stmt, 11, token->stage);
    COPY(stmt, 12, token->meter_id);
    COPY(stmt, 13, token->order_uid);
    token->has_bytes = copy_record(stmt, 7, token->bytes);
}

/* With the key of another number nothing can be said about a record. */
static void make_signer(const struct audit *audit, struct cards_card *card)
{
    card->has_signer =
        audit->has_card_key && card->is_whole &&
        card->issue.key_id == audit->options->card_key_id &&
        record_signer_make(audit->card_key, card->issue.meter, card->uid, &card->signer);
}

static void take_card(struct cards_meter *meter, sqlite3_stmt *stmt)
{
    uint8_t bytes[RECORD_SIZE];
    meter->cards = place(meter->cards, meter->card_count, &meter->card_room, sizeof(*meter->cards));
    struct cards_card *card = &meter->cards[meter->card_count];
    meter->card_count += 1;
    *card = (struct cards_card){.card_no = column_int(stmt, 2)};
    COPY(stmt, 1, card->uid);
    meter->counts = meter->counts || str_equal(column_text(stmt, 3), "cpu");
    card->is_whole = copy_record(stmt, 4, bytes) && record_read(bytes, RECORD_ISSUE, &card->issue);
    make_signer(meter->audit, card);
}

static void take_case(struct cards_meter *meter, sqlite3_stmt *stmt)
{
    meter->cases = place(meter->cases, meter->case_count, &meter->case_room, sizeof(*meter->cases));
    struct cards_case *one = &meter->cases[meter->case_count];
    meter->case_count += 1;
    *one = (struct cards_case){.is_signed = column_int(stmt, 8) != 0,
                               .had_word = sqlite3_column_type(stmt, 9) != SQLITE_NULL,
                               .had_seq = column_int(stmt, 9),
                               .amount_fen = column_int(stmt, 10),
                               .order_paid_fen = column_int(stmt, 11),
                               .n = column_int(stmt, 12),
                               .total_fen = column_int(stmt, 13),
                               .cancel_n = column_int(stmt, 14)};
    COPY(stmt, 1, one->case_no);
    COPY(stmt, 2, one->order_no);
    COPY(stmt, 3, one->stage);
    COPY(stmt, 4, one->payout);
    COPY(stmt, 5, one->payer);
    COPY(stmt, 6, one->order_state);
    COPY(stmt, 7, one->order_stage);
}

/* ---- side by side ---- */

static struct cursor cursor_open(struct reader *reader, const char *sql)
{
    struct cursor cursor = {.reader = reader, .stmt = reader_prepare(reader, sql)};
    cursor.has_row = reader_step(reader, cursor.stmt);
    return cursor;
}

/* The rows of this meter; what belongs to none is passed by. */
static void take_rows(struct cursor *cursor, struct cards_meter *meter,
                      void (*take)(struct cards_meter *meter, sqlite3_stmt *stmt))
{
    int order = -1;
    while (cursor->has_row &&
           (order = strcmp(column_text(cursor->stmt, 0), meter->meter_id)) <= 0) {
        if (order == 0) {
            take(meter, cursor->stmt);
        }
        cursor->has_row = reader_step(cursor->reader, cursor->stmt);
    }
}

static void begin_meter(struct cards_meter *meter, sqlite3_stmt *stmt)
{
    column_copy(stmt, 0, meter->meter_id, sizeof(meter->meter_id));
    meter->account = (struct cards_account){.there = column_int(stmt, 1) != 0,
                                            .n = column_int(stmt, 2),
                                            .total_fen = column_int(stmt, 3),
                                            .has_word = sqlite3_column_type(stmt, 4) != SQLITE_NULL,
                                            .seq = column_int(stmt, 4),
                                            .word_n = column_int(stmt, 5),
                                            .word_total_fen = column_int(stmt, 6),
                                            .word_balance_fen = column_int(stmt, 7)};
    meter->counts = false;
    meter->card_count = 0;
    meter->token_count = 0;
    meter->word_count = 0;
    meter->case_count = 0;
}

/* On a card that counts, a purchase has the number that it has among those not taken back. */
static void number_purchases(struct cards_meter *meter)
{
    meter->purchases = 0;
    for (size_t i = 0; i < meter->token_count; i++) {
        if (!str_equal(meter->tokens[i].stage, "VOID")) {
            meter->purchases += 1;
            meter->tokens[i].purchase = meter->purchases;
        }
    }
}

static void judge_meter(struct cards_meter *meter)
{
    struct audit_work *work = &meter->audit->work;
    number_purchases(meter);
    cards_read(meter);
    cards_judge_tokens(meter);
    cards_judge_words(meter);
    cards_judge_cases(meter);
    work->card_meters += 1;
    work->card_tokens += (int64_t)meter->token_count;
}

/* ---- orders with none, or with two ---- */

static void judge_doubles(struct cards_meter *meter)
{
    struct reader *cloud = &meter->audit->cloud;
    sqlite3_stmt *stmt = reader_prepare(
        cloud, "SELECT document_no, count(*), sum(amount_fen) - min(amount_fen) FROM card_token"
               " GROUP BY document_no HAVING count(*) > 1");
    while (reader_step(cloud, stmt)) {
        part_find(meter->part, FOUND_CARD_TOKEN_TWICE,
                  (struct part_subject){column_text(stmt, 0), column_int(stmt, 2)}, "%lld tokens",
                  (long long)column_int(stmt, 1));
    }
    reader_end(stmt);
}

static void judge_tokenless(struct cards_meter *meter)
{
    struct reader *cloud = &meter->audit->cloud;
    sqlite3_stmt *stmt = reader_prepare(
        cloud, "SELECT o.order_no, o.amount_fen, o.meter_id FROM card_order c JOIN pay_order o"
               " USING (order_no) WHERE o.state = 'DONE' AND NOT EXISTS (SELECT 1 FROM card_token t"
               " WHERE t.document_no = c.order_no)");
    while (reader_step(cloud, stmt)) {
        part_find(meter->part, FOUND_CARD_DONE_WITHOUT_TOKEN,
                  (struct part_subject){column_text(stmt, 0), column_int(stmt, 1)}, "meter %.64s",
                  column_text(stmt, 2));
    }
    reader_end(stmt);
}

/* ---- the pass ---- */

static void prepare(struct cards_meter *meter)
{
    struct reader *cloud = &meter->audit->cloud;
    meter->readings = reader_prepare(cloud, "SELECT verdict, credit, returned FROM card_reading"
                                            " WHERE uid = ?1 ORDER BY reading_id");
    meter->legs =
        reader_prepare(cloud, "SELECT l.account, l.subject, l.fen FROM posting p JOIN leg l"
                              " USING (posting_id) WHERE p.document_no = ?1");
    meter->item = reader_prepare(cloud, "SELECT owner, due_ms FROM review_item"
                                        " WHERE document_no = ?1 AND closed_at IS NULL");
    meter->back = reader_prepare(
        cloud, "SELECT coalesce(sum(-l.fen), 0) FROM posting p JOIN leg l USING (posting_id)"
               " WHERE p.document_no = ?1 AND l.account IN ('REFOUT', 'BANK')");
}

static void finish(struct cards_meter *meter)
{
    sqlite3_stmt *const stmts[] = {meter->readings, meter->legs, meter->item, meter->back};
    for (size_t i = 0; i < ARRAY_COUNT(stmts); i++) {
        reader_end(stmts[i]);
    }
    free(meter->cards);
    free(meter->tokens);
    free(meter->words);
    free(meter->cases);
}

void cards_run(struct audit *audit)
{
    struct part part;
    struct cards_meter meter = {.audit = audit, .part = &part};
    if (!reader_has_table(&audit->cloud, "card_account")) {
        return; /* of a server that knows no cards */
    }
    part_init(&part);
    part_clear(&part, "cards");
    prepare(&meter);
    struct cursor meters = cursor_open(&audit->cloud, METERS);
    struct cursor tokens = cursor_open(&audit->cloud, TOKENS);
    struct cursor cards = cursor_open(&audit->cloud, CARDS);
    struct cursor cases = cursor_open(&audit->cloud, CASES);
    while (meters.has_row) {
        begin_meter(&meter, meters.stmt);
        take_rows(&cards, &meter, take_card);
        take_rows(&tokens, &meter, take_token);
        take_rows(&cases, &meter, take_case);
        judge_meter(&meter);
        meters.has_row = reader_step(&audit->cloud, meters.stmt);
    }
    judge_doubles(&meter);
    judge_tokenless(&meter);
    memory_put_part(&audit->memory, &part);
    reader_end(meters.stmt);
    reader_end(tokens.stmt);
    reader_end(cards.stmt);
    reader_end(cases.stmt);
    finish(&meter);
    part_finish(&part);
}
