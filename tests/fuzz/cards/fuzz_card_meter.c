/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a card meter reads: its books, and a card's slots. Books that are accepted are written back
 * as the same books. A slot is good under one key at most: the fuzzer watches comparisons and may
 * learn the code that one key wants.
 */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "emulators/cardmeter/book.h"

static struct book book;
static struct book again;
static char first[32768];
static char second[32768];

static void read_books(const uint8_t *data, size_t size)
{
    if (!book_parse(&book, data, size)) {
        return;
    }
    size_t written = book_text(&book, first, sizeof(first));
    if (written == 0) {
        return; /* more entries than a file holds */
    }
    MUST(book_parse(&again, (const uint8_t *)first, written));
    MUST(book_text(&again, second, sizeof(second)) == written);
    MUST(memcmp(first, second, written) == 0);
    MUST(again.entry_count <= BOOK_ENTRIES_MAX);
}

static void read_slot(const uint8_t *data, size_t size)
{
    static const uint8_t METER[TOKEN_METER_SIZE] = {0x00, 0x00, 0x12, 0x34, 0x56, 0x78};
    static const uint8_t UID[] = {0x4A, 0x8B, 0x1C, 0x2D};
    static const struct token_keys KEYS = {.credit = {1}, .give_back = {2}, .sector = {3}};
    static const struct token_keys OTHERS = {.credit = {4}, .give_back = {5}, .sector = {6}};
    const struct token_uid uid = {UID, sizeof(UID)};
    uint8_t slot[TOKEN_SIZE] = {0};
    struct token_credit credit;
    uint32_t seq = 0;
    memcpy(slot, data, size < sizeof(slot) ? size : sizeof(slot));
    MUST(token_credit_read(slot, &KEYS, METER, &uid, &credit) != TOKEN_GOOD ||
         token_credit_read(slot, &OTHERS, METER, &uid, &credit) != TOKEN_GOOD);
    MUST(!token_return_seq(slot, &seq) || slot[0] == 'R');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if (data[0] == 'm') {
        read_books(data, size);
    } else {
        read_slot(data, size);
    }
    return 0;
}
