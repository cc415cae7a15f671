/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_MESSAGE_H
#define SHILLING_KIOSK_FLOW_MESSAGE_H

/*
 * What the helper threads tell the session's thread. A message owns the values that its event
 * points to, travels through one queue, and is freed by the session's thread after it was applied.
 * The queue wakes the sleeping window loop, so that nothing polls.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/session/session.h"

struct message {
    struct session_event event; /* its pointers point into `value` */
    char text[SESSION_TEXT_SIZE];
    union {
        struct session_profile profile;
        struct session_rooms rooms;
        struct session_meter meter;
        struct session_reading reading;
        struct session_order order;
        struct session_found_orders found;
        struct session_card_view card_view;
        struct session_card_write card_write;
        struct session_card_result card_result;
    } value;
    char *profile_json;     /* PROFILE from the server: to be kept for the next start; @own */
    char *card_body;        /* CARD_RESULT: what the server is to be told of it; @own */
    bool card_refused;      /* CARD_TOLD: the server will never take it */
    char server_time_known; /* not 0: `server_time` was told */
    int64_t server_time;    /* wall seconds of the server */
    struct message *next;
};

struct message_queue;

/** @param wake  called from any thread after a message was put into an empty queue */
MUST_CHECK struct message_queue *message_queue_create(void (*wake)(void *self), void *self);

/** Frees what is still in it. NULL is allowed. */
void message_queue_destroy(struct message_queue *queue);

/** A zeroed message of that kind; ends the program when there is no memory for it. */
struct message *message_create(enum session_event_kind kind);
void message_destroy(struct message *message);

/** Any thread. Takes over @p message (@own). */
void message_put(struct message_queue *queue, struct message *message);

/** The oldest message (@own), or NULL. Never blocks. */
struct message *message_take(struct message_queue *queue);

#endif
