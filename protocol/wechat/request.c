/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/wechat/request.h"

#include <string.h>

#include <jansson.h>

#include "common/civil.h"
#include "common/json/json.h"
#include "common/money.h"
#include "common/str.h"

static bool finish(json_t *body, char *ret_body, size_t size)
{
    bool ok = json_print(body, ret_body, size);
    json_decref(body);
    return ok;
}

static bool is_amount(int64_t fen)
{
    return fen >= 1 && fen <= MONEY_WIRE_FEN_MAX;
}

bool wechat_body_native(const struct wechat_native *order, char *ret_body, size_t size)
{
    char description[WECHAT_DESCRIPTION_SIZE];
    char expire[CIVIL_TEXT_SIZE];
    if (!is_amount(order->amount_fen) || order->description[0] == '\0' ||
        !str_is_utf8(order->description, strlen(order->description))) {
        return false;
    }
    str_format_cut(description, sizeof(description), "%s", order->description);
    json_t *body = json_object();
    json_put_text(body, "appid", order->appid);
    json_put_text(body, "mchid", order->mchid);
    json_put_text(body, "description", description);
    json_put_text(body, "out_trade_no", order->order_no);
    json_put_text(body, "time_expire", civil_format_rfc3339(order->expire_wall_s, expire));
    json_put_text(body, "notify_url", order->notify_url);
    json_t *amount = json_object();
    json_put_int(amount, "total", order->amount_fen);
    json_put_text(amount, "currency", "CNY");
    json_put(body, "amount", amount);
    if (order->device_id != NULL && order->payer_ip != NULL) {
        json_t *scene = json_object();
        json_put_text(scene, "payer_client_ip", order->payer_ip);
        json_put_text(scene, "device_id", order->device_id);
        json_put(body, "scene_info", scene);
    }
    return finish(body, ret_body, size);
}

bool wechat_path_query(const char *order_no, const char *mchid, char ret_path[WECHAT_PATH_SIZE])
{
    return str_format(ret_path, WECHAT_PATH_SIZE, "/v3/pay/transactions/out-trade-no/%s?mchid=%s",
                      order_no, mchid);
}

bool wechat_path_query_trade(const char *trade_no, const char *mchid,
                             char ret_path[WECHAT_PATH_SIZE])
{
    return str_format(ret_path, WECHAT_PATH_SIZE, "/v3/pay/transactions/id/%s?mchid=%s", trade_no,
                      mchid);
}

bool wechat_path_close(const char *order_no, char ret_path[WECHAT_PATH_SIZE])
{
    return str_format(ret_path, WECHAT_PATH_SIZE, "/v3/pay/transactions/out-trade-no/%s/close",
                      order_no);
}

bool wechat_body_close(const char *mchid, char *ret_body, size_t size)
{
    json_t *body = json_object();
    json_put_text(body, "mchid", mchid);
    return finish(body, ret_body, size);
}

bool wechat_body_refund(const struct wechat_refund *refund, char *ret_body, size_t size)
{
    if (!is_amount(refund->refund_fen) || !is_amount(refund->total_fen) ||
        refund->refund_fen > refund->total_fen ||
        (refund->order_no == NULL && refund->trade_no == NULL)) {
        return false;
    }
    json_t *body = json_object();
    if (refund->order_no != NULL) {
        json_put_text(body, "out_trade_no", refund->order_no);
    } else {
        json_put_text(body, "transaction_id", refund->trade_no);
    }
    json_put_text(body, "out_refund_no", refund->refund_no);
    if (refund->reason != NULL) {
        json_put_text(body, "reason", refund->reason);
    }
    if (refund->notify_url != NULL) {
        json_put_text(body, "notify_url", refund->notify_url);
    }
    json_t *amount = json_object();
    json_put_int(amount, "refund", refund->refund_fen);
    json_put_int(amount, "total", refund->total_fen);
    json_put_text(amount, "currency", "CNY");
    json_put(body, "amount", amount);
    return finish(body, ret_body, size);
}

bool wechat_path_refund_query(const char *refund_no, char ret_path[WECHAT_PATH_SIZE])
{
    return str_format(ret_path, WECHAT_PATH_SIZE, WECHAT_PATH_REFUND "/%s", refund_no);
}

bool wechat_path_bill(const char *day, char ret_path[WECHAT_PATH_SIZE])
{
    return str_format(ret_path, WECHAT_PATH_SIZE,
                      "/v3/bill/tradebill?bill_date=%s&bill_type=ALL&tar_type=GZIP", day);
}
