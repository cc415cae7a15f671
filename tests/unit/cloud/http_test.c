/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The listeners with real sockets and real TLS: who may call, what a body may be, who is too slow,
 * and that every parked request is answered exactly once.
 */

#include <stdatomic.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/http/server.h"
#include "cloud/identity/pki.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/http_client.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

enum { DAY_S = 86400, HEADER_ROOM = 64 };

/* --- handlers --- */

struct board {
    struct http_server *server;
    pthread_mutex_t mutex;
    struct http_ticket tickets[1024];
    int count;
    atomic_int timeouts;
    atomic_int twice; /* tickets that two takers got */
};

static struct board board = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void echo(struct http_request *request, void *self)
{
    (void)self;
    size_t size = 0;
    const char *text = http_body_raw(request, &size);
    http_reply_text(request, 200, "text/plain", text, size);
}

static void count_headers(struct http_request *request, void *self)
{
    (void)self;
    char text[HEADER_ROOM];
    const int size = snprintf(text, sizeof(text), "%zu %zu", http_header_count(request, "X-Sign"),
                              http_header_count(request, "X-Other"));
    http_reply_text(request, 200, "text/plain", text, (size_t)size);
}

static void show(struct http_request *request, void *self)
{
    (void)self;
    const char *q = http_query(request, "q");
    json_t *json = json_object();
    (void)json_object_set_new(json, "id", json_string(http_param(request, "id")));
    (void)json_object_set_new(json, "q", q != NULL ? json_string(q) : json_null());
    http_reply_json(request, 200, json);
}

static void whoami(struct http_request *request, void *self)
{
    (void)self;
    const struct http_peer *peer = http_peer(request);
    http_reply_text(request, 200, "text/plain", peer->terminal_id, strlen(peer->terminal_id));
}

static void nothing(struct http_request *request, void *self)
{
    (void)request;
    (void)self;
}

static void on_timeout(struct http_request *request, void *self)
{
    (void)self;
    atomic_fetch_add(&board.timeouts, 1);
    http_reply_empty(request, 204);
}

static void wait_here(struct http_request *request, void *self)
{
    (void)self;
    int64_t wait_ms = 0;
    if (!http_query_int(request, "ms", HTTP_PARK_MS_MAX, 5000, &wait_ms)) {
        http_reply_bad_request(request, "ms");
        return;
    }
    (void)pthread_mutex_lock(&board.mutex);
    board.tickets[board.count++] = http_park(request, (uint32_t)wait_ms, on_timeout, NULL);
    (void)pthread_mutex_unlock(&board.mutex);
}

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

static const struct http_route routes[] = {
    {HTTP_POST, "/echo", HTTP_FOR_PUBLIC, HTTP_BODY_RAW, 0, echo, NULL},
    {HTTP_POST, "/small", HTTP_FOR_PUBLIC, HTTP_BODY_RAW, 10, echo, NULL},
    {HTTP_POST, "/json", HTTP_FOR_PUBLIC, HTTP_BODY_JSON, 0, echo, NULL},
    {HTTP_GET, "/things/{id}", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, show, NULL},
    {HTTP_DELETE, "/things/{id}", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, show, NULL},
    {HTTP_GET, "/wait", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, wait_here, NULL},
    {HTTP_GET, "/headers", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, count_headers, NULL},
    {HTTP_GET, "/nothing", HTTP_FOR_PUBLIC, HTTP_BODY_NONE, 0, nothing, NULL},
    {HTTP_GET, "/whoami", HTTP_FOR_TERMINAL, HTTP_BODY_NONE, 0, whoami, NULL},
};

static struct http_server *start_plain(void)
{
    struct http_server_config config = {
        .public = {.enabled = true, .host = "127.0.0.1", .connections_max = 1000},
        .thread_count = 2,
        .head_ms_max = 1500,
        .body_ms_max = 1000};
    struct http_server *server = NULL;
    char why[HTTP_WHY_SIZE];
    if (http_server_create(&config, &server) != OK) {
        return NULL;
    }
    http_route_add(server, routes, ARRAY_COUNT(routes));
    if (http_server_start(server, why) != OK) {
        (void)printf("# %s\n", why);
        http_server_destroy(server);
        return NULL;
    }
    board.server = server;
    board.count = 0;
    board.timeouts = 0;
    board.twice = 0;
    return server;
}

