/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/cards/cards.h"

#include <stdlib.h>

#include "cloud/cards/internal.h"

enum err cards_create(const struct cards_setup *setup, struct cards **ret_cards)
{
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
