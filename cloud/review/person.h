/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_REVIEW_PERSON_H
#define SHILLING_CLOUD_REVIEW_PERSON_H

#include <stdbool.h>

#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"

/*
 * People who may sign. Each has a name and a password of his own, and gives the password with
 * every signature; passwords are kept as scrypt hashes (RFC 7914, N = 2^15, r = 8, p = 1).
 */
enum {
    PERSON_NAME_SIZE = 33, /* 1..32 of [a-z0-9._-] */
    PERSON_PASSWORD_SIZE = 129,
    PERSON_PASSWORD_LEN_MIN = 8,
};

/** True if @p name may be a person's. */
MUST_CHECK bool person_name_is_valid(const char *name);

/**
 * Add a person, or give a known one another password.
 * @return ERR_RANGE the name or the password is not allowed
 * Blocks: about 0.1 s and a commit.
 */
MUST_CHECK enum err person_put(struct store *store, const struct rng_port *rng, const char *name,
                               const char *password);

/**
 * Is it he? After five wrong passwords in a row nobody gets in under that name for 15 minutes.
 * @return OK; ERR_DENIED wrong name or password (which of both is not said); ERR_CONFLICT locked
 * Blocks: about 0.1 s and a commit.
 */
MUST_CHECK enum err person_check(struct store *store, const char *name, const char *password);

#endif
