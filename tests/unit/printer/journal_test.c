/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "printer/journal/print_journal.h"
#include "tests/unit/collector/fault_vfs.h"
#include "tests/unit/printer/folder.h"
#include "tests/unit/test.h"

static const char ID_A[] = "018f3a1c-0000-7000-8000-00000000000a";
static const char ID_B[] = "018f3a1c-0000-7000-8000-00000000000b";

static char folder[FOLDER_SIZE];
static struct print_journal *journal;
static uint32_t interrupted;

static void open_again(void)
{
    char message[PRINT_JOURNAL_MESSAGE_SIZE];
    print_journal_close(journal);
    journal = NULL;
    enum err err = print_journal_open(folder, NULL, &journal, &interrupted, message);
    if (err != OK) {
        TEST_FAIL("%s", message);
    }
}

static void begin(void)
{
    folder_make(folder);
    journal = NULL;
    open_again();
}

static void end(void)
{
    print_journal_close(journal);
    journal = NULL;
    folder_remove(folder);
}

static struct print_record find(const char *id)
{
    struct print_record record;
    CHECK(print_journal_find(journal, id, &record) == OK);
    return record;
}

static enum err add(const char *id, const char *order_no, int64_t *ret_seq)
{
    const struct print_wish wish = {.job_id = id, .order_no = order_no, .kind = "credited"};
    return print_journal_add(journal, &wish, 1000, ret_seq);
}

static enum err begin_job(int64_t seq)
{
    const struct print_beginning beginning = {.body_id = "0002", .cut_id = "0003"};
    return print_journal_begin(journal, seq, &beginning, 1001);
}

static enum err end_job(int64_t seq, enum printjob_state state, const char *detail)
{
    struct printjob_answer verdict = {.state = state, .part = state == PRINTJOB_HELD};
    (void)snprintf(verdict.detail, sizeof(verdict.detail), "%s", detail);
    return print_journal_end(journal, seq, &verdict, 1002);
}

TEST(keeps_the_first_verdict)
{
    int64_t seq = 0;
    struct print_record record;
    begin();
    CHECK(print_journal_find(journal, ID_A, &record) == ERR_NOT_FOUND);
    CHECK(add(ID_A, "SH1", &seq) == OK);
    CHECK_EQ_I64(seq, 1);
    int64_t other = 77;
    CHECK(add(ID_A, "SH1", &other) == ERR_EXISTS);
    CHECK_EQ_I64(other, 77);
    CHECK(begin_job(seq) == OK);
    CHECK(begin_job(seq) == ERR_EXISTS);
    CHECK(end_job(seq, PRINTJOB_HELD, "paper_out") == OK);
    CHECK(end_job(seq, PRINTJOB_PRINTED, "") == ERR_EXISTS);
    record = find(ID_A);
    CHECK(record.state == PRINTJOB_HELD && record.has_begun && record.part);
    CHECK_EQ_STR(record.detail, "paper_out");
    open_again();
    CHECK(find(ID_A).state == PRINTJOB_HELD);
    CHECK_EQ_U64(interrupted, 0);
    end();
}

TEST(begun_without_a_verdict_is_unknown_for_ever)
{
    int64_t a = 0;
    int64_t b = 0;
    begin();
    CHECK(add(ID_A, "SH1", &a) == OK);
    CHECK(add(ID_B, "SH2", &b) == OK);
    CHECK(begin_job(a) == OK);
    open_again();
    CHECK_EQ_U64(interrupted, 1);
    CHECK(find(ID_A).state == PRINTJOB_UNKNOWN);
    CHECK_EQ_STR(find(ID_A).detail, "restarted");
    CHECK(find(ID_B).state == PRINTJOB_QUEUED && !find(ID_B).has_begun);
    open_again();
    CHECK_EQ_U64(interrupted, 0);
    CHECK(find(ID_A).state == PRINTJOB_UNKNOWN);
    end();
}

