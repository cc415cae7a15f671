/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_PAPER_H
#define SHILLING_EMULATORS_PRINTER_PAPER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "emulators/printer/picture.h"
#include "emulators/printer/strip.h"

/*
 * The roll: the strip between the last cut and the head, the text that was burnt on it, and the
 * pieces that were cut off, which become OUT/paper-0001.png and .txt.
 */
enum {
    PAPER_TEXT_SIZE = 256 * 1024,
    PAPER_PIECES_MAX = 4096,
    PAPER_DOTS_PER_MM = 8,
    PAPER_BLADE_DOTS = 120, /* from the head to the blade: 15 mm */
    PAPER_PATH_SIZE = 1024,
};

struct paper {
    char out_dir[PAPER_PATH_SIZE]; /* "": keep no files */
    struct strip strip;
    char text[PAPER_TEXT_SIZE];
    size_t text_size;
    long left_dots; /* of the roll */
    size_t piece_count;
    bool piece_torn[PAPER_PIECES_MAX];
    bool failed; /* a file could not be written */
};

void paper_init(struct paper *paper, const char *out_dir, size_t width, long roll_mm);
void paper_finish(struct paper *paper);
/** Feed; also uses up the roll. */
void paper_feed(struct paper *paper, size_t rows);
/** Note a line of text, for the .txt file. */
void paper_note(struct paper *paper, const char *line);
/** Cut at the blade, which stands PAPER_BLADE_DOTS behind the head. */
void paper_cut(struct paper *paper);
/** Somebody tears off what hangs out, at the head, and loads a roll of @p roll_mm. */
void paper_load(struct paper *paper, long roll_mm);
/** Write what stands under the head as OUT/paper-now.png and .txt; it stays there. */
MUST_CHECK bool paper_peek(struct paper *paper);

#endif
