/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_GATE_H
#define SHILLING_CLOUD_PAYMENTS_GATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/compiler.h"
#include "common/err.h"
#include "drivers/net/https.h"

/*
 * The way out: a shelf of idle HTTPS handles, so that each worker thread has one to itself during
 * a call and connections are kept between calls.
 */
struct gate;

enum { GATE_IDLE_MAX = 16 /* more than the payment workers of one server */ };

/** @param ca_file "" for the system's authorities. ERR_NOT_FOUND, ERR_DENIED, ERR_MEMORY. */
MUST_CHECK enum err gate_create(const char *ca_file, struct gate **ret_gate);

/** NULL is allowed. No call may be running. */
void gate_destroy(struct gate *gate);

/** Running calls end within a second with ERR_TIMEOUT, later ones at once. */
void gate_stop(struct gate *gate);

/** One call; results as https_perform(). Blocks. Any thread. */
MUST_CHECK enum err gate_call(struct gate *gate, const struct https_call *call,
                              struct https_answer *ret_answer, char ret_why[HTTPS_WHY_SIZE]);

#endif
