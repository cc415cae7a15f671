/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/cards/plastic.h"

#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "common/must.h"
#include "emulators/cardmeter/visit_inside.h"

enum {
    AUTH_SIZE = 12,
    COMMAND_AUTH_A = 0x60,
    COMMAND_AUTH_B = 0x61,
    COMMAND_READ = 0x30,
    COMMAND_WRITE = 0xA0,
    BLOCKS = PLASTIC_RECORD_SIZE / PLASTIC_BLOCK_SIZE,
    SECTOR_CREDIT = 1,
    SECTOR_ISSUE = 5,
    SLOTS = 2,
    FAINT_MAX = 16,
    STEP_PRICE_E4 = 10000, /* one step of use is one fen: hours of use are a few steps */
};

struct plastic {
    struct card card;
};

struct plastic_meter {
    struct book book;
    enum plastic_sick sick;
};

/* A block that was written too weakly, and what fades back. */
struct faint {
    uint8_t *block;
    uint8_t before[PLASTIC_BLOCK_SIZE];
};

/* A card that lies too far away to be written well: cells hold while the field feeds them. */
struct distance {
    uint32_t from; /* the first write that is weak; 0: lies well */
    uint32_t writes;
    struct faint faint[FAINT_MAX];
    size_t count;
};

/* The one reader: cards borrow its cells. */
static struct touch hand;
static struct distance distance;
static const struct plastic_meter *visited;

bool __wrap_book_store(const struct book *book, const char *dir);
void __real_visit_take(struct book *book, const struct token_credit *credit, int64_t now_s,
                       struct visit_report *report);
void __wrap_visit_take(struct book *book, const struct token_credit *credit, int64_t now_s,
                       struct visit_report *report);

/* A meter's memory needs no file in this world. */
bool __wrap_book_store(const struct book *book, const char *dir)
{
    (void)book;
    (void)dir;
    return true;
}

void plastic_begin(uint64_t seed)
{
    bool fits = touch_init(&hand, "", seed);
    MUST(fits);
}

/* ---- a card ---- */

struct plastic *plastic_make(const uint8_t uid[PLASTIC_UID_SIZE])
{
    struct plastic *made = calloc(1, sizeof(*made));
    struct card_uid number = {.size = PLASTIC_UID_SIZE};
    MUST(made != NULL);
    memcpy(number.bytes, uid, PLASTIC_UID_SIZE);
    made->card.kind = &CLASSIC_KIND;
    made->card.cells = &hand.cells;
    memcpy(made->card.uid, uid, PLASTIC_UID_SIZE);
    made->card.uid_size = PLASTIC_UID_SIZE;
    bool fits = CLASSIC_KIND.make(&made->card, &number);
    MUST(fits);
    return made;
}

void plastic_issue(struct plastic *card,
                   const uint8_t trailers[PLASTIC_SECTORS][PLASTIC_BLOCK_SIZE],
                   const uint8_t record[PLASTIC_RECORD_SIZE])
{
    struct classic *classic = &card->card.memory.classic;
    for (size_t i = 0; i < PLASTIC_SECTORS; i++) {
        memcpy(classic->blocks[i * 4 + BLOCKS], trailers[i], PLASTIC_BLOCK_SIZE);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        memcpy(classic->blocks[(size_t)SECTOR_ISSUE * 4 + i],
               record + i * (size_t)PLASTIC_BLOCK_SIZE, PLASTIC_BLOCK_SIZE);
    }
}

struct plastic *plastic_copy(const struct plastic *card)
{
    struct plastic *made = malloc(sizeof(*made));
    MUST(made != NULL);
    *made = *card;
    return made;
}

void plastic_restore(struct plastic *card, const struct plastic *image)
{
    card->card.memory = image->card.memory;
}

const uint8_t *plastic_uid(const struct plastic *card)
{
    return card->card.uid;
}

/* ---- held to a terminal ---- */

/* The latest first: a block may have been written twice. */
static void fade(void)
{
    while (distance.count > 0) {
        const struct faint *faint = &distance.faint[--distance.count];
        memcpy(faint->block, faint->before, PLASTIC_BLOCK_SIZE);
    }
}

bool plastic_reset(void)
{
    fade();
    return touch_reset(&hand);
}

void plastic_lay(struct plastic *card)
{
    hand.card = &card->card;
    hand.gone = false;
    bool there = plastic_reset();
    MUST(there);
}

