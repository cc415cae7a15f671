/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"
#include "common/crypto/cmac.h"
#include "common/crypto/ed25519.h"
#include "tests/unit/test.h"

/* RFC 8032, section 7.1, test 2; the keys as PKCS#8 and SubjectPublicKeyInfo of RFC 8410. */
static const char private_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";
static const char sign_hex[] = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                               "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

static struct ed25519_key *key_of(const char *pem)
{
    struct ed25519_key *key = NULL;
    CHECK_EQ_I64(ed25519_private_read(pem, strlen(pem), &key), OK);
    return key;
}

TEST(signature_of_the_rfc)
{
    struct ed25519_key *key = key_of(private_pem);
    const uint8_t message[] = {0x72};
    uint8_t sign[ED25519_SIGN_SIZE];
    uint8_t want[ED25519_SIGN_SIZE];
    size_t size = 0;
    CHECK(hex_parse(sign_hex, strlen(sign_hex), want, sizeof(want), &size, NULL));
    CHECK(ed25519_sign(key, message, sizeof(message), sign));
    CHECK_EQ_MEM(sign, want, sizeof(want));
    CHECK(ed25519_verify(key, message, sizeof(message), sign));
    ed25519_key_destroy(key);
}

TEST(one_bit_makes_it_no_signature)
{
    struct ed25519_key *key = key_of(private_pem);
    uint8_t message[] = {1, 2, 3, 4};
    uint8_t sign[ED25519_SIGN_SIZE];
    CHECK(ed25519_sign(key, message, sizeof(message), sign));
    for (size_t i = 0; i < sizeof(sign); i++) {
        sign[i] ^= 1;
        CHECK(!ed25519_verify(key, message, sizeof(message), sign));
        sign[i] ^= 1;
    }
    message[0] ^= 0x80;
    CHECK(!ed25519_verify(key, message, sizeof(message), sign));
    ed25519_key_destroy(key);
}

TEST(the_public_half_verifies_and_cannot_sign)
{
    struct ed25519_key *pair = NULL;
    struct ed25519_key *half = NULL;
    struct ed25519_key *again = NULL;
    char pem[ED25519_PEM_SIZE];
    uint8_t sign[ED25519_SIGN_SIZE];
    CHECK_EQ_I64(ed25519_make(&pair), OK);
    CHECK(ed25519_public_pem(pair, pem));
    CHECK_EQ_I64(ed25519_public_read(pem, strlen(pem), &half), OK);
    CHECK(!ed25519_sign(half, "x", 1, sign));
    CHECK(!ed25519_private_pem(half, pem));
    CHECK(ed25519_private_pem(pair, pem));
    CHECK_EQ_I64(ed25519_private_read(pem, strlen(pem), &again), OK);
    CHECK(ed25519_sign(again, "x", 1, sign));
    CHECK(ed25519_verify(half, "x", 1, sign));
    ed25519_key_destroy(pair);
    ed25519_key_destroy(half);
    ed25519_key_destroy(again);
    ed25519_key_destroy(NULL);
}

TEST(what_is_no_such_key_is_refused)
{
    static const char *const bad[] = {
        "",
        "nonsense",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        /* X25519, a key for another purpose */
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VuBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
        "-----END PRIVATE KEY-----\n",
        /* encrypted: nobody is asked for a passphrase */
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGb\n-----END ENCRYPTED PRIVATE KEY-----\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ed25519_key *key = NULL;
        CHECK(ed25519_private_read(bad[i], strlen(bad[i]), &key) != OK);
        CHECK(ed25519_public_read(bad[i], strlen(bad[i]), &key) != OK);
        CHECK(key == NULL);
    }
    struct ed25519_key *key = NULL;
    CHECK(ed25519_public_read(private_pem, strlen(private_pem), &key) != OK);
}

TEST(cmac_of_nothing)
{
    const uint8_t key[CMAC_KEY_SIZE] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                        0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    const uint8_t want[] = {0xbb, 0x1d, 0x69, 0x29};
    uint8_t mac[CMAC_SIZE];
    CHECK(cmac_aes128(key, NULL, 0, mac));
    CHECK_EQ_MEM(mac, want, sizeof(want));
}

TEST_MAIN()
