/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/gate.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/world/world.h"

enum { PATIENCE_S = 190, LOOK_MS = 1000 };

static uint32_t case_of(const struct world *world)
{
    MUST(world->config.gate >= 1 && world->config.gate <= GATE_CASES);
    return world->config.gate - 1;
}

uint32_t gate_room(const struct world *world)
{
    return case_of(world) / GATE_DELAYS % GATE_KINDS;
}

static int64_t delay_ns(const struct world *world)
{
    static const int64_t DELAYS_MS[GATE_DELAYS] = {1, 20, 200, 2500};
    return DELAYS_MS[case_of(world) % GATE_DELAYS] * KERNEL_MS;
}

/* The order with that number among all 120: each place takes one of those that are left. */
static void read_order(uint32_t number, enum gate_event ret_order[GATE_EVENT_COUNT])
{
    enum gate_event left[GATE_EVENT_COUNT];
    for (uint32_t i = 0; i < GATE_EVENT_COUNT; i++) {
        left[i] = (enum gate_event)i;
    }
    for (uint32_t i = 0; i < GATE_EVENT_COUNT; i++) {
        const uint32_t count = GATE_EVENT_COUNT - i;
        const uint32_t choice = number % count;
        number /= count;
        ret_order[i] = left[choice];
        left[choice] = left[count - 1];
    }
}

void gate_begin(struct world *world)
{
    struct gate *gate = &world->gate;
    *gate = (struct gate){.closed = false};
    if (world->config.gate > 0) {
        read_order(case_of(world) / (GATE_DELAYS * GATE_KINDS), gate->order);
    }
}

static const char *event_name(enum gate_event event)
{
    static const char *const NAMES[GATE_EVENT_COUNT] = {
        [GATE_NOTIFY] = "notify", [GATE_POLL] = "poll",       [GATE_RESULT] = "result",
        [GATE_CANCEL] = "cancel", [GATE_RESTART] = "restart",
    };
    return NAMES[event];
}

/* ---- turns ---- */

static void pass(struct gate *gate, const char *how)
{
    kernel_trace(how, event_name(gate->order[gate->next]), (int64_t)gate->next, 0);
    gate->next += 1;
    gate->since_ns = kernel_now_ns();
    gate->closed = gate->next < GATE_EVENT_COUNT;
}

static void send_cancel(struct world *world)
{
    struct http_wish call = {.method = HTTP_POST, .link = LINK_KIOSK};
    struct rng_port rng = dice_port(&world->dice[DICE_USERS]);
    char id[ID_TEXT_SIZE];
    size_t size = 0;
    id_make(&rng, kernel_wall_ms(KERNEL_WORLD), id);
    str_format_cut(call.path, sizeof(call.path), "/v1/terminal/orders/%s/cancel",
                   world->gate.order_no);
    str_format_cut(call.terminal_id, sizeof(call.terminal_id), "k1");
    MUST(api_request_id_encode(id, call.body, sizeof(call.body), &size) == OK);
    http_double_send(world, &call);
}

/* If it is the gate's own turn: act. */
static void act(void *arg)
{
    struct world *world = arg;
    struct gate *gate = &world->gate;
    if (!gate->closed) {
        return;
    }
    if (gate->order[gate->next] == GATE_CANCEL) {
        send_cancel(world); /* its turn is over when it arrives */
    } else if (gate->order[gate->next] == GATE_RESTART) {
        pass(gate, "gate passed");
        cloud_crash(&world->cloud, /* power= */ true);
        kernel_after(KERNEL_WORLD, delay_ns(world), act, world);
    }
}

static void look(void *arg)
{
    struct world *world = arg;
    struct gate *gate = &world->gate;
    if (!gate->closed) {
        return;
    }
    if (kernel_now_ns() - gate->since_ns > PATIENCE_S * KERNEL_S) {
        pass(gate, "gate gives up");
        act(world);
    }
    kernel_after(KERNEL_WORLD, LOOK_MS * KERNEL_MS, look, world);
}

void gate_close(struct world *world, const char *order_no)
{
    struct gate *gate = &world->gate;
    if (world->config.gate == 0 || gate->next > 0) {
        return;
    }
    str_format_cut(gate->order_no, sizeof(gate->order_no), "%s", order_no);
    gate->closed = true;
    gate->since_ns = kernel_now_ns();
    kernel_after(KERNEL_WORLD, delay_ns(world), act, world);
    kernel_after(KERNEL_WORLD, LOOK_MS * KERNEL_MS, look, world);
}

bool gate_holds(struct world *world, enum gate_event event)
{
    struct gate *gate = &world->gate;
    if (!gate->closed) {
        return false;
    }
    if (gate->order[gate->next] == event) {
        pass(gate, "gate passed");
        kernel_after(KERNEL_WORLD, delay_ns(world), act, world);
        return false;
    }
    for (uint32_t i = gate->next; i < GATE_EVENT_COUNT; i++) {
        if (gate->order[i] == event) {
            return true;
        }
    }
    return false; /* it was on turn before: one more of it */
}

/* ---- which message is which ---- */

static bool is_cancel(const struct packet *packet)
{
    const struct http_wish *wish = (const struct http_wish *)(const void *)packet->data;
    return packet->size == sizeof(*wish) && strstr(wish->path, "/cancel") != NULL;
}

bool gate_holds_packet(struct world *world, const struct packet *packet)
{
    if (!world->gate.closed || packet->to != NODE_CLOUD) {
        return false;
    }
    switch (packet->link) {
    case LINK_PROVIDER:
        return gate_holds(world, GATE_NOTIFY);
    case LINK_BROKER:
        return strstr((const char *)packet->data, "\"frame_reply\"") != NULL &&
               gate_holds(world, GATE_RESULT);
    case LINK_KIOSK:
        return is_cancel(packet) && gate_holds(world, GATE_CANCEL);
    case LINK_COUNT:
        break;
    }
    MUST_NOT_REACH();
}
