/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/control.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/image.h"
#include "emulators/cardreader/reader.h"

enum { TEXT_SIZE = 8192, BAUD_MAX = 4000000 };

struct text {
    char chars[TEXT_SIZE];
    size_t size;
};

PRINTF_LIKE(2, 3) static void text_add(struct text *text, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    size_t room = sizeof(text->chars) - text->size;
    int length = vsnprintf(text->chars + text->size, room, format, values);
    va_end(values);
    if (length > 0) {
        text->size += (size_t)length < room ? (size_t)length : room - 1;
    }
}

static struct line_answer say(char *text)
{
    return (struct line_answer){.text = text, .hang_up = text == NULL};
}

static struct line_answer ok(void)
{
    return say(line_text("ok"));
}

static struct line_answer error(const char *why)
{
    return say(line_text("error %s", why));
}

static const char *yes(bool value)
{
    return value ? "true" : "false";
}

typedef struct line_answer control_command(struct reader *reader, char *rest);

static const char *power_name(enum chip_power power)
{
    static const char *const NAMES[CHIP_POWER_COUNT] = {"dead", "lowvbat", "normal", "powerdown"};
    return NAMES[power];
}

static void add_laid(struct text *text, const struct field *field)
{
    for (size_t i = 0; i < field->count; i++) {
        const struct card *card = field->cards[i];
        char uid[2 * CARD_UID_MAX + 1];
        bytes_to_hex(card->uid, card->uid_size, uid);
        text_add(text, "%s{\"name\":\"%s\",\"kind\":\"%s\",\"uid\":\"%s\",\"writes\":%llu}",
                 i == 0 ? "" : ",", card->name, card->kind->name, uid,
                 (unsigned long long)card->write_count);
    }
}

static struct line_answer do_state(struct reader *reader, char *rest)
{
    static struct text text; /* one thread; the answer is copied at once */
    (void)rest;
    text.size = 0;
    text_add(&text, "ok {\"plugged\":%s,\"power\":\"%s\",\"awake\":%s,\"field\":%s,\"mute\":%s,",
             yes(reader->port.fd >= 0), power_name(reader->chip.power), yes(reader->chip.awake),
             yes(reader->field.on), yes(reader->chip.mute));
    text_add(&text, "\"waiting\":%s,\"port\":\"%s\",\"laid\":[", yes(reader->chip.has_pending),
             reader->port.slave);
    add_laid(&text, &reader->field);
    text_add(&text, "]}");
    return say(line_text("%s", text.chars));
}

static struct line_answer do_counts(struct reader *reader, char *rest)
{
    struct chip_counters *counters = &reader->chip.counters;
    if (strcmp(rest, "reset") == 0) {
        *counters = (struct chip_counters){0};
        memset(reader->faults.events, 0, sizeof(reader->faults.events));
        reader->faults.hit_count = 0;
        reader->in.total = 0;
        reader->out.total = 0;
        return ok();
    }
    return say(
        line_text("ok {\"commands\":%llu,\"exchanges\":%llu,\"selects\":%llu,\"writes\":%llu,"
                  "\"aborts\":%llu,\"broken_frames\":%llu,\"bytes_in\":%llu,\"bytes_out\":%llu,"
                  "\"faults_hit\":%llu}",
                  (unsigned long long)counters->commands, (unsigned long long)counters->exchanges,
                  (unsigned long long)counters->selects,
                  (unsigned long long)reader->faults.events[FAULT_AT_WRITE],
                  (unsigned long long)counters->aborts, (unsigned long long)counters->broken_frames,
                  (unsigned long long)reader->in.total, (unsigned long long)reader->out.total,
                  (unsigned long long)reader->faults.hit_count));
}

/* A UID of the card's own: of its name, so that a new run does not give an old one again. */
static void uid_draw(const char *name, const char *kind, struct card_uid *ret_uid)
{
    static struct faults draw;                    /* one thread; too large for the stack */
    uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
    }
    draw.random_state = hash;
    ret_uid->size = strcmp(kind, DESFIRE_KIND.name) == 0 ? 7 : 4;
    faults_random_bytes(&draw, ret_uid->bytes, ret_uid->size);
    ret_uid->bytes[0] = ret_uid->size == 7 ? 0x04 : 0x4A; /* no cascade tag, and not a phone's */
}

static struct line_answer do_new(struct reader *reader, char *rest)
{
    char *save = NULL;
    const char *name = strtok_r(rest, " ", &save);
    const char *kind = strtok_r(NULL, " ", &save);
    const char *hex = strtok_r(NULL, " ", &save);
    struct card_uid uid = {.size = 0};
    const char *why = "";
    if (name == NULL || kind == NULL) {
        return error("usage: new NAME KIND [UID]");
    }
    if (hex != NULL && !bytes_from_hex(hex, uid.bytes, sizeof(uid.bytes), &uid.size)) {
        return error("the UID is hex");
    }
    if (hex == NULL) {
        uid_draw(name, kind, &uid);
    }
    return shelf_make(&reader->shelf, name, kind, &uid, &why) != NULL ? ok() : error(why);
}

