/* SPDX-License-Identifier: Apache-2.0 */
/* A wallet's day on paper: the bill, what agrees, what does not, and what that is worth. */
#include "cloud/reconcile_print.h"

#include <stdio.h>

#include "cloud/report_print.h"

/* ---- the bill ---- */

static void print_side(const json_t *bill, const char *name, const char *agree, const char *ours)
{
    const json_t *sum = json_object_get(bill, name);
    const json_t *same = json_object_get(bill, agree);
    (void)printf("  %-10s %lld rows, %lld fen; %lld rows, %lld fen agree; our books %lld fen\n",
                 name, report_number(sum, "rows"), report_number(sum, "fen"),
                 report_number(same, "rows"), report_number(same, "fen"),
                 report_number(bill, ours));
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
    print_fen(report_number(version, "fees_e5_yuan"));
    if (json_is_integer(json_object_get(version, "fees_stated_fen"))) {
        (void)printf("; the bill itself says ");
        print_fen(report_number(version, "fees_stated_e5_yuan"));
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
    (void)printf("  bill       %lld rows, version %lld, %.16s%s\n", report_number(newest, "rows"),
                 report_number(newest, "version"), report_word(newest, "digest"),
                 json_is_true(json_object_get(bill, "done"))
                     ? ""
                     : "; the provider has not answered every question");
    print_side(bill, "payments", "payments_agree", "our_paid_fen");
    print_side(bill, "refunds", "refunds_agree", "our_refunded_fen");
    if (report_number(not_refunded, "rows") > 0) {
        (void)printf("  %-10s %lld rows, %lld fen: begun or failed, nothing was paid back\n", "",
                     report_number(not_refunded, "rows"), report_number(not_refunded, "fen"));
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
        report_print_moment("  CHANGED    ", report_number(after, "first_at"));
        (void)printf(": %lld rows, %lld fen paid, %lld fen paid back became %lld rows, %lld fen,"
                     " %lld fen\n",
                     report_number(before, "rows"), report_number(before, "paid_fen"),
                     report_number(before, "refunded_fen"), report_number(after, "rows"),
                     report_number(after, "paid_fen"), report_number(after, "refunded_fen"));
    }
}

/* ---- the items ---- */

static void print_item(const json_t *item)
{
    (void)printf("  %-10s %s %s %s: bill %lld fen, ours %lld fen", report_word(item, "state"),
                 report_word(item, "document_no"), report_word(item, "finding"),
                 report_or_dash(report_word(item, "order_no")), report_number(item, "bill_fen"),
                 report_number(item, "our_fen"));
    report_print_tail(item);
}

void reconcile_print(const json_t *report)
{
    const json_t *items = json_object_get(report, "items");
    size_t i = 0;
    const json_t *item = NULL;
    (void)printf("%s %s\n", report_word(report, "channel"), report_word(report, "day"));
    print_bill(report);
    print_changes(report);
    json_array_foreach(items, i, item)
    {
        print_item(item);
    }
    const long long hidden =
        report_number(report, "item_count") - (long long)json_array_size(items);
    if (hidden > 0) {
        (void)printf("  and %lld more items, counted below\n", hidden);
    }
    report_print_total(report);
}
