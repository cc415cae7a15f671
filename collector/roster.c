/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/roster.h"

#include <stdlib.h>
#include <string.h>

#include "collector/exchange.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/address.h"
#include "protocol/dl645/di.h"

bool roster_meter_is_usable(const struct bus_meter *meter)
{
    bool usable = str_equal(meter->protocol, "645-2007") && dl645_address_is_meter(meter->meter);
    for (size_t i = 0; usable && i < meter->item_count; i++) {
        uint32_t di = 0;
        usable = dl645_di_parse(meter->items[i], &di);
    }
    return usable;
}

static bool is_scheduled(const struct bus_meter *meter)
{
    return meter->schedule_s > 0 && meter->item_count > 0;
}

/* Carry over what we know of a meter from before. */
static void keep_state(const struct roster_meter *old, size_t old_count, struct roster_meter *entry,
                       int64_t now_ms)
{
    for (size_t i = 0; i < old_count; i++) {
        if (str_equal(old[i].meter.meter, entry->meter.meter) && old[i].bus == entry->bus) {
            entry->failures = old[i].failures;
            entry->in_flight = old[i].in_flight;
            if (is_scheduled(&entry->meter)) {
                int64_t latest_ms = now_ms + (int64_t)entry->meter.schedule_s * 1000;
                entry->due_ms = old[i].due_ms < latest_ms ? old[i].due_ms : latest_ms;
            }
            return;
        }
    }
}

size_t roster_apply(struct roster *roster, const struct bus_config *config,
                    int (*bus_of)(void *self, const char *name), void *self, int64_t now_ms)
{
    size_t refused = 0;
    size_t old_count = roster->count;
    MUST(config->meter_count <= BUS_METERS_MAX);
    struct roster_meter *old = malloc(sizeof(roster->meters));
    MUST(old != NULL);
    memcpy(old, roster->meters, sizeof(roster->meters));
    roster->count = 0;
    for (size_t i = 0; i < config->meter_count; i++) {
        const struct bus_meter *meter = &config->meters[i];
        int bus = bus_of(self, meter->bus);
        if (bus == ROSTER_NONE || !roster_meter_is_usable(meter)) {
            refused += 1;
            continue;
        }
        MUST(bus >= 0 && bus < ROSTER_BUSES_MAX);
        struct roster_meter *entry = &roster->meters[roster->count++];
        *entry = (struct roster_meter){
            .meter = *meter, .bus = bus, .due_ms = is_scheduled(meter) ? now_ms : INT64_MAX};
        keep_state(old, old_count, entry, now_ms);
    }
    free(old);
    MUST(str_copy(roster->version, sizeof(roster->version), config->version));
    return refused;
}

int roster_find(const struct roster *roster, const char *meter)
{
    for (size_t i = 0; i < roster->count; i++) {
        if (str_equal(roster->meters[i].meter.meter, meter)) {
            return (int)i;
        }
    }
    return ROSTER_NONE;
}

int roster_due(const struct roster *roster, int bus, int64_t now_ms)
{
    int found = ROSTER_NONE;
    for (size_t i = 0; i < roster->count; i++) {
        const struct roster_meter *entry = &roster->meters[i];
        bool due = entry->bus == bus && !entry->in_flight && entry->due_ms <= now_ms;
        if (due && (found == ROSTER_NONE || entry->due_ms < roster->meters[found].due_ms)) {
            found = (int)i;
        }
    }
    return found;
}

int64_t roster_next_due_ms(const struct roster *roster)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < roster->count; i++) {
        const struct roster_meter *entry = &roster->meters[i];
        if (!entry->in_flight && entry->due_ms < next_ms) {
            next_ms = entry->due_ms;
        }
    }
    return next_ms;
}

void roster_begin(struct roster *roster, int index, int64_t now_ms)
{
    MUST(index >= 0 && (size_t)index < roster->count);
    struct roster_meter *entry = &roster->meters[index];
    int64_t period_ms = (int64_t)entry->meter.schedule_s * 1000;
    MUST(period_ms > 0);
    entry->in_flight = true;
    entry->due_ms += period_ms;
    if (entry->due_ms <= now_ms) {
        /* Far behind (the bus was away): once, not once for each period that was missed. */
        entry->due_ms = now_ms + period_ms;
    }
}

static void bus_done(struct roster *roster, int bus, bool heard, bool garbled,
                     struct roster_news *news)
{
    struct roster_bus *state = &roster->buses[bus];
    if (heard) {
        news->bus_back = state->is_dead;
        *state = (struct roster_bus){0};
        return;
    }
    size_t meters = 0;
    for (size_t i = 0; i < roster->count; i++) {
        meters += roster->meters[i].bus == bus ? 1 : 0;
    }
    state->failures += 1;
    state->garbled = state->garbled || garbled;
    size_t needed = meters > ROSTER_SILENT_COUNT ? meters : ROSTER_SILENT_COUNT;
    if (!state->is_dead && state->failures >= needed) {
        state->is_dead = true;
        news->bus_wrong_baud = state->garbled;
        news->bus_silent = !state->garbled;
    }
}

struct roster_news roster_done(struct roster *roster, int index,
                               const struct roster_outcome *outcome)
{
    MUST(index >= 0 && (size_t)index < roster->count);
    struct roster_meter *entry = &roster->meters[index];
    struct roster_news news = {0};
    if (outcome->scheduled) {
        entry->in_flight = false;
    }
    if (outcome->special && !outcome->heard) {
        return news; /* it may well answer what everybody has */
    }
    if (outcome->heard) {
        news.meter_back = entry->failures >= ROSTER_SILENT_COUNT;
        entry->failures = 0;
    } else {
        entry->failures += 1;
        news.meter_silent = entry->failures == ROSTER_SILENT_COUNT;
    }
    bus_done(roster, entry->bus, outcome->heard, outcome->garbled, &news);
    return news;
}

void roster_again(struct roster *roster, int index, int64_t now_ms)
{
    MUST(index >= 0 && (size_t)index < roster->count);
    roster->meters[index].in_flight = false;
    roster->meters[index].due_ms = now_ms;
}

uint8_t roster_tries(const struct roster *roster, int index)
{
    MUST(index >= 0 && (size_t)index < roster->count);
    return roster->meters[index].failures >= ROSTER_SILENT_COUNT ? 1 : EXCHANGE_TRIES_MAX;
}

void roster_all_due(struct roster *roster, int64_t now_ms)
{
    for (size_t i = 0; i < roster->count; i++) {
        struct roster_meter *entry = &roster->meters[i];
        if (is_scheduled(&entry->meter) && entry->due_ms > now_ms) {
            entry->due_ms = now_ms;
        }
    }
}
