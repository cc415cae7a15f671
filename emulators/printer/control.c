/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: a table of commands, matched by all their words. A number at the end is the command's.
 */
#include "emulators/printer/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse.h"
#include "common/str.h"
#include "emulators/printer/execute.h"
#include "emulators/printer/machine.h"

enum {
    ROLL_MM_MAX = 100000,
    DIE_MS_DEFAULT = 1500,
    ANSWER_SIZE = 65536,
    NUMBERS_MAX = 2,
};

struct numbers {
    uint32_t at[NUMBERS_MAX];
    size_t count;
};

typedef void command_run(struct machine *machine, const struct numbers *numbers);

static void do_paper_out(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.paper_removed = true;
}

static void do_paper_left(struct machine *machine, const struct numbers *numbers)
{
    machine->paper.left_dots = (long)numbers->at[0] * PAPER_DOTS_PER_MM;
}

static void do_paper_load(struct machine *machine, const struct numbers *numbers)
{
    machine->world.paper_removed = false;
    machine->world.near_end_forced = false;
    paper_load(&machine->paper, (long)numbers->at[0]);
    machine_recover(machine);
}

static void do_near_end_on(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.near_end_forced = true;
}

static void do_near_end_off(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.near_end_forced = false;
}

static void do_cover_open(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.cover_open = true;
    machine->world.cover_opened_printing = machine->printing;
}

static void do_cover_close(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.cover_open = false;
    machine_recover(machine);
}

static void do_cutter_jam(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.cutter_blocked = true;
}

static void do_cutter_clear(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    bool waits = machine->world.cutter_error;
    machine->world.cutter_blocked = false;
    machine->world.cutter_error = false;
    if (waits) {
        execute_cut(machine);
        machine_recover(machine);
    }
}

static void do_head_hot(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.head_hot = true;
}

static void do_head_cool(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.head_hot = false;
    machine_recover(machine);
}

static void do_offline(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.off_line = true;
}

static void do_online(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.off_line = false;
}

static void do_broken(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.broken = true;
}

static void do_mended(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.broken = false;
}

static void do_mute_on(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.mute = true;
}

static void do_mute_off(struct machine *machine, const struct numbers *numbers)
{
    (void)numbers;
    machine->world.mute = false;
}

static void do_lose(struct machine *machine, const struct numbers *numbers)
{
    machine->world.lose_answers = numbers->at[0];
}

static void do_delay(struct machine *machine, const struct numbers *numbers)
{
    machine->world.answer_delay_ms = numbers->at[0];
}

static void do_die(struct machine *machine, const struct numbers *numbers)
{
    machine->world.die_after_bytes = numbers->at[0];
    machine->world.die_ms = numbers->count > 1 ? numbers->at[1] : DIE_MS_DEFAULT;
}

static void do_power_off(struct machine *machine, const struct numbers *numbers)
{
    machine_power_cut(machine, numbers->count > 0 ? numbers->at[0] : DIE_MS_DEFAULT);
}

struct command {
    const char *words;
    const char *arguments;
    size_t numbers_min;
    size_t numbers_max;
    command_run *run;
    const char *meaning;
};

static const struct command COMMANDS[] = {
    {"paper out", "", 0, 0, do_paper_out, "the roll is taken out"},
    {"paper left", "MM", 1, 1, do_paper_left, "the roll ends after so much more"},
    {"paper load", "MM", 1, 1, do_paper_load, "tear off what hangs out, put in a new roll"},
    {"near-end on", "", 0, 0, do_near_end_on, "the near-end lever"},
    {"near-end off", "", 0, 0, do_near_end_off, ""},
    {"cover open", "", 0, 0, do_cover_open, ""},
    {"cover close", "", 0, 0, do_cover_close, ""},
    {"cutter jam", "", 0, 0, do_cutter_jam, "the next cut jams"},
    {"cutter clear", "", 0, 0, do_cutter_clear, "a cut that waits is carried out"},
    {"head hot", "", 0, 0, do_head_hot, ""},
    {"head cool", "", 0, 0, do_head_cool, ""},
    {"offline", "", 0, 0, do_offline, "off-line without a reason"},
    {"online", "", 0, 0, do_online, ""},
    {"broken", "", 0, 0, do_broken, "an unrecoverable error"},
    {"mended", "", 0, 0, do_mended, ""},
    {"mute on", "", 0, 0, do_mute_on, "print, but answer nothing"},
    {"mute off", "", 0, 0, do_mute_off, ""},
    {"lose", "N", 1, 1, do_lose, "the next N echoes or fences get lost"},
    {"delay", "MS", 1, 1, do_delay, "answer that much later"},
    {"die", "BYTES [MS]", 1, 2, do_die, "lose power after so many bytes, for MS (1500)"},
    {"power off", "[MS]", 0, 1, do_power_off, "lose power now, for MS (1500)"},
};

