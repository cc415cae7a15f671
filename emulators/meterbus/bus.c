/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: bytes become frames when their stop bits have ended; a frame is carried out at that
 * moment of the wire, not when the process got round to it, and its reply begins exactly Td
 * after. What a request changed is synced before the first byte of the reply can leave; if that
 * fails the emulator stops, as a meter with a dead memory would.
 */
#include "emulators/meterbus/bus.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "common/bytes.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "emulators/meterbus/answer.h"
#include "emulators/meterbus/spoil.h"
#include "emulators/meterbus/state.h"
#include "emulators/meterbus/ticks.h"

enum { GAP_NS_MAX = 500 * NS_PER_MS /* longer silence inside a frame ends it */ };

static bool meter_begin(struct bus *bus, struct meter *meter, const struct meter_cfg *cfg,
                        char *ret_message, size_t message_size)
{
    int64_t saved_ms = 0;
    int64_t wall_ms = ticks_wall_ms();
    int64_t now_ns = ticks_now_ns();
    meter_init(meter, cfg, cfg->clock_ms != 0 ? cfg->clock_ms : wall_ms);
    meter_clock_anchor(meter, now_ns, meter->sim_ms);
    if (bus->state_dir == NULL) {
        return true;
    }
    switch (state_load(meter, bus->state_dir, &saved_ms)) {
    case STATE_ABSENT:
        meter->dirty = true;
        break;
    case STATE_LOADED: {
        int64_t away_ms = wall_ms > saved_ms ? wall_ms - saved_ms : 0;
        meter_clock_anchor(meter, now_ns, meter->sim_ms + away_ms * (int64_t)meter->cfg.speed);
        break;
    }
    case STATE_BROKEN:
        str_format_cut(ret_message, message_size, "%s/%s.json: not a stored meter", bus->state_dir,
                       cfg->name);
        return false;
    }
    if (!bus_meter_store(bus, meter)) {
        str_format_cut(ret_message, message_size, "%s/%s.json: %s", bus->state_dir, cfg->name,
                       strerror(errno));
        return false;
    }
    return true;
}

bool bus_init(struct bus *bus, const struct bus_config *config, const char *state_dir,
              char *ret_message, size_t message_size)
{
    memset(bus, 0, sizeof(*bus));
    memcpy(bus->name, config->name, sizeof(bus->name));
    bus->state_dir = state_dir;
    bus->meters = calloc(config->meter_count, sizeof(*bus->meters));
    if (bus->meters == NULL) {
        str_format_cut(ret_message, message_size, "no memory");
        return false;
    }
    for (size_t i = 0; i < config->meter_count; i++) {
        bus->meter_count = i + 1;
        if (!meter_begin(bus, &bus->meters[i], &config->meters[i], ret_message, message_size)) {
            return false;
        }
    }
    return true;
}

void bus_finish(struct bus *bus)
{
    int64_t now_ns = ticks_now_ns();
    for (size_t i = 0; i < bus->meter_count; i++) {
        struct meter *meter = &bus->meters[i];
        if (!bus->failed) {
            bus_meter_advance(bus, meter, now_ns);
            meter->dirty = true;
            (void)bus_meter_store(bus, meter);
        }
        meter_finish(meter);
    }
    free(bus->meters);
    bus->meters = NULL;
    bus->meter_count = 0;
}

void bus_meter_advance(struct bus *bus, struct meter *meter, int64_t now_ns)
{
    (void)bus;
    meter_advance(meter, meter_clock_sim_ms(meter, now_ns));
}

/*
 * The stored wall time belongs to sim_ms, the moment up to which the meter is computed; a restart
 * goes on from there.
 */
bool bus_meter_store(struct bus *bus, struct meter *meter)
{
    if (bus->state_dir == NULL || !meter->dirty) {
        meter->dirty = false;
        return true;
    }
    int64_t behind_ms = 0;
    if (meter->cfg.speed > 0) {
        int64_t sim_now_ms = meter_clock_sim_ms(meter, ticks_now_ns());
        behind_ms = (sim_now_ms - meter->sim_ms) / (int64_t)meter->cfg.speed;
    }
    if (!state_save(meter, bus->state_dir, ticks_wall_ms() - behind_ms)) {
        log_error("%s: cannot store meter %s: %s; ending", bus->name, meter->cfg.name,
                  strerror(errno));
        bus->failed = true;
        return false;
    }
    meter->dirty = false;
    return true;
}

struct meter *bus_meter_find(struct bus *bus, const char *name)
{
    for (size_t i = 0; i < bus->meter_count; i++) {
        if (str_equal(bus->meters[i].cfg.name, name)) {
            return &bus->meters[i];
        }
    }
    return NULL;
}

