/* SPDX-License-Identifier: Apache-2.0 */
/* The master key in a PKCS#11 token: SoftHSM 2, which Debian has as softhsm2. */
#include <stdio.h>
#include <string.h>

#include <dlfcn.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CRYPTOKI_COMPAT 1
#include <p11-kit/pkcs11.h>

#include "cloud/cards/hsm.h"
#include "cloud/cards/vault.h"
#include "common/str.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define PIN "87654321"

static void put(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    CHECK_EQ_U64(fwrite(bytes, 1, size, file), size);
    (void)fclose(file);
    CHECK(chmod(path, 0600) == 0);
}

/* Run a command, its words parted by single spaces; true if it ended well. */
static bool run(const char *format, const char *path)
{
    enum { WORDS_MAX = 20 };
    char line[TEMP_PATH_SIZE + 256];
    char *words[WORDS_MAX + 1] = {NULL};
    size_t count = 0;
    pid_t pid = 0;
    int status = 1;
    posix_spawn_file_actions_t actions;
    CHECK(str_format(line, sizeof(line), "softhsm2-util %s %s", format, path));
    for (char *at = line; at != NULL && count < WORDS_MAX; count++) {
        words[count] = at;
        at = strchr(at, ' ');
        if (at != NULL) {
            *at = '\0';
            at += 1;
        }
    }
    CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0) == 0);
    const int failed = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed == 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* A token of our own, with nothing in it. */
static void make_token(struct hsm_config *config, char ret_folder[TEMP_PATH_SIZE])
{
    char path[TEMP_PATH_SIZE];
    char text[2 * TEMP_PATH_SIZE];
    if (access(MODULE, R_OK) != 0) {
        TEST_FAIL("%s is not there: install softhsm2 (shilling-packages.txt)", MODULE);
    }
    (void)temp_folder_make(ret_folder);
    CHECK(mkdir(temp_path(ret_folder, "tokens", path), 0700) == 0);
    str_format_cut(text, sizeof(text), "directories.tokendir = %s\n", path);
    put(temp_path(ret_folder, "softhsm.conf", path), text, strlen(text));
    CHECK(setenv("SOFTHSM2_CONF", path, 1) == 0);
    CHECK(run("--init-token --free --so-pin 12345678 --pin " PIN " --label", "shilling"));
    *config = (struct hsm_config){.enabled = true};
    CHECK(str_copy(config->module, sizeof(config->module), MODULE));
    CHECK(str_copy(config->token, sizeof(config->token), "shilling"));
    CHECK(str_copy(config->key, sizeof(config->key), "card-master"));
    (void)temp_path(ret_folder, "pin", config->pin_file);
    put(config->pin_file, PIN "\n", strlen(PIN) + 1);
}

/* The module by a hand of its own, with a session that may write. */
struct hand {
    void *module;
    CK_FUNCTION_LIST *call;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    bool begun; /* nobody else in this process uses the module */
};

static void hand_open(struct hand *hand)
{
    static unsigned char pin[] = PIN;
    CK_C_GetFunctionList get_list = NULL;
    CK_SLOT_ID slots[8];
    CK_ULONG count = ARRAY_COUNT(slots);
    hand->module = dlopen(MODULE, RTLD_NOW | RTLD_LOCAL);
    CHECK(hand->module != NULL);
    void *symbol = dlsym(hand->module, "C_GetFunctionList");
    memcpy(&get_list, &symbol, sizeof(get_list));
    CHECK(get_list(&hand->call) == CKR_OK);
    const CK_RV begun = hand->call->C_Initialize(NULL);
    CHECK(begun == CKR_OK || begun == CKR_CRYPTOKI_ALREADY_INITIALIZED);
    hand->begun = begun == CKR_OK;
    CHECK(hand->call->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count > 0);
    hand->slot = slots[0];
    CHECK(hand->call->C_OpenSession(hand->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                    &hand->session) == CKR_OK);
    const CK_RV in = hand->call->C_Login(hand->session, CKU_USER, pin, sizeof(pin) - 1);
    CHECK(in == CKR_OK || in == CKR_USER_ALREADY_LOGGED_IN);
}

/* Whoever else has sessions loses them, as after a power cut of the token. */
static void hand_close(struct hand *hand)
{
    CHECK(hand->call->C_CloseAllSessions(hand->slot) == CKR_OK);
    CHECK(!hand->begun || hand->call->C_Finalize(NULL) == CKR_OK);
    CHECK(dlclose(hand->module) == 0);
}

