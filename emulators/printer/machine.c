/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: every received byte first passes the real-time scanner, wherever it stands, as in a real
 * printer; then it waits in the receive buffer. The buffer is worked off command by command, but
 * not while paper or blade move and not while anything keeps the printer off-line.
 */
#include "emulators/printer/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "emulators/printer/command.h"
#include "emulators/printer/execute.h"
#include "emulators/printer/status.h"

enum { RECOVERY_MS = 400, DLE = 0x10 };

void machine_log(struct machine *machine, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    str_vformat_cut(machine->log[machine->log_count % MACHINE_LOG_LINES], MACHINE_LOG_SIZE, format,
                    values);
    va_end(values);
    machine->log_count += 1;
}

void machine_violation(struct machine *machine, const char *format, ...)
{
    char text[MACHINE_LOG_SIZE];
    va_list values;
    va_start(values, format);
    str_vformat_cut(text, sizeof(text), format, values);
    va_end(values);
    machine->violations += 1;
    machine_log(machine, "violation: %s", text);
}

bool machine_init(struct machine *machine, const struct machine_options *options)
{
    MUST(options->columns == 32 || options->columns == 48);
    MUST(options->buffer_size >= 64 && options->buffer_size <= MACHINE_BUFFER_MAX);
    memset(machine, 0, sizeof(*machine));
    machine->options = *options;
    machine->world.die_after_bytes = -1;
    machine->font = glyph_font_open(options->font_file);
    if (machine->font == NULL) {
        return false;
    }
    paper_init(&machine->paper, options->out_dir, options->columns * GLYPH_WIDTH, options->roll_mm);
    execute_defaults(machine);
    machine->frame.hanzi = options->hanzi_at_start;
    return true;
}

void machine_finish(struct machine *machine)
{
    glyph_font_close(machine->font);
    paper_finish(&machine->paper);
}

bool machine_is_dead(const struct machine *machine)
{
    return machine->dead_until_ms > machine->now_ms;
}

void machine_power_cut(struct machine *machine, int64_t off_ms)
{
    machine_log(machine, "power cut: %zu bytes lost", machine->buffer_size);
    machine->buffer_size = 0;
    machine->command_size = 0;
    machine->raster_rows_left = 0;
    machine->skip_left = 0;
    machine->frame = (struct command_frame){.hanzi = machine->options.hanzi_at_start};
    machine->outbox.count = 0;
    machine->modes.asb = 0;
    machine->asb_was_told = false;
    machine->world.cutter_error = false;
    machine->world.cover_opened_printing = false;
    machine->busy_until_ms = 0;
    execute_defaults(machine);
    machine->dead_until_ms = machine->now_ms + off_ms;
}

bool machine_has_paper(const struct machine *machine)
{
    return !machine->world.paper_removed && machine->paper.left_dots > 0;
}

bool machine_can_print(const struct machine *machine)
{
    const struct machine_world *world = &machine->world;
    return machine_has_paper(machine) && !world->cover_open && !world->cutter_error &&
           !world->head_hot && !world->broken && !world->off_line &&
           world->recovering_until_ms <= machine->now_ms;
}

void machine_recover(struct machine *machine)
{
    machine->world.recovering_until_ms = machine->now_ms + RECOVERY_MS;
    machine->world.cover_opened_printing = false;
}

size_t machine_room(const struct machine *machine)
{
    return machine_is_dead(machine) ? 0 : machine->options.buffer_size - machine->buffer_size;
}

/* --- receiving ------------------------------------------------------------------------------- */

static void enquire(struct machine *machine, uint8_t n)
{
    machine_log(machine, "DLE ENQ %u", n);
    if (n == 2 && machine->world.cutter_error && !machine->world.cutter_blocked) {
        machine->buffer_size = 0;
        machine->command_size = 0;
        machine->world.cutter_error = false;
        machine_recover(machine);
    }
}

