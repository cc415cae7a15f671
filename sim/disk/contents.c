/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file holds. There is one copy, the one that programs see, and beside it the bytes that
 * every change since the last sync has replaced. So a sync, which comes a thousand times as often
 * as a power cut, only forgets those bytes; a power cut puts them back, newest first, and then
 * does again what chance leaves of the changes. After a failed sync the disk and what programs see
 * are no longer the same; from then on the disk has a copy of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "sim/disk/memdisk_internal.h"

enum { SECTOR = 512, HALF = 500000, ROOM_FIRST = 65536 };

static void make_room(struct buffer *buffer, size_t size)
{
    if (size <= buffer->room) {
        return;
    }
    size_t room = buffer->room == 0 ? ROOM_FIRST : buffer->room;
    while (room < size) {
        room *= 2;
    }
    buffer->bytes = realloc(buffer->bytes, room);
    MUST(buffer->bytes != NULL);
    buffer->room = room;
}

static void resize(struct buffer *buffer, size_t size)
{
    make_room(buffer, size);
    if (size > buffer->size) {
        memset(buffer->bytes + buffer->size, 0, size - buffer->size);
    }
    buffer->size = size;
}

static void put(struct buffer *buffer, const void *bytes, size_t at, size_t size)
{
    if (size == 0) {
        return;
    }
    MUST(bytes != NULL);
    if (at > buffer->size) {
        resize(buffer, at); /* a hole is read as zeros */
    }
    make_room(buffer, at + size);
    memcpy(buffer->bytes + at, bytes, size);
    if (at + size > buffer->size) {
        buffer->size = at + size;
    }
}

static void copy(struct buffer *to, const struct buffer *from)
{
    to->size = 0;
    put(to, from->bytes, 0, from->size);
}

/* ---- changes ---- */

static struct pending *add_pending(struct disk_file *file, size_t at, size_t size)
{
    if (file->pending_count == file->pending_room) {
        file->pending_room = file->pending_room == 0 ? 64 : file->pending_room * 2;
        file->pending = realloc(file->pending, file->pending_room * sizeof(*file->pending));
        MUST(file->pending != NULL);
    }
    struct pending *pending = &file->pending[file->pending_count++];
    *pending = (struct pending){
        .at = at, .size = size, .size_before = file->seen.size, .replaced_at = file->replaced.size};
    return pending;
}

static void keep_replaced(struct disk_file *file, size_t at, size_t end)
{
    const struct buffer *seen = &file->seen;
    const size_t last = end < seen->size ? end : seen->size;
    if (at < last) {
        put(&file->replaced, seen->bytes + at, file->replaced.size, last - at);
    }
}

void contents_write(struct disk_file *file, const void *bytes, size_t at, size_t size)
{
    (void)add_pending(file, at, size);
    keep_replaced(file, at, at + size);
    put(&file->seen, bytes, at, size);
}

void contents_truncate(struct disk_file *file, size_t size)
{
    add_pending(file, 0, size)->truncates = true;
    if (size == 0 && file->replaced.size == 0) {
        const struct buffer empty = file->replaced;
        file->replaced = file->seen;
        file->seen = empty;
        return;
    }
    keep_replaced(file, size, file->seen.size);
    resize(&file->seen, size);
}

static void forget(struct disk_file *file)
{
    file->pending_count = 0;
    file->replaced.size = 0;
}

/* ---- syncs ---- */

/* The disk has a copy of its own: what programs see of each change goes there. */
static void follow(struct disk_file *file)
{
    const struct buffer *seen = &file->seen;
    for (size_t i = 0; i < file->pending_count; i++) {
        const struct pending *pending = &file->pending[i];
        const size_t end = pending->at + pending->size;
        if (pending->truncates) {
            resize(&file->durable, pending->size);
        } else if (pending->at < seen->size) {
            const size_t last = end < seen->size ? end : seen->size;
            put(&file->durable, seen->bytes + pending->at, pending->at, last - pending->at);
        }
    }
}

void contents_sync(struct disk_file *file)
{
    if (file->differs) {
        follow(file);
    }
    forget(file);
}

/* ---- undoing ---- */

/* Put back what the newest change has replaced. */
static void undo(struct buffer *contents, const struct pending *pending, const uint8_t *replaced)
{
    const size_t at = pending->truncates ? pending->size : pending->at;
    const size_t end = pending->truncates ? pending->size_before : pending->at + pending->size;
    const size_t last = end < pending->size_before ? end : pending->size_before;
    resize(contents, pending->size_before);
    if (at < last) {
        put(contents, replaced + pending->replaced_at, at, last - at);
    }
}

void contents_lose(struct disk_file *file)
{
    if (!file->differs) {
        copy(&file->durable, &file->seen);
        for (size_t i = file->pending_count; i > 0; i--) {
            undo(&file->durable, &file->pending[i - 1], file->replaced.bytes);
        }
        file->differs = true;
    }
    forget(file);
}

/* ---- the power ---- */

/* A disk writes whole sectors; a write is some of them. */
static void put_torn(struct buffer *contents, const struct pending *pending, const uint8_t *bytes)
{
    struct memdisk *all = memdisk();
    size_t done = 0;
    while (done < pending->size) {
        const size_t in_sector = SECTOR - (pending->at + done) % SECTOR;
        const size_t left = pending->size - done;
        const size_t part = left < in_sector ? left : in_sector;
        if (dice_chance(&all->dice, HALF)) {
            put(contents, bytes + done, pending->at + done, part);
        }
        done += part;
    }
}

/* Do a change again, some of it or nothing. True if all of it. */
static bool maybe(struct buffer *contents, const struct pending *pending, const uint8_t *bytes)
{
    const uint32_t fate = dice_below(&memdisk()->dice, 3);
    if (fate == 0 && pending->truncates) {
        resize(contents, pending->size);
    } else if (fate == 0) {
        put(contents, bytes, pending->at, pending->size);
    } else if (fate == 1 && !pending->truncates) {
        put_torn(contents, pending, bytes);
    }
    return fate == 0;
}

/* All changes undone, and what they had written; the changes now point into that. */
static struct buffer take_back(struct disk_file *file)
{
    struct buffer written = {.size = 0};
    for (size_t i = file->pending_count; i > 0; i--) {
        struct pending *pending = &file->pending[i - 1];
        const size_t written_at = written.size;
        if (!pending->truncates) {
            put(&written, file->seen.bytes + pending->at, written_at, pending->size);
        }
        undo(&file->seen, pending, file->replaced.bytes);
        pending->replaced_at = written_at;
    }
    return written;
}

uint64_t contents_cut(struct disk_file *file)
{
    struct buffer written = take_back(file);
    struct buffer *durable = file->differs ? &file->durable : &file->seen;
    uint64_t lost = 0;
    for (size_t i = 0; i < file->pending_count; i++) {
        const struct pending *pending = &file->pending[i];
        /* Where files were only made shorter, nothing was written. */
        const uint8_t *bytes = written.bytes != NULL ? written.bytes + pending->replaced_at : NULL;
        const bool whole = maybe(durable, pending, bytes);
        lost += whole ? 0 : 1;
    }
    free(written.bytes);
    if (file->differs) {
        copy(&file->seen, &file->durable);
        file->differs = false;
    }
    forget(file);
    return lost;
}

void contents_clear(struct disk_file *file)
{
    forget(file);
    file->seen.size = 0;
    file->durable.size = 0;
    file->differs = false;
}
