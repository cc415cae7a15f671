/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/printer/paper.h"

#include <stdio.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"

void paper_init(struct paper *paper, const char *out_dir, size_t width, long roll_mm)
{
    memset(paper, 0, sizeof(*paper));
    bool fits = str_copy(paper->out_dir, sizeof(paper->out_dir), out_dir);
    MUST(fits);
    strip_init(&paper->strip, width);
    /* What lies between head and blade belongs to the first piece. */
    strip_feed(&paper->strip, PAPER_BLADE_DOTS);
    paper->left_dots = roll_mm * PAPER_DOTS_PER_MM;
}

void paper_finish(struct paper *paper)
{
    strip_finish(&paper->strip);
}

void paper_feed(struct paper *paper, size_t rows)
{
    strip_feed(&paper->strip, rows);
    paper->left_dots -= (long)rows;
}

void paper_note(struct paper *paper, const char *line)
{
    size_t size = strlen(line);
    if (paper->text_size + size + 1 < sizeof(paper->text)) {
        memcpy(paper->text + paper->text_size, line, size);
        paper->text[paper->text_size + size] = '\n';
        paper->text_size += size + 1;
    }
}

static bool text_write(const struct paper *paper, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    bool written = fwrite(paper->text, 1, paper->text_size, file) == paper->text_size;
    return fclose(file) == 0 && written;
}

static bool files_write(const struct paper *paper, const char *name, size_t rows,
                        enum picture_edge edge)
{
    char path[PAPER_PATH_SIZE];
    if (paper->out_dir[0] == '\0') {
        return true;
    }
    /* The picture last and in one step: who waits for it finds the text and a whole picture. */
    char part[PAPER_PATH_SIZE];
    return str_format(path, sizeof(path), "%s/%s.txt", paper->out_dir, name) &&
           text_write(paper, path) &&
           str_format(part, sizeof(part), "%s/.%s.part", paper->out_dir, name) &&
           picture_write(&paper->strip, rows, edge, part) &&
           str_format(path, sizeof(path), "%s/%s.png", paper->out_dir, name) &&
           rename(part, path) == 0;
}

static void piece_take(struct paper *paper, size_t rows, enum picture_edge edge)
{
    MUST(paper->piece_count < PAPER_PIECES_MAX);
    char name[32];
    bool fits = str_format(name, sizeof(name), "paper-%04zu", paper->piece_count + 1);
    MUST(fits);
    paper->failed = paper->failed || !files_write(paper, name, rows, edge);
    paper->piece_torn[paper->piece_count] = edge == PICTURE_TORN;
    paper->piece_count += 1;
    strip_tear(&paper->strip, rows);
    paper->text_size = 0;
}

void paper_cut(struct paper *paper)
{
    MUST(paper->strip.rows >= PAPER_BLADE_DOTS);
    piece_take(paper, paper->strip.rows - PAPER_BLADE_DOTS, PICTURE_CUT);
}

void paper_load(struct paper *paper, long roll_mm)
{
    if (paper->strip.has_ink) {
        piece_take(paper, paper->strip.rows, PICTURE_TORN);
    } else {
        strip_tear(&paper->strip, paper->strip.rows);
    }
    strip_feed(&paper->strip, PAPER_BLADE_DOTS);
    paper->left_dots = roll_mm * PAPER_DOTS_PER_MM;
}

bool paper_peek(struct paper *paper)
{
    return files_write(paper, "paper-now", paper->strip.rows, PICTURE_TORN);
}
