/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ADMIN_METRICS_H
#define SHILLING_CLOUD_ADMIN_METRICS_H

#include "cloud/admin/admin.h"
#include "common/compiler.h"

/**
 * All metrics in Prometheus' text format (0.0.4).
 *
 * @return NULL: no memory. @own, free()
 * Blocks: for the database. Allocates: yes.
 */
MUST_CHECK char *metrics_make(const struct admin_config *config);

#endif
