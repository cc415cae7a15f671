/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The journal: what it promises must hold after closing and opening (the process died), and in the
 * races between a void and a send.
 */
#include "tests/unit/collector/journal_steps.h"

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

TEST_MAIN()
