/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardmeter/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "emulators/cardmeter/visit.h"
#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/words.h"

enum { WORDS_PER_LINE_MAX = 8, TEXT_SIZE = 32768, ENERGY_MAX = 100000000 };

struct line {
    char *word[WORDS_PER_LINE_MAX];
    size_t count;
};

typedef struct line_answer command_run(struct meters *meters, const struct line *line);

static struct line_answer say(char *text)
{
    return (struct line_answer){.text = text, .hang_up = text == NULL};
}

static struct line_answer error(const char *why)
{
    return say(line_text("error %s", why));
}

static int64_t meter_time(const struct book *book)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec + book->clock_offset_s;
}

static const char *yes(bool value)
{
    return value ? "true" : "false";
}

static char *book_json(const struct book *book)
{
    char number[2 * TOKEN_METER_SIZE + 1];
    unsigned status = book_status(book);
    bytes_to_hex(book->meter, TOKEN_METER_SIZE, number);
    return line_text(
        "\"meter\":\"%s\",\"n\":%u,\"t_fen\":%" PRIu64 ",\"balance_fen\":%" PRId64
        ",\"balance_micros\":%" PRId64 ",\"seq\":%u,\"error\":%u,\"status\":%u,"
        "\"relay_open\":%s,\"energy\":%u,\"price_e4\":%u,\"alarm_fen\":%u,\"overdraft_fen\":%u,"
        "\"hoarding_fen\":%u,\"opened\":%s,\"purchase_count\":%u,\"illegal_count\":%u",
        number, book->n, book->t_fen, book_balance_fen(book), book->balance_micros, book->seq,
        book->error, status, yes((status & BOOK_RELAY_OPEN) != 0), book->energy, book->price_e4,
        book->alarm_fen, book->overdraft_fen, book->hoarding_fen, yes(book->opened),
        book->purchase_count, book->illegal_count);
}

/* Load, and on failure say so in *ret_answer. */
static bool load(struct meters *meters, const char *number, struct book *book,
                 struct line_answer *ret_answer)
{
    if (book_load(book, meters->dir, number)) {
        return true;
    }
    *ret_answer = error("no such meter, or its file is damaged");
    return false;
}

static struct line_answer store(struct meters *meters, const struct book *book)
{
    return book_store(book, meters->dir) ? say(line_text("ok"))
                                         : error("the meter's file cannot be written");
}

static struct line_answer do_make(struct meters *meters, const struct line *line)
{
    static struct book book; /* one thread; too large for the stack */
    static struct book there;
    uint8_t meter[TOKEN_METER_SIZE];
    uint8_t master[TOKEN_KEY_SIZE];
    size_t size = 0;
    uint32_t key_id = 1;
    if (!book_number(line->word[1], meter) ||
        !bytes_from_hex(line->word[2], master, sizeof(master), &size) || size != sizeof(master) ||
        (line->count > 3 && !bytes_number(line->word[3], UINT16_MAX, &key_id))) {
        return error("usage: make METER(12 digits) MASTER(32 hex) [KEYID]");
    }
    if (book_load(&there, meters->dir, line->word[1])) {
        return error("there is one of that number");
    }
    book_init(&book, meter);
    book.key_id = (uint16_t)key_id;
    token_keys_make(master, meter, &book.keys);
    return store(meters, &book);
}

static struct line_answer do_make_keys(struct meters *meters, const struct line *line)
{
    static struct book book;
    static struct book there;
    uint8_t meter[TOKEN_METER_SIZE];
    uint8_t *keys[] = {book.keys.credit, book.keys.give_back, book.keys.sector};
    uint32_t key_id = 0;
    bool good =
        book_number(line->word[1], meter) && bytes_number(line->word[2], UINT16_MAX, &key_id);
    if (good && book_load(&there, meters->dir, line->word[1])) {
        return error("there is one of that number");
    }
    if (good) {
        book_init(&book, meter);
        book.key_id = (uint16_t)key_id;
    }
    for (size_t i = 0; good && i < 3; i++) {
        size_t size = 0;
        good = bytes_from_hex(line->word[3 + i], keys[i], TOKEN_KEY_SIZE, &size) &&
               size == TOKEN_KEY_SIZE;
    }
    return good ? store(meters, &book) : error("usage: keys METER KEYID CREDIT RETURN SECTOR");
}

