/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The journal with a disk that fails at each write and each sync, and with a process that dies at
 * each step.
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/collector/journal_steps.h"

TEST(every_promise_is_synced)
{
    begin();
    int before = faults->sync_count;
    CHECK_EQ_I64(accept(ID_A), OK);
    CHECK(faults->sync_count > before);
    before = faults->sync_count;
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), OK);
    CHECK(faults->sync_count > before);
    before = faults->sync_count;
    CHECK_EQ_I64(journal_result(journal, ID_A, &no_frame), OK);
    CHECK(faults->sync_count > before);
    before = faults->sync_count;
    CHECK_EQ_I64(journal_void(journal, ID_B, ID_C, &reply), OK);
    CHECK(faults->sync_count > before);
    before = faults->sync_count;
    answer(ID_A);
    CHECK(faults->sync_count > before);
    before = faults->sync_count;
    reading_add("1.00");
    CHECK(faults->sync_count > before);
}

TEST(failed_sync_stops_everything_that_moves_money)
{
    begin();
    CHECK_EQ_I64(accept(ID_A), OK);
    faults->sync_fails = true;
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), ERR_IO);
    faults->sync_fails = false;
    CHECK(!journal_is_sound(journal));
    CHECK(journal_intent(journal, ID_A, &frame) != OK);
    CHECK(accept(ID_B) != OK);
    CHECK(journal_void(journal, ID_C, ID_A, &reply) != OK);
    CHECK(!journal_probe(journal)); /* a failed sync is not cured by trying again */
    restart();
    CHECK(journal_is_sound(journal));
    CHECK_EQ_I64(accept(ID_B), OK);
}

TEST(full_disk_refuses_and_recovers)
{
    begin();
    CHECK_EQ_I64(accept(ID_A), OK);
    faults->disk_full = true;
    CHECK_EQ_I64(accept(ID_B), ERR_FULL);
    CHECK(!journal_is_sound(journal));
    CHECK(!journal_probe(journal));
    CHECK(journal_intent(journal, ID_A, &frame) != OK);
    faults->disk_full = false;
    CHECK(journal_probe(journal));
    CHECK_EQ_I64(accept(ID_B), OK);
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), OK);
}

TEST(a_void_that_failed_is_not_believed)
{
    begin();
    CHECK_EQ_I64(accept(ID_A), OK);
    faults->disk_full = true;
    CHECK(journal_void(journal, ID_B, ID_A, &reply) != OK);
    faults->disk_full = false;
    CHECK(journal_probe(journal));
    CHECK_EQ_I64(reply_of(ID_B), ERR_NOT_FOUND); /* rolled back as a whole */
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), OK);
}

/* Kill a child at each step of a credit; whatever it claimed must be there afterwards. */
TEST(killed_at_each_step)
{
    for (int step = 0; step <= 4; step++) {
        begin();
        journal_close(journal);
        journal = NULL;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            bool good = open_in(dir, &journal) == OK;
            good = good && (step < 1 || accept(ID_A) == OK);
            good = good && (step < 2 || journal_intent(journal, ID_A, &frame) == OK);
            good = good && (step < 3 || journal_result(journal, ID_A, &frame) == OK);
            if (good && step == 4) {
                answer(ID_A);
            }
            _exit(good ? 0 : 1); /* without closing: like kill -9 */
        }
        int status = 0;
        CHECK_EQ_I64(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        CHECK_EQ_I64(open_in(dir, &journal), OK);
        enum err err = journal_recover_next(journal, &reply);
        CHECK_EQ_I64(err, step == 0 || step == 4 ? ERR_NOT_FOUND : OK);
        if (err == OK) {
            CHECK_EQ_I64(reply.sent, step >= 2);
            CHECK_EQ_I64(reply.outcome, step >= 2 ? OUTCOME_UNKNOWN : OUTCOME_NOT_DONE);
            CHECK_EQ_U64(reply.frame_reply.size, step == 3 ? frame.size : 0);
        }
        CHECK_EQ_I64(reply_of(ID_A), step == 0 ? ERR_NOT_FOUND : step == 4 ? OK : ERR_INCOMPLETE);
    }
}

static long long log_size(void)
{
    char path[SCRATCH_SIZE + 32];
    struct stat status = {0};
    CHECK(str_format(path, sizeof(path), "%s/journal.db-wal", dir));
    return stat(path, &status) == 0 ? (long long)status.st_size : -1;
}

/*
 * What a killed collector left in its log may have a hole that only a power cut shows: a failed
 * sync lost it, and the kernel takes it for written. So a start writes all of it anew, or refuses.
 */
TEST(a_start_builds_on_nothing_that_it_has_not_synced)
{
    begin();
    journal_close(journal);
    journal = NULL;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        bool good = open_in(dir, &journal) == OK && accept(ID_A) == OK;
        faults->sync_fails = true;
        good = good && accept(ID_B) == ERR_IO;
        _exit(good ? 0 : 1);
    }
    int status = 0;
    CHECK_EQ_I64(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(log_size() > 0);
    faults->sync_fails = true;
    CHECK_EQ_I64(open_in(dir, &journal), ERR_IO);
    faults->sync_fails = false;
    CHECK_EQ_I64(open_in(dir, &journal), OK);
    CHECK_EQ_I64(log_size(), 0);
    CHECK_EQ_I64(reply_of(ID_A), ERR_INCOMPLETE);
}

TEST_MAIN()
