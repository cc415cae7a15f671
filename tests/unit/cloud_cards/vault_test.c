/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the secrets: made once, refused when others may read them. */
#include <stdio.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "cloud/cards/vault.h"
#include "common/str.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

static struct vault_config make_config(void)
{
    char folder[TEMP_PATH_SIZE];
    struct vault_config config = {.enabled = true, .key_id = 3, .issuer = 9};
    (void)temp_folder_make(folder);
    (void)temp_path(folder, "master.hex", config.master_key_file);
    (void)temp_path(folder, "signing.pem", config.signing_key_file);
    return config;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    (void)fputs(text, file);
    (void)fclose(file);
    CHECK(chmod(path, 0600) == 0);
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    CHECK(stat(path, &status) == 0);
    return status.st_mode & 0777U;
}

TEST(keys_are_made_once_and_for_their_owner)
{
    const struct vault_config config = make_config();
    char why[VAULT_WHY_SIZE] = "";
    uint8_t meter[CARD_METER_SIZE];
    struct card_keys first;
    struct card_keys second;
    struct vault *vault = NULL;
    CHECK(card_meter_parse("000012345678", meter));
    CHECK_EQ_I64(vault_open(&config, &vault, why), ERR_IO);
    CHECK(strstr(why, "master.hex") != NULL);
    CHECK_EQ_I64(vault_make(&config, why), OK);
    CHECK_EQ_I64(mode_of(config.master_key_file), 0600);
    CHECK_EQ_I64(mode_of(config.signing_key_file), 0600);
    CHECK_EQ_I64(vault_open(&config, &vault, why), OK);
    CHECK(vault_meter_keys(vault, meter, &first));
    CHECK_EQ_I64(vault_key_id(vault), 3);
    CHECK_EQ_I64(vault_issuer(vault), 9);
    vault_close(vault);
    CHECK_EQ_I64(vault_make(&config, why), OK); /* what is there stays */
    CHECK_EQ_I64(vault_open(&config, &vault, why), OK);
    CHECK(vault_meter_keys(vault, meter, &second));
    CHECK(memcmp(&first, &second, sizeof(first)) == 0);
    vault_close(vault);
}

TEST(others_may_not_read_them)
{
    const struct vault_config config = make_config();
    char why[VAULT_WHY_SIZE] = "";
    struct vault *vault = NULL;
    const char *const paths[] = {config.master_key_file, config.signing_key_file};
    CHECK_EQ_I64(vault_make(&config, why), OK);
    for (size_t i = 0; i < 2; i++) {
        for (unsigned bit = 1; bit <= 040U; bit <<= 1U) {
            CHECK(chmod(paths[i], 0600U | bit) == 0);
            CHECK_EQ_I64(vault_open(&config, &vault, why), ERR_DENIED);
            CHECK(strstr(why, paths[i]) != NULL && strstr(why, "chmod 600") != NULL);
        }
        CHECK(chmod(paths[i], 0600) == 0);
    }
    CHECK_EQ_I64(vault_open(&config, &vault, why), OK);
    vault_close(vault);
}

TEST(what_is_no_key_is_named_and_not_shown)
{
    static const char *const bad[] = {"", "00", "000102030405060708090A0B0C0D0E0G",
                                      "000102030405060708090A0B0C0D0E0F00"};
    const struct vault_config config = make_config();
    char why[VAULT_WHY_SIZE] = "";
    struct vault *vault = NULL;
    CHECK_EQ_I64(vault_make(&config, why), OK);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        put(config.master_key_file, bad[i]);
        CHECK_EQ_I64(vault_open(&config, &vault, why), ERR_FORMAT);
        CHECK(strstr(why, "32 hex digits") != NULL && strstr(why, "0A0B") == NULL);
    }
    put(config.master_key_file, "000102030405060708090a0b0c0d0e0f\r\n");
    CHECK_EQ_I64(vault_open(&config, &vault, why), OK);
    vault_close(vault);
    put(config.signing_key_file, "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
    CHECK_EQ_I64(vault_open(&config, &vault, why), ERR_FORMAT);
    static char large[4096];
    memset(large, '0', sizeof(large) - 1);
    put(config.master_key_file, large);
    CHECK_EQ_I64(vault_open(&config, &vault, why), ERR_FORMAT);
    CHECK(unlink(config.master_key_file) == 0);
    CHECK(mkdir(config.master_key_file, 0700) == 0);
    CHECK_EQ_I64(vault_open(&config, &vault, why), ERR_IO);
}