TEST(late_paper_is_noted)
{
    int64_t seq = 0;
    struct print_record record;
    begin();
    CHECK(add(ID_A, "SH1", &seq) == OK);
    CHECK(begin_job(seq) == OK);
    CHECK(end_job(seq, PRINTJOB_HELD, "paper_out") == OK);
    CHECK(print_journal_late(journal, "0099", 1003, &record) == ERR_NOT_FOUND);
    CHECK(print_journal_late(journal, "0003", 1003, &record) == OK);
    CHECK_EQ_STR(record.job_id, ID_A);
    CHECK(record.state == PRINTJOB_HELD);
    CHECK(find(ID_A).state == PRINTJOB_HELD); /* the answer stays what it was */
    end();
}

static uint32_t copies(const char *order_no, const char *kind)
{
    uint32_t count = 0;
    CHECK(print_journal_copies(journal, order_no, kind, &count) == OK);
    return count;
}

TEST(papers_that_may_be_out_are_counted_by_order_and_kind)
{
    int64_t a = 0;
    int64_t b = 0;
    begin();
    CHECK(add(ID_A, "SH1", &a) == OK);
    CHECK(add(ID_B, "SH1", &b) == OK);
    CHECK_EQ_U64(copies("SH1", "credited"), 0); /* not begun */
    CHECK(begin_job(a) == OK);
    CHECK_EQ_U64(copies("SH1", "credited"), 1);
    CHECK_EQ_U64(copies("SH1", "pending"), 0);
    CHECK_EQ_U64(copies("SH2", "credited"), 0);
    CHECK(begin_job(b) == OK);
    CHECK(end_job(b, PRINTJOB_FAILED, "link_lost") == OK);
    CHECK_EQ_U64(copies("SH1", "credited"), 1);
    CHECK(end_job(a, PRINTJOB_HELD, "paper_out") == OK);
    CHECK_EQ_U64(copies("SH1", "credited"), 1); /* comes out with the next roll */
    end();
}

TEST(a_verdict_waits_until_it_is_reported)
{
    int64_t a = 0;
    int64_t b = 0;
    struct print_record record;
    begin();
    CHECK(add(ID_A, "SH1", &a) == OK);
    CHECK(add(ID_B, "SH2", &b) == OK);
    CHECK(print_journal_unreported(journal, &record) == ERR_NOT_FOUND);
    CHECK(begin_job(a) == OK);
    CHECK(end_job(b, PRINTJOB_FAILED, "busy") == OK);
    open_again(); /* the first was cut off: unknown, and to be reported */
    CHECK(print_journal_unreported(journal, &record) == OK);
    CHECK_EQ_STR(record.job_id, ID_A);
    CHECK_EQ_STR(record.order_no, "SH1");
    CHECK_EQ_STR(record.kind, "credited");
    CHECK(record.state == PRINTJOB_UNKNOWN);
    CHECK(print_journal_reported(journal, ID_A, 1003) == OK);
    open_again();
    CHECK(print_journal_unreported(journal, &record) == OK);
    CHECK_EQ_STR(record.job_id, ID_B);
    CHECK(print_journal_reported(journal, ID_B, 1003) == OK);
    CHECK(print_journal_unreported(journal, &record) == ERR_NOT_FOUND);
    end();
}

static void run_sql(const char *text)
{
    char path[FOLDER_SIZE + 32];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof(path), "%s/printd.db", folder);
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

/* As the first printd left it: without the kind, which then counts for every kind. */
TEST(the_first_versions_journal_is_taken_over)
{
    folder_make(folder);
    run_sql("PRAGMA application_id = 1397248049;"
            "CREATE TABLE job(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
            " order_no TEXT NOT NULL, copy INTEGER NOT NULL, state TEXT NOT NULL,"
            " detail TEXT NOT NULL DEFAULT '', body_mark TEXT, cut_mark TEXT,"
            " queued_at INTEGER NOT NULL, begun_at INTEGER, ended_at INTEGER,"
            " late_body_at INTEGER, late_cut_at INTEGER) STRICT;"
            "INSERT INTO job(id, order_no, copy, state, queued_at, begun_at, ended_at) VALUES"
            " ('018f3a1c-0000-7000-8000-00000000000a', 'SH1', 0, 'printed', 1, 2, 3)");
    journal = NULL;
    open_again();
    struct print_record record;
    CHECK(find(ID_A).state == PRINTJOB_PRINTED);
    CHECK(print_journal_unreported(journal, &record) == ERR_NOT_FOUND); /* its kiosk has tried */
    CHECK_EQ_U64(copies("SH1", "credited"), 1);
    open_again();
    CHECK_EQ_U64(copies("SH1", "pending"), 1);
    end();
}

