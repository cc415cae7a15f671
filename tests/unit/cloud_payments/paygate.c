/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_payments/paygate.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/net/https.h"

enum { URL_SIZE = 128, ANSWER_SIZE = 1 << 20 };

struct paygate {
    pid_t pid;
    char dir[64];
    char url[URL_SIZE];
    json_t *merchant;
    struct https *https;
    char answer[ANSWER_SIZE];
};

static bool spawn_node(struct paygate *gate, int *ret_out)
{
    int fds[2];
    char script[] = "emulators/paygate/paygate.mjs";
    char node[] = "node";
    char dir_option[] = "--dir";
    char port_option[] = "--port";
    char zero[] = "0";
    char *const arguments[] = {node, script, dir_option, gate->dir, port_option, zero, NULL};
    posix_spawn_file_actions_t actions;
    if (pipe2(fds, O_CLOEXEC) != 0 || posix_spawn_file_actions_init(&actions) != 0) {
        return false;
    }
    (void)posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    int failed = posix_spawnp(&gate->pid, node, &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(fds[1]);
    *ret_out = fds[0];
    return failed == 0;
}

static bool wait_ready(struct paygate *gate, int out)
{
    FILE *lines = fdopen(out, "r");
    char line[256];
    bool ready = false;
    while (lines != NULL && !ready && fgets(line, sizeof(line), lines) != NULL) {
        if (strncmp(line, "ready ", 6) == 0) {
            line[strcspn(line, "\n")] = '\0';
            (void)snprintf(gate->url, sizeof(gate->url), "%.100s", line + 6);
            ready = true;
        }
    }
    if (lines != NULL) {
        (void)fclose(lines);
    }
    return ready;
}

struct paygate *paygate_start(void)
{
    struct paygate *gate = calloc(1, sizeof(*gate));
    char path[128];
    int out = -1;
    const struct https_config config = {0};
    if (gate == NULL) {
        return NULL;
    }
    (void)snprintf(gate->dir, sizeof(gate->dir), "/tmp/paygate-test-XXXXXX");
    bool ok = mkdtemp(gate->dir) != NULL && spawn_node(gate, &out) && wait_ready(gate, out) &&
              https_create(&config, &gate->https) == OK;
    if (ok) {
        (void)snprintf(path, sizeof(path), "%s/merchant/merchant.json", gate->dir);
        gate->merchant = json_load_file(path, 0, NULL);
        ok = gate->merchant != NULL;
    }
    if (!ok) {
        paygate_stop(gate);
        return NULL;
    }
    return gate;
}

static void remove_dir(const char *dir)
{
    char rm[] = "rm";
    char option[] = "-rf";
    char path[80];
    char *const arguments[] = {rm, option, path, NULL};
    pid_t pid = 0;
    int status = 0;
    (void)snprintf(path, sizeof(path), "%s", dir);
    if (posix_spawnp(&pid, rm, NULL, NULL, arguments, environ) == 0) {
        (void)waitpid(pid, &status, 0);
    }
}

void paygate_stop(struct paygate *gate)
{
    if (gate == NULL) {
        return;
    }
    if (gate->pid > 0) {
        int status = 0;
        (void)kill(gate->pid, SIGTERM);
        (void)waitpid(gate->pid, &status, 0);
    }
    remove_dir(gate->dir);
    json_decref(gate->merchant);
    https_destroy(gate->https);
    free(gate);
}

bool paygate_command(struct paygate *gate, const char *format, ...)
{
    char line[512];
    char url[URL_SIZE + 16];
    char why[HTTPS_WHY_SIZE];
    struct https_answer answer;
    va_list values;
    va_start(values, format);
    (void)vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    (void)snprintf(url, sizeof(url), "%s/sim/control", gate->url);
    const char *const headers[] = {"Content-Type: text/plain"};
    const struct https_call call = {.method = "POST",
                                    .url = url,
                                    .headers = headers,
                                    .header_count = 1,
                                    .body = line,
                                    .body_size = strlen(line)};
    gate->answer[0] = '\0';
    if (https_perform(gate->https, &call, &answer, why) != OK) {
        (void)printf("# paygate %s: %s\n", line, why);
        return false;
    }
    (void)snprintf(gate->answer, sizeof(gate->answer), "%s", answer.body);
    https_answer_finish(&answer);
    bool ok =
        strncmp(gate->answer, "ok", 2) == 0 || gate->answer[0] == '{' || gate->answer[0] == '[';
    if (!ok) {
        (void)printf("# paygate %s: %.200s\n", line, gate->answer);
    }
    return ok;
}

const char *paygate_answer(const struct paygate *gate)
{
    return gate->answer;
}

static void text_of(const struct paygate *gate, const char *name, char *ret_text, size_t size)
{
    (void)snprintf(ret_text, size, "%s", json_string_value(json_object_get(gate->merchant, name)));
}

static void path_of(const struct paygate *gate, const char *name, char *ret_path)
{
    (void)snprintf(ret_path, PAY_PATH_SIZE, "%s/merchant/%s", gate->dir, name);
}

void paygate_config(const struct paygate *gate, int notify_port, struct pay_config *ret_config)
{
    *ret_config = (struct pay_config){.mode = PAY_MODE_TEST};
    struct pay_alipay_config *alipay = &ret_config->alipay;
    alipay->enabled = true;
    text_of(gate, "alipay_gateway", alipay->gateway_url, sizeof(alipay->gateway_url));
    text_of(gate, "alipay_app_id", alipay->app_id, sizeof(alipay->app_id));
    text_of(gate, "alipay_seller_id", alipay->seller_id, sizeof(alipay->seller_id));
    path_of(gate, "alipay-app.key.pem", alipay->app_key_file);
    path_of(gate, "alipay-platform.pub.pem", alipay->public_key_file);
    path_of(gate, "alipay-app.crt.pem", alipay->app_cert_file);
    path_of(gate, "alipay-platform.crt.pem", alipay->alipay_cert_file);
    path_of(gate, "alipay-root-bundle.crt.pem", alipay->root_cert_file);
    (void)snprintf(alipay->notify_url, sizeof(alipay->notify_url),
                   "http://127.0.0.1:%d/pay/alipay/notify", notify_port);
    struct pay_wechat_config *wechat = &ret_config->wechat;
    wechat->enabled = true;
    wechat->platform_certs = true;
    text_of(gate, "wechat_base_url", wechat->url, sizeof(wechat->url));
    text_of(gate, "wechat_mchid", wechat->mchid, sizeof(wechat->mchid));
    text_of(gate, "wechat_appid", wechat->appid, sizeof(wechat->appid));
    text_of(gate, "wechat_public_key_id", wechat->public_key_id, sizeof(wechat->public_key_id));
    text_of(gate, "wechat_merchant_serial", wechat->merchant_keys[0].serial,
            sizeof(wechat->merchant_keys[0].serial));
    path_of(gate, "wechat-merchant.key.pem", wechat->merchant_keys[0].key_file);
    wechat->merchant_key_count = 1;
    path_of(gate, "wechat-apiv3-key.txt", wechat->apiv3_key_file);
    path_of(gate, "wechat-public-key.pub.pem", wechat->public_key_file);
    (void)snprintf(wechat->notify_url, sizeof(wechat->notify_url),
                   "http://127.0.0.1:%d/pay/wechat/notify", notify_port);
    (void)snprintf(wechat->refund_notify_url, sizeof(wechat->refund_notify_url),
                   "http://127.0.0.1:%d/pay/wechat/refund-notify", notify_port);
}
