/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_SUMS_H
#define SHILLING_CLOUD_AUDITOR_SUMS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sums by name that are not 0. A name whose sum returns to 0 takes no room any more, so the
 * clearing accounts of a million orders cost what is open of them.
 */
struct sums;

/** @return @own; sums_destroy() */
struct sums *sums_create(void);

/** NULL is allowed. */
void sums_destroy(struct sums *sums);

/** Add @p fen to the sum of (@p account, @p subject). @return the sum after it */
int64_t sums_add(struct sums *sums, const char *account, const char *subject, int64_t fen);

/** The sum now. */
int64_t sums_get(const struct sums *sums, const char *account, const char *subject);

/** Call @p each for every sum that is not 0, in no order; it may not change the sums. */
void sums_each(const struct sums *sums,
               void (*each)(void *self, const char *account, const char *subject, int64_t fen),
               void *self);

#endif
