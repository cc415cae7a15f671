/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/cardd/wire.h"

#include <errno.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include "common/must.h"
#include "common/str.h"

bool wire_send(int fd, enum wire_kind kind, const char *text, size_t size, bool wait)
{
    char head = (char)kind;
    struct iovec parts[] = {{.iov_base = &head, .iov_len = 1}, {.iov_base = NULL, .iov_len = size}};
    memcpy(&parts[1].iov_base, &text, sizeof(text)); /* sendmsg() only reads it */
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent = 0;
    do {
        sent = sendmsg(fd, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size + 1;
}

enum wire_result wire_take(int fd, struct wire_message *ret_message)
{
    struct iovec parts[] = {
        {.iov_base = &ret_message->kind, .iov_len = 1},
        {.iov_base = ret_message->text, .iov_len = sizeof(ret_message->text) - 1}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t got = 0;
    do {
        got = recvmsg(fd, &message, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
        return WIRE_EMPTY;
    }
    if (got <= 0) {
        return WIRE_CLOSED;
    }
    ret_message->size = (size_t)got - 1;
    ret_message->text[ret_message->size] = '\0';
    return WIRE_GOT;
}

void wire_suspect_format(const struct wire_suspect *suspect, char ret_text[WIRE_SUSPECT_SIZE])
{
    char uid[CARD_UID_TEXT_SIZE];
    card_uid_format(&suspect->uid, uid);
    bool fits = str_format(ret_text, WIRE_SUSPECT_SIZE, "%s %c%c", uid,
                           suspect->slot[0] ? '1' : '0', suspect->slot[1] ? '1' : '0');
    MUST(fits);
}

bool wire_suspect_parse(const char *text, struct wire_suspect *ret_suspect)
{
    struct wire_suspect suspect = {.uid = {.size = 0}};
    char uid[CARD_UID_TEXT_SIZE];
    const char *blank = strchr(text, ' ');
    if (blank == NULL || strlen(blank) != 1 + CARD_SLOTS ||
        !str_copy_bytes(uid, sizeof(uid), text, (size_t)(blank - text)) ||
        !card_uid_parse(uid, &suspect.uid)) {
        return false;
    }
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        suspect.slot[i] = blank[1 + i] == '1';
    }
    *ret_suspect = suspect;
    return true;
}

static size_t find(const struct wire_suspects *suspects, const struct card_uid *uid)
{
    size_t at = 0;
    while (at < suspects->count && !card_uid_equal(&suspects->all[at].uid, uid)) {
        at += 1;
    }
    return at;
}

void wire_suspects_note(struct wire_suspects *suspects, const struct wire_suspect *suspect)
{
    size_t at = find(suspects, &suspect->uid);
    if (at == suspects->count) {
        at = suspects->next;
        suspects->next = (suspects->next + 1) % WIRE_SUSPECTS_MAX;
        suspects->count += suspects->count < WIRE_SUSPECTS_MAX ? 1 : 0;
    }
    suspects->all[at] = *suspect;
}

struct wire_suspect wire_suspects_find(const struct wire_suspects *suspects,
                                       const struct card_uid *uid)
{
    size_t at = find(suspects, uid);
    return at < suspects->count ? suspects->all[at] : (struct wire_suspect){.uid = *uid};
}
