/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a text is walked run by run (text_run.c says where a run ends and which face it takes);
 * for each run the cache (text_cache.c) gives its advance, and its mask when it is drawn. Nothing
 * here knows where on the screen it is.
 */
#include "kiosk/ui/text.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "kiosk/ui/text_cache.h"
#include "kiosk/ui/utf8.h"

struct text_engine {
    struct text_cache *cache;
};

enum err text_create(const struct ui_config *config, struct text_engine **ret_engine)
{
    struct text_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return ERR_MEMORY;
    }
    enum err err = text_cache_create(config, &engine->cache);
    if (err != OK) {
        free(engine);
        return err;
    }
    *ret_engine = engine;
    return OK;
}

void text_destroy(struct text_engine *engine)
{
    if (engine != NULL) {
        text_cache_destroy(engine->cache);
        free(engine);
    }
}

void text_set_keep(struct text_engine *engine, bool keep)
{
    text_cache_set_keep(engine->cache, keep);
}

void text_wipe(struct text_engine *engine)
{
    text_cache_wipe(engine->cache);
}

size_t text_cache_size(const struct text_engine *engine)
{
    return text_cache_bytes(engine->cache);
}

struct run {
    enum text_face face;
    const char *text;
    size_t size;
    bool is_digit;  /* one digit of a tabular text */
    bool is_hidden; /* a character that is never shown: controls, marks that turn text round */
};

static bool is_quote(uint32_t code)
{
    return (code >= 0x2018U && code <= 0x201DU) || code == 0x2026U || code == 0x2014U;
}

static enum text_face face_of(const struct text_engine *engine, const struct text_style *style,
                              uint32_t code)
{
    static const enum text_face latin[] = {TEXT_FACE_LATIN_REGULAR, TEXT_FACE_LATIN_BOLD,
                                           TEXT_FACE_FIGURE};
    static const enum text_face cjk[] = {TEXT_FACE_CJK_REGULAR, TEXT_FACE_CJK_BOLD,
                                         TEXT_FACE_CJK_BOLD};
    bool chinese = utf8_is_wide(code) || (style->cjk_quotes && is_quote(code));
    if (!chinese && (code < 0x80U || text_cache_has(engine->cache, latin[style->weight], code))) {
        return latin[style->weight];
    }
    return cjk[style->weight];
}

/* The run that begins at @p text: one face, and one letter only where letters are placed singly. */
static struct run run_next(const struct text_engine *engine, const struct text_style *style,
                           const char *text, size_t size)
{
    MUST(size > 0);
    size_t step = 0;
    uint32_t code = utf8_get(text, size, &step);
    struct run run = {.face = face_of(engine, style, code), .text = text, .size = step};
    bool single = style->tabular || style->spacing_px != 0;
    run.is_hidden = utf8_is_unsafe(code);
    if (run.is_hidden) {
        return run;
    }
    run.is_digit = style->tabular && code >= '0' && code <= '9';
    while (!single && run.size < size && run.size < TEXT_RUN_SIZE_MAX - 4) {
        code = utf8_get(text + run.size, size - run.size, &step);
        if (utf8_is_unsafe(code) || face_of(engine, style, code) != run.face) {
            break;
        }
        run.size += step;
    }
    return run;
}

static int run_advance(struct text_engine *engine, const struct text_style *style,
                       const struct run *run)
{
    if (run->is_hidden) {
        return 0;
    }
    int advance = run->is_digit ? text_cache_digit_width(engine->cache, run->face, style->px)
                                : text_cache_advance(engine->cache, run->face, style->px, run->text,
                                                     run->size);
    return advance + style->spacing_px;
}

int text_width(struct text_engine *engine, const struct text_style *style, const char *text,
               size_t size)
{
    int width = 0;
    for (size_t at = 0; at < size;) {
        struct run run = run_next(engine, style, text + at, size - at);
        width += run_advance(engine, style, &run);
        at += run.size;
    }
    return size > 0 ? width - style->spacing_px : 0;
}

