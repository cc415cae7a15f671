/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/memory.h"

#include "common/str.h"

enum { CACHE_KIB = 24 * 1024, PATH_SIZE = 4096, LAYOUT = 2 };

static const char SCHEMA[] =
    "CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS bill (channel TEXT NOT NULL, day INTEGER NOT NULL,"
    " digest TEXT NOT NULL, rows INTEGER NOT NULL, seen INTEGER NOT NULL,"
    " PRIMARY KEY (channel, day)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS bill_row (order_no TEXT NOT NULL, channel TEXT NOT NULL,"
    " day INTEGER NOT NULL, line INTEGER NOT NULL, refund INTEGER NOT NULL, final INTEGER NOT NULL,"
    " refund_no TEXT NOT NULL, trade_no TEXT NOT NULL, fen INTEGER NOT NULL,"
    " PRIMARY KEY (order_no, channel, day, line)) WITHOUT ROWID;"
    /* The marks stand last: whoever looks for open blocks does not read past them. */
    "CREATE TABLE IF NOT EXISTS block (lo TEXT PRIMARY KEY, docs INTEGER NOT NULL,"
    " open INTEGER NOT NULL, checked INTEGER NOT NULL, marks BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS ledger_block (first INTEGER PRIMARY KEY, last INTEGER NOT NULL,"
    " digest INTEGER NOT NULL, checked INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS account (account TEXT NOT NULL, subject TEXT NOT NULL,"
    " fen INTEGER NOT NULL, PRIMARY KEY (account, subject)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS finding (part TEXT NOT NULL, finding INTEGER NOT NULL,"
    " subject TEXT NOT NULL, fen INTEGER NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS finding_part ON finding (part);"
    "CREATE TABLE IF NOT EXISTS tally (part TEXT NOT NULL, tally INTEGER NOT NULL,"
    " key INTEGER NOT NULL, count INTEGER NOT NULL, fen INTEGER NOT NULL,"
    " PRIMARY KEY (part, tally, key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS meter (meter_id TEXT PRIMARY KEY, digest TEXT NOT NULL)"
    " WITHOUT ROWID;"
    /* How far each journal of readings was judged, and each meter's register there. */
    "CREATE TABLE IF NOT EXISTS journal_mark (collector_id TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, PRIMARY KEY (collector_id, epoch)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS meter_register (collector_id TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " meter_id TEXT NOT NULL, energy_e4 INTEGER NOT NULL,"
    " PRIMARY KEY (collector_id, epoch, meter_id)) WITHOUT ROWID;"
    "CREATE TEMP TABLE touched (document_no TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TEMP TABLE touched_meter (meter_id TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TEMP TABLE chosen (lo TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TEMP TABLE chosen_postings (first INTEGER PRIMARY KEY, last INTEGER, digest INTEGER);";

/* What another layout wrote is of no use: everything is read once more, into tables of this one. */
static void forget_other_layout(struct memory *memory)
{
    struct reader *file = &memory->file;
    memory->forgot = reader_has_table(file, "mark") &&
                     reader_one(file, "SELECT value FROM mark WHERE name = 'layout'", 0) != LAYOUT;
    if (memory->forgot) {
        reader_exec(file, "DROP TABLE IF EXISTS mark; DROP TABLE IF EXISTS bill;"
                          "DROP TABLE IF EXISTS bill_row; DROP TABLE IF EXISTS block;"
                          "DROP TABLE IF EXISTS ledger_block; DROP TABLE IF EXISTS account;"
                          "DROP TABLE IF EXISTS finding; DROP TABLE IF EXISTS tally;"
                          "DROP TABLE IF EXISTS meter; DROP TABLE IF EXISTS journal_mark;"
                          "DROP TABLE IF EXISTS meter_register");
    }
}

