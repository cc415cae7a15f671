/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: an archive is read from its central directory (APPNOTE 6.3.3, 4.3.12 and 4.3.16), which
 * is the only place that states sizes for certain; names are looked at and never used as paths.
 */
#include "cloud/auditor/unpack.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "common/bytes.h"

enum {
    LOCAL_SIZE = 30,
    CENTRAL_SIZE = 46,
    END_SIZE = 22,
    END_BACK_MAX = END_SIZE + 0xFFFF,
    ENTRIES_MAX = 16,
    GZIP_WINDOW = 16 + MAX_WBITS,
    CHUNK_MIN = 4096,
};

static const uint8_t LOCAL_MARK[] = {'P', 'K', 3, 4};
static const uint8_t CENTRAL_MARK[] = {'P', 'K', 1, 2};
static const uint8_t END_MARK[] = {'P', 'K', 5, 6};

struct span {
    const uint8_t *at;
    size_t size;
};

void unpack_free(struct unpacked *text)
{
    free(text->text);
    *text = (struct unpacked){0};
}

/* ---- inflating into a text that grows ---- */

static enum err grow(struct unpacked *out, size_t *room)
{
    const size_t wanted = *room == 0 ? CHUNK_MIN : *room * 2;
    if (*room >= UNPACK_SIZE_MAX) {
        return ERR_RANGE;
    }
    char *text = realloc(out->text, wanted + 1);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    out->text = text;
    *room = wanted;
    return OK;
}

static enum err inflate_all(z_stream *stream, struct unpacked *out)
{
    size_t room = 0;
    int code = Z_OK;
    while (code == Z_OK || code == Z_BUF_ERROR) {
        if (out->size == room) {
            enum err err = grow(out, &room);
            if (err != OK) {
                return err;
            }
        }
        const size_t before = stream->avail_in;
        stream->next_out = (uint8_t *)out->text + out->size;
        stream->avail_out = (uInt)(room - out->size);
        code = inflate(stream, Z_NO_FLUSH);
        const size_t got = room - out->size - stream->avail_out;
        if (got == 0 && stream->avail_in == before && code != Z_STREAM_END) {
            return ERR_FORMAT; /* cut off: nothing more comes out of it */
        }
        out->size += got;
    }
    return code == Z_STREAM_END && stream->avail_in == 0 ? OK : ERR_FORMAT;
}

static enum err inflate_span(struct span in, int window, struct unpacked *ret_text)
{
    struct unpacked out = {0};
    z_stream stream = {0};
    if (in.size > UNPACK_SIZE_MAX) {
        return ERR_RANGE;
    }
    if (inflateInit2(&stream, window) != Z_OK) {
        return ERR_MEMORY;
    }
    union {
        const uint8_t *given;
        uint8_t *wanted; /* zlib's next_in lacks a const; it does not write there */
    } source = {.given = in.at};
    stream.next_in = source.wanted;
    stream.avail_in = (uInt)in.size;
    enum err err = inflate_all(&stream, &out);
    (void)inflateEnd(&stream);
    if (err != OK) {
        unpack_free(&out);
        return err;
    }
    out.text[out.size] = '\0';
    *ret_text = out;
    return OK;
}

static enum err copy_span(struct span in, struct unpacked *ret_text)
{
    if (in.size > UNPACK_SIZE_MAX) {
        return ERR_RANGE;
    }
    char *text = malloc(in.size + 1);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    memcpy(text, in.at, in.size);
    text[in.size] = '\0';
    *ret_text = (struct unpacked){.text = text, .size = in.size};
    return OK;
}

/* ---- archives ---- */

struct entry {
    struct span name;
    size_t method;
    uint32_t crc;
    size_t packed_size;
    size_t size;
    size_t local_at;
};

static bool is_marked(struct span file, size_t at, const uint8_t mark[4])
{
    return at <= file.size && file.size - at >= 4 && memcmp(file.at + at, mark, 4) == 0;
}

static bool find_end(struct span file, size_t *ret_at)
{
    const size_t back_max = file.size < END_BACK_MAX ? file.size : END_BACK_MAX;
    for (size_t back = END_SIZE; back <= back_max; back++) {
        if (is_marked(file, file.size - back, END_MARK)) {
            *ret_at = file.size - back;
            return true;
        }
    }
    return false;
}

