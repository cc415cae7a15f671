/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger in the order of its postings, which is the order of time: it is append-only, so what
 * was added up once need not be added up again. Blocks of postings keep a digest; a share of the
 * past ones is digested anew with every run. Then the kept totals are compared with the sums, and
 * what stands on a clearing account with the documents that explain it.
 */
#include <string.h>

#include "cloud/auditor/fold.h"
#include "cloud/auditor/mix.h"
#include "cloud/auditor/passes.h"
#include "common/compiler.h"
#include "common/str.h"

enum { BLOCK_POSTINGS = 8192 };

struct posting {
    int64_t id; /* 0: none yet */
    int64_t at;
    int64_t sum;
    int64_t behind;    /* what the accounts behind RECV and REFOUT took */
    int64_t customers; /* what customers' accounts were credited */
    size_t legs;
    char document_no[PART_SUBJECT_SIZE];
    char step[40];
};

struct ledger {
    struct audit *audit;
    struct part part;
    struct posting posting;
    uint64_t digest;
    bool only_digest;
};

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(text, words[i])) {
            return true;
        }
    }
    return false;
}

/* The provider's own side: what a bill speaks of, and the settlement of it. */
static bool is_provider_side(const char *account)
{
    static const char *const ACCOUNTS[] = {"RECV", "REFOUT", "FEES"};
    return is_one_of(account, ACCOUNTS, ARRAY_COUNT(ACCOUNTS));
}

static bool is_customers(const char *account)
{
    static const char *const ACCOUNTS[] = {"CUST", "METER", "CARD"};
    return is_one_of(account, ACCOUNTS, ARRAY_COUNT(ACCOUNTS));
}

static bool is_clearing(const char *account)
{
    static const char *const ACCOUNTS[] = {"HELD", "REFPAY", "SUSPENSE"};
    return is_one_of(account, ACCOUNTS, ARRAY_COUNT(ACCOUNTS));
}

/* Steps of documents that are neither orders nor stray payments. */
static bool is_own_step(const char *step)
{
    static const char *const STEPS[] = {
        "use_cust",      "use_meter", "use_card",  "take_over_cust", "desk_owe_cust",
        "desk_owe_card", "desk_pay",  "desk_keep", "desk_keep_card", "settle"};
    return is_one_of(step, STEPS, ARRAY_COUNT(STEPS));
}

/* Orders and stray payments are judged with their documents. */
static bool is_judged_elsewhere(const char *document_no)
{
    return document_no[0] == 'S';
}

static void end_posting(struct ledger *ledger)
{
    const struct posting *posting = &ledger->posting;
    if (posting->id == 0 || ledger->only_digest) {
        return;
    }
    if (posting->sum != 0 || posting->legs == 0) {
        part_find(&ledger->part, FOUND_POSTING_UNBALANCED,
                  (struct part_subject){posting->document_no, posting->sum},
                  "step %s, %zu legs, sum %lld fen", posting->step, posting->legs,
                  (long long)posting->sum);
    }
    if (!is_own_step(posting->step)) {
        if (posting->behind != 0) {
            part_add(&ledger->part, TALLY_LEDGER, audit_day(posting->at), posting->behind);
        }
        if (posting->customers != 0 && !is_judged_elsewhere(posting->document_no)) {
            part_find(&ledger->part, FOUND_CREDIT_WITHOUT_ORDER,
                      (struct part_subject){posting->document_no, posting->customers}, "step %s",
                      posting->step);
        }
    }
    ledger->audit->work.postings_read += 1;
}

static void begin_posting(struct ledger *ledger, sqlite3_stmt *stmt)
{
    end_posting(ledger);
    ledger->posting = (struct posting){.id = column_int(stmt, 0), .at = column_int(stmt, 3)};
    column_copy(stmt, 1, ledger->posting.document_no, sizeof(ledger->posting.document_no));
    column_copy(stmt, 2, ledger->posting.step, sizeof(ledger->posting.step));
    ledger->digest = mix_int(mix_int(ledger->digest, ledger->posting.id), ledger->posting.at);
    ledger->digest =
        mix_text(mix_text(ledger->digest, ledger->posting.document_no), ledger->posting.step);
}

static void take_leg(struct ledger *ledger, sqlite3_stmt *stmt)
{
    struct posting *posting = &ledger->posting;
    const char *account = column_text(stmt, 4);
    const char *subject = column_text(stmt, 5);
    const int64_t fen = column_int(stmt, 6);
    ledger->digest = mix_int(mix_text(mix_text(ledger->digest, account), subject), fen);
    if (ledger->only_digest) {
        return;
    }
    posting->legs += 1;
    posting->sum += fen;
    posting->behind -= is_provider_side(account) ? 0 : fen;
    posting->customers -= is_customers(account) ? fen : 0;
    (void)sums_add(ledger->audit->sums, account, subject, fen);
}

