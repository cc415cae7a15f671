/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: libnfc's calls, each with a finite wait. nfc_initiator_poll_target() is never used: it
 * waits for ever where the reader is silent. The chip's own "infinite select" is switched off after
 * every initialisation, which switches it on.
 */
#include "drivers/nfc/nfc_reader.h"

#include <stdlib.h>
#include <string.h>

#include <nfc/nfc.h>

#include "common/must.h"
#include "common/str.h"

enum {
    WAIT_MS = 500, /* for the answer of a card; never 0, which is for ever */
    AUTH_UID_SIZE = 4,
    MIFARE_AUTH_A = 0x60,
    MIFARE_AUTH_B = 0x61,
    MIFARE_READ = 0x30,
    MIFARE_WRITE = 0xA0,
};

static const nfc_modulation TYPE_A = {.nmt = NMT_ISO14443A, .nbr = NBR_106};

struct nfc_reader {
    nfc_context *context;
    nfc_device *device;
    nfc_target target; /* the selected card */
    char chip[NFC_READER_CHIP_SIZE];
};

/* --- results --------------------------------------------------------------------------------- */

static enum card_answer answer_of(int result)
{
    if (result >= 0) {
        return CARD_ANSWER_OK;
    }
    switch (result) {
    case NFC_ETIMEOUT:
        return CARD_ANSWER_SILENT;
    case NFC_EMFCAUTHFAIL:
        return CARD_ANSWER_AUTH;
    case NFC_ERFTRANS:
    case NFC_ETGRELEASED:
    case NFC_ECHIP:   /* the card broke its protocol */
    case NFC_EINVARG: /* the chip has no card selected any more */
    case NFC_EOVFLOW: /* the card answered with more than we take */
        return CARD_ANSWER_RADIO;
    default:
        return CARD_ANSWER_LINE;
    }
}

/* --- opening --------------------------------------------------------------------------------- */

/* libnfc reads its environment and files in nfc_init(); only our own configuration counts. */
static bool environment_set(void)
{
    return setenv("LIBNFC_AUTO_SCAN", "false", 1) == 0 &&
           setenv("LIBNFC_INTRUSIVE_SCAN", "false", 1) == 0 &&
           setenv("LIBNFC_LOG_LEVEL", "0", /* overwrite= */ 0) == 0 &&
           unsetenv("LIBNFC_DEVICE") == 0 && unsetenv("LIBNFC_DEFAULT_DEVICE") == 0;
}

static int make_ready(nfc_device *device)
{
    int result = nfc_initiator_init(device);
    if (result < 0) {
        return result;
    }
    return nfc_device_set_property_bool(device, NP_INFINITE_SELECT, false);
}

/* The first line of what libnfc knows about the chip: "chip: PN532 v1.6". */
static void chip_read(struct nfc_reader *reader)
{
    static const char label[] = "chip: ";
    char *text = NULL;
    reader->chip[0] = '\0';
    if (nfc_device_get_information_about(reader->device, &text) < 0 || text == NULL) {
        return;
    }
    const char *line = str_starts_with(text, label) ? text + strlen(label) : text;
    str_format_cut(reader->chip, sizeof(reader->chip), "%.*s", (int)strcspn(line, "\r\n"), line);
    nfc_free(text);
}

bool nfc_reader_open(const char *connstring, struct nfc_reader **ret_reader)
{
    nfc_connstring name;
    struct nfc_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL) {
        return false;
    }
    if (!environment_set() || !str_copy(name, sizeof(name), connstring)) {
        nfc_reader_close(reader);
        return false;
    }
    nfc_init(&reader->context);
    reader->device = reader->context != NULL ? nfc_open(reader->context, name) : NULL;
    /* nfc_open() passes over a chip that does not start: only the next step tells. */
    if (reader->device == NULL || make_ready(reader->device) < 0) {
        nfc_reader_close(reader);
        return false;
    }
    chip_read(reader);
    *ret_reader = reader;
    return true;
}

void nfc_reader_close(struct nfc_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->device != NULL) {
        nfc_close(reader->device);
    }
    if (reader->context != NULL) {
        nfc_exit(reader->context);
    }
    free(reader);
}

const char *nfc_reader_chip(const struct nfc_reader *reader)
{
    return reader->chip;
}

enum card_answer nfc_reader_check(struct nfc_reader *reader)
{
    return answer_of(make_ready(reader->device));
}

enum card_answer nfc_reader_field(struct nfc_reader *reader, bool on)
{
    return answer_of(nfc_device_set_property_bool(reader->device, NP_ACTIVATE_FIELD, on));
}

/* --- cards ----------------------------------------------------------------------------------- */

