/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_PRINTER_RIG_H
#define SHILLING_TESTS_UNIT_PRINTER_RIG_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>

#include "protocol/printjob/printjob.h"
#include "tests/unit/printer/folder.h"

/* shilling-printd and emulator-printer as real processes, and a kiosk that speaks to printd. */

struct rig {
    char folder[FOLDER_SIZE];
    char address[FOLDER_SIZE]; /* what the emulator printed behind "ready" */
    bool pty;
    const char *proof;
    pid_t printer;
    pid_t printd;
    int client; /* to printd */
    char in[PRINTJOB_LINE_SIZE];
    size_t in_size;
};

/** Start both; @p extra: more arguments for the emulator, ends with NULL. */
void rig_start(struct rig *rig, bool pty, const char *proof, const char *const *extra);
void rig_stop(struct rig *rig);
/** kill -9 printd and wait until it is gone. */
void rig_kill_printd(struct rig *rig);
void rig_start_printd(struct rig *rig);
/** Connect to printd anew. */
void rig_connect(struct rig *rig);
/** One line to the emulator's control socket; the answer must begin with "ok". */
void rig_control(const struct rig *rig, const char *line, char *ret_answer, size_t size);
/** Ask for a receipt of kind "credited", order SH1. */
void rig_print(struct rig *rig, const char *job_id, bool with_code);
/** Wait for the next verdict on a job (not "queued"); false after @p ms. */
bool rig_verdict(struct rig *rig, struct printjob_answer *ret_answer, int ms);
/** Wait until the printer's state is @p device; false after @p ms. */
bool rig_device(struct rig *rig, enum printjob_device device, int ms);
/** The number behind "name": in the emulator's state. */
long rig_state_number(const struct rig *rig, const char *name);
/** How many times @p text stands on all cut or torn papers. */
size_t rig_on_paper(const struct rig *rig, const char *text);

#endif
