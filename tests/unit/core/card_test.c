/* SPDX-License-Identifier: Apache-2.0 */
/* What may be done with a laid card. */
#include "core/card/card.h"
#include "tests/unit/test.h"

enum { N = 8 };

static const struct card_facts FACTS = {
    .n = N, .has_seen = true, .seen_seq = 40, .seen_n = 7, .sale_is_open = true};

static struct card_credit_slot credit(uint32_t n)
{
    return (struct card_credit_slot){.worth = CARD_WORTH_TRUE, .n = n, .is_newest = n == N};
}

static struct card_return_slot word(uint32_t seq, uint32_t n)
{
    return (struct card_return_slot){
        .worth = CARD_WORTH_TRUE, .seq = seq, .n = n, .total_fits = true};
}

static struct card_reading both(uint32_t first, uint32_t second)
{
    return (struct card_reading){.credit_was_read = true,
                                 .credit = {credit(first), credit(second)}};
}

TEST(an_up_to_date_card_may_be_sold_to)
{
    struct card_reading reading = both(N, N);
    reading.returned[0] = word(41, N);
    reading.returned[1] = word(40, 7);
    const struct card_verdict verdict = card_judge(&FACTS, &reading);
    CHECK_EQ_I64(verdict.state, CARD_READY);
    CHECK_EQ_U64(verdict.proven_n, N);
    CHECK_EQ_I64(verdict.news, 0);
    CHECK_EQ_I64(verdict.loaded, CARD_LOADED_YES);
    CHECK(!verdict.rolled_back && !verdict.correct_first);
}

TEST(a_new_card_has_nothing_on_it)
{
    const struct card_facts facts = {.sale_is_open = true};
    const struct card_reading reading = {.credit_was_read = true};
    const struct card_verdict verdict = card_judge(&facts, &reading);
    CHECK_EQ_I64(verdict.state, CARD_READY);
    CHECK_EQ_U64(verdict.proven_n, 0);
    CHECK_EQ_I64(verdict.loaded, CARD_LOADED_NEVER);
}

TEST(what_is_missing_is_written_first)
{
    struct card_facts facts = FACTS;
    struct card_reading reading = both(7, 7);
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_REPAIR); /* rolled back, nothing owed */
    facts.owes = true;
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_OWED);
    CHECK_EQ_U64(card_judge(&facts, &reading).proven_n, 7);
    reading = both(N, 7); /* one slot proves it; the other is mended */
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_REPAIR);
    CHECK_EQ_U64(card_judge(&facts, &reading).proven_n, N);
    reading.credit[1].worth = CARD_WORTH_NOTHING;
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_REPAIR);
    reading.credit[0].worth = CARD_WORTH_NOTHING; /* both torn */
    reading.credit[0].is_newest = false;
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_OWED);
    facts.return_is_open = true; /* written all the same, and so is a reversal */
    facts.sale_is_open = false;
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_OWED);
}

TEST(a_paid_order_without_a_token_is_owed_too)
{
    struct card_facts facts = FACTS;
    struct card_reading reading = both(N, N);
    facts.waits = true;
    facts.sale_is_open = false; /* it is paid: it comes all the same */
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_OWED);
    CHECK(!card_judge(&facts, &reading).must_write);
    reading = both(N, 7); /* the bad slot first, then the order's own token */
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_OWED);
    CHECK(card_judge(&facts, &reading).must_write);
    CHECK_EQ_I64(card_judge(&facts, &reading).reason, CARD_REASON_NONE);
    facts.return_is_open = true; /* it is not given out, and the money goes back by itself */
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_REPAIR);
    CHECK_EQ_I64(card_judge(&facts, &reading).reason, CARD_REASON_RETURN_CASE);
    reading = both(N, N);
    CHECK_EQ_I64(card_judge(&facts, &reading).reason, CARD_REASON_RETURN_CASE);
    CHECK(!card_judge(&facts, &reading).must_write);
}

TEST(no_purchase_while_value_is_bought_back_or_the_sale_is_closed)
{
    struct card_facts facts = FACTS;
    const struct card_reading reading = both(N, N);
    facts.sale_is_open = false;
    CHECK_EQ_I64(card_judge(&facts, &reading).reason, CARD_REASON_SALE);
    facts.return_is_open = true;
    CHECK_EQ_I64(card_judge(&facts, &reading).state, CARD_REFUSED);
    CHECK_EQ_I64(card_judge(&facts, &reading).reason, CARD_REASON_RETURN_CASE);
}

TEST(a_forged_slot_beside_a_true_one_is_a_bad_slot)
{
    struct card_reading reading = both(N, N);
    reading.credit[1] = (struct card_credit_slot){.worth = CARD_WORTH_FORGED, .n = 99};
    CHECK_EQ_I64(card_judge(&FACTS, &reading).state, CARD_REPAIR);
    CHECK_EQ_U64(card_judge(&FACTS, &reading).proven_n, N); /* its number is never believed */
    reading.credit[0].worth = CARD_WORTH_NOTHING;
    CHECK_EQ_I64(card_judge(&FACTS, &reading).reason, CARD_REASON_BAD_MAC);
    CHECK_EQ_U64(card_judge(&FACTS, &reading).proven_n, 0);
}

