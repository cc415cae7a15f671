/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_TORTURE_SERVER_H
#define SHILLING_TESTS_TORTURE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/orders/orders.h"
#include "core/order/order_number.h"
#include "protocol/payments/result.h"
#include "tests/torture/torture.h"

/*
 * The server's money path on a database in the flow's folder; provider, collector and listener are
 * doubles. Rooms r1 (balance in the cloud), r2 (a meter that counts purchases, with a key service
 * at SERVER_KEYS_NAME) and r3 (a meter that keeps order numbers).
 */
#define SERVER_COUNT_ADDRESS "112233445502"
#define SERVER_NUMBER_ADDRESS "112233445503"

enum { SERVER_FEN = 5000, SERVER_PATH_SIZE = 256 };

/* What there is one of in a process. */
struct server {
    struct store *store;
    struct jobs *jobs;
    struct orders *orders;
};

/** The database alone. */
bool server_open_store(struct server *server, const char *dir, char why[STORE_WHY_SIZE]);
bool server_open(struct server *server, const char *dir);
void server_close(struct server *server);
/** A database with rooms, meters and a collector that is there. For a flow's make(). */
bool server_make(const char *dir);
/** Where the key service of these meters listens: one place for all folders of a program. */
void server_keys_path(const char *dir, char ret_path[SERVER_PATH_SIZE]);

/** The terminal's wish for room @p room, the same one each time. */
bool server_wish(struct server *server, int room, char ret_order_no[ORDER_NUMBER_SIZE]);
/** The wallet says that the code is there (PAY_QR), or that it is paid (PAY_PAID). */
bool server_hears(struct server *server, const char *order_no, enum pay_result says);

/* What the database says of its one order. */
struct server_books {
    int64_t orders;
    int64_t cust_fen;  /* credited to balances in the cloud */
    int64_t meter_fen; /* credited to meters */
    char state[16];    /* of the order; "" if there is none */
};

/** False, and @p notes say what, if they cannot be read or the audit of the books finds something.
 */
bool server_books_are_clean(struct server *server, struct torture_notes *notes,
                            struct server_books *ret_books);

#endif
