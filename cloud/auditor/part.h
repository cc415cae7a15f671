/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_PART_H
#define SHILLING_CLOUD_AUDITOR_PART_H

#include <stddef.h>
#include <stdint.h>

#include "cloud/auditor/finding.h"
#include "common/compiler.h"

/*
 * The result of one part of the audit (a block of orders, a meter, the ledger): what it found and
 * what it adds to the totals. The whole result is the sum of its parts, so a part whose rows did
 * not change need not be judged again.
 */
enum part_tally {
    TALLY_STATE,         /* key: order state; its orders and what was paid for them */
    TALLY_STRAY,         /* key: 0; stray payments */
    TALLY_NOTE,          /* key: finding; notes are counted, not listed one by one */
    TALLY_BILL_PAID,     /* key: day of the bill, from here on */
    TALLY_BILL_REFUNDED, /* */
    TALLY_LEDGER,        /* what the ledger's accounts behind RECV and REFOUT took that day */
    TALLY_CARRIED,       /* of the bill's day, posted on another one: bill minus ledger */
    TALLY_EXPLAINED,     /* differences that are findings of their own: bill minus ledger */
    TALLY_COUNT
};

enum { PART_SUBJECT_SIZE = 96, PART_TEXT_SIZE = 160, PART_NAME_SIZE = 128 };

struct part_found {
    enum finding finding;
    int64_t fen;
    char subject[PART_SUBJECT_SIZE]; /* order, stray, meter, account, day, file */
    char text[PART_TEXT_SIZE];       /* the particulars */
};

struct part_sum {
    enum part_tally tally;
    int64_t key;
    int64_t count;
    int64_t fen;
};

struct part {
    char name[PART_NAME_SIZE];
    struct part_found *found; /* @own */
    size_t found_count;
    size_t found_room;
    struct part_sum *sums; /* @own */
    size_t sum_count;
    size_t sum_room;
};

/** An empty part; its memory can be used again with part_clear(). */
void part_init(struct part *part);

/** Forget the contents, keep the memory. */
void part_clear(struct part *part, const char *name);

/** Free. */
void part_finish(struct part *part);

/** What a finding is about. */
struct part_subject {
    const char *subject;
    int64_t fen;
};

/** Note a finding; a WEIGHT_NOTE is only counted. */
void part_find(struct part *part, enum finding finding, struct part_subject about,
               const char *format, ...) PRINTF_LIKE(4, 5);

/** Add to a total. */
void part_add(struct part *part, enum part_tally tally, int64_t key, int64_t fen);

#endif