static void end(struct http_server *server)
{
    http_server_stop(server);
    http_server_destroy(server);
}

static struct client_answer answer;

static long post(struct http_server *server, const char *path, const char *body, size_t size)
{
    struct client_call call = {.port = http_server_port(server, HTTP_FOR_PUBLIC),
                               .path = path,
                               .body = body,
                               .body_size = size};
    client_send(&call, &answer);
    return answer.status;
}

static long get(struct http_server *server, const char *path)
{
    struct client_call call = {.port = http_server_port(server, HTTP_FOR_PUBLIC), .path = path};
    client_send(&call, &answer);
    return answer.status;
}

/* --- plain HTTP --- */

TEST(routes_methods_and_params)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    long found = get(server, "/things/a-1?q=%E5%BC%A0");
    CHECK_EQ_STR(answer.body, "{\"id\":\"a-1\",\"q\":\"\xE5\xBC\xA0\"}");
    long no_path = get(server, "/things/a/b");
    long empty = get(server, "/things/");
    long other_listener = get(server, "/whoami");
    struct client_call put = {
        .port = http_server_port(server, HTTP_FOR_PUBLIC), .method = "PUT", .path = "/things/a"};
    client_send(&put, &answer);
    long no_method = answer.status;
    char allow[64];
    memcpy(allow, answer.allow, sizeof(allow));
    long unanswered = get(server, "/nothing");
    end(server);
    CHECK_EQ_I64(found, 200);
    CHECK_EQ_I64(no_path, 404);
    CHECK_EQ_I64(empty, 404);
    CHECK_EQ_I64(other_listener, 404);
    CHECK_EQ_I64(no_method, 405);
    CHECK_EQ_STR(allow, "GET, DELETE");
    CHECK_EQ_I64(unanswered, 500);
}

TEST(arguments_that_are_no_text_are_refused)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    char path[512] = "/things/a?q=";
    memset(path + 12, 'x', 200);
    long overlong = get(server, path);
    long bad_utf8 = get(server, "/things/a?q=%FF%FE");
    long nul = get(server, "/things/a?q=a%00b");
    long param_utf8 = get(server, "/things/%C0%80");
    long number = get(server, "/wait?ms=12x");
    long negative = get(server, "/wait?ms=-1");
    end(server);
    CHECK_EQ_I64(overlong, 400);
    CHECK_EQ_I64(bad_utf8, 400);
    CHECK_EQ_I64(nul, 400);
    CHECK(param_utf8 == 400 || param_utf8 == 404);
    CHECK_EQ_I64(number, 400);
    CHECK_EQ_I64(negative, 400);
}

TEST(bodies_have_limits)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    size_t limit = HTTP_BODY_SIZE_MAX;
    char *body = malloc(limit + 2);
    CHECK(body != NULL);
    memset(body, 'b', limit + 2);
    long full = post(server, "/echo", body, limit - HEADER_ROOM);
    size_t full_size = answer.size;
    long over = post(server, "/echo", body, limit + 1);
    char code[64];
    (void)snprintf(code, sizeof(code), "%.40s", answer.body);
    struct client_call chunked = {.port = http_server_port(server, HTTP_FOR_PUBLIC),
                                  .path = "/echo",
                                  .body = body,
                                  .body_size = limit + 1,
                                  .chunked = 1};
    client_send(&chunked, &answer);
    long over_chunked = answer.status;
    long small = post(server, "/small", "0123456789", 0);
    long small_over = post(server, "/small", "0123456789A", 0);
    struct client_call uninvited = {.port = http_server_port(server, HTTP_FOR_PUBLIC),
                                    .method = "GET",
                                    .path = "/things/a",
                                    .body = "{}"};
    client_send(&uninvited, &answer);
    long on_get = answer.status;
    free(body);
    end(server);
    CHECK_EQ_I64(full, 200);
    CHECK_EQ_U64(full_size, limit - HEADER_ROOM);
    CHECK_EQ_I64(over, 413);
    CHECK(strstr(code, "body_too_large") != NULL);
    CHECK_EQ_I64(over_chunked, 413);
    CHECK_EQ_I64(small, 200);
    CHECK_EQ_I64(small_over, 413);
    CHECK_EQ_I64(on_get, 413);
}

