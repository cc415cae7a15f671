/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: an APDU is unwrapped, the parts of a long command are put together, its protection is
 * checked and taken off; then it is one plain command for a function. The answer goes the same
 * way back. After an AES authentication every command and every answer moves one chained CMAC,
 * whether or not it is sent, so that a command that was added or lost shows at the next answer.
 */
#include "emulators/cardreader/desfire.h"

#include <string.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/desfire_inside.h"

enum {
    CLASS_NATIVE = 0x90,
    APDU_HEAD = 5, /* class, command, two zeros, length */
    FRAME_DATA_MAX_DESFIRE = 59,
    COMMAND_VERSION = 0x60,
    CMAC_SENT = 8,
    LEGACY_MAC_SENT = 4,
    WRITE_HEAD = 7,
    KEY_PLAIN = 16,
};

static const struct {
    uint8_t code;
    desfire_run *run;
} COMMANDS[] = {
    {0x5A, picc_select},
    {0xCA, picc_create_application},
    {0xDA, picc_delete_application},
    {0x6A, picc_application_ids},
    {0x6D, picc_df_names},
    {0x45, picc_key_settings},
    {0x54, picc_change_settings},
    {0x64, picc_key_version},
    {0xC4, picc_change_key},
    {0xFC, picc_format},
    {0x6E, picc_free_memory},
    {0x51, picc_card_uid},
    {0xCD, picc_create_standard},
    {0xCB, picc_create_backup},
    {0xCC, picc_create_value},
    {0xDF, picc_delete_file},
    {0x6F, picc_file_ids},
    {0xF5, picc_file_settings},
    {0xBD, picc_read_data},
    {0x3D, picc_write_data},
    {0x6C, picc_get_value},
    {0x0C, picc_credit},
    {0x1C, picc_limited_credit},
    {0xDC, picc_debit},
    {0xC7, picc_commit},
    {0xA7, picc_abort},
};

struct desfire_app *desfire_app_now(struct desfire *desfire)
{
    return &desfire->apps[desfire->selected];
}

bool desfire_is_master(const struct desfire *desfire)
{
    return desfire->session.trust != DESFIRE_NOBODY && desfire->session.key_number == 0;
}

/* How a command's data is protected: the head stays readable, then so many bytes are the data. */
struct protection {
    uint8_t mode;
    size_t head;
    size_t plain;
};

static struct protection protection_of(struct desfire *desfire, const struct desfire_message *in)
{
    struct protection result = {DESFIRE_PLAIN, in->size, 0};
    bool is_write = in->command == DESFIRE_WRITE_DATA && in->size >= WRITE_HEAD;
    bool is_value = in->command == DESFIRE_CREDIT || in->command == DESFIRE_DEBIT ||
                    in->command == DESFIRE_LIMITED_CREDIT;
    if (in->command == DESFIRE_CHANGE_SETTINGS) {
        result = (struct protection){DESFIRE_ENCIPHERED, 0, 1};
    } else if (in->command == DESFIRE_CHANGE_KEY && in->size > 0) {
        const struct desfire_app *app = desfire_app_now(desfire);
        bool aes =
            desfire->selected == 0 ? (in->bytes[0] & 0x80U) != 0 : app->key_kind == CRYPTO_AES;
        result = (struct protection){DESFIRE_ENCIPHERED, 1, KEY_PLAIN + (aes ? 1U : 0U)};
    } else if ((is_write || is_value) && in->size > 0) {
        const struct desfire_file *file = desfire_file_find(desfire, in->bytes[0]);
        uint8_t mode =
            file == NULL ? (uint8_t)DESFIRE_PLAIN : desfire_mode_now(desfire, file, false);
        result = is_write ? (struct protection){mode, WRITE_HEAD, bytes_le24(in->bytes + 4)}
                          : (struct protection){mode, 1, sizeof(int32_t)};
    }
    if (desfire->session.trust == DESFIRE_NOBODY) {
        result.mode = DESFIRE_PLAIN;
    }
    return result;
}

/* How long the whole command is on the wire. */
static size_t wire_size(const struct desfire *desfire, const struct protection *protection)
{
    bool aes = desfire->session.trust == DESFIRE_AES;
    size_t size = protection->head + protection->plain;
    if (protection->mode == DESFIRE_MACED) {
        return size + (aes ? CMAC_SENT : LEGACY_MAC_SENT);
    }
    if (protection->mode != DESFIRE_ENCIPHERED) {
        return size;
    }
    size_t block = aes ? 16 : 8;
    size_t secret = protection->plain + (aes ? 4 : 2);
    return protection->head + (secret + block - 1) / block * block;
}

