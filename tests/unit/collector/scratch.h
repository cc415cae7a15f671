/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_COLLECTOR_SCRATCH_H
#define SHILLING_TESTS_UNIT_COLLECTOR_SCRATCH_H

/* Folders for a test's files; removed when the program ends. */
enum { SCRATCH_SIZE = 256 };

/** Make a new empty folder below TMPDIR (or /tmp). */
void scratch_make(char ret_dir[SCRATCH_SIZE]);

#endif
