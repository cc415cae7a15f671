/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/orders/number.h"

#include "common/str.h"

enum { DEVICE_COUNTER_MAX_DIGITS = 14 };

static enum err count_up(struct db *db, int64_t *ret_epoch, int64_t *ret_counter)
{
    struct sql *sql = sql_begin(
        db, "UPDATE number_series SET counter = counter + 1 WHERE id = 1 RETURNING epoch, counter");
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_epoch = sql_i64(sql, 0);
        *ret_counter = sql_i64(sql, 1);
    }
    sql_end(sql);
    return err;
}

enum err number_next(struct orders *orders, struct db *db, char ret_number[ORDER_NUMBER_SIZE])
{
    int64_t epoch = 0;
    int64_t counter = 0;
    enum err err = count_up(db, &epoch, &counter);
    if (err != OK) {
        return err;
    }
    struct order_number_parts parts = {
        .wall_s = db_wall_s(db), .epoch = (uint32_t)epoch, .counter = (uint64_t)counter};
    rng_fill(orders->setup.rng, parts.random, sizeof(parts.random));
    return order_number_make(&parts, ret_number) ? OK : ERR_RANGE;
}

enum err number_next_device(struct db *db, char ret_number[DL645_ORDER_TEXT_SIZE])
{
    int64_t epoch = 0;
    int64_t counter = 0;
    enum err err = count_up(db, &epoch, &counter);
    if (err != OK) {
        return err;
    }
    return str_format(ret_number, DL645_ORDER_TEXT_SIZE, "%02lld%0*lld", (long long)epoch,
                      DEVICE_COUNTER_MAX_DIGITS, (long long)counter)
               ? OK
               : ERR_RANGE;
}

enum err number_epoch(struct db *db, int64_t *ret_epoch)
{
    struct sql *sql = sql_begin(db, "SELECT epoch FROM number_series WHERE id = 1");
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_epoch = sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

enum err number_raise_epoch(struct db *db, int64_t *ret_epoch)
{
    struct sql *sql =
        sql_begin(db, "UPDATE number_series SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch");
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_epoch = sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}
