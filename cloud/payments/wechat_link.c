/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/wechat_link.h"

#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/wechat/request.h"

/* The order of the collected headers. */
enum { HEADER_TIMESTAMP, HEADER_NONCE, HEADER_SERIAL, HEADER_SIGNATURE, HEADER_COUNT };

static const char *const WANTED[HEADER_COUNT] = {
    [HEADER_TIMESTAMP] = "Wechatpay-Timestamp",
    [HEADER_NONCE] = "Wechatpay-Nonce",
    [HEADER_SERIAL] = "Wechatpay-Serial",
    [HEADER_SIGNATURE] = "Wechatpay-Signature",
};

enum {
    NONCE_BYTES = 16,
    HEADERS_MAX = 4,
    SERIAL_HEADER_SIZE = 128,
    HTTP_UNAUTHORIZED = 401,
};

struct wechat_headers wechat_reply_headers(const struct https_answer *http)
{
    return (struct wechat_headers){
        .timestamp = http->wanted[HEADER_TIMESTAMP],
        .nonce = http->wanted[HEADER_NONCE],
        .serial = http->wanted[HEADER_SERIAL],
        .signature = http->wanted[HEADER_SIGNATURE],
        .repeated = http->wanted_twice,
    };
}

void wechat_headers_text(const struct wechat_headers *headers, char *ret_text, size_t size)
{
    const char *const values[HEADER_COUNT] = {
        [HEADER_TIMESTAMP] = headers->timestamp,
        [HEADER_NONCE] = headers->nonce,
        [HEADER_SERIAL] = headers->serial,
        [HEADER_SIGNATURE] = headers->signature,
    };
    struct strbuf text;
    strbuf_init(&text, ret_text, size);
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        if (values[i] != NULL && values[i][0] != '\0') {
            strbuf_addf(&text, "%s: %.*s\n", WANTED[i], HTTPS_VALUE_SIZE, values[i]);
        }
    }
}

void wechat_reply_finish(struct wechat_reply *reply)
{
    if (reply->came) {
        https_answer_finish(&reply->http);
        reply->came = false;
    }
}

static void make_nonce(const struct rng_port *rng, char ret_nonce[WECHAT_NONCE_SIZE])
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t bytes[NONCE_BYTES];
    rng_fill(rng, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        ret_nonce[2 * i] = digits[bytes[i] >> 4];
        ret_nonce[2 * i + 1] = digits[bytes[i] & 15U];
    }
    ret_nonce[2 * sizeof(bytes)] = '\0';
}

/* Where and what: the path is signed, the address in front of it is not. */
struct target {
    const char *base; /* "https://api.mch.weixin.qq.com" */
    const struct wechat_question *question;
    size_t size_max;
};

/* Sign with a new nonce and send once. */
static enum err send(struct wechat_link *link, const struct target *target,
                     struct wechat_merchant merchant, struct wechat_reply *reply)
{
    const struct wechat_question *question = target->question;
    char nonce[WECHAT_NONCE_SIZE];
    char authorization[WECHAT_AUTHORIZATION_SIZE + sizeof("Authorization: ")];
    char value[WECHAT_AUTHORIZATION_SIZE];
    char serial[SERIAL_HEADER_SIZE];
    char url[HTTPS_URL_SIZE];
    make_nonce(link->world.rng, nonce);
    const struct wechat_request request = {
        .method = question->method,
        .path = question->path,
        .timestamp_s = clock_wall_s(link->world.clock),
        .nonce = nonce,
        .body = question->body,
    };
    if (!wechat_authorization(&request, &merchant, value) ||
        !str_format(authorization, sizeof(authorization), "Authorization: %s", value) ||
        !str_format(serial, sizeof(serial), "Wechatpay-Serial: %s", link->config.public_key_id) ||
        !str_format(url, sizeof(url), "%s%s", target->base, question->path)) {
        str_format_cut(reply->why, sizeof(reply->why), "the request cannot be built");
        return ERR_RANGE;
    }
    bool by_public_key = link->config.public_key_id[0] != '\0';
    const char *const headers[HEADERS_MAX] = {authorization, "Accept: application/json",
                                              "Content-Type: application/json", serial};
    const struct https_call call = {
        .method = question->method,
        .url = url,
        .headers = headers,
        /* With a public key every request asks that the answer be signed with it. */
        .header_count = by_public_key ? HEADERS_MAX : HEADERS_MAX - 1,
        .body = question->body[0] != '\0' ? question->body : NULL,
        .body_size = strlen(question->body),
        .wanted = WANTED,
        .wanted_count = HEADER_COUNT,
        .timeout_ms = question->timeout_ms,
        .answer_size_max = target->size_max,
    };
    enum err err = gate_call(link->world.gate, &call, &reply->http, reply->why);
    reply->came = err == OK;
    return err;
}

