/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"
#include "common/compiler.h"
#include "common/crypto/base64.h"
#include "common/crypto/cert.h"
#include "common/crypto/digest.h"
#include "common/crypto/gcm.h"
#include "common/crypto/rsa.h"
#include "common/str.h"
#include "tests/unit/common_crypto/bad_keys.h"
#include "tests/unit/common_crypto/vector_keys.h"
#include "tests/unit/test.h"

/* RFC 4648, section 10. */
static const char *const PAIRS[][2] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

TEST(base64_of_the_rfc)
{
    for (size_t i = 0; i < ARRAY_COUNT(PAIRS); i++) {
        char text[16];
        uint8_t bytes[16];
        size_t size = 99;
        CHECK(base64_encode((const uint8_t *)PAIRS[i][0], strlen(PAIRS[i][0]), text, sizeof(text)));
        CHECK_EQ_STR(text, PAIRS[i][1]);
        CHECK(base64_decode(text, strlen(text), bytes, sizeof(bytes), &size));
        CHECK_EQ_U64(size, strlen(PAIRS[i][0]));
        CHECK_EQ_MEM(bytes, PAIRS[i][0], size);
    }
}

TEST(base64_is_strict)
{
    static const char *const bad[] = {"Z",        "Zg",   "Zg=",   "Zg= =",    " Zg==", "Zg==\n",
                                      "Zg==Zg==", "Zh==", "Zm9=",  "====",     "Z===",  "Zm-_",
                                      "Zm9v=",    "=Zm9", "Zm 9v", "Zm9v Zm9v"};
    uint8_t bytes[16];
    size_t size = 7;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (base64_decode(bad[i], strlen(bad[i]), bytes, sizeof(bytes), &size)) {
            TEST_FAIL("\"%s\" was taken", bad[i]);
        }
    }
    CHECK_EQ_U64(size, 7); /* nothing is said on failure */
    CHECK(!base64_decode("Zm9vYmFy", 8, bytes, 5, &size));
    CHECK(base64_decode("Zm9vYmFy", 8, bytes, 6, &size));
    char text[8];
    CHECK(!base64_encode(bytes, 6, text, sizeof(text)));
}

TEST(base64_all_values_round_trip)
{
    uint8_t in[256];
    uint8_t out[256];
    char text[BASE64_TEXT_SIZE(256)];
    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] = (uint8_t)(i * 167U + 13U);
    }
    for (size_t size = 0; size <= sizeof(in); size++) {
        size_t got = 0;
        CHECK(base64_encode(in, size, text, sizeof(text)));
        CHECK(base64_decode(text, strlen(text), out, sizeof(out), &got));
        CHECK_EQ_U64(got, size);
        CHECK_EQ_MEM(in, out, size);
    }
}

