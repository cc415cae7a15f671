/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_SETTING_H
#define SHILLING_EMULATORS_METERBUS_SETTING_H

#include "emulators/meterbus/meter.h"

/**
 * Change something inside a meter from the control socket: @p key and @p value as README.md
 * lists them. The meter stands at @p now_ns. False: nothing changed, @p ret_error says why.
 */
MUST_CHECK bool setting_apply(struct meter *meter, const char *key, const char *value,
                              int64_t now_ns, const char **ret_error);

#endif
