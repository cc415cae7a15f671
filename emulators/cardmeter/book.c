/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: loading and storing walk the same table of numbers, so none can be stored and forgotten
 * when loading.
 */
#include "emulators/cardmeter/book.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/words.h"

enum { BOOK_FILE_MAX = 32768, BOOK_NUMBERS = 15, BOOK_PRICE_E4 = 5500 };

/* One number of the book: exactly one of the pointers is set. */
struct number {
    const char *name;
    uint32_t *u32;
    int64_t *i64;
    bool *flag;
};

static void numbers_list(struct book *book, struct number ret_numbers[BOOK_NUMBERS])
{
    const struct number numbers[BOOK_NUMBERS] = {
        {.name = "n", .u32 = &book->n},
        {.name = "balance_micros", .i64 = &book->balance_micros},
        {.name = "seq", .u32 = &book->seq},
        {.name = "energy", .u32 = &book->energy},
        {.name = "price_e4", .u32 = &book->price_e4},
        {.name = "alarm_fen", .u32 = &book->alarm_fen},
        {.name = "overdraft_fen", .u32 = &book->overdraft_fen},
        {.name = "hoarding_fen", .u32 = &book->hoarding_fen},
        {.name = "clock_offset_s", .i64 = &book->clock_offset_s},
        {.name = "clock_bad", .flag = &book->clock_bad},
        {.name = "tampered", .flag = &book->tampered},
        {.name = "opened", .flag = &book->opened},
        {.name = "purchase_count", .u32 = &book->purchase_count},
        {.name = "illegal_count", .u32 = &book->illegal_count},
    };
    memcpy(ret_numbers, numbers, sizeof(numbers));
}

bool book_number(const char *text, uint8_t ret_meter[TOKEN_METER_SIZE])
{
    size_t size = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9') {
            return false;
        }
    }
    return strlen(text) == (size_t)2 * TOKEN_METER_SIZE &&
           bytes_from_hex(text, ret_meter, TOKEN_METER_SIZE, &size);
}

void book_init(struct book *book, const uint8_t meter[TOKEN_METER_SIZE])
{
    memset(book, 0, sizeof(*book));
    memcpy(book->meter, meter, TOKEN_METER_SIZE);
    book->price_e4 = BOOK_PRICE_E4;
}

int64_t book_balance_fen(const struct book *book)
{
    int64_t fen = book->balance_micros / BOOK_MICROS_PER_FEN;
    return book->balance_micros % BOOK_MICROS_PER_FEN < 0 ? fen - 1 : fen;
}

static bool relay_is_open(const struct book *book)
{
    return book->balance_micros <= -(int64_t)book->overdraft_fen * BOOK_MICROS_PER_FEN;
}

uint8_t book_status(const struct book *book)
{
    int64_t fen = book_balance_fen(book);
    unsigned bits = relay_is_open(book) ? BOOK_RELAY_OPEN : 0U;
    bits |= fen <= (int64_t)book->alarm_fen ? BOOK_ALARM : 0U;
    bits |= fen < 0 ? BOOK_OVERDRAWN : 0U;
    bits |= book->clock_bad ? BOOK_CLOCK_BAD : 0U;
    bits |= book->tampered ? BOOK_TAMPERED : 0U;
    return (uint8_t)bits;
}

void book_take(struct book *book, const struct token_credit *credit, int64_t delta_fen, int64_t at)
{
    int64_t before_fen = book_balance_fen(book);
    book->balance_micros += delta_fen * BOOK_MICROS_PER_FEN;
    if (book->entry_count == BOOK_ENTRIES_MAX) {
        book->entry_count -= 1;
        memmove(book->entries, book->entries + 1, book->entry_count * sizeof(book->entries[0]));
    }
    book->entries[book->entry_count++] = (struct book_entry){.n = credit->n,
                                                             .kind = credit->kind,
                                                             .delta_fen = delta_fen,
                                                             .before_fen = before_fen,
                                                             .after_fen = book_balance_fen(book),
                                                             .at = at};
}

