/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meter by meter: our deliveries in the order in which they were made, against what the meter
 * recorded of its purchases. Where no record was brought, the counts that our own readings saw must
 * at least follow from one another. What neither can prove is counted as unproven, with the date
 * since when, and not called equal.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cloud/auditor/files.h"
#include "cloud/auditor/handover.h"
#include "cloud/auditor/passes.h"
#include "common/civil.h"
#include "common/crypto/digest.h"
#include "common/must.h"
#include "common/str.h"

enum {
    RECORD_SIZE_MAX = 16 << 20,
    NUMBER_SIZE = 65,
    WORD_SIZE = 24,
    TIME_SIZE = 20, /* "2026-11-30 04:53:43" */
    RECORD_DEPTH = 10,
};

struct delivered {
    char order_no[NUMBER_SIZE];
    char stage[WORD_SIZE];
    char state[WORD_SIZE]; /* of the order; "" while the delivery speaks for itself */
    char order_number[WORD_SIZE];
    bool by_count;
    bool has_before_count;
    bool has_total; /* the meter said what was bought in all: then it proves itself */
    int64_t before_count;
    int64_t seq;
    int64_t amount_fen;
};

struct purchase {
    int64_t count;
    int64_t amount_fen;
    char order[WORD_SIZE];
    char time[TIME_SIZE];
    bool explained;
};

/* One meter on trial. */
struct meter {
    struct audit *audit;
    struct part part;
    sqlite3_stmt *order;
    char meter_id[NUMBER_SIZE];
    char address[NUMBER_SIZE];
    struct delivered *deliveries;
    size_t delivery_count;
    size_t delivery_room;
    bool has_record;
    struct purchase *purchases;
    size_t purchase_count;
    int64_t record_count; /* purchases that the meter has counted */
    int64_t unproven_at;  /* INT64_MAX: none */
};

/* ---- our side ---- */

static void read_before(const char *before, struct delivered *delivered)
{
    struct handover_reading reading = {0};
    if (handover_before_read(before, &reading)) {
        delivered->has_before_count = reading.has_count;
        delivered->before_count = reading.count;
        delivered->has_total = reading.has_total;
    }
}

/* The order's state, if it is asked for. @return when it was paid, or else made */
static int64_t look_at_order(struct meter *meter, const char *order_no, char *ret_state)
{
    reader_bind_text(meter->order, 1, order_no);
    int64_t at = 0;
    if (reader_step(&meter->audit->cloud, meter->order)) {
        at = column_int(meter->order, 1);
        if (ret_state != NULL) {
            column_copy(meter->order, 0, ret_state, WORD_SIZE);
        }
    }
    reader_reset(meter->order);
    return at;
}

static void add_delivery(struct meter *meter, sqlite3_stmt *stmt)
{
    if (meter->delivery_count == meter->delivery_room) {
        meter->delivery_room = meter->delivery_room == 0 ? 64 : meter->delivery_room * 2;
        struct delivered *more = realloc(meter->deliveries, meter->delivery_room * sizeof(*more));
        MUST(more != NULL);
        meter->deliveries = more;
    }
    struct delivered *delivered = &meter->deliveries[meter->delivery_count];
    *delivered = (struct delivered){.seq = column_int(stmt, 3),
                                    .amount_fen = column_int(stmt, 5),
                                    .by_count = str_equal(column_text(stmt, 1), "count")};
    column_copy(stmt, 0, delivered->order_no, sizeof(delivered->order_no));
    column_copy(stmt, 2, delivered->stage, sizeof(delivered->stage));
    column_copy(stmt, 4, delivered->order_number, sizeof(delivered->order_number));
    read_before(column_text(stmt, 6), delivered);
    if (!str_equal(delivered->stage, "DELIVERED")) {
        (void)look_at_order(meter, delivered->order_no, delivered->state);
    }
    meter->delivery_count += 1;
}

