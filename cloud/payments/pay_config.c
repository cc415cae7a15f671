/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/pay_config.h"

#include <stddef.h>
#include <string.h>

#include "common/compiler.h"
#include "common/str.h"
#include "drivers/net/https.h"

/* A text member of the section; what @p fallback means says config_text(). */
struct text_member {
    const char *path;
    const char *fallback;
    char *text;
    size_t size;
};

static void read_texts(struct config *cfg, const struct text_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        config_text(cfg, members[i].path, members[i].fallback, members[i].text, members[i].size);
    }
}

static void read_url(struct config *cfg, const char *path, const char *fallback, char *ret_url)
{
    config_text(cfg, path, fallback, ret_url, PAY_URL_SIZE);
    if (ret_url[0] != '\0' && !https_url_is_allowed(ret_url)) {
        config_fail(cfg, path, "must be https (http only to the loopback host)");
    }
}

/* WeChat refuses addresses with a query, and neither wallet likes fragments. */
static void read_notify_url(struct config *cfg, const char *path, char *ret_url)
{
    read_url(cfg, path, NULL, ret_url);
    if (strpbrk(ret_url, "?#") != NULL) {
        config_fail(cfg, path, "must not have a query");
    }
}

static void read_alipay(struct config *cfg, struct pay_alipay_config *alipay)
{
    static const char *const modes[] = {"key", "cert"};
    alipay->certificates = config_choice(cfg, "payments.alipay.mode", modes, ARRAY_COUNT(modes),
                                         /* fallback= */ 0) == 1;
    read_url(cfg, "payments.alipay.gateway_url", NULL, alipay->gateway_url);
    read_notify_url(cfg, "payments.alipay.notify_url", alipay->notify_url);
    const struct text_member texts[] = {
        {"payments.alipay.app_id", NULL, alipay->app_id, sizeof(alipay->app_id)},
        {"payments.alipay.seller_id", NULL, alipay->seller_id, sizeof(alipay->seller_id)},
        {"payments.alipay.app_key_file", NULL, alipay->app_key_file, sizeof(alipay->app_key_file)},
    };
    read_texts(cfg, texts, ARRAY_COUNT(texts));
    const struct text_member key_mode[] = {
        {"payments.alipay.public_key_file", NULL, alipay->public_key_file,
         sizeof(alipay->public_key_file)},
    };
    const struct text_member cert_mode[] = {
        {"payments.alipay.app_cert_file", NULL, alipay->app_cert_file,
         sizeof(alipay->app_cert_file)},
        {"payments.alipay.alipay_cert_file", NULL, alipay->alipay_cert_file,
         sizeof(alipay->alipay_cert_file)},
        {"payments.alipay.root_cert_file", NULL, alipay->root_cert_file,
         sizeof(alipay->root_cert_file)},
    };
    if (alipay->certificates) {
        read_texts(cfg, cert_mode, ARRAY_COUNT(cert_mode));
    } else {
        read_texts(cfg, key_mode, ARRAY_COUNT(key_mode));
    }
}

static void read_merchant_keys(struct config *cfg, struct pay_wechat_config *wechat)
{
    static const char list[] = "payments.wechat.merchant_keys";
    size_t count = config_count(cfg, list, PAY_MERCHANT_KEYS_MAX);
    if (count == 0) {
        config_fail(cfg, list, "at least one merchant key is needed");
    }
    for (size_t i = 0; i < count && i < PAY_MERCHANT_KEYS_MAX; i++) {
        struct pay_merchant_key *key = &wechat->merchant_keys[i];
        char path[64];
        str_format_cut(path, sizeof(path), "%s.[%zu].serial", list, i);
        config_text(cfg, path, NULL, key->serial, sizeof(key->serial));
        str_format_cut(path, sizeof(path), "%s.[%zu].key_file", list, i);
        config_text(cfg, path, NULL, key->key_file, sizeof(key->key_file));
        wechat->merchant_key_count += 1;
    }
}

static void read_wechat(struct config *cfg, struct pay_wechat_config *wechat)
{
    read_url(cfg, "payments.wechat.url", NULL, wechat->url);
    read_url(cfg, "payments.wechat.backup_url", "", wechat->backup_url);
    read_notify_url(cfg, "payments.wechat.notify_url", wechat->notify_url);
    read_notify_url(cfg, "payments.wechat.refund_notify_url", wechat->refund_notify_url);
    const struct text_member texts[] = {
        {"payments.wechat.mchid", NULL, wechat->mchid, sizeof(wechat->mchid)},
        {"payments.wechat.appid", NULL, wechat->appid, sizeof(wechat->appid)},
        {"payments.wechat.apiv3_key_file", NULL, wechat->apiv3_key_file,
         sizeof(wechat->apiv3_key_file)},
        {"payments.wechat.apiv3_key_old_file", "", wechat->apiv3_key_old_file,
         sizeof(wechat->apiv3_key_old_file)},
        {"payments.wechat.public_key_id", "", wechat->public_key_id, sizeof(wechat->public_key_id)},
        {"payments.wechat.public_key_file", "", wechat->public_key_file,
         sizeof(wechat->public_key_file)},
    };
    read_texts(cfg, texts, ARRAY_COUNT(texts));
    read_merchant_keys(cfg, wechat);
    wechat->platform_certs =
        config_bool(cfg, "payments.wechat.platform_certs", /* fallback= */ false);
    bool has_id = wechat->public_key_id[0] != '\0';
    bool has_file = wechat->public_key_file[0] != '\0';
    if (has_id != has_file) {
        config_fail(cfg, "payments.wechat.public_key_id",
                    "public_key_id and public_key_file belong together");
    }
    if (!has_id && !wechat->platform_certs) {
        config_fail(cfg, "payments.wechat.platform_certs",
                    "without platform certificates a public key of WeChat's is needed");
    }
}

void pay_config_read(struct config *cfg, struct pay_config *ret_config)
{
    static const char *const modes[PAY_MODE_COUNT] = {
        [PAY_MODE_LIVE] = "live", [PAY_MODE_DEMO] = "demo", [PAY_MODE_TEST] = "test"};
    *ret_config = (struct pay_config){.mode = PAY_MODE_LIVE};
    if (!config_has(cfg, "payments")) {
        return;
    }
    int mode = config_choice(cfg, "payments.mode", modes, PAY_MODE_COUNT, PAY_MODE_LIVE);
    ret_config->mode = mode > 0 ? (enum pay_mode)mode : PAY_MODE_LIVE;
    config_text(cfg, "payments.ca_file", "", ret_config->ca_file, sizeof(ret_config->ca_file));
    ret_config->alipay.enabled = config_has(cfg, "payments.alipay");
    ret_config->wechat.enabled = config_has(cfg, "payments.wechat");
    if (ret_config->alipay.enabled) {
        read_alipay(cfg, &ret_config->alipay);
    }
    if (ret_config->wechat.enabled) {
        read_wechat(cfg, &ret_config->wechat);
    }
}
