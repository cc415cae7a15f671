/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a history: everything that the provider calls paid must have exactly one fate, and the
 * server's books must say the same as everybody else's. Only the provider, the meters and the bank
 * are believed; the database is asked what it claims.
 */
#include "cloud/review/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/world/morning.h"
#include "sim/world/open_items.h"
#include "sim/world/relays.h"
#include "sim/world/restore.h"
#include "sim/world/world.h"

enum { STATE_SIZE = 16 };

/* What the database claims of one payment. */
struct claim {
    const struct trade *trade;
    char state[STATE_SIZE]; /* "": no such document */
    bool owned;             /* an open item with owner and deadline */
    int64_t cust_fen;       /* credited to a balance in the cloud */
    bool stray;             /* not an order, but a payment of a number that is none */
};

struct sums {
    int64_t received_fen[PAY_WALLET_COUNT];
    int64_t returned_fen[PAY_WALLET_COUNT];
};

struct audit {
    struct world *world;
    struct claim claim;
    struct sums theirs; /* the provider's, of what the server has heard of */
};

#define IS_OWNED OPEN_IS_OWNED("no")

static enum err load_state(struct db *db, struct claim *claim)
{
    struct sql *sql = sql_begin(
        db,
        "SELECT state, " IS_OWNED ","
        " (SELECT coalesce(-sum(fen), 0) FROM leg JOIN posting USING (posting_id)"
        "  WHERE document_no = no AND account = 'CUST'), is_stray"
        " FROM (SELECT state, order_no AS no, 0 AS is_stray FROM pay_order WHERE order_no = ?1"
        " UNION ALL SELECT state, stray_no, 1 FROM stray WHERE seen_as = ?1 AND trade_no = ?2)");
    sql_bind_text(sql, 1, claim->trade->order_no);
    sql_bind_text(sql, 2, claim->trade->trade_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        MUST(sql_copy_text(sql, 0, claim->state, sizeof(claim->state)));
        claim->owned = sql_bool(sql, 1);
        claim->cust_fen = sql_i64(sql, 2);
        claim->stray = sql_bool(sql, 3);
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err load_claim(struct db *db, void *arg)
{
    struct audit *audit = arg;
    return load_state(db, &audit->claim);
}

/* ---- one payment ---- */

static const struct wish *wish_of(const struct world *world, const struct trade *trade)
{
    for (size_t i = 0; i < world->wishes.count; i++) {
        if (!trade->stray && world->wishes.list[i].fen == trade->asked_fen) {
            return &world->wishes.list[i];
        }
    }
    return NULL;
}

/* How often the value reached its meter, by the meter's own record (or the balance in the cloud).
 */
static int64_t effects_of(const struct world *world, const struct claim *claim,
                          const struct wish *wish)
{
    if (wish == NULL) {
        return 0;
    }
    if (wish->room % 3 == 0) {
        return claim->cust_fen == 0 ? 0 : claim->cust_fen == wish->fen ? 1 : 2;
    }
    return meters_bought(&world->meters, wish->room, wish->fen);
}

static bool was_refunded_outside(const struct trade *trade)
{
    return trade->refund_count > 0 && str_equal(trade->refunds[0].refund_no, "outside");
}

static void check_unpaid(struct world *world, const struct claim *claim, int64_t effects)
{
    if (effects > 0) {
        world_fail(world, "I2: %s was credited and never paid", claim->trade->order_no);
    }
}

static void check_words(struct world *world, const struct wish *wish, int64_t effects,
                        int64_t back_fen)
{
    if (wish != NULL && wish->was_done && effects == 0) {
        world_fail(world, "I9: %s was shown as done and is not", wish->order_no);
    }
    if (wish != NULL && wish->was_refunded && back_fen == 0) {
        world_fail(world, "I9: %s was shown as refunded and is not", wish->order_no);
    }
}

/*
 * An attempt that was given up for the other wallet: its tenant had a later one with a number. What
 * is paid with its code all the same goes back.
 */
static bool is_superseded(const struct world *world, const struct wish *wish)
{
    const struct wish *end = world->wishes.list + world->wishes.count;
    for (const struct wish *later = wish + 1; later < end; later++) {
        if (later->order_no[0] != '\0' && str_equal(later->purchase_id, wish->purchase_id)) {
            return true;
        }
    }
    return false;
}

static void check_attempt(struct world *world, const struct wish *wish, int64_t effects)
{
    if (wish != NULL && effects > 0 && is_superseded(world, wish)) {
        world_fail(world, "I2: %s was given up for another attempt and credited", wish->order_no);
    }
}

static void count_fate(struct world *world, const struct claim *claim, int64_t effects,
                       int64_t back_fen)
{
    struct counts *counts = &world->counts;
    const struct trade *trade = claim->trade;
    counts->paid += 1;
    counts->paid_fen += trade->paid_fen;
    const bool open = effects != 1 && back_fen != trade->paid_fen;
    const int64_t end_ns = open ? kernel_now_ns() : trade->fate_ns;
    const int64_t took_ms = (end_ns - trade->paid_ns) / KERNEL_MS;
    int64_t *longest_ms = open ? &counts->oldest_open_ms : &counts->slowest_ms;
    *longest_ms = took_ms > *longest_ms ? took_ms : *longest_ms;
    if (trade->fate_ns == 0 && !open) {
        world_fail(world, "%s has a fate that nobody saw happen", trade->order_no);
    }
    counts->fast += effects == 1 && took_ms <= FAST_S * INT64_C(1000) ? 1 : 0;
    if (effects == 1) {
        counts->credited += 1;
        counts->credited_fen += trade->paid_fen;
    } else if (back_fen == trade->paid_fen) {
        counts->refunded += 1;
        counts->refunded_fen += back_fen;
    } else {
        counts->open += 1;
        counts->open_fen += trade->paid_fen;
    }
}

static void check_paid(struct world *world, const struct claim *claim, int64_t effects,
                       int64_t back_fen)
{
    const struct trade *trade = claim->trade;
    const char *number = trade->order_no;
    const bool outside = was_refunded_outside(trade);
    const bool done = str_equal(claim->state, "DONE");
    const bool refunded = str_equal(claim->state, "REFUNDED");
    if (claim->state[0] == '\0') {
        world_fail(world, "I1: %s was paid %" PRId64 " fen and nobody knows of it", number,
                   trade->paid_fen);
    } else if (effects > 1) {
        world_fail(world, "I3: %s was credited %" PRId64 " times", number, effects);
    } else if (back_fen > trade->paid_fen) {
        world_fail(world, "I3: %s was paid back %" PRId64 " of %" PRId64 " fen", number, back_fen,
                   trade->paid_fen);
    } else if (effects == 1 && back_fen > 0 && !outside) {
        world_fail(world, "I1: %s was credited and refunded", number);
    } else if (effects == 0 && back_fen == 0 && !claim->owned) {
        world_fail(world, "I12: %s was paid and is %s, with nobody to see to it", number,
                   claim->state);
    } else if (done && effects == 0) {
        world_fail(world, "I5: %s is DONE and its meter knows nothing", number);
    } else if (refunded && back_fen == 0) {
        world_fail(world, "I5: %s is REFUNDED and the provider knows nothing", number);
    } else if (!done && effects == 1 && !claim->owned && !outside) {
        world_fail(world, "I5: %s reached its meter and is %s", number, claim->state);
    }
}

/* A row that the bill lacks must have raised a question, unless a clock ran wrong. */
static void check_bill(struct world *world, const struct trade *trade)
{
    const bool clocks_right = world->drawn.ppm[FAULT_CLOCK_STEP] == 0;
    if (trade->unbilled && !trade->stray && clocks_right &&
        !morning_found(world, trade, "MISSING_IN_BILL")) {
        world_fail(world, "I5: the bill lacks %s, and nobody asks why", trade->order_no);
    }
}

/*
 * An order that the restored database never had: a number of it may not be given out again, and if
 * it was paid, the bill must have told. What its meter has, it keeps.
 */
static void check_lost(struct audit *audit, const struct trade *trade)
{
    struct world *world = audit->world;
    const bool known = audit->claim.state[0] != '\0';
    if (known && !audit->claim.stray) {
        world_fail(world, "I10: the number %s was given out twice", trade->order_no);
    } else if (trade->paid_fen > 0 && !known && !trade->unbilled &&
               !morning_found(world, trade, "NOT_OURS")) {
        world_fail(world, "I1: %s was paid, lost with the disk, and nobody asks", trade->order_no);
    }
    if (known) {
        audit->theirs.received_fen[trade->wallet] += trade->paid_fen;
        audit->theirs.returned_fen[trade->wallet] +=
            provider_refunded_fen(trade, /* only_done= */ true);
    }
}

/* What was bought for a card: sim/cards follows its value. */
static void check_card_order(struct audit *audit, const struct trade *trade,
                             const struct wish *wish)
{
    struct world *world = audit->world;
    cards_check_trade(world, trade, wish, audit->claim.state);
    if (trade->paid_fen > 0) {
        check_bill(world, trade);
        audit->theirs.received_fen[trade->wallet] += trade->paid_fen;
        audit->theirs.returned_fen[trade->wallet] +=
            provider_refunded_fen(trade, /* only_done= */ true);
    }
}

static void check_trade(struct audit *audit, const struct trade *trade)
{
    struct world *world = audit->world;
    audit->claim = (struct claim){.trade = trade};
    if (store_read(world->cloud.store, load_claim, audit) != OK) {
        world_fail(world, "the database cannot be read");
        return;
    }
    const struct wish *wish = wish_of(world, trade);
    const int64_t effects = world->carded != NULL ? 0 : effects_of(world, &audit->claim, wish);
    const int64_t back_fen =
        provider_refunded_fen(trade, /* only_done= */ true) + trade->repaid_fen;
    if (restore_lost(world, trade)) {
        check_lost(audit, trade);
        return;
    }
    if (world->carded != NULL && wish != NULL) {
        check_card_order(audit, trade, wish);
        return;
    }
    check_words(world, wish, effects, back_fen);
    check_attempt(world, wish, effects);
    if (trade->paid_fen == 0) {
        check_unpaid(world, &audit->claim, effects);
        return;
    }
    if (audit->claim.state[0] == '\0' && !trade->acknowledged &&
        morning_found(world, trade, "NOT_OURS")) {
        return; /* the bill alone told of it, and nobody may send back what is not ours */
    }
    check_paid(world, &audit->claim, effects, back_fen);
    check_bill(world, trade);
    count_fate(world, &audit->claim, effects, back_fen);
    audit->theirs.received_fen[trade->wallet] += trade->paid_fen;
    audit->theirs.returned_fen[trade->wallet] +=
        provider_refunded_fen(trade, /* only_done= */ true);
}

/* ---- the books as a whole ---- */

static enum err load_sum(struct db *db, const char *account, const char *channel, int64_t *ret_fen)
{
    struct sql *sql = sql_begin(db, "SELECT coalesce(sum(fen), 0) FROM leg"
                                    " WHERE account = ?1 AND subject = ?2");
    sql_bind_text(sql, 1, account);
    sql_bind_text(sql, 2, channel);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_fen = sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

static enum err load_sums(struct db *db, void *arg)
{
    struct sums *sums = arg;
    enum err err = OK;
    for (int i = 0; i < PAY_WALLET_COUNT && err == OK; i++) {
        const char *channel = pay_wallet_name((enum pay_wallet)i);
        err = load_sum(db, "RECV", channel, &sums->received_fen[i]);
        if (err == OK) {
            err = load_sum(db, "REFOUT", channel, &sums->returned_fen[i]);
        }
    }
    return err;
}

/* What the bill alone tells of - a payment of a number that is not ours - is in no ledger. */
static void check_turnover(struct world *world, const struct sums *theirs)
{
    struct sums ours = {{0}, {0}};
    if (store_read(world->cloud.store, load_sums, &ours) != OK) {
        world_fail(world, "the ledger cannot be read");
        return;
    }
    for (int i = 0; i < PAY_WALLET_COUNT; i++) {
        if (ours.received_fen[i] != theirs->received_fen[i]) {
            world_fail(world, "I5: RECV is %" PRId64 ", the provider received %" PRId64,
                       ours.received_fen[i], theirs->received_fen[i]);
        }
        if (-ours.returned_fen[i] != theirs->returned_fen[i]) {
            world_fail(world, "I5: REFOUT is %" PRId64 ", the provider paid back %" PRId64,
                       -ours.returned_fen[i], theirs->returned_fen[i]);
        }
    }
}

struct books {
    json_t *json;
};

static enum err load_books(struct db *db, void *arg)
{
    struct books *books = arg;
    return audit_books(db, &books->json);
}

static void check_books(struct world *world)
{
    struct books books = {NULL};
    if (store_read(world->cloud.store, load_books, &books) != OK) {
        world_fail(world, "the books cannot be read");
        return;
    }
    const json_t *findings = json_object_get(books.json, "findings");
    if (json_array_size(findings) > 0) {
        char *text = json_dumps(json_array_get(findings, 0), JSON_COMPACT);
        world_fail(world, "I4, I13: %s", text != NULL ? text : "");
        free(text);
    }
    json_decref(books.json);
}

/* Whatever the tenants and the provider know of it. */
static void check_open(struct world *world)
{
    struct open_items items;
    if (store_read(world->cloud.store, open_items_load, &items) != OK) {
        world_fail(world, "what is open cannot be read");
    } else if (items.failure[0] != '\0') {
        world_fail(world, "%s", items.failure);
    }
}

static void check_meters(struct world *world)
{
    for (size_t i = 0; i < world->meters.count; i++) {
        if (!meters_books_are_sound(&world->meters, i)) {
            world_fail(world, "I6: the record of meter %zu is not sound", i);
        }
    }
}

static void audit_main(void *arg)
{
    struct audit *audit = arg;
    struct world *world = audit->world;
    for (size_t i = 0; i < world->pay.trade_count; i++) {
        check_trade(audit, &world->pay.trades[i]);
    }
    check_open(world);
    check_books(world);
    check_turnover(world, &audit->theirs);
    check_meters(world);
    if (world->carded != NULL) {
        cards_check_books(world);
    } else {
        relays_check(world);
    }
    audit->world = NULL; /* done */
}

void audit_world(struct world *world)
{
    struct audit audit = {.world = world};
    if (!world->cloud.up) {
        world_fail(world, "I12: the server does not come up in calm weather");
        return;
    }
    (void)kernel_spawn(NODE_CLOUD, audit_main, &audit);
    kernel_run(kernel_now_ns() + KERNEL_MINUTE);
    if (audit.world != NULL) {
        world_fail(world, "the audit did not end");
    }
}
