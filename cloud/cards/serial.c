/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/cards/serial.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"

void serial_format(const uint8_t serial[PURCHASE_SERIAL_SIZE], char ret_text[SERIAL_TEXT_SIZE])
{
    const bool fits =
        hex_format(serial, PURCHASE_SERIAL_SIZE, /* separator= */ 0, ret_text, SERIAL_TEXT_SIZE);
    MUST(fits);
}

enum err serial_judge(struct db *db, const char *uid_text,
                      const uint8_t serial[PURCHASE_SERIAL_SIZE],
                      enum serial_standing *ret_standing)
{
    char text[SERIAL_TEXT_SIZE];
    serial_format(serial, text);
    struct sql *sql = sql_begin(db, "SELECT count(*), coalesce(sum(uid = ?1 AND serial = ?2), 0)"
                                    " FROM card_serial WHERE uid = ?1 OR serial = ?2");
    sql_bind_text(sql, 1, uid_text);
    sql_bind_text(sql, 2, text);
    enum err err = sql_one(sql);
    if (err == OK) {
        const bool free = sql_i64(sql, 0) == 0;
        *ret_standing = free ? SERIAL_FREE : sql_i64(sql, 1) > 0 ? SERIAL_OWN : SERIAL_OTHER;
    }
    sql_end(sql);
    return err;
}

enum err serial_learn(struct db *db, const char *uid_text,
                      const uint8_t serial[PURCHASE_SERIAL_SIZE])
{
    char text[SERIAL_TEXT_SIZE];
    serial_format(serial, text);
    struct sql *sql = sql_begin(db, "INSERT INTO card_serial (uid, serial) VALUES (?1, ?2)");
    sql_bind_text(sql, 1, uid_text);
    sql_bind_text(sql, 2, text);
    return sql_run(sql);
}

enum err serial_load(struct db *db, const char *uid_text, uint8_t ret_serial[PURCHASE_SERIAL_SIZE],
                     bool *ret_known)
{
    size_t size = 0;
    struct sql *sql = sql_begin(db, "SELECT serial FROM card_serial WHERE uid = ?1");
    sql_bind_text(sql, 1, uid_text);
    enum err err = sql_one(sql);
    *ret_known = err == OK;
    if (err == OK) {
        const char *text = sql_text(sql, 0);
        const bool good =
            hex_parse(text, strlen(text), ret_serial, PURCHASE_SERIAL_SIZE, &size, NULL) &&
            size == PURCHASE_SERIAL_SIZE;
        err = good ? OK : ERR_CHECKSUM;
    }
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}
