/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_METERS_GATEWAY_H
#define SHILLING_CLOUD_METERS_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/catalog/account_port.h"
#include "cloud/store/store.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"
#include "protocol/bus/command.h"
#include "protocol/bus/reply.h"

/*
 * Commands to collectors and their replies (protocol/MESSAGES.md, section 2).
 *
 * read and ping are questions: gateway_ask() brings the answer, or says at the deadline that there
 * is none. credit, relay and void are journalled: gateway_send() only sends, as often as it is
 * called, and every reply to any of them - the first, a repeated one, one that comes a day later -
 * goes to the sink. The sink stores it and, when that is durable, calls gateway_confirm(); until
 * then the collector repeats it. Silence is not reported: who sent a journalled command has a job
 * in the database that will ask.
 */
struct gateway;

enum {
    GATEWAY_QUESTIONS_MAX = 1024, /* open at one time; a bus answers 3 a second */
    GATEWAY_COLLECTORS_MAX = 1000,
};

/* Where the broker is. Texts are borrowed until gateway_destroy(). */
struct gateway_config {
    const char *host;
    uint16_t port;
    const char *client_id;
    const char *ca_path; /* NULL: without TLS, for a broker on this machine only */
    const char *certificate_path;
    const char *key_path;
    struct store *store;
    const struct clock_port *clock;
    const struct rng_port *rng;
    const struct account_port *accounts;
};

/** Nothing is sent yet. */
MUST_CHECK enum err gateway_create(const struct gateway_config *config,
                                   struct gateway **ret_gateway);

/**
 * Start the thread and go on connecting until a broker is there.
 * @return ERR_FORMAT certificate or key cannot be used; ERR_MEMORY, ERR_IO
 */
MUST_CHECK enum err gateway_start(struct gateway *gateway);

/** Open questions end with ERR_UNAVAILABLE; no callback runs after this. */
void gateway_stop(struct gateway *gateway);

/** NULL is allowed. Stop first, and close the store: its callbacks may still confirm things. */
void gateway_destroy(struct gateway *gateway);

/** Collectors or meters changed in the database: load them again and tell the collectors. */
void gateway_catalog_changed(struct gateway *gateway);

/** True while connected to the broker. Any thread. */
bool gateway_is_connected(const struct gateway *gateway);

/* Totals since the start, for the metrics page. */
struct gateway_counters {
    uint64_t questions;
    uint64_t unanswered; /* of these */
    uint64_t readings;   /* messages stored, repetitions too */
    uint64_t refused;    /* messages that could not be read */
    uint64_t strangers;  /* messages of collectors that are unknown or revoked */
    uint64_t doubles;    /* two collectors under one name were noticed (at most once a minute) */
    uint64_t collectors;
    uint64_t collectors_online;
};
void gateway_get_counters(struct gateway *gateway, struct gateway_counters *ret_counters);

/* What is known of a collector. */
struct gateway_collector {
    bool online;
    bool trusted;            /* its key is enrolled and not revoked, or the broker has no TLS */
    uint32_t epoch;          /* of its journal; 0: never heard of it */
    char boot[ID_TEXT_SIZE]; /* of its run: every start is another; empty: never heard of it */
};
/** ERR_NOT_FOUND: no such collector. Any thread. */
MUST_CHECK enum err gateway_collector_get(struct gateway *gateway, const char *collector_id,
                                          struct gateway_collector *ret_collector);

/**
 * The answer to a question. Called once, in the gateway's thread: short, never blocking.
 * @param reply  borrowed during the call; NULL: none came in time
 * @param why    OK with a reply; ERR_TIMEOUT, or ERR_UNAVAILABLE when the gateway stops
 */
typedef void (*gateway_answer)(void *self, const struct bus_reply *reply, enum err why);

/**
 * Ask a collector (BUS_OP_READ or BUS_OP_PING). command->deadline_ms also bounds the wait here.
 * The id on the wire is the command's with another version digit (see gateway.c).
 *
 * @return OK, then @p answer is called exactly once; ERR_UNAVAILABLE broker or collector offline;
 *         ERR_NOT_FOUND no such collector; ERR_FULL too many questions are open
 * Blocks: no. Any thread, also from a callback of the gateway's.
 */
MUST_CHECK enum err gateway_ask(struct gateway *gateway, const char *collector_id,
                                const struct bus_command *command, gateway_answer answer,
                                void *self);

/**
 * Send a journalled command (BUS_OP_CREDIT, _RELAY, _VOID), which must be durable by now. OK means
 * that it was handed to the broker's connection, nothing more.
 *
 * @return OK, ERR_UNAVAILABLE (nothing left this process), ERR_NOT_FOUND
 * Blocks: no. Any thread.
 */
MUST_CHECK enum err gateway_send(struct gateway *gateway, const char *collector_id,
                                 const struct bus_command *command);

/**
 * Where replies to journalled commands go. Called in the gateway's thread: copy, store_submit(),
 * return. An id that the sink does not know is its to confirm, too, once that is recorded.
 */
typedef void (*gateway_sink)(void *self, const char *collector_id, const struct bus_reply *reply);
/** Before gateway_start() only. */
void gateway_set_sink(struct gateway *gateway, gateway_sink sink, void *self);

/** The reply is durable here: the collector may forget it. Any thread. Blocks: no. */
void gateway_confirm(struct gateway *gateway, const char *collector_id, const char *command_id);

#endif