uint32_t book_use(struct book *book, uint32_t energy)
{
    uint32_t used = 0;
    while (used < energy && !relay_is_open(book)) {
        book->balance_micros -= book->price_e4;
        used += 1;
    }
    book->energy += used;
    return used;
}

static bool number_set(const struct number *number, const char *text)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool is_canonical = *text == '-' || (*text >= '0' && *text <= '9');
    if (errno != 0 || end == text || *end != '\0' || !is_canonical) {
        return false;
    }
    if (number->i64 != NULL) {
        *number->i64 = value;
        return true;
    }
    if (number->u32 != NULL) {
        *number->u32 = (uint32_t)value;
        return value >= 0 && value <= UINT32_MAX;
    }
    *number->flag = value == 1;
    return value == 0 || value == 1;
}

static bool numbers_load(struct book *book, struct words *words)
{
    struct number numbers[BOOK_NUMBERS];
    numbers_list(book, numbers);
    for (size_t i = 0; numbers[i].name != NULL; i++) {
        if (!words_next(words) || !words_are(words, numbers[i].name, 2) ||
            !number_set(&numbers[i], words->word[1])) {
            return false;
        }
    }
    return true;
}

static bool entry_load(struct book *book, const struct words *words)
{
    long long values[6];
    bool good = words_are(words, "took", 7) && book->entry_count < BOOK_ENTRIES_MAX;
    for (size_t i = 0; good && i < 6; i++) {
        char *end = NULL;
        values[i] = strtoll(words->word[1 + i], &end, 10);
        good = end != words->word[1 + i] && *end == '\0';
    }
    if (!good) {
        return false;
    }
    book->entries[book->entry_count++] = (struct book_entry){.n = (uint32_t)values[0],
                                                             .kind = (uint8_t)values[1],
                                                             .delta_fen = values[2],
                                                             .before_fen = values[3],
                                                             .after_fen = values[4],
                                                             .at = values[5]};
    return true;
}

static bool head_load(struct book *book, struct words *words)
{
    uint32_t key_id = 0;
    uint32_t error = 0;
    uint8_t t[8];
    if (!words_next(words) || !words_are(words, "meter", 2) ||
        !book_number(words->word[1], book->meter) || !words_next(words) ||
        !words_are(words, "keys", 5) || !words_number(words, 1, UINT16_MAX, &key_id) ||
        !words_hex(words, 2, book->keys.credit, TOKEN_KEY_SIZE) ||
        !words_hex(words, 3, book->keys.give_back, TOKEN_KEY_SIZE) ||
        !words_hex(words, 4, book->keys.sector, TOKEN_KEY_SIZE) || !words_next(words) ||
        !words_are(words, "state", 5) || !words_hex(words, 1, t, sizeof(t)) ||
        !words_number(words, 2, UINT8_MAX, &error) ||
        !words_hex(words, 3, book->customer, sizeof(book->customer)) ||
        !words_hex(words, 4, book->serial, sizeof(book->serial))) {
        return false;
    }
    book->key_id = (uint16_t)key_id;
    book->error = (uint8_t)error;
    book->t_fen = (uint64_t)bytes_le32(t + 4) << 32 | bytes_le32(t);
    return true;
}

static bool path_make(const char *dir, const char *number, char ret_path[BOOK_PATH_SIZE])
{
    return bytes_text_copy(ret_path, BOOK_PATH_SIZE, dir) &&
           bytes_text_add(ret_path, BOOK_PATH_SIZE, "/") &&
           bytes_text_add(ret_path, BOOK_PATH_SIZE, number) &&
           bytes_text_add(ret_path, BOOK_PATH_SIZE, ".meter");
}

