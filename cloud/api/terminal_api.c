/* SPDX-License-Identifier: Apache-2.0 */

/*
 * These handlers read and answer at once, on a read-only connection. A heartbeat's facts are
 * stored without making the terminal wait: losing one costs nothing.
 */

#include "cloud/api/terminal_api.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/api/terminal_status.h"
#include "cloud/catalog/catalog.h"
#include "cloud/catalog/rooms.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"
#include "protocol/api/room.h"
#include "protocol/api/terminal.h"

enum {
    PROFILE_SIZE = 8192,
    HEARTBEAT_SIZE = 512,
    ROOM_PAGE_SIZE = 8192,
};

struct terminal_api {
    struct terminal_api_config config;
};

static void reply_error(struct http_request *request, enum err err)
{
    if (err == ERR_NOT_FOUND) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, "no such thing at this site", NULL);
    } else {
        http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, err_name(err), NULL);
    }
}

/* Send what an encoder wrote; @p err is its result. */
static void reply_text(struct http_request *request, enum err err, const char *text, size_t size)
{
    if (err == OK) {
        http_reply_text(request, 200, "application/json", text, size);
    } else {
        http_reply_error(request, 500, API_ERROR_INTERNAL, err_name(err), NULL);
    }
}

static bool payments_open(const struct terminal_api *api, char ret_reason[API_WORD_SIZE])
{
    ret_reason[0] = '\0';
    return api->config.payments_open(api->config.self, ret_reason);
}

/* --- profile --- */

struct profile_query {
    const struct http_peer *peer;
    char name[API_NAME_SIZE];
    struct catalog_site site;
    int64_t wall_s;
};

static enum err load_profile(struct db *db, void *arg)
{
    struct profile_query *query = arg;
    char site_id[API_ID_SIZE];
    query->wall_s = db_wall_s(db);
    enum err err = catalog_terminal_get(db, query->peer->terminal_id, site_id, query->name);
    return err == OK ? catalog_site_get(db, site_id, &query->site) : err;
}

static void split_languages(const char *text, struct api_profile *profile)
{
    while (*text != '\0' && profile->language_count < API_LANGUAGES_MAX) {
        size_t len = strcspn(text, ",");
        if (str_copy_bytes(profile->languages[profile->language_count], API_LANGUAGE_SIZE, text,
                           len)) {
            profile->language_count += 1;
        }
        text += len + (text[len] == ',' ? 1 : 0);
    }
}

static void fill_profile(const struct terminal_api *api, const struct profile_query *query,
                         struct api_profile *profile)
{
    const struct catalog_site *site = &query->site;
    MUST(str_copy(profile->terminal_id, sizeof(profile->terminal_id), query->peer->terminal_id));
    MUST(str_copy(profile->name, sizeof(profile->name), query->name));
    MUST(str_copy(profile->company, sizeof(profile->company), site->company));
    MUST(str_copy(profile->site_id, sizeof(profile->site_id), site->site_id));
    MUST(str_copy(profile->site_name, sizeof(profile->site_name), site->name));
    MUST(str_copy(profile->service_phone, sizeof(profile->service_phone), site->service_phone));
    MUST(str_copy(profile->notice, sizeof(profile->notice), site->notice));
    split_languages(site->languages, profile);
    profile->amount_count = site->amount_count;
    memcpy(profile->amounts_fen, site->amounts_fen, sizeof(profile->amounts_fen));
    profile->amount_min_fen = site->amount_min_fen;
    profile->amount_max_fen = site->amount_max_fen;
    profile->wallet_count = api->config.wallet_count;
    memcpy(profile->wallets, api->config.wallets, sizeof(profile->wallets));
    profile->receipt_auto = site->receipt_auto;
    profile->server_time = query->wall_s;
    profile->payments_open = payments_open(api, profile->payments_reason);
}

static void get_profile(struct http_request *request, void *self)
{
    const struct terminal_api *api = self;
    struct profile_query query = {.peer = http_peer(request)};
    enum err err = store_read(api->config.store, load_profile, &query);
    if (err != OK) {
        reply_error(request, err);
        return;
    }
    struct api_profile profile = {0};
    fill_profile(api, &query, &profile);
    char *text = http_alloc(request, PROFILE_SIZE);
    size_t size = 0;
    err = api_profile_encode(&profile, text, PROFILE_SIZE, &size);
    reply_text(request, err, text, size);
}

/* --- heartbeat --- */

static void heard_kept(enum err err, void *arg)
{
    if (err != OK) {
        log_debug("a heartbeat was not stored: %s", err_name(err));
    }
    free(arg);
}

static enum err load_version(struct db *db, void *arg)
{
    struct api_heartbeat_answer *answer = arg;
    answer->server_time = db_wall_s(db);
    return catalog_version_get(db, answer->profile_version);
}

