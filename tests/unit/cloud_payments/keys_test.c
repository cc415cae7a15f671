/* SPDX-License-Identifier: Apache-2.0 */

/* Key files, the list of keys that are in the open, and the configuration. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/payments/alipay_keys.h"
#include "cloud/payments/key_file.h"
#include "cloud/payments/pay.h"
#include "cloud/payments/pay_config.h"
#include "cloud/payments/test_keys.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "protocol/alipay/cert_sn.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/common_crypto/vector_keys.h"
#include "tests/unit/test.h"

enum { PATH_SIZE = 512 };

static char folder[TEMP_PATH_SIZE];
static char message_text[512];
static const struct key_message MESSAGE = {message_text, sizeof(message_text)};

/* Write a file of the test's folder; returns its path. */
static const char *put_file(const char *name, const char *text, mode_t mode)
{
    static char path[PATH_SIZE];
    if (folder[0] == '\0') {
        (void)temp_folder_make(folder);
    }
    str_format_cut(path, sizeof(path), "%s/%s", folder, name);
    (void)unlink(path);
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    (void)fputs(text, file);
    CHECK(fclose(file) == 0);
    CHECK(chmod(path, mode) == 0);
    return path;
}

TEST(secret_files_are_for_their_owner_only)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0644, 0610, 0666};
    struct rsa_key *key = NULL;
    const char *text = vector_key_text("alipay_app.pkcs8.pem");
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
        const char *path = put_file("secret.pem", text, modes[i]);
        CHECK_EQ_I64(key_file_private(path, true, &MESSAGE, &key), ERR_DENIED);
        CHECK(strstr(message_text, "chmod 600") != NULL && strstr(message_text, path) != NULL);
    }
    CHECK_EQ_I64(key_file_private(put_file("secret.pem", text, 0600), true, &MESSAGE, &key), OK);
    rsa_key_destroy(key);
    CHECK_EQ_I64(key_file_private(put_file("secret.pem", text, 0400), true, &MESSAGE, &key), OK);
    rsa_key_destroy(key);
}

TEST(public_files_are_written_by_their_owner_only)
{
    struct rsa_key *key = NULL;
    const char *text = vector_key_text("alipay_platform.pub.pem");
    CHECK_EQ_I64(key_file_public(put_file("public.pem", text, 0664), true, &MESSAGE, &key),
                 ERR_DENIED);
    CHECK_EQ_I64(key_file_public(put_file("public.pem", text, 0644), true, &MESSAGE, &key), OK);
    rsa_key_destroy(key);
}

TEST(keys_of_the_simulators_are_refused_in_live_mode)
{
    struct rsa_key *key = NULL;
    uint8_t apiv3[32];
    const char *secret = vector_key_text("wx_merchant.pkcs8.pem");
    const char *public_text = vector_key_text("wx_plat_old.crt");
    CHECK_EQ_I64(key_file_private(put_file("a", secret, 0600), false, &MESSAGE, &key), ERR_DENIED);
    CHECK(strstr(message_text, "simulator") != NULL);
    CHECK_EQ_I64(key_file_public(put_file("a", public_text, 0644), false, &MESSAGE, &key),
                 ERR_DENIED);
    const char *text = "Shilling-APIv3-test-key-32bytes!";
    CHECK_EQ_I64(key_file_text(put_file("a", text, 0600), false, &MESSAGE, apiv3, 32), ERR_DENIED);
    CHECK_EQ_I64(key_file_text(put_file("a", text, 0600), true, &MESSAGE, apiv3, 32), OK);
    CHECK_EQ_MEM(apiv3, text, 32);
    CHECK(key == NULL);
}

#define SIMULATOR "emulators/paygate/keys/"

/* A file of the simulated gateways' keys; one at a time. */
static const char *simulator_text(const char *name)
{
    static char text[32 * 1024];
    char path[PATH_SIZE];
    str_format_cut(path, sizeof(path), SIMULATOR "%s", name);
    FILE *file = fopen(path, "re");
    CHECK(file != NULL);
    const size_t size = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    return text;
}

