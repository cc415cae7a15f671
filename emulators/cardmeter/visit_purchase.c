/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: the count rule of Q/GDW 1365. The wallet's purchase count is compared with the meter's
 * own: one more and an empty return file means a new purchase; the same count means that it is
 * loaded already; anything else is refused. Whenever the card is the meter's own, the return file
 * is written. The ciphers are the test algorithm of emulators/cardreader.
 */
#include <string.h>
#include <time.h>

#include "emulators/cardmeter/visit.h"
#include "emulators/cardreader/bytes.h"

enum {
    SFI_SERIAL = 0x19,
    SFI_PARAMETERS = 0x01,
    SFI_WALLET = 0x02,
    SFI_RETURN = 0x05,
    SERIAL_AT = 1,
    SERIAL_FILE_SIZE = 17,
    PARAMETERS_SIZE = 0x2D,
    WALLET_SIZE = 8,
    RETURN_SIZE = 0x31,
    FRAME_BEGIN = 0x68,
    FRAME_END = 0x16,
    CODE_SIZE = 8,
    MAC_SIZE = 4,
    CARD_OPEN = 1,
    CARD_PURCHASE = 2,
    CARD_REPLACEMENT = 3,
    TOTAL_FEN_MAX = 99999999, /* 999 999.99 yuan */
};

struct purchase_card {
    uint8_t serial[BOOK_SERIAL_SIZE];
    uint8_t parameters[PARAMETERS_SIZE];
    uint8_t wallet[WALLET_SIZE];
    uint8_t returned[RETURN_SIZE];
    uint32_t amount_fen;
    uint32_t count;
    uint8_t kind;
};

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_be32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/* An APDU that is answered 9000; @p answer holds what stands before that. */
static bool apdu(struct touch *touch, const uint8_t *bytes, size_t size, struct card_answer *answer)
{
    if (!touch_exchange(touch, bytes, size, answer) || answer->size < 2) {
        return false;
    }
    answer->size -= 2;
    return answer->bytes[answer->size] == 0x90 && answer->bytes[answer->size + 1] == 0x00;
}

static bool select_file(struct touch *touch, uint8_t high, uint8_t low)
{
    const uint8_t command[] = {0x00, 0xA4, 0x00, 0x00, 0x02, high, low};
    struct card_answer answer;
    return apdu(touch, command, sizeof(command), &answer);
}

static bool file_read(struct touch *touch, uint8_t sfi, uint8_t *ret_bytes, uint8_t size)
{
    const uint8_t command[] = {0x00, 0xB0, (uint8_t)(0x80U | sfi), 0x00, size};
    struct card_answer answer;
    if (!apdu(touch, command, sizeof(command), &answer) || answer.size != size) {
        return false;
    }
    memcpy(ret_bytes, answer.bytes, size);
    return true;
}

static bool challenge(struct touch *touch, uint8_t ret_challenge[CODE_SIZE])
{
    static const uint8_t COMMAND[] = {0x00, 0x84, 0x00, 0x00, CODE_SIZE};
    struct card_answer answer;
    if (!apdu(touch, COMMAND, sizeof(COMMAND), &answer) || answer.size != CODE_SIZE) {
        return false;
    }
    memcpy(ret_challenge, answer.bytes, CODE_SIZE);
    return true;
}

static void code_make(const uint8_t *serial, const char *label, const uint8_t *bytes, size_t size,
                      uint8_t ret_code[CRYPTO_BLOCK_MAX])
{
    struct crypto_key key;
    cpucard_key(serial, label, &key);
    memset(ret_code, 0, CRYPTO_BLOCK_MAX);
    crypto_cmac(&key, ret_code, bytes, size);
}

/* The card proves itself, then the meter does. */
static bool authenticate(struct touch *touch, const uint8_t *serial)
{
    uint8_t internal[5 + CODE_SIZE] = {0x00, 0x88, 0x00, 0x01, CODE_SIZE};
    uint8_t external[5 + CODE_SIZE] = {0x00, 0x82, 0x00, 0x02, CODE_SIZE};
    uint8_t code[CRYPTO_BLOCK_MAX];
    uint8_t asked[CODE_SIZE];
    struct card_answer answer;
    faults_random_bytes(&touch->faults, internal + 5, CODE_SIZE);
    code_make(serial, "INTERNAL", internal + 5, CODE_SIZE, code);
    if (!apdu(touch, internal, sizeof(internal), &answer) || answer.size != CODE_SIZE ||
        memcmp(answer.bytes, code, CODE_SIZE) != 0 || !challenge(touch, asked)) {
        return false;
    }
    code_make(serial, "EXTERNAL", asked, CODE_SIZE, code);
    memcpy(external + 5, code, CODE_SIZE);
    return apdu(touch, external, sizeof(external), &answer);
}

