/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_RIG_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_RIG_H

#include "cloud/orders/orders.h"
#include "cloud/review/review.h"
#include "tests/unit/cloud_orders/double_gateway.h"
#include "tests/unit/cloud_orders/double_http.h"
#include "tests/unit/cloud_orders/double_key.h"
#include "tests/unit/cloud_orders/double_pay.h"

/*
 * The whole money path on a real database with real jobs and threads; only the provider, the
 * collector, the listener and the key service are doubles. Waits are milliseconds. Rooms r1 (cloud
 * balance, relay), r2 (purchase count), r3 (order number), r4 and r5 (card; tests/unit/cloud_cards)
 * of site s1, terminal k1.
 */
#define CLOUD_ADDRESS "112233445501"
#define COUNT_ADDRESS "112233445502"
#define ORDER_ADDRESS "112233445503"
#define CARD_ADDRESS "000012345678"
#define CARD_ADDRESS_2 "000012345679"

enum { RIG_STATE_SIZE = 16, FEN = 5000 /* what an order of the tests is for */ };

struct rig {
    struct store *store;
    struct jobs *jobs;
    struct orders *orders;
    struct review *review;
    struct account_port accounts;
};

/** A fresh database and everything on it. */
void rig_begin(struct rig *rig);
/** Stop and start again on the same database; the doubles stay. */
void rig_restart(struct rig *rig);
void rig_end(struct rig *rig);

/** Waits of the next rig_begin() and rig_restart(). */
struct timers *rig_timers(void);
void rig_test_keys(bool allowed);
void rig_cut_off(bool cut_off);
/** Whether the books of each day are added up by their job. */
void rig_books(bool books);
/** The wall clock of the next rig_begin(), and from then on; else the morning of 2026-11-20. */
void rig_wall(int64_t wall_s);

/** POST an order of room @p room (1..3) for @p fen; the answer. */
struct double_answer rig_order(int room, int64_t fen, const char *channel, const char *more);
/** As rig_order(), which must succeed; its number in @p ret_order_no. */
void rig_create(int room, int64_t fen, char ret_order_no[33]);
/** Until the order is in @p state: true. At most 60 s. */
bool rig_until(const struct rig *rig, const char *order_no, const char *state);
/** Create, wait for the QR, pay, wait for @p state. */
bool rig_pay(const struct rig *rig, int room, int64_t fen, const char *state,
             char ret_order_no[33]);

/** A number, or a text, that @p sql (one row, one column, ?1 = @p arg) says; 0, "" if none. */
int64_t rig_number(const struct rig *rig, const char *sql, const char *arg);
void rig_text(const struct rig *rig, const char *sql, const char *arg, char *ret_text, size_t size);
/** Until that number is @p value: true. At most 60 s. */
bool rig_until_number(const struct rig *rig, const char *sql, const char *arg, int64_t value);
/** Run literal SQL that changes something. */
void rig_exec(const struct rig *rig, const char *sql);

/** The audit of the books finds nothing. */
bool rig_books_are_clean(const struct rig *rig);

void rig_sleep_ms(int ms);

#endif
