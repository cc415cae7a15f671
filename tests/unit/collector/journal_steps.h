/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_COLLECTOR_JOURNAL_STEPS_H
#define SHILLING_TESTS_UNIT_COLLECTOR_JOURNAL_STEPS_H

/* A journal on a disk that can fail, and what is written into it. */

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

static inline int64_t test_mono_ms(void *self)
{
    (void)self;
    return mono_ms;
}

static inline int64_t test_wall_s(void *self)
{
    (void)self;
    return 1795170000;
}

static inline void test_fill(void *self, uint8_t *ret_bytes, size_t size)
{
    (void)self;
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = rng_next++;
    }
}

static const char *machine = "machine 1";
static uint32_t commands_kept;

static inline enum err open_in(const char *folder, struct journal **ret)
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
static inline void begin(void)
{
    faults = fault_vfs_register();
    journal_close(journal);
    journal = NULL;
    mono_ms = 100000;
    scratch_make(dir);
    CHECK_EQ_I64(open_in(dir, &journal), OK);
}

/* The process dies and starts again. */
static inline void restart(void)
{
    journal_close(journal);
    journal = NULL;
    CHECK_EQ_I64(open_in(dir, &journal), OK);
}

static inline struct bus_command command_of(const char *id, enum bus_op op)
{
    struct bus_command command = {.op = op, .epoch = journal_epoch(journal)};
    CHECK(str_copy(command.id, sizeof(command.id), id));
    CHECK(str_copy(command.meter, sizeof(command.meter), "000000000001"));
    return command;
}

static inline enum err accept(const char *id)
{
    struct bus_command command = command_of(id, BUS_OP_CREDIT);
    return journal_accept(journal, &command);
}

static inline enum err accept_relay(const char *id, uint32_t generation)
{
    struct bus_command command = command_of(id, BUS_OP_RELAY);
    command.u.relay.generation = generation;
    return journal_accept(journal, &command);
}

static inline void answer(const char *id)
{
    reply = (struct bus_reply){.epoch = journal_epoch(journal), .outcome = OUTCOME_DONE};
    CHECK(str_copy(reply.id, sizeof(reply.id), id));
    CHECK_EQ_I64(journal_reply_store(journal, &reply), OK);
}

static inline enum err reply_of(const char *id)
{
    size_t size = 0;
    struct bus_fault fault;
    enum err err = journal_reply_find(journal, id, text, sizeof(text), &size);
    if (err == OK) {
        CHECK_EQ_I64(bus_reply_decode(text, size, &back, &fault), OK);
    }
    return err;
}

static inline void reading_add(const char *v)
{
    struct bus_reading reading = {.ts = 1795170000, .value_count = 1};
    CHECK(str_copy(reading.meter, sizeof(reading.meter), "000000000001"));
    CHECK(str_copy(reading.values[0].item, BUS_ITEM_SIZE, "00010000"));
    CHECK(str_copy(reading.values[0].v, BUS_VALUE_SIZE, v));
    CHECK_EQ_I64(journal_reading_add(journal, &reading, 1), OK);
}

static inline uint64_t reading_after(uint64_t after)
{
    uint64_t seq = 0;
    size_t size = 0;
    enum err err = journal_reading_next(journal, after, &seq, text, sizeof(text), &size);
    CHECK(err == OK || err == ERR_NOT_FOUND);
    return err == OK ? seq : 0;
}

#endif
