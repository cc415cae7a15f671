/* SPDX-License-Identifier: Apache-2.0 */
/* A wallet's day on paper: the bill, what agrees, what does not, and what that is worth. */
#include "cloud/reconcile_print.h"

#include <stdint.h>
#include <stdio.h>

#include "common/civil.h"

static long long number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *word(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

static void print_moment(const char *what, int64_t wall_s)
{
    char text[CIVIL_TEXT_SIZE];
    (void)printf("%s%s", what, civil_format_beijing(wall_s, text));
}

/* ---- the bill ---- */

static void print_side(const json_t *bill, const char *name, const char *agree, const char *ours)
{
    const json_t *sum = json_object_get(bill, name);
    const json_t *same = json_object_get(bill, agree);
    (void)printf("  %-10s %lld rows, %lld fen; %lld rows, %lld fen agree; our books %lld fen\n",
                 name, number(sum, "rows"), number(sum, "fen"), number(same, "rows"),
                 number(same, "fen"), number(bill, ours));
}

/* "27 fen", or with what is less than one: "27.125 fen". */
static void print_fen(long long e5)
{
    const long long size = e5 < 0 ? -e5 : e5;
    (void)printf("%s%lld", e5 < 0 ? "-" : "", size / 1000);
    if (size % 1000 != 0) {
        (void)printf(".%03lld", size % 1000);
    }
    (void)printf(" fen");
}

static void print_fees(const json_t *version)
{
    (void)printf("  %-10s ", "fees");
    print_fen(number(version, "fees_e5_yuan"));
    if (json_is_integer(json_object_get(version, "fees_stated_fen"))) {
        (void)printf("; the bill itself says ");
        print_fen(number(version, "fees_stated_e5_yuan"));
    }
    (void)printf("\n");
}

static void print_bill(const json_t *report)
{
    const json_t *bill = json_object_get(report, "bill");
    const json_t *versions = json_object_get(report, "versions");
    const json_t *newest = json_array_get(versions, json_array_size(versions) - 1);
    if (!json_is_object(bill)) {
        (void)printf("  no bill was compared yet\n");
        return;
    }
    const json_t *not_refunded = json_object_get(bill, "not_refunded");
    (void)printf("  bill       %lld rows, version %lld, %.16s%s\n", number(newest, "rows"),
                 number(newest, "version"), word(newest, "digest"),
                 json_is_true(json_object_get(bill, "done"))
                     ? ""
                     : "; the provider has not answered every question");
    print_side(bill, "payments", "payments_agree", "our_paid_fen");
    print_side(bill, "refunds", "refunds_agree", "our_refunded_fen");
    if (number(not_refunded, "rows") > 0) {
        (void)printf("  %-10s %lld rows, %lld fen: begun or failed, nothing was paid back\n", "",
                     number(not_refunded, "rows"), number(not_refunded, "fen"));
    }
    print_fees(newest);
}

/* A bill that the provider changed: what every version before the newest said. */
static void print_changes(const json_t *report)
{
    const json_t *versions = json_object_get(report, "versions");
    for (size_t i = 1; i < json_array_size(versions); i++) {
        const json_t *before = json_array_get(versions, i - 1);
        const json_t *after = json_array_get(versions, i);
        print_moment("  CHANGED    ", number(after, "first_at"));
        (void)printf(": %lld rows, %lld fen paid, %lld fen paid back became %lld rows, %lld fen,"
                     " %lld fen\n",
                     number(before, "rows"), number(before, "paid_fen"),
                     number(before, "refunded_fen"), number(after, "rows"),
                     number(after, "paid_fen"), number(after, "refunded_fen"));
    }
}

/* ---- the items ---- */

static void print_worth(long long gain_fen)
{
    if (gain_fen != 0) {
        (void)printf(", %s %lld fen", gain_fen > 0 ? "gain" : "loss",
                     gain_fen > 0 ? gain_fen : -gain_fen);
    }
}

static void print_item(const json_t *item)
{
    (void)printf("  %-10s %s %s %s: bill %lld fen, ours %lld fen", word(item, "state"),
                 word(item, "document_no"), word(item, "finding"), or_dash(word(item, "order_no")),
                 number(item, "bill_fen"), number(item, "our_fen"));
    print_worth(number(item, "gain_fen"));
    if (word(item, "outcome")[0] != '\0') {
        (void)printf("; %s\n", word(item, "outcome"));
        return;
    }
    (void)printf("; %s, ", word(item, "owner"));
    print_moment(json_is_true(json_object_get(item, "overdue")) ? "OVERDUE since " : "due ",
                 number(item, "due_at"));
    (void)printf("\n");
}

void reconcile_print(const json_t *report)
{
    const json_t *items = json_object_get(report, "items");
    size_t i = 0;
    const json_t *item = NULL;
    (void)printf("%s %s\n", word(report, "channel"), word(report, "day"));
    print_bill(report);
    print_changes(report);
    json_array_foreach(items, i, item)
    {
        print_item(item);
    }
    const long long hidden = number(report, "item_count") - (long long)json_array_size(items);
    if (hidden > 0) {
        (void)printf("  and %lld more items, counted below\n", hidden);
    }
    (void)printf("  total      %lld open, loss %lld fen, gain %lld fen\n", number(report, "open"),
                 number(report, "loss_fen"), number(report, "gain_fen"));
}
