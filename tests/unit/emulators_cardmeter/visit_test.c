/* SPDX-License-Identifier: Apache-2.0 */
/* What a meter does with a card: SHL-C1 by N and T, Q/GDW 1365 by the count rule. */
#include <stdlib.h>

#include <unistd.h>

#include "emulators/cardmeter/visit.h"
#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/image.h"
#include "tests/unit/test.h"

enum { BLOCK = 16, SECTORS_USED = 5 };

static const uint8_t MASTER[TOKEN_KEY_SIZE] = {1, 2, 3};
static const uint8_t METER[TOKEN_METER_SIZE] = {0x00, 0x00, 0x12, 0x34, 0x56, 0x78};
static const struct card_uid UID = {.bytes = {0x4A, 0x8B, 0x1C, 0x2D}, .size = 4};

static struct book book;
static struct touch touch;
static struct card *card;
static char dir[] = "/tmp/cardmeter-test-XXXXXX";
static struct visit_context context = {.now_s = 1700000000};

static struct token_uid uid_now(void)
{
    return (struct token_uid){card->uid, card->uid_size};
}

/* What the issuing desk does: diversified keys, the access bits of the format. */
static void personalise(void)
{
    static const uint8_t BITS[4] = {0x78, 0x77, 0x88, 0x69};
    const struct token_uid uid = uid_now();
    for (uint8_t sector = 1; sector <= SECTORS_USED; sector++) {
        uint8_t *trailer = card->memory.classic.blocks[sector * 4 + 3];
        token_sector_key(&book.keys, &uid, sector, 'A', trailer);
        memcpy(trailer + 6, BITS, sizeof(BITS));
        token_sector_key(&book.keys, &uid, sector, 'B', trailer + 10);
    }
}

/* The same on a DESFire card: the application with its keys and two backup files. */
static void personalise_desfire(void)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_app *app = &desfire->apps[1];
    const struct token_uid uid = uid_now();
    *app = (struct desfire_app){.used = true,
                                .aid = {0x01, 0x5A, 0x4C},
                                .settings = 0x0F,
                                .key_count = 4,
                                .key_kind = CRYPTO_AES};
    for (uint8_t i = 0; i < 4; i++) {
        app->keys[i].key.kind = CRYPTO_AES;
        token_desfire_key(&book.keys, &uid, i, app->keys[i].key.bytes);
    }
    for (uint8_t i = 0; i < 2; i++) {
        app->files[i] = (struct desfire_file){.used = true,
                                              .number = (uint8_t)(i + 1),
                                              .type = DESFIRE_BACKUP,
                                              .mode = DESFIRE_MACED,
                                              .access = i == 0 ? 0x1F20 : 0x2F10,
                                              .at = (uint32_t)i * TOKEN_SIZE,
                                              .size = TOKEN_SIZE};
    }
    desfire->pool_used = 2 * TOKEN_SIZE;
}

static void begin(const char *kind)
{
    static const struct card_uid UID_7 = {.bytes = {4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66},
                                          .size = 7};
    const char *why = "";
    context.dir = dir;
    book_init(&book, METER);
    token_keys_make(MASTER, METER, &book.keys);
    CHECK(touch_init(&touch, "", 5));
    bool desfire = strcmp(kind, "desfire") == 0;
    card = shelf_make(&touch.shelf, "card", kind, desfire ? &UID_7 : &UID, &why);
    CHECK(card != NULL);
    if (card->kind == &CLASSIC_KIND) {
        personalise();
    } else if (desfire) {
        personalise_desfire();
    }
    CHECK(touch_begin(&touch, "card", &why));
}

