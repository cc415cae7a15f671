/* SPDX-License-Identifier: Apache-2.0 */

/* The HTTPS client against servers that misbehave, and its trust against real TLS servers. */
#include <signal.h>
#include <stdatomic.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/str.h"
#include "drivers/net/https.h"
#include "tests/unit/cloud_payments/tiny_http.h"
#include "tests/unit/test.h"

enum { PATH_SIZE = 256 };

static struct {
    struct tiny_http *server;
    struct https *https;
    struct https_answer answer;
    char why[HTTPS_WHY_SIZE];
    atomic_int requests;
    char seen[TINY_HEADERS_SIZE];
} world;

static void big_answer(struct tiny_reply *reply)
{
    static char body[200 * 1024];
    memset(body, 'x', sizeof(body));
    tiny_http_reply(reply, 200, "", body, sizeof(body));
}

static void handle(void *self, const struct tiny_request *request, struct tiny_reply *reply)
{
    (void)self;
    atomic_fetch_add(&world.requests, 1);
    str_format_cut(world.seen, sizeof(world.seen), "%s", request->headers);
    const char *what = request->target;
    if (str_equal(what, "/hangup")) {
        reply->size = 0;
    } else if (str_equal(what, "/redirect")) {
        tiny_http_reply(reply, 302, "Location: /ok\r\n", "", 0);
    } else if (str_equal(what, "/big")) {
        big_answer(reply);
    } else if (str_equal(what, "/twice")) {
        tiny_http_reply(reply, 200, "X-Sign: a\r\nx-sign: b\r\n", "", 0);
    } else if (str_equal(what, "/cut")) {
        tiny_http_reply(reply, 200, "", "0123456789", 10);
        reply->size -= 5;
    } else if (str_equal(what, "/continue")) {
        reply->size = (size_t)snprintf(reply->bytes, sizeof(reply->bytes),
                                       "HTTP/1.1 100 Continue\r\nX-Sign: no\r\n\r\n"
                                       "HTTP/1.1 200 OK\r\nX-Sign:  yes \r\n"
                                       "Content-Length: 2\r\nConnection: close\r\n\r\nok");
    } else {
        tiny_http_reply(reply, 200, "X-SIGN: one\r\n", "ok", 2);
    }
}

static enum err ask(const char *path, struct https_call call)
{
    char url[HTTPS_URL_SIZE];
    static const char *const wanted[] = {"X-Sign", "X-Other"};
    if (world.server == NULL) {
        const struct https_config config = {0};
        world.server = tiny_http_start(handle, NULL);
        CHECK(world.server != NULL);
        CHECK_EQ_I64(https_create(&config, &world.https), OK);
    }
    https_answer_finish(&world.answer);
    str_format_cut(url, sizeof(url), "http://127.0.0.1:%d%s", tiny_http_port(world.server), path);
    call.method = call.method != NULL ? call.method : "GET";
    call.url = url;
    call.wanted = wanted;
    call.wanted_count = ARRAY_COUNT(wanted);
    return https_perform(world.https, &call, &world.answer, world.why);
}

TEST(answers_and_their_headers)
{
    CHECK_EQ_I64(ask("/ok", (struct https_call){0}), OK);
    CHECK_EQ_I64(world.answer.status, 200);
    CHECK_EQ_STR(world.answer.body, "ok");
    CHECK_EQ_STR(world.answer.wanted[0], "one");
    CHECK_EQ_STR(world.answer.wanted[1], "");
    CHECK(!world.answer.wanted_twice);
    CHECK_EQ_I64(ask("/twice", (struct https_call){0}), OK);
    CHECK(world.answer.wanted_twice);
    CHECK_EQ_I64(ask("/continue", (struct https_call){0}), OK);
    CHECK_EQ_STR(world.answer.wanted[0], "yes"); /* not the one before the final answer */
    CHECK(!world.answer.wanted_twice);
}

