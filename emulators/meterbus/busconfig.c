/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: what the bus says is the default for its meters; both are read by the same function,
 * once with the built-in defaults and once with the bus's values as the fallback.
 */
#include "emulators/meterbus/busconfig.h"

#include <stdlib.h>
#include <string.h>

#include "common/config/config.h"
#include "common/parse.h"
#include "common/str.h"
#include "emulators/meterbus/bcd.h"

enum { FIELD_PATH_MAX = 96, TEXT_MAX = 128 };

static const char *const KIND_NAMES[METER_KIND_COUNT] = {"cloud", "count", "order"};

bool decimal_parse(const char *text, size_t decimals, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t behind = 0;
    bool point = false;
    size_t digits = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '.' && !point) {
            point = true;
            continue;
        }
        if (*p < '0' || *p > '9' || digits > 15 || (point && behind == decimals)) {
            return false;
        }
        number = number * 10 + (uint64_t)(*p - '0');
        digits += 1;
        behind += point ? 1 : 0;
    }
    for (; behind < decimals; behind++) {
        number *= 10;
    }
    *ret_number = number;
    return digits > 0;
}

/* The config's reader and where in it we are: "bus" or "meters.[3]". */
struct reader {
    struct config *cfg;
    char prefix[32];
    char path[FIELD_PATH_MAX];
};

static const char *at(struct reader *reader, const char *field)
{
    str_format_cut(reader->path, sizeof(reader->path), "%s.%s", reader->prefix, field);
    return reader->path;
}

static uint32_t read_u32(struct reader *reader, const char *field, int64_t min, int64_t max,
                         uint32_t fallback)
{
    struct config_int range = {.min = min, .max = max, .optional = true, .fallback = fallback};
    return (uint32_t)config_int(reader->cfg, at(reader, field), range);
}

static void read_digits(struct reader *reader, const char *field, uint8_t *bytes, size_t size)
{
    char text[TEXT_MAX];
    config_text(reader->cfg, at(reader, field), "", text, sizeof(text));
    if (text[0] != '\0' && !digits_write(text, bytes, size)) {
        config_fail(reader->cfg, at(reader, field), "must have %zu digits", 2 * size);
    }
}

static uint64_t read_decimal(struct reader *reader, const char *field, size_t decimals,
                             uint64_t fallback)
{
    char text[TEXT_MAX];
    uint64_t number = fallback;
    config_text(reader->cfg, at(reader, field), "", text, sizeof(text));
    if (text[0] != '\0' && !decimal_parse(text, decimals, &number)) {
        config_fail(reader->cfg, at(reader, field), "must be a decimal number in quotes");
    }
    return number;
}

/* PA and six digits: "02123456" is level 02, password 123456; six digits alone are level 02. */
static void read_password(struct reader *reader, struct meter_cfg *cfg)
{
    char text[TEXT_MAX];
    config_text(reader->cfg, at(reader, "password"), "", text, sizeof(text));
    if (text[0] == '\0') {
        return;
    }
    bool leveled = strlen(text) == 8;
    bool ok = digits_write(text + (leveled ? 2 : 0), cfg->password + 1, 3);
    cfg->password[0] = 0x02;
    if (leveled) {
        cfg->password[0] = (uint8_t)(((text[0] - '0') << 4) | (text[1] - '0'));
        ok = ok && text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    }
    if (!ok) {
        config_fail(reader->cfg, at(reader, "password"), "must have 6 digits, or 8 with the level");
    }
}

static void read_hours(struct reader *reader, struct meter_cfg *cfg)
{
    char text[TEXT_MAX];
    config_text(reader->cfg, at(reader, "tariff_hours"), "", text, sizeof(text));
    bool ok = text[0] == '\0' || strlen(text) == 24;
    for (size_t i = 0; i < 24 && ok && text[0] != '\0'; i++) {
        ok = text[i] >= '1' && text[i] <= '4';
        cfg->tariff_of_hour[i] = (uint8_t)(text[i] - '1');
    }
    if (!ok) {
        config_fail(reader->cfg, at(reader, "tariff_hours"), "must have 24 digits 1..4");
    }
    size_t count = config_count(reader->cfg, at(reader, "profile_percent"), 24);
    if (count != 0 && count != 24) {
        config_fail(reader->cfg, at(reader, "profile_percent"), "must have 24 numbers");
    }
    for (size_t i = 0; i < count; i++) {
        char field[32];
        str_format_cut(field, sizeof(field), "profile_percent.[%zu]", i);
        cfg->profile_percent[i] = (uint16_t)read_u32(reader, field, 0, 1000, 100);
    }
}

