/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/cardd/clients.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

struct client {
    int fd; /* -1: free */
    uint64_t number;
    enum cardlink_mode wants;
    size_t in_size;
    size_t out_size;
    char in[CARDLINK_LINE_SIZE];
    char out[CLIENTS_OUT_SIZE];
};

struct clients {
    const struct settings *settings; /* borrowed */
    clients_handler *handler;
    void *context;
    int listen_fd;
    uint64_t last_number;
    struct sockaddr_un address;
    struct client all[CLIENTS_MAX];
};

static void hang_up(struct client *client)
{
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    client->fd = -1;
    client->number = CLIENTS_NOBODY;
    client->wants = CARDLINK_OFF;
    bytes_wipe(client->in, sizeof(client->in)); /* keys came in */
}

static struct client *find(struct clients *clients, uint64_t number)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (clients->all[i].fd >= 0 && clients->all[i].number == number) {
            return &clients->all[i];
        }
    }
    return NULL;
}

/* --- listening ------------------------------------------------------------------------------- */

/* A socket that nobody answers on is what a killed process left behind. */
static bool nobody_answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
                   errno == ECONNREFUSED;
    (void)close(fd);
    return refused;
}

static enum err make_room(const struct sockaddr_un *address)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0) {
        return errno == ENOENT ? OK : ERR_DENIED;
    }
    if (!S_ISSOCK(info.st_mode)) {
        return ERR_EXISTS;
    }
    if (!nobody_answers(address)) {
        return ERR_CONFLICT;
    }
    return unlink(address->sun_path) == 0 ? OK : ERR_DENIED;
}

static enum err listen_begin(struct clients *clients)
{
    struct sockaddr_un *address = &clients->address;
    address->sun_family = AF_UNIX;
    bool fits = str_copy(address->sun_path, sizeof(address->sun_path), clients->settings->socket);
    MUST(fits);
    enum err err = make_room(address);
    if (err != OK) {
        return err;
    }
    clients->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (clients->listen_fd < 0) {
        return ERR_IO;
    }
    if (bind(clients->listen_fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
        return ERR_DENIED;
    }
    /* Who may come in is decided by what the kernel says of them, not by the file's mode. */
    bool open = chmod(address->sun_path, 0666) == 0 && listen(clients->listen_fd, CLIENTS_MAX) == 0;
    return open ? OK : ERR_IO;
}

enum err clients_create(const struct settings *settings, clients_handler *handler, void *context,
                        struct clients **ret_clients)
{
    struct clients *clients = calloc(1, sizeof(*clients));
    if (clients == NULL) {
        return ERR_MEMORY;
    }
    clients->settings = settings;
    clients->handler = handler;
    clients->context = context;
    clients->listen_fd = -1;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        clients->all[i].fd = -1;
    }
    enum err err = listen_begin(clients);
    if (err != OK) {
        clients->address.sun_path[0] = '\0'; /* not ours to remove */
        clients_destroy(clients);
        return err;
    }
    *ret_clients = clients;
    return OK;
}

void clients_destroy(struct clients *clients)
{
    if (clients == NULL) {
        return;
    }
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        hang_up(&clients->all[i]);
    }
    if (clients->listen_fd >= 0) {
        (void)close(clients->listen_fd);
    }
    if (clients->address.sun_path[0] != '\0') {
        (void)unlink(clients->address.sun_path);
    }
    free(clients);
}

static bool may_ask(const struct settings *settings, int fd)
{
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return false;
    }
    bool may = peer.uid == 0 || peer.uid == getuid();
    for (size_t i = 0; i < settings->uid_count; i++) {
        may = may || peer.uid == settings->uids[i];
    }
    if (!may) {
        log_warn("user %u may not use the card reader; hung up", (unsigned)peer.uid);
    }
    return may;
}

