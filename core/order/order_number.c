/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: fixed columns, so that the parts can be read off again by eye and two numbers can never
 * become equal by running into each other: SH, eight digits of the day, one of the epoch, seven of
 * the counter, six at random. Numbers are unique by (epoch, counter); day and random part are a
 * second net for a database that was copied without raising its epoch.
 */
#include "core/order/order_number.h"

#include <string.h>

#include "common/bytes.h"
#include "common/civil.h"
#include "common/must.h"
#include "common/str.h"

enum { COUNTER_DIGITS = 7, BASE = 36 };

static const char DIGITS[BASE + 1] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/*
 * The end is digits alone: a tenant finds his order by its last six on a keypad. Four bytes over a
 * million favour nothing that matters; uniqueness is the counter's.
 */
enum { RANDOM_BOUND = 1000000 };

bool order_number_make(const struct order_number_parts *parts, char ret_number[ORDER_NUMBER_SIZE])
{
    MUST(parts->wall_s >= 0);
    if (parts->epoch > ORDER_NUMBER_EPOCH_MAX || parts->counter == 0 ||
        parts->counter > ORDER_NUMBER_COUNTER_MAX) {
        return false;
    }
    char counter[COUNTER_DIGITS + 1] = {0};
    uint64_t rest = parts->counter;
    for (size_t i = COUNTER_DIGITS; i > 0; i--) {
        counter[i - 1] = DIGITS[rest % BASE];
        rest /= BASE;
    }
    MUST(rest == 0);
    const uint32_t random = get_le32(parts->random) % RANDOM_BOUND;
    const struct civil day = civil_beijing(parts->wall_s);
    return str_format(ret_number, ORDER_NUMBER_SIZE, "SH%04d%02d%02d%c%s%06u", (int)day.year,
                      (int)day.month, (int)day.day, DIGITS[parts->epoch], counter,
                      (unsigned)random);
}

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool order_number_is_valid(const char *text)
{
    MUST(text != NULL);
    size_t len = 0;
    while (len < ORDER_NUMBER_SIZE && text[len] != '\0') {
        if (!is_number_char(text[len])) {
            return false;
        }
        len += 1;
    }
    return len >= ORDER_NUMBER_LEN_MIN && len < ORDER_NUMBER_SIZE;
}

bool order_number_of_refund(const char *document_no, char ret_number[REFUND_NUMBER_SIZE])
{
    MUST(document_no != NULL);
    MUST(document_no[0] != '\0');
    char number[REFUND_NUMBER_SIZE];
    if (!str_format(number, sizeof(number), "%sR1", document_no)) {
        return false;
    }
    (void)memcpy(ret_number, number, sizeof(number));
    return true;
}
