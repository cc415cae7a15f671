/* SPDX-License-Identifier: Apache-2.0 */
#include "common/compiler.h"
#include "common/crypto/digest.h"
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
