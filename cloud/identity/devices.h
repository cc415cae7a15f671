/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_IDENTITY_DEVICES_H
#define SHILLING_CLOUD_IDENTITY_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/http/http.h"
#include "cloud/http/server.h"
#include "cloud/identity/pki.h"
#include "cloud/store/store.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * Who may call: the keys of terminals (and, for the record, of collectors and brokers), in the
 * database and, for the question asked at every request, in memory. Also when each terminal was
 * last heard, in memory only: after a restart everybody counts as heard just now, which lengthens
 * a wait and never shortens it.
 */
struct devices;

enum { DEVICES_TERMINALS_MAX = 20000 };

/* What a device is. */
enum device_kind { DEVICE_TERMINAL, DEVICE_COLLECTOR, DEVICE_BROKER, DEVICE_KIND_COUNT };
const char *device_kind_name(enum device_kind kind);
MUST_CHECK bool device_kind_parse(const char *name, enum device_kind *ret_kind);

/** Both are borrowed until devices_destroy(). Loads nothing yet. */
MUST_CHECK enum err devices_create(struct store *store, const struct clock_port *clock,
                                   struct devices **ret_devices);
void devices_destroy(struct devices *devices);

/** Read keys and terminals anew from the database: at start and whenever they changed. */
MUST_CHECK enum err devices_load(struct devices *devices);

/** The port for the HTTP server. A call also counts as hearing from the terminal. */
struct http_peers_port devices_peers(struct devices *devices);

/* A key and its certificate: serial empty and expires_at 0 where they are not known. */
struct device_key {
    enum device_kind kind;
    char name[PKI_NAME_SIZE];
    struct pki_issued issued;
};

/**
 * Register a key in a writing transaction; call devices_load() after it. A terminal must be in the
 * catalogue (else ERR_NOT_FOUND); its earlier keys stay good until they are revoked. ERR_CONFLICT:
 * the name has a good key under another kind, and at the broker only the name counts.
 */
MUST_CHECK enum err devices_key_add(struct db *db, const struct device_key *key);

/**
 * Revoke all keys of a device; ERR_NOT_FOUND if it has none. devices_load() and
 * devices_write_crl() afterwards.
 */
MUST_CHECK enum err devices_revoke(struct db *db, enum device_kind kind, const char *name);

/** Write the list of revoked certificates anew. @return ERR_DENIED: the CA's key is not here. */
MUST_CHECK enum err devices_write_crl(struct store *store, struct pki *pki,
                                      char ret_why[PKI_WHY_SIZE]);

/**
 * For how long nothing was heard of a terminal, in ms; heartbeats and every other request count.
 * A terminal that was never heard counts from the start of this process; an unknown one likewise.
 * A kiosk is gone after `kiosk_silent` (docs/money.md, "Waits"). Any thread.
 */
int64_t devices_silent_ms(struct devices *devices, const char *terminal_id);

/** How many terminals there are, and how many were heard within the last 60 s. */
void devices_count(struct devices *devices, size_t *ret_known, size_t *ret_heard);

#endif
