/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection a credit: who are you, the codes of the authentication, the codes of the
 * purchase. A service whose key is known to everybody is refused before it is asked for anything.
 */
#include "cloud/orders/mac_port.h"

#include <errno.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum {
    LINE_SIZE = 1024,
    FINGERPRINT_TEXT_SIZE = 65,
    TIMEOUT_S = 3, /* a line; three lines a credit */
};

/* SHA-256 of keys that are published: the key service of our own demos. */
static const char *const TEST_FINGERPRINTS[] = {
    "c4dda89bf71f499d1a25999c7679420a24ba2702c7af3eac3174a92485ced982",
};

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!str_copy(address.sun_path, sizeof(address.sun_path), path)) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) != 0 ||
        connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static enum err send_line(int fd, const char *line, size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t n = send(fd, line + sent, size - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ERR_UNAVAILABLE;
        }
        sent += (size_t)n;
    }
    return OK;
}

/* Up to the line end; nothing may follow it, since only one question is open. */
static enum err receive_line(int fd, char line[LINE_SIZE], size_t *ret_size)
{
    size_t used = 0;
    while (used < LINE_SIZE) {
        ssize_t n = recv(fd, line + used, LINE_SIZE - used, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN ? ERR_TIMEOUT : ERR_UNAVAILABLE;
        }
        if (n == 0) {
            return ERR_UNAVAILABLE;
        }
        used += (size_t)n;
        if (line[used - 1] == '\n') {
            *ret_size = used - 1;
            return OK;
        }
    }
    return ERR_FORMAT;
}

/* Ask and read the answer (@own in ret_answer). Takes over @p question. */
static enum err exchange(int fd, json_t *question, json_t **ret_answer)
{
    char line[LINE_SIZE];
    size_t size = 0;
    bool fits = json_print(question, line, sizeof(line) - 1);
    json_decref(question);
    if (!fits) {
        return ERR_RANGE;
    }
    size = strlen(line);
    line[size] = '\n';
    enum err err = send_line(fd, line, size + 1);
    if (err == OK) {
        err = receive_line(fd, line, &size);
    }
    if (err != OK) {
        return err;
    }
    json_t *answer = json_parse_object(line, size, LINE_SIZE);
    if (answer == NULL) {
        return ERR_FORMAT;
    }
    if (json_object_get(answer, "error") != NULL) {
        json_decref(answer);
        return ERR_DENIED;
    }
    *ret_answer = answer;
    return OK;
}

static bool take_hex(struct json_reader *r, const char *name, uint8_t *ret_bytes, size_t size)
{
    char text[2 * 8 + 1];
    size_t got = 0;
    json_text(r, name, text, sizeof(text));
    return !json_failed(r) && hex_parse(text, strlen(text), ret_bytes, size, &got, NULL) &&
           got == size;
}

static bool is_test_key(const char *fingerprint)
{
    for (size_t i = 0; i < ARRAY_COUNT(TEST_FINGERPRINTS); i++) {
        if (str_equal(fingerprint, TEST_FINGERPRINTS[i])) {
            return true;
        }
    }
    return false;
}

static enum err check_service(int fd, bool test_keys_allowed)
{
    json_t *question = json_object();
    json_t *answer = NULL;
    json_put_text(question, "op", "fingerprint");
    enum err err = exchange(fd, question, &answer);
    if (err != OK) {
        return err;
    }
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    struct json_reader r = json_reader(answer);
    json_text(&r, "fingerprint", fingerprint, sizeof(fingerprint));
    if (json_failed(&r)) {
        err = ERR_FORMAT;
    } else if (!test_keys_allowed && is_test_key(fingerprint)) {
        err = ERR_DENIED;
    }
    json_decref(answer);
    return err;
}

static enum err ask_identity(int fd, const struct mac_request *request, struct mac_codes *codes)
{
    json_t *question = json_object();
    json_t *answer = NULL;
    json_put_text(question, "op", "identity");
    json_put_text(question, "meter", request->meter);
    enum err err = exchange(fd, question, &answer);
    if (err != OK) {
        return err;
    }
    struct json_reader r = json_reader(answer);
    if (!take_hex(&r, "cipher1", codes->cipher1, sizeof(codes->cipher1)) ||
        !take_hex(&r, "random1", codes->random1, sizeof(codes->random1)) ||
        !take_hex(&r, "factor", codes->factor, sizeof(codes->factor))) {
        err = ERR_FORMAT;
    }
    json_decref(answer);
    return err;
}

static enum err ask_recharge(int fd, const struct mac_request *request, struct mac_codes *codes)
{
    json_t *question = json_object();
    json_t *answer = NULL;
    json_put_text(question, "op", "recharge");
    json_put_text(question, "meter", request->meter);
    json_put_text(question, "customer", request->customer);
    json_put_int(question, "amount_fen", request->amount.fen);
    json_put_int(question, "count", request->count);
    enum err err = exchange(fd, question, &answer);
    if (err != OK) {
        return err;
    }
    struct json_reader r = json_reader(answer);
    if (!take_hex(&r, "mac1", codes->mac1, sizeof(codes->mac1)) ||
        !take_hex(&r, "mac2", codes->mac2, sizeof(codes->mac2))) {
        err = ERR_FORMAT;
    }
    json_decref(answer);
    return err;
}

enum err mac_port_ask(const struct mac_request *request, struct mac_codes *ret_codes)
{
    MUST(request->amount.fen > 0);
    struct mac_codes codes = {0};
    int fd = connect_to(request->path);
    if (fd < 0) {
        return ERR_UNAVAILABLE;
    }
    enum err err = check_service(fd, request->test_keys_allowed);
    if (err == OK) {
        err = ask_identity(fd, request, &codes);
    }
    if (err == OK) {
        err = ask_recharge(fd, request, &codes);
    }
    (void)close(fd);
    if (err == OK) {
        *ret_codes = codes;
    }
    return err;
}
