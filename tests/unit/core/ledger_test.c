/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ledger/ledger.h"
#include "tests/unit/test.h"

TEST(every_step_has_two_legs_and_balances)
{
    for (int step = 0; step < LEDGER_STEP_COUNT; step++) {
        struct ledger_posting posting = {0};
        bool made = ledger_post((enum ledger_step)step, money_fen(511), &posting);
        CHECK_EQ_I64(made, step != LEDGER_SETTLE);
        if (!made) {
            continue;
        }
        CHECK_EQ_U64(posting.leg_count, 2);
        CHECK_EQ_I64(posting.legs[0].amount.fen, 511);
        CHECK_EQ_I64(posting.legs[1].amount.fen, -511);
        CHECK(posting.legs[0].account != posting.legs[1].account);
        CHECK(ledger_is_balanced(&posting));
    }
}

TEST(nothing_is_posted_for_nothing)
{
    struct ledger_posting posting = {.leg_count = 4};
    CHECK(!ledger_post(LEDGER_RECEIVE, money_fen(0), &posting));
    CHECK(!ledger_post(LEDGER_RECEIVE, money_fen(-1), &posting));
    CHECK_EQ_U64(posting.leg_count, 4);
    CHECK(ledger_post(LEDGER_RECEIVE, money_fen(INT64_MAX), &posting));
    CHECK(ledger_is_balanced(&posting));
}

TEST(the_words_of_the_accounts)
{
    for (int i = 0; i < LEDGER_ACCOUNT_COUNT; i++) {
        enum ledger_account account = LEDGER_ACCOUNT_COUNT;
        CHECK(ledger_account_parse(ledger_account_name((enum ledger_account)i), &account));
        CHECK_EQ_I64(account, i);
    }
    enum ledger_account account = LEDGER_BANK;
    CHECK(!ledger_account_parse("held", &account));
    CHECK(!ledger_account_parse("", &account));
    CHECK_EQ_I64(account, LEDGER_BANK);
}

TEST(the_words_of_the_steps_are_all_different)
{
    for (int i = 0; i < LEDGER_STEP_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            const char *a = ledger_step_name((enum ledger_step)i);
            const char *b = ledger_step_name((enum ledger_step)j);
            CHECK(strcmp(a, b) != 0);
        }
    }
}

TEST(three_accounts_must_reach_zero)
{
    int clearing = 0;
    for (int i = 0; i < LEDGER_ACCOUNT_COUNT; i++) {
        if (ledger_is_clearing((enum ledger_account)i)) {
            clearing += 1;
            CHECK_EQ_I64(ledger_account_subject((enum ledger_account)i), LEDGER_BY_DOCUMENT);
        }
    }
    CHECK_EQ_I64(clearing, 3);
    CHECK_EQ_I64(ledger_account_subject(LEDGER_RECV), LEDGER_BY_CHANNEL);
    CHECK_EQ_I64(ledger_account_subject(LEDGER_CUST), LEDGER_BY_METER);
    CHECK_EQ_I64(ledger_account_subject(LEDGER_BANK), LEDGER_BY_NOTHING);
}

TEST(only_three_accounts_take_a_credit)
{
    for (int i = 0; i < LEDGER_ACCOUNT_COUNT; i++) {
        enum ledger_step step = LEDGER_SETTLE;
        bool fits = i == LEDGER_CUST || i == LEDGER_METER || i == LEDGER_CARD;
        CHECK_EQ_I64(ledger_credit_step((enum ledger_account)i, &step), fits);
        if (fits) {
            struct ledger_posting posting = {0};
            CHECK(ledger_post(step, money_fen(1), &posting));
            CHECK_EQ_I64(posting.legs[0].account, LEDGER_HELD);
            CHECK_EQ_I64(posting.legs[1].account, i);
        }
    }
}

TEST(a_settlement_clears_what_the_provider_owed)
{
    struct ledger_posting posting = {0};
    struct ledger_settlement day = {money_fen(9940), money_fen(60), money_fen(500)};
    CHECK(ledger_settle(&day, &posting));
    CHECK_EQ_U64(posting.leg_count, 4);
    CHECK_EQ_I64(posting.legs[3].account, LEDGER_RECV);
    CHECK_EQ_I64(posting.legs[3].amount.fen, -10500);
    CHECK(ledger_is_balanced(&posting));
    struct ledger_settlement plain = {money_fen(1), money_fen(0), money_fen(0)};
    CHECK(ledger_settle(&plain, &posting));
    CHECK_EQ_U64(posting.leg_count, 2);
}

TEST(a_settlement_that_is_none)
{
    struct ledger_posting posting = {0};
    struct ledger_settlement nothing = {money_fen(0), money_fen(0), money_fen(0)};
    struct ledger_settlement negative = {money_fen(5), money_fen(-1), money_fen(0)};
    struct ledger_settlement too_much = {money_fen(INT64_MAX), money_fen(1), money_fen(0)};
    struct ledger_settlement too_much2 = {money_fen(INT64_MAX), money_fen(0), money_fen(1)};
    CHECK(!ledger_settle(&nothing, &posting));
    CHECK(!ledger_settle(&negative, &posting));
    struct ledger_settlement owed = {money_fen(-1), money_fen(1), money_fen(5)};
    struct ledger_settlement taken_back = {money_fen(5), money_fen(1), money_fen(-1)};
    CHECK(!ledger_settle(&owed, &posting));
    CHECK(!ledger_settle(&taken_back, &posting));
    CHECK(!ledger_settle(&too_much, &posting));
    CHECK(!ledger_settle(&too_much2, &posting));
}

TEST(a_posting_that_does_not_balance_is_seen)
{
    struct ledger_posting posting = {
        .leg_count = 2,
        .legs = {{LEDGER_HELD, money_fen(5)}, {LEDGER_RECV, money_fen(-4)}},
    };
    CHECK(!ledger_is_balanced(&posting));
    posting.legs[0].amount = money_fen(INT64_MAX);
    posting.legs[1].amount = money_fen(1);
    CHECK(!ledger_is_balanced(&posting));
}

TEST_MAIN()