static struct line_answer do_get(struct meters *meters, const struct line *line)
{
    static struct book book;
    struct line_answer answer;
    if (!load(meters, line->word[1], &book, &answer)) {
        return answer;
    }
    char *text = book_json(&book);
    answer = say(text == NULL ? NULL : line_text("ok {%s}", text));
    free(text);
    return answer;
}

static struct line_answer do_taken(struct meters *meters, const struct line *line)
{
    static struct book book;
    static char text[TEXT_SIZE];
    struct line_answer answer;
    struct words_out out = {.text = text, .room = sizeof(text)};
    if (!load(meters, line->word[1], &book, &answer)) {
        return answer;
    }
    text[0] = '\0';
    for (size_t i = 0; i < book.entry_count; i++) {
        const struct book_entry *entry = &book.entries[i];
        words_add(&out,
                  "%s{\"n\":%u,\"kind\":%u,\"delta_fen\":%" PRId64 ",\"before_fen\":%" PRId64
                  ",\"after_fen\":%" PRId64 ",\"at\":%" PRId64 "}",
                  i == 0 ? "" : ",", entry->n, entry->kind, entry->delta_fen, entry->before_fen,
                  entry->after_fen, entry->at);
    }
    return say(line_text("ok [%s]", text));
}

static struct line_answer do_visit(struct meters *meters, const struct line *line)
{
    static struct book book;
    struct line_answer answer;
    struct visit_report report;
    const char *why = "the card is gone";
    if (!load(meters, line->word[1], &book, &answer)) {
        return answer;
    }
    if (!touch_begin(&meters->touch, line->word[2], &why)) {
        return error(why);
    }
    const struct visit_context context = {meters->dir, meter_time(&book)};
    const struct card_kind *kind = meters->touch.card->kind;
    bool done = false;
    if (kind == &CLASSIC_KIND) {
        done = visit_shl(&book, &meters->touch, &context, &report);
    } else if (kind == &DESFIRE_KIND) {
        done = visit_desfire(&book, &meters->touch, &context, &report);
    } else if (kind == &CPUCARD_KIND) {
        done = visit_purchase(&book, &meters->touch, &context, &report);
    } else {
        return error("the meter does not know such cards");
    }
    if (!done || meters->touch.store_failed) {
        return error("a file cannot be written");
    }
    char *text = book_json(&book);
    answer = say(text == NULL ? NULL
                              : line_text("ok {\"result\":\"%s\",\"delta_fen\":%" PRId64
                                          ",\"returned\":%u,\"gone\":%s,%s}",
                                          visit_result_name(report.result), report.delta_fen,
                                          report.returned, yes(meters->touch.gone), text));
    free(text);
    return answer;
}

static struct line_answer do_use(struct meters *meters, const struct line *line)
{
    static struct book book;
    struct line_answer answer;
    uint32_t energy = 0;
    if (!bytes_number(line->word[2], ENERGY_MAX, &energy)) {
        return error("usage: use METER ENERGY (in 0.01 kWh)");
    }
    if (!load(meters, line->word[1], &book, &answer)) {
        return answer;
    }
    uint32_t used = book_use(&book, energy);
    return book_store(&book, meters->dir) ? say(line_text("ok %u", used))
                                          : error("the meter's file cannot be written");
}

static bool set(struct book *book, const char *key, const char *value)
{
    const struct {
        const char *name;
        uint32_t *u32;
        bool *flag;
    } KEYS[] = {
        {"price_e4", &book->price_e4, NULL},           {"alarm_fen", &book->alarm_fen, NULL},
        {"overdraft_fen", &book->overdraft_fen, NULL}, {"hoarding_fen", &book->hoarding_fen, NULL},
        {"clock_bad", NULL, &book->clock_bad},         {"tampered", NULL, &book->tampered},
    };
    uint32_t number = 0;
    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
        bool flag = KEYS[i].flag != NULL;
        if (strcmp(KEYS[i].name, key) != 0 || !bytes_number(value, flag ? 1 : 99999999, &number)) {
            continue;
        }
        if (flag) {
            *KEYS[i].flag = number == 1;
        } else {
            *KEYS[i].u32 = number;
        }
        return true;
    }
    return false;
}

