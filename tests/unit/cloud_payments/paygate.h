/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_PAYMENTS_PAYGATE_H
#define SHILLING_TESTS_UNIT_CLOUD_PAYMENTS_PAYGATE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "cloud/payments/pay_config.h"

/* The simulated gateways (emulators/paygate) as a child process with a folder of its own. */
struct paygate;

/** Start it and wait until it serves. NULL if that is impossible (no node, no port). */
struct paygate *paygate_start(void);

/** End it and remove its folder. NULL is allowed. */
void paygate_stop(struct paygate *gate);

/** One command; true if the answer begins with "ok" or is JSON. The answer is kept until the next.
 */
bool paygate_command(struct paygate *gate, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** What the last command answered. */
const char *paygate_answer(const struct paygate *gate);

/** A configuration for a merchant of these gateways, whose notifies go to @p notify_port. */
void paygate_config(const struct paygate *gate, int notify_port, struct pay_config *ret_config);

#endif