/* The key of the format's published vectors. */
static void put_key(const struct hand *hand, bool hidden)
{
    static uint8_t value[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    char label[] = "imported";
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL sensitive = hidden ? CK_TRUE : CK_FALSE;
    CK_BBOOL extractable = hidden ? CK_FALSE : CK_TRUE;
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE made[] = {{CKA_CLASS, &class, sizeof(class)},
                           {CKA_KEY_TYPE, &type, sizeof(type)},
                           {CKA_TOKEN, &yes, sizeof(yes)},
                           {CKA_SENSITIVE, &sensitive, sizeof(sensitive)},
                           {CKA_EXTRACTABLE, &extractable, sizeof(extractable)},
                           {CKA_SIGN, &yes, sizeof(yes)},
                           {CKA_LABEL, label, strlen(label)},
                           {CKA_VALUE, value, sizeof(value)}};
    CK_OBJECT_HANDLE key = 0;
    CHECK(hand->call->C_CreateObject(hand->session, made, ARRAY_COUNT(made), &key) == CKR_OK);
}

static void import_key(bool hidden)
{
    struct hand hand = {.module = NULL};
    hand_open(&hand);
    put_key(&hand, hidden);
    hand_close(&hand);
}

static struct vault_config vault_of(const struct hsm_config *hsm, const char *folder)
{
    struct vault_config config = {.enabled = true, .hsm = *hsm, .key_id = 1};
    (void)temp_path(folder, "signing.pem", config.signing_key_file);
    return config;
}

TEST(a_meters_keys_come_out_of_the_token_and_the_master_does_not)
{
    struct hsm_config config;
    char folder[TEMP_PATH_SIZE];
    char why[VAULT_WHY_SIZE] = "";
    uint8_t meter[CARD_METER_SIZE];
    struct card_keys first;
    struct card_keys second;
    struct vault *vault = NULL;
    make_token(&config, folder);
    const struct vault_config with = vault_of(&config, folder);
    CHECK(card_meter_parse("000012345678", meter));
    CHECK_EQ_I64(vault_open(&with, &vault, why), ERR_NOT_FOUND);
    CHECK(strstr(why, "card-master") != NULL);
    CHECK_EQ_I64(vault_make(&with, why), OK);
    CHECK_EQ_I64(vault_open(&with, &vault, why), OK);
    CHECK(vault_meter_keys(vault, meter, &first));
    CHECK(memcmp(first.credit, first.back, sizeof(first.credit)) != 0);
    vault_close(vault);
    CHECK_EQ_I64(vault_make(&with, why), OK); /* the key stays */
    CHECK_EQ_I64(vault_open(&with, &vault, why), OK);
    CHECK(vault_meter_keys(vault, meter, &second));
    CHECK(memcmp(&first, &second, sizeof(first)) == 0);
    vault_close(vault);
}

/* What the token computes is what the library computes: the published vectors. */
TEST(the_tokens_cmac_is_the_published_one)
{
    static const uint8_t credit[] = {0xdb, 0x90, 0x1c, 0x8d, 0xf6, 0x95, 0xe9, 0x7d,
                                     0xf9, 0x97, 0xc7, 0x10, 0x3b, 0x34, 0xfa, 0x60};
    struct hsm_config config;
    char folder[TEMP_PATH_SIZE];
    char why[SECRET_WHY_SIZE] = "";
    uint8_t meter[CARD_METER_SIZE];
    uint8_t message[CARD_DIVERSIFY_SIZE];
    uint8_t mac[HSM_MAC_SIZE];
    struct hsm *hsm = NULL;
    make_token(&config, folder);
    import_key(/* hidden= */ true);
    CHECK(str_copy(config.key, sizeof(config.key), "imported"));
    CHECK_EQ_I64(hsm_open(&config, &hsm, why), OK);
    CHECK(card_meter_parse("000012345678", meter));
    card_keys_message(CARD_KEY_CREDIT, meter, message);
    CHECK(hsm_cmac(hsm, message, sizeof(message), mac));
    CHECK(memcmp(mac, credit, sizeof(credit)) == 0);
    hsm_close(hsm);
}

TEST(a_key_that_can_be_read_out_is_refused)
{
    struct hsm_config config;
    char folder[TEMP_PATH_SIZE];
    char why[SECRET_WHY_SIZE] = "";
    struct hsm *hsm = NULL;
    make_token(&config, folder);
    import_key(/* hidden= */ false);
    CHECK(str_copy(config.key, sizeof(config.key), "imported"));
    CHECK_EQ_I64(hsm_open(&config, &hsm, why), ERR_DENIED);
    CHECK(strstr(why, "give this key away") != NULL);
}

TEST(nor_is_one_taken_that_came_while_the_token_was_away)
{
    static const uint8_t message[] = {1};
    struct hsm_config config;
    char folder[TEMP_PATH_SIZE];
    char why[SECRET_WHY_SIZE] = "";
    uint8_t mac[HSM_MAC_SIZE];
    struct hsm *hsm = NULL;
    struct hand hand = {.module = NULL};
    make_token(&config, folder);
    import_key(/* hidden= */ true);
    CHECK(str_copy(config.key, sizeof(config.key), "imported"));
    CHECK_EQ_I64(hsm_open(&config, &hsm, why), OK);
    hand_open(&hand);
    hand_close(&hand);
    CHECK(hsm_cmac(hsm, message, sizeof(message), mac)); /* the same key, after a new log-in */
    hand_open(&hand);
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof(class)};
    CK_OBJECT_HANDLE old = 0;
    CK_ULONG count = 0;
    CHECK(hand.call->C_FindObjectsInit(hand.session, &wanted, 1) == CKR_OK);
    CHECK(hand.call->C_FindObjects(hand.session, &old, 1, &count) == CKR_OK && count == 1);
    CHECK(hand.call->C_FindObjectsFinal(hand.session) == CKR_OK);
    CHECK(hand.call->C_DestroyObject(hand.session, old) == CKR_OK);
    put_key(&hand, /* hidden= */ false);
    hand_close(&hand);
    CHECK(!hsm_cmac(hsm, message, sizeof(message), mac));
    CHECK(!hsm_cmac(hsm, message, sizeof(message), mac)); /* nor at the second try */
    hsm_close(hsm);
}