static uint8_t sum_of(const uint8_t *frame, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 1; i + 2 < size; i++) {
        sum = (uint8_t)(sum + frame[i]);
    }
    return sum;
}

static bool frame_is_sound(const uint8_t *frame, size_t size, uint8_t command)
{
    return frame[0] == FRAME_BEGIN && frame[1] == command && bytes_be16(frame + 2) == size - 6 &&
           frame[size - 1] == FRAME_END && frame[size - 2] == sum_of(frame, size);
}

static bool card_read(struct touch *touch, struct purchase_card *ret_card, uint8_t *ret_error)
{
    uint8_t serial[SERIAL_FILE_SIZE];
    *ret_error = VISIT_AUTHENTICATION;
    if (!select_file(touch, 0x3F, 0x00) || !file_read(touch, SFI_SERIAL, serial, sizeof(serial))) {
        return false;
    }
    memcpy(ret_card->serial, serial + SERIAL_AT, BOOK_SERIAL_SIZE);
    if (!select_file(touch, 0xDF, 0x01) || !authenticate(touch, ret_card->serial)) {
        return false;
    }
    *ret_error = VISIT_FORMAT;
    if (!file_read(touch, SFI_PARAMETERS, ret_card->parameters, PARAMETERS_SIZE) ||
        !file_read(touch, SFI_WALLET, ret_card->wallet, WALLET_SIZE) ||
        !file_read(touch, SFI_RETURN, ret_card->returned, RETURN_SIZE) ||
        !frame_is_sound(ret_card->parameters, PARAMETERS_SIZE, 0x01)) {
        return false;
    }
    ret_card->amount_fen = be32(ret_card->wallet);
    ret_card->count = be32(ret_card->wallet + 4);
    ret_card->kind = ret_card->parameters[42];
    *ret_error = VISIT_NO_ERROR;
    return true;
}

/* Whether the card is this meter's own at all. */
static uint8_t identity(const struct book *book, const struct purchase_card *card)
{
    bool is_new = card->kind == CARD_OPEN || card->kind == CARD_REPLACEMENT;
    if (card->kind < CARD_OPEN || card->kind > CARD_REPLACEMENT) {
        return VISIT_TYPE;
    }
    if (memcmp(card->parameters + 30, book->meter, TOKEN_METER_SIZE) != 0) {
        return VISIT_OTHER_METER;
    }
    if (!book->opened && card->kind != CARD_OPEN) {
        return VISIT_NOT_OPENED;
    }
    if (book->opened && memcmp(card->parameters + 36, book->customer, TOKEN_METER_SIZE) != 0) {
        return VISIT_OTHER_CUSTOMER;
    }
    bool known = memcmp(card->serial, book->serial, BOOK_SERIAL_SIZE) == 0;
    return !is_new && !known ? VISIT_OTHER_SERIAL : VISIT_NO_ERROR;
}

/* The count rule; VISIT_NO_ERROR with *ret_is_new false: it was loaded before. */
static uint8_t count_rule(const struct book *book, const struct purchase_card *card,
                          bool *ret_is_new)
{
    *ret_is_new = false;
    if (card->count == book->purchase_count) {
        return VISIT_NO_ERROR;
    }
    if (card->count != book->purchase_count + 1) {
        return VISIT_COUNT;
    }
    if (card->returned[0] == FRAME_BEGIN) {
        return VISIT_RETURN_NOT_EMPTY;
    }
    int64_t after_fen = book_balance_fen(book) + (int64_t)card->amount_fen;
    if (after_fen > TOTAL_FEN_MAX ||
        (book->hoarding_fen != 0 && after_fen > (int64_t)book->hoarding_fen)) {
        return VISIT_HOARDING;
    }
    *ret_is_new = true;
    return VISIT_NO_ERROR;
}

static void take(struct book *book, const struct purchase_card *card, int64_t now_s,
                 struct visit_report *report)
{
    const struct token_credit credit = {.kind = TOKEN_PURCHASE, .n = card->count};
    book_take(book, &credit, (int64_t)card->amount_fen, now_s);
    book->purchase_count = card->count;
    book->alarm_fen = be32(card->parameters + 16);
    if (card->kind != CARD_PURCHASE) {
        book->opened = true;
        memcpy(book->customer, card->parameters + 36, TOKEN_METER_SIZE);
        memcpy(book->serial, card->serial, BOOK_SERIAL_SIZE);
    }
    report->result = VISIT_LOADED;
    report->delta_fen = (int64_t)card->amount_fen;
}

