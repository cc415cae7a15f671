/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_CONVERT_H
#define SHILLING_KIOSK_FLOW_CONVERT_H

/*
 * From the server's messages (protocol/api) to what a session knows (core/session). Texts that
 * are only shown are cut at a character when they are too long for their place; numbers that
 * something depends on (ids, codes to scan) must fit whole, or the message is not used.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/session/session.h"
#include "protocol/api/error.h"
#include "protocol/api/order.h"
#include "protocol/api/read.h"
#include "protocol/api/room.h"
#include "protocol/api/terminal.h"

/* The kiosk hides a code this much earlier than the server ends it: who has just scanned still has
 * the time to pay. */
enum { CONVERT_QR_EARLY_MS = 10000 };

void convert_profile(const struct api_profile *api, struct session_profile *ret_profile);
void convert_rooms(const struct api_rooms *api, struct session_rooms *ret_rooms);

/** The page's own facts and the stored reading that comes with it (state NONE if there is none). */
void convert_room_page(const struct api_room_page *api, struct session_meter *ret_meter,
                       struct session_reading *ret_stored);
void convert_reading(const struct api_read_answer *api, struct session_reading *ret_reading);

/**
 * One order view, arrived at @p now_ms. False if its code is longer than a screen can carry: the
 * view then has no code at all, and the tenant is offered the other wallet.
 */
bool convert_order(const struct api_order_view *api, int64_t now_ms,
                   struct session_order *ret_order);

/** What a refusal is for the tenant: by its code, and by its message where that is our own word. */
enum session_refusal convert_refusal(const struct api_error *error);

/**
 * A reason that a person may read, cut to its place. Words between programs (small letters, digits
 * and '_' alone: "provider_down") become an empty text: the screens have words of their own then.
 */
void convert_reason(char *ret_text, size_t text_size, const char *reason);

enum api_channel convert_channel(enum session_wallet wallet);

#endif
