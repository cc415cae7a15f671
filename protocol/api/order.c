/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/api/order.h"

#include "common/must.h"
#include "common/str.h"
#include "protocol/api/card_codec.h"
#include "protocol/api/codec.h"

enum {
    VERSION_MAX = 1000000000,
    QR_LEFT_MS_MAX = 3600000,
    MORE_TIME_MAX = 2, /* so often may the window be made longer */
};

static const char *const state_names[] = {"NEW",       "WAIT_PAY",  "CLOSING", "CLOSED",
                                          "PAID",      "CREDITING", "DONE",    "REFUND_DUE",
                                          "REFUNDING", "REFUNDED",  "REVIEW"};
static const char *const stage_names[] = {"none", "nothing_sent", "sent", "delivered", "void"};

const char *api_order_state_name(enum api_order_state state)
{
    MUST(state < API_ORDER_STATE_COUNT);
    return state_names[state];
}

bool api_order_state_parse(const char *name, enum api_order_state *ret_state)
{
    for (size_t i = 0; i < API_ORDER_STATE_COUNT; i++) {
        if (str_equal(state_names[i], name)) {
            *ret_state = (enum api_order_state)i;
            return true;
        }
    }
    return false;
}

const char *api_stage_name(enum api_stage stage)
{
    MUST(stage < API_STAGE_COUNT);
    return stage_names[stage];
}

bool api_stage_parse(const char *name, enum api_stage *ret_stage)
{
    for (size_t i = 0; i < API_STAGE_COUNT; i++) {
        if (str_equal(stage_names[i], name)) {
            *ret_stage = (enum api_stage)i;
            return true;
        }
    }
    return false;
}

static enum api_channel read_channel(struct json_reader *r)
{
    char word[API_WORD_SIZE];
    enum api_channel channel = API_CHANNEL_ALIPAY;
    json_text(r, "channel", word, sizeof(word));
    if (!api_channel_parse(word, &channel)) {
        json_refuse(r, "channel");
    }
    return channel;
}

enum err api_order_request_encode(const struct api_order_request *request, char *ret_text,
                                  size_t text_size, size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "client_request_id", request->client_request_id);
    json_put_text(json, "purchase_id", request->purchase_id);
    json_put_text(json, "room_id", request->room_id);
    json_put_text(json, "meter_id", request->meter_id);
    json_put_int(json, "amount_fen", request->amount_fen);
    json_put_text(json, "channel", api_channel_name(request->channel));
    json_put_flag(json, "accept_offline", request->accept_offline);
    json_put_flag(json, "accept_open_elsewhere", request->accept_open_elsewhere);
    json_put_flag(json, "assist", request->assist);
    if (request->card_session[0] != '\0') {
        json_put_text(json, "card_session", request->card_session);
    }
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_order_request_decode(const char *text, size_t size,
                                  struct api_order_request *ret_request,
                                  struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_order_request request = {0};
    struct json_reader r = json_reader(json);
    api_read_uuid(&r, "client_request_id", request.client_request_id);
    api_read_uuid(&r, "purchase_id", request.purchase_id);
    api_read_id(&r, "room_id", request.room_id);
    api_read_id(&r, "meter_id", request.meter_id);
    /* The range proper is the site's: amount_out_of_range, not bad_request. */
    request.amount_fen = json_int(&r, "amount_fen", -MONEY_WIRE_FEN_MAX, MONEY_WIRE_FEN_MAX);
    request.channel = read_channel(&r);
    request.accept_offline = json_flag_or(&r, "accept_offline", false);
    request.accept_open_elsewhere = json_flag_or(&r, "accept_open_elsewhere", false);
    request.assist = json_flag_or(&r, "assist", false);
    if (json_has(&r, "card_session")) {
        api_read_uuid(&r, "card_session", request.card_session);
    }
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err == OK) {
        *ret_request = request;
    }
    return err;
}

static void put_card(json_t *json, const struct api_order_view *view)
{
    if (!view->has_card) {
        json_put_null(json, "card");
        return;
    }
    json_t *card = api_object();
    json_put_text(card, "uid_tail", view->card_uid_tail);
    json_put_flag(card, "waiting", view->card_waiting);
    json_put_text(card, "claim_code", view->card_claim_code);
    json_put(json, "card", card);
}

