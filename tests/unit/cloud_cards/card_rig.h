/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_CARDS_CARD_RIG_H
#define SHILLING_TESTS_UNIT_CLOUD_CARDS_CARD_RIG_H

#include "cloud/cards/cards.h"
#include "protocol/api/card.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"
#include "tests/unit/cloud_orders/rig.h"

/*
 * The money path of tests/unit/cloud_orders with the card side on it, cards that are a few arrays
 * of bytes, a meter that obeys the format's rules, and terminals that speak the real messages.
 */
#define UID "4A8B1C2D"
#define UID_2 "11223344"
#define UID_7 "04A1B2C3D4E5F6"
#define ROOM 4
#define METER "m4"

struct card_rig {
    struct rig rig;
    struct vault *vault;
    struct cards *cards;
};

void card_rig_begin(struct card_rig *rig);
void card_rig_restart(struct card_rig *rig);
/** The same, and the server has lost the master key of purchase cards until the end. */
void card_rig_restart_without_purchase(struct card_rig *rig);
void card_rig_end(struct card_rig *rig);

/* ---- a card: what its sectors hold ---- */

struct test_card {
    char uid[API_CARD_UID_SIZE];
    char credit[2][API_CARD_RECORD_SIZE]; /* "" : empty */
    char returned[2][API_CARD_RECORD_SIZE];
};

struct test_card test_card_make(const char *uid);

/* ---- a meter ---- */

struct test_meter {
    uint8_t number[CARD_METER_SIZE];
    uint32_t n;
    int64_t total_fen;
    int64_t balance_fen;
    uint32_t seq;
    bool refuse;       /* the next reversal: its balance is used */
    int64_t limit_fen; /* hoarding limit; 0: none */
    uint8_t error;
};

struct test_meter test_meter_make(void);
/** The card is put into the meter: it takes what is newer and writes its return record. */
void test_meter_load(struct test_meter *meter, struct test_card *card);

/* ---- a terminal ---- */

/* What the cloud said of a laid card. */
struct laid {
    unsigned status;
    char error[API_WORD_SIZE];
    char session_id[ID_TEXT_SIZE];
    char standing[API_WORD_SIZE];
    char state[API_WORD_SIZE]; /* after it was read */
    char reason[API_WORD_SIZE];
    char loaded[API_WORD_SIZE];
    char owed_order_no[API_ORDER_NO_SIZE];
    int64_t owed_fen;
    int64_t headroom_fen;
    int64_t last_fen; /* 0: no top-up before */
    bool has_balance;
    int64_t balance_fen;
    bool has_write;
    struct api_card_write write;
};

/** Lay the card, and read it if it is ours. */
void lay(const char *terminal, const struct test_card *card, struct laid *ret_laid);
/** Only lay it. */
void lay_only(const char *terminal, const char *uid, struct laid *ret_laid);
/** Read it again in the session of @p laid. */
void read_again(const char *terminal, const struct test_card *card, struct laid *laid);

/** An order for the laid card; status, and its number or the error's code. */
unsigned order_card(const char *terminal, const struct laid *laid, int64_t fen,
                    char ret_word[API_ORDER_NO_SIZE]);
/** Lay, order, pay: until PAID. */
void buy(struct card_rig *rig, const char *terminal, const struct test_card *card, int64_t fen,
         char ret_order_no[API_ORDER_NO_SIZE]);

/** Ask for what is to be written; status, and the error's code. */
unsigned issue(const char *terminal, const char *order_no, const char *session_id,
               struct api_card_write *ret_write, char ret_error[API_WORD_SIZE]);
/** Both slots of the card become the token. */
void burn(struct test_card *card, const struct api_card_write *write);
/** Say what was read back; status, and whether the cloud takes it for proven. */
unsigned confirm(const char *terminal, const char *order_no, const struct test_card *card,
                 bool *ret_written, char ret_word[API_WORD_SIZE]);
/** Lay, issue, burn, confirm: the order is DONE. */
void finish(struct card_rig *rig, const char *terminal, struct test_card *card,
            const char *order_no);
/** Buy and finish. */
void top_up(struct card_rig *rig, struct test_card *card, int64_t fen,
            char ret_order_no[API_ORDER_NO_SIZE]);

/* ---- the desk ---- */

/** Members of a body that li signs: he and wang are in every rig. */
#define BY_LI "\"person\":\"li\",\"password\":\"correct horse\""
/** POST to an admin path; status, and the error's code or the member @p name. */
unsigned desk(const char *path, const char *body, const char *name, char ret_word[64]);
/** Open the account of METER with this card, as the desk does once li has signed: most tests need
 * not wait for the hash of his password. */
void open_card(const char *uid, enum api_card_media media);
/** Two persons begin a return case of an order; its number. */
void begin_return(struct card_rig *rig, const char *order_no, char ret_case_no[64]);

/* ---- looking ---- */

void state_of(const struct card_rig *rig, const char *order_no, char ret_state[RIG_STATE_SIZE]);
bool is_state(const struct card_rig *rig, const char *order_no, const char *state);
int64_t account_sum(const struct card_rig *rig, const char *account);

#endif
