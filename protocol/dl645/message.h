/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_MESSAGE_H
#define SHILLING_PROTOCOL_DL645_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/civil.h"
#include "common/compiler.h"
#include "common/err.h"
#include "protocol/dl645/frame.h"

/*
 * What a frame says, for both sides of the wire: the master encodes requests and decodes replies,
 * the meter the other way round, with the same two functions. The layouts of DATA are one table
 * (layout.c); a message holds the fields that its layout has and says in `fields` which these are.
 */

/** Function codes: control byte, bits 4..0 (standard 6.2; 03 from Q/GDW 365). */
enum dl645_function {
    DL645_SECURITY_AUTH = 0x03,
    DL645_BROADCAST_TIME = 0x08,
    DL645_READ = 0x11,
    DL645_READ_FOLLOW = 0x12,
    DL645_READ_ADDRESS = 0x13,
    DL645_WRITE = 0x14,
    DL645_WRITE_ADDRESS = 0x15,
    DL645_FREEZE = 0x16,
    DL645_CHANGE_BAUD = 0x17,
    DL645_CHANGE_PASSWORD = 0x18,
    DL645_CLEAR_DEMAND = 0x19,
    DL645_CLEAR_METER = 0x1A,
    DL645_CLEAR_EVENTS = 0x1B,
    DL645_RELAY = 0x1C,
    DL645_OUTPUT = 0x1D,
};

/** The parts that DATA is made of. Each is a member of struct dl645_message. */
enum dl645_field {
    DL645_FIELD_DI,
    DL645_FIELD_VALUE,
    DL645_FIELD_SEQ,
    DL645_FIELD_PA,
    DL645_FIELD_PASSWORD,
    DL645_FIELD_OPERATOR,
    DL645_FIELD_NEW_PA,
    DL645_FIELD_NEW_PASSWORD,
    DL645_FIELD_METER_ADDRESS,
    DL645_FIELD_NEW_ADDRESS,
    DL645_FIELD_N1,
    DL645_FIELD_N2,
    DL645_FIELD_EXPIRES,
    DL645_FIELD_TIME,
    DL645_FIELD_FREEZE_TIME,
    DL645_FIELD_BAUD_CODE,
    DL645_FIELD_OUTPUT_CODE,
    DL645_FIELD_BLOCK_COUNT,
    DL645_FIELD_BLOCK_TIME,
    DL645_FIELD_AMOUNT,
    DL645_FIELD_REMAINING,
    DL645_FIELD_PURCHASE_COUNT,
    DL645_FIELD_CUSTOMER,
    DL645_FIELD_ORDER,
    DL645_FIELD_METER,
    DL645_FIELD_MAC1,
    DL645_FIELD_MAC2,
    DL645_FIELD_KEY_INFO,
    DL645_FIELD_CIPHERTEXT,
    DL645_FIELD_CIPHER1,
    DL645_FIELD_RANDOM1,
    DL645_FIELD_DISPERSION,
    DL645_FIELD_RANDOM2,
    DL645_FIELD_ESAM_NUMBER,
    DL645_FIELD_VALID_MINUTES,
    DL645_FIELD_FILE_ADDRESS,
    DL645_FIELD_ERROR,
    DL645_FIELD_TRAILING,
    DL645_FIELD_COUNT
};

#define DL645_HAS(field) (UINT64_C(1) << (field))

/* Relay commands N1 (DL/T 645-2007, control 1C). Property meters obey all with a plain password. */
enum dl645_relay_command {
    DL645_RELAY_TRIP = 0x1A,
    DL645_RELAY_PERMIT_CLOSE = 0x1B, /* the user presses the meter's button */
    DL645_RELAY_CLOSE = 0x1C,
    DL645_RELAY_TRIP_RETURN = 0x1D,
    DL645_RELAY_TRIP_RETURN_2 = 0x1E,
    DL645_RELAY_ALARM_ON = 0x2A,
    DL645_RELAY_ALARM_OFF = 0x2B,
    DL645_RELAY_KEEP_POWER = 0x3A,
    DL645_RELAY_KEEP_POWER_END = 0x3B,
};

/* Identifiers of control 03. */
#define DL645_DI_AUTHENTICATE 0x070000FFU
#define DL645_DI_AUTH_VALIDITY 0x070001FFU
#define DL645_DI_AUTH_END 0x070002FFU
#define DL645_DI_OPEN_ACCOUNT 0x070101FFU
#define DL645_DI_RECHARGE 0x070102FFU
#define DL645_DI_WALLET_PRESET 0x070103FFU
#define DL645_DI_REFUND 0x070108FFU /* family Q only */
#define DL645_DI_READ_BACK 0x078001FFU
#define DL645_DI_STATUS_QUERY 0x078102FFU

/**
 * A moment as the meter says it: each member is the BCD byte of the wire (0x59 = 59), 0x99 means
 * "every" in a freeze request. Members that a layout has not are 0.
 */