/* DLE EOT n and DLE ENQ n are carried out wherever they stand, even inside a picture. */
static void scan_real_time(struct machine *machine, uint8_t byte)
{
    const uint8_t *last = machine->real_time;
    if (last[0] == DLE && last[1] == 0x04 && byte >= 1 && byte <= 4) {
        uint8_t answer = status_eot(machine, byte);
        status_send(machine, &answer, 1);
    } else if (last[0] == DLE && last[1] == 0x05 && byte <= 2) {
        enquire(machine, byte);
    }
    if (last[0] == DLE && (last[1] == 0x04 || last[1] == 0x05) && !machine->began[0]) {
        machine_violation(machine, "a real-time request inside a command");
    }
    machine->real_time[0] = machine->real_time[1];
    machine->real_time[1] = byte;
    machine->began[0] = machine->began[1];
    machine->began[1] =
        command_frame_take(&machine->frame, byte, machine->options.charset == MACHINE_GB18030);
}

void machine_receive(struct machine *machine, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    machine->now_ms = now_ms;
    MUST(size <= machine_room(machine));
    for (size_t i = 0; i < size; i++) {
        machine->received += 1;
        if (machine->world.die_after_bytes == 0) {
            machine->world.die_after_bytes = -1;
            machine_power_cut(machine, machine->world.die_ms);
            return;
        }
        machine->world.die_after_bytes -= machine->world.die_after_bytes > 0 ? 1 : 0;
        scan_real_time(machine, bytes[i]);
        machine->buffer[machine->buffer_size] = bytes[i];
        machine->buffer_size += 1;
    }
}

/* --- carrying out ---------------------------------------------------------------------------- */

/* A byte that is not part of a picture: collect commands. */
static void take_byte(struct machine *machine, uint8_t byte)
{
    machine->command[machine->command_size] = byte;
    machine->command_size += 1;
    size_t size = command_size(machine->command, machine->command_size, machine->modes.hanzi,
                               machine->options.charset == MACHINE_GB18030);
    if (size == COMMAND_UNKNOWN || size > sizeof(machine->command)) {
        unsigned second = machine->command_size > 1 ? machine->command[1] : 0;
        machine_violation(machine, "unknown command %02X %02X", (unsigned)machine->command[0],
                          second);
        machine->command_size = 0;
    } else if (size <= machine->command_size) {
        machine->command_size = 0;
        execute_command(machine, machine->command, size);
    }
}

static size_t work_off(struct machine *machine)
{
    size_t used = 0;
    while (used < machine->buffer_size && machine->busy_until_ms <= machine->now_ms &&
           machine_can_print(machine)) {
        uint8_t byte = machine->buffer[used];
        used += 1;
        if (machine->skip_left > 0) {
            machine->skip_left -= 1;
        } else if (machine->raster_rows_left > 0) {
            execute_raster_byte(machine, byte);
        } else {
            take_byte(machine, byte);
        }
    }
    return used;
}

void machine_turn(struct machine *machine, int64_t now_ms)
{
    machine->now_ms = now_ms;
    if (machine_is_dead(machine)) {
        return;
    }
    bool could_print = machine_can_print(machine);
    size_t used = work_off(machine);
    machine->buffer_size -= used;
    memmove(machine->buffer, machine->buffer + used, machine->buffer_size);
    if (could_print && !machine_has_paper(machine)) {
        machine_log(machine, "paper out");
    }
    machine->printing = machine->buffer_size > 0 || machine->busy_until_ms > now_ms;
    status_report(machine);
}

int64_t machine_next_ms(const struct machine *machine)
{
    int64_t next_ms = outbox_due_ms(&machine->outbox);
    const int64_t times[] = {machine->busy_until_ms, machine->dead_until_ms,
                             machine->world.recovering_until_ms};
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        if (times[i] > machine->now_ms && times[i] < next_ms) {
            next_ms = times[i];
        }
    }
    return next_ms;
}
