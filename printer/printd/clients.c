/* SPDX-License-Identifier: Apache-2.0 */
#include "printer/printd/clients.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

struct client {
    int fd; /* -1: free */
    char in[PRINTJOB_LINE_SIZE];
    size_t in_size;
    char out[CLIENTS_OUT_SIZE];
    size_t out_size;
    char watched[CLIENTS_JOBS_MAX][ID_TEXT_SIZE]; /* "": free */
    size_t watched_next;
};

struct clients {
    const struct settings *settings; /* borrowed */
    clients_handler *handler;
    void *context;
    int listen_fd;
    struct sockaddr_un address;
    struct client all[CLIENTS_MAX];
};

static void client_close(struct client *client)
{
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    client->fd = -1;
}

/* --- listening ------------------------------------------------------------------------------- */

/* A socket that nobody answers on is what a killed process left behind. */
static bool is_stale(const struct sockaddr_un *address)
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

/* Remove a socket that an earlier life left behind; anything else at that path is not ours. */
static enum err stale_remove(const struct sockaddr_un *address)
{
    struct stat info;
    const char *path = address->sun_path;
    if (lstat(path, &info) != 0) {
        return errno == ENOENT ? OK : ERR_DENIED;
    }
    if (!S_ISSOCK(info.st_mode)) {
        return ERR_EXISTS;
    }
    if (!is_stale(address)) {
        return ERR_CONFLICT;
    }
    return unlink(path) == 0 ? OK : ERR_DENIED;
}

static enum err listen_begin(struct clients *clients)
{
    const char *path = clients->settings->socket;
    clients->address.sun_family = AF_UNIX;
    bool fits = str_copy(clients->address.sun_path, sizeof(clients->address.sun_path), path);
    MUST(fits);
    enum err err = stale_remove(&clients->address);
    if (err != OK) {
        return err;
    }
    clients->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (clients->listen_fd < 0) {
        return ERR_IO;
    }
    if (bind(clients->listen_fd, (const struct sockaddr *)&clients->address,
             sizeof(clients->address)) != 0) {
        return ERR_DENIED;
    }
    /* Who may come in is decided by what the kernel says of them, not by the file's mode. */
    if (chmod(path, 0666) != 0 || listen(clients->listen_fd, CLIENTS_MAX) != 0) {
        return ERR_IO;
    }
    return OK;
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
        client_close(&clients->all[i]);
    }
    if (clients->listen_fd >= 0) {
        (void)close(clients->listen_fd);
    }
    if (clients->address.sun_path[0] != '\0') {
        (void)unlink(clients->address.sun_path);
    }
    free(clients);
}

static bool is_allowed(const struct settings *settings, int fd)
{
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return false;
    }
    bool allowed = peer.uid == 0 || peer.uid == getuid();
    for (size_t i = 0; i < settings->uid_count; i++) {
        allowed = allowed || peer.uid == settings->uids[i];
    }
    if (!allowed) {
        log_warn("user %u may not print; hung up", (unsigned)peer.uid);
    }
    return allowed;
}

static void accept_one(struct clients *clients)
{
    int fd = accept4(clients->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < CLIENTS_MAX && is_allowed(clients->settings, fd); i++) {
        struct client *client = &clients->all[i];
        if (client->fd < 0) {
            memset(client, 0, sizeof(*client));
            client->fd = fd;
            return;
        }
    }
    (void)close(fd);
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void client_flush(struct client *client)
{
    while (client->fd >= 0 && client->out_size > 0) {
        ssize_t sent = send(client->fd, client->out, client->out_size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            if (errno != EAGAIN) {
                client_close(client);
            }
            return;
        }
        client->out_size -= (size_t)sent;
        memmove(client->out, client->out + sent, client->out_size);
    }
}

static void client_lines(struct clients *clients, struct client *client)
{
    size_t at = 0;
    while (client->fd >= 0) {
        const char *end = memchr(client->in + at, '\n', client->in_size - at);
        if (end == NULL) {
            break;
        }
        size_t size = (size_t)(end - (client->in + at));
        clients->handler(clients->context, client, client->in + at, size);
        at += size + 1;
    }
    if (client->fd < 0) {
        return;
    }
    client->in_size -= at;
    memmove(client->in, client->in + at, client->in_size);
    if (client->in_size == sizeof(client->in)) {
        log_warn("a client sent a line without an end; hung up");
        client_close(client);
    }
}

static void client_read(struct clients *clients, struct client *client)
{
    ssize_t got =
        recv(client->fd, client->in + client->in_size, sizeof(client->in) - client->in_size, 0);
    if (got > 0) {
        client->in_size += (size_t)got;
        client_lines(clients, client);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        client_close(client);
    }
}

size_t clients_poll(const struct clients *clients, struct pollfd *ret_fds)
{
    static const short wanted[] = {POLLIN, POLLIN | POLLOUT};
    ret_fds[0] = (struct pollfd){.fd = clients->listen_fd, .events = POLLIN};
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        const struct client *client = &clients->all[i];
        /* poll() passes over an entry with a negative descriptor. */
        ret_fds[i + 1] =
            (struct pollfd){.fd = client->fd, .events = wanted[client->out_size > 0 ? 1 : 0]};
    }
    return CLIENTS_FDS_MAX;
}

void clients_turn(struct clients *clients, const struct pollfd *fds, size_t count)
{
    MUST(count == CLIENTS_FDS_MAX);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &clients->all[i];
        int events = fds[i + 1].fd == client->fd ? fds[i + 1].revents : 0;
        if (client->fd >= 0 && (events & POLLOUT) != 0) {
            client_flush(client);
        }
        if (client->fd >= 0 && (events & (POLLIN | POLLHUP | POLLERR)) != 0) {
            client_read(clients, client);
        }
    }
    if ((fds[0].revents & POLLIN) != 0) {
        accept_one(clients);
    }
}

/* --- words ----------------------------------------------------------------------------------- */

void clients_answer(struct client *client, const struct printjob_answer *answer)
{
    if (client->fd < 0) {
        return;
    }
    size_t room = sizeof(client->out) - client->out_size;
    if (room < 2 || !printjob_answer_encode(answer, client->out + client->out_size, room)) {
        log_warn("a client does not read its answers; hung up");
        client_close(client);
        return;
    }
    client->out_size += strlen(client->out + client->out_size);
    client_flush(client);
}

void clients_refuse(struct client *client)
{
    client_close(client);
}

static char *watch_find(struct client *client, const char *job_id)
{
    for (size_t i = 0; i < CLIENTS_JOBS_MAX; i++) {
        if (str_equal(client->watched[i], job_id)) {
            return client->watched[i];
        }
    }
    return NULL;
}

void clients_watch(struct client *client, const char job_id[ID_TEXT_SIZE])
{
    if (watch_find(client, job_id) == NULL) {
        bool fits = str_copy(client->watched[client->watched_next], ID_TEXT_SIZE, job_id);
        MUST(fits);
        client->watched_next = (client->watched_next + 1) % CLIENTS_JOBS_MAX;
    }
}

void clients_tell(struct clients *clients, const struct printjob_answer *answer)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &clients->all[i];
        if (client->fd < 0) {
            continue;
        }
        char *watched = answer->is_device ? NULL : watch_find(client, answer->job_id);
        if (answer->is_device || watched != NULL) {
            clients_answer(client, answer);
        }
        if (watched != NULL) {
            watched[0] = '\0';
        }
    }
}
