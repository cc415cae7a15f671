/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's calls over the admin socket. Its listener has a thread of its own that serves
 * nobody else, so these handlers may wait: for the writer, for a hash, for a provider.
 */
#include <stdlib.h>

#include "cloud/orders/case.h"
#include "cloud/orders/evidence.h"
#include "cloud/orders/number.h"
#include "cloud/review/audit.h"
#include "cloud/review/bill_call.h"
#include "cloud/review/books_call.h"
#include "cloud/review/review.h"
#include "common/json/json.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"
#include "protocol/payments/result.h"

struct review {
    struct orders *orders;
    struct orders_setup setup;
    struct person_desk desk;
};

/* ---- answers ---- */

static void reply_err(struct http_request *request, enum err err)
{
    if (err == ERR_NOT_FOUND) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, "no such document or open item", NULL);
    } else if (err == ERR_DENIED) {
        http_reply_error(request, 403, "wrong_password", "wrong name or password", NULL);
    } else if (err == ERR_CONFLICT) {
        http_reply_error(request, 403, "locked", "too many wrong passwords: wait 15 minutes", NULL);
    } else if (err == ERR_RANGE) {
        http_reply_error(request, 422, API_ERROR_BAD_REQUEST, "a value is not allowed", NULL);
    } else {
        http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, err_name(err), NULL);
    }
}

static void reply_word(struct http_request *request, const char *name, const char *word)
{
    json_t *json = json_object();
    json_put_text(json, name, word);
    http_reply_json(request, 200, json);
}

/* ---- looking ---- */

struct shown {
    const char *document_no;
    json_t *json;
};

static enum err load_list(struct db *db, void *arg)
{
    struct shown *shown = arg;
    return review_list(db, &shown->json);
}

static enum err load_alarms(struct db *db, void *arg)
{
    struct shown *shown = arg;
    return review_alarms(db, &shown->json);
}

static enum err load_document(struct db *db, void *arg)
{
    struct shown *shown = arg;
    return review_show(db, shown->document_no, &shown->json);
}

static enum err load_audit(struct db *db, void *arg)
{
    struct shown *shown = arg;
    return audit_books(db, &shown->json);
}

static void reply_shown(const struct review *review, struct http_request *request, store_fn fn,
                        struct shown *shown)
{
    enum err err = store_read(review->setup.store, fn, shown);
    if (err == OK) {
        http_reply_json(request, 200, shown->json);
    } else {
        reply_err(request, err);
    }
}

static void on_list(struct http_request *request, void *self)
{
    struct shown shown = {0};
    reply_shown(self, request, load_list, &shown);
}

static void on_alarms(struct http_request *request, void *self)
{
    struct shown shown = {0};
    reply_shown(self, request, load_alarms, &shown);
}

static void on_show(struct http_request *request, void *self)
{
    struct shown shown = {.document_no = http_param(request, "document_no")};
    reply_shown(self, request, load_document, &shown);
}

static void on_audit(struct http_request *request, void *self)
{
    struct shown shown = {0};
    reply_shown(self, request, load_audit, &shown);
}

/* ---- signing and attaching ---- */

/* True if the wallet was asked, where money goes back without it; else the request was answered.
 * What is no payment's, review_sign() decides without. */
static bool asks_wallet(const struct review *review, struct http_request *request,
                        const struct review_sign *sign)
{
    bool heard = true;
    if (sign->decision != REVIEW_REPAID) {
        return true;
    }
    enum err err = evidence_ask_first(review->orders, sign->document_no, &heard);
    if (err == ERR_NOT_FOUND) {
        return true;
    }
    if (err != OK) {
        reply_err(request, err);
    } else if (!heard) {
        http_reply_error(request, 409, EVIDENCE_SILENT, EVIDENCE_SILENT_TEXT, NULL);
    }
    return err == OK && heard;
}