/* The CMAC of the session over a command code or status and bytes, in front or behind. */
static void session_cmac(struct desfire_session *session, const uint8_t *front,
                         const uint8_t *bytes, size_t size, const uint8_t *back)
{
    uint8_t all[DESFIRE_MESSAGE_MAX + 2];
    size_t at = 0;
    if (front != NULL) {
        all[at++] = *front;
    }
    memcpy(all + at, bytes, size);
    at += size;
    if (back != NULL) {
        all[at++] = *back;
    }
    crypto_cmac(&session->key, session->iv, all, at);
}

/* The four bytes that guard MACed data after a legacy authentication. */
static void legacy_mac(const struct desfire_session *session, const uint8_t *bytes, size_t size,
                       uint8_t ret_mac[LEGACY_MAC_SENT])
{
    uint8_t padded[DESFIRE_MESSAGE_MAX + 8] = {0};
    uint8_t iv[CRYPTO_BLOCK_MAX] = {0};
    memcpy(padded, bytes, size);
    crypto_cbc_encrypt(&session->key, iv, padded, (size + 7) / 8 * 8);
    memcpy(ret_mac, iv, LEGACY_MAC_SENT);
}

static enum desfire_status check_mac(struct desfire *desfire, struct desfire_message *in,
                                     const struct protection *protection)
{
    struct desfire_session *session = &desfire->session;
    if (session->trust == DESFIRE_AES) {
        in->size -= CMAC_SENT;
        session_cmac(session, &in->command, in->bytes, in->size, NULL);
        return memcmp(session->iv, in->bytes + in->size, CMAC_SENT) == 0 ? DESFIRE_OK
                                                                         : DESFIRE_INTEGRITY;
    }
    uint8_t mac[LEGACY_MAC_SENT];
    in->size -= LEGACY_MAC_SENT;
    legacy_mac(session, in->bytes + protection->head, in->size - protection->head, mac);
    return memcmp(mac, in->bytes + in->size, sizeof(mac)) == 0 ? DESFIRE_OK : DESFIRE_INTEGRITY;
}

/*
 * Decipher in place and check the sum behind the data. A changed key has a second sum behind the
 * first; it is left there for the command, which knows whether it must be.
 */
static enum desfire_status decipher(struct desfire *desfire, struct desfire_message *in,
                                    const struct protection *protection)
{
    struct desfire_session *session = &desfire->session;
    uint8_t *secret = in->bytes + protection->head;
    size_t size = in->size - protection->head;
    uint8_t all[DESFIRE_MESSAGE_MAX + 1];
    size_t whole = protection->head + protection->plain;
    if (session->trust == DESFIRE_LEGACY) {
        uint8_t iv[CRYPTO_BLOCK_MAX] = {0};
        crypto_cbc_undo_deciphered(&session->key, iv, secret, size);
        uint16_t crc = crypto_crc_a(secret, protection->plain);
        const uint8_t *sent = secret + protection->plain;
        return sent[0] == (uint8_t)crc && sent[1] == crc >> 8 ? DESFIRE_OK : DESFIRE_INTEGRITY;
    }
    crypto_cbc_decrypt(&session->key, session->iv, secret, size);
    all[0] = in->command;
    memcpy(all + 1, in->bytes, whole);
    return bytes_le32(in->bytes + whole) == crypto_crc32(all, whole + 1) ? DESFIRE_OK
                                                                         : DESFIRE_INTEGRITY;
}

static enum desfire_status unprotect(struct desfire *desfire, struct desfire_message *in)
{
    const struct protection protection = protection_of(desfire, in);
    size_t wanted = wire_size(desfire, &protection);
    bool is_key = in->command == DESFIRE_CHANGE_KEY;
    if (protection.mode == DESFIRE_PLAIN) {
        if (desfire->session.trust == DESFIRE_AES) {
            session_cmac(&desfire->session, &in->command, in->bytes, in->size, NULL);
        }
        return DESFIRE_OK;
    }
    size_t block = crypto_block_size(&desfire->session.key);
    if ((is_key && (in->size < wanted || (in->size - 1) % block != 0)) ||
        (!is_key && in->size != wanted)) {
        return DESFIRE_LENGTH;
    }
    return protection.mode == DESFIRE_MACED ? check_mac(desfire, in, &protection)
                                            : decipher(desfire, in, &protection);
}

