/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/gateway_canary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/orders/mac_port.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "protocol/dl645/prepay.h"
#include "sim/world/world.h"

enum { RETRY_S = 12, CUT_MS_MIN = 500, CUT_MS_MAX = 10000, REPEAT_MS_MAX = 30000 };

#define ITEM_LAST_AMOUNT "03330301"

/* ---- a retry takes the next count ---- */

struct retry {
    struct world *world;
    struct bus_command command;
};

/* The same credit for the count after the one that the meter has now. */
static bool remake(struct retry *retry)
{
    struct bus_credit *credit = &retry->command.u.credit;
    const struct dl645_prepay_model *model = dl645_prepay_find("standard");
    struct dl645_frame frame;
    struct dl645_message message;
    struct money amount;
    struct mac_codes codes;
    size_t index = 0;
    if (dl645_frame_decode(credit->frame.bytes, credit->frame.size, &frame) != OK ||
        dl645_recharge_parse(model, &frame, NULL, &message, &amount) != OK ||
        !meters_find(&retry->world->meters, message.address, &index)) {
        return false;
    }
    const uint32_t count = meters_count(&retry->world->meters, index) + 1;
    const struct mac_request request = {
        .meter = message.address, .customer = message.customer, .amount = amount, .count = count};
    if (mac_port_ask(&request, &codes) != OK) {
        return false;
    }
    struct dl645_recharge recharge = {.address = message.address,
                                      .operator_code = message.operator_code,
                                      .amount = amount,
                                      .count = count,
                                      .customer = message.customer};
    memcpy(recharge.mac1, codes.mac1, sizeof(recharge.mac1));
    memcpy(recharge.mac2, codes.mac2, sizeof(recharge.mac2));
    credit->expect_count = count - 1;
    return dl645_recharge_build(model, DL645_RECHARGE, &recharge, NULL, &frame) == OK &&
           dl645_frame_encode(&frame, 0, credit->frame.bytes, sizeof(credit->frame.bytes),
                              &credit->frame.size) == OK;
}

static void send_again(void *arg)
{
    struct retry *retry = arg;
    struct gateway *gateway = &retry->world->gateway;
    const bool answered = gateway->credit_answered[0] != '\0' &&
                          str_equal(gateway->credit_answered, retry->command.id);
    if (!answered && remake(retry)) {
        struct rng_port rng = dice_port(&retry->world->dice[DICE_NODES]);
        id_make(&rng, kernel_wall_ms(KERNEL_WORLD), retry->command.id);
        gateway_double_publish(retry->world, &retry->command);
    }
    free(retry);
}

static void retry_later(struct world *world, const struct bus_command *command)
{
    struct retry *retry = malloc(sizeof(*retry));
    MUST(retry != NULL);
    *retry = (struct retry){.world = world, .command = *command};
    kernel_after(NODE_CLOUD, RETRY_S * KERNEL_S, send_again, retry);
}

/* ---- a void that nobody made ---- */

static void claim_void(struct world *world, const struct bus_command *command)
{
    struct bus_reply reply = {.epoch = command->epoch,
                              .outcome = OUTCOME_DONE,
                              .is_void = true,
                              .fate = BUS_FATE_NEVER_SENT};
    char text[1024];
    size_t size = 0;
    MUST(str_copy(reply.id, sizeof(reply.id), command->id));
    MUST(bus_reply_encode(&reply, text, sizeof(text), &size) == OK);
    gateway_double_reply(world, text, size);
}

static void cut_power(void *arg)
{
    struct world *world = arg;
    field_crash(&world->field, /* power= */ true);
}

/* ---- a log with a hole ---- */

static void repeat(void *arg)
{
    struct retry *again = arg;
    gateway_double_publish(again->world, &again->command);
    free(again);
}

/* The power goes when it may have been carried out, and the broker brings it once more. */
static void cut_and_repeat(struct world *world, const struct bus_command *command)
{
    struct dice *dice = &world->dice[DICE_CRASHES];
    struct retry *again = malloc(sizeof(*again));
    MUST(again != NULL);
    *again = (struct retry){.world = world, .command = *command};
    const int64_t cut_ms = dice_between(dice, CUT_MS_MIN, CUT_MS_MAX);
    const int64_t repeat_ms = cut_ms + dice_between(dice, 0, REPEAT_MS_MAX);
    kernel_after(KERNEL_WORLD, cut_ms * KERNEL_MS, cut_power, world);
    kernel_after(KERNEL_WORLD, repeat_ms * KERNEL_MS, repeat, again);
}

