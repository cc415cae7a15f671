/* SPDX-License-Identifier: Apache-2.0 */
/* How long the server holds the keys of a relayed card, and the conversations themselves. */
#include <string.h>

#include "cloud/cards/relay.h"
#include "cloud/cards/session.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_cards/relayed_steps.h"

/* ---- keys in memory ---- */

/* What the card says to the relay's commands, told to it. */
static void tell(struct relay *relay)
{
    static struct api_card_script script;
    const struct rng_port rng = rng_system();
    enum rounds_end said = ROUNDS_FAILED;
    relay_script(relay, &script);
    relay_carry_round(&script);
    const struct relay_answers answers = {hand.said.round, hand.said.answers,
                                          hand.said.answer_count};
    CHECK_EQ_I64(relay_take(relay, rig.vault, &rng, &answers, &said), OK);
    CHECK_EQ_I64(said, relay->round <= WRITE_ROUNDS ? ROUNDS_MORE : ROUNDS_DONE);
}

static bool holds(const struct relay *relay, const uint8_t key[CARD_KEY_SIZE])
{
    const uint8_t *bytes = (const uint8_t *)relay;
    bool found = false;
    for (size_t i = 0; i + CARD_KEY_SIZE <= sizeof(*relay) && !found; i++) {
        found = memcmp(bytes + i, key, CARD_KEY_SIZE) == 0;
    }
    return found;
}

TEST(the_key_of_a_card_is_held_from_its_challenge_to_its_proof)
{
    const struct book_token token = {.n = 1, .record = {1}};
    uint8_t session[CARD_KEY_SIZE];
    struct card_uid uid;
    begin();
    CHECK(card_uid_parse(UID_7, &uid));
    struct relay *relay = relay_create(API_CARD_DESFIRE, &uid, meter.number);
    CHECK(relay != NULL);
    relay_write(relay, &token, NULL);
    for (int nth = 1; nth <= WRITE_ROUNDS; nth++) {
        tell(relay);
        CHECK_EQ_I64(holds(relay, card.key), nth == 1 || nth == 4);
        if (nth == 2) {
            memcpy(session, card.session.key, sizeof(session));
        }
        CHECK_EQ_I64(nth >= 2 && holds(relay, session), nth == 2);
    }
    CHECK_EQ_U64(card.commits, 1);
    relay_destroy(relay);
    end();
}

/* ---- the sessions' relays ---- */

/* Broken off in the middle of a proof, and nobody lays another card there. */
TEST(relays_of_sessions_that_are_over_are_destroyed_by_any_call)
{
    const struct card_session one = {.session_id = "1", .terminal_id = "k1"};
    const struct card_session two = {.session_id = "2", .terminal_id = "k2", .used_ms = 1};
    const struct card_session three = {
        .session_id = "3", .terminal_id = "k3", .used_ms = SESSION_MS + 1};
    const uint8_t number[CARD_METER_SIZE] = {0};
    const struct card_uid uid = {.size = 7};
    struct card_session got;
    struct card_sessions *sessions = card_sessions_create();
    CHECK(sessions != NULL);
    card_sessions_put(sessions, &one, relay_create(API_CARD_DESFIRE, &uid, number));
    card_sessions_put(sessions, &two, relay_create(API_CARD_DESFIRE, &uid, number));
    CHECK(!card_sessions_get(sessions, "9", "k9", SESSION_MS - 1, &got));
    struct relay *relay = card_sessions_take_relay(sessions, "1");
    CHECK(relay != NULL);
    card_sessions_give_relay(sessions, "1", relay);
    CHECK(!card_sessions_get(sessions, "9", "k9", SESSION_MS, &got));
    CHECK(card_sessions_take_relay(sessions, "1") == NULL);
    CHECK(!card_sessions_get(sessions, "1", "k1", 0, &got));
    relay = card_sessions_take_relay(sessions, "2");
    CHECK(relay != NULL);
    card_sessions_give_relay(sessions, "2", relay);
    card_sessions_put(sessions, &three, NULL);
    CHECK(card_sessions_take_relay(sessions, "2") == NULL);
    CHECK(card_sessions_get(sessions, "3", "k3", 2 * SESSION_MS, &got)); /* begins anew */
    CHECK(card_sessions_get(sessions, "3", "k3", 3 * SESSION_MS - 1, &got));
    CHECK(!card_sessions_get(sessions, "3", "k3", 4 * SESSION_MS - 1, &got));
    card_sessions_destroy(sessions);
}

TEST(a_relay_is_in_one_hand_and_ends_with_its_session)
{
    const struct card_session one = {.session_id = "1", .terminal_id = "k1"};
    const struct card_session two = {.session_id = "2", .terminal_id = "k1"};
    const uint8_t number[CARD_METER_SIZE] = {0};
    const struct card_uid uid = {.size = 7};
    struct card_sessions *sessions = card_sessions_create();
    CHECK(sessions != NULL);
    card_sessions_put(sessions, &one, relay_create(API_CARD_DESFIRE, &uid, number));
    struct relay *relay = card_sessions_take_relay(sessions, "1");
    CHECK(relay != NULL);
    CHECK(card_sessions_take_relay(sessions, "1") == NULL);
    card_sessions_give_relay(sessions, "1", relay);
    CHECK(card_sessions_take_relay(sessions, "1") == relay);
    card_sessions_put(sessions, &two, NULL);
    card_sessions_give_relay(sessions, "1", relay); /* destroyed */
    CHECK(card_sessions_take_relay(sessions, "1") == NULL);
    CHECK(card_sessions_take_relay(sessions, "2") == NULL);
    card_sessions_put(sessions, &one,
                      relay_create(API_CARD_DESFIRE, &uid, number)); /* destroyed with them */
    card_sessions_destroy(sessions);
}

TEST_MAIN()
