/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARDLINK_CARDLINK_H
#define SHILLING_PROTOCOL_CARDLINK_CARDLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/id.h"
#include "common/outcome.h"
#include "protocol/card/apdu.h"
#include "protocol/card/judge.h"
#include "protocol/card/keys.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"
#include "protocol/cardauth/cardauth.h"
#include "protocol/cardlink/count.h"

/*
 * What kiosk and cardd say to each other over their UNIX socket (protocol/MESSAGES.md, section
 * 6): one JSON object a line.
 */

enum {
    CARDLINK_LINE_SIZE = 65536, /* with its line end */
    CARDLINK_KEYS_MAX = 10,     /* A and B of five sectors */
    CARDLINK_DETAIL_SIZE = 129,
    CARDLINK_ERROR_SIZE = 33,
    CARDLINK_ATS_SIZE_MAX = 20,
};

/* How long both sides wait, in milliseconds. */
enum {
    CARDLINK_WORK_MS = 8000,    /* cardd: from the request to its answer, the longest */
    CARDLINK_ANSWER_MS = 20000, /* the kiosk: as long, and the time that a hung reader costs */
};

/* --- kiosk -> cardd ----------------------------------------------------------------------- */

enum cardlink_op {
    CARDLINK_OP_POLL,
    CARDLINK_OP_READ,
    CARDLINK_OP_WRITE,
    CARDLINK_OP_RELAY,
    CARDLINK_OP_STATUS,
    CARDLINK_OP_COUNT
};

enum cardlink_mode { CARDLINK_OFF, CARDLINK_IDLE, CARDLINK_ACTIVE, CARDLINK_MODE_COUNT };

/* A key of a MIFARE Classic sector. */
struct cardlink_key {
    uint8_t sector; /* 0..15 */
    char kind;      /* 'A' or 'B' */
    uint8_t key[CARD_SECTOR_KEY_SIZE];
};

struct cardlink_keys {
    struct cardlink_key all[CARDLINK_KEYS_MAX];
    size_t count;
};

/* A command for the card, and the status word that its answer must end with. */
struct cardlink_apdu {
    struct apdu apdu;
    bool expects;
    uint16_t expect;
};

/* Wipe with bytes_wipe(): it holds keys. About 6 KiB: not for deep stacks. */
struct cardlink_request {
    enum cardlink_op op;
    enum cardlink_mode mode;                /* POLL */
    char id[ID_TEXT_SIZE];                  /* READ, WRITE, RELAY */
    uint32_t card;                          /* READ, WRITE, RELAY: number of the laying */
    struct cardlink_keys keys;              /* READ, WRITE */
    char authorisation[CARDAUTH_TEXT_SIZE]; /* WRITE; RELAY: "" for none */
    uint8_t token[CARD_RECORD_SIZE];        /* WRITE */
    bool has_first;
    uint8_t first; /* WRITE: the slot whose MAC the server found wrong, 0 or 1 */
    struct cardlink_apdu apdus[APDU_COUNT_MAX];
    size_t apdu_count; /* RELAY: at least 1 */
};

/* --- cardd -> kiosk ----------------------------------------------------------------------- */

enum cardlink_say {
    CARDLINK_SAY_READER, /* pushed; also the answer to STATUS */
    CARDLINK_SAY_CARD,   /* pushed */
    CARDLINK_SAY_READ,
    CARDLINK_SAY_WRITE,
    CARDLINK_SAY_RELAY,
    CARDLINK_SAY_COUNT
};

enum cardlink_reader {
    CARDLINK_READER_READY,
    CARDLINK_READER_REPAIR,  /* opened again, or the worker is started again */
    CARDLINK_READER_OFFLINE, /* three times in vain: no card path */
    CARDLINK_READER_COUNT
};

enum cardlink_presence { CARDLINK_PRESENT, CARDLINK_TWO, CARDLINK_GONE, CARDLINK_PRESENCE_COUNT };

enum cardlink_family {
    CARDLINK_CLASSIC, /* MIFARE Classic: SHL-C1 */
    CARDLINK_ISO,     /* ISO/IEC 14443-4: relay */
    CARDLINK_PHONE,   /* a random number: a phone, or a bank card that hides */
    CARDLINK_UNKNOWN,
    CARDLINK_FAMILY_COUNT
};

