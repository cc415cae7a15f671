/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Jobs over engine and journal, with a printer in the test and a crash between any two steps: a
 * crash is work_destroy() and opening the journal again, as after kill -9.
 */
#include "common/json/json.h"
#include "printer/printd/work.h"
#include "tests/unit/printer/folder.h"
#include "tests/unit/test.h"

enum { STEP_MS = 20, PRINTER_MEMORY = 65536 };

static const char ID_A[] = "018f3a1c-0000-7000-8000-00000000000a";
static const char ID_B[] = "018f3a1c-0000-7000-8000-00000000000b";

static char folder[FOLDER_SIZE];
static struct settings settings;
static struct print_journal *journal;
static struct work *work;
static int64_t now_ms;

/* The printer: keeps what it got, echoes marks. */
static uint8_t memory[PRINTER_MEMORY];
static size_t memory_size;
static bool echoes;
static size_t bytes_until_crash; /* the line takes so many bytes of jobs, then nothing */

static int64_t test_mono_ms(void *self)
{
    (void)self;
    return now_ms;
}

static int64_t test_wall_s(void *self)
{
    (void)self;
    return 1795158228;
}

static const struct clock_port CLOCK = {.mono_ms = test_mono_ms, .wall_s = test_wall_s};

static void start(void)
{
    char message[PRINT_JOURNAL_MESSAGE_SIZE];
    uint32_t interrupted = 0;
    CHECK(print_journal_open(folder, NULL, &journal, &interrupted, message) == OK);
    CHECK(work_create(&settings, journal, &CLOCK, interrupted > 0, &work) == OK);
    engine_link_up(work_engine(work), now_ms);
}

static void crash(void)
{
    work_destroy(work);
    print_journal_close(journal);
    start();
}

static void begin(void)
{
    folder_make(folder);
    settings = (struct settings){.paper = {.columns = 48, .charset = ENCODE_GB18030},
                                 .engine = {.proof = ENGINE_PROOF_MARK, .job_timeout_ms = 25000},
                                 .cut_feed_dots = 24};
    now_ms = 1000000;
    memory_size = 0;
    echoes = true;
    bytes_until_crash = SIZE_MAX;
    start();
}

static void end(void)
{
    work_destroy(work);
    print_journal_close(journal);
    folder_remove(folder);
}

static size_t count_of(const void *pattern, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i + size <= memory_size; i++) {
        count += memcmp(memory + i, pattern, size) == 0 ? 1 : 0;
    }
    return count;
}

static size_t papers(void)
{
    static const uint8_t cut[] = {0x1D, 0x56, 0x42, 24};
    return count_of(cut, sizeof(cut));
}

static void echo(const uint8_t *bytes, size_t size)
{
    static const uint8_t head[] = {0x1D, 0x28, 0x48, 0x06, 0x00, 0x30, 0x30};
    for (size_t i = 0; i + 11 <= size; i++) {
        if (memcmp(bytes + i, head, sizeof(head)) == 0) {
            uint8_t answer[7] = {0x37, 0x22};
            memcpy(answer + 2, bytes + i + 7, 4);
            engine_take(work_engine(work), answer, sizeof(answer), now_ms);
        }
    }
}

/* One exchange; false if the line takes no more. */
static bool exchange(void)
{
    struct engine *engine = work_engine(work);
    const uint8_t *bytes = NULL;
    size_t size = engine_output(engine, &bytes);
    bool question = size == 3 && bytes[0] == 0x10 && bytes[1] == 0x04;
    if (question) {
        static const uint8_t ready = 0x12;
        engine_sent(engine, size, now_ms);
        engine_take(engine, &ready, 1, now_ms);
        return true;
    }
    size_t part = size < bytes_until_crash ? size : bytes_until_crash;
    if (part == 0) {
        return false;
    }
    CHECK(memory_size + part <= sizeof(memory));
    memcpy(memory + memory_size, bytes, part);
    memory_size += part;
    bytes_until_crash -= bytes_until_crash == SIZE_MAX ? 0 : part;
    const uint8_t *copy = memory + memory_size - part;
    engine_sent(engine, part, now_ms);
    if (echoes) {
        echo(copy, part);
    }
    return true;
}

static bool pass(int64_t ms)
{
    for (int64_t until = now_ms + ms; now_ms < until; now_ms += STEP_MS) {
        engine_turn(work_engine(work), now_ms);
        if (!work_turn(work)) {
            return false;
        }
        while (exchange()) {
        }
    }
    return work_turn(work);
}

/* Ask for order SH1's paper of a kind. */
static struct printjob_answer ask_kind(const char *id, uint32_t copy, const char *kind)
{
    struct printjob_request request = {.op = PRINTJOB_OP_PRINT, .copy = copy};
    struct printjob_answer answer;
    memcpy(request.job_id, id, sizeof(request.job_id));
    request.receipt = json_pack("{s:s,s:s,s:i,s:i}", "kind", kind, "order_no", "SH1", "time",
                                1795158228, "amount_fen", 5000);
    CHECK(request.receipt != NULL);
    CHECK(work_take(work, &request, &answer));
    json_decref(request.receipt);
    CHECK_EQ_STR(answer.job_id, id);
    return answer;
}

