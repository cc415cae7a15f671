/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_NET_SERVER_H
#define SHILLING_KIOSK_NET_SERVER_H

/*
 * The terminal's calls to the server (protocol/MESSAGES.md, section 1), one function a call, each
 * blocking in the caller's thread over a connection of its own. What comes back is either the
 * answer, a refusal with its stable code, or nothing: then nobody knows whether the server acted,
 * and a call that changes something is repeated with the same number and the same bytes.
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

struct server_config {
    char url[256];     /* https://host:port, no path */
    char ca_file[256]; /* the root that the server's certificate must come from */
    char cert_file[256];
    char key_file[256];
};

struct server;

enum server_result {
    SERVER_NOTHING, /* no answer that can be believed: network, TLS, a proxy's page, 5xx */
    SERVER_ANSWER,
    SERVER_REFUSED, /* the server's own no, with its code */
    SERVER_RESULT_COUNT
};

/**
 * A handle for one thread. Nothing is sent yet.
 * @return NULL: no memory, or the key and certificate cannot be read
 */
MUST_CHECK struct server *server_create(const struct server_config *config);
/** NULL is allowed. */
void server_destroy(struct server *server);

/** Why the last call had no answer, or was refused; for the log. Valid until the next call. */
const char *server_trouble(const struct server *server);

/** @param ret_json [@own] the text as it came, or NULL; for keeping */
enum server_result server_get_profile(struct server *server, struct api_profile *ret_profile,
                                      char **ret_json);
enum server_result server_post_heartbeat(struct server *server,
                                         const struct api_heartbeat *heartbeat,
                                         struct api_heartbeat_answer *ret_answer,
                                         struct api_error *ret_error);
/** @param rooms  rooms->rooms is the caller's array of API_ROOMS_PAGE_MAX */
enum server_result server_get_rooms(struct server *server, const char *searched,
                                    struct api_rooms *rooms);
enum server_result server_get_room(struct server *server, const char *room_id,
                                   struct api_room_page *ret_page, struct api_error *ret_error);
enum server_result server_read_meter(struct server *server, const char *meter_id,
                                     struct api_read_answer *ret_answer);
enum server_result server_create_order(struct server *server,
                                       const struct api_order_request *request,
                                       struct api_order_view *ret_view,
                                       struct api_error *ret_error);
/** @param wait_s 0..4: how long the server may hold the answer while nothing changes */
enum server_result server_get_order(struct server *server, const char *order_no, int wait_s,
                                    uint64_t version, struct api_order_view *ret_view);
/** @param what "cancel" or "more-time" */
enum server_result server_order_ask(struct server *server, const char *order_no, const char *what,
                                    const char *client_request_id, struct api_order_view *ret_view,
                                    struct api_error *ret_error);
enum server_result server_get_orders(struct server *server, struct api_orders *ret_orders);
/** @param tail  the last six digits of the number */
enum server_result server_find_orders(struct server *server, const char *tail,
                                      struct api_orders *ret_orders, struct api_error *ret_error);
/** The receipt object as text for printd. @param ret_json [@own] */
enum server_result server_get_receipt(struct server *server, const char *order_no, char **ret_json,
                                      struct api_error *ret_error);
enum server_result server_post_receipt(struct server *server, const char *order_no,
                                       const struct api_receipt_report *report,
                                       struct api_error *ret_error);

#endif