static void on_sign(struct http_request *request, void *self)
{
    const struct review *review = self;
    struct json_reader r = json_reader(http_body_json(request));
    struct review_sign sign = {.orders = review->orders};
    char word[16];
    json_text(&r, "decision", word, sizeof(word));
    if (!json_failed(&r) && !review_decision_parse(word, &sign.decision)) {
        json_refuse(&r, "decision");
    }
    if (!str_copy(sign.document_no, sizeof(sign.document_no), http_param(request, "document_no"))) {
        reply_err(request, ERR_NOT_FOUND);
        return;
    }
    if (!person_signs(review->setup.store, request, &r, reply_err, sign.person) ||
        !asks_wallet(review, request, &sign)) {
        return;
    }
    enum err err = store_run(review->setup.store, review_sign, &sign);
    if (err != OK) {
        reply_err(request, err);
    } else if (sign.refusal != REVIEW_ALLOWED) {
        http_reply_error(request, 409, review_refusal_name(sign.refusal), NULL, NULL);
    } else {
        log_info("review: %s signed \"%s\" for %s%s", sign.person, word, sign.document_no,
                 sign.settled ? ", settled" : "");
        reply_word(request, "result", sign.settled ? "settled" : "first");
    }
}

static bool is_attachment(const char *kind)
{
    return str_equal(kind, "reading") || str_equal(kind, "physical") ||
           str_equal(kind, "reference") || str_equal(kind, "note");
}

static void on_attach(struct http_request *request, void *self)
{
    const struct review *review = self;
    struct json_reader r = json_reader(http_body_json(request));
    struct review_attach attach = {.kind = ""};
    json_text(&r, "kind", attach.kind, sizeof(attach.kind));
    json_text(&r, "text", attach.text, sizeof(attach.text));
    if (!json_failed(&r) && !is_attachment(attach.kind)) {
        json_refuse(&r, "kind");
    }
    if (!str_copy(attach.document_no, sizeof(attach.document_no),
                  http_param(request, "document_no"))) {
        reply_err(request, ERR_NOT_FOUND);
        return;
    }
    if (!person_signs(review->setup.store, request, &r, reply_err, attach.person)) {
        return;
    }
    enum err err = store_run(review->setup.store, review_attach, &attach);
    if (err == OK) {
        reply_word(request, "result", "attached");
    } else {
        reply_err(request, err);
    }
}

static void on_off_bus(struct http_request *request, void *self)
{
    const struct review *review = self;
    struct json_reader r = json_reader(http_body_json(request));
    struct review_off_bus off_bus = {.orders = review->orders, .attach = {.kind = "off_bus"}};
    struct review_attach *attach = &off_bus.attach;
    json_text(&r, "text", attach->text, sizeof(attach->text));
    if (!str_copy(attach->document_no, sizeof(attach->document_no),
                  http_param(request, "document_no"))) {
        reply_err(request, ERR_NOT_FOUND);
        return;
    }
    if (!person_signs(review->setup.store, request, &r, reply_err, attach->person)) {
        return;
    }
    enum err err = store_run(review->setup.store, review_off_bus, &off_bus);
    if (err != OK) {
        reply_err(request, err);
    } else if (off_bus.refused != NULL) {
        http_reply_error(request, 409, off_bus.refused, NULL, NULL);
    } else {
        log_info("review: %s says that the collector of %s is off the bus", attach->person,
                 attach->document_no);
        reply_word(request, "result", "the meter is read after the wait");
    }
}

/* ---- what one person may ask for ---- */

struct again {
    const struct review *review;
    const char *order_no;
};

/* The delivery's next step now: for UNKNOWN and FENCING that is a void or a reading. */
static enum err read_again(struct db *db, void *arg)
{
    const struct again *again = arg;
    struct delivery_row row;
    enum err err = delivery_row_load(db, again->order_no, &row);
    if (err == OK && !delivery_is_live(row.delivery.stage)) {
        err = ERR_NOT_FOUND;
    }
    return err == OK ? job_put(again->review->setup.jobs, db, JOB_DELIVER, again->order_no,
                               db_service_ms(db))
                     : err;
}