TEST(certificates_of_the_simulators_are_refused_in_live_mode)
{
    static const char *const names[] = {
        "alipay-app.crt.pem", "alipay-platform.crt.pem", "alipay-platform-chain.crt.pem",
        "alipay-ca.crt.pem",  "alipay-root-ec.crt.pem",  "alipay-root-bundle.crt.pem"};
    struct cert_list *list = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const char *path = put_file("c", simulator_text(names[i]), 0644);
        CHECK_EQ_I64(key_file_certs(path, false, &MESSAGE, &list), ERR_DENIED);
        CHECK(strstr(message_text, "simulator") != NULL && list == NULL);
        CHECK_EQ_I64(key_file_certs(path, true, &MESSAGE, &list), OK);
        cert_list_destroy(list);
        list = NULL;
    }
}

/* ---- Alipay's certificates ---- */

#define IN_FORCE INT64_C(1795136400)    /* 2026-11-20 */
#define LONG_AFTER INT64_C(2366841600)  /* 2045 */
#define LONG_BEFORE INT64_C(1672531200) /* 2023 */

static struct alipay_keys *make_alipay_keys(void)
{
    static struct pay_alipay_config alipay = {.certificates = true};
    struct alipay_keys *keys = NULL;
    const struct {
        char *path;
        const char *name;
        mode_t mode;
    } files[] = {
        {alipay.app_key_file, "alipay-app.key.pem", 0600},
        {alipay.app_cert_file, "alipay-app.crt.pem", 0644},
        {alipay.alipay_cert_file, "alipay-platform-chain.crt.pem", 0644},
        {alipay.root_cert_file, "alipay-root-bundle.crt.pem", 0644},
    };
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        const char *path = put_file(files[i].name, simulator_text(files[i].name), files[i].mode);
        CHECK(str_copy(files[i].path, PAY_PATH_SIZE, path));
    }
    CHECK_EQ_I64(alipay_keys_create(&alipay, true, &MESSAGE, &keys), OK);
    return keys;
}

static void sn_of(const char *name, char ret_sn[CERT_SN_SIZE])
{
    struct cert_list *list = NULL;
    const char *text = simulator_text(name);
    CHECK_EQ_I64(cert_list_read(text, strlen(text), &list), OK);
    CHECK(alipay_cert_sn(list, ret_sn));
    cert_list_destroy(list);
}

static bool is_key_of(const struct rsa_key *key, const char *name)
{
    char got[DIGEST_HEX_SIZE];
    char wanted[DIGEST_HEX_SIZE];
    struct rsa_key *genuine = NULL;
    const char *text = simulator_text(name);
    CHECK_EQ_I64(rsa_public_read(text, strlen(text), &genuine), OK);
    CHECK(key != NULL && rsa_key_fingerprint(key, got) && rsa_key_fingerprint(genuine, wanted));
    rsa_key_destroy(genuine);
    return str_equal(got, wanted);
}

/* A stranger's key in front of Alipay's genuine certificate, which goes by its older name. */
TEST(a_key_beside_the_certificate_is_not_taken)
{
    static char pem[64 * 1024];
    char sn[CERT_SN_SIZE];
    struct strbuf text;
    struct alipay_keys *keys = make_alipay_keys();
    sn_of("alipay-platform-next-chain.crt.pem", sn);
    strbuf_init(&text, pem, sizeof(pem));
    strbuf_addf(&text, "%s", simulator_text("stranger.pub.pem"));
    const char *rest = simulator_text("alipay-platform-next-chain.crt.pem");
    for (const char *at = strstr(rest, "CERTIFICATE"); at != NULL;
         at = strstr(rest, "CERTIFICATE")) {
        strbuf_addf(&text, "%.*sX509 CERTIFICATE", (int)(at - rest), rest);
        rest = at + strlen("CERTIFICATE");
    }
    strbuf_addf(&text, "%s", rest);
    const struct rsa_key *key = alipay_keys_add(keys, sn, pem, strlen(pem), IN_FORCE);
    CHECK(is_key_of(key, "alipay-platform-next.pub.pem"));
    CHECK(alipay_keys_find(keys, sn, IN_FORCE) == key);
    alipay_keys_destroy(keys);
}

