/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The gateway client against the simulated gateways: the whole life of a payment in both wallets,
 * every fault of the wire, races, notifies as they really come, and gateways that are away. The
 * rule under test is one: no fault may make us believe what is not so; at worst we know nothing.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/unit/cloud_payments/paygate_world.h"

TEST(alipay_life_of_a_payment)
{
    static struct purchase p;
    begin();
    make_purchase(PAY_ALIPAY, 5011, &p);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK(strstr(world.answer.qr_text, "/SIMULATOR/") != NULL);
    CHECK(world.answer.evidence.verified && world.answer.evidence.body_size > 0);
    CHECK_RESULT(precreate(&p), PAY_QR); /* same bytes: the code again */
    CHECK_RESULT(query(&p), PAY_NOT_EXIST);
    CHECK_RESULT(close_order(&p), PAY_NOT_EXIST);
    CHECK_RESULT(refund_query(&p), PAY_NOT_EXIST);
    CHECK(paygate_command(world.gate, "scan %s", p.order_no));
    CHECK_RESULT(query(&p), PAY_UNPAID);
    CHECK(world.answer.scanned);
    CHECK(paygate_command(world.gate, "pay %s coupon=100", p.order_no));
    CHECK_RESULT(query(&p), PAY_PAID);
    CHECK_EQ_I64(world.answer.amount_fen, 5011);
    CHECK(world.answer.trade_no[0] != '\0' && world.answer.currency_ok);
    CHECK(arrived(p.order_no, PAY_PAID));
    CHECK_EQ_I64(first_about(p.order_no)->amount_fen, 5011);
    CHECK_EQ_STR(first_about(p.order_no)->order_no, p.order_no);
    CHECK_EQ_STR(first_about(p.order_no)->trade_no, world.answer.trade_no);
    CHECK_RESULT(close_order(&p), PAY_CLOSE_REFUSED);
    CHECK_RESULT(precreate(&p), PAY_QUERY_FIRST);
    CHECK_RESULT(refund(&p), PAY_REFUNDED);
    CHECK_EQ_I64(world.answer.refunded_fen, 5011);
    /* Again under the same number: nothing moves, so it says nothing; the refund query does. */
    CHECK_RESULT(refund(&p), PAY_UNKNOWN);
    CHECK_RESULT(refund_query(&p), PAY_REFUNDED);
    CHECK_EQ_I64(world.answer.refunded_fen, 5011);
    CHECK_RESULT(query(&p), PAY_REFUNDED);
}

TEST(wechat_life_of_a_payment)
{
    static struct purchase p;
    begin();
    make_purchase(PAY_WECHAT, 7003, &p);
    CHECK_RESULT(query(&p), PAY_NOT_EXIST);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK(strstr(world.answer.evidence.headers, "Wechatpay-Signature: ") != NULL);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK_RESULT(query(&p), PAY_UNPAID);
    CHECK_RESULT(refund_query(&p), PAY_NOT_EXIST);
    CHECK(paygate_command(world.gate, "pay %s coupon=3", p.order_no));
    CHECK_RESULT(query(&p), PAY_PAID);
    CHECK_EQ_I64(world.answer.amount_fen, 7003);
    CHECK(world.answer.currency_ok);
    CHECK(arrived(p.order_no, PAY_PAID));
    CHECK_EQ_STR(first_about(p.order_no)->trade_no, world.answer.trade_no);
    CHECK_RESULT(close_order(&p), PAY_CLOSE_REFUSED);
    CHECK_RESULT(precreate(&p), PAY_QUERY_FIRST);
    CHECK_RESULT(refund(&p), PAY_REFUND_PROCESSING);
    CHECK_RESULT(refund_end(&p), PAY_REFUNDED);
    CHECK_EQ_I64(world.answer.refunded_fen, 7003);
    CHECK_RESULT(refund(&p), PAY_REFUNDED);
    CHECK_RESULT(query(&p), PAY_PAID_REFUND_SEEN);
    CHECK(arrived(p.order_no, PAY_REFUNDED));
}

