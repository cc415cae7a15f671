/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/kiosk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/world/world.h"

enum {
    HALF = 500000,
    THINK_MS_MAX = 20000,
    TRIES_MAX = 6,
    GATED_PAY_MS = 3000,
    TURNS_MAX = 1 << 24,
    RETRY_MS = 12000,
    WATCH_S = 20,
    WATCH_RETRY_MS = 35000,
    PATIENCE_S = 200,
    AMOUNTS = 199000, /* 1.00 yuan .. 1991.00 yuan, each once */
    AMOUNT_FIRST_FEN = 1000,
    AMOUNT_STEP = 7919, /* prime to AMOUNTS: neighbours differ */
    TURN_SHIFT = 8,
    SESSION_SHIFT = 32,
};

static void think(struct kiosk *kiosk);
static void watch(struct kiosk *kiosk);

static uint64_t id_of(const struct kiosk *kiosk)
{
    return kiosk->session << SESSION_SHIFT | (uint64_t)kiosk->turn << TURN_SHIFT | kiosk->index;
}

/* The kiosk of an answer or a timer; NULL if its session is over. */
static struct kiosk *kiosk_of(struct world *world, uint64_t id)
{
    struct kiosk *kiosk = &world->kiosks[id & ((1U << TURN_SHIFT) - 1)];
    return kiosk->session == id >> SESSION_SHIFT ? kiosk : NULL;
}

static struct wish *wish_of(struct kiosk *kiosk)
{
    return &kiosk->world->wishes.list[kiosk->wish];
}

struct timer {
    struct world *world;
    uint64_t id;
    void (*fn)(struct kiosk *kiosk);
};

static void timer_over(void *arg)
{
    const struct timer timer = *(struct timer *)arg;
    free(arg);
    struct kiosk *kiosk = kiosk_of(timer.world, timer.id);
    if (kiosk != NULL) {
        timer.fn(kiosk);
    }
}

static void after(struct kiosk *kiosk, int64_t ms, void (*fn)(struct kiosk *kiosk))
{
    struct timer *timer = malloc(sizeof(*timer));
    MUST(timer != NULL);
    *timer = (struct timer){kiosk->world, id_of(kiosk), fn};
    kernel_after(KERNEL_WORLD, ms * KERNEL_MS, timer_over, timer);
}

static void end_session(struct kiosk *kiosk)
{
    const uint32_t life = kiosk->terminal.life;
    kiosk->kept = false;
    terminal_settle(&kiosk->terminal, wish_of(kiosk)->client_request_id);
    if (kiosk->terminal.life == life) {
        kiosk->session += 1;
        kiosk->busy = false;
        think(kiosk);
    }
}

/* ---- what the tenant does with the code ---- */

struct payment {
    struct world *world;
    char order_no[API_ORDER_NO_SIZE];
};

static void pay_now(void *arg)
{
    struct payment *payment = arg;
    if (!provider_pay(&payment->world->pay, payment->order_no)) {
        kernel_trace("code is dead", payment->order_no, 0, 0);
    }
    free(payment);
}

static void pay_later(struct kiosk *kiosk, int64_t ms)
{
    struct payment *payment = malloc(sizeof(*payment));
    MUST(payment != NULL);
    payment->world = kiosk->world;
    MUST(str_copy(payment->order_no, sizeof(payment->order_no), wish_of(kiosk)->order_no));
    kernel_after(KERNEL_WORLD, ms * KERNEL_MS, pay_now, payment);
}

static void cancel(struct kiosk *kiosk)
{
    struct world *world = kiosk->world;
    const struct wish *wish = wish_of(kiosk);
    struct http_wish call = {.method = HTTP_POST, .link = LINK_KIOSK};
    char id[ID_TEXT_SIZE];
    struct rng_port rng = dice_port(&world->dice[DICE_USERS]);
    size_t size = 0;
    id_make(&rng, kernel_wall_ms(KERNEL_WORLD), id);
    str_format_cut(call.path, sizeof(call.path), "/v1/terminal/orders/%s/cancel", wish->order_no);
    str_format_cut(call.terminal_id, sizeof(call.terminal_id), "k%u", kiosk->index + 1);
    MUST(api_request_id_encode(id, call.body, sizeof(call.body), &size) == OK);
    kernel_trace("cancel", wish->order_no, 0, 0);
    http_double_send(world, &call);
    if (world_strikes(world, FAULT_KIOSK_DOUBLE_TAP, DICE_USERS)) {
        http_double_send(world, &call);
    }
}

static void ask_again(struct kiosk *kiosk);
static size_t add_wish(struct kiosk *kiosk, const struct wish *before);

