/* SPDX-License-Identifier: Apache-2.0 */
/* The card messages themselves (MESSAGES.md, section 1). */
#include "protocol/api/card.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "protocol/api/card_codec.h"

/* ---- a card is laid ---- */

enum err api_card_laid_encode(const struct api_card_laid *laid, char *ret_text, size_t text_size,
                              size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "client_request_id", laid->client_request_id);
    json_put_text(json, "uid", laid->uid);
    json_put_text(json, "atqa", laid->atqa);
    json_put_text(json, "sak", laid->sak);
    api_put_text_or_null(json, "ats", laid->ats);
    json_put_text(json, "family", laid->family);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_card_laid_decode(const char *text, size_t size, struct api_card_laid *ret_laid,
                              struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_card_laid laid = {0};
    struct json_reader r = json_reader(json);
    api_read_uuid(&r, "client_request_id", laid.client_request_id);
    api_read_uid(&r, "uid", laid.uid);
    api_read_hex(&r, "atqa", laid.atqa, sizeof(laid.atqa));
    api_read_hex(&r, "sak", laid.sak, sizeof(laid.sak));
    api_read_hex_or_empty(&r, "ats", laid.ats, sizeof(laid.ats));
    json_text(&r, "family", laid.family, sizeof(laid.family));
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err == OK) {
        *ret_laid = laid;
    }
    return err;
}

enum err api_card_session_encode(const struct api_card_session *session, char *ret_text,
                                 size_t text_size, size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "session_id", session->session_id);
    json_put_text(json, "standing", api_card_standing_name(session->standing));
    api_put_text_or_null(json, "reason", session->reason);
    json_put_text(json, "media", api_card_media_name(session->media));
    api_put_keys(json, &session->keys);
    api_put_script(json, &session->script);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_card_session_decode(const char *text, size_t size,
                                 struct api_card_session *ret_session, struct api_fault *ret_fault)
{
    memset(ret_session, 0, sizeof(*ret_session));
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    api_read_uuid(&r, "session_id", ret_session->session_id);
    ret_session->standing = api_read_standing(&r);
    json_text_or_empty(&r, "reason", ret_session->reason, sizeof(ret_session->reason));
    ret_session->media = api_read_media(&r);
    api_read_keys(&r, &ret_session->keys);
    api_read_script(&r, &ret_session->script);
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err != OK) {
        memset(ret_session, 0, sizeof(*ret_session));
    }
    return err;
}

/* ---- what is on it ---- */

enum err api_card_read_encode(const struct api_card_read *read, char *ret_text, size_t text_size,
                              size_t *ret_size)
{
    json_t *json = api_object();
    api_put_slots(json, "credit", read->credit);
    api_put_slots(json, "return", read->returned);
    api_put_text_or_null(json, "issue", read->issue);
    api_put_round(json, read->round);
    api_put_answers(json, read->answers, read->answer_count);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_card_read_decode(const char *text, size_t size, struct api_card_read *ret_read,
                              struct api_fault *ret_fault)
{
    memset(ret_read, 0, sizeof(*ret_read));
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    api_read_slots(&r, "credit", ret_read->credit);
    api_read_slots(&r, "return", ret_read->returned);
    api_read_hex_or_empty(&r, "issue", ret_read->issue, sizeof(ret_read->issue));
    ret_read->round = json_int_or(&r, "round", 1, API_CARD_ROUNDS_MAX, 0);
    ret_read->answer_count = api_read_answers(&r, ret_read->answers);
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err != OK) {
        memset(ret_read, 0, sizeof(*ret_read));
    }
    return err;
}

/* ---- what the cloud makes of it ---- */

static void put_last(json_t *json, const struct api_card_view *view)
{
    if (!view->has_last) {
        json_put_null(json, "last_top_up");
        return;
    }
    json_t *last = api_object();
    json_put_int(last, "amount_fen", view->last_fen);
    json_put_int(last, "at", view->last_at);
    json_put(json, "last_top_up", last);
}

static void put_owed(json_t *json, const struct api_card_view *view)
{
    if (!view->has_owed) {
        json_put_null(json, "owed");
        return;
    }
    json_t *owed = api_object();
    json_put_text(owed, "order_no", view->owed_order_no);
    json_put_int(owed, "amount_fen", view->owed_fen);
    json_put(json, "owed", owed);
}

enum err api_card_view_encode(const struct api_card_view *view, char *ret_text, size_t text_size,
                              size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "session_id", view->session_id);
    json_put_text(json, "state", api_card_state_name(view->state));
    api_put_text_or_null(json, "reason", view->reason);
    api_put_text_or_null(json, "room_id", view->room_id);
    api_put_text_or_null(json, "meter_id", view->meter_id);
    json_put_text(json, "place", view->place);
    json_put_text(json, "customer_masked", view->customer_masked);
    json_put_text(json, "meter_tail", view->meter_tail);
    api_put_int_or_null(json, "balance_fen", view->has_balance, view->balance_fen);
    api_put_int_or_null(json, "balance_at", view->has_balance, view->balance_at);
    json_put_text(json, "loaded", api_card_loaded_name(view->loaded));
    api_put_int_or_null(json, "headroom_fen", view->has_headroom, view->headroom_fen);
    put_last(json, view);
    put_owed(json, view);
    if (view->has_write) {
        json_put(json, "write", api_write_json(&view->write));
    } else {
        json_put_null(json, "write");
    }
    api_put_script(json, &view->script);
    api_put_text_or_null(json, "authorisation", view->authorisation);
    return api_print(json, ret_text, text_size, ret_size);
}

