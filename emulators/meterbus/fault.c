/* SPDX-License-Identifier: Apache-2.0 */
/* Method: a small table; a fault that has been used as often as it was asked for leaves it. */
#include "emulators/meterbus/fault.h"

#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/parse.h"
#include "common/str.h"

static const char *const NAMES[FAULT_KIND_COUNT] = {
    [FAULT_LOST_REPLY] = "lost_reply",
    [FAULT_LOST_REQUEST] = "lost_request",
    [FAULT_FLIP_BIT] = "flip_bit",
    [FAULT_BAD_CHECKSUM] = "bad_checksum",
    [FAULT_SPLIT] = "split",
    [FAULT_NOISE_BEFORE] = "noise_before",
    [FAULT_NOISE_INSIDE] = "noise_inside",
    [FAULT_LATE] = "late",
    [FAULT_SAME_ADDRESS] = "same_address",
    [FAULT_WRONG_LENGTH] = "wrong_length",
    [FAULT_BAD_LENGTH] = "bad_length",
    [FAULT_SHORT_ERROR] = "short_error",
    [FAULT_TRAILING_DATA] = "trailing_data",
    [FAULT_TRAILING] = "trailing",
    [FAULT_OTHER_ADDRESS] = "other_address",
    [FAULT_CRASH_BEFORE] = "crash_before",
    [FAULT_CRASH_AFTER] = "crash_after",
};

const char *fault_kind_name(enum fault_kind kind)
{
    return NAMES[kind];
}

static bool hex_number(const char *text, size_t digits, int64_t *ret_number)
{
    char *end = NULL;
    if (strlen(text) != digits) {
        return false;
    }
    *ret_number = (int64_t)strtoul(text, &end, 16);
    return *end == '\0';
}

/* One key=value word; false if it is not understood. */
static bool option_take(struct fault *fault, const char *key, const char *value)
{
    int64_t number = 0;
    if (str_equal(key, "meter")) {
        return str_copy(fault->meter, sizeof(fault->meter), value);
    }
    if (str_equal(key, "di")) {
        return hex_number(value, 8, &fault->di);
    }
    if (str_equal(key, "control")) {
        bool ok = hex_number(value, 2, &number);
        fault->control = (int)number;
        return ok;
    }
    if (str_equal(key, "count")) {
        bool ok = parse_u32(value, UINT32_MAX, &fault->left);
        fault->endless = fault->left == 0;
        return ok;
    }
    if (str_equal(key, "delta")) {
        bool ok = parse_i64(value, -64, 64, &number);
        fault->delta = (int)number;
        return ok;
    }
    if (str_equal(key, "hex")) {
        return hex_parse(value, strlen(value), fault->bytes, sizeof(fault->bytes),
                         &fault->bytes_size, NULL);
    }
    uint32_t *plain = str_equal(key, "at")    ? &fault->at
                      : str_equal(key, "bit") ? &fault->bit
                      : str_equal(key, "ms")  ? &fault->ms
                                              : NULL;
    return plain != NULL && parse_u32(value, plain == &fault->bit ? 7 : 3600000, plain);
}

static bool kind_find(const char *word, enum fault_kind *ret_kind)
{
    for (size_t i = 0; word != NULL && i < FAULT_KIND_COUNT; i++) {
        if (str_equal(word, NAMES[i])) {
            *ret_kind = (enum fault_kind)i;
            return true;
        }
    }
    return false;
}

/* What a fault does when nothing is said about it. */
static void defaults_fill(struct fault *fault)
{
    static const uint8_t NOISE[] = {0x00, 0x68, 0xA5};
    *fault = (struct fault){.kind = fault->kind,
                            .control = -1,
                            .di = -1,
                            .left = 1,
                            .at = 10,
                            .ms = fault->kind == FAULT_SPLIT ? 100 : 1500,
                            .delta = fault->kind == FAULT_BAD_LENGTH ? 1 : -1,
                            .bytes_size = sizeof(NOISE)};
    memcpy(fault->bytes, NOISE, sizeof(NOISE));
}

uint32_t faults_add(struct faults *faults, char *words, const char **ret_error)
{
    struct fault fault = {0};
    char *rest = NULL;
    if (!kind_find(strtok_r(words, " ", &rest), &fault.kind)) {
        *ret_error = "no such kind of fault";
        return 0;
    }
    defaults_fill(&fault);
    for (char *word = strtok_r(NULL, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        if (value == NULL) {
            *ret_error = "options are key=value";
            return 0;
        }
        *value++ = '\0';
        if (!option_take(&fault, word, value)) {
            *ret_error = "bad option";
            return 0;
        }
    }
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        if (faults->list[i].id == 0) {
            faults->last_id += 1;
            fault.id = faults->last_id;
            faults->list[i] = fault;
            return fault.id;
        }
    }
    *ret_error = "too many faults";
    return 0;
}

bool faults_clear(struct faults *faults, uint32_t id)
{
    bool found = id == 0;
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        if (faults->list[i].id != 0 && (id == 0 || faults->list[i].id == id)) {
            faults->list[i].id = 0;
            found = true;
        }
    }
    return found;
}

void faults_match(struct faults *faults, const struct meter *meter, const struct frame *request,
                  struct fault *ret_hits[FAULT_KIND_COUNT])
{
    for (size_t i = 0; i < FAULT_KIND_COUNT; i++) {
        ret_hits[i] = NULL;
    }
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *fault = &faults->list[i];
        bool fits = fault->id != 0 && ret_hits[fault->kind] == NULL &&
                    (fault->meter[0] == '\0' || str_equal(fault->meter, meter->cfg.name)) &&
                    (fault->control < 0 || fault->control == request->control) &&
                    (fault->di < 0 || fault->di == (int64_t)frame_di(request));
        if (fits && (fault->endless || fault->left > 0)) {
            fault->left -= fault->endless ? 0 : 1;
            fault->hits += 1;
            ret_hits[fault->kind] = fault;
        }
    }
}

void faults_sweep(struct faults *faults)
{
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        if (faults->list[i].id != 0 && !faults->list[i].endless && faults->list[i].left == 0) {
            faults->list[i].id = 0;
        }
    }
}
