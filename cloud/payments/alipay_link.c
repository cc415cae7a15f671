/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/alipay_link.h"

#include <stdlib.h>
#include <string.h>

#include "common/civil.h"
#include "common/crypto/base64.h"
#include "common/str.h"
#include "protocol/alipay/response.h"

void alipay_work_destroy(struct alipay_work *work)
{
    if (work != NULL && work->reply.came) {
        https_answer_finish(&work->reply.http);
    }
    free(work);
}

static bool encode(const struct alipay_wallet *wallet, const struct alipay_question *question,
                   struct alipay_work *work)
{
    const struct alipay_app app = {
        .app_id = wallet->config.app_id,
        .key = alipay_keys_app(wallet->keys),
        .app_cert_sn = alipay_keys_app_sn(wallet->keys),
        .root_cert_sn = alipay_keys_root_sn(wallet->keys),
    };
    char timestamp[CIVIL_TEXT_SIZE];
    const struct alipay_request request = {
        .method = alipay_call_method(question->asked.call),
        .timestamp = civil_format_beijing(clock_wall_s(wallet->world.clock), timestamp),
        .notify_url = question->with_notify_url ? wallet->config.notify_url : NULL,
        .biz_content = question->biz,
    };
    char sign[RSA_SIGN_TEXT_SIZE];
    return alipay_request_fill(&work->form, &app, &request) &&
           alipay_request_sign(&work->form, app.key, work->scratch, sizeof(work->scratch), sign) &&
           alipay_request_encode(&work->form, sign, &work->wire) &&
           str_format(work->url, sizeof(work->url), "%s?%s", wallet->config.gateway_url,
                      work->wire.query);
}

static int64_t timeout_of(enum alipay_call call)
{
    return call == ALIPAY_CALL_REFUND ? WALLET_REFUND_TIMEOUT_MS : WALLET_TIMEOUT_MS;
}

static bool send(struct alipay_wallet *wallet, const struct alipay_question *question,
                 struct alipay_work *work)
{
    struct alipay_reply *reply = &work->reply;
    static const char *const headers[] = {
        "Content-Type: application/x-www-form-urlencoded;charset=utf-8",
        "Accept: application/json",
    };
    static const char *const wanted[] = {"trace_id"}; /* what Alipay's support asks for */
    const struct https_call call = {
        .method = "POST",
        .url = work->url,
        .headers = headers,
        .header_count = ARRAY_COUNT(headers),
        .body = work->wire.body,
        .body_size = strlen(work->wire.body),
        .wanted = wanted,
        .wanted_count = ARRAY_COUNT(wanted),
        .timeout_ms = timeout_of(question->asked.call),
        .answer_size_max = WALLET_ANSWER_SIZE_MAX,
    };
    if (gate_call(wallet->world.gate, &call, &reply->http, reply->why) != OK) {
        return false;
    }
    reply->came = true;
    if (reply->http.status != 200) {
        str_format_cut(reply->why, sizeof(reply->why), "HTTP status %ld", reply->http.status);
        return false;
    }
    return true;
}

static bool read_reply(const struct alipay_question *question, struct alipay_reply *reply,
                       struct alipay_response *ret_response)
{
    bool ok = alipay_response_read(alipay_call_method(question->asked.call), reply->http.body,
                                   reply->http.body_size, ret_response);
    if (!ok) {
        str_format_cut(reply->why, sizeof(reply->why), "malformed answer");
    }
    return ok;
}

static void check_reply(const struct alipay_response *response, const struct rsa_key *key,
                        struct alipay_reply *reply)
{
    enum alipay_verdict verdict = alipay_response_check(response, key);
    reply->signed_bytes = response->signed_bytes;
    reply->verified = verdict == ALIPAY_VERIFIED;
    if (!reply->verified) {
        str_format_cut(reply->why, sizeof(reply->why), "%s", alipay_verdict_name(verdict));
    }
}

/* The key in a certificate download's answer. Its authenticity is the chain's, so the answer may
 * be signed by that very certificate; it must be signed all the same. */
static const struct rsa_key *key_of_download(struct alipay_wallet *wallet, const char *sn,
                                             const struct alipay_question *question,
                                             struct alipay_work *work)
{
    struct alipay_response response;
    struct alipay_slice content;
    size_t size = 0;
    if (!read_reply(question, &work->reply, &response) ||
        !alipay_scan_find(response.signed_bytes, "alipay_cert_content", &content) ||
        !alipay_scan_text(content, work->cert, sizeof(work->cert)) ||
        !base64_decode(work->cert, strlen(work->cert), work->pem, sizeof(work->pem), &size)) {
        return NULL;
    }
    const int64_t now_s = clock_wall_s(wallet->world.clock);
    const struct rsa_key *key =
        alipay_keys_add(wallet->keys, sn, (const char *)work->pem, size, now_s);
    const struct rsa_key *signer = alipay_keys_find(wallet->keys, response.cert_sn, now_s);
    if (key == NULL || signer == NULL) {
        return NULL;
    }
    check_reply(&response, signer, &work->reply);
    return work->reply.verified ? key : NULL;
}

const struct rsa_key *alipay_wallet_download_key(struct alipay_wallet *wallet, const char *sn)
{
    char biz[ALIPAY_BIZ_SIZE];
    struct alipay_question question = {
        .asked = {.call = ALIPAY_CALL_CERT}, .biz = biz, .subject = sn};
    struct alipay_work *work = calloc(1, sizeof(*work));
    const struct rsa_key *key = NULL;
    if (work != NULL && alipay_biz_cert(sn, biz, sizeof(biz)) && encode(wallet, &question, work) &&
        send(wallet, &question, work)) {
        key = key_of_download(wallet, sn, &question, work);
    }
    alipay_work_destroy(work);
    return key;
}

void alipay_wallet_ask(struct alipay_wallet *wallet, const struct alipay_question *question,
                       struct alipay_work *work)
{
    struct alipay_response response;
    struct alipay_reply *reply = &work->reply;
    if (!encode(wallet, question, work)) {
        str_format_cut(reply->why, sizeof(reply->why), "the request cannot be built");
        return;
    }
    if (!send(wallet, question, work) || !read_reply(question, reply, &response)) {
        return;
    }
    const struct rsa_key *key =
        alipay_keys_find(wallet->keys, response.cert_sn, clock_wall_s(wallet->world.clock));
    if (key == NULL) {
        key = alipay_wallet_download_key(wallet, response.cert_sn);
    }
    if (key == NULL) {
        str_format_cut(reply->why, sizeof(reply->why),
                       "signed with certificate %s, which is not to be had", response.cert_sn);
        return;
    }
    check_reply(&response, key, reply);
}
