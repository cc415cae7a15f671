/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The journal: what it promises must hold after closing and opening (the process died), with a
 * disk that fails at each write and each sync, and in the races between a void and a send.
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/journal.h"
#include "common/str.h"
#include "tests/unit/collector/fault_vfs.h"
#include "tests/unit/collector/scratch.h"
#include "tests/unit/test.h"

#define ID_A "018f3a1c-0000-7000-8000-00000000000a"
#define ID_B "018f3a1c-0000-7000-8000-00000000000b"
#define ID_C "018f3a1c-0000-7000-8000-00000000000c"

static struct journal *journal;
static char dir[SCRATCH_SIZE];
static char message[JOURNAL_MESSAGE_SIZE];
static int64_t mono_ms;
static uint8_t rng_next;
static struct fault_vfs *faults;
static struct bus_reply reply;
static struct bus_reply back;
static char text[BUS_TEXT_SIZE_MAX];
static const struct bus_frame frame = {.bytes = {0x68, 0x01, 0x16}, .size = 3};
static const struct bus_frame no_frame;

static int64_t test_mono_ms(void *self)
{
    (void)self;
    return mono_ms;
}

static int64_t test_wall_s(void *self)
{
    (void)self;
    return 1795170000;
}

static void test_fill(void *self, uint8_t *ret_bytes, size_t size)
{
    (void)self;
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = rng_next++;
    }
}

static const char *machine = "machine 1";
static uint32_t commands_kept;

static enum err open_in(const char *folder, struct journal **ret)
{
    struct journal_config config = {.dir = folder,
                                    .vfs = FAULT_VFS_NAME,
                                    .rng = {.fill = test_fill},
                                    .clock = {.mono_ms = test_mono_ms, .wall_s = test_wall_s},
                                    .machine = machine,
                                    .commands_kept = commands_kept};
    return journal_open(&config, ret, message);
}

/* A new journal in a new folder. */
static void begin(void)
{
    faults = fault_vfs_register();
    journal_close(journal);
    journal = NULL;
    mono_ms = 100000;
    scratch_make(dir);
    CHECK_EQ_I64(open_in(dir, &journal), OK);
}

/* The process dies and starts again. */
static void restart(void)
{
    journal_close(journal);
    journal = NULL;
    CHECK_EQ_I64(open_in(dir, &journal), OK);
}

static struct bus_command command_of(const char *id, enum bus_op op)
{
    struct bus_command command = {.op = op, .epoch = journal_epoch(journal)};
    CHECK(str_copy(command.id, sizeof(command.id), id));
    CHECK(str_copy(command.meter, sizeof(command.meter), "000000000001"));
    return command;
}

static enum err accept(const char *id)
{
    struct bus_command command = command_of(id, BUS_OP_CREDIT);
    return journal_accept(journal, &command);
}

static enum err accept_relay(const char *id, uint32_t generation)
{
    struct bus_command command = command_of(id, BUS_OP_RELAY);
    command.u.relay.generation = generation;
    return journal_accept(journal, &command);
}

static void answer(const char *id)
{
    reply = (struct bus_reply){.epoch = journal_epoch(journal), .outcome = OUTCOME_DONE};
    CHECK(str_copy(reply.id, sizeof(reply.id), id));
    CHECK_EQ_I64(journal_reply_store(journal, &reply), OK);
}

static enum err reply_of(const char *id)
{
    size_t size = 0;
    struct bus_fault fault;
    enum err err = journal_reply_find(journal, id, text, sizeof(text), &size);
    if (err == OK) {
        CHECK_EQ_I64(bus_reply_decode(text, size, &back, &fault), OK);
    }
    return err;
}