struct dl645_time {
    uint8_t year; /* 0x00..0x99 = 2000..2099 */
    uint8_t month;
    uint8_t day;
    uint8_t hour;
    uint8_t minute;
    uint8_t second;
};

enum {
    DL645_NUMBER_TEXT_SIZE = 13, /* 6 BCD bytes */
    DL645_ORDER_TEXT_SIZE = 17,  /* 8 BCD bytes */
};

/**
 * One message. Texts are digits, highest first, exactly as long as their buffers allow. Integers
 * are values, not wire bytes: password 0x123456 is "123456", operator 0x44332211 is "44332211".
 */
struct dl645_message {
    char address[DL645_ADDRESS_TEXT_SIZE];
    uint8_t function; /* enum dl645_function, or a vendor's own code 0..31 */
    bool reply;       /* from the meter */
    bool error;       /* refused: error_bits says why */
    bool more;        /* more frames follow: read them with DL645_READ_FOLLOW */
    uint64_t fields;  /* DL645_HAS() of the members below that are set */

    uint32_t di;
    uint32_t seq; /* follow-on frame, from 1 */
    uint32_t pa;
    uint32_t password;
    uint32_t operator_code;
    uint32_t new_pa;
    uint32_t new_password;
    uint32_t n1;
    uint32_t n2;
    uint32_t baud_code;
    uint32_t output_code;
    uint32_t block_count;
    uint32_t amount;         /* in the model's unit; standard: fen */
    uint32_t remaining;      /* the same */
    uint32_t purchase_count; /* 1..2^32-1 */
    uint32_t valid_minutes;  /* BCD: 0x0005 is five minutes */

    char meter_address[DL645_ADDRESS_TEXT_SIZE];
    char new_address[DL645_ADDRESS_TEXT_SIZE];
    char meter[DL645_ADDRESS_TEXT_SIZE]; /* family Q repeats the address inside DATA */
    char customer[DL645_NUMBER_TEXT_SIZE];
    char order[DL645_ORDER_TEXT_SIZE];

    struct dl645_time time;        /* broadcast time */
    struct dl645_time expires;     /* relay: refused after this */
    struct dl645_time freeze_time; /* month, day, hour, minute */
    struct dl645_time block_time;  /* load record: from here on (no seconds) */

    uint8_t mac1[4]; /* bytes as on the wire, like all of an ESAM's */
    uint8_t mac2[4];
    uint8_t key_info[4];
    uint8_t ciphertext[16]; /* relay command of class 98, with mac1 */
    uint8_t cipher1[8];
    uint8_t random1[8];
    uint8_t dispersion[8];
    uint8_t random2[4];
    uint8_t esam_number[8];
    uint8_t file_address[8];

    uint8_t error_size; /* 1: ERR (or a vendor's own code), 2: SERR, as sent */
    uint16_t error_bits;

    uint8_t value_size; /* the bytes behind the DI (and password, operator) */
    uint8_t value[DL645_DATA_SIZE_MAX];
    uint8_t trailing_size; /* bytes behind everything the layout knows */
    uint8_t trailing[DL645_DATA_SIZE_MAX];
};

/**
 * Take a frame's DATA apart.
 * @return OK; ERR_FORMAT if DATA is too short for every layout of this function: the message then
 *         still could be passed on as bytes, which dl645_message_raw() does
 */
MUST_CHECK enum err dl645_message_decode(const struct dl645_frame *frame,
                                         struct dl645_message *ret_message);

/** The message of a frame whose DATA is not looked at: all of it becomes the value. */
void dl645_message_raw(const struct dl645_frame *frame, struct dl645_message *ret_message);

/**
 * Put a frame together from the fields that @p message has.
 * @return OK; ERR_FORMAT (a text is not digits of its full length); ERR_RANGE (too much DATA, a
 *         number too large for its bytes); ERR_UNSUPPORTED (no layout has exactly these fields)
 */
MUST_CHECK enum err dl645_message_encode(const struct dl645_message *message,
                                         struct dl645_frame *ret_frame);

/** "read", "freeze" ...; "vendor" for a code that the standard does not have. Never NULL. */
const char *dl645_function_name(uint8_t function);

/** True if @p name is a function's name; a vendor's function has no code of its own. */
MUST_CHECK bool dl645_function_parse(const char *name, uint8_t *ret_function);

/** Beijing calendar to BCD; the year must be 2000..2099. */
MUST_CHECK bool dl645_time_from_civil(const struct civil *civil, struct dl645_time *ret_time);

/** BCD to calendar; false if a digit is above 9 or it names no moment. The weekday is set. */
MUST_CHECK bool dl645_time_to_civil(const struct dl645_time *time, struct civil *ret_civil);

/** One-hot code of a baud rate 600..19200, and back; false for any other. */
MUST_CHECK bool dl645_baud_to_code(uint32_t baud, uint8_t *ret_code);
MUST_CHECK bool dl645_baud_from_code(uint8_t code, uint32_t *ret_baud);

#endif
