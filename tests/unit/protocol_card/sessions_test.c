/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whole sessions with a DESFire and a purchase card, as they were once recorded from cards of
 * another implementation (tests/vectors/card_sessions.json): our commands must be those bytes, and
 * the answers must be taken. Then the same answers with faults in them.
 */
#include "common/compiler.h"
#include "common/json/json.h"
#include "protocol/card/desfire.h"
#include "protocol/card/purchase.h"
#include "tests/unit/test.h"

static json_t *all_sessions;
static const json_t *session_log;
static size_t at; /* of the next exchange */
static struct card_keys keys;
static struct card_uid uid;

static void begin(const char *name, const char *uid_text)
{
    const struct card_master master = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
    const uint8_t meter[CARD_METER_SIZE] = {0x00, 0x00, 0x12, 0x34, 0x56, 0x78};
    CHECK(card_keys_derive(&master, meter, &keys));
    CHECK(card_uid_parse(uid_text, &uid));
    if (all_sessions == NULL) {
        all_sessions = json_load_file("tests/vectors/card_sessions.json", 0, NULL);
        CHECK(all_sessions != NULL);
    }
    session_log = json_object_get(all_sessions, name);
    at = 0;
    CHECK(json_array_size(session_log) > 10);
}

/* The command must be the next recorded one; its answer comes back. */
static void send(const struct apdu *command, struct apdu *ret_answer)
{
    char text[APDU_TEXT_SIZE];
    const json_t *exchange = json_array_get(session_log, at);
    apdu_format(command, text);
    CHECK(exchange != NULL);
    CHECK_EQ_STR(text, json_string_value(json_array_get(exchange, 0)));
    CHECK(apdu_parse(json_string_value(json_array_get(exchange, 1)), ret_answer));
    at += 1;
}

static void record_make(uint32_t n, uint8_t ret_record[CARD_RECORD_SIZE])
{
    const struct card_credit credit = {.kind = CARD_CREDIT_PURCHASE,
                                       .n = n,
                                       .meter = {0x00, 0x00, 0x12, 0x34, 0x56, 0x78},
                                       .key_id = 1,
                                       .total_fen = (int64_t)n * 10000};
    card_credit_encode(&credit, ret_record);
    CHECK(card_credit_sign(&keys, &uid, ret_record));
}

/* --- DESFire --------------------------------------------------------------------------------- */

static const uint8_t NO_KEY[DESFIRE_KEY_SIZE];
static const uint8_t RANDOM_A[DESFIRE_RANDOM_SIZE] = {9, 8, 7, 6, 5, 4, 3, 2, 1};

static void prove(uint8_t number, const uint8_t key[DESFIRE_KEY_SIZE],
                  struct desfire_session *ret_session)
{
    const struct desfire_secret secret = {.key = key, .random_a = RANDOM_A};
    struct desfire_proof proof;
    struct apdu command;
    struct apdu answer;
    desfire_select(DESFIRE_AID_CARD, &command);
    send(&command, &answer);
    desfire_prove_begin(number, &command);
    send(&command, &answer);
    CHECK(desfire_prove_answer(&secret, &answer, &proof, &command));
    send(&command, &answer);
    CHECK(desfire_prove_end(&proof, &answer, ret_session));
}

static void session_open(uint8_t number, struct desfire_session *ret_session)
{
    uint8_t key[CARD_KEY_SIZE];
    CHECK(card_desfire_key(&keys, &uid, number, key));
    prove(number, key, ret_session);
}

static void change_key(struct desfire_session *session, uint8_t number)
{
    uint8_t key[CARD_KEY_SIZE];
    struct apdu command;
    struct apdu answer;
    CHECK(card_desfire_key(&keys, &uid, number, key));
    const struct desfire_change change = {.number = number,
                                          .version = 1,
                                          .is_own = number == DESFIRE_KEY_MASTER,
                                          .old_key = NO_KEY,
                                          .new_key = key};
    CHECK(desfire_change_key(session, &change, &command));
    send(&command, &answer);
    CHECK(change.is_own || desfire_take(session, &answer));
}

