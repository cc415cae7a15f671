/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a table of the ways between the stages, as for orders; and for VOID after a frame may
 * have left, the three things that must have come in their order since the fence was begun: the
 * tombstone, the quiet time, and a reading asked for after both (docs/money.md, "The fence").
 */
#include "cloud/auditor/handover.h"

#include <string.h>

#include "cloud/auditor/scan.h"
#include "common/money.h"
#include "common/str.h"

enum {
    USE_DIVISOR = 10000, /* 0.01 kWh x 0.0001 yuan = 0.0001 fen */
};
#define FACTOR_MAX INT64_C(999999999)

/* ---- readings ---- */

static void take_reading(struct handover_reading *reading, const struct scan_member *member)
{
    const struct scan_view name = scan_name(member);
    if (scan_is(name, "count")) {
        reading->has_count = scan_int(member, &reading->count);
    } else if (scan_is(name, "last_fen")) {
        reading->has_last = scan_int(member, &reading->last_fen);
    } else if (scan_is(name, "balance_fen")) {
        reading->has_balance = scan_int(member, &reading->balance_fen);
    } else if (scan_is(name, "total_fen")) {
        reading->has_total = scan_int(member, &reading->total_fen);
    } else if (scan_is(name, "energy")) {
        reading->has_energy = scan_int(member, &reading->energy);
    }
}

static void before_member(void *self, const struct scan_member *member)
{
    take_reading(self, member);
}

bool handover_before_read(const char *before, struct handover_reading *ret_reading)
{
    struct handover_reading reading = {0};
    if (!scan_object(before, strlen(before), before_member, &reading)) {
        return false;
    }
    *ret_reading = reading;
    return true;
}

/* A collector's answer: "values", when, item, "v". */
struct reply {
    bool has_values;
    struct handover_reading readings[2]; /* before, after */
    bool has_remaining[2];
    bool has_overdraft[2];
    int64_t remaining[2];
    int64_t overdraft[2];
};

/* "149.92" to 14992: fen of yuan, or 0.01 kWh of kWh. */
static bool hundredths(const struct scan_member *member, int64_t *ret_value)
{
    struct money money;
    if (member->type != SCAN_TEXT || !money_parse_yuan(member->value.at, member->value.size,
                                                       /* allow_negative= */ true, &money)) {
        return false;
    }
    *ret_value = money.fen;
    return true;
}

static void reply_member(void *self, const struct scan_member *member)
{
    struct reply *reply = self;
    if (member->depth != 4 || !scan_is(member->names[0], "values") ||
        !scan_is(member->names[3], "v")) {
        return;
    }
    const size_t when = scan_is(member->names[1], "before") ? 0 : 1;
    struct handover_reading *reading = &reply->readings[when];
    const struct scan_view item = member->names[2];
    int64_t count_e2 = 0;
    reply->has_values = true;
    if (scan_is(item, "03330201")) {
        reading->has_count = hundredths(member, &count_e2);
        reading->count = count_e2 / 100;
    } else if (scan_is(item, "03330301")) {
        reading->has_last = hundredths(member, &reading->last_fen);
    } else if (scan_is(item, "03330601")) {
        reading->has_total = hundredths(member, &reading->total_fen);
    } else if (scan_is(item, "00900200")) {
        reply->has_remaining[when] = hundredths(member, &reply->remaining[when]);
    } else if (scan_is(item, "00900201")) {
        reply->has_overdraft[when] = hundredths(member, &reply->overdraft[when]);
    } else if (scan_is(item, "00010000")) {
        reading->has_energy = hundredths(member, &reading->energy);
    }
}

bool handover_reply_read(const char *text, struct handover_reading *ret_before,
                         struct handover_reading *ret_after)
{
    struct reply reply = {0};
    if (!scan_object(text, strlen(text), reply_member, &reply) || !reply.has_values) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        reply.readings[i].has_balance = reply.has_remaining[i] && reply.has_overdraft[i];
        reply.readings[i].balance_fen = reply.remaining[i] - reply.overdraft[i];
    }
    *ret_before = reply.readings[0];
    *ret_after = reply.readings[1];
    return true;
}

