/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order as its terminal sees it: one row with its site, its delivery and its relay, and the
 * time that is left by the service clock. The terminal draws this and knows nothing else.
 */
#include "cloud/orders/view.h"

#include <string.h>

#include "cloud/catalog/catalog.h"
#include "cloud/orders/relay_store.h"
#include "cloud/orders/review_store.h"
#include "common/must.h"
#include "common/str.h"
#include "core/delivery/delivery.h"
#include "protocol/api/error.h"

enum { VIEW_TEXT_SIZE = 6144 /* api_order_view: the QR and the place are the longest */ };

static bool copy(const struct sql *sql, int column, char *ret_text, size_t size)
{
    return sql_copy_text(sql, column, ret_text, size);
}

/* What stands in the order's own row beside the machine's values. */
static enum err fill_texts(struct db *db, const char *order_no, struct api_order_view *view)
{
    struct sql *sql = sql_begin(
        db, "SELECT o.place, o.meter_tail, o.meter_address, o.qr_text, o.created_at,"
            " s.service_phone FROM pay_order o JOIN site s USING (site_id) WHERE o.order_no = ?1");
    sql_bind_text(sql, 1, order_no);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    bool whole = copy(sql, 0, view->place, sizeof(view->place)) &&
                 copy(sql, 1, view->meter_tail, sizeof(view->meter_tail)) &&
                 copy(sql, 2, view->meter_address, sizeof(view->meter_address)) &&
                 copy(sql, 3, view->qr_text, sizeof(view->qr_text)) &&
                 copy(sql, 5, view->service_phone, sizeof(view->service_phone));
    view->created_at = sql_i64(sql, 4);
    sql_end(sql);
    return whole ? OK : ERR_CHECKSUM;
}

static void fill_time(const struct orders *orders, const struct order_row *row, int64_t now_ms,
                      struct api_order_view *view)
{
    const struct timers *timers = orders_timers(orders);
    const int64_t more_max = timers_more_time_max(timers, row->assist);
    view->more_time_left = more_max - (int64_t)row->more_time;
    view->qr_left_ms = 0;
    if (row->order.state == ORDER_WAIT_PAY) {
        const int64_t end_ms = row->qr_ms + timers_window_ms(timers, order_row_use(row));
        view->qr_left_ms = end_ms > now_ms ? end_ms - now_ms : 0;
    }
    if (view->qr_left_ms == 0) {
        view->qr_text[0] = '\0';
    }
}

static enum err fill_delivery(struct db *db, const char *order_no, struct api_order_view *view)
{
    struct sql *sql = sql_begin(db, "SELECT stage, kind FROM delivery WHERE order_no = ?1");
    enum delivery_stage stage = DELIVERY_READY;
    sql_bind_text(sql, 1, order_no);
    enum err err = sql_one(sql);
    if (err == ERR_NOT_FOUND) {
        view->stage = API_STAGE_NONE;
        return OK;
    }
    if (err == OK && (!delivery_stage_parse(sql_text(sql, 0), &stage) ||
                      !api_stage_parse(delivery_stage_word(stage), &view->stage))) {
        err = ERR_CHECKSUM;
    }
    /* An issued token may be on its card: it does not go back by itself any more. */
    if (err == OK && stage == DELIVERY_ASSIGNED && str_equal(sql_text(sql, 1), "card")) {
        view->stage = API_STAGE_SENT;
    }
    sql_end(sql);
    return err;
}

/* The relay: as wanted by this meter's job if there is one, else as last read. */
static enum err fill_relay(struct db *db, const char *meter_id, struct api_order_view *view)
{
    struct relay_row row;
    struct catalog_state state;
    enum err err = relay_store_load(db, meter_id, &row);
    if (err == OK) {
        err = catalog_state_get(db, meter_id, &state);
    }
    if (err != OK) {
        return err;
    }
    view->relay = state.relay;
    if (row.job.want == RELAY_CLOSED && !row.job.settled) {
        view->relay = API_RELAY_CLOSING;
    }
    return OK;
}

/* Whether the value that came for a card is not known to be on it. */
static bool is_waiting(const struct order_row *row, const struct api_order_view *view)
{
    const enum order_state state = row->order.state;
    const bool open = state == ORDER_PAID || state == ORDER_CREDITING || state == ORDER_REVIEW;
    return open && (view->stage == API_STAGE_NOTHING_SENT || view->stage == API_STAGE_SENT);
}

