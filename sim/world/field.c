/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector's main loop: commands in, answers out of the journal until the cloud has them.
 * Answers go out again after 30 s, as collector/uplink.c has it.
 */
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "sim/disk/memdisk.h"
#include "sim/kernel/kernel.h"
#include "sim/world/field_life.h"

enum {
    REPEAT_MS = 30000,
    SICK_MS = 30000, /* until somebody starts it again after its disk has failed */
};

/* ---- messages ---- */

static bool desk_push(void *self, int bus, const struct job *job)
{
    struct collector_life *life = self;
    (void)bus;
    return field_line_push(life, job);
}

static void desk_send(void *self, const char *text, size_t size)
{
    struct collector_life *life = self;
    field_reply(life->field, text, size);
}

static void desk_tell(void *self, const char *kind, const char *meter, const char *detail)
{
    (void)self;
    (void)meter;
    kernel_trace("collector tells", kind, (int64_t)strlen(detail), 0);
}

void field_receive(struct field *field, const void *text, size_t size, enum field_topic topic)
{
    struct collector_life *life = field->life;
    if (life == NULL || life->inbox_count == FIELD_INBOX_MAX) {
        return;
    }
    const size_t place = (life->inbox_first + life->inbox_count) % FIELD_INBOX_MAX;
    struct field_message *message = &life->inbox[place];
    *message = (struct field_message){.text = malloc(size + 1), .size = size, .topic = topic};
    MUST(message->text != NULL);
    memcpy(message->text, text, size);
    message->text[size] = '\0';
    life->inbox_count += 1;
    kernel_wake(life->inbox);
}

static void take_message(struct collector_life *life)
{
    struct field_message message = life->inbox[life->inbox_first];
    char id[ID_TEXT_SIZE];
    struct bus_fault fault;
    life->inbox_first = (life->inbox_first + 1) % FIELD_INBOX_MAX;
    life->inbox_count -= 1;
    if (message.topic == FIELD_COMMAND) {
        desk_command(&life->desk, message.text, message.size);
    } else if (message.topic == FIELD_ACK) {
        field_uplink_ack(life, message.text, message.size);
    } else if (bus_replied_decode(message.text, message.size, id, &fault) == OK) {
        (void)!journal_replied(life->journal, id);
    }
    free(message.text);
}

static void publish_replies(struct collector_life *life)
{
    char text[DESK_TEXT_SIZE];
    size_t size = 0;
    int64_t row = 0;
    while (journal_reply_next(life->journal, row, &row, text, sizeof(text), &size) == OK) {
        field_reply(life->field, text, size);
    }
    life->repeat_ms = clock_mono_ms(&life->clock) + REPEAT_MS;
}

/* ---- the machine ---- */

static int bus_of(void *self, const char *name)
{
    (void)self;
    (void)name;
    return 0;
}

static void give_meters(struct collector_life *life)
{
    static const enum bus_meter_kind KINDS[] = {BUS_METER_CLOUD, BUS_METER_COUNT, BUS_METER_ORDER};
    static const char *const ITEMS[] = {"00010000", BUS_ITEM_STATUS3};
    static const uint8_t OPERATOR[4] = {0, 0, 0, 1};
    static const uint8_t PASSWORD[4] = {0x02, 0x12, 0x34, 0x56};
    struct bus_meter list[METERS_MAX];
    struct bus_config config = {.version = "1", .meters = list};
    memset(list, 0, sizeof(list));
    config.meter_count = life->field->meters->count;
    for (size_t i = 0; i < config.meter_count; i++) {
        meters_address(i, list[i].meter);
        str_format_cut(list[i].bus, sizeof(list[i].bus), "b1");
        str_format_cut(list[i].protocol, sizeof(list[i].protocol), "645-2007");
        list[i].kind = KINDS[i % ARRAY_COUNT(KINDS)];
        memcpy(list[i].password, PASSWORD, sizeof(PASSWORD));
        memcpy(list[i].operator_code, OPERATOR, sizeof(OPERATOR));
        list[i].schedule_s = field_schedule_s();
        list[i].item_count = ARRAY_COUNT(ITEMS);
        for (size_t k = 0; k < ARRAY_COUNT(ITEMS); k++) {
            str_format_cut(list[i].items[k], sizeof(list[i].items[k]), "%s", ITEMS[k]);
        }
    }
    const size_t left_out = roster_apply(&life->roster, &config, bus_of, NULL, 0);
    MUST(left_out == 0);
}

