/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May an order be made for this laid card? The session says that it was read and found up to date;
 * what may have changed since is looked at again, in the commit that makes the order.
 */
#include "cloud/cards/internal.h"
#include "cloud/catalog/catalog.h"
#include "common/must.h"
#include "common/str.h"

static void refuse(struct card_pass *pass, const char *reason)
{
    pass->gate = CARD_GATE_REFUSED;
    str_format_cut(pass->reason, sizeof(pass->reason), "%s", reason);
}

bool gate_takes(const struct catalog_meter *meter, const struct book_account *account,
                int64_t pending_fen, int64_t amount_fen)
{
    if (amount_fen > INT32_MAX || account->total_fen > CARD_TOTAL_FEN_MAX - amount_fen) {
        return false;
    }
    return meter->profile.card_limit_fen == 0 ||
           amount_fen <= gate_headroom(meter, account, pending_fen);
}

int64_t gate_headroom(const struct catalog_meter *meter, const struct book_account *account,
                      int64_t pending_fen)
{
    const int64_t coming_fen = account->total_fen - account->seen_total_fen;
    return card_headroom(meter->profile.card_limit_fen, account->seen_balance_fen,
                         coming_fen + pending_fen);
}

static enum err look(struct db *db, const struct card_wish *wish,
                     const struct card_session *session, struct card_pass *pass)
{
    struct book_card card;
    struct book_account account;
    struct catalog_meter meter;
    bool return_open = false;
    int64_t pending_fen = 0;
    enum err err = book_card_load(db, session->uid, &card);
    if (err == OK) {
        err = book_account_load(db, session->meter_id, &account);
    }
    if (err == OK) {
        err = catalog_meter_get(db, session->meter_id, &meter);
    }
    if (err == OK) {
        err = return_is_open(db, session->meter_id, &return_open);
    }
    if (err == OK) {
        err = book_pending(db, session->meter_id, wish->purchase_id, &pending_fen);
    }
    if (err != OK) {
        return err;
    }
    if (!str_equal(card.state, "open") || !str_equal(card.meter_id, session->meter_id)) {
        refuse(pass, "blocked");
    } else if (account.is_exchanged) {
        refuse(pass, card_reason_name(CARD_REASON_EXCHANGED));
    } else if (return_open) {
        refuse(pass, card_reason_name(CARD_REASON_RETURN_CASE));
    } else if (card.media == API_CARD_CPU && pending_fen > 0) {
        refuse(pass, "not_ready"); /* it carries one purchase at a time, and one is on its way */
    } else if (account.n != session->ready_n) {
        pass->gate = CARD_GATE_OVER; /* something was given out since: read the card again */
    } else if ((card.media == API_CARD_CPU &&
                account.seen_balance_fen > PURCHASE_BALANCE_FEN_MAX - wish->amount_fen) ||
               !gate_takes(&meter, &account, pending_fen, wish->amount_fen)) {
        pass->gate = CARD_GATE_AMOUNT;
    } else {
        pass->gate = CARD_GATE_OPEN;
        bool fits = str_copy(pass->uid, sizeof(pass->uid), card.uid_text);
        MUST(fits);
    }
    return OK;
}

enum err gate_pass(void *self, struct db *db, const struct card_wish *wish,
                   struct card_pass *ret_pass)
{
    struct cards *cards = self;
    struct card_session session;
    struct card_pass pass = {.gate = CARD_GATE_OVER};
    enum err err = OK;
    const bool found = card_sessions_get(cards->sessions, wish->session_id, wish->terminal_id,
                                         db_service_ms(db), &session);
    if (found && (!session.ready || !str_equal(session.meter_id, wish->meter_id))) {
        refuse(&pass, "not_ready");
    } else if (found) {
        err = look(db, wish, &session, &pass);
    }
    if (err == OK) {
        *ret_pass = pass;
    }
    return err;
}
