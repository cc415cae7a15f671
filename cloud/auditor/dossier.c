/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one statement a table, each in the order of document numbers; the smallest number that
 * any of them stands at is the next dossier, and every table gives its rows of that number. The
 * numbers of ledger documents that are neither orders nor strays (charges of use, balances taken
 * over) are left to the ledger's own pass: there may be a hundred of them for each order.
 */
#include "cloud/auditor/dossier.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/auditor/mix.h"
#include "common/must.h"
#include "common/str.h"

enum table {
    TABLE_ORDER,
    TABLE_EVENT,
    TABLE_DELIVERY,
    TABLE_STEP,
    TABLE_LEG,
    TABLE_REFUND,
    TABLE_RESERVATION,
    TABLE_STRAY,
    TABLE_STRAY_EVENT,
    TABLE_WORD,
    TABLE_ITEM,
    TABLE_EVIDENCE,
    TABLE_PAPER,
    TABLE_BILL,
    TABLE_COUNT
};

static const char *const STATEMENTS[TABLE_COUNT] = {
    [TABLE_ORDER] = "SELECT order_no, channel, version, state, amount_fen, paid_fen, trade_no,"
                    " credit_to, credit_started, refund_numbered, kind, meter_id, created_at,"
                    " coalesce(paid_at, 0) FROM pay_order WHERE order_no >= ?1 AND order_no < ?2"
                    " ORDER BY order_no",
    [TABLE_EVENT] = "SELECT order_no, seq, event, amount_fen, trade_no, currency_wrong, from_state,"
                    " to_state, coalesce(inbox_id, 0), actor, at FROM pay_event"
                    " WHERE order_no >= ?1 AND order_no < ?2 ORDER BY order_no, seq",
    [TABLE_DELIVERY] = "SELECT order_no, meter_id, kind, stage, amount_fen, sends,"
                       " coalesce(seq, 0), order_number, epoch, command_id FROM delivery"
                       " WHERE order_no >= ?1 AND order_no < ?2 ORDER BY order_no",
    [TABLE_STEP] = "SELECT order_no, seq, event, detail, from_stage, to_stage, at"
                   " FROM delivery_event WHERE order_no >= ?1 AND order_no < ?2"
                   " ORDER BY order_no, seq",
    [TABLE_LEG] = "SELECT p.document_no, p.posting_id, p.step, p.at, l.account, l.subject, l.fen"
                  " FROM posting p CROSS JOIN leg l USING (posting_id)"
                  " WHERE p.document_no >= max(?1, 'S') AND p.document_no < min(?2, 'T')"
                  " ORDER BY p.document_no, p.step, l.line",
    [TABLE_REFUND] = "SELECT document_no, refund_no, fen, created_at FROM refund"
                     " WHERE document_no >= ?1 AND document_no < ?2 ORDER BY document_no",
    [TABLE_RESERVATION] = "SELECT order_no, state, fen FROM reservation WHERE order_no >= ?1"
                          " AND order_no < ?2 ORDER BY order_no",
    [TABLE_STRAY] = "SELECT stray_no, channel, trade_no, seen_as, amount_fen, state, created_at"
                    " FROM stray WHERE stray_no >= ?1 AND stray_no < ?2 ORDER BY stray_no",
    [TABLE_STRAY_EVENT] = "SELECT stray_no, seq, event, to_state, coalesce(inbox_id, 0), actor, at"
                          " FROM stray_event WHERE stray_no >= ?1 AND stray_no < ?2"
                          " ORDER BY stray_no, seq",
    [TABLE_WORD] = "SELECT document_no, inbox_id, channel, source, body, verdict FROM pay_inbox"
                   " WHERE document_no >= ?1 AND document_no < ?2 AND document_no > ''"
                   " ORDER BY document_no, inbox_id",
    [TABLE_ITEM] = "SELECT document_no, item_id, owner, due_ms, opened_at, closed_at IS NOT NULL"
                   " FROM review_item WHERE document_no >= ?1 AND document_no < ?2"
                   " ORDER BY document_no, item_id",
    [TABLE_EVIDENCE] = "SELECT document_no, kind FROM review_evidence WHERE document_no >= ?1"
                       " AND document_no < ?2 ORDER BY document_no",
    [TABLE_PAPER] = "SELECT order_no, verdict, kind FROM receipt_report WHERE order_no >= ?1"
                    " AND order_no < ?2 ORDER BY order_no",
    [TABLE_BILL] = "SELECT order_no, channel, day, refund, final, refund_no, trade_no, fen"
                   " FROM bill_row WHERE order_no >= ?1 AND order_no < ?2"
                   " ORDER BY order_no, channel, day, line",
};

