/* SPDX-License-Identifier: Apache-2.0 */

/*
 * sqlreplay: what the bare database can do. Runs a trace of the server's statements (written by
 * cloud/store/trace.c) against a copy of the database as it was when the trace began: the same
 * statements with the same values in the same order, prepared once, on one connection with the
 * server's own settings, and nothing around it.
 *
 *     sqlreplay DATABASE TRACE TABLE ROWS
 *
 * Timed is the part from the transaction of the first INSERT INTO TABLE to the end of that of the
 * last; what comes before is run, but not timed. In it a commit comes after each ROWS rows of that
 * table, between two functions of the server (behind RELEASE), so that the batches are as large as
 * those of the run that this is compared with. Everything is parsed before the clock starts. The
 * values are found by walking through the statement and its expanded form side by side: where one
 * has a parameter, the other has a literal. Prints one line of JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/parse.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"

enum {
    DISTINCT_MAX = 1024, /* statements the server has */
    PARAMETERS_MAX = 64,
    EXIT_USAGE = 2,
};

enum kind { KIND_OTHER, KIND_BEGIN, KIND_COMMIT, KIND_RELEASE, KIND_ROW };

struct value {
    int parameter;
    int type; /* SQLITE_NULL, SQLITE_INTEGER, SQLITE_TEXT, SQLITE_BLOB */
    int64_t number;
    char *bytes; /* of a text or a blob */
    size_t size;
};

struct distinct {
    char *text;
    sqlite3_stmt *statement;
    enum kind kind;
};

struct step {
    struct distinct *distinct;
    struct value *values;
    size_t value_count;
};

struct replay {
    sqlite3 *db;
    struct distinct distinct[DISTINCT_MAX];
    size_t distinct_count;
    struct step *steps;
    size_t step_count;
    size_t step_room;
    const char *table;
};

struct span {
    size_t first; /* the first timed step */
    size_t end;   /* behind the last */
    size_t rows;
};

NORETURN static void give_up(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sqlreplay: %s: %s\n", what, detail);
    exit(EXIT_FAILURE);
}

static void *must_have(void *memory)
{
    if (memory == NULL) {
        give_up("memory", "none left");
    }
    return memory;
}

/* ---- reading the trace ---- */

/* A literal as SQLite expands it; the text behind it. */
static const char *value_parse(const char *text, struct value *ret_value)
{
    if (strncmp(text, "NULL", 4) == 0) {
        ret_value->type = SQLITE_NULL;
        return text + 4;
    }
    if (*text == '\'') {
        ret_value->type = SQLITE_TEXT;
        ret_value->bytes = must_have(malloc(strlen(text)));
        for (text += 1; *text != '\'' || text[1] == '\''; text += 1) {
            text += *text == '\'' ? 1 : 0;
            ret_value->bytes[ret_value->size++] = *text;
        }
        return text + 1;
    }
    if (*text == 'x' && text[1] == '\'') {
        size_t digits = strcspn(text + 2, "'");
        ret_value->type = SQLITE_BLOB;
        ret_value->bytes = must_have(malloc(digits / 2 + 1));
        if (!hex_parse(text + 2, digits, (uint8_t *)ret_value->bytes, digits / 2 + 1,
                       &ret_value->size, NULL)) {
            give_up("no blob", text);
        }
        return text + 2 + digits + 1;
    }
    char digits[24];
    size_t size = strspn(text, "-0123456789");
    ret_value->type = SQLITE_INTEGER;
    if (!str_copy_bytes(digits, sizeof(digits), text, size) ||
        !parse_i64(digits, INT64_MIN, INT64_MAX, &ret_value->number)) {
        give_up("no value", text);
    }
    return text + size;
}

