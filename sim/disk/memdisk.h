/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_DISK_MEMDISK_H
#define SHILLING_SIM_DISK_MEMDISK_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/kernel/dice.h"

/*
 * One disk a node, in memory, under SQLite's file layer (vfs.c). What is written is seen at once
 * and durable only after a sync. At a power cut every write since the last sync is kept, dropped or
 * torn by 512 bytes; a removed file comes back unless something of that name was synced since. A
 * failed sync loses what it should have made durable and lets the next one succeed, as Linux does:
 * a program that goes on after it has a hole that it cannot see.
 *
 * Paths are "/sim/<node>/<file>".
 */
struct disk_counts {
    uint64_t writes;
    uint64_t syncs;
    uint64_t cuts;        /* power cuts with something unsynced */
    uint64_t lost_writes; /* dropped or torn at them */
    uint64_t sync_errors;
    uint64_t full_errors;
    uint64_t stalls;
};

/* What the weather makes of a node's disk. */
struct disk_faults {
    uint32_t sync_error_ppm;
    bool full;             /* no file may grow */
    bool dark;             /* no power: nothing is read, written or locked */
    int64_t sync_ns_max;   /* a sync takes up to this; others run meanwhile. 0: no time at all */
    uint32_t stall_ppm;    /* of the syncs that take time: seconds */
    bool sync_is_a_lie;    /* canary: says OK and does nothing */
    bool folder_is_a_lie;  /* canary: the same for folders */
    bool sync_error_is_ok; /* canary: a failed sync is reported as a good one */
};

/** Begin with empty disks, and make this layer SQLite's default. */
void memdisk_begin(uint64_t seed);
/** Draw the faults to come from another seed; what is on the disks stays. */
void memdisk_reseed(uint64_t seed);
struct disk_faults *memdisk_faults(int node);
const struct disk_counts *memdisk_counts(void);

/** The node's power is gone: decide what stayed. After kernel_crash(). */
void memdisk_cut(int node);
/** All open files of the node were closed by the death of their program. No power is lost. */
void memdisk_kill(int node);
/** The node has a new, empty disk. */
void memdisk_replace(int node);

/** What was made and removed in the node's folder is durable. */
void memdisk_sync_folder(int node);

/** True if nothing that @p node wrote to a log is still unsynced. */
bool memdisk_is_durable(int node);

#endif
