/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_DI_H
#define SHILLING_PROTOCOL_DL645_DI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * What stands behind a data identifier (annex A of the standard): size, format, unit. A DI is
 * written high byte first, as in the standard: 0x00010000 is "00010000".
 */

enum {
    DL645_DI_TEXT_SIZE = 9,
};

/* The identifiers that Shilling itself asks for. */
#define DL645_DI_ENERGY_FORWARD 0x00010000U
#define DL645_DI_REMAINING_AMOUNT 0x00900200U
#define DL645_DI_OVERDRAFT_AMOUNT 0x00900201U
#define DL645_DI_VOLTAGE_A 0x02010100U
#define DL645_DI_CURRENT_A 0x02020100U
#define DL645_DI_POWER_TOTAL 0x02030000U
#define DL645_DI_DATE 0x04000101U
#define DL645_DI_TIME 0x04000102U
#define DL645_DI_STATUS_3 0x04000503U
#define DL645_DI_PURCHASE_TIME 0x03330101U
#define DL645_DI_PURCHASE_COUNT 0x03330201U
#define DL645_DI_PURCHASE_AMOUNT 0x03330301U
#define DL645_DI_PURCHASE_BEFORE 0x03330401U
#define DL645_DI_PURCHASE_AFTER 0x03330501U
#define DL645_DI_PURCHASE_TOTAL 0x03330601U

/** How the bytes of one item are to be read. */
enum dl645_kind {
    DL645_KIND_NUMBER = 0,  /* BCD with fixed decimals, perhaps a sign bit */
    DL645_KIND_DEMAND,      /* 3 bytes XX.XXXX and mm hh DD MM YY */
    DL645_KIND_COUNTER,     /* BCD, a plain count */
    DL645_KIND_DATE,        /* WW DD MM YY, WW 0 = Sunday */
    DL645_KIND_TIME,        /* ss mm hh */
    DL645_KIND_DATE_TIME,   /* ss mm hh WW DD MM YY */
    DL645_KIND_MOMENT,      /* mm hh DD MM YY */
    DL645_KIND_FREEZE_TIME, /* the same, of frozen data */
    DL645_KIND_DIGITS,      /* BCD digits that are no quantity: meter number, customer number */
    DL645_KIND_TEXT,        /* ASCII, last character first */
    DL645_KIND_BAUD,        /* one-hot baud byte */
    DL645_KIND_BITS,        /* status word, low byte first: protocol/dl645/status.h */
    DL645_KIND_BYTES,       /* no typed meaning */
    DL645_KIND_COUNT
};

/** One identifier's description. A plain value; the texts are static. */
struct dl645_di {
    uint32_t di;
    enum dl645_kind kind;
    uint8_t item_size; /* bytes of one item; 0 = all there are (BYTES) */
    uint8_t decimals;
    bool is_signed;   /* the top bit of the highest byte is the sign, the rest magnitude */
    bool is_block;    /* the answer is a row of items */
    const char *unit; /* "kWh", "yuan", "V" ...; "" if none */
    const char *name; /* in English, for people */
};

/**
 * Describe @p di. Every DI has a description: one that is not in the table is BYTES, its name "".
 */
void dl645_di_describe(uint32_t di, struct dl645_di *ret_di);

/** 8 hex digits to a DI; false for anything else. */
MUST_CHECK bool dl645_di_parse(const char *text, uint32_t *ret_di);

/** A DI to 8 upper-case hex digits. Returns @p ret_text. */
char *dl645_di_format(uint32_t di, char ret_text[DL645_DI_TEXT_SIZE]);

#endif
