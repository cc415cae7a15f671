/* SPDX-License-Identifier: Apache-2.0 */

/* printd's journal: a receipt that is printed and reported, a second one that is begun. */
#include "printer/journal/print_journal.h"

#include <string.h>

#include "common/str.h"
#include "tests/torture/torture.h"

enum {
    STEP_OPEN,
    STEP_ADD_1,
    STEP_BEGIN_1,
    STEP_END_1,
    STEP_REPORTED_1,
    STEP_ADD_2,
    STEP_BEGIN_2,
    STEP_COPIES,
    STEP_AGAIN,
};

#define ID_1 "00000000-0000-7000-8000-000000000001"
#define ID_2 "00000000-0000-7000-8000-000000000002"
#define WALL_S INT64_C(1795170000)

static bool open_at(struct torture_notes *notes, const char *dir, struct print_journal **ret)
{
    char message[PRINT_JOURNAL_MESSAGE_SIZE] = "";
    uint32_t interrupted = 0;
    bool opened = print_journal_open(dir, NULL, ret, &interrupted, message) == OK;
    (void)torture_expect(notes, opened || message[0] != '\0', "it is refused without a word");
    /* A call that failed once is no damage, and nobody is told to put the journal away. */
    bool blamed = strstr(message, "damaged") != NULL || strstr(message, "newer") != NULL;
    (void)torture_expect(notes, !blamed, message);
    return opened;
}

static enum err add(struct print_journal *journal, const char *id, int64_t *ret_seq)
{
    const struct print_wish wish = {.job_id = id, .order_no = "SH0001", .kind = "credited"};
    return print_journal_add(journal, &wish, WALL_S, ret_seq);
}

static enum err begin(struct print_journal *journal, int64_t seq, const char *body_id)
{
    const struct print_beginning beginning = {.body_id = body_id, .cut_id = "0A20"};
    return print_journal_begin(journal, seq, &beginning, WALL_S);
}

static void run(struct torture_notes *notes, const char *dir)
{
    struct print_journal *journal = NULL;
    int64_t seq = 0;
    uint32_t copies = 0;
    const struct printjob_answer printed = {.state = PRINTJOB_PRINTED};
    if (!torture_step(notes, STEP_OPEN, open_at(notes, dir, &journal))) {
        return;
    }
    if (torture_step(notes, STEP_ADD_1, add(journal, ID_1, &seq) == OK) &&
        torture_step(notes, STEP_BEGIN_1, begin(journal, seq, "0A10") == OK) &&
        torture_step(notes, STEP_END_1, print_journal_end(journal, seq, &printed, WALL_S) == OK)) {
        (void)torture_step(notes, STEP_REPORTED_1,
                           print_journal_reported(journal, ID_1, WALL_S) == OK);
    }
    if (torture_step(notes, STEP_ADD_2, add(journal, ID_2, &seq) == OK)) {
        (void)torture_step(notes, STEP_BEGIN_2, begin(journal, seq, "0B10") == OK);
    }
    bool counted = print_journal_copies(journal, "SH0001", "credited", &copies) == OK;
    (void)torture_step(notes, STEP_COPIES, counted);
    uint32_t least = (notes->steps[STEP_BEGIN_1] == STEP_DONE ? 1U : 0U) +
                     (notes->steps[STEP_BEGIN_2] == STEP_DONE ? 1U : 0U);
    (void)torture_expect(notes, !counted || copies >= least, "a paper is forgotten");
    print_journal_close(journal);
    if (torture_step(notes, STEP_AGAIN, open_at(notes, dir, &journal))) {
        print_journal_close(journal);
    }
}

/* A job that was begun has a verdict now: the one it was given, or "unknown"; never none. */
static bool look_at(struct torture_notes *notes, struct print_journal *journal, const char *id,
                    size_t first)
{
    struct print_record record;
    const uint8_t *steps = notes->steps + first; /* added, begun, ended */
    enum err err = print_journal_find(journal, id, &record);
    bool good = torture_expect(notes, steps[0] != STEP_DONE || err == OK, "a job is lost");
    if (err != OK) {
        return good;
    }
    bool begun = steps[0] == STEP_DONE && steps[1] == STEP_DONE;
    good =
        torture_expect(notes, !begun || record.has_begun, "a job would be printed again") && good;
    bool ended = first == STEP_ADD_1 && steps[2] == STEP_DONE;
    bool as_told = !ended || record.state == PRINTJOB_PRINTED;
    return torture_expect(notes, as_told, "a verdict is lost") && good;
}

static bool look(struct torture_notes *notes, const char *dir)
{
    struct print_journal *journal = NULL;
    if (!torture_expect(notes, open_at(notes, dir, &journal), "it does not open again")) {
        return false;
    }
    bool good = look_at(notes, journal, ID_1, STEP_ADD_1);
    good = look_at(notes, journal, ID_2, STEP_ADD_2) && good;
    print_journal_close(journal);
    return good;
}

static const struct torture_flow flow = {
    .name = "print-journal", .has_files = true, .run = run, .look = look};

const struct torture_flow *const torture_flows[] = {&flow, NULL};
