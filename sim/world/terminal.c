/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world/terminal.h"

#include <stdlib.h>

#include "common/must.h"
#include "common/str.h"
#include "kiosk/journal/journal.h"
#include "sim/disk/memdisk.h"
#include "sim/kernel/kernel.h"

bool terminal_start(struct terminal *terminal, uint32_t index)
{
    char path[32];
    char why[JOURNAL_WHY_SIZE];
    struct journal *journal = NULL;
    const uint32_t life = terminal->life;
    terminal->node = TERMINAL_NODE_FIRST + (int)index;
    terminal->journal = NULL;
    terminal->on = true;
    memdisk_faults(terminal->node)->dark = false;
    str_format_cut(path, sizeof(path), "/sim/%c/kiosk.db", 'a' + terminal->node);
    enum err err = journal_open(path, kernel_wall_ms(KERNEL_WORLD) / 1000, &journal, why);
    if (terminal->life != life) {
        return false;
    }
    terminal->on = err == OK;
    terminal->journal = journal;
    return err == OK;
}

void terminal_cut(struct terminal *terminal)
{
    terminal->journal = NULL; /* abandoned, as a dead machine's memory is */
    terminal->on = false;
    terminal->life += 1;
    memdisk_cut(terminal->node);
    memdisk_faults(terminal->node)->dark = true;
}

/* Its journal can be written to. */
static bool is_ready(const struct terminal *terminal)
{
    return terminal->journal != NULL;
}

/* What was written is there, and so is the machine: the power may have gone behind the write. */
static bool is_done(const struct terminal *terminal, enum err err)
{
    return err == OK && is_ready(terminal);
}

bool terminal_remember(struct terminal *terminal, const struct terminal_wish *wish)
{
    struct session_create create = {.amount = money_fen(wish->fen)};
    if (!is_ready(terminal)) {
        return false;
    }
    MUST(str_copy(create.client_request_id, sizeof(create.client_request_id),
                  wish->client_request_id));
    MUST(str_copy(create.purchase_id, sizeof(create.purchase_id), wish->purchase_id));
    MUST(str_copy(create.room_id, sizeof(create.room_id), wish->room_id));
    MUST(str_copy(create.meter_id, sizeof(create.meter_id), wish->meter_id));
    enum err err = journal_save(terminal->journal, &create, kernel_wall_ms(KERNEL_WORLD) / 1000);
    return is_done(terminal, err);
}

/* Both are hints for the next start: a failure only makes it ask once more. */
void terminal_number(struct terminal *terminal, const char *client_request_id, const char *order_no)
{
    if (is_ready(terminal)) {
        (void)!journal_set_order_no(terminal->journal, client_request_id, order_no);
    }
}

void terminal_settle(struct terminal *terminal, const char *client_request_id)
{
    if (is_ready(terminal)) {
        (void)!journal_settle(terminal->journal, client_request_id);
    }
}

bool terminal_find_open(struct terminal *terminal, char ret_id[TERMINAL_ID_SIZE],
                        char ret_order_no[TERMINAL_NO_SIZE])
{
    struct journal_order order;
    if (!is_ready(terminal) || journal_find_open(terminal->journal, &order) != OK) {
        return false;
    }
    return str_copy(ret_id, TERMINAL_ID_SIZE, order.client_request_id) &&
           str_copy(ret_order_no, TERMINAL_NO_SIZE, order.order_no);
}

/* ---- writes to cards ---- */

bool terminal_card_begin(struct terminal *terminal, const struct terminal_card *card,
                         const char *token, int64_t fen)
{
    struct session_card_write write = {.amount = money_fen(fen)};
    if (!is_ready(terminal)) {
        return false;
    }
    MUST(str_copy(write.id, sizeof(write.id), card->id));
    MUST(str_copy(write.order_no, sizeof(write.order_no), card->order_no));
    MUST(str_copy(write.uid, sizeof(write.uid), card->uid));
    MUST(str_copy(write.token, sizeof(write.token), token));
    const int64_t now_s = kernel_wall_ms(KERNEL_WORLD) / 1000;
    return is_done(terminal, journal_card_begin(terminal->journal, &write, now_s));
}

bool terminal_card_end(struct terminal *terminal, const char *id, const char *body)
{
    return is_ready(terminal) && is_done(terminal, journal_card_end(terminal->journal, id, body));
}

/* A failure only makes it tell once more. */
void terminal_card_told(struct terminal *terminal, const char *id, bool refused)
{
    if (is_ready(terminal)) {
        (void)!journal_card_told(terminal->journal, id, refused);
    }
}

bool terminal_card_next(struct terminal *terminal, struct terminal_card *card)
{
    struct journal_card *found = calloc(1, sizeof(*found));
    MUST(found != NULL);
    const bool more =
        is_ready(terminal) && journal_card_next(terminal->journal, card->seq, found) == OK;
    if (more) {
        card->seq = found->seq;
        MUST(str_copy(card->id, sizeof(card->id), found->id));
        MUST(str_copy(card->order_no, sizeof(card->order_no), found->order_no));
        MUST(str_copy(card->uid, sizeof(card->uid), found->uid));
        MUST(str_copy(card->body, sizeof(card->body), found->body));
    }
    free(found);
    return more;
}