TEST(what_is_wrong_is_said)
{
    struct hsm_config config;
    char folder[TEMP_PATH_SIZE];
    char why[SECRET_WHY_SIZE] = "";
    struct hsm *hsm = NULL;
    make_token(&config, folder);
    CHECK_EQ_I64(hsm_make(&config, why), OK);
    struct hsm_config bad = config;
    CHECK(str_copy(bad.module, sizeof(bad.module), "/nowhere/libpkcs11.so"));
    CHECK_EQ_I64(hsm_open(&bad, &hsm, why), ERR_NOT_FOUND);
    CHECK(strstr(why, "/nowhere") != NULL);
    bad = config;
    CHECK(str_copy(bad.token, sizeof(bad.token), "shill"));
    CHECK_EQ_I64(hsm_open(&bad, &hsm, why), ERR_NOT_FOUND);
    bad = config;
    CHECK(str_copy(bad.key, sizeof(bad.key), "other"));
    CHECK_EQ_I64(hsm_open(&bad, &hsm, why), ERR_NOT_FOUND);
    CHECK(chmod(config.pin_file, 0640) == 0);
    CHECK_EQ_I64(hsm_open(&config, &hsm, why), ERR_DENIED);
    CHECK(strstr(why, "chmod 600") != NULL);
    put(config.pin_file, "0000", 4);
    CHECK_EQ_I64(hsm_open(&config, &hsm, why), ERR_DENIED);
    CHECK(strstr(why, "0000") == NULL);
    put(config.pin_file, PIN, strlen(PIN));
    CHECK_EQ_I64(hsm_open(&config, &hsm, why), OK);
    hsm_close(hsm);
}

/* Both master keys in one token: the second session begins after the first and ends before it. */
TEST(purchase_cards_keys_come_out_of_the_same_token)
{
    static const uint8_t serial[PURCHASE_SERIAL_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t master[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct hsm_config config;
    char folder[TEMP_PATH_SIZE];
    char why[VAULT_WHY_SIZE] = "";
    uint8_t meter[CARD_METER_SIZE];
    uint8_t want[CARD_KEY_SIZE];
    struct card_keys ours;
    struct purchase_keys keys;
    struct vault *vault = NULL;
    make_token(&config, folder);
    struct vault_config with = vault_of(&config, folder);
    CHECK(card_meter_parse("000012345678", meter));
    CHECK_EQ_I64(vault_make(&with, why), OK);
    with.has_purchase = true;
    with.purchase_hsm = with.hsm;
    CHECK(str_copy(with.purchase_hsm.key, sizeof(with.purchase_hsm.key), "imported"));
    CHECK_EQ_I64(vault_open(&with, &vault, why), ERR_NOT_FOUND); /* never made here */
    CHECK(strstr(why, "imported") != NULL);
    import_key(/* hidden= */ true);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ_I64(vault_open(&with, &vault, why), OK);
        CHECK(vault_purchase_keys(vault, serial, &keys));
        CHECK(vault_meter_keys(vault, meter, &ours));
        for (int which = 0; which < PURCHASE_KEY_COUNT; which++) {
            CHECK(purchase_key_derive(master, serial, (enum purchase_key)which, want));
            CHECK_EQ_MEM(keys.keys[which], want, sizeof(want));
        }
        vault_close(vault);
    }
    CHECK_EQ_I64(vault_open(&with, &vault, why), OK);
    struct hand hand = {.module = NULL};
    hand_open(&hand); /* both sessions are lost, and begun anew */
    hand_close(&hand);
    CHECK(vault_purchase_keys(vault, serial, &keys));
    CHECK(vault_meter_keys(vault, meter, &ours));
    CHECK_EQ_MEM(keys.keys[PURCHASE_KEY_COUNT - 1], want, sizeof(want));
    vault_close(vault);
}

TEST_MAIN()
