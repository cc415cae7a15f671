/* SPDX-License-Identifier: Apache-2.0 */

/* A bus's thread on a pseudo-terminal: priorities, a device that vanishes, the journal's calls. */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "collector/line.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/collector/fake_bus.h"
#include "tests/unit/test.h"

enum { WAIT_MS = 10000, REPLY_TIMEOUT_MS = 400, BAUD = 115200 };

static struct fake_bus *bus;
static struct line *line;
static int notify_fd = -1;
static struct clock_port clock_port;
static struct job job;
static struct job_result result;

/* What the journal was told, in order: I intent, S sent, R result. */
static pthread_mutex_t journal_lock = PTHREAD_MUTEX_INITIALIZER;
static char journal_order[64];
static int64_t journal_sent_ms;

static void journal_note(char what)
{
    (void)pthread_mutex_lock(&journal_lock);
    size_t len = strlen(journal_order);
    if (len + 1 < sizeof(journal_order)) {
        journal_order[len] = what;
        journal_order[len + 1] = '\0';
    }
    (void)pthread_mutex_unlock(&journal_lock);
}

static enum err note_intent(void *self, const char *id, const struct bus_frame *frame)
{
    (void)self;
    (void)id;
    journal_note('I');
    return frame->size > 0 ? OK : ERR_INTERNAL;
}

static void note_sent(void *self, const char *id, int64_t sent_end_ms)
{
    (void)self;
    (void)id;
    journal_sent_ms = sent_end_ms;
    journal_note('S');
}

static enum err note_result(void *self, const char *id, const struct bus_frame *frame)
{
    (void)self;
    (void)id;
    (void)frame;
    journal_note('R');
    return OK;
}

static void begin(int reply_ms)
{
    if (line != NULL) {
        line_destroy(line);
        fake_bus_destroy(bus);
        (void)close(notify_fd);
    }
    journal_order[0] = '\0';
    clock_port = clock_system();
    bus = fake_bus_create(reply_ms);
    notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct line_config config = {
        .name = "bus1",
        .device = fake_bus_path(bus),
        .baud = BAUD,
        .reply_timeout_ms = REPLY_TIMEOUT_MS,
        .clock = clock_port,
        .journal = {.intent = note_intent, .sent = note_sent, .result = note_result},
        .notify_fd = notify_fd,
    };
    CHECK_EQ_I64(line_create(&config, &line), OK);
}

static void job_init(enum bus_op op, enum job_prio prio, const char *address)
{
    job = (struct job){.prio = prio, .tries = 3};
    job.accepted_ms = clock_mono_ms(&clock_port);
    job.begin_last_ms = job.accepted_ms + 30000;
    job.command.op = op;
    CHECK(str_copy(job.command.id, ID_TEXT_SIZE, "018f3a1c-0000-7000-8000-00000000000a"));
    CHECK(str_copy(job.meter.meter, BUS_METER_SIZE, address));
}

static void push_read(enum job_prio prio, const char *address, size_t items)
{
    static const char *const all[] = {"00010000", "00900200", "04000503", "04000101"};
    job_init(BUS_OP_READ, prio, address);
    struct bus_read *read = &job.command.u.read;
    for (size_t i = 0; i < items; i++) {
        CHECK(str_copy(read->items[read->item_count++], BUS_ITEM_SIZE, all[i]));
    }
    CHECK(line_push(line, &job));
}

static void push_credit(const char *address)
{
    job_init(BUS_OP_CREDIT, JOB_PRIO_COMMAND, address);
    struct bus_credit *credit = &job.command.u.credit;
    credit->reply_timeout_ms = REPLY_TIMEOUT_MS;
    credit->send = 1;
    credit->frame.size =
        fake_credit_frame(address, 5000, 4, credit->frame.bytes, sizeof(credit->frame.bytes));
    CHECK(str_copy(credit->after[credit->after_count++], BUS_ITEM_SIZE, "00900200"));
    CHECK(line_push(line, &job));
}

static void wait_notified(void)
{
    struct pollfd notify = {.fd = notify_fd, .events = POLLIN};
    CHECK(poll(&notify, 1, WAIT_MS) == 1);
    uint64_t count = 0;
    CHECK(read(notify_fd, &count, sizeof(count)) == sizeof(count));
}

static void wait_result(void)
{
    while (!line_result_pop(line, &result)) {
        wait_notified();
    }
}

static void wait_open(bool open)
{
    while (line_status_get(line).change_count == 0 || line_status_get(line).open != open) {
        wait_notified();
    }
}

static void check_order(const char *wanted)
{
    fake_bus_lock(bus);
    char order[FAKE_BUS_ORDER_MAX];
    CHECK(str_copy(order, sizeof(order), fake_bus_order(bus)));
    fake_bus_unlock(bus);
    CHECK_EQ_STR(order, wanted);
}