static void protect_enciphered(struct desfire_session *session, struct desfire_reply *reply)
{
    uint8_t all[DESFIRE_MESSAGE_MAX + 1];
    size_t block = crypto_block_size(&session->key);
    uint8_t *end = reply->bytes + reply->size;
    memcpy(all, reply->bytes, reply->size);
    all[reply->size] = DESFIRE_OK;
    bool aes = session->trust == DESFIRE_AES;
    if (aes) {
        bytes_put_le32(end, crypto_crc32(all, reply->size + 1));
    } else {
        bytes_put_le16(end, crypto_crc_a(all, reply->size));
        memset(session->iv, 0, sizeof(session->iv));
    }
    size_t size = reply->size + (aes ? 4 : 2);
    size_t padded = (size + block - 1) / block * block;
    memset(reply->bytes + size, 0, padded - size);
    crypto_cbc_encrypt(&session->key, session->iv, reply->bytes, padded);
    reply->size = padded;
}

static void protect(struct desfire *desfire, struct desfire_reply *reply)
{
    static const uint8_t STATUS_OK = DESFIRE_OK;
    struct desfire_session *session = &desfire->session;
    if (session->trust == DESFIRE_NOBODY) {
        return;
    }
    if (reply->mode == DESFIRE_ENCIPHERED) {
        protect_enciphered(session, reply);
    } else if (session->trust == DESFIRE_AES) {
        session_cmac(session, NULL, reply->bytes, reply->size, &STATUS_OK);
        memcpy(reply->bytes + reply->size, session->iv, CMAC_SENT);
        reply->size += CMAC_SENT;
    } else if (reply->mode == DESFIRE_MACED) {
        legacy_mac(session, reply->bytes, reply->size, reply->bytes + reply->size);
        reply->size += LEGACY_MAC_SENT;
    }
}

static void run(struct card *card, const struct desfire_message *in, struct desfire_reply *reply)
{
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if (COMMANDS[i].code == in->command) {
            COMMANDS[i].run(card, in, reply);
            return;
        }
    }
    reply->status = DESFIRE_ILLEGAL_COMMAND;
}

static void execute(struct card *card, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_message *in = &desfire->in;
    desfire->in_open = false;
    reply->status = unprotect(desfire, in);
    if (reply->status == DESFIRE_OK) {
        run(card, in, reply);
    }
    if (reply->status == DESFIRE_OK) {
        protect(desfire, reply);
        return;
    }
    reply->size = 0;
    if (reply->status != DESFIRE_NO_CHANGES) {
        desfire->session.trust = DESFIRE_NOBODY; /* an error ends what was agreed */
        desfire_discard(desfire);
    }
}

/* The maker's three frames: hardware, software, serial number and date. */
static void version(struct card *card, struct desfire_reply *reply)
{
    static const uint8_t HARDWARE[] = {0x04, 0x01, 0x01, 0x01, 0x00, 0x1A, 0x05};
    static const uint8_t SOFTWARE[] = {0x04, 0x01, 0x01, 0x01, 0x04, 0x1A, 0x05};
    static const uint8_t MADE[] = {0xBA, 0x34, 0x11, 0x00, 0x01, 0x20, 0x24};
    memcpy(reply->bytes, HARDWARE, sizeof(HARDWARE));
    memcpy(reply->bytes + 7, SOFTWARE, sizeof(SOFTWARE));
    memcpy(reply->bytes + 14, card->uid, 7);
    memcpy(reply->bytes + 21, MADE, sizeof(MADE));
    reply->size = 28;
}

static void begin_command(struct card *card, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_message *in = &desfire->in;
    desfire->out_open = false;
    desfire->session.asked = false;
    if (in->command == DESFIRE_AUTH_LEGACY || in->command == DESFIRE_AUTH_AES) {
        picc_auth_begin(card, in, reply);
        return;
    }
    if (in->command == COMMAND_VERSION) {
        reply->status = unprotect(desfire, in);
        version(card, reply);
        protect(desfire, reply);
        return;
    }
    const struct protection protection = protection_of(desfire, in);
    desfire->in_open =
        in->command == DESFIRE_WRITE_DATA && in->size < wire_size(desfire, &protection);
    if (desfire->in_open) {
        bool fits = wire_size(desfire, &protection) <= DESFIRE_MESSAGE_MAX;
        reply->status = fits ? DESFIRE_MORE : DESFIRE_BOUNDARY;
        desfire->in_open = fits;
        return;
    }
    execute(card, reply);
}

static void go_on(struct card *card, const uint8_t *bytes, size_t size, struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_message *in = &desfire->in;
    if (desfire->session.asked) {
        picc_auth_finish(card, bytes, size, reply);
        return;
    }
    if (!desfire->in_open || in->size + size > sizeof(in->bytes)) {
        desfire->in_open = false;
        reply->status = DESFIRE_ABORTED;
        return;
    }
    memcpy(in->bytes + in->size, bytes, size);
    in->size += size;
    const struct protection protection = protection_of(desfire, in);
    if (in->size < wire_size(desfire, &protection)) {
        reply->status = DESFIRE_MORE;
        return;
    }
    execute(card, reply);
}

