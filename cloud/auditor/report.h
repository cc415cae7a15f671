/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_REPORT_H
#define SHILLING_CLOUD_AUDITOR_REPORT_H

#include "cloud/auditor/audit.h"

enum report_status {
    REPORT_CLEAN = 0,
    REPORT_DIFFERENCES = 1,
    REPORT_BLIND = 2, /* evidence is missing, or the audit could not be made */
};

/** Print the result of audit_run() to the standard output. @return the exit status */
enum report_status report_print(struct audit *audit);

/** Print that no audit was possible, and why. @return REPORT_BLIND */
enum report_status report_failure(const struct audit *audit);

/** Print the table of findings, as docs/auditor.md has it. */
void report_rules(void);

#endif
