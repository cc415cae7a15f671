/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_NEWS_H
#define SHILLING_CLOUD_ORDERS_NEWS_H

#include <stdint.h>

#include "cloud/http/http.h"
#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * Terminals that wait for an order to change. A thread of its own looks at the order when it was
 * committed in another version, and answers who waits for that, or whose time is over.
 */
struct news;

enum { NEWS_WAITERS_MAX = 16384 /* one a terminal, and terminals are fewer */ };

/**
 * Answers a request with the order as it is now. @p timed_out: also if nothing has changed.
 * @return false: nothing new, go on waiting (the request was not taken)
 */
typedef bool (*news_answer)(void *self, struct http_ticket ticket, const char *order_no,
                            int64_t version, bool timed_out);

MUST_CHECK enum err news_create(news_answer answer, void *self, struct news **ret_news);

/** Begin or go on: a request waits for @p order_no to have another version than @p version. */
MUST_CHECK bool news_wait(struct news *news, struct http_ticket ticket, const char *order_no,
                          int64_t version, int64_t wait_ms);

/** In a writing transaction: after the commit, look at who waits for @p order_no. */
void news_changed(struct news *news, struct db *db, const char *order_no);

/**
 * Answer nobody any more. The writer may go on telling what has changed, until it has ended too.
 * NULL is allowed.
 */
void news_stop(struct news *news);

/** After the writer has ended. NULL is allowed. */
void news_destroy(struct news *news);

#endif