/* Send to the first host, or to the second if the first cannot be connected. */
static bool send_somewhere(struct wechat_link *link, const struct target *target,
                           struct wechat_merchant merchant, struct wechat_reply *reply)
{
    enum err err = send(link, target, merchant, reply);
    if (err == ERR_UNAVAILABLE && target->base == link->config.url &&
        link->config.backup_url[0] != '\0') {
        struct target second = *target;
        second.base = link->config.backup_url;
        err = send(link, &second, merchant, reply);
    }
    return err == OK;
}

static bool exchange(struct wechat_link *link, const struct target *target,
                     struct wechat_reply *reply)
{
    int index = 0;
    *reply = (struct wechat_reply){0};
    struct wechat_merchant merchant = wechat_keyring_merchant(link->keyring, &index);
    if (!send_somewhere(link, target, merchant, reply)) {
        return false;
    }
    /* Refused before anything was done: a merchant key is being changed, or something of ours is
     * wrong. The same bytes with the other key cannot do harm. */
    if (reply->http.status == HTTP_UNAUTHORIZED &&
        wechat_keyring_next_merchant(link->keyring, index)) {
        wechat_reply_finish(reply);
        merchant = wechat_keyring_merchant(link->keyring, &index);
        return send_somewhere(link, target, merchant, reply);
    }
    return true;
}

static enum wechat_verdict verify(struct wechat_link *link, const struct wechat_reply *reply)
{
    struct wechat_headers headers = wechat_reply_headers(&reply->http);
    struct wechat_keys keys = wechat_keyring_map(link->keyring);
    return wechat_verify(&headers, reply->http.body, reply->http.body_size, &keys,
                         clock_wall_s(link->world.clock));
}

void wechat_link_ask(struct wechat_link *link, const struct wechat_question *question,
                     struct wechat_reply *reply)
{
    const struct target target = {link->config.url, question, WALLET_ANSWER_SIZE_MAX};
    char log[PAY_LOG_SIZE];
    if (!exchange(link, &target, reply)) {
        return;
    }
    enum wechat_verdict verdict = verify(link, reply);
    if (verdict == WECHAT_UNKNOWN_SERIAL && wechat_link_refresh(link, log, sizeof(log))) {
        verdict = verify(link, reply);
    }
    reply->verified = verdict == WECHAT_VERIFIED;
    reply->clock_wrong = verdict == WECHAT_STALE;
    if (!reply->verified) {
        str_format_cut(reply->why, sizeof(reply->why), "HTTP status %ld, %s", reply->http.status,
                       wechat_verdict_name(verdict));
    }
}

void wechat_link_fetch(struct wechat_link *link, const char *url, size_t size_max,
                       struct wechat_reply *reply)
{
    *reply = (struct wechat_reply){0};
    /* "https://host:port/path?query": what is signed begins at the third slash. */
    const char *host = strstr(url, "://");
    const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
    char base[PAY_URL_SIZE];
    if (path == NULL || !str_copy_bytes(base, sizeof(base), url, (size_t)(path - url))) {
        str_format_cut(reply->why, sizeof(reply->why), "the address of the file is not one");
        return;
    }
    const struct wechat_question question = {
        .method = "GET", .path = path, .body = "", .timeout_ms = WALLET_BILL_TIMEOUT_MS};
    const struct target target = {base, &question, size_max};
    (void)exchange(link, &target, reply);
}

/* ---- The key list ---- */

static const struct rsa_key *find_in_list(void *self, const char *serial)
{
    const struct wechat_certificate_list *list = self;
    for (size_t i = 0; i < list->count; i++) {
        if (wechat_serial_equal(list->items[i].serial, serial)) {
            return list->items[i].key;
        }
    }
    return NULL;
}

