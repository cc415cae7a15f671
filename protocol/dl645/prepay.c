/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A model is one row: which proof, which unit, which error words. The layouts themselves are in
 * layout.c; the proof decides which of the two that share DI 070102FF is filled.
 */

#include "protocol/dl645/prepay.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/status.h"

/* Family P: one byte, a number and not bits. */
enum {
    P_ERROR_COUNT = 0x80,
    P_ERROR_CUSTOMER = 0x81,
    P_ERROR_LIMIT = 0x82,
    P_ERROR_LENGTH = 0x84,
};

static const struct dl645_prepay_model models[] = {
    {.name = "standard", .proof = DL645_PROOF_PURCHASE_COUNT, .units_per_fen = 1, .has_mac = true},
    {.name = "p", .proof = DL645_PROOF_PURCHASE_COUNT, .units_per_fen = 1, .has_cipher = true},
    {.name = "p4", .proof = DL645_PROOF_PURCHASE_COUNT, .units_per_fen = 100, .has_cipher = true},
    {.name = "q", .proof = DL645_PROOF_ORDER_NUMBER, .units_per_fen = 1, .has_refund = true},
};

const struct dl645_prepay_model *dl645_prepay_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(models); i++) {
        if (str_equal(models[i].name, name)) {
            return &models[i];
        }
    }
    return NULL;
}