/* By the wallet's own number: what is asked of a payment that no order of ours took. */
TEST(query_by_trade_number)
{
    static const char *const faults[] = {"unsigned", "badsign", "truncate", "500", "wrong-order"};
    static const enum pay_result after[PAY_WALLET_COUNT] = {
        [PAY_ALIPAY] = PAY_REFUNDED, [PAY_WECHAT] = PAY_PAID_REFUND_SEEN};
    begin();
    for (int i = 0; i < PAY_WALLET_COUNT; i++) {
        static struct purchase p;
        static char trade_no[PAY_TRADE_NO_SIZE];
        const enum pay_wallet wallet = (enum pay_wallet)i;
        make_purchase(wallet, 812, &p);
        CHECK_RESULT(precreate(&p), PAY_QR);
        CHECK(paygate_command(world.gate, "pay %s", p.order_no));
        CHECK_RESULT(query(&p), PAY_PAID);
        memcpy(trade_no, world.answer.trade_no, sizeof(trade_no));
        CHECK_RESULT(query_trade(wallet, trade_no), PAY_PAID);
        CHECK_EQ_I64(world.answer.amount_fen, 812);
        CHECK_EQ_STR(world.answer.trade_no, trade_no);
        CHECK(world.answer.evidence.verified);
        for (size_t at = 0; at < ARRAY_COUNT(faults); at++) {
            CHECK(paygate_command(world.gate, "fault %s 1", faults[at]));
            CHECK_RESULT(query_trade(wallet, trade_no), PAY_UNKNOWN);
        }
        CHECK(paygate_command(world.gate, "refund-outside %s", p.order_no));
        CHECK_RESULT(query_trade(wallet, trade_no), after[wallet]);
        CHECK_RESULT(query_trade(wallet, "42000000000000000000000001"), PAY_NOT_EXIST);
        CHECK_RESULT(query_trade(wallet, "1/../2?mchid=3"), PAY_UNKNOWN);
        CHECK(world.answer.alarm);
        CHECK_RESULT(query_trade(wallet, ""), PAY_UNKNOWN);
    }
}

TEST(close_before_payment)
{
    begin();
    for (int wallet = 0; wallet < PAY_WALLET_COUNT; wallet++) {
        static struct purchase p;
        make_purchase((enum pay_wallet)wallet, 1, &p);
        CHECK_RESULT(precreate(&p), PAY_QR);
        CHECK(paygate_command(world.gate, "scan %s", p.order_no));
        CHECK_RESULT(close_order(&p), PAY_CLOSED);
        CHECK_RESULT(query(&p), PAY_CLOSED);
        CHECK_RESULT(precreate(&p), PAY_QUERY_FIRST);
    }
}

TEST(close_loses_the_race)
{
    begin();
    for (int wallet = 0; wallet < PAY_WALLET_COUNT; wallet++) {
        static struct purchase p;
        make_purchase((enum pay_wallet)wallet, 210, &p);
        CHECK_RESULT(precreate(&p), PAY_QR);
        CHECK(paygate_command(world.gate, "scan %s", p.order_no));
        CHECK(paygate_command(world.gate, "fault close-race 1 %s", p.order_no));
        CHECK_RESULT(close_order(&p), PAY_CLOSE_REFUSED);
        CHECK_RESULT(query(&p), PAY_PAID);
    }
}

TEST(another_body_under_the_same_number)
{
    begin();
    for (int wallet = 0; wallet < PAY_WALLET_COUNT; wallet++) {
        static struct purchase p;
        static struct purchase other;
        make_purchase((enum pay_wallet)wallet, 100, &p);
        make_purchase((enum pay_wallet)wallet, 101, &other);
        CHECK_RESULT(precreate(&p), PAY_QR);
        /* The other's amount under this number, as a restored database would do it. */
        char *number = strstr(other.body, other.order_no);
        CHECK(number != NULL);
        memcpy(number, p.order_no, strlen(p.order_no));
        memcpy(p.body, other.body, sizeof(p.body));
        enum pay_result result = precreate(&p);
        CHECK(result == PAY_REFUSED || result == PAY_QUERY_FIRST);
        CHECK(wallet == PAY_WECHAT || world.answer.alarm);
    }
}

