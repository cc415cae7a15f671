/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_POWER_WITNESS_H
#define SHILLING_TESTS_POWER_WITNESS_H

#include <stdbool.h>

#include "common/compiler.h"

/*
 * What the programs of the power test share. `PROGRAM write DIR ROUND` works with a product's
 * journal until it fails or is killed and says of each record that it is durable, once the product
 * said so. `PROGRAM check DIR` reads those lines on its standard input and looks for each record
 * with the product's own code.
 */

enum { WITNESS_ID_SIZE = 37, WITNESS_LINE_SIZE = 160 };

/* What one of the programs does; each function gets the folder. */
struct witness_plan {
    void (*write)(const char *dir, unsigned round); /* returns when the product refuses */
    void (*check)(const char *dir);
};

/** One line to standard output, in one write, at once: "this record is durable". */
void witness_ack(const char *format, ...) PRINTF_LIKE(1, 2);

/** Say that a record that was acknowledged is not there, or that something there is wrong. */
void witness_lost(const char *format, ...) PRINTF_LIKE(1, 2);

/** The next acknowledged line without its line feed; false after the last one. */
MUST_CHECK bool witness_next(char ret_line[WITNESS_LINE_SIZE]);

/** Record @p number of @p round as a UUID text. */
void witness_id(unsigned round, unsigned number, char ret_id[WITNESS_ID_SIZE]);

/** The whole of main(): 0 if nothing was lost, 1 if something was, 2 for wrong arguments. */
int witness_main(int argc, char **argv, const struct witness_plan *plan);

#endif
