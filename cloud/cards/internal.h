/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_INTERNAL_H
#define SHILLING_CLOUD_CARDS_INTERNAL_H

#include "cloud/cards/book.h"
#include "cloud/cards/cards.h"
#include "cloud/cards/session.h"
#include "cloud/catalog/catalog.h"
#include "cloud/orders/case.h"
#include "cloud/orders/view.h"
#include "core/card/card.h"
#include "core/card/purchase.h"
#include "protocol/card/purchase.h"

/* What the files of cloud/cards share. */

struct cards {
    struct cards_setup setup;
    struct card_sessions *sessions;
};

/* ---- what a slot is worth (slots.c) ---- */

/* Raw slots as a terminal or the desk brought them; hex, "" not read. Borrowed. */
struct slots_raw {
    const char *credit[API_CARD_SLOTS];
    const char *returned[API_CARD_SLOTS];
    const struct purchase_files *purchase; /* a purchase card's in place of slots; NULL: not read */
};

/* The same, checked with the keys. Of a purchase card the slots of credit are its settings and its
 * wallet, and the first of the others is the meter's answer; @p purchase says what counts. */
struct slots {
    struct card_reading reading;
    struct card_purchase_reading purchase;
    struct card_return returned[CARD_SLOT_PAIR]; /* of those that are true */
};

/** Check raw slots of a card of @p account. In any transaction. */
MUST_CHECK enum err slots_check(const struct cards *cards, struct db *db,
                                const struct book_account *account, const struct book_card *card,
                                const struct slots_raw *raw, struct slots *ret_slots);

/** True if just one credit slot is true: @p ret_first is the other, which is written first. Its
 * looks, which are all that a terminal knows, may be those of a newer one. */
MUST_CHECK bool slots_first(const struct card_reading *reading, uint8_t *ret_first);

/* ---- giving out (token.c) ---- */

/**
 * The next number of this database for a document that is no order: @p kind, two letters, stands
 * in place of an order's, so that whoever reads it looks for no payment.
 */
MUST_CHECK enum err token_document(const struct cards *cards, struct db *db, const char *kind,
                                   char ret_number[ORDER_NUMBER_SIZE]);

struct token_wish {
    enum book_token_kind kind;
    const char *document_no; /* NULL: a number of its own */
    int64_t amount_fen;      /* for the meter's display */
    int64_t total_fen;       /* T that it says */
};

/**
 * Sign and store the meter's next token for @p card; @p account follows. In a writing transaction.
 *
 * @return OK; ERR_RANGE the meter's numbers or T are used up; ERR_UNSUPPORTED the meter is under
 *         another master key than the vault's
 */
MUST_CHECK enum err token_issue(const struct cards *cards, struct db *db,
                                const struct book_card *card, struct book_account *account,
                                const struct token_wish *wish, struct book_token *ret_token);

/** True if @p card may carry @p token: its own; or its meter's, if the card carries purchases that
 * only the meter's count makes single. */
bool token_is_for(const struct book_token *token, const struct book_card *card);

/* Who is to write a token to which card. Borrowed. */
struct token_reader {
    const struct book_account *account;
    const struct book_card *card;
    const char *terminal_id;
    int64_t wall_s;
};

/**
 * What a terminal needs to write @p token: keys and the signed right to do so; or the first of the
 * rounds that do it. ERR_CONFLICT: the token was made for another card, on which no meter would
 * believe it.
 */
MUST_CHECK enum err token_write(const struct cards *cards, const struct token_reader *reader,
                                const struct book_token *token, struct api_card_write *ret_write);

/** Keys of a laid classic card: to read it all, and to write its credit slots. */
MUST_CHECK enum err token_read_keys(const struct cards *cards, const struct book_account *account,
                                    const struct card_uid *uid, struct api_card_keys *ret_keys);

/* ---- taking in (take.c) ---- */

/* One reading of a laid card, and what became of it. */
struct take {
    struct cards *cards;
    char terminal_id[API_ID_SIZE]; /* "": the desk */
    char uid_text[CARD_UID_TEXT_SIZE];
    char document_no[ORDER_NUMBER_SIZE]; /* of a confirmation; "": the card was laid */
    struct slots_raw raw;
    /* results */
    struct book_account account;
    struct book_card card;
    struct slots slots;
    struct card_verdict verdict;
    bool is_doubtful; /* a purchase card: nobody knows what the meter takes from it */
};

