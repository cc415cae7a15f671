/* SPDX-License-Identifier: Apache-2.0 */
/* The daily bills, out of the provider's own books (cloud/payments/pay.h, "The daily bill"). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/civil.h"
#include "common/must.h"
#include "common/str.h"
#include "sim/world/world.h"

enum { FETCH_MS_MAX = 9000, LINE_SIZE = 256 };

static bool is_on(int64_t wall_s, const char *day)
{
    char text[PAY_DAY_SIZE];
    const struct civil civil = civil_beijing(wall_s);
    str_format_cut(text, sizeof(text), "%04d-%02d-%02d", (int)civil.year, (int)civil.month,
                   (int)civil.day);
    return str_equal(text, day);
}

struct writer {
    struct pay_bill *bill;
    size_t rows_room;
    size_t raw_room;
};

static void *grow(void *area, size_t count, size_t *room, size_t size)
{
    if (count > *room) {
        *room = 2 * count;
        area = realloc(area, *room * size);
        MUST(area != NULL);
    }
    return area;
}

static void add_row(struct writer *writer, const struct pay_bill_row *row)
{
    struct pay_bill *bill = writer->bill;
    char line[LINE_SIZE];
    str_format_cut(line, sizeof(line), "%d,%s,%s,%s,%" PRId64 "\n", (int)row->kind, row->order_no,
                   row->refund_no, row->trade_no, row->fen);
    const size_t len = strlen(line);
    bill->rows = grow(bill->rows, bill->row_count + 1, &writer->rows_room, sizeof(*bill->rows));
    bill->rows[bill->row_count++] = *row;
    bill->raw = grow(bill->raw, bill->raw_size + len, &writer->raw_room, 1);
    memcpy(bill->raw + bill->raw_size, line, len);
    bill->raw_size += len;
}

static void add_trade(struct writer *writer, const struct trade *trade, const char *day)
{
    struct pay_bill_row row = {.kind = PAY_BILL_PAYMENT, .fen = trade->paid_fen};
    str_format_cut(row.order_no, sizeof(row.order_no), "%s", trade->order_no);
    str_format_cut(row.trade_no, sizeof(row.trade_no), "%s", trade->trade_no);
    if (trade->paid_fen > 0 && !trade->unbilled && is_on(trade->paid_wall_s, day)) {
        add_row(writer, &row);
    }
    for (size_t i = 0; i < trade->refund_count; i++) {
        const struct trade_refund *refund = &trade->refunds[i];
        if (refund->state == TRADE_REFUND_DONE && is_on(refund->wall_s, day)) {
            row.kind = PAY_BILL_REFUND;
            row.fen = refund->fen;
            str_format_cut(row.refund_no, sizeof(row.refund_no), "%s", refund->refund_no);
            add_row(writer, &row);
        }
    }
}

void pay_bill_fetch(struct pay *pay, enum pay_wallet wallet, const char *day,
                    struct pay_bill *ret_bill)
{
    struct writer writer = {.bill = ret_bill};
    const int64_t wait_ms = dice_between(&pay->world->dice[DICE_PROVIDER], 1, FETCH_MS_MAX);
    const bool late = world_strikes(pay->world, FAULT_BILL_LATE, DICE_PROVIDER);
    const bool cut = pay->down_until_ns > kernel_now_ns();
    *ret_bill = (struct pay_bill){.result = PAY_BILL_UNKNOWN};
    kernel_sleep(wait_ms * KERNEL_MS);
    if (late || cut) {
        return;
    }
    for (size_t i = 0; i < pay->trade_count; i++) {
        if (pay->trades[i].wallet == wallet) {
            add_trade(&writer, &pay->trades[i], day);
        }
    }
    ret_bill->result = ret_bill->row_count > 0 ? PAY_BILL_OK : PAY_BILL_EMPTY;
    kernel_trace("bill", day, wallet, (int64_t)ret_bill->row_count);
}

void pay_bill_finish(struct pay_bill *bill)
{
    free(bill->rows);
    free(bill->raw);
    bill->rows = NULL;
    bill->raw = NULL;
}
