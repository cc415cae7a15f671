/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <strings.h>

struct upload {
    const char *text;
    size_t left;
};

static size_t take_body(const char *data, size_t size, size_t count, void *self)
{
    struct client_answer *answer = self;
    size_t more = size * count;
    if (answer->size + more >= sizeof(answer->body)) {
        return 0;
    }
    memcpy(answer->body + answer->size, data, more);
    answer->size += more;
    answer->body[answer->size] = '\0';
    return more;
}

static size_t take_header(const char *data, size_t size, size_t count, void *self)
{
    struct client_answer *answer = self;
    size_t len = size * count;
    /* "Allow: GET, POST\r\n" */
    if (len > 9 && len - 9 < sizeof(answer->allow) && strncasecmp(data, "allow: ", 7) == 0) {
        memcpy(answer->allow, data + 7, len - 9);
        answer->allow[len - 9] = '\0';
    }
    return len;
}

static size_t give_body(char *buffer, size_t size, size_t count, void *self)
{
    struct upload *upload = self;
    size_t part = size * count < upload->left ? size * count : upload->left;
    memcpy(buffer, upload->text, part);
    upload->text += part;
    upload->left -= part;
    return part;
}

void *client_open(void)
{
    return curl_easy_init();
}

void client_close(void *connection)
{
    curl_easy_cleanup(connection);
}

static void set_body(CURL *curl, const struct client_call *call, struct upload *upload)
{
    size_t size = call->body_size > 0 ? call->body_size : strlen(call->body);
    if (call->chunked) {
        *upload = (struct upload){call->body, size};
        (void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
        (void)curl_easy_setopt(curl, CURLOPT_READDATA, upload);
    } else {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)size);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
    }
}

static struct curl_slist *make_headers(const struct client_call *call)
{
    char type[128];
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    if (call->body != NULL) {
        (void)snprintf(type, sizeof(type), "Content-Type: %s",
                       call->content_type != NULL ? call->content_type : "application/json");
        headers = curl_slist_append(headers, type);
    }
    if (call->chunked) {
        headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
    }
    return headers;
}

void client_send(const struct client_call *call, struct client_answer *ret_answer)
{
    char url[1024];
    struct upload upload;
    memset(ret_answer, 0, sizeof(*ret_answer));
    CURL *curl = call->connection != NULL ? call->connection : curl_easy_init();
    if (curl == NULL) {
        return;
    }
    curl_easy_reset(curl);
    struct curl_slist *headers = make_headers(call);
    (void)snprintf(url, sizeof(url), "%s://localhost:%u%s", call->ca != NULL ? "https" : "http",
                   (unsigned)call->port, call->path);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    (void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_answer);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, ret_answer);
    if (call->ca != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, call->ca);
    }
    if (call->cert != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_SSLCERT, call->cert);
        (void)curl_easy_setopt(curl, CURLOPT_SSLKEY, call->key);
    }
    if (call->body != NULL) {
        set_body(curl, call, &upload);
    }
    if (call->method != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    }
    (void)curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
    curl_slist_free_all(headers);
    if (call->connection == NULL) {
        curl_easy_cleanup(curl);
    }
}
