/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_PROTOCOL_DL645_WIRE_H
#define SHILLING_TESTS_UNIT_PROTOCOL_DL645_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/bytes.h"
#include "common/compiler.h"

/* Hex in, bytes out: a captured frame as it stands in a test. */
struct wire {
    uint8_t bytes[512];
    size_t size;
};

static inline struct wire wire_of(const char *hex)
{
    struct wire wire = {0};
    if (!hex_parse(hex, strlen(hex), wire.bytes, sizeof(wire.bytes), &wire.size, NULL)) {
        wire.size = 0;
    }
    return wire;
}

#endif
