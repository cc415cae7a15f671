/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_JSON_JSON_H
#define SHILLING_COMMON_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "common/compiler.h"
#include "common/money.h"

/*
 * jansson with our rules on top: texts are bounded, numbers are integers in a range, a member
 * that is missing or wrong is named. A reader collects the first error, so that a message is read
 * in one go and checked once:
 *
 *     struct json_reader r = json_reader(root);
 *     json_text(&r, "order_no", no, sizeof(no));
 *     amount = json_int(&r, "amount_fen", 1, 1000000);
 *     if (json_failed(&r)) return bad_request(json_field(&r));
 */
enum { JSON_SIZE_MAX = 64 * 1024 /* the body limit of every message of ours */ };

struct json_reader {
    const json_t *object; /* borrowed */
    const char *field;    /* the first member that was missing or wrong; NULL: none so far */
};

/**
 * Parse one JSON object of at most @p size_max bytes: duplicate members, NUL characters and
 * trailing bytes are refused, nesting is bounded by jansson (2048).
 *
 * @return a new reference (json_decref), or NULL
 */
MUST_CHECK json_t *json_parse_object(const char *text, size_t size, size_t size_max);

/** Begin reading @p object; anything that is not an object makes every read fail. */
struct json_reader json_reader(const json_t *object);

/** A required text of at most @p size - 1 bytes. */
void json_text(struct json_reader *r, const char *name, char *ret_text, size_t size);
/** As json_text(), but absent or null gives "". */
void json_text_or_empty(struct json_reader *r, const char *name, char *ret_text, size_t size);
/** A required integer in min..max (returned 0 on error). Reals are refused. */
int64_t json_int(struct json_reader *r, const char *name, int64_t min, int64_t max);
/** As json_int(), but absent or null gives @p fallback. */
int64_t json_int_or(struct json_reader *r, const char *name, int64_t min, int64_t max,
                    int64_t fallback);
/** Required true or false. */
bool json_flag(struct json_reader *r, const char *name);
bool json_flag_or(struct json_reader *r, const char *name, bool fallback);
/** A required object or array, borrowed from the message; NULL on error. */
const json_t *json_object_at(struct json_reader *r, const char *name);
const json_t *json_array_at(struct json_reader *r, const char *name);
/** True if the member is there and not null. */
bool json_has(const struct json_reader *r, const char *name);
/** Mark @p name as wrong by a rule of the caller's. */
void json_refuse(struct json_reader *r, const char *name);

static inline bool json_failed(const struct json_reader *r)
{
    return r->field != NULL;
}

/** Name of the first wrong member; "" if none. */
static inline const char *json_field(const struct json_reader *r)
{
    return r->field != NULL ? r->field : "";
}

/**
 * Print compactly, without a line end, into @p ret_text. False if it does not fit.
 */
MUST_CHECK bool json_print(const json_t *json, char *ret_text, size_t size);

/** Set a member; a NULL text becomes null. They abort on lack of memory only. */
void json_put_text(json_t *object, const char *name, const char *text);
void json_put_int(json_t *object, const char *name, int64_t value);
void json_put_flag(json_t *object, const char *name, bool value);
void json_put_null(json_t *object, const char *name);
/** Takes over @p value (@own). */
void json_put(json_t *object, const char *name, json_t *value);

#endif
