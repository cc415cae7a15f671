/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_FILES_H
#define SHILLING_CLOUD_AUDITOR_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/* Whole files of evidence, and the files of a folder in the order of their names. */

struct file_bytes {
    uint8_t *bytes; /* @own, with a NUL behind it */
    size_t size;
};

/** @return ERR_NOT_FOUND, ERR_RANGE larger than @p size_max, ERR_IO, ERR_MEMORY */
MUST_CHECK enum err file_read(const char *path, size_t size_max, struct file_bytes *ret_bytes);

/** Free and empty. */
void file_free(struct file_bytes *file);

struct file_list {
    char **paths; /* @own */
    size_t count;
};

/**
 * The regular files of @p path whose names do not begin with a dot; if it is a file, itself.
 * @return ERR_NOT_FOUND, ERR_IO, ERR_MEMORY
 */
MUST_CHECK enum err file_list_read(const char *path, struct file_list *ret_list);

/** Free and empty. */
void file_list_free(struct file_list *list);

/** The name behind the last '/'. Borrowed. */
const char *file_name(const char *path);

#endif