/* The cloud's pen, written down a second time. */
static void credit_make(uint8_t kind, uint32_t n, uint32_t t_fen, uint8_t ret_slot[TOKEN_SIZE])
{
    const struct token_uid uid = uid_now();
    uint8_t message[2 + 10 + 40] = {'C', (uint8_t)uid.size};
    struct crypto_key key = {.kind = CRYPTO_AES};
    uint8_t mac[CRYPTO_BLOCK_MAX] = {0};
    unsigned crc = 0xFFFF;
    memset(ret_slot, 0, TOKEN_SIZE);
    ret_slot[0] = 'S';
    ret_slot[1] = 1;
    ret_slot[2] = kind;
    bytes_put_le32(ret_slot + 4, n);
    memcpy(ret_slot + 8, METER, sizeof(METER));
    ret_slot[14] = 1;
    bytes_put_le32(ret_slot + 16, t_fen);
    bytes_put_le24(ret_slot + 32, 1000); /* alarm */
    for (size_t i = 0; i < 40; i++) {
        for (int bit = 0; i != 30 && i != 31 && bit < 8; bit++) {
            bool low = ((crc ^ (unsigned)ret_slot[i] >> bit) & 1U) != 0;
            crc = crc >> 1 ^ (low ? 0x8408U : 0);
        }
    }
    bytes_put_le16(ret_slot + 30, ~crc & 0xFFFFU);
    memcpy(message + 2, uid.bytes, uid.size);
    memcpy(message + 12, ret_slot, 40);
    memcpy(key.bytes, book.keys.credit, sizeof(book.keys.credit));
    crypto_cmac(&key, mac, message, sizeof(message));
    memcpy(ret_slot + 40, mac, 8);
}

static void put_slot(uint8_t sector, const uint8_t slot[TOKEN_SIZE])
{
    for (size_t i = 0; i < TOKEN_SIZE / BLOCK; i++) {
        memcpy(card->memory.classic.blocks[(size_t)sector * 4 + i], slot + i * BLOCK, BLOCK);
    }
}

static void put_credit(uint8_t kind, uint32_t n, uint32_t t_fen)
{
    uint8_t slot[TOKEN_SIZE];
    credit_make(kind, n, t_fen, slot);
    put_slot(1, slot);
    put_slot(2, slot);
}

static struct visit_report visit(void)
{
    struct visit_report report;
    const char *why = "";
    CHECK(touch_begin(&touch, "card", &why));
    CHECK(visit_shl(&book, &touch, &context, &report));
    return report;
}

static const uint8_t *return_slot(uint8_t sector)
{
    static uint8_t slots[SECTORS_USED][TOKEN_SIZE];
    for (size_t i = 0; i < TOKEN_SIZE / BLOCK; i++) {
        memcpy(slots[sector] + i * BLOCK, card->memory.classic.blocks[(size_t)sector * 4 + i],
               BLOCK);
    }
    return slots[sector];
}

TEST(a_purchase_is_taken_once)
{
    begin("classic");
    put_credit(TOKEN_PURCHASE, 1, 10000);
    struct visit_report report = visit();
    CHECK_EQ_I64(report.result, VISIT_LOADED);
    CHECK_EQ_I64(report.delta_fen, 10000);
    CHECK_EQ_U64(report.returned, 2);
    CHECK_EQ_I64(book_balance_fen(&book), 10000);
    CHECK_EQ_MEM(return_slot(3), return_slot(4), TOKEN_SIZE);
    CHECK_EQ_U64(bytes_le32(return_slot(3) + 26), 1);
    CHECK_EQ_I64(visit().result, VISIT_KNOWN);
    CHECK_EQ_I64(book_balance_fen(&book), 10000);
    CHECK_EQ_U64(bytes_le32(return_slot(3) + 4), 2); /* the second visit's record */
}

TEST(skipped_and_stale_tokens)
{
    begin("classic");
    put_credit(TOKEN_PURCHASE, 7, 35000);
    CHECK_EQ_I64(visit().delta_fen, 35000);
    put_credit(TOKEN_PURCHASE, 6, 30000);
    CHECK_EQ_I64(visit().result, VISIT_STALE);
    CHECK_EQ_U64(book.error, VISIT_COUNT);
    CHECK_EQ_I64(book_balance_fen(&book), 35000);
}

TEST(the_newer_slot_wins_and_one_is_enough)
{
    uint8_t slot[TOKEN_SIZE];
    begin("classic");
    credit_make(TOKEN_PURCHASE, 1, 100, slot);
    put_slot(1, slot);
    credit_make(TOKEN_PURCHASE, 2, 300, slot);
    put_slot(2, slot);
    CHECK_EQ_I64(visit().delta_fen, 300);
    credit_make(TOKEN_PURCHASE, 3, 500, slot);
    put_slot(1, slot);
    memset(slot, 0, sizeof(slot));
    put_slot(2, slot);
    CHECK_EQ_I64(visit().delta_fen, 200);
}

