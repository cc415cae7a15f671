/* SPDX-License-Identifier: Apache-2.0 */

/* Bills: the first byte says which form the rest is in. */
#include <stdint.h>
#include <stdlib.h>

#include "common/compiler.h"
#include "common/must.h"
#include "protocol/bill/bill.h"
#include "protocol/bill/pack.h"

enum { ROOM = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_row(void *self, const struct bill_row *row)
{
    size_t *count = self;
    MUST(row->fen >= 0);
    *count += 1;
}

static void read_csv(const char *csv, size_t size)
{
    size_t count = 0;
    const struct bill_sink sink = {.row = count_row, .self = &count};
    struct bill_summary summary;
    if (bill_wechat_read(csv, size, &sink, &summary) == BILL_OK) {
        MUST(summary.total_count == count);
    }
    count = 0;
    if (bill_alipay_read(csv, size, &sink, &summary) == BILL_OK) {
        MUST(summary.payment_count + summary.refund_count == count);
    }
}

static void read_zip(const uint8_t *file, size_t size)
{
    struct bill_archive archive;
    struct bill_entry entry;
    if (bill_archive_details(file, size, &archive, &entry) != BILL_OK || entry.size > ROOM) {
        return;
    }
    uint8_t *bytes = malloc(entry.size + 1);
    if (bytes != NULL && bill_archive_unpack(&archive, &entry, bytes, entry.size) == BILL_OK) {
        read_csv((const char *)bytes, entry.size);
    }
    free(bytes);
}

static void read_gzip(const uint8_t *file, size_t size)
{
    uint8_t *bytes = malloc(ROOM);
    size_t got = 0;
    if (bytes != NULL && bill_gunzip(file, size, bytes, ROOM, &got) == BILL_OK) {
        MUST(got <= ROOM);
        read_csv((const char *)bytes, got);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    switch (data[0]) {
    case 'z':
        read_zip(data + 1, size - 1);
        break;
    case 'g':
        read_gzip(data + 1, size - 1);
        break;
    default:
        read_csv((const char *)data + 1, size - 1);
        break;
    }
    return 0;
}
