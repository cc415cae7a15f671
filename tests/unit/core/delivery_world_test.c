/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries against a small world: a meter with its own truth, a collector with a journal, frames
 * that act late, links that hold them back for minutes, replies that get lost or come a day later,
 * other sellers, restarts. Whatever happens in whatever order: at most one effect in the meter, an
 * order that is DONE has exactly one, an order that is paid back has none, also after everything
 * still under way has arrived; and what is open has a next step.
 */
#include "core/delivery/delivery.h"
#include "tests/unit/core/draw.h"
#include "tests/unit/test.h"

enum {
    RUNS = 6000,
    STEPS = 120,
    AMOUNT = 5000,
    COMMANDS_MAX = 160,
    FRAME_ACTS_S_MAX = 9,   /* below the quiet time: a frame acts within that, or never */
    LINK_HOLDS_S_MAX = 300, /* a buffered link may hand it over far behind the quiet time */
    QUIET_S = 10,
};

enum command_state { QUEUED, NEVER, LEFT };

struct command {
    enum command_state state;
    bool tombstone;
    bool will_act;
    int64_t acts_at_s;
    int64_t left_at_s;
    bool has_reply; /* its reply has not reached the cloud yet */
    struct delivery_event reply;
};

struct world {
    struct draw draw;
    struct order order;
    struct delivery delivery;
    int64_t now_s;
    /* the meter */
    enum delivery_kind kind;
    bool shows_last;
    bool shows_total;
    bool others;   /* other sellers exist */
    bool buffered; /* frames may linger in the link */
    uint32_t count;
    int64_t last_fen;
    int64_t balance_e4; /* 0.0001 fen */
    int64_t total_fen;
    int64_t energy;
    unsigned effects;
    /* the collector */
    struct command commands[COMMANDS_MAX];
    size_t command_count;
    /* the server's own list of things to do */
    uint32_t pending;
    int64_t quiet_at_s;
};

static const struct delivery_use USE = {.price_e4_yuan_kwh = 8000, .energy_step = 1};

static struct delivery_reading look(const struct world *world)
{
    return (struct delivery_reading){
        .has_count = world->kind == DELIVERY_PURCHASE_COUNT,
        .count = world->count,
        .has_last = world->shows_last,
        .last_amount = money_fen(world->last_fen),
        .has_balance = true,
        .balance = money_fen(world->balance_e4 / 10000),
        .has_total = world->shows_total,
        .total = money_fen(world->total_fen),
        .has_energy = true,
        .energy_centi_kwh = world->energy,
    };
}

/* ---- the server: the two machines and their intents ---- */

static void tell_order(struct world *world, enum order_event_kind kind);

static void feed(struct world *world, struct delivery_event event)
{
    struct delivery_step step = {0};
    event.use = USE;
    world->delivery = delivery_apply(&world->delivery, &event, &step);
    world->pending |= step.intents;
    for (size_t i = 0; i < step.order_event_count; i++) {
        tell_order(world, step.order_events[i]);
    }
}

static void feed_kind(struct world *world, enum delivery_event_kind kind)
{
    feed(world, (struct delivery_event){.kind = kind});
}

static void tell_order(struct world *world, enum order_event_kind kind)
{
    struct order_event event = {.kind = kind};
    struct order_step step = {0};
    world->order = order_apply(&world->order, &event, &step);
    if ((step.intents & ORDER_DO_STOP_DELIVERY) != 0) {
        struct delivery_event stop = {.kind = DELIVERY_EV_STOP, .use = USE};
        struct delivery_step stopped = {0};
        world->delivery = delivery_apply(&world->delivery, &stop, &stopped);
        world->pending |= stopped.intents;
    }
}

static bool take_pending(struct world *world, enum delivery_intent intent)
{
    bool there = (world->pending & (uint32_t)intent) != 0;
    world->pending &= ~(uint32_t)intent;
    return there;
}

/* ---- the meter ---- */

static void buy(struct world *world, int64_t fen)
{
    world->count += 1;
    world->last_fen = fen;
    world->balance_e4 += fen * 10000;
    world->total_fen += fen;
}

/* Frames that were on the wire act; a family P meter takes only the next count. */
static void act(struct world *world)
{
    for (size_t i = 0; i < world->command_count; i++) {
        struct command *command = &world->commands[i];
        if (command->state == LEFT && command->will_act && command->acts_at_s <= world->now_s) {
            command->will_act = false;
            bool fits = world->kind == DELIVERY_ORDER_NUMBER ||
                        world->count == world->delivery.before.count;
            if (fits) {
                buy(world, AMOUNT);
                world->effects += 1;
            }
        }
    }
}

/* ---- the collector ---- */

