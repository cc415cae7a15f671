/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_REPORT_H
#define SHILLING_KIOSK_FLOW_REPORT_H

/*
 * What the screen shows, for a field engineer or a test that cannot see it: SIGUSR1 makes the
 * kiosk write STATE_DIR/screen.json, with the screen's name and where its controls are, how printer
 * and card reader are, and what is wrong with the card that was laid. No text of the picture, no
 * name and no amount is in it.
 */

#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "core/session/session.h"
#include "kiosk/ui/ui.h"

/**
 * Replace the file as a whole.
 *
 * @param shown_wall_s  the time of day that the picture shows
 * @return ERR_FULL, ERR_DENIED or ERR_IO: it could not be written
 */
MUST_CHECK enum err report_write(const char *state_dir, const struct session *session,
                                 int64_t shown_wall_s, const struct ui *ui);

/* What signals ask for. Called in a thread of their own. */
struct report_signals {
    void (*on_report)(void *self); /* SIGUSR1 */
    void (*on_end)(void *self);    /* SIGTERM, SIGINT */
    void *self;
};

/**
 * Listen to those signals for the rest of the program's life. To be called before any other thread
 * is started, because they are blocked in all of them.
 */
void report_listen(const struct report_signals *signals);

#endif
