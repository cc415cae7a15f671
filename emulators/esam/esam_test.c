/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one well-known master key; a key per meter, HMAC(master, "meter" + address); every code
 * is the first bytes of HMAC(meter key, label + fields). The label keeps the codes apart.
 */
#include "emulators/esam/esam_test.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { KEY_SIZE = 32, LABEL_SIZE = 8, MESSAGE_SIZE_MAX = 32 };

static const uint8_t MASTER_KEY[KEY_SIZE] = "SHILLING TEST ESAM: NOT A SECRET";

struct message {
    uint8_t bytes[MESSAGE_SIZE_MAX];
    size_t size;
};

static void message_add(struct message *message, const void *bytes, size_t size)
{
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

static void message_add_u32(struct message *message, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};
    message_add(message, bytes, sizeof(bytes));
}

static bool hash_keyed(const uint8_t key[KEY_SIZE], const struct message *message,
                       uint8_t ret_hash[KEY_SIZE])
{
    unsigned int size = 0;
    return HMAC(EVP_sha256(), key, KEY_SIZE, message->bytes, message->size, ret_hash, &size) !=
               NULL &&
           size == KEY_SIZE;
}

static bool code_make(const uint8_t address[ESAM_ADDRESS_SIZE], const struct message *message,
                      uint8_t *ret_code, size_t size)
{
    struct message seed = {.size = 0};
    uint8_t key[KEY_SIZE];
    uint8_t hash[KEY_SIZE];
    message_add(&seed, "meter", strlen("meter"));
    message_add(&seed, address, ESAM_ADDRESS_SIZE);
    if (!hash_keyed(MASTER_KEY, &seed, key) || !hash_keyed(key, message, hash)) {
        return false;
    }
    memcpy(ret_code, hash, size);
    return true;
}

static struct message message_begin(const char label[LABEL_SIZE])
{
    struct message message = {.size = 0};
    message_add(&message, label, LABEL_SIZE);
    return message;
}

bool esam_test_fingerprint(uint8_t ret_hash[ESAM_FINGERPRINT_SIZE])
{
    return EVP_Digest(MASTER_KEY, KEY_SIZE, ret_hash, NULL, EVP_sha256(), NULL) == 1;
}

void esam_test_factor(const uint8_t address[ESAM_ADDRESS_SIZE],
                      uint8_t ret_factor[ESAM_FACTOR_SIZE])
{
    memset(ret_factor, 0, ESAM_FACTOR_SIZE);
    for (size_t i = 0; i < ESAM_ADDRESS_SIZE; i++) {
        ret_factor[ESAM_FACTOR_SIZE - 1 - i] = address[i];
    }
}

bool esam_test_identity(const uint8_t address[ESAM_ADDRESS_SIZE],
                        const uint8_t random1[ESAM_RANDOM_SIZE],
                        uint8_t ret_cipher[ESAM_CIPHER_SIZE])
{
    struct message message = message_begin("identity");
    message_add(&message, random1, ESAM_RANDOM_SIZE);
    return code_make(address, &message, ret_cipher, ESAM_CIPHER_SIZE);
}

bool esam_test_macs(const struct esam_purchase *purchase, uint8_t ret_mac1[ESAM_MAC_SIZE],
                    uint8_t ret_mac2[ESAM_MAC_SIZE])
{
    struct message first = message_begin("purchas1");
    message_add_u32(&first, purchase->di);
    message_add_u32(&first, purchase->amount_fen);
    message_add_u32(&first, purchase->count);
    struct message second = message_begin("purchas2");
    message_add_u32(&second, purchase->di);
    message_add_u32(&second, purchase->count);
    message_add(&second, purchase->customer, ESAM_ADDRESS_SIZE);
    return code_make(purchase->address, &first, ret_mac1, ESAM_MAC_SIZE) &&
           code_make(purchase->address, &second, ret_mac2, ESAM_MAC_SIZE);
}

bool esam_test_answer_mac(const uint8_t address[ESAM_ADDRESS_SIZE], uint32_t value,
                          uint8_t ret_mac[ESAM_MAC_SIZE])
{
    struct message message = message_begin("answered");
    message_add_u32(&message, value);
    return code_make(address, &message, ret_mac, ESAM_MAC_SIZE);
}
