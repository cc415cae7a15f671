/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: each record is written field by field at its offset; reading checks form and CRC and
 * then that writing the value again gives the same bytes, so that there is one text for one value
 * and a reserved byte that is not zero is no record of ours.
 */
#include "protocol/card/record.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"

enum {
    MAGIC_CREDIT = 0x53, /* S */
    MAGIC_RETURN = 0x52, /* R */
    MAGIC_ISSUE = 0x49,  /* I */
    VERSION = 1,
    CRC_AT = 30,
    CRC_END = 32,
    MAC_AT = CARD_RECORD_SIGNED_SIZE,
};

/* --- numbers --------------------------------------------------------------------------------- */

static void put_le24(uint8_t *p, uint32_t v)
{
    MUST(v <= CARD_FEN24_MAX);
    put_le16(p, (uint16_t)(v & 0xFFFFU));
    p[2] = (uint8_t)(v >> 16);
}

static uint32_t get_le24(const uint8_t *p)
{
    return (uint32_t)get_le16(p) | ((uint32_t)p[2] << 16);
}

static void put_le48(uint8_t *p, int64_t v)
{
    MUST(v >= 0 && v <= CARD_TOTAL_FEN_MAX);
    put_le32(p, (uint32_t)((uint64_t)v & 0xFFFFFFFFU));
    put_le16(p + 4, (uint16_t)((uint64_t)v >> 32));
}

static int64_t get_le48(const uint8_t *p)
{
    return (int64_t)get_le32(p) | ((int64_t)get_le16(p + 4) << 32);
}

/* The two's complement of 32 bits, without relying on how a conversion behaves. */
static int32_t get_le32s(const uint8_t *p)
{
    int64_t v = (int64_t)get_le32(p);
    return (int32_t)(v > INT32_MAX ? v - ((int64_t)1 << 32) : v);
}

/* --- CRC ------------------------------------------------------------------------------------- */

static uint16_t crc_add(uint16_t crc, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        crc = (uint16_t)(crc ^ bytes[i]);
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1U) != 0 ? (crc >> 1) ^ 0x8408U : crc >> 1);
        }
    }
    return crc;
}

uint16_t card_crc16(const uint8_t *bytes, size_t size)
{
    return (uint16_t)(crc_add(0xFFFF, bytes, size) ^ 0xFFFFU);
}

/* Over the bytes in front of the CRC and those behind it that are signed. */
static uint16_t record_crc(const uint8_t record[CARD_RECORD_SIZE])
{
    uint16_t crc = crc_add(0xFFFF, record, CRC_AT);
    crc = crc_add(crc, record + CRC_END, CARD_RECORD_SIGNED_SIZE - CRC_END);
    return (uint16_t)(crc ^ 0xFFFFU);
}

static bool is_bcd(const uint8_t *digits)
{
    for (size_t i = 0; i < CARD_METER_SIZE; i++) {
        if ((digits[i] >> 4) > 9 || (digits[i] & 0x0FU) > 9) {
            return false;
        }
    }
    return true;
}

/* What all three have in common: magic, version, CRC, a meter number in BCD. */
static enum card_slot_state look(const uint8_t record[CARD_RECORD_SIZE], uint8_t magic)
{
    if (bytes_are_zero(record, CARD_RECORD_SIZE)) {
        return CARD_SLOT_EMPTY;
    }
    bool whole = record[0] == magic && record[1] == VERSION && is_bcd(record + 8) &&
                 get_le16(record + CRC_AT) == record_crc(record);
    return whole ? CARD_SLOT_WHOLE : CARD_SLOT_TORN;
}

/* --- credit ---------------------------------------------------------------------------------- */