TEST(certificates_are_used_while_they_are_in_force)
{
    char sn[CERT_SN_SIZE];
    char next_sn[CERT_SN_SIZE];
    struct alipay_keys *keys = make_alipay_keys();
    sn_of("alipay-platform.crt.pem", sn);
    sn_of("alipay-platform-next.crt.pem", next_sn);
    CHECK(is_key_of(alipay_keys_find(keys, sn, IN_FORCE), "alipay-platform.pub.pem"));
    CHECK(alipay_keys_find(keys, "", IN_FORCE) == alipay_keys_find(keys, sn, IN_FORCE));
    const char *pem = simulator_text("alipay-platform-next-chain.crt.pem");
    CHECK(alipay_keys_add(keys, next_sn, pem, strlen(pem), IN_FORCE) != NULL);
    CHECK(alipay_keys_find(keys, next_sn, IN_FORCE) != NULL);
    const char *const sns[] = {sn, next_sn, ""};
    for (size_t i = 0; i < ARRAY_COUNT(sns); i++) {
        CHECK(alipay_keys_find(keys, sns[i], LONG_AFTER) == NULL);
        CHECK(alipay_keys_find(keys, sns[i], LONG_BEFORE) == NULL);
    }
    alipay_keys_destroy(keys);
}

TEST(forged_notifies_cost_one_call_a_minute)
{
    static const char one[] = "0123456789abcdef0123456789abcdef";
    static const char two[] = "fedcba9876543210fedcba9876543210";
    const int64_t begin_ms = 5;
    char sn[CERT_SN_SIZE];
    struct alipay_keys *keys = make_alipay_keys();
    CHECK(!alipay_keys_take_wanted(keys, begin_ms, sn));
    CHECK(!alipay_keys_want(keys, "", begin_ms));
    CHECK(!alipay_keys_want(keys, "0123456789ABCDEF0123456789ABCDEF", begin_ms));
    CHECK(!alipay_keys_want(keys, "../../../../../../../../../../etc", begin_ms));
    CHECK(alipay_keys_want(keys, one, begin_ms));
    CHECK(alipay_keys_take_wanted(keys, begin_ms, sn));
    CHECK_EQ_STR(sn, one);
    CHECK(!alipay_keys_want(keys, two, begin_ms + 1)); /* later */
    CHECK(!alipay_keys_take_wanted(keys, begin_ms + 59999, sn));
    CHECK(alipay_keys_take_wanted(keys, begin_ms + 60000, sn));
    CHECK_EQ_STR(sn, two);
    alipay_keys_refuse(keys, two, begin_ms + 60000);
    CHECK(!alipay_keys_want(keys, two, begin_ms + 600000)); /* Alipay has no such certificate */
    CHECK(!alipay_keys_take_wanted(keys, begin_ms + 600000, sn));
    CHECK(alipay_keys_want(keys, one, begin_ms + 600000));
    CHECK(alipay_keys_want(keys, two, begin_ms + 660000));
    alipay_keys_destroy(keys);
}

TEST(apiv3_keys_have_32_characters)
{
    uint8_t key[32];
    static const char *const good[] = {"0123456789abcdef0123456789abcdef",
                                       "0123456789abcdef0123456789abcdef\n"};
    static const char *const bad[] = {
        "", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
        "0123456789abcdef0123456789abcdef\r\n", "0123456789abcdef0123456789abcde\n"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        CHECK_EQ_I64(key_file_text(put_file("k", good[i], 0600), false, &MESSAGE, key, 32), OK);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        CHECK_EQ_I64(key_file_text(put_file("k", bad[i], 0600), false, &MESSAGE, key, 32),
                     ERR_FORMAT);
    }
}

