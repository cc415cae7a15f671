/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_CONTROL_H
#define SHILLING_EMULATORS_PRINTER_CONTROL_H

#include "emulators/lineserver/lineserver.h"

/**
 * Answer one line on the control socket: "ok ..." or "error ...". `help` lists the commands.
 * @param context  the struct machine
 */
line_handler control_answer;

#endif
