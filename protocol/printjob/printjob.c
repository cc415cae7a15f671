/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/printjob/printjob.h"

#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

static const char *const STATE_NAMES[PRINTJOB_STATE_COUNT] = {
    [PRINTJOB_QUEUED] = "queued",
    [PRINTJOB_PRINTED] = "printed",
    [PRINTJOB_PRINTED_NOT_CUT] = "printed_not_cut",
    [PRINTJOB_HELD] = "held",
    [PRINTJOB_UNKNOWN] = "unknown",
    [PRINTJOB_FAILED] = "failed",
};

static const char *const DEVICE_NAMES[PRINTJOB_DEVICE_COUNT] = {
    [PRINTJOB_READY] = "ready",         [PRINTJOB_NEAR_END] = "near_end",
    [PRINTJOB_PAPER_OUT] = "paper_out", [PRINTJOB_COVER_OPEN] = "cover_open",
    [PRINTJOB_ERROR] = "error",         [PRINTJOB_OFFLINE] = "offline",
};

static const char *const OP_NAMES[PRINTJOB_OP_COUNT] = {
    [PRINTJOB_OP_PRINT] = "print",
    [PRINTJOB_OP_STATUS] = "status",
    [PRINTJOB_OP_UNREPORTED] = "unreported",
    [PRINTJOB_OP_REPORTED] = "reported",
};

/* The index of @p name among @p names; @p count if it is none of them. */
static size_t find_name(const char *const *names, size_t count, const char *name)
{
    size_t at = 0;
    while (at < count && !str_equal(names[at], name)) {
        at += 1;
    }
    return at;
}

const char *printjob_state_name(enum printjob_state state)
{
    MUST(state < PRINTJOB_STATE_COUNT);
    return STATE_NAMES[state];
}

bool printjob_state_parse(const char *name, enum printjob_state *ret_state)
{
    size_t at = find_name(STATE_NAMES, PRINTJOB_STATE_COUNT, name);
    if (at == PRINTJOB_STATE_COUNT) {
        return false;
    }
    *ret_state = (enum printjob_state)at;
    return true;
}

const char *printjob_device_name(enum printjob_device device)
{
    MUST(device < PRINTJOB_DEVICE_COUNT);
    return DEVICE_NAMES[device];
}

bool printjob_device_parse(const char *name, enum printjob_device *ret_device)
{
    size_t at = find_name(DEVICE_NAMES, PRINTJOB_DEVICE_COUNT, name);
    if (at == PRINTJOB_DEVICE_COUNT) {
        return false;
    }
    *ret_device = (enum printjob_device)at;
    return true;
}

static bool print_line(json_t *root, char *ret_line, size_t size)
{
    MUST(size >= 2);
    bool fits = json_print(root, ret_line, size - 1);
    json_decref(root);
    if (fits) {
        size_t end = 0;
        while (ret_line[end] != '\0') {
            end += 1;
        }
        ret_line[end] = '\n';
        ret_line[end + 1] = '\0';
    }
    return fits;
}

bool printjob_request_encode(const struct printjob_request *request, char *ret_line, size_t size)
{
    MUST(request->op < PRINTJOB_OP_COUNT);
    json_t *root = json_object();
    MUST(root != NULL);
    json_put_text(root, "op", OP_NAMES[request->op]);
    if (request->op == PRINTJOB_OP_PRINT || request->op == PRINTJOB_OP_REPORTED) {
        json_put_text(root, "job_id", request->job_id);
    }
    if (request->op == PRINTJOB_OP_PRINT) {
        json_put_int(root, "copy", request->copy);
        json_put(root, "receipt", json_incref(request->receipt));
    }
    return print_line(root, ret_line, size);
}

static void put_job(json_t *root, const struct printjob_answer *answer)
{
    json_put_text(root, "job_id", answer->job_id);
    json_put_text(root, "state", printjob_state_name(answer->state));
    if (answer->part) {
        json_put_flag(root, "part", true);
    }
}

static void put_report(json_t *root, const struct printjob_answer *answer)
{
    json_put_text(root, "op", OP_NAMES[PRINTJOB_OP_UNREPORTED]);
    if (answer->job_id[0] != '\0') {
        put_job(root, answer);
        json_put_text(root, "order_no", answer->order_no);
        json_put_text(root, "kind", answer->kind);
    }
}

