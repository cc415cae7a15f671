/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/str.h"

enum { LOG_LINE_SIZE = 2048 /* longer lines are cut, journald would split them */ };

/* The log sink is one of the two globals that the style allows: every program has exactly one. */
static const char *log_program = "shilling";
static enum log_level log_level_min = LOG_LEVEL_INFO;

void log_init(const char *program, enum log_level level)
{
    log_program = program;
    log_level_min = level;
}

/* Text from outside may carry line ends or terminal codes: they must not forge log lines. */
static void mask_controls(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7F) {
            *p = ' ';
        }
    }
}

static void log_line(enum log_level level, const char *word, const char *format, va_list values)
    PRINTF_LIKE(3, 0);
static void log_line(enum log_level level, const char *word, const char *format, va_list values)
{
    if (level < log_level_min) {
        return;
    }
    char line[LOG_LINE_SIZE];
    str_vformat_cut(line, sizeof(line), format, values);
    mask_controls(line);
    (void)fprintf(stderr, "%s: %s%s\n", log_program, word, line);
}

#define LOG_BODY(level, word)                                                                      \
    va_list values;                                                                                \
    va_start(values, format);                                                                      \
    log_line(level, word, format, values);                                                         \
    va_end(values)

void log_debug(const char *format, ...)
{
    LOG_BODY(LOG_LEVEL_DEBUG, "debug: ");
}

void log_info(const char *format, ...)
{
    LOG_BODY(LOG_LEVEL_INFO, "");
}

void log_warn(const char *format, ...)
{
    LOG_BODY(LOG_LEVEL_WARN, "warning: ");
}

void log_error(const char *format, ...)
{
    LOG_BODY(LOG_LEVEL_ERROR, "error: ");
}