static void on_read(struct http_request *request, void *self)
{
    const struct review *review = self;
    struct json_reader r = json_reader(http_body_json(request));
    struct again again = {.review = review, .order_no = http_param(request, "document_no")};
    char person[PERSON_NAME_SIZE];
    if (!person_signs(review->setup.store, request, &r, reply_err, person)) {
        return;
    }
    enum err err = store_run(review->setup.store, read_again, &again);
    if (err == OK) {
        reply_word(request, "result", "asked");
    } else {
        reply_err(request, err);
    }
}

static void on_query(struct http_request *request, void *self)
{
    const struct review *review = self;
    struct json_reader r = json_reader(http_body_json(request));
    char person[PERSON_NAME_SIZE];
    enum pay_result result = PAY_UNKNOWN;
    if (!person_signs(review->setup.store, request, &r, reply_err, person)) {
        return;
    }
    enum err err = evidence_query(review->orders, http_param(request, "document_no"), &result);
    if (err == OK) {
        reply_word(request, "result", pay_result_name(result));
    } else {
        reply_err(request, err);
    }
}

/* ---- numbers ---- */

static enum err raise_epoch(struct db *db, void *arg)
{
    int64_t *epoch = arg;
    return number_raise_epoch(db, epoch);
}

static void on_epoch(struct http_request *request, void *self)
{
    const struct review *review = self;
    int64_t epoch = 0;
    enum err err = store_run(review->setup.store, raise_epoch, &epoch);
    if (err != OK) {
        reply_err(request, err);
        return;
    }
    log_info("ledger: numbers go on in epoch %lld", (long long)epoch);
    json_t *json = json_object();
    json_put_int(json, "epoch", epoch);
    http_reply_json(request, 200, json);
}

enum err review_create(struct orders *orders, const struct orders_setup *setup,
                       struct review **ret_review)
{
    struct review *review = calloc(1, sizeof(*review));
    if (review == NULL) {
        return ERR_MEMORY;
    }
    *review = (struct review){
        .orders = orders, .setup = *setup, .desk = {.store = setup->store, .rng = setup->rng}};
    const struct http_route routes[] = {
        {HTTP_GET, "/v1/admin/review", HTTP_FOR_ADMIN, HTTP_BODY_NONE, 0, on_list, review},
        {HTTP_GET, "/v1/admin/review/{document_no}", HTTP_FOR_ADMIN, HTTP_BODY_NONE, 0, on_show,
         review},
        {HTTP_POST, "/v1/admin/review/{document_no}/sign", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0,
         on_sign, review},
        {HTTP_POST, "/v1/admin/review/{document_no}/attach", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0,
         on_attach, review},
        {HTTP_POST, "/v1/admin/review/{document_no}/off-bus", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0,
         on_off_bus, review},
        {HTTP_POST, "/v1/admin/review/{document_no}/read", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0,
         on_read, review},
        {HTTP_POST, "/v1/admin/review/{document_no}/query", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0,
         on_query, review},
        {HTTP_GET, "/v1/admin/alarms", HTTP_FOR_ADMIN, HTTP_BODY_NONE, 0, on_alarms, review},
        {HTTP_GET, "/v1/admin/ledger", HTTP_FOR_ADMIN, HTTP_BODY_NONE, 0, on_audit, review},
        {HTTP_POST, "/v1/admin/ledger/epoch", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_epoch, review},
    };
    http_route_add(setup->http, routes, ARRAY_COUNT(routes));
    person_routes(setup->http, &review->desk);
    bill_routes(setup->http, orders);
    books_routes(setup->http, orders);
    *ret_review = review;
    return OK;
}

void review_destroy(struct review *review)
{
    free(review);
}
