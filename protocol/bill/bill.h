/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BILL_BILL_H
#define SHILLING_PROTOCOL_BILL_BILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * The wallets' daily bills. A bill is read only to find what we missed: whatever it says is asked
 * again by a signed query before any money moves. A file whose own counts do not agree with its
 * rows is refused as a whole.
 */
enum bill_kind {
    BILL_PAYMENT,
    BILL_REFUND,
    BILL_REVOKED, /* WeChat, barcode payments only: paid and taken back at once */
    BILL_KIND_COUNT
};

/** "pay", "refund", "revoked"; never NULL. */
const char *bill_kind_name(enum bill_kind kind);

/* What had become of a refund when the bill was written; the row is not updated later. */
enum bill_refund {
    BILL_REFUND_DONE,
    BILL_REFUND_PENDING, /* begun: nothing was paid back yet, and it may come to nothing */
    BILL_REFUND_FAILED,
    BILL_REFUND_COUNT
};

enum bill_fault {
    BILL_OK,
    BILL_NOT_PACKED,     /* no ZIP or gzip file: a late download is an HTML page */
    BILL_BROKEN_PACKING, /* it does not unpack, or a checksum in it does not match */
    BILL_TOO_LARGE,
    BILL_NO_DETAILS,     /* no file of rows in the archive */
    BILL_BAD_HEADER,     /* the columns are not those that we know */
    BILL_BAD_ROW,        /* a row with other columns, an unreadable amount or number */
    BILL_COUNT_MISMATCH, /* the file's own counts are missing or differ from its rows */
    BILL_FAULT_COUNT
};

/** "ok", "not_packed", ..., "count_mismatch"; never NULL. */
const char *bill_fault_name(enum bill_fault fault);

enum {
    BILL_NUMBER_SIZE = 65,
    BILL_SIZE_MAX = 64 << 20, /* unpacked; 150,000 rows of about 400 bytes */
};

struct bill_row {
    enum bill_kind kind;
    char order_no[BILL_NUMBER_SIZE];
    char trade_no[BILL_NUMBER_SIZE];
    char refund_no[BILL_NUMBER_SIZE]; /* "" for payments */
    enum bill_refund refund;          /* of refunds; Alipay lists them once they are done */
    int64_t fen;                      /* >= 0 for every kind: Alipay's minus is taken off */
    int64_t fee_e5;                   /* 0.00001 yuan that the wallet keeps; < 0: given back */
};

/* Who gets the rows, in the order of the file. They are borrowed for the call. */
struct bill_sink {
    void (*row)(void *self, const struct bill_row *row);
    void *self;
};

/* What the file says about itself. */
struct bill_summary {
    size_t payment_count;
    size_t refund_count;
    size_t total_count;
    int64_t fees_e5;        /* of all rows */
    int64_t fees_stated_e5; /* the file's own sum, if fees_stated */
    bool fees_stated;       /* there is one, and every row's fee could be read */
};

/**
 * Read WeChat's bill, unpacked (UTF-8 with or without a byte order mark). Rows go to the sink as
 * they are read; unless BILL_OK comes back, forget them.
 */
MUST_CHECK enum bill_fault bill_wechat_read(const char *csv, size_t size,
                                            const struct bill_sink *sink,
                                            struct bill_summary *ret_summary);

/** The same for Alipay's details file (GBK or UTF-8). */
MUST_CHECK enum bill_fault bill_alipay_read(const char *csv, size_t size,
                                            const struct bill_sink *sink,
                                            struct bill_summary *ret_summary);

#endif
