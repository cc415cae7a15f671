/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_CARDS_RELAYED_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_CARDS_RELAYED_STEPS_H

/* The steps of a way with a DESFire card, whose bytes a terminal only carries. */
#include "common/str.h"
#include "protocol/card/keys.h"
#include "tests/unit/cloud_cards/card_rig.h"
#include "tests/unit/cloud_cards/double_desfire.h"
#include "tests/unit/cloud_cards/relay_rig.h"
#include "tests/unit/test.h"

enum { READ_ROUNDS = 2, WRITE_ROUNDS = 5, COMMIT_ROUND = 3, BODY_SIZE = 4096 };

static struct card_rig rig;
static struct double_desfire card;
static struct test_meter meter;

static inline void text_of(char *ret_text, size_t size, const char *text)
{
    CHECK(str_copy(ret_text, size, text));
}

static inline struct apdu hear(const struct apdu *command)
{
    return double_desfire_hear(&card, command);
}

/* ---- the way ---- */

static inline struct card_keys meter_keys(void)
{
    const struct card_master master = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
    struct card_keys keys;
    CHECK(card_keys_derive(&master, meter.number, &keys));
    return keys;
}

static inline void make_card(const char *uid)
{
    struct card_uid parsed;
    const struct card_keys keys = meter_keys();
    CHECK(card_uid_parse(uid, &parsed));
    card = double_desfire_make(&keys, &parsed);
}

static inline void begin(void)
{
    card_rig_begin(&rig);
    meter = test_meter_make();
    open_card(UID_7, API_CARD_DESFIRE);
    make_card(UID_7);
    hand.hear = hear;
    hand.write_rounds = WRITE_ROUNDS;
}

static inline void end(void)
{
    const bool clean = rig_books_are_clean(&rig.rig);
    card_rig_end(&rig);
    CHECK(clean);
}

static inline void buy_relayed(const char *terminal)
{
    relay_buy(&rig, terminal, UID_7, FEN);
}

static inline void issue_relayed(const char *terminal)
{
    CHECK_EQ_U64(relay_issue(terminal), 200);
}

/* Bought and issued: the first round is in hand. */
static inline void begin_write(void)
{
    begin();
    buy_relayed("k1");
    issue_relayed("k1");
}

static inline void check_record(void)
{
    char hex[CARD_RECORD_TEXT_SIZE];
    char record[CARD_RECORD_TEXT_SIZE];
    rig_text(&rig.rig, "SELECT hex(record) FROM card_token WHERE document_no = ?1", hand.order_no,
             hex, sizeof(hex));
    card_record_format(card.credit, record);
    CHECK_EQ_STR(record, hex);
}

static inline void check_token(void)
{
    check_record();
    CHECK_EQ_I64(rig_number(&rig.rig, "SELECT count(*) FROM card_token", NULL), 1);
}

/* Lay it again, wherever: the one token of the order comes onto it, and nobody pays. */
static inline void finish_relayed(const char *terminal)
{
    relay_lay(terminal, UID_7);
    if (hand.view.state == API_CARD_OWED) {
        hand.write = hand.view.write;
        CHECK_EQ_STR(hand.write.order_no, hand.order_no);
        relay_rounds_to(terminal, WRITE_ROUNDS);
    } else {
        CHECK_EQ_I64(hand.view.state, API_CARD_READY); /* this reading proved it */
    }
    CHECK(is_state(&rig, hand.order_no, "DONE"));
    check_token();
}

static inline void load_meter_from(const char *uid)
{
    struct test_card raw = test_card_make(uid);
    card_record_format(card.credit, raw.credit[0]);
    card_record_format(card.credit, raw.credit[1]);
    test_meter_load(&meter, &raw);
    CHECK(card_record_parse(raw.returned[0], card.returned));
}

static inline void load_meter(void)
{
    load_meter_from(UID_7);
}

#endif
