/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The energy register of a meter never falls. Readings are taken in the order in which a collector
 * journalled them (epoch and number), never in that of its wall clock, which somebody may set. Each
 * journal is read on from where it was read to.
 *
 * Only readings of one journal are compared. When a meter comes to another collector, or a journal
 * is lost or copied and begins another epoch, nothing but wall clocks says which of the two sets of
 * readings is the older one: epochs are drawn by lot, and what waits in a journal comes in late. So
 * the first reading of each meter in a journal is taken as it is.
 */
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

/* One journal of one collector, and the statements that read any. */
struct journal {
    struct audit *audit;
    char collector_id[PART_SUBJECT_SIZE];
    int64_t epoch;
    struct sums *registers; /* of each meter, as last read; 0, below which none falls, if never */
    struct part part;
    sqlite3_stmt *next;     /* of the journals that have readings */
    sqlite3_stmt *last;     /* number in a journal */
    sqlite3_stmt *complete; /* how far it is here without a gap */
    sqlite3_stmt *readings;
    sqlite3_stmt *get_mark;
    sqlite3_stmt *put_mark;
    sqlite3_stmt *get_registers;
    sqlite3_stmt *drop_registers;
    sqlite3_stmt *put_register;
};

/* ---- the statements ---- */

/* All of them walk the table in its own order: the primary key is (collector, epoch, seq, part). */
static void prepare(struct journal *journal)
{
    struct reader *cloud = &journal->audit->cloud;
    struct reader *file = &journal->audit->memory.file;
    /* Two seeks: (collector_id, epoch) > (?1, ?2) would walk past all readings of that journal. */
    journal->next = reader_prepare(
        cloud, "SELECT * FROM (SELECT collector_id, epoch FROM reading WHERE collector_id = ?1"
               " AND epoch > ?2 ORDER BY epoch LIMIT 1) UNION ALL"
               " SELECT * FROM (SELECT collector_id, epoch FROM reading WHERE collector_id > ?1"
               " ORDER BY collector_id, epoch LIMIT 1) LIMIT 1");
    journal->last = reader_prepare(
        cloud, "SELECT max(seq) FROM reading WHERE collector_id = ?1 AND epoch = ?2");
    journal->complete = reader_prepare(
        cloud, "SELECT seq FROM reading_progress WHERE collector_id = ?1 AND epoch = ?2");
    journal->readings =
        reader_prepare(cloud, "SELECT seq, read_at, quality, coalesce(meter_id, ''), vals"
                              " FROM reading WHERE collector_id = ?1 AND epoch = ?2 AND seq > ?3"
                              " AND seq <= ?4 ORDER BY seq, part");
    journal->get_mark =
        reader_prepare(file, "SELECT seq FROM journal_mark WHERE collector_id = ?1 AND epoch = ?2");
    journal->put_mark =
        reader_prepare(file, "INSERT INTO journal_mark (collector_id, epoch, seq)"
                             " VALUES (?1, ?2, ?3)"
                             " ON CONFLICT (collector_id, epoch) DO UPDATE SET seq = ?3");
    journal->get_registers = reader_prepare(file, "SELECT meter_id, energy_e4 FROM meter_register"
                                                  " WHERE collector_id = ?1 AND epoch = ?2");
    journal->drop_registers =
        reader_prepare(file, "DELETE FROM meter_register WHERE collector_id = ?1 AND epoch = ?2");
    journal->put_register =
        reader_prepare(file, "INSERT INTO meter_register (collector_id, epoch, meter_id, energy_e4)"
                             " VALUES (?1, ?2, ?3, ?4)");
}

static void end_statements(struct journal *journal)
{
    sqlite3_stmt *const stmts[] = {
        journal->next,          journal->last,           journal->complete,
        journal->readings,      journal->get_mark,       journal->put_mark,
        journal->get_registers, journal->drop_registers, journal->put_register};
    for (size_t i = 0; i < ARRAY_COUNT(stmts); i++) {
        reader_end(stmts[i]);
    }
}

static void bind_journal(const struct journal *journal, sqlite3_stmt *stmt)
{
    reader_bind_text(stmt, 1, journal->collector_id);
    reader_bind_int(stmt, 2, journal->epoch);
}

/* The number that @p stmt knows of this journal. */
static int64_t number_of(const struct journal *journal, struct reader *reader, sqlite3_stmt *stmt,
                         int64_t fallback)
{
    bind_journal(journal, stmt);
    const int64_t number = reader_step(reader, stmt) ? column_int(stmt, 0) : fallback;
    reader_reset(stmt);
    return number;
}

/* ---- what is remembered ---- */

static void set_register(struct journal *journal, const char *meter_id, int64_t energy_e4)
{
    const int64_t known_e4 = sums_get(journal->registers, "", meter_id);
    (void)sums_add(journal->registers, "", meter_id, energy_e4 - known_e4);
}

static void load_registers(struct journal *journal)
{
    struct reader *file = &journal->audit->memory.file;
    bind_journal(journal, journal->get_registers);
    while (reader_step(file, journal->get_registers)) {
        char meter_id[PART_SUBJECT_SIZE];
        column_copy(journal->get_registers, 0, meter_id, sizeof(meter_id));
        set_register(journal, meter_id, column_int(journal->get_registers, 1));
    }
    reader_reset(journal->get_registers);
}

