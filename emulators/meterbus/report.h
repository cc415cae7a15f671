/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_REPORT_H
#define SHILLING_EMULATORS_METERBUS_REPORT_H

#include <jansson.h>

#include "emulators/meterbus/bus.h"

/* What the control socket tells, as JSON. All results are new references, NULL without memory. */

/** One meter, brought up to now by the caller. */
json_t *report_meter(const struct meter *meter);

/** Its purchases, oldest first: the truth that a test compares with. */
json_t *report_purchases(const struct meter *meter);

/** Names, addresses, kinds. */
json_t *report_list(const struct bus *bus);

json_t *report_stats(const struct bus *bus);

/** The newest @p count frames, oldest first. */
json_t *report_frames(const struct bus *bus, size_t count);

json_t *report_faults(const struct faults *faults);

const char *report_kind_name(enum meter_kind kind);

#endif