void text_draw(struct text_engine *engine, const struct text_line *line, text_paint *paint,
               void *self)
{
    const struct text_style *style = line->style;
    int x = line->x;
    for (size_t at = 0; at < line->size;) {
        struct run run = run_next(engine, style, line->text + at, line->size - at);
        int advance = run_advance(engine, style, &run);
        int shift = 0;
        if (run.is_digit) {
            int own = text_cache_advance(engine->cache, run.face, style->px, run.text, run.size);
            shift = (advance - style->spacing_px - own) / 2;
        }
        struct text_mask mask;
        if (!run.is_hidden &&
            text_cache_mask(engine->cache, run.face, style->px, run.text, run.size, &mask)) {
            paint(self, x + shift, line->baseline, &mask);
        }
        x += advance;
        at += run.size;
    }
}

/*
 * The next part of a text that stays together: one wide character with the closing signs behind
 * it, or a word with the blanks behind it (which may hang over the end of a line).
 */
struct atom {
    size_t size;  /* with the blanks */
    size_t inked; /* without them */
    bool ends_line;
};

static struct atom atom_next(const char *text, size_t size)
{
    struct atom atom = {0};
    size_t step = 0;
    uint32_t code = utf8_get(text, size, &step);
    if (code == '\n') {
        return (struct atom){.size = 1, .inked = 0, .ends_line = true};
    }
    bool wide = utf8_is_wide(code);
    bool masked = code == '*';
    atom.size = step;
    atom.inked = step;
    while (atom.size < size) {
        code = utf8_get(text + atom.size, size - atom.size, &step);
        bool closing = utf8_is_closing(code);
        if (code == ' ') {
            atom.size += 1;
            continue;
        }
        bool breaks = (wide || utf8_is_wide(code)) && !closing && !masked && code != '*';
        if (code == '\n' || atom.size > atom.inked || breaks) {
            break;
        }
        masked = code == '*'; /* a masked name stays whole */
        atom.size += step;
        atom.inked = atom.size;
    }
    return atom;
}

/* A raised dot between two parts is not needed where the line's end parts them. */
static size_t separator_size(const char *text)
{
    size_t size = 0;
    if (memcmp(text, "\xC2\xB7", strnlen(text, 2)) == 0 && text[0] != '\0') {
        size = 2;
        while (text[size] == ' ') {
            size += 1;
        }
    }
    return size;
}

size_t text_break(struct text_engine *engine, const struct text_style *style, const char *text,
                  int width, size_t *ret_next)
{
    size_t size = strlen(text);
    size_t at = 0;
    size_t end = 0;
    int used = 0;
    while (at < size) {
        struct atom atom = atom_next(text + at, size - at);
        if (atom.ends_line) {
            *ret_next = at + 1;
            return end;
        }
        int inked = text_width(engine, style, text + at, atom.inked);
        if (at > 0 && used + inked > width) {
            *ret_next = at + separator_size(text + at);
            return end;
        }
        end = at + atom.inked;
        used += text_width(engine, style, text + at, atom.size) + style->spacing_px;
        at += atom.size;
    }
    *ret_next = size;
    return end;
}

int text_width_need(struct text_engine *engine, const struct text_style *style, const char *text)
{
    int need = 0;
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        struct atom atom = atom_next(text + at, size - at);
        int width = text_width(engine, style, text + at, atom.inked);
        need = width > need ? width : need;
        at += atom.size;
    }
    return need;
}

/* A paragraph at one width: how many lines, how wide the last one is, and where it ends. */
struct shape {
    int count;
    int last_width;
    size_t first_size; /* of the first line, up to the beginning of the next */
    size_t size;
};

static struct shape shape_at(struct text_engine *engine, const struct text_style *style,
                             const char *text, int width)
{
    struct shape shape = {0};
    bool ends = false;
    while (text[shape.size] != '\0' && !ends) {
        size_t next = 0;
        const char *line = text + shape.size;
        size_t size = text_break(engine, style, line, width, &next);
        MUST(next > 0);
        shape.count += 1;
        shape.first_size = shape.count == 1 ? next : shape.first_size;
        shape.last_width = text_width(engine, style, line, size);
        ends = line[next - 1] == '\n';
        shape.size += next;
    }
    return shape;
}

/* The least width at which a paragraph needs no more than @p count lines. */
static int even_width(struct text_engine *engine, const struct text_style *style, const char *text,
                      int width, int count)
{
    int least = text_width_need(engine, style, text);
    int low = width / count > least ? width / count : least;
    int high = width;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (shape_at(engine, style, text, middle).count <= count) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < width ? low : width;
}

