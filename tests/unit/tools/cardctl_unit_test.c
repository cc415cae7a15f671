/* SPDX-License-Identifier: Apache-2.0 */
/* What of the desk's tool needs no reader; the rest is tests/cards/cardctl.test.mjs. */
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/str.h"
#include "tests/unit/test.h"
#include "tools/cardctl/holder.h"
#include "tools/cardctl/layout.h"
#include "tools/cardctl/options.h"
#include "tools/cardctl/personalise_desfire.h"
#include "tools/cardctl/personalise_purchase.h"

TEST(options_have_defaults_and_end_at_the_command)
{
    const char *const words[] = {"--wait", "7",    "--json",   "--cloud",
                                 "/c",     "read", "--person", "li"};
    struct options options;
    int first = 0;
    CHECK(options_take(words, 8, &options, &first));
    CHECK(first == 5);
    CHECK(options.wait_s == 7 && options.json);
    CHECK(str_equal(options.cloud, "/c"));
    CHECK(str_equal(options.reader, "pn532_uart:/dev/shilling-reader"));
    CHECK(str_equal(options.lock, "/run/lock/shilling-reader.lock"));
    CHECK(options.person == NULL && options.signer == NULL);
}

TEST(a_person_is_named_before_the_command)
{
    const char *const words[] = {"--person", "li", "--cloud", "/c", "block"};
    struct options options;
    int first = 0;
    CHECK(options_take(words, 5, &options, &first));
    CHECK(first == 4);
    CHECK(str_equal(options.person, "li"));
    CHECK(options.signer == NULL); /* his password was not asked for yet */
}

TEST(wrong_options_are_refused)
{
    static const char *const wrong[][3] = {
        {"--wait", "3601", "read"},  {"--wait", "-1", "read"},       {"--reader", "", "read"},
        {"--colour", "red", "read"}, {"--json", "--json", "--json"}, {"--lock", "x", "--cloud"},
        {"--person", "", "read"},    {"--lock", "x", "--person"}};
    struct options options;
    int first = -1;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        CHECK(!options_take(wrong[i], 3, &options, &first));
    }
    CHECK(first == -1);
}

TEST(only_our_access_bits_are_sound)
{
    uint8_t trailer[CARD_BLOCK_SIZE] = {0};
    const uint8_t ours[] = {0x78, 0x77, 0x88, 0x69};
    memcpy(trailer + 6, ours, sizeof(ours));
    CHECK(layout_trailer_is_sound(trailer));
    for (size_t bit = 0; bit < 8 * sizeof(ours); bit++) {
        trailer[6 + bit / 8] ^= (uint8_t)(1U << (bit % 8));
        CHECK(!layout_trailer_is_sound(trailer));
        trailer[6 + bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
}

/* A new card has the key of zeros: written with such a plan it would look finished. */
TEST(a_plan_that_lacks_a_key_is_refused_before_the_card_is_asked)
{
    struct seat nowhere = {.lock_fd = -1};
    struct desfire_plan desfire;
    struct purchase_plan purchase;
    for (size_t i = 0; i < DESFIRE_KEY_COUNT; i++) {
        memset(&desfire, 0x11, sizeof(desfire));
        memset(desfire.key[i], 0, sizeof(desfire.key[i]));
        CHECK_EQ_I64(desfire_personalise(&nowhere, &desfire), CTL_FAILED);
    }
    for (size_t i = 0; i < PURCHASE_KEY_COUNT; i++) {
        memset(&purchase, 0x11, sizeof(purchase));
        memset(purchase.keys.keys[i], 0, sizeof(purchase.keys.keys[i]));
        CHECK_EQ_I64(purchase_personalise(&nowhere, &purchase), CTL_FAILED);
    }
}

TEST(the_holder_of_a_lock_is_named)
{
    char path[] = "/tmp/cardctl_test.XXXXXX";
    char text[HOLDER_TEXT_SIZE];
    char wanted[HOLDER_TEXT_SIZE];
    const int fd = mkstemp(path);
    CHECK(fd >= 0);
    holder_describe(fd, text);
    CHECK(str_equal(text, "another program"));
    CHECK(flock(fd, LOCK_EX) == 0);
    holder_describe(fd, text);
    str_format_cut(wanted, sizeof(wanted), "cardctl_unit_test (process %d)", (int)getpid());
    CHECK(str_equal(text, wanted));
    CHECK(close(fd) == 0);
    CHECK(unlink(path) == 0);
}

TEST_MAIN()
