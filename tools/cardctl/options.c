/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/options.h"

#include <stddef.h>

#include "common/parse.h"
#include "common/str.h"

enum { WAIT_S = 15 };

/* Where the value of option @p name goes; NULL: no such option. */
static const char **place_of(struct options *options, const char *name)
{
    if (str_equal(name, "--reader")) {
        return &options->reader;
    }
    if (str_equal(name, "--lock")) {
        return &options->lock;
    }
    if (str_equal(name, "--person")) {
        return &options->person;
    }
    return str_equal(name, "--cloud") ? &options->cloud : NULL;
}

/* An option with a value. */
static bool take_value(struct options *options, const char *name, const char *value)
{
    if (str_equal(name, "--wait")) {
        return parse_u32(value, OPTIONS_WAIT_S_MAX, &options->wait_s);
    }
    const char **place = place_of(options, name);
    if (place == NULL || value[0] == '\0') {
        return false;
    }
    *place = value;
    return true;
}

bool options_take(const char *const *words, int word_count, struct options *ret_options,
                  int *ret_first)
{
    struct options options = {.reader = "pn532_uart:/dev/shilling-reader",
                              .lock = "/run/lock/shilling-reader.lock",
                              .wait_s = WAIT_S};
    int at = 0;
    while (at < word_count && str_starts_with(words[at], "--")) {
        if (str_equal(words[at], "--json")) {
            options.json = true;
            at += 1;
        } else if (at + 1 < word_count && take_value(&options, words[at], words[at + 1])) {
            at += 2;
        } else {
            return false;
        }
    }
    if (at >= word_count) {
        return false;
    }
    *ret_options = options;
    *ret_first = at;
    return true;
}
