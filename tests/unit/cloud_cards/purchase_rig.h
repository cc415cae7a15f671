/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_CARDS_PURCHASE_RIG_H
#define SHILLING_TESTS_UNIT_CLOUD_CARDS_PURCHASE_RIG_H

#include "tests/unit/cloud_cards/double_purchase.h"
#include "tests/unit/cloud_cards/relay_rig.h"

/* A purchase card, its meter, and a tenant's way with them. What goes wrong on the way ends the
 * program: nothing after it could be judged. */
enum { WRITE_ROUNDS = 8, ENTER_ROUND = 3, WALLET_ROUND = 6, UPDATES = 3 };

#define PURCHASE_MASTER ((const uint8_t *)"SHILLING TESTKEY")

struct purchase_rig {
    struct card_rig rig;
    struct double_purchase card;
    struct purchase_meter meter;
};

extern struct purchase_rig at;

/** A registered card with nothing on it, and a meter that was never opened. */
void purchase_begin(void);
void purchase_end(void);
/** The token with the keys of such cards is away, or back. */
void purchase_lose_keys(bool lost);

void purchase_buy(const char *terminal);
void purchase_issue(const char *terminal);
/** Begun, bought and issued: the first round is in hand. */
void purchase_begin_write(void);
/** Bought, issued and written. */
void purchase_top_up(void);
/** Lay it again, wherever: the one purchase comes onto it, and nobody pays. */
void purchase_finish(const char *terminal);
/** The meter loads it, once, and says so at the next laying; no try of a key was used up. */
void purchase_check_loaded(int64_t balance_fen);

#endif
