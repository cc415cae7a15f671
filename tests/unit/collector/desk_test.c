/* SPDX-License-Identifier: Apache-2.0 */

/* Commands in, answers out: with a real journal, and a bus that is a list. */
#include "collector/desk.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/collector/fake_meter.h"
#include "tests/unit/collector/fault_vfs.h"
#include "tests/unit/collector/scratch.h"
#include "tests/unit/test.h"

#define ID_A "018f3a1c-0000-7000-8000-00000000000a"
#define ID_B "018f3a1c-0000-7000-8000-00000000000b"
#define ID_C "018f3a1c-0000-7000-8000-00000000000c"
#define COUNT_METER "000000000002"
#define CLOUD_METER "000000000001"

static struct desk desk;
static struct journal *journal;
static struct roster roster;
static struct fault_vfs *faults;
static char dir[SCRATCH_SIZE];
static char message[JOURNAL_MESSAGE_SIZE];
static struct job pushed;
static int push_count;
static bool queue_is_full;
static int send_count;
static struct bus_reply sent;
static char told[64];
static struct bus_command command;
static struct job_result result;

static bool test_push(void *self, int bus, const struct job *job)
{
    (void)self;
    CHECK_EQ_I64(bus, 0);
    if (!queue_is_full) {
        pushed = *job;
        push_count += 1;
    }
    return !queue_is_full;
}

static void test_send(void *self, const char *text, size_t size)
{
    (void)self;
    struct bus_fault fault;
    CHECK_EQ_I64(bus_reply_decode(text, size, &sent, &fault), OK);
    send_count += 1;
}

static void test_tell(void *self, const char *kind, const char *meter, const char *detail)
{
    (void)self;
    (void)meter;
    (void)detail;
    CHECK(str_copy(told, sizeof(told), kind));
}

static int bus_of(void *self, const char *name)
{
    (void)self;
    (void)name;
    return 0;
}

static void start(void)
{
    struct journal_config config = {
        .dir = dir, .vfs = FAULT_VFS_NAME, .rng = rng_system(), .clock = clock_system()};
    journal_close(journal);
    journal = NULL;
    CHECK_EQ_I64(journal_open(&config, &journal, message), OK);
    memset(&desk, 0, sizeof(desk));
    desk.journal = journal;
    desk.roster = &roster;
    desk.clock = clock_system();
    desk.push = test_push;
    desk.send = test_send;
    desk.tell = test_tell;
    push_count = 0;
    send_count = 0;
    queue_is_full = false;
    told[0] = '\0';
}

static void begin(void)
{
    static struct bus_meter meters[2];
    faults = fault_vfs_register();
    scratch_make(dir);
    start();
    memset(meters, 0, sizeof(meters));
    for (size_t i = 0; i < 2; i++) {
        CHECK(str_copy(meters[i].bus, BUS_NAME_SIZE, "bus1"));
        CHECK(str_copy(meters[i].protocol, BUS_NAME_SIZE, "645-2007"));
    }
    CHECK(str_copy(meters[0].meter, BUS_METER_SIZE, CLOUD_METER));
    CHECK(str_copy(meters[1].meter, BUS_METER_SIZE, COUNT_METER));
    meters[1].kind = BUS_METER_COUNT;
    struct bus_config config = {.version = "v", .meters = meters, .meter_count = 2};
    CHECK_EQ_U64(roster_apply(&roster, &config, bus_of, NULL, 0), 0);
}

static void command_init(enum bus_op op, const char *id, const char *meter)
{
    command = (struct bus_command){.op = op, .epoch = journal_epoch(journal), .deadline_ms = 8000};
    CHECK(str_copy(command.id, sizeof(command.id), id));
    CHECK(str_copy(command.meter, sizeof(command.meter), meter));
}

static void credit_init(const char *id)
{
    command_init(BUS_OP_CREDIT, id, COUNT_METER);
    struct bus_credit *credit = &command.u.credit;
    credit->has_expect_count = true;
    credit->expect_count = 3;
    credit->reply_timeout_ms = 1000;
    credit->send = 1;
    credit->frame.size =
        fake_credit_frame(COUNT_METER, 5000, 4, credit->frame.bytes, sizeof(credit->frame.bytes));
}

