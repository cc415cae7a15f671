/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admin/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cloud/admin/reader_metrics.h"
#include "cloud/api/terminal_status.h"
#include "cloud/identity/expiry.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"

enum { METRICS_SIZE = 16384 /* and the card readers */ };

static void put(struct strbuf *out, const char *name, const char *kind, const char *help,
                uint64_t value)
{
    strbuf_addf(out, "# HELP shilling_%s %s\n# TYPE shilling_%s %s\nshilling_%s %" PRIu64 "\n",
                name, help, name, kind, name, value);
}

static void put_store(struct strbuf *out, struct store *store)
{
    struct store_counters counters;
    store_get_counters(store, &counters);
    put(out, "in_service", "gauge", "0: the database failed; the server must be looked at",
        store_is_in_service(store) ? 1 : 0);
    put(out, "disk_has_room", "gauge", "0: new orders are refused", store_has_room(store) ? 1 : 0);
    put(out, "service_clock_ms", "counter", "how long this service has been running, all in all",
        (uint64_t)store_service_ms(store));
    put(out, "store_batches_total", "counter", "transactions committed", counters.batches);
    put(out, "store_functions_total", "counter", "pieces of work in them", counters.functions);
    put(out, "store_refused_total", "counter", "of these, undone with an error", counters.refused);
    put(out, "store_batch_max", "gauge", "largest transaction so far", counters.batch_max);
    put(out, "store_commit_us_total", "counter", "time spent in commits", counters.commit_us_sum);
    put(out, "store_commit_us_max", "gauge", "longest commit so far", counters.commit_us_max);
}

static void put_http_line(struct strbuf *out, struct http_server *server, const char *name,
                          const char *kind, const char *help, size_t field)
{
    static const char *const listeners[] = {"terminals", "console", "public", "admin"};
    strbuf_addf(out, "# HELP shilling_%s %s\n# TYPE shilling_%s %s\n", name, help, name, kind);
    for (unsigned i = 0; i < HTTP_PERMISSION_COUNT; i++) {
        struct http_counters counters;
        http_server_get_counters(server, (enum http_permission)i, &counters);
        const uint64_t values[] = {counters.requests,    counters.by_class[4],
                                   counters.by_class[5], counters.certificates_refused,
                                   counters.slow_closed, counters.connections,
                                   counters.parked};
        strbuf_addf(out, "shilling_%s{listener=\"%s\"} %" PRIu64 "\n", name, listeners[i],
                    values[field]);
    }
}

static void put_http(struct strbuf *out, struct http_server *server)
{
    put_http_line(out, server, "http_requests_total", "counter", "requests answered", 0);
    put_http_line(out, server, "http_client_errors_total", "counter", "of these, 4xx", 1);
    put_http_line(out, server, "http_server_errors_total", "counter", "of these, 5xx", 2);
    put_http_line(out, server, "http_certificates_refused_total", "counter",
                  "requests without a good, known, unrevoked certificate", 3);
    put_http_line(out, server, "http_slow_closed_total", "counter",
                  "connections closed because no request came", 4);
    put_http_line(out, server, "http_connections", "gauge", "open now", 5);
    put_http_line(out, server, "http_parked", "gauge", "requests waiting (all listeners)", 6);
}

static void put_devices(struct strbuf *out, const struct admin_config *config)
{
    size_t known = 0;
    size_t heard = 0;
    size_t readers_down = 0;
    struct gateway_counters gateway;
    devices_count(config->devices, &known, &heard);
    gateway_get_counters(config->gateway, &gateway);
    put(out, "terminals", "gauge", "in the catalogue", known);
    put(out, "terminals_heard", "gauge", "of these, heard within a minute", heard);
    if (terminal_status_readers_down(config->store, &readers_down) == OK) {
        put(out, "card_readers_down", "gauge", "of these, whose card reader does not work",
            readers_down);
    }
    put(out, "broker_connected", "gauge", "0: no meters now",
        gateway_is_connected(config->gateway) ? 1 : 0);
    put(out, "collectors", "gauge", "in the catalogue", gateway.collectors);
    put(out, "collectors_online", "gauge", "of these, online", gateway.collectors_online);
    put(out, "gateway_questions_total", "counter", "reads and pings sent", gateway.questions);
    put(out, "gateway_unanswered_total", "counter", "of these, without an answer",
        gateway.unanswered);
    put(out, "gateway_readings_total", "counter", "messages with readings stored",
        gateway.readings);
    put(out, "gateway_refused_total", "counter", "messages that could not be read",
        gateway.refused);
    put(out, "gateway_strangers_total", "counter",
        "messages of collectors that are unknown or have no good key", gateway.strangers);
    put(out, "collectors_double_total", "counter", "two collectors under one name were noticed",
        gateway.doubles);
}

static void put_certificates(struct strbuf *out, const struct admin_config *config)
{
    size_t ending = 0;
    const int64_t days = pki_server_days_left(config->pki);
    put(out, "server_certificate_days_left", "gauge", "of the one in use; renewed by a restart",
        days > 0 ? (uint64_t)days : 0);
    if (expiry_count(config->store, clock_system_wall_ms() / 1000, &ending) == OK) {
        put(out, "device_certificates_ending", "gauge",
            "devices whose certificate ends within 30 days", ending);
    }
}

char *metrics_make(const struct admin_config *config)
{
    struct terminal_readers readers;
    bool known = terminal_readers_load(config->store, &readers) == OK;
    const size_t size = METRICS_SIZE + readers.count * READER_METRICS_SIZE;
    char *text = malloc(size);
    if (text != NULL) {
        struct strbuf out;
        strbuf_init(&out, text, size);
        put_store(&out, config->store);
        put_http(&out, config->server);
        put_devices(&out, config);
        if (known) {
            reader_metrics_write(&out, &readers);
        }
        put_certificates(&out, config);
        if (out.failed) {
            free(text);
            text = NULL;
        }
    }
    terminal_readers_free(&readers);
    return text;
}