static void keep_register(void *self, const char *account, const char *meter_id, int64_t energy_e4)
{
    struct journal *journal = self;
    (void)account;
    bind_journal(journal, journal->put_register);
    reader_bind_text(journal->put_register, 3, meter_id);
    reader_bind_int(journal->put_register, 4, energy_e4);
    reader_run(&journal->audit->memory.file, journal->put_register);
}

static void keep(struct journal *journal, int64_t seq)
{
    bind_journal(journal, journal->drop_registers);
    reader_run(&journal->audit->memory.file, journal->drop_registers);
    sums_each(journal->registers, keep_register, journal);
    bind_journal(journal, journal->put_mark);
    reader_bind_int(journal->put_mark, 3, seq);
    reader_run(&journal->audit->memory.file, journal->put_mark);
}

/* ---- reading ---- */

/* The reading under the statement against the one before it of this meter. */
static void judge_reading(struct journal *journal)
{
    sqlite3_stmt *stmt = journal->readings;
    char meter_id[PART_SUBJECT_SIZE];
    int64_t energy_e4 = 0;
    column_copy(stmt, 3, meter_id, sizeof(meter_id));
    journal->audit->work.readings_read += 1;
    if (meter_id[0] == '\0' || !str_equal(column_text(stmt, 2), "ok") ||
        !register_in(column_text(stmt, 4), &energy_e4)) {
        return; /* not in the catalogue, silent, or of something else */
    }
    const int64_t before_e4 = sums_get(journal->registers, "", meter_id);
    if (energy_e4 < before_e4) {
        part_find(&journal->part, FOUND_REGISTER_FELL, (struct part_subject){meter_id, 0},
                  "at %lld from %lld to %lld (times 10,000), number %lld of %s",
                  (long long)column_int(stmt, 1), (long long)before_e4, (long long)energy_e4,
                  (long long)column_int(stmt, 0), journal->collector_id);
    }
    set_register(journal, meter_id, energy_e4);
}

/* Those behind @p after, up to @p last. */
static void judge_range(struct journal *journal, int64_t after, int64_t last)
{
    bind_journal(journal, journal->readings);
    reader_bind_int(journal->readings, 3, after);
    reader_bind_int(journal->readings, 4, last);
    while (reader_step(&journal->audit->cloud, journal->readings)) {
        judge_reading(journal);
    }
    reader_reset(journal->readings);
}

static int64_t within(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/*
 * Messages overtake one another, and a collector repeats what was lost. So the mark is set no
 * further than the journal is here without a gap: what comes late into the gap is judged in its
 * place. What is behind the gap is judged in each run and not remembered.
 */
static void run_journal(struct journal *journal)
{
    struct audit *audit = journal->audit;
    char name[PART_NAME_SIZE];
    char name_beyond[PART_NAME_SIZE];
    const int64_t begun = number_of(journal, &audit->memory.file, journal->get_mark, 0);
    const int64_t last = number_of(journal, &audit->cloud, journal->last, 0);
    str_format_cut(name, sizeof(name), "readings %lld from %lld of %s", (long long)journal->epoch,
                   (long long)begun, journal->collector_id);
    str_format_cut(name_beyond, sizeof(name_beyond), "readings %lld beyond of %s",
                   (long long)journal->epoch, journal->collector_id);
    if (last <= begun) {
        memory_drop_part(&audit->memory, name_beyond);
        return;
    }
    const int64_t complete =
        within(number_of(journal, &audit->cloud, journal->complete, last), begun, last);
    journal->registers = sums_create();
    load_registers(journal);
    part_clear(&journal->part, name);
    judge_range(journal, begun, complete);
    keep(journal, complete);
    memory_put_part(&audit->memory, &journal->part);
    part_clear(&journal->part, name_beyond);
    judge_range(journal, complete, last);
    memory_put_part(&audit->memory, &journal->part);
    sums_destroy(journal->registers);
}

/* The next one; false at the end, and if a name is none that can be walked on from. */
static bool next_journal(struct journal *journal)
{
    struct reader *cloud = &journal->audit->cloud;
    char collector_id[PART_SUBJECT_SIZE] = "";
    bind_journal(journal, journal->next);
    const bool there = reader_step(cloud, journal->next);
    if (there) {
        column_copy(journal->next, 0, collector_id, sizeof(collector_id));
        const int64_t epoch = column_int(journal->next, 1);
        const int order = strcmp(collector_id, journal->collector_id);
        if (order < 0 || (order == 0 && epoch <= journal->epoch)) {
            cloud->failed = true; /* it was cut: the same journal would come for ever */
            str_format_cut(cloud->why, sizeof(cloud->why), "reading: \"%s\" is no collector's name",
                           collector_id);
        }
        memcpy(journal->collector_id, collector_id, sizeof(collector_id));
        journal->epoch = epoch;
    }
    reader_reset(journal->next);
    return there && !cloud->failed;
}

void readings_run(struct audit *audit)
{
    struct journal journal = {.audit = audit, .epoch = INT64_MIN};
    part_init(&journal.part);
    prepare(&journal);
    while (next_journal(&journal)) {
        run_journal(&journal);
    }
    end_statements(&journal);
    part_finish(&journal.part);
}
