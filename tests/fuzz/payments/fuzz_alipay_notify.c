/* SPDX-License-Identifier: Apache-2.0 */

/* A notify's body: parsed, put into its signed texts, encoded again, read. */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "protocol/alipay/notify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct alipay_form form;
static struct alipay_form again;
static char text[3 * ALIPAY_FORM_SIZE_MAX];

/* What was decoded and encodes must decode to the same. */
static void check_round_trip(void)
{
    struct strbuf encoded;
    strbuf_init(&encoded, text, sizeof(text));
    for (size_t i = 0; i < form.count; i++) {
        alipay_form_encode(&form.params[i], &encoded);
    }
    if (encoded.failed) {
        return;
    }
    alipay_form_init(&again);
    enum err err = alipay_form_parse(&again, text, encoded.len);
    MUST(err == OK && again.count == form.count);
    for (size_t i = 0; i < form.count; i++) {
        const struct alipay_param *a = &form.params[i];
        const struct alipay_param *b = &again.params[i];
        MUST(a->value_size == b->value_size);
        MUST(memcmp(a->value, b->value, a->value_size) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alipay_form_init(&form);
    if (alipay_form_parse(&form, (const char *)data, size) != OK) {
        return 0;
    }
    for (unsigned without = 0; without < 8; without++) {
        struct strbuf signed_text;
        strbuf_init(&signed_text, text, sizeof(text));
        alipay_form_signed_text(&form, without, &signed_text);
        MUST(!signed_text.failed);
    }
    check_round_trip();
    struct alipay_notify notify;
    alipay_notify_read(&form, &notify);
    MUST(notify.amount_fen >= -1 && notify.refunded_fen >= -1);
    return 0;
}
