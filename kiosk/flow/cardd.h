/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_CARDD_H
#define SHILLING_KIOSK_FLOW_CARDD_H

/*
 * The line to the card driver (protocol/MESSAGES.md, section 6): one thread that reads its UNIX
 * socket, opens it again whenever the driver was restarted, and tells the session what lies on the
 * reader. Requests are made by another thread and wait for their answer.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/session/session.h"
#include "kiosk/flow/message.h"
#include "protocol/api/terminal.h"
#include "protocol/cardlink/cardlink.h"

struct cardd;

/* A card as it was laid: what the server is told of it. */
struct cardd_laying {
    uint32_t number;
    struct card_uid uid;
    uint16_t atqa;
    uint8_t sak;
    uint8_t ats[CARDLINK_ATS_SIZE_MAX];
    size_t ats_size;
    enum cardlink_family family;
};

/* Where the driver is, and whose. Keys of cards are sent to it and its word is believed, so a
 * socket on which another user listens is hung up on (SO_PEERCRED). Borrowed for the call. */
struct cardd_place {
    const char *socket_path;
    uint32_t uid; /* who may run it, besides root and our own user; 0: nobody */
};

/** @return NULL: no memory for a thread, or a path that is too long */
MUST_CHECK struct cardd *cardd_start(const struct cardd_place *place, struct message_queue *queue);

/** Ends what waits in cardd_call(), for good. NULL is allowed. */
void cardd_stop_waiting(struct cardd *cardd);

/** Nobody may be in cardd_call() any more. NULL is allowed. */
void cardd_stop(struct cardd *cardd);

/** How the reader is to look for cards from now on; told again to a driver that was restarted. */
void cardd_poll(struct cardd *cardd, enum session_poll poll);

/**
 * What the driver told last of its counts, since this line to it was opened; and ask for the next.
 * While an answer about a card is waited for, nothing is asked. Any thread.
 * Blocks: as long as the driver does not take a line. Allocates: yes.
 */
void cardd_counts(struct cardd *cardd, struct api_reader_counts *ret_counts);

/** False if that laying is over. */
MUST_CHECK bool cardd_laying(struct cardd *cardd, uint32_t number, struct cardd_laying *ret_laying);

/**
 * Ask for one READ, WRITE or RELAY and wait for the answer; one caller at a time.
 *
 * @param request  with an id of its own
 * @return false: no answer (the driver went away, or took too long): what became of it is unknown
 * Blocks: up to CARDLINK_ANSWER_MS.
 */
MUST_CHECK bool cardd_call(struct cardd *cardd, const struct cardlink_request *request,
                           struct cardlink_report *ret_report);

/** Do nothing for a while. False when the program ends meanwhile. Blocks: yes. Allocates: no. */
MUST_CHECK bool cardd_pause(struct cardd *cardd, int64_t pause_ms);

#endif
