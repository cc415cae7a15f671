/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one function a decision, each reading like its sentence in the rules; the first rule
 * that is broken names the refusal. What a rule protects: no second way out for money that is
 * already out, and no refund while a device could still take the value.
 */
#include "core/order/review.h"

#include "common/must.h"
#include "common/str.h"

/* A first signature is good for 30 minutes: after that the facts must be looked at again. */
enum { SIGNATURE_MS_MAX = 30 * 60 * 1000 };

static enum review_refusal permit_done(const struct order *order, const struct review_facts *facts)
{
    const uint32_t reasons = ORDER_CREDIT_UNKNOWN | ORDER_REFUNDED_MEANWHILE;
    if ((order->flags & reasons) == 0 || !order->credit_started) {
        return REVIEW_REASON_UNFIT;
    }
    if (facts->delivery_void) {
        return REVIEW_NOT_DELIVERED;
    }
    return facts->has_evidence ? REVIEW_ALLOWED : REVIEW_NO_EVIDENCE;
}

/* Money may go back only if the device neither has the value nor can still get it. */
static enum review_refusal permit_back(const struct review_facts *facts)
{
    if (facts->delivery_delivered) {
        return REVIEW_DELIVERED;
    }
    if (facts->delivery_exists && !facts->delivery_void && !facts->physical_proof) {
        return REVIEW_NOT_FENCED;
    }
    return REVIEW_ALLOWED;
}

static enum review_refusal permit_refund(const struct order *order,
                                         const struct review_facts *facts)
{
    if (order->money == ORDER_MONEY_NONE) {
        return REVIEW_REASON_UNFIT;
    }
    if (facts->provider_refunded || (order->flags & ORDER_REFUNDED_MEANWHILE) != 0) {
        return REVIEW_ALREADY_REFUNDED;
    }
    return permit_back(facts);
}

static enum review_refusal permit_refunded(const struct order *order, enum review_decision decision,
                                           const struct review_facts *facts)
{
    const bool meanwhile = (order->flags & ORDER_REFUNDED_MEANWHILE) != 0;
    if (order->money == ORDER_MONEY_NONE && !facts->provider_paid) {
        return REVIEW_REASON_UNFIT; /* paid, but unreadable, is another thing */
    }
    if (!facts->has_reference) {
        return REVIEW_NO_REFERENCE;
    }
    if (decision == REVIEW_REPAID && (meanwhile || facts->provider_refunded)) {
        return REVIEW_ALREADY_REFUNDED;
    }
    return permit_back(facts);
}

enum review_refusal review_permit(const struct order *order, enum review_decision decision,
                                  const struct review_facts *facts)
{
    MUST(decision < REVIEW_DECISION_COUNT);
    MUST(order_is_sound(order));
    if (order->state != ORDER_REVIEW) {
        return REVIEW_NOT_IN_REVIEW;
    }
    switch (decision) {
    case REVIEW_DONE:
        return permit_done(order, facts);
    case REVIEW_REFUND:
        return permit_refund(order, facts);
    case REVIEW_REFUNDED:
    case REVIEW_REPAID:
        return permit_refunded(order, decision, facts);
    case REVIEW_CLOSE:
        return order->money != ORDER_MONEY_NONE || facts->provider_paid ? REVIEW_PAID
                                                                        : REVIEW_ALLOWED;
    case REVIEW_DECISION_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

enum review_refusal review_countersign(const struct review_signature *first,
                                       const struct review_signature *second)
{
    const bool machine = first->person[0] == '\0';
    MUST(second->person[0] != '\0');
    MUST(first->age_ms >= second->age_ms);
    if (str_equal(first->person, second->person)) {
        return REVIEW_SAME_PERSON;
    }
    if (first->decision != second->decision) {
        return REVIEW_OTHER_DECISION;
    }
    const bool old =
        first->age_ms - second->age_ms > SIGNATURE_MS_MAX || first->version != second->version;
    return !machine && old ? REVIEW_SIGNATURE_OLD : REVIEW_ALLOWED;
}

enum order_event_kind review_event(enum review_decision decision)
{
    static const enum order_event_kind EVENTS[REVIEW_DECISION_COUNT] = {
        [REVIEW_DONE] = ORDER_EV_OPERATOR_DONE,         [REVIEW_REFUND] = ORDER_EV_OPERATOR_REFUND,
        [REVIEW_REFUNDED] = ORDER_EV_OPERATOR_REFUNDED, [REVIEW_REPAID] = ORDER_EV_OPERATOR_REPAID,
        [REVIEW_CLOSE] = ORDER_EV_OPERATOR_CLOSE,
    };
    MUST(decision < REVIEW_DECISION_COUNT);
    return EVENTS[decision];
}

static const char *const DECISIONS[REVIEW_DECISION_COUNT] = {
    [REVIEW_DONE] = "done",     [REVIEW_REFUND] = "refund", [REVIEW_REFUNDED] = "refunded",
    [REVIEW_REPAID] = "repaid", [REVIEW_CLOSE] = "close",
};

const char *review_decision_name(enum review_decision decision)
{
    MUST(decision < REVIEW_DECISION_COUNT);
    return DECISIONS[decision];
}

bool review_decision_parse(const char *name, enum review_decision *ret_decision)
{
    for (size_t i = 0; i < REVIEW_DECISION_COUNT; i++) {
        if (str_equal(name, DECISIONS[i])) {
            *ret_decision = (enum review_decision)i;
            return true;
        }
    }
    return false;
}

const char *review_refusal_name(enum review_refusal refusal)
{
    static const char *const NAMES[REVIEW_REFUSAL_COUNT] = {
        [REVIEW_ALLOWED] = "allowed",
        [REVIEW_NOT_IN_REVIEW] = "not_in_review",
        [REVIEW_REASON_UNFIT] = "reason_unfit",
        [REVIEW_NO_EVIDENCE] = "no_evidence",
        [REVIEW_NO_REFERENCE] = "no_reference",
        [REVIEW_ALREADY_REFUNDED] = "already_refunded",
        [REVIEW_NOT_FENCED] = "not_fenced",
        [REVIEW_PAID] = "paid",
        [REVIEW_DELIVERED] = "delivered",
        [REVIEW_NOT_DELIVERED] = "not_delivered",
        [REVIEW_SAME_PERSON] = "same_person",
        [REVIEW_OTHER_DECISION] = "other_decision",
        [REVIEW_SIGNATURE_OLD] = "signature_old",
    };
    MUST(refusal < REVIEW_REFUSAL_COUNT);
    return NAMES[refusal];
}
