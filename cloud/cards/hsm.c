/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few calls of PKCS#11 that a MAC needs. One session, kept open: tokens take their time to log
 * in. Labels are padded with spaces in the token's own records, so they are compared as such.
 */
#include "cloud/cards/hsm.h"

#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>

#define CRYPTOKI_COMPAT 1
#include <p11-kit/pkcs11.h>

#include "common/bytes.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/thread/monitor.h"

enum {
    SLOTS_MAX = 64,
    KEY_BYTES = 16,
    LABEL_LEN = 32, /* of CK_TOKEN_INFO */
};

struct hsm {
    struct hsm_config config;
    struct monitor monitor;
    void *module;
    CK_FUNCTION_LIST *call;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    bool initialised;
    bool is_open;
};

void hsm_config_read(struct config *cfg, struct hsm_config *ret_config)
{
    struct hsm_config config = {.enabled = true};
    config_text(cfg, "cards.pkcs11.module", NULL, config.module, sizeof(config.module));
    config_text(cfg, "cards.pkcs11.token", NULL, config.token, sizeof(config.token));
    config_text(cfg, "cards.pkcs11.key", NULL, config.key, sizeof(config.key));
    config_text(cfg, "cards.pkcs11.pin_file", NULL, config.pin_file, sizeof(config.pin_file));
    *ret_config = config;
}

/* ---- the module ---- */

static enum err load(struct hsm *hsm, char why[SECRET_WHY_SIZE])
{
    CK_C_GetFunctionList get_list = NULL;
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    hsm->module = dlopen(hsm->config.module, RTLD_NOW | RTLD_LOCAL);
    if (hsm->module == NULL) {
        return secret_say(why, ERR_NOT_FOUND, hsm->config.module, "cannot be loaded");
    }
    /* ISO C knows no way from an object pointer to a function; POSIX promises the size. */
    void *symbol = dlsym(hsm->module, "C_GetFunctionList");
    memcpy(&get_list, &symbol, sizeof(get_list));
    if (symbol == NULL || get_list(&hsm->call) != CKR_OK) {
        return secret_say(why, ERR_NOT_FOUND, hsm->config.module, "is no PKCS#11 module");
    }
    const CK_RV rv = hsm->call->C_Initialize(&args);
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        return secret_say(why, ERR_IO, hsm->config.module, "does not start");
    }
    hsm->initialised = rv == CKR_OK;
    return OK;
}

/* ---- the token ---- */

static bool is_label(const unsigned char padded[LABEL_LEN], const char *label)
{
    const size_t len = strlen(label);
    MUST(len <= LABEL_LEN);
    for (size_t i = len; i < LABEL_LEN; i++) {
        if (padded[i] != ' ') {
            return false;
        }
    }
    return memcmp(padded, label, len) == 0;
}

static bool find_slot(struct hsm *hsm, CK_SLOT_ID *ret_slot)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    if (hsm->call->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) {
        return false;
    }
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (hsm->call->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            is_label(info.label, hsm->config.token)) {
            *ret_slot = slots[i];
            return true;
        }
    }
    return false;
}

static enum err log_in(struct hsm *hsm, char why[SECRET_WHY_SIZE])
{
    char pin[SECRET_SIZE_MAX + 1];
    size_t size = 0;
    enum err err = secret_read(hsm->config.pin_file, pin, &size, why);
    if (err != OK) {
        return err;
    }
    while (size > 0 && (pin[size - 1] == '\n' || pin[size - 1] == '\r')) {
        size -= 1;
    }
    unsigned char bytes[SECRET_SIZE_MAX + 1];
    memcpy(bytes, pin, size);
    const CK_RV rv = hsm->call->C_Login(hsm->session, CKU_USER, bytes, (CK_ULONG)size);
    bytes_wipe(bytes, sizeof(bytes));
    bytes_wipe(pin, sizeof(pin));
    return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN
               ? OK
               : secret_say(why, ERR_DENIED, hsm->config.token, "the token refuses the PIN");
}

