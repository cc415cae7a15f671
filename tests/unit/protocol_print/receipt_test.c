/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json.h"
#include "protocol/receipt/receipt.h"
#include "tests/unit/test.h"

static const char FULL[] =
    "{\"kind\":\"credited\",\"merchant\":\"翠湖花园物业服务中心\",\"site\":\"1号楼\","
    "\"title\":\"预付费充值凭证\",\"terminal_id\":\"KSK-0102\",\"order_no\":\"SH2026\","
    "\"time\":1795158228,\"service\":\"water\",\"meter_address\":\"000000000001\","
    "\"customer_no\":\"000012345678\",\"customer_masked\":\"张*\",\"place\":\"3栋1201\","
    "\"amount_fen\":5000,\"fee_fen\":1,"
    "\"credited_fen\":4999,\"arrears_fen\":0,\"price_e4_yuan\":5469,"
    "\"balance_before_fen\":-1000,\"balance_after_fen\":4000,\"balance_read_at\":1795158231,"
    "\"purchase_count\":5,\"channel\":\"wechat\",\"channel_trade_no\":\"4200\","
    "\"refund_no\":\"R1\",\"status_url\":\"https://x/r/"
    "1\",\"phone\":\"400\",\"card_tail\":\"1C2D\",\"claim_code\":\"480007\",\"card_unsure\":true,"
    "\"copy\":2}";

static bool decode(const char *text, struct receipt *ret_receipt, const char **ret_field)
{
    json_t *json = json_parse_object(text, strlen(text), JSON_SIZE_MAX);
    CHECK(json != NULL);
    bool ok = receipt_decode(json, ret_receipt, ret_field);
    json_decref(json);
    return ok;
}

TEST(reads_all_members)
{
    struct receipt receipt;
    const char *field = NULL;
    CHECK(decode(FULL, &receipt, &field));
    CHECK(receipt.kind == RECEIPT_CREDITED);
    CHECK(receipt.service == RECEIPT_WATER);
    CHECK(receipt.channel == RECEIPT_WECHAT);
    CHECK_EQ_STR(receipt.merchant, "翠湖花园物业服务中心");
    CHECK_EQ_I64(receipt.amount.fen, 5000);
    CHECK(receipt.arrears.is_there);
    CHECK(receipt.has_price);
    CHECK_EQ_I64(receipt.price_e4_yuan, 5469);
    CHECK_EQ_STR(receipt.customer_no, "000012345678");
    CHECK_EQ_I64(receipt.balance_before.money.fen, -1000);
    CHECK_EQ_U64(receipt.purchase_count, 5);
    CHECK_EQ_STR(receipt.card_tail, "1C2D");
    CHECK_EQ_STR(receipt.claim_code, "480007");
    CHECK(receipt.card_unsure);
    CHECK_EQ_U64(receipt.copy, 2);
}

TEST(writes_what_it_read)
{
    struct receipt first;
    struct receipt second;
    const char *field = NULL;
    memset(&first, 0, sizeof(first));
    memset(&second, 0, sizeof(second));
    CHECK(decode(FULL, &first, &field));
    json_t *json = receipt_encode(&first);
    CHECK(receipt_decode(json, &second, &field));
    json_decref(json);
    json_t *again = receipt_encode(&second);
    static char a[4096];
    static char b[4096];
    json = receipt_encode(&first);
    CHECK(json_print(json, a, sizeof(a)) && json_print(again, b, sizeof(b)));
    json_decref(json);
    json_decref(again);
    CHECK_EQ_STR(a, b);
}

TEST(absent_members_stay_absent)
{
    struct receipt receipt;
    const char *field = NULL;
    CHECK(decode("{\"kind\":\"pending\",\"order_no\":\"A\",\"time\":1,\"amount_fen\":0,"
                 "\"fee_fen\":null,\"later\":7}",
                 &receipt, &field));
    CHECK(!receipt.fee.is_there && !receipt.balance_after.is_there && !receipt.has_purchase_count);
    CHECK(!receipt.has_price && receipt.customer_no[0] == '\0');
    CHECK(receipt.channel == RECEIPT_CHANNEL_NONE && receipt.copy == 0);
    json_t *json = receipt_encode(&receipt);
    char text[256];
    CHECK(json_print(json, text, sizeof(text)));
    json_decref(json);
    CHECK_EQ_STR(text, "{\"kind\":\"pending\",\"service\":\"electricity\",\"order_no\":\"A\","
                       "\"time\":1,\"amount_fen\":0,\"copy\":0}");
}

static void expect_refused(const char *text, const char *wanted)
{
    struct receipt receipt = {.copy = 77};
    const char *field = NULL;
    CHECK(!decode(text, &receipt, &field));
    CHECK_EQ_STR(field, wanted);
    CHECK_EQ_U64(receipt.copy, 77); /* untouched */
}

TEST(names_the_wrong_member)
{
    expect_refused("{}", "kind");
    expect_refused("{\"kind\":\"paid\"}", "kind");
    expect_refused("{\"kind\":\"\"}", "kind");
    expect_refused("{\"kind\":\"review\"}", "order_no");
    expect_refused("{\"kind\":\"review\",\"order_no\":\"\"}", "order_no");
    expect_refused("{\"kind\":\"review\",\"order_no\":\"A\"}", "time");
    expect_refused("{\"kind\":\"review\",\"order_no\":\"A\",\"time\":1}", "amount_fen");
    expect_refused("{\"kind\":\"review\",\"order_no\":\"A\",\"time\":1,\"amount_fen\":1.5}",
                   "amount_fen");
    expect_refused("{\"kind\":\"review\",\"order_no\":\"A\",\"time\":1,\"amount_fen\":-1}",
                   "amount_fen");
    expect_refused("{\"kind\":\"review\",\"order_no\":\"A\",\"time\":1,\"amount_fen\":1,"
                   "\"copy\":10}",
                   "copy");
    expect_refused("{\"kind\":\"review\",\"order_no\":\"A\",\"time\":1,\"amount_fen\":1,"
                   "\"channel\":\"cash\"}",
                   "channel");
}

TEST(each_kind_has_its_word)
{
    CHECK_EQ_STR(receipt_kind_name(RECEIPT_CREDITED), "credited");
    for (int i = 0; i < RECEIPT_KIND_COUNT; i++) {
        char text[128];
        struct receipt receipt;
        const char *field = NULL;
        (void)snprintf(text, sizeof(text),
                       "{\"kind\":\"%s\",\"order_no\":\"A\",\"time\":1,\"amount_fen\":1}",
                       receipt_kind_name((enum receipt_kind)i));
        CHECK(decode(text, &receipt, &field));
        CHECK_EQ_I64(receipt.kind, i);
    }
}

TEST_MAIN()
