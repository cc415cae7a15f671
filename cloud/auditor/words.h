/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_WORDS_H
#define SHILLING_CLOUD_AUDITOR_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * What a wallet said, from the very bytes that it sent (pay_inbox.body): signed answers to
 * queries, refunds and refund queries, and notices. The signature is not checked again.
 */
enum words_said {
    WORDS_OTHER,      /* nothing about money that moved */
    WORDS_PAID,       /* .order_no, .trade_no, .fen */
    WORDS_REFUNDED,   /* .refund_fen, if it is stated */
    WORDS_SEALED,     /* WeChat's notice, and the key is not there or does not fit */
    WORDS_UNREADABLE, /* not what such a message looks like */
    WORDS_SAID_COUNT
};

enum { WORDS_NUMBER_SIZE = 65, WORDS_KEY_SIZE = 32 };

struct words {
    enum words_said said;
    char order_no[WORDS_NUMBER_SIZE]; /* "" if not stated */
    char trade_no[WORDS_NUMBER_SIZE];
    char refund_no[WORDS_NUMBER_SIZE];
    char merchant[WORDS_NUMBER_SIZE]; /* app_id or mchid; "" if not stated */
    int64_t fen;                      /* -1: not stated, or not as an amount */
    int64_t refund_fen;               /* -1 likewise */
};

/* A stored message. */
struct words_message {
    const char *channel; /* "alipay", "wechat" */
    const char *source;  /* "query", "notify", "refund", "refund_query", ... */
    const uint8_t *body; /* borrowed */
    size_t size;
    const uint8_t *key; /* WeChat's API v3 key, WORDS_KEY_SIZE bytes; NULL: not known */
};

/** Read it. */
void words_read(const struct words_message *message, struct words *ret_words);

#endif
