/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/catalog/seed_walk.h"

#include <stdarg.h>

#include "cloud/catalog/decimal.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/value.h"

static const char *path_of(struct walk *walk, const char *field)
{
    bool fits = str_format(walk->path, sizeof(walk->path), "%s%s", walk->base, field);
    MUST(fits);
    return walk->path;
}

void walk_enter(struct walk *walk, const char *base, const char *name, size_t index)
{
    bool fits = str_format(walk->base, sizeof(walk->base), "%s%s.[%zu].", base, name, index);
    MUST(fits);
}

void walk_back(struct walk *walk, const char *base)
{
    bool fits = str_copy(walk->base, sizeof(walk->base), base);
    MUST(fits);
}

bool walk_has(struct walk *walk, const char *field)
{
    return config_has(walk->cfg, path_of(walk, field));
}

size_t walk_count(struct walk *walk, const char *field, size_t count_max)
{
    return config_count(walk->cfg, path_of(walk, field), count_max);
}

void walk_text(struct walk *walk, const char *field, const char *fallback, char *ret_text,
               size_t size)
{
    config_text(walk->cfg, path_of(walk, field), fallback, ret_text, size);
}

int64_t walk_int(struct walk *walk, const char *field, struct config_int range)
{
    return config_int(walk->cfg, path_of(walk, field), range);
}

bool walk_bool(struct walk *walk, const char *field, bool fallback)
{
    return config_bool(walk->cfg, path_of(walk, field), fallback);
}

const char *walk_word(struct walk *walk, const char *field, const char *const *words, size_t count,
                      int fallback)
{
    int index = config_choice(walk->cfg, path_of(walk, field), words, count, fallback);
    return words[index >= 0 ? index : 0];
}

void walk_id(struct walk *walk, const char *field, char ret_id[33])
{
    walk_text(walk, field, NULL, ret_id, API_ID_SIZE);
    if (ret_id[0] != '\0' && !api_id_is_valid(ret_id)) {
        walk_fail(walk, field, "must be 1 to 32 of A-Z a-z 0-9 . _ -");
    }
}

int64_t walk_yuan(struct walk *walk, const char *field, const char *fallback, int64_t min_fen)
{
    char text[DECIMAL_TEXT_SIZE];
    int64_t fen = 0;
    walk_text(walk, field, fallback, text, sizeof(text));
    if (text[0] == '\0' && fallback != NULL) {
        return 0;
    }
    if (!decimal_parse_fen(text, &fen) || fen < min_fen) {
        char least[DECIMAL_TEXT_SIZE];
        walk_fail(walk, field, "must be yuan like \"20.00\", at least %s",
                  decimal_format_e4(min_fen * 100, 2, least));
        return min_fen;
    }
    return fen;
}

void walk_known(struct walk *walk, const char *field, const char *query, char *ret_text,
                size_t size)
{
    walk_text(walk, field, NULL, ret_text, size);
    struct sql *sql = sql_begin(walk->db, query);
    sql_bind_text(sql, 1, ret_text);
    enum err err = sql_one(sql);
    if (err == ERR_NOT_FOUND) {
        walk_fail(walk, field, "there is no \"%s\" further up in this file", ret_text);
    } else if (err != OK) {
        walk->err = err;
    }
}

void walk_fail(struct walk *walk, const char *field, const char *format, ...)
{
    char text[256];
    va_list values;
    va_start(values, format);
    str_vformat_cut(text, sizeof(text), format, values);
    va_end(values);
    config_fail(walk->cfg, path_of(walk, field), "%s", text);
}

void walk_run(struct walk *walk, struct sql *sql, const char *field)
{
    enum err err = sql_run(sql);
    if (err == OK) {
        return;
    }
    walk->err = err;
    if (err == ERR_EXISTS) {
        walk_fail(walk, field, "is there already, under another id");
    } else {
        walk_fail(walk, field, "the database refuses it: %s", err_name(err));
    }
}
