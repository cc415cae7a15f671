/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ADMIN_ADMIN_H
#define SHILLING_CLOUD_ADMIN_ADMIN_H

#include "cloud/catalog/seed.h"
#include "cloud/http/server.h"
#include "cloud/identity/devices.h"
#include "cloud/identity/pki.h"
#include "cloud/meters/gateway.h"
#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * What the operator's own tools ask over the UNIX socket: metrics, the seed, keys of devices; and
 * the one page of the console listener. The subcommands of the program use the same calls when the
 * service is running, because the database has one writer.
 */
struct admin;

struct admin_config {
    struct store *store; /* all borrowed until admin_destroy() */
    struct http_server *server;
    struct devices *devices;
    struct pki *pki;
    struct gateway *gateway;
    seed_opening opening; /* the money side of a seed */
    const char *version;  /* of the program; a literal */
};

/** Registers the routes too. Before http_server_start(). */
MUST_CHECK enum err admin_create(const struct admin_config *config, struct admin **ret_admin);

/** NULL is allowed. After http_server_stop() and store_close(). */
void admin_destroy(struct admin *admin);

#endif
