/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_CLIENTS_H
#define SHILLING_DRIVERS_CARDD_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <poll.h>

#include "common/compiler.h"
#include "common/err.h"
#include "drivers/cardd/settings.h"
#include "protocol/cardlink/cardlink.h"

/*
 * The programs that speak to cardd over its UNIX socket. The kernel says who they are
 * (SO_PEERCRED): root, the own user, or a user of the configuration; others are hung up on, and so
 * is a client that does not read what it is told.
 */
struct clients;

enum {
    CLIENTS_MAX = 8,          /* the kiosk, the agent, a field engineer's tool */
    CLIENTS_OUT_SIZE = 65536, /* some two hundred short lines, or six long relays */
    CLIENTS_FDS_MAX = CLIENTS_MAX + 1,
    CLIENTS_NOBODY = 0,
};

/* A client's number is never used again. @p line is borrowed for the call. */
typedef void clients_handler(void *context, uint64_t client, const char *line, size_t size);

/**
 * Listen on the socket of @p settings (borrowed); a socket file left by an earlier life is
 * replaced.
 * @return OK; ERR_EXISTS (something else is at that path), ERR_CONFLICT (another program answers
 * there), ERR_DENIED, ERR_MEMORY, ERR_IO
 *
 * Blocks: no. Allocates: yes.
 */
MUST_CHECK enum err clients_create(const struct settings *settings, clients_handler *handler,
                                   void *context, struct clients **ret_clients);
/**
 * Hang up on all, remove the socket file. NULL is fine.
 *
 * Blocks: no. Allocates: no.
 */
void clients_destroy(struct clients *clients);

/**
 * Fill in what to poll for: CLIENTS_FDS_MAX entries.
 *
 * Blocks: no. Allocates: no.
 */
void clients_poll(const struct clients *clients, struct pollfd ret_fds[CLIENTS_FDS_MAX]);
/**
 * Do what is to be done after poll(); @p fds as filled before.
 *
 * Blocks: no. Allocates: no.
 */
void clients_turn(struct clients *clients, const struct pollfd fds[CLIENTS_FDS_MAX]);

/**
 * Say a line (with its end) to a client; nothing if it has hung up.
 *
 * Blocks: no. Allocates: no.
 */
void clients_say(struct clients *clients, uint64_t client, const char *line);
void clients_say_all(struct clients *clients, const char *line);
/**
 * Hang up on a client that does not speak our language.
 *
 * Blocks: no. Allocates: no.
 */
void clients_refuse(struct clients *clients, uint64_t client);

/**
 * How often cards are to be looked for, as this client wants it; that ends with it.
 *
 * Blocks: no. Allocates: no.
 */
void clients_want(struct clients *clients, uint64_t client, enum cardlink_mode mode);
/**
 * What the most demanding of them wants.
 *
 * Blocks: no. Allocates: no.
 */
enum cardlink_mode clients_wanted(const struct clients *clients);

#endif
