/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collector that is lost with its journal never answers the void. What stands in for the
 * tombstone is a person who saw that it is off the bus, and a wait that is far longer than any
 * frame of it can be under way. It moves no money: after the wait the meter is read, and that
 * reading counts.
 */
#include "cloud/orders/case.h"
#include "cloud/review/review.h"
#include "common/str.h"

static bool waits_for_tombstone(const struct money_case *c)
{
    return c->has_delivery && c->delivery.delivery.stage == DELIVERY_FENCING &&
           !c->delivery.delivery.voided;
}

/* The journal that took the command can speak for itself. */
static bool is_there(const struct orders *orders, const struct delivery_row *row)
{
    struct gateway_collector collector = {0};
    return gateway_collector_get(orders->setup.gateway, row->collector_id, &collector) == OK &&
           collector.online && collector.epoch == row->epoch;
}

static enum err tell(struct money_case *c)
{
    const struct delivery_event event = {.kind = DELIVERY_EV_OFF_BUS, .use = {.energy_step = 1}};
    c->delivery.quiet_until_ms = c->now_ms + orders_timers(c->orders)->quiet_lost_ms;
    enum err err = case_tell_delivery(c, &event);
    return err == OK ? case_commit(c) : err;
}

enum err review_off_bus(struct db *db, void *arg)
{
    struct review_off_bus *off_bus = arg;
    struct money_case c;
    enum err err = case_open(&c, off_bus->orders, db, off_bus->attach.document_no);
    if (err != OK) {
        return err;
    }
    if (!waits_for_tombstone(&c)) {
        off_bus->refused = "not_waiting";
    } else if (is_there(off_bus->orders, &c.delivery)) {
        off_bus->refused = "collector_there";
    }
    if (off_bus->refused != NULL) {
        return OK;
    }
    err = review_evidence_add(db, &off_bus->attach);
    return err == OK ? tell(&c) : err;
}
