/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/printer/execute.h"

#include <string.h>

#include <iconv.h>

#include "common/str.h"
#include "emulators/printer/status.h"

enum {
    ESC = 0x1B,
    FS = 0x1C,
    GS = 0x1D,
    PITCH_DEFAULT = 34, /* 1/6 inch at 203 dots an inch */
    DOTS_PER_S = 1200,  /* 150 mm/s */
    CUT_MS = 300,
    CODE_GETA = 0x3013,
};

static unsigned word_at(const uint8_t *bytes)
{
    return (unsigned)bytes[0] + 256U * bytes[1];
}

static bool flag(uint8_t n)
{
    return (n & 1U) != 0;
}

/* --- paper ----------------------------------------------------------------------------------- */

static void move_paper(struct machine *machine, size_t rows)
{
    paper_feed(&machine->paper, rows);
    machine->printing = true;
    int64_t start_ms =
        machine->busy_until_ms > machine->now_ms ? machine->busy_until_ms : machine->now_ms;
    size_t thousandths = rows * 1000 + machine->moved_rest;
    machine->moved_rest = thousandths % DOTS_PER_S;
    machine->busy_until_ms = start_ms + (int64_t)(thousandths / DOTS_PER_S);
}

static void print_line(struct machine *machine)
{
    char text[LINE_GLYPHS_MAX * 6];
    const struct line_area *area = &machine->modes.area;
    size_t y = machine->paper.strip.rows;
    move_paper(machine, line_rows(&machine->line, area));
    line_burn(&machine->line, area, machine->font, &machine->paper.strip, y);
    line_write(&machine->line, area, text, sizeof(text));
    paper_note(&machine->paper, text);
    if (machine->line.count > 0) {
        machine_log(machine, "text %s", text);
    }
    line_clear(&machine->line);
}

static bool at_line_start(struct machine *machine, const char *what)
{
    if (machine->line.count > 0) {
        machine_violation(machine, "%s not at a line start", what);
        return false;
    }
    return true;
}

void execute_cut(struct machine *machine)
{
    machine->busy_until_ms = machine->now_ms + CUT_MS;
    paper_cut(&machine->paper);
    machine_log(machine, "cut paper-%04zu", machine->paper.piece_count);
}

static void cut(struct machine *machine, const uint8_t *bytes)
{
    if (!at_line_start(machine, "cut")) {
        return;
    }
    bool feeds = bytes[2] >= 0x41;
    if (feeds) {
        move_paper(machine, (size_t)PAPER_BLADE_DOTS + bytes[3]);
    }
    if (machine->world.cutter_blocked) {
        machine->world.cutter_error = true;
        machine_log(machine, "cutter jammed");
        return;
    }
    execute_cut(machine);
}

/* --- text ------------------------------------------------------------------------------------ */

static uint32_t decode(const char *charset, const uint8_t *bytes, size_t size)
{
    iconv_t conversion = iconv_open("UTF-32LE", charset);
    char in[4];
    memcpy(in, bytes, size);
    uint8_t out[8] = {0};
    char *from = in;
    char *to = (char *)out;
    size_t left = size;
    size_t room = sizeof(out);
    bool good = iconv(conversion, &from, &left, &to, &room) == 0 && room == 4;
    (void)iconv_close(conversion);
    return good ? (uint32_t)out[0] | (uint32_t)out[1] << 8 | (uint32_t)out[2] << 16 : CODE_GETA;
}

static void character(struct machine *machine, uint32_t code, size_t cells)
{
    const struct machine_modes *modes = &machine->modes;
    if (!line_add(&machine->line, &modes->area, code, cells, &modes->look)) {
        print_line(machine); /* the line is full: it goes on in the next */
        bool fits = line_add(&machine->line, &modes->area, code, cells, &modes->look);
        if (!fits) {
            machine_violation(machine, "a character wider than the paper");
        }
    }
    machine->line.x += cells == 1 ? modes->right_space : 0;
}

static void text(struct machine *machine, const uint8_t *bytes, size_t size)
{
    if (size == 1) {
        uint32_t code = bytes[0] < 0x80 ? bytes[0] : decode("CP437", bytes, 1);
        character(machine, code, 1);
        return;
    }
    const char *charset = machine->options.charset == MACHINE_GBK ? "GBK" : "GB18030";
    character(machine, decode(charset, bytes, size), 2);
}

