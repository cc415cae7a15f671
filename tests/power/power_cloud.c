/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The server's database under power cuts: payments are received and credited by the real ledger
 * code through the real writer, several in one commit. Afterwards every acknowledged posting is
 * there with its legs, all legs add up to 0, the kept sums are right, and SQLite finds no damage.
 */
#include <stdio.h>
#include <string.h>

#include "cloud/orders/ledger_store.h"
#include "cloud/store/store.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/thread/monitor.h"
#include "tests/power/witness.h"

enum {
    WAVE = 6,
    WAVES_A_RUN = 4,
    PATH_SIZE = 512,
    DOCUMENT_SIZE = 40,
    WORD_SIZE = 16,
    FEN_BASE = 100
};

struct payment {
    char document_no[DOCUMENT_SIZE];
    enum ledger_step step;
    int64_t fen;
};

/* A wave of payments that the writer takes in as it likes. */
static struct payment wave[WAVE];
static struct monitor monitor;
static unsigned answered;
static bool in_service = true;
static struct clock_port wall;

static enum err open_in(const char *dir, struct store **ret_store, char *ret_why)
{
    char path[PATH_SIZE];
    bool fits = str_format(path, sizeof(path), "%s/cloud.db", dir);
    MUST(fits);
    wall = clock_system();
    struct store_config config = {.path = path, .clock = &wall, .reader_count = 1};
    return store_open(&config, ret_store, ret_why);
}

static enum err post(struct db *db, void *arg)
{
    const struct payment *payment = arg;
    const struct ledger_document document = {
        .document_no = payment->document_no, .channel = "wechat", .meter_id = "meter"};
    return ledger_store_post(db, &document, payment->step, money_fen(payment->fen));
}

static void posted(enum err err, void *arg)
{
    const struct payment *payment = arg;
    if (err == OK) {
        witness_ack("posted %s %s %lld", payment->document_no, ledger_step_name(payment->step),
                    (long long)payment->fen);
    }
    monitor_enter(&monitor);
    answered += 1;
    in_service = in_service && err == OK;
    monitor_notify(&monitor);
    monitor_leave(&monitor);
}

static void one_wave(struct store *store, enum ledger_step step)
{
    unsigned submitted = 0;
    answered = 0;
    for (size_t i = 0; i < WAVE; i++) {
        wave[i].step = step;
        submitted += store_submit(store, post, posted, &wave[i]) == OK ? 1 : 0;
    }
    monitor_enter(&monitor);
    while (answered < submitted) {
        monitor_wait(&monitor);
    }
    in_service = in_service && submitted == WAVE;
    monitor_leave(&monitor);
}

/* Closed and opened again now and then: that moves the log into the file. */
static void work(const char *dir, unsigned round)
{
    unsigned number = 0;
    struct store *store = NULL;
    char why[STORE_WHY_SIZE];
    monitor_init(&monitor);
    while (in_service && open_in(dir, &store, why) == OK) {
        for (unsigned i = 0; in_service && i < WAVES_A_RUN; i++) {
            for (unsigned j = 0; j < WAVE; j++) {
                wave[j].fen = FEN_BASE + number + j;
                str_format_cut(wave[j].document_no, DOCUMENT_SIZE, "D%u-%u-%u", round, number, j);
            }
            number += 1;
            one_wave(store, LEDGER_RECEIVE);
            if (in_service) {
                one_wave(store, LEDGER_CREDIT_CUST);
            }
        }
        store_close(store);
    }
    monitor_finish(&monitor);
}

/* Whether a posting is there with two legs of that amount. */
static enum err find_posting(struct db *db, void *arg)
{
    char document_no[DOCUMENT_SIZE];
    char step[DOCUMENT_SIZE];
    long long fen = 0;
    if (sscanf(arg, "posted %39s %39s %lld", document_no, step, &fen) != 3) {
        return ERR_FORMAT;
    }
    struct sql *sql = sql_begin(db, "SELECT count(*), sum(abs(fen)) FROM posting JOIN leg"
                                    " USING (posting_id) WHERE document_no = ?1 AND step = ?2");
    sql_bind_text(sql, 1, document_no);
    sql_bind_text(sql, 2, step);
    enum err err = sql_one(sql);
    if (err == OK && (sql_i64(sql, 0) != 2 || sql_i64(sql, 1) != 2 * fen)) {
        err = ERR_NOT_FOUND;
    }
    return err;
}

static enum err check_whole(struct db *db, void *arg)
{
    (void)arg;
    struct sql *sql = sql_begin(db, "PRAGMA integrity_check(1)");
    enum err err = sql_one(sql);
    if (err != OK || !str_equal(sql_text(sql, 0), "ok")) {
        return ERR_CHECKSUM;
    }
    sql = sql_begin(db, "SELECT (SELECT coalesce(sum(fen), 0) FROM leg),"
                        " (SELECT count(*) FROM posting WHERE NOT EXISTS"
                        "  (SELECT 1 FROM leg WHERE leg.posting_id = posting.posting_id)),"
                        " (SELECT count(*) FROM account_sum a WHERE fen <> (SELECT"
                        "  coalesce(sum(fen), 0) FROM leg l WHERE l.account = a.account AND"
                        "  l.subject = a.subject))");
    err = sql_one(sql);
    bool even = err == OK && sql_i64(sql, 0) == 0 && sql_i64(sql, 1) == 0 && sql_i64(sql, 2) == 0;
    return even ? OK : ERR_CONFLICT;
}

static void check(const char *dir)
{
    struct store *store = NULL;
    char why[STORE_WHY_SIZE];
    enum err err = open_in(dir, &store, why);
    if (err != OK) {
        witness_lost("store: cannot be opened: %s", why);
        return;
    }
    char line[WITNESS_LINE_SIZE];
    while (witness_next(line)) {
        if (store_read(store, find_posting, line) != OK) {
            witness_lost("%s", line);
        }
    }
    err = store_read(store, check_whole, NULL);
    if (err != OK) {
        witness_lost("store: damaged: %s", err_name(err));
    }
    store_close(store);
}

int main(int argc, char **argv)
{
    static const struct witness_plan plan = {.write = work, .check = check};
    return witness_main(argc, argv, &plan);
}
