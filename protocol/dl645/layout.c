/* SPDX-License-Identifier: Apache-2.0 */

/*
 * DATA of every function, as rows of fields (DL/T 645-2007 section 6 and annex; control 03 from
 * Q/GDW 365 and from two vendors' meters). Refusals are not here: their DATA is ERR or SERR.
 */

#include "protocol/dl645/layout.h"

#include "common/bytes.h"
#include "common/must.h"
#include "protocol/dl645/field.h"

enum side { REQUEST, REPLY };

enum {
    DI_SIZE = 4,
    PA_ANY = 0,
    PA_CIPHER = 0x98, /* first class data: ciphertext and MAC */
    PA_PLAIN = 0x99,  /* second class data: plain text and MAC */
};

struct row {
    enum side side;
    uint32_t di; /* 0: any */
    enum dl645_field fields[DL645_LAYOUT_FIELDS_MAX];
    uint8_t function;
    uint8_t pa; /* PA_ANY: any */
    uint8_t field_count;
};

#define F(name) DL645_FIELD_##name
#define NO_FIELDS DL645_FIELD_COUNT /* an initialiser may not be empty in C17 */
#define ROW(function, side, di, pa, count, ...)                                                    \
    {                                                                                              \
        side, di, {__VA_ARGS__}, function, pa, count                                               \
    }