TEST(json_bodies_are_read_strictly)
{
    static const struct {
        const char *body;
        long status;
    } cases[] = {
        {"{\"a\":1}", 200},
        {"{\"a\":1,\"a\":2}", 400},
        {"{\"a\":1} x", 400},
        {"[1]", 400},
        {"", 400},
        {"{\"a\":\"\\u0000\"}", 400},
        {"{\"a\":\"\xFF\"}", 400},
        {"{\"a\":1e999}", 400},
        {"{", 400},
    };
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    long status[ARRAY_COUNT(cases)];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        status[i] = post(server, "/json", cases[i].body, 0);
    }
    struct client_call form = {.port = http_server_port(server, HTTP_FOR_PUBLIC),
                               .path = "/json",
                               .body = "{}",
                               .content_type = "application/x-www-form-urlencoded"};
    client_send(&form, &answer);
    long as_form = answer.status;
    /* Nested deeper than any message of ours: refused or read, but the server lives on. */
    static char deep[9000];
    int prefix = snprintf(deep, sizeof(deep), "{\"a\":");
    memset(deep + prefix, '[', sizeof(deep) - (size_t)prefix);
    long nested = post(server, "/json", deep, sizeof(deep));
    long after = post(server, "/json", "{}", 0);
    end(server);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (status[i] != cases[i].status) {
            TEST_FAIL("%s gives %ld", cases[i].body, status[i]);
        }
    }
    CHECK_EQ_I64(as_form, 415);
    CHECK_EQ_I64(nested, 400);
    CHECK_EQ_I64(after, 200);
}

/* --- slow clients --- */

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Ms until the server has closed the connection, sending @p drip every 100 ms; -1: it did not. */
static int64_t time_to_close(uint16_t port, const char *head, const char *drip, int64_t limit_ms)
{
    int fd = connect_to(port);
    int64_t begun_ms = clock_system_mono_ns() / 1000000;
    int64_t passed_ms = 0;
    bool closed = send(fd, head, strlen(head), MSG_NOSIGNAL) < 0;
    while (!closed && passed_ms < limit_ms) {
        char ignored[512];
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (poll(&poll_fd, 1, 100) > 0) {
            closed = recv(fd, ignored, sizeof(ignored), 0) <= 0;
        } else {
            closed = send(fd, drip, strlen(drip), MSG_NOSIGNAL) < 0;
        }
        passed_ms = clock_system_mono_ns() / 1000000 - begun_ms;
    }
    (void)close(fd);
    return closed ? passed_ms : -1;
}