static void arm(const struct fault *fault)
{
    hand.faults.next_id += 1;
    hand.faults.all[0] = *fault;
    hand.faults.all[0].id = hand.faults.next_id;
}

void plastic_tear(uint32_t at, uint32_t how, uint32_t k)
{
    static const enum fault_tear HOW[PLASTIC_TEARS] = {
        TEAR_BEFORE, TEAR_AFTER, TEAR_FRONT, TEAR_BACK, TEAR_ZEROS, TEAR_ONES, TEAR_RANDOM};
    const struct fault fault = {.kind = FAULT_TEAR,
                                .place = FAULT_AT_WRITE,
                                .at = at,
                                .count = 1,
                                .value = k,
                                .tear = HOW[how]};
    arm(&fault);
}

void plastic_pull(uint32_t at)
{
    const struct fault fault = {
        .kind = FAULT_REMOVE, .place = FAULT_AT_EXCHANGE, .at = at, .count = 1};
    arm(&fault);
}

void plastic_weaken(uint32_t at)
{
    distance.from = at;
    distance.writes = 0;
}

void plastic_keep(void)
{
    fade();
    distance.from = 0;
    (void)faults_clear(&hand.faults, 0);
}

bool plastic_is_gone(void)
{
    return hand.gone;
}

bool plastic_trust(const struct plastic_key *key)
{
    struct card_answer answer;
    uint8_t command[AUTH_SIZE] = {key->kind == 'A' ? COMMAND_AUTH_A : COMMAND_AUTH_B,
                                  (uint8_t)(key->sector * 4)};
    memcpy(command + 2, key->key, PLASTIC_KEY_SIZE);
    memcpy(command + 2 + PLASTIC_KEY_SIZE, hand.card->uid, PLASTIC_UID_SIZE);
    if (touch_exchange(&hand, command, sizeof(command), &answer)) {
        return true;
    }
    (void)plastic_reset();
    return false;
}

bool plastic_read(const struct plastic_key *key, uint8_t ret_record[PLASTIC_RECORD_SIZE])
{
    bool good = plastic_trust(key);
    for (size_t i = 0; i < BLOCKS && good; i++) {
        struct card_answer answer;
        const uint8_t command[] = {COMMAND_READ, (uint8_t)((size_t)key->sector * 4 + i)};
        good = touch_exchange(&hand, command, sizeof(command), &answer) &&
               answer.size == PLASTIC_BLOCK_SIZE;
        if (good) {
            memcpy(ret_record + i * (size_t)PLASTIC_BLOCK_SIZE, answer.bytes, PLASTIC_BLOCK_SIZE);
        }
    }
    return good;
}

bool plastic_write(uint8_t sector, uint8_t block, const uint8_t bytes[PLASTIC_BLOCK_SIZE])
{
    struct card_answer answer;
    uint8_t command[2 + PLASTIC_BLOCK_SIZE] = {COMMAND_WRITE, (uint8_t)(sector * 4U + block)};
    memcpy(command + 2, bytes, PLASTIC_BLOCK_SIZE);
    struct faint faint = {.block = hand.card->memory.classic.blocks[command[1]]};
    memcpy(faint.before, faint.block, PLASTIC_BLOCK_SIZE);
    const bool written = touch_exchange(&hand, command, sizeof(command), &answer);
    distance.writes += 1;
    if (written && distance.from > 0 && distance.writes >= distance.from) {
        MUST(distance.count < FAINT_MAX);
        distance.faint[distance.count++] = faint;
    }
    return written;
}

/* ---- a meter ---- */

struct plastic_meter *plastic_meter_make(const char *address, const uint8_t master[16],
                                         uint32_t limit_fen)
{
    struct plastic_meter *meter = calloc(1, sizeof(*meter));
    uint8_t number[TOKEN_METER_SIZE];
    MUST(meter != NULL);
    bool good = book_number(address, number);
    MUST(good);
    book_init(&meter->book, number);
    meter->book.key_id = 1;
    meter->book.hoarding_fen = limit_fen;
    meter->book.price_e4 = STEP_PRICE_E4;
    token_keys_make(master, number, &meter->book.keys);
    return meter;
}

void plastic_meter_sicken(struct plastic_meter *meter, enum plastic_sick how)
{
    meter->sick = how;
}

bool plastic_meter_is_sick(const struct plastic_meter *meter)
{
    return meter->sick != PLASTIC_HEALTHY;
}

