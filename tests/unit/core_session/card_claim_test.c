/* SPDX-License-Identifier: Apache-2.0 */

/* What the pages of a card may claim, and to whom: no money, no "written" that is not true. */
#include "tests/unit/core_session/card_steps.h"

TEST(what_was_read_back_and_is_not_ours_is_never_called_written)
{
    to_card_write();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    CHECK(session.card.written);
    told(false);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_DAMAGED);
    CHECK(!session.card.written); /* the page would say "put it into the meter" */
}

TEST(nor_when_the_server_says_so_after_the_page_of_a_late_answer)
{
    to_card_write();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    tick_at(session.card.give_up_ms);
    check_screen(SESSION_SCREEN_CARD_OWED);
    told(true);
    check_screen(SESSION_SCREEN_CARD_OWED); /* the order's view brings "done" */
    CHECK(session.card.written);
    told(false);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(!session.card.written);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_DAMAGED);
}

TEST_MAIN()
