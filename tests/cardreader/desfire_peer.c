/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DESFire card as Debian's libfreefare uses one: a second opinion on the emulated card's
 * ciphers and sums. usage: desfire_peer CONNSTRING; the card must be factory-new.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <freefare.h>
#include <nfc/nfc.h>

static int failures;

static void step(const char *name, bool good)
{
    (void)printf("%s %s\n", good ? "ok" : "FAILED", name);
    (void)fflush(stdout);
    failures += good ? 0 : 1;
}

/* The library takes them without const. */
static uint8_t AES_ZERO[16] = {0};
static uint8_t AES_ONE[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static uint8_t DES_ZERO[8] = {0};

static void make_application(MifareTag tag, MifareDESFireAID aid)
{
    MifareDESFireKey factory = mifare_desfire_des_key_new_with_version(DES_ZERO);
    step("authenticate with the factory DES key",
         mifare_desfire_authenticate(tag, 0, factory) == 0);
    step("create an AES application",
         mifare_desfire_create_application_aes(tag, aid, 0x0F, 4) == 0);
    mifare_desfire_key_free(factory);
}

static void change_keys(MifareTag tag, MifareDESFireKey zero, MifareDESFireKey one)
{
    step("authenticate with AES", mifare_desfire_authenticate_aes(tag, 0, zero) == 0);
    step("change another key", mifare_desfire_change_key(tag, 1, one, zero) == 0);
    uint8_t version = 0;
    step("its version", mifare_desfire_get_key_version(tag, 1, &version) == 0 && version == 0x42);
    step("change the key settings", mifare_desfire_change_key_settings(tag, 0x0F) == 0);
    char *uid = NULL;
    step("the UID, enciphered", mifare_desfire_get_card_uid(tag, &uid) == 0 && uid != NULL);
    free(uid);
    step("authenticate with the new key", mifare_desfire_authenticate_aes(tag, 1, one) == 0);
}

static void use_data(MifareTag tag, uint8_t number, bool backup, int mode)
{
    uint8_t sent[150];
    uint8_t got[200] = {0};
    uint16_t access = MDAR(MDAR_KEY1, MDAR_KEY1, MDAR_KEY1, MDAR_KEY0);
    for (size_t i = 0; i < sizeof(sent); i++) {
        sent[i] = (uint8_t)(i * 7 + number);
    }
    step("create a data file",
         (backup
              ? mifare_desfire_create_backup_data_file(tag, number, (uint8_t)mode, access, 150)
              : mifare_desfire_create_std_data_file(tag, number, (uint8_t)mode, access, 150)) == 0);
    step("write it",
         mifare_desfire_write_data(tag, number, 0, sizeof(sent), sent) == (ssize_t)sizeof(sent));
    if (backup) {
        step("what is not committed does not show",
             mifare_desfire_read_data(tag, number, 0, 150, got) == 150 && got[1] == 0);
        step("commit", mifare_desfire_commit_transaction(tag) == 0);
    }
    step("read it back", mifare_desfire_read_data(tag, number, 0, 150, got) == 150 &&
                             memcmp(sent, got, sizeof(sent)) == 0);
    struct mifare_desfire_file_settings settings;
    step("its settings", mifare_desfire_get_file_settings(tag, number, &settings) == 0 &&
                             settings.settings.standard_file.file_size == 150);
}

static void use_value(MifareTag tag, uint8_t number, int mode)
{
    uint16_t access = MDAR(MDAR_KEY1, MDAR_KEY1, MDAR_KEY1, MDAR_KEY0);
    int32_t value = 0;
    step("create a value file", mifare_desfire_create_value_file(tag, number, (uint8_t)mode, access,
                                                                 0, 1000, 100, 1) == 0);
    step("credit", mifare_desfire_credit(tag, number, 50) == 0);
    step("debit", mifare_desfire_debit(tag, number, 20) == 0);
    step("not yet", mifare_desfire_get_value(tag, number, &value) == 0 && value == 100);
    step("commit", mifare_desfire_commit_transaction(tag) == 0);
    step("now", mifare_desfire_get_value(tag, number, &value) == 0 && value == 130);
    step("limited credit", mifare_desfire_limited_credit(tag, number, 20) == 0);
    step("abort", mifare_desfire_abort_transaction(tag) == 0);
    step("as before", mifare_desfire_get_value(tag, number, &value) == 0 && value == 130);
}

static void use_card(MifareTag tag)
{
    MifareDESFireKey zero = mifare_desfire_aes_key_new_with_version(AES_ZERO, 0);
    MifareDESFireKey one = mifare_desfire_aes_key_new_with_version(AES_ONE, 0x42);
    MifareDESFireAID aid = mifare_desfire_aid_new(0x4C5A01);
    struct mifare_desfire_version_info version;
    make_application(tag, aid);
    step("select it", mifare_desfire_select_application(tag, aid) == 0);
    change_keys(tag, zero, one);
    step("the version, MACed", mifare_desfire_get_version(tag, &version) == 0);
    uint8_t number = 1;
    static const int MODES[] = {MDCM_PLAIN, MDCM_MACED, MDCM_ENCIPHERED};
    for (size_t i = 0; i < 3; i++) {
        use_data(tag, number++, false, MODES[i]);
    }
    use_data(tag, number++, true, MDCM_MACED);
    for (size_t i = 0; i < 3; i++) {
        use_value(tag, number++, MODES[i]);
    }
    uint8_t *files = NULL;
    size_t count = 0;
    step("the list of files", mifare_desfire_get_file_ids(tag, &files, &count) == 0 && count == 7);
    free(files);
    step("delete a file", mifare_desfire_delete_file(tag, 1) == 0);
    step("a wrong key is refused", mifare_desfire_authenticate_aes(tag, 0, one) != 0);
    mifare_desfire_key_free(zero);
    mifare_desfire_key_free(one);
    free(aid);
}

int main(int argc, char **argv)
{
    nfc_context *context = NULL;
    nfc_init(&context);
    nfc_device *device = argc == 2 ? nfc_open(context, argv[1]) : NULL;
    MifareTag *tags = device == NULL ? NULL : freefare_get_tags(device);
    MifareTag tag = tags == NULL ? NULL : tags[0];
    step("a DESFire card lies there", tag != NULL && freefare_get_tag_type(tag) == DESFIRE);
    if (tag != NULL) {
        step("connect", mifare_desfire_connect(tag) == 0);
        use_card(tag);
        step("disconnect", mifare_desfire_disconnect(tag) == 0);
        freefare_free_tags(tags);
    }
    if (device != NULL) {
        nfc_close(device);
    }
    nfc_exit(context);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
