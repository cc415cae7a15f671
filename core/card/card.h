/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_CARD_CARD_H
#define SHILLING_CORE_CARD_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * What may be done with a laid card: is its meter owed value, must a record be mended, may it be
 * sold to, has the meter taken the last token, and how does a return case stand. Pure: the caller
 * has checked each slot with the keys and looked up our records.
 *
 * A card proves what was written to it, never what was not: its bytes can be copied and put back.
 * So the highest true number counts, an older one only means "write it again", and money goes back
 * on the meter's own word alone.
 */

/* What a slot is worth to somebody with the keys. */
enum card_worth {
    CARD_WORTH_NOTHING, /* not read, empty, torn; or torn so that only its MAC tells (see below) */
    CARD_WORTH_TRUE,
    CARD_WORTH_FORGED, /* whole, and signed by nobody of ours */
    CARD_WORTH_OTHER,  /* true, of another meter */
    CARD_WORTH_COUNT
};

enum { CARD_SLOT_PAIR = 2 };

/*
 * A credit slot. A write that was cut behind the second of three blocks leaves our newest bytes
 * with an older token's MAC and, where nothing else changed, the right CRC: bytes that are one of
 * ours but for the MAC are torn, not forged.
 */
struct card_credit_slot {
    enum card_worth worth;
    uint32_t n;     /* CARD_WORTH_TRUE */
    bool is_newest; /* byte for byte the newest token that was given out */
};

struct card_return_slot {
    enum card_worth worth;
    uint32_t seq;    /* CARD_WORTH_TRUE, and so are the others */
    uint32_t n;      /* Nm */
    bool total_fits; /* Tm is what token Nm said (0 before the first) */
};

struct card_reading {
    bool credit_was_read; /* at least one credit slot */
    struct card_credit_slot credit[CARD_SLOT_PAIR];
    struct card_return_slot returned[CARD_SLOT_PAIR];
};

/* Our records of the meter. */
struct card_facts {
    uint32_t n;       /* newest token that was given out; 0: none */
    bool total_moved; /* it does not say T, or is for another card: a new one must come first */
    bool has_seen;    /* the meter has spoken before */
    uint32_t seen_seq;
    uint32_t seen_n;
    bool owes;           /* paid orders with a number of their own are not proven written */
    bool waits;          /* a paid order has no token yet: it is given out when it is asked for */
    bool return_is_open; /* value is being bought back */
    bool sale_is_open;
    bool is_exchanged; /* the meter that all this is about was taken out for another one */
};

enum card_state { CARD_READY, CARD_OWED, CARD_REPAIR, CARD_REFUSED, CARD_STATE_COUNT };

enum card_reason {
    CARD_REASON_NONE,
    CARD_REASON_NOT_READ,    /* nothing of the card could be read */
    CARD_REASON_BAD_MAC,     /* a record that nobody of ours signed: staff must look */
    CARD_REASON_WRONG_METER, /* a true record, of another meter */
    CARD_REASON_AHEAD,       /* card or meter know a number that we never gave out */
    CARD_REASON_RETURN_CASE, /* no purchase until the meter has taken the reversal */
    CARD_REASON_NOT_LOADED,  /* no purchase until the meter has loaded the last (purchase.h) */
    CARD_REASON_SALE,        /* this meter is not sold to */
    CARD_REASON_EXCHANGED,   /* its meter was exchanged: the new one has an account of its own */
    CARD_REASON_COUNT
};

enum card_loaded { CARD_LOADED_NEVER, CARD_LOADED_NO, CARD_LOADED_YES, CARD_LOADED_COUNT };

struct card_verdict {
    enum card_state state;
    enum card_reason reason; /* refused: why; repair: CARD_REASON_RETURN_CASE takes value back */
    uint32_t proven_n;       /* every token up to this one was written; 0: none proven */
    int news;                /* the return slot that is newer than what we knew; -1: none */
    bool rolled_back;        /* the newest true return record is older than one we have seen */
    bool must_write;         /* owed or repair: the newest token is to be written at once */
    bool correct_first;      /* give out a token with the present T, then judge again */
    enum card_loaded loaded; /* as of the newest word of the meter, this one included */
};

/**
 * Judge a reading.
 * Source: docs/money.md, "A token on a card".
 * Blocks: no. Allocates: no.
 */
struct card_verdict card_judge(const struct card_facts *facts, const struct card_reading *reading);

/**
 * True if both credit slots hold token @p n or a later one of the meter: what a terminal read back
 * after a write proves it.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool card_is_confirmed(const struct card_reading *reading, uint32_t n);

/**
 * How much the meter still takes.
 *
 * @param limit_fen   what it takes at most, > 0
 * @param balance_fen its balance as it last said; below 0 in debt
 * @param coming_fen  given out and not taken by the meter yet
 * @return >= 0
 * Blocks: no. Allocates: no.
 */
int64_t card_headroom(int64_t limit_fen, int64_t balance_fen, int64_t coming_fen);

/* ---- value that is bought back ---- */

struct card_return_open {
    uint32_t n;       /* of the reversal token */
    uint32_t given_n; /* of the newest token that was given out: n, or later */
    bool was_written; /* it, or a later one, was seen on a card */
    bool had_seen;    /* the meter had spoken before it was given out ... */
    uint32_t had_seq; /* ... last with this number */
};

/* Error words of a meter (Q/GDW 1365; the last is of SHL-C1). */
enum {
    CARD_METER_STALE = 17,  /* it has taken something newer: an old card was held to it */
    CARD_METER_PULLED = 20, /* the card was taken away too early */
    CARD_METER_REFUSED = 22 /* the reversal would have left less than nothing */
};

/**
 * True if an error word needs a person: the meter did not take what it was shown, and showing it
 * again does not help. A refused reversal is not among them: it is answered by its case.
 * Blocks: no. Allocates: no.
 */
bool card_error_is_fault(uint8_t error);

/* The newest true return record. */
struct card_meter_word {
    uint32_t seq;
    uint32_t n;
    bool total_fits; /* Tm is what token n said: from the reversal on, all are without the value */
    uint8_t error;   /* the meter's last error word; only CARD_METER_REFUSED speaks of a reversal */
};

enum card_return_end {
    CARD_RETURN_WAITS,
    CARD_RETURN_REVERSED, /* the meter took it: the money may go back */
    CARD_RETURN_REFUSED,  /* the meter did not: T must be restored by a further token */
    CARD_RETURN_END_COUNT
};

/**
 * What the meter's word means for an open return case. Only a word that is newer than the reversal
 * says anything; and a refusal may still be of an earlier one, until the meter can have met this.
 * One beside a number that has the reversal is of a token above it, if there is one.
 * Blocks: no. Allocates: no.
 */
enum card_return_end card_return_judge(const struct card_return_open *open,
                                       const struct card_meter_word *word);

/**
 * "return_case", "bad_mac", ...: the words of the terminal's messages; "" for none.
 * Blocks: no. Allocates: no.
 */
const char *card_reason_name(enum card_reason reason);

#endif