static void post_heartbeat(struct http_request *request, void *self)
{
    const struct terminal_api *api = self;
    struct api_fault fault;
    size_t size = 0;
    const char *body = http_body_raw(request, &size);
    struct terminal_heard *heard = calloc(1, sizeof(*heard));
    MUST(heard != NULL);
    MUST(str_copy(heard->terminal_id, sizeof(heard->terminal_id), http_peer(request)->terminal_id));
    if (api_heartbeat_decode(body, size, &heard->heartbeat, &fault) != OK) {
        free(heard);
        http_reply_bad_request(request, fault.field);
        return;
    }
    struct api_heartbeat_answer answer = {0};
    enum err err = store_read(api->config.store, load_version, &answer);
    if (store_submit(api->config.store, terminal_status_keep, heard_kept, heard) != OK) {
        free(heard);
    }
    if (err != OK) {
        reply_error(request, err);
        return;
    }
    char text[HEARTBEAT_SIZE];
    answer.payments_open = payments_open(api, answer.payments_reason);
    err = api_heartbeat_answer_encode(&answer, text, sizeof(text), &size);
    reply_text(request, err, text, size);
}

/* --- rooms --- */

struct rooms_call {
    struct rooms_query query;
    struct api_rooms rooms;
};

static enum err load_rooms(struct db *db, void *arg)
{
    struct rooms_call *call = arg;
    return rooms_list(db, &call->query, &call->rooms);
}

static void get_rooms(struct http_request *request, void *self)
{
    const struct terminal_api *api = self;
    const char *text = http_query(request, "q");
    struct rooms_call call = {
        .query = {.site_id = http_peer(request)->site_id,
                  .text = text != NULL && text[0] != '\0' ? text : NULL,
                  .after = http_query(request, "after")},
        .rooms = {.rooms = http_alloc(request, API_ROOMS_PAGE_MAX * sizeof(struct api_room))}};
    enum err err = store_read(api->config.store, load_rooms, &call);
    if (err == ERR_RANGE) {
        http_reply_bad_request(request, "q");
        return;
    }
    if (err == ERR_NOT_FOUND) {
        http_reply_bad_request(request, "after");
        return;
    }
    if (err != OK) {
        reply_error(request, err);
        return;
    }
    char *answer = http_alloc(request, API_TEXT_SIZE_MAX);
    size_t size = 0;
    err = api_rooms_encode(&call.rooms, answer, API_TEXT_SIZE_MAX, &size);
    reply_text(request, err, answer, size);
}

struct page_call {
    const struct terminal_api *api;
    const struct http_peer *peer;
    const char *room_id;
    struct api_room_page page;
};

static enum err load_page(struct db *db, void *arg)
{
    struct page_call *call = arg;
    return rooms_page(db, call->api->config.accounts, call->peer->site_id, call->peer->terminal_id,
                      call->room_id, &call->page);
}

static void get_room(struct http_request *request, void *self)
{
    const struct terminal_api *api = self;
    struct page_call call = {
        .api = api, .peer = http_peer(request), .room_id = http_param(request, "room_id")};
    enum err err = store_read(api->config.store, load_page, &call);
    if (err != OK) {
        reply_error(request, err);
        return;
    }
    char *text = http_alloc(request, ROOM_PAGE_SIZE);
    size_t size = 0;
    err = api_room_page_encode(&call.page, text, ROOM_PAGE_SIZE, &size);
    reply_text(request, err, text, size);
}

enum err terminal_api_create(const struct terminal_api_config *config,
                             struct terminal_api **ret_api)
{
    MUST(config->accounts != NULL && config->payments_open != NULL);
    struct terminal_api *api = calloc(1, sizeof(*api));
    if (api == NULL) {
        return ERR_MEMORY;
    }
    api->config = *config;
    const struct http_route routes[] = {
        {.method = HTTP_GET,
         .pattern = "/v1/terminal/profile",
         .permission = HTTP_FOR_TERMINAL,
         .body = HTTP_BODY_NONE,
         .handler = get_profile,
         .self = api},
        {.method = HTTP_POST,
         .pattern = "/v1/terminal/heartbeat",
         .permission = HTTP_FOR_TERMINAL,
         .body = HTTP_BODY_JSON,
         .handler = post_heartbeat,
         .self = api},
        {.method = HTTP_GET,
         .pattern = "/v1/terminal/rooms",
         .permission = HTTP_FOR_TERMINAL,
         .body = HTTP_BODY_NONE,
         .handler = get_rooms,
         .self = api},
        {.method = HTTP_GET,
         .pattern = "/v1/terminal/rooms/{room_id}",
         .permission = HTTP_FOR_TERMINAL,
         .body = HTTP_BODY_NONE,
         .handler = get_room,
         .self = api},
    };
    http_route_add(config->server, routes, ARRAY_COUNT(routes));
    *ret_api = api;
    return OK;
}

void terminal_api_destroy(struct terminal_api *api)
{
    free(api);
}
