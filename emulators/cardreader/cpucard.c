/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/cpucard.h"

#include <string.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/card.h"
#include "emulators/cardreader/words.h"

enum {
    FILE_PUBLIC,
    FILE_SERIAL,
    FILE_PARAMETERS,
    FILE_WALLET,
    FILE_TARIFF_1,
    FILE_TARIFF_2,
    FILE_RETURN,
    FILE_COUNT = CPUCARD_FILES,
};

enum {
    SERIAL_SIZE = 17,
    SERIAL_AT = 1,
    MAC_SIZE = 4,
    CODE_SIZE = 8,
    LABEL_SIZE = 8,
    APDU_HEAD = 5,
    UPDATE_MAX = 255 - MAC_SIZE,
    READ_MAX = 256,
    SHORT_FILE = 0x80, /* P1 names a file by its short identifier */
};

enum sw {
    SW_OK = 0x9000,
    SW_TRIES = 0x63C0,
    SW_LENGTH = 0x6700,
    SW_NOT_ALLOWED = 0x6982,
    SW_BLOCKED = 0x6983,
    SW_NO_CHALLENGE = 0x6984,
    SW_MAC = 0x6988,
    SW_NO_FILE = 0x6A82,
    SW_KEY = 0x6A88,
    SW_OFFSET = 0x6B00,
    SW_INSTRUCTION = 0x6D00,
    SW_CLASS = 0x6E00
};

static const struct {
    const char *label; /* of the key that signs what is written; NULL: never written */
    uint16_t size;
    uint8_t sfi;
    bool in_df;
} FILES[FILE_COUNT] = {
    [FILE_PUBLIC] = {NULL, 0x27, 0x01, false},
    [FILE_SERIAL] = {NULL, SERIAL_SIZE, 0x19, false},
    [FILE_PARAMETERS] = {"WALLETMC", 0x2D, 0x01, true},
    [FILE_WALLET] = {"WALLETMC", 8, 0x02, true},
    [FILE_TARIFF_1] = {"WALLETMC", CPUCARD_FILE_MAX, 0x03, true},
    [FILE_TARIFF_2] = {"WALLETMC", CPUCARD_FILE_MAX, 0x04, true},
    [FILE_RETURN] = {"RETURNMC", 0x31, 0x05, true},
};

void cpucard_key(const uint8_t serial[CPUCARD_SERIAL_SIZE], const char *label,
                 struct crypto_key *ret_key)
{
    static const struct crypto_key MASTER = {.kind = CRYPTO_AES, .bytes = "SHILLING TESTKEY"};
    uint8_t message[1 + CPUCARD_SERIAL_SIZE + LABEL_SIZE] = {0x01};
    memcpy(message + 1, serial, CPUCARD_SERIAL_SIZE);
    memcpy(message + 1 + CPUCARD_SERIAL_SIZE, label, LABEL_SIZE);
    *ret_key = (struct crypto_key){.kind = CRYPTO_AES};
    crypto_cmac(&MASTER, ret_key->bytes, message, sizeof(message));
}

/* The first bytes of a CMAC under one of the card's keys. */
static void code_make(const struct cpucard *cpu, const char *label, const uint8_t *bytes,
                      size_t size, uint8_t ret_code[CRYPTO_BLOCK_MAX])
{
    struct crypto_key key;
    cpucard_key(cpu->files[FILE_SERIAL] + SERIAL_AT, label, &key);
    memset(ret_code, 0, CRYPTO_BLOCK_MAX);
    crypto_cmac(&key, ret_code, bytes, size);
}

static void end(struct card_answer *answer, unsigned sw)
{
    answer->bytes[answer->size++] = (uint8_t)(sw >> 8);
    answer->bytes[answer->size++] = (uint8_t)sw;
}

static int file_named(const struct cpucard *cpu, uint8_t p1)
{
    for (int i = 0; i < FILE_COUNT; i++) {
        if ((p1 & SHORT_FILE) != 0 && FILES[i].sfi == (p1 & 0x1FU) &&
            FILES[i].in_df == cpu->in_df) {
            return i;
        }
    }
    return -1;
}

static void do_select(struct cpucard *cpu, const uint8_t *apdu, size_t size,
                      struct card_answer *answer)
{
    bool two = size >= APDU_HEAD + 2 && apdu[4] == 2;
    bool master = two && apdu[5] == 0x3F && apdu[6] == 0x00;
    bool df = two && apdu[5] == 0xDF && apdu[6] == 0x01;
    if (!master && !df) {
        end(answer, SW_NO_FILE);
        return;
    }
    cpu->in_df = df;
    cpu->trusted = false;
    cpu->challenge_size = 0;
    end(answer, SW_OK);
}