static void load_deliveries(struct meter *meter, sqlite3_stmt *stmt)
{
    meter->delivery_count = 0;
    reader_bind_text(stmt, 1, meter->meter_id);
    while (reader_step(&meter->audit->cloud, stmt)) {
        add_delivery(meter, stmt);
    }
    reader_reset(stmt);
}

static bool is_delivered(const struct delivered *delivered)
{
    return str_equal(delivered->stage, "DELIVERED");
}

/* The order counts as paid out to the meter, by proof or by the word of two persons. */
static bool is_credited(const struct delivered *delivered)
{
    return is_delivered(delivered) || str_equal(delivered->state, "DONE");
}

static bool is_refunded(const struct delivered *delivered)
{
    return str_equal(delivered->state, "REFUND_DUE") || str_equal(delivered->state, "REFUNDING") ||
           str_equal(delivered->state, "REFUNDED");
}

/* ---- the meter's side ---- */

static void copy_text(const json_t *object, const char *name, char *ret_text, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    str_format_cut(ret_text, size, "%s", text != NULL ? text : "");
}

static bool read_purchases(struct meter *meter, const json_t *list)
{
    const size_t size = json_array_size(list);
    free(meter->purchases);
    meter->purchases = calloc(size + 1, sizeof(*meter->purchases));
    MUST(meter->purchases != NULL);
    meter->purchase_count = 0;
    for (size_t i = 0; i < size; i++) {
        const json_t *row = json_array_get(list, i);
        const json_t *amount = json_object_get(row, "amount_fen");
        const char *kind = json_string_value(json_object_get(row, "kind"));
        if (!json_is_integer(amount)) {
            return false;
        }
        if (kind != NULL && !str_equal(kind, "recharge")) {
            continue; /* openings and returns are not sales */
        }
        struct purchase *purchase = &meter->purchases[meter->purchase_count];
        purchase->amount_fen = json_integer_value(amount);
        purchase->count = json_integer_value(json_object_get(row, "count"));
        copy_text(row, "order", purchase->order, sizeof(purchase->order));
        copy_text(row, "time", purchase->time, sizeof(purchase->time));
        meter->purchase_count += 1;
    }
    return json_is_array(list);
}

static bool read_record(struct meter *meter, const struct file_bytes *file)
{
    json_t *root = json_loadb((const char *)file->bytes, file->size, JSON_REJECT_DUPLICATES, NULL);
    const bool good = root != NULL && read_purchases(meter, json_object_get(root, "purchases"));
    meter->has_record = good;
    meter->record_count = json_integer_value(json_object_get(root, "count"));
    json_decref(root);
    return good;
}

/* ---- comparing by count ---- */

static struct purchase *by_count(struct meter *meter, int64_t count)
{
    for (size_t i = 0; i < meter->purchase_count; i++) {
        if (meter->purchases[i].count == count) {
            return &meter->purchases[i];
        }
    }
    return NULL;
}

static struct purchase *by_order(struct meter *meter, const char *order)
{
    for (size_t i = 0; i < meter->purchase_count; i++) {
        if (order[0] != '\0' && str_equal(meter->purchases[i].order, order)) {
            return &meter->purchases[i];
        }
    }
    return NULL;
}

static const struct purchase *oldest_of(const struct meter *meter, bool by_count)
{
    const struct purchase *oldest = meter->purchases;
    for (size_t i = 1; i < meter->purchase_count; i++) {
        const struct purchase *other = &meter->purchases[i];
        const bool older =
            by_count ? other->count < oldest->count : strcmp(other->time, oldest->time) < 0;
        oldest = older ? other : oldest;
    }
    return oldest;
}

/*
 * From which delivery on the record must show ours: a meter keeps its last ten purchases (0333 xx
 * 01..0A). A shorter record is complete.
 */
