/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/bill/pack.h"

#include <limits.h>
#include <string.h>

#include <zlib.h>

#include "common/bytes.h"
#include "common/must.h"

enum {
    /* APPNOTE 6.3.3, 4.3.7, 4.3.12, 4.3.16 */
    LOCAL_HEADER_SIZE = 30,
    DIRECTORY_HEADER_SIZE = 46,
    END_SIZE = 22,
    COMMENT_SIZE_MAX = 0xFFFF,
    FLAG_ENCRYPTED = 1,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8,
};

static const uint32_t LOCAL_SIGNATURE = 0x04034B50;
static const uint32_t DIRECTORY_SIGNATURE = 0x02014B50;
static const uint32_t END_SIGNATURE = 0x06054B50;

/* Inflate all of @p in into exactly what fits. zlib counts in unsigned int: sizes are checked. */
static enum bill_fault inflate_all(const uint8_t *in, size_t size, int window_bits,
                                   struct bill_entry *out, uint8_t *ret_bytes)
{
    z_stream stream = {0};
    if (size > UINT_MAX || out->size > UINT_MAX || inflateInit2(&stream, window_bits) != Z_OK) {
        return BILL_BROKEN_PACKING;
    }
    union {
        const uint8_t *read_only;
        uint8_t *as_zlib_wants;
    } source = {.read_only = in}; /* next_in lacks a const; zlib does not write there */
    stream.next_in = source.as_zlib_wants;
    stream.avail_in = (unsigned)size;
    stream.next_out = ret_bytes;
    stream.avail_out = (unsigned)out->size;
    int result = inflate(&stream, Z_FINISH);
    bool whole = result == Z_STREAM_END && stream.avail_in == 0;
    bool full = result != Z_STREAM_END && stream.avail_out == 0;
    out->size = (size_t)stream.total_out;
    (void)inflateEnd(&stream);
    if (whole) {
        return BILL_OK;
    }
    return full ? BILL_TOO_LARGE : BILL_BROKEN_PACKING;
}

enum bill_fault bill_gunzip(const uint8_t *file, size_t size, uint8_t *ret_bytes, size_t bytes_size,
                            size_t *ret_size)
{
    if (size < 2 || file[0] != 0x1F || file[1] != 0x8B) {
        return BILL_NOT_PACKED;
    }
    struct bill_entry out = {.size = bytes_size};
    enum bill_fault fault = inflate_all(file, size, 16 + MAX_WBITS, &out, ret_bytes);
    if (fault == BILL_OK) {
        *ret_size = out.size;
    }
    return fault;
}

/* The end record is the last thing of the file but for a comment of its own. */
static bool find_end(const uint8_t *file, size_t size, size_t *ret_at)
{
    size_t back_max = size < END_SIZE + COMMENT_SIZE_MAX ? size : END_SIZE + COMMENT_SIZE_MAX;
    for (size_t back = END_SIZE; back <= back_max; back++) {
        const uint8_t *end = file + size - back;
        if (get_le32(end) == END_SIGNATURE && get_le16(end + 20) == back - END_SIZE) {
            *ret_at = size - back;
            return true;
        }
    }
    return false;
}

enum bill_fault bill_archive_begin(const uint8_t *file, size_t size,
                                   struct bill_archive *ret_archive)
{
    if (size < 4 || file[0] != 'P' || file[1] != 'K') {
        return BILL_NOT_PACKED;
    }
    size_t end_at = 0;
    if (!find_end(file, size, &end_at)) {
        return BILL_BROKEN_PACKING;
    }
    size_t count = get_le16(file + end_at + 10);
    size_t directory_size = get_le32(file + end_at + 12);
    size_t directory_at = get_le32(file + end_at + 16);
    if (directory_at > end_at || directory_size > end_at - directory_at ||
        count > BILL_ENTRIES_MAX) {
        return BILL_BROKEN_PACKING;
    }
    *ret_archive = (struct bill_archive){
        .file = file,
        .size = size,
        .entry_count = count,
        .at = directory_at,
        .directory_end = directory_at + directory_size,
    };
    return BILL_OK;
}

