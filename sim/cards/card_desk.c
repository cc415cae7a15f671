/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuing desk: cards in place of lost ones, value that is bought back by two persons, and the
 * payment of what the meter has given back. People who got no answer look before they go on.
 */
#include <string.h>

#include "cloud/cards/internal.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "protocol/card/mifare.h"
#include "sim/cards/cards.h"
#include "sim/cards/vault_double.h"
#include "sim/world/world.h"

enum {
    TURN_S = 240,
    OWED_MAX = 8,
    HALF = 500000,
};

/* What a desk's reader writes to a blank card. */
struct blank {
    uint8_t trailers[PLASTIC_SECTORS][PLASTIC_BLOCK_SIZE];
    uint8_t record[CARD_RECORD_SIZE];
};

/* Of the cards that every history begins with. */
static struct blank first_cards[HOLDERS_MAX];

static void uid_of(uint32_t room, uint32_t serial, uint8_t ret_uid[PLASTIC_UID_SIZE])
{
    const uint8_t uid[PLASTIC_UID_SIZE] = {0x4A, (uint8_t)(room + 1), (uint8_t)(serial >> 8),
                                           (uint8_t)serial};
    memcpy(ret_uid, uid, sizeof(uid));
}

static void uid_text(uint32_t room, uint32_t serial, char ret_text[CARD_UID_TEXT_SIZE])
{
    uint8_t bytes[PLASTIC_UID_SIZE];
    struct card_uid uid;
    uid_of(room, serial, bytes);
    bool good = card_uid_make(bytes, sizeof(bytes), &uid);
    MUST(good);
    card_uid_format(&uid, ret_text);
}

static void make_blank(const uint8_t meter[CARD_METER_SIZE], const struct book_card *card,
                       struct blank *ret_blank)
{
    struct card_keys keys;
    bool good = vault_meter_keys(vault_double(), meter, &keys);
    for (size_t i = 0; i < PLASTIC_SECTORS; i++) {
        good = good && card_trailer_make(&keys, &card->uid, (uint8_t)i, ret_blank->trailers[i]);
    }
    MUST(good);
    memcpy(ret_blank->record, card->record, sizeof(ret_blank->record));
}

static void give(struct holder *holder, const struct blank *blank)
{
    uint8_t uid[PLASTIC_UID_SIZE];
    uid_of(holder->room, holder->serial, uid);
    uid_text(holder->room, holder->serial, holder->uid);
    holder->card = plastic_make(uid);
    plastic_issue(holder->card, blank->trailers, blank->record);
    holder->reported = false;
}

void cards_provision(struct store *store, uint32_t rooms)
{
    struct cards cards = {.setup = {.vault = vault_double()}};
    for (uint32_t i = 0; i < rooms; i++) {
        struct desk_issue issue = {.cards = &cards};
        uid_text(i, 0, issue.uid_text);
        str_format_cut(issue.meter_id, sizeof(issue.meter_id), "m%u", i);
        enum err err = store_run(store, desk_issue, &issue);
        MUST(err == OK && issue.refused == NULL);
        make_blank(issue.account.meter, &issue.card, &first_cards[i]);
    }
}

/* The desk's calls end where the service begins to stop: its store is closed behind them. */
static enum err look_up(struct world *world, store_fn fn, void *arg)
{
    return world->cloud.up ? store_read(world->cloud.store, fn, arg) : ERR_UNAVAILABLE;
}

static enum err carry_out(struct world *world, store_fn fn, void *arg)
{
    return world->cloud.up ? store_run(world->cloud.store, fn, arg) : ERR_UNAVAILABLE;
}

/* ---- another card ---- */

struct known {
    char uid[CARD_UID_TEXT_SIZE];
    struct book_card card;
    struct book_account account;
};

static enum err load_known(struct db *db, void *arg)
{
    struct known *known = arg;
    enum err err = book_card_load(db, known->uid, &known->card);
    return err == OK ? book_account_load(db, known->card.meter_id, &known->account) : err;
}

static void report_lost(struct holder *holder)
{
    struct desk_state wish = {.state = "lost"};
    MUST(str_copy(wish.uid_text, sizeof(wish.uid_text), holder->uid));
    holder->reported = carry_out(holder->world, desk_set_state, &wish) == OK;
}

