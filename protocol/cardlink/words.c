/* SPDX-License-Identifier: Apache-2.0 */
#include "common/must.h"
#include "protocol/cardlink/cardlink.h"
#include "protocol/cardlink/line.h"

const char *const LINE_ERRORS[CARDLINK_ERROR_COUNT] = {
    [CARDLINK_OK] = "",
    [CARDLINK_CARD_GONE] = "card_gone",
    [CARDLINK_WRONG_CARD] = "wrong_card",
    [CARDLINK_FORGED] = "forged",
    [CARDLINK_EXPIRED] = "expired",
    [CARDLINK_AUTH] = "auth",
    [CARDLINK_DAMAGED] = "damaged",
    [CARDLINK_NEWER] = "newer",
    [CARDLINK_REFUSED] = "refused",
    [CARDLINK_READER] = "reader",
    [CARDLINK_BUSY] = "busy",
};

const char *const LINE_READERS[CARDLINK_READER_COUNT] = {
    [CARDLINK_READER_READY] = "ready",
    [CARDLINK_READER_REPAIR] = "repair",
    [CARDLINK_READER_OFFLINE] = "offline",
};

const char *const LINE_FAMILIES[CARDLINK_FAMILY_COUNT] = {
    [CARDLINK_CLASSIC] = "classic",
    [CARDLINK_ISO] = "iso",
    [CARDLINK_PHONE] = "phone",
    [CARDLINK_UNKNOWN] = "unknown",
};

const char *const LINE_MODES[CARDLINK_MODE_COUNT] = {
    [CARDLINK_OFF] = "off",
    [CARDLINK_IDLE] = "idle",
    [CARDLINK_ACTIVE] = "active",
};

const char *cardlink_error_name(enum cardlink_error error)
{
    MUST(error < CARDLINK_ERROR_COUNT);
    return LINE_ERRORS[error];
}

const char *cardlink_reader_name(enum cardlink_reader reader)
{
    MUST(reader < CARDLINK_READER_COUNT);
    return LINE_READERS[reader];
}

const char *cardlink_family_name(enum cardlink_family family)
{
    MUST(family < CARDLINK_FAMILY_COUNT);
    return LINE_FAMILIES[family];
}

const char *cardlink_mode_name(enum cardlink_mode mode)
{
    MUST(mode < CARDLINK_MODE_COUNT);
    return LINE_MODES[mode];
}

const struct cardlink_key *cardlink_key_find(const struct cardlink_keys *keys, uint8_t sector,
                                             char kind)
{
    MUST(keys->count <= CARDLINK_KEYS_MAX);
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->all[i].sector == sector && keys->all[i].kind == kind) {
            return &keys->all[i];
        }
    }
    return NULL;
}

struct card_slots cardlink_slots(const struct cardlink_record records[CARD_SLOTS])
{
    struct card_slots slots = {.read = {false}};
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        slots.read[i] = records[i].read;
        for (size_t at = 0; at < CARD_RECORD_SIZE; at++) {
            slots.bytes[i][at] = records[i].bytes[at];
        }
    }
    return slots;
}