/* --- pictures -------------------------------------------------------------------------------- */

static void raster_begin(struct machine *machine, const uint8_t *bytes)
{
    size_t row_size = word_at(bytes + 4);
    size_t rows = word_at(bytes + 6);
    size_t width = machine->modes.area.width;
    unsigned scale = flag(bytes[3]) ? 2 : 1;
    if (bytes[2] != 0x30 || row_size == 0 || rows == 0) {
        machine_violation(machine, "a picture of nothing");
        return;
    }
    if (!at_line_start(machine, "picture")) {
        machine->skip_left = row_size * rows;
        return;
    }
    size_t dots = row_size * 8 * scale;
    size_t spare = width > dots ? width - dots : 0;
    enum line_align align = machine->modes.area.align;
    machine->raster_left_dots = machine->modes.area.left + (align == LINE_CENTRE  ? spare / 2
                                                            : align == LINE_RIGHT ? spare
                                                                                  : 0);
    machine->raster_row_size = row_size;
    machine->raster_rows_left = rows;
    machine->raster_x = 0;
    machine->raster_scale = scale;
    machine_log(machine, "picture %zux%zu", row_size * 8, rows);
}

void execute_raster_byte(struct machine *machine, uint8_t byte)
{
    if (machine->raster_x == 0) {
        move_paper(machine, 1);
    }
    size_t y = machine->paper.strip.rows - 1;
    size_t x = machine->raster_left_dots + machine->raster_x * 8 * machine->raster_scale;
    for (size_t i = 0; i < (size_t)8 * machine->raster_scale; i++) {
        if ((byte & (0x80U >> (i / machine->raster_scale))) != 0) {
            strip_dot(&machine->paper.strip, x + i, y);
        }
    }
    machine->raster_x += 1;
    if (machine->raster_x == machine->raster_row_size) {
        machine->raster_x = 0;
        machine->raster_rows_left -= 1;
    }
}

/* --- commands -------------------------------------------------------------------------------- */

void execute_defaults(struct machine *machine)
{
    size_t width = machine->options.columns * GLYPH_WIDTH;
    machine->modes.look = (struct glyph_look){.width = 1, .height = 1};
    machine->modes.area = (struct line_area){.width = width, .pitch = PITCH_DEFAULT};
    machine->modes.hanzi = machine->options.hanzi_at_start;
    machine->modes.right_space = 0;
    line_clear(&machine->line);
}

static void esc_look(struct machine *machine, const uint8_t *bytes)
{
    struct glyph_look *look = &machine->modes.look;
    uint8_t n = bytes[2];
    if (bytes[1] == 0x21) {
        look->bold = (n & 0x08U) != 0;
        look->height = (n & 0x10U) != 0 ? 2 : 1;
        look->width = (n & 0x20U) != 0 ? 2 : 1;
        look->underline = (n & 0x80U) != 0;
    } else if (bytes[1] == 0x2D) {
        look->underline = n != 0 && n != '0';
    } else {
        look->bold = flag(n);
    }
}

static void esc_feed(struct machine *machine, const uint8_t *bytes)
{
    if (bytes[1] == 0x4A) {
        if (machine->line.count > 0) {
            print_line(machine);
        }
        move_paper(machine, bytes[2]);
        return;
    }
    for (unsigned i = 0; i < bytes[2]; i++) {
        print_line(machine);
    }
}

static void esc(struct machine *machine, const uint8_t *bytes)
{
    struct machine_modes *modes = &machine->modes;
    switch (bytes[1]) {
    case 0x20:
        modes->right_space = bytes[2];
        break;
    case 0x21:
    case 0x2D:
    case 0x45:
    case 0x47:
        esc_look(machine, bytes);
        break;
    case 0x24:
        machine->line.x = word_at(bytes + 2);
        break;
    case 0x5C:
        machine->line.x += word_at(bytes + 2);
        break;
    case 0x32:
        modes->area.pitch = PITCH_DEFAULT;
        break;
    case 0x33:
        modes->area.pitch = bytes[2];
        break;
    case 0x40:
        execute_defaults(machine);
        break;
    case 0x4A:
    case 0x64:
        esc_feed(machine, bytes);
        break;
    case 0x61:
        if (at_line_start(machine, "alignment")) {
            unsigned n = bytes[2] & 0x0FU;
            modes->area.align = n == 1 ? LINE_CENTRE : n == 2 ? LINE_RIGHT : LINE_LEFT;
        }
        break;
    case 0x69:
    case 0x6D:
        cut(machine, (const uint8_t[]){GS, 0x56, 0x01});
        break;
    case 0x76: {
        uint8_t paper = status_paper(machine);
        status_send(machine, &paper, 1);
        break;
    }
    default:
        break; /* settings that change nothing on our paper */
    }
}

