/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_SPOIL_H
#define SHILLING_EMULATORS_METERBUS_SPOIL_H

#include "emulators/meterbus/fault.h"
#include "emulators/meterbus/wire.h"

/**
 * Turn @p reply into the bytes that go on the wire, spoilt by the faults in @p hits (indexed by
 * kind, NULL = not). Adds to start_ns for a late reply; sets bytes, size and the pause.
 */
void spoil_reply(const struct meter *meter, const struct frame *reply,
                 struct fault *const hits[FAULT_KIND_COUNT], struct transmission *ret_transmission);

/** Make of a reply what a second meter with the same address would have said. */
void spoil_twin(struct transmission *transmission);

#endif
