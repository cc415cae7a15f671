/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: both credit slots are read, the valid one with the highest N counts. What it changes is
 * in the books, durably, before a byte of the return record is written. A return record is written
 * to the stale or bad slot first, checked after a loss of field, then to the other, so that one
 * sound record is on the card at any instant.
 */
#include <string.h>

#include "emulators/cardmeter/visit_inside.h"

enum {
    SECTOR_CREDIT = 1,
    SECTOR_RETURN = 3,
    SLOTS = 2,
    BLOCK = 16,
    BLOCKS = TOKEN_SIZE / BLOCK,
    AUTH_SIZE = 12,
    COMMAND_AUTH_A = 0x60,
    COMMAND_AUTH_B = 0x61,
    COMMAND_READ = 0x30,
    COMMAND_WRITE = 0xA0,
};

static bool authenticate(const struct book *book, struct touch *touch, uint8_t sector, char kind)
{
    const struct token_uid uid = visit_uid(touch);
    struct card_answer answer;
    uint8_t command[AUTH_SIZE] = {kind == 'A' ? COMMAND_AUTH_A : COMMAND_AUTH_B,
                                  (uint8_t)(sector * 4)};
    token_sector_key(&book->keys, &uid, sector, kind, command + 2);
    memcpy(command + 8, uid.bytes + uid.size - 4, 4);
    if (touch_exchange(touch, command, sizeof(command), &answer)) {
        return true;
    }
    (void)touch_reset(touch); /* a refused key leaves the card deaf */
    return false;
}

static bool slot_read(const struct book *book, struct touch *touch, uint8_t sector, char kind,
                      uint8_t ret_slot[TOKEN_SIZE])
{
    struct card_answer answer;
    if (!authenticate(book, touch, sector, kind)) {
        return false;
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        const uint8_t command[] = {COMMAND_READ, (uint8_t)(sector * 4U + i)};
        if (!touch_exchange(touch, command, sizeof(command), &answer) || answer.size != BLOCK) {
            (void)touch_reset(touch);
            return false;
        }
        memcpy(ret_slot + (size_t)i * BLOCK, answer.bytes, BLOCK);
    }
    return true;
}

static bool slot_write(const struct book *book, struct touch *touch, uint8_t sector,
                       const uint8_t slot[TOKEN_SIZE])
{
    struct card_answer answer;
    if (!authenticate(book, touch, sector, 'B')) {
        return false;
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        uint8_t command[2 + BLOCK] = {COMMAND_WRITE, (uint8_t)(sector * 4U + i)};
        memcpy(command + 2, slot + (size_t)i * BLOCK, BLOCK);
        if (!touch_exchange(touch, command, sizeof(command), &answer)) {
            (void)touch_reset(touch);
            return false;
        }
    }
    return true;
}

/* The winning credit; false with the error word of the best reason. */
static bool credit_find(const struct book *book, struct touch *touch,
                        struct token_credit *ret_credit, uint8_t *ret_error)
{
    const struct token_uid uid = visit_uid(touch);
    bool found = false;
    uint8_t error = VISIT_AUTHENTICATION;
    for (unsigned i = 0; i < SLOTS; i++) {
        uint8_t slot[TOKEN_SIZE];
        struct token_credit credit;
        if (!slot_read(book, touch, (uint8_t)((unsigned)SECTOR_CREDIT + i), 'A', slot)) {
            continue;
        }
        enum token_fault fault = token_credit_read(slot, &book->keys, book->meter, &uid, &credit);
        if (fault != TOKEN_GOOD) {
            error = visit_error_of(fault);
        } else if (!found || credit.n > ret_credit->n) {
            *ret_credit = credit;
            found = true;
        }
    }
    *ret_error = found ? (uint8_t)VISIT_NO_ERROR : error;
    return found;
}

/* Which return slot is written first: a bad one, else the older. */
static uint8_t first_slot(const struct book *book, struct touch *touch)
{
    uint32_t seq[SLOTS] = {0};
    bool good[SLOTS];
    for (unsigned i = 0; i < SLOTS; i++) {
        uint8_t slot[TOKEN_SIZE];
        good[i] = slot_read(book, touch, (uint8_t)((unsigned)SECTOR_RETURN + i), 'B', slot) &&
                  token_return_seq(slot, &seq[i]);
    }
    if (good[0] && good[1]) {
        return seq[1] < seq[0] ? 1 : 0;
    }
    return good[0] ? 1 : 0;
}

static void give_back(const struct book *book, struct touch *touch, int64_t now_s,
                      struct visit_report *report)
{
    uint8_t slot[TOKEN_SIZE];
    uint8_t first = first_slot(book, touch);
    visit_record(book, touch, now_s, slot);
    for (unsigned i = 0; i < SLOTS; i++) {
        uint8_t sector = (uint8_t)(SECTOR_RETURN + (i == 0 ? first : 1 - first));
        uint8_t check[TOKEN_SIZE];
        if (!slot_write(book, touch, sector, slot) || !touch_reset(touch) ||
            !slot_read(book, touch, sector, 'B', check) || memcmp(check, slot, TOKEN_SIZE) != 0) {
            return; /* the other slot still holds a sound record */
        }
        report->returned += 1;
    }
}

bool visit_shl(struct book *book, struct touch *touch, const struct visit_context *context,
               struct visit_report *ret_report)
{
    struct token_credit credit = {.n = 0};
    *ret_report = (struct visit_report){.result = VISIT_REFUSED};
    if (credit_find(book, touch, &credit, &book->error)) {
        visit_take(book, &credit, context->now_s, ret_report);
    } else if (touch->gone) {
        book->error = VISIT_PULLED_EARLY;
    }
    book->seq += 1;
    if (!book_store(book, context->dir)) {
        return false;
    }
    if (!touch->gone) {
        give_back(book, touch, context->now_s, ret_report);
    }
    return true;
}
