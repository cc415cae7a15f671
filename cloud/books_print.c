/* SPDX-License-Identifier: Apache-2.0 */
/* The books of a day on paper: the identity, what explains its difference, meters, open money. */
#include "cloud/books_print.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cloud/report_print.h"

/* Both sides, and how much of their difference the lines below explain. */
static void print_identity(const json_t *report)
{
    const json_t *sums = json_object_get(report, "identity");
    if (!json_is_object(sums)) {
        (void)printf("  bills      not compared with the ledger: a bill of the day is missing\n");
        return;
    }
    (void)printf("  bills      %lld fen paid - %lld fen paid back = %lld fen\n",
                 report_number(sums, "bill_paid_fen"), report_number(sums, "bill_refunded_fen"),
                 report_number(sums, "bills_fen"));
    (void)printf(
        "  ledger     held %lld + owed back %lld + without an order %lld + credited %lld"
        " (cloud) %lld (meters) %lld (cards) - lost %lld + from the bank %lld = %lld fen\n",
        report_number(sums, "held_fen"), report_number(sums, "refpay_fen"),
        report_number(sums, "suspense_fen"), report_number(sums, "cust_fen"),
        report_number(sums, "meter_fen"), report_number(sums, "card_fen"),
        report_number(sums, "loss_fen"), report_number(sums, "bank_fen"),
        report_number(sums, "books_fen"));
    (void)printf("  difference %lld fen\n", report_number(sums, "difference_fen"));
}

static void print_machines(const json_t *report)
{
    const json_t *meters = json_object_get(report, "meters");
    const json_t *relays = json_object_get(report, "relays");
    (void)printf("  meters     %lld equal, %lld with a top-up on its way, %lld not looked at\n",
                 report_number(meters, "equal"), report_number(meters, "on_its_way"),
                 report_number(meters, "not_looked_at"));
    (void)printf("  relays     %lld as wanted, %lld not read\n", report_number(relays, "equal"),
                 report_number(relays, "not_read"));
}

/* Whose word the first number of a finding is. */
static const char *other_side(const char *finding)
{
    if (strncmp(finding, "METER", strlen("METER")) == 0) {
        return "meter";
    }
    return strcmp(finding, "DAY_POSTING") == 0 ? "came in" : "bill";
}

static void print_numbers(const json_t *object)
{
    const char *finding = report_word(object, "finding");
    (void)printf("%s %s", finding, report_or_dash(report_word(object, "subject")));
    if (report_number(object, "theirs") != 0 || report_number(object, "ours") != 0) {
        (void)printf(": %s %lld %s, ours %lld %s", other_side(finding),
                     report_number(object, "theirs"), report_word(object, "unit"),
                     report_number(object, "ours"), report_word(object, "unit"));
    }
}

static const char *reason_text(const char *reason)
{
    static const char *const TEXTS[][2] = {
        {"midnight", "on both sides of a midnight"},
        {"other_day", "heard of on another day"},
        {"next_bill", "near a midnight, and the next bill is not here yet"},
        {"refund_begun", "the refund was listed as begun"},
        {"bill_item", "see"},
        {"review_item", "see"},
        {"on_its_way", "a top-up was on its way"},
    };
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        if (strcmp(reason, TEXTS[i][0]) == 0) {
            return TEXTS[i][1];
        }
    }
    return reason;
}

static void print_line(const json_t *line)
{
    const char *item_no = report_word(line, "item_no");
    (void)printf("  explained  ");
    print_numbers(line);
    (void)printf("; %s%s%s\n", reason_text(report_word(line, "reason")),
                 item_no[0] != '\0' ? " " : "", item_no);
}

static void print_item(const json_t *item)
{
    (void)printf("  %-10s %s ", report_word(item, "state"), report_word(item, "document_no"));
    print_numbers(item);
    report_print_tail(item);
}

void books_print(const json_t *report)
{
    const json_t *lines = json_object_get(report, "lines");
    const json_t *items = json_object_get(report, "items");
    size_t i = 0;
    const json_t *one = NULL;
    (void)printf("books %s\n", report_word(report, "day"));
    if (!json_is_integer(json_object_get(report, "ran_at"))) {
        (void)printf("  not added up yet\n");
    } else {
        print_identity(report);
        print_machines(report);
    }
    json_array_foreach(lines, i, one)
    {
        if (report_word(one, "reason")[0] != '\0') {
            print_line(one);
        }
    }
    json_array_foreach(items, i, one)
    {
        print_item(one);
    }
    if (json_is_false(json_object_get(report, "whole"))) {
        (void)printf("  and more differs than is kept: no item was closed\n");
    }
    report_print_total(report);
}
