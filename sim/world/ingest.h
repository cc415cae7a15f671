/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_INGEST_H
#define SHILLING_SIM_WORLD_INGEST_H

#include <stddef.h>

#include "cloud/catalog/account_port.h"
#include "cloud/store/store.h"
#include "common/clock.h"

/*
 * Readings into the database by the server's real cloud/meters/gateway_ingest.c. It works on the
 * gateway's inner struct, which has the name of our double's, so it has a file of its own.
 */
struct ingest_setup {
    struct store *store;
    const struct account_port *accounts;
    const struct clock_port *clock;
    /* Where acknowledgements go. */
    void (*acknowledge)(void *self, const char *text, size_t size);
    void *self;
};

/** A server has started; what an earlier one had is abandoned with it. */
void ingest_begin(const struct ingest_setup *setup);

/** The body of a reading message of the collector's. On the server. */
void ingest_take(const char *text, size_t size);

#endif
