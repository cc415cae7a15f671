/* SPDX-License-Identifier: Apache-2.0 */

/*
 * DESFire and CPU cards over libnfc and the emulated reader, which shares no code with the product:
 * personalised, written and read as the cloud does it through a relay.
 */
#include "common/compiler.h"
#include "drivers/nfc/nfc_reader.h"
#include "protocol/card/desfire.h"
#include "protocol/card/purchase.h"
#include "tests/unit/drivers_nfc/emulated_reader.h"
#include "tests/unit/test.h"

static struct emulated *emulated;
static struct card_keys keys;
static struct card_uid uid;

static void begin(const char *kind, const char *uid_text)
{
    const struct card_master master = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
    const uint8_t meter[CARD_METER_SIZE] = {0x00, 0x00, 0x12, 0x34, 0x56, 0x78};
    char command[64];
    CHECK(card_keys_derive(&master, meter, &keys));
    CHECK(card_uid_parse(uid_text, &uid));
    emulated = emulated_start();
    (void)snprintf(command, sizeof(command), "new one %s %s", kind, uid_text);
    emulated_say(emulated, command);
    emulated_say(emulated, "lay one");
    CHECK_EQ_I64(nfc_reader_select(emulated_reader(emulated), &uid), CARD_ANSWER_OK);
}

static void send(const struct apdu *command, struct apdu *ret_answer)
{
    CHECK_EQ_I64(nfc_reader_apdu(emulated_reader(emulated), command, ret_answer), CARD_ANSWER_OK);
}

static void expect(const struct apdu *command, uint16_t want, struct apdu *ret_answer)
{
    uint16_t status = 0;
    send(command, ret_answer);
    CHECK(apdu_answer_status(ret_answer, &status));
    CHECK_EQ_U64(status, want);
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

/* Select the application and prove a key; false if the card does not know it. */
static bool prove(uint8_t number, const uint8_t key[DESFIRE_KEY_SIZE],
                  struct desfire_session *ret_session)
{
    const uint8_t random_a[DESFIRE_RANDOM_SIZE] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    const struct desfire_secret secret = {.key = key, .random_a = random_a};
    struct desfire_proof proof;
    struct apdu command;
    struct apdu answer;
    desfire_select(DESFIRE_AID_CARD, &command);
    expect(&command, DESFIRE_OK, &answer);
    desfire_prove_begin(number, &command);
    expect(&command, DESFIRE_MORE, &answer);
    CHECK(desfire_prove_answer(&secret, &answer, &proof, &command));
    send(&command, &answer);
    return desfire_prove_end(&proof, &answer, ret_session);
}

static void session_open(uint8_t number, struct desfire_session *ret_session)
{
    uint8_t key[CARD_KEY_SIZE];
    CHECK(card_desfire_key(&keys, &uid, number, key));
    CHECK(prove(number, key, ret_session));
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
    expect(&command, DESFIRE_OK, &answer);
    CHECK(change.is_own || desfire_take(session, &answer));
}

static void personalise(void)
{
    struct desfire_session session;
    struct apdu command;
    struct apdu answer;
    desfire_select(DESFIRE_AID_PICC, &command);
    expect(&command, DESFIRE_OK, &answer);
    desfire_create_application(&command);
    expect(&command, DESFIRE_OK, &answer);
    CHECK(prove(DESFIRE_KEY_MASTER, NO_KEY, &session));
    CHECK(desfire_create_file(&session, DESFIRE_FILE_CREDIT, &command));
    expect(&command, DESFIRE_OK, &answer);
    CHECK(desfire_take(&session, &answer));
    CHECK(desfire_create_file(&session, DESFIRE_FILE_RETURN, &command));
    expect(&command, DESFIRE_OK, &answer);
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
    expect(&command, DESFIRE_OK, &answer);
    CHECK(desfire_read_take(session, &answer, ret_record));
}

static void write_file(enum desfire_file file, uint8_t key, const uint8_t *record)
{
    struct desfire_session session;
    struct apdu commands[DESFIRE_WRITE_SIZE];
    struct apdu answers[DESFIRE_WRITE_SIZE];
    session_open(key, &session);
    CHECK(desfire_write(&session, file, record, commands));
    for (size_t i = 0; i < DESFIRE_WRITE_SIZE; i++) {
        expect(&commands[i], i == 0 ? DESFIRE_MORE : DESFIRE_OK, &answers[i]);
    }
    CHECK(desfire_write_take(&session, answers));
}

TEST(a_desfire_card_is_personalised_written_and_read)
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
    emulated_stop(emulated);
}

