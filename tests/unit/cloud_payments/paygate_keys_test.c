/* SPDX-License-Identifier: Apache-2.0 */

/* Keys and certificates of both wallets, changed under way: what was signed by a key that nobody
 * vouches for is not believed, and what was signed before a change still is. */
#include <sys/stat.h>

#include "tests/unit/cloud_payments/paygate_world.h"

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

TEST_MAIN()
