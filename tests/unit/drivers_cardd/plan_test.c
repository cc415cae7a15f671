/* SPDX-License-Identifier: Apache-2.0 */
#include "common/compiler.h"
#include "drivers/cardd/plan.h"
#include "tests/unit/drivers_cardd/model_card.h"
#include "tests/unit/test.h"

static struct model_card model;
static struct card_port port;
static struct card_notes notes;
static struct cardlink_keys keys;
static struct cardlink_report report;
static uint8_t old_token[CARD_RECORD_SIZE];
static uint8_t new_token[CARD_RECORD_SIZE];

static void token_make(uint32_t n, uint8_t ret_token[CARD_RECORD_SIZE])
{
    struct card_credit credit = {.kind = CARD_CREDIT_PURCHASE,
                                 .n = n,
                                 .meter = {0x00, 0x00, 0x12, 0x34, 0x56, 0x78},
                                 .total_fen = (int64_t)n * 10000};
    memset(credit.mac, (int)n, sizeof(credit.mac));
    card_credit_encode(&credit, ret_token);
}

static void slot_set(uint8_t slot, const uint8_t token[CARD_RECORD_SIZE])
{
    size_t at = (size_t)mifare_block((uint8_t)(CARD_SECTOR_CREDIT + slot), 0) * CARD_BLOCK_SIZE;
    memcpy(model.bytes + at, token, CARD_RECORD_SIZE);
}

static bool slot_is(uint8_t slot, const uint8_t token[CARD_RECORD_SIZE])
{
    size_t at = (size_t)mifare_block((uint8_t)(CARD_SECTOR_CREDIT + slot), 0) * CARD_BLOCK_SIZE;
    return memcmp(model.bytes + at, token, CARD_RECORD_SIZE) == 0;
}

static void begin(void)
{
    token_make(7, old_token);
    token_make(8, new_token);
    memset(&model, 0, sizeof(model));
    model.uid = (struct card_uid){{0x4A, 0x8B, 0x1C, 0x2D}, 4};
    memset(model.key, 0x11, sizeof(model.key));
    slot_set(0, old_token);
    slot_set(1, old_token);
    port = model_port(&model);
    notes = model_notes(&model);
    keys.count = 0;
    for (uint8_t sector = 1; sector <= CARD_SECTOR_LAST; sector++) {
        struct cardlink_key *key = &keys.all[keys.count++];
        key->sector = sector;
        key->kind = sector <= 2 ? 'B' : 'A';
        memcpy(key->key, model.key, sizeof(key->key));
    }
}

static void write_doubtful(const struct card_doubts *doubts)
{
    const struct plan_card card = {
        .port = &port, .notes = &notes, .uid = &model.uid, .keys = &keys};
    const struct plan_token token = {.bytes = new_token, .doubts = *doubts};
    memset(&report, 0, sizeof(report));
    plan_write(&card, &token, &report);
}

static void write_card(const bool suspect[CARD_SLOTS])
{
    struct card_doubts doubts = {.suspect = {false}};
    if (suspect != NULL) {
        memcpy(doubts.suspect, suspect, sizeof(doubts.suspect));
    }
    write_doubtful(&doubts);
}

static void read_card(void)
{
    const struct plan_card card = {
        .port = &port, .notes = &notes, .uid = &model.uid, .keys = &keys};
    memset(&report, 0, sizeof(report));
    plan_read(&card, &report);
}

/* The card is laid again, whole. */
static void lay_again(void)
{
    model.fault = MODEL_NONE;
    model.gone = false;
    model.silent = false;
    model.calls = 0;
    model.writes = 0;
}

TEST(blocks_go_in_order_and_the_second_slot_follows_the_first)
{
    static const uint8_t want[] = {4, 5, 6, 8, 9, 10};
    begin();
    write_card(NULL);
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
    CHECK_EQ_I64(report.error, CARDLINK_OK);
    CHECK_EQ_U64(model.writes, ARRAY_COUNT(want));
    CHECK_EQ_MEM(model.written, want, sizeof(want));
    CHECK(slot_is(0, new_token) && slot_is(1, new_token));
    CHECK(!model.suspect[0] && !model.suspect[1]);
    CHECK_EQ_MEM(report.credit[1].bytes, new_token, CARD_RECORD_SIZE);
}

TEST(the_stale_slot_goes_first)
{
    begin();
    slot_set(0, new_token);
    write_card(NULL);
    CHECK_EQ_U64(model.written[0], 8);
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
    begin();
    slot_set(0, new_token);
    write_card((const bool[]){true, false});
    CHECK_EQ_U64(model.written[0], 4);
    CHECK_EQ_U64(model.writes, 6);
}