/*
 * The list's own signature: with a key that is in force here, or else with one that the list brings
 * itself. The second is how the first list of all is proven: by the APIv3 key, which seals each
 * certificate, and by a signature that one of the sealed certificates made over this very answer.
 * The same holds for a server that was away while WeChat changed its certificates: it knows only
 * the old one, and a restart would believe no more and no less. A public key of the configuration
 * does not go away, so where there is one it signs.
 */
static bool is_verified(struct wechat_link *link, const struct wechat_reply *reply,
                        struct wechat_certificate_list *list)
{
    const bool first = wechat_keyring_is_empty(link->keyring);
    enum wechat_verdict verdict = verify(link, reply);
    if (verdict != WECHAT_UNKNOWN_SERIAL || (!first && link->config.public_key_id[0] != '\0')) {
        return verdict == WECHAT_VERIFIED;
    }
    struct wechat_headers headers = wechat_reply_headers(&reply->http);
    const struct wechat_keys own = {.find = find_in_list, .self = list};
    const bool sealed = wechat_verify(&headers, reply->http.body, reply->http.body_size, &own,
                                      clock_wall_s(link->world.clock)) == WECHAT_VERIFIED;
    if (sealed && !first) {
        log_warn("wechat certificates: no key of ours signed the new list; it is sealed with the "
                 "APIv3 key and signed by a certificate in it");
    }
    return sealed;
}

static bool take_list(struct wechat_link *link, const struct wechat_reply *reply, char *ret_log,
                      size_t log_size)
{
    struct wechat_box_work *work = calloc(1, sizeof(*work));
    struct wechat_certificate_list list;
    if (work == NULL) {
        str_format_cut(ret_log, log_size, "wechat certificates: no memory");
        return false;
    }
    enum wechat_certificates_fault fault = wechat_certificates_read(
        reply->http.body, reply->http.body_size, wechat_keyring_apiv3(link->keyring),
        clock_wall_s(link->world.clock), work, &list);
    free(work);
    if (fault != WECHAT_CERTIFICATES_OK) {
        str_format_cut(ret_log, log_size, "wechat certificates refused: %s",
                       wechat_certificates_fault_name(fault));
        return false;
    }
    bool ok = is_verified(link, reply, &list);
    size_t added = ok ? wechat_keyring_add(link->keyring, &list) : 0;
    wechat_certificates_finish(&list);
    str_format_cut(ret_log, log_size,
                   ok ? "wechat certificates: %zu new"
                      : "wechat certificates refused: signature (%zu new)",
                   added);
    return ok;
}

static bool refresh_now(struct wechat_link *link, char *ret_log, size_t log_size)
{
    const struct wechat_question question = {.method = "GET",
                                             .path = WECHAT_PATH_CERTIFICATES,
                                             .body = "",
                                             .timeout_ms = WALLET_TIMEOUT_MS};
    const struct target target = {link->config.url, &question, WALLET_ANSWER_SIZE_MAX};
    struct wechat_reply reply;
    bool ok = exchange(link, &target, &reply);
    if (!ok) {
        str_format_cut(ret_log, log_size, "wechat certificates: %s", reply.why);
    } else if (reply.http.status != 200) {
        str_format_cut(ret_log, log_size, "wechat certificates: HTTP status %ld",
                       reply.http.status);
        ok = false;
    } else {
        ok = take_list(link, &reply, ret_log, log_size);
    }
    wechat_reply_finish(&reply);
    return ok;
}

bool wechat_link_refresh(struct wechat_link *link, char *ret_log, size_t log_size)
{
    bool ok = true;
    ret_log[0] = '\0';
    if (!link->config.platform_certs) {
        return true;
    }
    int64_t now_ms = clock_mono_ms(link->world.clock);
    /* One thread asks; the others wait and find the new keys in the map. */
    MUST(pthread_mutex_lock(&link->refresh_lock) == 0);
    bool due =
        link->refreshed_at_ms == 0 || now_ms - link->refreshed_at_ms >= WECHAT_REFRESH_MS_MIN;
    if (due) {
        ok = refresh_now(link, ret_log, log_size);
        link->refreshed_at_ms = now_ms > 0 ? now_ms : 1;
    }
    MUST(pthread_mutex_unlock(&link->refresh_lock) == 0);
    return ok;
}