/* Every fault of an answer: the truth, or nothing. */
TEST(no_fault_of_the_wire_is_believed)
{
    static const char *const faults[] = {
        "reset-before", "reset-after", "502",          "502-effect",
        "429",          "429-effect",  "500",          "500-effect",
        "truncate",     "cut",         "html200",      "redirect",
        "unsigned",     "badsign",     "stranger",     "unknown-serial",
        "stale",        "future",      "twice-header", "sign-first",
        "gbk",          "wrong-order", "trailing",     "huge",
        "twice-member", "slow=300",
    };
    begin();
    for (int wallet = 0; wallet < PAY_WALLET_COUNT; wallet++) {
        static struct purchase p;
        make_purchase((enum pay_wallet)wallet, 1234, &p);
        CHECK_RESULT(precreate(&p), PAY_QR);
        CHECK(paygate_command(world.gate, "pay %s", p.order_no));
        for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
            if (!paygate_command(world.gate, "fault %s 1 %s", faults[i], p.order_no)) {
                continue;
            }
            enum pay_result result = query(&p);
            bool harmless = strncmp(faults[i], "slow", 4) == 0 ||
                            str_equal(faults[i], "sign-first") || str_equal(faults[i], "gbk");
            /* A fault that only one wallet knows leaves the other's answer good. */
            if (result != PAY_UNKNOWN && (result != PAY_PAID || world.answer.amount_fen != 1234)) {
                TEST_FAIL("%s made it %s of %lld", faults[i], pay_result_name(result),
                          (long long)world.answer.amount_fen);
            }
            if (harmless && result != PAY_PAID) {
                TEST_FAIL("%s made a good answer unreadable", faults[i]);
            }
            CHECK(paygate_command(world.gate, "reset-faults"));
            CHECK(paygate_command(world.gate, "latency 1"));
        }
        CHECK(paygate_command(world.gate, "fault wrong-amount 1 %s", p.order_no));
        CHECK_RESULT(query(&p), PAY_PAID);
        CHECK_EQ_I64(world.answer.amount_fen, 1235); /* said, signed, and for the order to judge */
        CHECK_RESULT(query(&p), PAY_PAID);
    }
}

TEST(refund_with_lost_answers_moves_money_once)
{
    static const char *const faults[] = {"reset-before", "reset-after", "429-effect",
                                         "500-effect",   "truncate",    "unsigned"};
    begin();
    for (int wallet = 0; wallet < PAY_WALLET_COUNT; wallet++) {
        for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
            static struct purchase p;
            make_purchase((enum pay_wallet)wallet, 300, &p);
            CHECK_RESULT(precreate(&p), PAY_QR);
            CHECK(paygate_command(world.gate, "pay %s", p.order_no));
            CHECK(paygate_command(world.gate, "fault %s 1 refund %s", faults[i], p.order_no) ||
                  paygate_command(world.gate, "fault %s 1 %s", faults[i], p.order_no));
            enum pay_result result = refund(&p);
            /* On a kept connection libcurl repeats what was reset before an answer began. */
            CHECK(result == PAY_UNKNOWN || str_starts_with(faults[i], "reset"));
            result = refund_end(&p);
            if (result == PAY_NOT_EXIST) {
                result = refund(&p); /* same number, same bytes */
                CHECK(result == PAY_REFUNDED || result == PAY_REFUND_PROCESSING);
                result = refund_end(&p);
            }
            CHECK_RESULT(result, PAY_REFUNDED);
            CHECK_EQ_I64(world.answer.refunded_fen, 300);
        }
    }
}