/* The other wallet: a new attempt of the same purchase. The first code is still in his hand. */
static void change_wallet(struct kiosk *kiosk)
{
    const struct wish before = *wish_of(kiosk);
    kiosk->session += 1;
    kiosk->wish = add_wish(kiosk, &before);
    kiosk->tries = 0;
    kiosk->planned = false;
    kiosk->kept = false;
    kiosk->numbered = false;
    kiosk->watching = false;
    ask_again(kiosk);
}

static void plan(struct kiosk *kiosk)
{
    struct dice *dice = &kiosk->world->dice[DICE_USERS];
    kiosk->planned = true;
    if (kiosk->world->config.gate > 0) {
        pay_later(kiosk, GATED_PAY_MS);
        return;
    }
    const uint32_t what = dice_below(dice, 100);
    const int64_t soon_ms = dice_between(dice, 2000, 40000);
    const int64_t late_ms = dice_between(dice, 80000, 400000);
    const bool cancels = world_strikes(kiosk->world, FAULT_KIOSK_CANCEL, DICE_USERS);
    if (cancels) {
        after(kiosk, soon_ms, cancel);
    }
    if (what < 78) {
        pay_later(kiosk, soon_ms);
    } else if (what < 86) {
        pay_later(kiosk, late_ms);
    } else if (what < 92) {
        after(kiosk, soon_ms / 2, change_wallet);
        if (what < 89) {
            pay_later(kiosk, soon_ms);
        }
    }
}

/* ---- watching ---- */

static void note_view(struct kiosk *kiosk, const struct api_order_view *view)
{
    struct wish *wish = wish_of(kiosk);
    kiosk->version = view->version;
    wish->was_done = wish->was_done || view->state == API_ORDER_DONE;
    wish->was_refunded = wish->was_refunded || view->state == API_ORDER_REFUNDED;
    if (view->qr_text[0] != '\0' && !kiosk->planned) {
        kernel_trace("code shown", view->order_no, view->amount_fen, kiosk->index);
        plan(kiosk);
    }
}

/* What its journal has is on the screen again; without a number it asks for it once more. */
static void take_up(struct kiosk *kiosk, const char *id, const char *order_no)
{
    const struct wishes *wishes = &kiosk->world->wishes;
    size_t place = 0;
    while (place < wishes->count && !str_equal(wishes->list[place].client_request_id, id)) {
        place += 1;
    }
    MUST(place < wishes->count);
    if (order_no[0] != '\0' && !str_equal(order_no, wishes->list[place].order_no)) {
        world_fail(kiosk->world, "I8: terminal k%u takes order %s for order %s", kiosk->index + 1,
                   wishes->list[place].order_no, order_no);
        return;
    }
    kiosk->planned = kiosk->planned || place != kiosk->wish;
    kiosk->wish = place;
    kiosk->busy = true;
    kiosk->kept = true;
    kiosk->numbered = order_no[0] != '\0';
    kiosk->tries = 0;
    if (kiosk->numbered) {
        watch(kiosk);
    } else {
        ask_again(kiosk);
    }
}

/* It comes up again, and its journal must know the order that was on the screen. */
static void boot(struct kiosk *kiosk)
{
    const uint32_t life = kiosk->terminal.life;
    char id[TERMINAL_ID_SIZE] = "";
    char order_no[TERMINAL_NO_SIZE] = "";
    const bool started = terminal_start(&kiosk->terminal, kiosk->index);
    if (kiosk->terminal.life != life) {
        return; /* its power went again */
    }
    const bool found = started && terminal_find_open(&kiosk->terminal, id, order_no);
    if (kiosk->kept && !(found && str_equal(id, wish_of(kiosk)->client_request_id))) {
        world_fail(kiosk->world, "I8: terminal k%u has forgotten the request of order %s",
                   kiosk->index + 1, wish_of(kiosk)->order_no);
    } else if (!started) {
        world_fail(kiosk->world, "I8: terminal k%u has lost its journal", kiosk->index + 1);
    } else if (found) {
        take_up(kiosk, id, order_no);
    } else {
        kiosk->busy = false;
        think(kiosk);
    }
}

void kiosk_cut(struct kiosk *kiosk)
{
    kernel_trace("kiosk dies", kiosk->busy ? wish_of(kiosk)->order_no : "", kiosk->index, 0);
    terminal_cut(&kiosk->terminal);
    kiosk->session += 1; /* what is on its way to it finds nobody */
    const int64_t down_ms = dice_between(&kiosk->world->dice[DICE_USERS], 5000, 60000);
    after(kiosk, down_ms, boot);
}

static bool is_over(enum api_order_state state)
{
    return state == API_ORDER_DONE || state == API_ORDER_CLOSED || state == API_ORDER_REFUNDED ||
           state == API_ORDER_REVIEW;
}