enum err memory_open(struct memory *memory, const char *dir)
{
    char path[PATH_SIZE] = "";
    *memory = (struct memory){.kept = dir != NULL};
    if (dir != NULL && !str_format(path, sizeof(path), "%s/auditor.db", dir)) {
        str_format_cut(memory->file.why, sizeof(memory->file.why),
                       "the path of --state is too long");
        return ERR_IO;
    }
    if (reader_create(&memory->file, path, CACHE_KIB) != OK) {
        return ERR_IO;
    }
    struct reader *file = &memory->file;
    forget_other_layout(memory);
    reader_exec(file, SCHEMA);
    memory->drop_findings = reader_prepare(file, "DELETE FROM finding WHERE part = ?1");
    memory->drop_sums = reader_prepare(file, "DELETE FROM tally WHERE part = ?1");
    memory->put_finding = reader_prepare(file, "INSERT INTO finding (part, finding, subject, fen,"
                                               " text) VALUES (?1, ?2, ?3, ?4, ?5)");
    memory->put_sum = reader_prepare(file, "INSERT INTO tally (part, tally, key, count, fen)"
                                           " VALUES (?1, ?2, ?3, ?4, ?5)");
    memory->get_mark = reader_prepare(file, "SELECT value FROM mark WHERE name = ?1");
    memory->put_mark = reader_prepare(file, "INSERT INTO mark (name, value) VALUES (?1, ?2)"
                                            " ON CONFLICT (name) DO UPDATE SET value = ?2");
    memory->touch = reader_prepare(file, "INSERT OR IGNORE INTO touched VALUES (?1)");
    memory_set_mark(memory, "layout", LAYOUT);
    memory->run = memory_mark(memory, "run", 0) + 1;
    memory_set_mark(memory, "run", memory->run);
    return file->failed ? ERR_IO : OK;
}

static void end_statements(struct memory *memory)
{
    sqlite3_stmt **const stmts[] = {
        &memory->drop_findings, &memory->drop_sums, &memory->put_finding, &memory->put_sum,
        &memory->get_mark,      &memory->put_mark,  &memory->touch};
    for (size_t i = 0; i < ARRAY_COUNT(stmts); i++) {
        reader_end(*stmts[i]);
        *stmts[i] = NULL;
    }
}

enum err memory_commit(struct memory *memory)
{
    return reader_commit(&memory->file);
}

void memory_close(struct memory *memory)
{
    end_statements(memory);
    reader_close(&memory->file);
}

void memory_drop_part(struct memory *memory, const char *name)
{
    reader_bind_text(memory->drop_findings, 1, name);
    reader_run(&memory->file, memory->drop_findings);
    reader_bind_text(memory->drop_sums, 1, name);
    reader_run(&memory->file, memory->drop_sums);
}

void memory_put_part(struct memory *memory, const struct part *part)
{
    memory_drop_part(memory, part->name);
    for (size_t i = 0; i < part->found_count; i++) {
        const struct part_found *found = &part->found[i];
        reader_bind_text(memory->put_finding, 1, part->name);
        reader_bind_int(memory->put_finding, 2, (int64_t)found->finding);
        reader_bind_text(memory->put_finding, 3, found->subject);
        reader_bind_int(memory->put_finding, 4, found->fen);
        reader_bind_text(memory->put_finding, 5, found->text);
        reader_run(&memory->file, memory->put_finding);
    }
    for (size_t i = 0; i < part->sum_count; i++) {
        const struct part_sum *sum = &part->sums[i];
        reader_bind_text(memory->put_sum, 1, part->name);
        reader_bind_int(memory->put_sum, 2, (int64_t)sum->tally);
        reader_bind_int(memory->put_sum, 3, sum->key);
        reader_bind_int(memory->put_sum, 4, sum->count);
        reader_bind_int(memory->put_sum, 5, sum->fen);
        reader_run(&memory->file, memory->put_sum);
    }
}

int64_t memory_mark(struct memory *memory, const char *name, int64_t fallback)
{
    reader_bind_text(memory->get_mark, 1, name);
    const bool there = reader_step(&memory->file, memory->get_mark);
    const int64_t value = there ? column_int(memory->get_mark, 0) : fallback;
    reader_reset(memory->get_mark);
    return value;
}

void memory_set_mark(struct memory *memory, const char *name, int64_t value)
{
    reader_bind_text(memory->put_mark, 1, name);
    reader_bind_int(memory->put_mark, 2, value);
    reader_run(&memory->file, memory->put_mark);
}

void memory_touch(struct memory *memory, const char *document_no)
{
    reader_bind_text(memory->touch, 1, document_no);
    reader_run(&memory->file, memory->touch);
}
