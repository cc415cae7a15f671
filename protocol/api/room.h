/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_ROOM_H
#define SHILLING_PROTOCOL_API_ROOM_H

#include "common/err.h"
#include "protocol/api/value.h"

/* GET /v1/terminal/rooms (list and search) and GET /v1/terminal/rooms/{room_id} (meter page). */

enum { API_TAIL_SIZE = 9, API_ADDRESS_SIZE = 17 };

/* A room in a list; rooms of the same building and unit stand together (one group on the wire). */
struct api_room {
    char building[API_NAME_SIZE];
    char unit[API_NAME_SIZE]; /* empty: the building has none */
    char room_id[API_ID_SIZE];
    char label[API_NAME_SIZE];
    char meter_tail[API_TAIL_SIZE]; /* last digits of the meter's address */
    enum api_service kind;
};

struct api_rooms {
    int64_t total;          /* matching rooms, of which these are a page */
    struct api_room *rooms; /* the caller's array; about 100 kB for a full page */
    size_t room_count;
};

MUST_CHECK enum err api_rooms_encode(const struct api_rooms *rooms, char *ret_text,
                                     size_t text_size, size_t *ret_size);
/** The caller sets rooms->rooms to an array of @p rooms_max; ERR_FULL if there are more. */
MUST_CHECK enum err api_rooms_decode(const char *text, size_t size, size_t rooms_max,
                                     struct api_rooms *rooms, struct api_fault *ret_fault);

struct api_usage_day {
    char day[API_DAY_SIZE];
    char amount[API_DECIMAL_SIZE];
};

struct api_usage {
    char unit[API_WORD_SIZE];                      /* "kWh", "m3" */
    struct api_usage_day days[API_USAGE_DAYS_MAX]; /* oldest first; a day without readings absent */
    size_t day_count;
    char today[API_DECIMAL_SIZE];
    char month[API_DECIMAL_SIZE];
    char total[API_DECIMAL_SIZE];   /* the register */
    char average[API_DECIMAL_SIZE]; /* a day */
};

struct api_room_page {
    char room_id[API_ID_SIZE];
    char place[API_PLACE_SIZE];
    char customer_masked[API_NAME_SIZE];

    char meter_id[API_ID_SIZE];
    char meter_address[API_ADDRESS_SIZE];
    char meter_tail[API_TAIL_SIZE];
    char meter_protocol[API_WORD_SIZE];
    enum api_service kind;
    enum api_balance_in balance_in;
    bool sale_open;
    char sale_reason[API_WORD_SIZE]; /* why refused; empty when open */

    bool has_last;
    int64_t last_balance_fen;
    char last_energy[API_DECIMAL_SIZE];
    char last_energy_unit[API_WORD_SIZE];
    int64_t last_read_at;
    int64_t last_age_s;

    int64_t price_e4_yuan; /* of a unit, in 0.0001 yuan */
    int64_t alarm_fen;
    int64_t arrears_fen;
    bool has_days_left;
    int64_t days_left;
    struct api_usage usage;

    bool has_last_top_up;
    int64_t last_top_up_fen;
    int64_t last_top_up_at;

    bool has_open_order;
    bool open_order_elsewhere; /* at another terminal */
    enum api_relay relay;
};

MUST_CHECK enum err api_room_page_encode(const struct api_room_page *page, char *ret_text,
                                         size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_room_page_decode(const char *text, size_t size,
                                         struct api_room_page *ret_page,
                                         struct api_fault *ret_fault);

#endif