static size_t file_read(const char *path, uint8_t *ret_bytes, size_t room)
{
    size_t size = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (fd >= 0 && got > 0 && size < room) {
        got = read(fd, ret_bytes + size, room - size);
        size += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return size;
}

bool book_load(struct book *book, const char *dir, const char *number)
{
    static uint8_t file[BOOK_FILE_MAX]; /* one thread; too large for the stack */
    char path[BOOK_PATH_SIZE];
    uint8_t meter[TOKEN_METER_SIZE];
    return book_number(number, meter) && path_make(dir, number, path) &&
           book_parse(book, file, file_read(path, file, sizeof(file))) &&
           memcmp(book->meter, meter, sizeof(meter)) == 0;
}

bool book_parse(struct book *book, const uint8_t *text, size_t size)
{
    static const uint8_t NONE[TOKEN_METER_SIZE] = {0};
    static struct words words; /* one thread; too large for the stack */
    book_init(book, NONE);
    words_init(&words, text, size);
    if (!head_load(book, &words) || !numbers_load(book, &words)) {
        return false;
    }
    while (words_next(&words)) {
        if (!entry_load(book, &words)) {
            return false;
        }
    }
    return words_ended(&words);
}

static void numbers_save(const struct book *book, struct words_out *out)
{
    static struct book copy; /* the table of numbers is for writing, too */
    struct number numbers[BOOK_NUMBERS];
    copy = *book;
    numbers_list(&copy, numbers);
    for (size_t i = 0; numbers[i].name != NULL; i++) {
        int64_t value = 0;
        if (numbers[i].i64 != NULL) {
            value = *numbers[i].i64;
        } else if (numbers[i].u32 != NULL) {
            value = *numbers[i].u32;
        } else {
            value = *numbers[i].flag ? 1 : 0;
        }
        words_add(out, "%s %" PRId64 "\n", numbers[i].name, value);
    }
}

static void head_save(const struct book *book, struct words_out *out)
{
    uint8_t t[8];
    bytes_put_le32(t, (uint32_t)book->t_fen);
    bytes_put_le32(t + 4, (uint32_t)(book->t_fen >> 32));
    words_add(out, "meter ");
    words_add_hex(out, book->meter, sizeof(book->meter));
    words_add(out, "\nkeys %u ", book->key_id);
    words_add_hex(out, book->keys.credit, TOKEN_KEY_SIZE);
    words_add(out, " ");
    words_add_hex(out, book->keys.give_back, TOKEN_KEY_SIZE);
    words_add(out, " ");
    words_add_hex(out, book->keys.sector, TOKEN_KEY_SIZE);
    words_add(out, "\nstate ");
    words_add_hex(out, t, sizeof(t));
    words_add(out, " %u ", book->error);
    words_add_hex(out, book->customer, sizeof(book->customer));
    words_add(out, " ");
    words_add_hex(out, book->serial, sizeof(book->serial));
    words_add(out, "\n");
}

static bool dir_sync(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return done;
}

static bool file_replace(const char *path, const char *bytes, size_t size)
{
    char fresh[BOOK_PATH_SIZE + 8];
    (void)bytes_text_copy(fresh, sizeof(fresh), path);
    (void)bytes_text_add(fresh, sizeof(fresh), ".new");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool done = write(fd, bytes, size) == (ssize_t)size && fsync(fd) == 0;
    done = close(fd) == 0 && done;
    return done && rename(fresh, path) == 0;
}

size_t book_text(const struct book *book, char *ret_text, size_t room)
{
    struct words_out out = {.text = ret_text, .room = room};
    head_save(book, &out);
    numbers_save(book, &out);
    for (size_t i = 0; i < book->entry_count; i++) {
        const struct book_entry *entry = &book->entries[i];
        words_add(&out, "took %u %u %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", entry->n,
                  entry->kind, entry->delta_fen, entry->before_fen, entry->after_fen, entry->at);
    }
    return out.is_full ? 0 : out.size;
}

bool book_store(const struct book *book, const char *dir)
{
    static char text[BOOK_FILE_MAX]; /* one thread; too large for the stack */
    char path[BOOK_PATH_SIZE];
    char number[2 * TOKEN_METER_SIZE + 1];
    size_t size = book_text(book, text, sizeof(text));
    bytes_to_hex(book->meter, TOKEN_METER_SIZE, number);
    return size > 0 && path_make(dir, number, path) && file_replace(path, text, size) &&
           dir_sync(dir);
}
