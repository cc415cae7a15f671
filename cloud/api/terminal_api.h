/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_API_TERMINAL_API_H
#define SHILLING_CLOUD_API_TERMINAL_API_H

#include <stdbool.h>

#include "cloud/catalog/account_port.h"
#include "cloud/http/http.h"
#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/err.h"
#include "protocol/api/value.h"

/*
 * The calls of a terminal that are neither orders nor live reads: profile, heartbeat, rooms, the
 * meter page (protocol/MESSAGES.md, section 1; cloud/api/openapi.yaml).
 */
struct terminal_api;

struct terminal_api_config {
    struct store *store; /* all borrowed until terminal_api_destroy() */
    struct http_server *server;
    const struct account_port *accounts;
    enum api_channel wallets[API_CHANNEL_COUNT]; /* those that are configured */
    size_t wallet_count;
    /** Whether new payments are taken, and if not, the word why. Any thread, never blocks. */
    bool (*payments_open)(void *self, char ret_reason[API_WORD_SIZE]);
    void *self;
};

/** Registers the routes too. Before http_server_start(). */
MUST_CHECK enum err terminal_api_create(const struct terminal_api_config *config,
                                        struct terminal_api **ret_api);

/** NULL is allowed. After http_server_stop() and store_close(). */
void terminal_api_destroy(struct terminal_api *api);

#endif
