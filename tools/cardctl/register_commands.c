/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with the register alone. */
#include <stdio.h>
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "tools/cardctl/commands.h"
#include "tools/cardctl/desk.h"
#include "tools/cardctl/person.h"
#include "tools/cardctl/seat.h"
#include "tools/cardctl/words.h"

static enum ctl_exit take_json(json_t *json)
{
    const bool printed = words_print_json(stdout, json);
    json_decref(json);
    return printed ? CTL_DONE : ctl_say(CTL_FAILED, "no memory");
}

/* The card's number: the command's first word, or the laid card's. */
static enum ctl_exit take_uid(const struct options *options, const struct words *words,
                              char ret_uid[CARD_UID_TEXT_SIZE])
{
    struct card_uid uid;
    if (words->count > 0) {
        if (!card_uid_parse(words->at[0], &uid)) {
            return ctl_say(CTL_USAGE, "that is no card's number: 8, 14 or 20 hex digits");
        }
        card_uid_format(&uid, ret_uid);
        return CTL_DONE;
    }
    struct seat seat;
    enum ctl_exit how = seat_open(options, &seat);
    if (how == CTL_DONE) {
        how = seat_wait(&seat);
    }
    if (how == CTL_DONE) {
        card_uid_format(&seat.card.uid, ret_uid);
    }
    seat_close(&seat);
    return how;
}

static enum ctl_exit end_of(enum desk_answer answer, const char *what)
{
    if (answer == DESK_UNKNOWN) {
        return ctl_say(CTL_FAILED, "%s is not in the register", what);
    }
    return answer == DESK_OK ? CTL_DONE : CTL_FAILED;
}

/* Names in the catalogue, and numbers of documents; nothing else may go into a path. */
static bool is_name(const char *text)
{
    const size_t size = strlen(text);
    return size > 0 && size < DESK_ID_SIZE &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
               size;
}

/* The cards that a meter has and had. */
static enum ctl_exit find_meter(const struct options *options, const char *meter_id)
{
    char path[DESK_PATH_SIZE];
    json_t *json = NULL;
    if (!is_name(meter_id)) {
        return ctl_say(CTL_USAGE, "that is neither a card's number nor a meter's name");
    }
    const bool fits = str_format(path, sizeof(path), "/v1/admin/cards?meter_id=%s", meter_id);
    MUST(fits);
    const enum ctl_exit how = end_of(desk_call(options, path, NULL, &json), meter_id);
    if (how != CTL_DONE) {
        return how;
    }
    json_t *cards = json_incref(json_object_get(json, "cards"));
    json_decref(json);
    if (json_array_size(cards) == 0) {
        json_decref(cards);
        return ctl_say(CTL_FAILED, "no card was ever issued for a meter %s", meter_id);
    }
    return take_json(cards);
}

enum ctl_exit command_find(const struct options *options, const struct words *words)
{
    char uid[CARD_UID_TEXT_SIZE];
    char path[DESK_PATH_SIZE];
    struct card_uid given;
    json_t *json = NULL;
    if (words->count > 0 && !card_uid_parse(words->at[0], &given)) {
        return find_meter(options, words->at[0]);
    }
    enum ctl_exit how = take_uid(options, words, uid);
    if (how != CTL_DONE) {
        return how;
    }
    desk_card_path(uid, "", path);
    how = end_of(desk_call(options, path, NULL, &json), uid);
    return how == CTL_DONE ? take_json(json) : how;
}

enum ctl_exit command_list(const struct options *options, UNUSED const struct words *words)
{
    json_t *json = NULL;
    const enum ctl_exit how = end_of(desk_call(options, "/v1/admin/cards", NULL, &json), "that");
    return how == CTL_DONE ? take_json(json) : how;
}

/* --- the state of a card --------------------------------------------------------------------- */

static enum ctl_exit set_state(const struct options *options, const struct words *words,
                               const char *state)
{
    char uid[CARD_UID_TEXT_SIZE];
    char path[DESK_PATH_SIZE];
    json_t *json = NULL;
    enum ctl_exit how = take_uid(options, words, uid);
    if (how != CTL_DONE) {
        return how;
    }
    json_t *body = json_object();
    json_put_text(body, "state", state);
    person_sign(options->signer, body);
    desk_card_path(uid, "/state", path);
    how = end_of(desk_call(options, path, body, &json), uid);
    json_decref(json);
    if (how == CTL_DONE) {
        (void)printf("card %s is %s\n", uid, state);
    }
    return how;
}

enum ctl_exit command_block(const struct options *options, const struct words *words)
{
    return set_state(options, words, "blocked");
}

enum ctl_exit command_lost(const struct options *options, const struct words *words)
{
    return set_state(options, words, "lost");
}

enum ctl_exit command_unblock(const struct options *options, const struct words *words)
{
    return set_state(options, words, "open");
}

/* --- return cases ---------------------------------------------------------------------------- */

/* A call that a person signs: @p name stands for what it is about in the body. */
static enum ctl_exit sign(const struct options *options, const char *path, const char *name,
                          const struct words *words)
{
    struct person person;
    json_t *json = NULL;
    const char *signer = words->count > 2 ? words->at[2] : options->person;
    enum ctl_exit how = person_ask(options, signer, &person);
    if (how != CTL_DONE) {
        return how;
    }
    json_t *body = json_object();
    json_put_text(body, name, words->at[1]);
    person_sign(&person, body);
    bytes_wipe(&person, sizeof(person));
    how = end_of(desk_call(options, path, body, &json), words->at[1]);
    return how == CTL_DONE ? take_json(json) : how;
}

static enum ctl_exit show_case(const struct options *options, const char *number)
{
    char path[DESK_PATH_SIZE];
    json_t *json = NULL;
    if (!is_name(number) || !str_format(path, sizeof(path), "/v1/admin/card-returns/%s", number)) {
        return ctl_say(CTL_USAGE, "that is the number of neither a case nor an order");
    }
    const enum desk_answer answer = desk_call(options, path, NULL, &json);
    if (answer == DESK_UNKNOWN) {
        return ctl_say(CTL_FAILED, "there was never a return case %s, or of this order", number);
    }
    return answer == DESK_OK ? take_json(json) : CTL_FAILED;
}

enum ctl_exit command_return_case(const struct options *options, const struct words *words)
{
    const char *verb = words->at[0];
    if (str_equal(verb, "begin")) {
        return sign(options, "/v1/admin/card-returns", "order_no", words);
    }
    if (str_equal(verb, "paid")) {
        return sign(options, "/v1/admin/card-payouts", "case_no", words);
    }
    if (str_equal(verb, "show") && words->count == 2) {
        return show_case(options, words->at[1]);
    }
    return ctl_say(CTL_USAGE,
                   "return-case begin ORDER [PERSON] | paid CASE [PERSON] | show NUMBER");
}