/* Fill in @p step from a statement ("... = ?1 ...") and the same with its values. */
static void step_parse(struct step *step, const char *statement, const char *expanded)
{
    struct value values[PARAMETERS_MAX] = {0};
    while (*statement != '\0') {
        if (*statement != '?') {
            if (*statement != *expanded) {
                give_up("the two forms differ", statement);
            }
            statement += 1;
            expanded += 1;
            continue;
        }
        char digits[8];
        size_t size = strspn(statement + 1, "0123456789");
        uint32_t parameter = 0;
        if (step->value_count == PARAMETERS_MAX ||
            !str_copy_bytes(digits, sizeof(digits), statement + 1, size) ||
            !parse_u32(digits, PARAMETERS_MAX, &parameter)) {
            give_up("no parameter", statement);
        }
        struct value *value = &values[step->value_count++];
        value->parameter = (int)parameter;
        expanded = value_parse(expanded, value);
        statement += 1 + size;
    }
    size_t bytes = step->value_count * sizeof(values[0]);
    step->values = must_have(malloc(bytes + 1));
    memcpy(step->values, values, bytes);
}

static enum kind kind_of(const struct replay *replay, const char *text)
{
    char row[128];
    if (!str_format(row, sizeof(row), "INSERT INTO %s", replay->table)) {
        give_up("the table's name is too long", replay->table);
    }
    if (strncmp(text, "BEGIN", 5) == 0) {
        return KIND_BEGIN;
    }
    if (strncmp(text, "COMMIT", 6) == 0) {
        return KIND_COMMIT;
    }
    if (strncmp(text, "RELEASE", 7) == 0) {
        return KIND_RELEASE;
    }
    return strncmp(text, row, strlen(row)) == 0 ? KIND_ROW : KIND_OTHER;
}

static struct distinct *distinct_find(struct replay *replay, const char *text)
{
    for (size_t i = 0; i < replay->distinct_count; i++) {
        if (str_equal(replay->distinct[i].text, text)) {
            return &replay->distinct[i];
        }
    }
    if (replay->distinct_count == DISTINCT_MAX) {
        give_up("too many different statements", text);
    }
    struct distinct *distinct = &replay->distinct[replay->distinct_count++];
    distinct->text = must_have(strdup(text));
    distinct->kind = kind_of(replay, text);
    if (sqlite3_prepare_v3(replay->db, text, -1, SQLITE_PREPARE_PERSISTENT, &distinct->statement,
                           NULL) != SQLITE_OK) {
        give_up(sqlite3_errmsg(replay->db), text);
    }
    return distinct;
}

static struct step *step_add(struct replay *replay)
{
    if (replay->step_count == replay->step_room) {
        replay->step_room = replay->step_room * 2 + 4096;
        replay->steps =
            must_have(realloc(replay->steps, replay->step_room * sizeof(replay->steps[0])));
    }
    struct step *step = &replay->steps[replay->step_count++];
    *step = (struct step){0};
    return step;
}

static char *text_read(FILE *file, uint64_t size)
{
    char *text = must_have(malloc(size + 1));
    if (fread(text, 1, size, file) != size) {
        give_up("the trace", "ends inside a record");
    }
    text[size] = '\0';
    return text;
}

static void trace_read(struct replay *replay, const char *path)
{
    char line[64];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        give_up("cannot be read", path);
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        uint64_t sizes[2];
        char *blank = strchr(line, ' ');
        line[strcspn(line, "\n")] = '\0';
        if (blank == NULL) {
            give_up("no record", line);
        }
        *blank = '\0';
        if (!parse_u64(line, 1 << 20, &sizes[0]) || !parse_u64(blank + 1, 1 << 20, &sizes[1])) {
            give_up("no record", line);
        }
        char *statement = text_read(file, sizes[0]);
        char *expanded = text_read(file, sizes[1]);
        (void)fgetc(file); /* the line's end */
        struct step *step = step_add(replay);
        step->distinct = distinct_find(replay, statement);
        step_parse(step, statement, expanded);
        free(statement);
        free(expanded);
    }
    (void)fclose(file);
}

/* ---- running it ---- */

static void exec(struct replay *replay, const char *text)
{
    if (sqlite3_exec(replay->db, text, NULL, NULL, NULL) != SQLITE_OK) {
        give_up(sqlite3_errmsg(replay->db), text);
    }
}

static void database_open(struct replay *replay, const char *path)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &replay->db, flags, NULL) != SQLITE_OK) {
        give_up("cannot be opened", path);
    }
    /* As cloud/store/db.c sets its writer. */
    exec(replay, "PRAGMA journal_mode=WAL");
    exec(replay, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;"
                 "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000");
}

