/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_ORDER_H
#define SHILLING_PROTOCOL_API_ORDER_H

#include "common/err.h"
#include "common/id.h"
#include "protocol/api/value.h"

/* Orders as a terminal asks for them and sees them. The server alone decides what they are. */

/* The 11 states of an order (docs/money.md, "Orders"). */
enum api_order_state {
    API_ORDER_NEW,
    API_ORDER_WAIT_PAY,
    API_ORDER_CLOSING,
    API_ORDER_CLOSED,
    API_ORDER_PAID,
    API_ORDER_CREDITING,
    API_ORDER_DONE,
    API_ORDER_REFUND_DUE,
    API_ORDER_REFUNDING,
    API_ORDER_REFUNDED,
    API_ORDER_REVIEW,
    API_ORDER_STATE_COUNT
};

/* How far the delivery to the meter is, as far as a tenant must know. */
enum api_stage {
    API_STAGE_NONE,
    API_STAGE_NOTHING_SENT,
    API_STAGE_SENT,
    API_STAGE_DELIVERED,
    API_STAGE_VOID,
    API_STAGE_COUNT
};

const char *api_order_state_name(enum api_order_state state);
MUST_CHECK bool api_order_state_parse(const char *name, enum api_order_state *ret_state);
const char *api_stage_name(enum api_stage stage);
MUST_CHECK bool api_stage_parse(const char *name, enum api_stage *ret_stage);

/* POST /v1/terminal/orders */
struct api_order_request {
    char client_request_id[ID_TEXT_SIZE];
    char purchase_id[ID_TEXT_SIZE]; /* groups the attempts of one tenant at one meter */
    char room_id[API_ID_SIZE];
    char meter_id[API_ID_SIZE];
    int64_t amount_fen;
    enum api_channel channel;
    bool accept_offline;             /* the tenant was told that the meter does not answer */
    bool accept_open_elsewhere;      /* the tenant was told that another order is open */
    bool assist;                     /* large mode: the QR stays longer */
    char card_session[ID_TEXT_SIZE]; /* the laid card that takes the value; empty: none */
};

struct api_order_view {
    char order_no[API_ORDER_NO_SIZE];
    char client_request_id[ID_TEXT_SIZE];
    int64_t version; /* rises with every change */
    enum api_order_state state;
    enum api_stage stage;
    enum api_channel channel;
    int64_t amount_fen;
    int64_t paid_fen; /* what the wallet says was paid; 0: nothing so far */
    char place[API_PLACE_SIZE];
    char meter_tail[API_WORD_SIZE];
    char meter_address[API_WORD_SIZE];
    char qr_text[API_QR_SIZE]; /* empty (null): nothing to scan */
    int64_t qr_left_ms;        /* counted down by the server's monotonic clock */
    int64_t more_time_left;    /* 0..2 */
    bool scanned;
    bool slow;
    bool has_balance_before;
    int64_t balance_before_fen;
    bool has_balance_after;
    int64_t balance_after_fen;
    int64_t arrears_fen;
    enum api_relay relay;
    char refund_no[API_WORD_SIZE + API_ORDER_NO_SIZE]; /* empty (null): none */
    int64_t refunded_fen;
    char review_reason[API_WORD_SIZE]; /* empty (null): not in review */
    int64_t created_at;
    bool has_paid_at;
    int64_t paid_at;
    char channel_trade_no[API_WORD_SIZE * 2]; /* empty (null): not known */
    char service_phone[API_PHONE_SIZE];
    int64_t server_time;
    bool has_card; /* the value goes onto a card */
    char card_uid_tail[API_WORD_SIZE];
    bool card_waiting;                       /* paid, and not known to be on the card yet */
    char card_claim_code[API_ORDER_NO_SIZE]; /* what a person says to find the order again */
};

MUST_CHECK enum err api_order_request_encode(const struct api_order_request *request,
                                             char *ret_text, size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_order_request_decode(const char *text, size_t size,
                                             struct api_order_request *ret_request,
                                             struct api_fault *ret_fault);
MUST_CHECK enum err api_order_view_encode(const struct api_order_view *view, char *ret_text,
                                          size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_order_view_decode(const char *text, size_t size,
                                          struct api_order_view *ret_view,
                                          struct api_fault *ret_fault);

/* GET /v1/terminal/orders?mine=open: {"orders":[...]}, newest first. About 32 kB. */
struct api_orders {
    struct api_order_view views[API_ORDERS_MAX];
    size_t count;
};
MUST_CHECK enum err api_orders_encode(const struct api_orders *orders, char *ret_text,
                                      size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_orders_decode(const char *text, size_t size, struct api_orders *ret_orders,
                                      struct api_fault *ret_fault);

/** {"client_request_id":"..."}: the body of cancel, more-time and the receipt's report. */
MUST_CHECK enum err api_request_id_encode(const char *client_request_id, char *ret_text,
                                          size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_request_id_decode(const char *text, size_t size,
                                          char ret_client_request_id[ID_TEXT_SIZE],
                                          struct api_fault *ret_fault);

/* POST /v1/terminal/orders/{order_no}/receipt: what the printer's program proved. */
struct api_receipt_report {
    char client_request_id[ID_TEXT_SIZE];
    char verdict[API_WORD_SIZE]; /* printed, printed_not_cut, held, unknown, failed */
    char print_id[ID_TEXT_SIZE];
    char kind[API_WORD_SIZE]; /* what the paper said, a kind of the receipt; empty: not told */
};
MUST_CHECK enum err api_receipt_report_encode(const struct api_receipt_report *report,
                                              char *ret_text, size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_receipt_report_decode(const char *text, size_t size,
                                              struct api_receipt_report *ret_report,
                                              struct api_fault *ret_fault);

#endif