static const struct row rows[] = {
    ROW(DL645_BROADCAST_TIME, REQUEST, 0, PA_ANY, 1, F(TIME)),

    ROW(DL645_READ, REQUEST, 0, PA_ANY, 1, F(DI)),
    ROW(DL645_READ, REQUEST, 0, PA_ANY, 2, F(DI), F(BLOCK_COUNT)),
    ROW(DL645_READ, REQUEST, 0, PA_ANY, 3, F(DI), F(BLOCK_COUNT), F(BLOCK_TIME)),
    ROW(DL645_READ, REPLY, 0, PA_ANY, 2, F(DI), F(VALUE)),

    ROW(DL645_READ_FOLLOW, REQUEST, 0, PA_ANY, 2, F(DI), F(SEQ)),
    ROW(DL645_READ_FOLLOW, REPLY, 0, PA_ANY, 3, F(DI), F(VALUE), F(SEQ)),

    ROW(DL645_READ_ADDRESS, REQUEST, 0, PA_ANY, 0, NO_FIELDS),
    ROW(DL645_READ_ADDRESS, REPLY, 0, PA_ANY, 0, NO_FIELDS),
    ROW(DL645_READ_ADDRESS, REPLY, 0, PA_ANY, 1, F(METER_ADDRESS)),

    ROW(DL645_WRITE, REQUEST, 0, PA_ANY, 5, F(DI), F(PA), F(PASSWORD), F(OPERATOR), F(VALUE)),
    ROW(DL645_WRITE, REQUEST, 0, PA_CIPHER, 6, F(DI), F(PA), F(PASSWORD), F(OPERATOR), F(VALUE),
        F(MAC1)),
    ROW(DL645_WRITE, REQUEST, 0, PA_PLAIN, 6, F(DI), F(PA), F(PASSWORD), F(OPERATOR), F(VALUE),
        F(MAC1)),
    ROW(DL645_WRITE, REPLY, 0, PA_ANY, 0, NO_FIELDS),

    ROW(DL645_WRITE_ADDRESS, REQUEST, 0, PA_ANY, 1, F(NEW_ADDRESS)),
    ROW(DL645_WRITE_ADDRESS, REPLY, 0, PA_ANY, 0, NO_FIELDS),

    ROW(DL645_FREEZE, REQUEST, 0, PA_ANY, 1, F(FREEZE_TIME)),
    ROW(DL645_FREEZE, REPLY, 0, PA_ANY, 0, NO_FIELDS),

    ROW(DL645_CHANGE_BAUD, REQUEST, 0, PA_ANY, 1, F(BAUD_CODE)),
    ROW(DL645_CHANGE_BAUD, REPLY, 0, PA_ANY, 0, NO_FIELDS),
    ROW(DL645_CHANGE_BAUD, REPLY, 0, PA_ANY, 1, F(BAUD_CODE)),

    ROW(DL645_CHANGE_PASSWORD, REQUEST, 0, PA_ANY, 5, F(DI), F(PA), F(PASSWORD), F(NEW_PA),
        F(NEW_PASSWORD)),
    ROW(DL645_CHANGE_PASSWORD, REPLY, 0, PA_ANY, 0, NO_FIELDS),
    ROW(DL645_CHANGE_PASSWORD, REPLY, 0, PA_ANY, 2, F(PA), F(PASSWORD)),

    ROW(DL645_CLEAR_DEMAND, REQUEST, 0, PA_ANY, 3, F(PA), F(PASSWORD), F(OPERATOR)),
    ROW(DL645_CLEAR_DEMAND, REPLY, 0, PA_ANY, 0, NO_FIELDS),
    ROW(DL645_CLEAR_METER, REQUEST, 0, PA_ANY, 3, F(PA), F(PASSWORD), F(OPERATOR)),
    ROW(DL645_CLEAR_METER, REPLY, 0, PA_ANY, 0, NO_FIELDS),
    ROW(DL645_CLEAR_EVENTS, REQUEST, 0, PA_ANY, 4, F(PA), F(PASSWORD), F(OPERATOR), F(DI)),
    ROW(DL645_CLEAR_EVENTS, REPLY, 0, PA_ANY, 0, NO_FIELDS),

    ROW(DL645_RELAY, REQUEST, 0, PA_ANY, 6, F(PA), F(PASSWORD), F(OPERATOR), F(N1), F(N2),
        F(EXPIRES)),
    ROW(DL645_RELAY, REQUEST, 0, PA_CIPHER, 5, F(PA), F(PASSWORD), F(OPERATOR), F(CIPHERTEXT),
        F(MAC1)),
    ROW(DL645_RELAY, REPLY, 0, PA_ANY, 0, NO_FIELDS),

    ROW(DL645_OUTPUT, REQUEST, 0, PA_ANY, 1, F(OUTPUT_CODE)),
    ROW(DL645_OUTPUT, REPLY, 0, PA_ANY, 0, NO_FIELDS),
    ROW(DL645_OUTPUT, REPLY, 0, PA_ANY, 1, F(OUTPUT_CODE)),

    /* Control 03. Key updates (070201FF..) and vendors' own identifiers take the two first rows. */
    ROW(DL645_SECURITY_AUTH, REQUEST, 0, PA_ANY, 3, F(DI), F(OPERATOR), F(VALUE)),
    ROW(DL645_SECURITY_AUTH, REPLY, 0, PA_ANY, 2, F(DI), F(VALUE)),
    ROW(DL645_SECURITY_AUTH, REQUEST, DL645_DI_AUTHENTICATE, PA_ANY, 5, F(DI), F(OPERATOR),
        F(CIPHER1), F(RANDOM1), F(DISPERSION)),
    ROW(DL645_SECURITY_AUTH, REPLY, DL645_DI_AUTHENTICATE, PA_ANY, 3, F(DI), F(RANDOM2),
        F(ESAM_NUMBER)),
    ROW(DL645_SECURITY_AUTH, REQUEST, DL645_DI_AUTH_VALIDITY, PA_ANY, 4, F(DI), F(OPERATOR),
        F(VALID_MINUTES), F(MAC1)),
    ROW(DL645_SECURITY_AUTH, REPLY, DL645_DI_AUTH_END, PA_ANY, 5, F(DI), F(CUSTOMER), F(REMAINING),
        F(PURCHASE_COUNT), F(KEY_INFO)),
    ROW(DL645_SECURITY_AUTH, REQUEST, DL645_DI_OPEN_ACCOUNT, PA_ANY, 7, F(DI), F(OPERATOR),
        F(AMOUNT), F(PURCHASE_COUNT), F(MAC1), F(CUSTOMER), F(MAC2)),
    ROW(DL645_SECURITY_AUTH, REPLY, DL645_DI_OPEN_ACCOUNT, PA_ANY, 4, F(DI), F(REMAINING),
        F(PURCHASE_COUNT), F(CUSTOMER)),
    ROW(DL645_SECURITY_AUTH, REQUEST, DL645_DI_RECHARGE, PA_ANY, 7, F(DI), F(OPERATOR), F(AMOUNT),
        F(PURCHASE_COUNT), F(MAC1), F(CUSTOMER), F(MAC2)),
    ROW(DL645_SECURITY_AUTH, REQUEST, DL645_DI_RECHARGE, PA_ANY, 7, F(DI), F(OPERATOR), F(AMOUNT),
        F(ORDER), F(MAC1), F(METER), F(MAC2)),
    ROW(DL645_SECURITY_AUTH, REPLY, DL645_DI_RECHARGE, PA_ANY, 4, F(DI), F(REMAINING),
        F(PURCHASE_COUNT), F(CUSTOMER)),
    ROW(DL645_SECURITY_AUTH, REQUEST, DL645_DI_REFUND, PA_ANY, 7, F(DI), F(OPERATOR), F(AMOUNT),
        F(ORDER), F(MAC1), F(METER), F(MAC2)),
    ROW(DL645_SECURITY_AUTH, REQUEST, DL645_DI_WALLET_PRESET, PA_ANY, 6, F(DI), F(OPERATOR),
        F(AMOUNT), F(MAC1), F(PURCHASE_COUNT), F(MAC2)),
    ROW(DL645_SECURITY_AUTH, REQUEST, DL645_DI_READ_BACK, PA_ANY, 3, F(DI), F(OPERATOR),
        F(FILE_ADDRESS)),
    ROW(DL645_SECURITY_AUTH, REPLY, DL645_DI_READ_BACK, PA_ANY, 4, F(DI), F(FILE_ADDRESS), F(VALUE),
        F(MAC1)),
    ROW(DL645_SECURITY_AUTH, REPLY, DL645_DI_STATUS_QUERY, PA_ANY, 7, F(DI), F(REMAINING), F(MAC1),
        F(PURCHASE_COUNT), F(MAC2), F(CUSTOMER), F(KEY_INFO)),
};