/* An inner object: what is wrong inside is told as the whole member. */
static bool inner_reader(struct json_reader *r, const char *name, struct json_reader *ret_inner)
{
    if (!json_has(r, name)) {
        return false;
    }
    *ret_inner = json_reader(json_object_at(r, name));
    return !json_failed(r);
}

static void close_inner(struct json_reader *r, const char *name, const struct json_reader *inner)
{
    if (json_failed(inner)) {
        json_refuse(r, name);
    }
}

static void read_inner(struct json_reader *r, struct api_card_view *view)
{
    struct json_reader inner;
    view->has_last = inner_reader(r, "last_top_up", &inner);
    if (view->has_last) {
        view->last_fen = api_read_amount(&inner, "amount_fen");
        view->last_at = api_read_time(&inner, "at");
        close_inner(r, "last_top_up", &inner);
    }
    view->has_owed = inner_reader(r, "owed", &inner);
    if (view->has_owed) {
        api_read_order_no(&inner, "order_no", view->owed_order_no);
        view->owed_fen = api_read_amount(&inner, "amount_fen");
        close_inner(r, "owed", &inner);
    }
    view->has_write = inner_reader(r, "write", &inner);
    if (view->has_write) {
        api_read_write(&inner, &view->write);
        close_inner(r, "write", &inner);
    }
}

/* The room is named with every state but refused. */
static void read_id_for(struct json_reader *r, const char *name, enum api_card_state state,
                        char ret_id[API_ID_SIZE])
{
    json_text_or_empty(r, name, ret_id, API_ID_SIZE);
    const bool empty = ret_id[0] == '\0';
    if (empty ? state != API_CARD_REFUSED && state != API_CARD_MORE : !api_id_is_valid(ret_id)) {
        json_refuse(r, name);
    }
}

static void read_card_view(struct json_reader *r, struct api_card_view *view)
{
    api_read_uuid(r, "session_id", view->session_id);
    view->state = api_read_card_state(r);
    json_text_or_empty(r, "reason", view->reason, sizeof(view->reason));
    read_id_for(r, "room_id", view->state, view->room_id);
    read_id_for(r, "meter_id", view->state, view->meter_id);
    json_text_or_empty(r, "place", view->place, sizeof(view->place));
    json_text_or_empty(r, "customer_masked", view->customer_masked, sizeof(view->customer_masked));
    json_text_or_empty(r, "meter_tail", view->meter_tail, sizeof(view->meter_tail));
    view->has_balance = api_read_fen_or_null(r, "balance_fen", &view->balance_fen);
    view->balance_at = view->has_balance ? api_read_time(r, "balance_at") : 0;
    view->loaded = api_read_loaded(r);
    view->has_headroom = api_read_fen_or_null(r, "headroom_fen", &view->headroom_fen);
    read_inner(r, view);
    json_text_or_empty(r, "authorisation", view->authorisation, sizeof(view->authorisation));
    api_read_script(r, &view->script);
    const bool repair = view->state == API_CARD_REPAIR;
    const bool owed = view->state == API_CARD_OWED;
    const bool is_given_out = repair || (owed && !view->has_owed);
    if (view->has_write ? !repair && !owed : is_given_out) {
        json_refuse(r, "write");
    }
}

enum err api_card_view_decode(const char *text, size_t size, struct api_card_view *ret_view,
                              struct api_fault *ret_fault)
{
    memset(ret_view, 0, sizeof(*ret_view));
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    read_card_view(&r, ret_view);
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err != OK) {
        memset(ret_view, 0, sizeof(*ret_view));
    }
    return err;
}

/* ---- issuing ---- */

enum err api_card_issue_encode(const struct api_card_issue *issue, char *ret_text, size_t text_size,
                               size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "client_request_id", issue->client_request_id);
    json_put_text(json, "session_id", issue->session_id);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_card_issue_decode(const char *text, size_t size, struct api_card_issue *ret_issue,
                               struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_card_issue issue = {{0}, {0}};
    struct json_reader r = json_reader(json);
    api_read_uuid(&r, "client_request_id", issue.client_request_id);
    api_read_uuid(&r, "session_id", issue.session_id);
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err == OK) {
        *ret_issue = issue;
    }
    return err;
}

