/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET of the receipt of an order. Its kind follows from the state, so the paper can never say more
 * than the server knows; its copy number from what was reported as printed of that kind before.
 */
#include <string.h>

#include "cloud/catalog/catalog.h"
#include "cloud/orders/order_row.h"
#include "cloud/orders/view.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"
#include "protocol/receipt/receipt.h"

enum {
    COPIES_MAX = 3, /* beside the first paper; then the office prints */
};

struct paper {
    struct orders *orders;
    const char *order_no;
    struct view_terminal terminal;
    bool too_many;
    struct receipt receipt;
};

/* False while there is nothing to print: no money came yet. */
static bool kind_of(enum order_state state, enum receipt_kind *ret_kind)
{
    switch (state) {
    case ORDER_PAID:
    case ORDER_CREDITING:
        *ret_kind = RECEIPT_PENDING;
        return true;
    case ORDER_DONE:
        *ret_kind = RECEIPT_CREDITED;
        return true;
    case ORDER_REFUND_DUE:
    case ORDER_REFUNDING:
        *ret_kind = RECEIPT_REFUND_ORDERED;
        return true;
    case ORDER_REFUNDED:
        *ret_kind = RECEIPT_REFUNDED;
        return true;
    case ORDER_REVIEW:
        *ret_kind = RECEIPT_REVIEW;
        return true;
    case ORDER_NEW:
    case ORDER_WAIT_PAY:
    case ORDER_CLOSING:
    case ORDER_CLOSED:
    case ORDER_STATE_COUNT:
        break;
    }
    return false;
}

/*
 * Papers of this kind that are out, or may be: a held one comes out of the printer when it gets new
 * paper. A slip and the receipt that follows it say different things; neither is the other's copy.
 */
static enum err count_copies(struct db *db, struct paper *paper)
{
    struct sql *sql =
        sql_begin(db, "SELECT count(*) FROM receipt_report WHERE order_no = ?1"
                      " AND verdict IN ('printed', 'printed_not_cut', 'unknown', 'held')"
                      " AND kind IN ('', ?2)");
    sql_bind_text(sql, 1, paper->order_no);
    sql_bind_text(sql, 2, receipt_kind_name(paper->receipt.kind));
    enum err err = sql_one(sql);
    if (err == OK) {
        const int64_t printed = sql_i64(sql, 0);
        paper->too_many = printed > COPIES_MAX;
        paper->receipt.copy = printed <= COPIES_MAX ? (uint32_t)printed : 0;
    }
    sql_end(sql);
    return err;
}

static struct receipt_amount amount_if(bool is_there, int64_t fen)
{
    return (struct receipt_amount){is_there, money_fen(fen)};
}

static void fill_money(const struct order_row *row, struct receipt *receipt)
{
    const bool done = row->order.state == ORDER_DONE;
    receipt->amount = row->order.paid;
    receipt->time = row->paid_at;
    receipt->credited = amount_if(done, row->order.amount.fen);
    receipt->arrears = amount_if(row->arrears_fen > 0, row->arrears_fen);
    receipt->balance_before = amount_if(row->has_before, row->balance_before_fen);
    receipt->balance_after = amount_if(done && row->has_after, row->balance_after_fen);
    receipt->balance_read_at = row->balance_at;
    receipt->channel = row->wallet == PAY_ALIPAY ? RECEIPT_ALIPAY : RECEIPT_WECHAT;
}

static enum err fill_place(struct db *db, struct paper *paper, const struct order_row *row)
{
    struct receipt *receipt = &paper->receipt;
    struct sql *sql = sql_begin(
        db, "SELECT o.place, o.customer_masked, o.meter_address, o.price_e4_yuan, s.company,"
            " s.name, s.service_phone, p.service, coalesce(r.refund_no, ''), d.seq, m.customer_no"
            " FROM pay_order o JOIN site s USING (site_id) JOIN meter m USING (meter_id)"
            " JOIN meter_profile p USING (profile_id)"
            " LEFT JOIN refund r ON r.document_no = o.order_no"
            " LEFT JOIN delivery d ON d.order_no = o.order_no AND d.stage = 'DELIVERED'"
            " WHERE o.order_no = ?1");
    sql_bind_text(sql, 1, row->order_no);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    str_format_cut(receipt->place, sizeof(receipt->place), "%s", sql_text(sql, 0));
    str_format_cut(receipt->customer_masked, sizeof(receipt->customer_masked), "%s",
                   sql_text(sql, 1));
    str_format_cut(receipt->meter_address, sizeof(receipt->meter_address), "%s", sql_text(sql, 2));
    receipt->has_price = sql_i64(sql, 3) > 0;
    receipt->price_e4_yuan = sql_i64(sql, 3);
    str_format_cut(receipt->merchant, sizeof(receipt->merchant), "%s", sql_text(sql, 4));
    str_format_cut(receipt->site, sizeof(receipt->site), "%s", sql_text(sql, 5));
    str_format_cut(receipt->phone, sizeof(receipt->phone), "%s", sql_text(sql, 6));
    receipt->service = str_equal(sql_text(sql, 7), "water") ? RECEIPT_WATER : RECEIPT_ELECTRICITY;
    str_format_cut(receipt->refund_no, sizeof(receipt->refund_no), "%s", sql_text(sql, 8));
    receipt->has_purchase_count = !sql_is_null(sql, 9);
    receipt->purchase_count = (uint32_t)sql_i64(sql, 9);
    str_format_cut(receipt->customer_no, sizeof(receipt->customer_no), "%s", sql_text(sql, 10));
    sql_end(sql);
    return OK;
}

