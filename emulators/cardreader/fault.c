/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/fault.h"

#include <string.h>

#include "common/compiler.h"
#include "emulators/cardreader/bytes.h"

static const struct {
    const char *name;
    enum fault_place place; /* where it stands unless told otherwise */
} KINDS[FAULT_KIND_COUNT] = {
    [FAULT_REMOVE] = {"remove", FAULT_AT_EXCHANGE},
    [FAULT_SWAP] = {"swap", FAULT_AT_EXCHANGE},
    [FAULT_LOSE] = {"lose", FAULT_AT_EXCHANGE},
    [FAULT_STATUS] = {"status", FAULT_AT_EXCHANGE},
    [FAULT_TEAR] = {"tear", FAULT_AT_WRITE},
    [FAULT_POWER_CUT] = {"power-cut", FAULT_AT_EXCHANGE},
    [FAULT_UNPLUG] = {"unplug", FAULT_AT_EXCHANGE},
    [FAULT_MUTE] = {"mute", FAULT_AT_COMMAND},
    [FAULT_CUT] = {"cut", FAULT_AT_COMMAND},
    [FAULT_DROP] = {"drop", FAULT_AT_COMMAND},
    [FAULT_FLIP] = {"flip", FAULT_AT_COMMAND},
    [FAULT_NOISE] = {"noise", FAULT_AT_COMMAND},
    [FAULT_NO_ACK] = {"no-ack", FAULT_AT_COMMAND},
    [FAULT_NACK] = {"nack", FAULT_AT_COMMAND},
    [FAULT_STUTTER] = {"stutter", FAULT_AT_COMMAND},
    [FAULT_DELAY] = {"delay", FAULT_AT_COMMAND},
    [FAULT_STRAY] = {"stray", FAULT_AT_COMMAND},
};

static const char *const PLACES[FAULT_PLACE_COUNT] = {
    [FAULT_AT_COMMAND] = "command",     [FAULT_AT_EXCHANGE] = "exchange",
    [FAULT_AT_SELECT] = "select",       [FAULT_AT_WRITE] = "write",
    [FAULT_AT_HOST_BYTE] = "host-byte", [FAULT_AT_CHIP_BYTE] = "chip-byte",
};

static const char *const TEARS[TEAR_COUNT] = {
    [TEAR_BEFORE] = "before", [TEAR_AFTER] = "after",       [TEAR_FRONT] = "front",
    [TEAR_BACK] = "back",     [TEAR_ZEROS] = "zeros",       [TEAR_ONES] = "ones",
    [TEAR_RANDOM] = "random", [TEAR_UNSTABLE] = "unstable", [TEAR_WEAK] = "weak",
};

const char *fault_kind_name(enum fault_kind kind)
{
    return KINDS[kind].name;
}

const char *fault_place_name(enum fault_place place)
{
    return PLACES[place];
}

void faults_init(struct faults *faults, uint64_t seed)
{
    memset(faults, 0, sizeof(*faults));
    faults->random_state = seed;
}

/* SplitMix64 (Steele, Lea, Flood 2014): one addition and two multiplications a draw. */
uint64_t faults_random(struct faults *faults)
{
    faults->random_state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = faults->random_state;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

void faults_random_bytes(struct faults *faults, uint8_t *ret_bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = (uint8_t)(faults_random(faults) >> 32);
    }
}

