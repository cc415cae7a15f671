/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/net/https.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <pthread.h>
#include <strings.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/secrets/secrets.h"

enum {
    ANSWER_SIZE_MAX_DEFAULT = 1 << 20,
    CONNECT_TIMEOUT_MS_DEFAULT = 3000,
    TIMEOUT_MS_DEFAULT = 8000,
    KEEPALIVE_S = 30, /* a kiosk's line may lose its NAT entry without a word */
};

struct https {
    CURL *curl;
    char ca_file[HTTPS_FILE_SIZE];
    char cert_file[HTTPS_FILE_SIZE];
    char key_file[HTTPS_FILE_SIZE];
    char user_agent[64];
    bool fresh_connection;
};

/* What one call gathers while libcurl calls back. */
struct gather {
    const struct https_call *call;
    struct https_answer answer;
    size_t size_max;
    size_t room;
    bool too_large;
    bool no_memory;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    MUST(code == CURLE_OK);
}

static bool file_ok(const char *path, char *ret_path, enum err *ret_err)
{
    ret_path[0] = '\0';
    if (path == NULL) {
        return true;
    }
    if (!str_copy(ret_path, HTTPS_FILE_SIZE, path)) {
        *ret_err = ERR_RANGE;
        return false;
    }
    if (access(path, R_OK) != 0) {
        *ret_err = access(path, F_OK) == 0 ? ERR_DENIED : ERR_NOT_FOUND;
        return false;
    }
    return true;
}

enum err https_create(const struct https_config *config, struct https **ret_https)
{
    MUST(pthread_once(&curl_once, curl_start) == 0);
    struct https *https = calloc(1, sizeof(*https));
    if (https == NULL) {
        return ERR_MEMORY;
    }
    enum err err = OK;
    bool files = file_ok(config->ca_file, https->ca_file, &err) &&
                 file_ok(config->cert_file, https->cert_file, &err) &&
                 file_ok(config->key_file, https->key_file, &err);
    const char *agent = config->user_agent != NULL ? config->user_agent : "shilling";
    if (files && !str_copy(https->user_agent, sizeof(https->user_agent), agent)) {
        err = ERR_RANGE;
    }
    https->fresh_connection = config->fresh_connection;
    https->curl = err == OK ? curl_easy_init() : NULL;
    if (err == OK && https->curl == NULL) {
        err = ERR_MEMORY;
    }
    if (err != OK) {
        https_destroy(https);
        return err;
    }
    *ret_https = https;
    return OK;
}

void https_destroy(struct https *https)
{
    if (https != NULL) {
        curl_easy_cleanup(https->curl);
        free(https);
    }
}

static size_t take_body(char *bytes, size_t one, size_t count, void *self)
{
    struct gather *gather = self;
    size_t size = one * count;
    struct https_answer *answer = &gather->answer;
    if (size > gather->size_max - answer->body_size) {
        gather->too_large = true;
        return 0;
    }
    size_t need = answer->body_size + size + 1;
    if (need > gather->room) {
        size_t room = need < 4096 ? 4096 : need * 2;
        char *body = malloc(room);
        if (body == NULL) {
            gather->no_memory = true;
            return 0;
        }
        if (answer->body != NULL) {
            memcpy(body, answer->body, answer->body_size);
        }
        secrets_free(answer->body);
        answer->body = body;
        gather->room = room;
    }
    memcpy(answer->body + answer->body_size, bytes, size);
    answer->body_size += size;
    answer->body[answer->body_size] = '\0';
    return size;
}

static void keep_header(struct gather *gather, size_t idx, const char *value, size_t size)
{
    while (size > 0 && (*value == ' ' || *value == '\t')) {
        value += 1;
        size -= 1;
    }
    while (size > 0 && strchr(" \t\r\n", value[size - 1]) != NULL) {
        size -= 1;
    }
    char *place = gather->answer.wanted[idx];
    if (place[0] != '\0') {
        gather->answer.wanted_twice = true;
    }
    if (!str_copy_bytes(place, HTTPS_VALUE_SIZE, value, size)) {
        gather->too_large = true;
    }
}

static size_t take_header(char *bytes, size_t one, size_t count, void *self)
{
    struct gather *gather = self;
    size_t size = one * count;
    /* A new status line: what a 100-continue or a proxy said before is not the answer's. */
    if (size >= 5 && strncmp(bytes, "HTTP/", 5) == 0) {
        memset(gather->answer.wanted, 0, sizeof(gather->answer.wanted));
        gather->answer.wanted_twice = false;
        return size;
    }
    const char *colon = memchr(bytes, ':', size);
    size_t name_size = colon != NULL ? (size_t)(colon - bytes) : 0;
    for (size_t i = 0; name_size > 0 && i < gather->call->wanted_count; i++) {
        const char *name = gather->call->wanted[i];
        if (strlen(name) == name_size && strncasecmp(bytes, name, name_size) == 0) {
            keep_header(gather, i, colon + 1, size - name_size - 1);
        }
    }
    return gather->too_large ? 0 : size;
}

static int watch_cancel(void *self, curl_off_t total_down, curl_off_t down, curl_off_t total_up,
                        curl_off_t up)
{
    (void)total_down;
    (void)down;
    (void)total_up;
    (void)up;
    const struct gather *gather = self;
    return gather->call->cancel != NULL && atomic_load(gather->call->cancel) ? 1 : 0;
}