/* How well a line may end behind @p size bytes: after a comma or full stop, at a blank, elsewhere.
 */
static int break_rank(const char *text, size_t size)
{
    static const char *const stops[] = {"\xEF\xBC\x8C", "\xE3\x80\x82", "\xEF\xBC\x9B",
                                        "\xEF\xBC\x9A", "\xEF\xBC\x81", "\xEF\xBC\x9F"};
    bool blank = size > 0 && text[size - 1] == ' ';
    while (size > 0 && text[size - 1] == ' ') {
        size -= 1;
    }
    if (size >= 2 && memcmp(text + size - 2, "\xC2\xB7", 2) == 0) {
        return 0; /* before the raised dot, then it goes */
    }
    for (size_t i = 0; i < ARRAY_COUNT(stops); i++) {
        if (size >= 3 && memcmp(text + size - 3, stops[i], 3) == 0) {
            return 2;
        }
    }
    return blank ? 1 : 0;
}

/*
 * Of the places where two lines of Chinese may part, the best one: a sentence's own pause, a
 * blank, and only then between any two characters; among equals the most even one.
 * @return bytes up to the second line; 0: no place is better than where the room ends
 */
static size_t split_find(struct text_engine *engine, const struct text_style *style,
                         const char *text, const struct shape *greedy, int width)
{
    enum { SHORT_PERCENT = 15 };
    size_t best = 0;
    int best_rank = 0;
    int best_gap = 0;
    size_t at = 0;
    while (at < greedy->first_size) {
        at += atom_next(text + at, greedy->size - at).size;
        int rank = break_rank(text, at);
        if (rank == 0 || at >= greedy->size) {
            continue;
        }
        int first = text_width(engine, style, text, at);
        int second = text_width(engine, style, text + at, greedy->size - at);
        int gap = first > second ? first - second : second - first;
        int shorter = first < second ? first : second;
        bool fits = first <= width && second <= width &&
                    (int64_t)shorter * 100 >= (int64_t)width * SHORT_PERCENT;
        if (fits && (rank > best_rank || (rank == best_rank && gap < best_gap))) {
            best = at;
            best_rank = rank;
            best_gap = gap;
        }
    }
    return best;
}

/* Decide how the paragraph that begins here is broken. */
static void lines_plan(struct text_engine *engine, const struct text_style *style,
                       struct text_lines *lines)
{
    enum { LAST_PERCENT = 40, COUNT_MAX = 4 /* longer ones are read as prose */ };
    size_t size = strcspn(lines->rest, "\n");
    if (text_width(engine, style, lines->rest, size) <= lines->width) {
        lines->even = lines->width;
        lines->split = size + (lines->rest[size] == '\n' ? 1 : 0);
        return; /* most of them: one line, and no search */
    }
    struct shape greedy = shape_at(engine, style, lines->rest, lines->width);
    bool short_end = (int64_t)greedy.last_width * 100 < (int64_t)lines->width * LAST_PERCENT;
    lines->even = lines->width;
    lines->split = 0;
    if (greedy.count == 2 && style->cjk_quotes) {
        lines->split = split_find(engine, style, lines->rest, &greedy, lines->width);
    }
    if (greedy.count >= 2 && greedy.count <= COUNT_MAX && short_end && lines->split == 0) {
        lines->even = even_width(engine, style, lines->rest, lines->width, greedy.count);
    }
}

static size_t without_blanks(const char *text, size_t size)
{
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\n')) {
        size -= 1;
    }
    return size;
}

bool text_lines_next(struct text_engine *engine, const struct text_style *style,
                     struct text_lines *lines, const char **ret_line, size_t *ret_size)
{
    if (*lines->rest == '\0') {
        return false;
    }
    if (lines->even == 0) {
        lines_plan(engine, style, lines);
    }
    size_t next = lines->split;
    *ret_line = lines->rest;
    if (next > 0) {
        *ret_size = without_blanks(lines->rest, next);
        next += lines->rest[next - 1] == '\n' ? 0 : separator_size(lines->rest + next);
        lines->split = 0;
    } else {
        *ret_size = text_break(engine, style, lines->rest, lines->even, &next);
    }
    MUST(next > 0);
    if (lines->rest[next - 1] == '\n') {
        lines->even = 0;
    }
    lines->rest += next;
    return true;
}
