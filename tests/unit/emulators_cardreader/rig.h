/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_EMULATORS_CARDREADER_RIG_H
#define SHILLING_TESTS_UNIT_EMULATORS_CARDREADER_RIG_H

#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/reader.h"

/*
 * A reader without a plug: commands are written as hex from the TFI's next byte on, answers are
 * hex too. What is on the wire around them is checked on the way.
 */
enum { RIG_TEXT_SIZE = 1200 };

struct rig {
    struct reader reader;
    int64_t now_us;
    char text[RIG_TEXT_SIZE]; /* of the last answer */
};

/** A fresh, awake reader in normal mode, with nothing on it. */
void rig_init(struct rig *rig);

/** The frame that a host sends for a command; its size. */
size_t rig_frame(const char *hex, uint8_t *ret_wire);

/** Bytes as they come from the host. */
void rig_feed(struct rig *rig, const uint8_t *bytes, size_t size);

/** All bytes that have come out by now, as hex. */
const char *rig_bytes(struct rig *rig);

/**
 * Send a command; the reply's data as hex, reply code first. "ack" if only the acknowledgement
 * came, "silence" if nothing, "error" for the error frame, "?..." for anything else.
 */
const char *rig_ask(struct rig *rig, const char *hex);

/** Make a card and lay it. */
struct card *rig_lay(struct rig *rig, const char *name, const char *kind, const char *uid);

/** Arm a fault. */
void rig_fault(struct rig *rig, const char *words);

#endif