static void take_in(struct clients *clients)
{
    int fd = accept4(clients->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < CLIENTS_MAX && may_ask(clients->settings, fd); i++) {
        struct client *client = &clients->all[i];
        if (client->fd < 0) {
            client->fd = fd;
            client->in_size = 0;
            client->out_size = 0;
            client->wants = CARDLINK_OFF;
            client->number = ++clients->last_number;
            return;
        }
    }
    (void)close(fd);
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void push_out(struct client *client)
{
    while (client->fd >= 0 && client->out_size > 0) {
        ssize_t sent = send(client->fd, client->out, client->out_size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            if (errno != EAGAIN) {
                hang_up(client);
            }
            return;
        }
        client->out_size -= (size_t)sent;
        memmove(client->out, client->out + sent, client->out_size);
    }
}

/* Hand on the whole lines that came. The handler may hang up on the client. */
static void hand_on(struct clients *clients, struct client *client)
{
    size_t at = 0;
    while (client->fd >= 0) {
        const char *end = memchr(client->in + at, '\n', client->in_size - at);
        if (end == NULL) {
            break;
        }
        size_t size = (size_t)(end - (client->in + at));
        clients->handler(clients->context, client->number, client->in + at, size);
        at += size + 1;
    }
    if (client->fd < 0) {
        return;
    }
    client->in_size -= at;
    memmove(client->in, client->in + at, client->in_size);
    bytes_wipe(client->in + client->in_size, at);
    if (client->in_size == sizeof(client->in)) {
        log_warn("a client sent a line without an end; hung up");
        hang_up(client);
    }
}

static void pull_in(struct clients *clients, struct client *client)
{
    ssize_t got =
        recv(client->fd, client->in + client->in_size, sizeof(client->in) - client->in_size, 0);
    if (got > 0) {
        client->in_size += (size_t)got;
        hand_on(clients, client);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        hang_up(client);
    }
}

void clients_poll(const struct clients *clients, struct pollfd ret_fds[CLIENTS_FDS_MAX])
{
    ret_fds[0] = (struct pollfd){.fd = clients->listen_fd, .events = POLLIN};
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        const struct client *client = &clients->all[i];
        int events = client->out_size > 0 ? POLLIN | POLLOUT : POLLIN;
        /* poll() passes over an entry with a negative descriptor. */
        ret_fds[i + 1] = (struct pollfd){.fd = client->fd, .events = (short)events};
    }
}

void clients_turn(struct clients *clients, const struct pollfd fds[CLIENTS_FDS_MAX])
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &clients->all[i];
        int events = fds[i + 1].fd == client->fd ? fds[i + 1].revents : 0;
        if (client->fd >= 0 && (events & POLLOUT) != 0) {
            push_out(client);
        }
        if (client->fd >= 0 && (events & (POLLIN | POLLHUP | POLLERR)) != 0) {
            pull_in(clients, client);
        }
    }
    if ((fds[0].revents & POLLIN) != 0) {
        take_in(clients);
    }
}

/* --- words ----------------------------------------------------------------------------------- */

static void say(struct client *client, const char *line)
{
    size_t size = strlen(line);
    if (size > sizeof(client->out) - client->out_size) {
        log_warn("a client does not read what it is told; hung up");
        hang_up(client);
        return;
    }
    memcpy(client->out + client->out_size, line, size);
    client->out_size += size;
    push_out(client);
}

void clients_say(struct clients *clients, uint64_t client, const char *line)
{
    struct client *found = find(clients, client);
    if (found != NULL) {
        say(found, line);
    }
}

void clients_say_all(struct clients *clients, const char *line)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (clients->all[i].fd >= 0) {
            say(&clients->all[i], line);
        }
    }
}

void clients_refuse(struct clients *clients, uint64_t client)
{
    struct client *found = find(clients, client);
    if (found != NULL) {
        hang_up(found);
    }
}

void clients_want(struct clients *clients, uint64_t client, enum cardlink_mode mode)
{
    struct client *found = find(clients, client);
    if (found != NULL) {
        found->wants = mode;
    }
}

enum cardlink_mode clients_wanted(const struct clients *clients)
{
    enum cardlink_mode wanted = CARDLINK_OFF;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (clients->all[i].fd >= 0 && clients->all[i].wants > wanted) {
            wanted = clients->all[i].wants;
        }
    }
    return wanted;
}
