/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text/text.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <iconv.h>

#include "common/must.h"

static enum err convert(iconv_t conversion, char *in, size_t in_size, char *ret_text,
                        size_t text_size)
{
    char *out = ret_text;
    size_t room = text_size - 1;
    size_t converted = iconv(conversion, &in, &in_size, &out, &room);
    if (converted == (size_t)-1) {
        return errno == E2BIG ? ERR_FULL : ERR_FORMAT;
    }
    /* iconv counts what it replaced by something similar; we want the same text or none. */
    if (converted != 0 || in_size != 0) {
        return ERR_FORMAT;
    }
    *out = '\0';
    return OK;
}

static enum err convert_between(const char *to, const char *from, const char *bytes, size_t size,
                                char *ret_text, size_t text_size)
{
    MUST(text_size >= 1);
    ret_text[0] = '\0';
    if (size > 0 && memchr(bytes, '\0', size) != NULL) {
        return ERR_FORMAT;
    }
    iconv_t conversion = iconv_open(to, from);
    /* The invalid descriptor is (iconv_t)-1; comparing as integers avoids the cast warning. */
    if ((intptr_t)conversion == -1) {
        return ERR_UNSUPPORTED;
    }
    union {
        const char *read_only;
        char *as_iconv_wants;
    } in = {.read_only = bytes}; /* iconv's prototype lacks a const; it does not write there */
    enum err err = convert(conversion, in.as_iconv_wants, size, ret_text, text_size);
    if (err != OK) {
        ret_text[0] = '\0';
    }
    (void)iconv_close(conversion);
    return err;
}

enum err text_from_gb18030(const char *bytes, size_t size, char *ret_text, size_t text_size)
{
    return convert_between("UTF-8", "GB18030", bytes, size, ret_text, text_size);
}

enum err text_to_gb18030(const char *utf8, char *ret_bytes, size_t bytes_size)
{
    return convert_between("GB18030", "UTF-8", utf8, strlen(utf8), ret_bytes, bytes_size);
}
