/* SPDX-License-Identifier: Apache-2.0 */

/* What a technician reads who cannot see the screen. */
#include <stdlib.h>

#include "common/json/json.h"
#include "drivers/disk/disk.h"
#include "kiosk/flow/report.h"
#include "tests/unit/test.h"

enum { TEXT_MAX = 16384 };

static json_t *report_of(const struct session *session)
{
    char folder[] = "/tmp/kiosk_report_XXXXXX";
    char path[64];
    struct ui *ui = NULL;
    struct ui_config config = {.width_px = 1080, .height_px = 1920};
    char *text = NULL;
    size_t size = 0;
    CHECK(mkdtemp(folder) != NULL);
    CHECK_EQ_I64(ui_create(&config, &ui), OK);
    CHECK_EQ_I64(report_write(folder, session, 1795158228, ui), OK);
    ui_destroy(ui);
    (void)snprintf(path, sizeof(path), "%s/screen.json", folder);
    CHECK_EQ_I64(disk_read_file(path, TEXT_MAX, &text, &size), OK);
    json_t *json = json_parse_object(text, size, TEXT_MAX);
    CHECK(json != NULL);
    free(text);
    CHECK(remove(path) == 0 && remove(folder) == 0);
    return json;
}

static const char *word(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

TEST(it_says_how_printer_and_reader_are_and_what_is_wrong_with_the_card)
{
    static struct session session;
    session_init(&session, 1000);
    session.printer = SESSION_PRINTER_PAPER_OUT;
    session.reader = SESSION_READER_ERROR;
    session.card.trouble = SESSION_CARD_DAMAGED;
    json_t *json = report_of(&session);
    CHECK_EQ_STR(word(json, "screen"), "start");
    CHECK_EQ_STR(word(json, "printer"), "paper_out");
    CHECK_EQ_STR(word(json, "reader"), "error");
    CHECK_EQ_STR(word(json, "card_trouble"), "damaged");
    json_decref(json);
}

TEST_MAIN()
