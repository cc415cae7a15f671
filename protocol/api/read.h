/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_READ_H
#define SHILLING_PROTOCOL_API_READ_H

#include "common/err.h"
#include "protocol/api/value.h"

/* POST /v1/terminal/meters/{meter_id}/reads?wait_s=8: the balance, now. */

#define API_READ_METER_SILENT "meter_silent"
#define API_READ_COLLECTOR_OFFLINE "collector_offline"
#define API_READ_BUSY "busy"

enum { API_READ_AGE_S_MAX = 86400, API_READ_WAIT_S_MAX = 25 };

struct api_read_request {
    int64_t max_age_s; /* a stored value at most this old will do; 0: ask the meter */
};

struct api_read_answer {
    bool is_live;    /* "source": live or stored */
    bool has_values; /* false: the meter never answered since it was installed; all are null */
    int64_t balance_fen;
    char energy[API_DECIMAL_SIZE];
    char energy_unit[API_WORD_SIZE];
    char voltage[API_DECIMAL_SIZE]; /* V; empty: not read (null) */
    char current[API_DECIMAL_SIZE]; /* A */
    char power[API_DECIMAL_SIZE];   /* kW */
    enum api_relay relay;
    int64_t read_at; /* wall seconds */
    int64_t age_s;
    int64_t took_ms;
    char reason[API_WORD_SIZE]; /* why it is not live; empty (null) when it is */
};

MUST_CHECK enum err api_read_request_encode(const struct api_read_request *request, char *ret_text,
                                            size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_read_request_decode(const char *text, size_t size,
                                            struct api_read_request *ret_request,
                                            struct api_fault *ret_fault);
MUST_CHECK enum err api_read_answer_encode(const struct api_read_answer *answer, char *ret_text,
                                           size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_read_answer_decode(const char *text, size_t size,
                                           struct api_read_answer *ret_answer,
                                           struct api_fault *ret_fault);

#endif
