/* SPDX-License-Identifier: Apache-2.0 */
/* What stands on standard input and is no terminal; tests/cards asks at one. */
#include <string.h>

#include <unistd.h>

#include "drivers/secrets/password.h"
#include "tests/unit/test.h"

static char password[PASSWORD_SIZE];

/* @p text is all that standard input gives. */
static void give(const char *text)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(write(ends[1], text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
    memset(password, 'x', sizeof(password));
}

static bool is_wiped(void)
{
    static const char nothing[PASSWORD_SIZE];
    return memcmp(password, nothing, sizeof(password)) == 0;
}

TEST(each_line_is_one_password)
{
    give("a long secret\r\nanother\nthe last");
    CHECK(password_read("li", password));
    CHECK_EQ_STR(password, "a long secret");
    CHECK(password_read("wang", password));
    CHECK_EQ_STR(password, "another");
    CHECK(password_read("zhao", password));
    CHECK_EQ_STR(password, "the last");
    CHECK(!password_read("qian", password));
    CHECK(is_wiped());
}

TEST(what_stands_behind_a_password_is_left)
{
    char next = '\0';
    give("secret\nX");
    CHECK(password_read("li", password));
    CHECK(read(STDIN_FILENO, &next, 1) == 1 && next == 'X');
}

TEST(an_empty_line_is_no_password)
{
    static const char *const NOTHING[] = {"", "\n", "\r\n", "\nsecret\n"};
    for (size_t i = 0; i < ARRAY_COUNT(NOTHING); i++) {
        give(NOTHING[i]);
        CHECK(!password_read("li", password));
        CHECK(is_wiped());
    }
}

TEST(a_line_that_is_too_long_is_no_password)
{
    char text[2 * PASSWORD_SIZE + 2];
    memset(text, 's', sizeof(text));
    text[PASSWORD_SIZE - 1] = '\n';
    text[2 * PASSWORD_SIZE] = '\n';
    text[2 * PASSWORD_SIZE + 1] = '\0';
    give(text);
    CHECK(password_read("li", password));
    CHECK_EQ_U64(strlen(password), PASSWORD_SIZE - 1);
    CHECK(!password_read("li", password)); /* one more, and not a part of it */
    CHECK(is_wiped());
    CHECK(!password_read("li", password)); /* nor is its rest another */
}

TEST_MAIN()