static void do_read(struct cpucard *cpu, const uint8_t *apdu, size_t size,
                    struct card_answer *answer)
{
    int file = file_named(cpu, apdu[2]);
    if (file < 0 || size != APDU_HEAD) {
        end(answer, file < 0 ? SW_NO_FILE : SW_LENGTH);
        return;
    }
    size_t offset = apdu[3];
    size_t rest = offset < FILES[file].size ? FILES[file].size - offset : 0;
    size_t most = rest < READ_MAX ? rest : READ_MAX;
    size_t wanted = apdu[4] == 0 ? most : apdu[4];
    if (rest == 0 || wanted > rest) {
        end(answer, rest == 0 ? SW_OFFSET : SW_LENGTH);
        return;
    }
    memcpy(answer->bytes, cpu->files[file] + offset, wanted);
    answer->size = wanted;
    end(answer, SW_OK);
}

static void do_challenge(struct card *card, const uint8_t *apdu, size_t size,
                         struct card_answer *answer)
{
    struct cpucard *cpu = &card->memory.cpu;
    if (size != APDU_HEAD || (apdu[4] != 4 && apdu[4] != CPUCARD_CHALLENGE_MAX)) {
        end(answer, SW_LENGTH);
        return;
    }
    cpu->challenge_size = apdu[4];
    faults_random_bytes(card->cells->faults, cpu->challenge, cpu->challenge_size);
    memcpy(answer->bytes, cpu->challenge, cpu->challenge_size);
    answer->size = cpu->challenge_size;
    end(answer, SW_OK);
}

static void do_internal(struct cpucard *cpu, const uint8_t *apdu, size_t size,
                        struct card_answer *answer)
{
    uint8_t code[CRYPTO_BLOCK_MAX];
    if (size < APDU_HEAD + CODE_SIZE || apdu[4] != CODE_SIZE || apdu[3] != 0x01) {
        end(answer, apdu[3] != 0x01 ? SW_KEY : SW_LENGTH);
        return;
    }
    code_make(cpu, "INTERNAL", apdu + APDU_HEAD, CODE_SIZE, code);
    memcpy(answer->bytes, code, CODE_SIZE);
    answer->size = CODE_SIZE;
    end(answer, SW_OK);
}

static void do_external(struct card *card, const uint8_t *apdu, size_t size,
                        struct card_answer *answer)
{
    struct cpucard *cpu = &card->memory.cpu;
    uint8_t code[CRYPTO_BLOCK_MAX];
    if (size < APDU_HEAD + CODE_SIZE || apdu[4] != CODE_SIZE || apdu[3] != 0x02) {
        end(answer, apdu[3] != 0x02 ? SW_KEY : SW_LENGTH);
        return;
    }
    if (cpu->tries_left == 0 || cpu->challenge_size != CPUCARD_CHALLENGE_MAX) {
        end(answer, cpu->tries_left == 0 ? SW_BLOCKED : SW_NO_CHALLENGE);
        return;
    }
    code_make(cpu, "EXTERNAL", cpu->challenge, cpu->challenge_size, code);
    cpu->challenge_size = 0;
    cpu->trusted = memcmp(code, apdu + APDU_HEAD, CODE_SIZE) == 0;
    uint8_t tries = cpu->trusted ? CPUCARD_TRIES : (uint8_t)(cpu->tries_left - 1);
    const struct cells_area area = {.bytes = &cpu->tries_left, .size = 1};
    if (tries != cpu->tries_left) {
        (void)cells_write(card->cells, &area, &tries);
    }
    end(answer, cpu->trusted ? SW_OK : SW_TRIES + (unsigned)tries);
}

/* MAC4 over the challenge, the head and the data of an UPDATE BINARY. */
static bool mac_is_right(const struct cpucard *cpu, int file, const uint8_t *apdu, size_t data)
{
    uint8_t message[CPUCARD_CHALLENGE_MAX + APDU_HEAD + UPDATE_MAX];
    uint8_t code[CRYPTO_BLOCK_MAX];
    memcpy(message, cpu->challenge, cpu->challenge_size);
    memcpy(message + cpu->challenge_size, apdu, APDU_HEAD + data);
    code_make(cpu, FILES[file].label, message, cpu->challenge_size + APDU_HEAD + data, code);
    return memcmp(code, apdu + APDU_HEAD + data, MAC_SIZE) == 0;
}

static void do_update(struct card *card, const uint8_t *apdu, size_t size,
                      struct card_answer *answer)
{
    struct cpucard *cpu = &card->memory.cpu;
    int file = file_named(cpu, apdu[2]);
    size_t data = apdu[4] > MAC_SIZE ? apdu[4] - (size_t)MAC_SIZE : 0;
    if (file < 0 || data == 0 || size < APDU_HEAD + data + MAC_SIZE) {
        end(answer, file < 0 ? SW_NO_FILE : SW_LENGTH);
        return;
    }
    if (apdu[0] != 0x04 || FILES[file].label == NULL || !cpu->trusted || cpu->challenge_size == 0) {
        end(answer, cpu->trusted && cpu->challenge_size == 0 ? SW_NO_CHALLENGE : SW_NOT_ALLOWED);
        return;
    }
    bool right = mac_is_right(cpu, file, apdu, data);
    cpu->challenge_size = 0;
    if (!right || apdu[3] + data > FILES[file].size) {
        end(answer, right ? SW_OFFSET : SW_MAC);
        return;
    }
    const struct cells_area area = {.bytes = cpu->files[file] + apdu[3], .size = data};
    (void)cells_write(card->cells, &area, apdu + APDU_HEAD);
    end(answer, SW_OK);
}

