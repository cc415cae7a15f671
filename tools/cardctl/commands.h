/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_COMMANDS_H
#define SHILLING_TOOLS_CARDCTL_COMMANDS_H

#include "common/compiler.h"
#include "tools/cardctl/exit.h"
#include "tools/cardctl/options.h"

/** The words behind a command; borrowed. */
struct words {
    const char *const *at;
    int count;
};

/* Each command: what it does is said in its usage, what went wrong on standard error. */

/* With a card on the reader (card_commands.c). */
MUST_CHECK enum ctl_exit command_read(const struct options *options, const struct words *words);
MUST_CHECK enum ctl_exit command_personalise(const struct options *options,
                                             const struct words *words);
MUST_CHECK enum ctl_exit command_open(const struct options *options, const struct words *words);
MUST_CHECK enum ctl_exit command_replace(const struct options *options, const struct words *words);
MUST_CHECK enum ctl_exit command_take_return(const struct options *options,
                                             const struct words *words);

/* With the register (register_commands.c); a UID that is not given is the laid card's. */
MUST_CHECK enum ctl_exit command_find(const struct options *options, const struct words *words);
MUST_CHECK enum ctl_exit command_list(const struct options *options, const struct words *words);
MUST_CHECK enum ctl_exit command_block(const struct options *options, const struct words *words);
MUST_CHECK enum ctl_exit command_lost(const struct options *options, const struct words *words);
MUST_CHECK enum ctl_exit command_unblock(const struct options *options, const struct words *words);
MUST_CHECK enum ctl_exit command_return_case(const struct options *options,
                                             const struct words *words);

#endif
