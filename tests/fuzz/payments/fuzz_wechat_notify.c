/* SPDX-License-Identifier: Apache-2.0 */

/* What WeChat sends: a sealed notify, the text inside one, a certificate list, an answer to every
 * call, an Authorization header. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "protocol/wechat/answer.h"
#include "protocol/wechat/certificates.h"
#include "protocol/wechat/notify.h"
#include "protocol/wechat/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wechat_box_work work;

static void read_answers(const char *body, size_t size)
{
    static const long statuses[] = {200, 204, 400, 404, 429, 500};
    for (int call = 0; call < WECHAT_CALL_COUNT; call++) {
        for (size_t i = 0; i < ARRAY_COUNT(statuses); i++) {
            const struct wechat_asked asked = {.call = (enum wechat_call)call, .order_no = NULL};
            struct wechat_answer answer;
            wechat_answer_read(&asked, statuses[i], body, size, &answer);
            MUST(answer.amount_fen >= -1 && answer.refunded_fen >= -1);
            MUST(pay_result_name(answer.result) != NULL);
        }
    }
}

static void read_authorization(const char *body, size_t size)
{
    char *text = malloc(size + 1);
    struct wechat_auth auth;
    if (text != NULL) {
        memcpy(text, body, size);
        text[size] = '\0';
        if (wechat_auth_parse(text, &auth)) {
            MUST(auth.mchid[0] != '\0' && auth.signature[0] != '\0');
        }
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wechat_apiv3 apiv3 = {.keys = {"Shilling-APIv3-test-key-32bytes!"},
                                              .count = 1};
    const char *body = (const char *)data;
    struct wechat_trade trade;
    struct wechat_certificate_list list;
    if (wechat_notify_open(body, size, &apiv3, &work, &trade) == WECHAT_OPENED) {
        MUST(trade.amount_fen >= -1);
    }
    if (wechat_certificates_read(body, size, &apiv3, /* now_s= */ 0, &work, &list) ==
        WECHAT_CERTIFICATES_OK) {
        wechat_certificates_finish(&list);
    }
    read_answers(body, size);
    read_authorization(body, size);
    return 0;
}