TEST(a_forged_return_record_is_refused_unless_the_other_is_true)
{
    struct card_reading reading = both(N, N);
    reading.returned[0] = (struct card_return_slot){.worth = CARD_WORTH_FORGED, .seq = 99, .n = N};
    CHECK_EQ_I64(card_judge(&FACTS, &reading).reason, CARD_REASON_BAD_MAC);
    reading.returned[1] = word(40, 7);
    const struct card_verdict verdict = card_judge(&FACTS, &reading);
    CHECK_EQ_I64(verdict.state, CARD_READY);
    CHECK_EQ_I64(verdict.news, -1);
    CHECK_EQ_I64(verdict.loaded, CARD_LOADED_NO);
}

TEST(other_meters_and_unread_cards_are_refused)
{
    struct card_reading reading = both(N, N);
    reading.credit[1].worth = CARD_WORTH_OTHER;
    CHECK_EQ_I64(card_judge(&FACTS, &reading).reason, CARD_REASON_WRONG_METER);
    reading = both(N, N);
    reading.returned[1].worth = CARD_WORTH_OTHER;
    CHECK_EQ_I64(card_judge(&FACTS, &reading).reason, CARD_REASON_WRONG_METER);
    reading = (struct card_reading){.credit_was_read = false};
    CHECK_EQ_I64(card_judge(&FACTS, &reading).reason, CARD_REASON_NOT_READ);
}

TEST(whoever_knows_more_than_we_gave_out_is_refused)
{
    struct card_reading reading = both(N, N + 1);
    CHECK_EQ_I64(card_judge(&FACTS, &reading).reason, CARD_REASON_AHEAD);
    reading = both(N, N);
    reading.returned[0] = word(41, N + 1);
    CHECK_EQ_I64(card_judge(&FACTS, &reading).reason, CARD_REASON_AHEAD);
    reading.returned[0] = word(41, N);
    reading.returned[0].total_fits = false;
    const struct card_verdict verdict = card_judge(&FACTS, &reading);
    CHECK_EQ_I64(verdict.reason, CARD_REASON_AHEAD);
    CHECK_EQ_U64(verdict.proven_n, 0);
    CHECK_EQ_I64(verdict.news, -1); /* nothing of it is believed */
}

TEST(a_rolled_back_return_record_is_no_news)
{
    struct card_reading reading = both(N, N);
    reading.returned[0] = word(39, 6);
    struct card_verdict verdict = card_judge(&FACTS, &reading);
    CHECK(verdict.rolled_back);
    CHECK_EQ_I64(verdict.news, -1);
    CHECK_EQ_I64(verdict.loaded, CARD_LOADED_NO); /* by the newer word that we have */
    reading.returned[0] = word(40, 7);
    verdict = card_judge(&FACTS, &reading);
    CHECK(!verdict.rolled_back && verdict.news == -1);
}

TEST(another_total_wants_another_token)
{
    struct card_facts facts = FACTS;
    const struct card_reading reading = both(N, N);
    facts.total_moved = true;
    CHECK(card_judge(&facts, &reading).correct_first);
    const struct card_reading unread = {.credit_was_read = false};
    CHECK(!card_judge(&facts, &unread).correct_first); /* not for a card that is refused */
}

TEST(nothing_more_is_done_for_a_meter_that_was_exchanged)
{
    struct card_facts facts = FACTS;
    struct card_reading reading = both(7, N);
    reading.returned[0] = word(41, N);
    facts.is_exchanged = true;
    facts.total_moved = true;
    facts.owes = true;
    facts.waits = true;
    const struct card_verdict verdict = card_judge(&facts, &reading);
    CHECK_EQ_I64(verdict.state, CARD_REFUSED);
    CHECK_EQ_I64(verdict.reason, CARD_REASON_EXCHANGED);
    CHECK(!verdict.must_write && !verdict.correct_first);
    CHECK_EQ_U64(verdict.proven_n, N);
    CHECK_EQ_I64(verdict.news, 0);
}

TEST(both_slots_confirm_a_write)
{
    struct card_reading reading = both(N, N);
    CHECK(card_is_confirmed(&reading, N));
    CHECK(card_is_confirmed(&reading, N - 1)); /* a later token holds the earlier one's value */
    CHECK(!card_is_confirmed(&reading, N + 1));
    reading = both(N, N - 1);
    CHECK(!card_is_confirmed(&reading, N));
    reading = both(N - 1, N);
    CHECK(!card_is_confirmed(&reading, N));
    reading = both(N, N);
    reading.credit[1].worth = CARD_WORTH_FORGED;
    CHECK(!card_is_confirmed(&reading, N));
}

TEST(headroom_counts_what_is_on_its_way)
{
    CHECK_EQ_I64(card_headroom(500000, 4321, 10000), 485679);
    CHECK_EQ_I64(card_headroom(500000, -1000, 0), 501000);
    CHECK_EQ_I64(card_headroom(500000, 490000, 20000), 0);
    CHECK_EQ_I64(card_headroom(500000, INT64_MIN, 0), 0);
}