static void reading_add(const char *v)
{
    struct bus_reading reading = {.ts = 1795170000, .value_count = 1};
    CHECK(str_copy(reading.meter, sizeof(reading.meter), "000000000001"));
    CHECK(str_copy(reading.values[0].item, BUS_ITEM_SIZE, "00010000"));
    CHECK(str_copy(reading.values[0].v, BUS_VALUE_SIZE, v));
    CHECK_EQ_I64(journal_reading_add(journal, &reading, 1), OK);
}

static uint64_t reading_after(uint64_t after)
{
    uint64_t seq = 0;
    size_t size = 0;
    enum err err = journal_reading_next(journal, after, &seq, text, sizeof(text), &size);
    CHECK(err == OK || err == ERR_NOT_FOUND);
    return err == OK ? seq : 0;
}

/* --- opening --------------------------------------------------------------------------------- */

TEST(epoch_stays_and_differs)
{
    begin();
    uint32_t epoch = journal_epoch(journal);
    CHECK(epoch >= 1 && epoch <= INT32_MAX);
    restart();
    CHECK_EQ_U64(journal_epoch(journal), epoch);
    begin();
    CHECK(journal_epoch(journal) != epoch);
}

static void copy_journal(const char *from_dir, const char *to_dir)
{
    char path[SCRATCH_SIZE + 16];
    static uint8_t bytes[1 << 20];
    CHECK(str_format(path, sizeof(path), "%s/journal.db", from_dir));
    FILE *from = fopen(path, "rbe");
    CHECK(str_format(path, sizeof(path), "%s/journal.db", to_dir));
    FILE *to = fopen(path, "wbe");
    CHECK(from != NULL && to != NULL);
    size_t size = fread(bytes, 1, sizeof(bytes), from);
    CHECK(size > 0 && size < sizeof(bytes) && fwrite(bytes, 1, size, to) == size);
    CHECK(fclose(from) == 0 && fclose(to) == 0);
}

/* A copy must not pass as the one that was given the commands. */
TEST(a_copied_journal_has_an_epoch_of_its_own)
{
    static struct bus_readings readings;
    struct bus_fault fault;
    char other[SCRATCH_SIZE];
    begin();
    uint32_t epoch = journal_epoch(journal);
    reading_add("1.00");
    CHECK_EQ_I64(accept(ID_A), OK);
    CHECK(!journal_is_moved(journal));
    journal_close(journal);
    journal = NULL;
    scratch_make(other);
    copy_journal(dir, other);
    CHECK_EQ_I64(open_in(other, &journal), OK);
    uint32_t copy = journal_epoch(journal);
    CHECK(journal_is_moved(journal));
    CHECK(copy != epoch && copy >= 1 && copy <= INT32_MAX);
    /* What it cannot know it says as another, and its readings will be acknowledged to it. */
    CHECK_EQ_I64(journal_recover_next(journal, &reply), OK);
    CHECK_EQ_STR(reply.id, ID_A);
    CHECK_EQ_U64(reply.epoch, copy);
    CHECK_EQ_U64(reading_after(0), 1);
    CHECK_EQ_I64(bus_readings_decode(text, strlen(text), &readings, &fault), OK);
    CHECK_EQ_U64(readings.epoch, copy);
    CHECK_EQ_STR(readings.d[0].values[0].v, "1.00");
    journal_close(journal);
    journal = NULL;
    CHECK_EQ_I64(open_in(other, &journal), OK); /* at home now */
    CHECK_EQ_U64(journal_epoch(journal), copy);
    CHECK(!journal_is_moved(journal));
    restart(); /* the first one is what it was ... */
    CHECK_EQ_U64(journal_epoch(journal), epoch);
    machine = "machine 2"; /* ... until its disk is put elsewhere */
    restart();
    machine = "machine 1";
    CHECK(journal_is_moved(journal) && journal_epoch(journal) != epoch);
}

