/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world for the auditor: a database made by the server's own migrations, filled with orders of
 * every kind and fate together with all their evidence, the wallets' packed bills, a collector's
 * journal and what the meters recorded, all of which agree. `./shilling bench` makes a million
 * orders of it; the tests of planted corruption make sixty and then spoil one thing.
 *
 * usage: auditload FOLDER ORDERS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/parse.h"
#include "tests/bench/auditworld.h"

enum {
    LATE_AFTER_S = 120,
    FATES = 20,
    SPECIAL_MAX = 100, /* people's decisions are rare: only among the first orders */
};

static void pay(struct world *world, const struct subject *s, const char *from, const char *to)
{
    const int64_t word = world_word(world, s, "paid", s->paid_at);
    world_event(world, s, (struct event){"paid", s->fen, s->trade_no, from, to, word, s->paid_at});
    world_post(world, s->order_no, "receive", s->paid_at,
               (struct legs){"RECV", s->channel, "HELD", s->order_no, s->fen});
    world_bill(world, s, /* refund= */ false, s->paid_at);
}

static void step(struct world *world, const struct subject *s, const char *event, const char *from,
                 const char *to, int64_t at)
{
    world_event(world, s, (struct event){event, 0, "", from, to, 0, at});
}

static void begin(struct world *world, const struct subject *s)
{
    const int64_t word = world_word(world, s, "qr", s->created_at);
    world_event(world, s,
                (struct event){"precreate_ok", 0, "", "NEW", "WAIT_PAY", word, s->created_at + 1});
}

/* From REFUND_DUE to the end, with the wallet's word. */
static void refund(struct world *world, const struct subject *s, int64_t at)
{
    world_post(world, s->order_no, "owe_refund", at,
               (struct legs){"HELD", s->order_no, "REFPAY", s->order_no, s->fen});
    step(world, s, "refund_sent", "REFUND_DUE", "REFUNDING", at + 1);
    world_refund(world, s, at + 1);
    const int64_t word = world_word(world, s, "refunded", at + 2);
    world_event(world, s,
                (struct event){"refund_ok", 0, "", "REFUNDING", "REFUNDED", word, at + 2});
    world_post(world, s->order_no, "refund", at + 2,
               (struct legs){"REFPAY", s->order_no, "REFOUT", s->channel, s->fen});
    world_bill(world, s, /* refund= */ true, at + 2);
}

static void credit(struct world *world, const struct subject *s, int64_t at)
{
    const bool cloud = s->kind == KIND_CLOUD;
    world_post(world, s->order_no, cloud ? "credit_cust" : "credit_meter", at,
               (struct legs){"HELD", s->order_no, cloud ? "CUST" : "METER", s->meter_id, s->fen});
    if (!cloud) {
        world_reserve(world, s, "posted");
    }
    world_paper(world, s, at + 2);
}

/* ---- fates ---- */

static void closed(struct world *world, struct subject *s)
{
    begin(world, s);
    step(world, s, "cancel", "WAIT_PAY", "CLOSING", s->created_at + 30);
    step(world, s, "close_ok", "CLOSING", "CLOSED", s->created_at + 31);
    world_order(world, s, (struct ending){.state = "CLOSED"});
}

static void paid_late(struct world *world, struct subject *s)
{
    s->paid_at = s->created_at + LATE_AFTER_S;
    begin(world, s);
    step(world, s, "timeout", "WAIT_PAY", "CLOSING", s->created_at + 60);
    step(world, s, "close_ok", "CLOSING", "CLOSED", s->created_at + 61);
    pay(world, s, "CLOSED", "REFUND_DUE");
    refund(world, s, s->paid_at);
    world_order(world, s, (struct ending){.state = "REFUNDED", .paid = true, .refunded = true});
}

