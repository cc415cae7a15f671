/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: two tables say which texts and which amounts there are and where they stand in the
 * struct, so that reading and writing cannot disagree about a name.
 */
#include "protocol/receipt/receipt.h"

#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum { TIME_MAX = INT32_MAX };

static const char *const KINDS[RECEIPT_KIND_COUNT] = {
    [RECEIPT_CREDITED] = "credited",
    [RECEIPT_PENDING] = "pending",
    [RECEIPT_REFUND_ORDERED] = "refund_ordered",
    [RECEIPT_REFUNDED] = "refunded",
    [RECEIPT_REVIEW] = "review",
};

static const char *const SERVICES[RECEIPT_SERVICE_COUNT] = {
    [RECEIPT_ELECTRICITY] = "electricity",
    [RECEIPT_WATER] = "water",
};

static const char *const CHANNELS[RECEIPT_CHANNEL_COUNT] = {
    [RECEIPT_CHANNEL_NONE] = "",
    [RECEIPT_ALIPAY] = "alipay",
    [RECEIPT_WECHAT] = "wechat",
};

struct text_member {
    const char *name;
    size_t offset;
    size_t size;
};

#define TEXT_MEMBER(member)                                                                        \
    {                                                                                              \
#member, offsetof(struct receipt, member), sizeof(((struct receipt *)NULL)->member)        \
    }

/* Texts that may be absent. */
static const struct text_member TEXTS[] = {
    TEXT_MEMBER(merchant),      TEXT_MEMBER(site),
    TEXT_MEMBER(title),         TEXT_MEMBER(terminal_id),
    TEXT_MEMBER(meter_address), TEXT_MEMBER(customer_masked),
    TEXT_MEMBER(place),         TEXT_MEMBER(channel_trade_no),
    TEXT_MEMBER(refund_no),     TEXT_MEMBER(status_url),
    TEXT_MEMBER(phone),         TEXT_MEMBER(customer_no),
    TEXT_MEMBER(card_tail),     TEXT_MEMBER(claim_code),
};

struct amount_member {
    const char *name;
    size_t offset;
    bool may_be_negative; /* balances of accounts in debt */
};

static const struct amount_member AMOUNTS[] = {
    {"fee_fen", offsetof(struct receipt, fee), false},
    {"credited_fen", offsetof(struct receipt, credited), false},
    {"arrears_fen", offsetof(struct receipt, arrears), false},
    {"balance_before_fen", offsetof(struct receipt, balance_before), true},
    {"balance_after_fen", offsetof(struct receipt, balance_after), true},
};

static struct receipt_amount *amount_at(struct receipt *receipt, size_t offset)
{
    return (struct receipt_amount *)(void *)((char *)receipt + offset);
}

static const struct receipt_amount *amount_of(const struct receipt *receipt, size_t offset)
{
    return (const struct receipt_amount *)(const void *)((const char *)receipt + offset);
}

const char *receipt_kind_name(enum receipt_kind kind)
{
    MUST(kind < RECEIPT_KIND_COUNT);
    return KINDS[kind];
}

/* One of @p count words; absent gives @p fallback, or is refused where that is @p count. */
static size_t read_word(struct json_reader *r, const char *name, const char *const *words,
                        size_t count, size_t fallback)
{
    char word[RECEIPT_WORD_SIZE];
    json_text_or_empty(r, name, word, sizeof(word));
    if (!json_failed(r) && word[0] == '\0' && fallback < count) {
        return fallback;
    }
    for (size_t i = 0; i < count; i++) {
        if (word[0] != '\0' && str_equal(words[i], word)) {
            return i;
        }
    }
    json_refuse(r, name);
    return 0;
}

static void read_amounts(struct json_reader *r, struct receipt *receipt)
{
    for (size_t i = 0; i < ARRAY_COUNT(AMOUNTS); i++) {
        const struct amount_member *member = &AMOUNTS[i];
        int64_t min = member->may_be_negative ? -MONEY_WIRE_FEN_MAX : 0;
        struct receipt_amount *amount = amount_at(receipt, member->offset);
        amount->is_there = json_has(r, member->name);
        if (amount->is_there) {
            amount->money = money_fen(json_int(r, member->name, min, MONEY_WIRE_FEN_MAX));
        }
    }
}

