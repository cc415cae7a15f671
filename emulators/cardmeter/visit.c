/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "emulators/cardmeter/visit_inside.h"

const char *visit_result_name(enum visit_result result)
{
    static const char *const NAMES[VISIT_RESULT_COUNT] = {"loaded", "known", "stale", "refused"};
    return NAMES[result];
}

struct token_uid visit_uid(const struct touch *touch)
{
    return (struct token_uid){touch->card->uid, touch->card->uid_size};
}

uint8_t visit_error_of(enum token_fault fault)
{
    switch (fault) {
    case TOKEN_METER:
        return VISIT_OTHER_METER;
    case TOKEN_MAC:
        return VISIT_BAD_MAC;
    case TOKEN_GOOD:
    case TOKEN_FORMAT:
    case TOKEN_FAULT_COUNT:
        break;
    }
    return VISIT_FORMAT;
}

/* The error word that keeps a newer credit out; VISIT_NO_ERROR: it may be taken. */
static uint8_t objection(const struct book *book, const struct token_credit *credit,
                         int64_t delta_fen)
{
    int64_t after_fen = book_balance_fen(book) + delta_fen;
    bool kind_is_known = credit->kind >= TOKEN_PURCHASE && credit->kind <= TOKEN_PARAMETERS;
    if (!kind_is_known || (credit->kind == TOKEN_PARAMETERS && delta_fen != 0)) {
        return VISIT_TYPE;
    }
    if (delta_fen < 0 && after_fen < 0) {
        return VISIT_BELOW_ZERO;
    }
    if (delta_fen > 0 && book->hoarding_fen != 0 && after_fen > (int64_t)book->hoarding_fen) {
        return VISIT_HOARDING;
    }
    return VISIT_NO_ERROR;
}

void visit_take(struct book *book, const struct token_credit *credit, int64_t now_s,
                struct visit_report *report)
{
    int64_t delta_fen = (int64_t)credit->t_fen - (int64_t)book->t_fen;
    if (credit->n <= book->n) {
        bool known = credit->n == book->n;
        report->result = known ? VISIT_KNOWN : VISIT_STALE;
        book->error = known ? VISIT_NO_ERROR : VISIT_COUNT;
        return;
    }
    book->error = objection(book, credit, delta_fen);
    if (book->error != VISIT_NO_ERROR) {
        report->result = VISIT_REFUSED;
        return;
    }
    book_take(book, credit, delta_fen, now_s);
    book->n = credit->n;
    book->t_fen = credit->t_fen;
    book->alarm_fen = credit->alarm_fen;
    book->overdraft_fen = credit->overdraft_fen;
    report->result = VISIT_LOADED;
    report->delta_fen = delta_fen;
}

void visit_record(const struct book *book, const struct touch *touch, int64_t now_s,
                  uint8_t ret_slot[TOKEN_SIZE])
{
    const struct token_uid uid = visit_uid(touch);
    struct token_return record = {.error = book->error,
                                  .status = book_status(book),
                                  .seq = book->seq,
                                  .key_id = book->key_id,
                                  .t_fen = book->t_fen,
                                  .balance_fen = (int32_t)book_balance_fen(book),
                                  .n = book->n,
                                  .energy = book->energy,
                                  .at = (uint32_t)now_s};
    memcpy(record.meter, book->meter, TOKEN_METER_SIZE);
    token_return_write(&record, &book->keys, &uid, ret_slot);
}
