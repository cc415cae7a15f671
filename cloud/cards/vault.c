/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets of the card side, read once at the start and kept in this process alone. */
#include "cloud/cards/vault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/rng.h"
#include "common/str.h"
#include "drivers/disk/disk.h"
#include "drivers/rng/rng_system.h"

enum {
    FILE_SIZE_MAX = 1024, /* above a PEM of Ed25519 and 32 digits with a line end */
    SECRET_MODE = 0600,
};

struct vault {
    struct card_master master;
    struct ed25519_key *signing;
    uint16_t key_id;
    uint16_t issuer;
};

/* ---- the configuration ---- */

void vault_config_read(struct config *cfg, struct vault_config *ret_config)
{
    struct vault_config config = {.enabled = config_has(cfg, "cards")};
    if (config.enabled) {
        const struct config_int number = {
            .min = 0, .max = UINT16_MAX, .optional = true, .fallback = 1};
        config_text(cfg, "cards.master_key_file", NULL, config.master_key_file, VAULT_PATH_SIZE);
        config_text(cfg, "cards.signing_key_file", NULL, config.signing_key_file, VAULT_PATH_SIZE);
        config.key_id = (uint16_t)config_int(cfg, "cards.key_id", number);
        config.issuer = (uint16_t)config_int(cfg, "cards.issuer", number);
    }
    *ret_config = config;
}

/* ---- files ---- */

static enum err say(char why[VAULT_WHY_SIZE], enum err err, const char *path, const char *what)
{
    str_format_cut(why, VAULT_WHY_SIZE, "%s: %s", path, what);
    return err;
}

static enum err check_owner(int fd, const char *path, char why[VAULT_WHY_SIZE])
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return say(why, ERR_IO, path, "is not a file");
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        return say(why, ERR_DENIED, path, "belongs to another user");
    }
    if ((status.st_mode & 0077U) != 0) {
        return say(why, ERR_DENIED, path, "others may use this secret file: chmod 600 it");
    }
    return OK;
}

static enum err read_fd(int fd, const char *path, char *text, size_t *ret_size,
                        char why[VAULT_WHY_SIZE])
{
    size_t size = 0;
    while (size <= FILE_SIZE_MAX) {
        const ssize_t got = read(fd, text + size, FILE_SIZE_MAX + 1 - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return say(why, ERR_IO, path, strerror(errno));
        }
        if (got == 0) {
            *ret_size = size;
            return OK;
        }
        size += (size_t)got;
    }
    return say(why, ERR_FORMAT, path, "is too large for a key");
}

static enum err read_secret(const char *path, char text[FILE_SIZE_MAX + 1], size_t *ret_size,
                            char why[VAULT_WHY_SIZE])
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return say(why, errno == EACCES ? ERR_DENIED : ERR_IO, path, strerror(errno));
    }
    enum err err = check_owner(fd, path, why);
    if (err == OK) {
        err = read_fd(fd, path, text, ret_size, why);
    }
    (void)close(fd);
    return err;
}

static enum err write_secret(const char *path, const char *text, size_t size,
                             char why[VAULT_WHY_SIZE])
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, SECRET_MODE);
    if (fd < 0) {
        return say(why, ERR_IO, path, strerror(errno));
    }
    const ssize_t put = write(fd, text, size);
    const bool whole = put >= 0 && (size_t)put == size && fsync(fd) == 0;
    const int reason = errno;
    const bool closed = close(fd) == 0;
    if (!whole || !closed || disk_sync_folder_of(path) != OK) {
        (void)unlink(path);
        return say(why, ERR_IO, path, whole ? "cannot be written" : strerror(reason));
    }
    return OK;
}

/* ---- reading the keys ---- */

