/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What stands on the paper. A small reader of our own turns the bytes back into lines of UTF-8, so
 * that a test can say what must and what must never be there.
 */
#include "common/text/text.h"
#include "printer/layout/layout.h"
#include "printer/layout/paper.h"
#include "printer/layout/words.h"
#include "tests/unit/test.h"

enum { TEXT_SIZE = 16384 };

static struct escpos_job job;
static char paper_text[TEXT_SIZE];
static size_t cells_max; /* of the widest line */

static const struct layout_paper WIDE = {.columns = 48, .charset = ENCODE_GB18030};
static const struct layout_paper NARROW = {.columns = 32, .charset = ENCODE_GB2312};

static struct receipt receipt_make(enum receipt_kind kind)
{
    struct receipt receipt = {.kind = kind,
                              .merchant = "翠湖花园物业服务中心",
                              .terminal_id = "KSK-0102",
                              .order_no = "SH202611201503480007",
                              .time = 1795158228,
                              .meter_address = "000000000001",
                              .customer_no = "000012345678",
                              .customer_masked = "张*",
                              .place = "3栋2单元1201",
                              .amount = {5000},
                              .credited = {true, {4900}},
                              .fee = {true, {100}},
                              .arrears = {true, {1000}},
                              .has_price = true,
                              .price_e4_yuan = 5469,
                              .balance_before = {true, {-1000}},
                              .balance_after = {true, {3900}},
                              .balance_read_at = 1795158231,
                              .has_purchase_count = true,
                              .purchase_count = 5,
                              .channel = RECEIPT_WECHAT,
                              .channel_trade_no = "42000012342026",
                              .phone = "400-000-0000"};
    return receipt;
}

static size_t word_at(const uint8_t *bytes)
{
    return (size_t)bytes[0] | (size_t)bytes[1] << 8;
}

/* How many bytes the command at @p at has; the job holds only a few kinds. */
static size_t command_length(const uint8_t *at)
{
    if (at[0] == 0x1C) {
        return at[1] == 0x53 ? 4 : 2;
    }
    if (at[0] == 0x1B) {
        return at[1] == 0x24 ? 4 : 3;
    }
    if (at[1] == 0x76) {
        return 8 + word_at(at + 4) * word_at(at + 6);
    }
    return 3;
}

/* The job's lines in UTF-8, blanks for moves, '\n' for ends. */
static void read_paper(void)
{
    static char gb[TEXT_SIZE];
    size_t size = 0;
    size_t column = 0;
    size_t scale = 1;
    cells_max = 0;
    for (size_t at = 0; at < job.size;) {
        const uint8_t *bytes = job.bytes + at;
        if (bytes[0] >= 0x1B && bytes[0] <= 0x1D) {
            if (bytes[0] == 0x1D && bytes[1] == 0x21) {
                scale = (size_t)(bytes[2] >> 4) + 1;
            }
            if (bytes[0] == 0x1B && bytes[1] == 0x24) {
                size_t wanted = word_at(bytes + 2) / ESCPOS_CELL_DOTS;
                CHECK(wanted >= column); /* never over what is printed already */
                gb[size++] = ' ';
                column = wanted;
            }
            at += command_length(bytes);
            continue;
        }
        CHECK(size + 2 < sizeof(gb));
        gb[size++] = (char)bytes[0];
        at += 1;
        column = bytes[0] == 0x0A ? 0 : column + scale;
        cells_max = column > cells_max ? column : cells_max;
    }
    gb[size] = '\0';
    CHECK(text_from_gb18030(gb, size, paper_text, sizeof(paper_text)) == OK);
}

static void print(const struct receipt *receipt, const struct layout_paper *paper)
{
    escpos_job_init(&job);
    CHECK(layout_receipt(receipt, paper, "0A1B2C3D", &job));
    read_paper();
    CHECK(cells_max <= paper->columns);
}

static void expect_line(const char *text)
{
    if (strstr(paper_text, text) == NULL) {
        TEST_FAIL("\"%s\" is not on the paper:\n%s", text, paper_text);
    }
}

static void expect_nowhere(const char *text)
{
    if (strstr(paper_text, text) != NULL) {
        TEST_FAIL("\"%s\" must not be on the paper:\n%s", text, paper_text);
    }
}