/* ---- proofs ---- */

static bool use_max(const struct handover_reading *before, const struct handover_reading *after,
                    const struct handover_use *use, int64_t *ret_fen)
{
    const int64_t energy = after->energy - before->energy + use->energy_step;
    if (!before->has_energy || !after->has_energy || after->energy < before->energy ||
        energy > FACTOR_MAX || use->price_e4 < 0 || use->price_e4 > FACTOR_MAX ||
        use->fixed_fen < 0 || use->fixed_fen > FACTOR_MAX) {
        return false;
    }
    *ret_fen = (energy * use->price_e4 + USE_DIVISOR - 1) / USE_DIVISOR + use->fixed_fen + 1;
    return true;
}

static enum handover_proof judge_money(const struct handover_reading *before,
                                       const struct handover_reading *after,
                                       const struct handover_use *use, int64_t amount_fen)
{
    int64_t used = 0;
    if (before->has_total && after->has_total) {
        return after->total_fen - before->total_fen == amount_fen ? HANDOVER_RECORDED
                                                                  : HANDOVER_NOT_SHOWN;
    }
    if (!before->has_balance || !after->has_balance || !use_max(before, after, use, &used) ||
        used >= amount_fen) {
        return HANDOVER_NOT_SHOWN;
    }
    const int64_t most = before->balance_fen + amount_fen;
    const bool inside = after->balance_fen <= most && after->balance_fen >= most - used;
    return inside ? HANDOVER_WINDOW : HANDOVER_NOT_SHOWN;
}

enum handover_proof handover_judge(const char *kind, const struct handover_reading *before,
                                   const struct handover_reading *after,
                                   const struct handover_use *use, int64_t amount_fen)
{
    if (!str_equal(kind, "count")) {
        return judge_money(before, after, use, amount_fen);
    }
    if (!before->has_count || !after->has_count || after->count != before->count + 1) {
        return HANDOVER_NOT_SHOWN;
    }
    if (after->has_last) {
        return after->last_fen == amount_fen ? HANDOVER_RECORDED : HANDOVER_NOT_SHOWN;
    }
    return judge_money(before, after, use, amount_fen);
}

/* ---- replay ---- */

enum stage { READY, ASSIGNED, SENT, UNKNOWN, FENCING, DELIVERED, VOID, STAGE_COUNT };

static const char *const STAGES[STAGE_COUNT] = {"READY",   "ASSIGNED",  "SENT", "UNKNOWN",
                                                "FENCING", "DELIVERED", "VOID"};

#define IN(stage) (1U << (unsigned)(stage))
#define ASKED (IN(SENT) | IN(UNKNOWN) | IN(FENCING))

struct way {
    const char *event;
    unsigned from;
    unsigned to;
};

static const struct way WAYS[] = {
    {"post", IN(READY), IN(DELIVERED)},
    {"assign", IN(READY), IN(ASSIGNED)},
    {"dispatch", IN(ASSIGNED), IN(SENT)},
    {"reply", ASKED, IN(DELIVERED) | IN(ASSIGNED) | IN(VOID) | IN(UNKNOWN) | IN(FENCING)},
    {"silence", IN(SENT), IN(UNKNOWN)},
    {"reading", ASKED | IN(ASSIGNED), IN(DELIVERED)},
    {"reading", IN(UNKNOWN), IN(FENCING)},
    {"reading", IN(FENCING), IN(ASSIGNED) | IN(VOID)},
    {"voided", IN(FENCING), IN(ASSIGNED) | IN(VOID)},
    {"quiet", 0, 0},
    {"deadline", IN(READY) | IN(ASSIGNED), IN(VOID)},
    {"deadline", IN(SENT) | IN(UNKNOWN), IN(UNKNOWN) | IN(FENCING)},
    {"off_bus", 0, 0},
    {"settled_done", ASKED, IN(DELIVERED)},
    {"settled_back", ASKED, IN(VOID)},
    {"stop", IN(READY) | IN(ASSIGNED), IN(VOID)},
    {"crash", IN(SENT), IN(UNKNOWN)},
};