static bool read_entry(struct span file, size_t at, struct entry *ret_entry, size_t *ret_next)
{
    if (!is_marked(file, at, CENTRAL_MARK) || file.size - at < CENTRAL_SIZE) {
        return false;
    }
    const uint8_t *head = file.at + at;
    const size_t name_size = get_le16(head + 28);
    const size_t more = (size_t)get_le16(head + 30) + get_le16(head + 32);
    if (file.size - at - CENTRAL_SIZE < name_size + more) {
        return false;
    }
    *ret_entry = (struct entry){.name = {head + CENTRAL_SIZE, name_size},
                                .method = get_le16(head + 10),
                                .crc = get_le32(head + 16),
                                .packed_size = get_le32(head + 20),
                                .size = get_le32(head + 24),
                                .local_at = get_le32(head + 42)};
    *ret_next = at + CENTRAL_SIZE + name_size + more;
    return true;
}

static bool holds(struct span text, const char *word)
{
    const size_t size = strlen(word);
    for (size_t at = 0; at + size <= text.size; at++) {
        if (memcmp(text.at + at, word, size) == 0) {
            return true;
        }
    }
    return false;
}

/* The word for "summary" in GBK and in UTF-8 names the file that has no rows. */
static bool has_rows(const struct entry *entry)
{
    const size_t size = entry->name.size;
    return size >= 4 && memcmp(entry->name.at + size - 4, ".csv", 4) == 0 &&
           !holds(entry->name, "\xBB\xE3\xD7\xDC") &&
           !holds(entry->name, "\xE6\xB1\x87\xE6\x80\xBB");
}

static enum err find_rows(struct span file, struct entry *ret_entry)
{
    size_t end_at = 0;
    size_t found = 0;
    struct entry entry = {0};
    if (!find_end(file, &end_at) || file.size - end_at < END_SIZE) {
        return ERR_FORMAT;
    }
    const size_t count = get_le16(file.at + end_at + 10);
    size_t at = get_le32(file.at + end_at + 16);
    if (count > ENTRIES_MAX) {
        return ERR_FORMAT;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_entry(file, at, &entry, &at)) {
            return ERR_FORMAT;
        }
        if (has_rows(&entry)) {
            *ret_entry = entry;
            found += 1;
        }
    }
    return found == 1 ? OK : ERR_FORMAT;
}

static enum err unpack_entry(struct span file, const struct entry *entry, struct unpacked *ret_text)
{
    if (!is_marked(file, entry->local_at, LOCAL_MARK) || file.size - entry->local_at < LOCAL_SIZE) {
        return ERR_FORMAT;
    }
    const uint8_t *head = file.at + entry->local_at;
    const size_t skip = (size_t)LOCAL_SIZE + get_le16(head + 26) + get_le16(head + 28);
    const size_t left = file.size - entry->local_at;
    if (skip > left || left - skip < entry->packed_size) {
        return ERR_FORMAT;
    }
    const struct span packed = {head + skip, entry->packed_size};
    struct unpacked text = {0};
    enum err err = ERR_FORMAT;
    if (entry->method == 0) {
        err = copy_span(packed, &text);
    } else if (entry->method == 8) {
        err = inflate_span(packed, -MAX_WBITS, &text);
    }
    if (err == OK && (text.size != entry->size ||
                      crc32(0, (const uint8_t *)text.text, (uInt)text.size) != entry->crc)) {
        unpack_free(&text);
        err = ERR_FORMAT;
    }
    if (err == OK) {
        *ret_text = text;
    }
    return err;
}

enum err unpack_bill(const uint8_t *file, size_t size, struct unpacked *ret_text)
{
    const struct span all = {file, size};
    struct entry entry = {0};
    if (size >= 2 && file[0] == 0x1F && file[1] == 0x8B) {
        return inflate_span(all, GZIP_WINDOW, ret_text);
    }
    if (!is_marked(all, 0, LOCAL_MARK) && !is_marked(all, 0, END_MARK)) {
        return copy_span(all, ret_text);
    }
    enum err err = find_rows(all, &entry);
    return err == OK ? unpack_entry(all, &entry, ret_text) : err;
}