static struct line_answer do_lay(struct reader *reader, char *rest)
{
    const char *why = "";
    return reader_lay(reader, rest, &why) ? ok() : error(why);
}

static struct line_answer do_take(struct reader *reader, char *rest)
{
    return reader_take(reader, rest[0] == '\0' ? NULL : rest) ? ok()
                                                              : error("it does not lie there");
}

static struct line_answer do_swap(struct reader *reader, char *rest)
{
    (void)reader_take(reader, NULL);
    return do_lay(reader, rest);
}

static struct line_answer do_dump(struct reader *reader, char *rest)
{
    const char *why = "";
    struct card *card = shelf_take(&reader->shelf, rest, &why);
    uint8_t *image = malloc(IMAGE_SIZE_MAX);
    char *hex = malloc(2 * IMAGE_SIZE_MAX + 1);
    size_t size = 0;
    if (card != NULL && image != NULL && hex != NULL) {
        size = image_save(card, image, IMAGE_SIZE_MAX);
        bytes_to_hex(image, size, hex);
    }
    struct line_answer answer = size > 0 ? say(line_text("ok %s", hex)) : error(why);
    free(image);
    free(hex);
    return answer;
}

static struct line_answer do_load(struct reader *reader, char *rest)
{
    static uint8_t image[IMAGE_SIZE_MAX];
    char *hex = strchr(rest, ' ');
    const char *why = "usage: load NAME HEX";
    size_t size = 0;
    if (hex == NULL) {
        return error(why);
    }
    *hex++ = '\0';
    for (size_t i = 0; i < reader->field.count; i++) {
        if (strcmp(reader->field.cards[i]->name, rest) == 0) {
            return error("it lies on the reader");
        }
    }
    return bytes_from_hex(hex, image, sizeof(image), &size) &&
                   shelf_put(&reader->shelf, rest, image, size, &why) != NULL
               ? ok()
               : error(why);
}

static struct line_answer do_fault(struct reader *reader, char *rest)
{
    static const char CLEAR[] = "clear";
    const char *why = "no such fault";
    if (strncmp(rest, CLEAR, sizeof(CLEAR) - 1) == 0) {
        const char *number = rest + sizeof(CLEAR) - 1;
        uint32_t id = 0;
        bool good =
            *number == '\0' || (*number == ' ' && bytes_number(number + 1, UINT32_MAX, &id));
        return good && faults_clear(&reader->faults, id) ? ok() : error(why);
    }
    uint32_t id = faults_add(&reader->faults, rest, &why);
    return id == 0 ? error(why) : say(line_text("ok %u", id));
}

static struct line_answer do_faults(struct reader *reader, char *rest)
{
    static struct text text;
    (void)rest;
    text.size = 0;
    text_add(&text, "ok [");
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        const struct fault *fault = &reader->faults.all[i];
        if (fault->id != 0) {
            text_add(&text, "%s{\"id\":%u,\"kind\":\"%s\",\"at\":\"%s\",\"in\":%u,\"count\":%u}",
                     text.chars[text.size - 1] == '[' ? "" : ",", fault->id,
                     fault_kind_name(fault->kind), fault_place_name(fault->place), fault->at,
                     fault->count);
        }
    }
    text_add(&text, "]");
    return say(line_text("%s", text.chars));
}

static struct line_answer do_power(struct reader *reader, char *rest)
{
    bool back = strcmp(rest, "on") == 0 && reader->chip.power == CHIP_DEAD;
    if (strcmp(rest, "off") == 0) {
        chip_power_off(&reader->chip);
    } else if (back || strcmp(rest, "cut") == 0) {
        chip_power_on(&reader->chip);
    } else {
        return error("usage: power off|on|cut");
    }
    return ok();
}

static struct line_answer do_unplug(struct reader *reader, char *rest)
{
    (void)rest;
    reader_unplug(reader);
    return ok();
}

static struct line_answer do_plug(struct reader *reader, char *rest)
{
    (void)rest;
    return reader_plug(reader) ? say(line_text("ok %s", reader->port.slave))
                               : error("no pseudo-terminal");
}

static bool on_off(const char *word, bool *ret_value)
{
    bool on = strcmp(word, "on") == 0;
    if (!on && strcmp(word, "off") != 0) {
        return false;
    }
    *ret_value = on;
    return true;
}

