/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_BENCH_AUDITBILL_H
#define SHILLING_TESTS_BENCH_AUDITBILL_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

/* Both wallets' daily bills, packed as they deliver them: GBK in a ZIP, UTF-8 in gzip. */
struct bills;

struct bill_line {
    const char *order_no;
    const char *trade_no;
    const char *refund_no; /* "" for a payment */
    int64_t fen;
    int64_t at;
};

/** Bills of @p days days from @p begins_at on, in @p folder/bills. */
struct bills *bills_create(const char *folder, int64_t begins_at, size_t days);

/** @param wallet 0 Alipay, 1 WeChat */
void bills_add(struct bills *bills, size_t wallet, const struct bill_line *line);

/** Write the files, and the same bytes into the table `bill`; frees @p bills. */
void bills_finish(struct bills *bills, sqlite3 *db);

#endif
