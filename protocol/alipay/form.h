/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ALIPAY_FORM_H
#define SHILLING_PROTOCOL_ALIPAY_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"

/*
 * Name and value pairs as Alipay signs them: decoded exactly once, sorted by the bytes of their
 * names, joined as name=value&name=value with the raw values, in whatever encoding they came.
 */
enum {
    ALIPAY_FORM_SIZE_MAX = 64 * 1024, /* a notify has about 2,000 bytes; the cloud's body limit */
    ALIPAY_PARAMS_MAX = 96,           /* a notify has about 30 */
};

struct alipay_param {
    const char *name; /* both point into the form's text and end in NUL there */
    size_t name_size;
    const char *value;
    size_t value_size; /* counts: a value may hold NULs of its own */
};

/* About 130 kB: static or on the heap, not on a stack. */
struct alipay_form {
    size_t count;
    size_t text_size;
    struct alipay_param params[ALIPAY_PARAMS_MAX];
    char text[ALIPAY_FORM_SIZE_MAX + 2 * ALIPAY_PARAMS_MAX];
};

/** Make it empty; must precede everything else. */
void alipay_form_init(struct alipay_form *form);

/**
 * Add the pairs of a query or body: split at '&' and the first '=', '+' is a blank, %XX a byte.
 *
 * @return ERR_FORMAT a bad escape, a pair without '=', a name that is empty or holds a NUL;
 * ERR_EXISTS a name for the second time; ERR_FULL. The form is then not to be used.
 */
MUST_CHECK enum err alipay_form_parse(struct alipay_form *form, const char *text, size_t size);

/** Add one pair of finished text. ERR_EXISTS, ERR_FULL. */
MUST_CHECK enum err alipay_form_put(struct alipay_form *form, const char *name, const char *value);

/** The pair of that name, or NULL. */
const struct alipay_param *alipay_form_get(const struct alipay_form *form, const char *name);

/** The value of that name as text: "" if absent, too long or with a NUL in it (then false). */
bool alipay_form_text(const struct alipay_form *form, const char *name, char *ret_text,
                      size_t text_size);

/* Which pairs stay out of the signed text. `sign` always does. */
enum alipay_form_without {
    ALIPAY_WITHOUT_EMPTY = 1U << 0U,     /* pairs with an empty value */
    ALIPAY_WITHOUT_SIGN_TYPE = 1U << 1U, /* notifies only */
    ALIPAY_WITHOUT_CERT_SN = 1U << 2U,   /* alipay_cert_sn */
};

/** Add the text to be signed to @p out; @p without is a set of enum alipay_form_without. */
void alipay_form_signed_text(const struct alipay_form *form, unsigned without, struct strbuf *out);

/** Add name=value for the wire, both percent-encoded (RFC 3986), with '&' if @p out has text. */
void alipay_form_encode(const struct alipay_param *param, struct strbuf *out);

#endif
