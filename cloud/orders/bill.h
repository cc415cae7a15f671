/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_BILL_H
#define SHILLING_CLOUD_ORDERS_BILL_H

#include "cloud/orders/internal.h"

/*
 * The daily bill: the last net under a payment whose notify and whose queries were all lost. A
 * row of a bill never moves money; it makes us ask the provider, and its signed answer does.
 */
enum {
    BILL_LATE_MINUTE = 18 * 60 /* in Beijing, of the day after: a bill must be there by then */
};

struct bill_result {
    enum pay_bill_result fetched; /* PAY_BILL_UNKNOWN also for a "no bill" that is not believed */
    bool done; /* it was kept, and the provider has answered all that was asked because of it */
    size_t finding_count;
    char log_text[PAY_LOG_SIZE];
};

/**
 * Fetch the bill of a day ("2026-11-20", Beijing), store it, compare it with our books, and ask
 * the provider about every difference. May be done again for any day; the bill's job does it until
 * the day is done.
 *
 * @return OK, then ret_result->fetched says whether there was a bill; or the store's error
 * Blocks: a fetch (up to about 70 s), and up to 8 s for each finding.
 */
MUST_CHECK enum err bill_run(struct orders *orders, enum pay_wallet wallet, const char *day,
                             struct bill_result *ret_result);

/** The day in Beijing that holds a moment. */
void bill_day_text(int64_t wall_s, char ret_day[PAY_DAY_SIZE]);

/** The first moment of a day in Beijing; false if @p day is none. */
MUST_CHECK bool bill_day_begins(const char *day, int64_t *ret_wall_s);

/** True if @p day is "YYYY-MM-DD" and names a day. */
MUST_CHECK bool bill_day_is_valid(const char *day);

#endif
