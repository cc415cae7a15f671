/* SPDX-License-Identifier: Apache-2.0 */

/*
 * shilling-frame: a field engineer's reader and writer of meter frames.
 *
 *     shilling-frame decode FE FE FE FE 68 AA AA AA AA AA AA 68 13 00 DF 16
 *     shilling-frame decode < capture.txt          one frame a line
 *     shilling-frame encode '{"address":"201000000012","function":"read","DI":"00900200"}'
 *
 * One line of output for each input; exit status 1 if any of them was bad, 2 for wrong usage.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/str.h"
#include "protocol/dl645/frame.h"
#include "tools/frame/frame_json.h"
#include "tools/frame/hex_json.h"

enum {
    INPUT_SIZE_MAX = 4096,     /* bytes of one line of hex */
    LINE_SIZE_MAX = 64 * 1024, /* characters of one line */
};

static const char usage[] =
    "usage: shilling-frame decode [HEX ...]     DL/T 645-2007 frame to one line of JSON\n"
    "       shilling-frame encode [JSON]        and back, as hex\n"
    "Without an argument it reads lines from standard input.\n";

/* Prints one line; false if the input is bad (the line then says why). @p number: 0 = argument. */
typedef bool (*line_function)(const char *line, size_t number);

static void print_object(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    (void)puts(text != NULL ? text : "{\"ok\":false,\"error\":\"no memory\"}");
    free(text);
    json_decref(object);
}

static bool print_error(const char *why, size_t at)
{
    json_t *object = json_object();
    json_put_flag(object, "ok", false);
    json_put_text(object, "error", why);
    json_put_int(object, "at", (int64_t)at);
    print_object(object);
    return false;
}

static bool decode_line(const char *line, UNUSED size_t number)
{
    uint8_t bytes[INPUT_SIZE_MAX];
    size_t size = 0;
    size_t at = 0;
    if (!hex_parse(line, strlen(line), bytes, sizeof(bytes), &size, &at)) {
        char why[FRAME_ERROR_SIZE];
        if (line[at] == '\0') {
            str_format_cut(why, sizeof(why), "character %zu: the last byte has one digit only", at);
        } else {
            str_format_cut(why, sizeof(why), "character %zu ('%c') is not a digit of a hex byte",
                           at, line[at] >= ' ' && line[at] <= '~' ? line[at] : '?');
        }
        return print_error(why, at);
    }
    json_t *object = frame_json_decode(bytes, size);
    bool good = json_is_true(json_object_get(object, "ok"));
    print_object(object);
    return good;
}

static bool complain(const char *why, size_t number)
{
    if (number > 0) {
        (void)fprintf(stderr, "shilling-frame: line %zu: %s\n", number, why);
    } else {
        (void)fprintf(stderr, "shilling-frame: %s\n", why);
    }
    return false;
}

static bool encode_line(const char *line, size_t number)
{
    json_error_t json_error;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &json_error);
    if (object == NULL) {
        char why[JSON_ERROR_TEXT_LENGTH + 32];
        str_format_cut(why, sizeof(why), "character %d: %s", json_error.position, json_error.text);
        return complain(why, number);
    }
    uint8_t bytes[DL645_WIRE_SIZE_MAX];
    size_t size = 0;
    char text[3 * DL645_WIRE_SIZE_MAX + 1];
    char error[FRAME_ERROR_SIZE];
    bool good = frame_json_encode(object, bytes, &size, error);
    json_decref(object);
    if (!good) {
        return complain(error, number);
    }
    good = hex_format(bytes, size, ' ', text, sizeof(text));
    (void)puts(good ? text : "");
    return good;
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t\r\n")] == '\0';
}

static bool each_line(line_function run)
{
    char *line = NULL;
    size_t room = 0;
    bool good = true;
    size_t number = 0;
    while (getline(&line, &room, stdin) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        number += 1;
        if (!is_blank(line)) {
            good = run(line, number) && good;
        }
    }
    free(line);
    return good;
}

static bool arguments(line_function run, int count, char **words)
{
    struct strbuf out;
    char *line = malloc(LINE_SIZE_MAX);
    if (line == NULL) {
        return false;
    }
    strbuf_init(&out, line, LINE_SIZE_MAX);
    for (int i = 0; i < count; i++) {
        strbuf_add(&out, i > 0 ? " " : "");
        strbuf_add(&out, words[i]);
    }
    bool good = !out.failed && run(line, /* number= */ 0);
    if (out.failed) {
        (void)fputs("shilling-frame: the arguments are too long\n", stderr);
    }
    free(line);
    return good;
}

int main(int argc, char **argv)
{
    line_function run = NULL;
    if (argc >= 2 && str_equal(argv[1], "decode")) {
        run = decode_line;
    } else if (argc >= 2 && str_equal(argv[1], "encode")) {
        run = encode_line;
    } else if (argc == 2 && str_equal(argv[1], "--help")) {
        (void)fputs(usage, stdout);
        return 0;
    } else {
        (void)fputs(usage, stderr);
        return 2;
    }
    bool good = argc > 2 ? arguments(run, argc - 2, argv + 2) : each_line(run);
    return good ? 0 : 1;
}