TEST(the_oldest_answered_commands_go_while_it_runs)
{
    char first[ID_TEXT_SIZE] = "";
    char last[ID_TEXT_SIZE] = "";
    commands_kept = 10;
    begin();
    commands_kept = 0;
    for (int i = 0; i < JOURNAL_PRUNE_ROWS; i++) {
        CHECK(str_format(last, sizeof(last), "018f3a1c-0000-7000-8000-%012x", (unsigned)i + 1));
        CHECK(i > 0 || str_copy(first, sizeof(first), last));
        CHECK_EQ_I64(accept(last), OK);
        answer(last);
        CHECK_EQ_I64(journal_replied(journal, last), OK);
    }
    CHECK_EQ_I64(reply_of(first), ERR_NOT_FOUND);
    CHECK_EQ_I64(reply_of(last), OK);
}

TEST(two_cannot_share_a_journal)
{
    begin();
    struct journal *second = NULL;
    CHECK_EQ_I64(open_in(dir, &second), ERR_CONFLICT);
    CHECK(strstr(message, "another collector") != NULL);
    CHECK(second == NULL);
}

TEST(what_is_no_journal_is_refused)
{
    char path[SCRATCH_SIZE + 16];
    struct journal *other = NULL;
    faults = fault_vfs_register();
    CHECK_EQ_I64(open_in("/nowhere/at/all", &other), ERR_IO);
    scratch_make(dir);
    CHECK(str_format(path, sizeof(path), "%s/journal.db", dir));
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    CHECK(fputs("this is a letter to my landlord, and no database at all\n", file) >= 0);
    CHECK_EQ_I64(fclose(file), 0);
    CHECK_EQ_I64(open_in(dir, &other), ERR_FORMAT);
    CHECK(message[0] != '\0');
}

/* --- readings -------------------------------------------------------------------------------- */

TEST(readings_are_numbered_and_kept_until_acknowledged)
{
    begin();
    reading_add("1.00");
    reading_add("2.00");
    reading_add("3.00");
    restart();
    CHECK_EQ_U64(reading_after(0), 1);
    CHECK_EQ_U64(reading_after(1), 2);
    CHECK(strstr(text, "\"2.00\"") != NULL);
    CHECK(strstr(text, "\"seq\":2") != NULL);
    CHECK_EQ_I64(journal_reading_ack(journal, 2), OK);
    restart();
    CHECK_EQ_U64(reading_after(0), 3);
    CHECK_EQ_I64(journal_reading_ack(journal, UINT64_MAX), OK);
    CHECK_EQ_U64(reading_after(0), 0);
    restart();
    reading_add("4.00");
    CHECK_EQ_U64(reading_after(0), 4); /* a number is never used twice */
}

TEST(configuration_is_kept)
{
    size_t size = 0;
    begin();
    CHECK_EQ_I64(journal_config_load(journal, text, sizeof(text), &size), ERR_NOT_FOUND);
    CHECK_EQ_I64(journal_config_store(journal, "{\"a\":1}", 7), OK);
    CHECK_EQ_I64(journal_config_store(journal, "{\"b\":22}", 8), OK);
    restart();
    CHECK_EQ_I64(journal_config_load(journal, text, sizeof(text), &size), OK);
    CHECK_EQ_STR(text, "{\"b\":22}");
    CHECK_EQ_U64(size, 8);
}

/* --- commands -------------------------------------------------------------------------------- */

