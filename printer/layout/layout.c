/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: blocks from top to bottom, in the order of the fields of the grid companies' slips: who,
 * what and when; the account; the money; the balance; the payment; what it all means in one large
 * line and a sentence; where to ask. Each block prints only what the receipt holds.
 */
#include "printer/layout/layout.h"

#include "common/civil.h"
#include "common/must.h"
#include "common/str.h"
#include "printer/layout/paper.h"
#include "printer/layout/words.h"

enum {
    VALUE_SIZE = 96,
    LARGE_GAP_DOTS = 14,
    FORM_VERSION = 3, /* printed at the foot; raise it when the form changes */
};

/* What is particular to a kind of slip. */
struct kind_words {
    enum word title; /* WORD_NONE: the receipt's own, or by service */
    enum word state;
    enum word sentence;
    const char *english;
};

static const struct kind_words KINDS[RECEIPT_KIND_COUNT] = {
    [RECEIPT_CREDITED] = {WORD_NONE, WORD_STATE_CREDITED, WORD_SAY_CREDITED, "CREDITED"},
    [RECEIPT_PENDING] = {WORD_TITLE_PENDING, WORD_STATE_PENDING, WORD_SAY_PENDING,
                         "PAID, NOT YET CREDITED. DO NOT PAY AGAIN."},
    [RECEIPT_REFUND_ORDERED] = {WORD_TITLE_REFUND_ORDERED, WORD_STATE_REFUND_ORDERED,
                                WORD_SAY_REFUND_ORDERED, "NOT CREDITED. REFUND ORDERED."},
    [RECEIPT_REFUNDED] = {WORD_TITLE_REFUNDED, WORD_STATE_REFUNDED, WORD_SAY_REFUNDED,
                          "NOT CREDITED. REFUNDED."},
    [RECEIPT_REVIEW] = {WORD_TITLE_REVIEW, WORD_STATE_REVIEW, WORD_SAY_REVIEW,
                        "PAID, UNDER REVIEW. DO NOT PAY AGAIN."},
};

/* The same where a card carries the value to the meter, as far as it says something else then. */
static const struct kind_words CARD_CREDITED = {WORD_NONE, WORD_STATE_CARD_CREDITED,
                                                WORD_SAY_CARD_CREDITED,
                                                "WRITTEN TO YOUR CARD. PUT IT INTO THE METER."};
static const struct kind_words CARD_PENDING = {WORD_TITLE_CARD_PENDING, WORD_STATE_CARD_PENDING,
                                               WORD_SAY_CARD_PENDING,
                                               "PAID, NOT ON THE CARD YET. DO NOT PAY AGAIN. "
                                               "LAY THE CARD ON ANY MACHINE."};
static const struct kind_words CARD_UNSURE = {WORD_TITLE_CARD_UNSURE, WORD_STATE_CARD_UNSURE,
                                              WORD_SAY_CARD_UNSURE,
                                              "PAID, MAYBE ON THE CARD. DO NOT PAY AGAIN. "
                                              "LAY THE CARD AGAIN TO BE SURE."};

static const struct kind_words *words_of(const struct receipt *receipt)
{
    bool card = receipt->card_tail[0] != '\0';
    if (card && receipt->kind == RECEIPT_CREDITED) {
        return &CARD_CREDITED;
    }
    if (card && receipt->kind == RECEIPT_PENDING) {
        return receipt->card_unsure ? &CARD_UNSURE : &CARD_PENDING;
    }
    return &KINDS[receipt->kind];
}

static const struct escpos_style PLAIN = {.width = 1, .height = 1};
static const struct escpos_style STRONG = {.width = 1, .height = 1, .bold = true};
static const struct escpos_style TALL = {.width = 1, .height = 2, .bold = true};
static const struct escpos_style LARGE = {.width = 2, .height = 2, .bold = true};

static void pair(struct paper *paper, enum word label, const char *value)
{
    paper_pair(paper, word_text(label), value, /* scale= */ 1, /* bold= */ false);
}

/* The yuan sign and "12.30"; a minus before both for an account in debt. */
static void yuan_format(struct money money, char ret_text[VALUE_SIZE])
{
    char digits[MONEY_TEXT_SIZE];
    const char *text = money_format_yuan(money, digits);
    bool negative = text[0] == '-';
    bool fits = str_format(ret_text, VALUE_SIZE, "%s%s%s", negative ? "-" : "",
                           word_text(WORD_YUAN), negative ? text + 1 : text);
    MUST(fits);
}

