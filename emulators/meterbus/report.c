/* SPDX-License-Identifier: Apache-2.0 */
/* Method: json_pack with one format a shape; amounts are integer fen, energies decimal texts. */
#include "emulators/meterbus/report.h"

#include "common/bytes.h"
#include "common/str.h"
#include "emulators/meterbus/bcd.h"
#include "emulators/meterbus/ticks.h"

static const char *const KINDS[METER_KIND_COUNT] = {"cloud", "count", "order"};
static const char *const PURCHASES[MONEY_KIND_COUNT] = {"recharge", "open", "refund"};

const char *report_kind_name(enum meter_kind kind)
{
    return KINDS[kind];
}

static json_t *energy_json(const struct meter *meter, size_t tariff)
{
    char text[32];
    uint64_t steps = energy_steps(meter->energy_mj, tariff);
    str_format_cut(text, sizeof(text), "%llu.%02llu", (unsigned long long)(steps / 100),
                   (unsigned long long)(steps % 100));
    return json_string(text);
}

static json_t *time_json(int64_t shown_ms)
{
    char text[CALENDAR_TEXT_SIZE];
    calendar_format(shown_ms, text);
    return json_string(text);
}

static json_t *digits_json(const uint8_t *bytes, size_t size)
{
    char text[2 * 8 + 1];
    digits_read(bytes, size, text);
    return json_string(text);
}

json_t *report_purchases(const struct meter *meter)
{
    json_t *list = json_array();
    for (size_t i = 0; i < meter->purchase_count; i++) {
        const struct purchase *p = &meter->purchases[i];
        bool by_order = meter->cfg.kind == METER_ORDER;
        json_t *row = json_pack("{s:s,s:o,s:I,s:I,s:o,s:I,s:I,s:I}", "kind", PURCHASES[p->kind],
                                "time", time_json(p->at_ms), "amount_fen",
                                (json_int_t)p->amount_fen, "count", (json_int_t)p->count, "order",
                                by_order ? digits_json(p->order, sizeof(p->order)) : json_null(),
                                "before_fen", (json_int_t)p->before_fen, "after_fen",
                                (json_int_t)p->after_fen, "total_fen", (json_int_t)p->total_fen);
        (void)json_array_append_new(list, row);
    }
    return list;
}

json_t *report_meter(const struct meter *meter)
{
    const struct relay *relay = &meter->relay;
    json_t *root = json_pack(
        "{s:s,s:o,s:s,s:o,s:o,s:I,s:I,s:b,s:I}", "name", meter->cfg.name, "address",
        digits_json(meter->address, FRAME_ADDRESS_SIZE), "kind", KINDS[meter->cfg.kind], "energy",
        energy_json(meter, TARIFF_COUNT), "clock", time_json(meter_shown_ms(meter)), "load_w",
        (json_int_t)meter->cfg.load_w, "power_w", (json_int_t)meter_power_w(meter), "dead",
        (int)meter->dead, "baud", (json_int_t)meter->baud);
    json_t *tariffs = json_array();
    for (size_t i = 0; i < TARIFF_COUNT; i++) {
        (void)json_array_append_new(tariffs, energy_json(meter, i));
    }
    json_t *account = json_pack(
        "{s:I,s:I,s:I,s:o,s:b,s:b,s:I}", "balance_fen", (json_int_t)meter_balance_fen(meter),
        "count", (json_int_t)meter->count, "total_fen", (json_int_t)meter->total_fen, "customer",
        digits_json(meter->customer, sizeof(meter->customer)), "opened", (int)meter->opened,
        "authenticated", (int)(meter->session.until_ms > meter->sim_ms), "balance_micros",
        (json_int_t)meter->balance_micros);
    json_t *switches =
        json_pack("{s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:I,s:I}", "relay", relay->open ? "open" : "closed",
                  "relay_ordered", relay->ordered_open ? "open" : "closed", "close_allowed",
                  (int)relay->close_allowed, "keep_power", (int)relay->keep_power, "alarm",
                  meter_alarm(meter) ? 1 : 0, "by_arrears", (int)relay->by_arrears, "stuck",
                  (int)relay->stuck, "trips", (json_int_t)relay->trip_count, "closes",
                  (json_int_t)relay->close_count);
    bool ok = json_object_update_missing(root, account) == 0 &&
              json_object_update_missing(root, switches) == 0;
    json_decref(account);
    json_decref(switches);
    ok = json_object_set_new(root, "tariffs", tariffs) == 0 && ok;
    ok = json_object_set_new(root, "purchases", report_purchases(meter)) == 0 && ok;
    if (!ok) {
        json_decref(root);
        return NULL;
    }
    return root;
}

