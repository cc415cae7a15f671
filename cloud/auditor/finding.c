/* SPDX-License-Identifier: Apache-2.0 */
/* The table of findings: names, weights and advice, for the report and for docs/auditor.md. */
#include "cloud/auditor/finding.h"

#include <stddef.h>

#include "common/must.h"

static const struct finding_rule RULES[FOUND_COUNT] = {
    [FOUND_PAID_UNKNOWN] = {"paid_unknown", WEIGHT_DIFFERENCE, SIDE_GAIN,
                            "a wallet was paid for a number that nobody here knows",
                            "pay it back on the wallet's own pages, and close the item of the "
                            "bill (NOT_OURS) with its reference"},
    [FOUND_PAID_NOT_BOOKED] =
        {"paid_not_booked", WEIGHT_DIFFERENCE, SIDE_GAIN,
         "the bill shows a payment of an order that is not paid in the books",
         "query the wallet for this order; its signed answer takes the way of all evidence"},
    [FOUND_SECOND_PAYMENT] = {"second_payment", WEIGHT_DIFFERENCE, SIDE_GAIN,
                              "the bill shows another payment for an order that is paid already, "
                              "and no stray payment owns it",
                              "query the order: a payment that it did not take becomes a stray "
                              "payment; else pay it back on the wallet's own pages"},
    [FOUND_PAYMENT_NOT_IN_BILL] =
        {"payment_not_in_bill", WEIGHT_DIFFERENCE, SIDE_LOSS,
         "the books say paid, and the bills of all days in question do not",
         "query the wallet; if it does not say paid, stop sales and look for forged evidence"},
    [FOUND_PAYMENT_AMOUNT] =
        {"payment_amount", WEIGHT_DIFFERENCE, SIDE_NONE,
         "bill and books name different amounts for one payment",
         "query the wallet; its amount counts; correct by a posting of two persons"},
    [FOUND_BILL_ROW_TWICE] = {"bill_row_twice", WEIGHT_DIFFERENCE, SIDE_NONE,
                              "the same row stands twice in the bills",
                              "fetch the bill again; no row of it may be acted upon"},
    [FOUND_REFUND_NOT_BOOKED] = {"refund_not_booked", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                 "a wallet paid back what the books still hold or have credited",
                                 "query the refund; tell the order what the wallet says"},
    [FOUND_REFUND_NOT_IN_BILL] =
        {"refund_not_in_bill", WEIGHT_DIFFERENCE, SIDE_GAIN,
         "the books say paid back, and the bills of all days in question do not",
         "query the refund by its number; the customer may still wait for the money"},
    [FOUND_REFUND_AMOUNT] = {"refund_amount", WEIGHT_DIFFERENCE, SIDE_NONE,
                             "bill and books name different amounts for the refund",
                             "query the refund; correct by a posting of two persons"},
    [FOUND_REFUNDED_TWICE] =
        {"refunded_twice", WEIGHT_DIFFERENCE, SIDE_LOSS, "a wallet paid back more than was paid",
         "find the second refund number and who asked for it; claim the money back"},
    [FOUND_BILL_MISSING] = {"bill_missing", WEIGHT_BLIND, SIDE_NONE,
                            "a daily bill that must exist by now is not here",
                            "fetch it: shilling-cloud ledger bill WALLET DAY"},
    [FOUND_BILL_UNREADABLE] = {"bill_unreadable", WEIGHT_BLIND, SIDE_NONE, "a bill cannot be read",
                               "fetch it again; keep the broken file"},
    [FOUND_BILL_COPIES_DIFFER] =
        {"bill_copies_differ", WEIGHT_DIFFERENCE, SIDE_NONE,
         "the folder's and the database's copy of one bill have different rows",
         "fetch it again and compare; one of the two was changed"},
    [FOUND_BILL_CHANGED] = {"bill_changed", WEIGHT_NOTE, SIDE_NONE,
                            "a bill was replaced since the last audit",
                            "nothing, if it was fetched again; its rows were judged anew"},
    [FOUND_CREDITED_TWICE] =
        {"credited_twice", WEIGHT_DIFFERENCE, SIDE_LOSS,
         "the ledger credits one payment more than once",
         "find out which credit is real; take the other back with two persons"},
    [FOUND_CREDITED_AND_REFUNDED] = {"credited_and_refunded", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                     "one payment was credited and paid back",
                                     "loss posting; find out how the fence was passed"},
    [FOUND_CREDITED_WITHOUT_PAYMENT] = {"credited_without_payment", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                        "the ledger credits a payment that was never received",
                                        "stop sales; find out who wrote the posting"},
    [FOUND_CREDIT_AMOUNT] = {"credit_amount", WEIGHT_DIFFERENCE, SIDE_NONE,
                             "credited is not what was received",
                             "correct by a posting of two persons"},
    [FOUND_DONE_WITHOUT_CREDIT] =
        {"done_without_credit", WEIGHT_DIFFERENCE, SIDE_GAIN,
         "the order is DONE and the ledger credits nothing",
         "find out whether the customer has it; credit or pay back with two persons"},
    [FOUND_CREDITED_NOT_DONE] =
        {"credited_not_done", WEIGHT_DIFFERENCE, SIDE_NONE,
         "the ledger credits an order that is not DONE",
         "find out where the value is before anything else moves this order"},
    [FOUND_CLOSED_OVER_MONEY] = {"closed_over_money", WEIGHT_DIFFERENCE, SIDE_GAIN,
                                 "the order is CLOSED and money was received for it",
                                 "open a review; pay it back"},
    [FOUND_POSTING_MISSING] = {"posting_missing", WEIGHT_DIFFERENCE, SIDE_NONE,
                               "an event demands a posting that is not there",
                               "correct by a posting of two persons; find out who left it out"},
    [FOUND_POSTING_EXTRA] = {"posting_extra", WEIGHT_DIFFERENCE, SIDE_NONE,
                             "a posting of this document follows from none of its events",
                             "find out who wrote it; reverse it with two persons"},
    [FOUND_POSTING_AMOUNT] =
        {"posting_amount", WEIGHT_DIFFERENCE, SIDE_NONE,
         "a posting has another amount than its event demands, or other accounts",
         "reverse it and post it right with two persons"},
    [FOUND_CREDIT_WITHOUT_ORDER] =
        {"credit_without_order", WEIGHT_DIFFERENCE, SIDE_LOSS,
         "a posting moves customers' money for a document that does not exist",
         "find out who wrote it; reverse it with two persons"},
    [FOUND_RESERVATION_WRONG] = {"reservation_wrong", WEIGHT_DIFFERENCE, SIDE_NONE,
                                 "the reservation does not fit the state of its order",
                                 "look at the delivery; it may hold money for ever"},
    [FOUND_EVENT_GAP] = {"event_gap", WEIGHT_DIFFERENCE, SIDE_NONE,
                         "the journal of events has a hole",
                         "compare with a backup: rows were deleted or lost"},
    [FOUND_EVENT_CHAIN] = {"event_chain", WEIGHT_DIFFERENCE, SIDE_NONE,
                           "an event does not begin where the one before it ended",
                           "compare with a backup: rows were changed or lost"},
    [FOUND_EVENT_NOT_ALLOWED] =
        {"event_not_allowed", WEIGHT_DIFFERENCE, SIDE_NONE,
         "an event leads to a state that the table of states does not know",
         "find out which version wrote it; teach the auditor or correct the order"},
    [FOUND_STATE_NOT_EVENTS] = {"state_not_events", WEIGHT_DIFFERENCE, SIDE_NONE,
                                "the stored order is not what its events make of it",
                                "somebody changed the row: compare with a backup"},
    [FOUND_DELIVERY_NOT_EVENTS] = {"delivery_not_events", WEIGHT_DIFFERENCE, SIDE_NONE,
                                   "the stored delivery is not what its events make of it",
                                   "somebody changed the row: compare with a backup"},
    [FOUND_VOID_UNFENCED] =
        {"void_unfenced", WEIGHT_DIFFERENCE, SIDE_NONE,
         "a delivery that had been sent became VOID without void, quiet and a reading behind them",
         "read the meter: it may have the credit as well"},
    [FOUND_STRAY_NOT_EVENTS] = {"stray_not_events", WEIGHT_DIFFERENCE, SIDE_NONE,
                                "the stored stray payment is not what its events make of it",
                                "somebody changed the row: compare with a backup"},
    [FOUND_ORPHAN_ROWS] = {"orphan_rows", WEIGHT_DIFFERENCE, SIDE_NONE,
                           "rows of a document that does not exist",
                           "compare with a backup: the document was deleted"},
    [FOUND_PAID_WITHOUT_EVIDENCE] =
        {"paid_without_evidence", WEIGHT_DIFFERENCE, SIDE_LOSS,
         "the order became paid and no stored word of the wallet says so",
         "query the wallet; stop sales if it does not say paid"},
    [FOUND_REFUND_WITHOUT_EVIDENCE] =
        {"refund_without_evidence", WEIGHT_DIFFERENCE, SIDE_GAIN,
         "the order counts as paid back and no stored word of the wallet says so",
         "query the refund by its number"},
    [FOUND_EVIDENCE_DIFFERS] =
        {"evidence_differs", WEIGHT_DIFFERENCE, SIDE_NONE,
         "the wallet's raw words say something else than the event made of them",
         "query the wallet; its answer counts"},
    [FOUND_EVIDENCE_IGNORED] =
        {"evidence_ignored", WEIGHT_DIFFERENCE, SIDE_GAIN,
         "the wallet's raw words say paid, and neither an order nor a stray payment took the money",
         "query the wallet for this number; book what it says"},
    [FOUND_EVIDENCE_SEALED] = {"evidence_sealed", WEIGHT_NOTE, SIDE_NONE,
                               "notices sealed with WeChat's API key were not opened",
                               "give --wechat-key to read them; the bill shows the same payments"},
    [FOUND_DECISION_UNSIGNED] = {"decision_unsigned", WEIGHT_DIFFERENCE, SIDE_NONE,
                                 "a decision of two persons lacks their signatures",
                                 "ask both named persons; treat the decision as not made"},
    [FOUND_OPEN_WITHOUT_OWNER] = {"open_without_owner", WEIGHT_DIFFERENCE, SIDE_GAIN,
                                  "money is open and nobody owns the question",
                                  "open a review item for it"},
    [FOUND_OPEN_OVERDUE] = {"open_overdue", WEIGHT_DIFFERENCE, SIDE_GAIN,
                            "an open item is past its deadline",
                            "its owner decides today, or hands it on"},
    [FOUND_STUCK] = {"stuck", WEIGHT_DIFFERENCE, SIDE_GAIN,
                     "the order waits longer than any wait in the rules",
                     "look at the jobs of this order; restart the server if its workers stand"},
    [FOUND_POSTING_UNBALANCED] = {"posting_unbalanced", WEIGHT_DIFFERENCE, SIDE_NONE,
                                  "the legs of a posting do not add up to 0",
                                  "compare with a backup: a leg was changed or lost"},
    [FOUND_ACCOUNT_TOTAL] = {"account_total", WEIGHT_DIFFERENCE, SIDE_NONE,
                             "the kept total of an account is not the sum of its legs",
                             "compare with a backup; rebuild the kept totals"},
    [FOUND_CLEARING_UNEXPLAINED] =
        {"clearing_unexplained", WEIGHT_DIFFERENCE, SIDE_NONE,
         "HELD, REFPAY or SUSPENSE holds money of a document that is settled",
         "open a review item; find the posting that is missing"},
    [FOUND_DAY_IDENTITY] = {"day_identity", WEIGHT_DIFFERENCE, SIDE_NONE,
                            "bill and ledger of a day differ by more than the listed items explain",
                            "look for postings of that day whose document is no order"},
    [FOUND_RECEIPT_UNTRUE] =
        {"receipt_untrue", WEIGHT_DIFFERENCE, SIDE_NONE,
         "a printed receipt says what is not so: never paid, not credited, not paid back",
         "look at the terminal's journal; ask for the paper"},
    [FOUND_RECEIPT_MISSING] =
        {"receipt_missing", WEIGHT_NOTE, SIDE_NONE,
         "orders that are DONE without a report of their receipt",
         "nothing: paper and reports may fail, money does not depend on them"},
    [FOUND_DONE_WITHOUT_PROOF] = {"done_without_proof", WEIGHT_DIFFERENCE, SIDE_GAIN,
                                  "the order is DONE and neither its delivery nor the collector "
                                  "shows that the meter took it",
                                  "read the meter; if it has nothing, pay back with two persons"},
    [FOUND_DELIVERY_NOT_IN_METER] =
        {"delivery_not_in_meter", WEIGHT_DIFFERENCE, SIDE_GAIN,
         "the meter's own record does not show our delivery",
         "read the meter's records on site; pay back or credit with two persons"},
    [FOUND_METER_AMOUNT] = {"meter_amount", WEIGHT_DIFFERENCE, SIDE_NONE,
                            "the meter's record shows another amount under our number",
                            "read the meter's records on site; settle the difference"},
    [FOUND_METER_WITHOUT_DELIVERY] = {"meter_without_delivery", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                      "the meter was credited and none of our deliveries did it",
                                      "ask who else sells to this meter; look for a lost order"},
    [FOUND_METER_CREDITED_TWICE] = {"meter_credited_twice", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                    "the meter's record shows one delivery twice",
                                    "settle with the customer; never resend to this model blindly"},
    [FOUND_REFUNDED_BUT_DELIVERED] = {"refunded_but_delivered", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                      "the order was paid back and the meter has the credit",
                                      "loss posting; find out how the fence was passed"},
    [FOUND_DELIVERY_UNPROVEN] = {"delivery_unproven", WEIGHT_NOTE, SIDE_NONE,
                                 "deliveries that this kind of meter cannot prove by itself",
                                 "read the meter's total when somebody is on site"},
    [FOUND_METER_RECORD_UNREADABLE] = {"meter_record_unreadable", WEIGHT_BLIND, SIDE_NONE,
                                       "a meter's record cannot be read", "read the meter again"},
    [FOUND_JOURNAL_UNREADABLE] = {"journal_unreadable", WEIGHT_BLIND, SIDE_NONE,
                                  "a collector's journal cannot be read",
                                  "copy it again (journal.db with -wal)"},
    [FOUND_JOURNAL_UNKNOWN_COMMAND] = {"journal_unknown_command", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                       "a collector sent a credit that the server never ordered",
                                       "stop this collector; find out who sent the command"},
    [FOUND_JOURNAL_LOST_COMMAND] =
        {"journal_lost_command", WEIGHT_DIFFERENCE, SIDE_NONE,
         "the server has the answer of a command that the collector's journal does not know",
         "compare with the collector's disk: rows were lost or forged"},
    [FOUND_JOURNAL_REPLY_DIFFERS] = {"journal_reply_differs", WEIGHT_DIFFERENCE, SIDE_NONE,
                                     "the server stored another answer than the collector gave",
                                     "read the meter; find out which copy was changed"},
    [FOUND_INTENT_OPEN] = {"intent_open", WEIGHT_DIFFERENCE, SIDE_NONE,
                           "a collector began a credit and never wrote how it ended",
                           "restart the collector: it then reports the command as unknown"},
    [FOUND_REGISTER_FELL] = {"register_fell", WEIGHT_DIFFERENCE, SIDE_NONE,
                             "the energy register of a meter fell between two readings",
                             "was the meter changed? then record it; else read it again on site"},
    [FOUND_PAST_ROW_CHANGED] = {"past_row_changed", WEIGHT_DIFFERENCE, SIDE_NONE,
                                "a settled row is not what it was at an earlier audit",
                                "compare with a backup from that day"},
    [FOUND_PAST_ROW_MISSING] = {"past_row_missing", WEIGHT_DIFFERENCE, SIDE_NONE,
                                "a settled row of an earlier audit is gone",
                                "compare with a backup from that day"},
    /* Cards. */
    [FOUND_CARD_DONE_WITHOUT_TOKEN] =
        {"card_done_without_token", WEIGHT_DIFFERENCE, SIDE_GAIN,
         "the order is DONE and no token of its card meter was given out for it",
         "lay the card at a terminal; credit or pay back with two persons"},
    [FOUND_CARD_DONE_UNSEEN] = {"card_done_unseen", WEIGHT_DIFFERENCE, SIDE_GAIN,
                                "the order is DONE and no reading shows its token, or a later one, "
                                "on the card or in the meter",
                                "lay the card at a terminal: its token is written once more"},
    [FOUND_CARD_TOKEN_WITHOUT_ORDER] =
        {"card_token_without_order", WEIGHT_DIFFERENCE, SIDE_LOSS,
         "a token was given out and no paid order, no return case asked for it",
         "block the card; find out who made the row"},
    [FOUND_CARD_TOKEN_TWICE] = {"card_token_twice", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                "two tokens were given out for one document",
                                "block the card; find out who made the row"},
    [FOUND_CARD_TOKEN_DIFFERS] =
        {"card_token_differs", WEIGHT_DIFFERENCE, SIDE_NONE,
         "a token has another amount, meter, card or number than its order or return case",
         "compare with a backup; correct with two persons"},
    [FOUND_CARD_TOKEN_NUMBER] =
        {"card_token_number", WEIGHT_DIFFERENCE, SIDE_NONE,
         "the numbers of a meter's tokens have a gap, or one is there twice",
         "compare with a backup: rows were deleted or lost"},
    [FOUND_CARD_TOKEN_TOTAL] = {"card_token_total", WEIGHT_DIFFERENCE, SIDE_NONE,
                                "a token's T is not the sum of the amounts up to it",
                                "compare with a backup; the meter takes what the token says"},
    [FOUND_CARD_ACCOUNT] = {"card_account", WEIGHT_DIFFERENCE, SIDE_NONE,
                            "the kept N or T of a card meter is not that of its tokens",
                            "compare with a backup before anything is sold to this meter"},
    [FOUND_CARD_RECORD] = {"card_record", WEIGHT_DIFFERENCE, SIDE_NONE,
                           "the bytes of a token or an issue record are not whole, or say "
                           "something else than their row",
                           "compare with a backup: the row was changed"},
    [FOUND_CARD_MAC] = {"card_mac", WEIGHT_DIFFERENCE, SIDE_NONE,
                        "a token or an issue record has a MAC that is not made with our key",
                        "compare with a backup; who else made records?"},
    [FOUND_CARD_MACS_UNCHECKED] = {"card_macs_unchecked", WEIGHT_NOTE, SIDE_NONE,
                                   "records of cards whose MACs were not checked",
                                   "give --card-key (and --card-key-id) to check them"},
    [FOUND_CARD_METER_AHEAD] =
        {"card_meter_ahead", WEIGHT_DIFFERENCE, SIDE_LOSS,
         "a meter or a card has a number or a total that was never given out",
         "read card and meter on site; the master key may be known to others"},
    [FOUND_CARD_WORD_UNPROVEN] =
        {"card_word_unproven", WEIGHT_DIFFERENCE, SIDE_NONE,
         "what the server keeps as the meter's newest word stands in no reading",
         "compare with a backup; lay the card at a terminal"},
    [FOUND_CARD_WORD_DIFFERS] = {"card_word_differs", WEIGHT_DIFFERENCE, SIDE_NONE,
                                 "two words of one card meter contradict each other",
                                 "read the meter on site: was it exchanged, or copied?"},
    [FOUND_CARD_BALANCE] = {"card_balance", WEIGHT_DIFFERENCE, SIDE_LOSS,
                            "the balance of a card meter rose by more than its tokens gave",
                            "read the meter on site; who else loads it?"},
    [FOUND_CARD_REFUNDED_WITH_TOKEN] = {"card_refunded_with_token", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                        "the order was paid back though its token was given out, "
                                        "by no return case and no two persons",
                                        "block the card; find out how the fence was passed"},
    [FOUND_RETURN_CASE_UNPROVEN] =
        {"return_case_unproven", WEIGHT_DIFFERENCE, SIDE_LOSS,
         "a return case ended and no word of the meter says so",
         "read the meter; take the amount back if it still has the value"},
    [FOUND_RETURN_CASE_BOOKS] =
        {"return_case_books", WEIGHT_DIFFERENCE, SIDE_NONE,
         "the ledger, the token or the payout of a return case is not what its end demands",
         "correct by a posting of two persons"},
    [FOUND_RETURN_PAID_TWICE] = {"return_paid_twice", WEIGHT_DIFFERENCE, SIDE_LOSS,
                                 "value that was bought back was paid more than once",
                                 "claim the money back"},
};

const struct finding_rule *finding_rule(enum finding finding)
{
    MUST(finding < FOUND_COUNT);
    MUST(RULES[finding].name != NULL);
    return &RULES[finding];
}

const char *finding_weight_name(enum finding_weight weight)
{
    static const char *const NAMES[WEIGHT_COUNT] = {
        [WEIGHT_NOTE] = "note", [WEIGHT_BLIND] = "blind", [WEIGHT_DIFFERENCE] = "difference"};
    MUST(weight < WEIGHT_COUNT);
    return NAMES[weight];
}