TEST(reads_a_meter)
{
    begin(0);
    (void)fake_bus_add(bus, "000000000001");
    push_read(JOB_PRIO_LIVE, "000000000001", 2);
    wait_result();
    CHECK_EQ_I64(result.reply.outcome, OUTCOME_DONE);
    CHECK_EQ_STR(bus_reply_value(&result.reply, BUS_WHEN_NOW, "00010000")->v, "1234.56");
    CHECK(result.heard && !result.garbled && !result.scheduled);
    CHECK_EQ_STR(result.meter, "000000000001");
    CHECK(!line_status_get(line).parity_kept); /* a pty: only worth a warning */
}

TEST(urgent_jobs_step_in_between_frames)
{
    begin(60);
    (void)fake_bus_add(bus, "000000000001");
    (void)fake_bus_add(bus, "000000000002");
    (void)fake_bus_add(bus, "000000000003");
    wait_open(true);
    push_read(JOB_PRIO_SCHEDULE, "000000000001", 4);
    clock_system_wait_ms(20); /* its first frame is on the way */
    push_read(JOB_PRIO_LIVE, "000000000002", 2);
    push_credit("000000000003");
    wait_result();
    CHECK_EQ_STR(result.meter, "000000000003");
    wait_result();
    CHECK_EQ_STR(result.meter, "000000000002");
    wait_result();
    CHECK_EQ_STR(result.meter, "000000000001");
    CHECK_EQ_U64(result.reply.value_count, 5);
    check_order("1r3c3r2r2r1r1r1r");
}

TEST(nothing_comes_between_the_frames_of_a_credit)
{
    begin(40);
    (void)fake_bus_add(bus, "000000000001");
    (void)fake_bus_add(bus, "000000000003");
    wait_open(true);
    push_credit("000000000003");
    clock_system_wait_ms(10);
    push_read(JOB_PRIO_LIVE, "000000000001", 1);
    push_credit("000000000003");
    for (int i = 0; i < 3; i++) {
        wait_result();
    }
    check_order("3c3r3c3r1r");
    CHECK_EQ_STR(journal_order, "ISRISR");
    CHECK(journal_sent_ms > 0);
}

TEST(a_parked_relay_command_leaves_the_bus_to_others)
{
    begin(5);
    struct fake_meter *meter = fake_bus_add(bus, "000000000002");
    (void)fake_bus_add(bus, "000000000001");
    fake_bus_lock(bus);
    meter->relay_delay_looks = 2;
    fake_bus_unlock(bus);
    wait_open(true);
    job_init(BUS_OP_RELAY, JOB_PRIO_COMMAND, "000000000002");
    job.command.u.relay =
        (struct bus_relay){.how = BUS_RELAY_OPEN, .generation = 1, .expiry_s = 600};
    CHECK(line_push(line, &job));
    clock_system_wait_ms(150); /* it waits for its effect now */
    push_read(JOB_PRIO_SCHEDULE, "000000000001", 1);
    wait_result();
    CHECK_EQ_STR(result.meter, "000000000001");
    wait_result();
    CHECK_EQ_STR(result.meter, "000000000002");
    CHECK_EQ_I64(result.reply.outcome, OUTCOME_DONE);
    CHECK_EQ_STR(bus_reply_value(&result.reply, BUS_WHEN_NOW, "relay")->v, "open");
}

static void push_allow(const char *address, uint32_t generation)
{
    job_init(BUS_OP_RELAY, JOB_PRIO_COMMAND, address);
    job.command.u.relay = (struct bus_relay){
        .want_closed = true, .how = BUS_RELAY_ALLOW, .generation = generation, .expiry_s = 600};
    CHECK(line_push(line, &job));
}

TEST(a_relay_command_takes_the_place_of_the_one_that_waits)
{
    begin(0);
    struct fake_meter *meter = fake_bus_add(bus, "000000000002");
    struct fake_meter *other = fake_bus_add(bus, "000000000001");
    fake_bus_lock(bus);
    meter->relay_open = true;
    meter->relay_delay_looks = 1000; /* nobody presses the button */
    other->relay_open = true;
    other->relay_delay_looks = 1000;
    fake_bus_unlock(bus);
    wait_open(true);
    push_allow("000000000001", 1);
    push_allow("000000000002", 1);
    /* More than can be parked: each one ends the one before, none of them the other meter's. */
    for (int i = 0; i < 40; i++) {
        push_allow("000000000002", 1);
        wait_result();
        CHECK_EQ_STR(result.meter, "000000000002");
        CHECK_EQ_I64(result.reply.outcome, OUTCOME_UNKNOWN);
        CHECK_EQ_STR(result.reply.error, BUS_ERROR_OLD_GENERATION);
        CHECK_EQ_STR(bus_reply_value(&result.reply, BUS_WHEN_NOW, "relay")->v, "open");
    }
    /* The last one sees the button pressed. */
    fake_bus_lock(bus);
    meter->relay_delay_looks = 0;
    meter->relay_open = false;
    fake_bus_unlock(bus);
    wait_result();
    CHECK_EQ_STR(result.meter, "000000000002");
    CHECK_EQ_I64(result.reply.outcome, OUTCOME_DONE);
}