static void read_clock(struct reader *reader, struct meter_cfg *cfg)
{
    char text[TEXT_MAX];
    config_text(reader->cfg, at(reader, "clock"), "", text, sizeof(text));
    if (text[0] == '\0') {
        return;
    }
    cfg->clock_ms = 0;
    if (!str_equal(text, "now") && !calendar_parse(text, &cfg->clock_ms)) {
        config_fail(reader->cfg, at(reader, "clock"), "must be now or YYYY-MM-DD hh:mm:ss");
    }
}

static bool read_choice(struct reader *reader, const char *field, const char *const words[2],
                        bool fallback)
{
    return config_choice(reader->cfg, at(reader, field), words, 2, fallback ? 1 : 0) == 1;
}

/* What a bus may set for all its meters and a meter for itself. */
static void read_common(struct reader *reader, struct meter_cfg *cfg)
{
    static const char *const BUTTON[2] = {"manual", "auto"};
    static const char *const ACCEPT[2] = {"refuse", "accept"};
    cfg->baud = read_u32(reader, "baud", 600, 115200, cfg->baud);
    cfg->td_ms = read_u32(reader, "td_ms", 0, 60000, cfg->td_ms);
    cfg->fe_count = (uint8_t)read_u32(reader, "fe", 0, 16, cfg->fe_count);
    cfg->speed = read_u32(reader, "speed", 0, 86400, cfg->speed);
    cfg->reply_bytes_max = read_u32(reader, "reply_bytes_max", 4, 200, cfg->reply_bytes_max);
    cfg->relay_delay_ms = read_u32(reader, "relay_delay_ms", 0, 60000, cfg->relay_delay_ms);
    cfg->serr_bytes = (uint8_t)read_u32(reader, "serr_bytes", 1, 2, cfg->serr_bytes);
    cfg->trailing_bytes = (uint8_t)read_u32(reader, "trailing_bytes", 0, 16, cfg->trailing_bytes);
    cfg->history_days = read_u32(reader, "history_days", 0, 800, cfg->history_days);
    cfg->load_w = read_u32(reader, "load_w", 0, 1000000, (uint32_t)cfg->load_w);
    cfg->vary_percent = read_u32(reader, "vary_percent", 0, 100, (uint32_t)cfg->vary_percent);
    cfg->voltage_dv = read_u32(reader, "voltage_dv", 500, 6000, cfg->voltage_dv);
    cfg->power_factor_e3 = read_u32(reader, "power_factor_e3", 100, 1000, cfg->power_factor_e3);
    cfg->phase_count = (uint8_t)read_u32(reader, "phases", 1, 3, cfg->phase_count);
    cfg->button_auto = read_choice(reader, "button", BUTTON, cfg->button_auto);
    cfg->repeat_order_accepted =
        read_choice(reader, "repeat_order", ACCEPT, cfg->repeat_order_accepted);
    cfg->zero_credit_accepted =
        read_choice(reader, "zero_credit", ACCEPT, cfg->zero_credit_accepted);
    read_digits(reader, "operator", cfg->operator_code, sizeof(cfg->operator_code));
    cfg->operator_checked =
        config_bool(reader->cfg, at(reader, "check_operator"), cfg->operator_checked);
    read_password(reader, cfg);
    read_hours(reader, cfg);
    read_clock(reader, cfg);
    if (cfg->phase_count == 2) {
        config_fail(reader->cfg, at(reader, "phases"), "must be 1 or 3");
    }
}

static void read_prices(struct reader *reader, struct meter_cfg *cfg)
{
    static const char *const FIELDS[TARIFF_COUNT] = {"price1", "price2", "price3", "price4"};
    uint64_t flat = read_decimal(reader, "price", 4, cfg->price_e4[0]);
    for (size_t i = 0; i < TARIFF_COUNT; i++) {
        cfg->price_e4[i] = (uint32_t)read_decimal(reader, FIELDS[i], 4, flat);
    }
}

static void read_account(struct reader *reader, struct meter_cfg *cfg)
{
    enum { FEN_MAX = 99999999 }; /* eight BCD digits */
    struct config_int balance = {.min = -FEN_MAX, .max = FEN_MAX, .optional = true, .fallback = 0};
    cfg->balance_fen = config_int(reader->cfg, at(reader, "balance_fen"), balance);
    cfg->count = read_u32(reader, "count", 0, 9999, 0);
    cfg->opened = config_bool(reader->cfg, at(reader, "opened"), true);
    cfg->alarm_fen[0] = read_u32(reader, "alarm1_fen", 0, FEN_MAX, 1000);
    cfg->alarm_fen[1] = read_u32(reader, "alarm2_fen", 0, FEN_MAX, 500);
    cfg->overdraft_fen = read_u32(reader, "overdraft_fen", 0, FEN_MAX, 0);
    cfg->hoarding_fen = read_u32(reader, "hoarding_fen", 0, FEN_MAX, FEN_MAX);
    cfg->close_fen = read_u32(reader, "close_fen", 0, FEN_MAX, 0);
    cfg->purchase_records =
        config_bool(reader->cfg, at(reader, "purchase_records"), cfg->kind == METER_COUNT);
}