static struct line_answer do_mute(struct reader *reader, char *rest)
{
    reader->chip.mute_until_us = 0;
    return on_off(rest, &reader->chip.mute) ? ok() : error("usage: mute on|off");
}

static struct line_answer do_log(struct reader *reader, char *rest)
{
    return on_off(rest, &reader->logs) ? ok() : error("usage: log on|off");
}

static struct line_answer do_stray(struct reader *reader, char *rest)
{
    uint8_t bytes[FAULT_HEX_MAX];
    size_t size = 0;
    const struct line_manner manner = {.now_us = reader->now_us};
    if (!bytes_from_hex(rest, bytes, sizeof(bytes), &size)) {
        return error("usage: stray HEX");
    }
    line_put(&reader->out, bytes, size, &manner);
    return ok();
}

static struct line_answer do_baud(struct reader *reader, char *rest)
{
    uint32_t baud = 0;
    if (!bytes_number(rest, BAUD_MAX, &baud)) {
        return error("usage: baud N (0: bytes take no time)");
    }
    reader->in.baud = baud;
    reader->out.baud = baud;
    return ok();
}

static struct line_answer do_rf_us(struct reader *reader, char *rest)
{
    uint32_t us = 0;
    if (!bytes_number(rest, 10000000, &us)) {
        return error("usage: rf-us N");
    }
    reader->chip.exchange_us = us;
    return ok();
}

static struct line_answer do_seed(struct reader *reader, char *rest)
{
    uint32_t seed = 0;
    if (!bytes_number(rest, UINT32_MAX, &seed)) {
        return error("usage: seed N");
    }
    reader->faults.random_state = seed;
    return ok();
}

static struct line_answer do_quirk(struct reader *reader, char *rest)
{
    static const char DEAF[] = "deaf-ms ";
    static const char SEVEN[] = "seven ";
    uint32_t ms = 0;
    if (strncmp(rest, SEVEN, sizeof(SEVEN) - 1) == 0 &&
        on_off(rest + sizeof(SEVEN) - 1, &reader->field.misses_seven)) {
        reader->field.missed_last = false;
        return ok();
    }
    if (strncmp(rest, DEAF, sizeof(DEAF) - 1) == 0 &&
        bytes_number(rest + sizeof(DEAF) - 1, 10000, &ms)) {
        reader->chip.abort_dead_us = ms * 1000;
        return ok();
    }
    return error("usage: quirk seven on|off, quirk deaf-ms N");
}

static control_command do_help;

static const struct {
    const char *name;
    control_command *run;
    const char *usage;
} COMMANDS[] = {
    {"help", do_help, "help"},
    {"state", do_state, "state"},
    {"new", do_new, "new NAME KIND [UID]"},
    {"lay", do_lay, "lay NAME"},
    {"take", do_take, "take [NAME]"},
    {"swap", do_swap, "swap NAME"},
    {"dump", do_dump, "dump NAME"},
    {"load", do_load, "load NAME HEX"},
    {"fault", do_fault,
     "fault KIND [command|exchange|select|write|host-byte|chip-byte=N] [count=N] [how=TEAR] [k=N] "
     "[value=HH] "
     "[byte=N] [bit=N] [ms=N] [hex=HEX] [card=NAME] [done=1] [stay=1]; fault clear [ID]"},
    {"faults", do_faults, "faults"},
    {"counts", do_counts, "counts [reset]"},
    {"power", do_power, "power off|on|cut"},
    {"unplug", do_unplug, "unplug"},
    {"plug", do_plug, "plug"},
    {"mute", do_mute, "mute on|off"},
    {"stray", do_stray, "stray HEX"},
    {"baud", do_baud, "baud N"},
    {"rf-us", do_rf_us, "rf-us N"},
    {"seed", do_seed, "seed N"},
    {"quirk", do_quirk, "quirk seven on|off; quirk deaf-ms N"},
    {"log", do_log, "log on|off"},
};

enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

static struct line_answer do_help(struct reader *reader, char *rest)
{
    static struct text text;
    (void)reader;
    (void)rest;
    text.size = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        text_add(&text, "%s%s", i == 0 ? "ok " : "; ", COMMANDS[i].usage);
    }
    text_add(&text, "; kinds of fault:");
    for (size_t i = 0; i < FAULT_KIND_COUNT; i++) {
        text_add(&text, " %s", fault_kind_name((enum fault_kind)i));
    }
    return say(line_text("%s", text.chars));
}

struct line_answer control_answer(void *context, char *line)
{
    static char none[] = "";
    char *rest = strchr(line, ' ');
    if (rest != NULL) {
        *rest++ = '\0';
    } else {
        rest = none;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(line, COMMANDS[i].name) == 0) {
            return COMMANDS[i].run(context, rest);
        }
    }
    return error("no such command, try help");
}
