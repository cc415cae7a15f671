/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text/text.h"
#include "tests/unit/test.h"

/* "water, electricity": two characters each, in both encodings */
static const char UTF8[] = "\xE6\xB0\xB4\xE7\x94\xB5 A";
static const char GBK[] = "\xCB\xAE\xB5\xE7 A";

TEST(both_ways)
{
    char text[64];
    CHECK_EQ_I64(text_from_gb18030(GBK, strlen(GBK), text, sizeof(text)), OK);
    CHECK_EQ_STR(text, UTF8);
    CHECK_EQ_I64(text_to_gb18030(UTF8, text, sizeof(text)), OK);
    CHECK_EQ_STR(text, GBK);
    CHECK_EQ_I64(text_from_gb18030("", 0, text, sizeof(text)), OK);
    CHECK_EQ_STR(text, "");
}

TEST(four_byte_characters)
{
    char text[64];
    char back[64];
    CHECK_EQ_I64(text_to_gb18030("\xF0\x9F\x92\xA1", text, sizeof(text)), OK);
    CHECK_EQ_U64(strlen(text), 4);
    CHECK_EQ_I64(text_from_gb18030(text, 4, back, sizeof(back)), OK);
    CHECK_EQ_STR(back, "\xF0\x9F\x92\xA1");
}

TEST(room_and_wrong_bytes)
{
    char text[8];
    CHECK_EQ_I64(text_from_gb18030(GBK, strlen(GBK), text, sizeof(text)), ERR_FULL);
    CHECK_EQ_STR(text, "");
    CHECK_EQ_I64(text_from_gb18030(GBK, 1, text, sizeof(text)), ERR_FORMAT); /* half a character */
    CHECK_EQ_I64(text_from_gb18030("\xFF\xFF", 2, text, sizeof(text)), ERR_FORMAT);
    CHECK_EQ_I64(text_from_gb18030("a\0b", 3, text, sizeof(text)), ERR_FORMAT);
    CHECK_EQ_I64(text_to_gb18030("\xC0\x80", text, sizeof(text)), ERR_FORMAT);
    CHECK_EQ_I64(text_to_gb18030("abcdefg", text, sizeof(text)), OK);
    CHECK_EQ_I64(text_to_gb18030("abcdefgh", text, sizeof(text)), ERR_FULL);
}

TEST_MAIN()
