/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_REVIEW_REVIEW_H
#define SHILLING_CLOUD_REVIEW_REVIEW_H

#include <jansson.h>

#include "cloud/orders/orders.h"
#include "cloud/review/person.h"
#include "common/compiler.h"
#include "core/order/order_number.h"
#include "core/order/review.h"

/*
 * Settling open items: two different persons, each with his password, the same decision about the
 * same version of the document within 30 minutes. What not even two may do is in core/order/review;
 * the facts come from the records here.
 */
enum { REVIEW_TEXT_SIZE = 513 };

struct review;

/** The operator's routes (/v1/admin/review...). Before http_server_start(). */
MUST_CHECK enum err review_create(struct orders *orders, const struct orders_setup *setup,
                                  struct review **ret_review);
/** NULL is allowed. */
void review_destroy(struct review *review);

/** All open items, oldest first: {"items":[...]}. In any transaction. @p ret_json is @own. */
MUST_CHECK enum err review_list(struct db *db, json_t **ret_json);

/** The alarms that have no end yet, those raised last first, at most 500: {"alarms":[...]}. In any
 * transaction. @p ret_json is @own. Blocks: for the database. Allocates: the answer. */
MUST_CHECK enum err review_alarms(struct db *db, json_t **ret_json);

/** One document with everything that bears on a decision. ERR_NOT_FOUND. @p ret_json is @own. */
MUST_CHECK enum err review_show(struct db *db, const char *document_no, json_t **ret_json);

/** One person's signature, and what came of it. */
struct review_sign {
    struct orders *orders;
    char document_no[ORDER_NUMBER_SIZE];
    char person[PERSON_NAME_SIZE]; /* who gave his password just now */
    enum review_decision decision;
    /* results */
    enum review_refusal refusal;
    bool settled; /* it was the second one, and the decision is carried out */
};

/** In a writing transaction; @p sign is a struct review_sign. */
MUST_CHECK enum err review_sign(struct db *db, void *sign);

/** What an operator attaches to a document. */
struct review_attach {
    char document_no[ORDER_NUMBER_SIZE];
    char person[PERSON_NAME_SIZE];
    char kind[16]; /* reading, physical, reference, note, off_bus */
    char text[REVIEW_TEXT_SIZE];
};

/** In a writing transaction; ERR_NOT_FOUND no open item, ERR_RANGE no such kind. */
MUST_CHECK enum err review_attach(struct db *db, void *attach);

/** Store it, whatever the state of its document. In a writing transaction. */
MUST_CHECK enum err review_evidence_add(struct db *db, const struct review_attach *attach);

/* A person's word that the collector which took a command is off the bus, with its journal. */
struct review_off_bus {
    struct orders *orders;
    struct review_attach attach; /* kind off_bus */
    const char *refused; /* result: NULL, "not_waiting" (for a tombstone) or "collector_there" */
};

/** In a writing transaction; @p off_bus is a struct review_off_bus. ERR_NOT_FOUND no such order. */
MUST_CHECK enum err review_off_bus(struct db *db, void *off_bus);

/** The facts that core/order/review decides by. */
MUST_CHECK enum err review_facts_load(struct db *db, const char *document_no,
                                      struct review_facts *ret_facts);

#endif