static void hand_in(void)
{
    static char text[BUS_TEXT_SIZE_MAX];
    size_t size = 0;
    CHECK_EQ_I64(bus_command_encode(&command, text, sizeof(text), &size), OK);
    desk_command(&desk, text, size);
}

static void check_answer(const char *id, enum outcome outcome, const char *error)
{
    CHECK(send_count > 0);
    CHECK_EQ_STR(sent.id, id);
    CHECK_EQ_STR(outcome_name(sent.outcome), outcome_name(outcome));
    CHECK_EQ_STR(sent.error, error);
}

static void finish(enum outcome outcome, const char *error)
{
    memset(&result, 0, sizeof(result));
    result.op = pushed.command.op;
    result.accepted_ms = pushed.accepted_ms;
    result.reply.outcome = outcome;
    result.reply.is_credit = result.op == BUS_OP_CREDIT;
    result.reply.sent = result.op == BUS_OP_CREDIT;
    CHECK(str_copy(result.reply.id, sizeof(result.reply.id), pushed.command.id));
    CHECK(str_copy(result.reply.error, sizeof(result.reply.error), error));
    desk_result(&desk, &result);
}

TEST(ping)
{
    begin();
    command_init(BUS_OP_PING, ID_A, "");
    hand_in();
    check_answer(ID_A, OUTCOME_DONE, "");
    CHECK_EQ_U64(sent.epoch, journal_epoch(journal));
}

TEST(read_goes_to_its_bus_with_its_priority)
{
    begin();
    command_init(BUS_OP_READ, ID_A, CLOUD_METER);
    CHECK(str_copy(command.u.read.items[0], BUS_ITEM_SIZE, "00010000"));
    command.u.read.item_count = 1;
    command.u.read.prio = BUS_PRIO_CHECK;
    hand_in();
    CHECK_EQ_I64(push_count, 1);
    CHECK_EQ_I64(pushed.prio, JOB_PRIO_CHECK);
    CHECK_EQ_I64(pushed.begin_last_ms - pushed.accepted_ms, 8000);
    CHECK_EQ_I64(send_count, 0);
    finish(OUTCOME_DONE, "");
    check_answer(ID_A, OUTCOME_DONE, "");
}

TEST(reads_that_cannot_be)
{
    begin();
    command_init(BUS_OP_READ, ID_A, "000000000077");
    CHECK(str_copy(command.u.read.items[0], BUS_ITEM_SIZE, "00010000"));
    command.u.read.item_count = 1;
    hand_in();
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_UNKNOWN_METER);
    CHECK(str_copy(command.meter, BUS_METER_SIZE, CLOUD_METER));
    CHECK(str_copy(command.u.read.items[0], BUS_ITEM_SIZE, "energy"));
    hand_in();
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_BAD_REQUEST);
    CHECK_EQ_STR(sent.detail, "items");
    CHECK(str_copy(command.u.read.items[0], BUS_ITEM_SIZE, "00010000"));
    queue_is_full = true;
    hand_in();
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_BUSY);
    CHECK_EQ_I64(push_count, 0);
}

TEST(messages_that_are_none)
{
    begin();
    desk_command(&desk, "{", 1);
    CHECK_EQ_I64(send_count, 0);
    CHECK_EQ_STR(told, "bad_message");
    static const char odd[] = "{\"id\":\"" ID_A "\",\"op\":\"format\",\"deadline_ms\":5}";
    desk_command(&desk, odd, strlen(odd));
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_UNSUPPORTED);
    static const char half[] = "{\"id\":\"" ID_B "\",\"op\":\"read\",\"deadline_ms\":5}";
    desk_command(&desk, half, strlen(half));
    check_answer(ID_B, OUTCOME_NOT_DONE, BUS_ERROR_BAD_REQUEST);
    CHECK_EQ_STR(sent.detail, "meter");
}

