/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_PROVIDER_H
#define SHILLING_SIM_WORLD_PROVIDER_H

#include "cloud/payments/pay.h"

/*
 * Both wallets, as a provider with books of its own: what was paid, what was paid back, and when.
 * cloud/payments/pay.h is a call to it over the network (pay_double.c). An Alipay code makes no
 * trade before it is scanned; a WeChat one does at once. Notifies come until they are acknowledged,
 * or not at all.
 */
enum { TRADE_REFUNDS_MAX = 4, PROVIDER_EXPIRY_S = 300 /* as the server asks for it */ };

struct world;

enum trade_refund_state { TRADE_REFUND_PROCESSING, TRADE_REFUND_DONE, TRADE_REFUND_ABNORMAL };

struct trade_refund {
    char refund_no[PAY_REFUND_NO_SIZE]; /* "outside": by somebody at the provider's console */
    int64_t fen;
    enum trade_refund_state state;
    int64_t wall_s; /* when it got there */
};

struct trade {
    char order_no[PAY_ORDER_NO_SIZE];
    char trade_no[PAY_TRADE_NO_SIZE];
    enum pay_wallet wallet;
    int64_t asked_fen;
    int64_t made_ns;
    int64_t expires_ns;
    bool exists; /* for queries */
    bool closed;
    bool given_up; /* canary: the server believes its own time-out */
    bool stray;    /* belongs to no order of ours */
    int64_t paid_fen;
    int64_t paid_ns;
    int64_t fate_ns; /* when its value reached the meter, a balance or the payer; 0: not yet */
    int64_t paid_wall_s;
    bool unbilled;      /* its row is missing in the bill */
    bool told;          /* a statement said paid and nothing of a refund */
    int64_t repaid_fen; /* from our bank account, past the provider */
    struct trade_refund refunds[TRADE_REFUNDS_MAX];
    size_t refund_count;
    int notify_tries;
    bool acknowledged;
};

struct pay {
    struct world *world;
    struct trade *trades; /* @own */
    size_t trade_count;
    size_t trade_room;
    int64_t down_until_ns;
};

struct trade *provider_find(struct pay *pay, const char *order_no);
/** The tenant's telephone says yes. False: the provider takes no money for this code now. */
bool provider_pay(struct pay *pay, const char *order_no);
/** Money with a number that nobody here gave out. */
void provider_pay_stray(struct pay *pay);
/** Somebody pays it back at the provider's console. */
void provider_refund_outside(struct pay *pay, struct trade *trade);
/** What has gone back or is on its way back through the provider. */
int64_t provider_refunded_fen(const struct trade *trade, bool only_done);
/** A meter has taken a purchase: was its payment still there, as far as the server could know? */
void provider_check_bought(struct pay *pay, int64_t fen);
/** The value of this order is on a balance now, or its money with whoever paid it. */
void provider_note_fate(struct pay *pay, const char *order_no);
void provider_finish(struct pay *pay);

#endif