static void value_bind(sqlite3_stmt *statement, const struct value *value)
{
    switch (value->type) {
    case SQLITE_INTEGER:
        (void)sqlite3_bind_int64(statement, value->parameter, value->number);
        return;
    case SQLITE_TEXT:
        (void)sqlite3_bind_text64(statement, value->parameter, value->bytes, value->size,
                                  SQLITE_STATIC, SQLITE_UTF8);
        return;
    case SQLITE_BLOB:
        (void)sqlite3_bind_blob64(statement, value->parameter, value->bytes, value->size,
                                  SQLITE_STATIC);
        return;
    default:
        (void)sqlite3_bind_null(statement, value->parameter);
        return;
    }
}

static void step_run(struct replay *replay, const struct step *step)
{
    sqlite3_stmt *statement = step->distinct->statement;
    for (size_t i = 0; i < step->value_count; i++) {
        value_bind(statement, &step->values[i]);
    }
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW) {
        code = sqlite3_step(statement);
    }
    /* What broke a rule then breaks it now: the server handled it. */
    if (code != SQLITE_DONE && (code & 0xFF) != SQLITE_CONSTRAINT) {
        give_up(sqlite3_errmsg(replay->db), step->distinct->text);
    }
    (void)sqlite3_reset(statement);
}

/* The timed part, in batches of @p rows_max rows; how many there were. */
static size_t span_run(struct replay *replay, struct span span, uint32_t rows_max)
{
    size_t batches = 1;
    uint32_t rows = 0;
    exec(replay, "BEGIN IMMEDIATE");
    for (size_t i = span.first; i < span.end; i++) {
        const struct step *step = &replay->steps[i];
        enum kind kind = step->distinct->kind;
        if (kind == KIND_BEGIN || kind == KIND_COMMIT) {
            continue;
        }
        step_run(replay, step);
        rows += kind == KIND_ROW ? 1 : 0;
        if (kind == KIND_RELEASE && rows >= rows_max) {
            exec(replay, "COMMIT; BEGIN IMMEDIATE");
            batches += 1;
            rows = 0;
        }
    }
    exec(replay, "COMMIT");
    return batches;
}

static struct span span_find(const struct replay *replay)
{
    struct span span = {0};
    size_t begin = 0;
    bool counts = false; /* the current transaction has a row */
    for (size_t i = 0; i < replay->step_count; i++) {
        switch (replay->steps[i].distinct->kind) {
        case KIND_BEGIN:
            begin = i;
            counts = false;
            break;
        case KIND_ROW:
            span.first = span.rows == 0 ? begin : span.first;
            span.rows += 1;
            counts = true;
            break;
        case KIND_COMMIT:
            span.end = counts ? i + 1 : span.end;
            break;
        case KIND_RELEASE:
        case KIND_OTHER:
            break;
        }
    }
    return span;
}

int main(int argc, char **argv)
{
    static struct replay replay;
    uint32_t rows_max = 0;
    if (argc != 5 || !parse_u32(argv[4], UINT32_MAX, &rows_max) || rows_max == 0) {
        (void)fputs("usage: sqlreplay DATABASE TRACE TABLE ROWS\n", stderr);
        return EXIT_USAGE;
    }
    replay.table = argv[3];
    database_open(&replay, argv[1]);
    trace_read(&replay, argv[2]);
    struct span span = span_find(&replay);
    if (span.rows == 0) {
        give_up("nothing was inserted into", replay.table);
    }
    for (size_t i = 0; i < span.first; i++) {
        step_run(&replay, &replay.steps[i]);
    }
    int64_t begun_ns = clock_system_mono_ns();
    size_t batches = span_run(&replay, span, rows_max);
    int64_t took_us = (clock_system_mono_ns() - begun_ns) / 1000;
    (void)printf("{\"rows\":%zu,\"batches\":%zu,\"statements\":%zu,\"us\":%lld}\n", span.rows,
                 batches, span.end - span.first, (long long)took_us);
    return EXIT_SUCCESS;
}
