/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants: between the terminals, their meter and whatever they do with a card on the way. */
#include "sim/cards/cards.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/cards/vault_double.h"
#include "sim/world/world.h"

enum {
    PAUSE_S_MIN = 20,
    PAUSE_S_MAX = 900,
    ROUND_S_MIN = 60,
    ROUND_S_MAX = 600,
    ROUNDS_MAX = 12,
    ROUND_HOURS_MAX = 12,
    LOOK_S = 300,
    LIMIT_FEN = 35000, /* as in the profile of cloud.c */
    USE_FEN_MAX = 20000,
    BLOCKS_OF_A_VISIT = 6,
    SICK_FORMS = 2,
    GONE_ROOM = 1,
};

static uint32_t below(struct holder *holder, uint32_t bound)
{
    return dice_below(&holder->world->dice[DICE_CARDS], bound);
}

static bool strikes(struct holder *holder, enum fault fault)
{
    return world_strikes(holder->world, fault, DICE_CARDS);
}

int64_t cards_paid_fen(const struct world *world, uint32_t room, int64_t *ret_back_fen)
{
    int64_t paid_fen = 0;
    *ret_back_fen = 0;
    for (size_t i = 0; i < world->pay.trade_count; i++) {
        const struct trade *trade = &world->pay.trades[i];
        const struct wish *wish = NULL;
        for (size_t k = 0; k < world->wishes.count && wish == NULL; k++) {
            const struct wish *one = &world->wishes.list[k];
            wish = !trade->stray && str_equal(one->order_no, trade->order_no) ? one : NULL;
        }
        if (wish == NULL || wish->room != room) {
            continue;
        }
        const bool outside =
            trade->refund_count > 0 && str_equal(trade->refunds[0].refund_no, "outside");
        paid_fen += trade->paid_fen;
        *ret_back_fen += trade->repaid_fen;
        *ret_back_fen += outside ? 0 : provider_refunded_fen(trade, /* only_done= */ true);
    }
    return paid_fen;
}

/* ---- at the meter ---- */

static void count_visit(struct world *world, const struct plastic_visit *visit)
{
    struct card_counts *cards = &world->counts.cards;
    cards->visits += 1;
    cards->loaded += visit->result == PLASTIC_LOADED && visit->delta_fen > 0 ? 1 : 0;
    cards->taken_back += visit->result == PLASTIC_LOADED && visit->delta_fen < 0 ? 1 : 0;
    cards->replayed += visit->result == PLASTIC_KNOWN || visit->result == PLASTIC_STALE ? 1 : 0;
    cards->refused += visit->result == PLASTIC_REFUSED ? 1 : 0;
}

static void hold_to_meter(struct holder *holder, struct plastic *card)
{
    struct world *world = holder->world;
    if (strikes(holder, FAULT_CARD_USED)) {
        const uint32_t used_fen = below(holder, USE_FEN_MAX);
        plastic_meter_use(holder->meter, used_fen);
    }
    if (strikes(holder, FAULT_CARD_TORN_AT_METER)) {
        const uint32_t at = below(holder, BLOCKS_OF_A_VISIT);
        const uint32_t how = below(holder, PLASTIC_TEARS);
        const uint32_t k = below(holder, PLASTIC_BLOCK_SIZE);
        plastic_tear(at + 1, how, k);
    }
    const struct plastic_visit visit =
        plastic_meter_visit(holder->meter, card, kernel_wall_ms(KERNEL_WORLD) / 1000);
    kernel_trace("meter", holder->uid, visit.delta_fen, visit.error);
    count_visit(world, &visit);
    if (visit.error == PLASTIC_ERROR_FULL) {
        world_fail(world, "I6: meter m%u has no room for what was sold", holder->room);
    }
    cards_check_meter(world, holder);
}

/* Sometimes it is not the card, but a copy of it, or one that should not be used any more. */
static void at_meter(struct holder *holder)
{
    if (holder->copy_count > 0 && strikes(holder, FAULT_CARD_CLONE)) {
        const uint32_t which = below(holder, (uint32_t)holder->copy_count);
        hold_to_meter(holder, holder->copies[which]);
    }
    if (holder->lost != NULL && strikes(holder, FAULT_CARD_FOUND)) {
        hold_to_meter(holder, holder->lost);
    }
    if (holder->card != NULL && !strikes(holder, FAULT_CARD_STAYS_HOME)) {
        hold_to_meter(holder, holder->card);
    }
}

/* ---- on the way ---- */

static void copy(struct holder *holder)
{
    if (holder->copy_count < CARD_COPIES_MAX) {
        holder->copies[holder->copy_count++] = plastic_copy(holder->card);
    } else {
        const uint32_t which = below(holder, CARD_COPIES_MAX);
        plastic_restore(holder->copies[which], holder->card);
    }
}

static void restore(struct holder *holder)
{
    const uint32_t which = below(holder, (uint32_t)holder->copy_count);
    kernel_trace("card put back", holder->uid, 0, 0);
    plastic_restore(holder->card, holder->copies[which]);
}

