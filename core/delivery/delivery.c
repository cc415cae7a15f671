/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a turn holds the delivery as it becomes and the step that goes with it; one leaf a kind
 * of event. Three rules carry the whole file:
 *
 *   - a reading that shows our credit ends the delivery from any stage in which a frame may have
 *     left; no other reading ends anything outside FENCING;
 *   - "not done" comes from two places only: the collector's journal says that no byte left, or
 *     the command is void, the wire was quiet, and a reading asked for after that says so (two
 *     persons who settle the order have proofs of their own);
 *   - everything the order hears goes through tell(), next to the line that earned it.
 */
#include "core/delivery/delivery.h"

#include "common/must.h"
#include "core/delivery/turn.h"

/* No byte of this command ever left, and none will: the same frame may go under a new id. */
static void never_sent(struct turn *turn)
{
    MUST(turn->delivery.sends > 0);
    turn->delivery.sends -= 1;
    if (turn->delivery.stopped || turn->delivery.beaten || turn->delivery.hopeless) {
        turn_give_up(turn);
    } else {
        turn_go(turn, DELIVERY_ASSIGNED, DELIVERY_DO_DISPATCH);
    }
}

/* The fence is proven for a frame that did leave: nothing happened, nothing can happen. */
static void proven_not_done(struct turn *turn)
{
    struct delivery *delivery = &turn->delivery;
    MUST(delivery->stage == DELIVERY_FENCING && delivery->voided && delivery->quiet);
    MUST(delivery->not_done < delivery->sends);
    delivery->not_done += 1;
    if (delivery->stopped || delivery->beaten || delivery->hopeless) {
        turn_give_up(turn);
        return;
    }
    turn_tell(turn, ORDER_EV_READBACK_NOT_CREDITED);
    if (delivery->not_done < DELIVERY_SENDS_MAX) {
        turn_go(turn, DELIVERY_ASSIGNED, DELIVERY_DO_DISPATCH);
    } else {
        turn_go(turn, DELIVERY_VOID,
                DELIVERY_DO_FREE); /* the third "not there" ends the order too */
    }
}

/* ---- on the way ---- */

static void unknown(struct turn *turn)
{
    MUST(turn->delivery.sends > 0);
    if (!turn->delivery.unknown_told) {
        turn->delivery.unknown_told = true;
        turn_tell(turn, ORDER_EV_CREDIT_UNKNOWN);
    }
    turn_go(turn, DELIVERY_UNKNOWN, DELIVERY_DO_READ);
}

static void fence(struct turn *turn)
{
    turn->delivery.voided = false;
    turn->delivery.quiet = false;
    turn->step.intents &= ~(uint32_t)DELIVERY_DO_READ; /* the fence reads for itself */
    turn_go(turn, DELIVERY_FENCING, DELIVERY_DO_VOID);
}

enum delivery_verdict delivery_judge(const struct delivery *delivery,
                                     const struct delivery_event *event)
{
    MUST(delivery->kind != DELIVERY_CLOUD_BALANCE && delivery->kind != DELIVERY_CARD_TOKEN);
    if (event->kind == DELIVERY_EV_REPLY && !event->has_reading) {
        return VERDICT_UNREADABLE;
    }
    if (delivery->kind == DELIVERY_PURCHASE_COUNT) {
        return delivery_judge_count(&delivery->before, &event->reading, delivery->amount,
                                    &event->use);
    }
    return delivery_judge_window(&delivery->before, &event->reading, delivery->amount, &event->use);
}

/* A reading in UNKNOWN: anything well read that is not ours leads to the fence. */
static void on_verdict_unknown(struct turn *turn, enum delivery_verdict verdict)
{
    if (verdict == VERDICT_UNREADABLE) {
        turn_intend(turn, DELIVERY_DO_READ);
        return;
    }
    MUST(verdict != VERDICT_OURS);
    turn->delivery.beaten = verdict == VERDICT_BEATEN;
    fence(turn);
}

/* A reading behind the fence: this one counts. */
static void on_verdict_fenced(struct turn *turn, enum delivery_verdict verdict)
{
    MUST(verdict != VERDICT_OURS);
    if (verdict == VERDICT_UNREADABLE) {
        turn_intend(turn, DELIVERY_DO_READ_FENCED);
    } else if (verdict == VERDICT_NOT_DONE || verdict == VERDICT_BEATEN) {
        turn->delivery.beaten = verdict == VERDICT_BEATEN;
        proven_not_done(turn);
    } else {
        turn_need_person(turn); /* read well, and the device cannot prove it either way */
        turn_intend(turn, DELIVERY_DO_READ_FENCED);
    }
}