void plastic_meter_use(struct plastic_meter *meter, int64_t fen)
{
    (void)book_use(&meter->book, (uint32_t)fen);
}

/* A sick one forgets what it should give back, and says that all is well. */
void __wrap_visit_take(struct book *book, const struct token_credit *credit, int64_t now_s,
                       struct visit_report *report)
{
    static struct book before; /* too large for the stack */
    const enum plastic_sick sick = visited->sick;
    before = *book;
    __real_visit_take(book, credit, now_s, report);
    if (sick == PLASTIC_HEALTHY || credit->n <= before.n || credit->t_fen >= before.t_fen) {
        return;
    }
    *book = before;
    book->error = VISIT_NO_ERROR;
    book->n = sick == PLASTIC_DEAF ? before.n : credit->n;
    report->result = VISIT_KNOWN;
    report->delta_fen = 0;
}

struct plastic_visit plastic_meter_visit(struct plastic_meter *meter, struct plastic *card,
                                         int64_t now_s)
{
    static const enum plastic_result RESULTS[VISIT_RESULT_COUNT] = {
        [VISIT_LOADED] = PLASTIC_LOADED,
        [VISIT_KNOWN] = PLASTIC_KNOWN,
        [VISIT_STALE] = PLASTIC_STALE,
        [VISIT_REFUSED] = PLASTIC_REFUSED,
    };
    const struct visit_context context = {.dir = "", .now_s = now_s};
    struct visit_report report = {.result = VISIT_REFUSED};
    plastic_lay(card);
    visited = meter;
    bool stored = visit_shl(&meter->book, &hand, &context, &report);
    MUST(stored);
    plastic_keep();
    return (struct plastic_visit){.result = RESULTS[report.result],
                                  .delta_fen = report.delta_fen,
                                  .error = meter->book.error,
                                  .told = report.returned == SLOTS};
}

/* ---- its book ---- */

uint32_t plastic_meter_n(const struct plastic_meter *meter)
{
    return meter->book.n;
}

int64_t plastic_meter_total_fen(const struct plastic_meter *meter)
{
    return (int64_t)meter->book.t_fen;
}

bool plastic_meter_is_sound(const struct plastic_meter *meter)
{
    const struct book *book = &meter->book;
    int64_t sum_fen = 0;
    uint32_t n = 0;
    if (book->entry_count == BOOK_ENTRIES_MAX) {
        return true; /* the oldest are forgotten */
    }
    for (size_t i = 0; i < book->entry_count; i++) {
        if (book->entries[i].n <= n) {
            return false;
        }
        n = book->entries[i].n;
        sum_fen += book->entries[i].delta_fen;
    }
    return n <= book->n && sum_fen == (int64_t)book->t_fen;
}

static void copy_slot(const struct classic *classic, size_t sector,
                      uint8_t ret_record[PLASTIC_RECORD_SIZE])
{
    for (size_t i = 0; i < BLOCKS; i++) {
        memcpy(ret_record + i * (size_t)PLASTIC_BLOCK_SIZE, classic->blocks[sector * 4 + i],
               PLASTIC_BLOCK_SIZE);
    }
}

bool plastic_holds(const struct plastic *card, uint8_t slot,
                   const uint8_t record[PLASTIC_RECORD_SIZE])
{
    uint8_t found[PLASTIC_RECORD_SIZE];
    copy_slot(&card->card.memory.classic, (size_t)SECTOR_CREDIT + slot, found);
    return memcmp(found, record, sizeof(found)) == 0;
}

uint32_t plastic_meter_slot(const struct plastic_meter *meter, const struct plastic *card,
                            uint8_t slot)
{
    const struct token_uid uid = {card->card.uid, card->card.uid_size};
    struct token_credit credit;
    uint8_t record[PLASTIC_RECORD_SIZE];
    copy_slot(&card->card.memory.classic, (size_t)SECTOR_CREDIT + slot, record);
    const enum token_fault fault =
        token_credit_read(record, &meter->book.keys, meter->book.meter, &uid, &credit);
    return fault == TOKEN_GOOD ? credit.n : 0;
}

uint32_t plastic_meter_best(const struct plastic_meter *meter, const struct plastic *card)
{
    const uint32_t first = plastic_meter_slot(meter, card, 0);
    const uint32_t second = plastic_meter_slot(meter, card, 1);
    return first > second ? first : second;
}
