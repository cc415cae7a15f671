/* SPDX-License-Identifier: Apache-2.0 */

/* The card messages: what is written is read back the same. */
#include <string.h>

#include "common/str.h"
#include "tests/unit/protocol/api/card_messages.h"

static char text[API_TEXT_SIZE_MAX];
static size_t size;

/* What they are written from. */
static struct api_card_session session;
static struct api_card_read read_in;
static struct api_card_view view;
static struct api_card_written written;
static struct api_card_round round_in;
static struct api_card_step step;

static void set(char *member, size_t member_size, const char *value)
{
    CHECK(str_copy(member, member_size, value));
}

TEST(a_laid_card_and_its_session_come_back_the_same)
{
    const struct api_card_laid laid = {.client_request_id = UUID,
                                       .uid = "4A8B1C2D",
                                       .atqa = "0004",
                                       .sak = "08",
                                       .family = "classic"};
    struct api_card_laid laid_out;
    CHECK_EQ_I64(api_card_laid_encode(&laid, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_laid_decode(text, size, &laid_out, &fault), OK);
    CHECK_EQ_STR(laid_out.uid, "4A8B1C2D");
    CHECK_EQ_STR(laid_out.ats, "");
    CHECK_EQ_STR(laid_out.family, "classic");

    memset(&session, 0, sizeof(session));
    set(session.session_id, sizeof(session.session_id), UUID);
    session.keys.count = 2;
    session.keys.keys[0] = (struct api_card_key){1, 'B', "c6147c262cd3"};
    session.keys.keys[1] = (struct api_card_key){3, 'A', "f498b675824b"};
    session.script.count = 1;
    set(session.script.apdus[0].apdu, API_CARD_APDU_SIZE, "905a000003015a4c00");
    set(session.script.apdus[0].expect, API_CARD_EXPECT_SIZE, "9100");
    session.script.round = 2;
    CHECK_EQ_I64(api_card_session_encode(&session, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_session_decode(text, size, &session_out, &fault), OK);
    CHECK_EQ_U64(session_out.keys.count, 2);
    CHECK_EQ_I64(session_out.keys.keys[1].sector, 3);
    CHECK_EQ_I64(session_out.keys.keys[1].kind, 'A');
    CHECK_EQ_STR(session_out.keys.keys[0].key, "c6147c262cd3");
    CHECK_EQ_STR(session_out.script.apdus[0].expect, "9100");
    CHECK_EQ_I64(session_out.script.round, 2);
    CHECK_EQ_I64(session_out.standing, API_CARD_OURS);
    CHECK_EQ_I64(api_card_session_encode(&session, text, 60, &size), ERR_FULL);
}

TEST(what_was_read_comes_back_the_same)
{
    memset(&read_in, 0, sizeof(read_in));
    set(read_in.credit[1], API_CARD_RECORD_SIZE, RECORD);
    set(read_in.issue, API_CARD_RECORD_SIZE, RECORD);
    set(read_in.answers[0].apdu, API_CARD_APDU_SIZE, "9100");
    read_in.answer_count = 1;
    read_in.round = 3;
    CHECK_EQ_I64(api_card_read_encode(&read_in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_read_decode(text, size, &read_out, &fault), OK);
    CHECK_EQ_STR(read_out.credit[0], "");
    CHECK_EQ_STR(read_out.credit[1], RECORD);
    CHECK_EQ_STR(read_out.returned[0], "");
    CHECK_EQ_U64(read_out.answer_count, 1);
    CHECK_EQ_STR(read_out.answers[0].apdu, "9100");
    CHECK_EQ_I64(read_out.round, 3);
    memset(&written, 0, sizeof(written));
    set(written.client_request_id, ID_TEXT_SIZE, UUID);
    set(written.uid, API_CARD_UID_SIZE, "4A8B1C2D");
    written.outcome = API_CARD_UNKNOWN;
    set(written.credit[0], API_CARD_RECORD_SIZE, RECORD);
    CHECK_EQ_I64(api_card_written_encode(&written, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_written_decode(text, size, &written_out, &fault), OK);
    CHECK_EQ_I64(written_out.outcome, API_CARD_UNKNOWN);
    CHECK_EQ_STR(written_out.credit[0], RECORD);
    CHECK_EQ_STR(written_out.credit[1], "");
}

static void make_view(void)
{
    memset(&view, 0, sizeof(view));
    set(view.session_id, ID_TEXT_SIZE, UUID);
    set(view.room_id, API_ID_SIZE, "r9");
    set(view.meter_id, API_ID_SIZE, "m9");
    set(view.place, API_PLACE_SIZE, "1-2-3");
    set(view.customer_masked, API_NAME_SIZE, "L*");
    view.state = API_CARD_OWED;
    view.loaded = API_CARD_LOADED_NO;
    view.has_balance = true;
    view.balance_fen = -5;
    view.balance_at = 1700000100;
    view.has_last = true;
    view.last_fen = 7000;
    view.has_owed = true;
    set(view.owed_order_no, API_ORDER_NO_SIZE, "S0000001");
    view.owed_fen = 10000;
    view.has_write = true;
    set(view.write.order_no, API_ORDER_NO_SIZE, "S0000001");
    view.write.n = 8;
    view.write.amount_fen = 10000;
    set(view.write.token, API_CARD_RECORD_SIZE, RECORD);
    set(view.write.authorisation, API_CARD_AUTHORISATION_SIZE, "abc.def");
    view.write.keys.count = 1;
    view.write.keys.keys[0] = (struct api_card_key){2, 'B', "9a81ee5017ca"};
}

TEST(a_view_comes_back_the_same)
{
    make_view();
    CHECK_EQ_I64(api_card_view_encode(&view, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_view_decode(text, size, &view_out, &fault), OK);
    CHECK_EQ_I64(view_out.state, API_CARD_OWED);
    CHECK_EQ_I64(view_out.loaded, API_CARD_LOADED_NO);
    CHECK_EQ_I64(view_out.balance_fen, -5);
    CHECK(!view_out.has_headroom);
    CHECK_EQ_I64(view_out.last_fen, 7000);
    CHECK_EQ_STR(view_out.owed_order_no, "S0000001");
    CHECK_EQ_I64(view_out.write.n, 8);
    CHECK_EQ_STR(view_out.write.token, RECORD);
    CHECK(!view_out.write.has_first);
    view.write.has_first = true;
    view.write.first = 1;
    CHECK_EQ_I64(view_out.write.keys.keys[0].sector, 2);
    CHECK_EQ_STR(view_out.authorisation, "");
    set(view.authorisation, API_CARD_AUTHORISATION_SIZE, "ghi.jkl");
    CHECK_EQ_I64(api_card_view_encode(&view, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_view_decode(text, size, &view_out, &fault), OK);
    CHECK_EQ_STR(view_out.authorisation, "ghi.jkl");
    CHECK(view_out.write.has_first);
    CHECK_EQ_I64(view_out.write.first, 1);
    view.write.first = 2;
    CHECK_EQ_I64(api_card_view_encode(&view, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_view_decode(text, size, &view_out, &fault), ERR_FORMAT);
    view.write.first = 0;
    CHECK_EQ_I64(api_card_view_encode(&view, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_view_decode(text, size, &view_out, &fault), OK);
    CHECK_EQ_I64(api_card_write_encode(&view.write, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_write_decode(text, size, &write_out, &fault), OK);
    CHECK_EQ_STR(write_out.authorisation, "abc.def");

    view.state = API_CARD_READY; /* nothing to write, and yet it is there */
    CHECK_EQ_I64(api_card_view_encode(&view, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_view_decode(text, size, &view_out, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "write");
}

TEST(a_paid_order_that_has_no_token_yet_is_owed_without_a_write)
{
    make_view();
    view.has_write = false;
    CHECK_EQ_I64(api_card_view_encode(&view, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "\"write\":null") != NULL);
    CHECK_EQ_I64(api_card_view_decode(text, size, &view_out, &fault), OK);
    CHECK_EQ_I64(view_out.state, API_CARD_OWED);
    CHECK_EQ_STR(view_out.owed_order_no, "S0000001");
    CHECK_EQ_I64(view_out.owed_fen, 10000);
    CHECK(!view_out.has_write);
    view.has_owed = false; /* then there is nothing to ask for */
    CHECK_EQ_I64(api_card_view_encode(&view, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_view_decode(text, size, &view_out, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "write");
    view.has_owed = true;
    view.state = API_CARD_REPAIR; /* a record to be mended is there already */
    CHECK_EQ_I64(api_card_view_encode(&view, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_view_decode(text, size, &view_out, &fault), ERR_FORMAT);
    CHECK_EQ_STR(fault.field, "write");
}

TEST(a_view_of_a_card_that_is_only_read_says_so_with_nulls)
{
    memset(&view, 0, sizeof(view));
    set(view.session_id, ID_TEXT_SIZE, UUID);
    set(view.room_id, API_ID_SIZE, "r9");
    set(view.meter_id, API_ID_SIZE, "m9");
    view.loaded = API_CARD_LOADED_NEVER;
    view.has_headroom = true;
    view.headroom_fen = 4000;
    CHECK_EQ_I64(api_card_view_encode(&view, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "\"last_top_up\":null") != NULL);
    CHECK(strstr(text, "\"owed\":null") != NULL);
    CHECK(strstr(text, "\"write\":null") != NULL);
    CHECK(strstr(text, "\"balance_fen\":null") != NULL);
    make_view(); /* what was in the structure before is gone */
    view_out = view;
    CHECK_EQ_I64(api_card_view_decode(text, size, &view_out, &fault), OK);
    CHECK_EQ_I64(view_out.state, API_CARD_READY);
    CHECK_EQ_I64(view_out.loaded, API_CARD_LOADED_NEVER);
    CHECK(!view_out.has_last && !view_out.has_owed && !view_out.has_write);
    CHECK(!view_out.has_balance);
    CHECK_EQ_STR(view_out.owed_order_no, "");
    CHECK_EQ_STR(view_out.write.token, "");
    CHECK(view_out.has_headroom);
    CHECK_EQ_I64(view_out.headroom_fen, 4000);
}

TEST(media_are_known_by_their_names)
{
    enum api_card_media media = API_CARD_MEDIA_COUNT;
    for (int i = 0; i < API_CARD_MEDIA_COUNT; i++) {
        CHECK(api_card_media_parse(api_card_media_name((enum api_card_media)i), &media));
        CHECK_EQ_I64(media, i);
    }
    static const char *const strangers[] = {"", "Classic", "classic ", "classi", "felica"};
    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++) {
        media = API_CARD_DESFIRE;
        CHECK(!api_card_media_parse(strangers[i], &media));
        CHECK_EQ_I64(media, API_CARD_DESFIRE);
    }
}

TEST(issue_and_proof_come_back_the_same)
{
    const struct api_card_issue issue = {.client_request_id = UUID, .session_id = OTHER};
    struct api_card_issue issue_out;
    CHECK_EQ_I64(api_card_issue_encode(&issue, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_issue_decode(text, size, &issue_out, &fault), OK);
    CHECK_EQ_STR(issue_out.session_id, OTHER);

    struct api_card_proof proof = {.written = true, .has_order = true};
    struct api_card_proof proof_out;
    set(proof.order.order_no, API_ORDER_NO_SIZE, "S0000001");
    set(proof.order.client_request_id, ID_TEXT_SIZE, UUID);
    proof.order.state = API_ORDER_CREDITING;
    proof.order.has_card = true;
    proof.order.card_waiting = true;
    set(proof.order.card_uid_tail, API_WORD_SIZE, "1C2D");
    set(proof.order.card_claim_code, API_ORDER_NO_SIZE, "000001");
    CHECK_EQ_I64(api_card_proof_encode(&proof, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_proof_decode(text, size, &proof_out, &fault), OK);
    CHECK(proof_out.written);
    CHECK(proof_out.has_order && proof_out.order.has_card && proof_out.order.card_waiting);
    CHECK_EQ_STR(proof_out.order.card_uid_tail, "1C2D");
    CHECK_EQ_STR(proof_out.order.card_claim_code, "000001");

    proof.has_order = false;
    CHECK_EQ_I64(api_card_proof_encode(&proof, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_proof_decode(text, size, &proof_out, &fault), OK);
    CHECK(!proof_out.has_order);
}

TEST(rounds_of_a_write_come_back_the_same)
{
    memset(&round_in, 0, sizeof(round_in));
    set(round_in.session_id, ID_TEXT_SIZE, UUID);
    round_in.round = 3;
    set(round_in.answers[0].apdu, API_CARD_APDU_SIZE, "91AF");
    set(round_in.answers[1].apdu, API_CARD_APDU_SIZE, "9100");
    round_in.answer_count = 2;
    CHECK_EQ_I64(api_card_round_encode(&round_in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_card_round_decode(text, size, &round_out, &fault), OK);
    CHECK_EQ_STR(round_out.session_id, UUID);
    CHECK_EQ_I64(round_out.round, 3);
    CHECK_EQ_U64(round_out.answer_count, 2);
    CHECK_EQ_STR(round_out.answers[1].apdu, "9100");

    static const char *const names[API_CARD_PROGRESS_COUNT] = {"more", "written", "failed"};
    for (int i = 0; i < API_CARD_PROGRESS_COUNT; i++) {
        memset(&step, 0, sizeof(step));
        step.progress = (enum api_card_progress)i;
        CHECK_EQ_STR(api_card_progress_name(step.progress), names[i]);
        if (step.progress == API_CARD_GOES_ON) {
            set(step.authorisation, API_CARD_AUTHORISATION_SIZE, "e30.c2ln");
            step.script.count = 1;
            step.script.round = 4;
            set(step.script.apdus[0].apdu, API_CARD_APDU_SIZE, "90C7000000");
        }
        CHECK_EQ_I64(api_card_step_encode(&step, text, sizeof(text), &size), OK);
        CHECK_EQ_I64(api_card_step_decode(text, size, &step_out, &fault), OK);
        CHECK_EQ_I64(step_out.progress, step.progress);
        CHECK_EQ_STR(step_out.authorisation, step.authorisation);
        CHECK_EQ_U64(step_out.script.count, step.script.count);
        CHECK_EQ_I64(step_out.script.round, step.script.round);
    }
}

TEST(an_order_names_the_card_that_was_laid)
{
    struct api_order_request in = {.client_request_id = UUID,
                                   .purchase_id = OTHER,
                                   .room_id = "r9",
                                   .meter_id = "m9",
                                   .amount_fen = 5000,
                                   .card_session = UUID};
    struct api_order_request out;
    CHECK_EQ_I64(api_order_request_encode(&in, text, sizeof(text), &size), OK);
    CHECK_EQ_I64(api_order_request_decode(text, size, &out, &fault), OK);
    CHECK_EQ_STR(out.card_session, UUID);
    in.card_session[0] = '\0';
    CHECK_EQ_I64(api_order_request_encode(&in, text, sizeof(text), &size), OK);
    CHECK(strstr(text, "card_session") == NULL);
    CHECK_EQ_I64(api_order_request_decode(text, size, &out, &fault), OK);
    CHECK_EQ_STR(out.card_session, "");
}

TEST_MAIN()
