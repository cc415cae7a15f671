/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At the end every relay is as it was last wanted, if the server believes that it is: who paid has
 * light. What was charged is not more than the meters counted.
 */
#include "sim/world/relays.h"

#include <inttypes.h>

#include "common/must.h"
#include "common/str.h"
#include "core/relay/relay.h"
#include "emulators/meterbus/answer.h"
#include "sim/world/world.h"

struct belief {
    char meter_id[16];
    int64_t want;
    bool settled;   /* seen to be so, and nothing is being done about it */
    int64_t age_ms; /* of the wish */
    int64_t charged_fen;
};

enum { CARRIED_OUT_MS = 20 * 60 * 1000 /* in calm weather: four of the slowest tries */ };

static enum err load(struct db *db, void *arg)
{
    struct belief *belief = arg;
    struct sql *sql = sql_begin(
        db, "SELECT coalesce(want, 0), coalesce(settled, 0), (SELECT coalesce(sum(fen), 0) FROM leg"
            "  WHERE account = 'CUST' AND subject = ?1 AND fen > 0), coalesce(wanted_ms, 0) FROM "
            "(SELECT 1) LEFT JOIN"
            " relay_job ON meter_id = ?1");
    sql_bind_text(sql, 1, belief->meter_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        belief->want = sql_i64(sql, 0);
        belief->settled = sql_bool(sql, 1);
        belief->charged_fen = sql_i64(sql, 2);
        belief->age_ms = db_service_ms(db) - sql_i64(sql, 3);
    }
    sql_end(sql);
    return err;
}

static void check(struct world *world, size_t index)
{
    const struct meter *meter = world->meters.list[index];
    struct belief belief = {.want = RELAY_UNKNOWN};
    str_format_cut(belief.meter_id, sizeof(belief.meter_id), "m%zu", index);
    if (store_read(world->cloud.store, load, &belief) != OK) {
        world_fail(world, "the relay of meter %zu cannot be looked up", index);
        return;
    }
    const bool wanted_open = belief.want == RELAY_OPEN;
    if (belief.settled && meter->relay.open != wanted_open) {
        world_fail(world, "I5: the relay of meter %zu was seen %s, and it is %s", index,
                   wanted_open ? "open" : "closed", wanted_open ? "closed" : "open");
    }
    if (belief.want != RELAY_UNKNOWN && !belief.settled && belief.age_ms > CARRIED_OUT_MS) {
        world_fail(world, "I12: meter %zu should be %s for %" PRId64 " s, and is %s", index,
                   wanted_open ? "open" : "closed", belief.age_ms / 1000,
                   meter->relay.open ? "open" : "closed");
    }
    const uint64_t steps = energy_steps(meter->energy_mj, TARIFF_COUNT);
    const int64_t used_fen = (int64_t)steps * CLOUD_STEP_FEN;
    if (belief.charged_fen > used_fen) {
        world_fail(world, "I6: meter %zu used %" PRId64 " fen, charged are %" PRId64, index,
                   used_fen, belief.charged_fen);
    }
}

void relays_check(struct world *world)
{
    for (size_t i = 0; i < world->meters.count; i++) {
        if (world->meters.list[i]->cfg.kind == METER_CLOUD) {
            check(world, i);
        }
    }
}
