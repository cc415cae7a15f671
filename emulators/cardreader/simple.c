/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/simple.h"

#include <string.h>

#include "emulators/cardreader/card.h"
#include "emulators/cardreader/words.h"

enum { SAK_ISO_14443_4 = 0x20, RANDOM_UID = 0x08, SELECT_HEAD = 5 };

/* SELECT by name of the directory of contactless payment applications (EMV book 1). */
static const uint8_t DIRECTORY[] = {'2', 'P', 'A', 'Y', '.', 'S', 'Y',
                                    'S', '.', 'D', 'D', 'F', '0', '1'};

static void exchange(struct card *card, const uint8_t *apdu, size_t size,
                     struct card_answer *answer)
{
    static const uint8_t FOUND[] = {0x6F, 0x10, 0x84, sizeof(DIRECTORY)};
    bool select = size >= 4 && apdu[1] == 0xA4;
    *answer = (struct card_answer){.status = CARD_OK};
    if (select && size >= SELECT_HEAD + sizeof(DIRECTORY) && apdu[4] == sizeof(DIRECTORY) &&
        memcmp(apdu + SELECT_HEAD, DIRECTORY, sizeof(DIRECTORY)) == 0) {
        memcpy(answer->bytes, FOUND, sizeof(FOUND));
        memcpy(answer->bytes + sizeof(FOUND), DIRECTORY, sizeof(DIRECTORY));
        answer->size = sizeof(FOUND) + sizeof(DIRECTORY);
        card->memory.simple.selected = true;
    }
    bool found = answer->size > 0;
    answer->bytes[answer->size++] = found ? 0x90 : (uint8_t)(select ? 0x6A : 0x6D);
    answer->bytes[answer->size++] = select && !found ? 0x82 : 0x00;
}

static void power_lost(struct card *card)
{
    card->memory.simple.selected = false;
    if (card->uid_is_random) {
        faults_random_bytes(card->cells->faults, card->uid + 1, card->uid_size - 1);
    }
}

static void identify(struct card *card, const struct card_uid *uid)
{
    static const uint8_t ATS[] = {0x05, 0x78, 0x80, 0x70, 0x02};
    memcpy(card->uid, uid->bytes, uid->size);
    card->uid_size = uid->size;
    card->atqa[0] = 0x00;
    card->atqa[1] = uid->size == 7 ? 0x44 : 0x04;
    card->sak = SAK_ISO_14443_4;
    card->ats_size = sizeof(ATS);
    memcpy(card->ats, ATS, sizeof(ATS));
}

static bool make_phone(struct card *card, const struct card_uid *uid)
{
    static const struct card_uid RANDOM = {.bytes = {RANDOM_UID}, .size = 4};
    (void)uid;
    identify(card, &RANDOM);
    card->uid_is_random = true;
    return true;
}

static bool make_bank(struct card *card, const struct card_uid *uid)
{
    if (uid->size != 4 && uid->size != 7) {
        return false;
    }
    identify(card, uid);
    return true;
}

static bool load(struct card *card, const uint8_t *image, size_t size)
{
    static struct words words; /* one thread; too large for the stack */
    struct card_uid uid = {.size = 4};
    words_init(&words, image, size);
    if (!words_next(&words) || !words_are(&words, "kind", 2) || !words_next(&words) ||
        !words_are(&words, "uid", 2) || !words_ended(&words)) {
        return false;
    }
    uid.size = strlen(words.word[1]) / 2;
    return (uid.size == 4 || uid.size == 7) && words_hex(&words, 1, uid.bytes, uid.size) &&
           card->kind->make(card, &uid);
}

static size_t save(const struct card *card, uint8_t *ret_image, size_t room)
{
    static const uint8_t RANDOM[4] = {RANDOM_UID};
    struct words_out out = {.text = (char *)ret_image, .room = room};
    words_add(&out, "kind %s\nuid ", card->kind->name);
    words_add_hex(&out, card->uid_is_random ? RANDOM : card->uid, card->uid_size);
    words_add(&out, "\n");
    return out.is_full ? 0 : out.size;
}

const struct card_kind PHONE_KIND = {
    .name = "phone",
    .speaks_blocks = true,
    .power_lost = power_lost,
    .exchange = exchange,
    .load = load,
    .save = save,
    .make = make_phone,
};

const struct card_kind BANK_KIND = {
    .name = "bank",
    .speaks_blocks = true,
    .power_lost = power_lost,
    .exchange = exchange,
    .load = load,
    .save = save,
    .make = make_bank,
};
