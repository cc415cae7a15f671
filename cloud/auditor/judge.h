/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_JUDGE_H
#define SHILLING_CLOUD_AUDITOR_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/auditor/audit.h"
#include "cloud/auditor/dossier.h"
#include "cloud/auditor/fold.h"
#include "cloud/auditor/handover.h"
#include "cloud/auditor/part.h"

/* What the ledger holds of one document. */
struct books {
    int64_t received_fen; /* RECV */
    int64_t credited_fen; /* CUST, METER, CARD */
    int64_t refunded_fen; /* REFOUT */
    int64_t repaid_fen;   /* BANK */
    int credit_count;     /* postings that credit */
    int back_count;       /* postings of ours that pay back */
    int64_t received_at;
    int64_t refunded_at;
};

/* One document on trial. */
struct trial {
    struct audit *audit;
    const struct dossier *dossier;
    struct part *part;
    struct fold fold;
    struct handover handover;
    struct books books;
    bool waits; /* for a bill that is not due, or not here: look again next time */
};

/**
 * Judge one document by all rules; findings and totals go to @p part.
 * @return true if it is settled: nothing but new evidence may change it
 */
bool judge(struct audit *audit, const struct dossier *dossier, struct part *part);

/* The rules, by what they compare. */

/** Sums of the dossier's legs. */
void judge_books_read(struct trial *trial);

/** The fate of the money, and each posting against the event that demands it. */
void judge_books(struct trial *trial);

/** An order against the bills' rows. */
void judge_bills(struct trial *trial);

/** A stray payment against the bill that shows it. */
void judge_stray_bill(struct trial *trial);

/** Bill rows and words for a number that is neither an order nor a stray payment. */
void judge_nobody(struct trial *trial);

/** An order's events against the wallet's own words, and words that nobody heard. */
void judge_words(struct trial *trial);

/** Refund words of a stray payment. */
void judge_stray_words(struct trial *trial);

/** Decisions of people: two signatures each. */
void judge_signatures(struct trial *trial, const struct dossier_event *events, size_t count);

/** The delivery, the collector's words about it, the reservation. */
void judge_delivery(struct trial *trial);

/** Owners, deadlines, and what waits too long. */
void judge_open(struct trial *trial);

/** A stray payment as a whole. */
void judge_stray(struct trial *trial);

/** True if a stray payment of that trade exists; then its number is in @p ret_number. */
bool judge_find_stray(struct audit *audit, const char *channel, const char *trade_no,
                      char ret_number[DOSSIER_NUMBER_SIZE]);

/** When a posting of a document was made; 0 if there is none. */
int64_t judge_posted_at(struct audit *audit, const char *document_no, const char *step);

/** True if the notice is addressed to us, as far as we know who we are. */
bool judge_is_ours(const struct audit *audit, const struct dossier_word *word);

#endif