TEST(a_newer_versions_journal_is_left_alone)
{
    char message[PRINT_JOURNAL_MESSAGE_SIZE];
    begin();
    print_journal_close(journal);
    journal = NULL;
    run_sql("PRAGMA user_version = 99");
    CHECK(print_journal_open(folder, NULL, &journal, &interrupted, message) == ERR_FORMAT);
    CHECK(strstr(message, "newer") != NULL);
    end();
}

TEST(numbers_are_never_used_twice)
{
    int64_t seq = 0;
    begin();
    CHECK(add(ID_A, "SH1", &seq) == OK);
    int64_t first = seq;
    open_again();
    CHECK(add(ID_B, "SH2", &seq) == OK);
    CHECK(seq > first);
    end();
}

static enum err open_faulty(void)
{
    char message[PRINT_JOURNAL_MESSAGE_SIZE];
    return print_journal_open(folder, FAULT_VFS_NAME, &journal, &interrupted, message);
}

static long long log_size(void)
{
    char path[FOLDER_SIZE + 32];
    struct stat status = {0};
    (void)snprintf(path, sizeof(path), "%s/printd.db-wal", folder);
    return stat(path, &status) == 0 ? (long long)status.st_size : -1;
}

/*
 * What a killed printd left in its log may have a hole that only a power cut shows: a failed sync
 * lost it, and the kernel takes it for written. So a start writes all of it anew, or refuses.
 */
TEST(a_start_builds_on_nothing_that_it_has_not_synced)
{
    struct fault_vfs *faults = fault_vfs_register();
    int64_t seq = 0;
    folder_make(folder);
    journal = NULL;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        bool good = open_faulty() == OK && add(ID_A, "SH1", &seq) == OK;
        faults->sync_fails = true;
        good = good && add(ID_B, "SH2", &seq) == ERR_IO;
        _exit(good ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(log_size() > 0);
    faults->sync_fails = true;
    CHECK_EQ_I64(open_faulty(), ERR_IO);
    faults->sync_fails = false;
    CHECK_EQ_I64(open_faulty(), OK);
    CHECK_EQ_I64(log_size(), 0);
    CHECK(find(ID_A).state == PRINTJOB_QUEUED);
    end();
}

TEST(one_program_at_a_time)
{
    char message[PRINT_JOURNAL_MESSAGE_SIZE];
    struct print_journal *second = NULL;
    uint32_t count = 0;
    begin();
    CHECK(print_journal_open(folder, NULL, &second, &count, message) == ERR_CONFLICT);
    CHECK(strstr(message, "another") != NULL);
    CHECK(second == NULL);
    end();
}

static void write_file(const char *name, const char *text)
{
    char path[FOLDER_SIZE + 32];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK(fclose(file) == 0);
}

TEST(refuses_what_is_not_its_own)
{
    char message[PRINT_JOURNAL_MESSAGE_SIZE];
    char path[FOLDER_SIZE + 32];
    struct print_journal *opened = NULL;
    uint32_t count = 0;
    folder_make(folder);
    write_file("printd.db", "this is no database, and long enough to be looked at as one: "
                            "0123456789012345678901234567890123456789012345678901234567890");
    CHECK(print_journal_open(folder, NULL, &opened, &count, message) == ERR_FORMAT);
    (void)snprintf(path, sizeof(path), "%s/printd.db", folder);
    CHECK(unlink(path) == 0);
    sqlite3 *db = NULL;
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "CREATE TABLE other(x)", NULL, NULL, NULL) == SQLITE_OK);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    CHECK(print_journal_open(folder, NULL, &opened, &count, message) == ERR_FORMAT);
    CHECK(strstr(message, "another program") != NULL);
    folder_remove(folder);
    CHECK(print_journal_open(folder, NULL, &opened, &count, message) == ERR_DENIED);
    CHECK(strstr(message, folder) != NULL);
}

TEST_MAIN()