TEST(a_command_and_its_answer)
{
    int64_t row = 0;
    size_t size = 0;
    begin();
    CHECK_EQ_I64(reply_of(ID_A), ERR_NOT_FOUND);
    CHECK_EQ_I64(accept(ID_A), OK);
    CHECK_EQ_I64(reply_of(ID_A), ERR_INCOMPLETE);
    CHECK_EQ_I64(accept(ID_A), ERR_EXISTS);
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), OK);
    CHECK_EQ_I64(journal_result(journal, ID_A, &frame), OK);
    answer(ID_A);
    restart();
    CHECK_EQ_I64(reply_of(ID_A), OK);
    CHECK_EQ_I64(back.outcome, OUTCOME_DONE);
    CHECK_EQ_I64(accept(ID_A), ERR_EXISTS);
    CHECK_EQ_I64(journal_reply_next(journal, 0, &row, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(journal_reply_next(journal, row, &row, text, sizeof(text), &size), ERR_NOT_FOUND);
    CHECK_EQ_I64(journal_replied(journal, ID_A), OK);
    CHECK_EQ_I64(journal_reply_next(journal, 0, &row, text, sizeof(text), &size), ERR_NOT_FOUND);
    CHECK_EQ_I64(reply_of(ID_A), OK); /* the answer itself stays */
}

TEST(one_intent_for_one_id)
{
    begin();
    CHECK_EQ_I64(accept(ID_A), OK);
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), OK);
    CHECK(journal_intent(journal, ID_A, &frame) != OK);
    restart();
    CHECK(journal_intent(journal, ID_A, &frame) != OK);
    CHECK(journal_intent(journal, ID_B, &frame) != OK); /* never accepted */
    CHECK_EQ_I64(accept(ID_C), OK);
    answer(ID_C); /* refused for whatever reason: never sent */
    CHECK(journal_intent(journal, ID_C, &frame) != OK);
}

TEST(void_before_the_command_was_seen)
{
    begin();
    CHECK_EQ_I64(journal_void(journal, ID_B, ID_A, &reply), OK);
    CHECK_EQ_I64(reply.fate, BUS_FATE_NEVER_SENT);
    CHECK(!reply.has_intent);
    restart();
    CHECK_EQ_I64(accept(ID_A), ERR_DENIED);
    answer(ID_A);
    CHECK_EQ_I64(accept(ID_A), ERR_EXISTS);
    CHECK(journal_intent(journal, ID_A, &frame) != OK);
    CHECK_EQ_I64(reply_of(ID_B), OK);
    CHECK(back.is_void);
}

TEST(void_in_the_queue_stops_the_send)
{
    begin();
    CHECK_EQ_I64(accept(ID_A), OK);
    CHECK_EQ_I64(journal_void(journal, ID_B, ID_A, &reply), OK);
    CHECK_EQ_I64(reply.fate, BUS_FATE_NEVER_SENT);
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), ERR_DENIED);
    restart();
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), ERR_DENIED);
}

TEST(void_after_the_intent_says_sent)
{
    begin();
    CHECK_EQ_I64(accept(ID_A), OK);
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), OK);
    mono_ms += 500;
    CHECK_EQ_I64(journal_void(journal, ID_B, ID_A, &reply), OK);
    CHECK_EQ_I64(reply.fate, BUS_FATE_SENT);
    CHECK(reply.has_intent);
    CHECK_EQ_U64(reply.intent_frame.size, frame.size);
    CHECK_EQ_U64(reply.since_ms, 0); /* it may still be leaving */
    journal_sent(journal, ID_A, mono_ms + 200);
    CHECK_EQ_I64(journal_void(journal, ID_C, ID_A, &reply), OK);
    CHECK_EQ_U64(reply.since_ms, 0); /* its last bit is not out yet */
    CHECK_EQ_I64(journal_void(journal, ID_B, ID_A, &reply), ERR_EXISTS);
    mono_ms += 10200;
    CHECK_EQ_I64(journal_void(journal, "018f3a1c-0000-7000-8000-0000000000d0", ID_A, &reply), OK);
    CHECK_EQ_U64(reply.since_ms, 10000);
    restart(); /* nothing was sent since the start */
    mono_ms += 1234;
    CHECK_EQ_I64(journal_void(journal, "018f3a1c-0000-7000-8000-0000000000d1", ID_A, &reply), OK);
    CHECK_EQ_I64(reply.fate, BUS_FATE_SENT);
    CHECK_EQ_U64(reply.since_ms, 1234);
}

