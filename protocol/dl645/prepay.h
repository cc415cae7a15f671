/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_PREPAY_H
#define SHILLING_PROTOCOL_DL645_PREPAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/money.h"
#include "protocol/dl645/message.h"

/*
 * Putting money into a meter that keeps the balance itself: control 03. What differs between
 * meters is one table, "model -> layout, unit, count or order number, cipher, error words".
 * MACs and cipher texts are made elsewhere; this file only puts them where they belong.
 */

/** What makes a purchase unique to the meter. */
enum dl645_proof {
    DL645_PROOF_PURCHASE_COUNT = 0, /* purchase count: must be the meter's + 1 */
    DL645_PROOF_ORDER_NUMBER, /* 16-digit order number; whether a repeat is refused is unknown */
    DL645_PROOF_COUNT
};

/** Why a meter refused, in one vocabulary for all models. */
enum dl645_refusal {
    DL645_REFUSAL_NONE = 0,
    DL645_REFUSAL_REPEATED, /* "already done" as a hint: the read-back proves */
    DL645_REFUSAL_WRONG_COUNT,
    DL645_REFUSAL_CUSTOMER,
    DL645_REFUSAL_LIMIT,
    DL645_REFUSAL_MAC,
    DL645_REFUSAL_NOT_AUTHENTICATED,
    DL645_REFUSAL_ADDRESS,
    DL645_REFUSAL_SUSPENDED,
    DL645_REFUSAL_LAYOUT, /* the meter does not know this layout or length */
    DL645_REFUSAL_OTHER,
    DL645_REFUSAL_COUNT
};

/** A meter model's way to be paid. Static; never freed. */
struct dl645_prepay_model {
    const char *name; /* "standard", "p", "q" */
    enum dl645_proof proof;
    uint32_t units_per_fen; /* 1: amounts in 0.01 yuan; 100: in 0.0001 yuan */
    bool has_mac;           /* MAC1, MAC2 from an encryption service; otherwise zero */
    bool has_cipher;        /* DATA passes a vendor's cipher, given as a dl645_cipher */
    bool has_refund;        /* 070108FF takes money out again */
};

/** The vendor's cipher over the whole DATA, in place, before the 33H is added. */
struct dl645_cipher {
    void *self;
    bool (*encrypt)(void *self, uint8_t *data, size_t size);
    bool (*decrypt)(void *self, uint8_t *data, size_t size);
};

/** "standard", "p", "p4" (p with four decimals) or "q"; NULL for any other name. */
const struct dl645_prepay_model *dl645_prepay_find(const char *name);

/** One purchase. Texts are borrowed. */
struct dl645_recharge {
    const char *address; /* 12 digits */
    uint32_t operator_code;
    struct money amount;  /* above 0 */
    uint32_t count;       /* DL645_PROOF_PURCHASE_COUNT: the meter's + 1 */
    const char *customer; /* DL645_PROOF_PURCHASE_COUNT: 12 digits */
    const char *order;    /* DL645_PROOF_ORDER_NUMBER: 16 digits */
    uint8_t mac1[4];
    uint8_t mac2[4];
};

/** Which of the requests that share the recharge's layout. */
enum dl645_recharge_kind {
    DL645_RECHARGE = 0,
    DL645_OPEN_ACCOUNT,
    DL645_REFUND,
    DL645_RECHARGE_KIND_COUNT
};

/**
 * Build the frame of a purchase.
 * @param cipher  needed if the model has one, otherwise NULL
 * @return OK; ERR_RANGE (amount or count outside what the wire carries); ERR_FORMAT (a text is
 *         not digits of its length); ERR_UNSUPPORTED (the model has no such request, or its
 *         cipher is missing)
 */
MUST_CHECK enum err dl645_recharge_build(const struct dl645_prepay_model *model,
                                         enum dl645_recharge_kind kind,
                                         const struct dl645_recharge *recharge,
                                         const struct dl645_cipher *cipher,
                                         struct dl645_frame *ret_frame);

/** The meter's side (and ours, to check what we stored): read a purchase out of a frame. */
MUST_CHECK enum err dl645_recharge_parse(const struct dl645_prepay_model *model,
                                         const struct dl645_frame *frame,
                                         const struct dl645_cipher *cipher,
                                         struct dl645_message *ret_message,
                                         struct money *ret_amount);

/** What a meter answered to control 03. */
struct dl645_prepay_answer {
    bool accepted;
    enum dl645_refusal refusal; /* NONE if accepted */
    uint16_t error_bits;        /* as sent, low byte first; 0 if accepted */
    bool has_balance;           /* remaining and count are set */
    struct money remaining;     /* parts of a fen that the meter counts are cut off */
    uint32_t count;
    bool has_customer;
    char customer[DL645_NUMBER_TEXT_SIZE];
};

/**
 * Read the answer to a purchase or to a status query (078102FF, 070002FF).
 * @return OK; ERR_FORMAT (not a reply to control 03, or DATA is not its layout); ERR_UNSUPPORTED
 *         (the model's cipher is missing or failed)
 */
MUST_CHECK enum err dl645_prepay_answer_parse(const struct dl645_prepay_model *model,
                                              const struct dl645_frame *frame,
                                              const struct dl645_cipher *cipher,
                                              struct dl645_prepay_answer *ret_answer);

/** Control 03, 078102FF: asks for remaining amount, purchase count and customer number. */
void dl645_request_status_query(const char *address, uint32_t operator_code,
                                struct dl645_message *ret_message);

/** Control 03, 070000FF: identity authentication with what the encryption service made. */
void dl645_request_authenticate(const char *address, uint32_t operator_code,
                                const uint8_t cipher1[8], const uint8_t random1[8],
                                const uint8_t dispersion[8], struct dl645_message *ret_message);

/** "repeated", "count" ...; never NULL. */
const char *dl645_refusal_name(enum dl645_refusal refusal);

#endif
