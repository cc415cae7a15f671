/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARD_DESFIRE_H
#define SHILLING_PROTOCOL_CARD_DESFIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/card/apdu.h"
#include "protocol/card/keys.h"
#include "protocol/card/record.h"

/*
 * MIFARE DESFire EV1 as far as SHL-C1 needs it: an application with four AES keys and two backup
 * data files that hold the credit and the return record. Commands are the native ones in an
 * ISO/IEC 7816-4 coat (90 INS 00 00 ... 00); an answer ends with 91 and the native status. After
 * the mutual proof of a key both sides chain a CMAC through every command and answer: an answer
 * that was not the card's, or is missing in the row, is noticed.
 *
 * A session is used in a strict order: make a command, take its answer, make the next; or make
 * several that need no proof of their own (read, commit) and take their answers in the same order
 * only where this file says so. Whoever has the keys runs it; the terminal only carries bytes.
 */

enum {
    DESFIRE_KEY_SIZE = 16,
    DESFIRE_RANDOM_SIZE = 16,
    DESFIRE_MAC_SIZE = 8,
    DESFIRE_AID_SIZE = 3,
    DESFIRE_OK = 0x9100,
    DESFIRE_MORE = 0x91AF,
    DESFIRE_REFUSED = 0x91AE, /* the proof of a key was wrong */
};

/* SHL-C1's application: 4C5A01, on the wire lowest byte first. */
enum { DESFIRE_AID_CARD = 0x4C5A01, DESFIRE_AID_PICC = 0 };

enum desfire_key {
    DESFIRE_KEY_MASTER, /* the desk */
    DESFIRE_KEY_METER,
    DESFIRE_KEY_CREDIT, /* the cloud, when it sells */
    DESFIRE_KEY_READ,
    DESFIRE_KEY_COUNT
};

enum desfire_file { DESFIRE_FILE_CREDIT = 1, DESFIRE_FILE_RETURN = 2 };

/* Wipe with bytes_wipe(). */
struct desfire_session {
    uint8_t key[DESFIRE_KEY_SIZE];
    uint8_t iv[DESFIRE_KEY_SIZE];
};

/* Half-way through the mutual proof. Wipe with bytes_wipe(). */
struct desfire_proof {
    uint8_t key[DESFIRE_KEY_SIZE];
    uint8_t iv[DESFIRE_KEY_SIZE];
    uint8_t random_a[DESFIRE_RANDOM_SIZE];
    uint8_t random_b[DESFIRE_RANDOM_SIZE];
};

/** 5A: select an application. Answer: DESFIRE_OK. */
void desfire_select(uint32_t aid, struct apdu *ret_command);
/** AA: ask for the challenge of an AES key. Answer: 16 bytes and DESFIRE_MORE. */
void desfire_prove_begin(uint8_t key_number, struct apdu *ret_command);

/* What the proof starts from; borrowed for the call. */
struct desfire_secret {
    const uint8_t *key;      /* DESFIRE_KEY_SIZE bytes */
    const uint8_t *random_a; /* DESFIRE_RANDOM_SIZE bytes, drawn for this proof alone */
};

/** Take the challenge, make the AF that answers it. False: not such an answer, or no memory. */
MUST_CHECK bool desfire_prove_answer(const struct desfire_secret *secret, const struct apdu *answer,
                                     struct desfire_proof *ret_proof, struct apdu *ret_command);
/** Take the card's proof; false if it has not got the key. */
MUST_CHECK bool desfire_prove_end(const struct desfire_proof *proof, const struct apdu *answer,
                                  struct desfire_session *ret_session);

/** BD: read a record. Its answer must be taken before the next command is made. */
MUST_CHECK bool desfire_read(struct desfire_session *session, enum desfire_file file,
                             struct apdu *ret_command);
MUST_CHECK bool desfire_read_take(struct desfire_session *session, const struct apdu *answer,
                                  uint8_t ret_record[CARD_RECORD_SIZE]);

enum { DESFIRE_WRITE_SIZE = 3 };

/**
 * 3D and C7: write a record and commit: three commands, whose answers must be DESFIRE_MORE,
 * DESFIRE_OK, DESFIRE_OK. Nothing changes on the card before the third.
 */
MUST_CHECK bool desfire_write(struct desfire_session *session, enum desfire_file file,
                              const uint8_t record[CARD_RECORD_SIZE],
                              struct apdu ret_commands[DESFIRE_WRITE_SIZE]);
/** Check the second and third of those answers; false if one was not the card's. */
MUST_CHECK bool desfire_write_take(struct desfire_session *session,
                                   const struct apdu answers[DESFIRE_WRITE_SIZE]);

/* --- at the issuing desk ------------------------------------------------------------------- */

/** CA: make SHL-C1's application on an empty card (PICC selected). Answer: DESFIRE_OK. */
void desfire_create_application(struct apdu *ret_command);

/** CB: make one of its files. @return false only if the crypto library fails. */
MUST_CHECK bool desfire_create_file(struct desfire_session *session, enum desfire_file file,
                                    struct apdu *ret_command);
/** Check the answer to a command that returns nothing (CB, and C4 for another key). */
MUST_CHECK bool desfire_take(struct desfire_session *session, const struct apdu *answer);

/* A key that is to be changed; borrowed for the call. */
struct desfire_change {
    uint8_t number;
    uint8_t version;
    bool is_own; /* the key with which the session was opened, which ends with it */
    const uint8_t *old_key;
    const uint8_t *new_key;
};

/** C4: change an AES key. Answer: DESFIRE_OK; check it with desfire_take() unless @p is_own. */
MUST_CHECK bool desfire_change_key(struct desfire_session *session,
                                   const struct desfire_change *change, struct apdu *ret_command);

#endif