TEST(every_word_has_a_text)
{
    for (int word = 0; word < WORD_COUNT; word++) {
        struct encode_text text;
        CHECK(encode_text(word_text((enum word)word), ENCODE_GB2312, &text));
        for (size_t i = 0; i < text.count; i++) {
            bool geta = text.glyphs[i].bytes[0] == 0xA1 && text.glyphs[i].bytes[1] == 0xFE;
            CHECK(!geta); /* any Chinese printer has it */
        }
    }
}

TEST(credited_shows_everything)
{
    struct receipt receipt = receipt_make(RECEIPT_CREDITED);
    print(&receipt, &WIDE);
    expect_line("翠湖花园物业服务中心\n");
    expect_line("电费充值凭证\n");
    expect_line("订单号 SH202611201503480007\n");
    expect_line("交易时间 2026-11-20 15:03:48 +08:00\n");
    expect_line("电表号 000000000001\n户号 000012345678\n户名 张*\n");
    expect_line("付款金额 ￥50.00\n");
    expect_line("手续费 ￥1.00\n");
    expect_line("到账金额 ￥49.00\n");
    expect_line("其中补缴欠费 ￥10.00\n");
    expect_line("单价 0.5469 元/度\n");
    expect_line("充值前余额 -￥10.00\n");
    expect_line("充值后余额 ￥39.00\n");
    expect_line("购电次数 5\n");
    expect_line("支付方式 微信支付\n");
    expect_line("充值成功\n");
    expect_line("客服电话  400-000-0000\n");
    expect_line("打印号 0A1B2C3D");
    expect_nowhere("补打");
    expect_nowhere("退款");
}

/* A slip must never look as if the money had arrived (and a refund not as if it were done). */
/* The order of the grid companies' slips: who, where, which order, when; balance with its time. */
TEST(fields_stand_in_the_agreed_order)
{
    static const char *const order[] = {"翠湖花园物业服务中心",
                                        "电费充值凭证",
                                        "终端编号",
                                        "订单号",
                                        "交易时间",
                                        "缴费项目",
                                        "电表号",
                                        "户号",
                                        "户名",
                                        "地址",
                                        "付款金额",
                                        "手续费",
                                        "到账金额",
                                        "单价",
                                        "充值前余额",
                                        "充值后余额",
                                        "余额读取时间",
                                        "购电次数",
                                        "支付方式",
                                        "支付流水号",
                                        "充值成功",
                                        "客服电话",
                                        "打印号"};
    struct receipt receipt = receipt_make(RECEIPT_CREDITED);
    print(&receipt, &WIDE);
    const char *at = paper_text;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const char *found = strstr(at, order[i]);
        if (found == NULL) {
            TEST_FAIL("\"%s\" is not where it belongs:\n%s", order[i], paper_text);
        }
        at = found;
    }
}

TEST(other_kinds_never_claim_a_credit)
{
    static const enum receipt_kind kinds[] = {RECEIPT_PENDING, RECEIPT_REFUND_ORDERED,
                                              RECEIPT_REFUNDED, RECEIPT_REVIEW};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct receipt receipt = receipt_make(kinds[i]);
        (void)snprintf(receipt.title, sizeof(receipt.title), "电费充值成功凭证");
        print(&receipt, &WIDE);
        expect_nowhere("充值成功");
        expect_nowhere("到账金额");
        expect_nowhere("充值后余额");
        expect_nowhere("39.00");
        expect_nowhere("购电次数");
        expect_line("付款金额 ￥50.00\n");
    }
}

TEST(words_follow_what_is_known)
{
    struct receipt receipt = receipt_make(RECEIPT_PENDING);
    print(&receipt, &WIDE);
    expect_line("请勿重复付款");
    expect_nowhere("退"); /* no promise of a refund while the meter is being asked */
    receipt = receipt_make(RECEIPT_REVIEW);
    print(&receipt, &WIDE);
    expect_line("核实");
    expect_nowhere("退");
    receipt = receipt_make(RECEIPT_REFUND_ORDERED);
    (void)snprintf(receipt.refund_no, sizeof(receipt.refund_no), "R1");
    print(&receipt, &WIDE);
    expect_line("退款已提交");
    expect_line("退款单号 R1\n");
    expect_nowhere("已退款");
    expect_nowhere("REFUNDED");
    receipt = receipt_make(RECEIPT_REFUNDED);
    print(&receipt, &WIDE);
    expect_line("已退款");
}

