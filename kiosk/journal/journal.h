/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_JOURNAL_JOURNAL_H
#define SHILLING_KIOSK_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "core/session/session.h"

/*
 * The terminal's own journal: the orders it asked for and has not yet seen to their end, and the
 * last profile, so that the first page after a start needs no network. It is not a truth about
 * money (the server has that); it is what lets a kiosk that was switched off in the middle ask
 * for the right order again. SQLite in WAL mode with synchronous=FULL: a number is on the disk
 * before its first byte leaves. Each write to a card stands there too: its token before the reader
 * gets it, what was read back before the server is told, until the server has acknowledged it.
 */
struct journal;

enum {
    JOURNAL_WHY_SIZE = 512,
    JOURNAL_PROFILE_SIZE = 16384,
    JOURNAL_CARD_BODY_SIZE = 12288, /* 16 relayed answers in hex */
    JOURNAL_KEEP_COUNT = 1000,      /* settled orders kept for the field engineer */
};

struct journal_order {
    char client_request_id[SESSION_UUID_SIZE];
    char order_no[SESSION_ORDER_NO_SIZE]; /* empty: the server's answer was never seen */
    int64_t begun_wall_s;
};

/**
 * Open or create the journal. A damaged file is moved aside (its new name is in @p ret_why, with
 * OK as the result) and a new one begun: a broken journal must not keep a kiosk from selling. One
 * that the disk does not give (ERR_IO) is not damaged, and stays where it is.
 *
 * @param ret_journal  @own, journal_close()
 * @param ret_why      what is wrong and what to do; "" if nothing is
 * @return ERR_EXISTS another program has it open; ERR_DENIED, ERR_FULL, ERR_IO, ERR_MEMORY
 * Blocks: a new journal until it is synced; an existing one is only read. Allocates: yes.
 */
MUST_CHECK enum err journal_open(const char *path, int64_t now_wall_s, struct journal **ret_journal,
                                 char ret_why[JOURNAL_WHY_SIZE]);

/** NULL is allowed. */
void journal_close(struct journal *journal);

/**
 * Remember that an order is about to be asked for. OK means that it is on the disk: only then may
 * the request leave. The same client_request_id again changes nothing.
 */
MUST_CHECK enum err journal_save(struct journal *journal, const struct session_create *create,
                                 int64_t now_wall_s);

/** The server has given the order its number. */
MUST_CHECK enum err journal_set_order_no(struct journal *journal, const char *client_request_id,
                                         const char *order_no);

/** The tenant has seen how it ended (or it is too old): not to be shown again after a start. */
MUST_CHECK enum err journal_settle(struct journal *journal, const char *client_request_id);

/** The newest order that is not settled; ERR_NOT_FOUND if there is none. */
MUST_CHECK enum err journal_find_open(struct journal *journal, struct journal_order *ret_order);

/* A write to a card that the server has not acknowledged. */
struct journal_card {
    int64_t seq; /* in the order of their beginning */
    char id[SESSION_UUID_SIZE];
    char order_no[SESSION_ORDER_NO_SIZE];
    char uid[SESSION_UID_SIZE];
    char body[JOURNAL_CARD_BODY_SIZE]; /* what the server is to be told; empty: cut short */
};

/**
 * Remember that a token is about to be written to a card. OK means that it is on the disk: only
 * then may the reader get it. The same id again changes nothing.
 */
MUST_CHECK enum err journal_card_begin(struct journal *journal,
                                       const struct session_card_write *write, int64_t now_wall_s);

/** How the write ended, in the words that the server is told; synced before it is. */
MUST_CHECK enum err journal_card_end(struct journal *journal, const char *id, const char *body);

/** The server has it, or has refused it for good (@p refused): not to be told again. */
MUST_CHECK enum err journal_card_told(struct journal *journal, const char *id, bool refused);

/**
 * The oldest write behind @p seq (0: of all) that is not told; ERR_NOT_FOUND if there is none.
 * ERR_FORMAT: its row makes no sense, and only @p ret_card->seq is set: go on behind that.
 */
MUST_CHECK enum err journal_card_next(struct journal *journal, int64_t seq,
                                      struct journal_card *ret_card);

/** Keep the profile's JSON text for the next start. */
MUST_CHECK enum err journal_put_profile(struct journal *journal, const char *text);

/** ERR_NOT_FOUND if none was kept. */
MUST_CHECK enum err journal_get_profile(struct journal *journal,
                                        char ret_text[JOURNAL_PROFILE_SIZE]);

#endif
