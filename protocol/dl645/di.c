/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The identifiers of annex A as one table: the first row whose masked bits agree describes a DI.
 * Bytes outside a row's mask are a tariff, a phase, a settlement day or a record number; FF in one
 * of them asks for all of these in one answer, a block.
 */

#include "protocol/dl645/di.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"

enum {
    SIGNED = 1, /* top bit of the highest byte is the sign */
    BLOCK = 2,  /* always a row of items, whatever the identifier says */
};

struct row {
    uint32_t di;
    uint32_t mask;
    enum dl645_kind kind;
    uint8_t item_size;
    uint8_t decimals;
    uint8_t flags;
    const char *unit;
    const char *name;
};

/* Which bytes of the DI a row fixes. */
#define ALL 0xFFFFFFFFU
#define DI321 0xFFFFFF00U
#define DI32 0xFFFF0000U
#define DI320 0xFFFF00FFU
#define DI31 0xFF00FF00U

/* XXXXXX.XX of a tariff and settlement day. */
#define ENERGY(di2, flags, unit, name)                                                             \
    {                                                                                              \
        0x00000000U | (uint32_t)(di2) << 16, DI32, DL645_KIND_NUMBER, 4, 2, flags, unit, name      \
    }
/* XX.XXXX and when it was. */
#define DEMAND(di2, flags, unit, name)                                                             \
    {                                                                                              \
        0x01000000U | (uint32_t)(di2) << 16, DI32, DL645_KIND_DEMAND, 8, 4, flags, unit, name      \
    }
#define NUMBER(di, mask, size, decimals, flags, unit, name)                                        \
    {                                                                                              \
        di, mask, DL645_KIND_NUMBER, size, decimals, flags, unit, name                             \
    }
#define OTHER(di, mask, kind, size, name)                                                          \
    {                                                                                              \
        di, mask, DL645_KIND_##kind, size, 0, 0, "", name                                          \
    }
/* Frozen copies of the energy registers: total and tariffs. */
#define FROZEN(di1, flags, unit, name)                                                             \
    {                                                                                              \
        0x05000000U | (uint32_t)(di1) << 8, DI31, DL645_KIND_NUMBER, 4, 2, (flags) | BLOCK, unit,  \
            name                                                                                   \
    }
/* The ten quantities that each phase has, from the phase's first DI2 on. */
#define PHASE_ENERGY(first, phase)                                                                 \
    ENERGY((first) + 0, 0, "kWh", "forward active energy, phase " phase),                          \
        ENERGY((first) + 1, 0, "kWh", "reverse active energy, phase " phase),                      \
        ENERGY((first) + 2, SIGNED, "kvarh", "combined reactive energy 1, phase " phase),          \
        ENERGY((first) + 3, SIGNED, "kvarh", "combined reactive energy 2, phase " phase),          \
        ENERGY((first) + 4, 0, "kvarh", "reactive energy, quadrant 1, phase " phase),              \
        ENERGY((first) + 5, 0, "kvarh", "reactive energy, quadrant 2, phase " phase),              \
        ENERGY((first) + 6, 0, "kvarh", "reactive energy, quadrant 3, phase " phase),              \
        ENERGY((first) + 7, 0, "kvarh", "reactive energy, quadrant 4, phase " phase),              \
        ENERGY((first) + 8, 0, "kVAh", "forward apparent energy, phase " phase),                   \
        ENERGY((first) + 9, 0, "kVAh", "reverse apparent energy, phase " phase)
