/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_SIMPLE_H
#define SHILLING_EMULATORS_CARDREADER_SIMPLE_H

#include <stdbool.h>

/*
 * Things that people lay on a reader by mistake: a phone (its UID begins with 08 and is drawn anew
 * each time the field comes up; it knows a payment directory) and a bank card. Neither is to be
 * touched by a top-up, so they know one SELECT and refuse the rest.
 */
struct simple {
    bool selected;
};

struct card_kind;
extern const struct card_kind PHONE_KIND;
extern const struct card_kind BANK_KIND;

#endif
