/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The gateway client against the simulated gateways: the whole life of a payment in both wallets,
 * every fault of the wire, races, key changes, notifies as they really come, and bills. The rule
 * under test is one: no fault may make us believe what is not so; at worst we know nothing.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/payments/pay.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_payments/paygate.h"
#include "tests/unit/cloud_payments/tiny_http.h"
#include "tests/unit/test.h"

enum { NOTIFIES_MAX = 64, WAIT_MS_MAX = 8000, EXPIRE_S = 600 };

/* What has arrived at the notify addresses. */
struct inbox {
    pthread_mutex_t lock;
    struct pay *pay;
    struct pay_notify notifies[NOTIFIES_MAX];
    size_t count;
};

static struct {
    struct paygate *gate;
    struct tiny_http *server;
    struct pay *pay;
    struct inbox inbox;
    struct clock_port clock;
    struct rng_port rng;
    unsigned order_count;
    struct pay_answer answer;
} world = {.inbox.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_notify(void *self, const struct tiny_request *request, struct tiny_reply *reply)
{
    struct inbox *inbox = self;
    char timestamp[64];
    char nonce[256];
    char serial[128];
    char signature[1024];
    bool wechat = strstr(request->target, "/wechat/") != NULL;
    struct pay_notify notify;
    const struct pay_notify_in in = {
        .timestamp = tiny_http_header(request, "Wechatpay-Timestamp", timestamp, sizeof(timestamp))
                         ? timestamp
                         : NULL,
        .nonce = tiny_http_header(request, "Wechatpay-Nonce", nonce, sizeof(nonce)) ? nonce : NULL,
        .serial =
            tiny_http_header(request, "Wechatpay-Serial", serial, sizeof(serial)) ? serial : NULL,
        .signature = tiny_http_header(request, "Wechatpay-Signature", signature, sizeof(signature))
                         ? signature
                         : NULL,
        .body = (const uint8_t *)request->body,
        .body_size = request->body_size,
    };
    pthread_mutex_lock(&inbox->lock);
    pay_notify_read(inbox->pay, wechat ? PAY_WECHAT : PAY_ALIPAY, &in, &notify);
    if (inbox->count < NOTIFIES_MAX) {
        inbox->notifies[inbox->count++] = notify;
    }
    pthread_mutex_unlock(&inbox->lock);
    tiny_http_reply(reply, (int)notify.http_status, "", notify.reply, strlen(notify.reply));
}

/* Wait until a genuine notify about this order with this result is there. */
static bool arrived(const char *order_no, enum pay_result result)
{
    bool found = false;
    for (int waited = 0; !found && waited < WAIT_MS_MAX; waited += 20) {
        pthread_mutex_lock(&world.inbox.lock);
        for (size_t i = 0; i < world.inbox.count; i++) {
            const struct pay_notify *notify = &world.inbox.notifies[i];
            found = found || (notify->verdict == PAY_NOTIFY_GENUINE && notify->result == result &&
                              str_equal(notify->order_no, order_no));
        }
        pthread_mutex_unlock(&world.inbox.lock);
        if (!found) {
            clock_system_wait_ms(20);
        }
    }
    return found;
}

/* The first notify that is about this order or, being refused, about none; one has arrived. */
static struct pay_notify *first_about(const char *order_no)
{
    struct pay_notify *found = &world.inbox.notifies[0];
    pthread_mutex_lock(&world.inbox.lock);
    for (size_t i = world.inbox.count; i > 0; i--) {
        struct pay_notify *notify = &world.inbox.notifies[i - 1];
        if (notify->order_no[0] == '\0' || str_equal(notify->order_no, order_no)) {
            found = notify;
        }
    }
    pthread_mutex_unlock(&world.inbox.lock);
    return found;
}

static void empty_inbox(void)
{
    pthread_mutex_lock(&world.inbox.lock);
    world.inbox.count = 0;
    pthread_mutex_unlock(&world.inbox.lock);
}

/* A client of its own for a test that needs another configuration. */
static struct pay *make_pay(const struct pay_config *config)
{
    struct pay *pay = NULL;
    char message[256];
    if (pay_create(config, &world.clock, &world.rng, message, sizeof(message), &pay) != OK) {
        (void)printf("# %s\n", message);
    }
    return pay;
}

/* At exit, also when only some tests ran or failed: no gateway may outlive its test. */
static void end_world(void)
{
    tiny_http_stop(world.server);
    pay_answer_finish(&world.answer);
    pay_destroy(world.pay);
    paygate_stop(world.gate);
}

static void begin(void)
{
    static struct pay_config config;
    if (world.pay == NULL) {
        world.clock = clock_system();
        world.rng = rng_system();
        world.gate = paygate_start();
        CHECK(world.gate != NULL);
        world.server = tiny_http_start(on_notify, &world.inbox);
        CHECK(world.server != NULL);
        paygate_config(world.gate, tiny_http_port(world.server), &config);
        world.pay = make_pay(&config);
        world.inbox.pay = world.pay;
        CHECK(atexit(end_world) == 0); /* now: before OpenSSL's own, which was registered above */
    }
    CHECK(world.pay != NULL);
    CHECK(paygate_command(world.gate, "reset-faults"));
    CHECK(paygate_command(world.gate, "latency 1"));
    CHECK(paygate_command(world.gate, "refund-delay 50"));
    empty_inbox();
    pay_answer_finish(&world.answer);
}

struct purchase {
    enum pay_wallet wallet;
    char order_no[PAY_ORDER_NO_SIZE];
    char body[PAY_BODY_SIZE];
    char refund_no[PAY_REFUND_NO_SIZE];
    char refund_body[PAY_BODY_SIZE];
    struct pay_refund refund;
};

static void make_purchase(enum pay_wallet wallet, int64_t fen, struct purchase *ret_purchase)
{
    world.order_count += 1;
    *ret_purchase = (struct purchase){.wallet = wallet};
    (void)snprintf(ret_purchase->order_no, sizeof(ret_purchase->order_no), "SHTEST%c%08u%010u",
                   wallet == PAY_ALIPAY ? 'A' : 'W', world.order_count, (unsigned)getpid());
    const struct pay_order order = {
        .order_no = ret_purchase->order_no,
        .amount_fen = fen,
        .subject = "\xE7\x94\xB5\xE8\xB4\xB9 A+B & 100% / \"x\"",
        .terminal_id = "K07",
        .terminal_ip = "10.0.0.7",
        .now_wall_s = clock_wall_s(&world.clock),
        .expire_s = EXPIRE_S,
    };
    CHECK(pay_precreate_body(world.pay, wallet, &order, ret_purchase->body));
    (void)snprintf(ret_purchase->refund_no, sizeof(ret_purchase->refund_no), "%sR1",
                   ret_purchase->order_no);
    ret_purchase->refund = (struct pay_refund){.order_no = ret_purchase->order_no,
                                               .refund_no = ret_purchase->refund_no,
                                               .total_fen = fen,
                                               .refund_fen = fen,
                                               .reason = "\xE5\x85\x85\xE5\x80\xBC"};
    CHECK(pay_refund_body(world.pay, wallet, &ret_purchase->refund, ret_purchase->refund_body));
}

static enum pay_result say(enum pay_result result)
{
    (void)printf("# %s\n", world.answer.log_text);
    return result;
}

static enum pay_result precreate(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_precreate(world.pay, p->wallet, p->order_no, p->body, &world.answer);
    return say(world.answer.result);
}

static enum pay_result query(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_query(world.pay, p->wallet, p->order_no, &world.answer);
    return say(world.answer.result);
}

static enum pay_result close_order(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_close(world.pay, p->wallet, p->order_no, &world.answer);
    return say(world.answer.result);
}

static enum pay_result refund(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_refund(world.pay, p->wallet, p->refund_no, p->refund_body, &world.answer);
    return say(world.answer.result);
}

static enum pay_result refund_query(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_refund_query(world.pay, p->wallet, &p->refund, &world.answer);
    return say(world.answer.result);
}

/* Ask until the refund is through, as the refund worker does. */
static enum pay_result refund_end(const struct purchase *p)
{
    enum pay_result result = PAY_REFUND_PROCESSING;
    for (int i = 0; i < 100 && result == PAY_REFUND_PROCESSING; i++) {
        clock_system_wait_ms(50);
        result = refund_query(p);
    }
    return result;
}

#define CHECK_RESULT(call, wanted) CHECK_EQ_STR(pay_result_name(call), pay_result_name(wanted))

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

TEST(wechat_keys_in_every_mix)
{
    static const char *const settings[] = {
        "wechat_cert old",       "wechat_cert new",       "wechat_cert mix",
        "wechat_notice_key old", "wechat_notice_key new", "wechat_notice_key public",
        "wechat_notice_key mix",
    };
    static struct pay_config config;
    char log[PAY_LOG_SIZE];
    begin();
    CHECK(pay_keys_refresh(world.pay, log)); /* as the server does at its start */
    paygate_config(world.gate, tiny_http_port(world.server), &config);
    config.wechat.public_key_id[0] = '\0'; /* certificates only: keys come from the list */
    config.wechat.public_key_file[0] = '\0';
    struct pay *pay = make_pay(&config);
    CHECK(pay != NULL);
    for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
        CHECK(paygate_command(world.gate, "set %s", settings[i]));
        for (int n = 0; n < 3; n++) {
            static struct purchase p;
            struct pay_answer answer;
            make_purchase(PAY_WECHAT, 66, &p);
            pay_precreate(pay, PAY_WECHAT, p.order_no, p.body, &answer);
            CHECK_EQ_STR(answer.log_text[0] != '\0' ? pay_result_name(answer.result) : "", "qr");
            pay_answer_finish(&answer);
            empty_inbox();
            CHECK(paygate_command(world.gate, "pay %s", p.order_no));
            CHECK(arrived(p.order_no, PAY_PAID)); /* the inbox holds both kinds of keys */
        }
    }
    CHECK(paygate_command(world.gate, "set wechat_cert old"));
    CHECK(paygate_command(world.gate, "set wechat_notice_key auto"));
    pay_destroy(pay);
}