static bool recharge_di(const struct dl645_prepay_model *model, enum dl645_recharge_kind kind,
                        uint32_t *ret_di)
{
    switch (kind) {
    case DL645_RECHARGE:
        *ret_di = DL645_DI_RECHARGE;
        return true;
    case DL645_OPEN_ACCOUNT:
        *ret_di = DL645_DI_OPEN_ACCOUNT;
        return model->proof == DL645_PROOF_PURCHASE_COUNT;
    case DL645_REFUND:
        *ret_di = DL645_DI_REFUND;
        return model->has_refund;
    case DL645_RECHARGE_KIND_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* Decimal digits of exactly @p size - 1 characters. */
static bool digits_copy(char *ret_text, size_t size, const char *digits)
{
    if (digits == NULL || strlen(digits) != size - 1 || strspn(digits, "0123456789") != size - 1) {
        return false;
    }
    return str_copy(ret_text, size, digits);
}

static enum err proof_fill(const struct dl645_prepay_model *model,
                           const struct dl645_recharge *recharge, struct dl645_message *message)
{
    switch (model->proof) {
    case DL645_PROOF_PURCHASE_COUNT:
        if (recharge->count == 0) {
            return ERR_RANGE;
        }
        message->purchase_count = recharge->count;
        message->fields |= DL645_HAS(DL645_FIELD_PURCHASE_COUNT) | DL645_HAS(DL645_FIELD_CUSTOMER);
        return digits_copy(message->customer, sizeof(message->customer), recharge->customer)
                   ? OK
                   : ERR_FORMAT;
    case DL645_PROOF_ORDER_NUMBER:
        message->fields |= DL645_HAS(DL645_FIELD_ORDER) | DL645_HAS(DL645_FIELD_METER);
        return digits_copy(message->order, sizeof(message->order), recharge->order) &&
                       digits_copy(message->meter, sizeof(message->meter), recharge->address)
                   ? OK
                   : ERR_FORMAT;
    case DL645_PROOF_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

enum err dl645_recharge_build(const struct dl645_prepay_model *model, enum dl645_recharge_kind kind,
                              const struct dl645_recharge *recharge,
                              const struct dl645_cipher *cipher, struct dl645_frame *ret_frame)
{
    uint32_t di = 0;
    if (!recharge_di(model, kind, &di) || (model->has_cipher && cipher == NULL)) {
        return ERR_UNSUPPORTED;
    }
    int64_t fen = recharge->amount.fen;
    if (fen <= 0 || fen > (int64_t)(UINT32_MAX / model->units_per_fen)) {
        return ERR_RANGE;
    }
    struct dl645_message message = {
        .function = DL645_SECURITY_AUTH,
        .fields = DL645_HAS(DL645_FIELD_DI) | DL645_HAS(DL645_FIELD_OPERATOR) |
                  DL645_HAS(DL645_FIELD_AMOUNT) | DL645_HAS(DL645_FIELD_MAC1) |
                  DL645_HAS(DL645_FIELD_MAC2),
        .di = di,
        .operator_code = recharge->operator_code,
        .amount = (uint32_t)fen * model->units_per_fen,
    };
    if (!digits_copy(message.address, sizeof(message.address), recharge->address)) {
        return ERR_FORMAT;
    }
    if (model->has_mac) {
        memcpy(message.mac1, recharge->mac1, sizeof(message.mac1));
        memcpy(message.mac2, recharge->mac2, sizeof(message.mac2));
    }
    enum err err = proof_fill(model, recharge, &message);
    struct dl645_frame frame = {0};
    err = err == OK ? dl645_message_encode(&message, &frame) : err;
    if (err != OK) {
        return err;
    }
    if (model->has_cipher && !cipher->encrypt(cipher->self, frame.data, frame.data_size)) {
        return ERR_UNSUPPORTED;
    }
    *ret_frame = frame;
    return OK;
}

/* A copy of the frame in the clear. A refusal is never ciphered: its byte is all there is. */
static enum err clear_of(const struct dl645_prepay_model *model, const struct dl645_frame *frame,
                         const struct dl645_cipher *cipher, struct dl645_frame *ret_clear)
{
    struct dl645_frame clear = *frame;
    if (model->has_cipher && (frame->control & DL645_CONTROL_ERROR) == 0 &&
        (cipher == NULL || !cipher->decrypt(cipher->self, clear.data, clear.data_size))) {
        return ERR_UNSUPPORTED;
    }
    *ret_clear = clear;
    return OK;
}

enum err dl645_recharge_parse(const struct dl645_prepay_model *model,
                              const struct dl645_frame *frame, const struct dl645_cipher *cipher,
                              struct dl645_message *ret_message, struct money *ret_amount)
{
    struct dl645_frame clear = {0};
    struct dl645_message message = {0};
    enum err err = clear_of(model, frame, cipher, &clear);
    err = err == OK ? dl645_message_decode(&clear, &message) : err;
    if (err != OK) {
        return err;
    }
    uint64_t proof = model->proof == DL645_PROOF_PURCHASE_COUNT
                         ? DL645_HAS(DL645_FIELD_PURCHASE_COUNT)
                         : DL645_HAS(DL645_FIELD_ORDER);
    uint64_t wanted = proof | DL645_HAS(DL645_FIELD_AMOUNT);
    if (message.function != DL645_SECURITY_AUTH || message.reply ||
        (message.fields & wanted) != wanted) {
        return ERR_FORMAT;
    }
    if (message.amount % model->units_per_fen != 0) {
        return ERR_RANGE;
    }
    *ret_message = message;
    *ret_amount = money_fen((int64_t)(message.amount / model->units_per_fen));
    return OK;
}

struct refusal_bit {
    uint16_t bit;
    enum dl645_refusal refusal;
};

/* Of several bits, the one that says most about the purchase comes first. */
static const struct refusal_bit serr_bits[] = {
    {DL645_SERR_REPEATED, DL645_REFUSAL_REPEATED},
    {DL645_SERR_COUNT, DL645_REFUSAL_WRONG_COUNT},
    {DL645_SERR_CUSTOMER, DL645_REFUSAL_CUSTOMER},
    {DL645_SERR_LIMIT, DL645_REFUSAL_LIMIT},
    {DL645_SERR_ESAM, DL645_REFUSAL_MAC},
    {DL645_SERR_NOT_AUTHENTICATED, DL645_REFUSAL_NOT_AUTHENTICATED},
    {DL645_SERR_ADDRESS, DL645_REFUSAL_ADDRESS},
    {DL645_SERR_SUSPENDED, DL645_REFUSAL_SUSPENDED},
};

static const struct refusal_bit err_bits[] = {
    {DL645_ERR_PASSWORD, DL645_REFUSAL_NOT_AUTHENTICATED},
    {DL645_ERR_NO_DATA, DL645_REFUSAL_LAYOUT},
};

static enum dl645_refusal refusal_of_bits(const struct refusal_bit *table, size_t count,
                                          uint16_t bits)
{
    for (size_t i = 0; i < count; i++) {
        if ((bits & table[i].bit) != 0) {
            return table[i].refusal;
        }
    }
    return DL645_REFUSAL_OTHER;
}

static enum dl645_refusal refusal_of_p(uint16_t code)
{
    switch (code) {
    case P_ERROR_COUNT:
        return DL645_REFUSAL_WRONG_COUNT;
    case P_ERROR_CUSTOMER:
        return DL645_REFUSAL_CUSTOMER;
    case P_ERROR_LIMIT:
        return DL645_REFUSAL_LIMIT;
    case P_ERROR_LENGTH:
        return DL645_REFUSAL_LAYOUT;
    default: /* a byte off the wire, not an enum: any other code has no name */
        return DL645_REFUSAL_OTHER;
    }
}

static enum dl645_refusal refusal_of(const struct dl645_prepay_model *model,
                                     const struct dl645_message *message)
{
    if ((message->fields & DL645_HAS(DL645_FIELD_ERROR)) == 0) {
        return DL645_REFUSAL_OTHER;
    }
    if (message->error_size == 2) {
        return refusal_of_bits(serr_bits, ARRAY_COUNT(serr_bits), message->error_bits);
    }
    return model->has_cipher
               ? refusal_of_p(message->error_bits)
               : refusal_of_bits(err_bits, ARRAY_COUNT(err_bits), message->error_bits);
}

enum err dl645_prepay_answer_parse(const struct dl645_prepay_model *model,
                                   const struct dl645_frame *frame,
                                   const struct dl645_cipher *cipher,
                                   struct dl645_prepay_answer *ret_answer)
{
    struct dl645_frame clear = {0};
    struct dl645_message message = {0};
    enum err err = clear_of(model, frame, cipher, &clear);
    err = err == OK ? dl645_message_decode(&clear, &message) : err;
    if (err != OK) {
        return err;
    }
    if (message.function != DL645_SECURITY_AUTH || !message.reply) {
        return ERR_FORMAT;
    }
    struct dl645_prepay_answer answer = {.accepted = !message.error};
    if (message.error) {
        answer.refusal = refusal_of(model, &message);
        answer.error_bits = message.error_bits;
        MUST(answer.refusal != DL645_REFUSAL_NONE);
    }
    uint64_t balance = DL645_HAS(DL645_FIELD_REMAINING) | DL645_HAS(DL645_FIELD_PURCHASE_COUNT);
    if ((message.fields & balance) == balance) {
        answer.has_balance = true;
        answer.remaining = money_fen((int64_t)(message.remaining / model->units_per_fen));
        answer.count = message.purchase_count;
    }
    if ((message.fields & DL645_HAS(DL645_FIELD_CUSTOMER)) != 0) {
        answer.has_customer = true;
        memcpy(answer.customer, message.customer, sizeof(answer.customer));
    }
    *ret_answer = answer;
    return OK;
}

static struct dl645_message begin(const char *address, uint32_t di, uint32_t operator_code)
{
    struct dl645_message message = {
        .function = DL645_SECURITY_AUTH,
        .fields = DL645_HAS(DL645_FIELD_DI) | DL645_HAS(DL645_FIELD_OPERATOR),
        .di = di,
        .operator_code = operator_code,
    };
    if (!str_copy(message.address, sizeof(message.address), address)) {
        message.address[0] = '\0'; /* encoding refuses it */
    }
    return message;
}

void dl645_request_status_query(const char *address, uint32_t operator_code,
                                struct dl645_message *ret_message)
{
    *ret_message = begin(address, DL645_DI_STATUS_QUERY, operator_code);
}

void dl645_request_authenticate(const char *address, uint32_t operator_code,
                                const uint8_t cipher1[8], const uint8_t random1[8],
                                const uint8_t dispersion[8], struct dl645_message *ret_message)
{
    *ret_message = begin(address, DL645_DI_AUTHENTICATE, operator_code);
    memcpy(ret_message->cipher1, cipher1, sizeof(ret_message->cipher1));
    memcpy(ret_message->random1, random1, sizeof(ret_message->random1));
    memcpy(ret_message->dispersion, dispersion, sizeof(ret_message->dispersion));
    ret_message->fields |= DL645_HAS(DL645_FIELD_CIPHER1) | DL645_HAS(DL645_FIELD_RANDOM1) |
                           DL645_HAS(DL645_FIELD_DISPERSION);
}

const char *dl645_refusal_name(enum dl645_refusal refusal)
{
    switch (refusal) {
    case DL645_REFUSAL_NONE:
        return "none";
    case DL645_REFUSAL_REPEATED:
        return "repeated";
    case DL645_REFUSAL_WRONG_COUNT:
        return "count";
    case DL645_REFUSAL_CUSTOMER:
        return "customer";
    case DL645_REFUSAL_LIMIT:
        return "limit";
    case DL645_REFUSAL_MAC:
        return "mac";
    case DL645_REFUSAL_NOT_AUTHENTICATED:
        return "not_authenticated";
    case DL645_REFUSAL_ADDRESS:
        return "address";
    case DL645_REFUSAL_SUSPENDED:
        return "suspended";
    case DL645_REFUSAL_LAYOUT:
        return "layout";
    case DL645_REFUSAL_OTHER:
        return "other";
    case DL645_REFUSAL_COUNT:
        break;
    }
    MUST_NOT_REACH();
}
