/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The collector's journal under power cuts: commands are accepted, intended, carried out, answered
 * or voided, and readings stored. Afterwards the collector's own questions are asked: an accepted
 * id is known, a void tells the intent with its frame, a voided id is refused, an answer is there.
 */
#include <stdio.h>
#include <string.h>

#include "collector/journal.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "tests/power/witness.h"

enum { WORD_SIZE = 16, COMMANDS_A_RUN = 5 };

static struct bus_reply reply; /* 10 kB each: off the stack */
static struct bus_command command;
static char text[BUS_TEXT_SIZE_MAX];

static enum err open_in(const char *dir, struct journal **ret_journal)
{
    char message[JOURNAL_MESSAGE_SIZE] = "";
    struct journal_config config = {.dir = dir, .rng = rng_system(), .clock = clock_system()};
    return journal_open(&config, ret_journal, message);
}

static struct bus_frame frame_of(unsigned round, unsigned number)
{
    struct bus_frame frame = {.size = 120};
    for (size_t i = 0; i < frame.size; i++) {
        frame.bytes[i] = (uint8_t)(round * 31U + number * 7U + i);
    }
    return frame;
}

static void command_make(struct journal *journal, unsigned round, unsigned number)
{
    command = (struct bus_command){.op = BUS_OP_CREDIT, .epoch = journal_epoch(journal)};
    witness_id(round, number, command.id);
    bool fits = str_copy(command.meter, sizeof(command.meter), "000000000001");
    MUST(fits);
}

static void answer_make(struct journal *journal, const char *id)
{
    reply = (struct bus_reply){.epoch = journal_epoch(journal), .outcome = OUTCOME_DONE};
    bool fits = str_copy(reply.id, sizeof(reply.id), id);
    MUST(fits);
}

static enum err add_reading(struct journal *journal, unsigned round, unsigned number)
{
    static struct bus_reading reading;
    reading = (struct bus_reading){.ts = number, .value_count = 1};
    struct bus_value *value = &reading.values[0];
    bool fits = str_copy(reading.meter, sizeof(reading.meter), "000000000001") &&
                str_copy(value->item, sizeof(value->item), "00010000") &&
                str_format(value->v, sizeof(value->v), "%u.%u", round, number);
    MUST(fits);
    enum err err = journal_reading_add(journal, &reading, 1);
    if (err == OK) {
        witness_ack("reading %u.%u", round, number);
    }
    return err;
}

/* An order's life at the collector; every third ends in a void instead of an answer. */
static enum err one_command(struct journal *journal, unsigned round, unsigned number)
{
    struct bus_frame frame = frame_of(round, number);
    command_make(journal, round, number);
    enum err err = journal_accept(journal, &command);
    if (err == OK) {
        witness_ack("accept %s %u %u", command.id, round, number);
        err = journal_intent(journal, command.id, &frame);
    }
    if (err == OK) {
        witness_ack("intent %s %u %u", command.id, round, number);
        err = journal_result(journal, command.id, &frame);
    }
    if (err == OK && number % 3 == 2) {
        char id[WITNESS_ID_SIZE];
        witness_id(round | 0x80000000U, number, id);
        err = journal_void(journal, id, command.id, &reply);
        if (err == OK) {
            witness_ack("void %s %u %u", command.id, round, number);
        }
    } else if (err == OK) {
        answer_make(journal, command.id);
        err = journal_reply_store(journal, &reply);
        if (err == OK) {
            witness_ack("reply %s %u %u", command.id, round, number);
        }
    }
    return err;
}

/* Closed and opened again now and then: that moves the log into the file. */
static void work(const char *dir, unsigned round)
{
    unsigned number = 0;
    enum err err = OK;
    while (err == OK) {
        struct journal *journal = NULL;
        err = open_in(dir, &journal);
        if (err == OK) {
            witness_ack("epoch %u", journal_epoch(journal));
        }
        for (unsigned i = 0; err == OK && i < COMMANDS_A_RUN; i++) {
            err = one_command(journal, round, number);
            err = err == OK ? add_reading(journal, round, number) : err;
            number += 1;
        }
        journal_close(journal);
    }
}

static bool same_frame(const struct bus_frame *a, const struct bus_frame *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* A further void asks what is known of it, and must find the intent. */
static bool has_intent(struct journal *journal, const char *id, unsigned round, unsigned number)
{
    static unsigned asked;
    char question[WITNESS_ID_SIZE];
    struct bus_frame frame = frame_of(round, number);
    asked += 1;
    witness_id(round | 0xC0000000U, (number << 8) + asked, question);
    enum err err = journal_void(journal, question, id, &reply);
    return err == OK && reply.fate == BUS_FATE_SENT && reply.has_intent &&
           same_frame(&reply.intent_frame, &frame);
}

static bool is_there(struct journal *journal, const char *word, const char *id, unsigned round,
                     unsigned number)
{
    size_t size = 0;
    if (str_equal(word, "accept")) {
        command_make(journal, round, number);
        enum err err = journal_accept(journal, &command);
        return err == ERR_EXISTS || err == ERR_DENIED;
    }
    if (str_equal(word, "reply")) {
        return journal_reply_find(journal, id, text, sizeof(text), &size) == OK &&
               strstr(text, id) != NULL;
    }
    if (str_equal(word, "void")) {
        /* The answer of the void itself, stored in the same sync. */
        char voiding[WITNESS_ID_SIZE];
        witness_id(round | 0x80000000U, number, voiding);
        struct bus_frame frame = frame_of(round, number);
        return journal_reply_find(journal, voiding, text, sizeof(text), &size) == OK &&
               journal_intent(journal, id, &frame) == ERR_DENIED;
    }
    return has_intent(journal, id, round, number);
}

static bool has_reading(struct journal *journal, const char *value, uint64_t *after)
{
    char quoted[WITNESS_LINE_SIZE];
    size_t size = 0;
    str_format_cut(quoted, sizeof(quoted), "\"%s\"", value);
    while (journal_reading_next(journal, *after, after, text, sizeof(text), &size) == OK) {
        if (strstr(text, quoted) != NULL) {
            return true;
        }
    }
    return false;
}

static void check(const char *dir)
{
    struct journal *journal = NULL;
    enum err err = open_in(dir, &journal);
    if (err != OK) {
        witness_lost("journal: cannot be opened: %s", err_name(err));
        return;
    }
    if (journal_is_moved(journal)) {
        witness_lost("journal: it takes itself for a copy");
    }
    char line[WITNESS_LINE_SIZE];
    uint64_t after = 0;
    while (witness_next(line)) {
        char word[WORD_SIZE] = "";
        char id[WITNESS_ID_SIZE] = "";
        unsigned round = 0;
        unsigned number = 0;
        int fields = sscanf(line, "%15s %36s %u %u", word, id, &round, &number);
        bool found = false;
        if (str_equal(word, "epoch")) {
            found = sscanf(id, "%u", &round) == 1 && round == journal_epoch(journal);
        } else if (str_equal(word, "reading")) {
            found = has_reading(journal, id, &after);
        } else {
            MUST(fields == 4);
            found = is_there(journal, word, id, round, number);
        }
        if (!found) {
            witness_lost("%s", line);
        }
    }
    if (after > 0 && journal_reading_ack(journal, after) != OK) {
        witness_lost("journal: readings cannot be acknowledged");
    }
    journal_close(journal);
}

int main(int argc, char **argv)
{
    static const struct witness_plan plan = {.write = work, .check = check};
    return witness_main(argc, argv, &plan);
}
