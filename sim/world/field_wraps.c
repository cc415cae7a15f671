/* SPDX-License-Identifier: Apache-2.0 */
/* As wraps.c, for the collector. */
#include "collector/journal_db.h"
#include "common/str.h"
#include "sim/world/canary.h"
#include "sim/world/field_life.h"

enum err __real_journal_accept(struct journal *journal, const struct bus_command *command);
enum err __wrap_journal_accept(struct journal *journal, const struct bus_command *command);
enum err __real_journal_intent(struct journal *journal, const char *id,
                               const struct bus_frame *frame);
enum err __wrap_journal_intent(struct journal *journal, const char *id,
                               const struct bus_frame *frame);
int __real_sqlite_settle_log(sqlite3 *db);
int __wrap_sqlite_settle_log(sqlite3 *db);
uint32_t __real_journal_epoch(const struct journal *journal);
uint32_t __wrap_journal_epoch(const struct journal *journal);

uint32_t __wrap_journal_epoch(const struct journal *journal)
{
    return canary_is(CANARY_EPOCH_NOT_CHECKED) ? CANARY_ONE_EPOCH : __real_journal_epoch(journal);
}

/* ERR_CONFLICT is what the journal says to an older relay wish, and to nothing else. */
static enum err pass_conflict(enum err err)
{
    return err == ERR_CONFLICT && canary_is(CANARY_GENERATION_IGNORED) ? OK : err;
}

enum err __wrap_journal_accept(struct journal *journal, const struct bus_command *command)
{
    return pass_conflict(__real_journal_accept(journal, command));
}

enum err __wrap_journal_intent(struct journal *journal, const char *id,
                               const struct bus_frame *frame)
{
    return pass_conflict(__real_journal_intent(journal, id, frame));
}

/* Only the collector's: terminals settle theirs, too. */
int __wrap_sqlite_settle_log(sqlite3 *db)
{
    const bool ours = str_starts_with(sqlite3_db_filename(db, "main"), FIELD_FOLDER);
    return ours && canary_is(CANARY_LOG_NOT_SETTLED) ? SQLITE_OK : __real_sqlite_settle_log(db);
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