static size_t first_in_reach(struct meter *meter)
{
    const bool by_count = meter->delivery_count > 0 && meter->deliveries[0].by_count;
    if (meter->purchases == NULL || meter->purchase_count < RECORD_DEPTH) {
        return 0;
    }
    const struct purchase *oldest = oldest_of(meter, by_count);
    for (size_t i = 0; i < meter->delivery_count; i++) {
        const struct delivered *delivered = &meter->deliveries[i];
        char text[CIVIL_TEXT_SIZE];
        if (by_count ? delivered->seq >= oldest->count
                     : by_order(meter, delivered->order_number) != NULL) {
            return i;
        }
        /* None of ours may be left in it: then its times say how far back it goes. */
        if (!by_count && i + 1 == meter->delivery_count &&
            strncmp(civil_format_beijing(look_at_order(meter, delivered->order_no, NULL), text),
                    oldest->time, TIME_SIZE - 1) >= 0) {
            return i;
        }
    }
    return meter->delivery_count;
}

static void unproven(struct meter *meter, const struct delivered *delivered)
{
    part_find(&meter->part, FOUND_DELIVERY_UNPROVEN,
              (struct part_subject){delivered->order_no, delivered->amount_fen}, "%s", "");
    if (meter->unproven_at == INT64_MAX) {
        meter->unproven_at = look_at_order(meter, delivered->order_no, NULL); /* the oldest */
    }
}

/* Since when; forgotten when a record has proven all of them. */
static void keep_unproven(struct meter *meter)
{
    char mark[PART_NAME_SIZE];
    str_format_cut(mark, sizeof(mark), "unproven %s", meter->meter_id);
    memory_set_mark(&meter->audit->memory, mark, meter->unproven_at);
}

static void judge_delivered(struct meter *meter, struct delivered *delivered, bool in_reach)
{
    const struct part_subject about = {delivered->order_no, delivered->amount_fen};
    struct purchase *purchase = delivered->by_count ? by_count(meter, delivered->seq)
                                                    : by_order(meter, delivered->order_number);
    if (purchase == NULL && !in_reach) {
        unproven(meter, delivered);
    } else if (purchase == NULL) {
        part_find(&meter->part, FOUND_DELIVERY_NOT_IN_METER, about, "meter %s, %s %lld%s",
                  meter->meter_id, delivered->by_count ? "count" : "order",
                  (long long)delivered->seq, delivered->order_number);
    } else {
        purchase->explained = true;
        if (purchase->amount_fen != delivered->amount_fen) {
            part_find(&meter->part, FOUND_METER_AMOUNT,
                      (struct part_subject){delivered->order_no,
                                            purchase->amount_fen - delivered->amount_fen},
                      "meter %s recorded %lld fen", meter->meter_id,
                      (long long)purchase->amount_fen);
        }
    }
}

static const struct delivered *owner_of(const struct meter *meter, const struct purchase *purchase)
{
    for (size_t i = 0; i < meter->delivery_count; i++) {
        const struct delivered *delivered = &meter->deliveries[i];
        const bool same = delivered->by_count
                              ? delivered->seq == purchase->count && delivered->seq != 0 &&
                                    delivered->amount_fen == purchase->amount_fen
                              : delivered->order_number[0] != '\0' &&
                                    str_equal(delivered->order_number, purchase->order);
        if (same) {
            return delivered;
        }
    }
    return NULL;
}

/* From when on a purchase must be one of ours: what was there before we sold is not. */
static bool is_of_our_time(struct meter *meter, const struct purchase *purchase)
{
    const struct delivered *first = meter->delivery_count > 0 ? &meter->deliveries[0] : NULL;
    char mark[PART_NAME_SIZE];
    char text[CIVIL_TEXT_SIZE];
    if (first != NULL && first->by_count && first->has_before_count) {
        return purchase->count > first->before_count;
    }
    if (first != NULL && !first->by_count) {
        const int64_t at = look_at_order(meter, first->order_no, NULL);
        return strncmp(purchase->time, civil_format_beijing(at, text), TIME_SIZE - 1) >= 0;
    }
    str_format_cut(mark, sizeof(mark), "count %s", meter->meter_id);
    return purchase->count > memory_mark(&meter->audit->memory, mark, INT64_MAX);
}

