/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/power/witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"

static unsigned looked_for;
static unsigned lost;

PRINTF_LIKE(2, 0)
static void say(const char *first, const char *format, va_list values)
{
    char text[WITNESS_LINE_SIZE];
    char line[WITNESS_LINE_SIZE + 16];
    str_vformat_cut(text, sizeof(text), format, values);
    str_format_cut(line, sizeof(line), "%s%s\n", first, text);
    ssize_t size = write(STDOUT_FILENO, line, strlen(line));
    MUST(size == (ssize_t)strlen(line));
}

void witness_ack(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say("", format, values);
    va_end(values);
}

void witness_lost(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say("lost ", format, values);
    va_end(values);
    lost += 1;
}

bool witness_next(char ret_line[WITNESS_LINE_SIZE])
{
    if (fgets(ret_line, WITNESS_LINE_SIZE, stdin) == NULL) {
        return false;
    }
    ret_line[strcspn(ret_line, "\n")] = '\0';
    looked_for += 1;
    return true;
}

void witness_id(unsigned round, unsigned number, char ret_id[WITNESS_ID_SIZE])
{
    bool fits = str_format(ret_id, WITNESS_ID_SIZE, "%08x-0000-4000-8000-%012x", round, number);
    MUST(fits);
}

int witness_main(int argc, char **argv, const struct witness_plan *plan)
{
    uint32_t round = 0;
    if (argc == 4 && str_equal(argv[1], "write") && parse_u32(argv[3], UINT32_MAX, &round)) {
        plan->write(argv[2], round);
        return 0;
    }
    if (argc == 3 && str_equal(argv[1], "check")) {
        plan->check(argv[2]);
        witness_ack("checked %u", looked_for);
        return lost == 0 ? 0 : 1;
    }
    (void)fprintf(stderr, "usage: %s write DIR ROUND | check DIR\n", argv[0]);
    return 2;
}
