/* SPDX-License-Identifier: Apache-2.0 */
/*
 * People at the desk. They go and look - at the meter, at the provider's console - before they
 * decide, they are always two, and they click twice. What they may not do the server refuses.
 */
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/world/world.h"

enum {
    TURN_S = 180,
    ITEMS_MAX = 16,
    CLICKS = 2,
    FAR_S = 1800, /* nothing is travelling any more: a look at the meter is a physical proof */
    DOCUMENT_SIZE = 48,
};

struct item {
    char document_no[DOCUMENT_SIZE];
    bool stray;
    int64_t opened_at;
};

struct items {
    struct item list[ITEMS_MAX];
    size_t count;
    int64_t now_s;
};

static enum err load_items(struct db *db, void *arg)
{
    struct items *items = arg;
    struct sql *sql =
        sql_begin(db, "SELECT document_no, document = 'stray', opened_at FROM review_item"
                      " WHERE closed_at IS NULL AND document <> 'payout'" /* of the card desk */
                      " ORDER BY item_id LIMIT 16");
    bool row = true;
    enum err err = sql_next(sql, &row);
    items->now_s = db_wall_s(db);
    while (err == OK && row && items->count < ITEMS_MAX) {
        struct item *item = &items->list[items->count++];
        MUST(sql_copy_text(sql, 0, item->document_no, sizeof(item->document_no)));
        item->stray = sql_bool(sql, 1);
        item->opened_at = sql_i64(sql, 2);
        err = sql_next(sql, &row);
    }
    return err;
}

/*
 * The service begins to stop, and its store is closed under whoever does not look. Only small
 * histories with cards are dense enough to meet that; the others stay as they were.
 */
static bool is_closing(const struct world *world)
{
    return world->carded != NULL && !world->cloud.up;
}

/* ---- one decision ---- */

/* One click of one person. */
struct click {
    struct world *world;
    struct review_sign sign;
    size_t *settled; /* shared by the clicks about one item; @own of the last one */
    size_t *left;
};

struct signers {
    const char *document_no;
    int64_t count;
};