/* Which card carries it, if one does, and what finds it again while it is not on that card. Once it
 * was given out it may be there, unless the last that was heard of that card is the word of whoever
 * had it that nothing was written. */
static enum err fill_card(struct db *db, struct paper *paper)
{
    enum { TAIL_LEN = 4, CODE_LEN = 6 };
    struct receipt *receipt = &paper->receipt;
    struct sql *sql =
        sql_begin(db, "SELECT substr(c.uid, -?2), substr(c.order_no, -?3), EXISTS (SELECT 1 FROM"
                      " delivery d WHERE d.order_no = c.order_no AND d.stage = 'ASSIGNED') AND NOT"
                      " EXISTS (SELECT 1 FROM card_reading r WHERE r.document_no = c.order_no AND"
                      " r.verdict = ?4 AND r.reading_id = (SELECT max(reading_id) FROM card_reading"
                      " WHERE uid = c.uid)) FROM card_order c WHERE c.order_no = ?1");
    sql_bind_text(sql, 1, paper->order_no);
    sql_bind_i64(sql, 2, TAIL_LEN);
    sql_bind_i64(sql, 3, CODE_LEN);
    sql_bind_text(sql, 4, CARD_UNTOUCHED);
    enum err err = sql_one(sql);
    if (err == OK) {
        receipt->card_unsure = receipt->kind == RECEIPT_PENDING && sql_bool(sql, 2);
        str_format_cut(receipt->card_tail, sizeof(receipt->card_tail), "%s", sql_text(sql, 0));
        const char *code = receipt->kind == RECEIPT_PENDING ? sql_text(sql, 1) : "";
        str_format_cut(receipt->claim_code, sizeof(receipt->claim_code), "%s", code);
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err fill(struct db *db, void *arg)
{
    struct paper *paper = arg;
    struct receipt *receipt = &paper->receipt;
    struct order_row row;
    enum err err = order_row_load(db, paper->order_no, &row);
    if (err != OK) {
        return err;
    }
    const bool ours = view_is_for(&row, &paper->terminal);
    const bool fresh = db_wall_s(db) - row.paid_at <= VIEW_FIND_S;
    if (!ours || !row.has_paid_at || !fresh || !kind_of(row.order.state, &receipt->kind)) {
        return ERR_NOT_FOUND;
    }
    fill_money(&row, receipt);
    bool fits =
        str_copy(receipt->terminal_id, sizeof(receipt->terminal_id), row.terminal_id) &&
        str_copy(receipt->order_no, sizeof(receipt->order_no), row.order_no) &&
        str_copy(receipt->channel_trade_no, sizeof(receipt->channel_trade_no), row.order.trade_no);
    MUST(fits);
    err = fill_place(db, paper, &row);
    if (err == OK) {
        err = fill_card(db, paper);
    }
    return err == OK ? count_copies(db, paper) : err;
}

static void on_get(struct http_request *request, void *self)
{
    struct orders *orders = self;
    const struct http_peer *peer = http_peer(request);
    struct paper paper = {.orders = orders,
                          .order_no = http_param(request, "order_no"),
                          .terminal = {peer->terminal_id, peer->site_id}};
    enum err err = store_read(orders->setup.store, fill, &paper);
    if (err != OK) {
        view_reply_error(request, err);
    } else if (paper.too_many) {
        http_reply_error(request, 409, API_ERROR_NO_MORE_COPIES, NULL, NULL);
    } else {
        http_reply_json(request, 200, receipt_encode(&paper.receipt));
    }
}

void receipt_routes(struct orders *orders)
{
    const struct http_route routes[] = {
        {HTTP_GET, "/v1/terminal/orders/{order_no}/receipt", HTTP_FOR_TERMINAL, HTTP_BODY_NONE, 0,
         on_get, orders},
    };
    http_route_add(orders->setup.http, routes, ARRAY_COUNT(routes));
}
