/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_METERS_H
#define SHILLING_SIM_WORLD_METERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bus and its meters. A meter is emulators/meterbus, which shares no code with the product and
 * keeps a record of each purchase; what is here is the wire, and what happens on it.
 */
enum { METERS_MAX = 12, METERS_WIRE_SIZE = 1024, METER_ADDRESS_SIZE = 13 };

struct world;
struct meter;

struct meters {
    struct world *world;
    struct meter *list[METERS_MAX]; /* @own */
    size_t count;
    int64_t dead_until_ns[METERS_MAX];
    uint8_t arrived[METERS_WIRE_SIZE]; /* bytes at the collector's port */
    size_t arrived_size;
};

/** Kinds in turn: cloud, count, order. */
void meters_begin(struct meters *meters, struct world *world, size_t count);
void meters_finish(struct meters *meters);

/** Address of the meter of room @p index, 12 digits. */
void meters_address(size_t index, char ret_address[METER_ADDRESS_SIZE]);

/** Bytes leave the collector. What comes back wakes whoever waits for @p meters. */
void meters_transmit(struct meters *meters, const uint8_t *bytes, size_t size, uint32_t baud);
void meters_discard(struct meters *meters);
size_t meters_receive(struct meters *meters, uint8_t *ret_bytes, size_t bytes_size);

/** Another seller's purchase. */
void meters_sell(struct meters *meters, size_t index, uint32_t fen);

/* ---- their books ---- */

/** How often exactly @p fen was bought at a meter. */
uint32_t meters_bought(const struct meters *meters, size_t index, int64_t fen);
/** Purchases are numbered without a gap, and balance and total follow from them. */
bool meters_books_are_sound(const struct meters *meters, size_t index);
uint32_t meters_count(const struct meters *meters, size_t index);
/** The meter of that address; false if there is none. */
bool meters_find(const struct meters *meters, const char *address, size_t *ret_index);
size_t meters_purchases(const struct meters *meters, size_t index);

#endif
