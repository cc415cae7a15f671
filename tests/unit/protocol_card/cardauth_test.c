/* SPDX-License-Identifier: Apache-2.0 */
#include "common/compiler.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "common/str.h"
#include "protocol/cardauth/cardauth.h"
#include "tests/unit/test.h"

static const uint8_t RECORD[] = {'t', 'o', 'k', 'e', 'n'};
enum { END = 1800000000 };

struct scene {
    struct ed25519_key *key;
    struct card_uid uid;
    struct cardauth auth;
    char text[CARDAUTH_TEXT_SIZE];
};

static struct scene scene_make(void)
{
    struct scene scene = {.auth = {.what = CARDAUTH_WRITE,
                                   .terminal = "T-0001",
                                   .order = "ORDER_1",
                                   .n = 8,
                                   .fen = 10000,
                                   .expires_at = END}};
    CHECK_EQ_I64(ed25519_make(&scene.key), OK);
    CHECK(card_uid_parse("4A8B1C2D", &scene.uid));
    scene.auth.uid = scene.uid;
    CHECK(digest_sha256(RECORD, sizeof(RECORD), scene.auth.token));
    CHECK(cardauth_seal(&scene.auth, scene.key, scene.text));
    return scene;
}

static struct cardauth_deed deed_of(const struct scene *scene)
{
    return (struct cardauth_deed){.what = CARDAUTH_WRITE,
                                  .terminal = "T-0001",
                                  .uid = &scene->uid,
                                  .bytes = RECORD,
                                  .size = sizeof(RECORD),
                                  .wall_s = END,
                                  .clock_is_set = true};
}

TEST(what_was_sealed_is_opened)
{
    struct scene scene = scene_make();
    struct cardauth got;
    CHECK_EQ_I64(cardauth_open(scene.text, scene.key, &got), OK);
    CHECK_EQ_STR(got.terminal, "T-0001");
    CHECK_EQ_STR(got.order, "ORDER_1");
    CHECK_EQ_U64(got.n, 8);
    CHECK_EQ_I64(got.fen, 10000);
    CHECK_EQ_I64(got.expires_at, END);
    CHECK(card_uid_equal(&got.uid, &scene.uid));
    CHECK_EQ_MEM(got.token, scene.auth.token, sizeof(got.token));
    struct cardauth_deed deed = deed_of(&scene);
    CHECK_EQ_I64(cardauth_check(scene.text, scene.key, &deed), CARDAUTH_ALLOWED);
    ed25519_key_destroy(scene.key);
}

TEST(every_changed_character_is_noticed)
{
    struct scene scene = scene_make();
    struct cardauth got;
    for (size_t i = 0; scene.text[i] != '\0'; i++) {
        char was = scene.text[i];
        scene.text[i] = was == 'A' ? 'B' : 'A';
        CHECK(cardauth_open(scene.text, scene.key, &got) != OK);
        scene.text[i] = '=';
        CHECK(cardauth_open(scene.text, scene.key, &got) != OK);
        scene.text[i] = '\0';
        CHECK(cardauth_open(scene.text, scene.key, &got) != OK);
        scene.text[i] = was;
    }
    CHECK_EQ_I64(cardauth_open(scene.text, scene.key, &got), OK);
    ed25519_key_destroy(scene.key);
}

TEST(another_key_has_not_signed_it)
{
    struct scene scene = scene_make();
    struct scene other = scene_make();
    struct cardauth got;
    CHECK_EQ_I64(cardauth_open(scene.text, other.key, &got), ERR_CHECKSUM);
    ed25519_key_destroy(scene.key);
    ed25519_key_destroy(other.key);
}

TEST(texts_that_are_no_envelopes)
{
    static const char *const bad[] = {"", ".", "..", "a.b", "AAAA", "AAAA.", ".AAAA", "{}.AAAA"};
    struct scene scene = scene_make();
    struct cardauth got;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        CHECK(cardauth_open(bad[i], scene.key, &got) != OK);
    }
    char long_text[2 * CARDAUTH_TEXT_SIZE];
    memset(long_text, 'A', sizeof(long_text));
    long_text[100] = '.';
    long_text[sizeof(long_text) - 1] = '\0';
    CHECK(cardauth_open(long_text, scene.key, &got) != OK);
    ed25519_key_destroy(scene.key);
}

static void to_url(char *text)
{
    text[strcspn(text, "=")] = '\0';
    for (size_t i = 0; text[i] != '\0'; i++) {
        text[i] = text[i] == '+' ? '-' : text[i];
        text[i] = text[i] == '/' ? '_' : text[i];
    }
}

/* What opening gives for a payload that was signed, whatever it says. */
static enum err open_signed(const struct ed25519_key *key, const char *payload)
{
    char text[CARDAUTH_TEXT_SIZE];
    char first[CARDAUTH_TEXT_SIZE];
    char second[BASE64_TEXT_SIZE(ED25519_SIGN_SIZE)];
    uint8_t sign[ED25519_SIGN_SIZE];
    struct cardauth got;
    CHECK(base64_encode((const uint8_t *)payload, strlen(payload), first, sizeof(first)));
    to_url(first);
    CHECK(ed25519_sign(key, first, strlen(first), sign));
    CHECK(base64_encode(sign, sizeof(sign), second, sizeof(second)));
    to_url(second);
    CHECK(str_format(text, sizeof(text), "%s.%s", first, second));
    return cardauth_open(text, key, &got);
}