/* The next number; whether it was this call that made it or an earlier one, it is his. */
static void replace(struct holder *holder)
{
    struct world *world = holder->world;
    struct desk_issue issue = {.cards = world->cloud.cards};
    struct known known;
    struct blank blank;
    uid_text(holder->room, holder->serial + 1, issue.uid_text);
    MUST(str_copy(issue.old_uid, sizeof(issue.old_uid), holder->uid));
    MUST(str_copy(known.uid, sizeof(known.uid), issue.uid_text));
    (void)!carry_out(world, desk_issue, &issue);
    if (look_up(world, load_known, &known) != OK) {
        return;
    }
    make_blank(known.account.meter, &known.card, &blank);
    holder->serial += 1;
    give(holder, &blank);
    world->counts.cards.replaced += 1;
    kernel_trace("card replaced", holder->uid, holder->room, (int64_t)known.account.n);
}

static void serve(struct world *world)
{
    for (size_t i = 0; i < world->carded->count; i++) {
        struct holder *holder = &world->carded->holders[i];
        if (holder->card != NULL || holder->moved_out) {
            continue;
        }
        if (!holder->reported && dice_chance(&world->dice[DICE_CARDS], HALF)) {
            report_lost(holder);
        } else {
            replace(holder);
        }
    }
}

/* ---- value that is bought back ---- */

struct choice {
    uint32_t skip;
    char order_no[ORDER_NUMBER_SIZE];
    bool found;
};

