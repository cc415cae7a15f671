/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_orders/double_key.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"

static atomic_int the_mood;
static int listener = -1;

#define TEST_KEY "c4dda89bf71f499d1a25999c7679420a24ba2702c7af3eac3174a92485ced982"
#define OTHER_KEY "00000000000000000000000000000000000000000000000000000000000000aa"

static const char *answer_to(const char *question)
{
    const int mood = atomic_load(&the_mood);
    if (mood == KEY_NONSENSE) {
        return "{\"fingerprint\":5}\n";
    }
    if (strstr(question, "\"fingerprint\"") != NULL) {
        return mood == KEY_TEST ? "{\"fingerprint\":\"" TEST_KEY "\"}\n"
                                : "{\"fingerprint\":\"" OTHER_KEY "\"}\n";
    }
    if (mood == KEY_REFUSES) {
        return "{\"error\":{\"code\":\"key_refused\"}}\n";
    }
    if (strstr(question, "\"identity\"") != NULL) {
        return "{\"cipher1\":\"0102030405060708\",\"random1\":\"1112131415161718\","
               "\"factor\":\"2122232425262728\"}\n";
    }
    return "{\"mac1\":\"A1A2A3A4\",\"mac2\":\"B1B2B3B4\"}\n";
}

static void serve(int fd)
{
    char question[1024];
    ssize_t size = 0;
    while (atomic_load(&the_mood) != KEY_HANGS_UP &&
           (size = recv(fd, question, sizeof(question) - 1, 0)) > 0) {
        question[size] = '\0';
        const char *answer = answer_to(question);
        if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    (void)close(fd);
}

static void *run(void *arg)
{
    (void)arg;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            serve(fd);
        }
    }
    return NULL;
}

void double_key_start(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    str_format_cut(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void)unlink(path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(listener >= 0);
    MUST(bind(listener, (const struct sockaddr *)(const void *)&address, sizeof(address)) == 0);
    MUST(listen(listener, 8) == 0);
    MUST(pthread_create(&thread, NULL, run, NULL) == 0);
    (void)pthread_detach(thread);
}

void double_key_mood(enum double_key_mood mood)
{
    atomic_store(&the_mood, mood);
}
