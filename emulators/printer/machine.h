/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_MACHINE_H
#define SHILLING_EMULATORS_PRINTER_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "emulators/printer/command.h"
#include "emulators/printer/glyph.h"
#include "emulators/printer/line.h"
#include "emulators/printer/outbox.h"
#include "emulators/printer/paper.h"

/*
 * The printer itself, without a wire: bytes come in, answers wait in the outbox, time passes while
 * paper moves. Whatever stops a real printer stops this one at the same place: bytes stay in the
 * receive buffer and are printed when the cause is gone.
 */

enum {
    MACHINE_BUFFER_MAX = 64 * 1024,
    MACHINE_COMMAND_MAX = 64, /* longer ones (pictures) are taken as they come */
    MACHINE_LOG_LINES = 400,
    MACHINE_LOG_SIZE = 112,
};

enum machine_charset { MACHINE_GB18030, MACHINE_GBK };

struct machine_options {
    const char *out_dir; /* "": keep no files */
    const char *font_file;
    size_t columns; /* 32 or 48 */
    size_t buffer_size;
    enum machine_charset charset;
    bool knows_marks;    /* GS ( H; off: as clones without it, which print its parameters */
    bool hanzi_at_start; /* Chinese models wake up in hanzi mode */
    long roll_mm;
};

/* What is wrong with the printer, and what somebody does to it. */
struct machine_world {
    bool paper_removed;
    bool near_end_forced;
    bool cover_open;
    bool cover_opened_printing;
    bool cutter_blocked; /* the next cut jams */
    bool cutter_error;   /* it has jammed; the cut waits */
    bool head_hot;
    bool broken; /* unrecoverable */
    bool off_line;
    bool feed_held;
    bool mute;             /* prints, but answers nothing */
    unsigned lose_answers; /* so many echoes and fences get lost */
    int64_t answer_delay_ms;
    int64_t die_after_bytes; /* -1: never */
    int64_t die_ms;
    int64_t recovering_until_ms;
};

/* What commands have set. */
struct machine_modes {
    struct glyph_look look;
    struct line_area area;
    bool hanzi;
    size_t right_space; /* of single-byte characters */
    uint8_t asb;        /* GS a */
};

struct machine {
    struct machine_options options;
    struct machine_world world;
    struct machine_modes modes;
    struct glyph_font *font; /* @own */
    struct paper paper;
    struct line line;
    struct outbox outbox;

    uint8_t buffer[MACHINE_BUFFER_MAX]; /* received, not yet carried out */
    size_t buffer_size;
    uint8_t real_time[2]; /* the last two bytes, for DLE sequences */
    bool began[2];        /* and whether they began a command */
    struct command_frame frame;
    uint8_t command[MACHINE_COMMAND_MAX];
    size_t command_size;

    /* a picture that is being taken row by row */
    size_t raster_row_size;
    size_t raster_rows_left;
    size_t raster_x; /* byte within the row */
    size_t raster_left_dots;
    unsigned raster_scale;
    size_t skip_left; /* bytes of a command that is not carried out */

    int64_t now_ms;
    size_t moved_rest;     /* of a row's time, in thousandths of a row */
    int64_t busy_until_ms; /* paper or blade are moving */
    int64_t dead_until_ms; /* no power; 0: on */
    bool printing;         /* something was printed since the last idle */
    uint8_t asb_told[4];
    bool asb_was_told;

    uint64_t received;
    uint64_t violations; /* commands that the printer does not know or that stood wrongly */
    char log[MACHINE_LOG_LINES][MACHINE_LOG_SIZE];
    size_t log_count;
};

/** False if the font cannot be opened. @p machine is large: keep it off the stack. */
MUST_CHECK bool machine_init(struct machine *machine, const struct machine_options *options);
void machine_finish(struct machine *machine);

/** How many bytes can be received now: less is sent only by hosts without flow control. */
size_t machine_room(const struct machine *machine);
/** Receive @p size (<= room) bytes. */
void machine_receive(struct machine *machine, const uint8_t *bytes, size_t size, int64_t now_ms);
/** Let time pass. */
void machine_turn(struct machine *machine, int64_t now_ms);
/** When machine_turn() has something to do next; INT64_MAX: when something comes. */
int64_t machine_next_ms(const struct machine *machine);

/** True while power is off: the wire is dead. */
bool machine_is_dead(const struct machine *machine);
/** Lose power for @p off_ms: buffer, modes and settings are gone, the paper stays. */
void machine_power_cut(struct machine *machine, int64_t off_ms);
/** True if nothing keeps the paper from moving. */
bool machine_can_print(const struct machine *machine);
bool machine_has_paper(const struct machine *machine);
/** The cause of a stop is gone: it goes on after a moment. */
void machine_recover(struct machine *machine);
/** Print and log: printf-like. */
void machine_log(struct machine *machine, const char *format, ...) PRINTF_LIKE(2, 3);
void machine_violation(struct machine *machine, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
