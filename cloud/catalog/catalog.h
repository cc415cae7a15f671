/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CATALOG_CATALOG_H
#define SHILLING_CLOUD_CATALOG_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"
#include "protocol/api/value.h"
#include "protocol/bus/command.h"
#include "protocol/bus/config.h"
#include "protocol/bus/value.h"

/* Sites, terminals and meters as the database has them. All functions run in a transaction. */

/* Why a meter is not sold to without its card; between programs, no screen shows it. */
#define CATALOG_CARD_ONLY "card_only"
/* Why nothing is sold to a meter that was taken out for another one. */
#define CATALOG_EXCHANGED "exchanged"
/* What meters without a network hang on; the gateway knows no such collector. */
#define CATALOG_CARD_COLLECTOR ".cards"

enum {
    CATALOG_PATH_SIZE = 108, /* sun_path: a key service is a UNIX socket */
    CATALOG_LANGUAGES_SIZE = 64,
    CATALOG_CUSTOMER_NO_SIZE = 13,
};

struct catalog_site {
    char site_id[API_ID_SIZE];
    char name[API_NAME_SIZE];
    char company[API_NAME_SIZE];
    char service_phone[API_PHONE_SIZE];
    char languages[CATALOG_LANGUAGES_SIZE]; /* "zh-CN,en" */
    char notice[API_TEXT_SIZE];
    int64_t amounts_fen[API_AMOUNTS_MAX];
    size_t amount_count;
    int64_t amount_min_fen;
    int64_t amount_max_fen;
    bool receipt_auto;
    bool sell_to_silent; /* a device-balance meter that does not answer may be sold to, if asked */
};
/** ERR_NOT_FOUND. */
MUST_CHECK enum err catalog_site_get(struct db *db, const char *site_id,
                                     struct catalog_site *ret_site);

/** Site and name of a terminal. ERR_NOT_FOUND. */
MUST_CHECK enum err catalog_terminal_get(struct db *db, const char *terminal_id,
                                         char ret_site_id[API_ID_SIZE],
                                         char ret_name[API_NAME_SIZE]);

/* In what the balance registers and purchase amounts of a meter are counted. */
enum catalog_amount_unit {
    CATALOG_AMOUNT_FEN,       /* purchase frames carry fen */
    CATALOG_AMOUNT_YUAN_E2,   /* XXXXXX.XX yuan, BCD */
    CATALOG_AMOUNT_ENERGY_E2, /* XXXXXX.XX kWh */
    CATALOG_AMOUNT_UNIT_COUNT
};

/* How supply comes back after a cut. */
enum catalog_relay_how {
    CATALOG_RELAY_NONE, /* no relay */
    CATALOG_RELAY_1B,   /* allow: somebody presses the meter's button */
    CATALOG_RELAY_1C,   /* close directly */
    CATALOG_RELAY_HOW_COUNT
};

/* What is true of all meters of one model and setting. */
struct catalog_profile {
    enum bus_meter_kind kind;
    bool on_card;           /* no network: value comes on a card; kind says "balance inside" */
    int64_t card_limit_fen; /* on_card: what the meter takes at most; 0: not known */
    enum api_service service;
    char protocol[BUS_NAME_SIZE];
    char layout[API_WORD_SIZE]; /* of purchase frames: "none", "standard", "q" */
    char energy_unit[BUS_UNIT_SIZE];
    enum catalog_amount_unit amount_unit;
    enum catalog_relay_how relay_how;
    char mac_port[CATALOG_PATH_SIZE]; /* empty: no key service */
    bool zero_credit_proven;          /* a zero credit burns a count, tried on the real device */
    bool total_bought;                /* 0333 06 01 is answered */
    bool buffered_link;               /* frames may linger in a DTU: quiet time 120 s */
    uint8_t password[4];              /* PA P0 P1 P2 */
    uint8_t operator_code[4];         /* C3..C0: as people write it */
};

struct catalog_meter {
    char meter_id[API_ID_SIZE];
    char room_id[API_ID_SIZE];
    char site_id[API_ID_SIZE];
    char place[API_PLACE_SIZE];          /* building, unit, room */
    char customer_masked[API_NAME_SIZE]; /* "" if nobody is entered */
    char customer_phone[API_PHONE_SIZE]; /* for notices; never to a terminal */
    char address[BUS_METER_SIZE];
    char tail[9]; /* last four digits of the address */
    char collector_id[BUS_COLLECTOR_SIZE];
    char bus[BUS_NAME_SIZE];
    char customer_no[CATALOG_CUSTOMER_NO_SIZE]; /* 12 digits inside the meter; empty: none */
    int64_t price_e4_yuan;                      /* 0.0001 yuan per unit */
    int64_t alarm_fen;
    bool sale_open; /* by profile and meter both */
    char sale_reason[API_WORD_SIZE];
    struct catalog_profile profile;
};
/** ERR_NOT_FOUND. The caller checks that site_id is the terminal's own. */
MUST_CHECK enum err catalog_meter_get(struct db *db, const char *meter_id,
                                      struct catalog_meter *ret_meter);

/** The meter that hangs on @p collector_id under @p address. ERR_NOT_FOUND. */
MUST_CHECK enum err catalog_meter_find(struct db *db, const char *collector_id, const char *address,
                                       char ret_meter_id[API_ID_SIZE]);

/* The newest that is known of a meter. */
struct catalog_state {
    bool has_energy;
    char energy[API_DECIMAL_SIZE];
    int64_t energy_e4;
    int64_t energy_at; /* wall seconds */
    bool has_balance;
    int64_t balance_fen; /* inside the meter: remaining less overdraft */
    int64_t balance_at;
    char voltage[API_DECIMAL_SIZE]; /* empty: never read */
    char current[API_DECIMAL_SIZE];
    char power[API_DECIMAL_SIZE];
    enum api_relay relay;
    bool is_silent; /* did not answer when last asked */
};
/** A meter that was never heard gives OK with nothing in it. */
MUST_CHECK enum err catalog_state_get(struct db *db, const char *meter_id,
                                      struct catalog_state *ret_state);

/**
 * The version of sites, terminals and meters: changes with every seed that changed something.
 */
MUST_CHECK enum err catalog_version_get(struct db *db, char ret_version[API_WORD_SIZE]);

/**
 * The name as a lobby may see it: the surname and '*' ("\xE5\xBC\xA0*"); of a name in Latin
 * letters the first letter. "" gives "".
 */
void catalog_mask_name(const char *name, char ret_masked[API_NAME_SIZE]);

#endif
