/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_DESFIRE_INSIDE_H
#define SHILLING_EMULATORS_CARDREADER_DESFIRE_INSIDE_H

#include "emulators/cardreader/card.h"
#include "emulators/cardreader/desfire.h"

/* What the parts of the DESFire model call of each other. */
enum desfire_status {
    DESFIRE_OK = 0x00,
    DESFIRE_NO_CHANGES = 0x0C,
    DESFIRE_OUT_OF_MEMORY = 0x0E,
    DESFIRE_ILLEGAL_COMMAND = 0x1C,
    DESFIRE_INTEGRITY = 0x1E,
    DESFIRE_NO_SUCH_KEY = 0x40,
    DESFIRE_LENGTH = 0x7E,
    DESFIRE_PERMISSION = 0x9D,
    DESFIRE_PARAMETER = 0x9E,
    DESFIRE_NO_APPLICATION = 0xA0,
    DESFIRE_AUTHENTICATION = 0xAE,
    DESFIRE_MORE = 0xAF,
    DESFIRE_BOUNDARY = 0xBE,
    DESFIRE_ABORTED = 0xCA,
    DESFIRE_DUPLICATE = 0xDE,
    DESFIRE_NO_FILE = 0xF0
};

enum desfire_command {
    DESFIRE_AUTH_LEGACY = 0x0A,
    DESFIRE_AUTH_AES = 0xAA,
    DESFIRE_CREDIT = 0x0C,
    DESFIRE_LIMITED_CREDIT = 0x1C,
    DESFIRE_DEBIT = 0xDC,
    DESFIRE_CHANGE_SETTINGS = 0x54,
    DESFIRE_CHANGE_KEY = 0xC4,
    DESFIRE_WRITE_DATA = 0x3D
};

enum { DESFIRE_ACCESS_FREE = 0x0E, DESFIRE_ACCESS_NEVER = 0x0F };

struct desfire_reply {
    enum desfire_status status;
    uint8_t mode; /* enum desfire_mode of the data */
    uint8_t bytes[DESFIRE_MESSAGE_MAX];
    size_t size;
};

/** One command, complete and deciphered. */
typedef void desfire_run(struct card *card, const struct desfire_message *in,
                         struct desfire_reply *reply);

/** Applications, keys and the card itself. */
desfire_run picc_select, picc_create_application, picc_delete_application, picc_application_ids,
    picc_key_settings, picc_change_settings, picc_key_version, picc_change_key, picc_format,
    picc_free_memory, picc_card_uid, picc_df_names;

/** Files and transactions. */
desfire_run picc_create_standard, picc_create_backup, picc_create_value, picc_delete_file,
    picc_file_ids, picc_file_settings, picc_read_data, picc_write_data, picc_get_value, picc_credit,
    picc_limited_credit, picc_debit, picc_commit, picc_abort;

/** The two halves of an authentication; the bytes are what stands behind the command code. */
void picc_auth_begin(struct card *card, const struct desfire_message *in,
                     struct desfire_reply *reply);
void picc_auth_finish(struct card *card, const uint8_t *bytes, size_t size,
                      struct desfire_reply *reply);

struct desfire_app *desfire_app_now(struct desfire *desfire);

/** The file of that number in the selected application, or NULL. */
struct desfire_file *desfire_file_find(struct desfire *desfire, uint8_t number);

/** How data of a file goes in this session: as the file says, or plain where access is free. */
uint8_t desfire_mode_now(const struct desfire *desfire, const struct desfire_file *file,
                         bool reads);

/** Drop what was not committed. */
void desfire_discard(struct desfire *desfire);

/** Nothing but the card's own application with its key, as from the factory. */
void desfire_erase(struct desfire *desfire);

/** True if the master key of the selected application was presented. */
bool desfire_is_master(const struct desfire *desfire);

/** Image texts. */
bool desfire_image_load(struct card *card, const uint8_t *image, size_t size);
size_t desfire_image_save(const struct card *card, uint8_t *ret_image, size_t room);

#endif
