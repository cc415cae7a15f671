/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents in blocks of about a thousand, in the order of their numbers. A block keeps a digest of
 * each of its documents and whether it was settled; its findings and sums are one part of the
 * result. A later run reads again the blocks in which something may have happened: new documents,
 * postings, words, papers, decisions and bill rows (all of them in tables that only grow), and
 * documents that were not settled. Of the rest it reads a share, the longest unread first. Whatever
 * it reads it compares with the digests: a settled document to which nothing happened must be what
 * it was.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/auditor/dossier.h"
#include "cloud/auditor/judge.h"
#include "cloud/auditor/mix.h"
#include "cloud/auditor/passes.h"
#include "common/must.h"
#include "common/str.h"

enum { MARK_SETTLED = 1 /* lowest bit of a digest */ };

/* One document of a block. digest 0: known from a bill only, it may come and go with it. */
struct mark {
    uint64_t key;
    uint64_t digest;
};

/* The block being written, and what it was before. */
struct writer {
    struct audit *audit;
    struct part part;
    char lo[DOSSIER_NUMBER_SIZE];
    struct mark *marks;
    size_t count;
    size_t room; /* documents after which a new block begins */
    bool open;
    const struct mark *old;
    size_t old_count;
    size_t old_at;
    int64_t missing;
    sqlite3_stmt *put;
    sqlite3_stmt *is_touched;
};

static void begin_block(struct writer *writer, const char *lo)
{
    char name[PART_NAME_SIZE];
    str_format_cut(writer->lo, sizeof(writer->lo), "%s", lo);
    str_format_cut(name, sizeof(name), "orders %s", lo);
    part_clear(&writer->part, name);
    writer->count = 0;
    writer->open = false;
}

static void end_block(struct writer *writer)
{
    struct memory *memory = &writer->audit->memory;
    sqlite3_stmt *stmt = writer->put;
    reader_bind_text(stmt, 1, writer->lo);
    reader_bind_int(stmt, 2, (int64_t)writer->count);
    if (stmt != NULL) {
        int code =
            sqlite3_bind_blob(stmt, 3, writer->marks, (int)(writer->count * sizeof(*writer->marks)),
                              SQLITE_TRANSIENT);
        MUST(code == SQLITE_OK);
    }
    reader_bind_int(stmt, 4, writer->open ? 1 : 0);
    reader_bind_int(stmt, 5, memory->run);
    reader_run(&memory->file, stmt);
    memory_put_part(memory, &writer->part);
    writer->audit->work.blocks_read += 1;
    writer->audit->work.documents_read += (int64_t)writer->count;
}

/* ---- what it was ---- */

static bool is_touched(struct writer *writer, const char *number)
{
    struct reader *file = &writer->audit->memory.file;
    reader_bind_text(writer->is_touched, 1, number);
    const bool touched = reader_step(file, writer->is_touched);
    reader_reset(writer->is_touched);
    return touched;
}

/* @return true if it is what it was, and was settled then */
static bool compare(struct writer *writer, const char *number, const struct mark *mark)
{
    size_t at = writer->old_at;
    while (at < writer->old_count && writer->old[at].key != mark->key) {
        at += 1;
    }
    if (at == writer->old_count) {
        return false; /* new */
    }
    for (; writer->old_at < at; writer->old_at++) {
        writer->missing += writer->old[writer->old_at].digest != 0 ? 1 : 0;
    }
    writer->old_at = at + 1;
    const uint64_t old = writer->old[at].digest;
    const bool settled = (old & MARK_SETTLED) != 0;
    const bool same = ((old ^ mark->digest) & ~(uint64_t)MARK_SETTLED) == 0;
    if (settled && !same && !is_touched(writer, number)) {
        part_find(&writer->part, FOUND_PAST_ROW_CHANGED, (struct part_subject){number, 0},
                  "it was settled, and nothing has happened to it since");
    }
    return settled && same;
}

/* Something was handed over to this meter: it is judged after the orders. Card meters are judged
 * all of them, in any case. */
static void touch_meter(struct writer *writer, const struct dossier *dossier)
{
    struct audit *audit = writer->audit;
    const char *kind = dossier->delivery.kind;
    if (dossier->delivery.there && !str_equal(kind, "cloud") && !str_equal(kind, "card")) {
        reader_bind_text(audit->touch_meter, 1, dossier->delivery.meter_id);
        reader_run(&audit->memory.file, audit->touch_meter);
    }
}

static void end_compare(struct writer *writer)
{
    for (; writer->old_at < writer->old_count; writer->old_at++) {
        writer->missing += writer->old[writer->old_at].digest != 0 ? 1 : 0;
    }
    if (writer->missing > 0) {
        part_find(&writer->part, FOUND_PAST_ROW_MISSING, (struct part_subject){writer->lo, 0},
                  "%lld documents from this number on", (long long)writer->missing);
    }
    writer->missing = 0;
}