TEST(reversals)
{
    begin("classic");
    put_credit(TOKEN_PURCHASE, 1, 10000);
    (void)visit();
    put_credit(TOKEN_REVERSAL, 2, 4000);
    CHECK_EQ_I64(visit().delta_fen, -6000);
    CHECK_EQ_I64(book_balance_fen(&book), 4000);
    CHECK_EQ_U64(book_use(&book, 400), 400); /* 4.00 kWh cost 2.20 yuan */
    CHECK_EQ_I64(book_balance_fen(&book), 3780);
    put_credit(TOKEN_REVERSAL, 3, 0);
    struct visit_report report = visit();
    CHECK_EQ_I64(report.result, VISIT_REFUSED);
    CHECK_EQ_U64(return_slot(3)[2], VISIT_BELOW_ZERO);
    CHECK_EQ_U64(bytes_le32(return_slot(3) + 26), 2); /* it did not take that N */
    put_credit(TOKEN_PURCHASE, 4, 4000);              /* the cloud takes it back */
    CHECK_EQ_I64(visit().delta_fen, 0);
    CHECK_EQ_I64(book_balance_fen(&book), 3780);
    CHECK_EQ_U64(book.n, 4);
}

TEST(forged_and_foreign_cards)
{
    uint8_t slot[TOKEN_SIZE];
    begin("classic");
    credit_make(TOKEN_PURCHASE, 1, 10000, slot);
    slot[47] ^= 1;
    put_slot(1, slot);
    put_slot(2, slot);
    CHECK_EQ_I64(visit().result, VISIT_REFUSED);
    CHECK_EQ_U64(return_slot(3)[2], VISIT_BAD_MAC);
    credit_make(TOKEN_PURCHASE, 1, 10000, slot);
    slot[20] = 9; /* torn */
    put_slot(1, slot);
    put_slot(2, slot);
    (void)visit();
    CHECK_EQ_U64(return_slot(3)[2], VISIT_FORMAT);
    memset(card->memory.classic.blocks[7], 0x11, 6);
    memset(card->memory.classic.blocks[11], 0x11, 6);
    (void)visit();
    CHECK_EQ_U64(book.error, VISIT_AUTHENTICATION);
    CHECK_EQ_I64(book_balance_fen(&book), 0);
}

TEST(hoarding)
{
    begin("classic");
    book.hoarding_fen = 5000;
    put_credit(TOKEN_PURCHASE, 1, 5001);
    CHECK_EQ_I64(visit().result, VISIT_REFUSED);
    CHECK_EQ_U64(book.error, VISIT_HOARDING);
    put_credit(TOKEN_PURCHASE, 1, 5000);
    CHECK_EQ_I64(visit().result, VISIT_LOADED);
}

/* Pulled away at any exchange, torn at any write: nothing is taken twice, one visit repairs. */
TEST(pulled_at_every_exchange)
{
    for (unsigned n = 1; n <= 50; n++) {
        char words[64];
        const char *why = "";
        begin("classic");
        put_credit(TOKEN_PURCHASE, 1, 10000);
        (void)visit();
        put_credit(TOKEN_PURCHASE, 2, 15000);
        (void)snprintf(words, sizeof(words), "remove exchange=%u", n);
        CHECK(faults_add(&touch.faults, words, &why) != 0);
        (void)visit();
        uint32_t seq = 0;
        CHECK(token_return_seq(return_slot(3), &seq) || token_return_seq(return_slot(4), &seq));
        (void)faults_clear(&touch.faults, 0);
        CHECK_EQ_U64(visit().returned, 2);
        CHECK_EQ_I64(book_balance_fen(&book), 15000);
        CHECK_EQ_MEM(return_slot(3), return_slot(4), TOKEN_SIZE);
    }
}

