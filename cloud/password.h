/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PASSWORD_H
#define SHILLING_CLOUD_PASSWORD_H

#include <stdbool.h>

#include "cloud/review/person.h"
#include "common/compiler.h"

/**
 * Ask for the password of @p name: unseen at a terminal, else one line of standard input. Wipe it
 * after use. False at the end of input. Blocks: until it is typed.
 */
MUST_CHECK bool password_read(const char *name, char ret_password[PERSON_PASSWORD_SIZE]);

#endif