static void read_energy(struct reader *reader, struct meter_cfg *cfg)
{
    static const char *const FIELDS[TARIFF_COUNT] = {"energy1", "energy2", "energy3", "energy4"};
    uint64_t whole = read_decimal(reader, "energy", 2, 0);
    for (size_t i = 0; i < TARIFF_COUNT; i++) {
        uint64_t fallback = i == cfg->tariff_of_hour[0] ? whole : 0;
        cfg->energy_step[i] = read_decimal(reader, FIELDS[i], 2, fallback);
    }
}

static void read_meter(struct reader *reader, struct meter_cfg *cfg)
{
    char address[TEXT_MAX];
    config_text(reader->cfg, at(reader, "address"), NULL, address, sizeof(address));
    if (!digits_write(address, cfg->address, FRAME_ADDRESS_SIZE)) {
        config_fail(reader->cfg, at(reader, "address"), "must have 12 digits");
    }
    address[(size_t)2 * FRAME_ADDRESS_SIZE] = '\0';
    config_text(reader->cfg, at(reader, "name"), address, cfg->name, sizeof(cfg->name));
    for (const char *p = cfg->name; *p != '\0'; p++) {
        bool ok = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || *p == '-' || *p == '_';
        if (!ok) {
            config_fail(reader->cfg, at(reader, "name"), "may have a-z, 0-9, - and _ only");
        }
    }
    int kind =
        config_choice(reader->cfg, at(reader, "kind"), KIND_NAMES, METER_KIND_COUNT, METER_CLOUD);
    cfg->kind = (enum meter_kind)kind;
    read_digits(reader, "customer", cfg->customer, sizeof(cfg->customer));
    read_common(reader, cfg);
    read_prices(reader, cfg);
    read_account(reader, cfg);
    read_energy(reader, cfg);
}

static void defaults_fill(struct meter_cfg *cfg)
{
    *cfg = (struct meter_cfg){
        .password = {0x02, 0x00, 0x00, 0x00},
        .load_w = 400,
        .phase_count = 1,
        .voltage_dv = 2200,
        .power_factor_e3 = 980,
        .price_e4 = {5500},
        .speed = 1,
        .td_ms = 20,
        .fe_count = 4,
        .baud = 2400,
        .reply_bytes_max = 200,
        .button_auto = true,
        .relay_delay_ms = 300,
        .serr_bytes = 2,
    };
    for (size_t i = 0; i < 24; i++) {
        cfg->profile_percent[i] = 100;
        cfg->tariff_of_hour[i] = 2;
    }
}

static void names_check(struct reader *reader, const struct bus_config *config)
{
    for (size_t i = 0; i < config->meter_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (str_equal(config->meters[i].name, config->meters[k].name)) {
                str_format_cut(reader->prefix, sizeof(reader->prefix), "meters.[%zu]", i);
                config_fail(reader->cfg, at(reader, "address"),
                            "there is a meter %s already; give one of them a name",
                            config->meters[i].name);
            }
        }
    }
}

bool bus_config_read(const char *path, struct bus_config *ret_config, char *ret_message,
                     size_t message_size)
{
    struct reader reader = {.prefix = "bus"};
    struct bus_config config = {.meters = calloc(BUS_METERS_MAX, sizeof(*config.meters))};
    struct meter_cfg defaults;
    reader.cfg = config_open(path, ret_message, message_size);
    if (reader.cfg == NULL || config.meters == NULL) {
        free(config.meters);
        return false;
    }
    defaults_fill(&defaults);
    config_text(reader.cfg, "bus.name", "bus1", config.name, sizeof(config.name));
    read_common(&reader, &defaults);
    config.baud = defaults.baud;
    config.meter_count = config_count(reader.cfg, "meters", BUS_METERS_MAX);
    if (config.meter_count == 0) {
        config_fail(reader.cfg, "meters", "a bus needs at least one meter");
    }
    for (size_t i = 0; i < config.meter_count && i < BUS_METERS_MAX; i++) {
        str_format_cut(reader.prefix, sizeof(reader.prefix), "meters.[%zu]", i);
        config.meters[i] = defaults;
        read_meter(&reader, &config.meters[i]);
    }
    names_check(&reader, &config);
    if (!config_finish(reader.cfg, ret_message, message_size)) {
        free(config.meters);
        return false;
    }
    *ret_config = config;
    return true;
}

void bus_config_finish(struct bus_config *config)
{
    free(config->meters);
    config->meters = NULL;
}
