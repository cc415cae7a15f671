/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libconfig parses and remembers lines; this file adds types, ranges and the search for members
 * that nobody read. A read marks its setting (and all above it) through libconfig's hook pointer,
 * which stays NULL on whatever was never asked for.
 */
#include "common/config/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libconfig.h>

#include "common/str.h"

enum {
    FILE_SIZE_MAX = 1 << 20, /* a seed file with thousands of meters is far below */
    DEPTH_MAX = 16,          /* deeper nesting would only exercise the parser's recursion */
    PATH_SIZE_MAX = 256,
};

struct config {
    config_t lib;
    char name[PATH_SIZE_MAX];
    char message[CONFIG_MESSAGE_SIZE];
};

static char READ_MARK; /* only its address is used: "somebody read this setting" */

static void keep_first(struct config *cfg, int line, const char *path, const char *format,
                       va_list values) PRINTF_LIKE(4, 0);
static void keep_first(struct config *cfg, int line, const char *path, const char *format,
                       va_list values)
{
    if (cfg->message[0] != '\0') {
        return;
    }
    char what[CONFIG_MESSAGE_SIZE / 2];
    str_vformat_cut(what, sizeof(what), format, values);
    if (line > 0) {
        str_format_cut(cfg->message, sizeof(cfg->message), "%s:%d: %s: %s", cfg->name, line, path,
                       what);
    } else {
        str_format_cut(cfg->message, sizeof(cfg->message), "%s: %s: %s", cfg->name, path, what);
    }
}

static void PRINTF_LIKE(4, 5) fail_at(struct config *cfg, const config_setting_t *setting,
                                      const char *path, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    keep_first(cfg, setting != NULL ? (int)config_setting_source_line(setting) : 0, path, format,
               values);
    va_end(values);
}

static config_setting_t *find(struct config *cfg, const char *path)
{
    config_setting_t *setting = config_lookup(&cfg->lib, path);
    for (config_setting_t *up = setting; up != NULL; up = config_setting_parent(up)) {
        config_setting_set_hook(up, &READ_MARK);
    }
    return setting;
}

/* The parser recurses with the nesting, so the depth is bounded before it sees the text. */
static bool depth_is_ok(const char *text)
{
    int depth = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '{' || *p == '(' || *p == '[') {
            depth += 1;
        } else if (*p == '}' || *p == ')' || *p == ']') {
            depth -= 1;
        }
        if (depth > DEPTH_MAX) {
            return false;
        }
    }
    return true;
}

struct config *config_open_text(const char *text, const char *name, char *ret_message,
                                size_t message_size)
{
    struct config *cfg = calloc(1, sizeof(*cfg));
    if (cfg == NULL) {
        str_format_cut(ret_message, message_size, "%s: out of memory", name);
        return NULL;
    }
    str_format_cut(cfg->name, sizeof(cfg->name), "%s", name);
    config_init(&cfg->lib);
    if (strstr(text, "@include") != NULL || !depth_is_ok(text)) {
        str_format_cut(ret_message, message_size,
                       "%s: @include and nesting deeper than %d are not allowed", name,
                       (int)DEPTH_MAX);
    } else if (config_read_string(&cfg->lib, text) != CONFIG_TRUE) {
        str_format_cut(ret_message, message_size, "%s:%d: %s", name, config_error_line(&cfg->lib),
                       config_error_text(&cfg->lib));
    } else {
        return cfg;
    }
    config_destroy(&cfg->lib);
    free(cfg);
    return NULL;
}

struct config *config_open(const char *path, char *ret_message, size_t message_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        str_format_cut(ret_message, message_size,
                       "%s: cannot be opened: does the file exist and may this user read it?",
                       path);
        return NULL;
    }
    char *text = malloc(FILE_SIZE_MAX + 1);
    size_t size = text != NULL ? fread(text, 1, FILE_SIZE_MAX + 1, file) : 0;
    bool bad = text == NULL || ferror(file) != 0;
    (void)fclose(file);
    struct config *cfg = NULL;
    if (bad) {
        str_format_cut(ret_message, message_size, "%s: cannot be read", path);
    } else if (size > FILE_SIZE_MAX) {
        str_format_cut(ret_message, message_size, "%s: larger than 1 MiB", path);
    } else if (memchr(text, '\0', size) != NULL) {
        str_format_cut(ret_message, message_size, "%s: not a text file (it has a NUL byte)", path);
    } else {
        text[size] = '\0';
        cfg = config_open_text(text, path, ret_message, message_size);
    }
    free(text);
    return cfg;
}

void config_text(struct config *cfg, const char *path, const char *fallback, char *ret_text,
                 size_t size)
{
    const config_setting_t *setting = find(cfg, path);
    ret_text[0] = '\0';
    if (setting == NULL) {
        if (fallback == NULL) {
            fail_at(cfg, NULL, path, "is missing");
        } else if (!str_copy(ret_text, size, fallback)) {
            fail_at(cfg, NULL, path, "has a fallback that is too long");
        }
        return;
    }
    const char *text = config_setting_get_string(setting);
    if (text == NULL) {
        fail_at(cfg, setting, path, "must be a text in quotes");
    } else if (text[0] == '\0' && fallback == NULL) {
        fail_at(cfg, setting, path, "must not be empty");
    } else if (!str_is_utf8(text, strlen(text))) {
        fail_at(cfg, setting, path, "is not UTF-8");
    } else if (!str_copy(ret_text, size, text)) {
        fail_at(cfg, setting, path, "is longer than %zu bytes", size - 1);
    }
}