static void take(struct writer *writer, const struct dossier *dossier)
{
    if (writer->count == writer->room) {
        end_block(writer);
        begin_block(writer, dossier->number);
    }
    const bool settled = judge(writer->audit, dossier, &writer->part);
    const bool known = dossier->order.there || dossier->stray.there || dossier->event_count > 0;
    struct mark mark = {.key = mix_text(0, dossier->number)};
    if (known) {
        mark.digest = (dossier->digest | 2U | MARK_SETTLED) ^ (settled ? 0U : MARK_SETTLED);
    }
    if (!compare(writer, dossier->number, &mark)) {
        touch_meter(writer, dossier);
    }
    writer->marks[writer->count] = mark;
    writer->count += 1;
    writer->open = writer->open || !settled;
}

/* ---- reading a range ---- */

static void read_range(struct writer *writer, struct dossiers *dossiers, const char *lo,
                       const char *hi)
{
    dossiers_seek(dossiers, lo, hi);
    begin_block(writer, lo);
    for (const struct dossier *dossier = dossiers_next(dossiers); dossier != NULL;
         dossier = dossiers_next(dossiers)) {
        take(writer, dossier);
    }
    end_compare(writer);
    end_block(writer);
}

static void read_again(struct writer *writer, struct dossiers *dossiers, const char *lo)
{
    struct reader *file = &writer->audit->memory.file;
    char from[DOSSIER_NUMBER_SIZE];
    char hi[DOSSIER_NUMBER_SIZE] = DOSSIER_BEHIND_ALL;
    str_format_cut(from, sizeof(from), "%s", lo);
    sqlite3_stmt *stmt = reader_prepare(file, "SELECT b.marks, (SELECT min(n.lo) FROM block n WHERE"
                                              " n.lo > b.lo) FROM block b WHERE b.lo = ?1");
    reader_bind_text(stmt, 1, from);
    if (reader_step(file, stmt)) {
        const size_t size = (size_t)sqlite3_column_bytes(stmt, 0);
        struct mark *old = malloc(size + 1);
        MUST(old != NULL);
        if (size > 0) {
            memcpy(old, sqlite3_column_blob(stmt, 0), size);
        }
        if (sqlite3_column_type(stmt, 1) != SQLITE_NULL) {
            column_copy(stmt, 1, hi, sizeof(hi));
        }
        reader_end(stmt);
        stmt = NULL;
        writer->old = old;
        writer->old_count = size / sizeof(*old);
        writer->old_at = 0;
        read_range(writer, dossiers, from, hi);
        writer->old = NULL;
        writer->old_count = 0;
        free(old);
    }
    reader_end(stmt);
}

/* ---- which ones ---- */

struct growth {
    const char *mark;
    const char *end;  /* the newest row */
    const char *rows; /* documents of the rows behind ?1 */
};

static const struct growth GROWTHS[] = {
    {"rowid pay_order", "SELECT max(rowid) FROM pay_order",
     "SELECT order_no FROM pay_order WHERE rowid > ?1"},
    {"rowid pay_inbox", "SELECT max(inbox_id) FROM pay_inbox",
     "SELECT document_no FROM pay_inbox WHERE inbox_id > ?1 AND document_no > ''"},
    {"rowid posting", "SELECT max(posting_id) FROM posting",
     "SELECT document_no FROM posting WHERE posting_id > ?1 AND document_no >= 'S'"
     " AND document_no < 'T'"},
    {"rowid receipt_report", "SELECT max(rowid) FROM receipt_report",
     "SELECT order_no FROM receipt_report WHERE rowid > ?1"},
    {"rowid review_item", "SELECT max(item_id) FROM review_item",
     "SELECT document_no FROM review_item WHERE item_id > ?1 AND document <> 'payout'"},
    {"rowid review_evidence", "SELECT max(evidence_id) FROM review_evidence",
     "SELECT document_no FROM review_evidence WHERE evidence_id > ?1"},
};

static void follow(struct audit *audit, const struct growth *growth, bool touch)
{
    const int64_t end = reader_one(&audit->cloud, growth->end, 0);
    const int64_t begin = memory_mark(&audit->memory, growth->mark, 0);
    if (touch) {
        sqlite3_stmt *stmt = reader_prepare(&audit->cloud, growth->rows);
        reader_bind_int(stmt, 1, begin);
        while (reader_step(&audit->cloud, stmt)) {
            memory_touch(&audit->memory, column_text(stmt, 0));
        }
        reader_end(stmt);
    }
    memory_set_mark(&audit->memory, growth->mark, end);
}

/* Row numbers are only good while the rows keep them: a rebuilt file may give them anew. */
static int64_t print_of_rows(struct audit *audit, int64_t rowid)
{
    sqlite3_stmt *stmt =
        reader_prepare(&audit->cloud, "SELECT order_no FROM pay_order WHERE rowid = ?1");
    reader_bind_int(stmt, 1, rowid);
    const bool there = reader_step(&audit->cloud, stmt);
    const int64_t print = there ? (int64_t)mix_text(1, column_text(stmt, 0)) : 0;
    reader_end(stmt);
    return print;
}