bool printjob_answer_encode(const struct printjob_answer *answer, char *ret_line, size_t size)
{
    json_t *root = json_object();
    MUST(root != NULL);
    if (answer->is_device) {
        json_put_text(root, "op", OP_NAMES[PRINTJOB_OP_STATUS]);
        json_put_text(root, "state", printjob_device_name(answer->device));
    } else if (answer->is_report) {
        put_report(root, answer);
    } else {
        put_job(root, answer);
    }
    if (answer->detail[0] != '\0') {
        json_put_text(root, "detail", answer->detail);
    }
    return print_line(root, ret_line, size);
}

static void read_job_id(struct json_reader *r, char ret_id[ID_TEXT_SIZE])
{
    json_text(r, "job_id", ret_id, ID_TEXT_SIZE);
    if (!json_failed(r) && !id_is_valid(ret_id)) {
        json_refuse(r, "job_id");
    }
}

bool printjob_request_decode(const char *line, size_t size, struct printjob_request *ret_request,
                             const char **ret_field)
{
    json_t *root = json_parse_object(line, size, PRINTJOB_LINE_SIZE);
    struct json_reader r = json_reader(root);
    struct printjob_request request = {0};
    char op[16];
    json_text(&r, "op", op, sizeof(op));
    size_t at = find_name(OP_NAMES, PRINTJOB_OP_COUNT, op);
    if (at == PRINTJOB_OP_COUNT) {
        json_refuse(&r, "op");
    } else {
        request.op = (enum printjob_op)at;
    }
    const json_t *receipt = NULL;
    if (request.op == PRINTJOB_OP_PRINT || request.op == PRINTJOB_OP_REPORTED) {
        read_job_id(&r, request.job_id);
    }
    if (!json_failed(&r) && request.op == PRINTJOB_OP_PRINT) {
        request.copy = (uint32_t)json_int_or(&r, "copy", 0, PRINTJOB_COPY_MAX, 0);
        receipt = json_object_at(&r, "receipt");
    }
    bool ok = root != NULL && !json_failed(&r);
    *ret_field = root == NULL ? "(line)" : json_field(&r);
    if (ok) {
        request.receipt = receipt != NULL ? json_deep_copy(receipt) : NULL;
        *ret_request = request;
    }
    json_decref(root);
    return ok;
}

static void read_device(struct json_reader *r, struct printjob_answer *answer)
{
    char state[PRINTJOB_WORD_SIZE];
    json_text(r, "state", state, sizeof(state));
    if (!printjob_device_parse(state, &answer->device)) {
        json_refuse(r, "state");
    }
}

static void read_job(struct json_reader *r, struct printjob_answer *answer)
{
    char state[PRINTJOB_WORD_SIZE];
    json_text(r, "state", state, sizeof(state));
    read_job_id(r, answer->job_id);
    answer->part = json_flag_or(r, "part", false);
    if (!printjob_state_parse(state, &answer->state)) {
        json_refuse(r, "state");
    }
}

bool printjob_answer_decode(const char *line, size_t size, struct printjob_answer *ret_answer,
                            const char **ret_field)
{
    json_t *root = json_parse_object(line, size, PRINTJOB_LINE_SIZE);
    struct json_reader r = json_reader(root);
    struct printjob_answer answer = {0};
    char op[16];
    json_text_or_empty(&r, "op", op, sizeof(op));
    json_text_or_empty(&r, "detail", answer.detail, sizeof(answer.detail));
    answer.is_device = str_equal(op, OP_NAMES[PRINTJOB_OP_STATUS]);
    answer.is_report = str_equal(op, OP_NAMES[PRINTJOB_OP_UNREPORTED]);
    if (answer.is_device) {
        read_device(&r, &answer);
    } else if (!answer.is_report && op[0] != '\0') {
        json_refuse(&r, "op");
    } else if (!answer.is_report || json_has(&r, "job_id")) {
        read_job(&r, &answer);
        json_text_or_empty(&r, "order_no", answer.order_no, sizeof(answer.order_no));
        json_text_or_empty(&r, "kind", answer.kind, sizeof(answer.kind));
    }
    bool ok = root != NULL && !json_failed(&r);
    *ret_field = root == NULL ? "(line)" : json_field(&r);
    if (ok) {
        *ret_answer = answer;
    }
    json_decref(root);
    return ok;
}