static enum err choose(struct db *db, void *arg)
{
    struct choice *choice = arg;
    struct sql *sql = sql_begin(
        db, "SELECT t.document_no FROM card_token t JOIN pay_order o ON o.order_no ="
            " t.document_no WHERE t.kind = 'purchase' AND o.state IN ('DONE', 'CREDITING',"
            " 'REVIEW') ORDER BY t.document_no LIMIT 1 OFFSET ?1");
    sql_bind_i64(sql, 1, choice->skip);
    enum err err = sql_one(sql);
    choice->found = err == OK && sql_copy_text(sql, 0, choice->order_no, ORDER_NUMBER_SIZE);
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

static void begin_return(struct world *world, const char *order_no)
{
    static const char *const PERSONS[] = {"li", "wang"};
    const bool alone = world_strikes(world, FAULT_OPERATOR_ALONE, DICE_CARDS);
    for (size_t i = 0; i < ARRAY_COUNT(PERSONS); i++) {
        struct return_wish wish = {.cards = world->cloud.cards};
        MUST(str_copy(wish.order_no, sizeof(wish.order_no), order_no));
        str_format_cut(wish.person, sizeof(wish.person), "%s", PERSONS[alone ? 0 : i]);
        enum err err = carry_out(world, return_begin, &wish);
        if (err == OK && wish.issued) {
            kernel_trace("reversal", order_no, wish.n, 0);
            world->counts.cards.reversals += 1;
        }
        if (err == OK && wish.issued && alone) {
            world_fail(world, "I14: one person took the value of %s back", order_no);
        }
    }
}

static void maybe_return(struct world *world)
{
    struct choice choice = {.skip = 0};
    if (!world->storm || !world_strikes(world, FAULT_CARD_RETURNED, DICE_CARDS)) {
        return;
    }
    const uint32_t orders = (uint32_t)world->wishes.count + 1;
    choice.skip = dice_below(&world->dice[DICE_CARDS], orders);
    if (look_up(world, choose, &choice) == OK && choice.found) {
        begin_return(world, choice.order_no);
    }
}

/* ---- paid out ---- */

struct owed_case {
    char case_no[ORDER_NUMBER_SIZE];
    char order_no[ORDER_NUMBER_SIZE];
    int64_t fen;
    bool paid;
};

struct owed_cases {
    struct owed_case list[OWED_MAX];
    size_t count;
};

static enum err load_owed(struct db *db, void *arg)
{
    struct owed_cases *cases = arg;
    struct sql *sql =
        sql_begin(db, "SELECT case_no, order_no, amount_fen, payout = 'paid' FROM card_return_case"
                      " WHERE payout <> 'none' ORDER BY ended_at DESC, case_no LIMIT 8");
    bool row = true;
    enum err err = sql_next(sql, &row);
    while (err == OK && row && cases->count < OWED_MAX) {
        struct owed_case *one = &cases->list[cases->count++];
        MUST(sql_copy_text(sql, 0, one->case_no, sizeof(one->case_no)));
        MUST(sql_copy_text(sql, 1, one->order_no, sizeof(one->order_no)));
        one->fen = sql_i64(sql, 2);
        one->paid = sql_bool(sql, 3);
        err = sql_next(sql, &row);
    }
    return err;
}

static void sign_payout(struct world *world, const struct owed_case *one)
{
    static const char *const PERSONS[] = {"li", "wang"};
    for (size_t i = 0; i < ARRAY_COUNT(PERSONS); i++) {
        struct payout_wish wish = {.cards = world->cloud.cards};
        MUST(str_copy(wish.case_no, sizeof(wish.case_no), one->case_no));
        str_format_cut(wish.person, sizeof(wish.person), "%s", PERSONS[i]);
        (void)!carry_out(world, return_pay_out, &wish);
    }
}

/* The money leaves the till when the list says so, and once. */
static void pay_out(struct world *world)
{
    struct owed_cases cases = {.count = 0};
    if (look_up(world, load_owed, &cases) != OK) {
        return;
    }
    for (size_t i = 0; i < cases.count; i++) {
        struct trade *trade = provider_find(&world->pay, cases.list[i].order_no);
        if (!cases.list[i].paid) {
            sign_payout(world, &cases.list[i]);
        } else if (trade != NULL && trade->repaid_fen == 0) {
            trade->repaid_fen = cases.list[i].fen;
            trade->fate_ns = kernel_now_ns();
            kernel_trace("paid out", trade->order_no, trade->repaid_fen, 0);
            world->counts.cards.paid_out += 1;
        }
    }
}

static void work(void *arg)
{
    struct world *world = arg;
    serve(world);
    maybe_return(world);
    pay_out(world);
}

static void turn(void *arg)
{
    struct world *world = arg;
    if (world->cloud.up) {
        (void)kernel_spawn(NODE_CLOUD, work, world);
    }
    kernel_after(KERNEL_WORLD, TURN_S * KERNEL_S, turn, world);
}

void card_desk_begin(struct world *world)
{
    for (size_t i = 0; i < world->carded->count; i++) {
        struct holder *holder = &world->carded->holders[i];
        holder->world = world;
        holder->room = (uint32_t)i;
        holder->caller.id = i;
        give(holder, &first_cards[i]);
    }
    kernel_after(KERNEL_WORLD, TURN_S * KERNEL_S, turn, world);
}

/* ---- where is the value of an order? ---- */

struct fate {
    const char *order_no;
    uint32_t n;
    uint32_t back_n; /* of the token that took it back; 0: none */
    bool reversed;   /* ... and the server believes that the meter did */
    uint32_t room;
    bool found;
};

static enum err load_fate(struct db *db, void *arg)
{
    struct fate *fate = arg;
    struct sql *sql = sql_begin(
        db,
        "SELECT t.n, substr(t.meter_id, 2), coalesce((SELECT max(r.n) FROM card_return_case r"
        "  WHERE r.order_no = ?1 AND r.stage IN ('REVERSAL_ISSUED', 'REVERSED')),"
        "  (SELECT min(c.n) FROM card_token c JOIN delivery d ON d.order_no = ?1"
        "   WHERE c.meter_id = t.meter_id AND c.n > t.n AND d.stage = 'VOID' AND (c.kind ="
        "   'correction' OR c.total_fen - c.amount_fen <> (SELECT p.total_fen FROM card_token p"
        "   WHERE p.meter_id = c.meter_id AND p.n = c.n - 1))), 0), EXISTS (SELECT 1 FROM "
        "card_return_case r WHERE"
        "  r.order_no = ?1 AND r.stage = 'REVERSED') FROM card_token t WHERE t.document_no = ?1");
    sql_bind_text(sql, 1, fate->order_no);
    enum err err = sql_one(sql);
    if (err == OK) {
        fate->found = true;
        fate->n = (uint32_t)sql_i64(sql, 0);
        MUST(parse_u32(sql_text(sql, 1), HOLDERS_MAX - 1, &fate->room));
        fate->back_n = (uint32_t)sql_i64(sql, 2);
        fate->reversed = sql_bool(sql, 3);
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum token_fate card_fate(struct world *world, const char *order_no, struct holder **ret_holder)
{
    struct fate fate = {.order_no = order_no};
    *ret_holder = NULL;
    if (look_up(world, load_fate, &fate) != OK || !fate.found) {
        return TOKEN_NONE;
    }
    MUST(fate.room < world->carded->count);
    struct holder *holder = &world->carded->holders[fate.room];
    *ret_holder = holder;
    const uint32_t taken_n = plastic_meter_n(holder->meter);
    if (taken_n >= fate.n) {
        /* The numbers of a sick meter say nothing; its total does (cards_check_meter()). */
        const bool honest = fate.reversed || !plastic_meter_is_sick(holder->meter);
        const bool back = fate.back_n > 0 && taken_n >= fate.back_n;
        return back && honest ? TOKEN_TAKEN_BACK : TOKEN_LOADED;
    }
    const uint32_t best =
        holder->card != NULL ? plastic_meter_best(holder->meter, holder->card) : 0;
    return best >= fate.n ? TOKEN_ON_CARD : TOKEN_NOWHERE;
}