/* Why a read, write or relay is not done. */
enum cardlink_error {
    CARDLINK_OK,         /* null on the wire */
    CARDLINK_CARD_GONE,  /* no card, or another laying than that of the request */
    CARDLINK_WRONG_CARD, /* another card than that of the authorisation */
    CARDLINK_FORGED,     /* the authorisation does not allow this */
    CARDLINK_EXPIRED,    /* the authorisation did, but not any more */
    CARDLINK_AUTH,       /* the card refuses the keys */
    CARDLINK_DAMAGED,    /* the card does not keep what is written, or a sector is dead */
    CARDLINK_NEWER,      /* the card holds a newer token of this meter already */
    CARDLINK_REFUSED,    /* relay: the card did not answer as expected */
    CARDLINK_READER,     /* the reader is being repaired or was lost */
    CARDLINK_BUSY,       /* another request is under way */
    CARDLINK_ERROR_COUNT
};

/* A slot as it was read; @p read false: null on the wire. */
struct cardlink_record {
    bool read;
    uint8_t bytes[CARD_RECORD_SIZE];
};

/* About 5 KiB: not for deep stacks. */
struct cardlink_report {
    enum cardlink_say say;

    enum cardlink_reader reader; /* READER */
    char detail[CARDLINK_DETAIL_SIZE];
    char chip[CARDLINK_CHIP_SIZE]; /* READER: firmware as the chip names it, or "" */
    bool has_counts;               /* READER: only where STATUS was asked */
    uint64_t counts[CARDLINK_COUNTS];

    enum cardlink_presence presence; /* CARD */
    uint32_t card;                   /* CARD: number of the laying; rises */
    struct card_uid uid;
    uint16_t atqa;
    uint8_t sak;
    uint8_t ats[CARDLINK_ATS_SIZE_MAX];
    size_t ats_size;
    enum cardlink_family family;

    char id[ID_TEXT_SIZE]; /* READ, WRITE, RELAY */
    enum outcome outcome;
    enum cardlink_error error;
    struct cardlink_record credit[CARD_SLOTS];  /* READ, WRITE */
    struct cardlink_record returns[CARD_SLOTS]; /* READ */
    struct cardlink_record issue;               /* READ */
    struct apdu answers[APDU_COUNT_MAX];        /* RELAY: up to the first unexpected one */
    size_t answer_count;
};

/* The words of the messages for the values above; a value that is none is a programmer's error. No
 * function here blocks; those that write or read a line allocate while they run. */

/** "card_gone", ...; "" for CARDLINK_OK. */
const char *cardlink_error_name(enum cardlink_error error);
/** "ready", "repair", "offline". */
const char *cardlink_reader_name(enum cardlink_reader reader);
/** "classic", "iso", "phone", "unknown". */
const char *cardlink_family_name(enum cardlink_family family);
/** "off", "idle", "active". */
const char *cardlink_mode_name(enum cardlink_mode mode);

/** The key of a sector, or NULL if none was given. @p kind 'A' or 'B'. Borrowed. */
const struct cardlink_key *cardlink_key_find(const struct cardlink_keys *keys, uint8_t sector,
                                             char kind);

/** The slots of a report as the judge wants them. */
struct card_slots cardlink_slots(const struct cardlink_record records[CARD_SLOTS]);

/** Write a request as a line with its line end; false if it does not fit @p size. It holds keys:
 * wipe it after use. */
MUST_CHECK bool cardlink_request_encode(const struct cardlink_request *request, char *ret_line,
                                        size_t size);
/** Write a report as a line with its line end; false if it does not fit @p size. */
MUST_CHECK bool cardlink_report_encode(const struct cardlink_report *report, char *ret_line,
                                       size_t size);

/**
 * Read a request, a line without its line end.
 *
 * @param ret_field  the member that is missing or wrong, when false is returned; never NULL
 */
MUST_CHECK bool cardlink_request_decode(const char *line, size_t size,
                                        struct cardlink_request *ret_request,
                                        const char **ret_field);
/** Read a report, likewise. */
MUST_CHECK bool cardlink_report_decode(const char *line, size_t size,
                                       struct cardlink_report *ret_report, const char **ret_field);

#endif