static struct line_answer say(char *text)
{
    return (struct line_answer){.text = text, .hang_up = text == NULL};
}

static struct line_answer do_help(void)
{
    char text[ANSWER_SIZE / 16];
    struct strbuf out;
    strbuf_init(&out, text, sizeof(text));
    strbuf_add(&out, "state; papers; log; peek");
    for (size_t i = 0; i < ARRAY_COUNT(COMMANDS); i++) {
        strbuf_addf(&out, "; %s %s", COMMANDS[i].words, COMMANDS[i].arguments);
        if (COMMANDS[i].meaning[0] != '\0') {
            strbuf_addf(&out, "(%s)", COMMANDS[i].meaning);
        }
    }
    return say(line_text("ok %s", text));
}

static const char *yes(bool value)
{
    return value ? "true" : "false";
}

static struct line_answer do_state(const struct machine *machine)
{
    const struct machine_world *world = &machine->world;
    return say(line_text(
        "ok {\"power\":%s,\"paper\":%s,\"paper_mm\":%ld,\"cover_open\":%s,\"cutter_error\":%s,"
        "\"head_hot\":%s,\"can_print\":%s,\"papers\":%zu,\"buffered\":%zu,\"received\":%llu,"
        "\"ink\":%s,\"violations\":%llu}",
        yes(!machine_is_dead(machine)), yes(machine_has_paper(machine)),
        machine->paper.left_dots / PAPER_DOTS_PER_MM, yes(world->cover_open),
        yes(world->cutter_error), yes(world->head_hot), yes(machine_can_print(machine)),
        machine->paper.piece_count, machine->buffer_size, (unsigned long long)machine->received,
        yes(machine->paper.strip.has_ink), (unsigned long long)machine->violations));
}

static struct line_answer do_papers(const struct machine *machine)
{
    static char text[ANSWER_SIZE]; /* one thread; the answer is copied at once */
    struct strbuf out;
    strbuf_init(&out, text, sizeof(text));
    for (size_t i = 0; i < machine->paper.piece_count; i++) {
        strbuf_addf(&out, " paper-%04zu:%s", i + 1, machine->paper.piece_torn[i] ? "torn" : "cut");
    }
    return say(line_text("ok%s", text));
}

static struct line_answer do_log(const struct machine *machine)
{
    static char text[ANSWER_SIZE];
    struct strbuf out;
    strbuf_init(&out, text, sizeof(text));
    size_t count = machine->log_count;
    size_t first = count > MACHINE_LOG_LINES ? count - MACHINE_LOG_LINES : 0;
    for (size_t i = first; i < count; i++) {
        strbuf_addf(&out, " | %s", machine->log[i % MACHINE_LOG_LINES]);
    }
    return say(line_text("ok%s", text));
}

/* The words of a line's end as numbers; false if one is none. */
static bool read_numbers(char *rest, struct numbers *ret_numbers)
{
    char *save = NULL;
    ret_numbers->count = 0;
    for (char *word = strtok_r(rest, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        if (ret_numbers->count == NUMBERS_MAX ||
            !parse_u32(word, ROLL_MM_MAX, &ret_numbers->at[ret_numbers->count])) {
            return false;
        }
        ret_numbers->count += 1;
    }
    return true;
}

static struct line_answer do_command(struct machine *machine, char *line)
{
    for (size_t i = 0; i < ARRAY_COUNT(COMMANDS); i++) {
        const struct command *command = &COMMANDS[i];
        size_t size = strlen(command->words);
        bool named =
            str_starts_with(line, command->words) && (line[size] == '\0' || line[size] == ' ');
        struct numbers numbers;
        if (!named) {
            continue;
        }
        if (!read_numbers(line + size, &numbers) || numbers.count < command->numbers_min ||
            numbers.count > command->numbers_max) {
            return say(line_text("error usage: %s %s", command->words, command->arguments));
        }
        command->run(machine, &numbers);
        machine_log(machine, "control: %s", command->words);
        return say(line_text("ok"));
    }
    return say(line_text("error unknown command; try help"));
}

struct line_answer control_answer(void *context, char *line)
{
    struct machine *machine = context;
    if (str_equal(line, "help")) {
        return do_help();
    }
    if (str_equal(line, "state")) {
        return do_state(machine);
    }
    if (str_equal(line, "papers")) {
        return do_papers(machine);
    }
    if (str_equal(line, "log")) {
        return do_log(machine);
    }
    if (str_equal(line, "peek")) {
        return paper_peek(&machine->paper) ? say(line_text("ok paper-now"))
                                           : say(line_text("error cannot write"));
    }
    return do_command(machine, line);
}