TEST(cards_have_papers_of_their_own)
{
    struct receipt receipt = receipt_make(RECEIPT_CREDITED);
    (void)snprintf(receipt.card_tail, sizeof(receipt.card_tail), "1C2D");
    (void)snprintf(receipt.claim_code, sizeof(receipt.claim_code), "480007");
    print(&receipt, &WIDE);
    expect_line("卡号尾号 1C2D\n");
    expect_line("写卡成功\n");
    expect_line("把卡插到电表上");
    expect_line("WRITTEN TO YOUR CARD");
    expect_nowhere("充值成功");
    expect_nowhere("凭证码"); /* nothing is left to be claimed */
    receipt.kind = RECEIPT_PENDING;
    for (int i = 0; i < 2; i++) {
        print(&receipt, i == 0 ? &WIDE : &NARROW);
        expect_line("未写卡凭条\n");
        expect_line("已收款 未写卡\n");
        expect_line("凭证码 480007\n");
        expect_line("请勿重复付款");
        expect_nowhere("退"); /* a token may have been given out */
        expect_nowhere("写卡成功");
    }
    /* A write was cut short: nobody knows. */
    receipt.card_unsure = true;
    for (int i = 0; i < 2; i++) {
        print(&receipt, i == 0 ? &WIDE : &NARROW);
        expect_line("写卡待确认凭条\n");
        expect_line("已收款 待确认\n");
        expect_line("凭证码 480007\n");
        expect_line("请勿重复付款");
        expect_nowhere("未写卡");
        expect_nowhere("尚未写入");
        expect_nowhere("NOT ON THE CARD");
    }
    receipt.kind = RECEIPT_REFUNDED;
    print(&receipt, &WIDE);
    expect_line("已退款");
    expect_line("卡号尾号 1C2D\n");
    expect_nowhere("凭证码");
}

TEST(copies_are_marked)
{
    struct receipt receipt = receipt_make(RECEIPT_CREDITED);
    receipt.copy = 3;
    print(&receipt, &WIDE);
    expect_line("补打 第3次  COPY 3");
}

TEST(absent_members_print_nothing)
{
    struct receipt receipt = {.kind = RECEIPT_CREDITED,
                              .order_no = "A1",
                              .time = 1,
                              .service = RECEIPT_WATER,
                              .amount = {1}};
    print(&receipt, &WIDE);
    expect_line("水费充值凭证\n");
    expect_line("付款金额 ￥0.01\n");
    expect_nowhere("户名");
    expect_nowhere("余额");
    expect_nowhere("手续费");
    expect_nowhere("支付方式");
    expect_nowhere("客服电话");
    expect_nowhere("扫码");
}

TEST(no_english_sentence_is_torn)
{
    struct receipt receipt = receipt_make(RECEIPT_PENDING);
    print(&receipt, &NARROW);
    expect_line("PAID, NOT YET CREDITED. \nDO NOT PAY AGAIN.\n");
    receipt.kind = RECEIPT_REVIEW;
    print(&receipt, &NARROW);
    expect_line("PAID, UNDER REVIEW. \nDO NOT PAY AGAIN.\n");
    (void)snprintf(receipt.card_tail, sizeof(receipt.card_tail), "1C2D");
    receipt.kind = RECEIPT_CREDITED;
    print(&receipt, &NARROW);
    expect_line("WRITTEN TO YOUR CARD. \nPUT IT INTO THE METER.\n");
    receipt.kind = RECEIPT_PENDING;
    receipt.card_unsure = true;
    print(&receipt, &NARROW);
    expect_line("PAID, MAYBE ON THE CARD. \nDO NOT PAY AGAIN. \nLAY THE CARD AGAIN TO BE SURE.\n");
    print(&receipt, &WIDE);
    expect_line("PAID, MAYBE ON THE CARD. DO NOT PAY AGAIN. \nLAY THE CARD AGAIN TO BE SURE.\n");
}

