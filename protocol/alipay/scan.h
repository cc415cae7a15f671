/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ALIPAY_SCAN_H
#define SHILLING_PROTOCOL_ALIPAY_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"

/*
 * Finding the members of a JSON object without losing sight of its bytes. Alipay signs the bytes
 * of one member exactly as they stand in the answer; a parser that gives values back cannot say
 * what they were, so the text is only measured here: where a member's value begins and ends.
 *
 * Some answers are GBK although UTF-8 was asked for. The second byte of a GBK character may be a
 * backslash (0x5C), so a text that is not well-formed UTF-8 is read as GBK inside strings.
 */
struct alipay_slice {
    const char *at; /* borrowed from the scanned text; not NUL-terminated */
    size_t size;
};

/* A member: the name without its quotes, the value with everything from its first byte on. */
struct alipay_member {
    struct alipay_slice name;
    struct alipay_slice value;
};

struct alipay_scan {
    struct alipay_slice text;
    size_t at;
    size_t member_count;
    bool gbk;
    bool failed;
};

enum {
    ALIPAY_SCAN_DEPTH_MAX = 32,    /* real answers nest 4 deep */
    ALIPAY_SCAN_MEMBERS_MAX = 256, /* in one object; real answers have about 40 */
};

/** Begin with the object that @p text must be: nothing before '{', nothing after '}'. */
struct alipay_scan alipay_scan_begin(struct alipay_slice text);

/**
 * The next member; false at the object's end and on any error: ask alipay_scan_ok() which.
 * A name with an escape in it is an error: none of Alipay's has one, and two spellings of one name
 * would be two members here and one elsewhere.
 */
MUST_CHECK bool alipay_scan_next(struct alipay_scan *scan, struct alipay_member *ret_member);

/** True if the object ended properly and as the last thing of the text. */
MUST_CHECK bool alipay_scan_ok(const struct alipay_scan *scan);

bool alipay_slice_equal(struct alipay_slice slice, const char *text);

/**
 * The value of member @p name of the object @p text; false if the object is malformed, or the
 * member is absent or there twice.
 */
MUST_CHECK bool alipay_scan_find(struct alipay_slice text, const char *name,
                                 struct alipay_slice *ret_value);

/**
 * The text of a string value, unescaped. Only escapes of ASCII characters are known; other bytes
 * are copied as they are, in whatever encoding. False if it is no string or does not fit;
 * @p ret_text is then "".
 */
MUST_CHECK bool alipay_scan_text(struct alipay_slice value, char *ret_text, size_t text_size);

#endif