static struct printjob_answer ask(const char *id, uint32_t copy)
{
    return ask_kind(id, copy, "credited");
}

static void expect(const char *id, enum printjob_state state, const char *detail)
{
    struct printjob_answer answer;
    CHECK(work_verdict(work, &answer));
    CHECK_EQ_STR(answer.job_id, id);
    CHECK_EQ_STR(printjob_state_name(answer.state), printjob_state_name(state));
    CHECK_EQ_STR(answer.detail, detail);
}

TEST(prints_once_and_remembers)
{
    begin();
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED); /* asked twice: still one */
    CHECK(pass(1000));
    expect(ID_A, PRINTJOB_PRINTED, "");
    CHECK(ask(ID_A, 0).state == PRINTJOB_PRINTED);
    crash();
    CHECK(ask(ID_A, 0).state == PRINTJOB_PRINTED);
    CHECK(pass(2000));
    CHECK_EQ_U64(papers(), 1);
    CHECK(work_is_idle(work));
    end();
}

TEST(jobs_go_one_after_the_other)
{
    struct printjob_answer answer;
    begin();
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    CHECK(ask(ID_B, 1).state == PRINTJOB_QUEUED);
    CHECK(pass(3000));
    expect(ID_A, PRINTJOB_PRINTED, "");
    CHECK(pass(3000));
    expect(ID_B, PRINTJOB_PRINTED, "");
    CHECK(!work_verdict(work, &answer));
    CHECK_EQ_U64(papers(), 2);
    end();
}

/*
 * Crash after every number of bytes that the line took, from none to all but the last. If a byte
 * had left, the job is unknown for ever; if none had, it waits to be asked for again, and is
 * printed exactly once.
 */
TEST(crash_after_each_byte)
{
    begin();
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    CHECK(pass(1000));
    size_t whole = memory_size;
    end();
    CHECK(whole > 300);
    for (size_t taken = 0; taken < whole; taken += taken < 40 || taken + 40 > whole ? 1 : 37) {
        begin();
        echoes = false;
        CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
        bytes_until_crash = taken;
        CHECK(pass(500));
        CHECK_EQ_U64(memory_size, taken);
        crash();
        bytes_until_crash = SIZE_MAX;
        echoes = true;
        size_t before = papers();
        struct printjob_answer answer = ask(ID_A, 0);
        CHECK_EQ_STR(printjob_state_name(answer.state), "unknown");
        CHECK_EQ_STR(answer.detail, "restarted");
        CHECK(pass(2000));
        CHECK_EQ_U64(papers(), before); /* not a second time */
        end();
    }
}

/* Before it began: nobody may be waiting any more, so it is printed only if somebody asks. */
TEST(crash_before_the_beginning)
{
    begin();
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    crash();
    CHECK(pass(5000));
    CHECK_EQ_U64(memory_size, 0);
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    CHECK(pass(1000));
    expect(ID_A, PRINTJOB_PRINTED, "");
    CHECK_EQ_U64(papers(), 1);
    end();
}

TEST(next_job_after_a_crash_clears_up_first)
{
    static const uint8_t fill[64] = {0};
    begin();
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    bytes_until_crash = 100;
    CHECK(pass(500));
    crash();
    bytes_until_crash = SIZE_MAX;
    CHECK(ask(ID_B, 0).state == PRINTJOB_QUEUED);
    CHECK(pass(1000));
    expect(ID_B, PRINTJOB_PRINTED, "");
    CHECK_EQ_MEM(memory + 100, fill, sizeof(fill));
    static const uint8_t clear[] = {0x1D, 0x56, 0x42, 0x00};
    CHECK_EQ_U64(count_of(clear, sizeof(clear)), 1); /* the old piece is cut off */
    CHECK(!engine_is_dirty(work_engine(work)));
    end();
}

TEST(wrong_receipt_keeps_its_answer)
{
    struct printjob_request request = {.op = PRINTJOB_OP_PRINT};
    struct printjob_answer answer;
    begin();
    memcpy(request.job_id, ID_A, sizeof(ID_A));
    request.receipt = json_pack("{s:s,s:s}", "kind", "credited", "order_no", "SH1");
    CHECK(work_take(work, &request, &answer));
    json_decref(request.receipt);
    CHECK(answer.state == PRINTJOB_FAILED);
    CHECK_EQ_STR(answer.detail, "receipt.time");
    CHECK(ask(ID_A, 0).state == PRINTJOB_FAILED); /* also with a good one: the number is used up */
    CHECK(pass(1000));
    CHECK_EQ_U64(memory_size, 0);
    end();
}

TEST(copies_cannot_pass_for_the_first_paper)
{
    begin();
    CHECK(ask(ID_A, 2).state == PRINTJOB_QUEUED);
    CHECK(pass(1000));
    expect(ID_A, PRINTJOB_PRINTED, "");
    CHECK_EQ_U64(count_of("COPY 2", 6), 1);
    end();
}

