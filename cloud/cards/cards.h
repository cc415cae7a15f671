/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_CARDS_H
#define SHILLING_CLOUD_CARDS_CARDS_H

#include "cloud/cards/vault.h"
#include "cloud/orders/orders.h"
#include "cloud/review/review.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * RF cards: which card belongs to which meter, what a laid card proves and is owed, the tokens
 * that carry value, their replacement, and value that is bought back. A terminal has no key of
 * its own: it gets a card's sector keys for one laying, and a signed right for each write.
 *
 * What is paid is decided by core/order, what is delivered by core/delivery (DELIVERY_CARD_TOKEN),
 * what a card shows by core/card; this module stores and carries out. A token is stored in the very
 * commit that begins its order's credit, and the same order has the same token for ever.
 */
struct cards;

/* Everything is borrowed until cards_destroy(). */
struct cards_setup {
    struct orders *orders;
    struct store *store;
    struct jobs *jobs;
    struct http_server *http;
    const struct clock_port *clock;
    const struct rng_port *rng;
    const struct vault *vault; /* NULL: no cards; a laid one is foreign */
};

/**
 * Register the routes and the gate of orders. Before http_server_start().
 *
 * @return OK; ERR_MEMORY; ERR_UNSUPPORTED a meter was opened under another master key (by its
 *         key_id) than the vault's; errors of store_read()
 */
MUST_CHECK enum err cards_create(const struct cards_setup *setup, struct cards **ret_cards);

/** NULL is allowed. After the http server and the store have stopped. */
void cards_destroy(struct cards *cards);

#endif