static enum err open_session(struct hsm *hsm, bool writes, char why[SECRET_WHY_SIZE])
{
    CK_SLOT_ID slot = 0;
    const CK_FLAGS flags = CKF_SERIAL_SESSION | (writes ? (CK_FLAGS)CKF_RW_SESSION : 0);
    if (!find_slot(hsm, &slot)) {
        return secret_say(why, ERR_NOT_FOUND, hsm->config.token, "no token has this label");
    }
    if (hsm->call->C_OpenSession(slot, flags, NULL, NULL, &hsm->session) != CKR_OK) {
        return secret_say(why, ERR_IO, hsm->config.token, "the token gives no session");
    }
    hsm->is_open = true;
    return log_in(hsm, why);
}

/* ---- the key ---- */

static CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, void *value, size_t size)
{
    return (CK_ATTRIBUTE){type, value, (CK_ULONG)size};
}

static enum err find_key(struct hsm *hsm, char why[SECRET_WHY_SIZE])
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    char label[HSM_LABEL_SIZE];
    CK_ULONG count = 0;
    CK_OBJECT_HANDLE found[2];
    memcpy(label, hsm->config.key, sizeof(label));
    CK_ATTRIBUTE wanted[] = {attribute(CKA_CLASS, &class, sizeof(class)),
                             attribute(CKA_LABEL, label, strlen(label))};
    CK_RV rv = hsm->call->C_FindObjectsInit(hsm->session, wanted, ARRAY_COUNT(wanted));
    if (rv == CKR_OK) {
        rv = hsm->call->C_FindObjects(hsm->session, found, ARRAY_COUNT(found), &count);
        (void)hsm->call->C_FindObjectsFinal(hsm->session);
    }
    if (rv != CKR_OK || count == 0) {
        return secret_say(why, ERR_NOT_FOUND, hsm->config.key, "the token has no such key");
    }
    if (count > 1) {
        return secret_say(why, ERR_DENIED, hsm->config.key, "the token has several such keys");
    }
    hsm->key = found[0];
    return OK;
}

/* A key that can be read out is no better than a file. */
static enum err check_key(struct hsm *hsm, char why[SECRET_WHY_SIZE])
{
    CK_BBOOL sensitive = CK_FALSE;
    CK_BBOOL extractable = CK_TRUE;
    CK_ATTRIBUTE asked[] = {attribute(CKA_SENSITIVE, &sensitive, sizeof(sensitive)),
                            attribute(CKA_EXTRACTABLE, &extractable, sizeof(extractable))};
    const CK_RV rv =
        hsm->call->C_GetAttributeValue(hsm->session, hsm->key, asked, ARRAY_COUNT(asked));
    if (rv != CKR_OK || sensitive != CK_TRUE || extractable != CK_FALSE) {
        return secret_say(why, ERR_DENIED, hsm->config.key,
                          "the token would give this key away: make one that it does not");
    }
    return OK;
}

static enum err take_key(struct hsm *hsm, char why[SECRET_WHY_SIZE])
{
    const enum err err = find_key(hsm, why);
    return err == OK ? check_key(hsm, why) : err;
}

static enum err make_key(struct hsm *hsm, char why[SECRET_WHY_SIZE])
{
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ULONG size = KEY_BYTES;
    char label[HSM_LABEL_SIZE];
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    memcpy(label, hsm->config.key, sizeof(label));
    CK_ATTRIBUTE made[] = {
        attribute(CKA_TOKEN, &yes, sizeof(yes)),     attribute(CKA_PRIVATE, &yes, sizeof(yes)),
        attribute(CKA_SENSITIVE, &yes, sizeof(yes)), attribute(CKA_EXTRACTABLE, &no, sizeof(no)),
        attribute(CKA_SIGN, &yes, sizeof(yes)),      attribute(CKA_VALUE_LEN, &size, sizeof(size)),
        attribute(CKA_LABEL, label, strlen(label)),
    };
    const CK_RV rv =
        hsm->call->C_GenerateKey(hsm->session, &mechanism, made, ARRAY_COUNT(made), &hsm->key);
    return rv == CKR_OK ? OK
                        : secret_say(why, ERR_IO, hsm->config.key, "the token makes no such key");
}