TEST(files_that_are_no_keys)
{
    struct rsa_key *key = NULL;
    struct cert_list *list = NULL;
    static char huge[64 * 1024];
    memset(huge, 'A', sizeof(huge) - 1);
    CHECK_EQ_I64(key_file_private(put_file("n", "hello", 0600), true, &MESSAGE, &key), ERR_FORMAT);
    CHECK_EQ_I64(key_file_private(put_file("n", huge, 0600), true, &MESSAGE, &key), ERR_FORMAT);
    CHECK_EQ_I64(key_file_private("/nowhere/at/all", true, &MESSAGE, &key), ERR_IO);
    CHECK(strstr(message_text, "/nowhere/at/all") != NULL);
    CHECK_EQ_I64(key_file_private("/tmp", true, &MESSAGE, &key), ERR_IO);
    CHECK_EQ_I64(key_file_certs(put_file("n", "hello", 0600), true, &MESSAGE, &list), ERR_FORMAT);
    /* No content of a key file may ever be in a message. */
    const char *secret = vector_key_text("alipay_app.pub.pem");
    CHECK_EQ_I64(key_file_private(put_file("n", secret, 0600), true, &MESSAGE, &key), ERR_FORMAT);
    CHECK(strstr(message_text, "MII") == NULL);
}

/* The list in the product must hold every key of the simulated gateways. */
TEST(every_simulator_key_is_on_the_list)
{
    FILE *file = fopen("emulators/paygate/keys/FINGERPRINTS", "re");
    char line[256];
    int checked = 0;
    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        line[64] = '\0';
        CHECK(strlen(line) == 64 && test_keys_contain(line));
        checked += 1;
    }
    (void)fclose(file);
    CHECK(checked >= 14);
    static const char *const names[] = {"alipay_app.pub.pem",  "alipay_platform.pub.pem",
                                        "wx_merchant.pub.pem", "wx_plat_old.crt",
                                        "wx_plat_new.crt",     "wx_pubkey.pub.pem"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char fingerprint[DIGEST_HEX_SIZE];
        CHECK(rsa_key_fingerprint(vector_key(names[i], false), fingerprint));
        CHECK(test_keys_contain(fingerprint));
    }
    CHECK(!test_keys_contain(""));
    CHECK(!test_keys_contain("39854a3a33e435f703fa21224a9bccb8"));
}

/* ---- Configuration ---- */

#define ALIPAY                                                                                     \
    "alipay = { gateway_url = \"https://openapi.alipay.com/gateway.do\";"                          \
    " notify_url = \"https://pay.example/a\"; app_id = \"1\"; seller_id = \"2\";"                  \
    " app_key_file = \"/k\"; public_key_file = \"/p\"; };"
#define WECHAT(more)                                                                               \
    "wechat = { url = \"https://api.mch.weixin.qq.com\"; notify_url = \"https://pay.example/w\";"  \
    " refund_notify_url = \"https://pay.example/r\"; mchid = \"1\"; appid = \"wx\";"               \
    " merchant_keys = ({ serial = \"AB\"; key_file = \"/m\"; });"                                  \
    " apiv3_key_file = \"/v\"; " more " };"

static struct pay_config config;

static bool read_config(const char *text)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct config *cfg = config_open_text(text, "test.conf", message, sizeof(message));
    CHECK(cfg != NULL);
    pay_config_read(cfg, &config);
    bool ok = config_finish(cfg, message_text, sizeof(message_text));
    return ok;
}

