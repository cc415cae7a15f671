/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_COLLECTOR_FAULT_VFS_H
#define SHILLING_TESTS_UNIT_COLLECTOR_FAULT_VFS_H

#include <stdbool.h>

/*
 * A file layer for SQLite that fails on command: it stands between SQLite and the real files, so
 * that what is tested is SQLite's own reaction to a failed sync, a failed write, a full disk.
 */
#define FAULT_VFS_NAME "fault"

struct fault_vfs {
    bool sync_fails;  /* EIO from fsync */
    bool write_fails; /* EIO from write */
    bool disk_full;   /* ENOSPC from write */
    int sync_count;   /* syncs that succeeded */
    int write_count;
};

/** Register it, once. The struct may be changed at any time. */
struct fault_vfs *fault_vfs_register(void);

#endif