static void judge_purchase(struct meter *meter, const struct purchase *purchase, bool again)
{
    const struct delivered *owner = owner_of(meter, purchase);
    char detail[PART_TEXT_SIZE];
    str_format_cut(detail, sizeof(detail), "meter %s, %.20s, count %lld %s", meter->meter_id,
                   purchase->time, (long long)purchase->count, purchase->order);
    if (again) {
        const char *subject = owner != NULL ? owner->order_no : meter->meter_id;
        part_find(&meter->part, FOUND_METER_CREDITED_TWICE,
                  (struct part_subject){subject, purchase->amount_fen}, "%s", detail);
    } else if (purchase->explained || !is_of_our_time(meter, purchase)) {
        return;
    } else if (owner != NULL && is_refunded(owner)) {
        part_find(&meter->part, FOUND_REFUNDED_BUT_DELIVERED,
                  (struct part_subject){owner->order_no, purchase->amount_fen}, "%s", detail);
    } else if (owner == NULL || !str_equal(owner->state, "CREDITING")) {
        const bool review = owner != NULL && str_equal(owner->state, "REVIEW");
        if (!review) {
            part_find(&meter->part, FOUND_METER_WITHOUT_DELIVERY,
                      (struct part_subject){meter->meter_id, purchase->amount_fen}, "%s", detail);
        }
    }
}

/* The same number twice: a meter without a count credits a repeated frame again. */
static bool is_again(const struct meter *meter, size_t at)
{
    const struct purchase *purchase = &meter->purchases[at];
    for (size_t i = 0; i < at; i++) {
        const struct purchase *other = &meter->purchases[i];
        const bool ordered = purchase->order[0] != '\0' || other->order[0] != '\0';
        if (ordered ? str_equal(purchase->order, other->order)
                    : purchase->count != 0 && purchase->count == other->count) {
            return true;
        }
    }
    return false;
}

static void judge_by_record(struct meter *meter)
{
    char mark[PART_NAME_SIZE];
    const size_t reach = first_in_reach(meter);
    for (size_t i = 0; i < meter->delivery_count; i++) {
        if (is_credited(&meter->deliveries[i])) {
            judge_delivered(meter, &meter->deliveries[i], i >= reach);
        }
    }
    for (size_t i = 0; i < meter->purchase_count; i++) {
        judge_purchase(meter, &meter->purchases[i], is_again(meter, i));
    }
    str_format_cut(mark, sizeof(mark), "count %s", meter->meter_id);
    memory_set_mark(&meter->audit->memory, mark, meter->record_count);
}

/* ---- without a record ---- */

static void judge_by_readings(struct meter *meter)
{
    bool known = false;
    int64_t expected = 0;
    for (size_t i = 0; i < meter->delivery_count; i++) {
        const struct delivered *delivered = &meter->deliveries[i];
        if (!delivered->by_count) {
            if (is_delivered(delivered) && !delivered->has_total) {
                unproven(meter, delivered);
            }
            continue;
        }
        if (!delivered->has_before_count) {
            continue; /* nothing was ever assigned */
        }
        if (known && delivered->before_count > expected) {
            part_find(&meter->part, FOUND_METER_WITHOUT_DELIVERY,
                      (struct part_subject){meter->meter_id, 0},
                      "count %lld before order %s, %lld were ours",
                      (long long)delivered->before_count, delivered->order_no, (long long)expected);
        }
        known = true;
        expected = is_credited(delivered) ? delivered->seq : delivered->before_count;
    }
}

/* ---- one meter ---- */

static bool load_record(struct meter *meter, char ret_digest[DIGEST_HEX_SIZE])
{
    const char *const names[] = {meter->meter_id, meter->address};
    struct file_bytes file = {0};
    enum err err = ERR_NOT_FOUND;
    meter->has_record = false;
    ret_digest[0] = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(names) && err == ERR_NOT_FOUND; i++) {
        char path[2 * OPTIONS_PATH_SIZE];
        str_format_cut(path, sizeof(path), "%s/%s.json", meter->audit->options->meters, names[i]);
        err = file_read(path, RECORD_SIZE_MAX, &file);
    }
    if (err == ERR_NOT_FOUND) {
        return true;
    }
    const bool good = err == OK && digest_hex(DIGEST_SHA256, file.bytes, file.size, ret_digest) &&
                      read_record(meter, &file);
    file_free(&file);
    meter->audit->work.meter_records += good ? 1 : 0;
    return good;
}