/* A token on a card: once it is given out, only its own proof, the meter or people end it. */
static const struct way CARD_WAYS[] = {
    {"assign", IN(READY), IN(ASSIGNED)},
    {"written", IN(ASSIGNED), IN(DELIVERED)},
    {"reversed", IN(ASSIGNED), IN(VOID)},
    {"deadline", IN(READY), IN(VOID)},
    {"stop", IN(READY), IN(VOID)},
    {"settled_done", IN(ASSIGNED), IN(DELIVERED)},
    {"settled_back", IN(ASSIGNED), IN(VOID)},
};

struct walk {
    const struct dossier *dossier;
    struct part *part;
    struct handover *handover;
    bool on_card;
    enum stage stage;
    bool voided;
    bool quiet;
    bool never_sent;
    bool fenced;
    bool has_reading;
    struct handover_reading reading;
    struct handover_use use;
};

static int stage_index(const char *stage)
{
    for (int i = 0; i < STAGE_COUNT; i++) {
        if (str_equal(stage, STAGES[i])) {
            return i;
        }
    }
    return -1;
}

static bool is_allowed(bool on_card, const char *event, enum stage from, enum stage to)
{
    const struct way *ways = on_card ? CARD_WAYS : WAYS;
    const size_t count = on_card ? ARRAY_COUNT(CARD_WAYS) : ARRAY_COUNT(WAYS);
    bool known = false;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(event, ways[i].event)) {
            continue;
        }
        known = true;
        if ((ways[i].from & IN(from)) != 0 && (ways[i].to & IN(to)) != 0) {
            return true;
        }
    }
    return known && from == to;
}

static void fault(struct walk *walk, enum finding finding, const struct dossier_step *step)
{
    const struct part_subject about = {walk->dossier->number, walk->dossier->delivery.amount_fen};
    walk->handover->fault_count += 1;
    part_find(walk->part, finding, about, "delivery event %lld, %s: %s -> %s, after %s",
              (long long)step->seq, step->event, step->from, step->to, STAGES[walk->stage]);
}

/* By a price or a step that cannot be read nothing is proven. */
static void take_use(struct handover_use *use, const struct scan_member *member)
{
    const struct scan_view name = scan_name(member);
    bool good = true;
    if (scan_is(name, "price_e4")) {
        good = scan_int(member, &use->price_e4);
    } else if (scan_is(name, "fixed_fen")) {
        good = scan_int(member, &use->fixed_fen);
    } else if (scan_is(name, "energy_step")) {
        good = scan_int(member, &use->energy_step);
    }
    if (!good) {
        use->fixed_fen = -1;
    }
}

static void detail_member(void *self, const struct scan_member *member)
{
    struct walk *walk = self;
    const struct scan_view name = scan_name(member);
    const bool yes = member->type == SCAN_TRUE;
    if (member->depth == 2 && scan_is(member->names[0], "reading")) {
        take_reading(&walk->reading, member);
    } else if (scan_is(name, "never_sent")) {
        walk->never_sent = yes;
    } else if (scan_is(name, "fenced")) {
        walk->fenced = yes;
    } else if (scan_is(name, "has_reading")) {
        walk->has_reading = yes;
    } else {
        take_use(&walk->use, member);
    }
}

/* The members of the event; a balance in the cloud has none that matter. */
static void read_detail(struct walk *walk, const struct dossier_step *step)
{
    walk->never_sent = false;
    walk->fenced = false;
    walk->has_reading = false;
    walk->reading = (struct handover_reading){0};
    walk->use = (struct handover_use){.energy_step = 1};
    if (walk->on_card || str_equal(walk->dossier->delivery.kind, "cloud")) {
        return;
    }
    if (!scan_object(step->detail, strlen(step->detail), detail_member, walk)) {
        walk->reading = (struct handover_reading){0};
        walk->never_sent = false;
        walk->fenced = false;
        return;
    }
    walk->has_reading =
        walk->has_reading || str_equal(step->event, "reading") || str_equal(step->event, "assign");
}