static void bus_log(struct bus *bus, const struct bus_log_entry *entry)
{
    bus->log[bus->log_count % BUS_LOG_FRAMES] = *entry;
    bus->log_count += 1;
    if (bus->log_to_stderr) {
        char hex[3 * FRAME_BYTES_MAX + 1];
        if (hex_format(entry->bytes, entry->size, ' ', hex, sizeof(hex))) {
            log_info("%s: %s%s %s", bus->name, entry->reply ? "reply  " : "request",
                     entry->spoilt ? " (spoilt)" : "", hex);
        }
    }
}

static void bus_log_frame(struct bus *bus, const struct frame *frame, int64_t at_ns)
{
    struct bus_log_entry entry = {.at_ns = at_ns};
    entry.size = frame_build(frame, entry.bytes);
    bus_log(bus, &entry);
}

static void reply_send(struct bus *bus, const struct meter *meter, const struct frame *reply,
                       struct fault *const hits[FAULT_KIND_COUNT], int64_t heard_ns)
{
    struct transmission t = {.baud = meter->baud};
    struct bus_log_entry entry = {.reply = true};
    t.start_ns = heard_ns + (int64_t)meter->cfg.td_ms * NS_PER_MS;
    spoil_reply(meter, reply, hits, &t);
    if (!wire_send(&bus->wire, &t)) {
        log_warn("%s: too many replies under way, one is lost", bus->name);
        return;
    }
    if (hits[FAULT_SAME_ADDRESS] != NULL) {
        struct transmission twin = t;
        spoil_twin(&twin);
        if (!wire_send(&bus->wire, &twin)) {
            log_warn("%s: no room for the second meter's reply", bus->name);
        }
    }
    entry.at_ns = t.start_ns;
    entry.size = t.size < sizeof(entry.bytes) ? t.size : sizeof(entry.bytes);
    for (size_t i = 0; i < FAULT_KIND_COUNT; i++) {
        entry.spoilt = entry.spoilt || hits[i] != NULL;
    }
    memcpy(entry.bytes, t.bytes, entry.size);
    bus_log(bus, &entry);
    bus->stats.answered += 1;
}

static void crash(void)
{
    (void)raise(SIGKILL);
}

static void meter_hear(struct bus *bus, struct meter *meter, const struct frame *request,
                       int64_t heard_ns)
{
    struct fault *hits[FAULT_KIND_COUNT];
    struct frame reply;
    faults_match(&bus->faults, meter, request, hits);
    for (size_t i = 0; i < FAULT_KIND_COUNT; i++) {
        bus->stats.spoilt += hits[i] != NULL ? 1 : 0;
    }
    if (hits[FAULT_CRASH_BEFORE] != NULL) {
        crash();
    }
    if (hits[FAULT_LOST_REQUEST] != NULL) {
        return;
    }
    bus_meter_advance(bus, meter, heard_ns);
    bool answers = meter_answer(meter, request, &reply);
    if (!bus_meter_store(bus, meter)) {
        return;
    }
    if (hits[FAULT_CRASH_AFTER] != NULL) {
        crash();
    }
    if (answers && hits[FAULT_LOST_REPLY] == NULL) {
        reply_send(bus, meter, &reply, hits, heard_ns);
    }
    if (meter->baud_next != 0) {
        meter->baud = meter->baud_next;
        meter->baud_next = 0;
        meter->dirty = true;
        (void)bus_meter_store(bus, meter);
    }
}

static void bus_hear(struct bus *bus, const struct frame *request, const struct wire_byte *last)
{
    bus->stats.heard += 1;
    bus->stats.by_control[request->control & 0x1FU] += 1;
    bus_log_frame(bus, request, last->end_ns);
    for (size_t i = 0; i < bus->meter_count && !bus->failed; i++) {
        struct meter *meter = &bus->meters[i];
        if (meter->dead || (request->control & 0x80U) != 0 || !meter_addressed(meter, request)) {
            continue;
        }
        if (last->baud != meter->baud) {
            bus->stats.wrong_baud += 1;
            continue;
        }
        bus->stats.addressed += 1;
        meter_hear(bus, meter, request, last->end_ns);
    }
    faults_sweep(&bus->faults);
}

static void bus_listen(struct bus *bus, int64_t now_ns)
{
    struct wire_byte byte;
    struct frame request;
    while (!bus->failed && wire_byte_take(&bus->wire, now_ns, &byte)) {
        if (byte.start_ns - bus->last_byte_ns > GAP_NS_MAX) {
            bus->scanner.size = 0;
        }
        bus->last_byte_ns = byte.end_ns;
        uint8_t heard = byte.garbled ? (uint8_t)~byte.byte : byte.byte;
        if (frame_scanner_take(&bus->scanner, heard, &request)) {
            bus_hear(bus, &request, &byte);
        }
    }
}

void bus_turn(struct bus *bus, int64_t now_ns)
{
    wire_receive(&bus->wire, now_ns);
    wire_transmit(&bus->wire, now_ns);
    bus_listen(bus, now_ns);
}
