/* SPDX-License-Identifier: Apache-2.0 */
/* The words of deliveries: in the database, in the journal of events and on people's screens. */
#include "common/must.h"
#include "common/str.h"
#include "core/delivery/delivery.h"

static const char *const STAGES[DELIVERY_STAGE_COUNT] = {
    [DELIVERY_READY] = "READY",     [DELIVERY_ASSIGNED] = "ASSIGNED",
    [DELIVERY_SENT] = "SENT",       [DELIVERY_UNKNOWN] = "UNKNOWN",
    [DELIVERY_FENCING] = "FENCING", [DELIVERY_DELIVERED] = "DELIVERED",
    [DELIVERY_VOID] = "VOID",
};

static const char *const WORDS[DELIVERY_STAGE_COUNT] = {
    [DELIVERY_READY] = "nothing_sent", [DELIVERY_ASSIGNED] = "nothing_sent",
    [DELIVERY_SENT] = "sent",          [DELIVERY_UNKNOWN] = "sent",
    [DELIVERY_FENCING] = "sent",       [DELIVERY_DELIVERED] = "delivered",
    [DELIVERY_VOID] = "void",
};

static const char *const KINDS[DELIVERY_KIND_COUNT] = {
    [DELIVERY_CLOUD_BALANCE] = "cloud",
    [DELIVERY_PURCHASE_COUNT] = "count",
    [DELIVERY_ORDER_NUMBER] = "order",
    [DELIVERY_CARD_TOKEN] = "card",
};

static const char *const EVENTS[DELIVERY_EV_KIND_COUNT] = {
    [DELIVERY_EV_POST] = "post",
    [DELIVERY_EV_ASSIGN] = "assign",
    [DELIVERY_EV_DISPATCH] = "dispatch",
    [DELIVERY_EV_REPLY] = "reply",
    [DELIVERY_EV_SILENCE] = "silence",
    [DELIVERY_EV_READING] = "reading",
    [DELIVERY_EV_VOIDED] = "voided",
    [DELIVERY_EV_QUIET] = "quiet",
    [DELIVERY_EV_DEADLINE] = "deadline",
    [DELIVERY_EV_STOP] = "stop",
    [DELIVERY_EV_CRASH] = "crash",
    [DELIVERY_EV_OFF_BUS] = "off_bus",
    [DELIVERY_EV_SETTLED_DONE] = "settled_done",
    [DELIVERY_EV_SETTLED_BACK] = "settled_back",
    [DELIVERY_EV_WRITTEN] = "written",
    [DELIVERY_EV_REVERSED] = "reversed",
};

const char *delivery_stage_name(enum delivery_stage stage)
{
    MUST(stage < DELIVERY_STAGE_COUNT);
    return STAGES[stage];
}

bool delivery_stage_parse(const char *name, enum delivery_stage *ret_stage)
{
    for (size_t i = 0; i < DELIVERY_STAGE_COUNT; i++) {
        if (str_equal(name, STAGES[i])) {
            *ret_stage = (enum delivery_stage)i;
            return true;
        }
    }
    return false;
}

const char *delivery_stage_word(enum delivery_stage stage)
{
    MUST(stage < DELIVERY_STAGE_COUNT);
    return WORDS[stage];
}

const char *delivery_kind_name(enum delivery_kind kind)
{
    MUST(kind < DELIVERY_KIND_COUNT);
    return KINDS[kind];
}

bool delivery_kind_parse(const char *name, enum delivery_kind *ret_kind)
{
    for (size_t i = 0; i < DELIVERY_KIND_COUNT; i++) {
        if (str_equal(name, KINDS[i])) {
            *ret_kind = (enum delivery_kind)i;
            return true;
        }
    }
    return false;
}

const char *delivery_event_name(enum delivery_event_kind kind)
{
    MUST(kind < DELIVERY_EV_KIND_COUNT);
    return EVENTS[kind];
}

enum ledger_account delivery_credit_account(enum delivery_kind kind)
{
    MUST(kind < DELIVERY_KIND_COUNT);
    const bool device = kind == DELIVERY_PURCHASE_COUNT || kind == DELIVERY_ORDER_NUMBER;
    return device ? LEDGER_METER : kind == DELIVERY_CARD_TOKEN ? LEDGER_CARD : LEDGER_CUST;
}
