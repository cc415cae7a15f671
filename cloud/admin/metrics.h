/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ADMIN_METRICS_H
#define SHILLING_CLOUD_ADMIN_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "cloud/admin/admin.h"
#include "common/compiler.h"

enum { METRICS_SIZE = 16384 };

/** Write all metrics in Prometheus' text format (0.0.4). False if they do not fit. */
MUST_CHECK bool metrics_write(const struct admin_config *config, char *ret_text, size_t size);

#endif
