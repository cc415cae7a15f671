/* SPDX-License-Identifier: Apache-2.0 */
/* Value that is bought back from a card. */
#include "tests/unit/cloud_cards/return_steps.h"

static char other_no[API_ORDER_NO_SIZE];

TEST(the_meter_takes_it_back_and_the_money_goes)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, other_no);
    test_meter_load(&meter, &card);
    lay("k1", &card, &laid);
    buy_and_issue(&card);
    begin_return(&rig, order_no, case_no);
    CHECK(strncmp(case_no, "CR", 2) == 0); /* no order: the auditor looks for no payment */
    check_stage("REVERSAL_ISSUED");
    CHECK(is_state(&rig, order_no, "CREDITING"));
    /* The reversal is written; that proves nothing of the purchase. */
    write_newest(&card);
    CHECK(is_state(&rig, order_no, "CREDITING"));
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "refused");
    CHECK_EQ_STR(laid.reason, "return_case");
    CHECK_EQ_U64(order_card("k1", &laid, FEN, other_no), 409);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "card_stale");
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND), 0);
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, FEN);
    lay("k1", &card, &laid);
    check_stage("REVERSED");
    CHECK_EQ_STR(laid.state, "ready");
    CHECK(rig_until(&rig.rig, order_no, "REFUNDED"));
    CHECK_EQ_I64(double_pay_trade(order_no).refund_numbers, 1);
    CHECK_EQ_I64(account_sum(&rig, "CARD"), -FEN);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "not_paid");
    top_up(&rig, &card, FEN, other_no); /* life goes on, from the reduced T */
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 2 * FEN);
    end();
}

/* The token was copied and loaded first: the meter gives it back all the same. */
TEST(a_copy_that_was_loaded_meanwhile_is_taken_back_too)
{
    struct test_card card = begin();
    struct test_card copy;
    struct test_meter meter = test_meter_make();
    buy_and_issue(&card);
    copy = card;
    burn(&copy, &write);
    begin_return(&rig, order_no, case_no);
    test_meter_load(&meter, &copy); /* nobody knows */
    CHECK_EQ_I64(meter.balance_fen, FEN);
    write_newest(&card);
    check_stage("REVERSAL_ISSUED");
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 0);
    lay("k1", &card, &laid);
    check_stage("REVERSED");
    CHECK(rig_until(&rig.rig, order_no, "REFUNDED"));
    test_meter_load(&meter, &copy); /* and again: stale */
    CHECK_EQ_I64(meter.balance_fen, 0);
    end();
}

TEST(the_meter_refuses_because_the_value_is_used)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    buy_and_issue(&card);
    struct test_card copy = card;
    burn(&copy, &write);
    test_meter_load(&meter, &copy);
    meter.balance_fen = 100; /* used */
    begin_return(&rig, order_no, case_no);
    write_newest(&card);
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.error, 22);
    lay("k1", &card, &laid); /* the meter's word ends the case; T is as before */
    check_stage("REFUSED");
    CHECK_EQ_STR(laid.state, "owed");
    CHECK_EQ_I64(laid.write.n, 3);
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND), 0);
    CHECK_EQ_STR(laid.reason, ""); /* it brings the value back */
    write_newest(&card);
    CHECK(is_state(&rig, order_no, "DONE")); /* the third token holds the value */
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 100);
    CHECK_EQ_I64(meter.n, 3);
    CHECK_EQ_I64(account_sum(&rig, "CARD"), -FEN);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    end();
}

/* The card that carries the refusal is spoiled and replaced before the desk takes it in. */
TEST(the_total_is_restored_on_the_card_of_now)
{
    struct test_card card = begin();
    struct test_card fresh = test_card_make(UID_2);
    struct test_meter meter = test_meter_make();
    char body[200];
    char reply[64];
    buy_and_issue(&card);
    burn(&card, &write);
    test_meter_load(&meter, &card);
    meter.balance_fen = 100; /* used */
    begin_return(&rig, order_no, case_no);
    write_newest(&card);
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.error, 22);
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/replace", "{\"uid\":\"" UID_2 "\"," BY_LI "}", "uid", reply),
        200);
    str_format_cut(body, sizeof(body), "{\"record\":\"%s\"," BY_LI "}", card.returned[0]);
    CHECK_EQ_U64(desk("/v1/admin/cards/" UID "/return", body, "uid", reply), 200);
    check_stage("REFUSED");
    rig_text(&rig.rig, "SELECT uid FROM card_token ORDER BY n DESC LIMIT 1", NULL, reply,
             sizeof(reply));
    CHECK_EQ_STR(reply, UID_2);
    write_newest(&fresh);
    CHECK(is_state(&rig, order_no, "DONE"));
    test_meter_load(&meter, &fresh);
    CHECK_EQ_I64(meter.n, 4);
    CHECK_EQ_I64(meter.total_fen, FEN);
    CHECK_EQ_I64(meter.balance_fen, 100);
    lay("k1", &fresh, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.standing, "replaced");
    end();
}