/**
 * In a writing transaction: check the slots, keep them as evidence, and carry out everything that
 * they prove - orders that are written, what the meter said, return cases that end by it; give out
 * a correction that is due. ERR_NOT_FOUND: no such card.
 */
MUST_CHECK enum err take_reading(struct db *db, struct take *take);

/** True if nothing on the card speaks against it: it is at most not sold to now. */
bool take_is_believed(const struct take *take);

/**
 * In a writing transaction: a relayed card answered, and could not prove our keys, or its answers
 * were altered on their way. That is kept, and a person must look at it, as with a card of sectors.
 */
MUST_CHECK enum err take_forged(struct db *db, struct take *take);

/**
 * refused.c. In a writing transaction: a relayed card refused our proof, as its terminal says -
 * nothing proves that it did. It is noted and told; a card that counts wrong tries is not tried
 * again at this terminal until somebody has signed for it at the desk, and is blocked when a second
 * terminal says the same. ERR_NOT_FOUND: no such card.
 */
MUST_CHECK enum err take_refused(struct db *db, struct take *take);

/** Only judge: in any transaction, and nothing is stored. @p take is a struct take. */
MUST_CHECK enum err take_look(struct db *db, void *take);

/**
 * In a writing transaction: what a terminal read back after writing @p token to @p take's card;
 * @p ret_written if both slots prove it. ERR_NOT_FOUND: no such card.
 */
MUST_CHECK enum err take_confirmation(struct db *db, struct take *take,
                                      const struct book_token *token, bool *ret_written);

/**
 * In any transaction, for a relayed card, which was read in our own rounds: @p ret_written if @p
 * take's card held @p token, or a later one, when it was heard last, and that was carried out.
 * Nothing is stored. ERR_NOT_FOUND: no such card.
 */
MUST_CHECK enum err take_last(struct db *db, struct take *take, const struct book_token *token,
                              bool *ret_written);

/** In a writing transaction: the terminal says that nothing was written to @p take's card. That is
 * kept for the papers of @p take's document, and proves nothing. */
MUST_CHECK enum err take_untouched(struct db *db, struct take *take);

/** In a writing transaction: every token up to @p n of this meter is on the card. */
MUST_CHECK enum err take_proof(struct cards *cards, struct db *db, const char *meter_id,
                               uint32_t n);

/** In a writing transaction: the meter's issued orders behind token @p after_n that are not proven
 * written come before two persons now, and not after thirty days. */
MUST_CHECK enum err take_to_persons(struct cards *cards, struct db *db, const char *meter_id,
                                    uint32_t after_n);

/** The first of the meter's paid orders that are not proven written, and the sum of them all. */
MUST_CHECK enum err take_owed(struct db *db, const struct book_account *account, bool *ret_owes,
                              char ret_order_no[ORDER_NUMBER_SIZE], int64_t *ret_fen);

/** The first order for this card that is paid and has no token yet, and its amount. */
MUST_CHECK enum err take_waiting(struct db *db, const char *uid_text, bool *ret_waits,
                                 char ret_order_no[ORDER_NUMBER_SIZE], int64_t *ret_fen);

/* ---- return cases (return_case.c) ---- */

/** True if the meter has taken more than T: it must give it back before anything is sold to it. */
bool return_is_behind(const struct book_account *account);

/** True while value of this meter is being bought back, or it is behind. */
MUST_CHECK enum err return_is_open(struct db *db, const char *meter_id, bool *ret_open);

/** After the meter has spoken: end an open case by its word. */
MUST_CHECK enum err return_hear(struct cards *cards, struct db *db, struct book_account *account,
                                const struct card_return *word);

/* One person's wish that an order's value be bought back, and what came of it. */
struct return_wish {
    struct cards *cards;
    char order_no[ORDER_NUMBER_SIZE];
    char person[PERSON_NAME_SIZE]; /* who gave his password just now */
    /* results */
    const char *refused; /* NULL, or a word */
    bool issued;         /* it was the second one: the reversal is given out */
    char case_no[ORDER_NUMBER_SIZE];
    uint32_t n;
};

/** In a writing transaction; @p wish is a struct return_wish. ERR_NOT_FOUND: no such order. */
MUST_CHECK enum err return_begin(struct db *db, void *wish);

