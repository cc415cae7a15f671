/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/cards/cards.h"

#include <stdlib.h>

#include "cloud/cards/internal.h"
#include "common/bytes.h"
#include "common/log.h"
#include "protocol/api/error.h"

struct others {
    uint16_t key_id;
    int64_t count; /* accounts of another one */
};

/* Of one vault there is one master key: accounts of another one would find every card forged. */
static enum err count_others(struct db *db, void *arg)
{
    struct others *others = arg;
    struct sql *sql = sql_begin(db, "SELECT count(*) FROM card_account WHERE key_id <> ?1");
    sql_bind_i64(sql, 1, others->key_id);
    enum err err = sql_one(sql);
    if (err == OK) {
        others->count = sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

static enum err check_keys(const struct cards_setup *setup)
{
    if (setup->vault == NULL) {
        return OK;
    }
    struct others others = {.key_id = vault_key_id(setup->vault)};
    enum err err = store_read(setup->store, count_others, &others);
    if (err == OK && others.count > 0) {
        log_error("cards: %lld meters were opened under another master key than key_id %u of the"
                  " configuration",
                  (long long)others.count, (unsigned)others.key_id);
        return ERR_UNSUPPORTED;
    }
    return err;
}

enum err cards_create(const struct cards_setup *setup, struct cards **ret_cards)
{
    enum err err = check_keys(setup);
    if (err != OK) {
        return err;
    }
    struct cards *cards = calloc(1, sizeof(*cards));
    if (cards == NULL) {
        return ERR_MEMORY;
    }
    cards->setup = *setup;
    cards->sessions = card_sessions_create();
    if (cards->sessions == NULL) {
        free(cards);
        return ERR_MEMORY;
    }
    lay_routes(cards);
    write_routes(cards);
    round_routes(cards);
    desk_routes(cards);
    desk_read_routes(cards);
    if (setup->vault != NULL) {
        const struct card_port port = {.gate = gate_pass, .self = cards};
        orders_set_cards(setup->orders, &port);
    }
    *ret_cards = cards;
    return OK;
}

void cards_destroy(struct cards *cards)
{
    if (cards != NULL) {
        card_sessions_destroy(cards->sessions);
        free(cards);
    }
}

void cards_reply(struct http_request *request, cards_encode encode, const void *value)
{
    char *text = malloc(API_TEXT_SIZE_MAX);
    size_t size = 0;
    if (text == NULL || encode(value, text, API_TEXT_SIZE_MAX, &size) != OK) {
        http_reply_error(request, 500, API_ERROR_INTERNAL, NULL, NULL);
    } else {
        http_reply_text(request, 200, "application/json", text, size);
        bytes_wipe(text, size);
    }
    free(text);
}