/* A held paper that lacks its end is told apart, now and when it is asked for again. */
TEST(half_a_paper_is_no_receipt_that_comes_later)
{
    static const uint8_t paper_out[] = {0x18, 0x00, 0x0F, 0x00};
    struct printjob_answer answer;
    begin();
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    bytes_until_crash = 100;
    CHECK(pass(500));
    for (int i = 0; i < 20; i++) {
        engine_take(work_engine(work), paper_out, sizeof(paper_out), now_ms);
        now_ms += 100;
    }
    CHECK(work_turn(work));
    CHECK(work_verdict(work, &answer));
    CHECK(answer.state == PRINTJOB_HELD && answer.part);
    crash();
    answer = ask(ID_A, 0);
    CHECK(answer.state == PRINTJOB_HELD && answer.part);
    end();
}

/* The kiosk died before it could report the first paper: nobody told the server, we know it. */
TEST(a_second_paper_is_marked_although_nobody_counted_the_first)
{
    begin();
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    CHECK(pass(1000));
    expect(ID_A, PRINTJOB_PRINTED, "");
    crash();
    CHECK(ask(ID_B, 0).state == PRINTJOB_QUEUED);
    CHECK(pass(1000));
    expect(ID_B, PRINTJOB_PRINTED, "");
    CHECK_EQ_U64(papers(), 2);
    CHECK_EQ_U64(count_of("COPY", 4), 1);
    CHECK_EQ_U64(count_of("COPY 1", 6), 1);
    end();
}

TEST(a_paper_that_may_be_out_makes_the_next_a_copy)
{
    begin();
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    bytes_until_crash = 100;
    CHECK(pass(500));
    crash();
    CHECK(ask(ID_A, 0).state == PRINTJOB_UNKNOWN);
    bytes_until_crash = SIZE_MAX;
    CHECK(ask(ID_B, 0).state == PRINTJOB_QUEUED);
    CHECK(pass(1000));
    expect(ID_B, PRINTJOB_PRINTED, "");
    CHECK_EQ_U64(count_of("COPY 1", 6), 1);
    end();
}

TEST(a_slip_is_no_copy_of_the_receipt_and_a_failure_is_no_paper)
{
    static const char ID_C[] = "018f3a1c-0000-7000-8000-00000000000c";
    begin();
    CHECK(ask_kind(ID_A, 0, "pending").state == PRINTJOB_QUEUED);
    CHECK(pass(1000));
    expect(ID_A, PRINTJOB_PRINTED, "");
    engine_link_down(work_engine(work), now_ms);
    CHECK(ask(ID_C, 0).state == PRINTJOB_QUEUED);
    CHECK(work_turn(work));
    CHECK(work_turn(work));
    expect(ID_C, PRINTJOB_FAILED, "offline");
    engine_link_up(work_engine(work), now_ms);
    CHECK(ask(ID_B, 0).state == PRINTJOB_QUEUED);
    CHECK(pass(1000));
    expect(ID_B, PRINTJOB_PRINTED, "");
    CHECK_EQ_U64(count_of("COPY", 4), 0);
    end();
}

TEST(too_many_at_once_are_refused)
{
    begin();
    char id[ID_TEXT_SIZE];
    memcpy(id, ID_A, sizeof(id));
    for (int i = 0; i < WORK_QUEUE_MAX; i++) {
        id[35] = (char)('0' + i);
        CHECK(ask(id, 0).state == PRINTJOB_QUEUED);
    }
    CHECK(ask(ID_B, 0).state == PRINTJOB_FAILED);
    CHECK_EQ_STR(ask(ID_B, 0).detail, "busy");
    for (int i = 0; i < WORK_QUEUE_MAX; i++) {
        id[35] = (char)('0' + i);
        CHECK(pass(1000));
        expect(id, PRINTJOB_PRINTED, "");
    }
    CHECK_EQ_U64(papers(), WORK_QUEUE_MAX);
    end();
}

TEST(held_paper_that_comes_late_is_not_told_as_printed)
{
    static const uint8_t paper_out[] = {0x18, 0x00, 0x0F, 0x00};
    static const uint8_t ready[] = {0x10, 0x00, 0x00, 0x00};
    static const uint8_t late[] = {0x37, 0x22, '0', '0', '0', '3', 0x00};
    struct printjob_answer answer;
    begin();
    echoes = false;
    CHECK(ask(ID_A, 0).state == PRINTJOB_QUEUED);
    CHECK(pass(100));
    for (int i = 0; i < 20; i++) {
        engine_take(work_engine(work), paper_out, sizeof(paper_out), now_ms);
        now_ms += 100;
    }
    CHECK(work_turn(work));
    expect(ID_A, PRINTJOB_HELD, "paper_out");
    engine_take(work_engine(work), ready, sizeof(ready), now_ms);
    engine_take(work_engine(work), late, sizeof(late), now_ms);
    CHECK(work_turn(work));
    CHECK(!work_verdict(work, &answer));
    CHECK(ask(ID_A, 0).state == PRINTJOB_HELD);
    end();
}

TEST_MAIN()
