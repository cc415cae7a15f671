/* SPDX-License-Identifier: Apache-2.0 */

/* A collector's journal: two credits and a void, readings, a configuration; then found again. */
#include <string.h>

#include "collector/journal.h"
#include "common/str.h"
#include "tests/torture/torture.h"

enum {
    STEP_OPEN,
    STEP_CONFIG,
    STEP_ACCEPT_A,
    STEP_INTENT_A,
    STEP_RESULT_A,
    STEP_REPLY_A,
    STEP_READINGS,
    STEP_ACCEPT_B,
    STEP_VOID_B,
    STEP_REPLIED_A,
    STEP_ACK,
    STEP_AGAIN,
};

enum { NUMBER_EPOCH };

#define ID_A "018f3a1c-0000-7000-8000-00000000000a"
#define ID_B "018f3a1c-0000-7000-8000-00000000000b"
#define ID_C "018f3a1c-0000-7000-8000-00000000000c"
#define ID_D "018f3a1c-0000-7000-8000-00000000000d"

static const struct bus_frame frame = {.bytes = {0x68, 0x01, 0x16}, .size = 3};
static struct bus_reply reply;
static char text[BUS_TEXT_SIZE_MAX];

static int64_t some_time(void *self)
{
    (void)self;
    return 1795170000;
}

static void some_bytes(void *self, uint8_t *ret_bytes, size_t size)
{
    (void)self;
    memset(ret_bytes, 0x5A, size);
}

static bool open_at(struct torture_notes *notes, const char *dir, struct journal **ret_journal)
{
    char message[JOURNAL_MESSAGE_SIZE];
    const struct journal_config config = {.dir = dir,
                                          .rng = {.fill = some_bytes},
                                          .clock = {.mono_ms = some_time, .wall_s = some_time},
                                          .machine = "machine"};
    bool opened = journal_open(&config, ret_journal, message) == OK;
    (void)torture_expect(notes, opened || message[0] != '\0', "it is refused without a word");
    /* A call that failed once is no damage, and nobody is told to put the journal away. */
    bool blamed = strstr(message, "damaged") != NULL || strstr(message, "newer") != NULL;
    (void)torture_expect(notes, !blamed, message);
    return opened;
}

static struct bus_command credit(const struct journal *journal, const char *id)
{
    struct bus_command command = {.op = BUS_OP_CREDIT, .epoch = journal_epoch(journal)};
    str_format_cut(command.id, sizeof(command.id), "%s", id);
    str_format_cut(command.meter, sizeof(command.meter), "%s", "000000000001");
    return command;
}

/* After a write that failed nothing more may be written, but what is full may be cured. */
static bool told(struct torture_notes *notes, struct journal *journal, size_t step, enum err err)
{
    bool failed_before = memchr(notes->steps + STEP_CONFIG, STEP_FAILED, step) != NULL;
    (void)torture_expect(notes, !failed_before || err != OK || journal_is_sound(journal),
                         "it goes on after a failed write");
    return torture_step(notes, step, err == OK);
}

static void credits(struct torture_notes *notes, struct journal *journal)
{
    struct bus_command a = credit(journal, ID_A);
    struct bus_command b = credit(journal, ID_B);
    if (told(notes, journal, STEP_ACCEPT_A, journal_accept(journal, &a)) &&
        told(notes, journal, STEP_INTENT_A, journal_intent(journal, ID_A, &frame))) {
        journal_sent(journal, ID_A, some_time(NULL));
        (void)told(notes, journal, STEP_RESULT_A, journal_result(journal, ID_A, &frame));
        reply = (struct bus_reply){.epoch = a.epoch, .outcome = OUTCOME_DONE};
        str_format_cut(reply.id, sizeof(reply.id), "%s", ID_A);
        (void)told(notes, journal, STEP_REPLY_A, journal_reply_store(journal, &reply));
    }
    if (told(notes, journal, STEP_ACCEPT_B, journal_accept(journal, &b)) &&
        told(notes, journal, STEP_VOID_B, journal_void(journal, ID_C, ID_B, &reply))) {
        (void)torture_expect(notes, journal_intent(journal, ID_B, &frame) != OK,
                             "a voided credit may be sent");
    }
}