/* Whatever led to it: a token that was made for another card is never given out for this one. */
TEST(a_newest_token_for_another_card_is_made_anew)
{
    struct test_card card = begin();
    struct test_card fresh = test_card_make(UID_2);
    struct test_meter meter = test_meter_make();
    char reply[64];
    top_up(&rig, &card, FEN, order_no);
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/replace", "{\"uid\":\"" UID_2 "\"," BY_LI "}", "uid", reply),
        200);
    rig_exec(&rig.rig, "UPDATE card_account SET n = 1"); /* as if there were only the old one's */
    rig_exec(&rig.rig, "DROP TRIGGER card_token_there");
    rig_exec(&rig.rig, "DELETE FROM card_token WHERE n = 2");
    write_newest(&fresh);
    CHECK_EQ_I64(laid.write.n, 2);
    test_meter_load(&meter, &fresh);
    CHECK_EQ_I64(meter.balance_fen, FEN);
    lay("k1", &fresh, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    end();
}

/* A first case was refused; the word of that comes again, newer, after a second one was begun. */
TEST(an_earlier_refusal_does_not_end_the_next_case)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    char first_no[64];
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    meter.balance_fen = 100;
    begin_return(&rig, order_no, first_no);
    write_newest(&card);
    test_meter_load(&meter, &card);
    lay("k1", &card, &laid);
    (void)memcpy(case_no, first_no, sizeof(case_no));
    check_stage("REFUSED");
    struct test_card refusing = card; /* still with the reversal: the meter refuses it again */
    write_newest(&card);
    top_up(&rig, &card, FEN, other_no);
    begin_return(&rig, other_no, case_no);
    test_meter_load(&meter, &refusing);
    CHECK_EQ_I64(meter.error, 22);
    memcpy(card.returned, refusing.returned, sizeof(card.returned));
    lay("k1", &card, &laid);
    check_stage("REVERSAL_ISSUED");
    write_newest(&card);
    test_meter_load(&meter, &card); /* T without the second: as the meter has it */
    CHECK_EQ_I64(meter.error, 0);
    lay("k1", &card, &laid);
    check_stage("REVERSED");
    end();
}

TEST(an_old_word_or_none_ends_nothing)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, other_no);
    test_meter_load(&meter, &card);
    const struct test_card before = card; /* with an authentic, older return record */
    lay("k1", &card, &laid);
    buy_and_issue(&card);
    begin_return(&rig, order_no, case_no);
    write_newest(&card);
    for (int i = 0; i < 2; i++) {
        memcpy(card.returned, before.returned, sizeof(card.returned));
        lay("k1", &card, &laid);
        CHECK_EQ_STR(laid.reason, "return_case");
    }
    /* The meter writes again without having taken it: a reader that ignores it. */
    struct test_card other = before;
    test_meter_load(&meter, &other);
    memcpy(card.returned, other.returned, sizeof(card.returned));
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.reason, "return_case");
    check_stage("REVERSAL_ISSUED");
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND), 0);
    CHECK(is_state(&rig, order_no, "CREDITING"));
    /* A forged record does not either. */
    card.returned[0][90] = card.returned[0][90] == '0' ? '1' : '0';
    memcpy(card.returned[1], card.returned[0], sizeof(card.returned[1]));
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.reason, "bad_mac");
    check_stage("REVERSAL_ISSUED");
    end();
}

TEST(a_purchase_that_was_taken_back_is_not_the_last_top_up)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, 2 * FEN, other_no);
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    begin_return(&rig, order_no, case_no);
    write_newest(&card);
    lay("k1", &card, &laid);
    CHECK_EQ_I64(laid.last_fen, FEN); /* the meter has not answered yet */
    test_meter_load(&meter, &card);
    lay("k1", &card, &laid);
    check_stage("REVERSED");
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_I64(laid.last_fen, 2 * FEN);
    end();
}

