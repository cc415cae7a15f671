/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_STATEMENT_H
#define SHILLING_CLOUD_AUDITOR_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * The auditor's own reader of the wallets' daily bills. Columns are found by their names in the
 * header, not by their places. A bill whose own counts do not fit its rows is refused as a whole.
 */
enum statement_wallet { STATEMENT_ALIPAY, STATEMENT_WECHAT, STATEMENT_WALLET_COUNT };

enum { STATEMENT_NUMBER_SIZE = 65 };

struct statement_row {
    bool refund;
    bool final;  /* refunds: false while the wallet still works on it */
    int64_t fen; /* >= 0 */
    char order_no[STATEMENT_NUMBER_SIZE];
    char trade_no[STATEMENT_NUMBER_SIZE];
    char refund_no[STATEMENT_NUMBER_SIZE]; /* "" for payments */
};

/* Who gets the rows, in the order of the bill; borrowed for the call. */
struct statement_sink {
    void (*row)(void *self, const struct statement_row *row);
    void *self;
};

/** "alipay", "wechat". */
const char *statement_wallet_name(enum statement_wallet wallet);

/**
 * Read an unpacked bill, GBK or UTF-8, of either wallet: its header says which it is. Rows go to
 * the sink as they are read; forget them unless OK comes back.
 *
 * @return ERR_FORMAT no header or a row that cannot be read; ERR_CHECKSUM its counts do not fit;
 *         ERR_MEMORY
 */
MUST_CHECK enum err statement_read(const char *text, size_t size, const struct statement_sink *sink,
                                   enum statement_wallet *ret_wallet);

#endif