bool bill_archive_next(struct bill_archive *archive, struct bill_entry *ret_entry,
                       enum bill_fault *ret_fault)
{
    *ret_fault = BILL_OK;
    if (archive->entry_count == 0) {
        return false;
    }
    *ret_fault = BILL_BROKEN_PACKING;
    MUST(archive->at <= archive->directory_end && archive->directory_end <= archive->size);
    if (archive->directory_end - archive->at < DIRECTORY_HEADER_SIZE) {
        return false;
    }
    const uint8_t *header = archive->file + archive->at;
    size_t name_size = get_le16(header + 28);
    size_t rest_size = (size_t)get_le16(header + 30) + get_le16(header + 32);
    if (get_le32(header) != DIRECTORY_SIGNATURE || (get_le16(header + 8) & FLAG_ENCRYPTED) != 0 ||
        archive->directory_end - archive->at - DIRECTORY_HEADER_SIZE < name_size + rest_size) {
        return false;
    }
    *ret_entry = (struct bill_entry){
        .name = (const char *)header + DIRECTORY_HEADER_SIZE,
        .name_size = name_size,
        .method = get_le16(header + 10),
        .crc = get_le32(header + 16),
        .packed_size = get_le32(header + 20),
        .size = get_le32(header + 24),
        .offset = get_le32(header + 42),
    };
    archive->entry_count -= 1;
    archive->at += DIRECTORY_HEADER_SIZE + name_size + rest_size;
    *ret_fault = BILL_OK;
    return true;
}

/* Where the packed bytes of an entry begin; NULL if they are not inside the file. */
static const uint8_t *packed_bytes(const struct bill_archive *archive,
                                   const struct bill_entry *entry)
{
    if (entry->offset > archive->size || archive->size - entry->offset < LOCAL_HEADER_SIZE) {
        return NULL;
    }
    const uint8_t *header = archive->file + entry->offset;
    size_t skip = (size_t)LOCAL_HEADER_SIZE + get_le16(header + 26) + get_le16(header + 28);
    size_t left = archive->size - entry->offset;
    if (get_le32(header) != LOCAL_SIGNATURE || skip > left || left - skip < entry->packed_size) {
        return NULL;
    }
    return header + skip;
}

enum bill_fault bill_archive_unpack(const struct bill_archive *archive,
                                    const struct bill_entry *entry, uint8_t *ret_bytes,
                                    size_t bytes_size)
{
    MUST(bytes_size >= entry->size);
    const uint8_t *packed = packed_bytes(archive, entry);
    if (packed == NULL) {
        return BILL_BROKEN_PACKING;
    }
    struct bill_entry out = {.size = entry->size};
    if (entry->method == METHOD_DEFLATED) {
        enum bill_fault fault =
            inflate_all(packed, entry->packed_size, -MAX_WBITS, &out, ret_bytes);
        if (fault != BILL_OK) {
            return BILL_BROKEN_PACKING; /* also when it is larger than it announced */
        }
    } else if (entry->method == METHOD_STORED && entry->packed_size == entry->size) {
        memcpy(ret_bytes, packed, entry->size);
    } else {
        return BILL_BROKEN_PACKING;
    }
    bool good = out.size == entry->size &&
                crc32_z(crc32_z(0, NULL, 0), ret_bytes, entry->size) == entry->crc;
    return good ? BILL_OK : BILL_BROKEN_PACKING;
}

static bool holds(const char *text, size_t size, const char *word)
{
    size_t word_size = strlen(word);
    for (size_t at = 0; at + word_size <= size; at++) {
        if (memcmp(text + at, word, word_size) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_details(const struct bill_entry *entry)
{
    static const char summary_gbk[] = "\xBB\xE3\xD7\xDC";
    static const char summary_utf8[] = "\xE6\xB1\x87\xE6\x80\xBB";
    static const char ending[] = ".csv";
    size_t ending_size = strlen(ending);
    return entry->name_size >= ending_size &&
           memcmp(entry->name + entry->name_size - ending_size, ending, ending_size) == 0 &&
           !holds(entry->name, entry->name_size, summary_gbk) &&
           !holds(entry->name, entry->name_size, summary_utf8);
}

enum bill_fault bill_archive_details(const uint8_t *file, size_t size,
                                     struct bill_archive *ret_archive, struct bill_entry *ret_entry)
{
    struct bill_archive archive;
    struct bill_entry entry;
    size_t found = 0;
    enum bill_fault fault = bill_archive_begin(file, size, &archive);
    if (fault != BILL_OK) {
        return fault;
    }
    while (bill_archive_next(&archive, &entry, &fault)) {
        if (is_details(&entry)) {
            *ret_entry = entry;
            found += 1;
        }
    }
    if (fault != BILL_OK) {
        return fault;
    }
    if (found != 1) {
        return BILL_NO_DETAILS;
    }
    *ret_archive = archive;
    return ret_entry->size > BILL_SIZE_MAX ? BILL_TOO_LARGE : BILL_OK;
}
