/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_WRAPS_H
#define SHILLING_SIM_WORLD_WRAPS_H

#include "cloud/orders/evidence.h"
#include "cloud/orders/ledger_store.h"

/* The linker makes the __real_ names, and calls the __wrap_ ones in the product's stead. */
enum err __real_ledger_store_post(struct db *db, const struct ledger_document *document,
                                  enum ledger_step step, struct money amount);
enum err __wrap_ledger_store_post(struct db *db, const struct ledger_document *document,
                                  enum ledger_step step, struct money amount);
enum err __real_evidence_tell(struct money_case *c, const struct statement *statement,
                              int64_t inbox_id);
enum err __wrap_evidence_tell(struct money_case *c, const struct statement *statement,
                              int64_t inbox_id);

#endif