#define PHASE_DEMAND(first, phase)                                                                 \
    DEMAND((first) + 0, 0, "kW", "forward active demand, phase " phase),                           \
        DEMAND((first) + 1, 0, "kW", "reverse active demand, phase " phase),                       \
        DEMAND((first) + 2, SIGNED, "kvar", "combined reactive demand 1, phase " phase),           \
        DEMAND((first) + 3, SIGNED, "kvar", "combined reactive demand 2, phase " phase),           \
        DEMAND((first) + 4, 0, "kvar", "reactive demand, quadrant 1, phase " phase),               \
        DEMAND((first) + 5, 0, "kvar", "reactive demand, quadrant 2, phase " phase),               \
        DEMAND((first) + 6, 0, "kvar", "reactive demand, quadrant 3, phase " phase),               \
        DEMAND((first) + 7, 0, "kvar", "reactive demand, quadrant 4, phase " phase),               \
        DEMAND((first) + 8, 0, "kVA", "forward apparent demand, phase " phase),                    \
        DEMAND((first) + 9, 0, "kVA", "reverse apparent demand, phase " phase)

static const struct row rows[] = {
    /* 00: energy. Combined registers can run backwards, so they have a sign. */
    NUMBER(0x00900100U, ALL, 4, 2, 0, "kWh", "remaining energy"),
    NUMBER(0x00900101U, ALL, 4, 2, 0, "kWh", "overdraft energy"),
    NUMBER(DL645_DI_REMAINING_AMOUNT, ALL, 4, 2, 0, "yuan", "remaining amount"),
    NUMBER(DL645_DI_OVERDRAFT_AMOUNT, ALL, 4, 2, 0, "yuan", "overdraft amount"),
    ENERGY(0x00, SIGNED, "kWh", "combined active energy"),
    ENERGY(0x01, 0, "kWh", "forward active energy"),
    ENERGY(0x02, 0, "kWh", "reverse active energy"),
    ENERGY(0x03, SIGNED, "kvarh", "combined reactive energy 1"),
    ENERGY(0x04, SIGNED, "kvarh", "combined reactive energy 2"),
    ENERGY(0x05, 0, "kvarh", "reactive energy, quadrant 1"),
    ENERGY(0x06, 0, "kvarh", "reactive energy, quadrant 2"),
    ENERGY(0x07, 0, "kvarh", "reactive energy, quadrant 3"),
    ENERGY(0x08, 0, "kvarh", "reactive energy, quadrant 4"),
    ENERGY(0x09, 0, "kVAh", "forward apparent energy"),
    ENERGY(0x0A, 0, "kVAh", "reverse apparent energy"),
    PHASE_ENERGY(0x15, "A"),
    PHASE_ENERGY(0x29, "B"),
    PHASE_ENERGY(0x3D, "C"),

    /* 01: maximum demand and when it occurred. */
    DEMAND(0x01, 0, "kW", "forward active demand"),
    DEMAND(0x02, 0, "kW", "reverse active demand"),
    DEMAND(0x03, SIGNED, "kvar", "combined reactive demand 1"),
    DEMAND(0x04, SIGNED, "kvar", "combined reactive demand 2"),
    DEMAND(0x05, 0, "kvar", "reactive demand, quadrant 1"),
    DEMAND(0x06, 0, "kvar", "reactive demand, quadrant 2"),
    DEMAND(0x07, 0, "kvar", "reactive demand, quadrant 3"),
    DEMAND(0x08, 0, "kvar", "reactive demand, quadrant 4"),
    DEMAND(0x09, 0, "kVA", "forward apparent demand"),
    DEMAND(0x0A, 0, "kVA", "reverse apparent demand"),
    PHASE_DEMAND(0x15, "A"),
    PHASE_DEMAND(0x29, "B"),
    PHASE_DEMAND(0x3D, "C"),

    /* 02: variables. DI1 is the phase (00 total), FF all. */
    NUMBER(0x02010000U, DI320, 2, 1, 0, "V", "voltage"),
    NUMBER(0x02020000U, DI320, 3, 3, SIGNED, "A", "current"),
    NUMBER(0x02030000U, DI320, 3, 4, SIGNED, "kW", "active power"),
    NUMBER(0x02040000U, DI320, 3, 4, SIGNED, "kvar", "reactive power"),
    NUMBER(0x02050000U, DI320, 3, 4, SIGNED, "kVA", "apparent power"),
    NUMBER(0x02060000U, DI320, 2, 3, SIGNED, "", "power factor"),
    NUMBER(0x02070000U, DI320, 2, 1, 0, "deg", "phase angle"),
    NUMBER(0x02080000U, DI320, 2, 2, 0, "%", "voltage distortion"),
    NUMBER(0x02090000U, DI320, 2, 2, 0, "%", "current distortion"),
    NUMBER(0x020A0000U, DI32, 2, 2, 0, "%", "voltage harmonic"),
    NUMBER(0x020B0000U, DI32, 2, 2, 0, "%", "current harmonic"),
    NUMBER(0x02800001U, ALL, 3, 3, 0, "A", "neutral current"),
    NUMBER(0x02800002U, ALL, 2, 2, 0, "Hz", "frequency"),
    NUMBER(0x02800003U, ALL, 3, 4, 0, "kW", "mean active power of one minute"),
    NUMBER(0x02800004U, ALL, 3, 4, 0, "kW", "present active demand"),
    NUMBER(0x02800005U, ALL, 3, 4, 0, "kvar", "present reactive demand"),
    NUMBER(0x02800006U, ALL, 3, 4, 0, "kVA", "present apparent demand"),
    NUMBER(0x02800007U, ALL, 2, 1, SIGNED, "C", "inside temperature"),
    NUMBER(0x02800008U, ALL, 2, 2, 0, "V", "clock battery"),
    NUMBER(0x02800009U, ALL, 2, 2, 0, "V", "backup battery"),
    NUMBER(0x0280000AU, ALL, 4, 0, 0, "min", "battery working time"),
    NUMBER(0x0280000BU, ALL, 4, 4, 0, "yuan/kWh", "present step price"),

    /* 03: events. Records are vendors' business; counts and purchases are not. */
    OTHER(DL645_DI_PURCHASE_TIME &DI321, DI321, MOMENT, 5, "purchase: time"),
    OTHER(DL645_DI_PURCHASE_COUNT &DI321, DI321, COUNTER, 2, "purchase: count"),
    NUMBER(DL645_DI_PURCHASE_AMOUNT &DI321, DI321, 4, 2, 0, "yuan", "purchase: amount"),
    NUMBER(DL645_DI_PURCHASE_BEFORE &DI321, DI321, 4, 2, 0, "yuan", "purchase: balance before"),
    NUMBER(DL645_DI_PURCHASE_AFTER &DI321, DI321, 4, 2, 0, "yuan", "purchase: balance after"),
    NUMBER(DL645_DI_PURCHASE_TOTAL &DI321, DI321, 4, 2, 0, "yuan", "purchase: total bought"),
    OTHER(0x03100000U, DI32, BYTES, 0, "voltage quality"),
    OTHER(0x03300000U, DI320, COUNTER, 3, "operation events"),
    {0x03000000U, 0xFF00FFFFU, DL645_KIND_COUNTER, 3, 0, BLOCK, "", "events"},
    OTHER(0x1D000001U, ALL, COUNTER, 3, "trips"),
    OTHER(0x1E000001U, ALL, COUNTER, 3, "closes"),

    /* 04: parameters. */
    OTHER(DL645_DI_DATE, ALL, DATE, 4, "date and weekday"),
    OTHER(DL645_DI_TIME, ALL, TIME, 3, "time"),
    OTHER(0x0400010CU, ALL, DATE_TIME, 7, "date, weekday and time"),
    NUMBER(0x04000103U, ALL, 1, 0, 0, "min", "demand period"),
    NUMBER(0x04000104U, ALL, 1, 0, 0, "min", "demand slide"),
    NUMBER(0x04000105U, ALL, 2, 0, 0, "ms", "test pulse width"),
    OTHER(0x04000106U, ALL, MOMENT, 5, "switch time of the zone tables"),
    OTHER(0x04000107U, ALL, MOMENT, 5, "switch time of the day tables"),
    OTHER(0x04000108U, ALL, MOMENT, 5, "switch time of the tariff sets"),
    NUMBER(0x04000201U, ALL, 1, 0, 0, "", "number of yearly zones"),
    NUMBER(0x04000202U, ALL, 1, 0, 0, "", "number of day tables"),
    NUMBER(0x04000203U, ALL, 1, 0, 0, "", "number of daily periods"),
    NUMBER(0x04000204U, ALL, 1, 0, 0, "", "number of tariffs"),
    NUMBER(0x04000205U, ALL, 2, 0, 0, "", "number of holidays"),
    NUMBER(0x04000206U, ALL, 1, 0, 0, "", "number of harmonics"),
    NUMBER(0x04000306U, ALL, 3, 0, 0, "", "CT ratio"),
    NUMBER(0x04000307U, ALL, 3, 0, 0, "", "PT ratio"),
    OTHER(0x04000401U, ALL, DIGITS, 6, "communication address"),
    OTHER(0x04000402U, ALL, DIGITS, 6, "meter number"),
    OTHER(0x04000403U, ALL, TEXT, 32, "asset number"),
    OTHER(0x04000404U, ALL, TEXT, 6, "rated voltage"),
    OTHER(0x04000405U, ALL, TEXT, 6, "rated current"),
    OTHER(0x04000406U, ALL, TEXT, 6, "maximum current"),
    OTHER(0x04000407U, ALL, TEXT, 4, "active accuracy class"),
    OTHER(0x04000408U, ALL, TEXT, 4, "reactive accuracy class"),
    NUMBER(0x04000409U, ALL, 3, 0, 0, "imp/kWh", "active pulse constant"),
    NUMBER(0x0400040AU, ALL, 3, 0, 0, "imp/kvarh", "reactive pulse constant"),
    OTHER(0x0400040BU, ALL, TEXT, 10, "model"),
    OTHER(0x0400040CU, ALL, TEXT, 10, "production date"),
    OTHER(0x0400040DU, ALL, TEXT, 16, "protocol version"),
    OTHER(0x0400040EU, ALL, DIGITS, 6, "customer number"),
    OTHER(0x04000500U, DI321, BITS, 2, "run status word"),
    OTHER(0x04000700U, DI321, BAUD, 1, "baud rate"),
    OTHER(0x04000B01U, ALL, DIGITS, 2, "settlement day 1 (day, hour)"),
    OTHER(0x04000B02U, ALL, DIGITS, 2, "settlement day 2 (day, hour)"),
    OTHER(0x04000B03U, ALL, DIGITS, 2, "settlement day 3 (day, hour)"),
    NUMBER(0x04001001U, ALL, 4, 2, 0, "yuan", "alarm amount 1"),
    NUMBER(0x04001002U, ALL, 4, 2, 0, "yuan", "alarm amount 2"),
    NUMBER(0x04001003U, ALL, 4, 2, 0, "yuan", "overdraft limit"),
    NUMBER(0x04001004U, ALL, 4, 2, 0, "yuan", "hoarding limit"),
    NUMBER(0x04001005U, ALL, 4, 2, 0, "yuan", "amount that allows closing"),
    OTHER(0x04001101U, ALL, BYTES, 1, "run feature word"),
    OTHER(0x04001104U, ALL, BYTES, 8, "active report mode word"),
    OTHER(0x04001501U, ALL, BYTES, 12, "active report status word"),
    OTHER(0x04010000U, DI32, BYTES, 0, "zone and day tables, set 1"),
    OTHER(0x04020000U, DI32, BYTES, 0, "zone and day tables, set 2"),
    NUMBER(0x04050100U, DI321, 4, 4, 0, "yuan/kWh", "price, set in use"),
    NUMBER(0x04050200U, DI321, 4, 4, 0, "yuan/kWh", "price, other set"),
    NUMBER(0x04060000U, DI321, 4, 2, 0, "kWh", "step limit, set 1"),
    NUMBER(0x04060100U, DI321, 4, 4, 0, "yuan/kWh", "step price, set 1"),
    NUMBER(0x04060200U, DI321, 4, 2, 0, "kWh", "step limit, set 2"),
    NUMBER(0x04060300U, DI321, 4, 4, 0, "yuan/kWh", "step price, set 2"),

    /* 05: frozen data. DI2 says what froze it, DI0 which one back. */
    OTHER(0x05000000U, DI31, FREEZE_TIME, 5, "freeze time"),
    FROZEN(0x01, 0, "kWh", "frozen forward active energy"),
    FROZEN(0x02, 0, "kWh", "frozen reverse active energy"),
    FROZEN(0x03, SIGNED, "kvarh", "frozen combined reactive energy 1"),
    FROZEN(0x04, SIGNED, "kvarh", "frozen combined reactive energy 2"),
    FROZEN(0x05, 0, "kvarh", "frozen reactive energy, quadrant 1"),
    FROZEN(0x06, 0, "kvarh", "frozen reactive energy, quadrant 2"),
    FROZEN(0x07, 0, "kvarh", "frozen reactive energy, quadrant 3"),
    FROZEN(0x08, 0, "kvarh", "frozen reactive energy, quadrant 4"),
    {0x05000900U, DI31, DL645_KIND_DEMAND, 8, 4, BLOCK, "kW", "frozen forward active demand"},
    {0x05000A00U, DI31, DL645_KIND_DEMAND, 8, 4, BLOCK, "kW", "frozen reverse active demand"},
    OTHER(0x05001000U, DI31, BYTES, 0, "frozen variables"),
    OTHER(0x0500FF00U, DI31, BYTES, 0, "all frozen data"),
    OTHER(0x06000000U, 0xFF000000U, BYTES, 0, "load record"),
};