TEST(bytes_are_sent_as_they_are)
{
    static const char *const headers[] = {"Content-Type: application/json", "X-Mine: 1"};
    static char body[3000];
    memset(body, 'b', sizeof(body));
    CHECK_EQ_I64(ask("/ok", (struct https_call){.method = "POST",
                                                .headers = headers,
                                                .header_count = 2,
                                                .body = body,
                                                .body_size = sizeof(body)}),
                 OK);
    CHECK(strstr(world.seen, "Expect") == NULL); /* it would cost a second */
    CHECK(strstr(world.seen, "Content-Length: 3000\r\n") != NULL);
    CHECK(strstr(world.seen, "X-Mine: 1\r\n") != NULL);
    CHECK(strstr(world.seen, "User-Agent: shilling") != NULL);
    CHECK_EQ_I64(ask("/ok", (struct https_call){.method = "POST"}), OK);
    CHECK(strstr(world.seen, "Content-Length: 0\r\n") != NULL);
}

TEST(no_redirect_is_followed)
{
    int before = atomic_load(&world.requests);
    CHECK_EQ_I64(ask("/redirect", (struct https_call){0}), OK);
    CHECK_EQ_I64(world.answer.status, 302);
    CHECK_EQ_I64(atomic_load(&world.requests), before + 1);
}

TEST(answers_are_bounded)
{
    CHECK_EQ_I64(ask("/big", (struct https_call){.answer_size_max = 1000}), ERR_FULL);
    CHECK_EQ_I64(ask("/big", (struct https_call){.answer_size_max = 200 * 1024}), OK);
    CHECK_EQ_U64(world.answer.body_size, 200 * 1024);
    CHECK_EQ_I64(ask("/ok", (struct https_call){.answer_size_max = 1}), ERR_FULL);
}

/* The linker puts them before free() and realloc() in what is tested. */
static size_t left;

static void look(void *area)
{
    static const char key[] = "xxxxxxxxxxxxxxxx"; /* as in the big answer */
    left += area != NULL && memmem(area, malloc_usable_size(area), key, 16) != NULL;
}

void __real_free(void *area);
void *__real_realloc(void *area, size_t size);
void __wrap_free(void *area);
void *__wrap_realloc(void *area, size_t size);
void __wrap_free(void *area)
{
    look(area);
    __real_free(area);
}

void *__wrap_realloc(void *area, size_t size)
{
    look(area);
    return __real_realloc(area, size);
}

TEST(an_answer_is_wiped_wherever_it_stood)
{
    left = 0;
    CHECK_EQ_I64(ask("/big", (struct https_call){.answer_size_max = 200 * 1024}), OK);
    https_answer_finish(&world.answer);
    CHECK(world.answer.body == NULL);
    CHECK_EQ_I64(ask("/big", (struct https_call){.answer_size_max = 100 * 1024}), ERR_FULL);
    CHECK_EQ_U64(left, 0);
}

TEST(what_nobody_knows_is_not_called_unsent)
{
    CHECK_EQ_I64(ask("/hangup", (struct https_call){.method = "POST"}), ERR_IO);
    CHECK(world.why[0] != '\0');
    CHECK_EQ_I64(ask("/cut", (struct https_call){0}), ERR_IO);
    const struct https_call refused = {.method = "GET", .url = "http://127.0.0.1:1/"};
    CHECK_EQ_I64(https_perform(world.https, &refused, &world.answer, world.why), ERR_UNAVAILABLE);
}

/* A port that accepts connections and never says a word. */
static int listen_silently(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 8) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