static void put_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    (void)fputs(text, file);
    CHECK(fclose(file) == 0 && chmod(path, 0600) == 0);
}

/* The verdict on the notify of one more payment. */
static struct pay_notify *notify_of_payment(struct pay *pay, bool readable)
{
    static struct purchase p;
    empty_inbox();
    pthread_mutex_lock(&world.inbox.lock);
    world.inbox.pay = pay;
    pthread_mutex_unlock(&world.inbox.lock);
    make_purchase(PAY_WECHAT, 12, &p);
    CHECK_RESULT(precreate(&p), PAY_QR);
    CHECK(paygate_command(world.gate, "pay %s", p.order_no));
    if (readable) {
        CHECK(arrived(p.order_no, PAY_PAID));
    }
    for (int waited = 0; waited < WAIT_MS_MAX && world.inbox.count == 0; waited += 20) {
        clock_system_wait_ms(20);
    }
    CHECK(world.inbox.count > 0);
    return first_about(p.order_no);
}

/* While the APIv3 key is changed both are tried; with neither, the bytes are kept and it comes
 * again. */
TEST(wechat_apiv3_key_is_changed)
{
    static struct pay_config config;
    char other[] = "/tmp/pay-apiv3-XXXXXX";
    begin();
    int fd = mkstemp(other);
    CHECK(fd >= 0 && close(fd) == 0);
    put_text(other, "0123456789abcdef0123456789abcdef");
    paygate_config(world.gate, tiny_http_port(world.server), &config);
    memcpy(config.wechat.apiv3_key_old_file, config.wechat.apiv3_key_file, PAY_PATH_SIZE);
    (void)snprintf(config.wechat.apiv3_key_file, PAY_PATH_SIZE, "%s", other);
    struct pay *both = make_pay(&config);
    config.wechat.apiv3_key_old_file[0] = '\0';
    config.wechat.platform_certs = false; /* its list could not be opened either */
    struct pay *neither = make_pay(&config);
    (void)unlink(other);
    CHECK(both != NULL && neither != NULL);
    char log[PAY_LOG_SIZE];
    CHECK(pay_keys_refresh(both, log));
    CHECK(paygate_command(world.gate, "set wechat_notice_key public"));
    CHECK_EQ_I64(notify_of_payment(both, true)->verdict, PAY_NOTIFY_GENUINE);
    struct pay_notify *notify = notify_of_payment(neither, false);
    CHECK_EQ_I64(notify->verdict, PAY_NOTIFY_FOREIGN);
    CHECK_EQ_I64(notify->http_status, 500);
    CHECK(paygate_command(world.gate, "set wechat_notice_key auto"));
    pthread_mutex_lock(&world.inbox.lock);
    world.inbox.pay = world.pay;
    pthread_mutex_unlock(&world.inbox.lock);
    pay_destroy(both);
    pay_destroy(neither);
}

