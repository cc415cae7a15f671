/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHL-C1 on DESFire: application 4C5A01, the credit record in backup file 1, the return record in
 * backup file 2, both MACed under the meter's key 1. A backup file changes as a whole, with the
 * commit, so there are no slots; the proof of a write is a new session that reads it back.
 */
#include <string.h>

#include "emulators/cardmeter/visit_inside.h"
#include "emulators/cardreader/bytes.h"

enum {
    KEY_METER = 1,
    FILE_CREDIT = 1,
    FILE_RETURN = 2,
    MAC_SIZE = 8,
    NONCE = 16,
    APDU_MAX = 96,
    DATA_HEAD = 7,
    SW_OK = 0x00,
    SW_MORE = 0xAF,
};

struct session {
    struct crypto_key key;
    uint8_t iv[CRYPTO_BLOCK_MAX];
};

/* One wrapped native command; true if it is answered with that status. */
static bool native(struct touch *touch, const uint8_t *command, size_t size, uint8_t status,
                   struct card_answer *answer)
{
    uint8_t apdu[APDU_MAX] = {0x90, command[0], 0x00, 0x00, (uint8_t)(size - 1)};
    size_t at = size > 1 ? 5 : 4;
    memcpy(apdu + at, command + 1, size - 1);
    at += size - 1;
    apdu[at++] = 0x00;
    if (!touch_exchange(touch, apdu, at, answer) || answer->size < 2) {
        return false;
    }
    answer->size -= 2;
    return answer->bytes[answer->size] == 0x91 && answer->bytes[answer->size + 1] == status;
}

static void turn(const uint8_t *bytes, uint8_t *ret_turned)
{
    memcpy(ret_turned, bytes + 1, NONCE - 1);
    ret_turned[NONCE - 1] = bytes[0];
}

static bool authenticate(const struct book *book, struct touch *touch, struct session *session)
{
    static const uint8_t BEGIN[] = {0xAA, KEY_METER};
    const struct token_uid uid = visit_uid(touch);
    struct crypto_key key = {.kind = CRYPTO_AES};
    uint8_t command[1 + 2 * NONCE] = {SW_MORE};
    uint8_t own[NONCE];
    uint8_t other[NONCE];
    uint8_t wanted[NONCE];
    uint8_t iv[CRYPTO_BLOCK_MAX] = {0};
    struct card_answer answer;
    token_desfire_key(&book->keys, &uid, KEY_METER, key.bytes);
    if (!native(touch, BEGIN, sizeof(BEGIN), SW_MORE, &answer) || answer.size != NONCE) {
        return false;
    }
    memcpy(other, answer.bytes, NONCE);
    crypto_cbc_decrypt(&key, iv, other, NONCE);
    faults_random_bytes(&touch->faults, own, NONCE);
    memcpy(command + 1, own, NONCE);
    turn(other, command + 1 + NONCE);
    crypto_cbc_encrypt(&key, iv, command + 1, (size_t)2 * NONCE);
    if (!native(touch, command, sizeof(command), SW_OK, &answer) || answer.size != NONCE) {
        return false;
    }
    crypto_cbc_decrypt(&key, iv, answer.bytes, NONCE);
    turn(own, wanted);
    memset(session, 0, sizeof(*session));
    session->key.kind = CRYPTO_AES;
    memcpy(session->key.bytes, own, 4);
    memcpy(session->key.bytes + 4, other, 4);
    memcpy(session->key.bytes + 8, own + 12, 4);
    memcpy(session->key.bytes + 12, other + 12, 4);
    return memcmp(answer.bytes, wanted, NONCE) == 0;
}

/*
 * A command of a session: its CMAC moves on, and goes with it where the file wants that; the
 * answer's is checked and taken off.
 */
