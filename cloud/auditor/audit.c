/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/audit.h"

#include <string.h>

#include "cloud/auditor/files.h"
#include "cloud/auditor/passes.h"
#include "common/bytes.h"
#include "common/civil.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"

enum {
    CACHE_KIB = 32 * 1024,
    BEIJING_S = CIVIL_BEIJING_OFFSET_S,
    LATE_S = 18 * 3600, /* of the next day: then a bill must be here */
    KEY_FILE_SIZE_MAX = 4096,
};

/* ---- days ---- */

int64_t audit_day(int64_t wall_s)
{
    const int64_t local = wall_s + BEIJING_S;
    return local >= 0 ? local / AUDIT_DAY_S : -((AUDIT_DAY_S - 1 - local) / AUDIT_DAY_S);
}

char *audit_day_format(int64_t day, char ret_text[AUDIT_DAY_SIZE])
{
    const struct civil civil = civil_beijing(day * AUDIT_DAY_S - BEIJING_S);
    str_format_cut(ret_text, AUDIT_DAY_SIZE, "%04d-%02d-%02d", (int)civil.year, (int)civil.month,
                   (int)civil.day);
    return ret_text;
}

static bool take_digits(const char **at, size_t count, int32_t *ret_value)
{
    int32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        const char c = (*at)[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *at += count;
    *ret_value = value;
    return true;
}

bool audit_day_parse(const char *text, int64_t *ret_day)
{
    const bool dashed = strlen(text) == 10 && text[4] == '-' && text[7] == '-';
    int32_t year = 0;
    int32_t month = 0;
    int32_t day = 0;
    const char *at = text;
    int64_t wall_s = 0;
    if (!dashed && strlen(text) != 8) {
        return false;
    }
    if (!take_digits(&at, 4, &year)) {
        return false;
    }
    at += dashed ? 1 : 0;
    if (!take_digits(&at, 2, &month)) {
        return false;
    }
    at += dashed ? 1 : 0;
    if (!take_digits(&at, 2, &day)) {
        return false;
    }
    const struct civil civil = {.year = year, .month = (uint8_t)month, .day = (uint8_t)day};
    if (!civil_to_wall_s(&civil, &wall_s)) {
        return false;
    }
    *ret_day = audit_day(wall_s);
    return true;
}

static int wallet_index(const char *channel)
{
    return str_equal(channel, "alipay") ? 0 : 1;
}

void audit_note_bill(struct audit *audit, const char *channel, int64_t day)
{
    struct audit_days *days = &audit->days;
    if (days->first == 0) {
        days->first = day - AUDIT_DAYS_MAX / 2;
    }
    const int64_t at = day - days->first;
    if (at >= 0 && at < AUDIT_DAYS_MAX) {
        days->there[wallet_index(channel)][at] = true;
    }
}

bool audit_has_bills(const struct audit *audit, const char *channel, int64_t first, int64_t last)
{
    for (int64_t day = first; day <= last; day++) {
        const int64_t at = day - audit->days.first;
        if (audit->days.first == 0 || at < 0 || at >= AUDIT_DAYS_MAX ||
            !audit->days.there[wallet_index(channel)][at]) {
            return false;
        }
    }
    return true;
}

int64_t audit_last_due_day(const struct audit *audit)
{
    return audit_day(audit->now_s - LATE_S) - 1;
}

int64_t audit_share(int64_t recheck, int64_t count)
{
    if (recheck == OPTIONS_RECHECK_ALL) {
        return count;
    }
    return recheck > 0 ? (count + recheck - 1) / recheck : 0;
}

bool audit_failed(const struct audit *audit)
{
    return audit->cloud.failed || audit->memory.file.failed;
}

/* ---- opening ---- */

static void prepare(struct audit *audit)
{
    struct reader *cloud = &audit->cloud;
    audit->stray_by_trade =
        reader_prepare(cloud, "SELECT stray_no FROM stray WHERE channel = ?1 AND trade_no = ?2");
    audit->refund_by_number =
        reader_prepare(cloud, "SELECT document_no FROM refund WHERE refund_no = ?1");
    audit->posting_at =
        reader_prepare(cloud, "SELECT at FROM posting WHERE document_no = ?1 AND step = ?2");
    audit->command_reply =
        reader_prepare(cloud, "SELECT reply FROM device_command WHERE command_id = ?1");
    audit->signatures = reader_prepare(cloud, "SELECT count(DISTINCT person) FROM review_signature"
                                              " WHERE item_id = ?1 AND decision = ?2");
    audit->bill_of_stray = reader_prepare(
        &audit->memory.file, "SELECT 1 FROM bill_row WHERE order_no = ?1 AND channel = ?2"
                             " AND trade_no = ?3 AND refund = ?4");
    if (reader_has_table(cloud, "card_order")) {
        audit->card_of_order =
            reader_prepare(cloud, "SELECT 1 FROM card_order WHERE order_no = ?1");
    }
    audit->touch_meter =
        reader_prepare(&audit->memory.file, "INSERT OR IGNORE INTO touched_meter VALUES (?1)");
}

static void fail(struct audit *audit, const char *path, const char *what)
{
    if (!audit->cloud.failed) {
        audit->cloud.failed = true;
        str_format_cut(audit->cloud.why, sizeof(audit->cloud.why), "%.200s: %s", path, what);
    }
}

static void load_wechat_key(struct audit *audit)
{
    struct file_bytes file = {0};
    if (audit->options->wechat_key[0] == '\0') {
        return;
    }
    enum err err = file_read(audit->options->wechat_key, KEY_FILE_SIZE_MAX, &file);
    if (err == OK && file.size >= WORDS_KEY_SIZE) {
        memcpy(audit->wechat_key, file.bytes, WORDS_KEY_SIZE);
        audit->has_wechat_key = true;
    } else {
        fail(audit, audit->options->wechat_key, "not a key of 32 bytes");
    }
    file_free(&file);
}

/* As the server reads it: 32 hex digits and perhaps an end of line. */
static void load_card_key(struct audit *audit)
{
    struct file_bytes file = {0};
    const char *path = audit->options->card_key;
    if (path[0] == '\0') {
        return;
    }
    if (file_read(path, KEY_FILE_SIZE_MAX, &file) == OK) {
        const char *text = (const char *)file.bytes;
        audit->has_card_key =
            record_hex(text, strcspn(text, "\r\n"), audit->card_key, sizeof(audit->card_key));
        bytes_wipe(file.bytes, file.size);
    }
    if (!audit->has_card_key) {
        fail(audit, path, "not a key of 32 hex digits");
    }
    file_free(&file);
}

/* Who we are, by the notices that made orders paid: those to others accuse nobody. */
static void learn_names(struct audit *audit)
{
    sqlite3_stmt *stmt = reader_prepare(
        &audit->cloud, "SELECT i.channel, i.source, i.body FROM (SELECT inbox_id FROM pay_event"
                       " WHERE event = 'paid' AND inbox_id IS NOT NULL LIMIT 200) e"
                       " JOIN pay_inbox i USING (inbox_id)");
    while (reader_step(&audit->cloud, stmt)) {
        char channel[16];
        char source[24];
        struct words words;
        column_copy(stmt, 0, channel, sizeof(channel));
        column_copy(stmt, 1, source, sizeof(source));
        const struct words_message message = {.channel = channel,
                                              .source = source,
                                              .body = sqlite3_column_blob(stmt, 2),
                                              .size = (size_t)sqlite3_column_bytes(stmt, 2),
                                              .key =
                                                  audit->has_wechat_key ? audit->wechat_key : NULL};
        words_read(&message, &words);
        char *name = str_equal(channel, "alipay") ? audit->alipay_app : audit->wechat_merchant;
        if (words.said == WORDS_PAID && words.merchant[0] != '\0' && name[0] == '\0') {
            str_format_cut(name, sizeof(audit->alipay_app), "%.63s", words.merchant);
        }
    }
    reader_end(stmt);
}

static void load_days(struct audit *audit)
{
    sqlite3_stmt *stmt = reader_prepare(&audit->memory.file, "SELECT channel, day FROM bill");
    while (reader_step(&audit->memory.file, stmt)) {
        audit_note_bill(audit, column_text(stmt, 0), column_int(stmt, 1));
    }
    reader_end(stmt);
}

static enum err open_all(struct audit *audit)
{
    const struct options *options = audit->options;
    const struct clock_port clock = clock_system();
    if (reader_open(&audit->cloud, options->database, CACHE_KIB) != OK ||
        memory_open(&audit->memory, options->state[0] != '\0' ? options->state : NULL) != OK) {
        return ERR_IO;
    }
    audit->now_s = options->now_s != 0 ? options->now_s : clock_wall_s(&clock);
    audit->service_ms =
        reader_one(&audit->cloud, "SELECT running_ms FROM service_clock WHERE id = 1", 0);
    audit->sums = sums_create();
    part_clear(&audit->general, "general");
    prepare(audit);
    load_wechat_key(audit);
    load_card_key(audit);
    learn_names(audit);
    load_days(audit);
    return audit_failed(audit) ? ERR_IO : OK;
}

enum err audit_run(struct audit *audit, const struct options *options)
{
    static void (*const PASSES[])(struct audit * audit) = {
        bills_run,    journals_open, blocks_run, journals_run, meters_run,
        readings_run, cards_run,     ledger_run, days_run};
    *audit = (struct audit){.options = options};
    part_init(&audit->general);
    if (open_all(audit) != OK) {
        return ERR_IO;
    }
    for (size_t i = 0; i < ARRAY_COUNT(PASSES) && !audit_failed(audit); i++) {
        PASSES[i](audit);
    }
    memory_put_part(&audit->memory, &audit->general);
    audit->work.bills_known = reader_one(&audit->memory.file, "SELECT count(*) FROM bill", 0);
    return audit_failed(audit) ? ERR_IO : OK;
}

void audit_finish(struct audit *audit)
{
    sqlite3_stmt *const stmts[] = {
        audit->stray_by_trade, audit->refund_by_number, audit->posting_at,  audit->command_reply,
        audit->signatures,     audit->bill_of_stray,    audit->touch_meter, audit->card_of_order};
    for (size_t i = 0; i < ARRAY_COUNT(stmts); i++) {
        reader_end(stmts[i]);
    }
    journals_close(audit);
    bytes_wipe(audit->card_key, sizeof(audit->card_key));
    sums_destroy(audit->sums);
    audit->sums = NULL;
    part_finish(&audit->general);
    memory_close(&audit->memory);
    reader_close(&audit->cloud);
}