void card_credit_encode(const struct card_credit *credit, uint8_t ret_record[CARD_RECORD_SIZE])
{
    MUST(credit->kind >= CARD_CREDIT_PURCHASE && credit->kind <= CARD_CREDIT_PARAMETERS);
    MUST(is_bcd(credit->meter));
    uint8_t *r = ret_record;
    memset(r, 0, CARD_RECORD_SIZE);
    r[0] = MAGIC_CREDIT;
    r[1] = VERSION;
    r[2] = (uint8_t)credit->kind;
    r[3] = credit->flags;
    put_le32(r + 4, credit->n);
    memcpy(r + 8, credit->meter, CARD_METER_SIZE);
    put_le16(r + 14, credit->key_id);
    put_le48(r + 16, credit->total_fen);
    put_le32(r + 22, (uint32_t)credit->amount_fen);
    put_le32(r + 26, credit->issued_at);
    put_le24(r + 32, credit->alarm_fen);
    put_le24(r + 35, credit->overdraft_fen);
    memcpy(r + MAC_AT, credit->mac, CARD_MAC_SIZE);
    put_le16(r + CRC_AT, record_crc(r));
}

enum card_slot_state card_credit_decode(const uint8_t record[CARD_RECORD_SIZE],
                                        struct card_credit *ret_credit)
{
    enum card_slot_state state = look(record, MAGIC_CREDIT);
    if (state != CARD_SLOT_WHOLE) {
        return state;
    }
    if (record[2] < CARD_CREDIT_PURCHASE || record[2] > CARD_CREDIT_PARAMETERS) {
        return CARD_SLOT_TORN;
    }
    struct card_credit credit = {
        .kind = (enum card_credit_kind)record[2],
        .flags = record[3],
        .n = get_le32(record + 4),
        .key_id = get_le16(record + 14),
        .total_fen = get_le48(record + 16),
        .amount_fen = get_le32s(record + 22),
        .issued_at = get_le32(record + 26),
        .alarm_fen = get_le24(record + 32),
        .overdraft_fen = get_le24(record + 35),
    };
    memcpy(credit.meter, record + 8, CARD_METER_SIZE);
    memcpy(credit.mac, record + MAC_AT, CARD_MAC_SIZE);
    uint8_t again[CARD_RECORD_SIZE];
    card_credit_encode(&credit, again);
    if (memcmp(again, record, CARD_RECORD_SIZE) != 0) {
        return CARD_SLOT_TORN;
    }
    *ret_credit = credit;
    return CARD_SLOT_WHOLE;
}

/* --- return ---------------------------------------------------------------------------------- */

void card_return_encode(const struct card_return *record, uint8_t ret_record[CARD_RECORD_SIZE])
{
    MUST(is_bcd(record->meter));
    uint8_t *r = ret_record;
    memset(r, 0, CARD_RECORD_SIZE);
    r[0] = MAGIC_RETURN;
    r[1] = VERSION;
    r[2] = record->error;
    r[3] = record->status;
    put_le32(r + 4, record->seq);
    memcpy(r + 8, record->meter, CARD_METER_SIZE);
    put_le16(r + 14, record->key_id);
    put_le48(r + 16, record->total_fen);
    put_le32(r + 22, (uint32_t)record->balance_fen);
    put_le32(r + 26, record->n);
    put_le32(r + 32, record->energy);
    put_le32(r + 36, record->at);
    memcpy(r + MAC_AT, record->mac, CARD_MAC_SIZE);
    put_le16(r + CRC_AT, record_crc(r));
}

enum card_slot_state card_return_decode(const uint8_t record[CARD_RECORD_SIZE],
                                        struct card_return *ret_record)
{
    enum card_slot_state state = look(record, MAGIC_RETURN);
    if (state != CARD_SLOT_WHOLE) {
        return state;
    }
    struct card_return value = {
        .error = record[2],
        .status = record[3],
        .seq = get_le32(record + 4),
        .key_id = get_le16(record + 14),
        .total_fen = get_le48(record + 16),
        .balance_fen = get_le32s(record + 22),
        .n = get_le32(record + 26),
        .energy = get_le32(record + 32),
        .at = get_le32(record + 36),
    };
    memcpy(value.meter, record + 8, CARD_METER_SIZE);
    memcpy(value.mac, record + MAC_AT, CARD_MAC_SIZE);
    *ret_record = value;
    return CARD_SLOT_WHOLE;
}

