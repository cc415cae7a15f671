/* SPDX-License-Identifier: Apache-2.0 */
/* The key service of a meter: without it a delivery waits, and a published key is refused. */
#include "cloud/orders/mac_port.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

enum { COUNT_ROOM = 2 };

TEST(without_the_key_service_it_waits)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_key_mood(KEY_HANGS_UP);
    rig_create(COUNT_ROOM, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "PAID"));
    rig_sleep_ms(150);
    double_key_mood(KEY_REFUSES);
    rig_sleep_ms(150);
    CHECK_EQ_I64(rig_number(&rig, "SELECT stage = 'READY' FROM delivery", NULL), 1);
    double_key_mood(KEY_GOOD);
    CHECK(rig_until(&rig, no, "DONE"));
    rig_end(&rig);
}

static enum err ask_key(const char *path, bool test_keys_allowed)
{
    struct mac_codes codes = {{0}, {0}, {0}, {0}, {0}};
    const struct mac_request request = {.path = path,
                                        .meter = COUNT_ADDRESS,
                                        .customer = "000000000001",
                                        .amount = {FEN},
                                        .count = 4,
                                        .test_keys_allowed = test_keys_allowed};
    enum err err = mac_port_ask(&request, &codes);
    return err == OK && (codes.mac1[0] != 0xA1 || codes.cipher1[7] != 8) ? ERR_INTERNAL : err;
}

TEST(a_published_key_is_refused_outside_demos)
{
    struct rig rig;
    char path[512];
    rig_begin(&rig);
    rig_text(&rig, "SELECT mac_port FROM meter_profile WHERE profile_id = 'count'", NULL, path,
             sizeof(path));
    CHECK_EQ_I64(ask_key(path, false), OK);
    double_key_mood(KEY_TEST);
    CHECK_EQ_I64(ask_key(path, false), ERR_DENIED);
    CHECK_EQ_I64(ask_key(path, true), OK);
    double_key_mood(KEY_REFUSES);
    CHECK_EQ_I64(ask_key(path, true), ERR_DENIED);
    double_key_mood(KEY_NONSENSE);
    CHECK_EQ_I64(ask_key(path, true), ERR_FORMAT);
    double_key_mood(KEY_HANGS_UP);
    CHECK_EQ_I64(ask_key(path, true), ERR_UNAVAILABLE);
    CHECK_EQ_I64(ask_key("/nowhere/key.sock", true), ERR_UNAVAILABLE);
    rig_end(&rig);
}

TEST_MAIN()