static void exchange(struct card *card, const uint8_t *apdu, size_t size,
                     struct card_answer *answer)
{
    struct cpucard *cpu = &card->memory.cpu;
    *answer = (struct card_answer){.status = CARD_OK};
    if (size < APDU_HEAD || (apdu[0] != 0x00 && apdu[0] != 0x04)) {
        end(answer, size < APDU_HEAD ? SW_LENGTH : SW_CLASS);
        return;
    }
    switch (apdu[1]) {
    case 0xA4:
        do_select(cpu, apdu, size, answer);
        break;
    case 0xB0:
        do_read(cpu, apdu, size, answer);
        break;
    case 0x84:
        do_challenge(card, apdu, size, answer);
        break;
    case 0x88:
        do_internal(cpu, apdu, size, answer);
        break;
    case 0x82:
        do_external(card, apdu, size, answer);
        break;
    case 0xD6:
        do_update(card, apdu, size, answer);
        break;
    default:
        end(answer, SW_INSTRUCTION);
        break;
    }
}

static void power_lost(struct card *card)
{
    struct cpucard *cpu = &card->memory.cpu;
    cpu->in_df = false;
    cpu->trusted = false;
    cpu->challenge_size = 0;
}

static bool make(struct card *card, const struct card_uid *uid)
{
    static const uint8_t ATS[] = {0x10, 0x78, 0x80, 0x90, 0x02, 0x20, 0x90, 0x00,
                                  0x00, 0x00, 0x00, 0x00, 0x53, 0x48, 0x4C, 0x31};
    struct cpucard *cpu = &card->memory.cpu;
    if (uid->size != 4) {
        return false;
    }
    memset(cpu, 0, sizeof(*cpu));
    memcpy(card->uid, uid->bytes, uid->size);
    card->uid_size = uid->size;
    card->atqa[0] = 0x00;
    card->atqa[1] = 0x08;
    card->sak = 0x20;
    card->ats_size = sizeof(ATS);
    memcpy(card->ats, ATS, sizeof(ATS));
    cpu->tries_left = CPUCARD_TRIES;
    /* The serial number is made of the UID, so that a new card needs no other word. */
    memcpy(cpu->files[FILE_SERIAL] + SERIAL_AT + CPUCARD_SERIAL_SIZE - uid->size, uid->bytes,
           uid->size);
    return true;
}

static bool load_lines(struct card *card, struct words *words)
{
    struct cpucard *cpu = &card->memory.cpu;
    uint32_t tries = 0;
    if (!words_next(words) || !words_are(words, "kind", 2) || !words_next(words) ||
        !words_are(words, "uid", 2) || !words_hex(words, 1, card->uid, 4) || !words_next(words) ||
        !words_are(words, "tries", 2) || !words_number(words, 1, CPUCARD_TRIES, &tries)) {
        return false;
    }
    cpu->tries_left = (uint8_t)tries;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (!words_next(words) || !words_are(words, "file", 2) ||
            !words_hex(words, 1, cpu->files[i], FILES[i].size)) {
            return false;
        }
    }
    return words_ended(words);
}

static bool load(struct card *card, const uint8_t *image, size_t size)
{
    static struct words words; /* one thread; too large for the stack */
    static const struct card_uid NONE = {.size = 4};
    words_init(&words, image, size);
    return make(card, &NONE) && load_lines(card, &words);
}

static size_t save(const struct card *card, uint8_t *ret_image, size_t room)
{
    const struct cpucard *cpu = &card->memory.cpu;
    struct words_out out = {.text = (char *)ret_image, .room = room};
    words_add(&out, "kind cpu\nuid ");
    words_add_hex(&out, card->uid, card->uid_size);
    words_add(&out, "\ntries %u\n", cpu->tries_left);
    for (size_t i = 0; i < FILE_COUNT; i++) {
        words_add(&out, "file ");
        words_add_hex(&out, cpu->files[i], FILES[i].size);
        words_add(&out, "\n");
    }
    return out.is_full ? 0 : out.size;
}

const struct card_kind CPUCARD_KIND = {
    .name = "cpu",
    .speaks_blocks = true,
    .power_lost = power_lost,
    .exchange = exchange,
    .load = load,
    .save = save,
    .make = make,
};