static struct dl645_layout layout_of_row(const struct row *row)
{
    struct dl645_layout layout = {
        .fields = row->fields,
        .field_count = row->field_count,
        .is_specific = row->di != 0 || row->pa != PA_ANY,
    };
    for (size_t i = 0; i < row->field_count; i++) {
        const struct dl645_field_info *info = dl645_field_describe(row->fields[i]);
        layout.size_min += info->size;
        layout.has_rest = layout.has_rest || info->kind == DL645_FIELD_KIND_REST;
    }
    return layout;
}

/* Offset of @p wanted in DATA; only fields of fixed size stand before a DI or a PA. */
static size_t offset_of(const struct row *row, enum dl645_field wanted)
{
    size_t offset = 0;
    for (size_t i = 0; i < row->field_count && row->fields[i] != wanted; i++) {
        offset += dl645_field_describe(row->fields[i])->size;
    }
    return offset;
}

static bool row_fits_data(const struct row *row, const struct dl645_layout *layout,
                          const uint8_t *data, size_t size)
{
    if (size < layout->size_min) {
        return false;
    }
    if (row->di != 0 && get_le32(data + offset_of(row, DL645_FIELD_DI)) != row->di) {
        return false;
    }
    return row->pa == PA_ANY || data[offset_of(row, DL645_FIELD_PA)] == row->pa;
}

/* See the header for the order of preference; the longest layout decides between equals. */
static unsigned score(const struct dl645_layout *layout, size_t size)
{
    bool is_exact = layout->has_rest || layout->size_min == size;
    return (layout->is_specific ? 2U : 0U) + (is_exact ? 1U : 0U);
}

bool dl645_layout_of_data(uint8_t function, bool reply, const uint8_t *data, size_t size,
                          struct dl645_layout *ret_layout)
{
    bool found = false;
    struct dl645_layout best = {0};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        if (row->function != function || (row->side == REPLY) != reply) {
            continue;
        }
        struct dl645_layout layout = layout_of_row(row);
        if (!row_fits_data(row, &layout, data, size)) {
            continue;
        }
        unsigned gain = score(&layout, size);
        unsigned best_score = score(&best, size);
        if (!found || gain > best_score ||
            (gain == best_score && layout.size_min > best.size_min)) {
            best = layout;
            found = true;
        }
    }
    if (found) {
        *ret_layout = best;
    }
    return found;
}

static uint64_t fields_of_row(const struct row *row)
{
    uint64_t fields = 0;
    for (size_t i = 0; i < row->field_count; i++) {
        fields |= DL645_HAS(row->fields[i]);
    }
    return fields;
}

uint64_t dl645_layout_fields(uint8_t function, bool reply)
{
    uint64_t fields = 0;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (rows[i].function == function && (rows[i].side == REPLY) == reply) {
            fields |= fields_of_row(&rows[i]);
        }
    }
    return fields;
}

static bool row_fits_message(const struct row *row, const struct dl645_message *message)
{
    uint64_t has = fields_of_row(row);
    /* A value may be empty, and anything may have bytes behind it. */
    uint64_t optional = DL645_HAS(DL645_FIELD_TRAILING) | (has & DL645_HAS(DL645_FIELD_VALUE));
    return (message->fields & ~optional) == (has & ~optional) &&
           (row->di == 0 || row->di == message->di) &&
           (row->pa == PA_ANY || row->pa == message->pa);
}

bool dl645_layout_of_message(const struct dl645_message *message, struct dl645_layout *ret_layout)
{
    size_t i = 0;
    while (i < ARRAY_COUNT(rows) &&
           !(rows[i].function == message->function && (rows[i].side == REPLY) == message->reply &&
             row_fits_message(&rows[i], message))) {
        i += 1;
    }
    if (i == ARRAY_COUNT(rows)) {
        return false;
    }
    *ret_layout = layout_of_row(&rows[i]);
    MUST(ret_layout->size_min <= DL645_DATA_SIZE_MAX);
    return true;
}