/* Slot 0 has the bytes of token 7 and the MAC of 6: its write was cut before the last block, at
 * another terminal. It looks whole and newer than slot 1, which is the only true one. */
static void begin_untrue(uint8_t ret_true[CARD_RECORD_SIZE])
{
    uint8_t untrue[CARD_RECORD_SIZE];
    begin();
    token_make(6, ret_true);
    memcpy(untrue, old_token, sizeof(untrue));
    memcpy(untrue + CARD_RECORD_SIGNED_SIZE, ret_true + CARD_RECORD_SIGNED_SIZE, CARD_MAC_SIZE);
    slot_set(0, untrue);
    slot_set(1, ret_true);
}

TEST(a_slot_that_the_server_found_untrue_goes_first)
{
    static const struct card_doubts doubts = {.untrue = {true, false}};
    uint8_t true_token[CARD_RECORD_SIZE];
    begin_untrue(true_token);
    write_card(NULL);
    CHECK_EQ_U64(model.written[0], 8); /* nothing else can be known here */
    begin_untrue(true_token);
    write_doubtful(&doubts);
    CHECK_EQ_U64(model.written[0], 4);
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
    size_t calls = model.calls;
    for (size_t at = 1; at <= calls; at++) {
        begin_untrue(true_token);
        model.fault = MODEL_GONE;
        model.fault_at = at;
        write_doubtful(&doubts);
        CHECK(slot_is(1, true_token) || slot_is(0, new_token));
        bool first_done = slot_is(0, new_token) && !model.suspect[0];
        lay_again();
        write_doubtful(&(struct card_doubts){{model.suspect[0], model.suspect[1]}, {true, false}});
        CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
        /* A slot that holds the token by now is not untrue any more. */
        CHECK_EQ_U64(model.written[0], first_done ? 8 : 4);
    }
}

/* At each call, each fault: a whole slot is left, nothing is said wrongly, and one more laying
 * finishes. */
TEST(a_fault_at_every_call)
{
    begin();
    write_card(NULL);
    size_t calls = model.calls;
    CHECK(calls >= 24 && calls < 60);
    for (int fault = MODEL_GONE; fault <= MODEL_READER; fault++) {
        for (size_t at = 1; at <= calls; at++) {
            begin();
            model.fault = (enum model_fault)fault;
            model.fault_at = at;
            write_card(NULL);
            bool both_old = slot_is(0, old_token) && slot_is(1, old_token);
            bool both_new = slot_is(0, new_token) && slot_is(1, new_token);
            CHECK(report.outcome != OUTCOME_DONE || both_new);
            CHECK(report.outcome != OUTCOME_NOT_DONE || (both_old && model.writes == 0));
            CHECK(report.outcome == OUTCOME_DONE || report.error != CARDLINK_OK);
            CHECK(slot_is(0, old_token) || slot_is(0, new_token) || slot_is(1, old_token) ||
                  slot_is(1, new_token));
            lay_again();
            write_card(model.suspect);
            CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
            CHECK(slot_is(0, new_token) && slot_is(1, new_token));
        }
    }
}

TEST(a_passing_fault_is_mended_at_once)
{
    begin();
    write_card(NULL);
    size_t calls = model.calls;
    for (size_t at = 2; at <= calls; at++) {
        begin();
        model.fault = MODEL_RADIO;
        model.fault_at = at;
        write_card(NULL);
        CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
    }
}

TEST(torn_twice_still_leaves_a_token)
{
    for (size_t first = 1; first <= 6; first++) {
        for (size_t second = 1; second <= 6; second++) {
            begin();
            model.fault = MODEL_TORN;
            model.fault_at = first;
            write_card(NULL);
            CHECK_EQ_I64(report.outcome, OUTCOME_UNKNOWN);
            lay_again();
            model.fault = MODEL_TORN;
            model.fault_at = second;
            write_card(NULL); /* at another terminal: nothing is remembered */
            CHECK_EQ_I64(report.outcome, OUTCOME_UNKNOWN);
            CHECK(slot_is(0, old_token) || slot_is(0, new_token) || slot_is(1, old_token) ||
                  slot_is(1, new_token));
            lay_again();
            write_card(NULL);
            CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
        }
    }
}

/* A new card, and all of it at one terminal, which remembers what is in doubt. */
TEST(torn_twice_a_new_card_keeps_the_token_that_it_has)
{
    static const uint8_t empty[CARD_RECORD_SIZE];
    begin();
    write_card(NULL);
    const size_t calls = model.calls;
    size_t kept = 0;
    for (size_t first = 1; first <= calls; first++) {
        for (size_t second = 1; second <= 6; second++) {
            begin();
            slot_set(0, empty);
            slot_set(1, empty);
            model.fault = MODEL_GONE;
            model.fault_at = first;
            write_card(NULL);
            const bool had = slot_is(0, new_token) || slot_is(1, new_token);
            lay_again();
            model.fault = MODEL_TORN;
            model.fault_at = second;
            write_card(model.suspect);
            CHECK(!had || slot_is(0, new_token) || slot_is(1, new_token));
            kept += had && model.gone ? 1 : 0;
            lay_again();
            write_card(model.suspect);
            CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
        }
    }
    CHECK(kept > 0);
}

