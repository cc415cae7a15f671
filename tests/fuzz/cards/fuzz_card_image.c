/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A card's file may hold anything. What is accepted is written back as the same card, and answers
 * a few commands without leaving its memory.
 */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "emulators/cardreader/cells.h"
#include "emulators/cardreader/image.h"

static struct faults faults;
static struct fault_hits hits;
static struct cells cells = {.faults = &faults, .hits = &hits};
static struct card card;
static struct card again;
static uint8_t first[IMAGE_SIZE_MAX];
static uint8_t second[IMAGE_SIZE_MAX];

static void use(void)
{
    static const uint8_t COMMANDS[][13] = {
        {0x60, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00},
        {0x30, 0x04},
        {0x90, 0x5A, 0x00, 0x00, 0x03, 0x01, 0x00, 0x00, 0x00},
        {0x90, 0x6F, 0x00, 0x00, 0x00},
        {0x90, 0xBD, 0x00, 0x00, 0x07, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x90, 0xF5, 0x00, 0x00, 0x01, 0x01, 0x00},
        {0x00, 0xA4, 0x00, 0x00, 0x02, 0xDF, 0x01},
        {0x00, 0xB0, 0x82, 0x00, 0x08},
    };
    static struct card_answer answer;
    card.state = card.kind->speaks_blocks ? CARD_PROTOCOL : CARD_ACTIVE;
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        card.kind->exchange(&card, COMMANDS[i], sizeof(COMMANDS[i]), &answer);
        MUST(answer.size <= CARD_ANSWER_MAX);
    }
    card.kind->power_lost(&card);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    faults_init(&faults, 1);
    memset(&card, 0, sizeof(card));
    card.cells = &cells;
    if (!image_load(&card, data, size)) {
        return 0;
    }
    MUST(card.uid_size == 4 || card.uid_size == 7);
    size_t written = image_save(&card, first, sizeof(first));
    MUST(written > 0);
    memset(&again, 0, sizeof(again));
    again.cells = &cells;
    MUST(image_load(&again, first, written));
    MUST(image_save(&again, second, sizeof(second)) == written);
    MUST(memcmp(first, second, written) == 0);
    use();
    return 0;
}
