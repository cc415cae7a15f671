/* SPDX-License-Identifier: Apache-2.0 */

/*
 * B5: the card is written, and is to be taken; and the sounds that ask for it, to lay it or to take
 * it. The page does not end while it lies there, but for one that was forgotten.
 */
#include "core/session/session_private.h"

bool session_card_is_to_take(const struct session *session)
{
    bool written_here = !session->order_reopened || session_card_is_known(session);
    return written_here && session->card.pad != SESSION_PAD_EMPTY;
}

void session_card_done(struct session *session, int64_t now_ms)
{
    struct session_card *card = &session->card;
    bool lies = session_card_is_to_take(session);
    card->stage = SESSION_CARD_STAGE_KNOWN;
    card->retry_ms = 0;
    card->give_up_ms = lies ? now_ms + SESSION_CARD_FORGOTTEN_MS : 0;
    card->give_up_total_ms = SESSION_CARD_FORGOTTEN_MS;
    card->remind_ms = lies ? now_ms + SESSION_CARD_TAKE_MS : 0;
}

void session_card_done_lifted(struct session *session, int64_t now_ms)
{
    struct session_card *card = &session->card;
    int64_t total_ms = session_time(session, SESSION_RESULT_MS, SESSION_RESULT_ASSIST_MS);
    card->give_up_ms = 0;
    card->remind_ms = 0;
    session->screen_total_ms = total_ms;
    session->screen_until_ms = now_ms + total_ms;
    session->screen_serial += 1;
}

void session_card_done_laid(struct session *session, struct session_effects *effects,
                            int64_t now_ms)
{
    struct session_card *card = &session->card;
    if (card->pad == SESSION_PAD_CARD && !session_card_is_same(session)) {
        session_leave(session, effects, now_ms); /* the next person is here */
        return;
    }
    if (session_card_is_to_take(session)) {
        session->screen_until_ms = 0;
        session_card_done(session, now_ms);
    }
}

bool session_card_lies_on_done(const struct session *session)
{
    return session->screen == SESSION_SCREEN_CARD_DONE && session_card_is_to_take(session);
}

void session_card_remind(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_card *card = &session->card;
    if (session->screen == SESSION_SCREEN_CARD_DONE) {
        session_effect_sound(effects, SESSION_SOUND_TAKE_CARD);
        card->remind_ms = now_ms + SESSION_CARD_TAKE_MS;
        return;
    }
    bool asks =
        session->screen == SESSION_SCREEN_CARD_PLACE || session->screen == SESSION_SCREEN_CARD_BACK;
    if (asks && card->pad == SESSION_PAD_EMPTY) {
        session_effect_sound(effects, SESSION_SOUND_LAY_CARD);
    }
    int64_t since_ms = session->screen_since_ms;
    bool first = now_ms < since_ms + SESSION_CARD_REMIND_AGAIN_MS;
    card->remind_ms = asks && first ? since_ms + SESSION_CARD_REMIND_AGAIN_MS : 0;
}
