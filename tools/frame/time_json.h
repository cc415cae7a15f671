/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_FRAME_TIME_JSON_H
#define SHILLING_TOOLS_FRAME_TIME_JSON_H

#include <stdbool.h>

#include "common/compiler.h"
#include "protocol/dl645/message.h"

/*
 * A meter's moment as text: "2018-05-12 15:41:24", without the parts that its field has not:
 * "2018-05-12 15:41", and "05-12 15:41" in a freeze request. Bytes that are no BCD appear as hex.
 */
enum { TIME_JSON_TEXT_SIZE = 24 };

/** @p parts: the field's parts, see struct dl645_field_info. Returns @p ret_text. */
char *time_json_format(const struct dl645_time *time, const char *parts,
                       char ret_text[TIME_JSON_TEXT_SIZE]);

/** Reverse of time_json_format(); false for any other form. */
MUST_CHECK bool time_json_parse(const char *text, const char *parts, struct dl645_time *ret_time);

#endif