TEST(wechat_key_list_is_asked_for_once_a_minute)
{
    char log[PAY_LOG_SIZE];
    begin();
    CHECK(pay_keys_refresh(world.pay, log));
    CHECK(pay_keys_refresh(world.pay, log));
    CHECK_EQ_STR(log, "");
}

/* ---- a client whose clock the test moves ---- */

static struct {
    int64_t wall_s; /* beside the true one */
    int64_t mono_ms;
} shift;

static int64_t shifted_wall_s(void *self)
{
    (void)self;
    return clock_wall_s(&world.clock) + shift.wall_s;
}

static int64_t shifted_mono_ms(void *self)
{
    (void)self;
    return clock_mono_ms(&world.clock) + shift.mono_ms;
}

/* With certificates only, so that all keys come from the list. */
static struct pay *make_shifted_pay(void)
{
    static struct pay_config config;
    static const struct clock_port clock = {.mono_ms = shifted_mono_ms, .wall_s = shifted_wall_s};
    struct pay *pay = NULL;
    char message[256];
    shift.wall_s = 0;
    shift.mono_ms = 0;
    paygate_config(world.gate, tiny_http_port(world.server), &config);
    config.wechat.public_key_id[0] = '\0';
    config.wechat.public_key_file[0] = '\0';
    CHECK_EQ_I64(pay_create(&config, &clock, &world.rng, message, sizeof(message), &pay), OK);
    return pay;
}