static sqlite3_stmt *select_postings(struct audit *audit)
{
    return reader_prepare(&audit->cloud,
                          "SELECT p.posting_id, p.document_no, p.step, p.at, l.account, l.subject,"
                          " l.fen FROM posting p LEFT JOIN leg l ON l.posting_id = p.posting_id"
                          " WHERE p.posting_id >= ?1 AND p.posting_id <= ?2"
                          " ORDER BY p.posting_id, l.line");
}

/* The postings @p first .. @p last. */
static void read_block(struct ledger *ledger, sqlite3_stmt *stmt, int64_t first, int64_t last)
{
    ledger->digest = 0;
    ledger->posting = (struct posting){0};
    reader_bind_int(stmt, 1, first);
    reader_bind_int(stmt, 2, last);
    while (reader_step(&ledger->audit->cloud, stmt)) {
        if (column_int(stmt, 0) != ledger->posting.id) {
            begin_posting(ledger, stmt);
        }
        if (sqlite3_column_type(stmt, 6) != SQLITE_NULL) {
            take_leg(ledger, stmt);
        }
    }
    end_posting(ledger);
    reader_reset(stmt);
}

static void put_block(struct ledger *ledger, int64_t first, int64_t last)
{
    struct memory *memory = &ledger->audit->memory;
    sqlite3_stmt *stmt = reader_prepare(
        &memory->file,
        "INSERT INTO ledger_block (first, last, digest, checked) VALUES (?1, ?2, ?3, ?4)");
    reader_bind_int(stmt, 1, first);
    reader_bind_int(stmt, 2, last);
    reader_bind_int(stmt, 3, (int64_t)ledger->digest);
    reader_bind_int(stmt, 4, memory->run);
    reader_run(&memory->file, stmt);
    reader_end(stmt);
    memory_put_part(memory, &ledger->part);
}

static void read_new(struct ledger *ledger, sqlite3_stmt *stmt)
{
    struct audit *audit = ledger->audit;
    const int64_t end =
        reader_one(&audit->cloud, "SELECT coalesce(max(posting_id), 0) FROM posting", 0);
    int64_t first = memory_mark(&audit->memory, "posting", 0) + 1;
    while (first <= end && !audit_failed(audit)) {
        const int64_t last = first + BLOCK_POSTINGS - 1 < end ? first + BLOCK_POSTINGS - 1 : end;
        char name[PART_NAME_SIZE];
        str_format_cut(name, sizeof(name), "ledger %lld", (long long)first);
        part_clear(&ledger->part, name);
        read_block(ledger, stmt, first, last);
        put_block(ledger, first, last);
        first = last + 1;
    }
    memory_set_mark(&audit->memory, "posting", end);
}

/* ---- past blocks ---- */

static void recheck_block(struct ledger *ledger, sqlite3_stmt *postings, sqlite3_stmt *block)
{
    const int64_t first = column_int(block, 0);
    const int64_t last = column_int(block, 1);
    char name[PART_NAME_SIZE];
    ledger->only_digest = true;
    read_block(ledger, postings, first, last);
    ledger->only_digest = false;
    str_format_cut(name, sizeof(name), "ledger past %lld", (long long)first);
    part_clear(&ledger->part, name);
    if (ledger->digest != (uint64_t)column_int(block, 2)) {
        char subject[PART_SUBJECT_SIZE];
        str_format_cut(subject, sizeof(subject), "postings %lld..%lld", (long long)first,
                       (long long)last);
        part_find(&ledger->part, FOUND_PAST_ROW_CHANGED, (struct part_subject){subject, 0},
                  "the ledger is append-only");
    }
    memory_put_part(&ledger->audit->memory, &ledger->part);
}

static void recheck(struct ledger *ledger, sqlite3_stmt *postings)
{
    struct audit *audit = ledger->audit;
    struct reader *file = &audit->memory.file;
    const int64_t share = audit->options->recheck;
    const int64_t count = reader_one(file, "SELECT count(*) FROM ledger_block", 0);
    sqlite3_stmt *choose = reader_prepare(
        file, "INSERT INTO chosen_postings SELECT first, last, digest FROM ledger_block"
              " WHERE checked < ?1 ORDER BY checked, first LIMIT ?2");
    reader_bind_int(choose, 1, audit->memory.run);
    reader_bind_int(choose, 2, audit_share(share, count));
    reader_run(file, choose);
    reader_end(choose);
    sqlite3_stmt *block = reader_prepare(file, "SELECT first, last, digest FROM chosen_postings");
    while (reader_step(file, block)) {
        recheck_block(ledger, postings, block);
        audit->work.blocks_rechecked += 1;
    }
    reader_end(block);
    reader_exec(file,
                "UPDATE ledger_block SET checked = (SELECT value FROM mark WHERE name = 'run')"
                " WHERE first IN (SELECT first FROM chosen_postings)");
}

/* ---- totals ---- */

static void load_sums(struct audit *audit)
{
    sqlite3_stmt *stmt =
        reader_prepare(&audit->memory.file, "SELECT account, subject, fen FROM account");
    while (reader_step(&audit->memory.file, stmt)) {
        (void)sums_add(audit->sums, column_text(stmt, 0), column_text(stmt, 1),
                       column_int(stmt, 2));
    }
    reader_end(stmt);
}

