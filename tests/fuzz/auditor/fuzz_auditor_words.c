/* SPDX-License-Identifier: Apache-2.0 */

/* The auditor's reading of the wallets' words and of meters' readings: the first byte says whose.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/auditor/handover.h"
#include "cloud/auditor/words.h"
#include "common/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_words(uint8_t which, const uint8_t *body, size_t size)
{
    static const char *const SOURCES[] = {"query", "notify", "refund", "refund_query"};
    static const uint8_t key[WORDS_KEY_SIZE];
    struct words words;
    const struct words_message message = {.channel = (which & 4U) != 0 ? "wechat" : "alipay",
                                          .source = SOURCES[which & 3U],
                                          .body = body,
                                          .size = size,
                                          .key = (which & 8U) != 0 ? key : NULL};
    words_read(&message, &words);
    MUST(words.said < WORDS_SAID_COUNT);
    MUST(strlen(words.order_no) < WORDS_NUMBER_SIZE && strlen(words.trade_no) < WORDS_NUMBER_SIZE);
}

static void read_as_reading(const uint8_t *body, size_t size)
{
    struct handover_reading before = {0};
    struct handover_reading after = {0};
    const struct handover_use use = {.energy_step = 1, .price_e4 = 5500};
    char *text = malloc(size + 1);
    MUST(text != NULL);
    memcpy(text, body, size);
    text[size] = '\0';
    if (handover_reply_read(text, &before, &after)) {
        MUST(handover_judge("order", &before, &after, &use, 5000) < HANDOVER_PROOF_COUNT);
    }
    (void)!handover_before_read(text, &before);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if ((data[0] & 0x10U) != 0) {
        read_as_reading(data + 1, size - 1);
    } else {
        read_as_words(data[0], data + 1, size - 1);
    }
    return 0;
}