static void amount_pair(struct paper *paper, enum word label, const struct receipt_amount *amount,
                        bool bold)
{
    if (amount->is_there) {
        char text[VALUE_SIZE];
        yuan_format(amount->money, text);
        paper_pair(paper, word_text(label), text, /* scale= */ 1, bold);
    }
}

static void time_pair(struct paper *paper, enum word label, int64_t wall_s)
{
    if (wall_s > 0) {
        char when[CIVIL_TEXT_SIZE];
        char text[VALUE_SIZE];
        bool fits = str_format(text, sizeof(text), "%s +08:00", civil_format_beijing(wall_s, when));
        MUST(fits);
        pair(paper, label, text);
    }
}

static void head(struct paper *paper, const struct receipt *receipt)
{
    bool is_water = receipt->service == RECEIPT_WATER;
    enum word title = words_of(receipt)->title;
    const char *text = word_text(title);
    if (title == WORD_NONE) {
        text = receipt->title[0] != '\0' ? receipt->title
               : is_water                ? word_text(WORD_TITLE_WATER)
                                         : word_text(WORD_TITLE_ELECTRICITY);
    }
    paper_centre(paper, &STRONG, receipt->merchant);
    paper_centre(paper, &PLAIN, receipt->site);
    escpos_feed(paper->job, 1);
    paper_centre(paper, &LARGE, text);
    escpos_feed_dots(paper->job, LARGE_GAP_DOTS);
    if (receipt->copy > 0) {
        char copy[VALUE_SIZE];
        struct escpos_style style = TALL;
        style.reverse = true;
        bool fits =
            str_format(copy, sizeof(copy), "  %s%u%s  COPY %u  ", word_text(WORD_COPY_BEGIN),
                       (unsigned)receipt->copy, word_text(WORD_COPY_END), (unsigned)receipt->copy);
        MUST(fits);
        paper_centre(paper, &style, copy);
        escpos_feed_dots(paper->job, LARGE_GAP_DOTS);
    }
    paper_rule(paper);
}

static void account(struct paper *paper, const struct receipt *receipt)
{
    bool is_water = receipt->service == RECEIPT_WATER;
    pair(paper, WORD_TERMINAL, receipt->terminal_id);
    pair(paper, WORD_ORDER_NO, receipt->order_no);
    time_pair(paper, WORD_TIME, receipt->time);
    pair(paper, WORD_SERVICE, word_text(is_water ? WORD_WATER : WORD_ELECTRICITY));
    pair(paper, is_water ? WORD_METER_WATER : WORD_METER_ELECTRICITY, receipt->meter_address);
    pair(paper, WORD_CARD, receipt->card_tail);
    pair(paper, WORD_CUSTOMER_NO, receipt->customer_no);
    pair(paper, WORD_CUSTOMER, receipt->customer_masked);
    pair(paper, WORD_PLACE, receipt->place);
    paper_rule(paper);
}

static void price(struct paper *paper, const struct receipt *receipt)
{
    if (!receipt->has_price) {
        return;
    }
    char digits[MONEY_TEXT_SIZE];
    char text[VALUE_SIZE];
    enum word unit = receipt->service == RECEIPT_WATER ? WORD_PER_M3 : WORD_PER_KWH;
    bool fits = str_format(text, sizeof(text), "%s %s",
                           money_format_price(receipt->price_e4_yuan, digits), word_text(unit));
    MUST(fits);
    pair(paper, WORD_PRICE, text);
}

static void money(struct paper *paper, const struct receipt *receipt)
{
    char text[VALUE_SIZE];
    yuan_format(receipt->amount, text);
    paper_pair(paper, word_text(WORD_AMOUNT), text, /* scale= */ 2, /* bold= */ true);
    escpos_feed_dots(paper->job, LARGE_GAP_DOTS); /* large lines have no gap of their own */
    bool has_fee = receipt->fee.is_there && receipt->fee.money.fen != 0;
    if (has_fee) {
        amount_pair(paper, WORD_FEE, &receipt->fee, /* bold= */ false);
    }
    if (receipt->kind == RECEIPT_CREDITED) {
        amount_pair(paper, WORD_CREDITED, &receipt->credited, /* bold= */ false);
        if (receipt->arrears.is_there && receipt->arrears.money.fen != 0) {
            amount_pair(paper, WORD_ARREARS, &receipt->arrears, /* bold= */ false);
        }
    }
    price(paper, receipt);
    paper_rule(paper);
}

