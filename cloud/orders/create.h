/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_CREATE_H
#define SHILLING_CLOUD_ORDERS_CREATE_H

#include "cloud/orders/internal.h"
#include "core/order/order_number.h"
#include "protocol/api/order.h"

/* Why an order was not created. Nothing is stored then, and nothing was promised. */
enum create_refusal {
    CREATE_OK,
    CREATE_MISMATCH,       /* this client_request_id, or this purchase, stands for something else */
    CREATE_NOT_FOUND,      /* no such meter in this terminal's site (E10) */
    CREATE_SALE_REFUSED,   /* this meter is not sold to */
    CREATE_AMOUNT,         /* outside the site's limits */
    CREATE_BLOCKED,        /* a delivery of unknown fate holds the meter */
    CREATE_OPEN_ELSEWHERE, /* another QR for this meter is on a screen (E23) */
    CREATE_SILENT,         /* the meter does not answer (E9): sold to after an explicit yes */
    CREATE_SILENT_REFUSED, /* ... and this site does not sell then, whatever is accepted */
    CREATE_CLOSED,         /* no payments now */
    CREATE_DISK_FULL,      /* no room for what we would promise */
    CREATE_PAID,           /* this purchase is paid already, by an earlier attempt */
    CREATE_CARD_REFUSED,   /* this card, or this meter without its card, is not sold to */
    CREATE_CARD_OVER,      /* the card must be laid again */
    CREATE_SUPERSEDES,     /* an earlier attempt must be ended first: come again */
    CREATE_REFUSAL_COUNT
};

/* One wish of a terminal, and what became of it. */
struct create {
    struct orders *orders;
    char terminal_id[API_ID_SIZE];
    char site_id[API_ID_SIZE];
    struct api_order_request request;
    bool has_room; /* on the disk, asked before the transaction */
    bool payments_open;
    char payments_reason[API_WORD_SIZE];
    /* results */
    enum create_refusal refusal;
    char sale_reason[API_WORD_SIZE];
    char card_uid[CARD_GATE_UID_SIZE]; /* the card that takes the value; "": none */
    char other_no[ORDER_NUMBER_SIZE];  /* CREATE_SUPERSEDES, CREATE_PAID: the earlier attempt */
    struct api_order_view view;        /* CREATE_OK */
};

/**
 * In a writing transaction: create the order, or give the one that this client_request_id made
 * before, or say why not (then nothing is changed and OK is returned all the same).
 */
MUST_CHECK enum err create_order(struct db *db, void *create);

/** End the earlier attempt of a purchase for a new one: CLOSED, its later money goes back. */
MUST_CHECK enum err create_supersede(struct orders *orders, struct db *db, const char *order_no);

#endif