TEST(credit_is_accepted_once_and_answered_for_ever)
{
    begin();
    credit_init(ID_A);
    hand_in();
    CHECK_EQ_I64(push_count, 1);
    CHECK_EQ_I64(pushed.prio, JOB_PRIO_COMMAND);
    hand_in(); /* the broker delivers it twice */
    CHECK_EQ_I64(push_count, 1);
    CHECK_EQ_I64(send_count, 0);
    finish(OUTCOME_UNKNOWN, BUS_ERROR_METER_SILENT);
    CHECK_EQ_I64(send_count, 1);
    hand_in();
    CHECK_EQ_I64(push_count, 1);
    CHECK_EQ_I64(send_count, 2);
    check_answer(ID_A, OUTCOME_UNKNOWN, BUS_ERROR_METER_SILENT);
    start(); /* also after a restart */
    desk_recover(&desk);
    hand_in();
    CHECK_EQ_I64(push_count, 0);
    check_answer(ID_A, OUTCOME_UNKNOWN, BUS_ERROR_METER_SILENT);
}

TEST(long_deadlines_end_after_30_s_all_the_same)
{
    begin();
    credit_init(ID_A);
    command.deadline_ms = 600000;
    hand_in();
    CHECK_EQ_I64(pushed.begin_last_ms - pushed.accepted_ms, DESK_BEGIN_MS_MAX);
}

TEST(another_epoch_is_refused_and_leaves_no_trace)
{
    begin();
    credit_init(ID_A);
    command.epoch = journal_epoch(journal) == 7 ? 8 : 7;
    hand_in();
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_WRONG_EPOCH);
    command_init(BUS_OP_VOID, ID_B, "");
    CHECK(str_copy(command.u.voiding.target, ID_TEXT_SIZE, ID_A));
    command.epoch = journal_epoch(journal) == 7 ? 8 : 7;
    hand_in();
    check_answer(ID_B, OUTCOME_NOT_DONE, BUS_ERROR_WRONG_EPOCH);
    CHECK(!sent.is_void);
    CHECK_EQ_I64(push_count, 0);
    credit_init(ID_A); /* with the right one it is a new command */
    hand_in();
    CHECK_EQ_I64(push_count, 1);
}

TEST(credits_that_are_not_what_they_say)
{
    begin();
    credit_init(ID_A);
    CHECK(str_copy(command.meter, BUS_METER_SIZE, CLOUD_METER)); /* it has no balance inside */
    hand_in();
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_BAD_REQUEST);
    CHECK_EQ_STR(sent.detail, "meter");
    hand_in(); /* a refusal is an answer for ever */
    CHECK_EQ_I64(send_count, 2);
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_BAD_REQUEST);

    credit_init(ID_B);
    command.u.credit.frame.size =
        fake_credit_frame("000000000003", 5000, 4, command.u.credit.frame.bytes,
                          sizeof(command.u.credit.frame.bytes)); /* another meter's */
    hand_in();
    check_answer(ID_B, OUTCOME_NOT_DONE, BUS_ERROR_BAD_REQUEST);
    CHECK_EQ_STR(sent.detail, "frame");

    credit_init("018f3a1c-0000-7000-8000-00000000000d");
    command.u.credit.has_expect_count = false; /* nothing would make it unique */
    hand_in();
    CHECK_EQ_STR(sent.error, BUS_ERROR_BAD_REQUEST);
    CHECK_EQ_STR(sent.detail, "expect");

    credit_init(ID_C);
    command.u.credit.frame.bytes[8] = 0x1C; /* a relay command in disguise, wrong sum as well */
    hand_in();
    check_answer(ID_C, OUTCOME_NOT_DONE, BUS_ERROR_BAD_REQUEST);
    CHECK_EQ_I64(push_count, 0);
}

TEST(void_overtakes_its_command)
{
    begin();
    command_init(BUS_OP_VOID, ID_B, "");
    CHECK(str_copy(command.u.voiding.target, ID_TEXT_SIZE, ID_A));
    hand_in();
    check_answer(ID_B, OUTCOME_DONE, "");
    CHECK(sent.is_void);
    CHECK_EQ_I64(sent.fate, BUS_FATE_NEVER_SENT);
    hand_in(); /* the same answer */
    CHECK_EQ_I64(send_count, 2);
    CHECK(sent.is_void);
    credit_init(ID_A);
    hand_in();
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_VOIDED);
    CHECK_EQ_I64(push_count, 0);
}

