/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_EMULATORS_RIG_H
#define SHILLING_TESTS_UNIT_EMULATORS_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "common/compiler.h"

/*
 * A running emulator-meterbus (and, when asked for, emulator-esam) in a folder of its own, with
 * the host's end of the wire and the control socket open. Whatever is still running when the
 * test program ends is killed.
 */
enum { RIG_BYTES_MAX = 1024, RIG_TEXT_MAX = 65536, RIG_PATH_MAX = 64 };

struct rig {
    char dir[RIG_PATH_MAX];
    pid_t bus_pid; /* 0 = not running */
    pid_t esam_pid;
    int tty;
    int control;
    int esam;
    char answer[RIG_TEXT_MAX]; /* the last line a socket said */
};

/** A frame as a host sees it; data without 33H. */
struct rig_frame {
    uint8_t address[6]; /* low byte first */
    uint8_t control;
    uint8_t data[255];
    size_t size;
};

/** Make the folder, write the config, start the emulator and open its wire at @p baud. */
MUST_CHECK bool rig_start(struct rig *rig, const char *config, uint32_t baud);

/**
 * Start the emulator with a config that it must refuse: true if it ended with status 2; what it
 * wrote to standard error is the last answer.
 */
MUST_CHECK bool rig_refuses(struct rig *rig, const char *config);

/** Start the emulator again on the same folder. */
MUST_CHECK bool rig_bus_start(struct rig *rig, uint32_t baud);

/** End the emulator with @p signal_number and wait for it; returns its wait status. */
int rig_bus_stop(struct rig *rig, int signal_number);

/** Wait up to 5 s for the emulator to end by itself; true if SIGKILL did it. */
bool rig_bus_was_killed(struct rig *rig);

MUST_CHECK bool rig_esam_start(struct rig *rig);

/** End everything and remove the folder. */
void rig_finish(struct rig *rig);

/** Open (or reopen) the host's end at another speed. */
MUST_CHECK bool rig_tty_open(struct rig *rig, uint32_t baud);

/** One line to the control socket; the answer, which stays until the next line. */
const char *rig_tell(struct rig *rig, const char *format, ...) PRINTF_LIKE(2, 3);

/** Text without a line end to the control socket; no answer is awaited. */
void rig_say(struct rig *rig, const char *text);

/** One line to the key service; the answer. */
const char *rig_ask_esam(struct rig *rig, const char *format, ...) PRINTF_LIKE(2, 3);

/** The integer member @p name of the last answer (the first of that name); INT64_MIN if absent. */
int64_t rig_number(const struct rig *rig, const char *name);

/** The text member @p name of the last answer as hex bytes; false if absent or of another size. */
MUST_CHECK bool rig_hex(const struct rig *rig, const char *name, uint8_t *ret_bytes, size_t size);

/** True if the last answer contains @p text. */
bool rig_said(const struct rig *rig, const char *text);

/** Bytes of a request with four FE; @p address is 12 digits or A's. Returns their number. */
size_t rig_frame_make(const char *address, uint8_t control, const uint8_t *data, size_t size,
                      uint8_t *ret_bytes);

/** Write raw bytes to the wire. */
void rig_write(struct rig *rig, const uint8_t *bytes, size_t size);

/** Read until silence of @p silence_ms; the first byte may take @p wait_ms. Returns the count. */
size_t rig_read(struct rig *rig, int wait_ms, int silence_ms, uint8_t *ret_bytes, size_t size);

/** Find the first sound frame in raw bytes. */
MUST_CHECK bool rig_frame_find(const uint8_t *bytes, size_t size, struct rig_frame *ret_frame);

/** Ask and wait for a sound reply up to @p wait_ms. */
MUST_CHECK bool rig_ask(struct rig *rig, const char *address, uint8_t control, const uint8_t *data,
                        size_t size, struct rig_frame *ret_frame);

/** Ask, and see that not one byte comes back (longer than a reply needs at 2400 baud). */
MUST_CHECK bool rig_silent(struct rig *rig, const char *address, uint8_t control,
                           const uint8_t *data, size_t size);

/** Read a DI; false if there is no sound reply. */
MUST_CHECK bool rig_read_di(struct rig *rig, const char *address, uint32_t di,
                            struct rig_frame *ret_frame);

/** The value behind the DI of a reply as BCD of @p size bytes; -1 if the reply is not 91. */
int64_t rig_bcd(const struct rig_frame *frame, size_t size);

/** The same, asking: value of @p di, -1 if refused or silent. */
int64_t rig_read_bcd(struct rig *rig, const char *address, uint32_t di, size_t size);

/** Write @p value as @p size bytes, low byte first. */
void rig_put(uint8_t *ret_bytes, size_t size, uint64_t value);

/** Monotonic microseconds. */
int64_t rig_now_us(void);

#endif