static void on_reading(struct turn *turn, const struct delivery_event *event)
{
    const struct delivery *delivery = &turn->delivery;
    if (delivery->sends == 0 || !delivery_is_live(delivery->stage)) {
        return;
    }
    const enum delivery_verdict verdict = delivery_judge(delivery, event);
    if (verdict == VERDICT_OURS) {
        turn_delivered(turn, ORDER_EV_READBACK_CREDITED);
    } else if (delivery->stage == DELIVERY_UNKNOWN) {
        on_verdict_unknown(turn, verdict);
    } else if (delivery->stage == DELIVERY_FENCING && delivery->quiet) {
        if (event->fenced || verdict == VERDICT_BEATEN) {
            on_verdict_fenced(turn, verdict); /* a used count kills our frame wherever it is */
        } else {
            turn_intend(turn, DELIVERY_DO_READ_FENCED); /* what is not there yet may still arrive */
        }
    }
}

/* ---- the collector's answers ---- */

static bool awaits_reply(enum delivery_stage stage)
{
    return stage == DELIVERY_SENT || stage == DELIVERY_UNKNOWN || stage == DELIVERY_FENCING;
}

/*
 * The journal says that no byte of this frame left, so our amount in the meter is another seller's
 * sale: we were beaten. Unless an earlier frame left: that one was proven not done, and now this.
 */
static void on_never_sent(struct turn *turn, const struct delivery_event *event, bool shows_ours)
{
    struct delivery *delivery = &turn->delivery;
    if (!shows_ours || delivery->sends == 1) {
        delivery->beaten = delivery->beaten || event->count_moved || shows_ours;
        never_sent(turn);
        return;
    }
    if (delivery->stage == DELIVERY_SENT) {
        unknown(turn);
    }
    turn_need_person(turn);
}

static void on_reply(struct turn *turn, const struct delivery_event *event)
{
    struct delivery *delivery = &turn->delivery;
    if (!awaits_reply(delivery->stage)) {
        return;
    }
    const enum delivery_verdict verdict = delivery_judge(delivery, event);
    if (event->never_sent) {
        on_never_sent(turn, event, verdict == VERDICT_OURS);
        return;
    }
    if (verdict == VERDICT_OURS) {
        turn_delivered(turn, event->answer == DELIVERY_ANSWER_SUCCESS ? ORDER_EV_CREDIT_OK
                                                                      : ORDER_EV_READBACK_CREDITED);
        return;
    }
    if (event->answer == DELIVERY_ANSWER_NEVER && !delivery->hopeless) {
        delivery->hopeless = true;
        turn->step.changed = true;
    }
    if (delivery->stage == DELIVERY_SENT) {
        unknown(turn);
    }
    if (delivery->stage == DELIVERY_UNKNOWN) {
        on_verdict_unknown(turn, verdict);
    }
}

static void on_voided(struct turn *turn, const struct delivery_event *event)
{
    struct delivery *delivery = &turn->delivery;
    if (delivery->stage != DELIVERY_FENCING || delivery->voided) {
        return;
    }
    if (event->never_sent) {
        never_sent(turn);
        return;
    }
    delivery->voided = true;
    turn->step.changed = true;
    turn_intend(turn, DELIVERY_DO_WAIT_QUIET);
}

static void on_off_bus(struct turn *turn)
{
    const struct delivery_event gone = {.kind = DELIVERY_EV_VOIDED}; /* may have left before */
    on_voided(turn, &gone);
}

static void on_quiet(struct turn *turn)
{
    struct delivery *delivery = &turn->delivery;
    if (delivery->stage == DELIVERY_FENCING && delivery->voided && !delivery->quiet) {
        delivery->quiet = true;
        turn->step.changed = true;
        turn_intend(turn, DELIVERY_DO_READ_FENCED);
    }
}

/* ---- our own steps ---- */

static void on_post(struct turn *turn)
{
    if (turn->delivery.stage == DELIVERY_READY && turn->delivery.kind == DELIVERY_CLOUD_BALANCE) {
        turn_tell(turn, ORDER_EV_CREDIT_START);
        turn_delivered(turn, ORDER_EV_CREDIT_OK);
    }
}

