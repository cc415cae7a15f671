/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/settings.h"

#include "common/must.h"
#include "common/str.h"

enum {
    CONNECTIONS_MAX = 10000, /* what one small server carries */
    CONSOLE_CONNECTIONS = 200,
    CONSOLE_PER_IP = 32,
    PUBLIC_CONNECTIONS = 1000,
    PUBLIC_PER_IP = 100, /* the wallets' notifies come from few addresses */
    DISK_FREE_MB_MIN = 200,
    KEEP_DAYS = 400, /* a year, and what somebody asks about after it */
    KEEP_DAYS_MAX = 36500,
};

static void read_listener(struct config *cfg, const char *name, struct http_listener *listener,
                          uint32_t connections_max, uint32_t per_ip_max)
{
    char path[64];
    listener->enabled = config_has(cfg, name);
    if (!listener->enabled) {
        return;
    }
    MUST(str_format(path, sizeof(path), "%s.address", name));
    config_text(cfg, path, "127.0.0.1", listener->host, sizeof(listener->host));
    MUST(str_format(path, sizeof(path), "%s.port", name));
    listener->port = (uint16_t)config_int(cfg, path, (struct config_int){.min = 0, .max = 65535});
    MUST(str_format(path, sizeof(path), "%s.connections_max", name));
    listener->connections_max = (uint32_t)config_int(
        cfg, path,
        (struct config_int){.min = 1, .max = 16000, .optional = true, .fallback = connections_max});
    MUST(str_format(path, sizeof(path), "%s.connections_per_ip_max", name));
    listener->connections_per_ip_max = (uint32_t)config_int(
        cfg, path,
        (struct config_int){.min = 0, .max = 16000, .optional = true, .fallback = per_ip_max});
}

static void read_listeners(struct config *cfg, struct settings *settings)
{
    read_listener(cfg, "terminals", &settings->terminals, CONNECTIONS_MAX, 0);
    read_listener(cfg, "console", &settings->console, CONSOLE_CONNECTIONS, CONSOLE_PER_IP);
    read_listener(cfg, "public", &settings->public, PUBLIC_CONNECTIONS, PUBLIC_PER_IP);
    settings->public_tls = config_bool(cfg, "public.tls", true);
    config_text(cfg, "public.certificate", "", settings->public_certificate,
                sizeof(settings->public_certificate));
    config_text(cfg, "public.key", "", settings->public_key, sizeof(settings->public_key));
    if ((settings->public_certificate[0] == '\0') != (settings->public_key[0] == '\0')) {
        config_fail(cfg, "public.certificate", "public.certificate and public.key go together");
    }
    if (settings->mode == RUN_PRODUCTION && settings->public.enabled && settings->public_tls &&
        settings->public_certificate[0] == '\0') {
        config_fail(cfg, "public",
                    "needs certificate and key that the wallets trust, or tls = false behind a "
                    "proxy that has them");
    }
    config_text(cfg, "admin.socket", NULL, settings->admin_socket, sizeof(settings->admin_socket));
}

static void read_names(struct config *cfg, struct settings *settings)
{
    settings->server_name_count = config_count(cfg, "server_names", PKI_HOSTS_MAX);
    for (size_t i = 0; i < settings->server_name_count; i++) {
        char path[32];
        MUST(str_format(path, sizeof(path), "server_names.[%zu]", i));
        config_text(cfg, path, NULL, settings->server_names[i], SETTINGS_NAME_SIZE);
    }
}

static void read_mqtt(struct config *cfg, struct settings *settings)
{
    config_text(cfg, "mqtt.host", "127.0.0.1", settings->mqtt_host, sizeof(settings->mqtt_host));
    settings->mqtt_port =
        (uint16_t)config_int(cfg, "mqtt.port", (struct config_int){.min = 1, .max = 65535});
    settings->mqtt_tls = config_bool(cfg, "mqtt.tls", true);
    config_text(cfg, "mqtt.client_id", "shilling-cloud", settings->mqtt_client_id,
                sizeof(settings->mqtt_client_id));
}

static void check_payments(struct config *cfg, const struct settings *settings)
{
    static const enum pay_mode modes[] = {PAY_MODE_LIVE, PAY_MODE_DEMO, PAY_MODE_TEST};
    bool any = settings->pay.alipay.enabled || settings->pay.wechat.enabled;
    if (any && settings->pay.mode != modes[settings->mode]) {
        config_fail(cfg, "payments.mode", "does not fit to mode: production is live, else equal");
    }
    if (!timers_is_sound(&settings->orders.timers)) {
        config_fail(cfg, "timers", "contradict each other");
    }
}

bool settings_read(const char *path, struct settings *ret_settings,
                   char ret_message[CONFIG_MESSAGE_SIZE])
{
    static const char *const modes[] = {"production", "demo", "test"};
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    struct config *cfg = config_open(path, ret_message, CONFIG_MESSAGE_SIZE);
    if (cfg == NULL) {
        return false;
    }
    struct settings *settings = ret_settings;
    *settings = (struct settings){0};
    int mode = config_choice(cfg, "mode", modes, ARRAY_COUNT(modes), -1);
    settings->mode = mode >= 0 ? (enum run_mode)mode : RUN_PRODUCTION;
    int level = config_choice(cfg, "log", levels, ARRAY_COUNT(levels), LOG_LEVEL_INFO);
    settings->log_level = (enum log_level)level;
    config_text(cfg, "state_dir", NULL, settings->state_dir, sizeof(settings->state_dir));
    config_text(cfg, "seed_file", "", settings->seed_file, sizeof(settings->seed_file));
    config_text(cfg, "crl_file", "", settings->crl_file, sizeof(settings->crl_file));
    config_text(cfg, "sql_trace_file", "", settings->sql_trace_file,
                sizeof(settings->sql_trace_file));
    if (settings->mode == RUN_PRODUCTION && settings->sql_trace_file[0] != '\0') {
        config_fail(cfg, "sql_trace_file", "holds people's data: only with mode demo or test");
    }
    int64_t free_mb =
        config_int(cfg, "disk_free_mb_min",
                   (struct config_int){
                       .min = 0, .max = 1000000, .optional = true, .fallback = DISK_FREE_MB_MIN});
    settings->disk_free_bytes_min = (uint64_t)free_mb << 20;
    settings->keep_days = (uint32_t)config_int(
        cfg, "keep_days",
        (struct config_int){
            .min = 0, .max = KEEP_DAYS_MAX, .optional = true, .fallback = KEEP_DAYS});
    settings->thread_count = (uint32_t)config_int(
        cfg, "threads", (struct config_int){.min = 1, .max = 16, .optional = true, .fallback = 2});
    read_names(cfg, settings);
    read_listeners(cfg, settings);
    read_mqtt(cfg, settings);
    pay_config_read(cfg, &settings->pay);
    orders_options_read(cfg, &settings->orders);
    vault_config_read(cfg, &settings->cards);
    check_payments(cfg, settings);
    return config_finish(cfg, ret_message, CONFIG_MESSAGE_SIZE);
}