TEST(torn_at_every_write)
{
    static const char *const HOW[] = {"before", "after",  "front k=5", "back k=5", "zeros",
                                      "ones",   "random", "unstable",  "weak"};
    for (size_t how = 0; how < sizeof(HOW) / sizeof(HOW[0]); how++) {
        for (unsigned n = 1; n <= 6; n++) {
            char words[64];
            const char *why = "";
            begin("classic");
            put_credit(TOKEN_PURCHASE, 1, 10000);
            (void)visit();
            put_credit(TOKEN_PURCHASE, 2, 15000);
            (void)snprintf(words, sizeof(words), "tear write=%u how=%s", n, HOW[how]);
            CHECK(faults_add(&touch.faults, words, &why) != 0);
            (void)visit();
            uint32_t seq = 0;
            CHECK(token_return_seq(return_slot(3), &seq) || token_return_seq(return_slot(4), &seq));
            CHECK_EQ_U64(visit().returned, 2);
            CHECK_EQ_I64(book_balance_fen(&book), 15000);
        }
    }
}

TEST(books_survive)
{
    static struct book again;
    begin("classic");
    put_credit(TOKEN_PURCHASE, 1, 10000);
    (void)visit();
    (void)book_use(&book, 123);
    book.clock_offset_s = -5;
    CHECK(book_store(&book, dir));
    CHECK(book_load(&again, dir, "000012345678"));
    CHECK_EQ_I64(again.balance_micros, book.balance_micros);
    CHECK_EQ_U64(again.n, 1);
    CHECK_EQ_U64(again.t_fen, 10000);
    CHECK_EQ_I64(again.clock_offset_s, -5);
    CHECK_EQ_U64(again.entry_count, 1);
    CHECK_EQ_I64(again.entries[0].after_fen, 10000);
    CHECK_EQ_MEM(&again.keys, &book.keys, sizeof(again.keys));
    CHECK(!book_load(&again, dir, "000012345679"));
    CHECK(!book_load(&again, dir, "../12345678"));
}

TEST(the_relay_opens_where_the_money_ends)
{
    begin("classic");
    put_credit(TOKEN_PURCHASE, 1, 1);
    (void)visit();
    CHECK_EQ_U64(book_use(&book, 100), 2); /* 1 fen is 0.0182 kWh at 0.55 yuan */
    CHECK_EQ_U64(book_status(&book), BOOK_RELAY_OPEN | BOOK_ALARM | BOOK_OVERDRAWN);
    book.overdraft_fen = 100;
    CHECK_EQ_U64(book_status(&book) & BOOK_RELAY_OPEN, 0);
}

static void frame_end(uint8_t *frame, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 1; i + 2 < size; i++) {
        sum = (uint8_t)(sum + frame[i]);
    }
    frame[size - 2] = sum;
    frame[size - 1] = 0x16;
}

/* A purchase as the till leaves it: parameters, wallet, an empty return file. */
static void put_purchase(uint8_t kind, uint8_t count, uint8_t fen)
{
    struct cpucard *cpu = &card->memory.cpu;
    uint8_t *parameters = cpu->files[2];
    memset(parameters, 0, 0x2D);
    parameters[0] = 0x68;
    parameters[1] = 0x01;
    parameters[3] = 0x27;
    memcpy(parameters + 30, METER, sizeof(METER));
    parameters[41] = 0x99; /* the customer */
    parameters[42] = kind;
    frame_end(parameters, 0x2D);
    memset(cpu->files[3], 0, 8);
    cpu->files[3][3] = fen;
    cpu->files[3][7] = count;
    memset(cpu->files[6], 0, 0x31);
}

static struct visit_report visit_cpu(void)
{
    struct visit_report report;
    const char *why = "";
    CHECK(touch_begin(&touch, "card", &why));
    CHECK(visit_purchase(&book, &touch, &context, &report));
    return report;
}

TEST(the_count_rule)
{
    begin("cpu");
    put_purchase(2, 1, 50);
    CHECK_EQ_I64(visit_cpu().result, VISIT_REFUSED);
    CHECK_EQ_U64(book.error, VISIT_NOT_OPENED);
    put_purchase(1, 1, 50);
    CHECK_EQ_I64(visit_cpu().result, VISIT_LOADED);
    CHECK_EQ_U64(card->memory.cpu.files[6][0], 0x68);
    CHECK_EQ_U64(card->memory.cpu.files[6][26], 50);
    CHECK_EQ_U64(card->memory.cpu.files[6][30], 1);
    CHECK_EQ_I64(visit_cpu().result, VISIT_KNOWN);
    put_purchase(2, 2, 60);
    card->memory.cpu.files[6][0] = 0x68;
    CHECK_EQ_I64(visit_cpu().result, VISIT_REFUSED);
    CHECK_EQ_U64(book.error, VISIT_RETURN_NOT_EMPTY);
    put_purchase(2, 3, 60);
    CHECK_EQ_I64(visit_cpu().result, VISIT_REFUSED);
    CHECK_EQ_U64(book.error, VISIT_COUNT);
    put_purchase(2, 2, 60);
    CHECK_EQ_I64(visit_cpu().delta_fen, 60);
    put_purchase(2, 1, 50);
    CHECK_EQ_I64(visit_cpu().result, VISIT_STALE);
    CHECK_EQ_U64(card->memory.cpu.files[6][30], 2); /* it is told what the meter has */
    CHECK_EQ_I64(book_balance_fen(&book), 110);
}

