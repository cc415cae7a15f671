/* SPDX-License-Identifier: Apache-2.0 */
/* Level, version and the finders; that scanners read it is proved on pictures by zbarimg. */
#include "common/qr/qr.h"
#include "tests/unit/test.h"

TEST(short_codes_get_level_q)
{
    struct qr qr = {0};
    CHECK_EQ_I64(qr_encode_for_screen("https://qr.alipay.com/bax03112yq4hkl9pwzc", &qr), OK);
    CHECK_EQ_I64(qr.level, QR_LEVEL_Q);
    CHECK(qr.version <= 4);
    CHECK_EQ_I64(qr.side, 17 + 4 * qr.version);
}

TEST(long_codes_fall_back_to_level_m)
{
    struct qr qr = {0};
    CHECK_EQ_I64(qr_encode_for_screen("https://qr.alipay.com/bax03112yq4hkl9pwzcd0096", &qr), OK);
    CHECK_EQ_I64(qr.level, qr.version <= 4 ? qr.level : QR_LEVEL_M);
    char text[200];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK_EQ_I64(qr_encode_for_screen(text, &qr), OK);
    CHECK_EQ_I64(qr.level, QR_LEVEL_M);
}

TEST(finders_are_in_three_corners)
{
    struct qr qr = {0};
    CHECK_EQ_I64(qr_encode("weixin://wxpay/bizpayurl?pr=NwY5Mz9zz", QR_LEVEL_Q, &qr), OK);
    const int corners[3][2] = {{0, 0}, {qr.side - 7, 0}, {0, qr.side - 7}};
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 7; i++) {
            CHECK(qr_is_dark(&qr, corners[c][0] + i, corners[c][1]));
            CHECK(qr_is_dark(&qr, corners[c][0] + i, corners[c][1] + 6));
            CHECK(qr_is_dark(&qr, corners[c][0] + 3, corners[c][1] + 3));
        }
        CHECK(!qr_is_dark(&qr, corners[c][0] + 1, corners[c][1] + 1));
    }
}

TEST(what_does_not_fit_is_refused)
{
    struct qr qr = {.side = -1};
    char text[600];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK_EQ_I64(qr_encode("", QR_LEVEL_M, &qr), ERR_RANGE);
    CHECK_EQ_I64(qr_encode(text, QR_LEVEL_M, &qr), ERR_RANGE);
    CHECK_EQ_I64(qr_encode_for_screen(text, &qr), ERR_RANGE);
    CHECK_EQ_I64(qr.side, -1);
}

TEST_MAIN()
