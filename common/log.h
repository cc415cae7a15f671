/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_LOG_H
#define SHILLING_COMMON_LOG_H

#include "common/compiler.h"

/*
 * Programs log, once, to standard error (the journal of systemd takes it from there). Cores and
 * libraries do not log: they return errors. No key, card number or full name is ever logged.
 */
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/** Set the program's name in front of each line and the lowest level shown. Not thread safe. */
void log_init(const char *program, enum log_level level);

void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
/** Something is wrong and the program goes on; the text says so. */
void log_warn(const char *format, ...) PRINTF_LIKE(1, 2);
/** Something is wrong and a person must act; the text says what to do. */
void log_error(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