bool receipt_decode(const json_t *object, struct receipt *ret_receipt, const char **ret_field)
{
    struct receipt receipt = {0};
    struct json_reader r = json_reader(object);
    size_t kind = read_word(&r, "kind", KINDS, RECEIPT_KIND_COUNT, /* required */
                            RECEIPT_KIND_COUNT);
    size_t service = read_word(&r, "service", SERVICES, RECEIPT_SERVICE_COUNT, RECEIPT_ELECTRICITY);
    size_t channel =
        read_word(&r, "channel", CHANNELS, RECEIPT_CHANNEL_COUNT, RECEIPT_CHANNEL_NONE);
    receipt.kind = (enum receipt_kind)kind;
    receipt.service = (enum receipt_service)service;
    receipt.channel = (enum receipt_channel)channel;
    json_text(&r, "order_no", receipt.order_no, sizeof(receipt.order_no));
    if (!json_failed(&r) && receipt.order_no[0] == '\0') {
        json_refuse(&r, "order_no");
    }
    receipt.time = json_int(&r, "time", 1, TIME_MAX);
    receipt.amount = money_fen(json_int(&r, "amount_fen", 0, MONEY_WIRE_FEN_MAX));
    for (size_t i = 0; i < ARRAY_COUNT(TEXTS); i++) {
        json_text_or_empty(&r, TEXTS[i].name, (char *)&receipt + TEXTS[i].offset, TEXTS[i].size);
    }
    read_amounts(&r, &receipt);
    receipt.has_price = json_has(&r, "price_e4_yuan");
    receipt.price_e4_yuan =
        json_int_or(&r, "price_e4_yuan", 0, RECEIPT_PRICE_E4_MAX, /* fallback= */ 0);
    receipt.balance_read_at = json_int_or(&r, "balance_read_at", 0, TIME_MAX, 0);
    receipt.has_purchase_count = json_has(&r, "purchase_count");
    receipt.purchase_count =
        (uint32_t)json_int_or(&r, "purchase_count", 0, RECEIPT_COUNT_MAX, /* fallback= */ 0);
    receipt.card_unsure = json_flag_or(&r, "card_unsure", false);
    receipt.copy = (uint32_t)json_int_or(&r, "copy", 0, RECEIPT_COPY_MAX, /* fallback= */ 0);
    *ret_field = json_field(&r);
    if (json_failed(&r)) {
        return false;
    }
    *ret_receipt = receipt;
    return true;
}

json_t *receipt_encode(const struct receipt *receipt)
{
    MUST(receipt->kind < RECEIPT_KIND_COUNT);
    MUST(receipt->channel < RECEIPT_CHANNEL_COUNT);
    json_t *object = json_object();
    MUST(object != NULL);
    json_put_text(object, "kind", KINDS[receipt->kind]);
    json_put_text(object, "service", SERVICES[receipt->service]);
    json_put_text(object, "order_no", receipt->order_no);
    json_put_int(object, "time", receipt->time);
    json_put_int(object, "amount_fen", receipt->amount.fen);
    for (size_t i = 0; i < ARRAY_COUNT(TEXTS); i++) {
        const char *text = (const char *)receipt + TEXTS[i].offset;
        if (text[0] != '\0') {
            json_put_text(object, TEXTS[i].name, text);
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(AMOUNTS); i++) {
        const struct receipt_amount *amount = amount_of(receipt, AMOUNTS[i].offset);
        if (amount->is_there) {
            json_put_int(object, AMOUNTS[i].name, amount->money.fen);
        }
    }
    if (receipt->has_price) {
        json_put_int(object, "price_e4_yuan", receipt->price_e4_yuan);
    }
    if (receipt->channel != RECEIPT_CHANNEL_NONE) {
        json_put_text(object, "channel", CHANNELS[receipt->channel]);
    }
    if (receipt->balance_read_at != 0) {
        json_put_int(object, "balance_read_at", receipt->balance_read_at);
    }
    if (receipt->has_purchase_count) {
        json_put_int(object, "purchase_count", receipt->purchase_count);
    }
    if (receipt->card_unsure) {
        json_put_flag(object, "card_unsure", true);
    }
    json_put_int(object, "copy", receipt->copy);
    return object;
}
