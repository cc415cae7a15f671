/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/flow/question.h"

#include <stdlib.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "kiosk/flow/card_convert.h"
#include "kiosk/flow/convert.h"

enum {
    CREATE_PATIENCE_MS = 20000, /* as long as the server tries the wallet: its precreate_give_up */
    ASK_PATIENCE_MS = 20000,
};

int64_t question_patience_ms(enum session_effect_kind kind)
{
    if (kind == SESSION_EFFECT_CREATE) {
        return CREATE_PATIENCE_MS;
    }
    bool asks = kind == SESSION_EFFECT_CANCEL || kind == SESSION_EFFECT_MORE_TIME;
    return asks ? ASK_PATIENCE_MS : 0;
}

static int64_t now_ms(void)
{
    struct clock_port clock = clock_system();
    return clock_mono_ms(&clock);
}

static struct message *answer(enum session_event_kind kind, const struct session_effect *question)
{
    struct message *message = message_create(kind);
    message->event.serial = question->serial;
    return message;
}

static struct message *refused(const struct session_effect *question, const struct api_error *error)
{
    struct message *message = answer(SESSION_EVENT_REFUSED, question);
    convert_reason(message->text, sizeof(message->text), error->message);
    message->event.refused.code = convert_refusal(error);
    message->event.refused.text = message->text;
    if (message->event.refused.code == SESSION_REFUSAL_CARD) {
        message->event.refused.card_trouble = convert_card_reason(error->message);
    }
    return message;
}

struct message *question_order_message(const struct api_order_view *view, uint32_t serial)
{
    struct message *message = message_create(SESSION_EVENT_ORDER);
    message->event.serial = serial;
    message->event.order = &message->value.order;
    (void)convert_order(view, now_ms(), &message->value.order);
    message->server_time = view->server_time;
    message->server_time_known = true;
    return message;
}

static enum server_result ask_rooms(struct server *server, const struct session_effect *question,
                                    struct message **ret_first)
{
    struct api_room *page = calloc(API_ROOMS_PAGE_MAX, sizeof(*page));
    MUST(page != NULL);
    struct api_rooms rooms = {.rooms = page};
    enum server_result result = server_get_rooms(server, question->text, &rooms);
    if (result == SERVER_ANSWER) {
        *ret_first = answer(SESSION_EVENT_ROOMS, question);
        convert_rooms(&rooms, &(*ret_first)->value.rooms);
        (*ret_first)->event.rooms = &(*ret_first)->value.rooms;
    }
    free(page);
    /* Any "no" to a list is a fault of ours, not something to tell a tenant about. */
    return result == SERVER_ANSWER ? result : SERVER_NOTHING;
}

static enum server_result ask_meter(struct server *server, const struct session_effect *question,
                                    struct message **ret_first, struct message **ret_second)
{
    struct api_room_page page;
    struct api_error error;
    enum server_result result = server_get_room(server, question->text, &page, &error);
    if (result == SERVER_REFUSED) {
        *ret_first = refused(question, &error);
    }
    if (result != SERVER_ANSWER) {
        return result;
    }
    *ret_first = answer(SESSION_EVENT_METER, question);
    (*ret_first)->event.meter = &(*ret_first)->value.meter;
    struct message *stored = message_create(SESSION_EVENT_READING);
    stored->event.reading = &stored->value.reading;
    convert_room_page(&page, &(*ret_first)->value.meter, &stored->value.reading);
    if (stored->value.reading.state == SESSION_READING_STORED) {
        *ret_second = stored;
    } else {
        message_destroy(stored);
    }
    return result;
}

static enum server_result ask_reading(struct server *server, const struct session_effect *question,
                                      struct message **ret_first)
{
    struct api_read_answer reading;
    enum server_result result = server_read_meter(server, question->text, &reading);
    if (result == SERVER_ANSWER) {
        *ret_first = answer(SESSION_EVENT_READING, question);
        convert_reading(&reading, &(*ret_first)->value.reading);
        (*ret_first)->event.reading = &(*ret_first)->value.reading;
    }
    return result == SERVER_ANSWER ? result : SERVER_NOTHING;
}

static bool request_fill(const struct session_create *create, struct api_order_request *request)
{
    *request = (struct api_order_request){
        .amount_fen = create->amount.fen,
        .channel = convert_channel(create->wallet),
        .accept_offline = create->accept_offline,
        .accept_open_elsewhere = create->accept_open_elsewhere,
        .assist = create->assist,
    };
    return str_copy(request->client_request_id, sizeof(request->client_request_id),
                    create->client_request_id) &&
           str_copy(request->purchase_id, sizeof(request->purchase_id), create->purchase_id) &&
           str_copy(request->room_id, sizeof(request->room_id), create->room_id) &&
           str_copy(request->meter_id, sizeof(request->meter_id), create->meter_id) &&
           str_copy(request->card_session, sizeof(request->card_session), create->card_session);
}