/* The next part of the answer that is under way. */
static void send_part(struct desfire *desfire, size_t part_max, struct card_answer *answer)
{
    size_t rest = desfire->out.size - desfire->out_at;
    size_t part = rest < part_max ? rest : part_max;
    memcpy(answer->bytes, desfire->out.bytes + desfire->out_at, part);
    desfire->out_at += part;
    desfire->out_open = desfire->out_at < desfire->out.size;
    answer->bytes[part] = 0x91;
    answer->bytes[part + 1] = desfire->out_open ? (uint8_t)DESFIRE_MORE : (uint8_t)DESFIRE_OK;
    answer->size = part + 2;
}

static size_t part_of(const struct desfire *desfire)
{
    bool is_version = desfire->in.command == COMMAND_VERSION;
    if (!is_version) {
        return FRAME_DATA_MAX_DESFIRE;
    }
    return desfire->out_at < 14 ? 7 : FRAME_DATA_MAX_DESFIRE;
}

static void native(struct card *card, const uint8_t *apdu, size_t size, struct card_answer *answer)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_reply reply = {.status = DESFIRE_OK};
    size_t data = size > APDU_HEAD ? apdu[4] : 0;
    const uint8_t *bytes = apdu + APDU_HEAD;
    if (size > APDU_HEAD && size < APDU_HEAD + data) {
        reply.status = DESFIRE_LENGTH;
    } else if (apdu[1] == DESFIRE_MORE && desfire->out_open) {
        send_part(desfire, part_of(desfire), answer);
        return;
    } else if (apdu[1] == DESFIRE_MORE) {
        go_on(card, bytes, data, &reply);
    } else {
        desfire->in.command = apdu[1];
        desfire->in.size = data;
        memcpy(desfire->in.bytes, bytes, data);
        begin_command(card, &reply);
    }
    desfire->out.size = reply.size;
    desfire->out_at = 0;
    memcpy(desfire->out.bytes, reply.bytes, reply.size);
    send_part(desfire, part_of(desfire), answer);
    if (reply.status != DESFIRE_OK) {
        answer->bytes[answer->size - 1] = (uint8_t)reply.status;
    }
}

static void iso(const uint8_t *apdu, size_t size, struct card_answer *answer)
{
    static const uint8_t SELECT_CARD[] = {0x00, 0xA4, 0x04, 0x00, 0x07, 0xD2,
                                          0x76, 0x00, 0x00, 0x85, 0x01, 0x00};
    bool own = size >= sizeof(SELECT_CARD) && memcmp(apdu, SELECT_CARD, sizeof(SELECT_CARD)) == 0;
    bool select = size >= 4 && apdu[1] == 0xA4;
    answer->size = 2;
    answer->bytes[0] = own ? 0x90 : (uint8_t)(select ? 0x6A : 0x6D);
    answer->bytes[1] = own || !select ? 0x00 : 0x82;
}

static void exchange(struct card *card, const uint8_t *bytes, size_t size,
                     struct card_answer *answer)
{
    *answer = (struct card_answer){.status = CARD_OK};
    if (size >= 4 && bytes[0] == CLASS_NATIVE) {
        native(card, bytes, size, answer);
    } else {
        iso(bytes, size, answer);
    }
}

static void power_lost(struct card *card)
{
    struct desfire *desfire = &card->memory.desfire;
    desfire_discard(desfire);
    desfire->selected = 0;
    desfire->session = (struct desfire_session){.trust = DESFIRE_NOBODY};
    desfire->in_open = false;
    desfire->out_open = false;
}

static bool make(struct card *card, const struct card_uid *uid)
{
    static const uint8_t ATS[] = {0x06, 0x75, 0x77, 0x81, 0x02, 0x80};
    if (uid->size != 7) {
        return false;
    }
    memcpy(card->uid, uid->bytes, uid->size);
    card->uid_size = uid->size;
    card->atqa[0] = 0x03;
    card->atqa[1] = 0x44;
    card->sak = 0x20;
    card->ats_size = sizeof(ATS);
    memcpy(card->ats, ATS, sizeof(ATS));
    desfire_erase(&card->memory.desfire);
    return true;
}

static bool load(struct card *card, const uint8_t *image, size_t size)
{
    static const struct card_uid NONE = {.size = 7};
    return make(card, &NONE) && desfire_image_load(card, image, size);
}

const struct card_kind DESFIRE_KIND = {
    .name = "desfire",
    .speaks_blocks = true,
    .power_lost = power_lost,
    .exchange = exchange,
    .load = load,
    .save = desfire_image_save,
    .make = make,
};