static void readings(struct torture_notes *notes, struct journal *journal)
{
    static struct bus_reading two[2];
    for (size_t i = 0; i < 2; i++) {
        two[i] = (struct bus_reading){.ts = 1795170000, .silent = true};
        str_format_cut(two[i].meter, sizeof(two[i].meter), "%s", "000000000001");
    }
    (void)told(notes, journal, STEP_READINGS, journal_reading_add(journal, two, 2));
}

static void run(struct torture_notes *notes, const char *dir)
{
    struct journal *journal = NULL;
    if (!torture_step(notes, STEP_OPEN, open_at(notes, dir, &journal))) {
        return;
    }
    notes->numbers[NUMBER_EPOCH] = journal_epoch(journal);
    (void)told(notes, journal, STEP_CONFIG, journal_config_store(journal, "{}", 2));
    credits(notes, journal);
    readings(notes, journal);
    (void)told(notes, journal, STEP_REPLIED_A, journal_replied(journal, ID_A));
    (void)told(notes, journal, STEP_ACK, journal_reading_ack(journal, 1));
    journal_close(journal);
    if (torture_step(notes, STEP_AGAIN, open_at(notes, dir, &journal))) {
        journal_close(journal);
    }
}

static bool done(const struct torture_notes *notes, size_t step)
{
    return notes->steps[step] == STEP_DONE;
}

/* What stands behind: a credit that was begun is never "never sent", and is never sent again. */
static bool look_at_credits(struct torture_notes *notes, struct journal *journal)
{
    size_t size = 0;
    struct bus_command a = credit(journal, ID_A);
    enum err err = journal_reply_find(journal, ID_A, text, sizeof(text), &size);
    bool good = torture_expect(notes, !done(notes, STEP_ACCEPT_A) || err != ERR_NOT_FOUND,
                               "an accepted credit is not known");
    good =
        torture_expect(notes, !done(notes, STEP_REPLY_A) || err == OK, "an answer is lost") && good;
    if (done(notes, STEP_ACCEPT_A)) {
        good = torture_expect(notes, journal_accept(journal, &a) == ERR_EXISTS,
                              "a credit is accepted twice") &&
               good;
    }
    if (done(notes, STEP_VOID_B)) {
        good = torture_expect(notes, journal_intent(journal, ID_B, &frame) != OK,
                              "a voided credit may be sent") &&
               good;
    }
    if (done(notes, STEP_INTENT_A)) {
        good = torture_expect(notes,
                              journal_void(journal, ID_D, ID_A, &reply) == OK &&
                                  reply.fate == BUS_FATE_SENT,
                              "a credit that was sent is called never sent") &&
               good;
    }
    return good;
}

static bool look(struct torture_notes *notes, const char *dir)
{
    struct journal *journal = NULL;
    size_t size = 0;
    uint64_t seq = 0;
    if (!torture_expect(notes, open_at(notes, dir, &journal), "it does not open again")) {
        return false;
    }
    bool good = torture_expect(notes, !journal_is_moved(journal), "it thinks that it was moved");
    if (done(notes, STEP_OPEN)) {
        good = torture_expect(notes, journal_epoch(journal) == notes->numbers[NUMBER_EPOCH],
                              "it has another epoch") &&
               good;
    }
    if (done(notes, STEP_CONFIG)) {
        good = torture_expect(notes,
                              journal_config_load(journal, text, sizeof(text), &size) == OK &&
                                  str_equal(text, "{}"),
                              "the configuration is lost") &&
               good;
    }
    if (done(notes, STEP_READINGS)) {
        enum err err = journal_reading_next(journal, 1, &seq, text, sizeof(text), &size);
        good = torture_expect(notes, err == OK && seq == 2, "a reading is lost") && good;
        err = journal_reading_next(journal, 2, &seq, text, sizeof(text), &size);
        good = torture_expect(notes, err == ERR_NOT_FOUND, "a reading is there twice") && good;
    }
    good = look_at_credits(notes, journal) && good;
    journal_close(journal);
    return good;
}

static const struct torture_flow flow = {
    .name = "collector-journal", .has_files = true, .run = run, .look = look};

const struct torture_flow *const torture_flows[] = {&flow, NULL};