static void send_frame(struct world *world, struct command *command)
{
    uint32_t fate = draw_below(&world->draw, 4);
    uint32_t late =
        draw_below(&world->draw, (world->buffered ? LINK_HOLDS_S_MAX : FRAME_ACTS_S_MAX) + 1);
    uint32_t heard = draw_below(&world->draw, 3);
    uint32_t words = draw_below(&world->draw, 8);
    command->state = LEFT;
    command->left_at_s = world->now_s;
    command->will_act = fate > 0;
    command->acts_at_s = world->now_s + (fate == 1 ? (int64_t)late : 0);
    act(world);
    command->has_reply = true;
    command->reply = (struct delivery_event){.kind = DELIVERY_EV_REPLY};
    if (heard > 0) {
        command->reply.answer =
            fate > 1 ? DELIVERY_ANSWER_SUCCESS
                     : (words == 0 ? DELIVERY_ANSWER_NEVER : DELIVERY_ANSWER_REFUSED);
    }
    if (heard > 1) {
        command->reply.has_reading = true;
        command->reply.reading = look(world);
    }
}

static void refuse(struct command *command, bool count_moved)
{
    command->state = NEVER;
    command->has_reply = true;
    command->reply = (struct delivery_event){
        .kind = DELIVERY_EV_REPLY, .never_sent = true, .count_moved = count_moved};
}

/* True if a sale of our very amount can still be told from ours: by the journal alone. */
static bool is_untouched(const struct world *world)
{
    return world->command_count == 1 && world->delivery.stage == DELIVERY_SENT &&
           (world->shows_last || world->shows_total);
}

/* Somebody sells our very amount just before; the collector refuses and is heard at once. */
static void refuse_after_sale(struct world *world, struct command *command)
{
    buy(world, AMOUNT);
    refuse(command, world->kind == DELIVERY_PURCHASE_COUNT);
    command->reply.has_reading = true;
    command->reply.reading = look(world);
    command->has_reply = false;
    feed(world, command->reply);
}

static void run_command(struct world *world, struct command *command)
{
    if (command->state != QUEUED) {
        return;
    }
    uint32_t trouble = draw_below(&world->draw, 6);
    uint32_t sale = draw_below(&world->draw, 20);
    if (world->others && sale == 0 && !command->tombstone && is_untouched(world)) {
        refuse_after_sale(world, command);
        return;
    }
    bool moved =
        world->kind == DELIVERY_PURCHASE_COUNT && world->count != world->delivery.before.count;
    if (command->tombstone || trouble == 0) {
        refuse(command, false);
    } else if (moved) {
        refuse(command, true);
        command->reply.has_reading = true;
        command->reply.reading = look(world);
    } else {
        send_frame(world, command);
    }
}

static void do_void(struct world *world)
{
    struct command *command = &world->commands[world->command_count - 1];
    command->tombstone = true;
    struct delivery_event event = {.kind = DELIVERY_EV_VOIDED};
    event.never_sent = command->state != LEFT;
    world->quiet_at_s = command->left_at_s + QUIET_S;
    feed(world, event);
}

/* ---- one step of the world ---- */

static void step_server(struct world *world)
{
    uint32_t lost = draw_below(&world->draw, 3);
    if (world->delivery.stage == DELIVERY_ASSIGNED && take_pending(world, DELIVERY_DO_DISPATCH) &&
        world->command_count < COMMANDS_MAX) {
        feed_kind(world, DELIVERY_EV_DISPATCH);
        world->commands[world->command_count] = (struct command){.state = QUEUED};
        world->command_count += 1;
    } else if (take_pending(world, DELIVERY_DO_VOID)) {
        if (lost == 0 || world->command_count == 0) {
            world->pending |= DELIVERY_DO_VOID; /* no answer: it is asked again */
        } else {
            do_void(world);
        }
    } else if (world->now_s >= world->quiet_at_s && take_pending(world, DELIVERY_DO_WAIT_QUIET)) {
        feed_kind(world, DELIVERY_EV_QUIET);
    } else if ((world->pending & (DELIVERY_DO_READ | DELIVERY_DO_READ_FENCED)) != 0) {
        bool fenced = take_pending(world, DELIVERY_DO_READ_FENCED);
        (void)take_pending(world, DELIVERY_DO_READ);
        struct delivery_event event = {.kind = DELIVERY_EV_READING,
                                       .fenced = fenced && !world->buffered};
        if (lost > 0) {
            event.reading = look(world);
        }
        feed(world, event);
    }
}

static void step_reply(struct world *world)
{
    if (world->command_count == 0) {
        return;
    }
    /* Only the present command's reply counts; older ones were settled by their fence. */
    struct command *command = &world->commands[world->command_count - 1];
    uint32_t twice = draw_below(&world->draw, 4);
    if (command->has_reply) {
        command->has_reply = twice == 0;
        feed(world, command->reply);
    } else if (world->delivery.stage == DELIVERY_SENT) {
        feed_kind(world, DELIVERY_EV_SILENCE);
    }
}

static void step_world(struct world *world)
{
    uint32_t passed = draw_below(&world->draw, 12);
    uint32_t used = draw_below(&world->draw, 20);
    uint32_t other = draw_below(&world->draw, 30);
    world->now_s += (int64_t)passed;
    act(world);
    world->energy += (int64_t)used;
    world->balance_e4 -= (int64_t)used * 8000; /* 0.01 kWh at 0.80 yuan is 0.8 fen */
    if (world->others && other == 0) {
        uint32_t fen = draw_below(&world->draw, 100);
        buy(world, (int64_t)fen * 100 + 1); /* never our very amount: that one cannot be told */
    }
}