TEST(a_forgotten_send_is_never_older_than_it_was)
{
    char id[ID_TEXT_SIZE];
    begin();
    CHECK_EQ_I64(accept(ID_A), OK);
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), OK);
    mono_ms += 50000;
    journal_sent(journal, ID_A, mono_ms);
    for (unsigned i = 0; i < 100; i++) { /* more than are remembered */
        CHECK(str_format(id, sizeof(id), "018f3a1c-0000-7000-8000-0000000001%02x", i));
        CHECK_EQ_I64(accept(id), OK);
        CHECK_EQ_I64(journal_intent(journal, id, &frame), OK);
        mono_ms += 300;
        journal_sent(journal, id, mono_ms);
    }
    CHECK_EQ_I64(journal_void(journal, ID_B, ID_A, &reply), OK);
    CHECK(reply.since_ms <= 100 * 300);
    CHECK(reply.since_ms >= 60 * 300);
}

TEST(relay_generations)
{
    begin();
    CHECK_EQ_I64(accept_relay(ID_A, 5), OK);
    CHECK_EQ_I64(accept_relay(ID_B, 4), ERR_CONFLICT);
    CHECK(journal_intent(journal, ID_B, &frame) != OK);
    CHECK_EQ_I64(accept_relay(ID_C, 6), OK);
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), ERR_CONFLICT); /* overtaken in the queue */
    restart();
    CHECK_EQ_I64(accept_relay("018f3a1c-0000-7000-8000-0000000000d0", 5), ERR_CONFLICT);
    CHECK_EQ_I64(accept_relay("018f3a1c-0000-7000-8000-0000000000d1", 6), OK);
    CHECK_EQ_I64(journal_intent(journal, ID_C, &frame), OK);
}

TEST(restart_tells_what_was_cut_off)
{
    begin();
    CHECK_EQ_I64(accept(ID_A), OK); /* accepted only */
    CHECK_EQ_I64(accept(ID_B), OK);
    CHECK_EQ_I64(journal_intent(journal, ID_B, &frame), OK); /* perhaps sent */
    CHECK_EQ_I64(accept(ID_C), OK);
    CHECK_EQ_I64(journal_intent(journal, ID_C, &frame), OK);
    CHECK_EQ_I64(journal_result(journal, ID_C, &frame), OK); /* answered by the meter */
    restart();
    CHECK_EQ_I64(journal_recover_next(journal, &reply), OK);
    CHECK_EQ_STR(reply.id, ID_A);
    CHECK_EQ_I64(reply.outcome, OUTCOME_NOT_DONE);
    CHECK_EQ_STR(reply.error, BUS_ERROR_RESTARTED);
    CHECK(!reply.sent && reply.is_credit);
    CHECK_EQ_I64(journal_intent(journal, ID_A, &frame), ERR_DENIED); /* it is in VOID now */
    CHECK_EQ_I64(journal_reply_store(journal, &reply), OK);
    CHECK_EQ_I64(journal_recover_next(journal, &reply), OK);
    CHECK_EQ_STR(reply.id, ID_B);
    CHECK_EQ_I64(reply.outcome, OUTCOME_UNKNOWN);
    CHECK(reply.sent);
    CHECK_EQ_U64(reply.frame_reply.size, 0);
    CHECK_EQ_I64(journal_reply_store(journal, &reply), OK);
    CHECK_EQ_I64(journal_recover_next(journal, &reply), OK);
    CHECK_EQ_STR(reply.id, ID_C);
    CHECK_EQ_I64(reply.outcome, OUTCOME_UNKNOWN);
    CHECK_EQ_U64(reply.frame_reply.size, frame.size);
    CHECK_EQ_I64(journal_reply_store(journal, &reply), OK);
    CHECK_EQ_I64(journal_recover_next(journal, &reply), ERR_NOT_FOUND);
}

/* --- a disk that fails ----------------------------------------------------------------------- */

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