TEST(refunds_that_fail)
{
    static struct purchase p;
    begin();
    for (int wallet = 0; wallet < PAY_WALLET_COUNT; wallet++) {
        make_purchase((enum pay_wallet)wallet, 400, &p);
        CHECK_RESULT(precreate(&p), PAY_QR);
        CHECK(paygate_command(world.gate, "pay %s", p.order_no));
        CHECK(paygate_command(world.gate, "fault refund-low-balance 1 %s", p.order_no));
        CHECK_RESULT(refund(&p), PAY_REFUND_LOW_BALANCE);
        CHECK(world.answer.alarm);
    }
    make_purchase(PAY_WECHAT, 400, &p);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK(paygate_command(world.gate, "pay %s", p.order_no));
    CHECK(paygate_command(world.gate, "fault refund-abnormal 1 %s", p.order_no));
    CHECK_RESULT(refund(&p), PAY_REFUND_PROCESSING);
    CHECK_RESULT(refund_end(&p), PAY_REFUND_ABNORMAL);
    CHECK(arrived(p.order_no, PAY_REFUND_ABNORMAL));
    make_purchase(PAY_WECHAT, 400, &p);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK(paygate_command(world.gate, "pay %s", p.order_no));
    CHECK(paygate_command(world.gate, "fault refund-closed 1 %s", p.order_no));
    CHECK_RESULT(refund(&p), PAY_REFUND_PROCESSING);
    CHECK_RESULT(refund_end(&p), PAY_REFUND_CLOSED);
    make_purchase(PAY_ALIPAY, 400, &p);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK(paygate_command(world.gate, "pay %s", p.order_no));
    CHECK(paygate_command(world.gate, "fault refund-frozen 1 %s", p.order_no));
    CHECK_RESULT(refund(&p), PAY_REFUND_NOT_ALLOWED);
    CHECK(paygate_command(world.gate, "finish %s", p.order_no));
    CHECK_RESULT(query(&p), PAY_PAID); /* FINISHED is as paid as SUCCESS */
    CHECK_RESULT(refund(&p), PAY_REFUND_DOUBTFUL);
    CHECK_RESULT(refund_query(&p), PAY_NOT_EXIST);
}

TEST(refund_on_the_merchant_site)
{
    static struct purchase p;
    begin();
    make_purchase(PAY_ALIPAY, 900, &p);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK(paygate_command(world.gate, "pay %s", p.order_no));
    CHECK(paygate_command(world.gate, "refund-outside %s", p.order_no));
    CHECK_RESULT(query(&p), PAY_REFUNDED);
    CHECK(arrived(p.order_no, PAY_REFUNDED));
    make_purchase(PAY_ALIPAY, 900, &p);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK(paygate_command(world.gate, "pay %s", p.order_no));
    CHECK(paygate_command(world.gate, "refund-outside %s 100", p.order_no));
    CHECK(arrived(p.order_no, PAY_PARTLY_REFUNDED));
    make_purchase(PAY_WECHAT, 900, &p);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK(paygate_command(world.gate, "pay %s", p.order_no));
    CHECK(paygate_command(world.gate, "refund-outside %s", p.order_no));
    CHECK_RESULT(query(&p), PAY_PAID_REFUND_SEEN);
    CHECK_RESULT(refund_query(&p), PAY_NOT_EXIST); /* not ours: somebody else's */
}