TEST(a_host_that_stays_silent_was_sent_nothing)
{
    char url[64];
    int port = 0;
    int fd = listen_silently(&port);
    str_format_cut(url, sizeof(url), "https://127.0.0.1:%d/", port);
    struct https_call call = {
        .method = "POST", .url = url, .connect_timeout_ms = 300, .timeout_ms = 5000};
    /* Not a byte of the request can leave before the other side has shown its certificate. */
    CHECK_EQ_I64(https_perform(world.https, &call, &world.answer, world.why), ERR_UNAVAILABLE);
    str_format_cut(url, sizeof(url), "http://127.0.0.1:%d/", port);
    call.timeout_ms = 300;
    CHECK_EQ_I64(https_perform(world.https, &call, &world.answer, world.why), ERR_TIMEOUT);
    (void)close(fd);
}

TEST(a_call_can_be_cancelled)
{
    static atomic_bool cancel = true;
    CHECK_EQ_I64(ask("/ok", (struct https_call){.cancel = &cancel}), ERR_TIMEOUT);
}

TEST(addresses_that_are_not_called)
{
    static const char *const bad[] = {
        "http://pay.example/",
        "http://127.0.0.1.example/",
        "http://localhost.example/",
        "http://user@127.0.0.1:1@evil/",
        "ftp://127.0.0.1/",
        "https://",
        "file:///etc/passwd",
        "",
        "127.0.0.1",
        "http://127.0.0.1:80@example/",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (https_url_is_allowed(bad[i])) {
            TEST_FAIL("%s would be called", bad[i]);
        }
    }
    CHECK(https_url_is_allowed("https://pay.example/x"));
    CHECK(https_url_is_allowed("http://127.0.0.1:8080/x"));
    CHECK(https_url_is_allowed("http://[::1]:8080/x"));
    const struct https_call call = {.method = "GET", .url = bad[0]};
    CHECK_EQ_I64(https_perform(world.https, &call, &world.answer, world.why), ERR_RANGE);
}

/* ---- TLS: openssl makes the certificates and serves ---- */

static char folder[] = "/tmp/https-test-XXXXXX";

