/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every decoder of the bus messages on arbitrary bytes. The first byte chooses the message. What
 * was accepted is written and read again: the second text must equal the first, or the decoder
 * accepted something that the encoder cannot say.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "protocol/bus/command.h"
#include "protocol/bus/config.h"
#include "protocol/bus/reply.h"
#include "protocol/bus/report.h"
#include "protocol/bus/topic.h"

enum { METERS_MAX = 64, TEXT_SIZE = 65536 };

static char first[TEXT_SIZE];
static char second[TEXT_SIZE];
static struct bus_fault fault;

/* decode -> encode -> decode -> encode: both texts must be the same. */
#define ROUND_TRIP(type, decode, encode)                                                           \
    do {                                                                                           \
        static type value;                                                                         \
        size_t first_size = 0;                                                                     \
        size_t second_size = 0;                                                                    \
        if (decode(text, size, &value, &fault) != OK) {                                            \
            MUST(fault.field[0] != '\0');                                                          \
            return;                                                                                \
        }                                                                                          \
        MUST(encode(&value, first, sizeof(first), &first_size) == OK);                             \
        MUST(decode(first, first_size, &value, &fault) == OK);                                     \
        MUST(encode(&value, second, sizeof(second), &second_size) == OK);                          \
        MUST(str_equal(first, second));                                                            \
    } while (0)

static void try_config(const char *text, size_t size)
{
    static struct bus_meter meters[METERS_MAX];
    struct bus_config config = {.meters = meters};
    size_t first_size = 0;
    size_t second_size = 0;
    if (bus_config_decode(text, size, METERS_MAX, &config, &fault) != OK) {
        MUST(fault.field[0] != '\0');
        return;
    }
    MUST(bus_config_encode(&config, first, sizeof(first), &first_size) == OK);
    MUST(bus_config_decode(first, first_size, METERS_MAX, &config, &fault) == OK);
    MUST(bus_config_encode(&config, second, sizeof(second), &second_size) == OK);
    MUST(str_equal(first, second));
}

static void try_replied(const char *text, size_t size)
{
    char id[ID_TEXT_SIZE];
    if (bus_replied_decode(text, size, id, &fault) == OK) {
        MUST(id_is_valid(id));
    }
}

static void try_topic(const char *text, size_t size)
{
    char topic[BUS_TOPIC_SIZE];
    char collector[BUS_COLLECTOR_SIZE];
    char back[BUS_TOPIC_SIZE];
    enum bus_topic which = BUS_TOPIC_COUNT;
    if (str_copy_bytes(topic, sizeof(topic), text, size) &&
        bus_topic_parse(topic, &which, collector)) {
        bus_topic_format(which, collector, back);
        MUST(str_equal(topic, back));
    }
}

static void try_report(uint8_t which, const char *text, size_t size)
{
    switch (which) {
    case 2:
        ROUND_TRIP(struct bus_state, bus_state_decode, bus_state_encode);
        return;
    case 3:
        ROUND_TRIP(struct bus_hello, bus_hello_decode, bus_hello_encode);
        return;
    case 4:
        ROUND_TRIP(struct bus_readings, bus_readings_decode, bus_readings_encode);
        return;
    case 5:
        ROUND_TRIP(struct bus_ack, bus_ack_decode, bus_ack_encode);
        return;
    default:
        ROUND_TRIP(struct bus_event, bus_event_decode, bus_event_encode);
        return;
    }
}

static void try_any(uint8_t which, const char *text, size_t size)
{
    switch (which) {
    case 0:
        ROUND_TRIP(struct bus_command, bus_command_decode, bus_command_encode);
        return;
    case 1:
        ROUND_TRIP(struct bus_reply, bus_reply_decode, bus_reply_encode);
        return;
    case 7:
        try_config(text, size);
        return;
    case 8:
        try_replied(text, size);
        return;
    case 9:
        try_topic(text, size);
        return;
    default:
        try_report(which, text, size);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0) {
        /* '0'..'9', so that a person can write a corpus. */
        try_any((uint8_t)((uint8_t)(data[0] - '0') % 10U), (const char *)(data + 1), size - 1);
    }
    return 0;
}