int64_t config_int(struct config *cfg, const char *path, struct config_int range)
{
    const config_setting_t *setting = find(cfg, path);
    if (setting == NULL) {
        if (!range.optional) {
            fail_at(cfg, NULL, path, "is missing");
        }
        return range.fallback;
    }
    int type = config_setting_type(setting);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
        fail_at(cfg, setting, path, "must be a whole number");
        return range.fallback;
    }
    int64_t value = config_setting_get_int64(setting);
    if (value < range.min || value > range.max) {
        fail_at(cfg, setting, path, "is %lld, allowed is %lld to %lld", (long long)value,
                (long long)range.min, (long long)range.max);
        return range.fallback;
    }
    return value;
}

bool config_bool(struct config *cfg, const char *path, bool fallback)
{
    const config_setting_t *setting = find(cfg, path);
    if (setting == NULL) {
        return fallback;
    }
    if (config_setting_type(setting) != CONFIG_TYPE_BOOL) {
        fail_at(cfg, setting, path, "must be true or false");
        return fallback;
    }
    return config_setting_get_bool(setting) == CONFIG_TRUE;
}

size_t config_count(struct config *cfg, const char *path, size_t max)
{
    const config_setting_t *setting = find(cfg, path);
    if (setting == NULL) {
        return 0;
    }
    if (!config_setting_is_list(setting) && !config_setting_is_array(setting)) {
        fail_at(cfg, setting, path, "must be a list: ( ... ) or [ ... ]");
        return 0;
    }
    size_t count = (size_t)config_setting_length(setting);
    if (count > max) {
        fail_at(cfg, setting, path, "has %zu members, allowed are %zu", count, max);
        return 0;
    }
    return count;
}

bool config_has(struct config *cfg, const char *path)
{
    return config_lookup(&cfg->lib, path) != NULL;
}

int config_choice(struct config *cfg, const char *path, const char *const *words, size_t count,
                  int fallback)
{
    char word[64];
    config_text(cfg, path, fallback < 0 ? NULL : words[fallback], word, sizeof(word));
    char all[CONFIG_MESSAGE_SIZE / 4];
    struct strbuf buf;
    strbuf_init(&buf, all, sizeof(all));
    for (size_t i = 0; i < count; i++) {
        if (str_equal(word, words[i])) {
            return (int)i;
        }
        strbuf_addf(&buf, "%s\"%s\"", i == 0 ? "" : ", ", words[i]);
    }
    config_fail(cfg, path, "must be one of %s", all);
    return fallback < 0 ? 0 : fallback;
}

void config_fail(struct config *cfg, const char *path, const char *format, ...)
{
    const config_setting_t *setting = config_lookup(&cfg->lib, path);
    va_list values;
    va_start(values, format);
    keep_first(cfg, setting != NULL ? (int)config_setting_source_line(setting) : 0, path, format,
               values);
    va_end(values);
}

/* The next setting in document order: first child, else next sibling, else the parent's. */
static config_setting_t *setting_after(config_setting_t *setting)
{
    if (config_setting_is_aggregate(setting) && config_setting_length(setting) > 0) {
        return config_setting_get_elem(setting, 0);
    }
    for (config_setting_t *up = setting; up != NULL; up = config_setting_parent(up)) {
        config_setting_t *parent = config_setting_parent(up);
        int next = config_setting_index(up) + 1;
        if (parent != NULL && next < config_setting_length(parent)) {
            return config_setting_get_elem(parent, (unsigned)next);
        }
    }
    return NULL;
}

/* "mqtt.port", "buses.[0].device": from the end to the beginning, for only parents are known. */
static const char *path_of(const config_setting_t *setting, char text[PATH_SIZE_MAX])
{
    size_t at = PATH_SIZE_MAX - 1;
    text[at] = '\0';
    for (const config_setting_t *up = setting; !config_setting_is_root(up);
         up = config_setting_parent(up)) {
        char index[16];
        const char *name = config_setting_name(up);
        if (name == NULL) {
            str_format_cut(index, sizeof(index), "[%d]", config_setting_index(up));
            name = index;
        }
        size_t len = strlen(name);
        size_t dot = up == setting ? 0 : 1;
        if (len + dot > at) {
            break; /* the end of it says enough */
        }
        at -= dot;
        text[at] = dot > 0 ? '.' : '\0';
        at -= len;
        memcpy(text + at, name, len);
    }
    return text + at;
}

static void report_unread(struct config *cfg)
{
    char path[PATH_SIZE_MAX];
    config_setting_t *setting = config_root_setting(&cfg->lib);
    config_setting_set_hook(setting, &READ_MARK);
    for (; setting != NULL; setting = setting_after(setting)) {
        if (config_setting_get_hook(setting) == NULL) {
            fail_at(cfg, setting, path_of(setting, path), "is not known here (misspelt?)");
            return;
        }
    }
}

bool config_finish(struct config *cfg, char *ret_message, size_t message_size)
{
    if (cfg == NULL) {
        return false;
    }
    report_unread(cfg);
    bool ok = cfg->message[0] == '\0';
    if (!ok) {
        str_format_cut(ret_message, message_size, "%s", cfg->message);
    }
    config_destroy(&cfg->lib);
    free(cfg);
    return ok;
}