static void remember(struct meter *meter, const char *digest)
{
    struct reader *file = &meter->audit->memory.file;
    sqlite3_stmt *stmt = reader_prepare(file, "INSERT INTO meter (meter_id, digest) VALUES (?1, ?2)"
                                              " ON CONFLICT (meter_id) DO UPDATE SET digest = ?2");
    reader_bind_text(stmt, 1, meter->meter_id);
    reader_bind_text(stmt, 2, digest);
    reader_run(file, stmt);
    reader_end(stmt);
}

/* True if it must be judged: something was delivered to it, or its record is another one. */
static bool is_due(struct meter *meter, const char *digest)
{
    struct reader *file = &meter->audit->memory.file;
    sqlite3_stmt *stmt = reader_prepare(
        file, "SELECT EXISTS (SELECT 1 FROM touched_meter WHERE meter_id = ?1) OR (?2 <> '' AND"
              " coalesce((SELECT digest FROM meter WHERE meter_id = ?1), '') <> ?2)");
    reader_bind_text(stmt, 1, meter->meter_id);
    reader_bind_text(stmt, 2, digest);
    const bool due = reader_step(file, stmt) && column_int(stmt, 0) != 0;
    reader_end(stmt);
    return due;
}

static void run_meter(struct meter *meter, sqlite3_stmt *deliveries)
{
    char digest[DIGEST_HEX_SIZE] = "";
    char name[PART_NAME_SIZE];
    const bool asked = meter->audit->options->meters[0] != '\0';
    const bool good = !asked || load_record(meter, digest);
    if (good && !is_due(meter, digest)) {
        return;
    }
    str_format_cut(name, sizeof(name), "meter %s", meter->meter_id);
    part_clear(&meter->part, name);
    meter->unproven_at = INT64_MAX;
    load_deliveries(meter, deliveries);
    if (!good) {
        part_find(&meter->part, FOUND_METER_RECORD_UNREADABLE,
                  (struct part_subject){meter->meter_id, 0}, "%s", "");
    } else if (meter->has_record) {
        judge_by_record(meter);
    } else {
        meter->purchase_count = 0;
        judge_by_readings(meter);
    }
    memory_put_part(&meter->audit->memory, &meter->part);
    keep_unproven(meter);
    remember(meter, digest);
    meter->audit->work.meters_judged += 1;
}

void meters_run(struct audit *audit)
{
    struct meter meter = {.audit = audit};
    part_init(&meter.part);
    sqlite3_stmt *meters = reader_prepare(
        &audit->cloud, "SELECT m.meter_id, m.address FROM meter m JOIN meter_profile p USING"
                       " (profile_id) WHERE p.kind NOT IN ('cloud', 'card') ORDER BY m.meter_id");
    sqlite3_stmt *deliveries = reader_prepare(
        &audit->cloud,
        "SELECT d.order_no, d.kind, d.stage, coalesce(d.seq, 0), d.order_number, d.amount_fen,"
        " d.before FROM delivery d WHERE d.meter_id = ?1 AND d.kind NOT IN ('cloud', 'card')"
        " ORDER BY d.created_ms, d.order_no");
    meter.order = reader_prepare(&audit->cloud, "SELECT state, coalesce(paid_at, created_at)"
                                                " FROM pay_order WHERE order_no = ?1");
    while (reader_step(&audit->cloud, meters)) {
        column_copy(meters, 0, meter.meter_id, sizeof(meter.meter_id));
        column_copy(meters, 1, meter.address, sizeof(meter.address));
        run_meter(&meter, deliveries);
    }
    reader_end(meters);
    reader_end(deliveries);
    reader_end(meter.order);
    free(meter.deliveries);
    free(meter.purchases);
    part_finish(&meter.part);
}