static enum err read_master(const char *path, struct card_master *master, char why[VAULT_WHY_SIZE])
{
    char text[FILE_SIZE_MAX + 1];
    size_t text_size = 0;
    size_t size = 0;
    enum err err = read_secret(path, text, &text_size, why);
    if (err == OK) {
        while (text_size > 0 && (text[text_size - 1] == '\n' || text[text_size - 1] == '\r')) {
            text_size -= 1;
        }
        if (!hex_parse(text, text_size, master->key, sizeof(master->key), &size, NULL) ||
            size != sizeof(master->key)) {
            err = say(why, ERR_FORMAT, path, "must be 32 hex digits");
        }
    }
    bytes_wipe(text, sizeof(text));
    return err;
}

static enum err read_signing(const char *path, struct ed25519_key **ret_key,
                             char why[VAULT_WHY_SIZE])
{
    char text[FILE_SIZE_MAX + 1];
    size_t size = 0;
    enum err err = read_secret(path, text, &size, why);
    if (err == OK) {
        err = ed25519_private_read(text, size, ret_key);
        if (err != OK) {
            err = say(why, err, path, "is no private Ed25519 key in PEM");
        }
    }
    bytes_wipe(text, sizeof(text));
    return err;
}

enum err vault_open(const struct vault_config *config, struct vault **ret_vault,
                    char ret_why[VAULT_WHY_SIZE])
{
    MUST(config->enabled);
    struct vault *vault = calloc(1, sizeof(*vault));
    if (vault == NULL) {
        return ERR_MEMORY;
    }
    vault->key_id = config->key_id;
    vault->issuer = config->issuer;
    enum err err = read_master(config->master_key_file, &vault->master, ret_why);
    if (err == OK) {
        err = read_signing(config->signing_key_file, &vault->signing, ret_why);
    }
    if (err != OK) {
        vault_close(vault);
        return err;
    }
    *ret_vault = vault;
    return OK;
}

void vault_close(struct vault *vault)
{
    if (vault == NULL) {
        return;
    }
    ed25519_key_destroy(vault->signing);
    bytes_wipe(vault, sizeof(*vault));
    free(vault);
}

/* ---- making new ones ---- */

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static enum err make_master(const char *path, char why[VAULT_WHY_SIZE])
{
    const struct rng_port rng = rng_system();
    struct card_master master;
    char text[2 * CARD_KEY_SIZE + 2];
    rng_fill(&rng, master.key, sizeof(master.key));
    bool fits = hex_format(master.key, sizeof(master.key), /* separator= */ 0, text, sizeof(text));
    MUST(fits);
    text[2 * CARD_KEY_SIZE] = '\n';
    enum err err = write_secret(path, text, 2 * CARD_KEY_SIZE + 1, why);
    bytes_wipe(text, sizeof(text));
    bytes_wipe(&master, sizeof(master));
    return err;
}

static enum err make_signing(const char *path, char why[VAULT_WHY_SIZE])
{
    struct ed25519_key *key = NULL;
    char text[ED25519_PEM_SIZE];
    enum err err = ed25519_make(&key);
    if (err != OK) {
        return say(why, err, path, "no key could be made");
    }
    err = ed25519_private_pem(key, text) ? write_secret(path, text, strlen(text), why)
                                         : say(why, ERR_INTERNAL, path, "no key could be made");
    bytes_wipe(text, sizeof(text));
    ed25519_key_destroy(key);
    return err;
}

enum err vault_make(const struct vault_config *config, char ret_why[VAULT_WHY_SIZE])
{
    MUST(config->enabled);
    enum err err = OK;
    if (!is_there(config->master_key_file)) {
        err = make_master(config->master_key_file, ret_why);
    }
    if (err == OK && !is_there(config->signing_key_file)) {
        err = make_signing(config->signing_key_file, ret_why);
    }
    return err;
}

/* ---- using them ---- */

bool vault_meter_keys(const struct vault *vault, const uint8_t meter[CARD_METER_SIZE],
                      struct card_keys *ret_keys)
{
    return card_keys_derive(&vault->master, meter, ret_keys);
}

const struct ed25519_key *vault_signing_key(const struct vault *vault)
{
    return vault->signing;
}

uint16_t vault_key_id(const struct vault *vault)
{
    return vault->key_id;
}

uint16_t vault_issuer(const struct vault *vault)
{
    return vault->issuer;
}