static bool card_from(const nfc_target *target, struct nfc_card *ret_card)
{
    const nfc_iso14443a_info *info = &target->nti.nai;
    struct nfc_card card = {.sak = info->btSak};
    card.atqa = (uint16_t)((info->abtAtqa[0] << 8) | info->abtAtqa[1]);
    card.ats_size =
        info->szAtsLen < NFC_READER_ATS_SIZE_MAX ? info->szAtsLen : NFC_READER_ATS_SIZE_MAX;
    memcpy(card.ats, info->abtAts, card.ats_size);
    if (!card_uid_make(info->abtUid, info->szUidLen, &card.uid)) {
        return false;
    }
    *ret_card = card;
    return true;
}

enum card_answer nfc_reader_list(struct nfc_reader *reader,
                                 struct nfc_card ret_cards[NFC_READER_CARDS_MAX], size_t *ret_count)
{
    nfc_target targets[NFC_READER_CARDS_MAX];
    int found =
        nfc_initiator_list_passive_targets(reader->device, TYPE_A, targets, NFC_READER_CARDS_MAX);
    if (found < 0) {
        return answer_of(found);
    }
    size_t count = 0;
    for (int i = 0; i < found; i++) {
        count += card_from(&targets[i], &ret_cards[count]) ? 1 : 0;
    }
    *ret_count = count;
    return CARD_ANSWER_OK;
}

enum card_answer nfc_reader_select(struct nfc_reader *reader, const struct card_uid *uid)
{
    int result = nfc_initiator_select_passive_target(reader->device, TYPE_A, uid->bytes, uid->size,
                                                     &reader->target);
    if (result < 0) {
        return answer_of(result);
    }
    struct nfc_card card;
    bool is_it = result > 0 && card_from(&reader->target, &card) && card_uid_equal(&card.uid, uid);
    return is_it ? CARD_ANSWER_OK : CARD_ANSWER_NONE;
}

enum card_answer nfc_reader_still_there(struct nfc_reader *reader)
{
    return answer_of(nfc_initiator_target_is_present(reader->device, &reader->target));
}

/* Send a command and take an answer of exactly @p answer_size bytes. */
static enum card_answer exchange(struct nfc_reader *reader, const uint8_t *command, size_t size,
                                 uint8_t *ret_answer, size_t answer_size)
{
    uint8_t answer[CARD_BLOCK_SIZE];
    int result = nfc_initiator_transceive_bytes(reader->device, command, size, answer,
                                                sizeof(answer), WAIT_MS);
    if (result < 0) {
        return answer_of(result);
    }
    if ((size_t)result != answer_size) {
        return CARD_ANSWER_RADIO;
    }
    memcpy(ret_answer, answer, answer_size);
    return CARD_ANSWER_OK;
}

enum card_answer nfc_reader_authenticate(struct nfc_reader *reader, const struct nfc_auth *auth)
{
    MUST(auth->kind == 'A' || auth->kind == 'B');
    const nfc_iso14443a_info *info = &reader->target.nti.nai;
    if (info->szUidLen < AUTH_UID_SIZE || info->szUidLen > sizeof(info->abtUid)) {
        return CARD_ANSWER_NONE;
    }
    uint8_t command[2 + CARD_SECTOR_KEY_SIZE + AUTH_UID_SIZE] = {
        auth->kind == 'A' ? MIFARE_AUTH_A : MIFARE_AUTH_B, auth->block};
    memcpy(command + 2, auth->key, CARD_SECTOR_KEY_SIZE);
    /* Of a longer number the last four bytes take part. */
    memcpy(command + 2 + CARD_SECTOR_KEY_SIZE, info->abtUid + info->szUidLen - AUTH_UID_SIZE,
           AUTH_UID_SIZE);
    uint8_t none[1];
    return exchange(reader, command, sizeof(command), none, 0);
}

enum card_answer nfc_reader_read(struct nfc_reader *reader, uint8_t block,
                                 uint8_t ret_bytes[CARD_BLOCK_SIZE])
{
    const uint8_t command[] = {MIFARE_READ, block};
    return exchange(reader, command, sizeof(command), ret_bytes, CARD_BLOCK_SIZE);
}

enum card_answer nfc_reader_write(struct nfc_reader *reader, uint8_t block,
                                  const uint8_t bytes[CARD_BLOCK_SIZE])
{
    uint8_t command[2 + CARD_BLOCK_SIZE] = {MIFARE_WRITE, block};
    uint8_t none[1];
    memcpy(command + 2, bytes, CARD_BLOCK_SIZE);
    return exchange(reader, command, sizeof(command), none, 0);
}

enum card_answer nfc_reader_apdu(struct nfc_reader *reader, const struct apdu *command,
                                 struct apdu *ret_answer)
{
    /* libnfc copies into a buffer of 264 bytes and does not look. */
    MUST(command->size > 0 && command->size <= APDU_SIZE_MAX);
    struct apdu answer = {{0}, 0};
    int result = nfc_initiator_transceive_bytes(reader->device, command->bytes, command->size,
                                                answer.bytes, sizeof(answer.bytes), WAIT_MS);
    if (result < 0) {
        return answer_of(result);
    }
    answer.size = (size_t)result;
    *ret_answer = answer;
    return CARD_ANSWER_OK;
}
