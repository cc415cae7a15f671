/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_AUDIT_H
#define SHILLING_CLOUD_AUDITOR_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/auditor/card_record.h"
#include "cloud/auditor/memory.h"
#include "cloud/auditor/options.h"
#include "cloud/auditor/reader.h"
#include "cloud/auditor/sums.h"
#include "cloud/auditor/words.h"
#include "common/compiler.h"
#include "common/err.h"

/* One audit: what it reads, what it knows of the whole, and what it did. */
enum {
    AUDIT_JOURNALS_MAX = 64,
    AUDIT_DAYS_MAX = 8192, /* from the first bill on: 22 years */
    AUDIT_DAY_S = 86400,
};

/* A collector's journal. */
struct audit_journal {
    char path[OPTIONS_PATH_SIZE];
    struct reader reader;
    sqlite3_stmt *find;
    int64_t epoch;
    int64_t oldest_at; /* of its commands; older ones were dropped. INT64_MAX: it has none */
};

/* Which days have a bill, by wallet. */
struct audit_days {
    int64_t first;
    bool there[2][AUDIT_DAYS_MAX];
};

/* What the two sides of the broker say about the last send of a delivery. */
enum { AUDIT_REPLY_SIZE = 16 * 1024 };

struct audit_command {
    bool has_journal; /* the journal of that epoch is here */
    bool pruned;      /* and it no longer goes back that far */
    bool in_journal;
    bool began; /* an intent was written */
    bool has_journal_reply;
    bool has_cloud_reply;
    char journal_reply[AUDIT_REPLY_SIZE];
    char cloud_reply[AUDIT_REPLY_SIZE];
};

/* What the run did, for the report. */
struct audit_work {
    int64_t documents_read;
    int64_t documents_known; /* in all, with those that were not read again */
    int64_t blocks_read;
    int64_t blocks_known;
    int64_t blocks_rechecked;
    int64_t postings_read;
    int64_t postings_known;
    int64_t bills_read;
    int64_t bills_known;
    int64_t bill_rows;
    int64_t meters_judged;
    int64_t meter_records;
    int64_t journal_commands;
    int64_t readings_read;
    int64_t card_meters;
    int64_t card_tokens;
    int64_t card_readings;
};

struct audit {
    const struct options *options;
    struct reader cloud;
    struct memory memory;
    int64_t now_s;      /* wall time */
    int64_t service_ms; /* of the server's own clock, when it last wrote */
    struct audit_days days;
    struct audit_journal journals[AUDIT_JOURNALS_MAX];
    size_t journal_count;
    char alipay_app[64]; /* whose notices are ours; "" not known */
    char wechat_merchant[64];
    struct part general; /* findings that belong to no block */
    struct audit_work work;
    struct audit_command command; /* of the delivery being judged */
    struct sums *sums;            /* of the ledger's accounts */
    uint8_t wechat_key[WORDS_KEY_SIZE];
    bool has_wechat_key;
    uint8_t card_key[RECORD_KEY_SIZE]; /* the master key of the cards */
    bool has_card_key;

    /* Looking up. */
    sqlite3_stmt *stray_by_trade;
    sqlite3_stmt *refund_by_number;
    sqlite3_stmt *posting_at;
    sqlite3_stmt *bill_of_stray;
    sqlite3_stmt *command_reply;
    sqlite3_stmt *signatures;
    sqlite3_stmt *touch_meter;
    sqlite3_stmt *card_of_order; /* NULL: a server that knows no cards */
};

/**
 * Run the audit and store its result in the memory. A failure is in ret_audit->cloud.why or
 * ret_audit->memory.file.why. End it with audit_finish() in any case.
 */
MUST_CHECK enum err audit_run(struct audit *audit, const struct options *options);

/** Close everything. What the memory should keep must have been committed before. */
void audit_finish(struct audit *audit);

/** The day in Beijing, as days since 1970-01-01. */
int64_t audit_day(int64_t wall_s);

/** Its text, "2026-11-20". */
enum { AUDIT_DAY_SIZE = 16 };
char *audit_day_format(int64_t day, char ret_text[AUDIT_DAY_SIZE]);

/** Reverse; also "20261120". False for any other text. */
MUST_CHECK bool audit_day_parse(const char *text, int64_t *ret_day);

/** True if the bill of @p channel is here for each day from @p first to @p last. */
bool audit_has_bills(const struct audit *audit, const char *channel, int64_t first, int64_t last);

/** Note that the bill of a day is here. */
void audit_note_bill(struct audit *audit, const char *channel, int64_t day);

/** The last day whose bills must be here by now (the alarm is at 18:00 of the next day). */
int64_t audit_last_due_day(const struct audit *audit);

/** How many of @p count blocks a share of one in @p recheck is (options.h). */
int64_t audit_share(int64_t recheck, int64_t count);

/** True if any statement failed. */
bool audit_failed(const struct audit *audit);

#endif
