/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of each day: what the bills say was paid, less what they say went back, is what the
 * ledger's accounts behind RECV and REFOUT took, but for what is carried over to another day and
 * for what a finding of its own explains. What is left belongs to no document that anybody knows.
 */
#include "cloud/auditor/passes.h"
#include "common/compiler.h"
#include "common/str.h"

static void judge_day(struct audit *audit, int64_t day, int64_t left_fen)
{
    char text[AUDIT_DAY_SIZE];
    if (left_fen != 0) {
        part_find(&audit->general, FOUND_DAY_IDENTITY,
                  (struct part_subject){audit_day_format(day, text), -left_fen},
                  "bill minus ledger, carried over and explained: %lld fen", (long long)left_fen);
    }
}

static void judge_identity(struct audit *audit)
{
    struct reader *file = &audit->memory.file;
    sqlite3_stmt *stmt =
        reader_prepare(file, "SELECT key, sum(CASE tally WHEN ?1 THEN fen ELSE -fen END)"
                             " FROM tally WHERE tally IN (?1, ?2, ?3, ?4, ?5) GROUP BY key");
    reader_bind_int(stmt, 1, TALLY_BILL_PAID);
    reader_bind_int(stmt, 2, TALLY_BILL_REFUNDED);
    reader_bind_int(stmt, 3, TALLY_LEDGER);
    reader_bind_int(stmt, 4, TALLY_CARRIED);
    reader_bind_int(stmt, 5, TALLY_EXPLAINED);
    while (reader_step(file, stmt)) {
        judge_day(audit, column_int(stmt, 0), column_int(stmt, 1));
    }
    reader_end(stmt);
}

/* A wallet counts from the day of its first bill or of our first order, if we ever sold by it. */
static void judge_presence(struct audit *audit, const char *channel)
{
    const int64_t first_at =
        reader_one(&audit->cloud, "SELECT created_at FROM pay_order ORDER BY rowid LIMIT 1", 0);
    const int64_t last = audit_last_due_day(audit);
    if (first_at == 0 || sums_get(audit->sums, "RECV", channel) == 0) {
        return;
    }
    for (int64_t day = audit_day(first_at); day <= last; day++) {
        char text[AUDIT_DAY_SIZE];
        char subject[PART_SUBJECT_SIZE];
        if (!audit_has_bills(audit, channel, day, day)) {
            str_format_cut(subject, sizeof(subject), "%s %s", channel, audit_day_format(day, text));
            part_find(&audit->general, FOUND_BILL_MISSING, (struct part_subject){subject, 0},
                      "due since 18:00 of the next day");
        }
    }
}

void days_run(struct audit *audit)
{
    judge_presence(audit, "alipay");
    judge_presence(audit, "wechat");
    judge_identity(audit);
}