TEST(a_desfire_card_knows_its_keys_and_lets_nobody_else_write)
{
    struct desfire_session session;
    struct apdu commands[DESFIRE_WRITE_SIZE];
    struct apdu answer;
    uint8_t token[CARD_RECORD_SIZE];
    uint16_t status = 0;
    begin("desfire", "04A1B2C3D4E5F6");
    personalise();
    CHECK(!prove(DESFIRE_KEY_CREDIT, NO_KEY, &session));
    record_make(8, token);
    session_open(DESFIRE_KEY_METER, &session);
    CHECK(desfire_write(&session, DESFIRE_FILE_CREDIT, token, commands));
    send(&commands[0], &answer);
    CHECK(apdu_answer_status(&answer, &status));
    CHECK(status != DESFIRE_MORE && status != DESFIRE_OK);
    emulated_stop(emulated);
}

TEST(what_is_not_committed_did_not_happen)
{
    struct desfire_session session;
    struct apdu commands[DESFIRE_WRITE_SIZE];
    struct apdu answer;
    uint8_t old[CARD_RECORD_SIZE];
    uint8_t token[CARD_RECORD_SIZE];
    uint8_t got[CARD_RECORD_SIZE];
    begin("desfire", "04A1B2C3D4E5F6");
    personalise();
    record_make(7, old);
    record_make(8, token);
    write_file(DESFIRE_FILE_CREDIT, DESFIRE_KEY_CREDIT, old);
    session_open(DESFIRE_KEY_CREDIT, &session);
    CHECK(desfire_write(&session, DESFIRE_FILE_CREDIT, token, commands));
    expect(&commands[0], DESFIRE_MORE, &answer);
    expect(&commands[1], DESFIRE_OK, &answer);
    emulated_say(emulated, "take one");
    CHECK_EQ_I64(nfc_reader_apdu(emulated_reader(emulated), &commands[2], &answer),
                 CARD_ANSWER_RADIO);
    emulated_say(emulated, "lay one");
    CHECK_EQ_I64(nfc_reader_select(emulated_reader(emulated), &uid), CARD_ANSWER_OK);
    session_open(DESFIRE_KEY_CREDIT, &session);
    read_file(&session, DESFIRE_FILE_CREDIT, got);
    CHECK_EQ_MEM(got, old, sizeof(got));
    write_file(DESFIRE_FILE_CREDIT, DESFIRE_KEY_CREDIT, token);
    emulated_stop(emulated);
}

TEST(answers_that_are_not_the_cards_are_noticed)
{
    struct desfire_session session;
    struct desfire_session copy;
    struct apdu command;
    struct apdu answer;
    uint8_t got[CARD_RECORD_SIZE];
    begin("desfire", "04A1B2C3D4E5F6");
    personalise();
    session_open(DESFIRE_KEY_CREDIT, &session);
    CHECK(desfire_read(&session, DESFIRE_FILE_CREDIT, &command));
    expect(&command, DESFIRE_OK, &answer);
    for (size_t i = 0; i < answer.size; i++) {
        copy = session;
        answer.bytes[i] ^= 1;
        CHECK(!desfire_read_take(&copy, &answer, got));
        answer.bytes[i] ^= 1;
    }
    copy = session;
    answer.size -= 1;
    CHECK(!desfire_read_take(&copy, &answer, got));
    answer.size += 1;
    CHECK(desfire_read_take(&session, &answer, got));
    CHECK(!desfire_read_take(&session, &answer, got)); /* said twice */
    emulated_stop(emulated);
}

/* --- CPU card -------------------------------------------------------------------------------- */

static const uint8_t MASTER[] = "SHILLING TESTKEY"; /* of the emulated card */
static uint8_t serial[PURCHASE_SERIAL_SIZE];

static void card_key(enum purchase_key which, uint8_t ret_key[CARD_KEY_SIZE])
{
    CHECK(purchase_key_derive(MASTER, serial, which, ret_key));
}

static void challenge(uint8_t ret_random[PURCHASE_RANDOM_SIZE])
{
    struct apdu command;
    struct apdu answer;
    purchase_challenge(&command);
    expect(&command, PURCHASE_OK, &answer);
    CHECK(purchase_answer(&answer, ret_random, PURCHASE_RANDOM_SIZE));
}

/* Read the number, let the card prove itself, prove ourselves. */
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
    expect(&command, PURCHASE_OK, &answer);
    purchase_read(PURCHASE_SFI_SERIAL, PURCHASE_SERIAL_OFFSET, PURCHASE_SERIAL_SIZE, &command);
    expect(&command, PURCHASE_OK, &answer);
    CHECK(purchase_answer(&answer, serial, sizeof(serial)));
    purchase_select(PURCHASE_DF_ELECTRICITY, &command);
    expect(&command, PURCHASE_OK, &answer);
    card_key(PURCHASE_KEY_INTERNAL, key);
    CHECK(purchase_cryptogram(key, ours, want));
    purchase_internal(ours, &command);
    expect(&command, PURCHASE_OK, &answer);
    CHECK(purchase_answer(&answer, proof, sizeof(proof)));
    CHECK_EQ_MEM(proof, want, sizeof(proof));
    challenge(random);
    card_key(PURCHASE_KEY_EXTERNAL, key);
    CHECK(purchase_cryptogram(key, random, proof));
    purchase_external(proof, &command);
    expect(&command, PURCHASE_OK, &answer);
}

