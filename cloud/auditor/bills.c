/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bills into the memory's table bill_row. The folder's copy counts, because the server cannot have
 * changed it; the database's copy of the same day is compared with it. A bill whose bytes are those
 * of the last run is not read again.
 */
#include <string.h>

#include "cloud/auditor/files.h"
#include "cloud/auditor/mix.h"
#include "cloud/auditor/passes.h"
#include "cloud/auditor/statement.h"
#include "cloud/auditor/unpack.h"
#include "common/crypto/digest.h"
#include "common/must.h"
#include "common/str.h"

struct bill {
    const uint8_t *raw; /* borrowed */
    size_t size;
    int64_t day;
    char channel[16]; /* "" until it was read */
    char source[PART_SUBJECT_SIZE];
};

/* Rows on their way into the table; or only their sum, to compare two copies. */
struct intake {
    struct audit *audit;
    sqlite3_stmt *insert; /* NULL: only the sum */
    const struct bill *bill;
    int64_t line;
    uint64_t sum; /* of all rows, in whatever order they stand */
};

static void take_row(void *self, const struct statement_row *row)
{
    struct intake *intake = self;
    uint64_t digest = mix_text(row->refund ? 1 : 2, row->order_no);
    digest = mix_text(mix_text(digest, row->trade_no), row->refund_no);
    intake->sum += mix_int(digest, row->fen);
    intake->line += 1;
    sqlite3_stmt *stmt = intake->insert;
    if (stmt == NULL) {
        return;
    }
    reader_bind_borrowed(stmt, 1, row->order_no);
    reader_bind_borrowed(stmt, 2, intake->bill->channel);
    reader_bind_int(stmt, 3, intake->bill->day);
    reader_bind_int(stmt, 4, intake->line);
    reader_bind_int(stmt, 5, row->refund ? 1 : 0);
    reader_bind_int(stmt, 6, row->final ? 1 : 0);
    reader_bind_borrowed(stmt, 7, row->refund_no);
    reader_bind_borrowed(stmt, 8, row->trade_no);
    reader_bind_int(stmt, 9, row->fen);
    reader_run(&intake->audit->memory.file, stmt);
}

static void note_wallet(void *self, const struct statement_row *row)
{
    (void)self;
    (void)row;
}

/* Read the rows. ERR_FORMAT also if it is the other wallet's bill. */
static enum err read_rows(struct intake *intake, const struct bill *bill)
{
    struct unpacked text = {0};
    enum statement_wallet wallet = STATEMENT_ALIPAY;
    const struct statement_sink sink = {.row = take_row, .self = intake};
    if (bill->size == 0) {
        return OK; /* a day without trades */
    }
    enum err err = unpack_bill(bill->raw, bill->size, &text);
    if (err == OK) {
        err = statement_read(text.text, text.size, &sink, &wallet);
        unpack_free(&text);
    }
    const bool other = err == OK && !str_equal(statement_wallet_name(wallet), bill->channel);
    return other ? ERR_FORMAT : err;
}

/* Of a day without trades nothing but the file's name says whose it is. */
static enum err wallet_in_name(struct bill *bill)
{
    const bool alipay = strstr(bill->source, "alipay") != NULL;
    if (!alipay && strstr(bill->source, "wechat") == NULL) {
        return ERR_FORMAT;
    }
    MUST(str_copy(bill->channel, sizeof(bill->channel), alipay ? "alipay" : "wechat"));
    return OK;
}

/* Alipay packs with ZIP and WeChat with gzip; plain text says whose it is in its header. */
static enum err find_wallet(struct bill *bill)
{
    if (bill->size == 0) {
        return wallet_in_name(bill);
    }
    struct unpacked text = {0};
    enum statement_wallet wallet = STATEMENT_ALIPAY;
    const struct statement_sink sink = {.row = note_wallet};
    if (bill->size > 2 && (bill->raw[0] == 'P' || bill->raw[0] == 0x1F)) {
        wallet = bill->raw[0] == 'P' ? STATEMENT_ALIPAY : STATEMENT_WECHAT;
        MUST(str_copy(bill->channel, sizeof(bill->channel), statement_wallet_name(wallet)));
        return OK;
    }
    enum err err = unpack_bill(bill->raw, bill->size, &text);
    if (err == OK) {
        err = statement_read(text.text, text.size, &sink, &wallet);
        unpack_free(&text);
    }
    if (err == OK) {
        MUST(str_copy(bill->channel, sizeof(bill->channel), statement_wallet_name(wallet)));
    }
    return err;
}

