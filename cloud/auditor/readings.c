/* SPDX-License-Identifier: Apache-2.0 */
/* The energy register of a meter never falls. Each meter is read on from where it was read to. */
#include <string.h>

#include "cloud/auditor/passes.h"
#include "common/str.h"

enum { REGISTER_DIGITS_MAX = 12, DECIMALS = 4 };

/* The register in a reading's values, times 10,000; false if it is not among them. */
static bool register_in(const char *values, int64_t *ret_energy_e4)
{
    static const char name[] = "\"00010000\":\"";
    const char *at = strstr(values, name);
    int64_t value = 0;
    int decimals = -1;
    int digits = 0;
    if (at == NULL) {
        return false;
    }
    for (at += sizeof(name) - 1; *at != '"' && *at != '\0'; at++) {
        if (*at == '.' && decimals < 0) {
            decimals = 0;
        } else if (*at >= '0' && *at <= '9' && digits < REGISTER_DIGITS_MAX &&
                   decimals < DECIMALS) {
            value = value * 10 + (*at - '0');
            digits += 1;
            decimals += decimals >= 0 ? 1 : 0;
        } else {
            return false;
        }
    }
    for (decimals = decimals < 0 ? 0 : decimals; decimals < DECIMALS; decimals++) {
        value *= 10;
    }
    *ret_energy_e4 = value;
    return digits > 0;
}

/* A meter's newest reading so far. */
struct register_mark {
    int64_t energy_e4; /* -1: none */
    int64_t read_at;
};

static struct register_mark mark_of(struct audit *audit, const char *meter_id)
{
    struct reader *file = &audit->memory.file;
    struct register_mark mark = {.energy_e4 = -1};
    sqlite3_stmt *stmt =
        reader_prepare(file, "SELECT energy_e4, read_at FROM meter WHERE meter_id = ?1");
    reader_bind_text(stmt, 1, meter_id);
    if (reader_step(file, stmt)) {
        mark = (struct register_mark){column_int(stmt, 0), column_int(stmt, 1)};
    }
    reader_end(stmt);
    return mark;
}

static void keep_mark(struct audit *audit, const char *meter_id, const struct register_mark *mark)
{
    struct reader *file = &audit->memory.file;
    sqlite3_stmt *stmt = reader_prepare(
        file, "INSERT INTO meter (meter_id, digest, energy_e4, read_at) VALUES (?1, '', ?2, ?3)"
              " ON CONFLICT (meter_id) DO UPDATE SET energy_e4 = ?2, read_at = ?3");
    reader_bind_text(stmt, 1, meter_id);
    reader_bind_int(stmt, 2, mark->energy_e4);
    reader_bind_int(stmt, 3, mark->read_at);
    reader_run(file, stmt);
    reader_end(stmt);
}

static void run_meter(struct audit *audit, const char *meter_id, sqlite3_stmt *readings,
                      struct part *part)
{
    struct register_mark mark = mark_of(audit, meter_id);
    const int64_t begun = mark.read_at;
    char name[PART_NAME_SIZE];
    str_format_cut(name, sizeof(name), "readings %s from %lld", meter_id, (long long)begun);
    part_clear(part, name);
    reader_bind_text(readings, 1, meter_id);
    reader_bind_int(readings, 2, begun);
    while (reader_step(&audit->cloud, readings)) {
        int64_t energy_e4 = 0;
        audit->work.readings_read += 1;
        mark.read_at = column_int(readings, 0);
        if (!register_in(column_text(readings, 1), &energy_e4)) {
            continue;
        }
        if (energy_e4 < mark.energy_e4) {
            part_find(part, FOUND_REGISTER_FELL, (struct part_subject){meter_id, 0},
                      "at %lld from %lld to %lld (times 10,000)", (long long)mark.read_at,
                      (long long)mark.energy_e4, (long long)energy_e4);
        }
        mark.energy_e4 = energy_e4;
    }
    reader_reset(readings);
    if (mark.read_at > begun) {
        keep_mark(audit, meter_id, &mark);
    }
    if (part->found_count > 0) {
        memory_put_part(&audit->memory, part);
    }
}

void readings_run(struct audit *audit)
{
    struct part part;
    part_init(&part);
    sqlite3_stmt *meters = reader_prepare(&audit->cloud, "SELECT meter_id FROM meter");
    sqlite3_stmt *readings = reader_prepare(
        &audit->cloud, "SELECT read_at, vals FROM reading WHERE meter_id = ?1 AND read_at > ?2"
                       " AND quality = 'ok' ORDER BY read_at");
    while (reader_step(&audit->cloud, meters)) {
        char meter_id[PART_SUBJECT_SIZE];
        column_copy(meters, 0, meter_id, sizeof(meter_id));
        run_meter(audit, meter_id, readings, &part);
    }
    reader_end(meters);
    reader_end(readings);
    part_finish(&part);
}