/* The lists of a dossier, which grow and are used again. */
enum list_kind {
    LIST_EVENT,
    LIST_STEP,
    LIST_STRAY_EVENT,
    LIST_LEG,
    LIST_BILL,
    LIST_WORD,
    LIST_ITEM,
    LIST_PAPER,
    LIST_COUNT
};

struct cursor {
    sqlite3_stmt *stmt;
    struct reader *reader;
    bool has_row;
    const char *number; /* borrowed from the row */
};

struct dossiers {
    struct dossier_source source;
    struct cursor cursors[TABLE_COUNT];
    size_t rooms[LIST_COUNT];
    struct dossier dossier;
};

/* ---- lists ---- */

static void *grown(void *items, size_t count, size_t *room, size_t item_size)
{
    if (count < *room) {
        return items;
    }
    *room = *room == 0 ? 16 : *room * 2;
    void *more = realloc(items, *room * item_size);
    MUST(more != NULL); /* half a dossier would accuse the wrong people */
    return more;
}

/* Make room for one more item of a list and give the place; the count is raised. */
#define LIST_PLACE(dossiers, kind, list, counter)                                                  \
    ((dossiers)->dossier.list =                                                                    \
         grown((dossiers)->dossier.list, (dossiers)->dossier.counter, &(dossiers)->rooms[kind],    \
               sizeof(*(dossiers)->dossier.list)),                                                 \
     &(dossiers)->dossier.list[(dossiers)->dossier.counter++])

/* ---- rows ---- */

#define COPY(stmt, at, field) column_copy(stmt, at, field, sizeof(field))

/*
 * A settled document's rows may not change: what is taken from a row also goes into the document's
 * digest, in the order in which it is taken. Each value is fetched from the row once, because there
 * are a hundred of them for each of a million documents.
 */
static int64_t take_int(struct dossiers *d, sqlite3_stmt *stmt, int at)
{
    const int64_t value = column_int(stmt, at);
    const bool none = value == 0 && sqlite3_column_type(stmt, at) == SQLITE_NULL;
    const uint64_t digest = d->dossier.digest;
    d->dossier.digest = none ? mix_bytes(digest, "", 0) : mix_int(digest, value);
    return value;
}

/* Where a text goes; one that is too long is cut there, and whole in the digest. */
struct text_place {
    char *text;
    size_t size;
};

static void take_text(struct dossiers *d, sqlite3_stmt *stmt, int at, struct text_place place)
{
    const char *text = column_text(stmt, at);
    size_t len = (size_t)sqlite3_column_bytes(stmt, at);
    MUST(place.size > 0);
    d->dossier.digest = mix_bytes(d->dossier.digest, text, len);
    len = len < place.size ? len : place.size - 1;
    memcpy(place.text, text, len);
    place.text[len] = '\0';
}

/* The document's own number, the first column of every row. */
static void digest_number(struct dossiers *d, sqlite3_stmt *stmt)
{
    d->dossier.digest = mix_text(d->dossier.digest, column_text(stmt, 0));
}

#define TAKE_TEXT(d, stmt, at, field)                                                              \
    take_text(d, stmt, at, (struct text_place){.text = (field), .size = sizeof(field)})

static void take_order(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_order *order = &d->dossier.order;
    order->there = true;
    digest_number(d, stmt);
    TAKE_TEXT(d, stmt, 1, order->channel);
    order->version = column_int(stmt, 2);
    TAKE_TEXT(d, stmt, 3, order->state);
    order->amount_fen = take_int(d, stmt, 4);
    order->paid_fen = take_int(d, stmt, 5);
    TAKE_TEXT(d, stmt, 6, order->trade_no);
    TAKE_TEXT(d, stmt, 7, order->credit_to);
    order->credit_started = take_int(d, stmt, 8) != 0;
    order->refund_numbered = take_int(d, stmt, 9) != 0;
    TAKE_TEXT(d, stmt, 10, order->kind);
    TAKE_TEXT(d, stmt, 11, order->meter_id);
    order->created_at = take_int(d, stmt, 12);
    order->paid_at = take_int(d, stmt, 13);
}

static void take_event(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_event *event = LIST_PLACE(d, LIST_EVENT, events, event_count);
    event->seq = take_int(d, stmt, 1);
    TAKE_TEXT(d, stmt, 2, event->event);
    event->amount_fen = take_int(d, stmt, 3);
    TAKE_TEXT(d, stmt, 4, event->trade_no);
    event->currency_wrong = take_int(d, stmt, 5) != 0;
    TAKE_TEXT(d, stmt, 6, event->from);
    TAKE_TEXT(d, stmt, 7, event->to);
    event->inbox_id = take_int(d, stmt, 8);
    TAKE_TEXT(d, stmt, 9, event->actor);
    event->at = take_int(d, stmt, 10);
}