static void watched(struct world *world, uint64_t id, unsigned status, const char *text)
{
    struct kiosk *kiosk = kiosk_of(world, id);
    struct api_order_view view;
    struct api_fault fault;
    if (kiosk == NULL || !kiosk->watching || id != id_of(kiosk)) {
        return; /* a second answer, or one to an earlier question */
    }
    if (status == 404) {
        world_fail(world, "I8: order %s was shown and is unknown now", wish_of(kiosk)->order_no);
        return;
    }
    if (status != 200) {
        return; /* the timer asks again */
    }
    MUST(api_order_view_decode(text, strlen(text), &view, &fault) == OK);
    note_view(kiosk, &view);
    kiosk->watching = false;
    if (world_strikes(world, FAULT_KIOSK_DIES, DICE_USERS)) {
        kiosk_cut(kiosk);
    } else if (is_over(view.state) || kernel_now_ns() - kiosk->begun_ns > PATIENCE_S * KERNEL_S) {
        end_session(kiosk);
    } else {
        watch(kiosk);
    }
}

/* The answer to the newest question is overdue. */
static void watch_silent(struct kiosk *kiosk)
{
    if (kernel_now_ns() - kiosk->asked_ns < WATCH_RETRY_MS * KERNEL_MS) {
        return;
    }
    if (kernel_now_ns() - kiosk->begun_ns > PATIENCE_S * KERNEL_S) {
        end_session(kiosk);
    } else if (kiosk->watching) {
        watch(kiosk);
    }
}

static void watch(struct kiosk *kiosk)
{
    struct http_wish call = {.method = HTTP_GET, .link = LINK_KIOSK, .answered = watched};
    kiosk->turn = (kiosk->turn + 1) % TURNS_MAX;
    call.id = id_of(kiosk);
    str_format_cut(call.path, sizeof(call.path),
                   "/v1/terminal/orders/%s?wait_s=%d&version=%" PRId64, wish_of(kiosk)->order_no,
                   WATCH_S, kiosk->version);
    str_format_cut(call.terminal_id, sizeof(call.terminal_id), "k%u", kiosk->index + 1);
    kiosk->watching = true;
    kiosk->asked_ns = kernel_now_ns();
    http_double_send(kiosk->world, &call);
    after(kiosk, WATCH_RETRY_MS, watch_silent);
}

/* ---- creating ---- */

static void created(struct world *world, uint64_t id, unsigned status, const char *text)
{
    struct kiosk *kiosk = kiosk_of(world, id);
    struct api_order_view view;
    struct api_fault fault;
    if (kiosk == NULL) {
        return;
    }
    struct wish *wish = wish_of(kiosk);
    if (status != 200) {
        kernel_trace("refused", text, status, kiosk->index);
        if (!kiosk->numbered && status != 503) {
            end_session(kiosk);
        }
        return;
    }
    MUST(api_order_view_decode(text, strlen(text), &view, &fault) == OK);
    if (wish->order_no[0] != '\0' && !str_equal(wish->order_no, view.order_no)) {
        world_fail(world, "I10: one request made two orders: %s and %s", wish->order_no,
                   view.order_no);
        return;
    }
    const bool first = !kiosk->numbered;
    const uint32_t life = kiosk->terminal.life;
    MUST(str_copy(wish->order_no, sizeof(wish->order_no), view.order_no));
    kiosk->numbered = true;
    terminal_number(&kiosk->terminal, wish->client_request_id, wish->order_no);
    if (kiosk->terminal.life != life) {
        return; /* nobody has seen the code */
    }
    note_view(kiosk, &view);
    if (first && kiosk->session == id >> SESSION_SHIFT) {
        watch(kiosk);
    }
}

static void send_create(struct kiosk *kiosk)
{
    const struct wish *wish = wish_of(kiosk);
    struct http_wish call = {.method = HTTP_POST, .link = LINK_KIOSK, .answered = created};
    struct api_order_request request = {.amount_fen = wish->fen,
                                        .channel = wish->channel,
                                        .accept_offline = true,
                                        .accept_open_elsewhere = true};
    size_t size = 0;
    call.id = id_of(kiosk);
    str_format_cut(request.room_id, sizeof(request.room_id), "r%u", wish->room);
    str_format_cut(request.meter_id, sizeof(request.meter_id), "m%u", wish->room);
    MUST(str_copy(request.client_request_id, ID_TEXT_SIZE, wish->client_request_id));
    MUST(str_copy(request.purchase_id, ID_TEXT_SIZE, wish->purchase_id));
    MUST(api_order_request_encode(&request, call.body, sizeof(call.body), &size) == OK);
    str_format_cut(call.path, sizeof(call.path), "/v1/terminal/orders");
    str_format_cut(call.terminal_id, sizeof(call.terminal_id), "k%u", kiosk->index + 1);
    http_double_send(kiosk->world, &call);
}

