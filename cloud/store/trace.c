/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A diagnostic that is off unless asked for: every statement that the writer runs, in its order,
 * with its values, into a file. BEGIN, COMMIT and savepoints are statements too, so the file also
 * shows the batches. ./shilling bench replays such a file to learn what the bare database can do.
 *
 * A record is "<size of the statement> <size with values>\n", the statement as it was prepared, the
 * same with its values in place, and a line end. A file that cannot be written any more ends the
 * trace and nothing else.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "cloud/store/store_internal.h"
#include "common/log.h"

static bool record_write(FILE *file, const char *statement, const char *expanded)
{
    return fprintf(file, "%zu %zu\n", strlen(statement), strlen(expanded)) > 0 &&
           fputs(statement, file) >= 0 && fputs(expanded, file) >= 0 && fputc('\n', file) == '\n';
}

static int on_statement(unsigned kind, void *self, void *statement, void *text)
{
    struct store *store = self;
    const char *comment = text;
    bool in_trigger = kind != SQLITE_TRACE_STMT || strncmp(comment, "--", 2) == 0;
    if (in_trigger || store->trace == NULL) {
        return 0;
    }
    char *expanded = sqlite3_expanded_sql(statement);
    if (expanded == NULL || !record_write(store->trace, sqlite3_sql(statement), expanded)) {
        log_warn("store: the trace of statements cannot be written any more and ends");
        store_trace_end(store);
    }
    sqlite3_free(expanded);
    return 0;
}

enum err store_trace_begin(struct store *store, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ERR_DENIED;
    }
    store->trace = fdopen(fd, "w");
    if (store->trace == NULL) {
        (void)close(fd);
        return ERR_MEMORY;
    }
    (void)sqlite3_trace_v2(store->writer.handle, SQLITE_TRACE_STMT, on_statement, store);
    return OK;
}

void store_trace_end(struct store *store)
{
    if (store->trace != NULL) {
        (void)sqlite3_trace_v2(store->writer.handle, 0, NULL, NULL);
        (void)fclose(store->trace);
        store->trace = NULL;
    }
}
