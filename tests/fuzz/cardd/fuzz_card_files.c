/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers and files of DESFire and purchase cards. The first byte says what the rest is. Whole
 * files are written again to the same bytes where all of them have a meaning; no answer that lacks
 * the session's MAC is believed.
 */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "protocol/card/desfire.h"
#include "protocol/card/purchase.h"

static void answer_make(const uint8_t *data, size_t size, struct apdu *ret_answer)
{
    ret_answer->size = size < APDU_SIZE_MAX ? size : APDU_SIZE_MAX;
    memcpy(ret_answer->bytes, data, ret_answer->size);
}

static void desfire(const uint8_t *data, size_t size)
{
    static const uint8_t key[DESFIRE_KEY_SIZE] = {1, 2, 3};
    const struct desfire_secret secret = {.key = key, .random_a = key};
    struct desfire_session session = {.key = {7}};
    struct desfire_proof proof;
    struct apdu answer;
    struct apdu command;
    uint8_t record[CARD_RECORD_SIZE];
    answer_make(data, size, &answer);
    if (desfire_prove_answer(&secret, &answer, &proof, &command)) {
        MUST(answer.size == DESFIRE_RANDOM_SIZE + 2);
        MUST(!desfire_prove_end(&proof, &answer, &session)); /* it ends with "more" */
    }
    MUST(!desfire_read_take(&session, &answer, record));
    MUST(!desfire_take(&session, &answer));
}

static void files(const uint8_t *data, size_t size)
{
    uint8_t file[PURCHASE_FILE_SIZE_MAX] = {0};
    uint8_t again[PURCHASE_FILE_SIZE_MAX];
    struct purchase_parameters parameters;
    struct purchase_return value;
    memcpy(file, data, size < sizeof(file) ? size : sizeof(file));
    if (purchase_parameters_decode(file, &parameters) == PURCHASE_WHOLE) {
        purchase_parameters_encode(&parameters, again);
        MUST(memcmp(again, file, 6) == 0 && memcmp(again + 30, file + 30, 13) == 0);
    }
    if (purchase_return_decode(file, &value) == PURCHASE_WHOLE) {
        purchase_return_encode(&value, again);
        MUST(memcmp(again, file, PURCHASE_RETURN_SIZE) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if (data[0] % 2 == 0) {
        desfire(data + 1, size - 1);
    } else {
        files(data + 1, size - 1);
    }
    return 0;
}