static enum pay_result query_of(struct pay *pay, const char *order_no)
{
    struct pay_answer answer;
    pay_query(pay, PAY_WECHAT, order_no, &answer);
    (void)printf("# %s\n", answer.log_text);
    const enum pay_result result = answer.result;
    pay_answer_finish(&answer);
    return result;
}

static struct pay *pay_with_the_old_certificate(struct purchase *p)
{
    CHECK(paygate_command(world.gate, "set wechat_list old"));
    CHECK(paygate_command(world.gate, "set wechat_cert old"));
    struct pay *pay = make_shifted_pay();
    make_purchase(PAY_WECHAT, 61, p);
    CHECK_EQ_I64(query_of(pay, p->order_no), PAY_NOT_EXIST); /* the first list: by its own key */
    return pay;
}

/* A list that is signed by a key which nobody vouches for, not even the list. */
TEST(wechat_list_of_an_unknown_signer_is_refused)
{
    static struct purchase p;
    char log[PAY_LOG_SIZE];
    begin();
    struct pay *pay = pay_with_the_old_certificate(&p);
    CHECK(paygate_command(world.gate, "set wechat_cert new"));
    shift.mono_ms = 61000;
    CHECK_EQ_I64(query_of(pay, p.order_no), PAY_UNKNOWN);
    shift.mono_ms = 122000;
    CHECK(!pay_keys_refresh(pay, log));
    CHECK_EQ_STR(log, "wechat certificates refused: signature (0 new)");
    CHECK(paygate_command(world.gate, "set wechat_cert old"));
    CHECK(paygate_command(world.gate, "set wechat_list both"));
    shift.mono_ms = 183000;
    CHECK(pay_keys_refresh(pay, log)); /* signed by the one that we know: the new one is in it */
    CHECK(paygate_command(world.gate, "set wechat_cert new"));
    CHECK_EQ_I64(query_of(pay, p.order_no), PAY_NOT_EXIST);
    CHECK(paygate_command(world.gate, "set wechat_cert old"));
    pay_destroy(pay);
}