static void step(struct world *world)
{
    uint32_t what = draw_below(&world->draw, 100);
    if (what < 35) {
        step_server(world);
    } else if (what < 55) {
        for (size_t i = 0; i < world->command_count; i++) {
            run_command(world, &world->commands[i]);
        }
    } else if (what < 70) {
        step_reply(world);
    } else if (what < 96) {
        step_world(world);
    } else if (what < 98) {
        feed_kind(world, DELIVERY_EV_CRASH);
    } else if (what == 98) {
        uint32_t rare = draw_below(&world->draw, 10);
        if (rare == 0) {
            feed_kind(world, DELIVERY_EV_DEADLINE);
        }
    }
}

/* ---- what must hold ---- */

static bool is_going_back(enum order_state state)
{
    return state == ORDER_REFUND_DUE || state == ORDER_REFUNDING || state == ORDER_REFUNDED;
}

static void check(const struct world *world)
{
    CHECK(world->effects <= 1);
    CHECK(!is_going_back(world->order.state) || world->effects == 0);
    CHECK(world->order.state != ORDER_DONE || world->effects == 1);
    CHECK(world->delivery.stage != DELIVERY_VOID || world->effects == 0);
    CHECK(world->delivery.stage != DELIVERY_DELIVERED || world->effects == 1);
    /* What is open goes on by itself; in SENT the wait for the answer does that. */
    CHECK(!delivery_is_live(world->delivery.stage) || world->delivery.stage == DELIVERY_SENT ||
          world->pending != 0);
}

/* Two persons who know the truth end what is in REVIEW; the delivery ends with it. */
static void settle(struct world *world)
{
    if (world->order.state == ORDER_REVIEW && delivery_is_live(world->delivery.stage)) {
        feed_kind(world, world->effects == 1 ? DELIVERY_EV_SETTLED_DONE : DELIVERY_EV_SETTLED_BACK);
        CHECK(!delivery_is_live(world->delivery.stage));
        CHECK((world->pending & DELIVERY_DO_FREE) != 0);
    }
}

/* Let everything that is still under way arrive: nothing may change any more. */
static void drain(struct world *world)
{
    for (size_t i = 0; i < world->command_count; i++) {
        struct command *command = &world->commands[i];
        bool ended = !delivery_is_live(world->delivery.stage);
        /* A command of a delivery that has ended must not be able to leave at all. */
        if (command->state == QUEUED && ended) {
            CHECK(command->tombstone);
        }
    }
    world->now_s += 10 * LINK_HOLDS_S_MAX;
    act(world);
    check(world);
    settle(world);
    check(world);
}

static void begin(struct world *world, uint64_t seed)
{
    (void)memset(world, 0, sizeof(*world));
    world->draw.state = seed;
    uint32_t kind = draw_below(&world->draw, 2);
    uint32_t shows = draw_below(&world->draw, 2);
    uint32_t others = draw_below(&world->draw, 2);
    uint32_t buffered = draw_below(&world->draw, 3);
    world->kind = kind == 0 ? DELIVERY_PURCHASE_COUNT : DELIVERY_ORDER_NUMBER;
    world->shows_last = shows == 0;
    world->shows_total = shows == 1;
    /* Without record and total, a stranger's sale cannot always be told from ours. */
    world->others = others == 1 && (kind == 0 || shows == 1);
    world->buffered = buffered == 0 && kind == 0; /* without a count nothing is sold there */
    world->balance_e4 = 10000000;
    world->total_fen = 123400;
    world->count = 41;
    world->order = order_create(money_fen(AMOUNT), LEDGER_METER);
    struct order_event paid = {
        .kind = ORDER_EV_PAID, .amount = money_fen(AMOUNT), .trade_no = "T1"};
    struct order_step step = {0};
    world->order = order_apply(&world->order, &paid, &step);
    world->delivery = delivery_create(world->kind, money_fen(AMOUNT));
}

static void run(uint64_t seed, unsigned *ends)
{
    static struct world world; /* too large for the stack limit */
    begin(&world, seed);
    struct delivery_event assign = {.kind = DELIVERY_EV_ASSIGN, .reading = look(&world)};
    feed(&world, assign);
    for (int i = 0; i < STEPS; i++) {
        step(&world);
        check(&world);
    }
    drain(&world);
    ends[world.order.state] += 1;
}

TEST(no_effect_twice_and_no_refund_of_an_effect)
{
    unsigned ends[ORDER_STATE_COUNT] = {0};
    for (uint64_t i = 0; i < RUNS; i++) {
        run(test_seed * 1000003 + i, ends);
    }
    (void)printf("# seed %" PRIu64 ":", test_seed);
    for (int s = 0; s < ORDER_STATE_COUNT; s++) {
        (void)printf(" %s=%u", order_state_name((enum order_state)s), ends[s]);
    }
    (void)printf("\n");
    CHECK(ends[ORDER_DONE] > RUNS / 2);
    CHECK(ends[ORDER_REFUND_DUE] > 0);
    CHECK(ends[ORDER_REVIEW] > 0);
}

TEST_MAIN()