struct totals {
    struct audit *audit;
    sqlite3_stmt *keep;
    sqlite3_stmt *kept;
    sqlite3_stmt *order;
    sqlite3_stmt *stray;
    sqlite3_stmt *told;
};

static void differs(struct totals *totals, const char *account, const char *subject,
                    int64_t legs_fen, int64_t kept_fen)
{
    char name[PART_SUBJECT_SIZE];
    str_format_cut(name, sizeof(name), "%s%s%s", account, subject[0] != '\0' ? "." : "", subject);
    part_find(&totals->audit->general, FOUND_ACCOUNT_TOTAL,
              (struct part_subject){name, kept_fen - legs_fen}, "legs %lld fen, kept %lld",
              (long long)legs_fen, (long long)kept_fen);
}

/* Open if somebody has the question: an order or stray payment that is not settled. */
static bool is_explained(struct totals *totals, const char *document_no)
{
    struct audit *audit = totals->audit;
    bool open = false;
    reader_bind_text(totals->order, 1, document_no);
    open = reader_step(&audit->cloud, totals->order);
    reader_reset(totals->order);
    if (!open) {
        reader_bind_text(totals->stray, 1, document_no);
        open = reader_step(&audit->cloud, totals->stray);
        reader_reset(totals->stray);
    }
    if (!open) {
        /* What is wrong with this document has been told already, in better words. */
        reader_bind_text(totals->told, 1, document_no);
        open = reader_step(&audit->memory.file, totals->told);
        reader_reset(totals->told);
    }
    return open;
}

static void check_sum(void *self, const char *account, const char *subject, int64_t fen)
{
    struct totals *totals = self;
    struct audit *audit = totals->audit;
    reader_bind_text(totals->keep, 1, account);
    reader_bind_text(totals->keep, 2, subject);
    reader_bind_int(totals->keep, 3, fen);
    reader_run(&audit->memory.file, totals->keep);
    reader_bind_text(totals->kept, 1, account);
    reader_bind_text(totals->kept, 2, subject);
    const int64_t kept = reader_step(&audit->cloud, totals->kept) ? column_int(totals->kept, 0) : 0;
    reader_reset(totals->kept);
    if (kept != fen) {
        differs(totals, account, subject, fen, kept);
    }
    if (is_clearing(account) && !is_explained(totals, subject)) {
        part_find(&audit->general, FOUND_CLEARING_UNEXPLAINED, (struct part_subject){subject, fen},
                  "%s %lld fen", account, (long long)fen);
    }
}

/* Totals that are kept of accounts whose legs add up to 0. */
static void check_kept(struct totals *totals)
{
    struct audit *audit = totals->audit;
    sqlite3_stmt *stmt =
        reader_prepare(&audit->cloud, "SELECT account, subject, fen FROM account_sum"
                                      " WHERE fen <> 0");
    while (reader_step(&audit->cloud, stmt)) {
        const char *account = column_text(stmt, 0);
        const char *subject = column_text(stmt, 1);
        if (sums_get(audit->sums, account, subject) == 0) {
            differs(totals, account, subject, 0, column_int(stmt, 2));
        }
    }
    reader_end(stmt);
}

static void check_totals(struct audit *audit)
{
    struct totals totals = {.audit = audit};
    reader_exec(&audit->memory.file, "DELETE FROM account");
    totals.keep = reader_prepare(&audit->memory.file,
                                 "INSERT INTO account (account, subject, fen) VALUES (?1, ?2, ?3)");
    totals.kept = reader_prepare(&audit->cloud,
                                 "SELECT fen FROM account_sum WHERE account = ?1 AND subject = ?2");
    totals.order =
        reader_prepare(&audit->cloud, "SELECT 1 FROM pay_order WHERE order_no = ?1 AND state NOT IN"
                                      " ('DONE', 'CLOSED', 'REFUNDED')");
    totals.stray = reader_prepare(
        &audit->cloud, "SELECT 1 FROM stray WHERE stray_no = ?1 AND state <> 'REFUNDED'");
    totals.told =
        reader_prepare(&audit->memory.file, "SELECT 1 FROM finding WHERE subject = ?1 LIMIT 1");
    sums_each(audit->sums, check_sum, &totals);
    check_kept(&totals);
    reader_end(totals.keep);
    reader_end(totals.kept);
    reader_end(totals.order);
    reader_end(totals.stray);
    reader_end(totals.told);
}

void ledger_run(struct audit *audit)
{
    struct ledger ledger = {.audit = audit};
    part_init(&ledger.part);
    load_sums(audit);
    sqlite3_stmt *stmt = select_postings(audit);
    read_new(&ledger, stmt);
    recheck(&ledger, stmt);
    reader_end(stmt);
    part_finish(&ledger.part);
    check_totals(audit);
    audit->work.postings_known = memory_mark(&audit->memory, "posting", 0);
}