json_t *report_list(const struct bus *bus)
{
    json_t *list = json_array();
    for (size_t i = 0; i < bus->meter_count; i++) {
        const struct meter *meter = &bus->meters[i];
        (void)json_array_append_new(
            list, json_pack("{s:s,s:o,s:s,s:I,s:b}", "name", meter->cfg.name, "address",
                            digits_json(meter->address, FRAME_ADDRESS_SIZE), "kind",
                            KINDS[meter->cfg.kind], "baud", (json_int_t)meter->baud, "dead",
                            (int)meter->dead));
    }
    return list;
}

json_t *report_stats(const struct bus *bus)
{
    const struct wire_stats *wire = &bus->wire.stats;
    const struct bus_stats *stats = &bus->stats;
    json_t *root = json_pack(
        "{s:s,s:I,s:I,s:I,s:I,s:I,s:I}", "bus", bus->name, "frames_heard", (json_int_t)stats->heard,
        "frames_rejected", (json_int_t)bus->scanner.rejected, "addressed",
        (json_int_t)stats->addressed, "answered", (json_int_t)stats->answered, "wrong_baud",
        (json_int_t)stats->wrong_baud, "faults_hit", (json_int_t)stats->spoilt);
    int64_t mean_ns = wire->sent == 0 ? 0 : wire->late_ns_sum / (int64_t)wire->sent;
    json_t *bytes = json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "bytes_in", (json_int_t)wire->received, "bytes_out",
        (json_int_t)wire->sent, "bytes_garbled", (json_int_t)wire->garbled, "bytes_dropped",
        (json_int_t)wire->dropped, "wire_us_in", (json_int_t)(wire->received_ns / NS_PER_US),
        "wire_us_out", (json_int_t)(wire->sent_ns / NS_PER_US), "late_us_max",
        (json_int_t)(wire->late_ns_max / NS_PER_US), "late_us_mean",
        (json_int_t)(mean_ns / NS_PER_US));
    json_t *controls = json_object();
    for (unsigned int i = 0; i < 32; i++) {
        char name[8];
        str_format_cut(name, sizeof(name), "%02X", i);
        if (stats->by_control[i] > 0) {
            (void)json_object_set_new(controls, name,
                                      json_integer((json_int_t)stats->by_control[i]));
        }
    }
    (void)json_object_update_missing(root, bytes);
    json_decref(bytes);
    (void)json_object_set_new(root, "by_control", controls);
    return root;
}

json_t *report_frames(const struct bus *bus, size_t count)
{
    json_t *list = json_array();
    uint64_t kept = bus->log_count < BUS_LOG_FRAMES ? bus->log_count : BUS_LOG_FRAMES;
    uint64_t wanted = count < kept ? count : kept;
    for (uint64_t i = bus->log_count - wanted; i < bus->log_count; i++) {
        const struct bus_log_entry *entry = &bus->log[i % BUS_LOG_FRAMES];
        char hex[3 * FRAME_BYTES_MAX + 1];
        if (hex_format(entry->bytes, entry->size, ' ', hex, sizeof(hex))) {
            (void)json_array_append_new(list, json_pack("{s:s,s:I,s:b,s:s}", "dir",
                                                        entry->reply ? "reply" : "request", "at_us",
                                                        (json_int_t)(entry->at_ns / NS_PER_US),
                                                        "spoilt", (int)entry->spoilt, "hex", hex));
        }
    }
    return list;
}

json_t *report_faults(const struct faults *faults)
{
    json_t *list = json_array();
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        const struct fault *fault = &faults->list[i];
        if (fault->id != 0) {
            (void)json_array_append_new(
                list, json_pack("{s:I,s:s,s:s,s:I,s:b,s:I}", "id", (json_int_t)fault->id, "kind",
                                fault_kind_name(fault->kind), "meter", fault->meter, "left",
                                (json_int_t)fault->left, "endless", (int)fault->endless, "hits",
                                (json_int_t)fault->hits));
        }
    }
    return list;
}
