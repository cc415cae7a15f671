/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_CARDS_H
#define SHILLING_CLOUD_AUDITOR_CARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/auditor/audit.h"
#include "cloud/auditor/card_record.h"
#include "cloud/auditor/part.h"

/*
 * A meter without a network on trial: what was given out for it, what cards and meter showed, what
 * was bought back. All rows of one meter are in memory at a time.
 */
enum { CARDS_ID_SIZE = 65, CARDS_UID_SIZE = 24, CARDS_WORD_SIZE = 16 };

struct cards_card {
    char uid[CARDS_UID_SIZE];
    int64_t card_no;
    bool is_whole; /* its issue record is */
    struct record issue;
    bool has_signer; /* the master key was given, and is that of its records */
    struct record_signer signer;
};

struct cards_token {
    int64_t n;
    int64_t amount_fen;
    int64_t total_fen;
    int64_t issued_at;
    char kind[CARDS_WORD_SIZE];
    char document_no[CARDS_ID_SIZE];
    char uid[CARDS_UID_SIZE];
    bool has_bytes;
    uint8_t bytes[RECORD_SIZE];

    bool has_order; /* its document is one; then the rest is of that */
    char state[CARDS_WORD_SIZE];
    char stage[CARDS_WORD_SIZE]; /* of the delivery; "" without one */
    char meter_id[CARDS_ID_SIZE];
    char order_uid[CARDS_UID_SIZE];
    int64_t order_fen;
    int64_t paid_fen;
    int64_t seq;         /* of the delivery */
    bool by_people;      /* two persons settled it as delivered */
    bool back_by_people; /* ... as not delivered, though it was issued */
    int64_t back_at;     /* the posting that came with that: their order */
    bool has_owner;      /* somebody is to call the tenant */

    bool was_seen;    /* this very token lay on its card, or the meter has answered it */
    int64_t purchase; /* on a card that counts: its number there; 0 if its money went back */
};

/* What the meter said of itself. */
struct cards_word {
    uint8_t meter[RECORD_METER_SIZE];
    int64_t seq; /* of a meter that counts: its count */
    int64_t n;
    int64_t total_fen;
    int64_t balance_fen;
    int64_t energy;
    int64_t error;
    uint8_t bytes[RECORD_SIGNED_SIZE];
};

struct cards_case { /* value that is bought back */
    char case_no[CARDS_ID_SIZE];
    char order_no[CARDS_ID_SIZE];
    char stage[CARDS_WORD_SIZE];
    char payout[CARDS_WORD_SIZE];
    char payer[CARDS_ID_SIZE * 2];
    char order_state[CARDS_WORD_SIZE];
    char order_stage[CARDS_WORD_SIZE];
    bool is_signed; /* by two persons */
    bool had_word;
    int64_t had_seq;
    int64_t amount_fen;
    int64_t order_paid_fen;
    int64_t n;
    int64_t total_fen;
    int64_t cancel_n;
};

struct cards_account {
    bool there;
    int64_t n;
    int64_t total_fen;
    bool has_word;
    int64_t seq;
    int64_t word_n;
    int64_t word_total_fen;
    int64_t word_balance_fen;
};

struct cards_meter {
    struct audit *audit;
    struct part *part;
    char meter_id[CARDS_ID_SIZE];
    bool counts; /* its cards carry purchases with a count */
    struct cards_account account;
    struct cards_card *cards;
    size_t card_count;
    size_t card_room;
    struct cards_token *tokens; /* by N */
    size_t token_count;
    size_t token_room;
    struct cards_word *words;
    size_t word_count;
    size_t word_room;
    struct cards_case *cases;
    size_t case_count;
    size_t case_room;
    int64_t purchases; /* of a meter that counts: those whose money did not go back */
    int64_t given_fen; /* T after all that was given out and taken out */

    sqlite3_stmt *readings;
    sqlite3_stmt *legs;
    sqlite3_stmt *item;
    sqlite3_stmt *back;
};

/** The token with that number; NULL if there is none. Borrowed. */
struct cards_token *cards_find_token(struct cards_meter *meter, int64_t n);

/** The card with that UID; NULL if it is not one of this meter's. Borrowed. */
struct cards_card *cards_find_card(struct cards_meter *meter, const char *uid);

/** Room for one word more; the count is raised. Borrowed. */
struct cards_word *cards_add_word(struct cards_meter *meter);

/**
 * True if the key that signs the record is here; if not, it is noted that its MAC was not checked.
 */
bool cards_can_check(struct cards_meter *meter, const struct cards_card *card,
                     const struct record *record);

/** True if the money of an order in that state went back, or goes. */
bool cards_is_back(const char *state);

/** Read what cards showed: tokens that were seen, words of the meter, what was never ours. */
void cards_read(struct cards_meter *meter);

/** Numbers, totals, records, and the orders behind the tokens. */
void cards_judge_tokens(struct cards_meter *meter);

/** What the meter said against what was given out, and against itself. */
void cards_judge_words(struct cards_meter *meter);

/** Value that was bought back: the meter's word, two persons, the ledger. */
void cards_judge_cases(struct cards_meter *meter);

#endif
