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

/*
 * Each command says what went wrong on standard error, and returns the tool's exit status (exit.h).
 * All block: on the reader as long as `--wait` says, and on the server's socket.
 */

/* What is on the card on the reader (read_commands.c). */
/** `read`: explain the laid card. Writes nothing, at either end. */
MUST_CHECK enum ctl_exit command_read(const struct options *options, const struct words *words);
/** `take-return`: bring all that is on the laid card to the server, as a terminal does. */
MUST_CHECK enum ctl_exit command_take_return(const struct options *options,
                                             const struct words *words);

/* What is written to it (card_commands.c). */
/** `personalise`: finish a card that is in the register and was begun, or not even that. */
MUST_CHECK enum ctl_exit command_personalise(const struct options *options,
                                             const struct words *words);
/** `open METER [CUSTOMER]`: make the laid blank card the first card of a meter. */
MUST_CHECK enum ctl_exit command_open(const struct options *options, const struct words *words);
/** `replace OLD-UID`: make the laid blank card take the place of another. */
MUST_CHECK enum ctl_exit command_replace(const struct options *options, const struct words *words);

/* With the register (register_commands.c); a UID that is not given is the laid card's. */
/** `find [UID or METER]`: what the register knows of it. */
MUST_CHECK enum ctl_exit command_find(const struct options *options, const struct words *words);
/** `list`: what waits for somebody. */
MUST_CHECK enum ctl_exit command_list(const struct options *options, const struct words *words);
/** `block [UID]`: the terminals refuse it from then on. */
MUST_CHECK enum ctl_exit command_block(const struct options *options, const struct words *words);
/** `lost [UID]`: likewise, because it was lost. */
MUST_CHECK enum ctl_exit command_lost(const struct options *options, const struct words *words);
/** `unblock [UID]`: it is good again. */
MUST_CHECK enum ctl_exit command_unblock(const struct options *options, const struct words *words);
/** `return-case begin | paid | show`: value that is bought back; the first two by two persons. */
MUST_CHECK enum ctl_exit command_return_case(const struct options *options,
                                             const struct words *words);

#endif
