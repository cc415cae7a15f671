/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/exit.h"

#include <stdarg.h>
#include <stdio.h>

enum ctl_exit ctl_say(enum ctl_exit how, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    (void)fputs("shilling-cardctl: ", stderr);
    (void)vfprintf(stderr, format, values);
    (void)fputc('\n', stderr);
    va_end(values);
    return how;
}