/* Other evidence than last time: everything must be judged by it. */
static int64_t print_of_options(const struct audit *audit)
{
    const struct options *options = audit->options;
    uint64_t print = mix_int(3, options->block_size);
    print = mix_int(print, options->journals[0] != '\0' ? 1 : 0);
    print = mix_int(print, options->meters[0] != '\0' ? 1 : 0);
    return (int64_t)mix_int(print, audit->has_wechat_key ? 1 : 0);
}

static bool must_read_all(struct audit *audit)
{
    struct memory *memory = &audit->memory;
    const int64_t last = memory_mark(memory, "rowid pay_order", 0);
    const int64_t blocks = reader_one(&memory->file, "SELECT count(*) FROM block", 0);
    const bool same = memory_mark(memory, "print of options", 0) == print_of_options(audit) &&
                      memory_mark(memory, "print of rows", 0) == print_of_rows(audit, last);
    return blocks == 0 || !same;
}

static void choose(struct audit *audit)
{
    struct reader *file = &audit->memory.file;
    const int64_t count = reader_one(file, "SELECT count(*) FROM block", 0);
    reader_exec(file, "INSERT OR IGNORE INTO chosen SELECT (SELECT max(b.lo) FROM block b"
                      " WHERE b.lo <= t.document_no) FROM touched t");
    reader_exec(file, "INSERT OR IGNORE INTO chosen SELECT lo FROM block WHERE open = 1");
    const int64_t before = reader_one(file, "SELECT count(*) FROM chosen", 0);
    sqlite3_stmt *stmt = reader_prepare(
        file, "INSERT INTO chosen SELECT lo FROM block WHERE lo NOT IN (SELECT lo FROM chosen)"
              " ORDER BY checked, lo LIMIT ?1");
    reader_bind_int(stmt, 1, audit_share(audit->options->recheck, count));
    reader_run(file, stmt);
    reader_end(stmt);
    audit->work.blocks_rechecked += reader_one(file, "SELECT count(*) FROM chosen", 0) - before;
}

static void read_all(struct writer *writer, struct dossiers *dossiers)
{
    struct audit *audit = writer->audit;
    reader_exec(&audit->memory.file, "DELETE FROM block");
    reader_exec(&audit->memory.file, "DELETE FROM finding WHERE part LIKE 'orders %'");
    reader_exec(&audit->memory.file, "DELETE FROM tally WHERE part LIKE 'orders %'");
    read_range(writer, dossiers, "", DOSSIER_BEHIND_ALL);
}

static void read_chosen(struct writer *writer, struct dossiers *dossiers)
{
    struct audit *audit = writer->audit;
    choose(audit);
    sqlite3_stmt *stmt = reader_prepare(&audit->memory.file, "SELECT lo FROM chosen ORDER BY lo");
    while (reader_step(&audit->memory.file, stmt)) {
        read_again(writer, dossiers, column_text(stmt, 0));
    }
    reader_end(stmt);
}

void blocks_run(struct audit *audit)
{
    struct writer writer = {.audit = audit, .room = (size_t)audit->options->block_size};
    struct reader *file = &audit->memory.file;
    const struct dossier_source source = {.cloud = &audit->cloud,
                                          .memory = file,
                                          .wechat_key =
                                              audit->has_wechat_key ? audit->wechat_key : NULL};
    const bool all = must_read_all(audit);
    part_init(&writer.part);
    writer.marks = calloc(writer.room, sizeof(*writer.marks));
    MUST(writer.marks != NULL);
    writer.put = reader_prepare(file, "INSERT INTO block (lo, docs, marks, open, checked) VALUES"
                                      " (?1, ?2, ?3, ?4, ?5) ON CONFLICT (lo) DO UPDATE SET"
                                      " docs = ?2, marks = ?3, open = ?4, checked = ?5");
    writer.is_touched = reader_prepare(file, "SELECT 1 FROM touched WHERE document_no = ?1");
    for (size_t i = 0; i < ARRAY_COUNT(GROWTHS); i++) {
        follow(audit, &GROWTHS[i], !all);
    }
    struct dossiers *dossiers = dossiers_open(&source);
    if (all) {
        read_all(&writer, dossiers);
    } else {
        read_chosen(&writer, dossiers);
    }
    dossiers_close(dossiers);
    memory_set_mark(&audit->memory, "print of options", print_of_options(audit));
    memory_set_mark(&audit->memory, "print of rows",
                    print_of_rows(audit, memory_mark(&audit->memory, "rowid pay_order", 0)));
    audit->work.documents_known = reader_one(file, "SELECT sum(docs) FROM block", 0);
    audit->work.blocks_known = reader_one(file, "SELECT count(*) FROM block", 0);
    reader_end(writer.put);
    reader_end(writer.is_touched);
    free(writer.marks);
    part_finish(&writer.part);
}