bool https_url_is_allowed(const char *url)
{
    static const char *const loopback[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    if (strlen(url) >= HTTPS_URL_SIZE) {
        return false;
    }
    if (str_starts_with(url, "https://")) {
        return url[8] != '\0';
    }
    for (size_t i = 0; i < ARRAY_COUNT(loopback); i++) {
        size_t len = strlen(loopback[i]);
        bool host = strncmp(url, loopback[i], len) == 0;
        if (host && (url[len] == '\0' || url[len] == ':' || url[len] == '/')) {
            return strchr(url, '@') == NULL;
        }
    }
    return false;
}

static void set_identity(const struct https *https)
{
    CURL *curl = https->curl;
    if (https->ca_file[0] != '\0') {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, https->ca_file);
        (void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (https->cert_file[0] != '\0') {
        (void)curl_easy_setopt(curl, CURLOPT_SSLCERT, https->cert_file);
        (void)curl_easy_setopt(curl, CURLOPT_SSLKEY, https->key_file);
    }
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, https->user_agent);
}

static long timeout_or(int64_t timeout_ms, int64_t fallback_ms)
{
    return (long)(timeout_ms > 0 ? timeout_ms : fallback_ms);
}

static void set_call(const struct https *https, const struct https_call *call)
{
    CURL *curl = https->curl;
    (void)curl_easy_setopt(curl, CURLOPT_URL, call->url);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                           timeout_or(call->connect_timeout_ms, CONNECT_TIMEOUT_MS_DEFAULT));
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                           timeout_or(call->timeout_ms, TIMEOUT_MS_DEFAULT));
    if (call->body != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_size);
    } else if (str_equal(call->method, "POST") || str_equal(call->method, "PUT")) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
    }
    if (https->fresh_connection) {
        (void)curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    }
}

static struct curl_slist *header_list(const struct https_call *call)
{
    /* Without this, bodies above 1 kB would wait a second for "100 Continue". */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; list != NULL && i < call->header_count; i++) {
        struct curl_slist *longer = curl_slist_append(list, call->headers[i]);
        if (longer == NULL) {
            curl_slist_free_all(list);
        }
        list = longer;
    }
    return list;
}

/*
 * Nothing of the request can have reached the server only if not one byte of it was written: not
 * on the connection that failed, and not on a kept one that died before it in the same call.
 */
static bool is_unsent(CURL *curl)
{
    curl_off_t begun_us = 0; /* when the transfer began, the connection being there */
    long request_size = 0;
    return curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &begun_us) == CURLE_OK &&
           curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &request_size) == CURLE_OK &&
           begun_us == 0 && request_size == 0;
}

static enum err err_of(CURLcode code, const struct gather *gather, bool unsent)
{
    switch ((int)code) {
    case CURLE_OK:
        return OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return unsent ? ERR_UNAVAILABLE : ERR_IO;
    case CURLE_OPERATION_TIMEDOUT:
        /* A host that says nothing while it is connected to is as good as none. */
        return unsent ? ERR_UNAVAILABLE : ERR_TIMEOUT;
    case CURLE_ABORTED_BY_CALLBACK:
        return ERR_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return ERR_MEMORY;
    default:
        break;
    }
    if (gather->no_memory) {
        return ERR_MEMORY;
    }
    return gather->too_large ? ERR_FULL : ERR_IO;
}

enum err https_perform(struct https *https, const struct https_call *call,
                       struct https_answer *ret_answer, char ret_why[HTTPS_WHY_SIZE])
{
    MUST(call->wanted_count <= HTTPS_WANTED_MAX);
    ret_why[0] = '\0';
    if (!https_url_is_allowed(call->url)) {
        str_format_cut(ret_why, HTTPS_WHY_SIZE, "the address must be https (http: loopback only)");
        return ERR_RANGE;
    }
    struct gather gather = {.call = call,
                            .size_max = call->answer_size_max > 0 ? call->answer_size_max
                                                                  : ANSWER_SIZE_MAX_DEFAULT};
    struct curl_slist *headers = header_list(call);
    if (headers == NULL) {
        return ERR_MEMORY;
    }
    CURL *curl = https->curl;
    char error[CURL_ERROR_SIZE] = "";
    curl_easy_reset(curl); /* keeps connections, forgets the last call */
    set_identity(https);
    set_call(https, call);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &gather);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, &gather);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_cancel);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &gather);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &gather.answer.status);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    curl_slist_free_all(headers);
    enum err err = err_of(code, &gather, is_unsent(curl));
    if (err == OK && gather.answer.body == NULL) {
        gather.answer.body = calloc(1, 1);
        err = gather.answer.body != NULL ? OK : ERR_MEMORY;
    }
    if (err != OK) {
        str_format_cut(ret_why, HTTPS_WHY_SIZE, "%s",
                       error[0] != '\0' ? error : curl_easy_strerror(code));
        https_answer_finish(&gather.answer);
        return err;
    }
    *ret_answer = gather.answer;
    return OK;
}

void https_answer_finish(struct https_answer *answer)
{
    secrets_free(answer->body);
    answer->body = NULL;
    answer->body_size = 0;
}

bool https_escape(const char *text, char *ret_text, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    struct strbuf buf;
    strbuf_init(&buf, ret_text, size);
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL;
        if (plain) {
            strbuf_add_char(&buf, (char)*p);
        } else {
            const char escape[3] = {'%', digits[*p >> 4], digits[*p & 0x0FU]};
            strbuf_add_bytes(&buf, escape, sizeof(escape));
        }
    }
    return !buf.failed;
}
