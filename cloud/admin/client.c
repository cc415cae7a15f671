/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/admin/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/str.h"

enum { TIMEOUT_S = 60, URL_SIZE = 512 };

/* Tells "does not run" from other faults before libcurl blurs them. */
static enum err probe(const char *path, char *ret_why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!str_copy(address.sun_path, sizeof(address.sun_path), path)) {
        str_format_cut(ret_why, ADMIN_WHY_SIZE, "%s: the path is too long", path);
        return ERR_RANGE;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    int code = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    (void)close(fd);
    if (code == 0) {
        return OK;
    }
    str_format_cut(ret_why, ADMIN_WHY_SIZE, "%s: %s", path, strerror(code));
    return code == ENOENT || code == ECONNREFUSED ? ERR_NOT_FOUND : ERR_DENIED;
}

static size_t take(const char *data, size_t size, size_t count, void *self)
{
    struct admin_answer *answer = self;
    size_t more = size * count;
    if (answer->size + more > ADMIN_ANSWER_SIZE_MAX) {
        return 0;
    }
    char *text = realloc(answer->text, answer->size + more + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text + answer->size, data, more);
    answer->text = text;
    answer->size += more;
    answer->text[answer->size] = '\0';
    return more;
}

static CURLcode perform(CURL *curl, const struct admin_call *call, struct curl_slist *headers,
                        struct admin_answer *answer)
{
    char url[URL_SIZE];
    if (!str_format(url, sizeof(url), "http://localhost%s", call->path)) {
        return CURLE_URL_MALFORMAT;
    }
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, call->socket_path);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (call->content_type != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_size);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
        (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    }
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    return code;
}

enum err admin_call(const struct admin_call *call, struct admin_answer *ret_answer,
                    char ret_why[ADMIN_WHY_SIZE])
{
    char type[128];
    struct curl_slist *headers = NULL;
    ret_why[0] = '\0';
    enum err err = probe(call->socket_path, ret_why);
    if (err != OK) {
        return err;
    }
    if (call->content_type != NULL) {
        str_format_cut(type, sizeof(type), "Content-Type: %s", call->content_type);
        headers = curl_slist_append(NULL, type);
    }
    struct admin_answer answer = {0};
    CURL *curl = curl_easy_init();
    CURLcode code = curl != NULL ? perform(curl, call, headers, &answer) : CURLE_OUT_OF_MEMORY;
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    if (code == CURLE_OK && answer.text == NULL) {
        answer.text = calloc(1, 1);
    }
    if (code != CURLE_OK || answer.text == NULL) {
        str_format_cut(ret_why, ADMIN_WHY_SIZE, "%s: %s", call->socket_path,
                       curl_easy_strerror(code));
        free(answer.text);
        return ERR_IO;
    }
    *ret_answer = answer;
    return OK;
}
