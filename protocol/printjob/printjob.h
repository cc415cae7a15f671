/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_PRINTJOB_PRINTJOB_H
#define SHILLING_PROTOCOL_PRINTJOB_PRINTJOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "common/compiler.h"
#include "common/id.h"

/*
 * What kiosk and printd say to each other over their UNIX socket (protocol/MESSAGES.md, section
 * 3): one JSON object a line. A job has a number made before its first byte left; the same number
 * always gets the same answer and never a second paper.
 */

enum {
    PRINTJOB_LINE_SIZE = 65536, /* with its line end */
    PRINTJOB_DETAIL_SIZE = 129,
    PRINTJOB_COPY_MAX = 9,
    PRINTJOB_WORD_SIZE = 33,
    PRINTJOB_ORDER_SIZE = 65,
};

/* How long both sides wait, in milliseconds. They stand together because they depend on each other:
 * who asks must still be there when the answer comes. */
enum {
    PRINTJOB_VERDICT_MS = 90000, /* printd: from the first byte to the verdict, the longest */
    PRINTJOB_ANSWER_MS = 120000, /* the kiosk: from its request, with what goes before that byte */
};

/* What became of a job. */
enum printjob_state {
    PRINTJOB_QUEUED,
    PRINTJOB_PRINTED,         /* the printer itself said so, after the cut */
    PRINTJOB_PRINTED_NOT_CUT, /* on paper, but the cutter is jammed: no second copy */
    PRINTJOB_HELD,            /* still inside the printer; comes out when paper is loaded: whole,
                               * or, if the answer says "part", only its beginning */
    PRINTJOB_UNKNOWN,         /* the link was lost: nobody knows */
    PRINTJOB_FAILED,          /* nothing was sent */
    PRINTJOB_STATE_COUNT
};

enum printjob_device {
    PRINTJOB_READY,
    PRINTJOB_NEAR_END,
    PRINTJOB_PAPER_OUT,
    PRINTJOB_COVER_OPEN,
    PRINTJOB_ERROR,
    PRINTJOB_OFFLINE,
    PRINTJOB_DEVICE_COUNT
};

/* A line from the kiosk. */
enum printjob_op {
    PRINTJOB_OP_PRINT,
    PRINTJOB_OP_STATUS,
    PRINTJOB_OP_UNREPORTED, /* which verdict has not reached the server yet? The oldest one */
    PRINTJOB_OP_REPORTED,   /* that verdict has reached it */
    PRINTJOB_OP_COUNT
};

struct printjob_request {
    enum printjob_op op;
    char job_id[ID_TEXT_SIZE]; /* PRINT, REPORTED */
    uint32_t copy;             /* 0: the first paper; else "copy n" stands on it */
    json_t *receipt;           /* PRINT: @own, json_decref() */
};

/* A line from printd: about the device, about a job, or a verdict that is to be reported. */
struct printjob_answer {
    bool is_device;
    enum printjob_device device;
    bool part;                 /* HELD: the rest of the paper was never sent */
    bool is_report;            /* the answer to UNREPORTED */
    char job_id[ID_TEXT_SIZE]; /* empty in a report: everything is reported */
    enum printjob_state state;
    char detail[PRINTJOB_DETAIL_SIZE];
    char order_no[PRINTJOB_ORDER_SIZE]; /* a report's, as the next one */
    char kind[PRINTJOB_WORD_SIZE];      /* of the receipt; empty: not known */
};

const char *printjob_state_name(enum printjob_state state);
MUST_CHECK bool printjob_state_parse(const char *name, enum printjob_state *ret_state);
const char *printjob_device_name(enum printjob_device device);
MUST_CHECK bool printjob_device_parse(const char *name, enum printjob_device *ret_device);

/** Write a line with its line end; false if it does not fit @p size. */
MUST_CHECK bool printjob_request_encode(const struct printjob_request *request, char *ret_line,
                                        size_t size);
MUST_CHECK bool printjob_answer_encode(const struct printjob_answer *answer, char *ret_line,
                                       size_t size);

/**
 * Read a line without its line end.
 *
 * @param ret_field  the member that is missing or wrong, when false is returned; never NULL
 */
MUST_CHECK bool printjob_request_decode(const char *line, size_t size,
                                        struct printjob_request *ret_request,
                                        const char **ret_field);
MUST_CHECK bool printjob_answer_decode(const char *line, size_t size,
                                       struct printjob_answer *ret_answer, const char **ret_field);

#endif
