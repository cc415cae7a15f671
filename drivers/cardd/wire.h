/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_WIRE_H
#define SHILLING_DRIVERS_CARDD_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "protocol/card/judge.h"
#include "protocol/card/uid.h"
#include "protocol/cardlink/cardlink.h"

/*
 * Between supervisor and worker: a socket pair that keeps messages apart (SOCK_SEQPACKET), one
 * byte of kind and a text.
 */
enum wire_kind {
    WIRE_BEAT = 'B',    /* worker: I live */
    WIRE_REPORT = 'L',  /* worker: a line for the kiosk */
    WIRE_COUNT = 'C',   /* worker: the number of what is to be counted once more */
    WIRE_FAILED = 'F',  /* worker: the reader did not let itself be opened */
    WIRE_SUSPECT = 'S', /* both: slots of a card whose write may have been cut short */
    WIRE_REQUEST = 'R', /* supervisor: a line of the kiosk */
    WIRE_HOLD = 'H',    /* supervisor: leave the reader closed, its power goes */
    WIRE_OPEN = 'O',    /* supervisor: it may be opened, and that at once */
};

struct wire_message {
    char kind;
    char text[CARDLINK_LINE_SIZE]; /* a NUL behind it */
    size_t size;
};

enum wire_result { WIRE_GOT, WIRE_EMPTY, WIRE_CLOSED };

/**
 * Send; false if the other side is gone, or (with @p wait false) does not take it now.
 *
 * Blocks: if asked to wait. Allocates: no.
 */
MUST_CHECK bool wire_send(int fd, enum wire_kind kind, const char *text, size_t size, bool wait);
/**
 * Take one message that has come. Does not wait.
 *
 * Blocks: no. Allocates: no.
 */
MUST_CHECK enum wire_result wire_take(int fd, struct wire_message *ret_message);

/* Slots of a card that are in doubt. */
struct wire_suspect {
    struct card_uid uid;
    bool slot[CARD_SLOTS];
};

enum { WIRE_SUSPECT_SIZE = CARD_UID_TEXT_SIZE + 1 + CARD_SLOTS };

void wire_suspect_format(const struct wire_suspect *suspect, char ret_text[WIRE_SUSPECT_SIZE]);
MUST_CHECK bool wire_suspect_parse(const char *text, struct wire_suspect *ret_suspect);

/* What is known of the last cards that were written. The oldest is forgotten first. */
enum { WIRE_SUSPECTS_MAX = 32 };

struct wire_suspects {
    struct wire_suspect all[WIRE_SUSPECTS_MAX];
    size_t count;
    size_t next;
};

void wire_suspects_note(struct wire_suspects *suspects, const struct wire_suspect *suspect);
/**
 * The entry of a card; all false if there is none.
 *
 * Blocks: no. Allocates: no.
 */
struct wire_suspect wire_suspects_find(const struct wire_suspects *suspects,
                                       const struct card_uid *uid);

#endif
