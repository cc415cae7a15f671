/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_NET_EXCHANGE_H
#define SHILLING_KIOSK_NET_EXCHANGE_H

/* What the calls of server.h share. Nobody outside kiosk/net includes this. */

#include "drivers/net/https.h"
#include "kiosk/net/server.h"

enum {
    SERVER_PATH_SIZE = 512,
    SERVER_BODY_SIZE = 16384, /* the answers of 16 relayed commands, in hex */
    SERVER_QUICK_TIMEOUT_MS = 5000,
};

struct server {
    struct https *https;
    char url[256];
    char body[SERVER_BODY_SIZE]; /* of the request under way */
    char trouble[HTTPS_WHY_SIZE];
};

/* One exchange: what is asked, and where the parts of the answer go. */
struct server_exchange {
    const char *method;
    const char *path; /* with its query */
    const char *body; /* NULL: none */
    size_t body_size;
    int64_t timeout_ms;
    struct api_error *ret_error; /* may be NULL */
    enum server_result result;   /* once it was asked, and */
    struct https_answer answer;  /* valid after SERVER_ANSWER: https_answer_finish() */
    struct api_fault fault;      /* what is wrong with the answer */
};

/* A POST with this body, which is borrowed until the answer is there. */
struct server_exchange server_post(const char *path, const char *body, size_t body_size,
                                   int64_t timeout_ms, struct api_error *ret_error);

/* Ask, and judge the answer's status. */
enum server_result server_perform(struct server *server, struct server_exchange *exchange);

/* Ask, and decode the answer with one of the functions of protocol/api. */
#define SERVER_ASK(server, exchange, decode, ret_value)                                            \
    (server_perform((server), (exchange)) != SERVER_ANSWER                                         \
         ? (exchange)->result                                                                      \
         : server_answer_if((exchange),                                                            \
                            decode((exchange)->answer.body, (exchange)->answer.body_size,          \
                                   (ret_value), &(exchange)->fault)))

/* The path of one thing with its id, which comes from a message and must not bend the path. */
bool server_path(char ret_path[SERVER_PATH_SIZE], const char *format_head, const char *id,
                 const char *tail);

/* Drop the answer's memory; an answer that could not be decoded is none. */
enum server_result server_answer_if(struct server_exchange *exchange, enum err decoded);

#endif
