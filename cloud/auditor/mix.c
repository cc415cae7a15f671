/* SPDX-License-Identifier: Apache-2.0 */
/* Eight bytes a step: multiply, fold the high half into the low one (after Stafford's mixers). */
#include "cloud/auditor/mix.h"

#include <string.h>

static const uint64_t STEP = UINT64_C(0x9E3779B97F4A7C15);
static const uint64_t FOLD = UINT64_C(0xBF58476D1CE4E5B9);

static uint64_t mix_word(uint64_t so_far, uint64_t word)
{
    uint64_t x = (so_far ^ word) * FOLD;
    x ^= x >> 32U;
    x = (x + STEP) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 29U);
}

uint64_t mix_bytes(uint64_t so_far, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    size_t left = size;
    uint64_t word = 0;
    while (left >= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        so_far = mix_word(so_far, word);
        at += sizeof(word);
        left -= sizeof(word);
    }
    word = 0;
    if (left > 0) {
        memcpy(&word, at, left);
    }
    so_far = mix_word(so_far, word);
    return mix_word(so_far, (uint64_t)size);
}

uint64_t mix_text(uint64_t so_far, const char *text)
{
    return mix_bytes(so_far, text, strlen(text));
}

uint64_t mix_int(uint64_t so_far, int64_t value)
{
    return mix_word(so_far, (uint64_t)value);
}
