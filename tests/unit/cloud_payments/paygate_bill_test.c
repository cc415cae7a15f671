/* SPDX-License-Identifier: Apache-2.0 */
/* The bills of the day from both wallets, whole and true or not at all. */
#include "tests/unit/cloud_payments/paygate_world.h"

static struct pay_bill fetch_bill(enum pay_wallet wallet, const char *day)
{
    struct pay_bill bill;
    pay_bill_fetch(world.pay, wallet, day, &bill);
    (void)printf("# %s\n", bill.log_text);
    return bill;
}

static bool has_row(const struct pay_bill *bill, enum pay_bill_kind kind, const struct purchase *p)
{
    for (size_t i = 0; i < bill->row_count; i++) {
        const struct pay_bill_row *row = &bill->rows[i];
        if (row->kind == kind && strcmp(row->order_no, p->order_no) == 0) {
            return row->fen == p->refund.total_fen && row->trade_no[0] != '\0' &&
                   strcmp(row->refund_no, kind == PAY_BILL_REFUND ? p->refund_no : "") == 0;
        }
    }
    return false;
}

TEST(bills)
{
    static const char *const faults[PAY_WALLET_COUNT] = {
        [PAY_ALIPAY] = "bill-wrong-count", [PAY_WECHAT] = "bill-wrong-hash"};
    static struct purchase paid[PAY_WALLET_COUNT];
    struct pay_bill bill;
    char day[16];
    begin();
    for (int wallet = 0; wallet < PAY_WALLET_COUNT; wallet++) {
        make_purchase((enum pay_wallet)wallet, 4567, &paid[wallet]);
        CHECK_RESULT(precreate(&paid[wallet]), PAY_QR);
        CHECK(paygate_command(world.gate, "pay %s coupon=7", paid[wallet].order_no));
        (void)refund(&paid[wallet]);
        CHECK_RESULT(refund_end(&paid[wallet]), PAY_REFUNDED);
    }
    CHECK(paygate_command(world.gate, "finish-day"));
    const char *said = strstr(paygate_answer(world.gate), "20");
    CHECK(said != NULL);
    (void)snprintf(day, sizeof(day), "%.10s", said);
    for (int wallet = 0; wallet < PAY_WALLET_COUNT; wallet++) {
        bill = fetch_bill((enum pay_wallet)wallet, day);
        CHECK_EQ_I64(bill.result, PAY_BILL_OK);
        CHECK(has_row(&bill, PAY_BILL_PAYMENT, &paid[wallet]));
        CHECK(has_row(&bill, PAY_BILL_REFUND, &paid[wallet]));
        CHECK(bill.raw_size > 0);
        pay_bill_finish(&bill);
        CHECK(paygate_command(world.gate, "fault %s 1", faults[wallet]));
        bill = fetch_bill((enum pay_wallet)wallet, day);
        CHECK_EQ_I64(bill.result, PAY_BILL_REFUSED);
        CHECK_EQ_U64(bill.row_count, 0);
        pay_bill_finish(&bill);
        bill = fetch_bill((enum pay_wallet)wallet, "2020-01-01");
        CHECK(bill.result == PAY_BILL_EMPTY || bill.result == PAY_BILL_UNKNOWN);
        pay_bill_finish(&bill);
        bill = fetch_bill((enum pay_wallet)wallet, "../../etc");
        CHECK_EQ_I64(bill.result, PAY_BILL_UNKNOWN);
        pay_bill_finish(&bill);
    }
    check_truth(PAY_WALLET_COUNT);
}

/* What a proxy was asked for. */
static void on_proxy(void *self, const struct tiny_request *request, struct tiny_reply *reply)
{
    char *asked = self;
    (void)snprintf(asked, 256, "%.15s %.200s", request->method, request->target);
    tiny_http_reply(reply, 403, "", "", 0);
}

/* The true address is plain http on another host; it is fetched from there, and never plainly. */
TEST(alipay_bills_are_fetched_by_https)
{
    static char asked[256];
    char url[64];
    begin();
    CHECK(paygate_command(world.gate, "finish-day"));
    const char *said = strstr(paygate_answer(world.gate), "20");
    char day[16];
    CHECK(said != NULL);
    (void)snprintf(day, sizeof(day), "%.10s", said);
    struct tiny_http *proxy = tiny_http_start(on_proxy, asked);
    CHECK(proxy != NULL);
    CHECK(paygate_command(world.gate, "set alipay_bill_url real"));
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", tiny_http_port(proxy));
    CHECK(setenv("https_proxy", url, 1) == 0); /* no test asks the real host for anything */
    struct pay_bill bill = fetch_bill(PAY_ALIPAY, day);
    CHECK(unsetenv("https_proxy") == 0);
    tiny_http_stop(proxy);
    CHECK(paygate_command(world.gate, "set alipay_bill_url own"));
    CHECK_EQ_I64(bill.result, PAY_BILL_UNKNOWN);
    pay_bill_finish(&bill);
    CHECK_EQ_STR(asked, "CONNECT dwbillcenter.alipay.com:443");
    CHECK(paygate_command(world.gate, "fault bill-late 1"));
    bill = fetch_bill(PAY_ALIPAY, day);
    CHECK_EQ_I64(bill.result, PAY_BILL_EMPTY); /* what it is believed to mean is the caller's */
    pay_bill_finish(&bill);
    bill = fetch_bill(PAY_ALIPAY, day);
    CHECK_EQ_I64(bill.result, PAY_BILL_OK);
    pay_bill_finish(&bill);
}

TEST_MAIN()
