/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_DOSSIER_H
#define SHILLING_CLOUD_AUDITOR_DOSSIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/auditor/reader.h"
#include "cloud/auditor/words.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * All that any table says about one document number (an order, a stray payment, or a number that
 * only a bill knows). Dossiers come in the order of their numbers, from tables that are all read
 * side by side in that order, so a million of them need the memory of one.
 */
enum {
    DOSSIER_NUMBER_SIZE = 65,
    DOSSIER_WORD_SIZE = 32,
    DOSSIER_ACTOR_SIZE = 160,
    DOSSIER_DETAIL_SIZE = 1024,
};

struct dossier_order {
    bool there;
    bool credit_started;
    bool refund_numbered;
    int64_t version;
    int64_t amount_fen;
    int64_t paid_fen;
    int64_t created_at;
    int64_t paid_at;
    char channel[DOSSIER_WORD_SIZE];
    char state[DOSSIER_WORD_SIZE];
    char trade_no[DOSSIER_NUMBER_SIZE];
    char credit_to[DOSSIER_WORD_SIZE];
    char kind[DOSSIER_WORD_SIZE];
    char meter_id[DOSSIER_NUMBER_SIZE];
};

struct dossier_event {
    int64_t seq;
    int64_t amount_fen;
    int64_t inbox_id; /* 0: none */
    int64_t at;
    bool currency_wrong;
    char event[DOSSIER_WORD_SIZE];
    char trade_no[DOSSIER_NUMBER_SIZE];
    char from[DOSSIER_WORD_SIZE];
    char to[DOSSIER_WORD_SIZE];
    char actor[DOSSIER_ACTOR_SIZE];
};

struct dossier_delivery {
    bool there;
    int64_t amount_fen;
    int64_t sends;
    int64_t seq; /* 0: none */
    int64_t epoch;
    char meter_id[DOSSIER_NUMBER_SIZE];
    char kind[DOSSIER_WORD_SIZE];
    char stage[DOSSIER_WORD_SIZE];
    char order_number[DOSSIER_WORD_SIZE];
    char command_id[DOSSIER_NUMBER_SIZE];
};

struct dossier_step { /* of a delivery */
    int64_t seq;
    int64_t at;
    char event[DOSSIER_WORD_SIZE];
    char from[DOSSIER_WORD_SIZE];
    char to[DOSSIER_WORD_SIZE];
    char detail[DOSSIER_DETAIL_SIZE];
};

struct dossier_leg {
    int64_t posting_id;
    int64_t at;
    int64_t fen;
    char step[DOSSIER_WORD_SIZE];
    char account[DOSSIER_WORD_SIZE];
    char subject[DOSSIER_NUMBER_SIZE];
};

struct dossier_bill { /* a row of a bill */
    bool refund;
    bool final;
    int64_t day;
    int64_t fen;
    char channel[DOSSIER_WORD_SIZE];
    char refund_no[DOSSIER_NUMBER_SIZE];
    char trade_no[DOSSIER_NUMBER_SIZE];
};

struct dossier_word {
    int64_t inbox_id;
    char channel[DOSSIER_WORD_SIZE];
    char source[DOSSIER_WORD_SIZE];
    struct words words;
};

struct dossier_refund {
    bool there;
    int64_t fen;
    int64_t created_at;
    char refund_no[DOSSIER_NUMBER_SIZE];
};

struct dossier_stray {
    bool there;
    int64_t amount_fen;
    int64_t created_at;
    char channel[DOSSIER_WORD_SIZE];
    char trade_no[DOSSIER_NUMBER_SIZE];
    char seen_as[DOSSIER_NUMBER_SIZE];
    char state[DOSSIER_WORD_SIZE];
};

struct dossier_item {
    bool closed;
    int64_t item_id;
    int64_t due_ms;
    int64_t opened_at;
    char owner[DOSSIER_NUMBER_SIZE];
};

struct dossier_paper {
    char verdict[DOSSIER_WORD_SIZE];
    char kind[DOSSIER_WORD_SIZE]; /* what it said; "" an older terminal did not tell */
};

struct dossier {
    char number[DOSSIER_NUMBER_SIZE];
    uint64_t digest; /* of what may not change once the document is settled */
    struct dossier_order order;
    struct dossier_delivery delivery;
    struct dossier_refund refund;
    struct dossier_stray stray;
    bool has_reservation;
    int64_t reserved_fen;
    char reservation[DOSSIER_WORD_SIZE];
    bool has_evidence; /* people attached something */

    struct dossier_event *events;
    size_t event_count;
    struct dossier_step *steps;
    size_t step_count;
    struct dossier_event *stray_events;
    size_t stray_event_count;
    struct dossier_leg *legs;
    size_t leg_count;
    struct dossier_bill *bills;
    size_t bill_count;
    struct dossier_word *words;
    size_t word_count;
    struct dossier_item *items;
    size_t item_count;
    struct dossier_paper *papers;
    size_t paper_count;
};

struct dossiers; /* the tables being read side by side */

/* Where they come from. */
struct dossier_source {
    struct reader *cloud;      /* borrowed until dossiers_close() */
    struct reader *memory;     /* borrowed: its table bill_row */
    const uint8_t *wechat_key; /* borrowed; NULL: none */
};

/** Prepare to read. @return @own; failures are in the readers */
struct dossiers *dossiers_open(const struct dossier_source *source);

/** NULL is allowed. */
void dossiers_close(struct dossiers *dossiers);

/** Begin with the first number >= @p lo; the last is the one before @p hi. */
void dossiers_seek(struct dossiers *dossiers, const char *lo, const char *hi);

/** The next one; NULL at the end and after a failure. Borrowed until the next call. */
const struct dossier *dossiers_next(struct dossiers *dossiers);

/** Behind every number. */
#define DOSSIER_BEHIND_ALL "\x7F"

#endif
