/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a table of commands. The first word chooses, the rest is the command's own. A command
 * that names a meter finds it brought up to now, and stored again if it was changed.
 */
#include "emulators/meterbus/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse.h"
#include "common/str.h"
#include "emulators/meterbus/bus.h"
#include "emulators/meterbus/report.h"
#include "emulators/meterbus/setting.h"
#include "emulators/meterbus/ticks.h"

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

static struct line_answer ok_json(json_t *json)
{
    char *dumped = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    struct line_answer answer = say(dumped == NULL ? NULL : line_text("ok %s", dumped));
    free(dumped);
    json_decref(json);
    return answer;
}

/* Store what a command changed. */
static struct line_answer stored(struct bus *bus, struct meter *meter)
{
    meter->dirty = true;
    return bus_meter_store(bus, meter) ? ok() : error("the state cannot be stored");
}

/* Commands on one meter; @p rest is what follows the meter's name, never NULL. */
typedef struct line_answer meter_command(struct bus *bus, struct meter *meter, char *rest);

static struct line_answer do_get(struct bus *bus, struct meter *meter, char *rest)
{
    (void)bus;
    (void)rest;
    return ok_json(report_meter(meter));
}

static struct line_answer do_purchases(struct bus *bus, struct meter *meter, char *rest)
{
    (void)bus;
    (void)rest;
    return ok_json(report_purchases(meter));
}

static struct line_answer do_set(struct bus *bus, struct meter *meter, char *rest)
{
    char *after = NULL;
    const char *key = strtok_r(rest, " ", &after);
    const char *value = strtok_r(NULL, "", &after);
    if (key == NULL || value == NULL) {
        return error("usage: set METER KEY VALUE");
    }
    const char *why = NULL;
    if (!setting_apply(meter, key, value, ticks_now_ns(), &why)) {
        return error(why);
    }
    return stored(bus, meter);
}

static struct line_answer do_button(struct bus *bus, struct meter *meter, char *rest)
{
    (void)rest;
    return meter_button_press(meter) ? stored(bus, meter) : error("closing is not allowed");
}

/* The clock is wrong from now on; no time passes. */
static struct line_answer do_clock(struct bus *bus, struct meter *meter, char *rest)
{
    enum { SHIFT_S_MAX = 60 * 366 * 86400 };
    int64_t shift_s = 0;
    const char *number = rest[0] == '+' ? rest + 1 : rest;
    if (!parse_i64(number, -SHIFT_S_MAX, SHIFT_S_MAX, &shift_s)) {
        return error("usage: clock METER +SECONDS|-SECONDS");
    }
    if (meter_shown_ms(meter) + shift_s * MS_PER_SECOND <= 0) {
        return error("before 1970");
    }
    meter->offset_ms += shift_s * MS_PER_SECOND;
    return stored(bus, meter);
}

/* Time passes: energy, money and freezes go on. */
static struct line_answer do_pass(struct bus *bus, struct meter *meter, char *rest)
{
    enum { PASS_S_MAX = 10 * 366 * 86400 };
    uint32_t pass_s = 0;
    if (!parse_u32(rest, PASS_S_MAX, &pass_s)) {
        return error("usage: pass METER SECONDS");
    }
    int64_t sim_ms = meter->sim_ms + (int64_t)pass_s * MS_PER_SECOND;
    meter_clock_anchor(meter, ticks_now_ns(), sim_ms);
    meter_advance(meter, sim_ms);
    return stored(bus, meter);
}

static struct line_answer do_dead(struct bus *bus, struct meter *meter, char *rest)
{
    (void)rest;
    meter->dead = true;
    return stored(bus, meter);
}

static struct line_answer do_alive(struct bus *bus, struct meter *meter, char *rest)
{
    (void)rest;
    meter->dead = false;
    return stored(bus, meter);
}

/* Commands on the bus; @p rest is what follows the command, never NULL. */
typedef struct line_answer bus_command(struct bus *bus, char *rest);

static struct line_answer do_list(struct bus *bus, char *rest)
{
    (void)rest;
    return ok_json(report_list(bus));
}

static struct line_answer do_stats(struct bus *bus, char *rest)
{
    if (str_equal(rest, "reset")) {
        bus->stats = (struct bus_stats){0};
        bus->wire.stats = (struct wire_stats){0};
        return ok();
    }
    return ok_json(report_stats(bus));
}

