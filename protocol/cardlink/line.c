/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/cardlink/line.h"

#include <string.h>

#include "common/bytes.h"
#include "common/id.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/card/apdu.h"

enum { WORD_SIZE_MAX = 32 };

size_t line_word_find(const char *const *names, size_t count, const char *name)
{
    size_t at = 0;
    while (at < count && !str_equal(names[at], name)) {
        at += 1;
    }
    return at;
}

size_t line_word_read(struct json_reader *r, const char *member, const char *const *names,
                      size_t count)
{
    char word[WORD_SIZE_MAX];
    json_text(r, member, word, sizeof(word));
    size_t at = line_word_find(names, count, word);
    if (json_failed(r) || at == count) {
        json_refuse(r, member);
        return 0;
    }
    return at;
}

void line_id_read(struct json_reader *r, char *ret_id)
{
    json_text(r, "id", ret_id, ID_TEXT_SIZE);
    if (!json_failed(r) && !id_is_valid(ret_id)) {
        json_refuse(r, "id");
    }
}

bool line_hex_parse(const char *text, uint8_t *ret_bytes, size_t size)
{
    size_t got = 0;
    return strlen(text) == 2 * size &&
           hex_parse(text, 2 * size, ret_bytes, size, &got, /* ret_at= */ NULL) && got == size;
}

void line_hex_put(json_t *object, const char *member, const uint8_t *bytes, size_t size)
{
    char text[APDU_TEXT_SIZE];
    bool fits = hex_format(bytes, size, /* separator= */ 0, text, sizeof(text));
    MUST(fits);
    json_put_text(object, member, text);
}

bool line_print(json_t *root, char *ret_line, size_t size)
{
    MUST(size >= 2);
    bool fits = json_print(root, ret_line, size - 1);
    json_decref(root);
    if (fits) {
        size_t end = strlen(ret_line);
        ret_line[end] = '\n';
        ret_line[end + 1] = '\0';
    }
    return fits;
}
