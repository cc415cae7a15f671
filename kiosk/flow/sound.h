/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_SOUND_H
#define SHILLING_KIOSK_FLOW_SOUND_H

/*
 * The short sounds of a touch, a prompt, an end. The device is opened at the first sound and
 * closed some seconds after the last one, so that a quiet kiosk has no audio thread that wakes up.
 * A machine without a loudspeaker is silent, and that is all.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/session/effect.h"

struct sound {
    uint32_t device; /* SDL's; 0: closed */
    bool missing;    /* no audio here: not tried again */
    bool started;    /* SDL's audio part is initialised */
    int64_t close_ms;
};

/** @param volume 0 (silent) .. 3 */
void sound_play(struct sound *sound, enum session_sound which, uint8_t volume, int64_t now_ms);

/** When sound_tick() wants to be called; INT64_MAX: never. */
int64_t sound_deadline_ms(const struct sound *sound);
void sound_tick(struct sound *sound, int64_t now_ms);
void sound_close(struct sound *sound);

#endif