TEST(value_that_was_delivered_is_paid_out_at_the_desk)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    char body[200];
    char reply[64];
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    begin_return(&rig, order_no, case_no);
    write_newest(&card);
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 0);
    /* The record is brought to the desk. */
    str_format_cut(body, sizeof(body), "{\"record\":\"%s\"," BY_LI "}", card.returned[0]);
    CHECK_EQ_U64(desk("/v1/admin/cards/" UID "/return", body, "uid", reply), 200);
    check_stage("REVERSED");
    CHECK(is_state(&rig, order_no, "DONE"));
    CHECK_EQ_I64(account_sum(&rig, "CARD"), 0);
    CHECK_EQ_I64(account_sum(&rig, "PAYOUT"), -FEN);
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND), 0);
    static const struct {
        const char *name;
        unsigned status;
        const char *says;
    } STEPS[] = {{"li", 200, "owed"},
                 {"li", 409, "same_person"},
                 {"wang", 200, "paid"},
                 {"wang", 409, "nothing_owed"}};
    for (size_t i = 0; i < ARRAY_COUNT(STEPS); i++) {
        str_format_cut(body, sizeof(body),
                       "{\"case_no\":\"%s\",\"person\":\"%s\",\"password\":\"" PASSWORD "\"}",
                       case_no, STEPS[i].name);
        CHECK_EQ_U64(desk("/v1/admin/card-payouts", body, "payout", reply), STEPS[i].status);
        CHECK_EQ_STR(reply, STEPS[i].says);
    }
    CHECK_EQ_I64(account_sum(&rig, "PAYOUT"), 0);
    CHECK_EQ_I64(account_sum(&rig, "BANK"), -FEN);
    end();
}

static unsigned ask_return(const char *number, const char *person, const char *password,
                           char reply[64])
{
    char body[256];
    str_format_cut(body, sizeof(body),
                   "{\"order_no\":\"%s\",\"person\":\"%s\",\"password\":\"%s\"}", number, person,
                   password);
    return desk("/v1/admin/card-returns", body, "stage", reply);
}

TEST(it_takes_two_persons_and_an_issued_token)
{
    struct test_card card = begin();
    char reply[64];
    CHECK_EQ_U64(ask_return("SH20261120000000099000000", "li", PASSWORD, reply), 404);
    buy(&rig, "k1", &card, FEN, order_no);
    CHECK_EQ_U64(ask_return(order_no, "li", PASSWORD, reply), 409);
    CHECK_EQ_STR(reply, "not_issued");
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    CHECK_EQ_U64(ask_return(order_no, "li", "wrong password", reply), 403);
    CHECK_EQ_U64(ask_return(order_no, "li", PASSWORD, reply), 200);
    CHECK_EQ_STR(reply, "ASKED");
    CHECK_EQ_U64(ask_return(order_no, "li", PASSWORD, reply), 409);
    CHECK_EQ_STR(reply, "same_person");
    /* One person alone stops nothing. */
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    CHECK_EQ_U64(ask_return(order_no, "wang", PASSWORD, reply), 200);
    CHECK_EQ_STR(reply, "REVERSAL_ISSUED");
    CHECK_EQ_U64(ask_return(order_no, "wang", PASSWORD, reply), 409);
    CHECK_EQ_STR(reply, "case_open");
    CHECK_EQ_I64(rig_number(&rig.rig, "SELECT total_fen FROM card_account", NULL), 0);
    end();
}

TEST(nothing_is_issued_while_value_is_bought_back)
{
    struct test_card card = begin();
    static struct laid second;
    top_up(&rig, &card, FEN, order_no);
    lay("k2", &card, &second);
    CHECK_EQ_U64(order_card("k2", &second, FEN, other_no), 200);
    CHECK(rig_until(&rig.rig, other_no, "WAIT_PAY"));
    double_pay_settle(other_no, 0);
    CHECK(rig_until(&rig.rig, other_no, "PAID"));
    begin_return(&rig, order_no, case_no);
    CHECK_EQ_U64(issue("k2", other_no, second.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "return_case");
    CHECK(is_state(&rig, other_no, "PAID")); /* and goes back by itself after its time */
    lay("k2", &card, &second);               /* the reversal goes first, and nothing is promised */
    CHECK_EQ_STR(second.state, "repair");
    CHECK_EQ_STR(second.reason, "return_case"); /* it takes value off the card */
    CHECK_EQ_STR(second.owed_order_no, "");
    write_newest(&card);
    lay("k2", &card, &second);
    CHECK_EQ_STR(second.state, "refused");
    CHECK_EQ_STR(second.reason, "return_case");
    end();
}

TEST_MAIN()
