/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_DISK_MEMDISK_INTERNAL_H
#define SHILLING_SIM_DISK_MEMDISK_INTERNAL_H

#include <stddef.h>

#include "sim/disk/memdisk.h"
#include "sim/kernel/kernel.h"

/* What the files of sim/disk share. */
enum {
    DISK_NAME_SIZE = 96,
    DISK_FILES_MAX = 16, /* of one node: a database, its log, its index */
    SHM_SLOTS = 8,
    SHM_REGIONS_MAX = 64,
};

/* A write, or a truncation to that size, that is not durable yet. */
struct pending {
    size_t at;
    size_t size;
    size_t size_before; /* of the file */
    size_t replaced_at; /* what it has replaced, in disk_file.replaced */
    bool truncates;
};

struct buffer {
    uint8_t *bytes;
    size_t size;
    size_t room;
};

/* The wal-index that the connections of one program share. */
struct shm {
    uint8_t *regions[SHM_REGIONS_MAX];
    int region_count;
    int users;
    int shared[SHM_SLOTS];
    bool exclusive[SHM_SLOTS];
};

struct disk_file {
    char name[DISK_NAME_SIZE]; /* "": place free */
    bool exists;               /* as programs see it */
    bool durable_exists;
    struct buffer seen;
    bool differs;          /* a sync has failed: what is durable is not what was seen then */
    struct buffer durable; /* if it differs */
    struct buffer replaced;
    struct pending *pending;
    size_t pending_count;
    size_t pending_room;
    /* locks of the database file, counted over all connections */
    int shared;
    bool reserved;
    bool is_pending;
    bool exclusive;
    struct shm shm;
};

struct disk {
    struct disk_file files[DISK_FILES_MAX];
    struct disk_faults faults;
    uint32_t generation; /* which disk this is: a replaced one is another */
};

struct memdisk {
    struct disk disks[KERNEL_NODES_MAX];
    struct disk_counts counts;
    struct dice dice;
    struct dice randomness; /* SQLite's own */
};

struct memdisk *memdisk(void);

/** The file of that path, made if @p create; NULL if it is not there. */
struct disk_file *memdisk_find(const char *path, bool create, int *ret_node);

bool memdisk_write(int node, struct disk_file *file, const void *bytes, size_t at, size_t size);
/** False: the sync has failed. */
bool memdisk_sync(int node, struct disk_file *file);
void memdisk_delete(struct disk_file *file);

/* ---- contents.c ---- */

/** Programs see it at once; it is durable after a sync. Copies @p bytes. */
void contents_write(struct disk_file *file, const void *bytes, size_t at, size_t size);
void contents_truncate(struct disk_file *file, size_t size);
/** All changes are durable. */
void contents_sync(struct disk_file *file);
/** A sync has failed: the changes will never be durable, and programs see them all the same. */
void contents_lose(struct disk_file *file);
/** The power is gone. What is left is drawn, and seen. @return how many changes are not whole. */
uint64_t contents_cut(struct disk_file *file);
/** Nothing in it, and that durably. */
void contents_clear(struct disk_file *file);

/** vfs.c */
void memdisk_vfs_register(void);

#endif
