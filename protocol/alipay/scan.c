/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/alipay/scan.h"

#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"

struct alipay_scan alipay_scan_begin(struct alipay_slice text)
{
    return (struct alipay_scan){.text = text, .gbk = !str_is_utf8(text.at, text.size)};
}

bool alipay_slice_equal(struct alipay_slice slice, const char *text)
{
    return slice.size == strlen(text) && memcmp(slice.at, text, slice.size) == 0;
}

bool alipay_scan_ok(const struct alipay_scan *scan)
{
    return !scan->failed && scan->at == scan->text.size && scan->at > 0;
}

static bool at_end(const struct alipay_scan *scan)
{
    return scan->at >= scan->text.size;
}

static char here(const struct alipay_scan *scan)
{
    if (at_end(scan)) {
        return '\0';
    }
    return scan->text.at[scan->at];
}

static void skip_blanks(struct alipay_scan *scan)
{
    while (!at_end(scan) && strchr(" \t\r\n", here(scan)) != NULL && here(scan) != '\0') {
        scan->at += 1;
    }
}

static bool take(struct alipay_scan *scan, char c)
{
    if (here(scan) != c) {
        return false;
    }
    scan->at += 1;
    return true;
}

/* From an opening quote to the closing one. The slice is what stands between them. */
static bool take_string(struct alipay_scan *scan, struct alipay_slice *ret_inside)
{
    if (!take(scan, '"')) {
        return false;
    }
    size_t start = scan->at;
    while (!at_end(scan)) {
        uint8_t byte = (uint8_t)here(scan);
        if (byte == '"') {
            *ret_inside = (struct alipay_slice){scan->text.at + start, scan->at - start};
            scan->at += 1;
            return true;
        }
        if (byte < 0x20) {
            return false;
        }
        bool pair = byte == '\\' || (scan->gbk && byte >= 0x81 && byte <= 0xFE);
        scan->at += pair ? 2 : 1;
    }
    return false;
}