/* ---- opening and closing ---- */

static enum err create(const struct hsm_config *config, bool writes, struct hsm **ret_hsm,
                       char why[SECRET_WHY_SIZE])
{
    struct hsm *hsm = calloc(1, sizeof(*hsm));
    if (hsm == NULL) {
        return ERR_MEMORY;
    }
    hsm->config = *config;
    monitor_init(&hsm->monitor);
    enum err err = load(hsm, why);
    if (err == OK) {
        err = open_session(hsm, writes, why);
    }
    if (err != OK) {
        hsm_close(hsm);
        return err;
    }
    *ret_hsm = hsm;
    return OK;
}

enum err hsm_open(const struct hsm_config *config, struct hsm **ret_hsm,
                  char ret_why[SECRET_WHY_SIZE])
{
    struct hsm *hsm = NULL;
    enum err err = create(config, /* writes= */ false, &hsm, ret_why);
    if (err != OK) {
        return err;
    }
    err = take_key(hsm, ret_why);
    if (err != OK) {
        hsm_close(hsm);
        return err;
    }
    *ret_hsm = hsm;
    return OK;
}

enum err hsm_make(const struct hsm_config *config, char ret_why[SECRET_WHY_SIZE])
{
    struct hsm *hsm = NULL;
    enum err err = create(config, /* writes= */ true, &hsm, ret_why);
    if (err != OK) {
        return err;
    }
    err = find_key(hsm, ret_why);
    if (err == ERR_NOT_FOUND) {
        err = make_key(hsm, ret_why);
    }
    hsm_close(hsm);
    return err;
}

void hsm_close(struct hsm *hsm)
{
    if (hsm == NULL) {
        return;
    }
    if (hsm->is_open) {
        (void)hsm->call->C_CloseSession(hsm->session);
    }
    if (hsm->initialised) {
        (void)hsm->call->C_Finalize(NULL);
    }
    if (hsm->module != NULL) {
        (void)dlclose(hsm->module);
    }
    monitor_finish(&hsm->monitor);
    free(hsm);
}

/* ---- the MAC ---- */

static bool sign(struct hsm *hsm, const uint8_t *bytes, size_t size, uint8_t ret_mac[HSM_MAC_SIZE])
{
    enum { MESSAGE_MAX = 64 };
    uint8_t message[MESSAGE_MAX]; /* the interface takes no const */
    CK_MECHANISM mechanism = {CKM_AES_CMAC, NULL, 0};
    CK_ULONG mac_size = HSM_MAC_SIZE;
    MUST(size <= sizeof(message));
    memcpy(message, bytes, size);
    return hsm->is_open && hsm->call->C_SignInit(hsm->session, &mechanism, hsm->key) == CKR_OK &&
           hsm->call->C_Sign(hsm->session, message, (CK_ULONG)size, ret_mac, &mac_size) == CKR_OK &&
           mac_size == HSM_MAC_SIZE;
}

static void end_session(struct hsm *hsm)
{
    if (hsm->is_open) {
        (void)hsm->call->C_CloseSession(hsm->session);
    }
    hsm->is_open = false;
}

/* The key may have been put in anew meanwhile: one that is refused is not used later either. */
static bool open_again(struct hsm *hsm)
{
    char why[SECRET_WHY_SIZE] = "";
    end_session(hsm);
    if (open_session(hsm, /* writes= */ false, why) != OK || take_key(hsm, why) != OK) {
        end_session(hsm);
        log_error("cards: %s", why);
        return false;
    }
    return true;
}

bool hsm_cmac(struct hsm *hsm, const uint8_t *bytes, size_t size, uint8_t ret_mac[HSM_MAC_SIZE])
{
    monitor_enter(&hsm->monitor);
    bool done = sign(hsm, bytes, size, ret_mac);
    if (!done && open_again(hsm)) {
        done = sign(hsm, bytes, size, ret_mac);
    }
    monitor_leave(&hsm->monitor);
    return done;
}