#define DIGEST "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F"
#define PAYLOAD(v, what, terminal, uid, n, token)                                                  \
    "{\"v\":" v ",\"what\":\"" what "\",\"terminal\":" terminal ",\"order\":\"O\",\"uid\":\"" uid  \
    "\",\"n\":" n ",\"fen\":1,\"token\":\"" token "\",\"exp\":1}"

TEST(signed_payloads_that_are_wrong_all_the_same)
{
    static const struct {
        const char *payload;
        enum err want;
    } cases[] = {
        {PAYLOAD("1", "write", "\"T\"", "4A8B1C2D", "8", DIGEST), OK},
        {PAYLOAD("1", "relay", "\"T\"", "04A1B2C3D4E5F6", "0", DIGEST), OK},
        {PAYLOAD("2", "write", "\"T\"", "4A8B1C2D", "8", DIGEST), ERR_UNSUPPORTED},
        {PAYLOAD("1", "erase", "\"T\"", "4A8B1C2D", "8", DIGEST), ERR_UNSUPPORTED},
        {PAYLOAD("\"1\"", "write", "\"T\"", "4A8B1C2D", "8", DIGEST), ERR_FORMAT},
        {PAYLOAD("1", "write", "7", "4A8B1C2D", "8", DIGEST), ERR_FORMAT},
        {PAYLOAD("1", "write", "\"T\"", "4A8B1C", "8", DIGEST), ERR_FORMAT},
        {PAYLOAD("1", "write", "\"T\"", "4A8B1C2D", "-1", DIGEST), ERR_FORMAT},
        {PAYLOAD("1", "write", "\"T\"", "4A8B1C2D", "4294967296", DIGEST), ERR_FORMAT},
        {PAYLOAD("1", "write", "\"T\"", "4A8B1C2D", "8", "00"), ERR_FORMAT},
        {PAYLOAD("1", "write", "\"T\"", "4A8B1C2D", "8",
                 "0 102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F0"),
         ERR_FORMAT},
        {PAYLOAD("1", "write", "\"T\"", "4A8B1C2D", "8",
                 "XX0102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F"),
         ERR_FORMAT},
        {"[]", ERR_FORMAT},
        {"{", ERR_FORMAT},
    };
    struct scene scene = scene_make();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        CHECK_EQ_I64(open_signed(scene.key, cases[i].payload), cases[i].want);
    }
    char large[700];
    memset(large, ' ', sizeof(large));
    large[0] = '{';
    large[sizeof(large) - 2] = '}';
    large[sizeof(large) - 1] = '\0';
    CHECK_EQ_I64(open_signed(scene.key, large), ERR_FORMAT);
    ed25519_key_destroy(scene.key);
}

TEST(names_that_do_not_fit_are_not_sealed)
{
    struct scene scene = scene_make();
    char text[CARDAUTH_TEXT_SIZE];
    memset(scene.auth.order, 0x01, sizeof(scene.auth.order) - 1); /* six characters each */
    memset(scene.auth.terminal, 0x01, sizeof(scene.auth.terminal) - 1);
    CHECK(!cardauth_seal(&scene.auth, scene.key, text));
    ed25519_key_destroy(scene.key);
}

TEST(a_deed_that_differs_is_not_allowed)
{
    struct scene scene = scene_make();
    struct card_uid other;
    CHECK(card_uid_parse("4A8B1C2E", &other));
    struct cardauth_deed deed = deed_of(&scene);
    deed.what = CARDAUTH_RELAY;
    CHECK_EQ_I64(cardauth_check(scene.text, scene.key, &deed), CARDAUTH_FORGED);
    deed = deed_of(&scene);
    deed.terminal = "T-0002";
    CHECK_EQ_I64(cardauth_check(scene.text, scene.key, &deed), CARDAUTH_FORGED);
    deed = deed_of(&scene);
    deed.size -= 1;
    CHECK_EQ_I64(cardauth_check(scene.text, scene.key, &deed), CARDAUTH_FORGED);
    deed = deed_of(&scene);
    deed.uid = &other;
    CHECK_EQ_I64(cardauth_check(scene.text, scene.key, &deed), CARDAUTH_WRONG_CARD);
    ed25519_key_destroy(scene.key);
}

TEST(the_end_is_the_end_and_an_unsure_clock_gets_ten_minutes)
{
    struct scene scene = scene_make();
    struct cardauth_deed deed = deed_of(&scene);
    deed.wall_s = END + 1;
    CHECK_EQ_I64(cardauth_check(scene.text, scene.key, &deed), CARDAUTH_EXPIRED);
    deed.clock_is_set = false;
    CHECK_EQ_I64(cardauth_check(scene.text, scene.key, &deed), CARDAUTH_ALLOWED);
    deed.wall_s = END + CARDAUTH_SLACK_S;
    CHECK_EQ_I64(cardauth_check(scene.text, scene.key, &deed), CARDAUTH_ALLOWED);
    deed.wall_s += 1;
    CHECK_EQ_I64(cardauth_check(scene.text, scene.key, &deed), CARDAUTH_EXPIRED);
    ed25519_key_destroy(scene.key);
}

TEST(a_public_key_cannot_seal)
{
    struct scene scene = scene_make();
    struct ed25519_key *half = NULL;
    char pem[ED25519_PEM_SIZE];
    char text[CARDAUTH_TEXT_SIZE];
    CHECK(ed25519_public_pem(scene.key, pem));
    CHECK_EQ_I64(ed25519_public_read(pem, strlen(pem), &half), OK);
    CHECK(!cardauth_seal(&scene.auth, half, text));
    ed25519_key_destroy(half);
    ed25519_key_destroy(scene.key);
}

TEST_MAIN()