static void take_delivery(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_delivery *delivery = &d->dossier.delivery;
    delivery->there = true;
    TAKE_TEXT(d, stmt, 1, delivery->meter_id);
    TAKE_TEXT(d, stmt, 2, delivery->kind);
    TAKE_TEXT(d, stmt, 3, delivery->stage);
    delivery->amount_fen = take_int(d, stmt, 4);
    delivery->sends = take_int(d, stmt, 5);
    delivery->seq = take_int(d, stmt, 6);
    TAKE_TEXT(d, stmt, 7, delivery->order_number);
    delivery->epoch = take_int(d, stmt, 8);
    TAKE_TEXT(d, stmt, 9, delivery->command_id);
}

static void take_step(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_step *step = LIST_PLACE(d, LIST_STEP, steps, step_count);
    step->seq = take_int(d, stmt, 1);
    TAKE_TEXT(d, stmt, 2, step->event);
    TAKE_TEXT(d, stmt, 3, step->detail);
    TAKE_TEXT(d, stmt, 4, step->from);
    TAKE_TEXT(d, stmt, 5, step->to);
    step->at = take_int(d, stmt, 6);
}

static void take_leg(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_leg *leg = LIST_PLACE(d, LIST_LEG, legs, leg_count);
    leg->posting_id = take_int(d, stmt, 1);
    TAKE_TEXT(d, stmt, 2, leg->step);
    leg->at = take_int(d, stmt, 3);
    TAKE_TEXT(d, stmt, 4, leg->account);
    TAKE_TEXT(d, stmt, 5, leg->subject);
    leg->fen = take_int(d, stmt, 6);
}

static void take_refund(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_refund *refund = &d->dossier.refund;
    refund->there = true;
    TAKE_TEXT(d, stmt, 1, refund->refund_no);
    refund->fen = take_int(d, stmt, 2);
    refund->created_at = take_int(d, stmt, 3);
}

static void take_reservation(struct dossiers *d, sqlite3_stmt *stmt)
{
    d->dossier.has_reservation = true;
    TAKE_TEXT(d, stmt, 1, d->dossier.reservation);
    d->dossier.reserved_fen = take_int(d, stmt, 2);
}

static void take_stray(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_stray *stray = &d->dossier.stray;
    stray->there = true;
    digest_number(d, stmt);
    TAKE_TEXT(d, stmt, 1, stray->channel);
    TAKE_TEXT(d, stmt, 2, stray->trade_no);
    TAKE_TEXT(d, stmt, 3, stray->seen_as);
    stray->amount_fen = take_int(d, stmt, 4);
    TAKE_TEXT(d, stmt, 5, stray->state);
    stray->created_at = take_int(d, stmt, 6);
}

static void take_stray_event(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_event *event = LIST_PLACE(d, LIST_STRAY_EVENT, stray_events, stray_event_count);
    *event = (struct dossier_event){.seq = take_int(d, stmt, 1)};
    TAKE_TEXT(d, stmt, 2, event->event);
    TAKE_TEXT(d, stmt, 3, event->to);
    event->inbox_id = take_int(d, stmt, 4);
    TAKE_TEXT(d, stmt, 5, event->actor);
    event->at = take_int(d, stmt, 6);
}

static void take_word(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_word *word = LIST_PLACE(d, LIST_WORD, words, word_count);
    word->inbox_id = take_int(d, stmt, 1);
    TAKE_TEXT(d, stmt, 2, word->channel);
    TAKE_TEXT(d, stmt, 3, word->source);
    const struct words_message message = {.channel = word->channel,
                                          .source = word->source,
                                          .body = sqlite3_column_blob(stmt, 4),
                                          .size = (size_t)sqlite3_column_bytes(stmt, 4),
                                          .key = d->source.wechat_key};
    d->dossier.digest = mix_bytes(d->dossier.digest, message.body, message.size);
    words_read(&message, &word->words);
}

static void take_item(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_item *item = LIST_PLACE(d, LIST_ITEM, items, item_count);
    item->item_id = column_int(stmt, 1);
    COPY(stmt, 2, item->owner);
    item->due_ms = column_int(stmt, 3);
    item->opened_at = column_int(stmt, 4);
    item->closed = column_int(stmt, 5) != 0;
}

static void take_evidence(struct dossiers *d, sqlite3_stmt *stmt)
{
    (void)stmt;
    d->dossier.has_evidence = true;
}

static void take_paper(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_paper *paper = LIST_PLACE(d, LIST_PAPER, papers, paper_count);
    COPY(stmt, 1, paper->verdict);
    COPY(stmt, 2, paper->kind);
}

