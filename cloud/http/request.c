/* SPDX-License-Identifier: Apache-2.0 */

/* What a handler asks of its request, and how it answers. */

#include <stdlib.h>
#include <string.h>

#include <strings.h>

#include "cloud/http/http_internal.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "drivers/secrets/secrets.h"
#include "protocol/api/error.h"

const struct http_peer *http_peer(const struct http_request *request)
{
    MUST(request->daemon->permission == HTTP_FOR_TERMINAL);
    return &request->peer;
}

const char *http_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, name);
}

bool http_query_int(const struct http_request *request, const char *name, int64_t max,
                    int64_t fallback, int64_t *ret_value)
{
    const char *text = http_query(request, name);
    if (text == NULL) {
        *ret_value = fallback;
        return true;
    }
    return parse_i64(text, 0, max, ret_value);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
}

struct header_count {
    const char *name;
    size_t count;
};

static enum MHD_Result count_header(void *self, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct header_count *count = self;
    (void)kind;
    (void)value;
    count->count += strcasecmp(name, count->name) == 0 ? 1 : 0;
    return MHD_YES;
}

size_t http_header_count(const struct http_request *request, const char *name)
{
    struct header_count count = {.name = name};
    (void)MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, count_header, &count);
    return count.count;
}

const json_t *http_body_json(const struct http_request *request)
{
    MUST(request->json != NULL);
    return request->json;
}

const char *http_body_raw(const struct http_request *request, size_t *ret_size)
{
    *ret_size = request->body_size;
    return request->body != NULL ? request->body : "";
}

struct http_server *http_server_of(const struct http_request *request)
{
    return request->server;
}

void http_set_note(struct http_request *request, void *note)
{
    request->note = note;
}

void *http_note(const struct http_request *request)
{
    return request->note;
}

void *http_alloc(struct http_request *request, size_t size)
{
    size_t rounded = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct arena_chunk *chunk = request->arena;
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        size_t room = rounded > HTTP_ARENA_CHUNK ? rounded : HTTP_ARENA_CHUNK;
        chunk = calloc(1, sizeof(*chunk) + room);
        MUST(chunk != NULL);
        chunk->size = room;
        chunk->next = request->arena;
        request->arena = chunk;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += rounded;
    return memory;
}

/* Set the response (@own) and, if the request was parked, wake it. Nobody touches it afterwards. */
static void reply(struct http_request *request, unsigned status, struct MHD_Response *response)
{
    MUST(response != NULL);
    MUST(request->phase == REQUEST_RUN || request->phase == REQUEST_BODY);
    MUST(request->response == NULL);
    enum MHD_Result added =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MUST(added == MHD_YES);
    request->response = response;
    request->status = status;
    request->phase = REQUEST_READY;
    park_resume(request);
}

/* Takes over @p text (@own), and wipes it when it has left: keys of cards stand in some. */
static struct MHD_Response *make_response(const char *content_type, char *text, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(size, text, secrets_free);
    MUST(response != NULL);
    enum MHD_Result added =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    MUST(added == MHD_YES);
    return response;
}

void http_reply_json(struct http_request *request, unsigned status, json_t *json)
{
    MUST(json != NULL);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    MUST(text != NULL);
    reply(request, status, make_response("application/json", text, strlen(text)));
}

void http_reply_text(struct http_request *request, unsigned status, const char *content_type,
                     const char *text, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    MUST(copy != NULL);
    memcpy(copy, text, size);
    reply(request, status, make_response(content_type, copy, size));
}

void http_reply_empty(struct http_request *request, unsigned status)
{
    static char nothing[1];
    reply(request, status, MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT));
}

void http_reply_error(struct http_request *request, unsigned status, const char *code,
                      const char *message, const char *field)
{
    struct api_error error = {0};
    char text[1024];
    size_t size = 0;
    str_format_cut(error.code, sizeof(error.code), "%s", code);
    str_format_cut(error.message, sizeof(error.message), "%s", message != NULL ? message : code);
    str_format_cut(error.field, sizeof(error.field), "%s", field != NULL ? field : "");
    enum err err = api_error_encode(&error, text, sizeof(text), &size);
    MUST(err == OK);
    http_reply_text(request, status, "application/json", text, size);
}

void http_reply_bad_request(struct http_request *request, const char *field)
{
    http_reply_error(request, 400, API_ERROR_BAD_REQUEST, "missing or wrong", field);
}
