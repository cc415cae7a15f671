/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/report_print.h"

#include <stdio.h>

#include "common/civil.h"

long long report_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

const char *report_word(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

const char *report_or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

void report_print_moment(const char *what, int64_t wall_s)
{
    char text[CIVIL_TEXT_SIZE];
    (void)printf("%s%s", what, civil_format_beijing(wall_s, text));
}

static void print_worth(long long gain_fen)
{
    if (gain_fen != 0) {
        (void)printf(", %s %lld fen", gain_fen > 0 ? "gain" : "loss",
                     gain_fen > 0 ? gain_fen : -gain_fen);
    }
}

void report_print_tail(const json_t *item)
{
    print_worth(report_number(item, "gain_fen"));
    if (report_word(item, "outcome")[0] != '\0') {
        (void)printf("; %s\n", report_word(item, "outcome"));
        return;
    }
    (void)printf("; %s, ", report_word(item, "owner"));
    report_print_moment(json_is_true(json_object_get(item, "overdue")) ? "OVERDUE since " : "due ",
                        report_number(item, "due_at"));
    (void)printf("\n");
}

void report_print_total(const json_t *report)
{
    (void)printf("  total      %lld open, loss %lld fen, gain %lld fen\n",
                 report_number(report, "open"), report_number(report, "loss_fen"),
                 report_number(report, "gain_fen"));
}
