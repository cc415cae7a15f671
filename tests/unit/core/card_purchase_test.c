/* SPDX-License-Identifier: Apache-2.0 */
/* What may be done with a laid card that carries a purchase and its count. */
#include "core/card/purchase.h"
#include "tests/unit/test.h"

enum { COUNT = 5, NOW = 1000 };

/* Four are loaded; the fifth was given out. */
static const struct card_purchase_facts FACTS = {.count = COUNT,
                                                 .has_seen = true,
                                                 .seen_count = COUNT - 1,
                                                 .seen_at = NOW,
                                                 .sale_is_open = true};

/* As the meter left it after the fourth. */
static struct card_purchase_reading loaded(uint32_t count)
{
    return (struct card_purchase_reading){.was_read = true,
                                          .is_fit = true,
                                          .count = count,
                                          .is_ours = true,
                                          .has_word = true,
                                          .word_count = count,
                                          .word_at = NOW};
}

/* As a terminal left it, for the meter to load. */
static struct card_purchase_reading written(uint32_t count)
{
    struct card_purchase_reading reading = loaded(count);
    reading.has_word = false;
    reading.is_empty = true;
    return reading;
}

static struct card_verdict judge(const struct card_purchase_facts *facts,
                                 const struct card_purchase_reading *reading)
{
    return card_purchase_judge(facts, reading).card;
}

static void check_refused(const struct card_purchase_facts *facts,
                          const struct card_purchase_reading *reading, enum card_reason reason)
{
    const struct card_verdict verdict = judge(facts, reading);
    CHECK_EQ_I64(verdict.state, CARD_REFUSED);
    CHECK_EQ_I64(verdict.reason, reason);
    CHECK(!verdict.must_write);
}

TEST(a_new_card_may_be_sold_to)
{
    const struct card_purchase_facts facts = {.sale_is_open = true};
    const struct card_purchase_reading reading = {.was_read = true, .is_ours = true};
    const struct card_verdict verdict = judge(&facts, &reading);
    CHECK_EQ_I64(verdict.state, CARD_READY);
    CHECK_EQ_I64(verdict.loaded, CARD_LOADED_NEVER);
    CHECK_EQ_I64(verdict.news, -1);
    CHECK_EQ_U64(verdict.proven_n, 0);
}

TEST(a_card_whose_purchase_was_loaded_may_be_sold_to)
{
    struct card_purchase_reading reading = loaded(COUNT);
    struct card_verdict verdict = judge(&FACTS, &reading);
    CHECK_EQ_I64(verdict.state, CARD_READY);
    CHECK_EQ_I64(verdict.loaded, CARD_LOADED_YES);
    CHECK_EQ_I64(verdict.news, 0);
    CHECK_EQ_U64(verdict.proven_n, COUNT);
    struct card_purchase_facts facts = FACTS; /* the answer was heard before, and emptied since */
    facts.seen_count = COUNT;
    reading = written(COUNT);
    verdict = judge(&facts, &reading);
    CHECK_EQ_I64(verdict.state, CARD_READY);
    CHECK_EQ_I64(verdict.news, -1);
    facts.sale_is_open = false;
    check_refused(&facts, &reading, CARD_REASON_SALE);
    facts.waits = true;
    CHECK_EQ_I64(judge(&facts, &reading).state, CARD_OWED);
    CHECK(!judge(&facts, &reading).must_write);
    facts.return_is_open = true;
    check_refused(&facts, &reading, CARD_REASON_RETURN_CASE);
}

TEST(nothing_is_sold_over_a_purchase_that_the_meter_has_not_loaded)
{
    struct card_purchase_facts facts = FACTS;
    const struct card_purchase_reading reading = written(COUNT);
    check_refused(&facts, &reading, CARD_REASON_NOT_LOADED);
    CHECK_EQ_U64(judge(&facts, &reading).proven_n, COUNT); /* it was written, and that is proven */
    CHECK_EQ_I64(judge(&facts, &reading).loaded, CARD_LOADED_NO);
    facts.waits = true; /* another one is paid, and waits too */
    check_refused(&facts, &reading, CARD_REASON_NOT_LOADED);
    facts.has_seen = false;
    CHECK_EQ_I64(judge(&facts, &reading).loaded, CARD_LOADED_NEVER);
}

TEST(a_purchase_that_is_missing_is_written_first)
{
    struct card_purchase_facts facts = FACTS;
    struct card_purchase_reading reading = loaded(COUNT - 1);
    facts.owes = true;
    CHECK_EQ_I64(judge(&facts, &reading).state, CARD_OWED);
    CHECK(judge(&facts, &reading).must_write);
    CHECK_EQ_U64(judge(&facts, &reading).proven_n, COUNT - 1);
    reading.is_ours = false; /* an old amount matters to nobody */
    CHECK_EQ_I64(judge(&facts, &reading).state, CARD_OWED);
    facts.owes = false; /* it was written once, and the card put back */
    CHECK_EQ_I64(judge(&facts, &reading).state, CARD_REPAIR);
}

TEST(a_write_that_was_cut_is_finished)
{
    struct card_purchase_facts facts = FACTS;
    struct card_purchase_reading reading = written(COUNT);
    facts.owes = true;
    reading.is_fit = false; /* the settings are torn: the meter would not load */
    CHECK_EQ_I64(judge(&facts, &reading).state, CARD_OWED);
    CHECK_EQ_U64(judge(&facts, &reading).proven_n, COUNT - 1);
    reading = written(COUNT);
    reading.is_empty = false; /* what the meter said is torn: the same */
    CHECK_EQ_I64(judge(&facts, &reading).state, CARD_OWED);
    reading = written(COUNT - 1); /* settings and answer are done, the purchase is not */
    CHECK_EQ_I64(judge(&facts, &reading).state, CARD_OWED);
    facts.owes = false;
    CHECK_EQ_I64(judge(&facts, &reading).state, CARD_REPAIR);
}

