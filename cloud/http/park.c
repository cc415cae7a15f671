/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parked requests: places with a generation count, so that a ticket can be tried at any time by
 * anybody and finds its request exactly once, and a wheel of 50 ms slots that ends each wait. MHD
 * neither times a suspended connection out nor notices that its client has left, so this is the
 * only thing that ends one. The timer thread sleeps while nothing is parked, but for a glance at
 * connections that dribble their request.
 */

#include "cloud/http/http_internal.h"
#include "common/must.h"
#include "protocol/api/error.h"

enum {
    STOP_WAIT_MS = 20000, /* a store with a slow disk may still be committing */
    SEND_WAIT_MS = 3000,  /* for answers to leave; who does not read his, has waited long enough */
};

void park_init(struct http_server *server)
{
    for (int32_t i = 0; i < HTTP_PARKED_MAX; i++) {
        server->parked[i].next = i + 1 < HTTP_PARKED_MAX ? i + 1 : -1;
        server->parked[i].generation = 1;
    }
    for (size_t i = 0; i < HTTP_WHEEL_SLOTS; i++) {
        server->wheel[i] = -1;
    }
    server->parked_free = 0;
}

static void unlink_place(struct http_server *server, int32_t at)
{
    struct parked *place = &server->parked[at];
    if (place->prev >= 0) {
        server->parked[place->prev].next = place->next;
    } else {
        server->wheel[place->slot] = place->next;
    }
    if (place->next >= 0) {
        server->parked[place->next].prev = place->prev;
    }
}

/* Take the request out of its place; the ticket is worth nothing from here on. */
static struct http_request *empty_place(struct http_server *server, int32_t at)
{
    struct parked *place = &server->parked[at];
    struct http_request *request = place->request;
    MUST(request != NULL && server->parked_count > 0);
    unlink_place(server, at);
    place->request = NULL;
    place->generation += 1;
    place->next = server->parked_free;
    server->parked_free = at;
    server->parked_count -= 1;
    return request;
}

struct http_ticket http_park(struct http_request *request, uint32_t timeout_ms,
                             http_handler on_timeout, void *self)
{
    struct http_server *server = request->server;
    MUST(request->phase == REQUEST_RUN && !request->was_parked);
    MUST(timeout_ms >= 1 && timeout_ms <= HTTP_PARK_MS_MAX);
    request->was_parked = true;
    request->on_timeout = on_timeout;
    request->timeout_self = self;
    /* Before the ticket exists: from then on anybody may resume. */
    MHD_suspend_connection(request->mhd);
    monitor_enter(&server->monitor);
    int32_t at = server->parked_free;
    MUST(at >= 0); /* more places than connections */
    struct parked *place = &server->parked[at];
    server->parked_free = place->next;
    if (server->parked_count == 0) {
        server->wheel_tick = server_now_ms() / HTTP_TICK_MS;
    }
    int64_t due_tick = (server_now_ms() + timeout_ms) / HTTP_TICK_MS + 1;
    place->request = request;
    place->slot = (uint32_t)(due_tick % HTTP_WHEEL_SLOTS);
    place->prev = -1;
    place->next = server->wheel[place->slot];
    if (place->next >= 0) {
        server->parked[place->next].prev = at;
    }
    server->wheel[place->slot] = at;
    server->parked_count += 1;
    server->unanswered_count += 1;
    struct http_ticket ticket = {.id = (uint64_t)place->generation << 32 | (uint32_t)(at + 1)};
    monitor_notify(&server->monitor);
    monitor_leave(&server->monitor);
    return ticket;
}

struct http_request *http_take(struct http_server *server, struct http_ticket ticket)
{
    uint32_t place_number = (uint32_t)(ticket.id & UINT32_MAX);
    if (place_number == 0 || place_number > HTTP_PARKED_MAX) {
        return NULL;
    }
    int32_t at = (int32_t)place_number - 1;
    struct http_request *request = NULL;
    monitor_enter(&server->monitor);
    const struct parked *place = &server->parked[at];
    if (place->request != NULL && place->generation == (uint32_t)(ticket.id >> 32)) {
        request = empty_place(server, at);
    }
    monitor_leave(&server->monitor);
    return request;
}

