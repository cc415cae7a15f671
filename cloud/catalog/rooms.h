/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CATALOG_ROOMS_H
#define SHILLING_CLOUD_CATALOG_ROOMS_H

#include "cloud/catalog/account_port.h"
#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"
#include "protocol/api/room.h"

/* The rooms of a site as its terminals list, search and show them. All in a transaction. */

enum { ROOMS_QUERY_MIN = 3 /* shorter ones would list half the house */ };

struct rooms_query {
    const char *site_id;
    const char *text;  /* what was typed, or NULL: all rooms */
    const char *after; /* room id of the last one already known, or NULL */
};

/**
 * A page of at most API_ROOMS_PAGE_MAX rooms and the total. A room matches if its place contains
 * the text, or its meter's address ends with it.
 *
 * @param rooms  rooms->rooms has room for API_ROOMS_PAGE_MAX
 * @return ERR_RANGE a text shorter than ROOMS_QUERY_MIN; ERR_NOT_FOUND @c after is no room here
 */
MUST_CHECK enum err rooms_list(struct db *db, const struct rooms_query *query,
                               struct api_rooms *rooms);

/**
 * The meter page of a room.
 *
 * @param terminal_id  who looks: decides whether an open order is "elsewhere"
 * @return ERR_NOT_FOUND also for a room of another site
 */
MUST_CHECK enum err rooms_page(struct db *db, const struct account_port *accounts,
                               const char *site_id, const char *terminal_id, const char *room_id,
                               struct api_room_page *ret_page);

#endif
