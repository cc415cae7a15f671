/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of the card side that planted bugs reach into (linker option --wrap). Without a planted
 * bug each only calls the real one.
 */
#include "sim/cards/card_wraps.h"

#include <string.h>

#include "cloud/cards/internal.h"
#include "core/delivery/turn.h"
#include "kiosk/journal/journal.h"
#include "sim/disk/memdisk.h"
#include "sim/world/canary.h"
#include "sim/world/world.h"

enum { METER_TAILS = 256 };

static struct world *told;

bool __real_card_is_confirmed(const struct card_reading *reading, uint32_t n);
bool __wrap_card_is_confirmed(const struct card_reading *reading, uint32_t n);
struct card_verdict __real_card_judge(const struct card_facts *facts,
                                      const struct card_reading *reading);
struct card_verdict __wrap_card_judge(const struct card_facts *facts,
                                      const struct card_reading *reading);
enum card_return_end __real_card_return_judge(const struct card_return_open *open,
                                              const struct card_meter_word *word);
enum card_return_end __wrap_card_return_judge(const struct card_return_open *open,
                                              const struct card_meter_word *word);
void __real_card_credit_encode(const struct card_credit *credit,
                               uint8_t ret_record[CARD_RECORD_SIZE]);
void __wrap_card_credit_encode(const struct card_credit *credit,
                               uint8_t ret_record[CARD_RECORD_SIZE]);
void __real_delivery_card_apply(struct turn *turn, enum delivery_event_kind event);
void __wrap_delivery_card_apply(struct turn *turn, enum delivery_event_kind event);
enum err __real_book_token_of(struct db *db, const char *document_no, struct book_token *ret_token);
enum err __wrap_book_token_of(struct db *db, const char *document_no, struct book_token *ret_token);
enum err __real_journal_card_begin(struct journal *journal, const struct session_card_write *write,
                                   int64_t now_s);
enum err __wrap_journal_card_begin(struct journal *journal, const struct session_card_write *write,
                                   int64_t now_s);

void card_wraps_tell(struct world *world)
{
    told = world;
}

bool __wrap_card_is_confirmed(const struct card_reading *reading, uint32_t n)
{
    return __real_card_is_confirmed(reading, n) || canary_is(CANARY_CARD_CONFIRM_BELIEVED);
}

/* Whatever word lies on the card is the meter's latest. */
struct card_verdict __wrap_card_judge(const struct card_facts *facts,
                                      const struct card_reading *reading)
{
    struct card_facts known = *facts;
    known.seen_seq = canary_is(CANARY_CARD_WORD_STALE) ? 0 : facts->seen_seq;
    return __real_card_judge(&known, reading);
}

enum card_return_end __wrap_card_return_judge(const struct card_return_open *open,
                                              const struct card_meter_word *word)
{
    const enum card_return_end end = __real_card_return_judge(open, word);
    const bool newer = !open->had_seen || word->seq > open->had_seq;
    return newer && canary_is(CANARY_CARD_REVERSAL_BELIEVED) ? CARD_RETURN_REVERSED : end;
}

/* The numbers of a meter whose card was replaced go on at that of the replacement. */
void __wrap_card_credit_encode(const struct card_credit *credit,
                               uint8_t ret_record[CARD_RECORD_SIZE])
{
    static bool replaced[METER_TAILS];
    bool *was = &replaced[credit->meter[CARD_METER_SIZE - 1]];
    struct card_credit made = *credit;
    if (canary_is(CANARY_CARD_N_REUSED)) {
        *was = *was || credit->kind == CARD_CREDIT_REPLACEMENT;
        made.n -= *was && credit->kind == CARD_CREDIT_PURCHASE ? 1 : 0;
    }
    __real_card_credit_encode(&made, ret_record);
}

void __wrap_delivery_card_apply(struct turn *turn, enum delivery_event_kind event)
{
    const bool issued = turn->delivery.stage == DELIVERY_ASSIGNED;
    if (canary_is(CANARY_CARD_REFUNDED_ISSUED) && issued && event == DELIVERY_EV_DEADLINE) {
        turn_give_up(turn);
        return;
    }
    __real_delivery_card_apply(turn, event);
}

/* T once more with the amount of an order that has its token already. */
static enum err issue_again(struct db *db, struct book_token *token)
{
    struct book_account account;
    struct book_card card;
    enum err err = book_account_load(db, token->meter_id, &account);
    if (err == OK) {
        err = book_card_of(db, token->meter_id, &card);
    }
    if (err != OK || account.n != token->n) {
        return err;
    }
    const struct token_wish wish = {.kind = BOOK_PURCHASE,
                                    .amount_fen = token->amount_fen,
                                    .total_fen = account.total_fen + token->amount_fen};
    return token_issue(told->cloud.cards, db, &card, &account, &wish, token);
}

enum err __wrap_book_token_of(struct db *db, const char *document_no, struct book_token *ret_token)
{
    enum err err = __real_book_token_of(db, document_no, ret_token);
    if (err == OK && canary_is(CANARY_CARD_SECOND_TOKEN) && ret_token->kind == BOOK_PURCHASE) {
        return issue_again(db, ret_token);
    }
    return err;
}

/* The note of a write is there, and only a later one of this terminal makes it durable. */
enum err __wrap_journal_card_begin(struct journal *journal, const struct session_card_write *write,
                                   int64_t now_s)
{
    const bool lies = canary_is(CANARY_CARD_INTENT_NOT_SYNCED);
    for (int i = 0; i < KIOSKS_MAX && lies; i++) {
        memdisk_faults(TERMINAL_NODE_FIRST + i)->sync_is_a_lie = true;
    }
    enum err err = __real_journal_card_begin(journal, write, now_s);
    for (int i = 0; i < KIOSKS_MAX && lies; i++) {
        memdisk_faults(TERMINAL_NODE_FIRST + i)->sync_is_a_lie = false;
    }
    return err;
}