static void take_bill(struct dossiers *d, sqlite3_stmt *stmt)
{
    struct dossier_bill *bill = LIST_PLACE(d, LIST_BILL, bills, bill_count);
    COPY(stmt, 1, bill->channel);
    bill->day = column_int(stmt, 2);
    bill->refund = column_int(stmt, 3) != 0;
    bill->final = column_int(stmt, 4) != 0;
    COPY(stmt, 5, bill->refund_no);
    COPY(stmt, 6, bill->trade_no);
    bill->fen = column_int(stmt, 7);
}

static void (*const TAKE[TABLE_COUNT])(struct dossiers *d, sqlite3_stmt *stmt) = {
    [TABLE_ORDER] = take_order,
    [TABLE_EVENT] = take_event,
    [TABLE_DELIVERY] = take_delivery,
    [TABLE_STEP] = take_step,
    [TABLE_LEG] = take_leg,
    [TABLE_REFUND] = take_refund,
    [TABLE_RESERVATION] = take_reservation,
    [TABLE_STRAY] = take_stray,
    [TABLE_STRAY_EVENT] = take_stray_event,
    [TABLE_WORD] = take_word,
    [TABLE_ITEM] = take_item,
    [TABLE_EVIDENCE] = take_evidence,
    [TABLE_PAPER] = take_paper,
    [TABLE_BILL] = take_bill,
};

/* ---- side by side ---- */

static void cursor_step(struct cursor *cursor)
{
    cursor->has_row = reader_step(cursor->reader, cursor->stmt);
    cursor->number = cursor->has_row ? column_text(cursor->stmt, 0) : NULL;
}

struct dossiers *dossiers_open(const struct dossier_source *source)
{
    struct dossiers *dossiers = calloc(1, sizeof(*dossiers));
    MUST(dossiers != NULL);
    dossiers->source = *source;
    for (int i = 0; i < TABLE_COUNT; i++) {
        struct cursor *cursor = &dossiers->cursors[i];
        cursor->reader = i == TABLE_BILL ? source->memory : source->cloud;
        cursor->stmt = reader_prepare(cursor->reader, STATEMENTS[i]);
    }
    return dossiers;
}

void dossiers_close(struct dossiers *dossiers)
{
    if (dossiers == NULL) {
        return;
    }
    for (int i = 0; i < TABLE_COUNT; i++) {
        reader_end(dossiers->cursors[i].stmt);
    }
    free(dossiers->dossier.events);
    free(dossiers->dossier.steps);
    free(dossiers->dossier.stray_events);
    free(dossiers->dossier.legs);
    free(dossiers->dossier.bills);
    free(dossiers->dossier.words);
    free(dossiers->dossier.items);
    free(dossiers->dossier.papers);
    free(dossiers);
}

void dossiers_seek(struct dossiers *dossiers, const char *lo, const char *hi)
{
    for (int i = 0; i < TABLE_COUNT; i++) {
        struct cursor *cursor = &dossiers->cursors[i];
        reader_reset(cursor->stmt);
        reader_bind_text(cursor->stmt, 1, lo);
        reader_bind_text(cursor->stmt, 2, hi);
        cursor_step(cursor);
    }
}

static void clear(struct dossier *dossier)
{
    struct dossier empty = {
        .events = dossier->events,
        .steps = dossier->steps,
        .stray_events = dossier->stray_events,
        .legs = dossier->legs,
        .bills = dossier->bills,
        .words = dossier->words,
        .items = dossier->items,
        .papers = dossier->papers,
    };
    *dossier = empty;
}

static const char *smallest(const struct dossiers *dossiers)
{
    const char *least = NULL;
    for (int i = 0; i < TABLE_COUNT; i++) {
        const struct cursor *cursor = &dossiers->cursors[i];
        if (cursor->has_row && (least == NULL || strcmp(cursor->number, least) < 0)) {
            least = cursor->number;
        }
    }
    return least;
}

const struct dossier *dossiers_next(struct dossiers *dossiers)
{
    struct dossier *dossier = &dossiers->dossier;
    const char *number = smallest(dossiers);
    clear(dossier);
    if (number == NULL) {
        return NULL;
    }
    char whole[2 * DOSSIER_NUMBER_SIZE + 64]; /* ledger documents have longer numbers than orders */
    str_format_cut(whole, sizeof(whole), "%s", number);
    str_format_cut(dossier->number, sizeof(dossier->number), "%s", number);
    for (int i = 0; i < TABLE_COUNT; i++) {
        struct cursor *cursor = &dossiers->cursors[i];
        while (cursor->has_row && strncmp(cursor->number, whole, sizeof(whole) - 1) == 0) {
            TAKE[i](dossiers, cursor->stmt);
            cursor_step(cursor);
        }
    }
    return dossiers->source.cloud->failed || dossiers->source.memory->failed ? NULL : dossier;
}
