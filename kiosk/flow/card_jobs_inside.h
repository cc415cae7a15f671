/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_CARD_JOBS_INSIDE_H
#define SHILLING_KIOSK_FLOW_CARD_JOBS_INSIDE_H

/* What the two halves of card_jobs.h share: reading a card that was laid (card_open.c), asking for
 * a token and writing it (card_jobs.c). Nobody else includes this. */

#include "common/id.h"
#include "kiosk/flow/card_jobs.h"
#include "kiosk/net/server_card.h"

enum {
    CARD_ROUNDS_MAX = API_CARD_ROUNDS_MAX, /* of a relay: a write takes eight at most */
};

/* The large values of one job. */
struct desk {
    struct cardlink_request request;
    struct cardlink_report report;
    struct api_card_session session;
    struct api_card_read read;
    struct api_card_view view;
    struct api_card_written written;
    struct api_card_round round;
    struct api_card_step step;
};

struct card_jobs {
    struct server *server;            /* borrowed */
    struct cardd *cardd;              /* borrowed */
    struct message_queue *queue;      /* borrowed */
    char session_id[SESSION_ID_SIZE]; /* of the server, for the laying that was opened */
    char uid[SESSION_UID_SIZE];       /* of that card */
    struct api_card_write write;      /* what the server gave to be written */
    char write_id[SESSION_UUID_SIZE]; /* empty: nothing */
    struct desk desk;
};

/* Commands of the server, and the right to carry them; empty: they need none. */
struct card_round {
    const struct api_card_script *script;
    const char *authorisation;
};

void card_jobs_id_fresh(char ret_id[ID_TEXT_SIZE]);

/* The session is told that this job failed; @p text is the server's, or empty. */
void card_jobs_tell_failed(struct card_jobs *jobs, const struct session_effect *job,
                           enum session_card_trouble trouble, const char *text);

/* The session is given the token that the server gave. */
void card_jobs_tell_token(struct card_jobs *jobs, const struct session_effect *job);

/* A fresh request to the driver, with a number of its own. */
void card_jobs_request_begin(struct card_jobs *jobs, enum cardlink_op op, uint32_t number);

/* SESSION_CARD_FINE if the report of the last request is a good one. */
enum session_card_trouble card_jobs_ask_card(struct card_jobs *jobs);

/* The job CARD_OPEN: lay, read, show. */
void card_jobs_open(struct card_jobs *jobs, const struct session_effect *job);

#endif
