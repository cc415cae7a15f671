/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bit names of the run status words (annex C of the standard) and of refusals. Where the newer
 * State Grid meters give a bit of word 3 a meaning that the standard left free, it is named here.
 */

#include "protocol/dl645/status.h"

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/must.h"

enum { BIT_COUNT = 16 };

#define PHASE_WORD                                                                                 \
    {                                                                                              \
        [0] = "voltage lost", [1] = "under-voltage", [2] = "over-voltage", [3] = "current lost",   \
        [4] = "over-current", [5] = "over-load", [6] = "power reversed", [7] = "phase broken",     \
        [8] = "current broken",                                                                    \
    }

static const char *const status_names[DL645_STATUS_WORD_COUNT][BIT_COUNT] = {
    {
        [1] = "demand by interval",
        [2] = "clock battery low",
        [3] = "backup battery low",
        [4] = "active power reversed",
        [5] = "reactive power reversed",
    },
    {
        [0] = "active power of phase A reversed",
        [1] = "active power of phase B reversed",
        [2] = "active power of phase C reversed",
        [4] = "reactive power of phase A reversed",
        [5] = "reactive power of phase B reversed",
        [6] = "reactive power of phase C reversed",
    },
    {
        [0] = "second time-table set in use",
        [1] = "auxiliary supply",
        [2] = "battery supply",
        [3] = "programming allowed",
        [4] = "relay open",
        [5] = "second zone set in use",
        [6] = "relay commanded open",
        [7] = "pre-trip alarm",
        [8] = "prepaid by energy",
        [9] = "prepaid by amount",
        [10] = "second tariff set in use",
        [11] = "second step set in use",
        [12] = "power kept on",
        [13] = "authenticated",
        [14] = "local account opened",
        [15] = "remote account opened",
    },
    PHASE_WORD,
    PHASE_WORD,
    PHASE_WORD,
    {
        [0] = "phase order of voltages reversed",
        [1] = "phase order of currents reversed",
        [2] = "voltages unbalanced",
        [3] = "currents unbalanced",
        [4] = "auxiliary supply lost",
        [5] = "power lost",
        [6] = "demand over limit",
        [7] = "power factor below limit",
        [8] = "currents badly unbalanced",
    },
};

static const char *const err_names[] = {
    "other error",
    "no such data",
    "password wrong or not authorised",
    "baud rate cannot be changed",
    "too many yearly zones",
    "too many daily periods",
    "too many tariffs",
};

static const char *const serr_names[] = {
    "other error",           "repeated recharge",    "ESAM check failed",       "not authenticated",
    "wrong customer number", "purchase count wrong", "over the hoarding limit", "address error",
    "meter suspended",
};

bool dl645_status_relay_is_open(const uint8_t word[2])
{
    return (get_le16(word) & DL645_STATUS3_RELAY_OPEN) != 0;
}

const char *dl645_status_bit_name(unsigned word, unsigned bit)
{
    MUST(word >= 1 && word <= DL645_STATUS_WORD_COUNT);
    MUST(bit < BIT_COUNT);
    return status_names[word - 1][bit];
}

const char *dl645_error_bit_name(unsigned error_size, unsigned bit)
{
    MUST(error_size == 1 || error_size == 2);
    if (error_size == 1) {
        return bit < ARRAY_COUNT(err_names) ? err_names[bit] : NULL;
    }
    return bit < ARRAY_COUNT(serr_names) ? serr_names[bit] : NULL;
}