TEST(other_peoples_purchase_cards)
{
    begin("cpu");
    put_purchase(1, 1, 50);
    (void)visit_cpu();
    put_purchase(2, 2, 50);
    card->memory.cpu.files[2][35] = 0x79;
    frame_end(card->memory.cpu.files[2], 0x2D);
    (void)visit_cpu();
    CHECK_EQ_U64(book.error, VISIT_OTHER_METER);
    put_purchase(2, 2, 50);
    card->memory.cpu.files[2][41] = 0x98;
    frame_end(card->memory.cpu.files[2], 0x2D);
    (void)visit_cpu();
    CHECK_EQ_U64(book.error, VISIT_OTHER_CUSTOMER);
    put_purchase(2, 2, 50);
    card->memory.cpu.files[1][8] ^= 1;
    (void)visit_cpu();
    CHECK_EQ_U64(book.error, VISIT_OTHER_SERIAL);
    CHECK_EQ_U64(book.illegal_count, 3);
    CHECK_EQ_I64(book_balance_fen(&book), 50);
}

static struct visit_report visit_seven(void)
{
    struct visit_report report;
    const char *why = "";
    CHECK(touch_begin(&touch, "card", &why));
    CHECK(visit_desfire(&book, &touch, &context, &report));
    return report;
}

static void put_desfire_credit(uint32_t n, uint32_t t_fen)
{
    credit_make(TOKEN_PURCHASE, n, t_fen, card->memory.desfire.pool);
    card->kind->power_lost(card); /* what is volatile is made of it */
}

TEST(a_desfire_card)
{
    begin("desfire");
    put_desfire_credit(1, 10000);
    CHECK_EQ_I64(visit_seven().result, VISIT_LOADED);
    CHECK_EQ_U64(card->memory.desfire.pool[TOKEN_SIZE], 'R');
    CHECK_EQ_U64(bytes_le32(card->memory.desfire.pool + TOKEN_SIZE + 26), 1);
    CHECK_EQ_I64(visit_seven().result, VISIT_KNOWN);
    card->memory.desfire.apps[1].keys[1].key.bytes[0] ^= 1;
    CHECK_EQ_I64(visit_seven().result, VISIT_REFUSED);
    CHECK_EQ_U64(book.error, VISIT_AUTHENTICATION);
}

/* At each exchange: the return file is the old one or the new one, and another visit ends it. */
TEST(a_desfire_card_that_is_pulled_away)
{
    for (unsigned n = 1; n <= 12; n++) {
        char words[64];
        const char *why = "";
        uint32_t seq = 0;
        begin("desfire");
        put_desfire_credit(1, 10000);
        (void)visit_seven();
        put_desfire_credit(2, 15000);
        (void)snprintf(words, sizeof(words), "remove exchange=%u", n);
        CHECK(faults_add(&touch.faults, words, &why) != 0);
        (void)visit_seven();
        CHECK(token_return_seq(card->memory.desfire.pool + TOKEN_SIZE, &seq));
        (void)faults_clear(&touch.faults, 0);
        CHECK_EQ_U64(visit_seven().returned, 1);
        CHECK_EQ_I64(book_balance_fen(&book), 15000);
    }
}

int main(int argc, char **argv)
{
    if (mkdtemp(dir) == NULL) {
        return 1;
    }
    int result = test_main(argc, argv);
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/000012345678.meter", dir);
    (void)unlink(path);
    (void)rmdir(dir);
    return result;
}
