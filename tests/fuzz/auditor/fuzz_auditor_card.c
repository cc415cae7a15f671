/* SPDX-License-Identifier: Apache-2.0 */

/* The auditor's reading of what cards carry: any bytes, as each kind of record and of file. */
#include <stdint.h>
#include <string.h>

#include "cloud/auditor/card_record.h"
#include "common/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_record(const uint8_t bytes[RECORD_SIZE], enum record_kind kind)
{
    static const uint8_t master[RECORD_KEY_SIZE];
    struct record record;
    struct record_signer signer;
    if (!record_read(bytes, kind, &record)) {
        return;
    }
    MUST(bytes[0] == (uint8_t)kind && memcmp(record.bytes, bytes, RECORD_SIZE) == 0);
    MUST(record.total_fen >= 0 && record.number >= 0 && record.fen >= INT32_MIN &&
         record.fen <= INT32_MAX);
    MUST(record_signer_make(master, record.meter, "4A8B1C2D", &signer));
    uint8_t other[RECORD_SIZE];
    memcpy(other, bytes, sizeof(other));
    other[RECORD_SIZE / 4] ^= 1;
    const bool is_signed = record_is_signed(&signer, kind, bytes);
    MUST(!is_signed || !record_is_signed(&signer, kind, other));
}

/* Hex or not: whatever stands in a row of evidence. */
static void read_text(const uint8_t *data, size_t size)
{
    uint8_t bytes[RECORD_SIZE];
    if (record_hex((const char *)data, size, bytes, sizeof(bytes))) {
        read_record(bytes, RECORD_CREDIT);
        read_record(bytes, RECORD_RETURN);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[RECORD_ANSWER_SIZE] = {0};
    struct record_answer answer;
    memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
    read_record(bytes, RECORD_CREDIT);
    read_record(bytes, RECORD_RETURN);
    read_record(bytes, RECORD_ISSUE);
    if (record_answer_read(bytes, &answer)) {
        MUST(answer.count >= 0 && answer.balance_fen <= UINT32_MAX);
    }
    MUST(record_wallet_read(bytes).count >= 0);
    read_text(data, size);
    return 0;
}
