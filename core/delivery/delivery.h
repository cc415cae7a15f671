/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_DELIVERY_DELIVERY_H
#define SHILLING_CORE_DELIVERY_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/money.h"
#include "core/delivery/reading.h"
#include "core/order/order.h"

/*
 * One delivery: how the value of a paid order gets to the balance in the cloud or to a meter that
 * keeps its own. At most one per order. Only this machine makes the order's credit events, and it
 * lets "not credited" out only from behind the fence: the command is void in the collector's
 * journal, the wire has been quiet, and a reading taken after that shows that nothing happened.
 *
 * On a card ASSIGNED means "issued": the token is stored and may be on its way, DELIVERED means
 * "written": it was seen on the card. That the meter has loaded it is news and no condition.
 */
enum delivery_kind {
    DELIVERY_CLOUD_BALANCE,  /* a ledger posting; no device has a say */
    DELIVERY_PURCHASE_COUNT, /* the meter counts its purchases (with or without ESAM) */
    DELIVERY_ORDER_NUMBER,   /* the meter keeps the last order number only */
    DELIVERY_CARD_TOKEN,     /* a signed, cumulative token that a card carries to the meter */
    DELIVERY_KIND_COUNT
};

enum delivery_stage {
    DELIVERY_READY,     /* nothing assigned, nothing sent */
    DELIVERY_ASSIGNED,  /* count or number, amount, frame and balances are stored; nothing sent */
    DELIVERY_SENT,      /* the command may be on its way */
    DELIVERY_UNKNOWN,   /* something may have happened: read */
    DELIVERY_FENCING,   /* make sure that nothing more can happen, then read */
    DELIVERY_DELIVERED, /* final: proven */
    DELIVERY_VOID,      /* final: fenced and not done; its count is free again */
    DELIVERY_STAGE_COUNT
};

enum delivery_event_kind {
    DELIVERY_EV_POST,     /* cloud balance: the posting is in this very commit */
    DELIVERY_EV_ASSIGN,   /* .reading: the meter as it was before */
    DELIVERY_EV_DISPATCH, /* the command goes out after this commit */
    DELIVERY_EV_REPLY,    /* the collector's answer to the credit command; .reply, .reading */
    DELIVERY_EV_SILENCE,  /* no answer to the command in time */
    DELIVERY_EV_READING,  /* .reading, .fenced: asked for after the quiet time, on a direct bus */
    DELIVERY_EV_VOIDED,   /* the collector has the tombstone; .never_sent */
    DELIVERY_EV_OFF_BUS,  /* it is lost with its journal; a person saw that it is off the bus */
    DELIVERY_EV_QUIET,    /* the quiet time since the frame's last possible byte is over */
    DELIVERY_EV_DEADLINE, /* 24 hours: READY and ASSIGNED give up, the others need a person;
                           * an issued card token: 30 days, a person */
    DELIVERY_EV_STOP,     /* the order left PAID or CREDITING: send nothing more */
    DELIVERY_EV_CRASH,    /* the server started again */
    /* Two persons settled the order out of REVIEW, and with it what no device could prove. */
    DELIVERY_EV_SETTLED_DONE, /* the meter has the value */
    DELIVERY_EV_SETTLED_BACK, /* the money goes back, or has gone */
    /* Cards; ASSIGN comes with the token in the same commit, and its reading stays empty. */
    DELIVERY_EV_WRITTEN,  /* the token, or a later one of that meter, was seen on a card */
    DELIVERY_EV_REVERSED, /* the meter says that it took the token which takes the value back */
    DELIVERY_EV_KIND_COUNT
};

/* What the meter said to the frame. */
enum delivery_answer {
    DELIVERY_ANSWER_NONE,    /* nothing, or nothing to be believed */
    DELIVERY_ANSWER_SUCCESS, /* accepted */
    DELIVERY_ANSWER_REFUSED, /* refused for a reason that may pass (authentication, count, ...) */
    DELIVERY_ANSWER_NEVER,   /* refused for a reason that stays: customer, limit, state */
    DELIVERY_ANSWER_COUNT
};

struct delivery_event {
    enum delivery_event_kind kind;
    bool never_sent;             /* REPLY, VOIDED: the collector's journal says that no byte left */
    enum delivery_answer answer; /* REPLY */
    bool count_moved;            /* REPLY, never sent because the count was not n any more */
    bool has_reading;            /* REPLY */
    bool fenced;                 /* READING */
    struct delivery_reading reading; /* ASSIGN, REPLY with has_reading, READING */
    struct delivery_use use;         /* REPLY, READING: since the assignment */
};

