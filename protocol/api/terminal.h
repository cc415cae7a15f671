/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_TERMINAL_H
#define SHILLING_PROTOCOL_API_TERMINAL_H

#include "common/err.h"
#include "protocol/api/value.h"
#include "protocol/cardlink/count.h"

/* GET /v1/terminal/profile and POST /v1/terminal/heartbeat. */

enum { API_LANGUAGES_MAX = 8, API_LANGUAGE_SIZE = 12 };

struct api_profile {
    char terminal_id[API_ID_SIZE];
    char name[API_NAME_SIZE];
    char company[API_NAME_SIZE];
    char site_id[API_ID_SIZE];
    char site_name[API_NAME_SIZE];
    char service_phone[API_PHONE_SIZE];
    char languages[API_LANGUAGES_MAX][API_LANGUAGE_SIZE]; /* "zh-CN", "en" */
    size_t language_count;
    int64_t amounts_fen[API_AMOUNTS_MAX];
    size_t amount_count;
    int64_t amount_min_fen;
    int64_t amount_max_fen;
    enum api_channel wallets[API_CHANNEL_COUNT];
    size_t wallet_count;
    bool receipt_auto;
    char notice[API_TEXT_SIZE]; /* empty: none */
    int64_t server_time;        /* wall seconds */
    bool payments_open;
    char payments_reason[API_WORD_SIZE]; /* why they are closed; empty when open */
};

#define API_COUNT_MAX INT64_C(9007199254740991) /* every reader of JSON keeps it exactly */

/* What a terminal's card driver counts, since that driver was started, and its reader's chip. */
struct api_reader_counts {
    bool told;                       /* false: the rest is 0 */
    char chip[CARDLINK_CHIP_SIZE];   /* "PN532 v1.6": printable ASCII; empty: not known */
    int64_t counts[CARDLINK_COUNTS]; /* 0..API_COUNT_MAX; -1: the terminal knows of none */
};

struct api_heartbeat {
    int64_t uptime_s;
    char version[API_WORD_SIZE];
    char screen[API_WORD_SIZE];        /* name of the screen shown */
    char printer_state[API_WORD_SIZE]; /* printd's word, or "" */
    char reader_state[API_WORD_SIZE];  /* of the card reader: none, ready, error; or "" */
    struct api_reader_counts reader;
    char open_order_no[API_ORDER_NO_SIZE]; /* empty: none */
};

struct api_heartbeat_answer {
    int64_t server_time;
    bool payments_open;
    char payments_reason[API_WORD_SIZE];
    char profile_version[API_WORD_SIZE]; /* fetch the profile again when it changes */
};

/* Each _encode writes JSON and its size: ERR_FULL if it does not fit, ERR_MEMORY. Each _decode
 * returns ERR_FORMAT with ret_fault naming the first member that is missing or wrong. */
MUST_CHECK enum err api_profile_encode(const struct api_profile *profile, char *ret_text,
                                       size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_profile_decode(const char *text, size_t size,
                                       struct api_profile *ret_profile,
                                       struct api_fault *ret_fault);
MUST_CHECK enum err api_heartbeat_encode(const struct api_heartbeat *heartbeat, char *ret_text,
                                         size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_heartbeat_decode(const char *text, size_t size,
                                         struct api_heartbeat *ret_heartbeat,
                                         struct api_fault *ret_fault);
MUST_CHECK enum err api_heartbeat_answer_encode(const struct api_heartbeat_answer *answer,
                                                char *ret_text, size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_heartbeat_answer_decode(const char *text, size_t size,
                                                struct api_heartbeat_answer *ret_answer,
                                                struct api_fault *ret_fault);

#endif
