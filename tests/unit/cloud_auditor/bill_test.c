/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/statement.h"
#include "cloud/auditor/unpack.h"
#include "common/str.h"
#include "common/text/text.h"
#include "tests/unit/test.h"

enum { ROWS_MAX = 8, TEXT_SIZE = 8192 };

struct rows {
    struct statement_row list[ROWS_MAX];
    size_t count;
};

static void take(void *self, const struct statement_row *row)
{
    struct rows *rows = self;
    CHECK(rows->count < ROWS_MAX);
    rows->list[rows->count] = *row;
    rows->count += 1;
}

static enum err read_text(const char *text, struct rows *rows, enum statement_wallet *ret_wallet)
{
    const struct statement_sink sink = {.row = take, .self = rows};
    rows->count = 0;
    return statement_read(text, strlen(text), &sink, ret_wallet);
}

/* clang-format off */
#define ALIPAY_HEAD                                                                                \
    "#支付宝业务明细查询\r\n支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,"              \
    "订单金额（元）,退款批次号/请求号,备注\r\n"
/* clang-format on */
#define DATES "2026-11-30 04:53:36,2026-11-30 04:53:37"

TEST(alipay_payment_and_refund_in_gbk)
{
    const char *utf8 = ALIPAY_HEAD "2026\t,SH1\t,交易,电费," DATES ",50.00,,\r\n"
                                   "2026\t,SH1\t,退款,电费," DATES ",-50.00,SH1R1,\r\n"
                                   "#交易合计：1笔，x\r\n#退款合计：1笔，x\r\n";
    static char gbk[TEXT_SIZE];
    struct rows rows;
    enum statement_wallet wallet = STATEMENT_WECHAT;
    CHECK(text_to_gb18030(utf8, gbk, sizeof(gbk)) == OK);
    CHECK(read_text(gbk, &rows, &wallet) == OK);
    CHECK(wallet == STATEMENT_ALIPAY);
    CHECK_EQ_I64(rows.count, 2);
    CHECK_EQ_STR(rows.list[0].order_no, "SH1");
    CHECK_EQ_STR(rows.list[0].trade_no, "2026");
    CHECK(!rows.list[0].refund);
    CHECK_EQ_I64(rows.list[0].fen, 5000);
    CHECK(rows.list[1].refund && rows.list[1].final);
    CHECK_EQ_STR(rows.list[1].refund_no, "SH1R1");
    CHECK_EQ_I64(rows.list[1].fen, 5000);
}

TEST(alipay_commas_in_the_goods_name_move_the_columns_behind)
{
    struct rows rows;
    enum statement_wallet wallet = STATEMENT_WECHAT;
    CHECK(read_text(ALIPAY_HEAD "2026\t,SH1\t,交易,a,b,,c," DATES ",0.01,,\r\n"
                                "#交易合计：1笔\r\n#退款合计：0笔\r\n",
                    &rows, &wallet) == OK);
    CHECK_EQ_I64(rows.list[0].fen, 1);
}

TEST(alipay_counts_that_do_not_fit_refuse_the_file)
{
    struct rows rows;
    enum statement_wallet wallet = STATEMENT_ALIPAY;
    CHECK(read_text(ALIPAY_HEAD "#交易合计：1笔\r\n#退款合计：0笔\r\n", &rows, &wallet) ==
          ERR_CHECKSUM);
    CHECK(read_text(ALIPAY_HEAD "#交易合计：0笔\r\n", &rows, &wallet) == ERR_CHECKSUM);
    CHECK(read_text(ALIPAY_HEAD "#交易合计：x笔\r\n#退款合计：0笔\r\n", &rows, &wallet) ==
          ERR_CHECKSUM);
    CHECK(read_text(ALIPAY_HEAD "#交易合计：0笔\r\n#退款合计：0笔\r\n", &rows, &wallet) == OK);
}

/* clang-format off */
#define WECHAT_HEAD                                                                                \
    "\xEF\xBB\xBF交易时间,微信订单号,商户订单号,交易状态,商户退款单号,退款状态,商品名称,"            \
    "商户数据包,订单金额,申请退款金额,费率备注\r\n"
/* clang-format on */
#define WECHAT_TAIL "总交易单数,应结订单总金额\r\n"

TEST(wechat_payment_refund_and_free_texts_with_separators)
{
    struct rows rows;
    enum statement_wallet wallet = STATEMENT_ALIPAY;
    CHECK(read_text(WECHAT_HEAD "`t,`42,`SH1,`SUCCESS,`0,`,`a,`b,c,`,`50.00,`0.00,`\r\n"
                                "`t,`42,`SH1,`REFUND,`SH1R1,`PROCESSING,`a,`,`0.00,`50.00,`\r\n"
                                "`t,`43,`SH2,`REVOKED,`0,`,`a,`,`7.00,`0.00,`\r\n" WECHAT_TAIL
                                "`3,`50.00\r\n",
                    &rows, &wallet) == OK);
    CHECK(wallet == STATEMENT_WECHAT);
    CHECK_EQ_I64(rows.count, 4);
    CHECK_EQ_I64(rows.list[0].fen, 5000);
    CHECK(rows.list[1].refund && !rows.list[1].final);
    CHECK_EQ_STR(rows.list[1].refund_no, "SH1R1");
    CHECK_EQ_I64(rows.list[1].fen, 5000);
    CHECK(!rows.list[2].refund && rows.list[3].refund);
    CHECK_EQ_STR(rows.list[3].order_no, "SH2");
}

TEST(wechat_cut_off_before_its_totals_is_refused)
{
    struct rows rows;
    enum statement_wallet wallet = STATEMENT_ALIPAY;
    CHECK(read_text(WECHAT_HEAD "`t,`42,`SH1,`SUCCESS,`0,`,`a,`,`50.00,`0.00,`\r\n", &rows,
                    &wallet) == ERR_CHECKSUM);
    CHECK(read_text(WECHAT_HEAD WECHAT_TAIL "`1,`50.00\r\n", &rows, &wallet) == ERR_CHECKSUM);
    CHECK(read_text(WECHAT_HEAD "`t,`42,`SH1,`WHAT,`0,`,`a,`,`50.00,`0.00,`\r\n" WECHAT_TAIL
                                "`1,`0\r\n",
                    &rows, &wallet) == ERR_FORMAT);
}

TEST(what_is_no_bill_is_refused)
{
    struct rows rows;
    enum statement_wallet wallet = STATEMENT_ALIPAY;
    CHECK(read_text("<html>download timed out</html>", &rows, &wallet) == ERR_FORMAT);
    CHECK(read_text("", &rows, &wallet) == ERR_FORMAT);
}

static bool unpacks(const char *bytes, size_t size)
{
    struct unpacked text = {0};
    const bool good = unpack_bill((const uint8_t *)bytes, size, &text) == OK;
    unpack_free(&text);
    return good;
}

TEST(damaged_packing_is_refused)
{
    CHECK(unpacks("plain", 5));
    CHECK(!unpacks("\x1F\x8B\x08", 3));
    CHECK(!unpacks("PK\3\4", 4));
    CHECK(!unpacks("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22)); /* an empty archive */
}

TEST_MAIN()