static void balance(struct paper *paper, const struct receipt *receipt)
{
    bool credited = receipt->kind == RECEIPT_CREDITED;
    bool has_count = credited && receipt->has_purchase_count;
    bool has_after = credited && receipt->balance_after.is_there;
    if (!receipt->balance_before.is_there && !has_after && !has_count) {
        return;
    }
    amount_pair(paper, credited ? WORD_BALANCE_BEFORE : WORD_BALANCE_LAST, &receipt->balance_before,
                /* bold= */ false);
    if (has_after) {
        amount_pair(paper, WORD_BALANCE_AFTER, &receipt->balance_after, /* bold= */ true);
    }
    time_pair(paper, WORD_BALANCE_TIME, receipt->balance_read_at);
    if (has_count) {
        char text[VALUE_SIZE];
        bool fits = str_format(text, sizeof(text), "%u", (unsigned)receipt->purchase_count);
        MUST(fits);
        pair(paper, WORD_PURCHASE_COUNT, text);
    }
    paper_rule(paper);
}

static void payment(struct paper *paper, const struct receipt *receipt)
{
    if (receipt->channel != RECEIPT_CHANNEL_NONE) {
        pair(paper, WORD_CHANNEL,
             word_text(receipt->channel == RECEIPT_ALIPAY ? WORD_ALIPAY : WORD_WECHAT));
    }
    pair(paper, WORD_TRADE_NO, receipt->channel_trade_no);
    pair(paper, WORD_REFUND_NO, receipt->refund_no);
    paper_rule(paper);
}

static void verdict(struct paper *paper, const struct receipt *receipt)
{
    const struct kind_words *words = words_of(receipt);
    escpos_feed_dots(paper->job, LARGE_GAP_DOTS);
    paper_centre(paper, &LARGE, word_text(words->state));
    escpos_feed_dots(paper->job, LARGE_GAP_DOTS);
    paper_centre(paper, &PLAIN, words->english);
    paper_centre(paper, &PLAIN, word_text(words->sentence));
    bool waits = words == &CARD_PENDING || words == &CARD_UNSURE;
    bool claims = waits && receipt->claim_code[0] != '\0';
    if (claims) {
        escpos_feed_dots(paper->job, LARGE_GAP_DOTS);
        paper_pair(paper, word_text(WORD_CLAIM_CODE), receipt->claim_code, /* scale= */ 2,
                   /* bold= */ true);
    }
}

static void foot(struct paper *paper, const struct receipt *receipt, const char *print_id)
{
    char text[VALUE_SIZE * 2];
    if (receipt->status_url[0] != '\0') {
        paper_qr(paper, receipt->status_url);
        paper_centre(paper, &PLAIN, word_text(WORD_SCAN));
    }
    paper_rule(paper);
    if (receipt->phone[0] != '\0') {
        bool fits = str_format(text, sizeof(text), "%s  %s", word_text(WORD_PHONE), receipt->phone);
        MUST(fits);
        paper_centre(paper, &STRONG, text);
    }
    paper_centre(paper, &PLAIN, word_text(WORD_NOT_AN_INVOICE));
    bool fits = str_format(text, sizeof(text), "%s %s  V%d", word_text(WORD_PRINT_ID), print_id,
                           FORM_VERSION);
    MUST(fits);
    paper_centre(paper, &PLAIN, text);
}

bool layout_receipt(const struct receipt *receipt, const struct layout_paper *paper,
                    const char *print_id, struct escpos_job *job)
{
    MUST(receipt->kind < RECEIPT_KIND_COUNT);
    MUST(paper->columns == PAPER_COLUMNS_80MM || paper->columns == PAPER_COLUMNS_58MM);
    struct paper sheet = {.job = job, .columns = paper->columns, .charset = paper->charset};
    head(&sheet, receipt);
    account(&sheet, receipt);
    money(&sheet, receipt);
    balance(&sheet, receipt);
    payment(&sheet, receipt);
    verdict(&sheet, receipt);
    foot(&sheet, receipt, print_id);
    return !sheet.failed && !job->failed;
}
