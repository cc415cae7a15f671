/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Topics are "<side>/<collector>/<what>". The broker's access list rests on the first two parts,
 * so a collector's name must never contain a slash or a wildcard; names are therefore checked
 * where they enter (certificate, configuration) and again here.
 */
#include "protocol/bus/topic.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"

static const struct {
    const char *side;
    const char *what;
} topics[BUS_TOPIC_COUNT] = {
    [BUS_TOPIC_STATE] = {"up", "state"}, [BUS_TOPIC_HELLO] = {"up", "hello"},
    [BUS_TOPIC_REPLY] = {"up", "reply"}, [BUS_TOPIC_READING] = {"up", "reading"},
    [BUS_TOPIC_EVENT] = {"up", "event"}, [BUS_TOPIC_CONFIG] = {"down", "config"},
    [BUS_TOPIC_CMD] = {"down", "cmd"},   [BUS_TOPIC_REPLIED] = {"down", "replied"},
    [BUS_TOPIC_ACK] = {"down", "ack"},
};

static bool is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
}

bool bus_collector_is_valid(const char *name)
{
    size_t len = 0;
    for (; name[len] != '\0'; len++) {
        if (len == BUS_COLLECTOR_SIZE - 1 || !is_name_char(name[len])) {
            return false;
        }
    }
    return len > 0;
}

void bus_topic_format(enum bus_topic topic, const char *collector, char ret_text[BUS_TOPIC_SIZE])
{
    MUST(topic < BUS_TOPIC_COUNT);
    MUST(str_equal(collector, "+") || bus_collector_is_valid(collector));
    MUST(str_format(ret_text, BUS_TOPIC_SIZE, "%s/%s/%s", topics[topic].side, collector,
                    topics[topic].what));
}

bool bus_topic_parse(const char *text, enum bus_topic *ret_topic,
                     char ret_collector[BUS_COLLECTOR_SIZE])
{
    const char *first = strchr(text, '/');
    const char *second = first == NULL ? NULL : strchr(first + 1, '/');
    if (second == NULL) {
        return false;
    }
    char name[BUS_COLLECTOR_SIZE];
    if (!str_copy_bytes(name, sizeof(name), first + 1, (size_t)(second - first) - 1) ||
        !bus_collector_is_valid(name)) {
        return false;
    }
    size_t side_len = (size_t)(first - text);
    for (int i = 0; i < BUS_TOPIC_COUNT; i++) {
        bool same_side =
            strlen(topics[i].side) == side_len && strncmp(topics[i].side, text, side_len) == 0;
        if (same_side && str_equal(topics[i].what, second + 1)) {
            *ret_topic = (enum bus_topic)i;
            return str_copy(ret_collector, BUS_COLLECTOR_SIZE, name);
        }
    }
    return false;
}
