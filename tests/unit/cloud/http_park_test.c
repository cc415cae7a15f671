/* SPDX-License-Identifier: Apache-2.0 */

/* Requests that are parked: each is answered exactly once, whoever comes first. */

#include <pthread.h>

#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/http_client.h"
#include "tests/unit/cloud/http_steps.h"

static int parked_so_far(void)
{
    (void)pthread_mutex_lock(&board.mutex);
    int count = board.count;
    (void)pthread_mutex_unlock(&board.mutex);
    return count;
}

static int answer_all(void)
{
    int answered = 0;
    int count = parked_so_far();
    for (int i = 0; i < count; i++) {
        struct http_request *request = http_take(board.server, board.tickets[i]);
        if (request == NULL) {
            continue;
        }
        if (http_take(board.server, board.tickets[i]) != NULL) {
            atomic_fetch_add(&board.twice, 1);
        }
        http_reply_text(request, 200, "text/plain", "news", 4);
        answered += 1;
    }
    return answered;
}

struct caller {
    pthread_t thread;
    struct http_server *server;
    const char *path;
    long status;
    char body[16];
};

static void *call_and_wait(void *arg)
{
    struct caller *caller = arg;
    struct client_answer *own = malloc(sizeof(*own));
    if (own == NULL) {
        return NULL;
    }
    struct client_call call = {.port = http_server_port(caller->server, HTTP_FOR_PUBLIC),
                               .path = caller->path};
    client_send(&call, own);
    caller->status = own->status;
    (void)snprintf(caller->body, sizeof(caller->body), "%.15s", own->body);
    free(own);
    return NULL;
}

static bool start_callers(struct http_server *server, struct caller *callers, int count,
                          const char *path)
{
    for (int i = 0; i < count; i++) {
        callers[i] = (struct caller){.server = server, .path = path};
        if (pthread_create(&callers[i].thread, NULL, call_and_wait, &callers[i]) != 0) {
            return false;
        }
    }
    return true;
}

static int join_callers(struct caller *callers, int count, long status)
{
    int as_wanted = 0;
    for (int i = 0; i < count; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        as_wanted += callers[i].status == status ? 1 : 0;
    }
    return as_wanted;
}

static void wait_until_parked(int count)
{
    for (int i = 0; i < 1000 && parked_so_far() < count; i++) {
        clock_system_wait_ms(5);
    }
}

TEST(parked_requests_are_answered_once)
{
    enum { COUNT = 60 };
    static struct caller callers[COUNT];
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    CHECK(start_callers(server, callers, COUNT, "/wait?ms=20000"));
    wait_until_parked(COUNT);
    int answered = answer_all();
    int again = answer_all();
    int with_news = join_callers(callers, COUNT, 200);
    end(server);
    CHECK_EQ_I64(answered, COUNT);
    CHECK_EQ_I64(again, 0);
    CHECK_EQ_I64(with_news, COUNT);
    CHECK_EQ_I64(board.timeouts, 0);
    CHECK_EQ_I64(board.twice, 0);
}

TEST(a_wait_ends_in_time_and_races_with_the_answer)
{
    enum { COUNT = 60 };
    static struct caller callers[COUNT];
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    CHECK(start_callers(server, callers, COUNT, "/wait?ms=300"));
    wait_until_parked(COUNT);
    int answered = 0;
    int64_t begun_ms = clock_system_mono_ns() / 1000000;
    /* Taken while the timer takes, too: each request must end one way or the other. */
    while (answered + board.timeouts < COUNT &&
           clock_system_mono_ns() / 1000000 - begun_ms < 5000) {
        clock_system_wait_ms(290);
        answered += answer_all();
    }
    int64_t took_ms = clock_system_mono_ns() / 1000000 - begun_ms;
    int empty = 0;
    int news = 0;
    for (int i = 0; i < COUNT; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        empty += callers[i].status == 204 ? 1 : 0;
        news += callers[i].status == 200 ? 1 : 0;
    }
    end(server);
    CHECK_EQ_I64(answered + board.timeouts, COUNT);
    CHECK_EQ_I64(news, answered);
    CHECK_EQ_I64(empty, board.timeouts);
    CHECK_EQ_I64(board.twice, 0);
    CHECK(took_ms < 3000);
}

TEST(stopping_answers_everybody)
{
    enum { COUNT = 40 };
    static struct caller callers[COUNT];
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    CHECK(start_callers(server, callers, COUNT, "/wait?ms=50000"));
    wait_until_parked(COUNT);
    http_server_stop(server);
    int told = join_callers(callers, COUNT, 503);
    http_server_destroy(server);
    CHECK_EQ_I64(told, COUNT);
}

TEST_MAIN()
