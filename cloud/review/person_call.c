/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding people and changing their passwords over the admin socket, and who signs the calls there.
 * Who may reach the socket is one man, often; that two persons sign must not depend on him.
 */
#include "cloud/review/person.h"
#include "common/bytes.h"
#include "common/json/json.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"

/* A change as it was asked for, and who answers for it. */
struct wish {
    char name[PERSON_NAME_SIZE];
    char password[PASSWORD_SIZE];
    size_t voucher_count;
    char vouchers[PERSON_VOUCHERS][PERSON_NAME_SIZE];
};

/* ---- who signs a call of another folder ---- */

bool person_signs(struct store *store, struct http_request *request, struct json_reader *r,
                  person_reply_fn reply_err, char ret_name[PERSON_NAME_SIZE])
{
    char password[PASSWORD_SIZE];
    json_text(r, "person", ret_name, PERSON_NAME_SIZE);
    json_text(r, "password", password, sizeof(password));
    if (json_failed(r)) {
        bytes_wipe(password, sizeof(password));
        http_reply_bad_request(request, json_field(r));
        return false;
    }
    enum err err = person_check(store, ret_name, password);
    bytes_wipe(password, sizeof(password));
    if (err != OK) {
        reply_err(request, err);
    }
    return err == OK;
}

/* ---- who answers for a change ---- */

static bool is_listed(const struct wish *wish, const char *name)
{
    for (size_t i = 0; i < wish->voucher_count; i++) {
        if (str_equal(wish->vouchers[i], name)) {
            return true;
        }
    }
    return false;
}

/* One {"person","password"}: he is who he says, and was not counted before. */
static enum err take_voucher(const struct person_desk *desk, const json_t *json, struct wish *wish)
{
    char name[PERSON_NAME_SIZE];
    char password[PASSWORD_SIZE];
    struct json_reader r = json_reader(json);
    json_text(&r, "person", name, sizeof(name));
    json_text(&r, "password", password, sizeof(password));
    if (json_failed(&r) || wish->voucher_count == PERSON_VOUCHERS || is_listed(wish, name)) {
        bytes_wipe(password, sizeof(password));
        return ERR_RANGE;
    }
    enum err err = person_check(desk->store, name, password);
    bytes_wipe(password, sizeof(password));
    if (err == OK) {
        bool fits = str_copy(wish->vouchers[wish->voucher_count], PERSON_NAME_SIZE, name);
        MUST(fits);
        wish->voucher_count += 1;
    }
    return err;
}

static enum err take_vouchers(const struct person_desk *desk, const json_t *list, struct wish *wish)
{
    size_t i = 0;
    const json_t *voucher = NULL;
    json_array_foreach(list, i, voucher)
    {
        enum err err = take_voucher(desk, voucher, wish);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static void name_actor(const struct wish *wish, char ret_actor[PERSON_ACTOR_SIZE])
{
    struct strbuf text;
    strbuf_init(&text, ret_actor, PERSON_ACTOR_SIZE);
    for (size_t i = 0; i < wish->voucher_count; i++) {
        strbuf_addf(&text, "%s%s", i > 0 ? "+" : "", wish->vouchers[i]);
    }
    MUST(!text.failed);
}

/* ---- answers ---- */

static void reply(struct http_request *request, enum err err, const char *result)
{
    if (err == OK) {
        json_t *json = json_object();
        json_put_text(json, "result", result);
        http_reply_json(request, 200, json);
    } else if (err == ERR_EXISTS) {
        http_reply_error(request, 409, "person_exists",
                         "that name is taken: person-password gives him another password", NULL);
    } else if (err == ERR_NOT_FOUND) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, "no such person", NULL);
    } else if (err == ERR_DENIED) {
        http_reply_error(request, 403, "wrong_password",
                         "wrong name or password, or it needs the passwords of two others", NULL);
    } else if (err == ERR_CONFLICT) {
        http_reply_error(request, 403, "locked", "too many wrong passwords: wait 15 minutes", NULL);
    } else if (err == ERR_RANGE) {
        http_reply_error(request, 422, API_ERROR_BAD_REQUEST,
                         "a name is 1 to 32 of a-z, 0-9, '.', '_', '-'; a password has 8 or more",
                         NULL);
    } else {
        http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, err_name(err), NULL);
    }
}

/* ---- the two calls ---- */

/* Read and check @p wish; false: the request was answered. */
static bool take_wish(const struct person_desk *desk, struct http_request *request,
                      struct wish *wish)
{
    struct json_reader r = json_reader(http_body_json(request));
    json_text(&r, "name", wish->name, sizeof(wish->name));
    json_text(&r, "password", wish->password, sizeof(wish->password));
    const json_t *list = json_has(&r, "vouchers") ? json_array_at(&r, "vouchers") : NULL;
    if (json_failed(&r)) {
        http_reply_bad_request(request, json_field(&r));
        return false;
    }
    enum err err = take_vouchers(desk, list, wish);
    if (err != OK) {
        reply(request, err, "");
    }
    return err == OK;
}

static void on_add(struct http_request *request, void *self)
{
    const struct person_desk *desk = self;
    struct wish wish = {.voucher_count = 0};
    char actor[PERSON_ACTOR_SIZE];
    if (take_wish(desk, request, &wish)) {
        name_actor(&wish, actor);
        if (wish.voucher_count < PERSON_VOUCHERS) {
            actor[0] = '\0'; /* one alone answers for nobody */
        }
        const struct person_change change = {wish.name, wish.password, actor};
        enum err err = person_add(desk->store, desk->rng, &change);
        if (err == OK) {
            log_info("review: %s was added by %s", wish.name, actor[0] != '\0' ? actor : "nobody");
        }
        reply(request, err, "stored");
    }
    bytes_wipe(&wish, sizeof(wish));
}

/* He himself with his old password, or two others. */
static bool may_set_password(const struct wish *wish)
{
    return is_listed(wish, wish->name) ? wish->voucher_count == 1
                                       : wish->voucher_count == PERSON_VOUCHERS;
}

static void on_password(struct http_request *request, void *self)
{
    const struct person_desk *desk = self;
    struct wish wish = {.voucher_count = 0};
    char actor[PERSON_ACTOR_SIZE];
    if (take_wish(desk, request, &wish)) {
        name_actor(&wish, actor);
        const struct person_change change = {wish.name, wish.password, actor};
        enum err err = may_set_password(&wish)
                           ? person_set_password(desk->store, desk->rng, &change)
                           : ERR_DENIED;
        if (err == OK) {
            log_info("review: %s has another password, by %s", wish.name, actor);
        }
        reply(request, err, "stored");
    }
    bytes_wipe(&wish, sizeof(wish));
}

void person_routes(struct http_server *http, struct person_desk *desk)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/v1/admin/persons", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_add, desk},
        {HTTP_POST, "/v1/admin/persons/password", HTTP_FOR_ADMIN, HTTP_BODY_JSON, 0, on_password,
         desk},
    };
    http_route_add(http, routes, ARRAY_COUNT(routes));
}
