/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_PAY_CONFIG_H
#define SHILLING_CLOUD_PAYMENTS_PAY_CONFIG_H

#include <stdbool.h>

#include "common/config/config.h"

/*
 * The section `payments` of the server's configuration. Keys stand in files of their own, which
 * only the service's user may read (0600); they are never in the configuration, the database or
 * a log.
 */
enum {
    PAY_URL_SIZE = 256,
    PAY_PATH_SIZE = 256,
    PAY_ID_SIZE = 64,
    PAY_MERCHANT_KEYS_MAX = 2, /* the old and the new one while a merchant key is changed */
};

/* Where money moves. Keys of the simulators are refused in PAY_MODE_LIVE. */
enum pay_mode { PAY_MODE_LIVE, PAY_MODE_DEMO, PAY_MODE_TEST, PAY_MODE_COUNT };

struct pay_alipay_config {
    bool enabled;
    bool certificates; /* mode = "cert": certificates instead of bare public keys */
    char gateway_url[PAY_URL_SIZE];
    char notify_url[PAY_URL_SIZE];
    char app_id[PAY_ID_SIZE];
    char seller_id[PAY_ID_SIZE];
    char app_key_file[PAY_PATH_SIZE];     /* private */
    char public_key_file[PAY_PATH_SIZE];  /* key mode: ALIPAY's public key, not our own */
    char app_cert_file[PAY_PATH_SIZE];    /* cert mode: ours */
    char alipay_cert_file[PAY_PATH_SIZE]; /* cert mode: Alipay's */
    char root_cert_file[PAY_PATH_SIZE];   /* cert mode: the pinned bundle */
};

struct pay_merchant_key {
    char serial[PAY_ID_SIZE]; /* of the merchant API certificate, hex */
    char key_file[PAY_PATH_SIZE];
};

struct pay_wechat_config {
    bool enabled;
    bool platform_certs; /* fetch and use platform certificates */
    char url[PAY_URL_SIZE];
    char backup_url[PAY_URL_SIZE]; /* "" = none; used only when the first cannot be connected */
    char notify_url[PAY_URL_SIZE];
    char refund_notify_url[PAY_URL_SIZE];
    char mchid[PAY_ID_SIZE];
    char appid[PAY_ID_SIZE];
    struct pay_merchant_key merchant_keys[PAY_MERCHANT_KEYS_MAX];
    int merchant_key_count;
    char apiv3_key_file[PAY_PATH_SIZE];
    char apiv3_key_old_file[PAY_PATH_SIZE]; /* "" = none: while the APIv3 key is changed */
    char public_key_id[PAY_ID_SIZE];        /* "" = no public key of WeChat's */
    char public_key_file[PAY_PATH_SIZE];
};

struct pay_config {
    enum pay_mode mode;
    char ca_file[PAY_PATH_SIZE]; /* "" = the system's certificate authorities */
    struct pay_alipay_config alipay;
    struct pay_wechat_config wechat;
};

/**
 * Read the section; errors are kept by @p cfg and come out of config_finish(). A wallet is enabled
 * by its group being there. For example:
 *
 *     payments = {
 *         mode = "live";                        # or "demo", "test"
 *         alipay = {
 *             mode = "key";                     # or "cert"
 *             gateway_url = "https://openapi.alipay.com/gateway.do";
 *             notify_url = "https://pay.example.cn/pay/alipay/notify";
 *             app_id = "2021..."; seller_id = "2088...";
 *             app_key_file = "/etc/shilling/alipay-app.pem";
 *             public_key_file = "/etc/shilling/alipay-public.pem";
 *         };
 *         wechat = {
 *             url = "https://api.mch.weixin.qq.com";
 *             backup_url = "https://api2.mch.weixin.qq.com";
 *             notify_url = "https://pay.example.cn/pay/wechat/notify";
 *             refund_notify_url = "https://pay.example.cn/pay/wechat/refund-notify";
 *             mchid = "1900000109"; appid = "wx8888888888888888";
 *             merchant_keys = ({ serial = "5157F0..."; key_file = "/etc/shilling/merchant.pem"; });
 *             apiv3_key_file = "/etc/shilling/apiv3.key";
 *             platform_certs = true;
 *             public_key_id = "PUB_KEY_ID_..."; public_key_file = "/etc/shilling/wechat.pem";
 *         };
 *     };
 */
void pay_config_read(struct config *cfg, struct pay_config *ret_config);

#endif