static void personalise(void)
{
    struct desfire_session session;
    struct apdu command;
    struct apdu answer;
    desfire_select(DESFIRE_AID_PICC, &command);
    send(&command, &answer);
    desfire_create_application(&command);
    send(&command, &answer);
    prove(DESFIRE_KEY_MASTER, NO_KEY, &session);
    CHECK(desfire_create_file(&session, DESFIRE_FILE_CREDIT, &command));
    send(&command, &answer);
    CHECK(desfire_take(&session, &answer));
    CHECK(desfire_create_file(&session, DESFIRE_FILE_RETURN, &command));
    send(&command, &answer);
    CHECK(desfire_take(&session, &answer));
    change_key(&session, DESFIRE_KEY_METER);
    change_key(&session, DESFIRE_KEY_CREDIT);
    change_key(&session, DESFIRE_KEY_READ);
    change_key(&session, DESFIRE_KEY_MASTER);
}

static void read_file(struct desfire_session *session, enum desfire_file file,
                      uint8_t ret_record[CARD_RECORD_SIZE])
{
    struct apdu command;
    struct apdu answer;
    CHECK(desfire_read(session, file, &command));
    send(&command, &answer);
    CHECK(desfire_read_take(session, &answer, ret_record));
}

/* Every changed byte of an answer, and one that is cut, must be noticed. */
static void spoil_write(const struct desfire_session *session,
                        const struct apdu good[DESFIRE_WRITE_SIZE])
{
    for (size_t which = 0; which < DESFIRE_WRITE_SIZE; which++) {
        for (size_t i = 0; i <= good[which].size; i++) {
            struct desfire_session copy = *session;
            struct apdu bad[DESFIRE_WRITE_SIZE] = {good[0], good[1], good[2]};
            if (i < good[which].size) {
                bad[which].bytes[i] ^= 1;
            } else {
                bad[which].size -= 1;
            }
            CHECK(!desfire_write_take(&copy, bad));
        }
    }
}

static void write_file(enum desfire_file file, uint8_t key, const uint8_t *record)
{
    struct desfire_session session;
    struct apdu commands[DESFIRE_WRITE_SIZE];
    struct apdu answers[DESFIRE_WRITE_SIZE];
    session_open(key, &session);
    CHECK(desfire_write(&session, file, record, commands));
    for (size_t i = 0; i < DESFIRE_WRITE_SIZE; i++) {
        send(&commands[i], &answers[i]);
    }
    spoil_write(&session, answers);
    CHECK(desfire_write_take(&session, answers));
}

TEST(a_desfire_card_from_the_factory_to_its_first_token)
{
    static const uint8_t zero[CARD_RECORD_SIZE];
    uint8_t token[CARD_RECORD_SIZE];
    uint8_t got[CARD_RECORD_SIZE];
    struct desfire_session session;
    begin("desfire", "04A1B2C3D4E5F6");
    personalise();
    session_open(DESFIRE_KEY_CREDIT, &session);
    read_file(&session, DESFIRE_FILE_CREDIT, got);
    CHECK_EQ_MEM(got, zero, sizeof(got));
    record_make(8, token);
    write_file(DESFIRE_FILE_CREDIT, DESFIRE_KEY_CREDIT, token);
    session_open(DESFIRE_KEY_CREDIT, &session);
    read_file(&session, DESFIRE_FILE_RETURN, got);
    CHECK_EQ_MEM(got, zero, sizeof(got));
    read_file(&session, DESFIRE_FILE_CREDIT, got);
    CHECK_EQ_MEM(got, token, sizeof(got));
    session_open(DESFIRE_KEY_METER, &session);
    read_file(&session, DESFIRE_FILE_CREDIT, got);
    CHECK_EQ_MEM(got, token, sizeof(got));
    write_file(DESFIRE_FILE_RETURN, DESFIRE_KEY_METER, token);
    CHECK_EQ_U64(at, json_array_size(session_log));
}