static void fs(struct machine *machine, const uint8_t *bytes)
{
    if (bytes[1] == 0x26 || bytes[1] == 0x2E) {
        machine->modes.hanzi = bytes[1] == 0x26;
    } else if (bytes[1] == 0x21) {
        machine->modes.look.width = (bytes[2] & 0x04U) != 0 ? 2 : 1;
        machine->modes.look.height = (bytes[2] & 0x08U) != 0 ? 2 : 1;
    }
}

static void info(struct machine *machine, uint8_t which)
{
    if (which >= 1 && which <= 3) {
        const uint8_t byte = which == 2 ? 0x03 : 0x20; /* two-byte characters, cutter */
        status_send(machine, &byte, 1);
    } else if (which == 0x42 || which == 0x43) {
        static const char maker[] = "_EMULATOR";
        static const char model[] = "_ER-80";
        const char *name = which == 0x42 ? maker : model;
        status_send(machine, (const uint8_t *)name, strlen(name) + 1);
    }
}

static void mark(struct machine *machine, const uint8_t *bytes, size_t size)
{
    if (size == 11 && bytes[5] == 0x30 && bytes[6] == 0x30) {
        uint8_t answer[7] = {0x37, 0x22};
        memcpy(answer + 2, bytes + 7, 4);
        machine_log(machine, "mark %.4s", (const char *)(bytes + 7));
        status_send_proof(machine, answer, sizeof(answer));
    }
}

static void extended(struct machine *machine, const uint8_t *bytes, size_t size)
{
    size_t parameters = word_at(bytes + 3);
    if (bytes[2] == 'H' && machine->options.knows_marks) {
        mark(machine, bytes, size);
        return;
    }
    if (bytes[2] == 'H') {
        /* As clones do: they skip what they take for a command and print the rest. */
        for (size_t i = 5; i < size; i++) {
            if (bytes[i] >= 0x20) {
                text(machine, bytes + i, 1);
            }
        }
        machine_violation(machine, "GS ( H is not known here");
        return;
    }
    machine->skip_left = parameters;
    machine_violation(machine, "GS ( %c is not known here", bytes[2]);
}

static void gs(struct machine *machine, const uint8_t *bytes, size_t size)
{
    struct machine_modes *modes = &machine->modes;
    switch (bytes[1]) {
    case 0x21:
        modes->look.width = (size_t)(bytes[2] >> 4 & 7U) + 1;
        modes->look.height = (size_t)(bytes[2] & 7U) + 1;
        break;
    case 0x28:
        extended(machine, bytes, size);
        break;
    case 0x42:
        modes->look.reverse = flag(bytes[2]);
        break;
    case 0x49:
        info(machine, bytes[2]);
        break;
    case 0x4C:
        if (at_line_start(machine, "left margin")) {
            modes->area.left = word_at(bytes + 2);
        }
        break;
    case 0x56:
        cut(machine, bytes);
        break;
    case 0x57:
        if (at_line_start(machine, "width")) {
            modes->area.width = word_at(bytes + 2);
        }
        break;
    case 0x61:
        modes->asb = bytes[2];
        machine->asb_was_told = false; /* it reports once when it is switched on */
        break;
    case 0x72: {
        uint8_t paper = status_paper(machine);
        machine_log(machine, "fence");
        status_send_proof(machine, &paper, 1);
        break;
    }
    case 0x76:
        raster_begin(machine, bytes);
        break;
    default:
        break;
    }
}

void execute_command(struct machine *machine, const uint8_t *bytes, size_t size)
{
    switch (bytes[0]) {
    case ESC:
        esc(machine, bytes);
        return;
    case FS:
        fs(machine, bytes);
        return;
    case GS:
        gs(machine, bytes, size);
        return;
    case 0x0A:
        print_line(machine);
        return;
    case 0x18:
        line_clear(&machine->line);
        return;
    case 0x00:
    case 0x09:
    case 0x0D:
    case 0x10: /* carried out when it was received */
        return;
    default:
        text(machine, bytes, size);
        return;
    }
}
