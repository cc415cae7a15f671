/* SPDX-License-Identifier: Apache-2.0 */
/* As wraps.c, for the collector. */
#include "collector/journal_db.h"
#include "sim/world/canary.h"
#include "sim/world/field_life.h"

uint32_t __real_journal_epoch(const struct journal *journal);
uint32_t __wrap_journal_epoch(const struct journal *journal);

uint32_t __wrap_journal_epoch(const struct journal *journal)
{
    return canary_is(CANARY_EPOCH_NOT_CHECKED) ? CANARY_ONE_EPOCH : __real_journal_epoch(journal);
}

void field_forget_voids(struct journal *journal)
{
    if (canary_is(CANARY_TOMBSTONE_NOT_SYNCED)) {
        /* On a full disk it fails, and then this start remembers. */
        (void)sqlite3_exec(journal->db,
                           "DELETE FROM command WHERE state = 'V';"
                           "UPDATE command SET voided = 0",
                           NULL, NULL, NULL);
    }
}
