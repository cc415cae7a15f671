/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/ingest.h"

#include <stdlib.h>

#include "cloud/meters/gateway_internal.h"
#include "common/must.h"

/* The inner struct comes first: a pointer to it is one to the whole. */
struct whole {
    struct gateway gateway;
    struct ingest_setup setup;
};

static struct whole *the; /* of the server that runs */

void ingest_begin(const struct ingest_setup *setup)
{
    the = calloc(1, sizeof(*the));
    MUST(the != NULL);
    the->setup = *setup;
    the->gateway.config = (struct gateway_config){
        .store = setup->store, .clock = setup->clock, .accounts = setup->accounts};
    monitor_init(&the->gateway.monitor);
}

void ingest_take(const char *text, size_t size)
{
    gateway_on_readings(&the->gateway, "col1", text, size);
}

/* ---- what it needs of the gateway ---- */

enum err gateway_publish(struct gateway *gateway, const char *collector_id, enum bus_topic topic,
                         const char *text, size_t size, uint32_t expiry_s)
{
    const struct whole *whole = (const struct whole *)(const void *)gateway;
    (void)collector_id;
    (void)expiry_s;
    MUST(topic == BUS_TOPIC_ACK);
    whole->setup.acknowledge(whole->setup.self, text, size);
    return OK;
}

void gateway_refuse(struct gateway *gateway, const char *collector_id, const char *what,
                    const struct bus_fault *fault)
{
    (void)gateway;
    (void)collector_id;
    (void)what;
    (void)fault;
    MUST_NOT_REACH(); /* our collector writes no other readings than the real one's journal */
}
