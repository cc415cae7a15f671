/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_CARDS_RETURN_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_CARDS_RETURN_STEPS_H

/* The card, the order and the case that the tests of bought-back value are about. */

#include <string.h>

#include "common/str.h"
#include "tests/unit/cloud_cards/card_rig.h"
#include "tests/unit/test.h"

#define PASSWORD "correct horse"

static struct card_rig rig;
static struct laid laid;
static struct api_card_write write;
static char order_no[API_ORDER_NO_SIZE];
static char case_no[64];
static char word[API_WORD_SIZE];

static inline struct test_card begin(void)
{
    card_rig_begin(&rig);
    open_card(UID, API_CARD_CLASSIC);
    return test_card_make(UID);
}

static inline void end(void)
{
    const bool clean = rig_books_are_clean(&rig.rig);
    card_rig_end(&rig);
    CHECK(clean);
}

static inline void check_stage(const char *stage)
{
    char now[24];
    rig_text(&rig.rig, "SELECT stage FROM card_return_case WHERE case_no = ?1", case_no, now,
             sizeof(now));
    CHECK_EQ_STR(now, stage);
}

/* The newest token onto the card. */
static inline void write_newest(struct test_card *card)
{
    bool written = false;
    lay("k1", card, &laid);
    CHECK(laid.has_write);
    burn(card, &laid.write);
    CHECK_EQ_U64(confirm("k1", laid.write.order_no, card, &written, word), 200);
    CHECK(written);
}

/* An order that is issued and not written: CREDITING. */
static inline void buy_and_issue(struct test_card *card)
{
    buy(&rig, "k1", card, FEN, order_no);
    lay("k1", card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
}

#endif
