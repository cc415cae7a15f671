/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_CATALOG_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_CATALOG_STEPS_H

/* A catalogue in a new folder, and seeds for it. */

#include "cloud/catalog/catalog.h"
#include "cloud/catalog/seed.h"
#include "common/str.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

enum { TEXT_SIZE = 1 << 18, NOW_S = 1795165200 /* 2026-11-20 09:00 UTC, 17:00 in Beijing */ };

static inline int64_t zero_ms(void *self)
{
    (void)self;
    return 0;
}

static int64_t wall_s = NOW_S;

static inline int64_t fixed_wall_s(void *self)
{
    (void)self;
    return wall_s;
}

static struct clock_port test_clock = {zero_ms, fixed_wall_s, NULL};
static struct store *store;
static char message[CONFIG_MESSAGE_SIZE];

/* The money side, as far as the catalogue needs one. */
static struct account_view account = {.balance_fen = 4260, .arrears_fen = 0};
static int64_t used_e4;

static inline enum err look(void *self, struct db *db, const char *meter_id,
                            struct account_view *ret_view)
{
    (void)self;
    (void)db;
    (void)meter_id;
    *ret_view = account;
    return OK;
}

static inline enum err use(void *self, struct db *db, const char *meter_id, int64_t energy_e4,
                           int64_t read_at)
{
    (void)self;
    (void)db;
    (void)meter_id;
    (void)read_at;
    used_e4 = energy_e4;
    return OK;
}

static const struct account_port accounts = {look, use, NULL};

static inline enum err open_nothing(struct db *db, const char *meter_id, int64_t balance_fen)
{
    (void)db;
    (void)meter_id;
    return balance_fen == 666 ? ERR_EXISTS : OK;
}

static inline bool open_store(void)
{
    static char folder[TEMP_PATH_SIZE];
    static char path[TEMP_PATH_SIZE];
    char why[STORE_WHY_SIZE];
    struct store_config config = {.path = temp_path(temp_folder_make(folder), "c.db", path),
                                  .clock = &test_clock,
                                  .reader_count = 1};
    return store_open(&config, &store, why) == OK;
}

static inline enum err seed(const char *text, bool *ret_changed)
{
    struct seed_source source = {.text = text, .name = "seed.cfg", .opening = open_nothing};
    return seed_apply(store, &source, ret_changed, message);
}

#define HEAD                                                                                       \
    "tariffs = ( { id = \"home\"; price_yuan = \"0.5469\"; } );\n"                                 \
    "profiles = ( { id = \"cloud\"; kind = \"cloud\"; relay = \"1C\"; },\n"                        \
    "  { id = \"count\"; kind = \"count\"; layout = \"standard\"; } );\n"                          \
    "collectors = ( { id = \"c1\"; } );\n"
#define SITE(id)                                                                                   \
    "{ id = \"" id "\"; name = \"n\"; company = \"c\"; service_phone = \"1\";"                     \
    " amounts_yuan = [20, 50]; terminals = ( { id = \"t-" id "\"; name = \"t\"; } );\n"
#define ROOM(id, label, address, rest)                                                             \
    "{ id = \"" id "\"; building = \"3\xE6\xA0\x8B\"; unit = \"2\xE5\x8D\x95\xE5\x85\x83\";"       \
    " label = \"" label "\"; meter = { id = \"m-" id "\"; address = \"" address "\";"              \
    " bus = \"b\"; profile = \"cloud\"; tariff = \"home\"; collector = \"c1\"; " rest " }; }"
#define PLAIN                                                                                      \
    HEAD "sites = ( " SITE("s1") "rooms = ( " ROOM("r1", "501", "000000000001", "") "," ROOM(      \
        "r2", "502", "000000000502",                                                               \
        "") " ); }, " SITE("s2") "rooms = ( " ROOM("x1", "501", "000000009501", "") " ); } );\n"

#endif