json_t *api_order_view_json(const struct api_order_view *view)
{
    json_t *json = api_object();
    json_put_text(json, "order_no", view->order_no);
    json_put_text(json, "client_request_id", view->client_request_id);
    json_put_int(json, "version", view->version);
    json_put_text(json, "state", api_order_state_name(view->state));
    json_put_text(json, "stage", api_stage_name(view->stage));
    json_put_text(json, "channel", api_channel_name(view->channel));
    json_put_int(json, "amount_fen", view->amount_fen);
    json_put_int(json, "paid_fen", view->paid_fen);
    json_put_text(json, "place", view->place);
    json_put_text(json, "meter_tail", view->meter_tail);
    json_put_text(json, "meter_address", view->meter_address);
    api_put_text_or_null(json, "qr_text", view->qr_text);
    json_put_int(json, "qr_left_ms", view->qr_left_ms);
    json_put_int(json, "more_time_left", view->more_time_left);
    json_put_flag(json, "scanned", view->scanned);
    json_put_flag(json, "slow", view->slow);
    api_put_int_or_null(json, "balance_before_fen", view->has_balance_before,
                        view->balance_before_fen);
    api_put_int_or_null(json, "balance_after_fen", view->has_balance_after,
                        view->balance_after_fen);
    json_put_int(json, "arrears_fen", view->arrears_fen);
    json_put_text(json, "relay", api_relay_name(view->relay));
    api_put_text_or_null(json, "refund_no", view->refund_no);
    json_put_int(json, "refunded_fen", view->refunded_fen);
    api_put_text_or_null(json, "review_reason", view->review_reason);
    json_put_int(json, "created_at", view->created_at);
    api_put_int_or_null(json, "paid_at", view->has_paid_at, view->paid_at);
    api_put_text_or_null(json, "channel_trade_no", view->channel_trade_no);
    json_put_text(json, "service_phone", view->service_phone);
    json_put_int(json, "server_time", view->server_time);
    put_card(json, view);
    return json;
}

enum err api_order_view_encode(const struct api_order_view *view, char *ret_text, size_t text_size,
                               size_t *ret_size)
{
    return api_print(api_order_view_json(view), ret_text, text_size, ret_size);
}

static void read_state(struct json_reader *r, struct api_order_view *view)
{
    char word[API_WORD_SIZE];
    json_text(r, "state", word, sizeof(word));
    if (!api_order_state_parse(word, &view->state)) {
        json_refuse(r, "state");
    }
    json_text(r, "stage", word, sizeof(word));
    if (!api_stage_parse(word, &view->stage)) {
        json_refuse(r, "stage");
    }
}

static void read_money(struct json_reader *r, struct api_order_view *view)
{
    view->amount_fen = api_read_amount(r, "amount_fen");
    view->paid_fen = api_read_amount(r, "paid_fen");
    view->has_balance_before =
        api_read_fen_or_null(r, "balance_before_fen", &view->balance_before_fen);
    view->has_balance_after =
        api_read_fen_or_null(r, "balance_after_fen", &view->balance_after_fen);
    view->arrears_fen = api_read_amount(r, "arrears_fen");
    json_text_or_empty(r, "refund_no", view->refund_no, sizeof(view->refund_no));
    view->refunded_fen = api_read_amount(r, "refunded_fen");
}

/* An older server has no cards. */
static void read_card(struct json_reader *r, struct api_order_view *view)
{
    view->has_card = json_has(r, "card");
    if (!view->has_card) {
        return;
    }
    struct json_reader inner = json_reader(json_object_at(r, "card"));
    json_text(&inner, "uid_tail", view->card_uid_tail, sizeof(view->card_uid_tail));
    view->card_waiting = json_flag(&inner, "waiting");
    json_text(&inner, "claim_code", view->card_claim_code, sizeof(view->card_claim_code));
    if (json_failed(&inner)) {
        json_refuse(r, "card");
    }
}

