/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/cardd/presence.h"
#include "tests/unit/test.h"

static struct presence presence;
static int64_t now_ms;

static struct card_uid uid_of(const char *text)
{
    struct card_uid uid;
    CHECK(card_uid_parse(text, &uid));
    return uid;
}

/* Look 250 ms later: "" nobody, "X" one, "X Y" two. */
static enum presence_event look(const char *first, const char *second)
{
    struct card_uid uids[2] = {{{0}, 0}, {{0}, 0}};
    size_t count = 0;
    if (first != NULL) {
        uids[count++] = uid_of(first);
    }
    if (second != NULL) {
        uids[count++] = uid_of(second);
    }
    now_ms += 250;
    return presence_look(&presence, uids, count, now_ms);
}

static void begin(void)
{
    presence = (struct presence){.number = 0};
    now_ms = 1000;
}

#define A "4A8B1C2D"
#define B "11223344"

TEST(two_equal_looks_make_a_card)
{
    begin();
    CHECK_EQ_I64(look(A, NULL), PRESENCE_NOTHING);
    CHECK(presence_is_undecided(&presence));
    CHECK_EQ_I64(look(A, NULL), PRESENCE_CAME);
    CHECK_EQ_U64(presence.number, 1);
    CHECK(!presence_is_undecided(&presence));
    CHECK_EQ_I64(look(A, NULL), PRESENCE_NOTHING);
}

TEST(one_look_is_not_enough)
{
    begin();
    CHECK_EQ_I64(look(A, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(NULL, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(A, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(B, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(A, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(A, NULL), PRESENCE_CAME);
}

TEST(a_card_has_gone_after_three_misses_and_600_ms)
{
    begin();
    (void)look(A, NULL);
    (void)look(A, NULL);
    CHECK_EQ_I64(look(NULL, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(NULL, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(NULL, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(NULL, NULL), PRESENCE_WENT);
    CHECK_EQ_U64(presence.number, 1);
    CHECK_EQ_I64(look(NULL, NULL), PRESENCE_NOTHING);
}

TEST(misses_in_between_are_forgiven)
{
    begin();
    (void)look(A, NULL);
    (void)look(A, NULL);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ_I64(look(NULL, NULL), PRESENCE_NOTHING);
        CHECK_EQ_I64(look(NULL, NULL), PRESENCE_NOTHING);
        CHECK_EQ_I64(look(A, NULL), PRESENCE_NOTHING);
    }
    CHECK_EQ_U64(presence.number, 1);
}

TEST(fast_misses_wait_for_the_time)
{
    begin();
    (void)look(A, NULL);
    (void)look(A, NULL);
    for (int i = 0; i < 60; i++) {
        now_ms += 10;
        CHECK_EQ_I64(presence_look(&presence, NULL, 0, now_ms), PRESENCE_NOTHING);
    }
    now_ms += 10;
    CHECK_EQ_I64(presence_look(&presence, NULL, 0, now_ms), PRESENCE_WENT);
}

TEST(another_card_means_that_the_first_has_gone)
{
    begin();
    (void)look(A, NULL);
    (void)look(A, NULL);
    CHECK_EQ_I64(look(B, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(B, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(B, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(B, NULL), PRESENCE_WENT);
    CHECK_EQ_I64(look(B, NULL), PRESENCE_CAME);
    CHECK_EQ_U64(presence.number, 2);
    CHECK(card_uid_equal(&presence.uid, &(struct card_uid){{0x11, 0x22, 0x33, 0x44}, 4}));
}

TEST(two_cards_are_told_and_so_is_the_one_that_stays)
{
    begin();
    (void)look(A, NULL);
    (void)look(A, NULL);
    CHECK_EQ_I64(look(A, B), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(A, B), PRESENCE_MANY);
    CHECK_EQ_I64(look(A, B), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(B, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(B, NULL), PRESENCE_CAME);
    CHECK_EQ_U64(presence.number, 2);
    CHECK_EQ_I64(look(A, B), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(A, B), PRESENCE_MANY);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_I64(look(NULL, NULL), PRESENCE_NOTHING);
    }
    CHECK_EQ_I64(look(NULL, NULL), PRESENCE_WENT);
}

TEST(a_phone_is_one_card_whatever_number_it_draws)
{
    begin();
    CHECK_EQ_I64(look("08112233", NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look("08445566", NULL), PRESENCE_CAME);
    CHECK_EQ_I64(look("08778899", NULL), PRESENCE_NOTHING);
    CHECK_EQ_U64(presence.number, 1);
}

TEST(nobody_looks_any_more)
{
    begin();
    CHECK_EQ_I64(presence_end(&presence), PRESENCE_NOTHING);
    (void)look(A, NULL);
    CHECK_EQ_I64(presence_end(&presence), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(A, NULL), PRESENCE_NOTHING);
    CHECK_EQ_I64(look(A, NULL), PRESENCE_CAME);
    CHECK_EQ_I64(presence_end(&presence), PRESENCE_WENT);
    CHECK_EQ_I64(presence_end(&presence), PRESENCE_NOTHING);
    (void)look(A, NULL);
    CHECK_EQ_I64(look(A, NULL), PRESENCE_CAME);
    CHECK_EQ_U64(presence.number, 2);
}

TEST_MAIN()