/* The time in which both signed was missed: the unknown serial alone brings the new key. */
TEST(wechat_change_of_certificates_is_made_up_for)
{
    static struct purchase p;
    begin();
    struct pay *pay = pay_with_the_old_certificate(&p);
    CHECK(paygate_command(world.gate, "set wechat_list both"));
    CHECK(paygate_command(world.gate, "set wechat_cert new"));
    CHECK_EQ_I64(query_of(pay, p.order_no), PAY_UNKNOWN); /* within a minute of the last list */
    shift.mono_ms = 61000;
    CHECK_EQ_I64(query_of(pay, p.order_no), PAY_NOT_EXIST);
    CHECK(paygate_command(world.gate, "set wechat_cert old"));
    CHECK_EQ_I64(query_of(pay, p.order_no), PAY_NOT_EXIST); /* the old one is in force, too */
    pay_destroy(pay);
}

TEST(wechat_certificates_end)
{
    static struct purchase p;
    const int64_t years_s = INT64_C(20) * 366 * 86400; /* past the end of the simulator's */
    begin();
    CHECK(paygate_command(world.gate, "set wechat_cert old"));
    struct pay *pay = make_shifted_pay();
    make_purchase(PAY_WECHAT, 62, &p);
    CHECK_EQ_I64(query_of(pay, p.order_no), PAY_NOT_EXIST);
    shift.wall_s = years_s;
    shift.mono_ms = 61000;
    CHECK(paygate_command(world.gate, "skew +%lld", (long long)years_s));
    CHECK_EQ_I64(query_of(pay, p.order_no), PAY_UNKNOWN);
    CHECK(paygate_command(world.gate, "skew reset"));
    shift.wall_s = 0;
    CHECK_EQ_I64(query_of(pay, p.order_no), PAY_NOT_EXIST);
    pay_destroy(pay);
}

TEST(alipay_certificate_mode_and_rotation)
{
    static struct pay_config config;
    static struct purchase p;
    begin();
    paygate_config(world.gate, tiny_http_port(world.server), &config);
    config.alipay.certificates = true;
    struct pay *pay = make_pay(&config);
    CHECK(pay != NULL);
    static const char *const certificates[] = {"platform", "next", "platform"};
    for (size_t i = 0; i < ARRAY_COUNT(certificates); i++) {
        struct pay_answer answer;
        CHECK(paygate_command(world.gate, "set alipay_cert %s", certificates[i]));
        make_purchase(PAY_ALIPAY, 77, &p);
        pay_precreate(pay, PAY_ALIPAY, p.order_no, p.body, &answer);
        (void)printf("# %s\n", answer.log_text);
        CHECK_EQ_STR(pay_result_name(answer.result), "qr");
        pay_answer_finish(&answer);
        pay_query(pay, PAY_ALIPAY, p.order_no, &answer);
        CHECK_EQ_STR(pay_result_name(answer.result), "not_exist");
        pay_answer_finish(&answer);
    }
    CHECK(paygate_command(world.gate, "set alipay_cert platform"));
    pay_destroy(pay);
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

/* Last: whatever happened above, the gateway's own books must say that nobody was refunded twice.
 */
TEST(zz_truth)
{
    begin();
    CHECK(paygate_command(world.gate, "truth"));
    json_t *truth = json_loads(paygate_answer(world.gate), 0, NULL);
    size_t i = 0;
    json_t *trade = NULL;
    CHECK(truth != NULL);
    json_array_foreach(json_object_get(truth, "trades"), i, trade)
    {
        int64_t paid = json_integer_value(json_object_get(trade, "paid_fen"));
        int64_t refunded = json_integer_value(json_object_get(trade, "refunded_fen"));
        CHECK(refunded == 0 || refunded == paid || refunded == 100);
    }
    CHECK(i > 10);
    json_decref(truth);
}

TEST_MAIN()
