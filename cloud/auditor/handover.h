/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_HANDOVER_H
#define SHILLING_CLOUD_AUDITOR_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/auditor/dossier.h"
#include "cloud/auditor/part.h"
#include "common/compiler.h"

/*
 * How value is handed over to a meter that keeps its own balance: what its readings prove, and the
 * auditor's own replay of a delivery from its events.
 */

/* What a meter said of itself; a member that was not read is absent. */
struct handover_reading {
    bool has_count;
    bool has_last;
    bool has_balance;
    bool has_total;
    bool has_energy;
    int64_t count;       /* purchases so far */
    int64_t last_fen;    /* amount of the last one */
    int64_t balance_fen; /* remaining less overdraft */
    int64_t total_fen;   /* bought so far */
    int64_t energy;      /* register in 0.01 kWh */
};

/* What may have been used up between two readings, apart from energy. */
struct handover_use {
    int64_t price_e4;    /* 0.0001 yuan per kWh */
    int64_t fixed_fen;   /* fixed charges */
    int64_t energy_step; /* resolution of the register, 0.01 kWh */
};

enum handover_proof {
    HANDOVER_NOT_SHOWN, /* the readings do not show our amount */
    HANDOVER_WINDOW,    /* the balance can only be explained with it */
    HANDOVER_RECORDED,  /* the meter's count or total says so */
    HANDOVER_PROOF_COUNT
};

/** What the two readings prove about @p amount_fen by a meter of @p kind ("count", "order"). */
enum handover_proof handover_judge(const char *kind, const struct handover_reading *before,
                                   const struct handover_reading *after,
                                   const struct handover_use *use, int64_t amount_fen);

/**
 * The readings before and after in a collector's answer to a credit command.
 * @return false if @p reply is not such an answer
 */
MUST_CHECK bool handover_reply_read(const char *reply, struct handover_reading *ret_before,
                                    struct handover_reading *ret_after);

/** The reading in a delivery's row (`before`). @return false if it is none */
MUST_CHECK bool handover_before_read(const char *before, struct handover_reading *ret_reading);

struct handover {
    char stage[DOSSIER_WORD_SIZE];
    enum handover_proof proof; /* of the event that led to DELIVERED */
    int64_t delivered_at;      /* 0: not delivered */
    bool has_before;
    struct handover_reading before; /* at the assignment */
    size_t fault_count;
};

/** Replay the delivery of @p dossier. What is wrong with its events goes to @p part. */
void handover_fold(const struct dossier *dossier, struct part *part, struct handover *ret_handover);

#endif