TEST(a_card_that_does_not_know_the_key_proves_nothing)
{
    const struct desfire_secret secret = {.key = NO_KEY, .random_a = RANDOM_A};
    struct desfire_session session = {.key = {0}};
    struct desfire_proof proof;
    struct apdu command;
    struct apdu challenge;
    struct apdu answer;
    uint8_t record[CARD_RECORD_SIZE];
    begin("desfire", "04A1B2C3D4E5F6");
    at = 3; /* the first proof */
    desfire_prove_begin(DESFIRE_KEY_MASTER, &command);
    send(&command, &challenge);
    for (size_t size = 0; size < challenge.size; size++) {
        struct apdu cut = challenge;
        cut.size = size;
        CHECK(!desfire_prove_answer(&secret, &cut, &proof, &command));
    }
    struct apdu refused = challenge;
    refused.bytes[refused.size - 1] = 0xAE;
    CHECK(!desfire_prove_answer(&secret, &refused, &proof, &command));
    CHECK(desfire_prove_answer(&secret, &challenge, &proof, &command));
    send(&command, &answer);
    for (size_t i = 0; i < answer.size; i++) {
        struct apdu bad = answer;
        bad.bytes[i] ^= 0x10;
        CHECK(!desfire_prove_end(&proof, &bad, &session));
        bad.size = i;
        CHECK(!desfire_prove_end(&proof, &bad, &session));
    }
    CHECK(desfire_prove_end(&proof, &answer, &session));
    CHECK(!desfire_read_take(&session, &answer, record));
}

/* --- purchase card --------------------------------------------------------------------------- */

static const uint8_t MASTER[] = "SHILLING TESTKEY";
static uint8_t serial[PURCHASE_SERIAL_SIZE];

static void card_key(enum purchase_key which, uint8_t ret_key[CARD_KEY_SIZE])
{
    CHECK(purchase_key_derive(MASTER, serial, which, ret_key));
}

static void challenge_take(uint8_t ret_random[PURCHASE_RANDOM_SIZE])
{
    struct apdu command;
    struct apdu answer;
    purchase_challenge(&command);
    send(&command, &answer);
    CHECK(purchase_answer(&answer, ret_random, PURCHASE_RANDOM_SIZE));
}

