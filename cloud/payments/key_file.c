/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/key_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/payments/test_keys.h"
#include "common/bytes.h"
#include "common/str.h"

enum { FILE_SIZE_MAX = RSA_KEY_TEXT_SIZE_MAX };

struct content {
    char bytes[FILE_SIZE_MAX + 1];
    size_t size;
};

static enum err say(const struct key_message *message, enum err err, const char *path,
                    const char *what)
{
    str_format_cut(message->text, message->size, "%s: %s", path, what);
    return err;
}

static enum err check_owner(int fd, enum key_file_kind kind, const char *path,
                            const struct key_message *message)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return say(message, ERR_IO, path, "is not a file");
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        return say(message, ERR_DENIED, path, "belongs to another user");
    }
    unsigned bad = kind == KEY_FILE_SECRET ? 0077U : 0022U;
    if ((status.st_mode & bad) != 0) {
        return say(message, ERR_DENIED, path,
                   kind == KEY_FILE_SECRET ? "others may use this secret file: chmod 600 it"
                                           : "others may change this file: chmod go-w it");
    }
    return OK;
}

static enum err read_fd(int fd, const char *path, const struct key_message *message,
                        struct content *content)
{
    content->size = 0;
    while (content->size < sizeof(content->bytes)) {
        ssize_t got =
            read(fd, content->bytes + content->size, sizeof(content->bytes) - content->size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return say(message, ERR_IO, path, strerror(errno));
        }
        if (got == 0) {
            return OK;
        }
        content->size += (size_t)got;
    }
    return say(message, ERR_FORMAT, path, "is too large for a key");
}

static enum err read_file(const char *path, enum key_file_kind kind,
                          const struct key_message *message, struct content *content)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return say(message, errno == EACCES ? ERR_DENIED : ERR_IO, path, strerror(errno));
    }
    enum err err = check_owner(fd, kind, path, message);
    if (err == OK) {
        err = read_fd(fd, path, message, content);
    }
    (void)close(fd);
    return err;
}

static enum err check_fingerprint(const char *path, bool allow_test,
                                  const struct key_message *message, const char *fingerprint)
{
    if (!allow_test && test_keys_contain(fingerprint)) {
        return say(message, ERR_DENIED, path, "is a simulator's key: not with mode = \"live\"");
    }
    return OK;
}

static enum err check_key(const char *path, bool allow_test, const struct key_message *message,
                          const struct rsa_key *key)
{
    char fingerprint[DIGEST_HEX_SIZE];
    if (!rsa_key_fingerprint(key, fingerprint)) {
        return say(message, ERR_INTERNAL, path, "its fingerprint cannot be made");
    }
    return check_fingerprint(path, allow_test, message, fingerprint);
}

static enum err key_read(const char *path, enum key_file_kind kind,
                         const struct key_message *message, struct rsa_key **ret_key)
{
    struct content *content = calloc(1, sizeof(*content));
    if (content == NULL) {
        return say(message, ERR_MEMORY, path, "no memory");
    }
    enum err err = read_file(path, kind, message, content);
    if (err == OK) {
        err = kind == KEY_FILE_SECRET ? rsa_private_read(content->bytes, content->size, ret_key)
                                      : rsa_public_read(content->bytes, content->size, ret_key);
        if (err == ERR_RANGE) {
            (void)say(message, err, path, "has fewer than 2048 bits");
        } else if (err != OK) {
            (void)say(message, err, path,
                      kind == KEY_FILE_SECRET ? "is no RSA private key"
                                              : "is no RSA public key or certificate");
        }
    }
    bytes_wipe(content, sizeof(*content));
    free(content);
    return err;
}

static enum err key_read_checked(const char *path, enum key_file_kind kind, bool allow_test,
                                 const struct key_message *message, struct rsa_key **ret_key)
{
    struct rsa_key *key = NULL;
    enum err err = key_read(path, kind, message, &key);
    if (err == OK) {
        err = check_key(path, allow_test, message, key);
    }
    if (err != OK) {
        rsa_key_destroy(key);
        return err;
    }
    *ret_key = key;
    return OK;
}

enum err key_file_private(const char *path, bool allow_test, const struct key_message *message,
                          struct rsa_key **ret_key)
{
    return key_read_checked(path, KEY_FILE_SECRET, allow_test, message, ret_key);
}

enum err key_file_public(const char *path, bool allow_test, const struct key_message *message,
                         struct rsa_key **ret_key)
{
    return key_read_checked(path, KEY_FILE_PUBLIC, allow_test, message, ret_key);
}

static enum err check_certs(const char *path, bool allow_test, const struct key_message *message,
                            const struct cert_list *list)
{
    char fingerprint[DIGEST_HEX_SIZE];
    enum err err = OK;
    for (size_t i = 0; err == OK && i < cert_list_count(list); i++) {
        err = cert_key_fingerprint(list, i, fingerprint)
                  ? check_fingerprint(path, allow_test, message, fingerprint)
                  : say(message, ERR_INTERNAL, path, "its fingerprint cannot be made");
    }
    return err;
}

enum err key_file_certs(const char *path, bool allow_test, const struct key_message *message,
                        struct cert_list **ret_list)
{
    struct cert_list *list = NULL;
    struct content *content = calloc(1, sizeof(*content));
    if (content == NULL) {
        return say(message, ERR_MEMORY, path, "no memory");
    }
    enum err err = read_file(path, KEY_FILE_PUBLIC, message, content);
    if (err == OK) {
        err = cert_list_read(content->bytes, content->size, &list);
        if (err != OK) {
            (void)say(message, err, path, "holds no readable certificate");
        }
    }
    free(content);
    if (err == OK) {
        err = check_certs(path, allow_test, message, list);
    }
    if (err != OK) {
        cert_list_destroy(list);
        return err;
    }
    *ret_list = list;
    return OK;
}

enum err key_file_text(const char *path, bool allow_test, const struct key_message *message,
                       uint8_t *ret_key, size_t size)
{
    struct content *content = calloc(1, sizeof(*content));
    if (content == NULL) {
        return say(message, ERR_MEMORY, path, "no memory");
    }
    char fingerprint[DIGEST_HEX_SIZE];
    enum err err = read_file(path, KEY_FILE_SECRET, message, content);
    if (err == OK && content->size > 0 && content->bytes[content->size - 1] == '\n') {
        content->size -= 1;
    }
    if (err == OK && content->size != size) {
        err = say(message, ERR_FORMAT, path, "must hold exactly 32 characters");
    }
    if (err == OK && !digest_hex(DIGEST_SHA256, content->bytes, size, fingerprint)) {
        err = say(message, ERR_INTERNAL, path, "its fingerprint cannot be made");
    }
    if (err == OK && !allow_test && test_keys_contain(fingerprint)) {
        err = say(message, ERR_DENIED, path, "is a simulator's key: not with mode = \"live\"");
    }
    if (err == OK) {
        memcpy(ret_key, content->bytes, size);
    }
    bytes_wipe(content, sizeof(*content));
    free(content);
    return err;
}