static void unreadable(struct audit *audit, const struct bill *bill, enum err err)
{
    part_find(&audit->general, FOUND_BILL_UNREADABLE, (struct part_subject){bill->source, 0}, "%s",
              err_name(err));
}

/* ---- one bill into the table ---- */

static void run_for_day(struct audit *audit, const struct bill *bill, const char *sql)
{
    sqlite3_stmt *stmt = reader_prepare(&audit->memory.file, sql);
    reader_bind_text(stmt, 1, bill->channel);
    reader_bind_int(stmt, 2, bill->day);
    reader_run(&audit->memory.file, stmt);
    reader_end(stmt);
}

static void touch_rows(struct audit *audit, const struct bill *bill)
{
    if (audit->memory.run > 1) {
        run_for_day(audit, bill,
                    "INSERT OR IGNORE INTO touched SELECT order_no FROM bill_row"
                    " WHERE channel = ?1 AND day = ?2");
    }
}

static void remember(struct audit *audit, const struct bill *bill, const char *digest, int64_t rows)
{
    sqlite3_stmt *stmt = reader_prepare(
        &audit->memory.file, "INSERT INTO bill (channel, day, digest, rows, seen) VALUES"
                             " (?1, ?2, ?3, ?4, ?5) ON CONFLICT (channel, day) DO UPDATE SET"
                             " digest = ?3, rows = ?4, seen = ?5");
    reader_bind_text(stmt, 1, bill->channel);
    reader_bind_int(stmt, 2, bill->day);
    reader_bind_text(stmt, 3, digest);
    reader_bind_int(stmt, 4, rows);
    reader_bind_int(stmt, 5, audit->memory.run);
    reader_run(&audit->memory.file, stmt);
    reader_end(stmt);
}