TEST(config_of_both_wallets)
{
    CHECK(
        read_config("payments = { mode = \"demo\"; " ALIPAY WECHAT("platform_certs = true;") "};"));
    CHECK_EQ_I64(config.mode, PAY_MODE_DEMO);
    CHECK(config.alipay.enabled && config.wechat.enabled && !config.alipay.certificates);
    CHECK_EQ_STR(config.wechat.merchant_keys[0].serial, "AB");
    CHECK_EQ_STR(config.wechat.backup_url, "");
    CHECK(read_config(""));
    CHECK(!config.alipay.enabled && !config.wechat.enabled);
    CHECK(read_config("payments = { " ALIPAY "};"));
    CHECK_EQ_I64(config.mode, PAY_MODE_LIVE); /* what is not said is the strict one */
}

TEST(config_mistakes_are_named)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"payments = { mode = \"fast\"; };", "payments.mode"},
        {"payments = { alipay = {}; };", "payments.alipay.gateway_url"},
        {"payments = { " WECHAT("") "};", "payments.wechat.platform_certs"},
        {"payments = { " WECHAT("public_key_id = \"PUB\";") "};", "payments.wechat.public_key_id"},
        {"payments = { " WECHAT("platform_certs = true; secret = \"x\";") "};", "secret"},
        {"payments = { alipay = { gateway_url = \"http://openapi.alipay.com\"; }; };",
         "payments.alipay.gateway_url"},
        {"payments = { alipay = { gateway_url = \"https://x\";"
         " notify_url = \"https://x/?a=1\"; }; };",
         "payments.alipay.notify_url"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        CHECK(!read_config(cases[i].text));
        if (strstr(message_text, cases[i].field) == NULL ||
            strstr(message_text, "test.conf") == NULL) {
            TEST_FAIL("%s does not name %s", message_text, cases[i].field);
        }
    }
}

/* A client is not made from keys that are not good, and says which file it is about. */
TEST(create_refuses_bad_keys)
{
    struct clock_port clock = clock_system();
    struct rng_port rng = rng_system();
    struct pay *pay = NULL;
    CHECK(read_config("payments = { " ALIPAY "};"));
    const char *path = put_file("app.pem", vector_key_text("alipay_app.pkcs8.pem"), 0600);
    CHECK(str_copy(config.alipay.app_key_file, sizeof(config.alipay.app_key_file), path));
    CHECK_EQ_I64(pay_create(&config, &clock, &rng, message_text, sizeof(message_text), &pay),
                 ERR_DENIED);
    CHECK(strstr(message_text, "simulator") != NULL);
    config.mode = PAY_MODE_TEST;
    CHECK_EQ_I64(pay_create(&config, &clock, &rng, message_text, sizeof(message_text), &pay),
                 ERR_IO);
    CHECK(strstr(message_text, "/p: ") != NULL);
    path = put_file("public.pem", vector_key_text("alipay_platform.pub.pem"), 0644);
    CHECK(str_copy(config.alipay.public_key_file, sizeof(config.alipay.public_key_file), path));
    CHECK_EQ_I64(pay_create(&config, &clock, &rng, message_text, sizeof(message_text), &pay), OK);
    CHECK(pay_has(pay, PAY_ALIPAY) && !pay_has(pay, PAY_WECHAT));
    pay_destroy(pay);
    CHECK(str_copy(config.ca_file, sizeof(config.ca_file), "/nowhere/ca.pem"));
    pay = NULL;
    CHECK(pay_create(&config, &clock, &rng, message_text, sizeof(message_text), &pay) != OK);
    CHECK(strstr(message_text, "/nowhere/ca.pem") != NULL && pay == NULL);
    pay_destroy(NULL);
}

