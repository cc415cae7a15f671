/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/card/uid.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"

static bool size_is_valid(size_t size)
{
    return size == 4 || size == 7 || size == CARD_UID_SIZE_MAX;
}

bool card_uid_make(const uint8_t *bytes, size_t size, struct card_uid *ret_uid)
{
    if (!size_is_valid(size)) {
        return false;
    }
    struct card_uid uid = {.size = (uint8_t)size};
    memcpy(uid.bytes, bytes, size);
    *ret_uid = uid;
    return true;
}

bool card_uid_equal(const struct card_uid *a, const struct card_uid *b)
{
    MUST(a->size <= CARD_UID_SIZE_MAX && b->size <= CARD_UID_SIZE_MAX);
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

void card_uid_format(const struct card_uid *uid, char ret_text[CARD_UID_TEXT_SIZE])
{
    MUST(uid->size <= CARD_UID_SIZE_MAX);
    bool fits = hex_format(uid->bytes, uid->size, /* separator= */ 0, ret_text, CARD_UID_TEXT_SIZE);
    MUST(fits);
}

bool card_uid_parse(const char *text, struct card_uid *ret_uid)
{
    size_t len = strlen(text);
    uint8_t bytes[CARD_UID_SIZE_MAX];
    size_t size = 0;
    /* Blanks between bytes would make one number have two texts. */
    return hex_parse(text, len, bytes, sizeof(bytes), &size, NULL) && len == 2 * size &&
           card_uid_make(bytes, size, ret_uid);
}

bool card_uid_is_random(const struct card_uid *uid)
{
    return uid->size == 4 && uid->bytes[0] == 0x08;
}