TEST(buses_work_side_by_side)
{
    begin(100);
    (void)fake_bus_add(bus, "000000000001");
    struct fake_bus *second_bus = fake_bus_create(100);
    struct line *second = NULL;
    (void)fake_bus_add(second_bus, "000000000001");
    struct line_config config = {
        .name = "bus2",
        .device = fake_bus_path(second_bus),
        .baud = BAUD,
        .reply_timeout_ms = REPLY_TIMEOUT_MS,
        .clock = clock_port,
        .journal = {.intent = note_intent, .sent = note_sent, .result = note_result},
        .notify_fd = notify_fd,
    };
    CHECK_EQ_I64(line_create(&config, &second), OK);
    wait_open(true);
    int64_t begun_ms = clock_mono_ms(&clock_port);
    push_read(JOB_PRIO_LIVE, "000000000001", 4);
    CHECK(line_push(second, &job));
    wait_result();
    CHECK_EQ_I64(result.reply.outcome, OUTCOME_DONE);
    while (!line_result_pop(second, &result)) {
        wait_notified();
    }
    CHECK_EQ_I64(result.reply.outcome, OUTCOME_DONE);
    /* Each needs 400 ms; one after the other would be 800. */
    CHECK(clock_mono_ms(&clock_port) - begun_ms < 750);
    line_destroy(second);
    fake_bus_destroy(second_bus);
}

TEST(a_job_whose_time_is_over_is_not_begun)
{
    begin(0);
    struct fake_meter *meter = fake_bus_add(bus, "000000000003");
    wait_open(true);
    job_init(BUS_OP_READ, JOB_PRIO_LIVE, "000000000003");
    CHECK(str_copy(job.command.u.read.items[0], BUS_ITEM_SIZE, "00010000"));
    job.command.u.read.item_count = 1;
    job.begin_last_ms = job.accepted_ms - 1;
    CHECK(line_push(line, &job));
    wait_result();
    CHECK_EQ_STR(result.reply.error, BUS_ERROR_BUSY);
    fake_bus_lock(bus);
    CHECK_EQ_I64(meter->frames, 0);
    fake_bus_unlock(bus);
}

TEST(a_device_that_vanishes_and_comes_back)
{
    begin(0);
    (void)fake_bus_add(bus, "000000000001");
    wait_open(true);
    fake_bus_unplug(bus);
    wait_open(false);
    push_read(JOB_PRIO_LIVE, "000000000001", 1);
    wait_result();
    CHECK_EQ_STR(result.reply.error, BUS_ERROR_BUS_FAULT);
    CHECK_EQ_I64(result.reply.outcome, OUTCOME_UNKNOWN);
    push_credit("000000000001");
    wait_result();
    CHECK_EQ_STR(result.reply.error, BUS_ERROR_BUS_FAULT);
    CHECK_EQ_I64(result.reply.outcome, OUTCOME_NOT_DONE);
    fake_bus_plug(bus);
    wait_open(true);
    push_read(JOB_PRIO_LIVE, "000000000001", 1);
    wait_result();
    CHECK_EQ_I64(result.reply.outcome, OUTCOME_DONE);
}

TEST(a_device_that_was_never_there)
{
    begin(0);
    fake_bus_unplug(bus);
    wait_open(false);
    CHECK_EQ_I64(line_status_get(line).why == ERR_NOT_FOUND || line_status_get(line).why == ERR_IO,
                 1);
}

TEST(stop_finishes_a_credit)
{
    begin(100);
    struct fake_meter *meter = fake_bus_add(bus, "000000000003");
    wait_open(true);
    push_credit("000000000003");
    clock_system_wait_ms(30);
    line_stop(line);
    CHECK(line_result_pop(line, &result));
    CHECK_EQ_I64(result.reply.outcome, OUTCOME_DONE);
    CHECK_EQ_STR(journal_order, "ISR");
    fake_bus_lock(bus);
    CHECK_EQ_I64(meter->credits, 1);
    fake_bus_unlock(bus);
}

TEST_MAIN()
