/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A card with any bytes on it is explained, as JSON and in words: byte 0 is the card's SAK, 16
 * bytes are the sectors' states, the rest is what stands in sectors 1 to 5. With SAK 20 all of the
 * rest are the files of a purchase card.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/must.h"
#include "tools/cardctl/explain.h"
#include "tools/cardctl/words.h"

enum { HEAD_SIZE = 1 + MIFARE_SECTORS, SAK_ISO = 0x20, TEXT_SIZE_MAX = 16384 };

static const char *const WORTHS[] = {"true", "forged", "other", "nothing"};

static json_t *verdict_of(uint8_t byte)
{
    json_t *verdict = json_object();
    json_t *worths = json_array();
    for (unsigned i = 0; i < CARD_SLOTS; i++) {
        const bool added = json_array_append_new(
                               worths, json_string(WORTHS[((unsigned)byte >> (2 * i)) & 3U])) == 0;
        MUST(added);
    }
    json_put(verdict, "credit", worths);
    json_put(verdict, "return", json_deep_copy(worths));
    json_put_text(verdict, "state", (byte & 1U) != 0 ? "refused" : "ready");
    json_put_text(verdict, "reason", (byte & 1U) != 0 ? "bad_mac" : "");
    json_put_flag(verdict, "rolled_back", (byte & 2U) != 0);
    return verdict;
}

static void fill(const uint8_t *data, size_t size, struct layout *layout)
{
    for (size_t i = 0; i < MIFARE_SECTORS; i++) {
        struct layout_sector *sector = &layout->sector[i];
        sector->state = (enum sector_state)(data[1 + i] % (SECTOR_STRANGE + 1));
        sector->read = (data[1 + i] & 0x80U) == 0;
    }
    for (size_t i = HEAD_SIZE; i < size; i++) {
        const size_t at = i - HEAD_SIZE;
        if (at / CARD_RECORD_SIZE < CARD_SECTOR_LAST) {
            layout->sector[1 + at / CARD_RECORD_SIZE].data[at % CARD_RECORD_SIZE] = data[i];
        }
    }
}

/* What is missing is zeros. */
static struct purchase_files files_of(const uint8_t *data, size_t size)
{
    uint8_t bytes[sizeof(struct purchase_files)] = {0};
    struct purchase_files files;
    memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
    memcpy(files.parameters, bytes, sizeof(files.parameters));
    memcpy(files.wallet, bytes + sizeof(files.parameters), sizeof(files.wallet));
    memcpy(files.returned, bytes + sizeof(files.parameters) + sizeof(files.wallet),
           sizeof(files.returned));
    return files;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_SIZE_MAX];
    struct layout layout = {.sector = {{.state = SECTOR_SHUT}}};
    struct desk_card entry = {.uid = "4A8B1C2D", .state = "open", .meter_id = "m1"};
    struct seat seat = {.card = {.uid = {.bytes = {0x4A, 0x8B, 0x1C, 0x2D}, .size = 4}}};
    if (size < HEAD_SIZE) {
        return 0;
    }
    fill(data, size, &layout);
    seat.card.sak = data[0];
    json_t *verdict = verdict_of(data[1]);
    const struct purchase_files files = files_of(data + 1, size - 1);
    const bool is_purchase = data[0] == SAK_ISO;
    const struct explain_card card = {.seat = &seat,
                                      .entry = (data[2] & 0x40U) != 0 ? NULL : &entry,
                                      .asked = (data[3] & 0x40U) == 0,
                                      .layout = is_purchase ? NULL : &layout,
                                      .purchase = is_purchase ? &files : NULL,
                                      .verdict = verdict};
    json_t *report = explain_json(&card);
    FILE *out = fmemopen(text, sizeof(text), "w");
    MUST(out != NULL);
    words_print(out, report);
    MUST(words_print_json(out, report));
    MUST(fclose(out) == 0);
    MUST(strncmp(text, "card 4A8B1C2D: ", 15) == 0);
    json_decref(report);
    json_decref(verdict);
    return 0;
}
