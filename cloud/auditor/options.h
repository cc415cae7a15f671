/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_OPTIONS_H
#define SHILLING_CLOUD_AUDITOR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

enum { OPTIONS_PATH_SIZE = 1024, OPTIONS_WHY_SIZE = 256, OPTIONS_LISTED_DEFAULT = 20 };

/* How much of what was read before is read once more. */
enum { OPTIONS_RECHECK_ALL = -1, OPTIONS_RECHECK_DEFAULT = 16 /* one block in so many */ };

struct options {
    char database[OPTIONS_PATH_SIZE];
    char bills[OPTIONS_PATH_SIZE];      /* folder; "": only those in the database */
    char journals[OPTIONS_PATH_SIZE];   /* folder or file; "": none */
    char meters[OPTIONS_PATH_SIZE];     /* folder of meters' records; "": none */
    char state[OPTIONS_PATH_SIZE];      /* folder; "": remember nothing */
    char wechat_key[OPTIONS_PATH_SIZE]; /* file; "": sealed notices stay sealed */
    char card_key[OPTIONS_PATH_SIZE];   /* file; "": MACs of cards are not checked */
    bool json;
    bool help;
    bool rules;          /* print the table of findings and end */
    int64_t now_s;       /* 0: the machine's clock */
    int64_t recheck;     /* 1 of so many blocks; 0: none; OPTIONS_RECHECK_ALL */
    int64_t listed;      /* findings of one kind that the text lists */
    int64_t block_size;  /* documents a block */
    int64_t card_key_id; /* of the master key of cards, in each record */
};

/** Read the arguments. On failure @p ret_why says which one is wrong. */
MUST_CHECK bool options_read(int argc, const char *const *argv, struct options *ret_options,
                             char ret_why[OPTIONS_WHY_SIZE]);

/** How to call the program, for people. */
const char *options_usage(void);

#endif