/* FF in a byte that the row leaves open asks for all: the answer is a row of items. */
static bool asks_for_all(uint32_t di, uint32_t mask)
{
    for (unsigned shift = 0; shift <= 8; shift += 8) {
        bool is_open = ((mask >> shift) & 0xFFU) == 0;
        if (is_open && ((di >> shift) & 0xFFU) == 0xFFU) {
            return true;
        }
    }
    return false;
}

void dl645_di_describe(uint32_t di, struct dl645_di *ret_di)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        if ((di & row->mask) == row->di) {
            *ret_di = (struct dl645_di){
                .di = di,
                .kind = row->kind,
                .item_size = row->item_size,
                .decimals = row->decimals,
                .is_signed = (row->flags & SIGNED) != 0,
                .is_block = (row->flags & BLOCK) != 0 || asks_for_all(di, row->mask),
                .unit = row->unit,
                .name = row->name,
            };
            return;
        }
    }
    *ret_di = (struct dl645_di){.di = di, .kind = DL645_KIND_BYTES, .unit = "", .name = ""};
}

bool dl645_di_parse(const char *text, uint32_t *ret_di)
{
    uint8_t bytes[4];
    size_t size = 0;
    if (strlen(text) != DL645_DI_TEXT_SIZE - 1 ||
        !hex_parse(text, DL645_DI_TEXT_SIZE - 1, bytes, sizeof(bytes), &size, /* ret_at= */ NULL) ||
        size != sizeof(bytes)) {
        return false;
    }
    *ret_di = get_be32(bytes);
    return true;
}

char *dl645_di_format(uint32_t di, char ret_text[DL645_DI_TEXT_SIZE])
{
    uint8_t bytes[4];
    put_be32(bytes, di);
    bool fits =
        hex_format(bytes, sizeof(bytes), /* separator= */ '\0', ret_text, DL645_DI_TEXT_SIZE);
    MUST(fits);
    return ret_text;
}
