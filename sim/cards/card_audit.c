/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be true of cards. Believed are the provider, the meters' own books, the bytes on the
 * cards and the desk's till; the database is asked what it claims.
 */
#include <inttypes.h>

#include "cloud/cards/book.h"
#include "common/must.h"
#include "common/str.h"
#include "sim/cards/cards.h"
#include "sim/world/open_items.h"
#include "sim/world/world.h"

void cards_check_meter(struct world *world, const struct holder *holder)
{
    int64_t back_fen = 0;
    const int64_t paid_fen = cards_paid_fen(world, holder->room, &back_fen);
    const int64_t total_fen = plastic_meter_total_fen(holder->meter);
    if (!plastic_meter_is_sound(holder->meter)) {
        world_fail(world, "I6: the book of meter m%u is not sound", holder->room);
    }
    if (total_fen > paid_fen - back_fen) {
        world_fail(world,
                   "I3: meter m%u was credited %" PRId64 " fen, and of %" PRId64 " paid %" PRId64
                   " went back",
                   holder->room, total_fen, paid_fen, back_fen);
    }
}

/* ---- one payment ---- */

struct owner {
    const char *order_no;
    bool owned;
};

/* An open item of the review, of an owed card, or of a case that two persons began. */
static enum err load_owner(struct db *db, void *arg)
{
    struct owner *owner = arg;
    struct sql *sql = sql_begin(db, "SELECT " OPEN_IS_OWNED("?1"));
    sql_bind_text(sql, 1, owner->order_no);
    enum err err = sql_one(sql);
    owner->owned = err == OK && sql_bool(sql, 0);
    sql_end(sql);
    return err;
}

static void count_fate(struct world *world, const struct trade *trade, bool credited, bool back)
{
    struct counts *counts = &world->counts;
    counts->paid += 1;
    counts->paid_fen += trade->paid_fen;
    if (credited) {
        counts->credited += 1;
        counts->credited_fen += trade->paid_fen;
    } else if (back) {
        counts->refunded += 1;
        counts->refunded_fen += trade->paid_fen;
    } else {
        counts->open += 1;
        counts->open_fen += trade->paid_fen;
    }
}

/* The value of somebody who left the town, or whose meter does not do as it is told. */
static bool may_stay(const struct holder *holder)
{
    return holder != NULL && (holder->moved_out || plastic_meter_is_sick(holder->meter));
}

void cards_check_trade(struct world *world, const struct trade *trade, const struct wish *wish,
                       const char *state)
{
    struct holder *holder = NULL;
    struct owner owner = {.order_no = trade->order_no};
    const enum token_fate fate = card_fate(world, trade->order_no, &holder);
    const int64_t back_fen =
        provider_refunded_fen(trade, /* only_done= */ true) + trade->repaid_fen;
    const bool outside =
        trade->refund_count > 0 && str_equal(trade->refunds[0].refund_no, "outside");
    const bool credited = fate == TOKEN_LOADED;
    const bool back = back_fen > 0;
    const bool done = str_equal(state, "DONE");
    if (store_read(world->cloud.store, load_owner, &owner) != OK) {
        world_fail(world, "the database cannot be read");
    }
    if (trade->paid_fen == 0) {
        if (fate != TOKEN_NONE) {
            world_fail(world, "I2: a token was given out for %s, which was never paid",
                       trade->order_no);
        }
        return;
    }
    if (state[0] == '\0') {
        world_fail(world, "I1: %s was paid %" PRId64 " fen and nobody knows of it", trade->order_no,
                   trade->paid_fen);
    } else if (back_fen > trade->paid_fen && !outside) { /* that, the bill tells too late */
        world_fail(world, "I3: %s was paid back %" PRId64 " of %" PRId64 " fen", trade->order_no,
                   back_fen, trade->paid_fen);
    } else if (credited && back && !outside) {
        world_fail(world, "I1: %s is in its meter and was paid back", trade->order_no);
    } else if (!credited && !back && !owner.owned && !(done && may_stay(holder))) {
        world_fail(world,
                   "I12: %s is %s, neither in its meter nor paid back, and nobody sees to it",
                   trade->order_no, state);
    } else if (credited && !done && !owner.owned && !outside) {
        world_fail(world, "I5: %s reached its meter and is %s", trade->order_no, state);
    } else if (str_equal(state, "REFUNDED") && !back) {
        world_fail(world, "I5: %s is REFUNDED and the provider knows nothing", trade->order_no);
    } else if (wish->was_done && fate == TOKEN_NONE) {
        world_fail(world, "I9: %s was shown as done and has no token", trade->order_no);
    }
    count_fate(world, trade, credited, back_fen >= trade->paid_fen);
}

/* ---- the books as a whole ---- */

struct claim {
    char meter_id[API_ID_SIZE];
    struct book_account account;
    int64_t open_orders;
    int64_t open_cases;
    int64_t tokens;
};

static enum err load_claim(struct db *db, void *arg)
{
    struct claim *claim = arg;
    enum err err = book_account_load(db, claim->meter_id, &claim->account);
    struct sql *sql = sql_begin(
        db, "SELECT (SELECT count(*) FROM pay_order WHERE meter_id = ?1 AND state NOT IN ('DONE',"
            " 'CLOSED', 'REFUNDED')), (SELECT count(*) FROM card_return_case WHERE meter_id = ?1"
            " AND stage = 'REVERSAL_ISSUED'), (SELECT count(*) FROM card_token WHERE meter_id ="
            " ?1)");
    sql_bind_text(sql, 1, claim->meter_id);
    err = err == OK ? sql_one(sql) : err;
    if (err == OK) {
        claim->open_orders = sql_i64(sql, 0);
        claim->open_cases = sql_i64(sql, 1);
        claim->tokens = sql_i64(sql, 2);
    }
    sql_end(sql);
    return err;
}

static void check_settled(struct world *world, const struct holder *holder,
                          const struct claim *claim)
{
    const int64_t total_fen = plastic_meter_total_fen(holder->meter);
    const uint32_t n = plastic_meter_n(holder->meter);
    if (!holder->settled || claim->open_orders > 0 || claim->open_cases > 0) {
        world_fail(world,
                   "I12: the tenant of m%u is not settled: %" PRId64 " orders, %" PRId64
                   " cases open",
                   holder->room, claim->open_orders, claim->open_cases);
    } else if (total_fen != claim->account.total_fen || n != claim->account.n) {
        world_fail(world,
                   "I5: meter m%u has taken token %u and %" PRId64 " fen, the server gave %u and"
                   " %" PRId64,
                   holder->room, n, total_fen, claim->account.n, claim->account.total_fen);
    }
}

void cards_check_books(struct world *world)
{
    for (size_t i = 0; i < world->carded->count; i++) {
        const struct holder *holder = &world->carded->holders[i];
        struct claim claim = {.open_orders = 0};
        str_format_cut(claim.meter_id, sizeof(claim.meter_id), "m%u", holder->room);
        if (store_read(world->cloud.store, load_claim, &claim) != OK) {
            world_fail(world, "the card tables cannot be read");
            return;
        }
        cards_check_meter(world, holder);
        world->counts.cards.tokens += (uint64_t)claim.tokens;
        if (plastic_meter_n(holder->meter) > claim.account.n) {
            world_fail(world, "I7: meter m%u has token %u, and the server gave out %u",
                       holder->room, plastic_meter_n(holder->meter), claim.account.n);
        }
        if (!may_stay(holder)) {
            check_settled(world, holder, &claim);
        }
    }
}
