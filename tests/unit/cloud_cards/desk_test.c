/* SPDX-License-Identifier: Apache-2.0 */
/* The desk's persons. */
#include "tests/unit/cloud_cards/card_rig.h"
#include "tests/unit/test.h"

static struct card_rig rig;

TEST(the_desk_says_by_whose_hand)
{
#define AS(name, password) "\"person\":\"" name "\",\"password\":\"" password "\""
    static const struct {
        const char *path;
        const char *body;
        unsigned status;
    } CALLS[] = {
        {"/v1/admin/cards/" UID "/state", "{\"state\":\"lost\"," AS("li", "guessed") "}", 403},
        {"/v1/admin/cards/" UID "/state", "{\"state\":\"lost\",\"person\":\"li\"}", 400},
        {"/v1/admin/cards/" UID "/keys", "{" AS("li", "guessed") "}", 403},
        {"/v1/admin/cards/" UID "/replace", "{\"uid\":\"" UID_2 "\"," AS("nobody", "x") "}", 403},
        {"/v1/admin/cards/" UID "/state", "{\"state\":\"lost\"," AS("li", "correct horse") "}",
         200},
        {"/v1/admin/cards/" UID "/keys", "{" AS("wang", "correct horse") "}", 200},
        {"/v1/admin/cards/" UID "/replace",
         "{\"uid\":\"" UID_2 "\"," AS("wang", "correct horse") "}", 200},
        {"/v1/admin/cards/" UID_2 "/keys", "{}", 200},
    };
#undef AS
    char reply[400];
    card_rig_begin(&rig);
    open_card(UID);
    add_persons(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(CALLS); i++) {
        CHECK_EQ_U64(desk(CALLS[i].path, CALLS[i].body, "uid", reply), CALLS[i].status);
    }
    rig_text(&rig.rig, "SELECT group_concat(event || ' ' || person, ', ') FROM card_event", NULL,
             reply, sizeof(reply));
    CHECK_EQ_STR(reply, "issued , lost li, keys wang, replaced wang, issued wang, keys ");
    card_rig_end(&rig);
}

TEST_MAIN()