static struct line_answer do_frames(struct bus *bus, char *rest)
{
    uint32_t count = BUS_LOG_FRAMES;
    if (rest[0] != '\0' && !parse_u32(rest, BUS_LOG_FRAMES, &count)) {
        return error("usage: frames [N]");
    }
    return ok_json(report_frames(bus, count));
}

static struct line_answer do_log(struct bus *bus, char *rest)
{
    if (!str_equal(rest, "on") && !str_equal(rest, "off")) {
        return error("usage: log on|off");
    }
    bus->log_to_stderr = str_equal(rest, "on");
    return ok();
}

static struct line_answer do_faults(struct bus *bus, char *rest)
{
    (void)rest;
    return ok_json(report_faults(&bus->faults));
}

static struct line_answer do_fault(struct bus *bus, char *rest)
{
    const char *why = "no such fault";
    if (strncmp(rest, "clear", strlen("clear")) == 0) {
        uint32_t id = 0;
        const char *number = rest + strlen("clear");
        bool all = *number == '\0';
        bool good = all || (*number == ' ' && parse_u32(number + 1, UINT32_MAX, &id));
        return good && faults_clear(&bus->faults, all ? 0 : id) ? ok() : error(why);
    }
    uint32_t id = faults_add(&bus->faults, rest, &why);
    return id == 0 ? error(why) : say(line_text("ok %u", id));
}

static struct line_answer do_help(struct bus *bus, char *rest);

static const struct {
    const char *name;
    bus_command *run_bus;
    meter_command *run_meter;
    const char *usage;
} COMMANDS[] = {
    {"help", do_help, NULL, "help"},
    {"list", do_list, NULL, "list"},
    {"get", NULL, do_get, "get METER"},
    {"purchases", NULL, do_purchases, "purchases METER"},
    {"set", NULL, do_set, "set METER KEY VALUE"},
    {"button", NULL, do_button, "button METER"},
    {"clock", NULL, do_clock, "clock METER +S|-S"},
    {"pass", NULL, do_pass, "pass METER S"},
    {"dead", NULL, do_dead, "dead METER"},
    {"alive", NULL, do_alive, "alive METER"},
    {"fault", do_fault, NULL,
     "fault KIND [meter=] [control=] [di=] [count=] ... | fault clear [ID]"},
    {"faults", do_faults, NULL, "faults"},
    {"stats", do_stats, NULL, "stats [reset]"},
    {"frames", do_frames, NULL, "frames [N]"},
    {"log", do_log, NULL, "log on|off"},
};

static struct line_answer do_help(struct bus *bus, char *rest)
{
    (void)bus;
    (void)rest;
    char text[1024];
    struct strbuf buf;
    strbuf_init(&buf, text, sizeof(text));
    for (size_t i = 0; i < ARRAY_COUNT(COMMANDS); i++) {
        strbuf_addf(&buf, "%s%s", i == 0 ? "ok " : "; ", COMMANDS[i].usage);
    }
    return say(line_text("%s", text));
}

static struct line_answer on_meter(struct bus *bus, meter_command *run, char *rest)
{
    static char none[] = "";
    char *after = NULL;
    const char *name = strtok_r(rest, " ", &after);
    char *arguments = strtok_r(NULL, "", &after);
    struct meter *meter = name == NULL ? NULL : bus_meter_find(bus, name);
    if (meter == NULL) {
        return error("no such meter");
    }
    bus_meter_advance(bus, meter, ticks_now_ns());
    return run(bus, meter, arguments == NULL ? none : arguments);
}

struct line_answer control_answer(void *context, char *line)
{
    static char none[] = "";
    struct bus *bus = context;
    char *rest = strchr(line, ' ');
    if (rest != NULL) {
        *rest++ = '\0';
    } else {
        rest = none;
    }
    for (size_t i = 0; i < ARRAY_COUNT(COMMANDS); i++) {
        if (str_equal(line, COMMANDS[i].name)) {
            return COMMANDS[i].run_bus != NULL ? COMMANDS[i].run_bus(bus, rest)
                                               : on_meter(bus, COMMANDS[i].run_meter, rest);
        }
    }
    return error("no such command, try help");
}