/* The simulator first sends what must be refused, then the good one: both must be told apart. */
TEST(notifies_with_faults)
{
    static const struct {
        const char *fault;
        enum pay_notify_verdict verdict; /* of the first one */
        bool alipay;
        bool wechat;
    } cases[] = {
        {"badsign", PAY_NOTIFY_REFUSED, true, true},
        {"stranger", PAY_NOTIFY_REFUSED, true, true},
        {"tampered", PAY_NOTIFY_REFUSED, true, true},
        {"no-sign", PAY_NOTIFY_REFUSED, true, true},
        {"sha1", PAY_NOTIFY_REFUSED, true, false},
        {"wrong-merchant", PAY_NOTIFY_FOREIGN, true, true},
        {"no-appid", PAY_NOTIFY_FOREIGN, true, true},
        {"signtest", PAY_NOTIFY_PROBE, false, true},
        {"unknown-serial", PAY_NOTIFY_REFUSED, false, true},
        {"stale", PAY_NOTIFY_REFUSED, false, true},
        {"future", PAY_NOTIFY_REFUSED, false, true},
        {"gbk", PAY_NOTIFY_GENUINE, true, false},
        {"double", PAY_NOTIFY_GENUINE, true, true},
    };
    begin();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        for (int wallet = 0; wallet < PAY_WALLET_COUNT; wallet++) {
            static struct purchase p;
            if (wallet == PAY_ALIPAY ? !cases[i].alipay : !cases[i].wechat) {
                continue;
            }
            empty_inbox();
            make_purchase((enum pay_wallet)wallet, 55, &p);
            CHECK_RESULT(precreate(&p), PAY_QR);
            CHECK(paygate_command(world.gate, "notify %s 1 %s", cases[i].fault, p.order_no));
            CHECK(paygate_command(world.gate, "pay %s", p.order_no));
            CHECK(arrived(p.order_no, PAY_PAID));
            struct pay_notify *first = first_about(p.order_no);
            if (first->verdict != cases[i].verdict) {
                TEST_FAIL("%s: verdict %d, not %d: %s", cases[i].fault, (int)first->verdict,
                          (int)cases[i].verdict, first->log_text);
            }
        }
    }
}

TEST(our_clock_is_wrong)
{
    static struct purchase p;
    begin();
    make_purchase(PAY_WECHAT, 88, &p);
    CHECK(paygate_command(world.gate, "skew +400"));
    enum pay_result result = precreate(&p);
    CHECK(result == PAY_UNKNOWN || result == PAY_REFUSED);
    CHECK(world.answer.alarm);
    CHECK(paygate_command(world.gate, "skew reset"));
    CHECK_RESULT(precreate(&p), PAY_QR);
}

TEST(gateway_is_away)
{
    static struct pay_config config;
    static struct purchase p;
    struct pay_answer answer;
    begin();
    paygate_config(world.gate, 1, &config);
    /* The backup host is tried when the first cannot be connected, and serves. */
    (void)snprintf(config.wechat.backup_url, sizeof(config.wechat.backup_url), "%s",
                   config.wechat.url);
    (void)snprintf(config.wechat.url, sizeof(config.wechat.url), "http://127.0.0.1:1");
    (void)snprintf(config.alipay.gateway_url, sizeof(config.alipay.gateway_url),
                   "http://127.0.0.1:1/gateway.do");
    struct pay *pay = make_pay(&config);
    CHECK(pay != NULL);
    make_purchase(PAY_WECHAT, 99, &p);
    pay_precreate(pay, PAY_WECHAT, p.order_no, p.body, &answer);
    CHECK_EQ_STR(pay_result_name(answer.result), "qr");
    pay_answer_finish(&answer);
    pay_query(pay, PAY_ALIPAY, p.order_no, &answer);
    CHECK_EQ_STR(pay_result_name(answer.result), "unknown");
    CHECK(answer.evidence.body == NULL);
    pay_stop(pay);
    pay_query(pay, PAY_WECHAT, p.order_no, &answer);
    CHECK_EQ_STR(pay_result_name(answer.result), "unknown");
    CHECK(strstr(answer.log_text, "stopping") != NULL);
    pay_destroy(pay);
}

/* Accepted, and then not a word: the backup host is asked, since nothing was sent. */
TEST(first_host_is_silent)
{
    static struct pay_config config;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    static struct purchase p;
    begin();
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 8) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    paygate_config(world.gate, 1, &config);
    memcpy(config.wechat.backup_url, config.wechat.url, sizeof(config.wechat.backup_url));
    (void)snprintf(config.wechat.url, sizeof(config.wechat.url), "https://127.0.0.1:%d",
                   ntohs(address.sin_port));
    struct pay *pay = make_pay(&config);
    CHECK(pay != NULL);
    make_purchase(PAY_WECHAT, 98, &p);
    CHECK_EQ_I64(query_of(pay, p.order_no), PAY_NOT_EXIST);
    pay_destroy(pay);
    (void)close(fd);
}

/* Last: it looks at all that happened above. */
TEST(zz_truth)
{
    check_truth(11);
}

TEST_MAIN()