TEST(bodies_refuse_what_the_wallets_would)
{
    struct clock_port clock = clock_system();
    struct rng_port rng = rng_system();
    struct pay *pay = NULL;
    char body[PAY_BODY_SIZE];
    config.ca_file[0] = '\0';
    CHECK_EQ_I64(pay_create(&config, &clock, &rng, message_text, sizeof(message_text), &pay), OK);
    const struct pay_order good = {
        .order_no = "SH_001", .amount_fen = 1, .subject = "x", .expire_s = 600};
    CHECK(pay_precreate_body(pay, PAY_ALIPAY, &good, body));
    CHECK(strstr(body, "\"10m\"") != NULL);
    static const char *const numbers[] = {
        "", "SH001", "SH-001", "SH 001", "123456789012345678901234567890123", "SH\xC3\xA9_01"};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        struct pay_order order = good;
        order.order_no = numbers[i];
        CHECK(!pay_precreate_body(pay, PAY_ALIPAY, &order, body));
    }
    static const int64_t amounts[] = {0, -1, INT64_C(10000000001), INT64_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(amounts); i++) {
        struct pay_order order = good;
        order.amount_fen = amounts[i];
        CHECK(!pay_precreate_body(pay, PAY_ALIPAY, &order, body));
    }
    struct pay_refund refund = {
        .order_no = "SH_001", .refund_no = "SH_001R1", .total_fen = 5, .refund_fen = 5};
    CHECK(pay_refund_body(pay, PAY_ALIPAY, &refund, body));
    refund.refund_fen = 6;
    CHECK(!pay_refund_body(pay, PAY_ALIPAY, &refund, body));
    refund.refund_fen = 5;
    refund.order_no = NULL;
    CHECK(!pay_refund_body(pay, PAY_ALIPAY, &refund, body));
    refund.trade_no = "2026";
    CHECK(pay_refund_body(pay, PAY_ALIPAY, &refund, body));
    pay_destroy(pay);
}

/* One wallet is gone from the configuration, its documents are not. */
TEST(a_wallet_that_is_not_configured_knows_nothing)
{
    struct clock_port clock = clock_system();
    struct rng_port rng = rng_system();
    struct pay *pay = NULL;
    static char body[PAY_BODY_SIZE];
    static struct pay_answer answer;
    static struct pay_notify notify;
    struct pay_bill bill;
    CHECK_EQ_I64(pay_create(&config, &clock, &rng, message_text, sizeof(message_text), &pay), OK);
    CHECK(pay_has(pay, PAY_ALIPAY) && !pay_has(pay, PAY_WECHAT));
    const struct pay_order order = {
        .order_no = "SH_001", .amount_fen = 1, .subject = "x", .expire_s = 600};
    const struct pay_refund refund = {
        .order_no = "SH_001", .refund_no = "SH_001R1", .total_fen = 5, .refund_fen = 5};
    CHECK(!pay_precreate_body(pay, PAY_WECHAT, &order, body));
    CHECK(!pay_refund_body(pay, PAY_WECHAT, &refund, body));
    for (int i = 0; i < 5; i++) {
        if (i == 0) {
            pay_precreate(pay, PAY_WECHAT, "SH_001", "{}", &answer);
        } else if (i == 1) {
            pay_query(pay, PAY_WECHAT, "SH_001", &answer);
        } else if (i == 2) {
            pay_close(pay, PAY_WECHAT, "SH_001", &answer);
        } else if (i == 3) {
            pay_refund(pay, PAY_WECHAT, "SH_001R1", "{}", &answer);
        } else {
            pay_refund_query(pay, PAY_WECHAT, &refund, &answer);
        }
        CHECK_EQ_I64(answer.result, PAY_UNKNOWN);
        CHECK(answer.alarm && !answer.evidence.verified && answer.amount_fen == -1);
        CHECK_EQ_STR(answer.log_text, "wechat is not configured");
        pay_answer_finish(&answer);
    }
    const struct pay_notify_in in = {.body = (const uint8_t *)"{}", .body_size = 2};
    pay_notify_read(pay, PAY_WECHAT, &in, &notify);
    CHECK_EQ_I64(notify.verdict, PAY_NOTIFY_REFUSED);
    CHECK_EQ_U64(notify.http_status, 404);
    pay_bill_fetch(pay, PAY_WECHAT, "2026-11-19", &bill);
    CHECK_EQ_I64(bill.result, PAY_BILL_UNKNOWN);
    pay_bill_finish(&bill);
    pay_destroy(pay);
}

TEST_MAIN()