void api_read_order_view(struct json_reader *r, struct api_order_view *view)
{
    api_read_order_no(r, "order_no", view->order_no);
    api_read_uuid(r, "client_request_id", view->client_request_id);
    view->version = json_int(r, "version", 0, VERSION_MAX);
    read_state(r, view);
    view->channel = read_channel(r);
    read_money(r, view);
    json_text(r, "place", view->place, sizeof(view->place));
    json_text(r, "meter_tail", view->meter_tail, sizeof(view->meter_tail));
    json_text(r, "meter_address", view->meter_address, sizeof(view->meter_address));
    json_text_or_empty(r, "qr_text", view->qr_text, sizeof(view->qr_text));
    view->qr_left_ms = json_int(r, "qr_left_ms", 0, QR_LEFT_MS_MAX);
    view->more_time_left = json_int(r, "more_time_left", 0, MORE_TIME_MAX);
    view->scanned = json_flag(r, "scanned");
    view->slow = json_flag(r, "slow");
    view->relay = api_read_relay(r, "relay", /* closing_too= */ true);
    json_text_or_empty(r, "review_reason", view->review_reason, sizeof(view->review_reason));
    view->created_at = api_read_time(r, "created_at");
    view->has_paid_at = json_has(r, "paid_at");
    view->paid_at = view->has_paid_at ? api_read_time(r, "paid_at") : 0;
    json_text_or_empty(r, "channel_trade_no", view->channel_trade_no,
                       sizeof(view->channel_trade_no));
    json_text_or_empty(r, "service_phone", view->service_phone, sizeof(view->service_phone));
    view->server_time = api_read_time(r, "server_time");
    read_card(r, view);
}

enum err api_order_view_decode(const char *text, size_t size, struct api_order_view *ret_view,
                               struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_order_view view = {0};
    struct json_reader r = json_reader(json);
    api_read_order_view(&r, &view);
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err == OK) {
        *ret_view = view;
    }
    return err;
}

enum err api_orders_encode(const struct api_orders *orders, char *ret_text, size_t text_size,
                           size_t *ret_size)
{
    MUST(orders->count <= API_ORDERS_MAX);
    json_t *list = json_array();
    for (size_t i = 0; i < orders->count; i++) {
        if (json_array_append_new(list, api_order_view_json(&orders->views[i])) != 0) {
            json_decref(list);
            return ERR_MEMORY;
        }
    }
    json_t *json = api_object();
    json_put(json, "orders", list);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_orders_decode(const char *text, size_t size, struct api_orders *ret_orders,
                           struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    const json_t *list = json_array_at(&r, "orders");
    size_t count = json_array_size(list);
    if (count > API_ORDERS_MAX) {
        json_refuse(&r, "orders");
    }
    enum err err = api_verdict(&r, "", ret_fault);
    ret_orders->count = 0;
    for (size_t i = 0; err == OK && i < count; i++) {
        struct api_order_view *view = &ret_orders->views[i];
        *view = (struct api_order_view){0};
        struct json_reader item = json_reader(json_array_get(list, i));
        api_read_order_view(&item, view);
        err = api_verdict(&item, "orders[].", ret_fault);
    }
    json_decref(json);
    if (err == OK) {
        ret_orders->count = count;
    }
    return err;
}

enum err api_request_id_encode(const char *client_request_id, char *ret_text, size_t text_size,
                               size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "client_request_id", client_request_id);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_request_id_decode(const char *text, size_t size,
                               char ret_client_request_id[ID_TEXT_SIZE],
                               struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    api_read_uuid(&r, "client_request_id", ret_client_request_id);
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    return err;
}

enum err api_receipt_report_encode(const struct api_receipt_report *report, char *ret_text,
                                   size_t text_size, size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "client_request_id", report->client_request_id);
    json_put_text(json, "verdict", report->verdict);
    json_put_text(json, "print_id", report->print_id);
    if (report->kind[0] != '\0') {
        json_put_text(json, "kind", report->kind);
    }
    return api_print(json, ret_text, text_size, ret_size);
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(words[i], word)) {
            return true;
        }
    }
    return false;
}

enum err api_receipt_report_decode(const char *text, size_t size,
                                   struct api_receipt_report *ret_report,
                                   struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    static const char *const verdicts[] = {"printed", "printed_not_cut", "held", "unknown",
                                           "failed"};
    static const char *const kinds[] = {"credited", "pending", "refund_ordered", "refunded",
                                        "review"};
    struct api_receipt_report report = {0};
    struct json_reader r = json_reader(json);
    api_read_uuid(&r, "client_request_id", report.client_request_id);
    api_read_uuid(&r, "print_id", report.print_id);
    json_text(&r, "verdict", report.verdict, sizeof(report.verdict));
    json_text_or_empty(&r, "kind", report.kind, sizeof(report.kind));
    if (!is_one_of(report.verdict, verdicts, ARRAY_COUNT(verdicts))) {
        json_refuse(&r, "verdict");
    }
    if (report.kind[0] != '\0' && !is_one_of(report.kind, kinds, ARRAY_COUNT(kinds))) {
        json_refuse(&r, "kind");
    }
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err == OK) {
        *ret_report = report;
    }
    return err;
}
