/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BUS_VALUE_H
#define SHILLING_PROTOCOL_BUS_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "common/id.h"

/*
 * The words that all messages between cloud and collector share (protocol/MESSAGES.md, section 2).
 * Every text is NUL-terminated and fits its array; an empty text means that the member was null.
 */
enum {
    BUS_COLLECTOR_SIZE = 65, /* common name of a certificate (X.520 ub-common-name 64) */
    BUS_METER_SIZE = 17,     /* DL/T 645 has 12 digits, CJ/T 188 has 14; 16 for what comes */
    BUS_NAME_SIZE = 33,      /* a bus, a protocol, a version */
    BUS_ITEM_SIZE = 17,      /* "00010000"; "relay" is the one item that is not a data identifier */
    BUS_ITEMS_MAX = 16,      /* a meter page needs 8 */
    BUS_VALUE_SIZE = 72,     /* the longest value is an asset number of 32 bytes in hex */
    BUS_UNIT_SIZE = 12,
    BUS_VALUES_MAX = 36, /* 16 before a credit, 16 after it, the counts, the relay */
    BUS_ERROR_SIZE = 33,
    BUS_DETAIL_SIZE = 161,
    BUS_FRAME_SIZE_MAX = 288, /* 645: 12 + 255 data bytes and the FE in front */
    BUS_FIELD_SIZE = 65,
    BUS_TEXT_SIZE_MAX = 16384, /* longest message but the configuration; a credit needs 6 kB */
};

/** The item that tells the relay: its values are "closed" and "open". */
#define BUS_ITEM_RELAY "relay"
/** DL/T 645 purchase count, run status word 3 (relay), remaining amount, date, time. */
#define BUS_ITEM_COUNT "03330201"
#define BUS_ITEM_STATUS3 "04000503"
#define BUS_ITEM_DATE "04000101"
#define BUS_ITEM_TIME "04000102"

/* To which moment of a command a value belongs. */
enum bus_when { BUS_WHEN_NOW, BUS_WHEN_BEFORE, BUS_WHEN_AFTER, BUS_WHEN_COUNT };

/* What a meter said to one item: decimal or other text, never a float. */
struct bus_value {
    char item[BUS_ITEM_SIZE];
    char v[BUS_VALUE_SIZE];
    char unit[BUS_UNIT_SIZE]; /* "kWh", "yuan", "V"; empty if it has none */
    enum bus_when when;
};

/* Bytes of a link frame, hexadecimal on the wire. size 0: none. */
struct bus_frame {
    uint8_t bytes[BUS_FRAME_SIZE_MAX];
    size_t size;
};

/* Why a message was refused. */
struct bus_fault {
    char field[BUS_FIELD_SIZE]; /* the member that is missing or wrong; "(body)" for no JSON */
    char id[ID_TEXT_SIZE];      /* the message's own id if that much could be read, else empty */
};

#endif
