/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_PAYMENTS_PAYGATE_WORLD_H
#define SHILLING_TESTS_UNIT_CLOUD_PAYMENTS_PAYGATE_WORLD_H

/* The client of both wallets, the simulated gateways, and the address that they notify. */

#include <pthread.h>
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

static inline void on_notify(void *self, const struct tiny_request *request,
                             struct tiny_reply *reply)
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
static inline bool arrived(const char *order_no, enum pay_result result)
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
static inline struct pay_notify *first_about(const char *order_no)
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

static inline void empty_inbox(void)
{
    pthread_mutex_lock(&world.inbox.lock);
    world.inbox.count = 0;
    pthread_mutex_unlock(&world.inbox.lock);
}

/* A client of its own for a test that needs another configuration. */
static inline struct pay *make_pay(const struct pay_config *config)
{
    struct pay *pay = NULL;
    char message[256];
    if (pay_create(config, &world.clock, &world.rng, message, sizeof(message), &pay) != OK) {
        (void)printf("# %s\n", message);
    }
    return pay;
}

/* At exit, also when only some tests ran or failed: no gateway may outlive its test. */
static inline void end_world(void)
{
    tiny_http_stop(world.server);
    pay_answer_finish(&world.answer);
    pay_destroy(world.pay);
    paygate_stop(world.gate);
}

static inline void begin(void)
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

static inline void make_purchase(enum pay_wallet wallet, int64_t fen, struct purchase *ret_purchase)
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

static inline enum pay_result say(enum pay_result result)
{
    (void)printf("# %s\n", world.answer.log_text);
    return result;
}

static inline enum pay_result precreate(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_precreate(world.pay, p->wallet, p->order_no, p->body, &world.answer);
    return say(world.answer.result);
}

static inline enum pay_result query(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_query(world.pay, p->wallet, p->order_no, &world.answer);
    return say(world.answer.result);
}

static inline enum pay_result query_trade(enum pay_wallet wallet, const char *trade_no)
{
    pay_answer_finish(&world.answer);
    pay_query_trade(world.pay, wallet, trade_no, &world.answer);
    return say(world.answer.result);
}

static inline enum pay_result close_order(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_close(world.pay, p->wallet, p->order_no, &world.answer);
    return say(world.answer.result);
}

static inline enum pay_result refund(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_refund(world.pay, p->wallet, p->refund_no, p->refund_body, &world.answer);
    return say(world.answer.result);
}

static inline enum pay_result refund_query(const struct purchase *p)
{
    pay_answer_finish(&world.answer);
    pay_refund_query(world.pay, p->wallet, &p->refund, &world.answer);
    return say(world.answer.result);
}

/* Ask until the refund is through, as the refund worker does. */
static inline enum pay_result refund_end(const struct purchase *p)
{
    enum pay_result result = PAY_REFUND_PROCESSING;
    for (int i = 0; i < 100 && result == PAY_REFUND_PROCESSING; i++) {
        clock_system_wait_ms(50);
        result = refund_query(p);
    }
    return result;
}

/* By a client of its own. */
static inline enum pay_result query_of(struct pay *pay, const char *order_no)
{
    struct pay_answer answer;
    pay_query(pay, PAY_WECHAT, order_no, &answer);
    (void)printf("# %s\n", answer.log_text);
    const enum pay_result result = answer.result;
    pay_answer_finish(&answer);
    return result;
}

#define CHECK_RESULT(call, wanted) CHECK_EQ_STR(pay_result_name(call), pay_result_name(wanted))

/* Whatever happened before, the gateway's own books must say that nobody was refunded twice. */
static inline void check_truth(size_t trades_min)
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
    CHECK(i >= trades_min);
    json_decref(truth);
}

#endif
