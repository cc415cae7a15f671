/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The terminal's journal under power cuts: orders are saved, get their numbers, and some are
 * settled. Afterwards the open orders are walked through with the kiosk's own question, "which is
 * the newest one open": each that was acknowledged and not settled must come, with its number.
 */
#include <stdio.h>
#include <string.h>

#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "kiosk/journal/journal.h"
#include "tests/power/witness.h"

enum {
    NOW_WALL_S = 1795170000,
    PATH_SIZE = 512,
    ORDERS_MAX = 4096,
    WORD_SIZE = 16,
    ORDERS_A_RUN = 8,
    NUMBERS_A_ROUND = 10000,
};

/* How far an order got, as acknowledged. */
struct order {
    char id[WITNESS_ID_SIZE];
    char order_no[SESSION_ORDER_NO_SIZE];
    bool is_settled;
    bool is_seen;
};

static struct order orders[ORDERS_MAX];
static size_t order_count;

static enum err open_in(const char *dir, struct journal **ret_journal, char *ret_why)
{
    char path[PATH_SIZE];
    bool fits = str_format(path, sizeof(path), "%s/kiosk.db", dir);
    MUST(fits);
    return journal_open(path, NOW_WALL_S, ret_journal, ret_why);
}

static enum err one_order(struct journal *journal, unsigned round, unsigned number)
{
    struct session_create create = {.amount = {.fen = 1 + number}, .wallet = SESSION_WALLET_WECHAT};
    char order_no[SESSION_ORDER_NO_SIZE];
    witness_id(round, number, create.client_request_id);
    witness_id(round, number, create.purchase_id);
    bool fits = str_copy(create.room_id, sizeof(create.room_id), "room") &&
                str_copy(create.meter_id, sizeof(create.meter_id), "meter") &&
                str_format(order_no, sizeof(order_no), "N%07u%07u", round, number);
    MUST(fits);
    enum err err = journal_save(journal, &create, NOW_WALL_S);
    if (err != OK) {
        return err;
    }
    witness_ack("saved %s", create.client_request_id);
    err = journal_set_order_no(journal, create.client_request_id, order_no);
    if (err != OK) {
        return err;
    }
    witness_ack("numbered %s %s", create.client_request_id, order_no);
    if (number % 4 == 3) {
        err = journal_settle(journal, create.client_request_id);
        if (err == OK) {
            witness_ack("settled %s", create.client_request_id);
        }
    }
    return err;
}

/* Closed and opened again now and then: that moves the log into the file. */
static void work(const char *dir, unsigned round)
{
    char profile[WORD_SIZE];
    unsigned number = 0;
    enum err err = OK;
    while (err == OK) {
        struct journal *journal = NULL;
        char why[JOURNAL_WHY_SIZE];
        err = open_in(dir, &journal, why);
        if (err == OK) {
            str_format_cut(profile, sizeof(profile), "%u", round * NUMBERS_A_ROUND + number);
            err = journal_put_profile(journal, profile);
        }
        if (err == OK) {
            witness_ack("profile %s", profile);
        }
        for (unsigned i = 0; err == OK && i < ORDERS_A_RUN; i++) {
            err = one_order(journal, round, number);
            number += 1;
        }
        journal_close(journal);
    }
}

static struct order *order_of(const char *id)
{
    for (size_t i = order_count; i > 0; i--) {
        if (str_equal(orders[i - 1].id, id)) {
            return &orders[i - 1];
        }
    }
    MUST(order_count < ORDERS_MAX);
    bool fits = str_copy(orders[order_count].id, WITNESS_ID_SIZE, id);
    MUST(fits);
    return &orders[order_count++];
}

static void read_acknowledged(char ret_profile[WITNESS_LINE_SIZE])
{
    char line[WITNESS_LINE_SIZE];
    while (witness_next(line)) {
        char word[WORD_SIZE] = "";
        char id[WITNESS_ID_SIZE] = "";
        char order_no[SESSION_ORDER_NO_SIZE] = "";
        int fields = sscanf(line, "%15s %36s %32s", word, id, order_no);
        MUST(fields >= 2);
        if (str_equal(word, "profile")) {
            str_format_cut(ret_profile, WITNESS_LINE_SIZE, "%s", line + strlen("profile "));
            continue;
        }
        struct order *order = order_of(id);
        order->is_settled = order->is_settled || str_equal(word, "settled");
        if (fields == 3) {
            bool fits = str_copy(order->order_no, sizeof(order->order_no), order_no);
            MUST(fits);
        }
    }
}

static void walk_open_orders(struct journal *journal)
{
    struct journal_order found;
    enum err err = journal_find_open(journal, &found);
    while (err == OK) {
        struct order *order = order_of(found.client_request_id);
        order->is_seen = true;
        if (order->is_settled) {
            witness_lost("settled %s", order->id);
        }
        if (order->order_no[0] != '\0' && !str_equal(order->order_no, found.order_no)) {
            witness_lost("numbered %s: %s", order->id, found.order_no);
        }
        err = journal_settle(journal, found.client_request_id);
        err = err == OK ? journal_find_open(journal, &found) : err;
    }
    if (err != ERR_NOT_FOUND) {
        witness_lost("journal: %s", err_name(err));
    }
}

/* The acknowledged one, or a later one that nobody heard of. */
static bool has_profile(struct journal *journal, const char *profile)
{
    static char text[JOURNAL_PROFILE_SIZE];
    uint32_t acknowledged = 0;
    uint32_t kept = 0;
    return journal_get_profile(journal, text) == OK && parse_u32(text, UINT32_MAX, &kept) &&
           parse_u32(profile, UINT32_MAX, &acknowledged) && kept >= acknowledged;
}

static void check(const char *dir)
{
    char profile[WITNESS_LINE_SIZE] = "";
    read_acknowledged(profile);
    size_t acknowledged_count = order_count;
    struct journal *journal = NULL;
    char why[JOURNAL_WHY_SIZE];
    enum err err = open_in(dir, &journal, why);
    if (why[0] != '\0') {
        witness_lost("journal: %s", why); /* also if it was damaged and is a new one now */
    }
    if (err != OK) {
        return;
    }
    if (profile[0] != '\0' && !has_profile(journal, profile)) {
        witness_lost("profile %s", profile);
    }
    walk_open_orders(journal);
    for (size_t i = 0; i < acknowledged_count; i++) {
        if (!orders[i].is_seen && !orders[i].is_settled) {
            /* Settled, but the word of it was not heard any more? Only the last one may be. */
            bool may_be = i + 1 == acknowledged_count && orders[i].order_no[0] != '\0';
            if (!may_be) {
                witness_lost("saved %s", orders[i].id);
            }
        }
    }
    journal_close(journal);
}

int main(int argc, char **argv)
{
    static const struct witness_plan plan = {.write = work, .check = check};
    return witness_main(argc, argv, &plan);
}