static uint8_t bcd(int value)
{
    return (uint8_t)(value / 10 % 10 << 4 | value % 10);
}

static void return_make(const struct book *book, const struct purchase_card *card, int64_t now_s,
                        uint8_t ret_frame[RETURN_SIZE])
{
    int64_t fen = book_balance_fen(book);
    time_t at = (time_t)now_s;
    struct tm when = {0};
    (void)localtime_r(&at, &when);
    memset(ret_frame, 0, RETURN_SIZE);
    ret_frame[0] = FRAME_BEGIN;
    ret_frame[1] = 0x11;
    ret_frame[3] = RETURN_SIZE - 6;
    ret_frame[4] = card->parameters[4];
    memcpy(ret_frame + 5, card->parameters + 24, 6); /* both transformers */
    memcpy(ret_frame + 11, book->meter, TOKEN_METER_SIZE);
    memcpy(ret_frame + 17, card->parameters + 36, TOKEN_METER_SIZE);
    put_be32(ret_frame + 23, fen > 0 ? (uint32_t)fen : 0);
    put_be32(ret_frame + 27, book->purchase_count);
    put_be32(ret_frame + 31, fen < 0 ? (uint32_t)-fen : 0);
    ret_frame[35] = book->error;
    ret_frame[39] = (uint8_t)(book->illegal_count >> 16);
    ret_frame[40] = (uint8_t)(book->illegal_count >> 8);
    ret_frame[41] = (uint8_t)book->illegal_count;
    const uint8_t time_bcd[] = {bcd(when.tm_year), bcd(when.tm_mon + 1), bcd(when.tm_mday),
                                bcd(when.tm_hour), bcd(when.tm_min)};
    memcpy(ret_frame + 42, time_bcd, sizeof(time_bcd));
    ret_frame[RETURN_SIZE - 2] = sum_of(ret_frame, RETURN_SIZE);
    ret_frame[RETURN_SIZE - 1] = FRAME_END;
}

static bool return_write(struct touch *touch, const struct purchase_card *card,
                         const uint8_t frame[RETURN_SIZE])
{
    uint8_t message[CODE_SIZE + 5 + RETURN_SIZE + MAC_SIZE];
    uint8_t code[CRYPTO_BLOCK_MAX];
    struct card_answer answer;
    uint8_t *command = message + CODE_SIZE;
    const uint8_t head[] = {0x04, 0xD6, 0x80 | SFI_RETURN, 0x00, RETURN_SIZE + MAC_SIZE};
    if (!challenge(touch, message)) {
        return false;
    }
    memcpy(command, head, sizeof(head));
    memcpy(command + sizeof(head), frame, RETURN_SIZE);
    code_make(card->serial, "RETURNMC", message, CODE_SIZE + sizeof(head) + RETURN_SIZE, code);
    memcpy(command + sizeof(head) + RETURN_SIZE, code, MAC_SIZE);
    return apdu(touch, command, sizeof(head) + RETURN_SIZE + MAC_SIZE, &answer);
}

static bool is_illegal(uint8_t error)
{
    return error == VISIT_OTHER_METER || error == VISIT_OTHER_CUSTOMER ||
           error == VISIT_OTHER_SERIAL || error == VISIT_AUTHENTICATION;
}

bool visit_purchase(struct book *book, struct touch *touch, const struct visit_context *context,
                    struct visit_report *ret_report)
{
    struct purchase_card card = {.kind = 0};
    uint8_t frame[RETURN_SIZE];
    bool is_new = false;
    *ret_report = (struct visit_report){.result = VISIT_REFUSED};
    bool readable = card_read(touch, &card, &book->error);
    uint8_t stranger = readable ? identity(book, &card) : book->error;
    book->error = stranger;
    if (stranger == VISIT_NO_ERROR) {
        book->error = count_rule(book, &card, &is_new);
    }
    if (touch->gone) {
        book->error = VISIT_PULLED_EARLY;
    } else if (is_new) {
        take(book, &card, context->now_s, ret_report);
    } else if (book->error == VISIT_NO_ERROR) {
        ret_report->result = VISIT_KNOWN;
    } else if (stranger == VISIT_NO_ERROR && card.count < book->purchase_count) {
        ret_report->result = VISIT_STALE;
    }
    book->illegal_count += is_illegal(book->error) ? 1 : 0;
    if (!book_store(book, context->dir)) {
        return false;
    }
    bool writes = stranger == VISIT_NO_ERROR && !touch->gone &&
                  (book->error == VISIT_NO_ERROR || ret_report->result == VISIT_STALE);
    if (writes) {
        return_make(book, &card, context->now_s, frame);
        ret_report->returned = return_write(touch, &card, frame) ? 1 : 0;
    }
    return true;
}
