/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_PLAN_H
#define SHILLING_DRIVERS_CARDD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "drivers/cardd/port.h"
#include "protocol/card/judge.h"
#include "protocol/cardlink/cardlink.h"

/*
 * What is done to a card for one request, in which order, and what may be said of it afterwards.
 * No I/O of its own and no clock: everything goes through the port.
 */

/* Borrowed for the call. */
struct plan_card {
    const struct card_port *port;
    const struct card_notes *notes;
    const struct card_uid *uid;
    const struct cardlink_keys *keys;
};

/**
 * Read the sectors whose keys were given: credit slots with key B, or A if only that is there;
 * return slots and issue record with key A, or B. Fills outcome, error and records of
 * @p ret_report.
 *
 * DONE if at least one record was read; then error is DAMAGED if another one could not be.
 *
 * Blocks: as the port does. Allocates: no.
 */
void plan_read(const struct plan_card *card, struct cardlink_report *ret_report);

/* A token to be written. */
struct plan_token {
    const uint8_t *bytes; /* a whole credit record */
    struct card_doubts doubts;
};

/**
 * Write both credit slots, the stale or bad one first; each is read back after a field reset, and
 * the second is begun only when the first is proven.
 *
 * Outcome in @p ret_report: DONE both slots were read back and hold the token; NOT_DONE no write
 * command left; UNKNOWN anything else. The records are what was read last.
 *
 * Blocks: as the port does. Allocates: no.
 */
void plan_write(const struct plan_card *card, const struct plan_token *token,
                struct cardlink_report *ret_report);

/* Commands to be carried. */
struct plan_relay {
    const struct cardlink_apdu *apdus;
    size_t count;
    bool is_active; /* the card is selected and keeps the state of an earlier round */
};

/**
 * Carry commands to a card of ISO/IEC 14443-4 until one is not answered as expected. DONE all
 * were; NOT_DONE none that could change the card left; UNKNOWN anything else.
 *
 * Commands that can change a card belong to what was said to it before. If the card is not active
 * any more it has forgotten that, could only refuse them and may count that as a wrong try: nothing
 * is sent, and it is told as a card that was lifted.
 *
 * Blocks: as the port does. Allocates: no.
 */
void plan_relay_run(const struct plan_card *card, const struct plan_relay *relay,
                    struct cardlink_report *ret_report);

/**
 * True if no command of the list can change a card.
 *
 * Blocks: no. Allocates: no.
 */
bool plan_relay_is_harmless(const struct cardlink_apdu *apdus, size_t count);

#endif
