/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_WRAPS_H
#define SHILLING_SIM_WORLD_WRAPS_H

#include "cloud/orders/evidence.h"
#include "cloud/orders/ledger_store.h"
#include "cloud/orders/review_store.h"
#include "core/delivery/reading.h"
#include "core/order/order.h"
#include "core/order/review.h"

/** From now on @p pay (borrowed) hears when a value is on a balance; NULL: nobody. */
void wraps_tell(struct pay *pay);

/* The linker makes the __real_ names, and calls the __wrap_ ones in the product's stead. */
enum err __real_ledger_store_post(struct db *db, const struct ledger_document *document,
                                  enum ledger_step step, struct money amount);
enum err __wrap_ledger_store_post(struct db *db, const struct ledger_document *document,
                                  enum ledger_step step, struct money amount);
enum err __real_evidence_tell(struct money_case *c, const struct statement *statement,
                              int64_t inbox_id);
enum err __wrap_evidence_tell(struct money_case *c, const struct statement *statement,
                              int64_t inbox_id);
struct order __real_order_apply(const struct order *order, const struct order_event *event,
                                struct order_step *ret_step);
struct order __wrap_order_apply(const struct order *order, const struct order_event *event,
                                struct order_step *ret_step);
enum delivery_verdict __real_delivery_judge_window(const struct delivery_reading *before,
                                                   const struct delivery_reading *after,
                                                   struct money amount,
                                                   const struct delivery_use *use);
enum delivery_verdict __wrap_delivery_judge_window(const struct delivery_reading *before,
                                                   const struct delivery_reading *after,
                                                   struct money amount,
                                                   const struct delivery_use *use);
enum review_refusal __real_review_countersign(const struct review_signature *first,
                                              const struct review_signature *second);
enum review_refusal __wrap_review_countersign(const struct review_signature *first,
                                              const struct review_signature *second);
enum err __real_review_open(struct orders *orders, struct db *db, const char *document,
                            const char *document_no, const char *reason);
enum err __wrap_review_open(struct orders *orders, struct db *db, const char *document,
                            const char *document_no, const char *reason);

#endif