TEST(weak_cells_are_found_by_the_field_and_written_again)
{
    for (size_t at = 1; at <= 6; at++) {
        begin();
        model.fault = MODEL_WEAK;
        model.fault_at = at;
        write_card(NULL);
        CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
        CHECK_EQ_U64(model.write_retries, 1);
        CHECK(slot_is(0, new_token) && slot_is(1, new_token));
    }
}

TEST(cells_that_keep_nothing_are_damaged_and_the_other_slot_is_left_alone)
{
    begin();
    model.stuck[1] = true;
    write_card(NULL);
    CHECK_EQ_I64(report.outcome, OUTCOME_UNKNOWN);
    CHECK_EQ_I64(report.error, CARDLINK_DAMAGED);
    CHECK(slot_is(1, old_token));
    CHECK(model.suspect[0]);
}

TEST(what_is_refused_writes_nothing)
{
    begin();
    slot_set(1, new_token);
    token_make(9, old_token);
    slot_set(0, old_token);
    write_card(NULL);
    CHECK_EQ_I64(report.error, CARDLINK_NEWER);
    begin();
    keys.all[1].kind = 'A';
    write_card(NULL);
    CHECK_EQ_I64(report.error, CARDLINK_AUTH);
    CHECK_EQ_I64(report.outcome, OUTCOME_NOT_DONE);
    begin();
    memset(model.key, 0x22, sizeof(model.key));
    write_card(NULL);
    CHECK_EQ_I64(report.error, CARDLINK_AUTH);
    for (size_t sector = 1; sector <= 2; sector++) {
        begin();
        model.dead[sector] = true;
        write_card(NULL);
        CHECK_EQ_I64(report.error, CARDLINK_DAMAGED);
        CHECK_EQ_I64(report.outcome, OUTCOME_NOT_DONE);
    }
    CHECK_EQ_U64(model.writes, 0);
}

/* Slot 0 is forged, with a number above all of ours: the server names it, and it is mended. */
TEST(an_untrue_slot_is_not_newer)
{
    static const struct card_doubts doubts = {.untrue = {true, false}};
    uint8_t forged[CARD_RECORD_SIZE];
    begin();
    token_make(900, forged);
    slot_set(0, forged);
    slot_set(1, old_token);
    write_card(NULL);
    CHECK_EQ_I64(report.error, CARDLINK_NEWER);
    write_doubtful(&doubts);
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
    CHECK(slot_is(0, new_token) && slot_is(1, new_token));
}

/* Whatever slot is named: the finished write of a newer token stays. */
TEST(no_doubt_takes_a_written_token_back)
{
    uint8_t newer[CARD_RECORD_SIZE];
    for (size_t named = 0; named < CARD_SLOTS; named++) {
        struct card_doubts doubts = {.untrue = {false}};
        doubts.untrue[named] = true;
        begin();
        token_make(9, newer);
        slot_set(0, newer);
        slot_set(1, newer);
        write_doubtful(&doubts);
        CHECK_EQ_I64(report.error, CARDLINK_NEWER);
        CHECK_EQ_I64(report.outcome, OUTCOME_NOT_DONE);
        CHECK_EQ_U64(model.writes, 0);
    }
}

TEST(a_newer_token_of_another_meter_may_be_written_over)
{
    begin();
    struct card_credit credit = {
        .kind = CARD_CREDIT_PURCHASE, .n = 900, .meter = {0x99, 0, 0, 0, 0, 1}};
    uint8_t other[CARD_RECORD_SIZE];
    card_credit_encode(&credit, other);
    slot_set(0, other);
    slot_set(1, other);
    write_card(NULL);
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
}

/* --- reading --------------------------------------------------------------------------------- */

TEST(a_read_takes_what_there_are_keys_for)
{
    begin();
    read_card();
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
    CHECK(report.credit[0].read && report.credit[1].read && report.issue.read);
    CHECK(report.returns[0].read && report.returns[1].read);
    keys.count = 1;
    read_card();
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
    CHECK(report.credit[0].read && !report.credit[1].read && !report.issue.read);
    keys.count = 0;
    read_card();
    CHECK_EQ_I64(report.outcome, OUTCOME_NOT_DONE);
    CHECK_EQ_I64(report.error, CARDLINK_AUTH);
}