TEST(some_error_words_need_a_person)
{
    static const uint8_t faults[] = {5, 10, 14, 21, 23, 255};
    static const uint8_t others[] = {0, 17, 20, 22};
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        CHECK(card_error_is_fault(faults[i]));
    }
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        CHECK(!card_error_is_fault(others[i]));
    }
}

TEST(only_the_meters_newer_word_ends_a_return_case)
{
    const struct card_return_open open = {
        .n = 9, .given_n = 9, .was_written = true, .had_seen = true, .had_seq = 41};
    static const struct {
        struct card_meter_word word;
        enum card_return_end end;
    } CASES[] = {
        {{.seq = 42, .n = 9, .total_fits = true}, CARD_RETURN_REVERSED},
        {{.seq = 42, .n = 10, .total_fits = true}, CARD_RETURN_REVERSED},
        {{.seq = 41, .n = 9, .total_fits = true}, CARD_RETURN_WAITS},  /* not newer */
        {{.seq = 42, .n = 9, .total_fits = false}, CARD_RETURN_WAITS}, /* another total */
        {{.seq = 42, .n = 8, .total_fits = true}, CARD_RETURN_WAITS},  /* before it */
        {{.seq = 42, .n = 8, .total_fits = false}, CARD_RETURN_WAITS}, /* ignored so far */
        {{.seq = 42, .n = 8, .total_fits = false, .error = 22}, CARD_RETURN_REFUSED},
        {{.seq = 42, .n = 9, .total_fits = false, .error = 22}, CARD_RETURN_REFUSED},
        {{.seq = 41, .n = 8, .total_fits = false, .error = 22}, CARD_RETURN_WAITS}, /* not newer */
        {{.seq = 42, .n = 9, .total_fits = true, .error = 22}, CARD_RETURN_WAITS},
        {{.seq = 42, .n = 8, .total_fits = false, .error = 20},
         CARD_RETURN_WAITS}, /* pulled too early */
        {{.seq = 42, .n = 9, .total_fits = true, .error = 20}, CARD_RETURN_REVERSED},
    };
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
        CHECK_EQ_I64(card_return_judge(&open, &CASES[i].word), CASES[i].end);
    }
    struct card_return_open first = open;
    first.had_seen = false;
    first.had_seq = 0;
    const struct card_meter_word word = {.seq = 0, .n = 9, .total_fits = true};
    CHECK_EQ_I64(card_return_judge(&first, &word), CARD_RETURN_REVERSED);
}

TEST(a_refusal_before_the_reversal_was_written_is_of_an_earlier_one)
{
    const struct card_return_open open = {.n = 9, .had_seen = true, .had_seq = 41};
    struct card_meter_word word = {.seq = 42, .n = 8, .total_fits = true, .error = 22};
    CHECK_EQ_I64(card_return_judge(&open, &word), CARD_RETURN_WAITS);
    word = (struct card_meter_word){.seq = 42, .n = 9, .error = 22}; /* a copy: it knows it */
    CHECK_EQ_I64(card_return_judge(&open, &word), CARD_RETURN_REFUSED);
    word = (struct card_meter_word){.seq = 42, .n = 9, .total_fits = true};
    CHECK_EQ_I64(card_return_judge(&open, &word), CARD_RETURN_REVERSED);
}

/* The meter took 9; 10, which took more out of T, it refused. */
TEST(a_refusal_of_a_later_token_does_not_speak_of_the_reversal)
{
    struct card_return_open open = {
        .n = 9, .given_n = 10, .was_written = true, .had_seen = true, .had_seq = 41};
    struct card_meter_word word = {.seq = 42, .n = 9, .total_fits = true, .error = 22};
    CHECK_EQ_I64(card_return_judge(&open, &word), CARD_RETURN_REVERSED);
    word.n = 10; /* nothing above it can have been refused */
    CHECK_EQ_I64(card_return_judge(&open, &word), CARD_RETURN_WAITS);
    open.given_n = 9;
    word.n = 9;
    CHECK_EQ_I64(card_return_judge(&open, &word), CARD_RETURN_WAITS);
    open.given_n = 10;
    word = (struct card_meter_word){.seq = 42, .n = 8, .error = 22}; /* of the reversal */
    CHECK_EQ_I64(card_return_judge(&open, &word), CARD_RETURN_REFUSED);
    word = (struct card_meter_word){.seq = 41, .n = 9, .total_fits = true, .error = 22};
    CHECK_EQ_I64(card_return_judge(&open, &word), CARD_RETURN_WAITS); /* not newer */
}

TEST(reasons_have_words)
{
    for (int r = 1; r < CARD_REASON_COUNT; r++) {
        CHECK(strlen(card_reason_name((enum card_reason)r)) > 3);
    }
    CHECK_EQ_STR(card_reason_name(CARD_REASON_NONE), "");
}

TEST_MAIN()
