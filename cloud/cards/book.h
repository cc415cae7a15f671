/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_BOOK_H
#define SHILLING_CLOUD_CARDS_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"
#include "core/order/order_number.h"
#include "protocol/api/card.h"
#include "protocol/api/value.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"

/* Rows of the card tables. All functions run in a transaction; those that write, in a writing one.
 */

enum {
    BOOK_WORD_SIZE = 16,
    /* Two slots in hex and what parts them, or a purchase's files. */
    BOOK_EVIDENCE_SIZE = API_CARD_SLOTS * API_CARD_RECORD_SIZE + 4,
};

/* What we gave out for a card meter, and what it last said. */
struct book_account {
    char meter_id[API_ID_SIZE];
    uint8_t meter[CARD_METER_SIZE]; /* its number; once sold to: that which all tokens are for */
    bool is_exchanged; /* the catalogue says so, or has another number by now than that */
    uint16_t key_id;
    uint32_t n;        /* newest number given out; 0: none */
    int64_t total_fen; /* T: what the next token adds to */
    bool has_seen;
    uint32_t seen_seq;
    uint32_t seen_n;
    int64_t seen_total_fen;
    int64_t seen_balance_fen;
    int64_t seen_meter_at;
    uint8_t seen_error;
};

struct book_card {
    char uid_text[CARD_UID_TEXT_SIZE];
    struct card_uid uid;
    char meter_id[API_ID_SIZE];
    uint32_t card_no;
    enum api_card_media media;
    char state[BOOK_WORD_SIZE]; /* "open", "lost", "blocked", "replaced" */
    uint8_t record[CARD_RECORD_SIZE];
};

enum book_token_kind {
    BOOK_PURCHASE,
    BOOK_REVERSAL,    /* of a return case */
    BOOK_CANCEL,      /* of a return case that the meter refused */
    BOOK_REPLACEMENT, /* for another card */
    BOOK_CORRECTION,  /* two persons took a purchase out of T */
    BOOK_TOKEN_KIND_COUNT
};

struct book_token {
    char meter_id[API_ID_SIZE];
    uint32_t n;
    enum book_token_kind kind;
    char document_no[ORDER_NUMBER_SIZE];
    char uid_text[CARD_UID_TEXT_SIZE];
    int64_t amount_fen;
    int64_t total_fen;
    uint8_t record[CARD_RECORD_SIZE];
};

/** ERR_NOT_FOUND: the meter was never opened. ERR_CHECKSUM: the row is none of ours. */
MUST_CHECK enum err book_account_load(struct db *db, const char *meter_id,
                                      struct book_account *ret_account);
/** Begin a meter's account with nothing; one that it has is kept. */
MUST_CHECK enum err book_account_open(struct db *db, const char *meter_id, uint16_t key_id);
/** Store n and T. */
MUST_CHECK enum err book_account_save(struct db *db, const struct book_account *account);
/**
 * Whether tokens were given out for the meter with this one's number under another id: that meter
 * knows numbers and totals that an account which begins anew would give out a second time.
 */
MUST_CHECK enum err book_meter_is_known(struct db *db, const char *meter_id, bool *ret_is_known);
/** Store what the meter said, and which tokens it has taken by that. */
MUST_CHECK enum err book_account_hear(struct db *db, const char *meter_id,
                                      const struct card_return *word);

/** ERR_NOT_FOUND. */
MUST_CHECK enum err book_card_load(struct db *db, const char *uid_text, struct book_card *ret_card);
/** The meter's card that is not replaced. ERR_NOT_FOUND. */
MUST_CHECK enum err book_card_of(struct db *db, const char *meter_id, struct book_card *ret_card);
/** A new card, open. ERR_EXISTS: the UID is known, or the meter has a card. */
MUST_CHECK enum err book_card_insert(struct db *db, const struct book_card *card);
MUST_CHECK enum err book_card_set_state(struct db *db, const char *uid_text, const char *state);
/* What became of a card, and by whose hand. Borrowed. */
struct book_event {
    const char *uid_text;
    const char *event;
    const char *detail;
    const char *person; /* who signed at the desk; "": the server did it by itself */
};
MUST_CHECK enum err book_card_event(struct db *db, const struct book_event *event);

#define BOOK_REFUSED "proof_refused" /* an event; its detail is the terminal's id */
/* By whose word a card refused our proof, since somebody signed for the card at the desk. */
struct book_refusals {
    bool is_told;       /* this terminal said so */
    uint32_t terminals; /* that said so */
};
MUST_CHECK enum err book_refusals(struct db *db, const char *uid_text, const char *terminal_id,
                                  struct book_refusals *ret_refusals);

/* What a card held when it was heard: two words each, "-" for what was not read. */
struct book_evidence {
    char credit[BOOK_EVIDENCE_SIZE];
    char returned[BOOK_EVIDENCE_SIZE];
};
/** The newest evidence of a card with both words of credit. ERR_NOT_FOUND: none. */
MUST_CHECK enum err book_evidence_last(struct db *db, const char *uid_text,
                                       struct book_evidence *ret_evidence);

/** Token @p n of a meter. ERR_NOT_FOUND. */
MUST_CHECK enum err book_token_load(struct db *db, const char *meter_id, uint32_t n,
                                    struct book_token *ret_token);
/** The token of a document. ERR_NOT_FOUND. */
MUST_CHECK enum err book_token_of(struct db *db, const char *document_no,
                                  struct book_token *ret_token);
/** ERR_EXISTS: the number or the document has one already. */
MUST_CHECK enum err book_token_insert(struct db *db, const struct book_token *token);
/** Note that every token up to @p n was seen on the card; but for purchases with a count whose
 * money went back. */
MUST_CHECK enum err book_tokens_written(struct db *db, const char *meter_id, uint32_t n);
/** True if it, or a later one, was seen on the card. */
MUST_CHECK enum err book_token_is_written(struct db *db, const struct book_token *token,
                                          bool *ret_written);
/** True if one of the tokens up to @p n said @p total_fen, or that is 0 as before the first. */
MUST_CHECK enum err book_total_fits(struct db *db, const char *meter_id, uint32_t n,
                                    int64_t total_fen, bool *ret_fits);

/** The meter's orders by card that are paid or may still be, and have no token yet; those of
 * @p purchase_id ("": none) left out. */
MUST_CHECK enum err book_pending(struct db *db, const char *meter_id, const char *purchase_id,
                                 int64_t *ret_fen);

const char *book_token_kind_name(enum book_token_kind kind);

#endif