static void lose(struct holder *holder)
{
    kernel_trace("card lost", holder->uid, holder->room, 0);
    holder->lost = holder->card;
    holder->card = NULL;
    holder->reported = false;
    holder->copy_count = 0; /* copies of another card are no use for the next one */
}

static void on_the_way(struct holder *holder)
{
    if (holder->card == NULL) {
        return;
    }
    if (strikes(holder, FAULT_CARD_COPIED)) {
        copy(holder);
    }
    if (holder->copy_count > 0 && strikes(holder, FAULT_CARD_RESTORED)) {
        restore(holder);
    }
    if (strikes(holder, FAULT_CARD_LOST)) {
        lose(holder);
    }
}

/* ---- the life of a tenant ---- */

static struct till *free_till(struct holder *holder)
{
    struct world *world = holder->world;
    const uint32_t first = below(holder, world->config.kiosks);
    for (uint32_t i = 0; i < world->config.kiosks; i++) {
        struct till *till = &world->carded->tills[(first + i) % world->config.kiosks];
        if (!till->busy) {
            return till;
        }
    }
    return NULL;
}

static void at_terminal(struct holder *holder)
{
    struct world *world = holder->world;
    struct till *till = holder->card != NULL ? free_till(holder) : NULL;
    const bool wants = world->storm && world->wishes.count < world->config.topups;
    if (till != NULL) {
        till->busy = true;
        till_visit(till, holder, wants);
    }
}

static bool must_go(const struct holder *holder)
{
    const struct world *world = holder->world;
    const bool over = world->carded->last_round && holder->settled;
    return !holder->moved_out && !over && holder->rounds < ROUNDS_MAX;
}

static void move_out(struct holder *holder)
{
    const struct world *world = holder->world;
    const bool half = 2 * world->wishes.count >= world->config.topups;
    if (world->drawn.card_tenant_gone && holder->room == GONE_ROOM && half) {
        holder->moved_out = true;
        kernel_trace("moved out", holder->uid, holder->room, 0);
    }
}

static void live(void *arg)
{
    struct holder *holder = arg;
    struct world *world = holder->world;
    for (;;) {
        const bool hurries = world->carded->last_round || world->storm;
        const int64_t pause_s =
            dice_between(&world->dice[DICE_CARDS], hurries ? PAUSE_S_MIN : ROUND_S_MIN,
                         hurries ? PAUSE_S_MAX / 3 : PAUSE_S_MAX);
        kernel_sleep(pause_s * KERNEL_S);
        if (world->over || !must_go(holder)) {
            kernel_sleep(ROUND_S_MAX * KERNEL_S);
            continue;
        }
        holder->busy = true;
        on_the_way(holder);
        at_terminal(holder);
        at_meter(holder);
        holder->busy = false;
        move_out(holder);
        holder->rounds += world->carded->last_round ? 1 : 0;
    }
}

/* ---- beginning and end ---- */

void cards_begin(struct world *world)
{
    struct carded *carded = world->carded;
    const struct weather *drawn = &world->drawn;
    carded->count = world->config.rooms;
    for (uint32_t i = 0; i < world->config.kiosks; i++) {
        till_start(&carded->tills[i], world, i);
    }
    for (uint32_t i = 0; i < carded->count; i++) {
        struct holder *holder = &carded->holders[i];
        char address[METER_ADDRESS_SIZE];
        meters_address(i, address);
        holder->meter = plastic_meter_make(address, vault_double_master(), LIMIT_FEN);
        (void)kernel_spawn(KERNEL_WORLD, live, holder);
    }
    if (drawn->card_meter_sick) {
        const uint32_t form = dice_below(&world->dice[DICE_CARDS], SICK_FORMS);
        plastic_meter_sicken(carded->holders[0].meter,
                             form == 0 ? PLASTIC_DEAF : PLASTIC_TAKES_THE_NUMBER_ONLY);
    }
    card_desk_begin(world);
}

bool cards_are_done(const struct world *world)
{
    bool busy = world->wishes.count < world->config.topups;
    for (size_t i = 0; i < world->carded->count; i++) {
        busy = busy || world->carded->holders[i].busy;
    }
    return !busy;
}

static bool are_settled(const struct world *world)
{
    bool settled = true;
    for (size_t i = 0; i < world->carded->count; i++) {
        settled =
            settled && !must_go(&world->carded->holders[i]) && !world->carded->holders[i].busy;
    }
    return settled;
}

void cards_end(struct world *world)
{
    const int64_t end_ns = kernel_now_ns() + ROUND_HOURS_MAX * KERNEL_HOUR;
    for (size_t i = 0; i < world->carded->count; i++) {
        world->carded->holders[i].settled = false;
    }
    world->carded->last_round = true;
    while (!are_settled(world) && kernel_now_ns() < end_ns && world->failure[0] == '\0') {
        kernel_run(kernel_now_ns() + LOOK_S * KERNEL_S);
    }
}
