/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_SECRETS_PASSWORD_H
#define SHILLING_DRIVERS_SECRETS_PASSWORD_H

#include <stdbool.h>

#include "common/compiler.h"

enum { PASSWORD_SIZE = 129 /* of a person who signs, with its NUL */ };

/**
 * Ask for the password of @p name: unseen at a terminal, else one line of standard input. Nothing
 * of it stays elsewhere, and what stands behind the line is not read: do not read standard input by
 * stdio beside it.
 *
 * @param ret_password  wipe it after use; wiped on failure
 * @return false at the end of input, if the line is empty, or too long, or the terminal cannot be
 *         made unseen
 * Blocks: until it is typed. Allocates: no.
 */
MUST_CHECK bool password_read(const char *name, char ret_password[PASSWORD_SIZE]);

#endif
