/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_PASSES_H
#define SHILLING_CLOUD_AUDITOR_PASSES_H

#include "cloud/auditor/audit.h"

/* The passes of an audit, in this order. Failures stick to the readers. */

/** Take in the bills of the folder and of the database; those known from before are not read. */
void bills_run(struct audit *audit);

/** Open the collectors' journals. */
void journals_open(struct audit *audit);

/** Commands that the server never gave, and intents without an end. */
void journals_run(struct audit *audit);

/** Close them. */
void journals_close(struct audit *audit);

/** Every document whose rows may have changed, and a share of the others. */
void blocks_run(struct audit *audit);

/** New postings, the accounts' totals, the clearing accounts. */
void ledger_run(struct audit *audit);

/** Meters that something happened to: deliveries against what they recorded. */
void meters_run(struct audit *audit);

/** Registers may not fall. */
void readings_run(struct audit *audit);

/** Card meters: tokens, what cards and meters showed, value that was bought back. */
void cards_run(struct audit *audit);

/** What can only be said of the whole: bills that are missing, the identity of each day. */
void days_run(struct audit *audit);

#endif