static void delivered(struct world *world, struct subject *s)
{
    begin(world, s);
    pay(world, s, "WAIT_PAY", "PAID");
    step(world, s, "credit_start", "PAID", "CREDITING", s->paid_at + 1);
    step(world, s, "credit_ok", "CREDITING", "DONE", s->paid_at + 2);
    credit(world, s, s->paid_at + 2);
    world_order(world, s, (struct ending){.state = "DONE", .paid = true, .started = true});
    world_deliver(world, s, DELIVERY_DONE);
}

static void fenced(struct world *world, struct subject *s)
{
    begin(world, s);
    pay(world, s, "WAIT_PAY", "PAID");
    step(world, s, "credit_start", "PAID", "CREDITING", s->paid_at + 1);
    step(world, s, "credit_failed", "CREDITING", "REFUND_DUE", s->paid_at + 60);
    refund(world, s, s->paid_at + 60);
    world_reserve(world, s, "void");
    world_order(
        world, s,
        (struct ending){.state = "REFUNDED", .paid = true, .started = true, .refunded = true});
    world_deliver(world, s, DELIVERY_FENCED);
}

static void in_review(struct world *world, struct subject *s)
{
    begin(world, s);
    s->fen += 100; /* not what was asked for */
    pay(world, s, "WAIT_PAY", "REVIEW");
    s->asked_fen = s->fen - 100;
    world_order(world, s, (struct ending){.state = "REVIEW", .paid = true});
    world_item(world, s->order_no, "order", s->paid_at, NULL);
}

static void decided(struct world *world, struct subject *s)
{
    begin(world, s);
    pay(world, s, "WAIT_PAY", "PAID");
    step(world, s, "credit_start", "PAID", "CREDITING", s->paid_at + 1);
    step(world, s, "credit_deadline", "CREDITING", "REVIEW", s->paid_at + 86400);
    step(world, s, "operator_done", "REVIEW", "DONE", s->paid_at + 90000);
    credit(world, s, s->paid_at + 90000);
    world_order(world, s, (struct ending){.state = "DONE", .paid = true, .started = true});
    world_deliver(world, s, DELIVERY_UNKNOWN);
    world_item(world, s->order_no, "order", s->paid_at + 86400, "done");
}

/* A second payment for an order that is paid: a stray payment, open or paid back. */
static void second_payment(struct world *world, const struct subject *s, bool open)
{
    struct subject stray = *s;
    stray.paid_at = s->paid_at + 40;
    world_trade_no(world, &stray);
    const int64_t word = world_word(world, &stray, "paid", stray.paid_at);
    world_bill(world, &stray, /* refund= */ false, stray.paid_at);
    world_stray(world, &stray, word, open);
    if (!open) {
        world_bill(world, &stray, /* refund= */ true, stray.paid_at + 7202);
    }
}

static void one(struct world *world, size_t i)
{
    struct subject s;
    world_subject(world, i, &s);
    const bool device = s.kind != KIND_CLOUD;
    if (i % FATES == 0) {
        closed(world, &s);
    } else if (i % FATES == 1) {
        paid_late(world, &s);
    } else if (i % FATES == 2 && device) {
        fenced(world, &s);
    } else if (i == 23) {
        in_review(world, &s);
    } else if (i % FATES == 4 && s.kind == KIND_COUNT && i < SPECIAL_MAX) {
        decided(world, &s);
    } else {
        delivered(world, &s);
        if (i == 5 || i == 25) {
            second_payment(world, &s, i == 25);
        }
    }
}

int main(int argc, char **argv)
{
    uint64_t orders = 0;
    if (argc != 3 || !parse_u64(argv[2], WORLD_ORDERS_MAX, &orders) || orders == 0) {
        (void)fprintf(stderr, "usage: auditload FOLDER ORDERS\n");
        return 2;
    }
    struct world *world = world_create(argv[1], (size_t)orders);
    for (size_t i = 0; i < orders; i++) {
        one(world, i);
    }
    world_finish(world);
    return 0;
}