/* --- issue ----------------------------------------------------------------------------------- */

void card_issue_encode(const struct card_issue *issue, uint8_t ret_record[CARD_RECORD_SIZE])
{
    MUST(is_bcd(issue->meter) && is_bcd(issue->customer));
    uint8_t *r = ret_record;
    memset(r, 0, CARD_RECORD_SIZE);
    r[0] = MAGIC_ISSUE;
    r[1] = VERSION;
    put_le16(r + 2, issue->issuer);
    put_le32(r + 4, issue->card_no);
    memcpy(r + 8, issue->meter, CARD_METER_SIZE);
    put_le16(r + 14, issue->key_id);
    memcpy(r + 16, issue->customer, CARD_METER_SIZE);
    put_le32(r + 22, issue->issued_at);
    memcpy(r + MAC_AT, issue->mac, CARD_MAC_SIZE);
    put_le16(r + CRC_AT, record_crc(r));
}

enum card_slot_state card_issue_decode(const uint8_t record[CARD_RECORD_SIZE],
                                       struct card_issue *ret_issue)
{
    enum card_slot_state state = look(record, MAGIC_ISSUE);
    if (state != CARD_SLOT_WHOLE) {
        return state;
    }
    if (!is_bcd(record + 16)) {
        return CARD_SLOT_TORN;
    }
    struct card_issue issue = {
        .issuer = get_le16(record + 2),
        .card_no = get_le32(record + 4),
        .key_id = get_le16(record + 14),
        .issued_at = get_le32(record + 22),
    };
    memcpy(issue.meter, record + 8, CARD_METER_SIZE);
    memcpy(issue.customer, record + 16, CARD_METER_SIZE);
    memcpy(issue.mac, record + MAC_AT, CARD_MAC_SIZE);
    uint8_t again[CARD_RECORD_SIZE];
    card_issue_encode(&issue, again);
    if (memcmp(again, record, CARD_RECORD_SIZE) != 0) {
        return CARD_SLOT_TORN;
    }
    *ret_issue = issue;
    return CARD_SLOT_WHOLE;
}

/* --- texts ----------------------------------------------------------------------------------- */

/* Hex without blanks of exactly @p want bytes. */
static bool hex_exact(const char *text, uint8_t *ret_bytes, size_t want)
{
    size_t size = 0;
    size_t len = strlen(text);
    return len == 2 * want && hex_parse(text, len, ret_bytes, want, &size, NULL) && size == want;
}

bool card_meter_parse(const char *text, uint8_t ret_meter[CARD_METER_SIZE])
{
    uint8_t meter[CARD_METER_SIZE];
    if (!hex_exact(text, meter, CARD_METER_SIZE) || !is_bcd(meter)) {
        return false;
    }
    memcpy(ret_meter, meter, CARD_METER_SIZE);
    return true;
}

void card_meter_format(const uint8_t meter[CARD_METER_SIZE], char ret_text[CARD_METER_TEXT_SIZE])
{
    bool fits =
        hex_format(meter, CARD_METER_SIZE, /* separator= */ 0, ret_text, CARD_METER_TEXT_SIZE);
    MUST(fits);
}

bool card_record_parse(const char *text, uint8_t ret_record[CARD_RECORD_SIZE])
{
    uint8_t record[CARD_RECORD_SIZE];
    if (!hex_exact(text, record, CARD_RECORD_SIZE)) {
        return false;
    }
    memcpy(ret_record, record, CARD_RECORD_SIZE);
    return true;
}

void card_record_format(const uint8_t record[CARD_RECORD_SIZE],
                        char ret_text[CARD_RECORD_TEXT_SIZE])
{
    bool fits =
        hex_format(record, CARD_RECORD_SIZE, /* separator= */ 0, ret_text, CARD_RECORD_TEXT_SIZE);
    MUST(fits);
}