/* Who signed the newest item of a document; the device's proof counts as one. */
static enum err count_signers(struct db *db, void *arg)
{
    struct signers *signers = arg;
    struct sql *sql = sql_begin(db, "SELECT count(DISTINCT person) FROM review_signature WHERE"
                                    " item_id = (SELECT max(item_id) FROM review_item"
                                    " WHERE document_no = ?1)");
    sql_bind_text(sql, 1, signers->document_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        signers->count = sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

static void check_signers(struct world *world, const char *document_no)
{
    struct signers signers = {.document_no = document_no};
    if (!is_closing(world) && store_read(world->cloud.store, count_signers, &signers) == OK &&
        signers.count < 2) {
        world_fail(world, "I14: %s was settled by one person", document_no);
    }
}

static void click(void *arg)
{
    struct click *click = arg;
    struct world *world = click->world;
    enum err err = is_closing(world) ? ERR_UNAVAILABLE
                                     : store_run(world->cloud.store, review_sign, &click->sign);
    if (err == OK && click->sign.settled) {
        *click->settled += 1;
        kernel_trace("settled", click->sign.document_no, click->sign.decision, 0);
        check_signers(world, click->sign.document_no);
    }
    if (*click->settled > 1) {
        world_fail(world, "I14: %s was settled twice", click->sign.document_no);
    }
    *click->left -= 1;
    if (*click->left == 0) {
        free(click->settled);
        free(click->left);
    }
    free(click);
}

static void attach(struct world *world, const struct item *item, const char *kind)
{
    struct review_attach attach = {.text = "seen"};
    MUST(str_copy(attach.document_no, sizeof(attach.document_no), item->document_no));
    str_format_cut(attach.person, sizeof(attach.person), "li");
    str_format_cut(attach.kind, sizeof(attach.kind), "%s", kind);
    if (!is_closing(world)) {
        (void)!store_run(world->cloud.store, review_attach, &attach);
    }
}

static void sign(struct world *world, const struct item *item, enum review_decision decision)
{
    static const char *const PERSONS[] = {"li", "wang"};
    const bool doubled = world_strikes(world, FAULT_OPERATOR_DOUBLE, DICE_OPERATORS);
    const bool alone = world_strikes(world, FAULT_OPERATOR_ALONE, DICE_OPERATORS);
    const size_t clicks = doubled || alone ? CLICKS : 1;
    const size_t people = alone ? 1 : ARRAY_COUNT(PERSONS);
    size_t *settled = calloc(1, sizeof(*settled));
    size_t *left = malloc(sizeof(*left));
    MUST(settled != NULL && left != NULL);
    *left = clicks * people;
    for (size_t i = 0; i < clicks * people; i++) {
        struct click *made = calloc(1, sizeof(*made));
        MUST(made != NULL);
        *made = (struct click){.world = world, .settled = settled, .left = left};
        made->sign.orders = world->cloud.orders;
        made->sign.decision = decision;
        MUST(str_copy(made->sign.document_no, sizeof(made->sign.document_no), item->document_no));
        str_format_cut(made->sign.person, sizeof(made->sign.person), "%s", PERSONS[i % people]);
        (void)kernel_spawn(NODE_CLOUD, click, made);
    }
}

static const struct wish *wish_of(const struct world *world, int64_t fen)
{
    for (size_t i = 0; i < world->wishes.count; i++) {
        if (world->wishes.list[i].fen == fen) {
            return &world->wishes.list[i];
        }
    }
    return NULL;
}

static bool has_abnormal(const struct trade *trade)
{
    for (size_t i = 0; i < trade->refund_count; i++) {
        if (trade->refunds[i].state == TRADE_REFUND_ABNORMAL) {
            return true;
        }
    }
    return false;
}

/*
 * Who pays from the bank looks at the wallet's own pages first: beside a refund of ours that is
 * given up, somebody may have paid it back there, and no answer to the server says so.
 */
static bool is_for_bank(const struct trade *trade)
{
    return trade->repaid_fen > 0 ||
           (has_abnormal(trade) && provider_refunded_fen(trade, /* only_done= */ true) == 0);
}

static void pay_back_by_bank(struct world *world, const struct item *item, struct trade *trade)
{
    trade->repaid_fen = trade->paid_fen;
    trade->fate_ns = kernel_now_ns();
    kernel_trace("repaid by bank", trade->order_no, trade->paid_fen, 0);
    attach(world, item, "reference");
    sign(world, item, REVIEW_REPAID);
}

/* A token was given out: the meter's display and the card itself tell where its value is. */
static bool decide_card(struct world *world, const struct item *item, int64_t age_s)
{
    struct holder *holder = NULL;
    struct trade *trade = provider_find(&world->pay, item->document_no);
    const enum token_fate fate = card_fate(world, item->document_no, &holder);
    if (is_closing(world)) {
        return true; /* nobody could tell */
    }
    if (trade == NULL || trade->paid_fen == 0 || fate == TOKEN_NONE || fate == TOKEN_TAKEN_BACK) {
        return false;
    }
    if (fate != TOKEN_NOWHERE) {
        attach(world, item, "reading");
        sign(world, item, REVIEW_DONE);
        return true;
    }
    /* Whoever has the card may still bring it; if the money went back elsewhere, nobody will. */
    return provider_refunded_fen(trade, /* only_done= */ true) == 0 || age_s <= FAR_S;
}

static void decide_order(struct world *world, const struct item *item, int64_t age_s)
{
    if (world->carded != NULL && decide_card(world, item, age_s)) {
        return;
    }
    struct trade *trade = provider_find(&world->pay, item->document_no);
    if (trade == NULL || trade->paid_fen == 0) {
        sign(world, item, REVIEW_CLOSE);
        return;
    }
    const struct wish *wish = wish_of(world, trade->asked_fen);
    const bool bought = wish != NULL && world->carded == NULL &&
                        meters_bought(&world->meters, wish->room, wish->fen) > 0;
    if (bought) {
        attach(world, item, "reading");
        sign(world, item, REVIEW_DONE);
        return;
    }
    if (age_s > FAR_S) {
        attach(world, item, "physical");
    }
    if (is_for_bank(trade)) {
        pay_back_by_bank(world, item, trade);
    } else if (provider_refunded_fen(trade, /* only_done= */ true) > 0) {
        attach(world, item, "reference");
        sign(world, item, REVIEW_REFUNDED);
    } else {
        if (canary_is(CANARY_OPERATORS_NOT_SERIAL)) {
            trade->repaid_fen += trade->paid_fen; /* the colleague's button asks nobody */
        }
        sign(world, item, REVIEW_REFUND);
    }
}

/* The stray payment behind "seen_as": its trade number is what people look up. */
static enum err load_seen_as(struct db *db, void *arg)
{
    char *number = arg; /* in: the stray's number; out: the provider's */
    struct sql *sql = sql_begin(db, "SELECT seen_as FROM stray WHERE stray_no = ?1");
    sql_bind_text(sql, 1, number);
    enum err err = sql_one(sql);
    return err == OK && !sql_copy_text(sql, 0, number, DOCUMENT_SIZE) ? ERR_CHECKSUM : err;
}

static void decide_stray(struct world *world, const struct item *item)
{
    char number[DOCUMENT_SIZE];
    MUST(str_copy(number, sizeof(number), item->document_no));
    if (is_closing(world) || store_read(world->cloud.store, load_seen_as, number) != OK) {
        return;
    }
    struct trade *trade = provider_find(&world->pay, number);
    if (trade != NULL && is_for_bank(trade)) {
        pay_back_by_bank(world, item, trade);
    } else if (trade != NULL && provider_refunded_fen(trade, /* only_done= */ true) > 0) {
        attach(world, item, "reference");
        sign(world, item, REVIEW_REFUNDED);
    } else {
        sign(world, item, REVIEW_REFUND);
    }
}

static void work(void *arg)
{
    struct world *world = arg;
    struct items *items = calloc(1, sizeof(*items));
    MUST(items != NULL);
    if (store_read(world->cloud.store, load_items, items) == OK) {
        for (size_t i = 0; i < items->count; i++) {
            const struct item *item = &items->list[i];
            const int64_t age_s = items->now_s - item->opened_at;
            if (item->stray) {
                decide_stray(world, item);
            } else {
                decide_order(world, item, age_s);
            }
        }
    }
    free(items);
}

static void turn(void *arg)
{
    struct world *world = arg;
    if (world->cloud.up) {
        (void)kernel_spawn(NODE_CLOUD, work, world);
    }
    kernel_after(KERNEL_WORLD, TURN_S * KERNEL_S, turn, world);
}

void operators_begin(struct world *world)
{
    kernel_after(KERNEL_WORLD, TURN_S * KERNEL_S, turn, world);
}
