/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_PERSON_H
#define SHILLING_TOOLS_CARDCTL_PERSON_H

#include "common/compiler.h"
#include "common/json/json.h"
#include "drivers/secrets/password.h"
#include "tools/cardctl/exit.h"
#include "tools/cardctl/options.h"

/*
 * Who signs what is done. The server wants a name and a password with each call that changes the
 * register or takes a card's keys out of it; the password is asked for once.
 */

/* Holds a password: bytes_wipe(). */
struct person {
    const char *name; /* borrowed */
    char password[PASSWORD_SIZE];
};

/**
 * Ask for the password of @p name, if there is a server to sign at: unseen at a terminal, else one
 * line of standard input.
 *
 * @param name        borrowed as long as @p ret_person; NULL: nobody was named
 * @param ret_person  set on CTL_DONE
 * @return CTL_DONE; CTL_USAGE nobody was named; CTL_FAILED no server was named, or no password was
 *         given. It was said.
 * Blocks: until it is typed.
 */
MUST_CHECK enum ctl_exit person_ask(const struct options *options, const char *name,
                                    struct person *ret_person);

/** Put name and password into the call @p body. */
void person_sign(const struct person *person, json_t *body);

#endif