TEST(a_meters_keys_are_the_published_ones)
{
    const struct vault_config config = make_config();
    static const uint8_t credit[] = {0xdb, 0x90, 0x1c, 0x8d, 0xf6, 0x95, 0xe9, 0x7d,
                                     0xf9, 0x97, 0xc7, 0x10, 0x3b, 0x34, 0xfa, 0x60};
    char why[VAULT_WHY_SIZE] = "";
    uint8_t meter[CARD_METER_SIZE];
    struct card_keys keys;
    struct vault *vault = NULL;
    CHECK(card_meter_parse("000012345678", meter));
    put(config.master_key_file, "000102030405060708090A0B0C0D0E0F");
    CHECK_EQ_I64(vault_make(&config, why), OK);
    CHECK_EQ_I64(vault_open(&config, &vault, why), OK);
    CHECK(vault_meter_keys(vault, meter, &keys));
    CHECK(memcmp(keys.credit, credit, sizeof(credit)) == 0);
    vault_close(vault);
}

TEST(purchase_cards_have_a_master_key_of_their_own)
{
    static const uint8_t serial[PURCHASE_SERIAL_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct vault_config config = make_config();
    char why[VAULT_WHY_SIZE] = "";
    char folder[TEMP_PATH_SIZE];
    struct purchase_keys keys;
    struct purchase_keys zero = {{{0}}};
    uint8_t want[CARD_KEY_SIZE];
    struct vault *vault = NULL;
    CHECK_EQ_I64(vault_make(&config, why), OK);
    CHECK_EQ_I64(vault_open(&config, &vault, why), OK);
    CHECK(!vault_has_purchase(vault));
    memset(&keys, 1, sizeof(keys));
    CHECK(!vault_purchase_keys(vault, serial, &keys));
    CHECK_EQ_MEM(&keys, &zero, sizeof(keys));
    vault_close(vault);
    config.has_purchase = true;
    (void)temp_folder_make(folder);
    (void)temp_path(folder, "purchase.hex", config.purchase_key_file);
    CHECK_EQ_I64(vault_make(&config, why), OK); /* never made: the cards would not know it */
    CHECK_EQ_I64(vault_open(&config, &vault, why), ERR_IO);
    put(config.purchase_key_file, "5348494C4C494E4720544553544B455\n");
    CHECK_EQ_I64(vault_open(&config, &vault, why), ERR_FORMAT);
    CHECK(strstr(why, "purchase.hex") != NULL);
    put(config.purchase_key_file, "5348494C4C494E4720544553544B4559\n");
    CHECK(chmod(config.purchase_key_file, 0640) == 0);
    CHECK_EQ_I64(vault_open(&config, &vault, why), ERR_DENIED);
    CHECK(chmod(config.purchase_key_file, 0600) == 0);
    CHECK_EQ_I64(vault_open(&config, &vault, why), OK);
    CHECK(vault_has_purchase(vault));
    CHECK(vault_purchase_keys(vault, serial, &keys));
    for (int which = 0; which < PURCHASE_KEY_COUNT; which++) {
        CHECK(purchase_key_derive((const uint8_t *)"SHILLING TESTKEY", serial,
                                  (enum purchase_key)which, want));
        CHECK_EQ_MEM(keys.keys[which], want, sizeof(want));
    }
    vault_close(vault);
}

TEST_MAIN()
