/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDMETER_VISIT_H
#define SHILLING_EMULATORS_CARDMETER_VISIT_H

#include "emulators/cardmeter/book.h"
#include "emulators/cardmeter/touch.h"

/*
 * A card is held to the meter: what it takes from it and what it gives back. The error words are
 * those of Q/GDW 1365, and one of our own.
 */
enum visit_error {
    VISIT_NO_ERROR = 0,
    VISIT_AUTHENTICATION = 5,
    VISIT_NOT_ISSUED = 7,
    VISIT_TYPE = 8,
    VISIT_BAD_MAC = 10,
    VISIT_OTHER_METER = 11,
    VISIT_OTHER_CUSTOMER = 12,
    VISIT_OTHER_SERIAL = 13,
    VISIT_FORMAT = 14,
    VISIT_NOT_OPENED = 15,
    VISIT_COUNT = 17,
    VISIT_RETURN_NOT_EMPTY = 18,
    VISIT_PULLED_EARLY = 20,
    VISIT_HOARDING = 21,
    VISIT_BELOW_ZERO = 22 /* a reversal of what is used up */
};

enum visit_result {
    VISIT_LOADED,  /* the balance changed */
    VISIT_KNOWN,   /* it was taken before */
    VISIT_STALE,   /* something newer was taken before */
    VISIT_REFUSED, /* see the error word */
    VISIT_RESULT_COUNT
};

struct visit_report {
    enum visit_result result;
    int64_t delta_fen;
    unsigned returned; /* slots or files of the card that now hold the new return record */
};

/** Where a visit stores the books; the moment by the meter's clock. */
struct visit_context {
    const char *dir;
    int64_t now_s;
};

/** An SHL-C1 card. False if the books could not be stored: then nothing was told to the card. */
bool visit_shl(struct book *book, struct touch *touch, const struct visit_context *context,
               struct visit_report *ret_report);

/** The same on a DESFire card: one file for the credit, one for the return record. */
bool visit_desfire(struct book *book, struct touch *touch, const struct visit_context *context,
                   struct visit_report *ret_report);

/** A Q/GDW 1365 purchase card; the same. */
bool visit_purchase(struct book *book, struct touch *touch, const struct visit_context *context,
                    struct visit_report *ret_report);

const char *visit_result_name(enum visit_result result);

#endif
