/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/restore.h"

#include <sqlite3.h>

#include "cloud/orders/number.h"
#include "common/must.h"
#include "sim/disk/memdisk.h"
#include "sim/world/world.h"

enum { SHELF_NODE = 15 /* where the copy lies: on no machine that dies */ };

#define DATABASE "/sim/b/cloud.db"
#define COPY "/sim/p/copy.db"

static sqlite3 *open_database(const char *path)
{
    sqlite3 *db = NULL;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int failed = sqlite3_open_v2(path, &db, flags, NULL);
    MUST(failed == SQLITE_OK);
    return db;
}

static void copy(const char *from_path, const char *to_path)
{
    sqlite3 *from = open_database(from_path);
    sqlite3 *to = open_database(to_path);
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    MUST(backup != NULL);
    const int done = sqlite3_backup_step(backup, -1);
    MUST(done == SQLITE_DONE);
    (void)sqlite3_backup_finish(backup);
    (void)sqlite3_close(to);
    (void)sqlite3_close(from);
}

static void backup_main(void *arg)
{
    struct world *world = arg;
    copy(DATABASE, COPY);
    world->copied_ns = kernel_now_ns();
    kernel_trace("backup", "", 0, 0);
}

void restore_backup(struct world *world)
{
    memdisk_replace(SHELF_NODE);
    (void)kernel_spawn(NODE_CLOUD, backup_main, world);
    kernel_run(kernel_now_ns() + KERNEL_MINUTE);
    MUST(world->copied_ns > 0);
}

static enum err raise_epoch(struct db *db, void *arg)
{
    return number_raise_epoch(db, arg);
}

/* As "shilling-cloud ledger raise-epoch" has it. */
static void raise_main(void *arg)
{
    const struct world *world = arg;
    int64_t epoch = 0;
    const enum err err = store_run(world->cloud.store, raise_epoch, &epoch);
    MUST(err == OK);
    kernel_trace("epoch raised", "", epoch, 0);
}

void restore_run(struct world *world)
{
    kernel_trace("the server's disk is lost", "", 0, 0);
    cloud_crash(&world->cloud, /* power= */ true);
    memdisk_replace(NODE_CLOUD);
    copy(COPY, DATABASE);
    world->restored_ns = kernel_now_ns();
    while (!world->cloud.up) {
        kernel_run(kernel_now_ns() + KERNEL_S);
    }
    (void)kernel_spawn(NODE_CLOUD, raise_main, world);
    kernel_run(kernel_now_ns() + KERNEL_MINUTE);
}

bool restore_lost(const struct world *world, const struct trade *trade)
{
    return trade->made_ns > world->copied_ns && trade->made_ns < world->restored_ns;
}
