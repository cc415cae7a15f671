/* SPDX-License-Identifier: Apache-2.0 */

/* While the clocks of terminal and server are far apart, a card reader that works is under repair:
 * nothing is sold that could not be written. */
#include "kiosk/flow/card_gate.h"
#include "tests/unit/test.h"

static struct card_gate gate;
static struct session session;
static struct session_effects effects;
static struct session_event events[CARD_GATE_EVENTS_MAX];

static void apply(struct session_event *event)
{
    event->now_ms = 1000;
    session_apply(&session, event, &effects);
}

/* What the driver's thread puts into the queue. */
static bool arrives(struct session_event event)
{
    bool passes = card_gate_pass(&gate, &event);
    if (passes) {
        apply(&event);
    }
    return passes;
}

static size_t clock_off_by(int64_t offset_s)
{
    size_t count = card_gate_clock(&gate, offset_s, events);
    for (size_t i = 0; i < count; i++) {
        apply(&events[i]);
    }
    return count;
}

static const struct session_event ready = {.kind = SESSION_EVENT_READER,
                                           .reader = SESSION_READER_READY};
static const struct session_event broken = {.kind = SESSION_EVENT_READER,
                                            .reader = SESSION_READER_ERROR};

static bool card_arrives(uint32_t number)
{
    struct session_event event = {.kind = SESSION_EVENT_CARD};
    event.card.pad = number > 0 ? SESSION_PAD_CARD : SESSION_PAD_EMPTY;
    event.card.number = number;
    event.card.family = SESSION_CARD_CLASSIC;
    return arrives(event);
}

static void begin(void)
{
    gate = (struct card_gate){.shut = false};
    session_init(&session, 1000);
    apply(&(struct session_event){.kind = SESSION_EVENT_BOOT});
}

TEST(five_minutes_are_borne_and_no_more)
{
    begin();
    CHECK(arrives(ready));
    CHECK_EQ_U64(clock_off_by(300), 0);
    CHECK_EQ_U64(clock_off_by(-300), 0);
    CHECK_EQ_I64(session.reader, SESSION_READER_READY);
    CHECK_EQ_U64(clock_off_by(301), 1);
    CHECK_EQ_I64(session.reader, SESSION_READER_ERROR);
    CHECK_EQ_U64(clock_off_by(-301), 0); /* nothing new */
    CHECK_EQ_U64(clock_off_by(0), 1);
    CHECK_EQ_I64(session.reader, SESSION_READER_READY);
    CHECK_EQ_U64(clock_off_by(-301), 1);
    CHECK_EQ_I64(session.reader, SESSION_READER_ERROR);
}

TEST(a_reader_that_comes_back_meanwhile_stays_under_repair)
{
    begin();
    CHECK_EQ_U64(clock_off_by(4000), 0); /* no reader here yet: it is not said to be broken */
    CHECK_EQ_I64(session.reader, SESSION_READER_NONE);
    CHECK(arrives(ready));
    CHECK_EQ_I64(session.reader, SESSION_READER_ERROR);
    CHECK(arrives(broken));
    CHECK_EQ_U64(clock_off_by(0), 0); /* the clock is right, the reader is not */
    CHECK_EQ_I64(session.reader, SESSION_READER_ERROR);
    CHECK(arrives(ready));
    CHECK_EQ_I64(session.reader, SESSION_READER_READY);
}

TEST(a_card_is_unseen_and_found_when_the_clock_is_set)
{
    begin();
    CHECK(arrives(ready));
    CHECK(card_arrives(7));
    CHECK_EQ_I64(session.card.pad, SESSION_PAD_CARD);
    CHECK_EQ_U64(clock_off_by(4000), 1);
    CHECK_EQ_I64(session.card.pad, SESSION_PAD_EMPTY);
    CHECK(!card_arrives(0));
    CHECK(!card_arrives(8));
    CHECK_EQ_I64(session.card.pad, SESSION_PAD_EMPTY);
    CHECK_EQ_U64(clock_off_by(10), 2);
    CHECK_EQ_I64(session.card.pad, SESSION_PAD_CARD);
    CHECK_EQ_U64(session.card.number, 8);
    CHECK(card_arrives(0));
    CHECK_EQ_U64(clock_off_by(4000), 1);
    CHECK_EQ_U64(clock_off_by(0), 1); /* nothing lies there */
    CHECK(card_arrives(9));
    CHECK(arrives(broken)); /* what lay there is told anew by a reader that comes back */
    CHECK_EQ_U64(clock_off_by(4000), 0);
    CHECK(arrives(ready));
    CHECK_EQ_U64(clock_off_by(0), 1);
    CHECK_EQ_I64(session.card.pad, SESSION_PAD_EMPTY);
}

TEST(everything_else_passes)
{
    begin();
    CHECK_EQ_U64(clock_off_by(4000), 0);
    CHECK(arrives((struct session_event){.kind = SESSION_EVENT_TICK}));
}

TEST_MAIN()
