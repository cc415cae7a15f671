/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BILL_PACK_H
#define SHILLING_PROTOCOL_BILL_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/bill/bill.h"

/*
 * What the bills come in: gzip (RFC 1952) from WeChat, ZIP (APPNOTE 6.3.3: stored or deflated, one
 * disk, no encryption, no ZIP64) from Alipay. The unpacked size that a file announces is checked
 * against a limit before and against the truth after. Names of entries are bytes to compare, never
 * paths to open.
 */

/**
 * Unpack a gzip file of one member.
 * @param ret_size set only if BILL_OK; else BILL_NOT_PACKED, BILL_BROKEN_PACKING, BILL_TOO_LARGE
 */
MUST_CHECK enum bill_fault bill_gunzip(const uint8_t *file, size_t size, uint8_t *ret_bytes,
                                       size_t bytes_size, size_t *ret_size);

/* One entry of an archive, as its central directory describes it. */
struct bill_entry {
    const char *name; /* borrowed from the archive, not NUL-terminated, in whatever encoding */
    size_t name_size;
    uint16_t method; /* 0 stored, 8 deflated */
    uint32_t crc;
    size_t packed_size;
    size_t size;
    size_t offset; /* of the local header */
};

struct bill_archive {
    const uint8_t *file; /* borrowed */
    size_t size;
    size_t entry_count;
    size_t at; /* of the next entry in the directory */
    size_t directory_end;
};

enum { BILL_ENTRIES_MAX = 64 /* real bills have two */ };

/** Find the directory: BILL_OK, BILL_NOT_PACKED or BILL_BROKEN_PACKING. */
MUST_CHECK enum bill_fault bill_archive_begin(const uint8_t *file, size_t size,
                                              struct bill_archive *ret_archive);

/** The next entry; false after the last one and, with BILL_BROKEN_PACKING in @p ret_fault, on an
 * error. */
MUST_CHECK bool bill_archive_next(struct bill_archive *archive, struct bill_entry *ret_entry,
                                  enum bill_fault *ret_fault);

/** Unpack an entry and check its size and CRC. @p bytes_size must be at least entry->size. */
MUST_CHECK enum bill_fault bill_archive_unpack(const struct bill_archive *archive,
                                               const struct bill_entry *entry, uint8_t *ret_bytes,
                                               size_t bytes_size);

/**
 * Choose the details file of an Alipay bill: the one .csv whose name does not hold "summary" (in
 * Chinese, GBK or UTF-8). BILL_NO_DETAILS if there is none, or more than one; BILL_TOO_LARGE.
 */
MUST_CHECK enum bill_fault bill_archive_details(const uint8_t *file, size_t size,
                                                struct bill_archive *ret_archive,
                                                struct bill_entry *ret_entry);

#endif
