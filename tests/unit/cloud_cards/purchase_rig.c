/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_cards/purchase_rig.h"

#include "cloud/cards/internal.h"
#include "common/must.h"
#include "common/str.h"
#include "tests/unit/cloud/temp_folder.h"

struct purchase_rig at;

static struct apdu hear(const struct apdu *command)
{
    return double_purchase_hear(&at.card, command);
}

void purchase_begin(void)
{
    card_rig_begin(&at.rig);
    open_card(UID, API_CARD_CPU);
    at.card = double_purchase_make(PURCHASE_MASTER, 1);
    at.meter = (struct purchase_meter){.count = 0};
    MUST(card_meter_parse(CARD_ADDRESS, at.meter.number));
    hand.hear = hear;
    hand.write_rounds = WRITE_ROUNDS;
}

/* A server's vault that has a master key for tokens, and none for purchases. */
static struct vault *make_poor_vault(void)
{
    static char folder[TEMP_PATH_SIZE];
    struct vault_config config = {.enabled = true, .key_id = 1, .issuer = 7};
    struct vault *vault = NULL;
    char why[VAULT_WHY_SIZE];
    (void)temp_folder_make(folder);
    (void)temp_path(folder, "master.hex", config.master_key_file);
    (void)temp_path(folder, "signing.pem", config.signing_key_file);
    MUST(vault_make(&config, why) == OK);
    MUST(vault_open(&config, &vault, why) == OK);
    return vault;
}

void purchase_lose_keys(bool lost)
{
    static struct vault *poor;
    if (poor == NULL) {
        poor = make_poor_vault();
    }
    at.rig.cards->setup.vault = lost ? poor : at.rig.vault;
}

void purchase_end(void)
{
    const bool clean = rig_books_are_clean(&at.rig.rig);
    card_rig_end(&at.rig);
    MUST(clean);
}

void purchase_buy(const char *terminal)
{
    relay_buy(&at.rig, terminal, UID, FEN);
}

void purchase_issue(const char *terminal)
{
    MUST(relay_issue(terminal) == 200);
}

void purchase_begin_write(void)
{
    purchase_begin();
    purchase_buy("k1");
    purchase_issue("k1");
}

void purchase_top_up(void)
{
    purchase_buy("k1");
    purchase_issue("k1");
    relay_rounds_to("k1", WRITE_ROUNDS);
    MUST(is_state(&at.rig, hand.order_no, "DONE"));
}

void purchase_finish(const char *terminal)
{
    relay_lay(terminal, UID);
    if (hand.view.state == API_CARD_OWED) {
        hand.write = hand.view.write;
        MUST(str_equal(hand.write.order_no, hand.order_no));
        relay_rounds_to(terminal, WRITE_ROUNDS);
    } else {
        MUST(hand.view.state == API_CARD_REFUSED); /* this reading proved it */
        MUST(str_equal(hand.view.reason, "not_loaded"));
    }
    MUST(is_state(&at.rig, hand.order_no, "DONE"));
}

void purchase_check_loaded(int64_t balance_fen)
{
    MUST(purchase_meter_load(&at.meter, &at.card));
    MUST(at.meter.balance_fen == balance_fen);
    MUST(!purchase_meter_load(&at.meter, &at.card));
    MUST(at.meter.balance_fen == balance_fen);
    relay_lay("k2", UID);
    MUST(hand.view.state == API_CARD_READY);
    MUST(hand.view.loaded == API_CARD_LOADED_YES);
    MUST(hand.view.balance_fen == balance_fen);
    MUST(at.card.tries_left == DOUBLE_PURCHASE_TRIES);
}