/* On the disk before the first byte leaves. */
static bool remember(struct kiosk *kiosk)
{
    const struct wish *wish = wish_of(kiosk);
    char room_id[API_ID_SIZE];
    char meter_id[API_ID_SIZE];
    str_format_cut(room_id, sizeof(room_id), "r%u", wish->room);
    str_format_cut(meter_id, sizeof(meter_id), "m%u", wish->room);
    const struct terminal_wish asked = {.client_request_id = wish->client_request_id,
                                        .purchase_id = wish->purchase_id,
                                        .room_id = room_id,
                                        .meter_id = meter_id,
                                        .fen = wish->fen};
    return terminal_remember(&kiosk->terminal, &asked);
}

static void ask_again(struct kiosk *kiosk)
{
    const uint32_t life = kiosk->terminal.life;
    if (kiosk->numbered) {
        return;
    }
    if (kiosk->tries == TRIES_MAX) {
        end_session(kiosk);
        return;
    }
    kiosk->tries += 1;
    const bool kept = remember(kiosk);
    if (kiosk->terminal.life != life) {
        return;
    }
    if (!kept) {
        end_session(kiosk);
        return;
    }
    kiosk->kept = true;
    send_create(kiosk);
    if (world_strikes(kiosk->world, FAULT_KIOSK_DOUBLE_TAP, DICE_USERS)) {
        send_create(kiosk);
    }
    after(kiosk, RETRY_MS, ask_again);
}

/* A new wish; with @p before another attempt of the same purchase. Its place. */
static size_t add_wish(struct kiosk *kiosk, const struct wish *before)
{
    struct world *world = kiosk->world;
    struct wishes *wishes = &world->wishes;
    struct rng_port rng = dice_port(&world->dice[DICE_USERS]);
    if (wishes->count == wishes->room) {
        wishes->room = wishes->room == 0 ? 64 : wishes->room * 2;
        wishes->list = realloc(wishes->list, wishes->room * sizeof(*wishes->list));
        MUST(wishes->list != NULL);
    }
    struct wish *wish = &wishes->list[wishes->count];
    const uint64_t serial = (uint64_t)wishes->count * AMOUNT_STEP + world->config.seed % AMOUNTS;
    *wish =
        (struct wish){.fen = AMOUNT_FIRST_FEN + (int64_t)(serial % AMOUNTS), .kiosk = kiosk->index};
    wish->room = dice_below(&world->dice[DICE_USERS], world->config.rooms);
    if (world->config.gate > 0) {
        wish->room = gate_room(world);
    }
    const bool alipay = dice_chance(&world->dice[DICE_USERS], HALF);
    wish->channel = alipay ? API_CHANNEL_ALIPAY : API_CHANNEL_WECHAT;
    id_make(&rng, kernel_wall_ms(KERNEL_WORLD), wish->client_request_id);
    id_make(&rng, kernel_wall_ms(KERNEL_WORLD), wish->purchase_id);
    if (before != NULL) {
        wish->room = before->room;
        wish->channel =
            before->channel == API_CHANNEL_ALIPAY ? API_CHANNEL_WECHAT : API_CHANNEL_ALIPAY;
        MUST(str_copy(wish->purchase_id, ID_TEXT_SIZE, before->purchase_id));
    }
    world->counts.orders += 1;
    return wishes->count++;
}

static void begin(struct kiosk *kiosk)
{
    struct world *world = kiosk->world;
    if (!world->storm || world->wishes.count >= world->config.topups || !kiosk->terminal.on) {
        return;
    }
    kiosk->session += 1;
    kiosk->busy = true;
    kiosk->tries = 0;
    kiosk->planned = false;
    kiosk->kept = false;
    kiosk->numbered = false;
    kiosk->watching = false;
    kiosk->begun_ns = kernel_now_ns();
    kiosk->wish = add_wish(kiosk, NULL);
    kernel_trace("wish", "", wish_of(kiosk)->fen, wish_of(kiosk)->room);
    ask_again(kiosk);
}

static void think(struct kiosk *kiosk)
{
    const int64_t ms = dice_between(&kiosk->world->dice[DICE_USERS], 500, THINK_MS_MAX);
    after(kiosk, ms, begin);
}

void kiosk_begin(struct kiosk *kiosk, struct world *world, uint32_t index)
{
    *kiosk = (struct kiosk){.world = world, .index = index, .session = 1};
    const bool started = terminal_start(&kiosk->terminal, index);
    if (kiosk->terminal.life > 0) {
        return; /* its power went in the middle */
    }
    if (!started) {
        world_fail(world, "the journal of terminal k%u cannot be made", index + 1);
    }
    think(kiosk);
}

void kiosk_resume(struct kiosk *kiosk)
{
    think(kiosk);
}

void wishes_finish(struct wishes *wishes)
{
    free(wishes->list);
    *wishes = (struct wishes){0};
}
