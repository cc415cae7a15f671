/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BUS_TOPIC_H
#define SHILLING_PROTOCOL_BUS_TOPIC_H

#include <stdbool.h>

#include "common/compiler.h"
#include "protocol/bus/value.h"

/* "up/<collector>/reply": who writes, whose, what. up/ is the collector's, down/ the cloud's. */
enum bus_topic {
    BUS_TOPIC_STATE,
    BUS_TOPIC_HELLO,
    BUS_TOPIC_REPLY,
    BUS_TOPIC_READING,
    BUS_TOPIC_EVENT,
    BUS_TOPIC_CONFIG,
    BUS_TOPIC_CMD,
    BUS_TOPIC_REPLIED,
    BUS_TOPIC_ACK,
    BUS_TOPIC_COUNT
};

enum { BUS_TOPIC_SIZE = BUS_COLLECTOR_SIZE + 16 };

/** True if @p name can stand in a topic: 1..64 of [A-Za-z0-9._-]. */
MUST_CHECK bool bus_collector_is_valid(const char *name);

/** The topic's text. @p collector must be valid, or "+" for a subscription to all. */
void bus_topic_format(enum bus_topic topic, const char *collector, char ret_text[BUS_TOPIC_SIZE]);

/** Reverse of bus_topic_format(); false for any other text. */
MUST_CHECK bool bus_topic_parse(const char *text, enum bus_topic *ret_topic,
                                char ret_collector[BUS_COLLECTOR_SIZE]);

#endif