enum { DESK_SECOND_MS = 30 * 60 * 1000 /* the second person comes within half an hour */ };

/* ---- payouts of return cases (payout.c) ---- */

/* What a reversed case leaves. Borrowed. */
struct payout {
    const char *case_no;
    const char *meter_id;
    int64_t amount_fen;
};

/** True if the order's wallet has paid the whole of it back without us: nothing is due. */
bool payout_is_kept(const struct money_case *c);

/** True if a wallet or its bill shows a refund that is not ours, and not the whole: what is due
 * then, no machine knows. */
MUST_CHECK enum err payout_is_unclear(const struct money_case *c, bool *ret_unclear);

/** In a writing transaction: the desk owes it to the payer of @p c; an open item with an owner. */
MUST_CHECK enum err payout_owe(const struct money_case *c, const struct payout *payout);

/** In a writing transaction: it makes good what the wallet's own refund had cost us. */
MUST_CHECK enum err payout_keep(struct db *db, const struct payout *payout);

enum { PAYOUT_DECIDED_SIZE = 160 };

/* One person's word that the desk pays a reversed case out. Money is handed over when two have
 * given it, and the answer is that it is booked: not before. */
struct payout_wish {
    struct cards *cards;
    char case_no[ORDER_NUMBER_SIZE];
    char person[PERSON_NAME_SIZE];
    /* results */
    char order_no[ORDER_NUMBER_SIZE]; /* payout_order() */
    const char *refused;
    char decided[PAYOUT_DECIDED_SIZE]; /* nothing is owed: how the case stands, and by whom */
    bool paid;                         /* it was the second one: booked */
};

/** In any transaction: the order whose wallet must be asked before @p wish, a struct payout_wish;
 * "" if nothing is owed. ERR_NOT_FOUND: no such case. */
MUST_CHECK enum err payout_order(struct db *db, void *wish);

/** In a writing transaction; @p wish is a struct payout_wish. ERR_NOT_FOUND: no such case. */
MUST_CHECK enum err return_pay_out(struct db *db, void *wish);

/* ---- the desk (desk.c) ---- */

/* A blank card for a meter, or in place of another card. */
struct desk_issue {
    struct cards *cards;
    char uid_text[CARD_UID_TEXT_SIZE];
    char old_uid[CARD_UID_TEXT_SIZE];       /* the card that it replaces; "": the meter's first */
    char meter_id[API_ID_SIZE];             /* first card only; else a result */
    char customer_no[CARD_METER_TEXT_SIZE]; /* first card only: must be the meter's; "": any */
    char person[PERSON_NAME_SIZE];          /* who gave his password just now */
    enum api_card_media media;
    uint8_t serial[PURCHASE_SERIAL_SIZE]; /* of a purchase card, whose keys are wanted ... */
    bool has_serial;                      /* ... if the reader has told it */
    /* results */
    const char *refused; /* NULL, or a word */
    struct book_card card;
    struct book_account account;
    uint8_t customer[CARD_METER_SIZE]; /* a purchase card's: as its meter knows the customer */
};

/** In a writing transaction; @p issue is a struct desk_issue. ERR_NOT_FOUND: no such meter, card.
 */
MUST_CHECK enum err desk_issue(struct db *db, void *issue);

/** In a writing transaction, which writes down that the keys of @p issue's uid_text leave the
 * server, and of which number: load its card and account. Refused for another number than that of a
 * purchase card, which is written down too. ERR_NOT_FOUND: no such card. */
MUST_CHECK enum err desk_keys(struct db *db, void *issue);

/* Another state of a card: "open", "lost", "blocked". */
struct desk_state {
    char uid_text[CARD_UID_TEXT_SIZE];
    char person[PERSON_NAME_SIZE]; /* as in struct desk_issue */
    const char *state;
    const char *refused;
};

/** In a writing transaction; @p wish is a struct desk_state. ERR_NOT_FOUND: no such card. */
MUST_CHECK enum err desk_set_state(struct db *db, void *wish);

/* What a reader at the desk saw, or somebody brought on paper. */
struct desk_taking {
    struct take take;
    const char *what;              /* was brought; borrowed. NULL: it is only judged */
    char person[PERSON_NAME_SIZE]; /* as in struct desk_issue */
};