static enum server_result ask_create(struct server *server, const struct session_effect *question,
                                     struct message **ret_first)
{
    struct api_order_request request;
    bool fits = request_fill(&question->create, &request);
    MUST(fits); /* every id came from the server or from id_make() */
    struct api_order_view view;
    struct api_error error;
    enum server_result result = server_create_order(server, &request, &view, &error);
    if (result == SERVER_ANSWER) {
        *ret_first = question_order_message(&view, question->serial);
    } else if (result == SERVER_REFUSED) {
        *ret_first = refused(question, &error);
    }
    return result;
}

static enum server_result ask_order(struct server *server, const struct session_effect *question,
                                    const char *what, struct message **ret_first)
{
    struct api_order_view view;
    struct api_error error;
    enum server_result result =
        server_order_ask(server, question->text, what, question->id, &view, &error);
    if (result == SERVER_ANSWER) {
        *ret_first = question_order_message(&view, question->serial);
    } else if (result == SERVER_REFUSED) {
        *ret_first = refused(question, &error);
    }
    return result;
}

static struct message *found_message(const struct session_effect *question,
                                     const struct api_orders *orders)
{
    struct message *message = answer(SESSION_EVENT_FOUND_ORDERS, question);
    struct session_found_orders *found = &message->value.found;
    for (size_t i = 0; i < orders->count && i < SESSION_ORDERS_MAX; i++) {
        (void)convert_order(&orders->views[i], now_ms(), &found->orders[i]);
        found->count = i + 1;
    }
    message->event.found = found;
    return message;
}

/* This terminal's open orders, or those with a number that ends so. */
static enum server_result ask_orders(struct server *server, const struct session_effect *question,
                                     struct message **ret_first)
{
    struct api_orders *orders = calloc(1, sizeof(*orders));
    struct api_error error = {0};
    MUST(orders != NULL);
    bool find = question->kind == SESSION_EFFECT_FIND_ORDERS;
    enum server_result result = find ? server_find_orders(server, question->text, orders, &error)
                                     : server_get_orders(server, orders);
    bool limited = result == SERVER_REFUSED && str_equal(error.code, API_ERROR_TOO_MANY);
    if (result == SERVER_ANSWER || limited) {
        orders->count = limited ? 0 : orders->count;
        *ret_first = found_message(question, orders);
        (*ret_first)->value.found.limited = limited;
    }
    free(orders);
    return *ret_first != NULL ? SERVER_ANSWER : SERVER_NOTHING;
}

enum server_result question_perform(struct server *server, const struct session_effect *question,
                                    struct message **ret_first, struct message **ret_second)
{
    switch (question->kind) {
    case SESSION_EFFECT_FETCH_ROOMS:
        return ask_rooms(server, question, ret_first);
    case SESSION_EFFECT_FETCH_METER:
        return ask_meter(server, question, ret_first, ret_second);
    case SESSION_EFFECT_READ_METER:
        return ask_reading(server, question, ret_first);
    case SESSION_EFFECT_CREATE:
        return ask_create(server, question, ret_first);
    case SESSION_EFFECT_CANCEL:
        return ask_order(server, question, "cancel", ret_first);
    case SESSION_EFFECT_MORE_TIME:
        return ask_order(server, question, "more-time", ret_first);
    case SESSION_EFFECT_FETCH_ORDERS:
    case SESSION_EFFECT_FIND_ORDERS:
        return ask_orders(server, question, ret_first);
    case SESSION_EFFECT_NONE:
    case SESSION_EFFECT_SAVE:
    case SESSION_EFFECT_WATCH:
    case SESSION_EFFECT_UNWATCH:
    case SESSION_EFFECT_PRINT:
    case SESSION_EFFECT_SETTLED:
    case SESSION_EFFECT_SOUND:
    case SESSION_EFFECT_CARD_POLL:
    case SESSION_EFFECT_CARD_OPEN:
    case SESSION_EFFECT_CARD_ASK:
    case SESSION_EFFECT_CARD_SAVE:
    case SESSION_EFFECT_CARD_WRITE:
    case SESSION_EFFECT_CARD_RESULT:
    case SESSION_EFFECT_CARD_TELL:
    case SESSION_EFFECT_WIPE:
    case SESSION_EFFECT_COUNT:
        break;
    }
    MUST_NOT_REACH();
}