static void card_open(void)
{
    static const uint8_t ours[PURCHASE_RANDOM_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t key[CARD_KEY_SIZE];
    uint8_t random[PURCHASE_RANDOM_SIZE];
    uint8_t proof[PURCHASE_RANDOM_SIZE];
    uint8_t want[PURCHASE_RANDOM_SIZE];
    struct apdu command;
    struct apdu answer;
    purchase_select(PURCHASE_DF_MASTER, &command);
    send(&command, &answer);
    purchase_read(PURCHASE_SFI_SERIAL, PURCHASE_SERIAL_OFFSET, PURCHASE_SERIAL_SIZE, &command);
    send(&command, &answer);
    CHECK(purchase_answer(&answer, serial, sizeof(serial)));
    purchase_select(PURCHASE_DF_ELECTRICITY, &command);
    send(&command, &answer);
    card_key(PURCHASE_KEY_INTERNAL, key);
    CHECK(purchase_cryptogram(key, ours, want));
    purchase_internal(ours, &command);
    send(&command, &answer);
    CHECK(purchase_answer(&answer, proof, sizeof(proof)));
    CHECK_EQ_MEM(proof, want, sizeof(proof));
    challenge_take(random);
    card_key(PURCHASE_KEY_EXTERNAL, key);
    CHECK(purchase_cryptogram(key, random, proof));
    purchase_external(proof, &command);
    send(&command, &answer);
}

static void file_write(uint8_t sfi, const uint8_t *file, size_t size)
{
    uint8_t key[CARD_KEY_SIZE];
    uint8_t random[PURCHASE_RANDOM_SIZE];
    struct apdu command;
    struct apdu answer;
    card_key(sfi == PURCHASE_SFI_RETURN ? PURCHASE_KEY_RETURN : PURCHASE_KEY_WALLET, key);
    challenge_take(random);
    const struct purchase_update update = {
        .sfi = sfi, .file = file, .size = size, .key = key, .random = random};
    CHECK(purchase_update(&update, &command));
    CHECK(!apdu_is_harmless(&command));
    send(&command, &answer);
}

static void file_read(uint8_t sfi, uint8_t *ret_file, size_t size)
{
    struct apdu command;
    struct apdu answer;
    purchase_read(sfi, 0, (uint8_t)size, &command);
    send(&command, &answer);
    CHECK(!purchase_answer(&answer, ret_file, size - 1));
    CHECK(purchase_answer(&answer, ret_file, size));
    answer.bytes[answer.size - 2] = 0x69;
    CHECK(!purchase_answer(&answer, ret_file, size));
    answer.size = 1;
    CHECK(!purchase_answer(&answer, ret_file, size));
}

TEST(a_purchase_and_what_the_meter_returns)
{
    const struct purchase_wallet wallet = {.amount_fen = 10000, .count = 3};
    const struct purchase_parameters parameters = {.meter = {0, 0, 0x12, 0x34, 0x56, 0x78},
                                                   .customer = {0, 0, 0, 0, 0x42, 0x42},
                                                   .alarm1_fen = 2000,
                                                   .alarm2_fen = 500,
                                                   .kind = PURCHASE_BUY};
    static const uint8_t none[PURCHASE_RETURN_SIZE];
    uint8_t file[PURCHASE_FILE_SIZE_MAX];
    struct purchase_return back = {.count = 0};
    begin("purchase", "4A8B1C2D");
    card_open();
    purchase_parameters_encode(&parameters, file);
    file_write(PURCHASE_SFI_PARAMETERS, file, PURCHASE_PARAMETERS_SIZE);
    purchase_wallet_encode(&wallet, file);
    file_write(PURCHASE_SFI_WALLET, file, PURCHASE_WALLET_SIZE);
    file_write(PURCHASE_SFI_RETURN, none, PURCHASE_RETURN_SIZE);
    file_read(PURCHASE_SFI_WALLET, file, PURCHASE_WALLET_SIZE);
    CHECK_EQ_U64(purchase_wallet_decode(file).amount_fen, 10000);
    file_read(PURCHASE_SFI_PARAMETERS, file, PURCHASE_PARAMETERS_SIZE);
    file_read(PURCHASE_SFI_RETURN, file, PURCHASE_RETURN_SIZE);
    CHECK_EQ_I64(purchase_return_decode(file, &back), PURCHASE_EMPTY);
    back = (struct purchase_return){.count = 3, .remaining_fen = 12345, .illegal_cards = 1};
    purchase_return_encode(&back, file);
    file_write(PURCHASE_SFI_RETURN, file, PURCHASE_RETURN_SIZE);
    file_read(PURCHASE_SFI_RETURN, file, PURCHASE_RETURN_SIZE);
    CHECK_EQ_I64(purchase_return_decode(file, &back), PURCHASE_WHOLE);
    CHECK_EQ_U64(at, json_array_size(session_log));
}

TEST(the_meters_clock_goes_by_beijing_time)
{
    static const uint8_t when[] = {0x26, 0x11, 0x20, 0x12, 0x34};
    static const struct {
        size_t i;
        uint8_t value;
    } bad[] = {{0, 0xA6}, {0, 0x2A}, {1, 0x13}, {1, 0x1A}, {2, 0x31},
               {2, 0xF0}, {3, 0x24}, {3, 0x0F}, {4, 0x60}, {4, 0xAA}};
    int64_t wall_s = 0;
    CHECK(purchase_clock(when, &wall_s));
    CHECK_EQ_I64(wall_s, 1795149240); /* 2026-11-20T12:34:00+08:00 */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t other[sizeof(when)];
        memcpy(other, when, sizeof(when));
        other[bad[i].i] = bad[i].value;
        CHECK(!purchase_clock(other, &wall_s));
    }
}

TEST_MAIN()
