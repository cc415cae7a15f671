/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_ENGINE_ENGINE_PARTS_H
#define SHILLING_PRINTER_ENGINE_ENGINE_PARTS_H

#include "printer/engine/engine.h"

/* Inside of the engine, shared by its files. */

/* --- watch.c: questions about the status ------------------------------------------------------ */

/** Ask a whole round from the first question on; round_wanted is then the number to wait for. */
void watch_round_now(struct engine *engine, int64_t now_ms);
void watch_take_answer(struct engine *engine, uint8_t byte, int64_t now_ms);
void watch_turn(struct engine *engine, int64_t now_ms);
int64_t watch_next_ms(const struct engine *engine);
/** True if the printer has stopped answering. */
bool watch_is_silent(const struct engine *engine);

/* --- judge.c: what became of the job ---------------------------------------------------------- */

/** Look at all that is known; may end the job. */
void judge_turn(struct engine *engine, int64_t now_ms);
/** The link or the printer's memory is gone. @p detail says how. */
void judge_lost(struct engine *engine, const char *detail);
/** The word for what keeps the printer from printing; NULL if nothing does. */
const char *judge_cause(const struct escpos_status *status);

#endif
