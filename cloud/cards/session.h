/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_SESSION_H
#define SHILLING_CLOUD_CARDS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/id.h"
#include "protocol/api/card.h"
#include "protocol/api/value.h"
#include "protocol/card/uid.h"

/*
 * A card that lies at a terminal, from its laying on. Kept in memory alone: a session proves
 * nothing and holds no key, it only says which card the terminal spoke of. What is being said to a
 * card through a relay, which may be in the middle of a proof and hold the card's key, is kept
 * beside it and is wiped with it: when the terminal's next card is laid, and else by the first call
 * about a card, of any terminal, after the session is over. At most one a terminal.
 */
enum {
    SESSIONS_MAX = 1024, /* terminals with a card at the same time; the oldest gives way */
    /* After the last call about it; above the longest payment and the wait for the card. */
    SESSION_MS = 30 * 60 * 1000,
};

struct card_session {
    char session_id[ID_TEXT_SIZE];
    char terminal_id[API_ID_SIZE];
    char uid[CARD_UID_TEXT_SIZE];
    char meter_id[API_ID_SIZE]; /* "" if the card is not ours */
    uint32_t ready_n;           /* newest token of the meter when the card was found up to date */
    enum api_card_media media;
    bool fit;        /* it was read, and nothing on it speaks against writing to it */
    bool ready;      /* ... and it may be sold to */
    bool has_first;  /* one of its credit slots is true ... */
    uint8_t first;   /* ... and this is the other one */
    int64_t used_ms; /* service clock */
};

struct card_sessions;
struct relay;

/** NULL if there is no memory. */
struct card_sessions *card_sessions_create(void);
/** NULL is allowed. */
void card_sessions_destroy(struct card_sessions *sessions);

/**
 * Keep @p session, in place of the terminal's earlier one; sessions that were over at its used_ms
 * are forgotten. Any thread.
 *
 * @param relay @own taken; NULL: the card is not relayed
 */
void card_sessions_put(struct card_sessions *sessions, const struct card_session *session,
                       struct relay *relay);

/** Note what became of @p session, unless another card was laid at its terminal. Any thread. */
void card_sessions_update(struct card_sessions *sessions, const struct card_session *session);

/** The session of that number at that terminal, if its time is not over: it begins anew now. All
 * sessions whose time is over are forgotten. Any thread. */
MUST_CHECK bool card_sessions_get(struct card_sessions *sessions, const char *session_id,
                                  const char *terminal_id, int64_t now_ms,
                                  struct card_session *ret_session);

/**
 * Take a session's relay in hand. Any thread.
 *
 * @return @own, card_sessions_give_relay(); NULL: somebody else has it, or there is none
 */
MUST_CHECK struct relay *card_sessions_take_relay(struct card_sessions *sessions,
                                                  const char *session_id);
/** Put it back; it is destroyed if the session is over meanwhile. Any thread. */
void card_sessions_give_relay(struct card_sessions *sessions, const char *session_id,
                              struct relay *relay);

#endif