static void take_in(struct audit *audit, const struct bill *bill, const char *digest)
{
    struct intake intake = {.audit = audit, .bill = bill};
    run_for_day(audit, bill, "DELETE FROM bill_row WHERE channel = ?1 AND day = ?2");
    intake.insert = reader_prepare(&audit->memory.file,
                                   "INSERT INTO bill_row (order_no, channel, day, line, refund,"
                                   " final, refund_no, trade_no, fen)"
                                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    enum err err = read_rows(&intake, bill);
    reader_end(intake.insert);
    if (err != OK) {
        run_for_day(audit, bill, "DELETE FROM bill_row WHERE channel = ?1 AND day = ?2");
        run_for_day(audit, bill, "DELETE FROM bill WHERE channel = ?1 AND day = ?2");
        unreadable(audit, bill, err);
        return;
    }
    touch_rows(audit, bill);
    remember(audit, bill, digest, intake.line);
    audit_note_bill(audit, bill->channel, bill->day);
    audit->work.bills_read += 1;
    audit->work.bill_rows += intake.line;
}

/* What was known of this day: its digest, and the run that saw it last. */
static bool known_bill(struct audit *audit, const struct bill *bill, char ret_digest[80],
                       int64_t *ret_seen)
{
    sqlite3_stmt *stmt = reader_prepare(
        &audit->memory.file, "SELECT digest, seen FROM bill WHERE channel = ?1 AND day = ?2");
    reader_bind_text(stmt, 1, bill->channel);
    reader_bind_int(stmt, 2, bill->day);
    const bool there = reader_step(&audit->memory.file, stmt);
    if (there) {
        column_copy(stmt, 0, ret_digest, 80);
        *ret_seen = column_int(stmt, 1);
    }
    reader_end(stmt);
    return there;
}

static uint64_t row_sum(struct audit *audit, const struct bill *bill)
{
    sqlite3_stmt *stmt =
        reader_prepare(&audit->memory.file, "SELECT refund, order_no, trade_no, refund_no, fen"
                                            " FROM bill_row WHERE channel = ?1 AND day = ?2");
    uint64_t sum = 0;
    reader_bind_text(stmt, 1, bill->channel);
    reader_bind_int(stmt, 2, bill->day);
    while (reader_step(&audit->memory.file, stmt)) {
        uint64_t digest = mix_text(column_int(stmt, 0) != 0 ? 1 : 2, column_text(stmt, 1));
        digest = mix_text(mix_text(digest, column_text(stmt, 2)), column_text(stmt, 3));
        sum += mix_int(digest, column_int(stmt, 4));
    }
    reader_end(stmt);
    return sum;
}

/* A second copy of a day that this run has already. */
static void compare_copy(struct audit *audit, const struct bill *bill)
{
    struct intake intake = {.audit = audit, .bill = bill};
    enum err err = read_rows(&intake, bill);
    if (err != OK) {
        unreadable(audit, bill, err);
    } else if (intake.sum != row_sum(audit, bill)) {
        part_find(&audit->general, FOUND_BILL_COPIES_DIFFER, (struct part_subject){bill->source, 0},
                  "%lld rows here", (long long)intake.line);
    }
}

static void take_bill(struct audit *audit, const struct bill *bill)
{
    char digest[DIGEST_HEX_SIZE];
    char known[80] = "";
    int64_t seen = 0;
    const bool hashed = digest_hex(DIGEST_SHA256, bill->size > 0 ? bill->raw : (const uint8_t *)"",
                                   bill->size, digest);
    MUST(hashed);
    const bool there = known_bill(audit, bill, known, &seen);
    audit->work.bills_known += seen == audit->memory.run ? 0 : 1;
    if (there && seen == audit->memory.run) {
        if (!str_equal(digest, known)) {
            compare_copy(audit, bill);
        }
    } else if (there && str_equal(digest, known)) {
        run_for_day(audit, bill,
                    "UPDATE bill SET seen = (SELECT value FROM mark WHERE name ="
                    " 'run') WHERE channel = ?1 AND day = ?2");
        audit_note_bill(audit, bill->channel, bill->day);
    } else {
        if (there) {
            touch_rows(audit, bill);
            part_find(&audit->general, FOUND_BILL_CHANGED, (struct part_subject){bill->source, 0},
                      "%s", "");
        }
        take_in(audit, bill, digest);
    }
}

/* ---- where they come from ---- */

/* The first date in a file's name: "alipay-2026-11-20.zip", "wechat_20261120.csv.gz". */
static bool day_in_name(const char *name, int64_t *ret_day)
{
    static const size_t SIZES[] = {10, 8};
    char text[AUDIT_DAY_SIZE];
    for (const char *at = name; *at != '\0'; at++) {
        for (size_t i = 0; i < ARRAY_COUNT(SIZES); i++) {
            if (strlen(at) >= SIZES[i] && str_copy_bytes(text, sizeof(text), at, SIZES[i]) &&
                audit_day_parse(text, ret_day)) {
                return true;
            }
        }
    }
    return false;
}

static void take_file(struct audit *audit, const char *path)
{
    struct file_bytes file = {0};
    struct bill bill = {0};
    str_format_cut(bill.source, sizeof(bill.source), "%s", file_name(path));
    enum err err = file_read(path, UNPACK_SIZE_MAX, &file);
    if (err == OK && !day_in_name(file_name(path), &bill.day)) {
        err = ERR_FORMAT;
    }
    if (err == OK) {
        bill.raw = file.bytes;
        bill.size = file.size;
        err = find_wallet(&bill);
    }
    if (err != OK) {
        unreadable(audit, &bill, err);
    } else {
        take_bill(audit, &bill);
    }
    file_free(&file);
}

static void take_folder(struct audit *audit)
{
    struct file_list list = {0};
    enum err err = file_list_read(audit->options->bills, &list);
    if (err != OK) {
        part_find(&audit->general, FOUND_BILL_UNREADABLE,
                  (struct part_subject){file_name(audit->options->bills), 0}, "the folder: %s",
                  err_name(err));
    }
    for (size_t i = 0; i < list.count; i++) {
        take_file(audit, list.paths[i]);
    }
    file_list_free(&list);
}

static void take_database(struct audit *audit)
{
    sqlite3_stmt *stmt =
        reader_prepare(&audit->cloud, "SELECT channel, day, raw FROM bill ORDER BY day, channel");
    while (reader_step(&audit->cloud, stmt)) {
        struct bill bill = {.raw = sqlite3_column_blob(stmt, 2),
                            .size = (size_t)sqlite3_column_bytes(stmt, 2)};
        column_copy(stmt, 0, bill.channel, sizeof(bill.channel));
        str_format_cut(bill.source, sizeof(bill.source), "%s %.10s", bill.channel,
                       column_text(stmt, 1));
        if (audit_day_parse(column_text(stmt, 1), &bill.day)) {
            take_bill(audit, &bill);
        } else {
            unreadable(audit, &bill, ERR_FORMAT);
        }
    }
    reader_end(stmt);
}

void bills_run(struct audit *audit)
{
    if (audit->options->bills[0] != '\0') {
        take_folder(audit);
    }
    take_database(audit);
}
