/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/report.h"

#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>
#include <sys/resource.h>

#include "cloud/auditor/fold.h"
#include "common/civil.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum { JSON_LISTED_MAX = 1000 };

/* All findings of one kind. */
struct kind_sum {
    int64_t count;
    int64_t fen;
    int64_t loss_fen;
    int64_t gain_fen;
};

struct summary {
    struct kind_sum kinds[FOUND_COUNT];
    int64_t differences;
    int64_t blind;
    int64_t loss_fen;
    int64_t gain_fen;
    int64_t unproven_since; /* 0: nothing is unproven */
};

static void add_finding(struct summary *summary, enum finding finding, int64_t fen)
{
    const struct finding_rule *rule = finding_rule(finding);
    struct kind_sum *kind = &summary->kinds[finding];
    const bool loss = rule->side == SIDE_LOSS || (rule->side == SIDE_NONE && fen > 0);
    const bool gain = rule->side == SIDE_GAIN || (rule->side == SIDE_NONE && fen < 0);
    const int64_t size = fen < 0 ? -fen : fen;
    kind->count += 1;
    kind->fen += fen;
    kind->loss_fen += loss ? size : 0;
    kind->gain_fen += gain ? size : 0;
    summary->loss_fen += loss ? size : 0;
    summary->gain_fen += gain ? size : 0;
    summary->differences += rule->weight == WEIGHT_DIFFERENCE ? 1 : 0;
    summary->blind += rule->weight == WEIGHT_BLIND ? 1 : 0;
}

static void sum_up(struct audit *audit, struct summary *summary)
{
    struct reader *file = &audit->memory.file;
    *summary = (struct summary){0};
    sqlite3_stmt *stmt = reader_prepare(file, "SELECT finding, fen FROM finding");
    while (reader_step(file, stmt)) {
        const int64_t finding = column_int(stmt, 0);
        if (finding >= 0 && finding < FOUND_COUNT) {
            add_finding(summary, (enum finding)finding, column_int(stmt, 1));
        }
    }
    reader_end(stmt);
    stmt = reader_prepare(
        file, "SELECT key, sum(count), sum(fen) FROM tally WHERE tally = ?1 GROUP BY key");
    reader_bind_int(stmt, 1, TALLY_NOTE);
    while (reader_step(file, stmt)) {
        const int64_t finding = column_int(stmt, 0);
        if (finding >= 0 && finding < FOUND_COUNT) {
            summary->kinds[finding].count = column_int(stmt, 1);
            summary->kinds[finding].fen = column_int(stmt, 2);
        }
    }
    reader_end(stmt);
    if (summary->kinds[FOUND_DELIVERY_UNPROVEN].count > 0) {
        summary->unproven_since =
            reader_one(file, "SELECT min(value) FROM mark WHERE name LIKE 'unproven %'", 0);
    }
}

static enum report_status status_of(const struct summary *summary)
{
    return summary->differences > 0 ? REPORT_DIFFERENCES
           : summary->blind > 0     ? REPORT_BLIND
                                    : REPORT_CLEAN;
}

static const char *status_word(enum report_status status)
{
    return status == REPORT_CLEAN         ? "clean"
           : status == REPORT_DIFFERENCES ? "differences"
                                          : "cannot judge";
}

static const char *yuan(int64_t fen, char ret_text[MONEY_TEXT_SIZE])
{
    return money_format_yuan(money_fen(fen), ret_text);
}

static sqlite3_stmt *select_findings(struct audit *audit, enum finding finding, int64_t most)
{
    sqlite3_stmt *stmt = reader_prepare(&audit->memory.file,
                                        "SELECT subject, fen, text FROM finding WHERE finding = ?1"
                                        " ORDER BY subject, text LIMIT ?2");
    reader_bind_int(stmt, 1, (int64_t)finding);
    reader_bind_int(stmt, 2, most);
    return stmt;
}