TEST(an_amount_that_is_not_ours_is_doubtful)
{
    struct card_purchase_facts facts = FACTS;
    struct card_purchase_reading reading = written(COUNT);
    reading.is_ours = false;
    check_refused(&facts, &reading, CARD_REASON_AHEAD);
    CHECK(card_purchase_judge(&facts, &reading).is_doubtful);
    facts.owes = true;
    facts.seen_count = COUNT; /* the meter took it: nobody knows how much that was */
    CHECK(card_purchase_judge(&facts, &reading).is_doubtful);
    facts.owes = false; /* it was seen on the card with our amount before */
    CHECK(!card_purchase_judge(&facts, &reading).is_doubtful);
    CHECK_EQ_I64(judge(&facts, &reading).state, CARD_READY);
}

TEST(what_is_not_ours_is_refused)
{
    struct card_purchase_reading reading = loaded(COUNT + 1);
    struct card_purchase_facts facts = FACTS;
    check_refused(&FACTS, &reading, CARD_REASON_AHEAD);
    CHECK(!card_purchase_judge(&facts, &reading).is_doubtful);
    facts.owes = true; /* while it was written: a wallet that was torn shows any count */
    CHECK(card_purchase_judge(&facts, &reading).is_doubtful);
    reading = loaded(COUNT);
    reading.word_count = COUNT + 1;
    check_refused(&FACTS, &reading, CARD_REASON_AHEAD);
    reading.is_other = true;
    check_refused(&FACTS, &reading, CARD_REASON_WRONG_METER);
    reading.was_read = false;
    check_refused(&FACTS, &reading, CARD_REASON_NOT_READ);
}

TEST(an_older_word_changes_nothing)
{
    struct card_purchase_facts facts = FACTS;
    struct card_purchase_reading reading = loaded(COUNT - 2);
    struct card_verdict verdict = judge(&facts, &reading);
    CHECK(verdict.rolled_back);
    CHECK_EQ_I64(verdict.news, -1);
    CHECK_EQ_U64(verdict.proven_n, COUNT - 1);
    reading = loaded(COUNT - 1);
    verdict = judge(&facts, &reading); /* the same word again */
    CHECK(!verdict.rolled_back);
    CHECK_EQ_I64(verdict.news, -1);
    reading.word_at = NOW + 1; /* a later one about the same purchase */
    CHECK_EQ_I64(judge(&facts, &reading).news, 0);
    reading.word_at = NOW - 1;
    CHECK(judge(&facts, &reading).rolled_back);
    facts.has_seen = false;
    verdict = judge(&facts, &reading);
    CHECK_EQ_I64(verdict.news, 0);
    CHECK(!verdict.rolled_back);
    CHECK_EQ_I64(verdict.loaded, CARD_LOADED_NO);
}

TEST(a_write_is_confirmed_by_all_that_the_meter_needs)
{
    struct card_purchase_reading reading = written(COUNT);
    CHECK(card_purchase_is_confirmed(&reading, COUNT));
    CHECK(!card_purchase_is_confirmed(&reading, COUNT + 1));
    bool *const must[] = {&reading.was_read, &reading.is_fit, &reading.is_empty, &reading.is_ours};
    for (size_t i = 0; i < sizeof(must) / sizeof(must[0]); i++) {
        *must[i] = false;
        CHECK(!card_purchase_is_confirmed(&reading, COUNT));
        *must[i] = true;
    }
    reading.is_other = true;
    CHECK(!card_purchase_is_confirmed(&reading, COUNT));
}

TEST(only_an_older_purchase_or_the_same_is_written_over)
{
    struct card_purchase_reading reading = loaded(COUNT - 1);
    CHECK(card_purchase_is_writable(&reading, COUNT));
    reading = written(COUNT);
    CHECK(card_purchase_is_writable(&reading, COUNT));
    reading.is_ours = false;
    CHECK(!card_purchase_is_writable(&reading, COUNT));
    reading = written(COUNT + 1);
    CHECK(!card_purchase_is_writable(&reading, COUNT));
    reading = loaded(COUNT - 1);
    reading.word_count = COUNT; /* put back, and the answer was not */
    CHECK(!card_purchase_is_writable(&reading, COUNT));
    reading = loaded(COUNT - 1);
    reading.is_other = true;
    CHECK(!card_purchase_is_writable(&reading, COUNT));
    reading.was_read = false;
    CHECK(!card_purchase_is_writable(&reading, COUNT));
}

TEST(for_a_meter_that_was_exchanged_only_its_own_words_count)
{
    struct card_purchase_facts facts = FACTS;
    struct card_purchase_reading reading = loaded(COUNT - 1);
    facts.is_exchanged = true;
    facts.owes = true;
    facts.waits = true;
    check_refused(&facts, &reading, CARD_REASON_EXCHANGED);
    CHECK_EQ_U64(judge(&facts, &reading).proven_n, COUNT - 1);
    reading = written(COUNT);
    check_refused(&facts, &reading, CARD_REASON_EXCHANGED);
    CHECK_EQ_U64(judge(&facts, &reading).proven_n, COUNT);
    reading = loaded(COUNT);
    check_refused(&facts, &reading, CARD_REASON_EXCHANGED);
    CHECK_EQ_I64(judge(&facts, &reading).loaded, CARD_LOADED_YES);
    reading.is_other = true; /* the new meter's own card */
    check_refused(&facts, &reading, CARD_REASON_WRONG_METER);
}

TEST_MAIN()
