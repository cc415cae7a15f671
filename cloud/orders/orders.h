/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_ORDERS_H
#define SHILLING_CLOUD_ORDERS_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/catalog/account_port.h"
#include "cloud/http/http.h"
#include "cloud/jobs/jobs.h"
#include "cloud/meters/gateway.h"
#include "cloud/payments/pay.h"
#include "cloud/store/store.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/config/config.h"
#include "common/err.h"
#include "common/money.h"
#include "common/rng.h"
#include "core/timers/timers.h"
#include "protocol/api/value.h"

/*
 * The money path of the server: orders, deliveries, refunds, the ledger. What may happen is
 * decided by core/order and core/delivery; this module stores what they decide - evidence, event,
 * new state, postings and work to do in one commit - and does the work afterwards: it asks the
 * payment provider, sends meter commands, answers the terminals. Every piece of work is a job in
 * the database and may be done twice without harm, so it goes on after any crash.
 */
struct orders;

struct orders_options {
    struct timers timers;
    uint32_t pay_threads;   /* calls to the payment providers at the same time, 1..32 */
    uint32_t meter_threads; /* meters worked on at the same time, 1..32 */
    bool cut_off;           /* open the relay of a meter whose balance in the cloud is used up */
};

/**
 * Read the groups `timers` (docs/money.md; every member optional, in seconds) and `orders` of the
 * server's configuration. Errors come out of config_finish().
 */
void orders_options_read(struct config *cfg, struct orders_options *ret_options);

/* Everything is borrowed until orders_destroy(), except options, which is copied. */
struct orders_setup {
    struct orders_options options;
    struct store *store;
    struct jobs *jobs;
    struct gateway *gateway;
    struct pay *pay;
    struct http_server *http;
    const struct clock_port *clock;
    const struct rng_port *rng;
    bool test_keys_allowed; /* demo and test: a key service with the test key will do */
};

/**
 * Register the job kinds, the routes and the sink of the gateway. Before http_server_start(),
 * jobs_start() and gateway_start(). The options must be sound (timers_is_sound()).
 *
 * @return OK, ERR_MEMORY
 */
MUST_CHECK enum err orders_create(const struct orders_setup *setup, struct orders **ret_orders);

/**
 * Take up again what was open, by its state. After store_open(), before jobs_start().
 *
 * @return OK or the store's error
 * Blocks: yes.
 */
MUST_CHECK enum err orders_start(struct orders *orders);

/** Stop working and answer who waits. After jobs_stop() and before the gateway's and pay's end. */
void orders_stop(struct orders *orders);

/** NULL is allowed. Stop first. */
void orders_destroy(struct orders *orders);

/* What an order for a card needs from the card side, as a port: orders know nothing of cards. */
enum card_gate {
    CARD_GATE_OPEN,
    CARD_GATE_OVER,    /* no such session (any more): the card is to be laid again */
    CARD_GATE_REFUSED, /* ret_reason says why */
    CARD_GATE_AMOUNT,  /* the meter would not take so much */
    CARD_GATE_COUNT
};

/* The wish: texts are borrowed. */
struct card_wish {
    const char *terminal_id;
    const char *session_id;
    const char *meter_id;
    const char *purchase_id; /* its earlier attempts end before this one begins */
    int64_t amount_fen;
};

enum { CARD_GATE_UID_SIZE = 21 /* hex of 10 bytes */ };

struct card_pass {
    enum card_gate gate;
    char reason[API_WORD_SIZE];
    char uid[CARD_GATE_UID_SIZE]; /* CARD_GATE_OPEN: the card that takes the value */
};

/* Kept with a card's readings: a terminal says that it wrote nothing of an order's token. */
#define CARD_UNTOUCHED "untouched"

struct card_port {
    /** May this laid card be sold to? In a writing transaction. */
    enum err (*gate)(void *self, struct db *db, const struct card_wish *wish,
                     struct card_pass *ret_pass);
    void *self;
};

/** Plug the card side in; without it no card is sold to. Before http_server_start(). */
void orders_set_cards(struct orders *orders, const struct card_port *cards);

/** The money side of the catalogue (cloud/catalog/account_port.h). */
struct account_port orders_account_port(struct orders *orders);

/**
 * Whether new payments are taken; if not, @p ret_reason is a word for the terminal: "disk_full",
 * "out_of_service", "no_wallet", "provider_down". Any thread. Blocks: no.
 */
bool orders_payments_open(struct orders *orders, char ret_reason[API_WORD_SIZE]);

/**
 * In a writing transaction: take over a customer's balance from a former system, once a meter
 * (again with the same amount changes nothing; with another one ERR_EXISTS). Kind cloud only.
 *
 * @param balance negative for a debt; 0 posts nothing
 */
MUST_CHECK enum err orders_open_balance(struct db *db, const char *meter_id, struct money balance);

#endif
