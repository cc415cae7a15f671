/* SPDX-License-Identifier: Apache-2.0 */

/* How the operator's metrics show what the card drivers count. */
#include "cloud/admin/reader_metrics.h"
#include "tests/unit/test.h"

static char text[4 * READER_METRICS_SIZE];
static struct strbuf out;

static void show(struct terminal_reader *all, size_t count)
{
    const struct terminal_readers readers = {.all = all, .count = count};
    strbuf_init(&out, text, sizeof(text));
    reader_metrics_write(&out, &readers);
    CHECK(!out.failed);
}

TEST(each_count_of_each_terminal_is_a_line_under_one_head)
{
    struct terminal_reader all[] = {
        {.terminal_id = "k1", .age_s = 4, .chip = "PN532 v1.6"},
        {.terminal_id = "k2", .age_s = 90000, .chip = ""},
    };
    for (size_t i = 0; i < CARDLINK_COUNTS; i++) {
        all[0].counts[i] = -1;
        all[1].counts[i] = -1;
    }
    all[0].counts[CARDLINK_TIMEOUTS] = 0;
    all[0].counts[CARDLINK_REOPENS] = 3;
    all[1].counts[CARDLINK_POWER_RESETS] = API_COUNT_MAX;
    show(all, ARRAY_COUNT(all));
    CHECK_EQ_STR(text,
                 "# HELP shilling_card_reader_events counted by the terminal's card driver since it"
                 " was started; a restart begins at 0\n"
                 "# TYPE shilling_card_reader_events gauge\n"
                 "shilling_card_reader_events{terminal=\"k1\",event=\"timeouts\"} 0\n"
                 "shilling_card_reader_events{terminal=\"k1\",event=\"reopens\"} 3\n"
                 "shilling_card_reader_events{terminal=\"k2\",event=\"power_resets\"}"
                 " 9007199254740991\n"
                 "# HELP shilling_card_reader_chip always 1; the reader's chip and its firmware\n"
                 "# TYPE shilling_card_reader_chip gauge\n"
                 "shilling_card_reader_chip{terminal=\"k1\",chip=\"PN532 v1.6\"} 1\n"
                 "shilling_card_reader_chip{terminal=\"k2\",chip=\"\"} 1\n"
                 "# HELP shilling_card_reader_told_seconds since the terminal told these two\n"
                 "# TYPE shilling_card_reader_told_seconds gauge\n"
                 "shilling_card_reader_told_seconds{terminal=\"k1\"} 4\n"
                 "shilling_card_reader_told_seconds{terminal=\"k2\"} 90000\n");
}

TEST(without_card_readers_there_is_nothing)
{
    show(NULL, 0);
    CHECK_EQ_STR(text, "");
}

TEST(a_chip_cannot_write_lines_of_its_own)
{
    struct terminal_reader reader = {.terminal_id = "k1", .chip = "a\"} 7 \\"};
    show(&reader, 1);
    CHECK(strstr(text, "chip=\"a\\\"} 7 \\\\\"} 1\n") != NULL);
}

TEST(the_longest_reader_fits_the_room_that_is_made_for_it)
{
    struct terminal_reader reader = {.age_s = INT64_MAX};
    memset(reader.terminal_id, 'k', sizeof(reader.terminal_id) - 1);
    memset(reader.chip, '"', sizeof(reader.chip) - 1);
    for (size_t i = 0; i < CARDLINK_COUNTS; i++) {
        reader.counts[i] = API_COUNT_MAX;
    }
    show(&reader, 1);
    CHECK(strlen(text) < READER_METRICS_SIZE);
}

TEST_MAIN()
