/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/net/server_card.h"

#include <string.h>

#include "kiosk/net/exchange.h"

enum { CARD_TIMEOUT_MS = 8000 /* the server commits before it answers */ };

enum server_result server_card_lay(struct server *server, const struct api_card_laid *laid,
                                   struct api_card_session *ret_session,
                                   struct api_error *ret_error)
{
    size_t size = 0;
    if (api_card_laid_encode(laid, server->body, SERVER_BODY_SIZE, &size) != OK) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange =
        server_post("/v1/terminal/cards", server->body, size, CARD_TIMEOUT_MS, ret_error);
    return SERVER_ASK(server, &exchange, api_card_session_decode, ret_session);
}

enum server_result server_card_read(struct server *server, const char *session_id,
                                    const struct api_card_read *read,
                                    struct api_card_view *ret_view, struct api_error *ret_error)
{
    char path[SERVER_PATH_SIZE];
    size_t size = 0;
    if (!server_path(path, "/v1/terminal/cards/", session_id, "/read") ||
        api_card_read_encode(read, server->body, SERVER_BODY_SIZE, &size) != OK) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange =
        server_post(path, server->body, size, CARD_TIMEOUT_MS, ret_error);
    return SERVER_ASK(server, &exchange, api_card_view_decode, ret_view);
}

enum server_result server_card_issue(struct server *server, const char *order_no,
                                     const struct api_card_issue *issue,
                                     struct api_card_write *ret_write, struct api_error *ret_error)
{
    char path[SERVER_PATH_SIZE];
    size_t size = 0;
    if (!server_path(path, "/v1/terminal/orders/", order_no, "/card") ||
        api_card_issue_encode(issue, server->body, SERVER_BODY_SIZE, &size) != OK) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange =
        server_post(path, server->body, size, CARD_TIMEOUT_MS, ret_error);
    return SERVER_ASK(server, &exchange, api_card_write_decode, ret_write);
}

enum server_result server_card_round(struct server *server, const char *order_no,
                                     const struct api_card_round *round,
                                     struct api_card_step *ret_step, struct api_error *ret_error)
{
    char path[SERVER_PATH_SIZE];
    size_t size = 0;
    if (!server_path(path, "/v1/terminal/orders/", order_no, "/card/round") ||
        api_card_round_encode(round, server->body, SERVER_BODY_SIZE, &size) != OK) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange =
        server_post(path, server->body, size, CARD_TIMEOUT_MS, ret_error);
    return SERVER_ASK(server, &exchange, api_card_step_decode, ret_step);
}

enum server_result server_card_written(struct server *server, const char *order_no,
                                       const char *body, struct api_card_proof *ret_proof,
                                       struct api_error *ret_error)
{
    char path[SERVER_PATH_SIZE];
    if (!server_path(path, "/v1/terminal/orders/", order_no, "/card/written")) {
        return SERVER_NOTHING;
    }
    struct server_exchange exchange =
        server_post(path, body, strlen(body), CARD_TIMEOUT_MS, ret_error);
    return SERVER_ASK(server, &exchange, api_card_proof_decode, ret_proof);
}