static enum err fill_card(struct db *db, const struct order_row *row, struct api_order_view *view)
{
    enum { TAIL_LEN = 4, CODE_LEN = 6 };
    struct sql *sql = sql_begin(db, "SELECT uid FROM card_order WHERE order_no = ?1");
    sql_bind_text(sql, 1, row->order_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        const char *uid = sql_text(sql, 0);
        const size_t uid_len = strlen(uid);
        const size_t number_len = strlen(row->order_no);
        MUST(uid_len >= TAIL_LEN && number_len >= CODE_LEN);
        view->has_card = true;
        view->card_waiting = is_waiting(row, view);
        str_format_cut(view->card_uid_tail, sizeof(view->card_uid_tail), "%s",
                       uid + uid_len - TAIL_LEN);
        str_format_cut(view->card_claim_code, sizeof(view->card_claim_code), "%s",
                       row->order_no + number_len - CODE_LEN);
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err fill_refund(struct db *db, const struct order_row *row, struct api_order_view *view)
{
    struct sql *sql = sql_begin(db, "SELECT refund_no, fen FROM refund WHERE document_no = ?1");
    sql_bind_text(sql, 1, row->order_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        if (!copy(sql, 0, view->refund_no, sizeof(view->refund_no))) {
            err = ERR_CHECKSUM;
        }
    }
    sql_end(sql);
    if (row->order.state == ORDER_REFUNDED) {
        view->refunded_fen = row->order.paid.fen;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static bool fill_row(const struct order_row *row, struct api_order_view *view)
{
    const struct order *order = &row->order;
    view->version = row->version;
    view->channel = row->wallet == PAY_ALIPAY ? API_CHANNEL_ALIPAY : API_CHANNEL_WECHAT;
    view->amount_fen = order->amount.fen;
    view->paid_fen = order->paid.fen;
    view->scanned = row->scanned;
    view->slow = row->slow && order->state == ORDER_NEW;
    view->has_balance_before = row->has_before;
    view->balance_before_fen = row->balance_before_fen;
    view->has_balance_after = row->has_after && order->state == ORDER_DONE;
    view->balance_after_fen = row->balance_after_fen;
    view->arrears_fen = row->arrears_fen;
    view->has_paid_at = row->has_paid_at;
    view->paid_at = row->paid_at;
    return str_copy(view->order_no, sizeof(view->order_no), row->order_no) &&
           str_copy(view->client_request_id, sizeof(view->client_request_id),
                    row->client_request_id) &&
           str_copy(view->channel_trade_no, sizeof(view->channel_trade_no), order->trade_no) &&
           api_order_state_parse(order_state_name(order->state), &view->state) &&
           (order->state != ORDER_REVIEW ||
            str_copy(view->review_reason, sizeof(view->review_reason),
                     review_reason(order->flags)));
}

bool view_is_for(const struct order_row *row, const struct view_terminal *terminal)
{
    return str_equal(row->terminal_id, terminal->terminal_id) ||
           (row->has_paid_at && str_equal(row->site_id, terminal->site_id));
}

enum err view_load(struct orders *orders, struct db *db, const char *order_no,
                   const struct view_terminal *terminal, struct api_order_view *ret_view)
{
    struct order_row row;
    enum err err = order_row_load(db, order_no, &row);
    if (err != OK) {
        return err;
    }
    if (terminal != NULL && !view_is_for(&row, terminal)) {
        return ERR_NOT_FOUND;
    }
    memset(ret_view, 0, sizeof(*ret_view));
    if (!fill_row(&row, ret_view)) {
        return ERR_CHECKSUM;
    }
    err = fill_texts(db, order_no, ret_view);
    if (err == OK) {
        err = fill_delivery(db, order_no, ret_view);
    }
    if (err == OK) {
        err = fill_relay(db, row.meter_id, ret_view);
    }
    if (err == OK) {
        err = fill_card(db, &row, ret_view);
    }
    if (err == OK) {
        err = fill_refund(db, &row, ret_view);
    }
    fill_time(orders, &row, db_service_ms(db), ret_view);
    ret_view->server_time = db_wall_s(db);
    return err;
}

void view_reply(struct http_request *request, const struct api_order_view *view)
{
    char text[VIEW_TEXT_SIZE];
    size_t size = 0;
    if (api_order_view_encode(view, text, sizeof(text), &size) == OK) {
        http_reply_text(request, 200, "application/json", text, size);
    } else {
        http_reply_error(request, 500, API_ERROR_INTERNAL, NULL, NULL);
    }
}

void view_reply_error(struct http_request *request, enum err err)
{
    if (err == ERR_NOT_FOUND) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, NULL, NULL);
    } else if (err == ERR_UNAVAILABLE) {
        http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, NULL, NULL);
    } else if (err == ERR_FULL) {
        http_reply_error(request, 503, API_ERROR_BUSY, NULL, NULL);
    } else {
        http_reply_error(request, 500, API_ERROR_INTERNAL, err_name(err), NULL);
    }
}