enum err api_card_write_encode(const struct api_card_write *write, char *ret_text, size_t text_size,
                               size_t *ret_size)
{
    json_t *json = api_object();
    json_put(json, "write", api_write_json(write));
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_card_write_decode(const char *text, size_t size, struct api_card_write *ret_write,
                               struct api_fault *ret_fault)
{
    memset(ret_write, 0, sizeof(*ret_write));
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    struct json_reader inner = json_reader(json_object_at(&r, "write"));
    enum err err = api_verdict(&r, "", ret_fault);
    if (err == OK) {
        api_read_write(&inner, ret_write);
        err = api_verdict(&inner, "write.", ret_fault);
    }
    json_decref(json);
    if (err != OK) {
        memset(ret_write, 0, sizeof(*ret_write));
    }
    return err;
}

/* ---- the rounds of a write ---- */

enum err api_card_round_encode(const struct api_card_round *round, char *ret_text, size_t text_size,
                               size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "session_id", round->session_id);
    api_put_round(json, round->round);
    api_put_answers(json, round->answers, round->answer_count);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_card_round_decode(const char *text, size_t size, struct api_card_round *ret_round,
                               struct api_fault *ret_fault)
{
    memset(ret_round, 0, sizeof(*ret_round));
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    api_read_uuid(&r, "session_id", ret_round->session_id);
    ret_round->round = json_int(&r, "round", 1, API_CARD_ROUNDS_MAX);
    ret_round->answer_count = api_read_answers(&r, ret_round->answers);
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err != OK) {
        memset(ret_round, 0, sizeof(*ret_round));
    }
    return err;
}

enum err api_card_step_encode(const struct api_card_step *step, char *ret_text, size_t text_size,
                              size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "progress", api_card_progress_name(step->progress));
    api_put_text_or_null(json, "authorisation", step->authorisation);
    api_put_script(json, &step->script);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_card_step_decode(const char *text, size_t size, struct api_card_step *ret_step,
                              struct api_fault *ret_fault)
{
    memset(ret_step, 0, sizeof(*ret_step));
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    ret_step->progress = api_read_progress(&r);
    json_text_or_empty(&r, "authorisation", ret_step->authorisation,
                       sizeof(ret_step->authorisation));
    api_read_script(&r, &ret_step->script);
    if ((ret_step->progress == API_CARD_GOES_ON) != (ret_step->script.count > 0)) {
        json_refuse(&r, "apdus");
    }
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err != OK) {
        memset(ret_step, 0, sizeof(*ret_step));
    }
    return err;
}

/* ---- confirming ---- */

enum err api_card_written_encode(const struct api_card_written *written, char *ret_text,
                                 size_t text_size, size_t *ret_size)
{
    json_t *json = api_object();
    json_put_text(json, "client_request_id", written->client_request_id);
    json_put_text(json, "uid", written->uid);
    json_put_text(json, "outcome", api_card_outcome_name(written->outcome));
    api_put_slots(json, "credit", written->credit);
    api_put_answers(json, written->answers, written->answer_count);
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_card_written_decode(const char *text, size_t size,
                                 struct api_card_written *ret_written, struct api_fault *ret_fault)
{
    memset(ret_written, 0, sizeof(*ret_written));
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(json);
    api_read_uuid(&r, "client_request_id", ret_written->client_request_id);
    api_read_uid(&r, "uid", ret_written->uid);
    ret_written->outcome = api_read_outcome(&r);
    api_read_slots(&r, "credit", ret_written->credit);
    ret_written->answer_count = api_read_answers(&r, ret_written->answers);
    enum err err = api_verdict(&r, "", ret_fault);
    json_decref(json);
    if (err != OK) {
        memset(ret_written, 0, sizeof(*ret_written));
    }
    return err;
}

enum err api_card_proof_encode(const struct api_card_proof *proof, char *ret_text, size_t text_size,
                               size_t *ret_size)
{
    json_t *json = api_object();
    json_put_flag(json, "written", proof->written);
    if (proof->has_order) {
        json_put(json, "order", api_order_view_json(&proof->order));
    } else {
        json_put_null(json, "order");
    }
    return api_print(json, ret_text, text_size, ret_size);
}

enum err api_card_proof_decode(const char *text, size_t size, struct api_card_proof *ret_proof,
                               struct api_fault *ret_fault)
{
    json_t *json = api_parse(text, size, ret_fault);
    if (json == NULL) {
        return ERR_FORMAT;
    }
    struct api_card_proof proof = {0};
    struct json_reader r = json_reader(json);
    proof.written = json_flag(&r, "written");
    proof.has_order = json_has(&r, "order");
    struct json_reader inner = {0};
    if (proof.has_order) {
        inner = json_reader(json_object_at(&r, "order"));
    }
    enum err err = api_verdict(&r, "", ret_fault);
    if (err == OK && proof.has_order) {
        api_read_order_view(&inner, &proof.order);
        err = api_verdict(&inner, "order.", ret_fault);
    }
    json_decref(json);
    if (err == OK) {
        *ret_proof = proof;
    }
    return err;
}