enum delivery_intent {
    DELIVERY_DO_ASSIGN = 1U << 0U,      /* read the meter, then assign */
    DELIVERY_DO_POST = 1U << 1U,        /* cloud balance: post */
    DELIVERY_DO_DISPATCH = 1U << 2U,    /* commit DISPATCH, then send the command, a new id */
    DELIVERY_DO_READ = 1U << 3U,        /* read back, on the schedule */
    DELIVERY_DO_VOID = 1U << 4U,        /* ask the collector for the tombstone */
    DELIVERY_DO_WAIT_QUIET = 1U << 5U,  /* wait out the quiet time */
    DELIVERY_DO_READ_FENCED = 1U << 6U, /* read back now: this one counts */
    DELIVERY_DO_FREE = 1U << 7U,        /* the meter is free for the next order */
    DELIVERY_INTENTS_ALL = (1U << 8U) - 1U
};

enum {
    DELIVERY_SENDS_MAX = 3,        /* frames of one delivery, in all */
    DELIVERY_ORDER_EVENTS_MAX = 2, /* credit_start with what ends it in the same commit */
};

struct delivery {
    enum delivery_kind kind;
    enum delivery_stage stage;
    struct money amount;            /* > 0 */
    struct delivery_reading before; /* since ASSIGNED */
    uint32_t sends;                 /* frames that may have left, 0..DELIVERY_SENDS_MAX */
    uint32_t not_done;              /* times that the fence, or two persons, said NOT_DONE */
    bool voided;                    /* FENCING: no new byte of the frame can leave any more */
    bool quiet;                     /* FENCING: the quiet time is over */
    bool beaten;                    /* the count was used by somebody else: our frame is dead */
    bool hopeless;                  /* refused for a reason that stays: no repeat */
    bool stopped;                   /* the order is not CREDITING any more: no repeat */
    bool unknown_told;              /* credit_unknown was emitted */
    bool review_told;               /* credit_deadline was emitted */
};

struct delivery_step {
    bool changed;
    uint32_t intents; /* enum delivery_intent */
    size_t order_event_count;
    enum order_event_kind order_events[DELIVERY_ORDER_EVENTS_MAX];
};

/**
 * A delivery for an order that has just become PAID: READY.
 * Blocks: no. Allocates: no.
 */
struct delivery delivery_create(enum delivery_kind kind, struct money amount);

/**
 * The delivery after @p event; what its stage does not know changes nothing.
 *
 * @param ret_step what to store, do and tell the order (in the same commit); always written
 * Source: docs/money.md, "Delivery by kind".
 * Blocks: no. Allocates: no.
 */
struct delivery delivery_apply(const struct delivery *delivery, const struct delivery_event *event,
                               struct delivery_step *ret_step);

/**
 * What the reading of a REPLY or READING says about @p delivery, which was assigned.
 * Blocks: no. Allocates: no.
 */
enum delivery_verdict delivery_judge(const struct delivery *delivery,
                                     const struct delivery_event *event);

/**
 * True if what delivery_apply() promises of any delivery holds.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool delivery_is_sound(const struct delivery *delivery);

/**
 * True while the delivery keeps its meter to itself: ASSIGNED, SENT, UNKNOWN, FENCING.
 * Blocks: no. Allocates: no.
 */
bool delivery_is_live(enum delivery_stage stage);

/**
 * True while the meter must take no new orders because of this one: UNKNOWN, FENCING.
 * Blocks: no. Allocates: no.
 */
bool delivery_blocks_meter(enum delivery_stage stage);

/**
 * The word for people's screens: "nothing_sent", "sent", "delivered" or "void".
 * Blocks: no. Allocates: no.
 */
const char *delivery_stage_word(enum delivery_stage stage);

/**
 * "READY", "ASSIGNED", ...; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *delivery_stage_name(enum delivery_stage stage);

/**
 * Reverse of delivery_stage_name(); false for any other text.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool delivery_stage_parse(const char *name, enum delivery_stage *ret_stage);

/**
 * "cloud", "count", "order", "card": the words of the meter's configuration; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *delivery_kind_name(enum delivery_kind kind);

/**
 * Reverse of delivery_kind_name(); false for any other text.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool delivery_kind_parse(const char *name, enum delivery_kind *ret_kind);

/**
 * "post", "assign", ...: the words of the journal (delivery_event); never NULL.
 * Blocks: no. Allocates: no.
 */
const char *delivery_event_name(enum delivery_event_kind kind);

/**
 * Account that takes the value of a delivery of @p kind: LEDGER_CUST, LEDGER_METER or LEDGER_CARD.
 * Blocks: no. Allocates: no.
 */
enum ledger_account delivery_credit_account(enum delivery_kind kind);

#endif
