/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_FOLD_H
#define SHILLING_CLOUD_AUDITOR_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/auditor/dossier.h"
#include "cloud/auditor/part.h"

/*
 * The auditor's own idea of an order: from its events alone, after the tables of docs/money.md, it
 * says what state follows, what was paid, and which postings the ledger must hold.
 */
enum { FOLD_POSTINGS_MAX = 16 };

struct fold_posting {
    const char *step;
    int64_t fen;
    bool found; /* for whoever compares */
};

struct fold {
    char state[DOSSIER_WORD_SIZE];
    int64_t paid_fen; /* as the wallet stated it; 0: never received */
    char trade_no[DOSSIER_NUMBER_SIZE];
    bool credit_started;
    bool refund_numbered;
    bool by_operator; /* DONE by two persons */
    struct fold_posting postings[FOLD_POSTINGS_MAX];
    size_t posting_count;
    size_t fault_count; /* gaps, broken chains, steps that are not allowed: noted in the part */
};

/** Replay the events of @p dossier, which has an order. What is wrong with them goes to @p part. */
void fold_order(const struct dossier *dossier, struct part *part, struct fold *ret_fold);

/** What a step of the ledger debits and credits; false for a step that nobody knows. */
bool fold_accounts(const char *step, const char **ret_debit, const char **ret_credit);

/** The place of @p state in the table of states, 0..; -1 if it is none. */
int fold_state_index(const char *state);

/** Its name. */
const char *fold_state_name(int index);

#endif