static void relay_init(const char *id, uint32_t generation)
{
    command_init(BUS_OP_RELAY, id, CLOUD_METER);
    command.u.relay = (struct bus_relay){
        .want_closed = true, .how = BUS_RELAY_CLOSE, .generation = generation, .expiry_s = 600};
}

TEST(older_relay_generations_are_refused)
{
    begin();
    relay_init(ID_A, 9);
    hand_in();
    CHECK_EQ_I64(push_count, 1);
    relay_init(ID_B, 8);
    hand_in();
    CHECK_EQ_I64(push_count, 1);
    check_answer(ID_B, OUTCOME_NOT_DONE, BUS_ERROR_OLD_GENERATION);
    relay_init(ID_C, 9); /* the same one again: level-wise repetition */
    hand_in();
    CHECK_EQ_I64(push_count, 2);
    finish(OUTCOME_UNKNOWN, BUS_ERROR_RELAY_MISMATCH);
    CHECK_EQ_STR(told, "relay_mismatch");
}

TEST(a_full_disk_refuses_credit_and_relay_but_not_reads)
{
    begin();
    faults->disk_full = true;
    credit_init(ID_A);
    hand_in();
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_JOURNAL);
    CHECK_EQ_STR(told, "journal");
    relay_init(ID_B, 1);
    hand_in();
    check_answer(ID_B, OUTCOME_NOT_DONE, BUS_ERROR_JOURNAL);
    command_init(BUS_OP_VOID, ID_C, "");
    CHECK(str_copy(command.u.voiding.target, ID_TEXT_SIZE, ID_A));
    hand_in();
    check_answer(ID_C, OUTCOME_NOT_DONE, BUS_ERROR_JOURNAL);
    CHECK_EQ_I64(push_count, 0);
    command_init(BUS_OP_READ, ID_A, CLOUD_METER);
    CHECK(str_copy(command.u.read.items[0], BUS_ITEM_SIZE, "00010000"));
    command.u.read.item_count = 1;
    hand_in();
    CHECK_EQ_I64(push_count, 1);
    faults->disk_full = false;
}

TEST(an_answer_that_cannot_be_stored_claims_nothing)
{
    begin();
    credit_init(ID_A);
    hand_in();
    faults->sync_fails = true;
    finish(OUTCOME_DONE, "");
    check_answer(ID_A, OUTCOME_UNKNOWN, BUS_ERROR_JOURNAL);
    faults->sync_fails = false;
}

TEST(restart_answers_what_was_cut_off)
{
    begin();
    credit_init(ID_A);
    hand_in();
    credit_init(ID_B);
    hand_in();
    struct bus_frame frame = command.u.credit.frame;
    CHECK_EQ_I64(journal_intent(journal, ID_B, &frame), OK);
    frame.bytes[8] = 0x83; /* the meter's yes, with a sum that fits */
    frame.size = 12;
    frame.bytes[9] = 0;
    uint8_t sum = 0;
    for (size_t i = 0; i < 10; i++) {
        sum = (uint8_t)(sum + frame.bytes[i]);
    }
    frame.bytes[10] = sum;
    frame.bytes[11] = 0x16;
    CHECK_EQ_I64(journal_result(journal, ID_B, &frame), OK);
    start();
    desk_recover(&desk);
    credit_init(ID_A);
    hand_in();
    check_answer(ID_A, OUTCOME_NOT_DONE, BUS_ERROR_RESTARTED);
    credit_init(ID_B);
    hand_in();
    check_answer(ID_B, OUTCOME_UNKNOWN, BUS_ERROR_RESTARTED);
    CHECK(sent.sent);
    CHECK_EQ_I64(sent.accepted, BUS_TRI_TRUE);
    CHECK_EQ_I64(push_count, 0);
}

TEST_MAIN()
