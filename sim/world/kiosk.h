/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_KIOSK_H
#define SHILLING_SIM_WORLD_KIOSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/id.h"
#include "protocol/api/order.h"
#include "sim/world/terminal.h"

/*
 * Terminals and the tenants in front of them. A terminal repeats what is not answered, with the
 * same number; a tenant pays, pays late, pays the wrong code, changes the wallet, cancels or walks
 * away. Each wish has an amount of its own, so that a purchase in a meter names its order.
 */
enum { KIOSKS_MAX = 12 };

struct world;

/* What a tenant asked for, and what he was told. */
struct wish {
    int64_t fen;
    uint32_t room;
    uint32_t kiosk;
    enum api_channel channel;
    char client_request_id[ID_TEXT_SIZE];
    char purchase_id[ID_TEXT_SIZE];
    char order_no[API_ORDER_NO_SIZE]; /* "": never heard of it */
    bool was_done;
    bool was_refunded;
};

struct kiosk {
    struct world *world;
    uint32_t index;
    uint64_t session; /* answers and timers of an earlier one are stale */
    size_t wish;      /* in wishes.list */
    uint32_t turn;    /* of its questions: only the newest one counts */
    uint32_t tries;
    struct terminal terminal;
    bool busy;
    bool planned;  /* the tenant has decided what to do with the code */
    bool kept;     /* its journal knows the wish, and must still do so after a power cut */
    bool numbered; /* it knows the order's number */
    bool watching;
    int64_t version;
    int64_t begun_ns;
    int64_t asked_ns;
};

struct wishes {
    struct wish *list; /* @own */
    size_t count;
    size_t room;
};

void kiosk_begin(struct kiosk *kiosk, struct world *world, uint32_t index);
/** A terminal that rests has tenants again. */
void kiosk_resume(struct kiosk *kiosk);
/** Its power goes, also in the middle of something; it comes up again by itself. */
void kiosk_cut(struct kiosk *kiosk);
void wishes_finish(struct wishes *wishes);

#endif
