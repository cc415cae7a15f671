/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_VALUE_H
#define SHILLING_PROTOCOL_API_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * The words that the messages between terminal and cloud share (protocol/MESSAGES.md, section 1).
 * Every text is NUL-terminated UTF-8 and fits its array. Amounts are fen; where a member may be
 * null, a bool has_... stands in front of it. Decoders ignore members they do not know.
 */
enum {
    API_ID_SIZE = 33,       /* site, terminal, room, meter: 1..32 of [A-Za-z0-9._-] */
    API_ORDER_NO_SIZE = 33, /* 6..32 of [A-Za-z0-9_], as the wallets demand */
    API_NAME_SIZE = 97,     /* 32 Chinese characters */
    API_PLACE_SIZE = 193,   /* building, unit and room in one line */
    API_TEXT_SIZE = 385,    /* a notice: 128 Chinese characters */
    API_WORD_SIZE = 33,     /* codes and reasons: lower case words */
    API_PHONE_SIZE = 33,
    API_DECIMAL_SIZE = 24, /* "-1234567.89": decimal text, never a float */
    API_DAY_SIZE = 11,     /* "2026-11-20" */
    API_QR_SIZE = 1025,    /* above the longest code either wallet gives out */
    API_FIELD_SIZE = 65,
    API_AMOUNTS_MAX = 8, /* amount tiles */
    API_USAGE_DAYS_MAX = 31,
    API_ORDERS_MAX = 16, /* of one terminal in ten minutes: more is a fault */
    API_ROOMS_PAGE_MAX = 240,
    API_TEXT_SIZE_MAX = 65536, /* longest message */
};

/* A wallet. */
enum api_channel { API_CHANNEL_ALIPAY, API_CHANNEL_WECHAT, API_CHANNEL_COUNT };

/* What a meter counts. */
enum api_service { API_SERVICE_ELECTRICITY, API_SERVICE_WATER, API_SERVICE_COUNT };

/* The supply's switch. Only order views know "closing". */
enum api_relay {
    API_RELAY_UNKNOWN,
    API_RELAY_CLOSED, /* supply is on */
    API_RELAY_OPEN,   /* cut off */
    API_RELAY_CLOSING,
    API_RELAY_COUNT
};

/* Where the balance lives. */
enum api_balance_in { API_BALANCE_IN_CLOUD, API_BALANCE_IN_METER, API_BALANCE_IN_COUNT };

const char *api_channel_name(enum api_channel channel);
MUST_CHECK bool api_channel_parse(const char *name, enum api_channel *ret_channel);
const char *api_service_name(enum api_service service);
MUST_CHECK bool api_service_parse(const char *name, enum api_service *ret_service);
const char *api_relay_name(enum api_relay relay);
MUST_CHECK bool api_relay_parse(const char *name, enum api_relay *ret_relay);
const char *api_balance_in_name(enum api_balance_in balance_in);
MUST_CHECK bool api_balance_in_parse(const char *name, enum api_balance_in *ret_balance_in);

/** True if @p id is 1..32 of [A-Za-z0-9._-]. */
MUST_CHECK bool api_id_is_valid(const char *id);

/** True if @p order_no is 6..32 of [A-Za-z0-9_]. */
MUST_CHECK bool api_order_no_is_valid(const char *order_no);

/** True if @p text is a decimal number: -?digits(.digits)? */
MUST_CHECK bool api_decimal_is_valid(const char *text);

/* Why a message was refused: the member that is missing or wrong; "(body)" for no JSON object. */
struct api_fault {
    char field[API_FIELD_SIZE];
};

#endif