/* The largest that this process has been. */
static int64_t memory_kib(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

/* ---- text ---- */

static void print_work(const struct audit *audit)
{
    const struct audit_work *work = &audit->work;
    char text[CIVIL_TEXT_SIZE];
    (void)printf("audit of %s, run %" PRId64 "%s\n", civil_format_beijing(audit->now_s, text),
                 audit->memory.run,
                 !audit->memory.kept ? " (nothing remembered)"
                 : audit->memory.forgot
                     ? " (what another version of the auditor remembered is of no use: read anew)"
                     : "");
    (void)printf("read: %" PRId64 " of %" PRId64 " documents (%" PRId64 " of %" PRId64
                 " blocks), %" PRId64 " of %" PRId64 " postings, %" PRId64 " of %" PRId64
                 " bills with %" PRId64 " rows\n",
                 work->documents_read, work->documents_known, work->blocks_read, work->blocks_known,
                 work->postings_read, work->postings_known, work->bills_read, work->bills_known,
                 work->bill_rows);
    (void)printf("      %" PRId64 " past blocks again, %zu journals with %" PRId64
                 " commands, %" PRId64 " meters judged by %" PRId64 " records, %" PRId64
                 " readings\n",
                 work->blocks_rechecked, audit->journal_count, work->journal_commands,
                 work->meters_judged, work->meter_records, work->readings_read);
    if (work->card_meters > 0) {
        (void)printf("      %" PRId64 " card meters with %" PRId64 " tokens and %" PRId64
                     " readings of cards\n",
                     work->card_meters, work->card_tokens, work->card_readings);
    }
}

static void print_not_given(const struct audit *audit)
{
    const struct options *options = audit->options;
    if (options->journals[0] == '\0') {
        (void)printf("not looked at: collectors' journals (none given; the server's copies of their"
                     " answers were used)\n");
    }
    if (options->meters[0] == '\0') {
        (void)printf("not looked at: meters' own records (none given; the read-backs were used)\n");
    }
    if (options->bills[0] == '\0') {
        (void)printf("bills: only the raw bytes that the server stored (no folder given)\n");
    }
}

static void print_totals(struct audit *audit)
{
    struct reader *file = &audit->memory.file;
    char text[MONEY_TEXT_SIZE];
    sqlite3_stmt *stmt = reader_prepare(
        file, "SELECT key, sum(count), sum(fen) FROM tally WHERE tally = ?1 GROUP BY key");
    reader_bind_int(stmt, 1, TALLY_STATE);
    while (reader_step(file, stmt)) {
        (void)printf("%-12s %10" PRId64 " orders %16s yuan\n",
                     fold_state_name((int)column_int(stmt, 0)), column_int(stmt, 1),
                     yuan(column_int(stmt, 2), text));
    }
    reader_end(stmt);
    stmt = reader_prepare(file, "SELECT sum(count), sum(fen) FROM tally WHERE tally = ?1");
    reader_bind_int(stmt, 1, TALLY_STRAY);
    if (reader_step(file, stmt) && column_int(stmt, 0) > 0) {
        (void)printf("%-12s %10" PRId64 "        %16s yuan\n", "stray", column_int(stmt, 0),
                     yuan(column_int(stmt, 1), text));
    }
    reader_end(stmt);
}

static void print_kind(struct audit *audit, enum finding finding, const struct kind_sum *sum)
{
    const struct finding_rule *rule = finding_rule(finding);
    char text[MONEY_TEXT_SIZE];
    (void)printf("\n%s: %s, %" PRId64 "\n  %s\n  -> %s\n", rule->name,
                 finding_weight_name(rule->weight), sum->count, rule->meaning, rule->advice);
    sqlite3_stmt *stmt = select_findings(audit, finding, audit->options->listed);
    int64_t listed = 0;
    while (reader_step(&audit->memory.file, stmt)) {
        (void)printf("  %-26s %14s  %s\n", column_text(stmt, 0), yuan(column_int(stmt, 1), text),
                     column_text(stmt, 2));
        listed += 1;
    }
    reader_end(stmt);
    if (listed < sum->count) {
        (void)printf("  ... and %" PRId64 " more\n", sum->count - listed);
    }
}

static void print_note(const struct summary *summary, enum finding finding)
{
    char text[MONEY_TEXT_SIZE];
    char day[CIVIL_TEXT_SIZE];
    const struct kind_sum *sum = &summary->kinds[finding];
    (void)printf("note %s: %" PRId64 ", %s yuan", finding_rule(finding)->name, sum->count,
                 yuan(sum->fen, text));
    if (finding == FOUND_DELIVERY_UNPROVEN) {
        (void)printf(", unproven since %.10s", civil_format_beijing(summary->unproven_since, day));
    }
    (void)printf(" (%s)\n", finding_rule(finding)->meaning);
}

static void print_text(struct audit *audit, const struct summary *summary)
{
    char loss[MONEY_TEXT_SIZE];
    char gain[MONEY_TEXT_SIZE];
    print_work(audit);
    print_not_given(audit);
    print_totals(audit);
    for (int i = 0; i < FOUND_COUNT; i++) {
        const enum finding finding = (enum finding)i;
        if (summary->kinds[i].count > 0 && finding_rule(finding)->weight == WEIGHT_NOTE) {
            print_note(summary, finding);
        }
    }
    for (int i = 0; i < FOUND_COUNT; i++) {
        const enum finding finding = (enum finding)i;
        if (summary->kinds[i].count > 0 && finding_rule(finding)->weight != WEIGHT_NOTE) {
            print_kind(audit, finding, &summary->kinds[i]);
        }
    }
    (void)printf("\n%s: %" PRId64 " differences, %" PRId64
                 " not judged; loss %s yuan, gain %s yuan\n",
                 status_word(status_of(summary)), summary->differences, summary->blind,
                 yuan(summary->loss_fen, loss), yuan(summary->gain_fen, gain));
}

/* ---- JSON ---- */

static json_t *kind_json(struct audit *audit, enum finding finding, const struct summary *summary)
{
    const struct finding_rule *rule = finding_rule(finding);
    const struct kind_sum *sum = &summary->kinds[finding];
    json_t *object = json_object();
    json_t *list = json_array();
    json_put_text(object, "name", rule->name);
    json_put_text(object, "severity", finding_weight_name(rule->weight));
    json_put_text(object, "meaning", rule->meaning);
    json_put_text(object, "advice", rule->advice);
    json_put_int(object, "count", sum->count);
    json_put_int(object, "fen", sum->fen);
    json_put_int(object, "loss_fen", sum->loss_fen);
    json_put_int(object, "gain_fen", sum->gain_fen);
    if (finding == FOUND_DELIVERY_UNPROVEN) {
        json_put_int(object, "since", summary->unproven_since);
    }
    json_put(object, "list", list);
    sqlite3_stmt *stmt = select_findings(audit, finding, JSON_LISTED_MAX);
    while (reader_step(&audit->memory.file, stmt)) {
        json_t *item = json_object();
        json_put_text(item, "subject", column_text(stmt, 0));
        json_put_int(item, "fen", column_int(stmt, 1));
        json_put_text(item, "text", column_text(stmt, 2));
        MUST(json_array_append_new(list, item) == 0);
    }
    reader_end(stmt);
    return object;
}

static json_t *findings_json(struct audit *audit, const struct summary *summary)
{
    json_t *findings = json_array();
    for (int i = 0; i < FOUND_COUNT; i++) {
        if (summary->kinds[i].count == 0) {
            continue;
        }
        json_t *kind = kind_json(audit, (enum finding)i, summary);
        MUST(json_array_append_new(findings, kind) == 0);
    }
    return findings;
}

static json_t *work_json(const struct audit *audit)
{
    const struct audit_work *work = &audit->work;
    json_t *object = json_object();
    json_put_int(object, "run", audit->memory.run);
    json_put_int(object, "documents_read", work->documents_read);
    json_put_int(object, "documents", work->documents_known);
    json_put_int(object, "blocks_read", work->blocks_read);
    json_put_int(object, "blocks_rechecked", work->blocks_rechecked);
    json_put_int(object, "blocks", work->blocks_known);
    json_put_int(object, "postings_read", work->postings_read);
    json_put_int(object, "postings", work->postings_known);
    json_put_int(object, "bills_read", work->bills_read);
    json_put_int(object, "bills", work->bills_known);
    json_put_int(object, "bill_rows_read", work->bill_rows);
    json_put_int(object, "journals", (int64_t)audit->journal_count);
    json_put_int(object, "journal_commands_read", work->journal_commands);
    json_put_int(object, "meters_judged", work->meters_judged);
    json_put_int(object, "meter_records", work->meter_records);
    json_put_int(object, "readings_read", work->readings_read);
    json_put_int(object, "card_meters", work->card_meters);
    json_put_int(object, "card_tokens", work->card_tokens);
    json_put_int(object, "card_readings", work->card_readings);
    json_put_int(object, "memory_kib", memory_kib());
    return object;
}

static json_t *totals_json(struct audit *audit)
{
    struct reader *file = &audit->memory.file;
    json_t *object = json_object();
    sqlite3_stmt *stmt = reader_prepare(
        file, "SELECT key, sum(count), sum(fen) FROM tally WHERE tally = ?1 GROUP BY key");
    reader_bind_int(stmt, 1, TALLY_STATE);
    while (reader_step(file, stmt)) {
        json_t *state = json_object();
        json_put_int(state, "orders", column_int(stmt, 1));
        json_put_int(state, "fen", column_int(stmt, 2));
        json_put(object, fold_state_name((int)column_int(stmt, 0)), state);
    }
    reader_end(stmt);
    return object;
}

static void print_json(struct audit *audit, const struct summary *summary)
{
    json_t *root = json_object();
    json_put_text(root, "status", status_word(status_of(summary)));
    json_put_int(root, "differences", summary->differences);
    json_put_int(root, "not_judged", summary->blind);
    json_put_int(root, "loss_fen", summary->loss_fen);
    json_put_int(root, "gain_fen", summary->gain_fen);
    json_put_int(root, "at", audit->now_s);
    json_put(root, "read", work_json(audit));
    json_put(root, "states", totals_json(audit));
    json_put(root, "findings", findings_json(audit, summary));
    (void)json_dumpf(root, stdout, JSON_INDENT(1));
    (void)printf("\n");
    json_decref(root);
}

enum report_status report_print(struct audit *audit)
{
    struct summary summary;
    sum_up(audit, &summary);
    if (audit->options->json) {
        print_json(audit, &summary);
    } else {
        print_text(audit, &summary);
    }
    return audit_failed(audit) ? report_failure(audit) : status_of(&summary);
}

enum report_status report_failure(const struct audit *audit)
{
    const char *why = audit->cloud.why[0] != '\0' ? audit->cloud.why : audit->memory.file.why;
    if (audit->options->json) {
        json_t *root = json_object();
        json_put_text(root, "status", status_word(REPORT_BLIND));
        json_put_text(root, "why", why);
        (void)json_dumpf(root, stdout, JSON_INDENT(1));
        (void)printf("\n");
        json_decref(root);
    } else {
        (void)printf("%s: %s\n", status_word(REPORT_BLIND), why);
    }
    return REPORT_BLIND;
}

void report_rules(void)
{
    static const char *const SIDES[SIDE_COUNT] = {"either", "loss", "gain"};
    (void)printf("| finding | severity | side | means | do |\n|---|---|---|---|---|\n");
    for (int i = 0; i < FOUND_COUNT; i++) {
        const struct finding_rule *rule = finding_rule((enum finding)i);
        const bool side = rule->weight == WEIGHT_DIFFERENCE;
        (void)printf("| `%s` | %s | %s | %s | %s |\n", rule->name,
                     finding_weight_name(rule->weight), side ? SIDES[rule->side] : "",
                     rule->meaning, rule->advice);
    }
}