/*
 * Nothing may leave the fence as "not done" but behind all three of its walls. Two other ways lead
 * out of it: somebody else used our count, which kills our frame wherever it is; and two persons
 * decided, whose signatures are judged with the order.
 */
static bool is_fenced(const struct walk *walk, const struct dossier_step *step)
{
    const struct handover_reading *before = &walk->handover->before;
    const struct handover_reading *now = &walk->reading;
    const bool used = before->has_count && now->has_count && now->count > before->count;
    if (walk->stage == READY || walk->stage == ASSIGNED || walk->never_sent ||
        str_equal(step->event, "settled_back")) {
        return true; /* nothing of it ever left, or all that left was proven not done */
    }
    return str_equal(step->event, "reading") && walk->voided && walk->quiet &&
           (walk->fenced || used);
}

static enum stage check_step(struct walk *walk, const struct dossier_step *step, int64_t wanted)
{
    const int from = stage_index(step->from);
    const int to = stage_index(step->to);
    if (step->seq != wanted) {
        fault(walk, FOUND_EVENT_GAP, step);
    } else if (from != (int)walk->stage) {
        fault(walk, FOUND_EVENT_CHAIN, step);
    } else if (to < 0 ||
               !is_allowed(walk->on_card, step->event, (enum stage)from, (enum stage)to)) {
        fault(walk, FOUND_EVENT_NOT_ALLOWED, step);
    } else if ((to == VOID || (to == ASSIGNED && from == FENCING)) && !is_fenced(walk, step)) {
        fault(walk, FOUND_VOID_UNFENCED, step);
    }
    return to < 0 ? walk->stage : (enum stage)to;
}

static void take_step(struct walk *walk, const struct dossier_step *step, enum stage to)
{
    struct handover *handover = walk->handover;
    if (str_equal(step->event, "assign")) {
        handover->before = walk->reading;
        handover->has_before = walk->has_reading;
    }
    if (to == FENCING && walk->stage != FENCING) {
        walk->voided = false;
        walk->quiet = false;
    }
    walk->voided =
        walk->voided || str_equal(step->event, "voided") || str_equal(step->event, "off_bus");
    walk->quiet = walk->quiet || (walk->voided && str_equal(step->event, "quiet"));
    if (to == DELIVERED && walk->stage != DELIVERED) {
        handover->delivered_at = step->at;
        /* What was read off the card is judged with its meter (cards_tokens.c). */
        if (walk->on_card && str_equal(step->event, "written")) {
            handover->proof = HANDOVER_RECORDED;
        }
        if (walk->has_reading && handover->has_before) {
            handover->proof =
                handover_judge(walk->dossier->delivery.kind, &handover->before, &walk->reading,
                               &walk->use, walk->dossier->delivery.amount_fen);
        }
    }
    walk->stage = to;
}

void handover_fold(const struct dossier *dossier, struct part *part, struct handover *ret_handover)
{
    struct walk walk = {.dossier = dossier,
                        .part = part,
                        .handover = ret_handover,
                        .on_card = str_equal(dossier->delivery.kind, "card")};
    *ret_handover = (struct handover){.proof = HANDOVER_NOT_SHOWN};
    for (size_t i = 0; i < dossier->step_count; i++) {
        const struct dossier_step *step = &dossier->steps[i];
        const int64_t wanted = i == 0 ? 1 : dossier->steps[i - 1].seq + 1;
        read_detail(&walk, step);
        take_step(&walk, step, check_step(&walk, step, wanted));
    }
    str_format_cut(ret_handover->stage, sizeof(ret_handover->stage), "%s", STAGES[walk.stage]);
}
