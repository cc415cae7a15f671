/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_REVIEW_AUDIT_H
#define SHILLING_CLOUD_REVIEW_AUDIT_H

#include <jansson.h>

#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"

/**
 * Look over the books from what is stored: every posting and the ledger add up to 0, the kept sums
 * are the sums of their legs, clearing accounts are 0 or belong to an open document, every order
 * and every delivery is what its events make of it, and what is reserved matches.
 *
 *     {"findings":[{"what","subject","detail"}], "accounts":[{"account","fen"}],
 *      "open":[{"account","subject","fen"}], "orders":{"DONE":12,...}, "open_items":0}
 *
 * @param ret_json @own
 */
MUST_CHECK enum err audit_books(struct db *db, json_t **ret_json);

#endif