TEST(digests_of_abc)
{
    char hex[DIGEST_HEX_SIZE];
    CHECK(digest_hex(DIGEST_MD5, "abc", 3, hex));
    CHECK_EQ_STR(hex, "900150983cd24fb0d6963f7d28e17f72");
    CHECK(digest_hex(DIGEST_SHA1, "abc", 3, hex));
    CHECK_EQ_STR(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(digest_hex(DIGEST_SHA256, "abc", 3, hex));
    CHECK_EQ_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    uint8_t digest[DIGEST_SHA256_SIZE];
    CHECK(digest_sha256("abc", 3, digest));
    CHECK_EQ_U64(digest[0], 0xBA);
    CHECK_EQ_U64(digest[31], 0xAD);
}

/* RFC 4231, test case 2. */
TEST(hmac_of_the_rfc)
{
    uint8_t mac[DIGEST_SHA256_SIZE];
    char hex[2 * DIGEST_SHA256_SIZE + 1];
    CHECK(digest_hmac_sha256((const uint8_t *)"Jefe", 4, "what do ya want for nothing?", 28, mac));
    CHECK(hex_format(mac, sizeof(mac), '\0', hex, sizeof(hex)));
    CHECK_EQ_STR(hex, "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843");
}

/* McGrew and Viega, AES-256 test case 16 with its 12-byte nonce. */
static const char GCM_KEY[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
static const char GCM_NONCE[] = "cafebabefacedbaddecaf888";
static const char GCM_AAD[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
static const char GCM_SEALED[] =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10568288"
    "38c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b";
static const char GCM_PLAIN[] =
    "D9313225F88406E5A55909C5AFF5269A86A7A9531534F7DA2E4C303D8A318A721C3C0C95956809532FCF0E2449A6B5"
    "25B16AEDF5AA0DE657BA637B39";

struct gcm_case {
    uint8_t key[32];
    uint8_t nonce[16];
    uint8_t aad[32];
    uint8_t sealed[96];
    struct gcm_box box;
};

static void gcm_case_init(struct gcm_case *c)
{
    size_t size = 0;
    *c = (struct gcm_case){0};
    CHECK(hex_parse(GCM_KEY, strlen(GCM_KEY), c->key, sizeof(c->key), &size, NULL));
    CHECK(hex_parse(GCM_NONCE, strlen(GCM_NONCE), c->nonce, sizeof(c->nonce), &c->box.nonce_size,
                    NULL));
    CHECK(hex_parse(GCM_AAD, strlen(GCM_AAD), c->aad, sizeof(c->aad), &c->box.aad_size, NULL));
    CHECK(hex_parse(GCM_SEALED, strlen(GCM_SEALED), c->sealed, sizeof(c->sealed),
                    &c->box.sealed_size, NULL));
    c->box.key = c->key;
    c->box.nonce = c->nonce;
    c->box.aad = c->aad;
    c->box.sealed = c->sealed;
}

TEST(gcm_opens_what_was_sealed)
{
    struct gcm_case c;
    uint8_t plain[96];
    char hex[193];
    size_t size = 0;
    gcm_case_init(&c);
    CHECK(gcm_open(&c.box, plain, sizeof(plain), &size));
    CHECK(hex_format(plain, size, '\0', hex, sizeof(hex)));
    CHECK_EQ_STR(hex, GCM_PLAIN);
}

TEST(gcm_refuses_every_changed_bit)
{
    struct gcm_case c;
    uint8_t plain[96];
    static const uint8_t zeros[96];
    size_t size = 5;
    gcm_case_init(&c);
    for (size_t bit = 0; bit < 8 * c.box.sealed_size; bit++) {
        c.sealed[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        memset(plain, 0xAA, sizeof(plain));
        CHECK(!gcm_open(&c.box, plain, sizeof(plain), &size));
        CHECK_EQ_MEM(plain, zeros, c.box.sealed_size - GCM_TAG_SIZE); /* nothing is left */
        c.sealed[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    c.aad[0] ^= 1;
    CHECK(!gcm_open(&c.box, plain, sizeof(plain), &size));
    c.aad[0] ^= 1;
    c.key[31] ^= 1;
    CHECK(!gcm_open(&c.box, plain, sizeof(plain), &size));
    c.key[31] ^= 1;
    for (c.box.nonce_size = 0; c.box.nonce_size <= 16; c.box.nonce_size++) {
        CHECK(gcm_open(&c.box, plain, sizeof(plain), &size) == (c.box.nonce_size == 12));
    }
    c.box.nonce_size = 12;
    c.box.sealed_size = GCM_TAG_SIZE - 1;
    CHECK(!gcm_open(&c.box, plain, sizeof(plain), &size));
    gcm_case_init(&c);
    CHECK(!gcm_open(&c.box, plain, c.box.sealed_size - GCM_TAG_SIZE - 1, &size));
}

static bool verifies(const struct rsa_key *key, const char *text, const char *sign,
                     size_t sign_size)
{
    const struct rsa_part part = {text, strlen(text)};
    const struct rsa_signed message = {
        .parts = &part, .part_count = 1, .sign = sign, .sign_size = sign_size};
    return rsa_verify_base64(key, &message);
}

TEST(rsa_signs_and_verifies)
{
    struct rsa_key *private_key = vector_key("alipay_app.pkcs8.pem", true);
    struct rsa_key *same_key = vector_key("alipay_app.pkcs1.pem", true);
    struct rsa_key *public_key = vector_key("alipay_app.pub.pem", false);
    struct rsa_key *in_certificate = vector_key("alipay_app.crt", false);
    struct rsa_key *other = vector_key("alipay_platform.pub.pem", false);
    const struct rsa_part parts[] = {{"12.", 3}, {"", 0}, {"30", 2}};
    char sign[RSA_SIGN_TEXT_SIZE];
    char again[RSA_SIGN_TEXT_SIZE];
    CHECK(rsa_sign_base64(private_key, parts, ARRAY_COUNT(parts), sign));
    CHECK(rsa_sign_base64(same_key, parts, ARRAY_COUNT(parts), again));
    CHECK_EQ_STR(sign, again);
    CHECK_EQ_U64(strlen(sign), 344);
    CHECK(verifies(public_key, "12.30", sign, 344));
    CHECK(verifies(in_certificate, "12.30", sign, 344));
    CHECK(!verifies(other, "12.30", sign, 344));
    CHECK(!verifies(public_key, "12.31", sign, 344));
    CHECK(!verifies(public_key, "12.3", sign, 344));
    CHECK(!verifies(public_key, "12.30", sign, 340));
    CHECK(!verifies(public_key, "12.30", "", 0));
    sign[100] = sign[100] == 'A' ? 'B' : 'A';
    CHECK(!verifies(public_key, "12.30", sign, 344));
    char fingerprint[DIGEST_HEX_SIZE];
    char fingerprint_again[DIGEST_HEX_SIZE];
    CHECK(rsa_key_fingerprint(private_key, fingerprint));
    CHECK(rsa_key_fingerprint(in_certificate, fingerprint_again));
    CHECK_EQ_STR(fingerprint, fingerprint_again);
}

/* The base64 between the armour lines of a PEM text, with or without its line ends. */
static void strip_armour(const char *pem, bool keep_lines, char *ret_text, size_t size)
{
    const char *at = strchr(pem, '\n') + 1;
    size_t len = 0;
    while (*at != '-' && len + 1 < size) {
        if (*at != '\n' || keep_lines) {
            ret_text[len++] = *at;
        }
        at++;
    }
    ret_text[len] = '\0';
}

TEST(rsa_keys_without_armour)
{
    static const char *const names[] = {"alipay_app.pkcs8.pem", "alipay_app.pkcs1.pem"};
    char bare[4096];
    struct rsa_key *key = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        strip_armour(vector_key_text(names[i]), i == 0, bare, sizeof(bare));
        CHECK_EQ_I64(rsa_private_read(bare, strlen(bare), &key), OK);
        rsa_key_destroy(key);
    }
    strip_armour(vector_key_text("alipay_platform.pub.pem"), false, bare, sizeof(bare));
    CHECK_EQ_I64(rsa_public_read(bare, strlen(bare), &key), OK);
    rsa_key_destroy(key);
}

TEST(rsa_refuses_bad_keys)
{
    struct rsa_key *key = NULL;
    CHECK_EQ_I64(rsa_private_read(SHORT_PRIVATE, strlen(SHORT_PRIVATE), &key), ERR_RANGE);
    CHECK_EQ_I64(rsa_public_read(SHORT_PUBLIC, strlen(SHORT_PUBLIC), &key), ERR_RANGE);
    CHECK_EQ_I64(rsa_private_read(ENCRYPTED, strlen(ENCRYPTED), &key), ERR_FORMAT);
    CHECK_EQ_I64(rsa_private_read(ELLIPTIC, strlen(ELLIPTIC), &key), ERR_FORMAT);
    const char *public_text = vector_key_text("alipay_app.pub.pem");
    CHECK_EQ_I64(rsa_private_read(public_text, strlen(public_text), &key), ERR_FORMAT);
    CHECK_EQ_I64(rsa_private_read("", 0, &key), ERR_FORMAT);
    CHECK_EQ_I64(rsa_private_read("hello", 5, &key), ERR_FORMAT);
    const char *text = vector_key_text("alipay_app.pkcs8.pem");
    for (size_t size = 0; size < strlen(text) - 30; size += 97) {
        CHECK_EQ_I64(rsa_private_read(text, size, &key), ERR_FORMAT);
    }
    CHECK(key == NULL);
    rsa_key_destroy(NULL);
}

static struct cert_list *read_certs(const char *text)
{
    struct cert_list *list = NULL;
    CHECK_EQ_I64(cert_list_read(text, strlen(text), &list), OK);
    return list;
}

TEST(certificates_of_a_bundle)
{
    struct cert_list *list = read_certs(vector_key_text("alipay_root_bundle.crt"));
    char text[CERT_SERIAL_SIZE];
    CHECK_EQ_U64(cert_list_count(list), 3);
    CHECK(cert_is_rsa_signed(list, 0));
    CHECK(!cert_is_rsa_signed(list, 1)); /* ECDSA */
    CHECK(cert_is_rsa_signed(list, 2));  /* SHA-1 with RSA */
    CHECK(cert_serial_hex(list, 1, text));
    CHECK_EQ_STR(text, "0102");
    CHECK(cert_serial_decimal(list, 1, text));
    CHECK_EQ_STR(text, "258");
    cert_list_destroy(list);
}

/* A text may hold a key in front of the certificate, and the certificate under its older name. */
TEST(the_key_is_that_of_the_checked_certificate)
{
    static char text[16384];
    char wanted[DIGEST_HEX_SIZE];
    char got[DIGEST_HEX_SIZE];
    char of_certificate[DIGEST_HEX_SIZE];
    const char *certificate = vector_key_text("alipay_platform.crt");
    const char *foreign = vector_key_text("wx_pubkey.pub.pem");
    const char *begin = strstr(certificate, "-----BEGIN CERTIFICATE-----");
    const char *end = strstr(certificate, "-----END CERTIFICATE-----");
    CHECK(begin != NULL && end != NULL);
    begin += strlen("-----BEGIN CERTIFICATE-----");
    str_format_cut(text, sizeof(text),
                   "%s\n-----BEGIN X509 CERTIFICATE-----%.*s-----END X509 CERTIFICATE-----\n",
                   foreign, (int)(end - begin), begin);
    struct cert_list *list = read_certs(text);
    struct rsa_key *key = NULL;
    CHECK_EQ_U64(cert_list_count(list), 1);
    CHECK_EQ_I64(cert_rsa_key(list, 0, &key), OK);
    CHECK(rsa_key_fingerprint(key, got));
    CHECK(rsa_key_fingerprint(vector_key("alipay_platform.crt", false), wanted));
    CHECK_EQ_STR(got, wanted);
    CHECK(cert_key_fingerprint(list, 0, of_certificate));
    CHECK_EQ_STR(of_certificate, wanted);
    rsa_key_destroy(key);
    cert_list_destroy(list);
    list = read_certs(vector_key_text("alipay_root_bundle.crt"));
    CHECK_EQ_I64(cert_rsa_key(list, 1, &key), ERR_FORMAT); /* ECDSA, and has a fingerprint */
    CHECK(cert_key_fingerprint(list, 1, got));
    cert_list_destroy(list);
}

TEST(certificate_periods)
{
    struct cert_list *list = read_certs(vector_key_text("alipay_platform.crt"));
    struct cert_period period;
    CHECK(cert_period_read(list, 0, &period));
    CHECK(period.from_s < period.to_s);
    CHECK(!cert_is_expired(list, 0, period.to_s - 1) && cert_is_expired(list, 0, period.to_s + 1));
    CHECK(cert_period_holds(&period, period.from_s) && cert_period_holds(&period, period.to_s));
    CHECK(cert_period_holds(&period, period.from_s - 300)); /* our clock may be behind */
    CHECK(!cert_period_holds(&period, period.from_s - 301));
    CHECK(!cert_period_holds(&period, period.to_s + 1));
    cert_list_destroy(list);
}

TEST(certificate_chains_and_dates)
{
    const int64_t in_force = INT64_C(1797000000);   /* December 2026 */
    const int64_t long_after = INT64_C(3000000000); /* 2065 */
    struct cert_list *roots = read_certs(vector_key_text("alipay_root_bundle.crt"));
    struct cert_list *leaf = read_certs(vector_key_text("alipay_platform.crt"));
    struct cert_list *stranger = read_certs(vector_key_text("wx_plat_old.crt"));
    CHECK(!cert_is_expired(leaf, 0, in_force));
    CHECK(cert_is_expired(leaf, 0, long_after));
    CHECK(!cert_chains_to(leaf, NULL, roots, in_force)); /* the link is missing */
    CHECK(!cert_chains_to(stranger, NULL, roots, in_force));
    CHECK(cert_chains_to(roots, NULL, roots, in_force));
    CHECK(!cert_chains_to(roots, NULL, roots, long_after));
    cert_list_destroy(roots);
    cert_list_destroy(leaf);
    cert_list_destroy(stranger);
}

TEST(certificates_that_are_none)
{
    struct cert_list *list = NULL;
    CHECK_EQ_I64(cert_list_read("", 0, &list), ERR_FORMAT);
    CHECK_EQ_I64(cert_list_read("hello\n", 6, &list), ERR_FORMAT);
    const char *text = vector_key_text("alipay_root_bundle.crt");
    CHECK_EQ_I64(cert_list_read(text, strlen(text) / 2, &list), ERR_FORMAT);
    const char *key = vector_key_text("alipay_app.pub.pem");
    CHECK_EQ_I64(cert_list_read(key, strlen(key), &list), ERR_FORMAT);
    static char many[64 * 1024];
    size_t used = 0;
    const char *one = vector_key_text("wx_plat_old.crt");
    for (size_t i = 0; i <= CERT_LIST_COUNT_MAX; i++) {
        memcpy(many + used, one, strlen(one));
        used += strlen(one);
    }
    CHECK_EQ_I64(cert_list_read(many, used, &list), ERR_FULL);
    CHECK(list == NULL);
}

TEST_MAIN()