static pid_t spawn(const char *command, int out)
{
    char shell[] = "/bin/sh";
    char option[] = "-c";
    char line[1024];
    char *const arguments[] = {shell, option, line, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    str_format_cut(line, sizeof(line), "cd %s && exec %s", folder, command);
    (void)posix_spawn_file_actions_init(&actions);
    if (out >= 0) {
        (void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    }
    int failed = posix_spawn(&pid, shell, &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed == 0 ? pid : -1;
}

static bool run(const char *command)
{
    int status = -1;
    pid_t pid = spawn(command, -1);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Begin `openssl s_server`; returns its port, 0 if it does not come up. */
static int serve(const char *options, pid_t *ret_pid)
{
    int fds[2];
    char command[512];
    char line[256];
    int port = 0;
    CHECK(pipe2(fds, O_CLOEXEC) == 0);
    str_format_cut(command, sizeof(command),
                   "openssl s_server -accept 127.0.0.1:0 -www -cert server.pem -key server.key %s"
                   " 2>/dev/null",
                   options);
    *ret_pid = spawn(command, fds[1]);
    (void)close(fds[1]);
    FILE *out = fdopen(fds[0], "r");
    while (out != NULL && port == 0 && fgets(line, sizeof(line), out) != NULL) {
        const char *colon = strrchr(line, ':');
        if (str_starts_with(line, "ACCEPT") && colon != NULL) {
            port = (int)strtol(colon + 1, NULL, 10);
        }
    }
    if (out != NULL) {
        (void)fclose(out);
    }
    return port;
}

static void make_certificates(void)
{
    CHECK(mkdtemp(folder) != NULL);
    CHECK(run("openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2"
              " -subj /CN=test-ca 2>/dev/null"));
    CHECK(run("openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -days 2"
              " -subj /CN=other-ca 2>/dev/null"));
    CHECK(run("openssl req -x509 -newkey rsa:2048 -nodes -keyout server.key -out server.pem"
              " -days 2 -subj /CN=x -addext subjectAltName=IP:127.0.0.1 -CA ca.pem -CAkey ca.key"
              " 2>/dev/null || sh -c 'openssl req -newkey rsa:2048 -nodes -keyout server.key -out"
              " s.csr -subj /CN=x 2>/dev/null && printf subjectAltName=IP:127.0.0.1 > ext &&"
              " openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -days 2 -extfile ext"
              " -out server.pem 2>/dev/null'"));
    CHECK(run("sh -c 'openssl req -newkey rsa:2048 -nodes -keyout client.key -out c.csr"
              " -subj /CN=kiosk 2>/dev/null && openssl x509 -req -in c.csr -CA ca.pem"
              " -CAkey ca.key -days 2 -out client.pem 2>/dev/null'"));
}

/* One call with this trust and identity. */
static enum err call_tls(int port, const char *host, const char *ca, const char *client)
{
    char ca_file[PATH_SIZE];
    char cert_file[PATH_SIZE];
    char key_file[PATH_SIZE];
    char url[128];
    struct https *https = NULL;
    str_format_cut(ca_file, sizeof(ca_file), "%s/%s", folder, ca);
    str_format_cut(cert_file, sizeof(cert_file), "%s/%s.pem", folder, client);
    str_format_cut(key_file, sizeof(key_file), "%s/%s.key", folder, client);
    bool identified = client[0] != '\0';
    const struct https_config config = {.ca_file = ca_file,
                                        .cert_file = identified ? cert_file : NULL,
                                        .key_file = identified ? key_file : NULL};
    CHECK_EQ_I64(https_create(&config, &https), OK);
    str_format_cut(url, sizeof(url), "https://%s:%d/", host, port);
    const struct https_call call = {.method = "GET", .url = url};
    https_answer_finish(&world.answer);
    enum err err = https_perform(https, &call, &world.answer, world.why);
    https_destroy(https);
    return err;
}

TEST(tls_trusts_the_pinned_root_only)
{
    pid_t pid = -1;
    make_certificates();
    int port = serve("", &pid);
    CHECK(port > 0);
    CHECK_EQ_I64(call_tls(port, "127.0.0.1", "ca.pem", ""), OK);
    CHECK_EQ_I64(world.answer.status, 200);
    CHECK_EQ_I64(call_tls(port, "127.0.0.1", "other.pem", ""), ERR_UNAVAILABLE);
    CHECK_EQ_I64(call_tls(port, "localhost", "ca.pem", ""), ERR_UNAVAILABLE); /* another name */
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
}

TEST(tls_shows_the_client_certificate)
{
    pid_t pid = -1;
    int port = serve("-Verify 1 -verify_return_error -CAfile ca.pem", &pid);
    CHECK(port > 0);
    CHECK_EQ_I64(call_tls(port, "127.0.0.1", "ca.pem", "client"), OK);
    CHECK(strstr(world.answer.body, "kiosk") != NULL);
    CHECK(call_tls(port, "127.0.0.1", "ca.pem", "") != OK);
    CHECK(call_tls(port, "127.0.0.1", "ca.pem", "other") != OK);
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
}

TEST(files_that_are_not_there)
{
    struct https *https = NULL;
    const struct https_config config = {.ca_file = "/nowhere/ca.pem"};
    CHECK_EQ_I64(https_create(&config, &https), ERR_NOT_FOUND);
    CHECK(https == NULL);
    https_destroy(NULL);
}

TEST(percent_encoding)
{
    char text[16];
    CHECK(https_escape("a b/~\xC3", text, sizeof(text)));
    CHECK_EQ_STR(text, "a%20b%2F~%C3");
    CHECK(!https_escape("      ", text, sizeof(text)));
}

TEST(zz_clean_up)
{
    CHECK(run("rm -f ca.* other.* server.* client.* s.csr c.csr ext"));
    CHECK(rmdir(folder) == 0);
    https_answer_finish(&world.answer);
    https_destroy(world.https);
    tiny_http_stop(world.server);
}

TEST_MAIN()