void park_resume(struct http_request *request)
{
    if (!request->was_parked) {
        return;
    }
    struct http_server *server = request->server;
    MHD_resume_connection(request->mhd);
    monitor_enter(&server->monitor);
    MUST(server->unanswered_count > 0);
    server->unanswered_count -= 1;
    if (server->unanswered_count == 0) {
        monitor_notify(&server->monitor);
    }
    monitor_leave(&server->monitor);
}

static void end_wait(struct http_request *request)
{
    request->was_timeout = true;
    if (request->on_timeout != NULL) {
        request->on_timeout(request, request->timeout_self);
    } else {
        http_reply_error(request, 503, API_ERROR_BUSY, "no answer in time", NULL);
    }
}

/* One request of a tick that has passed, or NULL. Called inside the monitor. */
static struct http_request *next_due(struct http_server *server, int64_t now_tick)
{
    while (server->parked_count > 0 && server->wheel_tick <= now_tick) {
        int32_t at = server->wheel[server->wheel_tick % HTTP_WHEEL_SLOTS];
        if (at >= 0) {
            return empty_place(server, at);
        }
        server->wheel_tick += 1;
    }
    return NULL;
}

static void wait_for_tick(struct http_server *server)
{
    if (server->parked_count > 0) {
        (void)monitor_wait_ms(&server->monitor, HTTP_TICK_MS);
    } else {
        (void)monitor_wait_ms(&server->monitor, HTTP_SWEEP_MS);
    }
}

static void *timer_main(void *arg)
{
    struct http_server *server = arg;
    int64_t swept_ms = server_now_ms();
    monitor_enter(&server->monitor);
    while (!server->timer_stop) {
        struct http_request *request = next_due(server, server_now_ms() / HTTP_TICK_MS);
        bool sweep = server_now_ms() - swept_ms >= HTTP_SWEEP_MS;
        if (request == NULL && !sweep) {
            wait_for_tick(server);
            continue;
        }
        monitor_leave(&server->monitor);
        if (request != NULL) {
            end_wait(request);
        }
        if (sweep) {
            server_sweep(server);
            swept_ms = server_now_ms();
        }
        monitor_enter(&server->monitor);
    }
    monitor_leave(&server->monitor);
    return NULL;
}

bool park_start_timer(struct http_server *server)
{
    server->timer_started = pthread_create(&server->timer, NULL, timer_main, server) == 0;
    return server->timer_started;
}

void park_count_active(struct http_server *server, bool begins)
{
    monitor_enter(&server->monitor);
    MUST(begins || server->active_count > 0);
    server->active_count = begins ? server->active_count + 1 : server->active_count - 1;
    if (server->active_count == 0) {
        monitor_notify(&server->monitor);
    }
    monitor_leave(&server->monitor);
}

static void answer_all_parked(struct http_server *server)
{
    for (int32_t at = 0; at < HTTP_PARKED_MAX; at++) {
        monitor_enter(&server->monitor);
        struct http_request *request =
            server->parked[at].request != NULL ? empty_place(server, at) : NULL;
        monitor_leave(&server->monitor);
        if (request != NULL) {
            http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, "the server is stopping",
                             NULL);
        }
    }
}

bool park_stop(struct http_server *server)
{
    monitor_enter(&server->monitor);
    server->stopping = true;
    monitor_leave(&server->monitor);
    answer_all_parked(server);
    int64_t deadline_ms = server_now_ms() + STOP_WAIT_MS;
    monitor_enter(&server->monitor);
    while (server->unanswered_count > 0 && server_now_ms() < deadline_ms) {
        (void)monitor_wait_ms(&server->monitor, 100);
        monitor_leave(&server->monitor);
        answer_all_parked(server); /* one may have been on its way into a place */
        monitor_enter(&server->monitor);
    }
    bool all = server->unanswered_count == 0;
    deadline_ms = server_now_ms() + SEND_WAIT_MS;
    while (server->active_count > 0 && server_now_ms() < deadline_ms) {
        (void)monitor_wait_ms(&server->monitor, 100);
    }
    server->timer_stop = true;
    monitor_notify(&server->monitor);
    monitor_leave(&server->monitor);
    if (server->timer_started) {
        (void)pthread_join(server->timer, NULL);
        server->timer_started = false;
    }
    return all;
}
