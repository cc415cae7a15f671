/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a loop over the text that knows at each level whether it is in an object or an array, and
 * what may come next. No value is converted; a number is checked by whoever wants it.
 */
#include "cloud/auditor/scan.h"

#include <string.h>

#include "common/str.h"

enum expect { EXPECT_NAME_OR_END, EXPECT_NAME, EXPECT_VALUE_OR_END, EXPECT_VALUE, EXPECT_NEXT };

struct scanner {
    const char *text;
    size_t size;
    size_t at;
    enum expect expect;
    bool in_array[SCAN_DEPTH_MAX + 1];
    size_t level; /* open objects and arrays */
    struct scan_member member;
    void (*each)(void *self, const struct scan_member *member);
    void *self;
};

static void skip_blanks(struct scanner *s)
{
    while (s->at < s->size && (s->text[s->at] == ' ' || s->text[s->at] == '\t' ||
                               s->text[s->at] == '\n' || s->text[s->at] == '\r')) {
        s->at += 1;
    }
}

/* A text from its opening quote on; the view is what stands between the quotes. */
static bool take_text(struct scanner *s, struct scan_view *ret_view)
{
    const size_t begin = s->at + 1;
    if (s->at >= s->size || s->text[s->at] != '"') {
        return false;
    }
    for (s->at = begin; s->at < s->size; s->at++) {
        const char c = s->text[s->at];
        if (c == '"') {
            *ret_view = (struct scan_view){s->text + begin, s->at - begin};
            s->at += 1;
            return true;
        }
        if (c == '\\') {
            s->at += 1;
        } else if (c >= 0 && c < 0x20) {
            return false;
        }
    }
    return false;
}

static void give(struct scanner *s, enum scan_type type, struct scan_view value)
{
    s->member.type = type;
    s->member.value = value;
    s->member.depth = s->level;
    s->each(s->self, &s->member);
    s->expect = EXPECT_NEXT;
}

static bool take_word(struct scanner *s)
{
    static const struct {
        const char *word;
        enum scan_type type;
    } WORDS[] = {{"true", SCAN_TRUE}, {"false", SCAN_FALSE}, {"null", SCAN_NULL}};
    for (size_t i = 0; i < ARRAY_COUNT(WORDS); i++) {
        const size_t size = strlen(WORDS[i].word);
        if (s->size - s->at >= size && memcmp(s->text + s->at, WORDS[i].word, size) == 0) {
            give(s, WORDS[i].type, (struct scan_view){s->text + s->at, size});
            s->at += size;
            return true;
        }
    }
    return false;
}

static bool take_number(struct scanner *s)
{
    const size_t begin = s->at;
    while (s->at < s->size && s->text[s->at] != '\0' &&
           strchr("+-.0123456789eE", s->text[s->at]) != NULL) {
        s->at += 1;
    }
    if (s->at == begin) {
        return false;
    }
    give(s, SCAN_NUMBER, (struct scan_view){s->text + begin, s->at - begin});
    return true;
}

static bool enter(struct scanner *s, bool array)
{
    if (s->level == SCAN_DEPTH_MAX) {
        return false;
    }
    s->level += 1;
    s->in_array[s->level] = array;
    s->member.names[s->level - 1] = (struct scan_view){"", 0};
    s->expect = array ? EXPECT_VALUE_OR_END : EXPECT_NAME_OR_END;
    s->at += 1;
    return true;
}

static bool leave(struct scanner *s, bool array)
{
    if (s->level == 0 || s->in_array[s->level] != array) {
        return false;
    }
    s->level -= 1;
    s->expect = EXPECT_NEXT;
    s->at += 1;
    return true;
}

static bool take_name(struct scanner *s)
{
    if (!take_text(s, &s->member.names[s->level - 1])) {
        return false;
    }
    skip_blanks(s);
    if (s->at >= s->size || s->text[s->at] != ':') {
        return false;
    }
    s->at += 1;
    s->expect = EXPECT_VALUE;
    return true;
}

static bool take_value(struct scanner *s)
{
    struct scan_view text;
    const char c = s->text[s->at];
    if (c == '{' || c == '[') {
        return enter(s, c == '[');
    }
    if (c == '"') {
        if (!take_text(s, &text)) {
            return false;
        }
        give(s, SCAN_TEXT, text);
        return true;
    }
    return take_word(s) || take_number(s);
}

static bool take_next(struct scanner *s)
{
    const char c = s->text[s->at];
    if (c == '}' || c == ']') {
        return leave(s, c == ']');
    }
    if (c != ',') {
        return false;
    }
    s->at += 1;
    s->expect = s->in_array[s->level] ? EXPECT_VALUE : EXPECT_NAME;
    return true;
}

static bool take_one(struct scanner *s)
{
    const char c = s->text[s->at];
    switch (s->expect) {
    case EXPECT_NAME_OR_END:
        return c == '}' ? leave(s, /* array= */ false) : take_name(s);
    case EXPECT_NAME:
        return take_name(s);
    case EXPECT_VALUE_OR_END:
        return c == ']' ? leave(s, /* array= */ true) : take_value(s);
    case EXPECT_VALUE:
        return take_value(s);
    case EXPECT_NEXT:
        return take_next(s);
    }
    return false;
}

bool scan_object(const char *text, size_t size,
                 void (*each)(void *self, const struct scan_member *member), void *self)
{
    struct scanner s = {.text = text, .size = size, .each = each, .self = self};
    skip_blanks(&s);
    if (s.at >= s.size || s.text[s.at] != '{' || !enter(&s, /* array= */ false)) {
        return false;
    }
    while (s.level > 0) {
        skip_blanks(&s);
        if (s.at >= s.size || !take_one(&s)) {
            return false;
        }
    }
    skip_blanks(&s);
    return s.at == s.size;
}

bool scan_is(struct scan_view view, const char *text)
{
    return view.size == strlen(text) && memcmp(view.at, text, view.size) == 0;
}

struct scan_view scan_name(const struct scan_member *member)
{
    return member->names[member->depth - 1];
}

bool scan_int(const struct scan_member *member, int64_t *ret_value)
{
    const struct scan_view view = member->value;
    const bool minus = view.size > 0 && view.at[0] == '-';
    int64_t value = 0;
    if (member->type != SCAN_NUMBER || view.size > 18 || view.size == (minus ? 1U : 0U)) {
        return false;
    }
    for (size_t i = minus ? 1 : 0; i < view.size; i++) {
        if (view.at[i] < '0' || view.at[i] > '9') {
            return false;
        }
        value = value * 10 + (view.at[i] - '0');
    }
    *ret_value = minus ? -value : value;
    return true;
}

void scan_copy(const struct scan_member *member, char *ret_text, size_t size)
{
    const size_t len = member->type != SCAN_TEXT       ? 0
                       : member->value.size < size - 1 ? member->value.size
                                                       : size - 1;
    memcpy(ret_text, member->value.at, len);
    ret_text[len] = '\0';
}