static bool guarded(struct touch *touch, struct session *session, uint8_t *command, size_t size,
                    bool sends_mac, struct card_answer *answer)
{
    uint8_t all[CARD_ANSWER_MAX];
    crypto_cmac(&session->key, session->iv, command, size);
    if (sends_mac) {
        memcpy(command + size, session->iv, MAC_SIZE);
        size += MAC_SIZE;
    }
    if (!native(touch, command, size, SW_OK, answer) || answer->size < MAC_SIZE) {
        return false;
    }
    answer->size -= MAC_SIZE;
    memcpy(all, answer->bytes, answer->size);
    all[answer->size] = SW_OK;
    crypto_cmac(&session->key, session->iv, all, answer->size + 1);
    return memcmp(session->iv, answer->bytes + answer->size, MAC_SIZE) == 0;
}

static bool begin(const struct book *book, struct touch *touch, struct session *session)
{
    static const uint8_t SELECT[] = {0x5A, 0x01, 0x5A, 0x4C};
    struct card_answer answer;
    return native(touch, SELECT, sizeof(SELECT), SW_OK, &answer) &&
           authenticate(book, touch, session);
}

static bool file_read(struct touch *touch, struct session *session, uint8_t file,
                      uint8_t ret_record[TOKEN_SIZE])
{
    uint8_t command[1 + DATA_HEAD] = {0xBD, file, 0, 0, 0, TOKEN_SIZE};
    struct card_answer answer;
    if (!guarded(touch, session, command, sizeof(command), false, &answer) ||
        answer.size != TOKEN_SIZE) {
        return false;
    }
    memcpy(ret_record, answer.bytes, TOKEN_SIZE);
    return true;
}

static bool file_write(struct touch *touch, struct session *session, uint8_t file,
                       const uint8_t record[TOKEN_SIZE])
{
    uint8_t command[1 + DATA_HEAD + TOKEN_SIZE + MAC_SIZE] = {0x3D, file, 0, 0, 0, TOKEN_SIZE};
    uint8_t commit[1] = {0xC7};
    struct card_answer answer;
    memcpy(command + 1 + DATA_HEAD, record, TOKEN_SIZE);
    return guarded(touch, session, command, 1 + DATA_HEAD + TOKEN_SIZE, true, &answer) &&
           guarded(touch, session, commit, sizeof(commit), false, &answer);
}

/* Write the return record, then prove it in a session of its own. */
static void give_back(const struct book *book, struct touch *touch, struct session *session,
                      int64_t now_s, struct visit_report *report)
{
    uint8_t record[TOKEN_SIZE];
    uint8_t check[TOKEN_SIZE];
    visit_record(book, touch, now_s, record);
    if (file_write(touch, session, FILE_RETURN, record) && touch_reset(touch) &&
        begin(book, touch, session) && file_read(touch, session, FILE_RETURN, check) &&
        memcmp(record, check, TOKEN_SIZE) == 0) {
        report->returned = 1;
    }
}

bool visit_desfire(struct book *book, struct touch *touch, const struct visit_context *context,
                   struct visit_report *ret_report)
{
    struct session session;
    struct token_credit credit;
    uint8_t record[TOKEN_SIZE];
    const struct token_uid uid = visit_uid(touch);
    *ret_report = (struct visit_report){.result = VISIT_REFUSED};
    book->error = VISIT_AUTHENTICATION;
    bool open = begin(book, touch, &session) && file_read(touch, &session, FILE_CREDIT, record);
    if (open) {
        enum token_fault fault = token_credit_read(record, &book->keys, book->meter, &uid, &credit);
        book->error = visit_error_of(fault);
        if (fault == TOKEN_GOOD) {
            visit_take(book, &credit, context->now_s, ret_report);
        }
    } else if (touch->gone) {
        book->error = VISIT_PULLED_EARLY;
    }
    book->seq += 1;
    if (!book_store(book, context->dir)) {
        return false;
    }
    if (open && !touch->gone) {
        give_back(book, touch, &session, context->now_s, ret_report);
    }
    return true;
}