/* ---- a restart forgets the count ---- */

/* The same frame again, from a server that has started since: it does not know for which count. */
static void forget_count(struct world *world, struct bus_command *command)
{
    struct bus_credit *credit = &command->u.credit;
    const uint32_t life = kernel_crash_count(NODE_CLOUD);
    size_t index = 0;
    if (!meters_find(&world->meters, command->meter, &index)) {
        return;
    }
    struct gateway_given *given = &world->gateway.given[index];
    if (given->frame.size != credit->frame.size ||
        memcmp(given->frame.bytes, credit->frame.bytes, credit->frame.size) != 0) {
        *given = (struct gateway_given){.frame = credit->frame, .life = life};
    } else if (given->life != life) {
        credit->expect_count = 0;
    }
}

bool gateway_canary_send(struct world *world, struct bus_command *command)
{
    const bool counts = command->op == BUS_OP_CREDIT && command->u.credit.has_expect_count;
    if (counts && canary_is(CANARY_REPLAY_FORGETS_COUNT)) {
        forget_count(world, command);
    }
    if (counts && canary_is(CANARY_NEW_COUNT_ON_RETRY)) {
        retry_later(world, command);
    }
    if (command->op == BUS_OP_VOID && canary_is(CANARY_TOMBSTONE_NOT_SYNCED)) {
        /* If the disk knows nothing of it, it is lost when the power goes before the next sync. */
        const int64_t wait_ms = dice_between(&world->dice[DICE_CRASHES], 300, 2000);
        kernel_after(KERNEL_WORLD, wait_ms * KERNEL_MS, cut_power, world);
    }
    if (command->op == BUS_OP_CREDIT && canary_is(CANARY_LOG_NOT_SETTLED)) {
        cut_and_repeat(world, command);
    }
    if (counts) {
        world->gateway.credit = *command;
    }
    if (command->op == BUS_OP_VOID && canary_is(CANARY_REFUND_WITHOUT_FENCE)) {
        claim_void(world, command);
        return true;
    }
    return false;
}

/* ---- "the count is used, so it was ours" ---- */

static int64_t amount_of(const struct bus_command *command)
{
    struct dl645_frame frame;
    struct dl645_message message;
    struct money amount;
    const struct bus_frame *bytes = &command->u.credit.frame;
    const bool read =
        dl645_frame_decode(bytes->bytes, bytes->size, &frame) == OK &&
        dl645_recharge_parse(dl645_prepay_find("standard"), &frame, NULL, &message, &amount) == OK;
    return read ? amount.fen : 0;
}

static void claim_amount(struct bus_reply *reply, int64_t fen)
{
    for (size_t i = 0; i < reply->value_count; i++) {
        struct bus_value *value = &reply->values[i];
        if (str_equal(value->item, ITEM_LAST_AMOUNT)) {
            str_format_cut(value->v, sizeof(value->v), "%" PRId64 ".%02" PRId64, fen / 100,
                           fen % 100);
        }
    }
}

void gateway_canary_reply(struct world *world, struct bus_reply *reply)
{
    const struct bus_command *credit = &world->gateway.credit;
    uint32_t count = 0;
    if (canary_is(CANARY_EPOCH_NOT_CHECKED)) {
        reply->epoch = CANARY_ONE_EPOCH;
    }
    if (reply->is_credit) {
        str_format_cut(world->gateway.credit_answered, sizeof(world->gateway.credit_answered), "%s",
                       reply->id);
    }
    for (int when = 0; when < BUS_WHEN_COUNT && canary_is(CANARY_COUNT_USED_IS_OURS); when++) {
        const struct bus_value *value = bus_reply_value(reply, (enum bus_when)when, BUS_ITEM_COUNT);
        if (value != NULL && parse_u32(value->v, UINT32_MAX, &count) &&
            count == credit->u.credit.expect_count + 1) {
            claim_amount(reply, amount_of(credit));
        }
    }
}
