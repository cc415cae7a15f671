/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_BENCH_AUDITWORLD_H
#define SHILLING_TESTS_BENCH_AUDITWORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The tables, bills, journal and records of auditload.c, row by row. Any failure ends it. */
enum { WORLD_ORDERS_MAX = 10000000 };

enum kind { KIND_CLOUD, KIND_COUNT, KIND_ORDER, KIND_COUNT_OF };

/* One order in the making. */
struct subject {
    size_t index;
    size_t meter;
    enum kind kind;
    int64_t fen;
    int64_t asked_fen; /* 0: the same */
    int64_t created_at;
    int64_t paid_at;
    char order_no[32];
    char trade_no[40];
    char refund_no[40];
    char meter_id[16];
    const char *channel;
};

struct event {
    const char *event;
    int64_t fen;
    const char *trade_no;
    const char *from;
    const char *to;
    int64_t word; /* 0: none */
    int64_t at;
};

struct legs {
    const char *debit;
    const char *debit_subject;
    const char *credit;
    const char *credit_subject;
    int64_t fen;
};

struct ending {
    const char *state;
    bool paid;
    bool started;
    bool refunded;
};

enum delivery_end { DELIVERY_DONE, DELIVERY_FENCED, DELIVERY_UNKNOWN };

struct world;

/** Make the files in @p folder, which must be empty. */
struct world *world_create(const char *folder, size_t orders);

/** Write the totals, pack the bills, write the meters' records; frees @p world. */
void world_finish(struct world *world);

/** The order of that place in time. */
void world_subject(struct world *world, size_t index, struct subject *ret_subject);

/** Another trade number for it. */
void world_trade_no(struct world *world, struct subject *subject);

/** The row of the order as it ended. */
void world_order(struct world *world, const struct subject *s, struct ending ending);

/** What the wallet said: "qr", "paid", "refunded". @return its number in the inbox */
int64_t world_word(struct world *world, const struct subject *s, const char *what, int64_t at);

void world_event(struct world *world, const struct subject *s, struct event event);
void world_post(struct world *world, const char *document_no, const char *step, int64_t at,
                struct legs legs);
void world_bill(struct world *world, const struct subject *s, bool refund, int64_t at);
void world_refund(struct world *world, const struct subject *s, int64_t at);
void world_reserve(struct world *world, const struct subject *s, const char *state);
void world_paper(struct world *world, const struct subject *s, int64_t at);

/** The delivery with its events, the command, the journal and the meter's own record. */
void world_deliver(struct world *world, const struct subject *s, enum delivery_end end);

/** A review item, open, or closed by @p decision of two persons. */
void world_item(struct world *world, const char *document_no, const char *document, int64_t at,
                const char *decision);

/** A stray payment found by @p word; paid back unless @p open. */
void world_stray(struct world *world, const struct subject *s, int64_t word, bool open);

#endif
