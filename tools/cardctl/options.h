/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_OPTIONS_H
#define SHILLING_TOOLS_CARDCTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

struct person;

/* What stands before the command's own words. All texts are borrowed from the arguments. */
struct options {
    const char *reader;          /* libnfc's name of the device */
    const char *lock;            /* held while the reader is open; the same file as cardd's */
    const char *cloud;           /* the server's admin socket; NULL: none was given */
    const char *person;          /* who signs; NULL: nobody was named */
    const struct person *signer; /* he with his password, once he was asked; borrowed */
    uint32_t wait_s;             /* for a card to be laid */
    bool json;
};

enum { OPTIONS_WAIT_S_MAX = 3600 };

/**
 * Take the options from the front of @p words.
 *
 * @param words      the program's arguments, without its name
 * @param ret_first  index in @p words of the command
 * @return false: wrong usage
 */
MUST_CHECK bool options_take(const char *const *words, int word_count, struct options *ret_options,
                             int *ret_first);

#endif