TEST(headers_are_counted)
{
    static const char request[] = "GET /headers HTTP/1.1\r\nHost: a\r\nX-Sign: a\r\n"
                                  "x-sign: b\r\nConnection: close\r\n\r\n";
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    int fd = connect_to(http_server_port(server, HTTP_FOR_PUBLIC));
    const bool sent = fd >= 0 && send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0;
    char text[1024] = "";
    size_t size = 0;
    ssize_t got = 1;
    while (sent && got > 0 && size < sizeof(text) - 1) {
        got = recv(fd, text + size, sizeof(text) - 1 - size, 0);
        size += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    end(server);
    CHECK(strstr(text, "\r\n\r\n2 0") != NULL);
}

TEST(slow_clients_are_cut_off)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    uint16_t port = http_server_port(server, HTTP_FOR_PUBLIC);
    int64_t head_ms = time_to_close(port, "GET /things/a HTTP/1.1\r\nX-Slow: ", "a", 8000);
    int64_t silent_ms = time_to_close(port, "", "", 8000);
    int64_t body_ms = time_to_close(
        port, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n", "b", 8000);
    struct http_counters counters;
    http_server_get_counters(server, HTTP_FOR_PUBLIC, &counters);
    end(server);
    CHECK(head_ms > 1000 && head_ms < 5000);
    CHECK(silent_ms > 1000 && silent_ms < 5000);
    CHECK(body_ms > 500 && body_ms < 5000);
    CHECK(counters.slow_closed >= 2);
}

/* --- parking --- */

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

TEST(a_taken_port_is_named)
{
    struct http_server *server = start_plain();
    CHECK(server != NULL);
    struct http_server_config config = {
        .public = {.enabled = true,
                   .host = "127.0.0.1",
                   .port = http_server_port(server, HTTP_FOR_PUBLIC),
                   .connections_max = 10},
        .thread_count = 1};
    struct http_server *second = NULL;
    char why[HTTP_WHY_SIZE] = "";
    CHECK_EQ_I64(http_server_create(&config, &second), OK);
    enum err err = http_server_start(second, why);
    http_server_destroy(second);
    end(server);
    CHECK_EQ_I64(err, ERR_EXISTS);
    CHECK(strstr(why, "public") != NULL && strstr(why, "taken") != NULL);
}

/* --- mTLS --- */

struct shifted_clock {
    int64_t shift_s;
};

static int64_t shifted_mono(void *self)
{
    (void)self;
    return clock_system_mono_ns() / 1000000;
}

static int64_t shifted_wall(void *self)
{
    return clock_system_wall_ms() / 1000 + ((struct shifted_clock *)self)->shift_s;
}

/* Keys that the server knows, and whether they are revoked. */
struct known {
    uint8_t good[32];
    uint8_t expired[32];
    atomic_bool revoked;
};

static enum err find_key(void *self, const uint8_t hash[32], struct http_peer *ret_peer)
{
    struct known *known = self;
    bool good = memcmp(hash, known->good, 32) == 0;
    if (!good && memcmp(hash, known->expired, 32) != 0) {
        return ERR_NOT_FOUND;
    }
    if (atomic_load(&known->revoked)) {
        return ERR_DENIED;
    }
    *ret_peer = (struct http_peer){.terminal_id = "t1", .site_id = "s1"};
    return OK;
}

struct tls_bench {
    char folder[TEMP_PATH_SIZE];
    struct known known;
    struct pki *pki;
    struct http_server *server;
};

/* The CA is 500 days old and so is the key "expired"; the server's own certificate is renewed. */
static bool make_keys(struct tls_bench *bench)
{
    static struct shifted_clock past = {.shift_s = -500LL * DAY_S};
    static struct shifted_clock now;
    static struct clock_port past_port;
    static struct clock_port now_port;
    char path[TEMP_PATH_SIZE];
    char rogue_path[TEMP_PATH_SIZE];
    char out[TEMP_PATH_SIZE];
    char why[PKI_WHY_SIZE] = "";
    struct pki_issued issued[2] = {0};
    struct pki_issued ignored;
    struct pki *rogue = NULL;
    past_port = (struct clock_port){shifted_mono, shifted_wall, &past};
    now_port = (struct clock_port){shifted_mono, shifted_wall, &now};
    struct pki_config config = {.folder = temp_path(bench->folder, "pki", path),
                                .clock = &past_port};
    bool made = pki_open(&config, &bench->pki, why) == OK &&
                pki_issue(bench->pki, PKI_USE_CLIENT, "t1",
                          temp_path(bench->folder, "expired", out), &issued[0], why) == OK;
    pki_close(bench->pki);
    bench->pki = NULL;
    config.clock = &now_port;
    made = made && pki_open(&config, &bench->pki, why) == OK &&
           pki_issue(bench->pki, PKI_USE_CLIENT, "t1", temp_path(bench->folder, "good", out),
                     &issued[1], why) == OK &&
           pki_issue(bench->pki, PKI_USE_CLIENT, "t1", temp_path(bench->folder, "unknown", out),
                     &ignored, why) == OK;
    config.folder = temp_path(bench->folder, "rogue-pki", rogue_path);
    made = made && pki_open(&config, &rogue, why) == OK &&
           pki_issue(rogue, PKI_USE_CLIENT, "t1", temp_path(bench->folder, "rogue", out), &ignored,
                     why) == OK;
    pki_close(rogue);
    memcpy(bench->known.expired, issued[0].spki_sha256, 32);
    memcpy(bench->known.good, issued[1].spki_sha256, 32);
    if (!made) {
        (void)printf("# %s\n", why);
    }
    return made;
}

static bool open_tls(struct tls_bench *bench)
{
    char why[HTTP_WHY_SIZE];
    (void)temp_folder_make(bench->folder);
    if (!make_keys(bench)) {
        return false;
    }
    struct http_server_config config = {
        .terminals = {.enabled = true,
                      .host = "127.0.0.1",
                      .connections_max = 100,
                      .tls = {.certificate_pem = pki_server_certificate_pem(bench->pki),
                              .key_pem = pki_server_key_pem(bench->pki),
                              .client_ca_pem = pki_ca_pem(bench->pki)}},
        .thread_count = 2,
        .peers = {.find = find_key, .self = &bench->known}};
    if (http_server_create(&config, &bench->server) != OK) {
        return false;
    }
    http_route_add(bench->server, routes, ARRAY_COUNT(routes));
    return http_server_start(bench->server, why) == OK;
}

static void close_tls(struct tls_bench *bench)
{
    end(bench->server);
    pki_close(bench->pki);
}

static long whoami_as(struct tls_bench *bench, const char *who, void *connection)
{
    static char ca[TEMP_PATH_SIZE];
    static char name[TEMP_PATH_SIZE];
    static char cert[TEMP_PATH_SIZE];
    static char key[TEMP_PATH_SIZE];
    struct client_call call = {.port = http_server_port(bench->server, HTTP_FOR_TERMINAL),
                               .path = "/whoami",
                               .ca = temp_path(bench->folder, "pki/ca.pem", ca),
                               .connection = connection};
    if (who != NULL) {
        (void)snprintf(name, sizeof(name), "%s/cert.pem", who);
        call.cert = temp_path(bench->folder, name, cert);
        (void)snprintf(name, sizeof(name), "%s/key.pem", who);
        call.key = temp_path(bench->folder, name, key);
    }
    client_send(&call, &answer);
    return answer.status;
}

TEST(only_good_known_unrevoked_certificates_may_call)
{
    static struct tls_bench bench;
    CHECK(open_tls(&bench));
    long good = whoami_as(&bench, "good", NULL);
    bool named = strcmp(answer.body, "t1") == 0;
    long none = whoami_as(&bench, NULL, NULL);
    bool says_none = strstr(answer.body, "no_certificate") != NULL;
    long rogue = whoami_as(&bench, "rogue", NULL);
    long expired = whoami_as(&bench, "expired", NULL);
    long unknown = whoami_as(&bench, "unknown", NULL);
    bool says_unknown = strstr(answer.body, "unknown_terminal") != NULL;
    void *kept = client_open();
    long before = whoami_as(&bench, "good", kept);
    atomic_store(&bench.known.revoked, true);
    long after = whoami_as(&bench, "good", kept); /* on the connection that was good */
    bool says_revoked = strstr(answer.body, "terminal_revoked") != NULL;
    client_close(kept);
    struct http_counters counters;
    http_server_get_counters(bench.server, HTTP_FOR_TERMINAL, &counters);
    close_tls(&bench);
    CHECK_EQ_I64(good, 200);
    CHECK(named);
    CHECK_EQ_I64(none, 401);
    CHECK(says_none);
    /* GnuTLS may end the handshake itself; what must never happen is a 200. */
    CHECK(rogue == 401 || rogue == 0);
    CHECK(expired == 401 || expired == 0);
    CHECK_EQ_I64(unknown, 403);
    CHECK(says_unknown);
    CHECK_EQ_I64(before, 200);
    CHECK_EQ_I64(after, 403);
    CHECK(says_revoked);
    CHECK(counters.certificates_refused >= 3);
    (void)printf("# rogue %ld, expired %ld\n", rogue, expired);
}

TEST_MAIN()
