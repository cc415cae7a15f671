/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shilling-auditor: recomputes from raw evidence what the books say. It shares no reading code with
 * the server and changes nothing but its own memory (--state).
 */
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "cloud/auditor/audit.h"
#include "cloud/auditor/report.h"
#include "common/must.h"

/* One thread, and nobody asks how much memory it has: no locks and no counting for each value. */
static void tune_sqlite(void)
{
    int code = sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    MUST(code == SQLITE_OK);
    code = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    MUST(code == SQLITE_OK);
}

int main(int argc, char **argv)
{
    struct options options;
    char why[OPTIONS_WHY_SIZE];
    if (!options_read(argc, (const char *const *)argv, &options, why)) {
        (void)fprintf(stderr, "%s\n%s", why, options_usage());
        return REPORT_BLIND;
    }
    if (options.help || options.rules) {
        if (options.rules) {
            report_rules();
        } else {
            (void)printf("%s", options_usage());
        }
        return REPORT_CLEAN;
    }
    tune_sqlite();
    struct audit *audit = calloc(1, sizeof(*audit));
    MUST(audit != NULL);
    enum report_status status = REPORT_BLIND;
    if (audit_run(audit, &options) != OK) {
        status = report_failure(audit);
    } else {
        status = report_print(audit);
        if (audit->memory.kept && memory_commit(&audit->memory) != OK) {
            status = report_failure(audit);
        }
    }
    audit_finish(audit);
    free(audit);
    return (int)status;
}
