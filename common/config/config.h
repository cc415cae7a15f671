/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CONFIG_CONFIG_H
#define SHILLING_COMMON_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Configuration files in libconfig's syntax, read strictly: every value has a type and a range,
 * and a member that nobody asked for is an error, because it is most likely a misspelt one. The
 * first error is kept as one sentence that names file, line and field; later reads are harmless
 * and return their fallback, so a program reads everything and asks once, with config_finish().
 *
 * A path is libconfig's: "mqtt.port", "buses.[0].device".
 *
 *     struct config *cfg = config_open(path, message, sizeof(message));
 *     config_text(cfg, "mqtt.host", NULL, host, sizeof(host));      NULL: the field is required
 *     port = config_int(cfg, "mqtt.port", (struct config_int){.min = 1, .max = 65535});
 *     if (!config_finish(cfg, message, sizeof(message))) ... print message, exit 2
 */
struct config;

enum { CONFIG_MESSAGE_SIZE = 512 };

/** A number's range; with @p optional the fallback stands in where the field is absent. */
struct config_int {
    int64_t min;
    int64_t max;
    bool optional;
    int64_t fallback;
};

/**
 * Read and parse a file of at most 1 MiB. Give the result to config_finish().
 *
 * @param ret_message set when NULL is returned: "FILE:LINE: what is wrong"
 * Blocks: reads the file. Allocates: yes.
 */
MUST_CHECK struct config *config_open(const char *path, char *ret_message, size_t message_size);

/** The same from text; @p name stands for the file in messages. */
MUST_CHECK struct config *config_open_text(const char *text, const char *name, char *ret_message,
                                           size_t message_size);

/** Text of 1..@p size - 1 bytes of UTF-8. @p fallback NULL: required; "" : may be absent. */
void config_text(struct config *cfg, const char *path, const char *fallback, char *ret_text,
                 size_t size);

/** A number within @p range; 64-bit literals in the file need no suffix up to 2^31 - 1. */
int64_t config_int(struct config *cfg, const char *path, struct config_int range);

/** true or false. */
bool config_bool(struct config *cfg, const char *path, bool fallback);

/** How many members a list or array has; 0 if absent. More than @p max is an error. */
size_t config_count(struct config *cfg, const char *path, size_t max);

/** True if the field is there (whatever its type). */
bool config_has(struct config *cfg, const char *path);

/** One of @p count words; returns its index, or @p fallback where absent (-1: required). */
int config_choice(struct config *cfg, const char *path, const char *const *words, size_t count,
                  int fallback);

/**
 * Report a rule of the caller's own about a field ("there are two meters with this address"):
 * kept with file and line like the others, if it is the first.
 */
void config_fail(struct config *cfg, const char *path, const char *format, ...) PRINTF_LIKE(3, 4);

/**
 * Free @p cfg (NULL is fine). False if anything was wrong, also a member that was never read;
 * @p ret_message then holds the first error.
 */
MUST_CHECK bool config_finish(struct config *cfg, char *ret_message, size_t message_size);

#endif