static bool open_journal(struct collector_life *life)
{
    char message[JOURNAL_MESSAGE_SIZE];
    const struct journal_config config = {
        .dir = FIELD_FOLDER, .rng = life->field->rng, .clock = life->clock};
    return journal_open(&config, &life->journal, message) == OK;
}

static void loop(struct collector_life *life)
{
    for (;;) {
        if (life->inbox_count > 0) {
            take_message(life);
        } else if (life->result_count > 0) {
            struct job_result *result = &life->results[life->result_first];
            field_uplink_result(life, result);
            if (!result->scheduled) {
                desk_result(&life->desk, result);
            }
            life->result_first = (life->result_first + 1) % FIELD_RESULTS_MAX;
            life->result_count -= 1;
            kernel_wake(life->results);
        } else if (clock_mono_ms(&life->clock) >= life->repeat_ms) {
            publish_replies(life);
            field_uplink_repeat(life);
            if (!journal_probe(life->journal)) {
                return; /* unsound: somebody must start it again */
            }
        } else {
            field_uplink_schedule(life);
            const int64_t due_ms = roster_next_due_ms(&life->roster);
            const bool early = life->scheduled == 0 && due_ms < life->repeat_ms;
            const int64_t until_ms = early ? due_ms : life->repeat_ms;
            const int64_t left_ms = until_ms - clock_mono_ms(&life->clock);
            const int64_t wait_ms = left_ms > 0 ? left_ms : 1;
            (void)kernel_wait(life->inbox, kernel_now_ns() + wait_ms * KERNEL_MS);
        }
    }
}

static void field_again(void *arg)
{
    field_start(arg);
}

static void collector_main(void *arg)
{
    struct collector_life *life = arg;
    life->clock = clock_system();
    queue_init(&life->queue);
    give_meters(life);
    if (open_journal(life)) {
        field_forget_voids(life->journal);
        life->desk = (struct desk){.journal = life->journal,
                                   .roster = &life->roster,
                                   .clock = life->clock,
                                   .push = desk_push,
                                   .send = desk_send,
                                   .tell = desk_tell,
                                   .self = life};
        desk_recover(&life->desk);
        kernel_trace("collector up", "", journal_epoch(life->journal), 0);
        field_state(life->field, journal_epoch(life->journal));
        publish_replies(life);
        field_uplink_readings(life);
        (void)kernel_spawn(FIELD_NODE, field_line_main, life);
        loop(life);
    }
    kernel_trace("collector is sick", "", 0, 0);
    kernel_sleep(SICK_MS * KERNEL_MS);
    field_crash(life->field, /* power= */ false);
}

void field_start(struct field *field)
{
    MUST(field->life == NULL);
    field->life = calloc(1, sizeof(*field->life));
    MUST(field->life != NULL);
    field->life->field = field;
    (void)kernel_spawn(FIELD_NODE, collector_main, field->life);
}

void field_lose_disk(struct field *field)
{
    if (field->life != NULL) {
        kernel_trace("collector loses its disk", "", 0, 0);
        memdisk_replace(FIELD_NODE);
        field_crash(field, /* power= */ false);
    }
}

void field_crash(struct field *field, bool power)
{
    if (field->life == NULL) {
        return;
    }
    field->life = NULL; /* abandoned, as a dead process's memory is */
    kernel_trace("collector dies", power ? "power" : "killed", 0, 0);
    if (power) {
        memdisk_cut(FIELD_NODE);
    } else {
        memdisk_kill(FIELD_NODE);
    }
    const int64_t down_ms = field_down_ms(field);
    kernel_after(KERNEL_WORLD, down_ms * KERNEL_MS, field_again, field);
    kernel_crash(FIELD_NODE);
}
