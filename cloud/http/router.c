/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Patterns are paths in which a segment may be {name}. With fewer than a hundred routes a linear
 * search is quicker than anything clever; a literal route stands before a pattern by order of
 * registration, so register "/orders/summary" before "/orders/{order_no}".
 */

#include <string.h>

#include "cloud/http/http_internal.h"
#include "common/must.h"
#include "common/str.h"

static const char *const method_names[] = {"GET", "POST", "PUT", "DELETE"};

void http_route_add(struct http_server *server, const struct http_route *routes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        MUST(server->route_count < HTTP_ROUTES_MAX);
        MUST(routes[i].handler != NULL && routes[i].pattern[0] == '/');
        MUST(routes[i].method < HTTP_METHOD_COUNT && routes[i].body < HTTP_BODY_COUNT);
        server->routes[server->route_count++] = routes[i];
    }
}

/* Length of the segment at @p text: up to the next slash or the end. */
static size_t segment_len(const char *text)
{
    return strcspn(text, "/");
}

static bool segment_matches(const char *pattern, size_t pattern_len, const char *path,
                            size_t path_len, struct http_param *ret_param, bool *ret_is_param)
{
    *ret_is_param = pattern_len >= 2 && pattern[0] == '{' && pattern[pattern_len - 1] == '}';
    if (!*ret_is_param) {
        return pattern_len == path_len && memcmp(pattern, path, path_len) == 0;
    }
    ret_param->name = pattern + 1;
    ret_param->name_len = pattern_len - 2;
    return path_len > 0 &&
           str_copy_bytes(ret_param->value, sizeof(ret_param->value), path, path_len);
}

bool router_pattern_matches(const char *pattern, const char *path,
                            struct http_param params[HTTP_PARAMS_MAX], size_t *ret_count)
{
    size_t count = 0;
    while (*pattern == '/' && *path == '/') {
        pattern += 1;
        path += 1;
        size_t pattern_len = segment_len(pattern);
        size_t path_len = segment_len(path);
        struct http_param param;
        bool is_param = false;
        if (!segment_matches(pattern, pattern_len, path, path_len, &param, &is_param)) {
            return false;
        }
        MUST(count < HTTP_PARAMS_MAX);
        if (is_param) {
            params[count++] = param;
        }
        pattern += pattern_len;
        path += path_len;
    }
    if (*pattern != '\0' || *path != '\0') {
        return false;
    }
    *ret_count = count;
    return true;
}

enum route_match router_match(struct http_request *request, const char *method, const char *path,
                              char ret_allow[48])
{
    struct http_server *server = request->server;
    struct strbuf allow;
    strbuf_init(&allow, ret_allow, 48);
    for (size_t i = 0; i < server->route_count; i++) {
        const struct http_route *route = &server->routes[i];
        if (route->permission != request->daemon->permission ||
            !router_pattern_matches(route->pattern, path, request->params, &request->param_count)) {
            continue;
        }
        if (str_equal(method_names[route->method], method)) {
            request->route = route;
            return ROUTE_FOUND;
        }
        strbuf_addf(&allow, "%s%s", allow.len > 0 ? ", " : "", method_names[route->method]);
    }
    return allow.len > 0 ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}

const char *http_param(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->param_count; i++) {
        const struct http_param *param = &request->params[i];
        if (strlen(name) == param->name_len && memcmp(name, param->name, param->name_len) == 0) {
            return param->value;
        }
    }
    MUST_NOT_REACH();
}
