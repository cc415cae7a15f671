/* SPDX-License-Identifier: Apache-2.0 */

/* The auditor's own reader of bills: unpack whatever it is, then read it as either wallet's. */
#include <stdint.h>

#include "cloud/auditor/statement.h"
#include "cloud/auditor/unpack.h"
#include "common/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(void *self, const struct statement_row *row)
{
    size_t *count = self;
    MUST(row->fen >= 0);
    MUST(row->order_no[0] != '\0');
    MUST(row->refund || row->refund_no[0] == '\0');
    *count += 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct unpacked text = {0};
    size_t count = 0;
    enum statement_wallet wallet = STATEMENT_WALLET_COUNT;
    const struct statement_sink sink = {.row = check_row, .self = &count};
    if (unpack_bill(data, size, &text) != OK) {
        MUST(text.text == NULL);
        return 0;
    }
    MUST(text.text[text.size] == '\0');
    if (statement_read(text.text, text.size, &sink, &wallet) == OK) {
        MUST(wallet < STATEMENT_WALLET_COUNT);
    }
    unpack_free(&text);
    return 0;
}