/** In a writing transaction; @p taking is a struct desk_taking: take_reading(), and write down
 * whose word it is. ERR_NOT_FOUND: no such card. */
MUST_CHECK enum err desk_take(struct db *db, void *taking);

/* Everything that is known of a card, and everything that waits for somebody. */
struct desk_shown {
    char uid_text[CARD_UID_TEXT_SIZE];
    const char *meter_id; /* list: this meter's cards, too; NULL: none */
    const char *number;   /* case: its own, or its order's, of which it is the last */
    json_t *json;         /* @own given */
};
/** ERR_NOT_FOUND. In any transaction. */
MUST_CHECK enum err desk_show(struct db *db, void *shown);
MUST_CHECK enum err desk_list(struct db *db, void *shown);
/** A return case, also one that has ended. */
MUST_CHECK enum err desk_case(struct db *db, void *shown);

/* ---- what terminals are refused (write_call.c) ---- */

/* Why there is nothing to write. */
enum refusal {
    REFUSED_NOT,
    REFUSED_OVER, /* no such session */
    REFUSED_WRONG_CARD,
    REFUSED_NOT_PAID, /* nothing to write for this order: not yet, or not any more */
    REFUSED_RETURN_CASE,
    REFUSED_CARD,  /* not read, with something wrong on it, or blocked, lost, replaced meanwhile; or
                    * its meter was exchanged */
    REFUSED_STALE, /* a later token went out */
    REFUSED_COUNT
};

/**
 * In any transaction: may @p token of @p account, which has been given out before, still be
 * written? An order's may not when its money goes back, nor any when a later one went out or the
 * meter was exchanged.
 */
MUST_CHECK enum err refusal_of_token(struct db *db, const struct book_account *account,
                                     const struct book_token *token, enum refusal *ret_refusal);

void refusal_reply(struct http_request *request, enum refusal refusal);

/* ---- answers with keys or tokens in them (cards.c) ---- */

/* Writes @p value as JSON: one of protocol/api/card.h's encoders. */
typedef enum err (*cards_encode)(const void *value, char *ret_text, size_t size, size_t *ret_size);

/** Answer with @p value, and wipe the text. */
void cards_reply(struct http_request *request, cards_encode encode, const void *value);

/* ---- routes ---- */
void lay_routes(struct cards *cards);
void write_routes(struct cards *cards);
void round_routes(struct cards *cards);
void desk_routes(struct cards *cards);
void desk_read_routes(struct cards *cards);

/* desk_call.c: what both share. The functions that return false have answered the request. */
void desk_reply_err(struct http_request *request, enum err err);
/** @p refused: the word why not, or NULL. */
MUST_CHECK bool desk_is_granted(struct http_request *request, enum err err, const char *refused);
MUST_CHECK bool desk_has_vault(const struct cards *cards, struct http_request *request);
MUST_CHECK bool desk_take_uid(struct http_request *request, const char *text, const char *field,
                              char ret_uid[CARD_UID_TEXT_SIZE]);
/** Who signs: the body must name a person, with the right password. */
MUST_CHECK bool desk_take_person(const struct cards *cards, struct http_request *request,
                                 char ret_name[PERSON_NAME_SIZE]);
/** The body's number of a purchase card, if it has one. */
MUST_CHECK bool desk_take_serial(struct http_request *request, struct desk_issue *issue);
/** What is to be written to the card: its issue record, and all trailers or all keys. */
void desk_reply_issued(struct http_request *request, const struct desk_issue *issue);

/* ---- the gate of orders (gate.c) ---- */

/**
 * What the meter still takes; its profile must have a limit. Everything that comes on top of its
 * balance counts: what was given out and is not in the meter yet, and @p pending_fen, paid or about
 * to be, without a token.
 */
int64_t gate_headroom(const struct catalog_meter *meter, const struct book_account *account,
                      int64_t pending_fen);

/** True if the meter takes @p amount_fen more, and T can be that high. */
bool gate_takes(const struct catalog_meter *meter, const struct book_account *account,
                int64_t pending_fen, int64_t amount_fen);

/** As cloud/orders calls it. */
MUST_CHECK enum err gate_pass(void *cards, struct db *db, const struct card_wish *wish,
                              struct card_pass *ret_pass);

#endif