static void on_assign(struct turn *turn, const struct delivery_event *event)
{
    const enum delivery_kind kind = turn->delivery.kind;
    const bool provable = kind == DELIVERY_ORDER_NUMBER || event->reading.has_count;
    if (turn->delivery.stage != DELIVERY_READY || kind == DELIVERY_CLOUD_BALANCE || !provable) {
        return;
    }
    turn->delivery.before = event->reading;
    turn_tell(turn, ORDER_EV_CREDIT_START);
    turn_go(turn, DELIVERY_ASSIGNED, DELIVERY_DO_DISPATCH);
}

static void on_dispatch(struct turn *turn)
{
    struct delivery *delivery = &turn->delivery;
    if (delivery->stage != DELIVERY_ASSIGNED) {
        return;
    }
    MUST(!delivery->stopped);
    MUST(delivery->sends < DELIVERY_SENDS_MAX);
    delivery->sends += 1;
    delivery->voided = false;
    delivery->quiet = false;
    turn_go(turn, DELIVERY_SENT, 0);
}

static void on_silence(struct turn *turn)
{
    if (turn->delivery.stage == DELIVERY_SENT) {
        unknown(turn);
    }
}

static void on_deadline(struct turn *turn)
{
    const enum delivery_stage stage = turn->delivery.stage;
    if (stage == DELIVERY_READY) {
        turn_tell(turn, ORDER_EV_CREDIT_START);
        turn_give_up(turn);
    } else if (stage == DELIVERY_ASSIGNED) {
        turn_give_up(turn); /* nothing is on its way: never sent, or fenced */
    } else if (awaits_reply(stage)) {
        if (stage == DELIVERY_SENT) {
            unknown(turn);
        }
        if (stage != DELIVERY_FENCING) {
            fence(turn); /* the meter may never be read again: was anything sent at all? */
        }
        turn_need_person(turn);
    }
}

static void on_stop(struct turn *turn)
{
    const enum delivery_stage stage = turn->delivery.stage;
    if (stage == DELIVERY_READY) {
        turn_go(turn, DELIVERY_VOID, DELIVERY_DO_FREE); /* the order never heard of a credit */
    } else if (stage == DELIVERY_ASSIGNED) {
        turn_give_up(turn);
    } else if (awaits_reply(stage) && !turn->delivery.stopped) {
        turn->delivery.stopped = true;
        turn->step.changed = true;
    }
}

/* Whatever a device says later changes nothing any more; the meter is free. */
static void on_settled(struct turn *turn, bool done)
{
    struct delivery *delivery = &turn->delivery;
    if (!awaits_reply(delivery->stage)) {
        return;
    }
    if (done) {
        turn_go(turn, DELIVERY_DELIVERED, DELIVERY_DO_FREE);
    } else {
        delivery->not_done += 1;
        turn_go(turn, DELIVERY_VOID, DELIVERY_DO_FREE);
    }
}

static void on_crash(struct turn *turn)
{
    const struct delivery *delivery = &turn->delivery;
    if (delivery->stage == DELIVERY_READY) {
        const bool cloud = delivery->kind == DELIVERY_CLOUD_BALANCE;
        turn_intend(turn, cloud ? DELIVERY_DO_POST : DELIVERY_DO_ASSIGN);
    } else if (delivery->stage == DELIVERY_ASSIGNED) {
        turn_intend(turn, DELIVERY_DO_DISPATCH);
    } else if (delivery->stage == DELIVERY_SENT) {
        unknown(turn); /* it was about to leave, or left: nobody knows */
    } else if (delivery->stage == DELIVERY_UNKNOWN) {
        turn_intend(turn, DELIVERY_DO_READ);
    } else if (delivery->stage == DELIVERY_FENCING && !delivery->voided) {
        turn_intend(turn, DELIVERY_DO_VOID);
    } else if (delivery->stage == DELIVERY_FENCING) {
        turn_intend(turn, delivery->quiet ? DELIVERY_DO_READ_FENCED : DELIVERY_DO_WAIT_QUIET);
    }
}

/* ---- the way in ---- */