static bool take_word(struct alipay_scan *scan)
{
    size_t start = scan->at;
    while (!at_end(scan) &&
           strchr("+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                  here(scan)) != NULL &&
           here(scan) != '\0') {
        scan->at += 1;
    }
    return scan->at > start;
}

/* The open brackets: bit n of @p kinds says whether level n is an object. */
struct levels {
    uint32_t kinds;
    unsigned depth;
};

/* One byte outside of strings. False if it nests too deep or closes what it did not open. */
static bool take_bracket(struct levels *levels, char c)
{
    if (c == '{' || c == '[') {
        uint32_t bit = (uint32_t)(UINT64_C(1) << levels->depth); /* depth is at most 32 here */
        if (levels->depth == ALIPAY_SCAN_DEPTH_MAX) {
            return false;
        }
        levels->kinds = c == '{' ? levels->kinds | bit : levels->kinds & ~bit;
        levels->depth += 1;
    } else if (c == '}' || c == ']') {
        MUST(levels->depth > 0);
        levels->depth -= 1;
        return (levels->kinds >> levels->depth & 1U) == (uint32_t)(c == '}');
    }
    return true;
}

/* An object or array with all that is in it. Brackets must pair by kind; what else stands between
 * strings and brackets is not looked at. */
static bool take_nested(struct alipay_scan *scan)
{
    struct levels levels = {0};
    do {
        struct alipay_slice ignored;
        if (at_end(scan)) {
            return false;
        }
        if (here(scan) == '"') {
            if (!take_string(scan, &ignored)) {
                return false;
            }
        } else {
            if (!take_bracket(&levels, here(scan))) {
                return false;
            }
            scan->at += 1;
        }
    } while (levels.depth > 0);
    return true;
}

static bool take_value(struct alipay_scan *scan, struct alipay_slice *ret_value)
{
    size_t start = scan->at;
    struct alipay_slice ignored;
    char c = here(scan);
    bool ok = false;
    if (c == '"') {
        ok = take_string(scan, &ignored);
    } else if (c == '{' || c == '[') {
        ok = take_nested(scan);
    } else {
        ok = take_word(scan);
    }
    *ret_value = (struct alipay_slice){scan->text.at + start, scan->at - start};
    return ok;
}

/* What stands before a member: '{' or ','. Sets @p ret_end where the object ends instead. */
static bool take_separator(struct alipay_scan *scan, bool *ret_end)
{
    bool first = scan->member_count == 0;
    if (first && !take(scan, '{')) {
        return false;
    }
    skip_blanks(scan);
    if (here(scan) == '}') {
        scan->at += 1;
        *ret_end = true;
        return true;
    }
    if (!first) {
        if (!take(scan, ',')) {
            return false;
        }
        skip_blanks(scan);
    }
    *ret_end = false;
    return true;
}

static bool take_member(struct alipay_scan *scan, struct alipay_member *ret_member)
{
    if (!take_string(scan, &ret_member->name)) {
        return false;
    }
    skip_blanks(scan);
    if (!take(scan, ':')) {
        return false;
    }
    skip_blanks(scan);
    return take_value(scan, &ret_member->value) &&
           (ret_member->name.size == 0 ||
            memchr(ret_member->name.at, '\\', ret_member->name.size) == NULL);
}

bool alipay_scan_next(struct alipay_scan *scan, struct alipay_member *ret_member)
{
    bool end = false;
    struct alipay_member member = {0};
    if (scan->failed) {
        return false;
    }
    if (!take_separator(scan, &end)) {
        scan->failed = true;
        return false;
    }
    if (end) {
        return false;
    }
    if (scan->member_count == ALIPAY_SCAN_MEMBERS_MAX || !take_member(scan, &member)) {
        scan->failed = true;
        return false;
    }
    scan->member_count += 1;
    *ret_member = member;
    return true;
}

bool alipay_scan_find(struct alipay_slice text, const char *name, struct alipay_slice *ret_value)
{
    struct alipay_scan scan = alipay_scan_begin(text);
    struct alipay_member member;
    struct alipay_slice value = {0};
    size_t count = 0;
    while (alipay_scan_next(&scan, &member)) {
        if (alipay_slice_equal(member.name, name)) {
            value = member.value;
            count += 1;
        }
    }
    if (!alipay_scan_ok(&scan) || count != 1) {
        return false;
    }
    *ret_value = value;
    return true;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character behind a backslash at @p at; 0 if it is none that we know. */
static char unescape(struct alipay_slice inside, size_t at, size_t *ret_used)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = '\0';
    if (at < inside.size) {
        c = inside.at[at];
    }
    const char *found = c != '\0' ? strchr(letters, c) : NULL;
    if (found != NULL) {
        *ret_used = 1;
        return meanings[found - letters];
    }
    if (c != 'u' || inside.size - at < 5 || inside.at[at + 1] != '0' || inside.at[at + 2] != '0') {
        return '\0';
    }
    int high = hex_of(inside.at[at + 3]);
    int low = hex_of(inside.at[at + 4]);
    if (high < 0 || high > 7 || low < 0) {
        return '\0';
    }
    *ret_used = 5;
    return (char)(high * 16 + low);
}

bool alipay_scan_text(struct alipay_slice value, char *ret_text, size_t text_size)
{
    MUST(text_size >= 1);
    struct strbuf text;
    strbuf_init(&text, ret_text, text_size);
    bool ok = value.size >= 2 && value.at[0] == '"' && value.at[value.size - 1] == '"';
    struct alipay_slice inside = {0};
    if (ok) {
        inside = (struct alipay_slice){value.at + 1, value.size - 2};
    }
    size_t at = 0;
    while (ok && at < inside.size) {
        char c = inside.at[at];
        at += 1;
        if (c == '\\') {
            size_t used = 0;
            c = unescape(inside, at, &used);
            at += used;
        }
        ok = c != '\0';
        strbuf_add_char(&text, c);
    }
    if (!ok || text.failed) {
        ret_text[0] = '\0';
        return false;
    }
    return true;
}
