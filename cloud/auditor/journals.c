/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collectors' journals from their own side: a credit that was begun must be one that the server
 * ordered, and one that was begun must have ended. What the server believes of its own commands is
 * judged with each delivery.
 */
#include "cloud/auditor/files.h"
#include "cloud/auditor/passes.h"
#include "common/parse.h"
#include "common/str.h"

enum { CACHE_KIB = 1024, INTENT_S = 3600 };

static void unreadable(struct audit *audit, const char *path, const char *why)
{
    part_find(&audit->general, FOUND_JOURNAL_UNREADABLE, (struct part_subject){file_name(path), 0},
              "%.120s", why);
}

/* A folder of copies also holds their logs and locks. */
static bool is_journal_name(const char *path)
{
    const char *name = file_name(path);
    size_t size = 0;
    while (name[size] != '\0') {
        size += 1;
    }
    return size > 3 && str_equal(name + size - 3, ".db");
}

static void open_one(struct audit *audit, const char *path)
{
    struct audit_journal *journal = &audit->journals[audit->journal_count];
    if (!is_journal_name(path)) {
        return;
    }
    if (audit->journal_count == AUDIT_JOURNALS_MAX ||
        !str_copy(journal->path, sizeof(journal->path), path)) {
        unreadable(audit, path, "too many journals, or its path is too long");
        return;
    }
    bool good = reader_open(&journal->reader, path, CACHE_KIB) == OK &&
                reader_has_table(&journal->reader, "command") &&
                reader_has_table(&journal->reader, "meta");
    if (good) {
        journal->epoch =
            reader_one(&journal->reader, "SELECT value FROM meta WHERE name = 'epoch'", 0);
        journal->oldest_at = reader_one(
            &journal->reader, "SELECT accepted_at FROM command ORDER BY row LIMIT 1", INT64_MAX);
        /* A journal that never dropped a row goes back to its beginning. */
        if (reader_one(&journal->reader, "SELECT min(row) FROM command", 1) == 1) {
            journal->oldest_at = 0;
        }
        journal->find =
            reader_prepare(&journal->reader, "SELECT state IN ('I', 'R') OR intent_at IS NOT NULL, "
                                             "reply FROM command WHERE id = ?1");
        good = !journal->reader.failed && journal->epoch != 0;
    }
    if (!good) {
        unreadable(audit, path,
                   journal->reader.why[0] != '\0' ? journal->reader.why : "no journal of ours");
        reader_end(journal->find);
        reader_close(&journal->reader);
        *journal = (struct audit_journal){0};
        return;
    }
    audit->journal_count += 1;
}

void journals_open(struct audit *audit)
{
    struct file_list list = {0};
    if (audit->options->journals[0] == '\0') {
        return;
    }
    enum err err = file_list_read(audit->options->journals, &list);
    if (err != OK) {
        unreadable(audit, audit->options->journals, err_name(err));
    }
    for (size_t i = 0; i < list.count; i++) {
        open_one(audit, list.paths[i]);
    }
    file_list_free(&list);
}

static bool is_ordered(struct audit *audit, sqlite3_stmt *ordered, const char *id)
{
    reader_bind_text(ordered, 1, id);
    const bool there = reader_step(&audit->cloud, ordered);
    reader_reset(ordered);
    return there;
}

static void judge_command(struct audit *audit, sqlite3_stmt *stmt, bool ordered, struct part *part)
{
    const char *id = column_text(stmt, 1);
    const bool begun = column_int(stmt, 4) != 0;
    const bool answered = column_int(stmt, 5) != 0;
    const int64_t intent_at = column_int(stmt, 3);
    if (begun && !ordered) {
        part_find(part, FOUND_JOURNAL_UNKNOWN_COMMAND, (struct part_subject){id, 0}, "meter %.40s",
                  column_text(stmt, 2));
    }
    if (begun && !answered && intent_at + INTENT_S < audit->now_s) {
        part_find(&audit->general, FOUND_INTENT_OPEN, (struct part_subject){id, 0},
                  "meter %.40s, begun %lld minutes ago", column_text(stmt, 2),
                  (long long)((audit->now_s - intent_at) / 60));
    }
}

static void run_one(struct audit *audit, struct audit_journal *journal, sqlite3_stmt *ordered,
                    struct part *part)
{
    char mark[PART_NAME_SIZE];
    char name[PART_NAME_SIZE];
    str_format_cut(mark, sizeof(mark), "journal %lld", (long long)journal->epoch);
    const int64_t read = memory_mark(&audit->memory, mark, 0);
    int64_t last = read;
    str_format_cut(name, sizeof(name), "%s from %lld", mark, (long long)read);
    part_clear(part, name);
    sqlite3_stmt *stmt = reader_prepare(
        &journal->reader, "SELECT row, id, meter, coalesce(intent_at, 0),"
                          " state IN ('I', 'R') OR intent_at IS NOT NULL, reply IS NOT NULL"
                          " FROM command WHERE op = 'credit' AND (row > ?1 OR reply IS NULL)"
                          " ORDER BY row");
    reader_bind_int(stmt, 1, read);
    while (reader_step(&journal->reader, stmt)) {
        const int64_t row = column_int(stmt, 0);
        const bool known = row <= read || is_ordered(audit, ordered, column_text(stmt, 1));
        judge_command(audit, stmt, known, part);
        last = row > last ? row : last;
        audit->work.journal_commands += 1;
    }
    reader_end(stmt);
    if (last > read) {
        memory_put_part(&audit->memory, part);
        memory_set_mark(&audit->memory, mark, last);
    }
    if (journal->reader.failed) {
        unreadable(audit, journal->path, journal->reader.why);
    }
}

void journals_run(struct audit *audit)
{
    struct part part;
    part_init(&part);
    sqlite3_stmt *ordered =
        reader_prepare(&audit->cloud, "SELECT 1 FROM device_command WHERE command_id = ?1");
    for (size_t i = 0; i < audit->journal_count; i++) {
        run_one(audit, &audit->journals[i], ordered, &part);
    }
    reader_end(ordered);
    part_finish(&part);
}

void journals_close(struct audit *audit)
{
    for (size_t i = 0; i < audit->journal_count; i++) {
        reader_end(audit->journals[i].find);
        reader_close(&audit->journals[i].reader);
    }
    audit->journal_count = 0;
}