static void apply(struct turn *turn, const struct delivery_event *event)
{
    switch (event->kind) {
    case DELIVERY_EV_POST:
        on_post(turn);
        break;
    case DELIVERY_EV_ASSIGN:
        on_assign(turn, event);
        break;
    case DELIVERY_EV_DISPATCH:
        on_dispatch(turn);
        break;
    case DELIVERY_EV_REPLY:
        on_reply(turn, event);
        break;
    case DELIVERY_EV_SILENCE:
        on_silence(turn);
        break;
    case DELIVERY_EV_READING:
        on_reading(turn, event);
        break;
    case DELIVERY_EV_VOIDED:
        on_voided(turn, event);
        break;
    case DELIVERY_EV_OFF_BUS:
        on_off_bus(turn);
        break;
    case DELIVERY_EV_QUIET:
        on_quiet(turn);
        break;
    case DELIVERY_EV_DEADLINE:
        on_deadline(turn);
        break;
    case DELIVERY_EV_STOP:
        on_stop(turn);
        break;
    case DELIVERY_EV_CRASH:
        on_crash(turn);
        break;
    case DELIVERY_EV_SETTLED_DONE:
    case DELIVERY_EV_SETTLED_BACK:
        on_settled(turn, event->kind == DELIVERY_EV_SETTLED_DONE);
        break;
    case DELIVERY_EV_WRITTEN:
    case DELIVERY_EV_REVERSED:
        break; /* of cards */
    case DELIVERY_EV_KIND_COUNT:
        MUST_NOT_REACH();
    }
}

struct delivery delivery_create(enum delivery_kind kind, struct money amount)
{
    MUST(kind < DELIVERY_KIND_COUNT);
    MUST(amount.fen > 0);
    return (struct delivery){.kind = kind, .stage = DELIVERY_READY, .amount = amount};
}

struct delivery delivery_apply(const struct delivery *delivery, const struct delivery_event *event,
                               struct delivery_step *ret_step)
{
    MUST(event->kind < DELIVERY_EV_KIND_COUNT);
    MUST(delivery_is_sound(delivery));
    struct turn turn = {.delivery = *delivery};
    if (delivery->kind == DELIVERY_CARD_TOKEN) {
        delivery_card_apply(&turn, event->kind);
    } else {
        apply(&turn, event);
    }
    MUST(delivery_is_sound(&turn.delivery));
    *ret_step = turn.step;
    return turn.delivery;
}

bool delivery_is_live(enum delivery_stage stage)
{
    MUST(stage < DELIVERY_STAGE_COUNT);
    return stage == DELIVERY_ASSIGNED || awaits_reply(stage);
}

bool delivery_blocks_meter(enum delivery_stage stage)
{
    MUST(stage < DELIVERY_STAGE_COUNT);
    return stage == DELIVERY_UNKNOWN || stage == DELIVERY_FENCING;
}

/* Each frame that left and was not the end was proven not done before the next one. */
static bool sends_fit(const struct delivery *delivery)
{
    const bool open = awaits_reply(delivery->stage);
    const bool ended = delivery->stage == DELIVERY_DELIVERED;
    if (delivery->sends > DELIVERY_SENDS_MAX || delivery->not_done > delivery->sends) {
        return false;
    }
    const uint32_t open_count = delivery->sends - delivery->not_done;
    return open ? open_count == 1U : (open_count == 0U || (ended && open_count == 1U));
}

bool delivery_is_sound(const struct delivery *delivery)
{
    if (delivery->kind >= DELIVERY_KIND_COUNT || delivery->stage >= DELIVERY_STAGE_COUNT ||
        delivery->amount.fen <= 0 || !sends_fit(delivery)) {
        return false;
    }
    if (delivery->kind == DELIVERY_CLOUD_BALANCE && delivery_is_live(delivery->stage)) {
        return false;
    }
    if (delivery->kind == DELIVERY_CARD_TOKEN) {
        return delivery->sends == 0 && !awaits_reply(delivery->stage) &&
               (!delivery->stopped || delivery->stage != DELIVERY_READY);
    }
    if (delivery->stage == DELIVERY_READY && delivery->sends > 0) {
        return false;
    }
    if (delivery->stage == DELIVERY_ASSIGNED && delivery->stopped) {
        return false;
    }
    const bool assigned = delivery_is_live(delivery->stage);
    const bool counted = delivery->kind == DELIVERY_PURCHASE_COUNT;
    return (!assigned || !counted || delivery->before.has_count) &&
           (!delivery->quiet || delivery->voided);
}
