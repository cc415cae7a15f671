/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_REVIEW_PERSON_H
#define SHILLING_CLOUD_REVIEW_PERSON_H

#include <stdbool.h>

#include "cloud/http/http.h"
#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/json/json.h"
#include "common/rng.h"
#include "drivers/secrets/password.h"

/*
 * People who may sign. Each has a name and a password of his own, and gives the password with
 * every signature; passwords are kept as scrypt hashes (RFC 7914, N = 2^15, r = 8, p = 1).
 */
enum {
    PERSON_NAME_SIZE = 33, /* 1..32 of [a-z0-9._-] */
    PERSON_PASSWORD_LEN_MIN = 8,
    PERSON_FREE_COUNT = 2, /* so many are added without anybody's word: the first who can sign */
    PERSON_VOUCHERS = 2,   /* so many others must give their passwords afterwards */
    PERSON_ACTOR_SIZE = PERSON_VOUCHERS * PERSON_NAME_SIZE,
};

/** True if @p name may be a person's. */
MUST_CHECK bool person_name_is_valid(const char *name);

/*
 * Whoever could add a person or set another's password alone could sign twice. So the old password
 * is asked for, or the word of two others; each change is kept with its actors.
 */
struct person_change {
    const char *name;
    const char *password; /* the new one */
    const char *actor;    /* whose passwords were right just now, "li+wang"; "": nobody's */
};

/**
 * Add a person; an actor is needed once PERSON_FREE_COUNT are there.
 * @return ERR_RANGE the name or the password is not allowed; ERR_EXISTS the name is taken;
 *         ERR_DENIED an actor is needed
 * Blocks: about 0.1 s and a commit.
 */
MUST_CHECK enum err person_add(struct store *store, const struct rng_port *rng,
                               const struct person_change *change);

/**
 * Another password for a known person, who may be locked; MUST have an actor.
 * @return ERR_RANGE the password is not allowed; ERR_NOT_FOUND no such person
 * Blocks: about 0.1 s and a commit.
 */
MUST_CHECK enum err person_set_password(struct store *store, const struct rng_port *rng,
                                        const struct person_change *change);

/**
 * Is it he? After five wrong passwords in a row nobody gets in under that name for 15 minutes.
 * @return OK; ERR_DENIED wrong name or password (which of both is not said); ERR_CONFLICT locked
 * Blocks: about 0.1 s and a commit.
 */
MUST_CHECK enum err person_check(struct store *store, const char *name, const char *password);

/** Answers @p request with an error; the words are those of the folder whose call it is. */
typedef void (*person_reply_fn)(struct http_request *request, enum err err);

/**
 * Who signs this call: members "person" and "password" of its body, checked as person_check() does.
 * @param reply_err answers with an error of person_check(); a member that is missing or wrong, also
 *                  one that @p r met before, is answered here
 * @param ret_name  not to be used on false
 * @return true if it is he; else the request was answered
 * Blocks: as person_check().
 */
MUST_CHECK bool person_signs(struct store *store, struct http_request *request,
                             struct json_reader *r, person_reply_fn reply_err,
                             char ret_name[PERSON_NAME_SIZE]);

struct person_desk {
    struct store *store;
    const struct rng_port *rng;
};

/** The operator's routes (/v1/admin/persons...). @p desk is borrowed until the server stops. */
void person_routes(struct http_server *http, struct person_desk *desk);

#endif