static int name_index(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool set_place(struct fault *fault, const char *key, const char *value)
{
    int place = name_index(PLACES, FAULT_PLACE_COUNT, key);
    if (place < 0) {
        return false;
    }
    fault->place = (enum fault_place)place;
    return bytes_number(value, UINT32_MAX, &fault->at) && fault->at > 0;
}

static bool set_flag(bool *flag, const char *value)
{
    *flag = strcmp(value, "1") == 0;
    return *flag || strcmp(value, "0") == 0;
}

static bool set_word(struct fault *fault, const char *key, const char *value)
{
    if (strcmp(key, "how") == 0) {
        int tear = name_index(TEARS, TEAR_COUNT, value);
        fault->tear = tear < 0 ? TEAR_BEFORE : (enum fault_tear)tear;
        return tear >= 0;
    }
    if (strcmp(key, "done") == 0) {
        return set_flag(&fault->done, value);
    }
    if (strcmp(key, "stay") == 0) {
        return set_flag(&fault->stay, value);
    }
    if (strcmp(key, "hex") == 0) {
        return bytes_from_hex(value, fault->bytes, sizeof(fault->bytes), &fault->size);
    }
    if (strcmp(key, "card") == 0) {
        return bytes_text_copy(fault->name, sizeof(fault->name), value);
    }
    return false;
}

static bool set_number(struct fault *fault, const char *key, const char *value)
{
    if (strcmp(key, "count") == 0) {
        return bytes_number(value, UINT32_MAX, &fault->count);
    }
    if (strcmp(key, "bit") == 0) {
        return bytes_number(value, 7, &fault->bit);
    }
    if (strcmp(key, "byte") == 0 || strcmp(key, "k") == 0 || strcmp(key, "ms") == 0) {
        return bytes_number(value, 1000000, &fault->value);
    }
    uint8_t status = 0;
    size_t size = 0;
    if (strcmp(key, "value") == 0 && bytes_from_hex(value, &status, 1, &size) && size == 1) {
        fault->value = status;
        return true;
    }
    return false;
}

static bool set_key(struct fault *fault, char *word)
{
    char *value = strchr(word, '=');
    if (value == NULL) {
        return false;
    }
    *value++ = '\0';
    return set_place(fault, word, value) || set_word(fault, word, value) ||
           set_number(fault, word, value);
}

static bool parse(struct fault *fault, char *words)
{
    char *save = NULL;
    const char *kind = strtok_r(words, " ", &save);
    for (size_t i = 0; kind != NULL && i < FAULT_KIND_COUNT; i++) {
        if (strcmp(kind, KINDS[i].name) == 0) {
            *fault = (struct fault){
                .kind = (enum fault_kind)i, .place = KINDS[i].place, .at = 1, .count = 1};
            bool good = true;
            for (char *word = strtok_r(NULL, " ", &save); good && word != NULL;
                 word = strtok_r(NULL, " ", &save)) {
                good = set_key(fault, word);
            }
            return good;
        }
    }
    return false;
}

/* What needs no command to happen. */
static bool fault_is_outage(enum fault_kind kind)
{
    return kind == FAULT_REMOVE || kind == FAULT_SWAP || kind == FAULT_POWER_CUT ||
           kind == FAULT_UNPLUG || kind == FAULT_MUTE;
}

uint32_t faults_add(struct faults *faults, char *words, const char **ret_why)
{
    struct fault fault;
    if (!parse(&fault, words)) {
        *ret_why = "no such fault, or a wrong word; try help";
        return 0;
    }
    if (fault.kind == FAULT_TEAR && fault.place != FAULT_AT_WRITE) {
        *ret_why = "a tear stands at a write";
        return 0;
    }
    bool at_byte = fault.place == FAULT_AT_HOST_BYTE || fault.place == FAULT_AT_CHIP_BYTE;
    if (at_byte && !fault_is_outage(fault.kind)) {
        *ret_why = "at a byte stand remove, swap, power-cut, unplug, mute";
        return 0;
    }
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        if (faults->all[i].id == 0) {
            faults->next_id += 1;
            fault.id = faults->next_id;
            faults->all[i] = fault;
            return fault.id;
        }
    }
    *ret_why = "too many faults";
    return 0;
}

bool faults_clear(struct faults *faults, uint32_t id)
{
    bool found = id == 0;
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        if (id == 0 || faults->all[i].id == id) {
            found = found || faults->all[i].id == id;
            faults->all[i].id = 0;
        }
    }
    return found;
}

bool faults_wait_at(const struct faults *faults, enum fault_place place)
{
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        if (faults->all[i].id != 0 && faults->all[i].place == place) {
            return true;
        }
    }
    return false;
}

void faults_event(struct faults *faults, enum fault_place place, struct fault_hits *hits)
{
    faults->events[place] += 1;
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *fault = &faults->all[i];
        if (fault->id == 0 || fault->place != place) {
            continue;
        }
        if (fault->at > 1) {
            fault->at -= 1;
            continue;
        }
        hits->by_kind[fault->kind] = true;
        hits->last[fault->kind] = *fault;
        faults->hit_count += 1;
        if (fault->count == 1) {
            fault->id = 0;
        } else if (fault->count > 1) {
            fault->count -= 1;
        }
    }
}
