/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARD_JUDGE_H
#define SHILLING_PROTOCOL_CARD_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/card/record.h"

/*
 * Which of two mirrored slots counts, and which of them is written first. Both rules need no key:
 * they are the same for terminal, cloud and meter.
 */

enum { CARD_SLOTS = 2 };

enum card_record_kind {
    CARD_RECORD_CREDIT, /* ordered by N */
    CARD_RECORD_RETURN, /* ordered by seq */
    CARD_RECORD_KIND_COUNT
};

/* The bytes of both slots; a slot that could not be read has @p read false and counts as torn. */
struct card_slots {
    bool read[CARD_SLOTS];
    uint8_t bytes[CARD_SLOTS][CARD_RECORD_SIZE];
};

struct card_judgement {
    enum card_slot_state state[CARD_SLOTS];
    uint32_t number[CARD_SLOTS]; /* N or seq of a whole slot, else 0 */
    int winner;                  /* the whole slot with the highest number; -1: none; 0 if equal */
    bool same;                   /* both whole and equal byte for byte: nothing is to be mended */
    bool split;                  /* both whole with one number and different bytes: no honest writer
                                  * leaves that, whoever has the key decides */
};

/** Judge two slots. */
struct card_judgement card_slots_judge(enum card_record_kind kind, const struct card_slots *slots);

/* The order in which two slots are written. */
struct card_write_order {
    uint8_t slot[CARD_SLOTS];
};

/* What is known of slots that their bytes do not show. */
struct card_doubts {
    bool suspect[CARD_SLOTS]; /* its write was interrupted before: its cells may be weakly
                               * programmed, however well it reads now */
    bool untrue[CARD_SLOTS];  /* who has the keys found its MAC wrong when the card was read */
};

/**
 * The stale or bad slot comes first, so that one whole slot is left whenever the card is taken
 * away.
 *
 * @param token    a whole credit record: it is being written, or was the last that was
 * @param doubts   NULL: none
 *
 * A slot with the token's number and other bytes is bad too: it lacks the last block, whose MAC no
 * CRC covers. One that was found untrue is bad unless it holds @p token by now. A suspect slot goes
 * before any other that is whole, but behind a bad one: it may be the only true record on the card.
 * If both slots hold @p token already, the second goes first: it was the last to be written, so if
 * one of them was cut short it was that one.
 */
struct card_write_order card_slots_write_order(const struct card_slots *slots,
                                               const uint8_t token[CARD_RECORD_SIZE],
                                               const struct card_doubts *doubts);

#endif
