/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/reader.h"

#include <stdio.h>
#include <string.h>

enum { READ_SIZE = 1024, LOG_BYTES = 64 };

static void store(void *context, struct card *card)
{
    struct reader *reader = context;
    if (!shelf_store(card)) {
        reader->store_failed = true;
    }
}

static void take_all(struct reader *reader)
{
    while (reader->field.count > 0) {
        field_take(&reader->field, reader->field.cards[0]);
    }
}

static void swap(void *context, const char *name)
{
    struct reader *reader = context;
    const char *why = "";
    take_all(reader);
    struct card *card = shelf_take(&reader->shelf, name, &why);
    if (card != NULL) {
        (void)field_lay(&reader->field, card);
    }
}

static void unplug(void *context)
{
    reader_unplug(context);
}

bool reader_init(struct reader *reader, const struct reader_options *options)
{
    memset(reader, 0, sizeof(*reader));
    faults_init(&reader->faults, options->seed);
    reader->cells.faults = &reader->faults;
    reader->cells.hits = &reader->chip.hits;
    reader->in.baud = options->baud;
    reader->out.baud = options->baud;
    reader->port = (struct port){.fd = -1, .slave_fd = -1};
    reader->chip.world =
        (struct chip_world){.context = reader, .store = store, .swap = swap, .unplug = unplug};
    reader->chip.field = &reader->field;
    reader->chip.faults = &reader->faults;
    reader->chip.cells = &reader->cells;
    reader->chip.out = &reader->out;
    reader->chip.exchange_us = options->exchange_us;
    chip_power_on(&reader->chip);
    return shelf_init(&reader->shelf, options->dir, &reader->cells);
}

bool reader_lay(struct reader *reader, const char *name, const char **ret_why)
{
    for (size_t i = 0; i < reader->field.count; i++) {
        if (strcmp(reader->field.cards[i]->name, name) == 0) {
            *ret_why = "it lies there already";
            return false;
        }
    }
    struct card *card = shelf_take(&reader->shelf, name, ret_why);
    if (card == NULL) {
        return false;
    }
    *ret_why = "there is no room for another card";
    if (!field_lay(&reader->field, card)) {
        return false;
    }
    chip_turn(&reader->chip, reader->now_us);
    return true;
}

bool reader_take(struct reader *reader, const char *name)
{
    if (name == NULL) {
        take_all(reader);
        return true;
    }
    for (size_t i = 0; i < reader->field.count; i++) {
        if (strcmp(reader->field.cards[i]->name, name) == 0) {
            field_take(&reader->field, reader->field.cards[i]);
            return true;
        }
    }
    return false;
}

void reader_unplug(struct reader *reader)
{
    port_unplug(&reader->port);
    chip_power_off(&reader->chip);
    line_clear(&reader->in);
}

bool reader_plug(struct reader *reader)
{
    if (!port_plug(&reader->port)) {
        return false;
    }
    if (reader->chip.power == CHIP_DEAD) {
        chip_power_on(&reader->chip);
    }
    return true;
}

static void log_bytes(const struct reader *reader, const char *direction, const uint8_t *bytes,
                      size_t size)
{
    if (!reader->logs || size == 0) {
        return;
    }
    (void)fprintf(stderr, "%s", direction);
    for (size_t i = 0; i < size && i < LOG_BYTES; i++) {
        (void)fprintf(stderr, " %02X", bytes[i]);
    }
    (void)fprintf(stderr, "%s\n", size > LOG_BYTES ? " ..." : "");
}

static void carry_in(struct reader *reader)
{
    uint8_t bytes[READ_SIZE];
    const struct line_manner manner = {.now_us = reader->now_us};
    size_t size = port_read(&reader->port, bytes, sizeof(bytes));
    while (size > 0) {
        line_put(&reader->in, bytes, size, &manner);
        size = port_read(&reader->port, bytes, sizeof(bytes));
    }
    /* Each piece at its own moment, so that a late wake-up delays nothing that comes after it. */
    int64_t due_us = line_next_us(&reader->in);
    while (due_us <= reader->now_us) {
        size = line_take(&reader->in, bytes, sizeof(bytes), due_us);
        log_bytes(reader, "->", bytes, size);
        chip_receive(&reader->chip, bytes, size, due_us);
        due_us = line_next_us(&reader->in);
    }
}

static void carry_out(struct reader *reader)
{
    uint8_t bytes[READ_SIZE];
    size_t size = 1;
    while (size > 0) {
        bool counts = faults_wait_at(&reader->faults, FAULT_AT_CHIP_BYTE);
        size = line_take(&reader->out, bytes, counts ? 1 : sizeof(bytes), reader->now_us);
        log_bytes(reader, "<-", bytes, size);
        port_write(&reader->port, bytes, size);
        if (counts && size > 0) {
            chip_byte_left(&reader->chip);
        }
    }
}

void reader_turn(struct reader *reader, int64_t now_us)
{
    reader->now_us = now_us;
    carry_in(reader);
    chip_turn(&reader->chip, now_us);
    carry_out(reader);
}

int64_t reader_next_us(const struct reader *reader)
{
    int64_t next_us = chip_next_us(&reader->chip);
    int64_t in_us = line_next_us(&reader->in);
    int64_t out_us = line_next_us(&reader->out);
    next_us = in_us < next_us ? in_us : next_us;
    return out_us < next_us ? out_us : next_us;
}
