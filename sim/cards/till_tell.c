/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of a terminal, and what it tells the server out of its journal. */
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/cards/till_inside.h"

enum {
    ANSWER_S = 32, /* a question waits for 20 */
    BUSY_S = 5,
    TRIES = 4,
    TILL_CALLERS = 64, /* first number of the terminals' own questions */
    ID_SHIFT = 8,
    DOWN_MS_MAX = 60000,
    TELL_S = 120, /* how often a terminal looks whether something is not told */
};

struct dice *till_dice(struct world *world)
{
    return &world->dice[DICE_CARDS];
}

void till_fresh_id(struct world *world, char ret_id[ID_TEXT_SIZE])
{
    struct rng_port rng = dice_port(till_dice(world));
    id_make(&rng, kernel_wall_ms(KERNEL_WORLD), ret_id);
}

/* ---- a question ---- */

static struct caller *caller_of(struct world *world, uint64_t id)
{
    const uint64_t index = id & ((1U << ID_SHIFT) - 1);
    return index < TILL_CALLERS ? &world->carded->holders[index].caller
                                : &world->carded->tills[index - TILL_CALLERS].caller;
}

static void answered(struct world *world, uint64_t id, unsigned status, const char *text)
{
    struct caller *caller = caller_of(world, id);
    if (!caller->waiting || caller->id != id) {
        return; /* to an earlier question, or the second one */
    }
    free(caller->text);
    caller->text = strdup(text);
    MUST(caller->text != NULL);
    caller->status = status;
    caller->waiting = false;
    kernel_wake(caller);
}

unsigned till_ask(struct till *till, struct caller *caller, const struct http_wish *wish)
{
    const uint32_t life = till->terminal.life;
    struct http_wish call = *wish;
    call.link = LINK_KIOSK;
    call.answered = answered;
    str_format_cut(call.terminal_id, sizeof(call.terminal_id), "k%u", till->index + 1);
    for (int i = 0; i < TRIES && till->terminal.life == life; i++) {
        caller->id += 1U << ID_SHIFT;
        caller->waiting = true;
        call.id = caller->id;
        http_double_send(till->world, &call);
        if (world_strikes(till->world, FAULT_KIOSK_DOUBLE_TAP, DICE_CARDS)) {
            http_double_send(till->world, &call);
        }
        (void)kernel_wait(caller, kernel_now_ns() + ANSWER_S * KERNEL_S);
        if (!caller->waiting && caller->status < 500 && till->terminal.life == life) {
            return caller->status;
        }
        caller->waiting = false;
        kernel_sleep(BUSY_S * KERNEL_S);
    }
    return 0;
}

/* ---- telling the server how writes ended ---- */

bool till_tell(struct till *till, struct caller *caller, const struct terminal_card *card)
{
    struct http_wish call = {.method = HTTP_POST};
    str_format_cut(call.path, sizeof(call.path), "/v1/terminal/orders/%s/card/written",
                   card->order_no);
    str_format_cut(call.body, sizeof(call.body), "%s", card->body);
    const unsigned status = till_ask(till, caller, &call);
    if (status == 0) {
        return false;
    }
    terminal_card_told(&till->terminal, card->id, /* refused= */ status != 200);
    if (str_equal(card->id, till->begun_id)) {
        till->begun_id[0] = '\0';
    }
    return status == 200;
}

void till_fill_body(struct terminal_card *card, enum api_card_outcome outcome, const char *token)
{
    struct api_card_written *written = calloc(1, sizeof(*written));
    size_t size = 0;
    MUST(written != NULL);
    written->outcome = outcome;
    bool fits = str_copy(written->client_request_id, ID_TEXT_SIZE, card->id) &&
                str_copy(written->uid, sizeof(written->uid), card->uid);
    for (size_t i = 0; i < API_CARD_SLOTS; i++) {
        fits = fits && str_copy(written->credit[i], API_CARD_RECORD_SIZE, token);
    }
    enum err err = api_card_written_encode(written, card->body, sizeof(card->body), &size);
    MUST(fits && err == OK);
    free(written);
}

/* Everything that the journal has and the server not; what was cut short is unknown. */
static void tell_all(struct till *till)
{
    const uint32_t life = till->terminal.life;
    struct terminal_card *card = calloc(1, sizeof(*card));
    bool found = till->begun_id[0] == '\0';
    MUST(card != NULL);
    while (terminal_card_next(&till->terminal, card)) {
        found = found || str_equal(card->id, till->begun_id);
        if (card->body[0] == '\0') {
            till_fill_body(card, API_CARD_UNKNOWN, "");
        }
        (void)till_tell(till, &till->caller, card);
    }
    if (!found && till->terminal.life == life) {
        world_fail(till->world, "I8: terminal k%u wrote to a card and has forgotten it",
                   till->index + 1);
    }
    free(card);
}

void till_cut(struct till *till)
{
    kernel_trace("kiosk dies", "", till->index, 0);
    terminal_cut(&till->terminal);
    till->busy = true;
}

bool till_is_dark(struct visit *visit)
{
    visit->dead = visit->dead || visit->life != visit->till->terminal.life;
    return visit->dead;
}

/* True: it is on, and what it had to tell is told. */
static bool switch_on(struct till *till)
{
    const uint32_t life = till->terminal.life;
    const int64_t down_ms = dice_between(till_dice(till->world), 1000, DOWN_MS_MAX);
    kernel_sleep(down_ms * KERNEL_MS);
    const bool started = terminal_start(&till->terminal, till->index);
    if (till->terminal.life == life && !started) {
        world_fail(till->world, "I8: terminal k%u has lost its journal%s", till->index + 1,
                   till->begun_id[0] != '\0' ? ": it wrote to a card and has forgotten it" : "");
    }
    if (started) {
        tell_all(till);
    }
    return till->terminal.life == life;
}

/* A terminal's own thread: switched on again after it died, and now and then. */
static void run_till(void *arg)
{
    struct till *till = arg;
    for (;;) {
        kernel_sleep(TELL_S * KERNEL_S);
        if (till->terminal.journal == NULL) {
            till->busy = !switch_on(till);
        } else if (!till->busy) {
            till->busy = true;
            tell_all(till);
            till->busy = till->terminal.journal == NULL;
        }
    }
}

void till_start(struct till *till, struct world *world, uint32_t index)
{
    *till = (struct till){.world = world, .index = index, .caller = {.id = TILL_CALLERS + index}};
    const bool started = terminal_start(&till->terminal, index);
    if (till->terminal.life == 0 && !started) {
        world_fail(world, "the journal of terminal k%u cannot be made", index + 1);
    }
    (void)kernel_spawn(KERNEL_WORLD, run_till, till);
}