static void file_write(uint8_t sfi, const uint8_t *file, size_t size)
{
    uint8_t key[CARD_KEY_SIZE];
    uint8_t random[PURCHASE_RANDOM_SIZE];
    struct apdu command;
    struct apdu answer;
    card_key(sfi == PURCHASE_SFI_RETURN ? PURCHASE_KEY_RETURN : PURCHASE_KEY_WALLET, key);
    challenge(random);
    const struct purchase_update update = {
        .sfi = sfi, .file = file, .size = size, .key = key, .random = random};
    CHECK(purchase_update(&update, &command));
    CHECK(!apdu_is_harmless(&command));
    expect(&command, PURCHASE_OK, &answer);
}

static void file_read(uint8_t sfi, uint8_t *ret_file, size_t size)
{
    struct apdu command;
    struct apdu answer;
    purchase_read(sfi, 0, (uint8_t)size, &command);
    CHECK(apdu_is_harmless(&command));
    expect(&command, PURCHASE_OK, &answer);
    CHECK(purchase_answer(&answer, ret_file, size));
}

TEST(a_purchase_card_takes_a_purchase_and_gives_it_back)
{
    const struct purchase_wallet wallet = {.amount_fen = 10000, .count = 3};
    const struct purchase_parameters parameters = {.meter = {0, 0, 0x12, 0x34, 0x56, 0x78},
                                                   .customer = {0, 0, 0, 0, 0x42, 0x42},
                                                   .alarm1_fen = 2000,
                                                   .alarm2_fen = 500,
                                                   .kind = PURCHASE_BUY};
    static const uint8_t none[PURCHASE_RETURN_SIZE];
    uint8_t file[PURCHASE_FILE_SIZE_MAX];
    struct purchase_parameters got;
    struct purchase_return back = {.count = 0};
    begin("cpu", "4A8B1C2D");
    card_open();
    purchase_parameters_encode(&parameters, file);
    file_write(PURCHASE_SFI_PARAMETERS, file, PURCHASE_PARAMETERS_SIZE);
    purchase_wallet_encode(&wallet, file);
    file_write(PURCHASE_SFI_WALLET, file, PURCHASE_WALLET_SIZE);
    file_write(PURCHASE_SFI_RETURN, none, PURCHASE_RETURN_SIZE);

    file_read(PURCHASE_SFI_WALLET, file, PURCHASE_WALLET_SIZE);
    CHECK_EQ_U64(purchase_wallet_decode(file).amount_fen, 10000);
    CHECK_EQ_U64(purchase_wallet_decode(file).count, 3);
    file_read(PURCHASE_SFI_PARAMETERS, file, PURCHASE_PARAMETERS_SIZE);
    CHECK_EQ_I64(purchase_parameters_decode(file, &got), PURCHASE_WHOLE);
    CHECK_EQ_U64(got.alarm1_fen, 2000);
    CHECK_EQ_MEM(got.customer, parameters.customer, sizeof(got.customer));
    file_read(PURCHASE_SFI_RETURN, file, PURCHASE_RETURN_SIZE);
    CHECK_EQ_I64(purchase_return_decode(file, &back), PURCHASE_EMPTY);

    back = (struct purchase_return){.count = 3, .remaining_fen = 12345, .illegal_cards = 1};
    purchase_return_encode(&back, file);
    file_write(PURCHASE_SFI_RETURN, file, PURCHASE_RETURN_SIZE);
    file_read(PURCHASE_SFI_RETURN, file, PURCHASE_RETURN_SIZE);
    CHECK_EQ_I64(purchase_return_decode(file, &back), PURCHASE_WHOLE);
    CHECK_EQ_U64(back.count, wallet.count);
    emulated_stop(emulated);
}

TEST(longest_commands_reach_the_card_and_no_end_of_the_process)
{
    struct apdu command = {{0x00, 0xB0, 0x82}, 0};
    struct apdu answer;
    begin("cpu", "4A8B1C2D");
    for (size_t size = APDU_SIZE_MAX - 4; size <= APDU_SIZE_MAX; size++) {
        command.size = size;
        enum card_answer got = nfc_reader_apdu(emulated_reader(emulated), &command, &answer);
        CHECK(got == CARD_ANSWER_OK || got == CARD_ANSWER_RADIO);
    }
    emulated_stop(emulated);
}

TEST_MAIN()
