/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_PRINTD_CLIENTS_H
#define SHILLING_PRINTER_PRINTD_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <poll.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/id.h"
#include "printer/printd/settings.h"
#include "protocol/printjob/printjob.h"

/*
 * The programs that speak to printd over its UNIX socket. The kernel says who they are
 * (SO_PEERCRED): root, the own user, or a user of the configuration; others are hung up on. A
 * client that does not read its answers is hung up on too; it asks again, and gets the same ones.
 */
struct clients;
struct client;

enum {
    CLIENTS_MAX = 8,         /* the kiosk, the agent, a field engineer's tool */
    CLIENTS_JOBS_MAX = 8,    /* jobs whose verdict a client waits for */
    CLIENTS_OUT_SIZE = 8192, /* about forty answers */
    CLIENTS_FDS_MAX = CLIENTS_MAX + 1,
};

/** Called for each whole line. @p line is borrowed for the call. */
typedef void clients_handler(void *context, struct client *client, const char *line, size_t size);

/**
 * Listen on the socket of @p settings; a socket file left by an earlier life is replaced.
 * @return OK; ERR_EXISTS (something else is at that path), ERR_DENIED, ERR_MEMORY, ERR_IO
 */
MUST_CHECK enum err clients_create(const struct settings *settings, clients_handler *handler,
                                   void *context, struct clients **ret_clients);
/** Hang up on all, remove the socket file. NULL is fine. */
void clients_destroy(struct clients *clients);

/** Fill in what to poll for; returns how many of the CLIENTS_FDS_MAX entries are used. */
size_t clients_poll(const struct clients *clients, struct pollfd *ret_fds);
/** Do what is to be done after poll(); @p fds as filled before. */
void clients_turn(struct clients *clients, const struct pollfd *fds, size_t count);

void clients_answer(struct client *client, const struct printjob_answer *answer);
/** Hang up on a client that does not speak our language. */
void clients_refuse(struct client *client);
/** The client wants to hear the verdict on this job. */
void clients_watch(struct client *client, const char job_id[ID_TEXT_SIZE]);
/** Tell the verdict on a job to all who watch it, or the state of the device to all. */
void clients_tell(struct clients *clients, const struct printjob_answer *answer);

#endif