TEST(narrow_paper_breaks_long_values)
{
    struct receipt receipt = receipt_make(RECEIPT_REFUND_ORDERED);
    (void)snprintf(receipt.channel_trade_no, sizeof(receipt.channel_trade_no),
                   "0123456789012345678901234567890123456789012345678901234567890123");
    (void)snprintf(receipt.place, sizeof(receipt.place),
                   "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十");
    print(&receipt, &NARROW);
    expect_line(
        "支付流水号\n 01234567890123456789012345678901\n 23456789012345678901234567890123\n");
    expect_line("地址\n 一二三四五六七八九十一二三四五六\n 七八九十一二三四五六七八九十\n");
}

TEST(half_width_yen_becomes_one_that_prints)
{
    struct encode_text text;
    CHECK(encode_text("\xC2\xA5"
                      "5",
                      ENCODE_GB18030, &text));
    CHECK_EQ_U64(text.count, 2);
    CHECK_EQ_U64(text.glyphs[0].size, 2);
    CHECK_EQ_U64(text.glyphs[0].bytes[0], 0xA3);
    CHECK_EQ_U64(text.glyphs[0].bytes[1], 0xA4);
}

TEST(characters_the_font_lacks_become_bars)
{
    static const struct {
        const char *utf8;
        enum encode_charset charset;
        bool printed;
    } rows[] = {
        {"电", ENCODE_GB2312, true}, {"喆", ENCODE_GB2312, false}, {"喆", ENCODE_GBK, true},
        {"㐂", ENCODE_GBK, false},   {"㐂", ENCODE_GB18030, true}, {"😀", ENCODE_GB18030, false},
        {"é", ENCODE_GBK, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct encode_text text;
        CHECK(encode_text(rows[i].utf8, rows[i].charset, &text));
        CHECK_EQ_U64(text.count, 1);
        bool geta = text.glyphs[0].bytes[0] == 0xA1 && text.glyphs[0].bytes[1] == 0xFE;
        CHECK(geta != rows[i].printed);
        CHECK_EQ_U64(text.glyphs[0].cells, 2);
    }
}

/* Whatever a customer is called, the printer gets no command out of it. */
TEST(hostile_names_are_only_text)
{
    struct receipt receipt = receipt_make(RECEIPT_CREDITED);
    (void)snprintf(receipt.customer_masked, sizeof(receipt.customer_masked),
                   "\x10\x14\x08\x1B@\x1DV\x01{x}\n\r\t");
    print(&receipt, &WIDE);
    expect_line("户名 @V{x}\n");
    for (size_t i = 0; i + 1 < job.size; i++) {
        bool real_time =
            job.bytes[i] == 0x10 &&
            (job.bytes[i + 1] == 0x04 || job.bytes[i + 1] == 0x05 || job.bytes[i + 1] == 0x14);
        CHECK(!real_time);
    }
}

TEST(text_that_is_no_text_fails)
{
    struct receipt receipt = receipt_make(RECEIPT_CREDITED);
    receipt.place[0] = (char)0xFF;
    receipt.place[1] = '\0';
    escpos_job_init(&job);
    CHECK(!layout_receipt(&receipt, &WIDE, "0A1B2C3D", &job));
}

static size_t picture_rows(void)
{
    size_t rows = 0;
    for (size_t at = 0; at < job.size;) {
        const uint8_t *bytes = job.bytes + at;
        bool command = bytes[0] >= 0x1B && bytes[0] <= 0x1D;
        if (command && bytes[0] == 0x1D && bytes[1] == 0x76) {
            rows += word_at(bytes + 6);
        }
        at += command ? command_length(bytes) : 1;
    }
    return rows;
}

TEST(code_only_with_an_address)
{
    struct receipt receipt = receipt_make(RECEIPT_CREDITED);
    print(&receipt, &WIDE);
    CHECK_EQ_U64(picture_rows(), 0);
    (void)snprintf(receipt.status_url, sizeof(receipt.status_url), "https://pay.example.cn/r/7Qk2");
    print(&receipt, &WIDE);
    expect_line("扫码查看订单最新状态");
    CHECK(picture_rows() >= 100 && picture_rows() <= 232);
}

TEST(address_too_long_for_a_code_is_text)
{
    struct receipt receipt = receipt_make(RECEIPT_CREDITED);
    memset(receipt.status_url, 'x', sizeof(receipt.status_url) - 1);
    print(&receipt, &NARROW);
    CHECK_EQ_U64(picture_rows(), 0);
    expect_line("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
}

TEST_MAIN()