static struct line_answer do_set(struct meters *meters, const struct line *line)
{
    static struct book book;
    struct line_answer answer;
    if (!load(meters, line->word[1], &book, &answer)) {
        return answer;
    }
    return set(&book, line->word[2], line->word[3])
               ? store(meters, &book)
               : error("price_e4, alarm_fen, overdraft_fen, hoarding_fen, clock_bad, tampered");
}

static struct line_answer do_clock(struct meters *meters, const struct line *line)
{
    static struct book book;
    struct line_answer answer;
    char *end = NULL;
    long long offset = strtoll(line->word[2], &end, 10);
    if (end == line->word[2] || *end != '\0' || offset > INT32_MAX || offset < -INT32_MAX) {
        return error("usage: clock METER +S or -S");
    }
    if (!load(meters, line->word[1], &book, &answer)) {
        return answer;
    }
    book.clock_offset_s = offset;
    return store(meters, &book);
}

static struct line_answer do_fault(struct meters *meters, const struct line *line)
{
    char words[512] = "";
    const char *why = "";
    if (line->count == 2 && strcmp(line->word[1], "clear") == 0) {
        return faults_clear(&meters->touch.faults, 0) ? say(line_text("ok")) : error(why);
    }
    for (size_t i = 1; i < line->count; i++) {
        (void)bytes_text_add(words, sizeof(words), line->word[i]);
        (void)bytes_text_add(words, sizeof(words), " ");
    }
    uint32_t id = faults_add(&meters->touch.faults, words, &why);
    return id == 0 ? error(why) : say(line_text("ok %u", id));
}

static command_run do_help;

static const struct {
    const char *name;
    size_t words_min;
    size_t words_max;
    command_run *run;
    const char *usage;
} COMMANDS[] = {
    {"help", 1, 1, do_help, "help"},
    {"make", 3, 4, do_make, "make METER MASTER [KEYID]"},
    {"keys", 6, 6, do_make_keys, "keys METER KEYID CREDIT RETURN SECTOR"},
    {"get", 2, 2, do_get, "get METER"},
    {"taken", 2, 2, do_taken, "taken METER"},
    {"visit", 3, 3, do_visit, "visit METER CARD"},
    {"use", 3, 3, do_use, "use METER ENERGY"},
    {"set", 4, 4, do_set, "set METER KEY VALUE"},
    {"clock", 3, 3, do_clock, "clock METER +S|-S"},
    {"fault", 2, WORDS_PER_LINE_MAX, do_fault,
     "fault remove|lose exchange=N; fault tear write=N how=HOW [k=N]; fault clear"},
};

enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

static struct line_answer do_help(struct meters *meters, const struct line *line)
{
    char text[1024] = "";
    (void)meters;
    (void)line;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)bytes_text_add(text, sizeof(text), i == 0 ? "ok " : "; ");
        (void)bytes_text_add(text, sizeof(text), COMMANDS[i].usage);
    }
    return say(line_text("%s", text));
}

struct line_answer control_answer(void *context, char *text)
{
    struct line line = {.count = 0};
    char *save = NULL;
    for (char *word = strtok_r(text, " ", &save); word != NULL && line.count < WORDS_PER_LINE_MAX;
         word = strtok_r(NULL, " ", &save)) {
        line.word[line.count++] = word;
    }
    for (size_t i = 0; line.count > 0 && i < COMMAND_COUNT; i++) {
        if (strcmp(line.word[0], COMMANDS[i].name) != 0) {
            continue;
        }
        if (line.count < COMMANDS[i].words_min || line.count > COMMANDS[i].words_max) {
            return say(line_text("error usage: %s", COMMANDS[i].usage));
        }
        return COMMANDS[i].run(context, &line);
    }
    return error("no such command, try help");
}
