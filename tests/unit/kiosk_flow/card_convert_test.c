/* SPDX-License-Identifier: Apache-2.0 */

/* What the server says of a card, in the session's words. */
#include "common/str.h"
#include "kiosk/flow/card_convert.h"
#include "protocol/api/error.h"
#include "tests/unit/test.h"

static struct api_card_view api;
static struct session_card_view view;

static void convert(enum api_card_state state, const char *reason)
{
    api = (struct api_card_view){.state = state, .has_write = true};
    CHECK(str_copy(api.session_id, sizeof(api.session_id), "s1"));
    CHECK(str_copy(api.reason, sizeof(api.reason), reason));
    CHECK(str_copy(api.write.order_no, sizeof(api.write.order_no), "SH1"));
    convert_card_view(&api, "4A8B1C2D", &view);
}

TEST(a_repair_is_told_from_a_top_up_that_is_taken_back)
{
    convert(API_CARD_REPAIR, "");
    CHECK(view.repair);
    CHECK(!view.takes_back);
    convert(API_CARD_REPAIR, "return_case");
    CHECK(view.repair);
    CHECK(view.takes_back);
    CHECK_EQ_STR(view.owed_order_no, "SH1");
    CHECK_EQ_I64(view.trouble, SESSION_CARD_FINE);
    /* Owed credit is not taken back, whatever stands beside it. */
    convert(API_CARD_OWED, "return_case");
    CHECK(!view.repair);
    CHECK(!view.takes_back);
    convert(API_CARD_REFUSED, "return_case");
    CHECK(!view.takes_back);
    CHECK_EQ_I64(view.trouble, SESSION_CARD_RETURN_CASE);
}

TEST(a_first_top_up_that_no_meter_has_seen_is_not_loaded)
{
    api = (struct api_card_view){.state = API_CARD_READY, .loaded = API_CARD_LOADED_NEVER};
    convert_card_view(&api, "4A8B1C2D", &view);
    CHECK_EQ_I64(view.loaded, SESSION_LOADED_NEVER);
    api.has_last = true;
    api.last_fen = 10000;
    api.last_at = 1793145600;
    convert_card_view(&api, "4A8B1C2D", &view);
    CHECK_EQ_I64(view.loaded, SESSION_LOADED_NO);
    api.loaded = API_CARD_LOADED_YES;
    convert_card_view(&api, "4A8B1C2D", &view);
    CHECK_EQ_I64(view.loaded, SESSION_LOADED_YES);
}

TEST(why_an_order_for_a_card_is_refused_has_its_word)
{
    CHECK_EQ_I64(convert_card_reason("return_case"), SESSION_CARD_RETURN_CASE);
    CHECK_EQ_I64(convert_card_reason("blocked"), SESSION_CARD_BLOCKED);
    CHECK_EQ_I64(convert_card_reason("not_ready"), SESSION_CARD_REFUSED);
}

/* Our own 503s, and 500: the card is not to be sent to the office for them. */
TEST(a_server_that_cannot_just_now_is_the_network)
{
    CHECK_EQ_I64(convert_card_refusal(API_ERROR_BUSY), SESSION_CARD_NETWORK);
    CHECK_EQ_I64(convert_card_refusal(API_ERROR_OUT_OF_SERVICE), SESSION_CARD_NETWORK);
    CHECK_EQ_I64(convert_card_refusal(API_ERROR_DISK_FULL), SESSION_CARD_NETWORK);
    CHECK_EQ_I64(convert_card_refusal(API_ERROR_INTERNAL), SESSION_CARD_NETWORK);
    CHECK_EQ_I64(convert_card_refusal(API_ERROR_CARD_REFUSED), SESSION_CARD_REFUSED);
}

TEST(what_the_driver_counts_fits_the_heartbeat)
{
    static struct cardlink_report report = {.chip = "PN532\tv1.6 \xE5"};
    static struct api_reader_counts counts = {.chip = "longer than the one that comes now"};
    report.counts[CARDLINK_REOPENS] = 3;
    report.counts[CARDLINK_READS] = (uint64_t)API_COUNT_MAX;
    report.counts[CARDLINK_TIMEOUTS] = (uint64_t)API_COUNT_MAX + 1;
    report.counts[CARDLINK_WRITES] = UINT64_MAX;
    convert_card_counts(&report, &counts);
    CHECK(counts.told);
    CHECK_EQ_STR(counts.chip, "PN532?v1.6 ?");
    CHECK_EQ_I64(counts.counts[CARDLINK_REOPENS], 3);
    CHECK_EQ_I64(counts.counts[CARDLINK_READS], API_COUNT_MAX);
    CHECK_EQ_I64(counts.counts[CARDLINK_TIMEOUTS], API_COUNT_MAX);
    CHECK_EQ_I64(counts.counts[CARDLINK_WRITES], API_COUNT_MAX);
    CHECK_EQ_I64(counts.counts[CARDLINK_RELAYS], 0);
}

TEST_MAIN()
