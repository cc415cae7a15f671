/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_STATE_H
#define SHILLING_EMULATORS_METERBUS_STATE_H

#include "emulators/meterbus/meter.h"

/*
 * A meter's memory: one JSON file per meter, <dir>/<name>.json, replaced as a whole (write, sync,
 * rename, sync the folder). It holds the moment of the last change and everything that was true
 * then; what came after is recomputed, see meter.h.
 */
enum state_load { STATE_LOADED, STATE_ABSENT, STATE_BROKEN };

/**
 * Load @p meter (already initialised from its config) from @p dir.
 * @param ret_wall_ms  wall time (ticks_wall_ms) of the save, set if STATE_LOADED
 */
MUST_CHECK enum state_load state_load(struct meter *meter, const char *dir, int64_t *ret_wall_ms);

/** Store @p meter durably (it is only read). False: the old state stands, errno says why. */
MUST_CHECK bool state_save(struct meter *meter, const char *dir, int64_t wall_ms);

#endif