TEST(a_dead_sector_does_not_hide_the_others)
{
    begin();
    model.dead[3] = true;
    read_card();
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
    CHECK_EQ_I64(report.error, CARDLINK_DAMAGED);
    CHECK(!report.returns[0].read && report.returns[1].read && report.issue.read);
}

TEST(a_read_never_says_more_than_it_knows)
{
    begin();
    read_card();
    size_t calls = model.calls;
    for (int fault = MODEL_GONE; fault <= MODEL_READER; fault++) {
        for (size_t at = 1; at <= calls; at++) {
            begin();
            model.fault = (enum model_fault)fault;
            model.fault_at = at;
            read_card();
            bool passes = fault == MODEL_LOST || fault == MODEL_RADIO;
            CHECK_EQ_I64(report.outcome, passes ? OUTCOME_DONE : OUTCOME_NOT_DONE);
            if (fault == MODEL_GONE) {
                CHECK_EQ_I64(report.error, CARDLINK_CARD_GONE);
            } else if (fault == MODEL_READER) {
                CHECK_EQ_I64(report.error, CARDLINK_READER);
            }
        }
    }
}

/* --- relay ----------------------------------------------------------------------------------- */

static struct cardlink_apdu apdus[3];

/* To a card that was selected before, or to one that has yet to be. */
static void relay_to(bool is_active, const char *const *texts, size_t count)
{
    const struct plan_card card = {
        .port = &port, .notes = &notes, .uid = &model.uid, .keys = &keys};
    const struct plan_relay plan = {.apdus = apdus, .count = count, .is_active = is_active};
    for (size_t i = 0; i < count; i++) {
        apdus[i] = (struct cardlink_apdu){.expects = true, .expect = 0x9000};
        CHECK(apdu_parse(texts[i], &apdus[i].apdu));
    }
    memset(&report, 0, sizeof(report));
    if (is_active) {
        CHECK(port.select(port.self, &model.uid) == CARD_ANSWER_OK || model.gone);
    }
    plan_relay_run(&card, &plan, &report);
}

static void relay(const char *const *texts, size_t count)
{
    relay_to(true, texts, count);
}

TEST(a_relay_carries_all_and_stops_at_the_first_refusal)
{
    begin();
    relay((const char *const[]){"00A40000", "903D0000"}, 2);
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
    CHECK_EQ_U64(report.answer_count, 2);
    CHECK(!plan_relay_is_harmless(apdus, 2));
    CHECK(plan_relay_is_harmless(apdus, 1));
    relay((const char *const[]){"00A40000", "00FF0000", "903D0000"}, 3);
    CHECK_EQ_I64(report.outcome, OUTCOME_UNKNOWN);
    CHECK_EQ_I64(report.error, CARDLINK_REFUSED);
    CHECK_EQ_U64(report.answer_count, 2);
}

TEST(a_relay_that_is_cut_before_any_change_is_not_done)
{
    for (size_t at = 1; at <= 3; at++) {
        begin();
        model.fault = MODEL_GONE;
        model.fault_at = at;
        relay((const char *const[]){"00A40000", "903D0000"}, 2);
        CHECK_EQ_I64(report.outcome, at < 3 ? OUTCOME_NOT_DONE : OUTCOME_UNKNOWN);
        CHECK_EQ_I64(report.error, CARDLINK_CARD_GONE);
    }
}

/* A disturbance: the card lies there and can be selected, and is not called damaged. */
TEST(a_relay_that_is_disturbed_is_to_begin_anew)
{
    for (size_t at = 2; at <= 3; at++) {
        begin();
        model.fault = MODEL_RADIO;
        model.fault_at = at;
        relay((const char *const[]){"00A40000", "903D0000"}, 2);
        CHECK_EQ_I64(report.outcome, at < 3 ? OUTCOME_NOT_DONE : OUTCOME_UNKNOWN);
        CHECK_EQ_I64(report.error, CARDLINK_CARD_GONE);
        CHECK_EQ_U64(report.answer_count, at - 2);
    }
}

/* It lost its field between two rounds: a proof or a write would be refused, and may be counted. */
TEST(what_can_change_a_card_is_sent_to_an_active_one_only)
{
    begin();
    relay_to(false, (const char *const[]){"00840000", "00820002"}, 2);
    CHECK_EQ_I64(report.outcome, OUTCOME_NOT_DONE);
    CHECK_EQ_I64(report.error, CARDLINK_CARD_GONE);
    CHECK_EQ_U64(report.answer_count, 0);
    CHECK_EQ_U64(model.calls, 0);
    relay_to(false, (const char *const[]){"00A40000", "00840000"}, 2);
    CHECK_EQ_I64(report.outcome, OUTCOME_DONE);
}

TEST_MAIN()
