/* SPDX-License-Identifier: Apache-2.0 */

/* The promises that the pages of a card must keep. */
#include "tests/unit/kiosk/pages.h"

/* docs/money.md: a refund, and a credit, are promised only where they are certain. */
TEST(a_card_page_promises_only_what_is_so)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    CHECK(says(ui, "card-owed", "goes back to you"));
    CHECK(!says(ui, "card-owed-issued", "goes back to you"));
    CHECK(says(ui, "card-owed-issued", "do not pay again"));
    CHECK(says(ui, "card-owed-issued", "270042"));
    CHECK(!says(ui, "card-owed-written", "goes back to you"));
    CHECK(says(ui, "card-owed-written", "not confirmed yet"));
    CHECK(says(ui, "card-owed", "Not on the card yet"));
    static const char *const unsure[] = {"card-owed-unsure", "card-owed-unsure-early",
                                         "card-owed-unsure-damaged"};
    for (size_t i = 0; i < ARRAY_COUNT(unsure); i++) {
        CHECK(says(ui, unsure[i], "may be on the card already"));
        CHECK(!says(ui, unsure[i], "Not on the card yet"));
        CHECK(!says(ui, unsure[i], "goes back to you"));
    }
    CHECK(says(ui, "card-owed-unsure", "lay it again to be sure"));
    CHECK(says(ui, "card-owed-unsure-early", "was taken too early"));
    CHECK(!says(ui, "card-owed-unsure-early", "not finished"));
    CHECK(!says(ui, "card-owed-unsure-damaged", "lay it again"));
    CHECK(!says(ui, "card-confirming", "is on your card"));
    CHECK(says(ui, "card-done", "is on your card"));
    CHECK(says(ui, "card-done", "take your card"));
    CHECK(!says(ui, "card-done", "Done"));
    CHECK(says(ui, "card-done-taken", "Done"));
    CHECK(says(ui, "card-done-owed", "Nothing more is to be paid"));
    CHECK(says(ui, "card-back-other", "not the card from before"));
    CHECK(says(ui, "card-back", "1C2D"));
    CHECK(says(ui, "card-pay", "You may take the card now"));
    CHECK(says(ui, "card-place-two", "only one meter card"));
    CHECK(says(ui, "problem-card-full", "No money was taken"));
    CHECK(!says(ui, "card-write", "Cancel"));
    CHECK(says(ui, "card-not-loaded", "not in the meter yet"));
    CHECK(!says(ui, "card-not-loaded", "is in the meter"));
    CHECK(says(ui, "orders-cards", "Paid, waits for its card"));
    CHECK(says(ui, "orders-cards", "Written to the card"));
    CHECK(!says(ui, "orders-cards", "to the meter"));
    CHECK(!says(ui, "home-cards", "RF"));
    CHECK(says(ui, "card-done-found", "was written to your card"));
    CHECK(says(ui, "card-done-found", "Done"));
    CHECK(!says(ui, "card-done-found", "Now put the card"));
    ui_destroy(ui);
}

TEST(a_card_page_sells_nothing_that_cannot_be_written)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    CHECK(says(ui, "card", "Other"));
    CHECK(says(ui, "card-reader-down", "Card reader under repair"));
    CHECK(!says(ui, "card-reader-down", "Other"));
    CHECK(says(ui, "card-full", "cannot take more just now"));
    CHECK(!says(ui, "card-full", "Other"));
    ui_destroy(ui);
}

/* Nothing was bought by it: no money came, nothing is owed, nothing is printed. */
TEST(a_mere_repair_speaks_of_no_money)
{
    static const char *const pages[] = {"card-write-repair", "card-back-repair", "card-owed-repair",
                                        "card-owed-repair-damaged", "card-done-repair"};
    static const char *const words[] = {"money has arrived", "pay again",  "slip",   "Receipt",
                                        "receipt",           "Claim code", "Order ", "Pay"};
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    for (size_t i = 0; i < ARRAY_COUNT(pages); i++) {
        CHECK(says(ui, pages[i], "in order"));
        for (size_t w = 0; w < ARRAY_COUNT(words); w++) {
            if (says(ui, pages[i], words[w])) {
                TEST_FAIL("%s says \"%s\"", pages[i], words[w]);
            }
        }
    }
    ui_destroy(ui);
}

/* What no terminal can write is not sent to another one. */
TEST(an_owed_card_that_cannot_be_written_goes_to_the_office)
{
    static const struct {
        const char *page;
        const char *title;
        const char *advice;
    } owed[] = {
        {"card-owed-damaged", "This card is damaged", "the office gives you a new card"},
        {"card-owed-blocked", "This card is blocked", "ask the office"},
        {"card-owed-lost", "reported as lost", "ask the office"},
        {"card-owed-replaced", "a newer card", "use the new card"},
        {"card-owed-forged", "cannot be read rightly", "looked at in the office"},
        {"card-owed-return-case", "is being taken back", "see the office"},
        {"card-owed-refused", "cannot be topped up just now", "请带身份证到营业厅核对"},
        {"card-owed-repair-damaged", "This card is damaged", "the office gives you a new card"},
    };
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    for (size_t i = 0; i < ARRAY_COUNT(owed); i++) {
        CHECK(!says(ui, owed[i].page, "any of our machines"));
        CHECK(says(ui, owed[i].page, owed[i].title));
        CHECK(says(ui, owed[i].page, owed[i].advice));
    }
    CHECK(says(ui, "card-owed-damaged", "do not pay again"));
    CHECK(says(ui, "card-owed", "any of our machines"));
    ui_destroy(ui);
}

TEST(a_card_that_takes_a_top_up_back_goes_to_the_meter_and_then_to_the_office)
{
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    static const char *const pages[] = {"card-write-return", "card-back-return", "card-owed-return",
                                        "card-done-return", "card-done-return-taken"};
    for (size_t i = 0; i < ARRAY_COUNT(pages); i++) {
        CHECK(says(ui, pages[i], "A top-up is being taken back"));
        CHECK(!says(ui, pages[i], "in order"));
        CHECK(!says(ui, pages[i], "Top up more"));
    }
    CHECK(says(ui, "card-done-return", "into your meter first, then see the office"));
    CHECK(says(ui, "card-done-return-taken", "take the card to the office"));
    ui_destroy(ui);
}

/* What is to be done is shown, also in the longer language: the words leave room for it. */
TEST(a_page_of_an_owed_card_keeps_its_picture)
{
    static const char *const pages[] = {"card-owed",          "card-owed-issued",
                                        "card-owed-unsure",   "card-owed-unsure-early",
                                        "card-owed-no-paper", "card-owed-repair",
                                        "card-owed-return",   "card-back",
                                        "card-back-early",    "card-back-other",
                                        "card-back-reader",   "card-write",
                                        "card-write-owed",    "card-confirming-offline",
                                        "card-confirming",    "card-done",
                                        "card-done-owed"};
    open_states();
    struct ui *ui = open_ui(1080, 1920);
    for (size_t i = 0; i < ARRAY_COUNT(pages); i++) {
        if (!says(ui, pages[i], "Card 1C2D")) {
            TEST_FAIL("%s has no picture", pages[i]);
        }
    }
    ui_destroy(ui);
}

TEST_MAIN()
