/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CATALOG_ACCOUNT_PORT_H
#define SHILLING_CLOUD_CATALOG_ACCOUNT_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/store/db.h"
#include "common/err.h"

/*
 * What the room page, live reads and the ingest of readings need from the money side, as a port:
 * the catalogue and the meters know nothing of orders and ledger. cloud/orders implements it and
 * main.c plugs it in. Functions run inside a transaction (look: also a read-only one).
 */
struct account_view {
    int64_t balance_fen; /* kind cloud: what the ledger owes the customer; may be negative */
    int64_t arrears_fen; /* >= 0 */
    bool has_last_top_up;
    int64_t last_top_up_fen;
    int64_t last_top_up_at;
    bool has_open_order;
    char open_order_terminal[33]; /* which terminal it belongs to */
    bool sale_blocked;            /* a delivery of unknown fate holds the meter */
};

struct account_port {
    /** Everything about one meter's money. */
    enum err (*look)(void *self, struct db *db, const char *meter_id,
                     struct account_view *ret_view);
    /**
     * A register value was read (kind cloud only), in the transaction that stores it: charge what
     * was used since the last one. @p energy_e4 is the register times 10,000. The same or a lower
     * value again must charge nothing.
     */
    enum err (*use)(void *self, struct db *db, const char *meter_id, int64_t energy_e4,
                    int64_t read_at);
    void *self;
};

#endif
