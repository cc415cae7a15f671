/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/cardd/settings.h"

#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "common/config/config.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"

enum { KEY_FILE_SIZE_MAX = 4096 };

/* --- the reader's name ----------------------------------------------------------------------- */

static const char WORDS_DRIVER[] =
    "must begin with pn532_uart:, pn53x_usb or acr122_usb, the kinds of readers that we know";
static const char WORDS_PATH[] = "pn532_uart: needs a path, for example "
                                 "\"pn532_uart:/dev/shilling-reader\"";
static const char WORDS_COLON[] =
    "the path holds a colon, and libnfc ends it there: give the device a name without one (a udev "
    "rule with SYMLINK+=\"shilling-reader\", or its name in /dev/serial/by-id)";
static const char WORDS_SPEED[] = "the speed must be 9600, 19200, 38400, 57600, 115200, 230400 or "
                                  "460800";

static bool speed_is_known(const char *text)
{
    static const uint32_t speeds[] = {9600, 19200, 38400, 57600, 115200, 230400, 460800};
    uint32_t speed = 0;
    if (!parse_u32(text, 460800, &speed)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(speeds); i++) {
        if (speed == speeds[i]) {
            return true;
        }
    }
    return false;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static const char *uart_trouble(const char *path)
{
    if (path[0] != '/') {
        return WORDS_PATH;
    }
    const char *colon = strchr(path, ':');
    if (colon == NULL) {
        return NULL;
    }
    /* A path with colons, or with something that is no speed behind one. */
    if (!is_number(colon + 1)) {
        return WORDS_COLON;
    }
    return speed_is_known(colon + 1) ? NULL : WORDS_SPEED;
}

static bool is_driver(const char *connstring, const char *driver)
{
    size_t size = strlen(driver);
    return str_starts_with(connstring, driver) &&
           (connstring[size] == '\0' || connstring[size] == ':');
}

const char *settings_connstring_trouble(const char *connstring)
{
    static const char uart[] = "pn532_uart";
    if (is_driver(connstring, uart)) {
        return connstring[strlen(uart)] == ':' ? uart_trouble(connstring + strlen(uart) + 1)
                                               : WORDS_PATH;
    }
    bool is_usb = is_driver(connstring, "pn53x_usb") || is_driver(connstring, "acr122_usb");
    return is_usb ? NULL : WORDS_DRIVER;
}

const char *settings_program_trouble(const char *path)
{
    if (path[0] != '/') {
        return "must be the absolute path of a program, for example "
               "\"/usr/local/sbin/reader-power\"";
    }
    return strpbrk(path, " \t\r\n") != NULL
               ? "must be a path and nothing else: no shell reads it, and the program gets no "
                 "arguments"
               : NULL;
}

/* --- the file -------------------------------------------------------------------------------- */

static void read_uids(struct config *cfg, struct settings *settings)
{
    settings->uid_count = config_count(cfg, "allow_uids", SETTINGS_UIDS_MAX);
    for (size_t i = 0; i < settings->uid_count && i < SETTINGS_UIDS_MAX; i++) {
        char path[32];
        bool fits = str_format(path, sizeof(path), "allow_uids.[%zu]", i);
        MUST(fits);
        settings->uids[i] =
            (uint32_t)config_int(cfg, path, (struct config_int){.min = 0, .max = INT32_MAX});
    }
}

static void read_reader(struct config *cfg, struct settings *settings)
{
    config_text(cfg, "reader.connstring", NULL, settings->connstring, sizeof(settings->connstring));
    if (settings->connstring[0] != '\0') {
        const char *trouble = settings_connstring_trouble(settings->connstring);
        if (trouble != NULL) {
            config_fail(cfg, "reader.connstring", "%s", trouble);
        }
    }
    config_text(cfg, "reader.lock", "/run/lock/shilling-reader.lock", settings->lock,
                sizeof(settings->lock));
    settings->health_ms =
        1000 *
        config_int(cfg, "reader.health_s",
                   (struct config_int){.min = 1, .max = 3600, .optional = true, .fallback = 60});
}

static void read_power(struct config *cfg, struct settings *settings)
{
    config_text(cfg, "reader.power_reset", "", settings->power_reset,
                sizeof(settings->power_reset));
    if (settings->power_reset[0] != '\0') {
        const char *trouble = settings_program_trouble(settings->power_reset);
        if (trouble != NULL) {
            config_fail(cfg, "reader.power_reset", "%s", trouble);
        }
    }
    settings->power_reset_ms =
        1000 *
        config_int(cfg, "reader.power_reset_s",
                   (struct config_int){.min = 1, .max = 60, .optional = true, .fallback = 20});
}

/* Bytes of a small file; 0 if it cannot be read or is too large. */
static size_t file_read(const char *path, char *ret_text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t got = read(fd, ret_text, size);
    (void)close(fd);
    return got > 0 && (size_t)got < size ? (size_t)got : 0;
}

static void read_authority(struct config *cfg, struct settings *settings,
                           struct ed25519_key **ret_key)
{
    char text[KEY_FILE_SIZE_MAX];
    config_text(cfg, "authority", NULL, settings->authority, sizeof(settings->authority));
    if (settings->authority[0] == '\0') {
        return;
    }
    size_t size = file_read(settings->authority, text, sizeof(text));
    if (size == 0) {
        config_fail(cfg, "authority",
                    "%s cannot be read: it must hold the public key for card "
                    "writes that the cloud shows",
                    settings->authority);
    } else if (ed25519_public_read(text, size, ret_key) != OK) {
        config_fail(cfg, "authority", "%s holds no public Ed25519 key in PEM", settings->authority);
    }
}

bool settings_load(const char *path, struct settings *ret_settings,
                   struct ed25519_key **ret_authority, char *ret_message, size_t message_size)
{
    struct config *cfg = config_open(path, ret_message, message_size);
    if (cfg == NULL) {
        return false;
    }
    struct settings settings = {0};
    struct ed25519_key *authority = NULL;
    config_text(cfg, "socket", NULL, settings.socket, sizeof(settings.socket));
    read_uids(cfg, &settings);
    config_text(cfg, "terminal_id", NULL, settings.terminal_id, sizeof(settings.terminal_id));
    read_authority(cfg, &settings, &authority);
    read_reader(cfg, &settings);
    read_power(cfg, &settings);
    if (!config_finish(cfg, ret_message, message_size)) {
        ed25519_key_destroy(authority);
        return false;
    }
    *ret_settings = settings;
    *ret_authority = authority;
    return true;
}
