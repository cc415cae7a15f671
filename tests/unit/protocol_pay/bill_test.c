/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of the wallets' bills: their rows, their totals, and what is refused. */
#include "common/str.h"
#include "protocol/bill/bill.h"
#include "protocol/bill/csv.h"
#include "tests/unit/test.h"

/* The rows of the last reading. */
static struct {
    struct bill_row rows[16];
    size_t count;
    struct bill_summary summary;
} got;

static void take_row(void *self, const struct bill_row *row)
{
    (void)self;
    if (got.count < ARRAY_COUNT(got.rows)) {
        got.rows[got.count++] = *row;
    }
}

static const struct bill_sink SINK = {.row = take_row};

/* ---- WeChat ---- */

/* The columns that are read have their names, the others any. */
#define COLUMNS_27                                                                                 \
    "a,b,c,d,e,"                                                                                   \
    "\xE5\xBE\xAE\xE4\xBF\xA1\xE8\xAE\xA2\xE5\x8D\x95\xE5\x8F\xB7"                                 \
    ","                                                                                            \
    "\xE5\x95\x86\xE6\x88\xB7\xE8\xAE\xA2\xE5\x8D\x95\xE5\x8F\xB7"                                 \
    ",h,i,"                                                                                        \
    "\xE4\xBA\xA4\xE6\x98\x93\xE7\x8A\xB6\xE6\x80\x81"                                             \
    ",k,l,m,n,o,"                                                                                  \
    "\xE5\x95\x86\xE6\x88\xB7\xE9\x80\x80\xE6\xAC\xBE\xE5\x8D\x95\xE5\x8F\xB7"                     \
    ",q,r,s,"                                                                                      \
    "\xE9\x80\x80\xE6\xAC\xBE\xE7\x8A\xB6\xE6\x80\x81"                                             \
    ",u,v,"                                                                                        \
    "\xE6\x89\x8B\xE7\xBB\xAD\xE8\xB4\xB9"                                                         \
    ",x,"                                                                                          \
    "\xE8\xAE\xA2\xE5\x8D\x95\xE9\x87\x91\xE9\xA2\x9D"                                             \
    ","                                                                                            \
    "\xE7\x94\xB3\xE8\xAF\xB7\xE9\x80\x80\xE6\xAC\xBE\xE9\x87\x91\xE9\xA2\x9D"                     \
    ",a\r\n"
#define LEFT "`2026-11-19 11:00:04,`wx8,`1900,`0,`K7,`4200,`SH1,`open,`NATIVE,"
#define PAID LEFT "`SUCCESS,`OTHERS,`CNY,`6.00,`0.87,`0,`0,`0.00,`0.00,`,`,"
#define BACK LEFT "`REFUND,`OTHERS,`CNY,`0.00,`0.00,`503,`SH1R1,`6.00,`0.00,`ORIGINAL,`SUCCESS,"
#define LONG_NUMBER "01234567890123456789012345678901234567890123456789012345678901234"
#define TOTALS "n,a,b,c,d,e,f\r\n"

static enum bill_fault wechat(const char *csv)
{
    struct bill_summary summary = {0};
    got.count = 0;
    enum bill_fault fault = bill_wechat_read(csv, strlen(csv), &SINK, &summary);
    got.summary = summary;
    CHECK(fault == BILL_OK || summary.total_count == 0);
    return fault;
}

TEST(wechat_rows_count_coupons_in)
{
    CHECK_EQ_STR(bill_fault_name(wechat("\xEF\xBB\xBF" COLUMNS_27 PAID
                                        "`goods,`pack,`0.01,`0.60%,`6.87,`0.00,`\r\n" BACK
                                        "`goods,`pack,`-0.01,`0.60%,`0.00,`6.87,`note\r\n" TOTALS
                                        "`2,`6.00,`6.00,`0.00,`0.00,`6.87,`6.87\r\n")),
                 "ok");
    CHECK_EQ_U64(got.count, 2);
    CHECK_EQ_I64(got.rows[0].fen, 687);
    CHECK_EQ_STR(got.rows[0].refund_no, "");
    CHECK_EQ_STR(got.rows[0].trade_no, "4200");
    CHECK_EQ_I64(got.rows[1].kind, BILL_REFUND);
    CHECK_EQ_I64(got.rows[1].fen, 687);
    CHECK_EQ_STR(got.rows[1].refund_no, "SH1R1");
}

/* A refund that had only begun is not money that went back, whatever word says so. */
TEST(wechat_refunds_that_are_not_done)
{
    static const struct {
        const char *word;
        enum bill_refund refund;
    } words[] = {{"SUCCESS", BILL_REFUND_DONE},       {"PROCESSING", BILL_REFUND_PENDING},
                 {"FAIL", BILL_REFUND_FAILED},        {"CHANGE", BILL_REFUND_PENDING},
                 {"SUCCESSFUL", BILL_REFUND_PENDING}, {"", BILL_REFUND_PENDING}};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        char csv[2048];
        str_format_cut(csv, sizeof(csv), "%s%s%s",
                       COLUMNS_27 LEFT
                       "`REFUND,`OTHERS,`CNY,`0,`0,`503,`SH1R1,`6.00,`0.00,`ORIGINAL,`",
                       words[i].word, ",`g,`p,`0,`0%,`0,`6.87,`\r\n" TOTALS "`1,`,`,`,`0,`,`\r\n");
        CHECK_EQ_STR(bill_fault_name(wechat(csv)), "ok");
        CHECK_EQ_I64(got.rows[0].refund, words[i].refund);
        CHECK_EQ_I64(got.rows[0].fen, 687);
    }
}

TEST(wechat_fees)
{
    CHECK_EQ_STR(
        bill_fault_name(wechat(COLUMNS_27 PAID "`g,`p,`0.04000,`0.60%,`6.87,`0.00,`\r\n" BACK
                                               "`g,`p,`-0.01,`0.60%,`0.00,`6.87,`\r\n" TOTALS
                                               "`2,`,`,`,`0.03000,`,`\r\n")),
        "ok");
    CHECK_EQ_I64(got.rows[0].fee_e5, 4000);
    CHECK_EQ_I64(got.rows[1].fee_e5, -1000);
    CHECK(got.summary.fees_stated);
    CHECK_EQ_I64(got.summary.fees_e5, 3000);
    CHECK_EQ_I64(got.summary.fees_stated_e5, 3000);
    CHECK_EQ_I64(wechat(COLUMNS_27 PAID "`g,`p,`free,`0.60%,`6.87,`0.00,`\r\n" TOTALS
                                        "`1,`,`,`,`0.03000,`,`\r\n"),
                 BILL_OK); /* the money stands, whatever the fee is */
    CHECK(!got.summary.fees_stated);
}

TEST(fees_as_text)
{
    static const char *const bad[] = {"",      "-",   ".",          "x",     "0.123456", "1e3",
                                      "1.2.3", "--1", "1234567890", "0.0 1", "+1"};
    int64_t e5 = 0;
    CHECK(bill_fee_read((struct bill_text){"\t-12.3 ", 7}, &e5));
    CHECK_EQ_I64(e5, -1230000);
    CHECK(bill_fee_read((struct bill_text){"7", 1}, &e5));
    CHECK_EQ_I64(e5, 700000);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        CHECK(!bill_fee_read((struct bill_text){bad[i], strlen(bad[i])}, &e5));
    }
}

TEST(wechat_free_texts_with_separators)
{
    static const char *const goods[] = {"`a,b,`pack", "`a,`b,`c,`pack", "`a,`\"b\",`pa,`ck", "`,`"};
    for (size_t i = 0; i < ARRAY_COUNT(goods); i++) {
        char csv[2048];
        str_format_cut(csv, sizeof(csv), "%s%s%s%s", COLUMNS_27 PAID, goods[i],
                       ",`0.01,`0.60%,`6.87,`0.00,`\r\n" TOTALS, "`1,`1,`1,`1,`1,`1,`1\r\n");
        CHECK_EQ_STR(bill_fault_name(wechat(csv)), "ok");
        CHECK_EQ_I64(got.rows[0].fen, 687);
    }
}

TEST(wechat_files_that_are_refused)
{
    static const struct {
        const char *csv;
        enum bill_fault fault;
    } cases[] = {
        {"", BILL_BAD_HEADER},
        {"<html>no</html>", BILL_BAD_HEADER},
        {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,aa\r\n" TOTALS
         "`0,`0,`0,`0,`0,`0,`0\r\n",
         BILL_BAD_HEADER},
        {"a,b,c\r\n" TOTALS "`0,`0,`0,`0,`0,`0,`0\r\n", BILL_BAD_HEADER},
        {COLUMNS_27, BILL_COUNT_MISMATCH},
        {COLUMNS_27 TOTALS, BILL_COUNT_MISMATCH},
        {COLUMNS_27 TOTALS "`1,`0,`0,`0,`0,`0,`0\r\n", BILL_COUNT_MISMATCH},
        {COLUMNS_27 TOTALS "`0,`0,`0\r\n", BILL_COUNT_MISMATCH},
        {COLUMNS_27 TOTALS "`x,`0,`0,`0,`0,`0,`0\r\n", BILL_COUNT_MISMATCH},
        {COLUMNS_27 TOTALS "`0,`0,`0,`0,`0,`0,`0\r\nmore\r\n", BILL_BAD_ROW},
        {COLUMNS_27 "`1,`2,`3\r\n" TOTALS "`1,`0,`0,`0,`0,`0,`0\r\n", BILL_BAD_ROW},
        {COLUMNS_27 PAID "`g,`p,`0.01,`0.60%,`6.875,`0.00,`\r\n", BILL_BAD_ROW},
        {COLUMNS_27 PAID "`g,`p,`0.01,`0.60%,`6.87,`0.00,`\r\n", BILL_COUNT_MISMATCH},
        {COLUMNS_27 LEFT "`NEWS,`OTHERS,`CNY,`6.00,`0.87,`0,`0,`0.00,`0.00,`,`,"
                         "`g,`p,`0.01,`0.60%,`6.87,`0.00,`\r\n",
         BILL_BAD_ROW},
        {COLUMNS_27 LEFT "`REFUND,`OTHERS,`CNY,`0.00,`0.00,`503,`" LONG_NUMBER
                         ",`6.00,`0.00,`ORIGINAL,`SUCCESS,`g,`p,`0.01,`0.60%,`0.00,`6.87,`\r\n",
         BILL_BAD_ROW},
        {COLUMNS_27 "`2026,`wx8,`1900,`0,`K7,`4200,`" LONG_NUMBER
                    ",`open,`NATIVE,`SUCCESS,`OTHERS,`CNY,`6.00,`0.87,`0,`0,`0.00,`0.00,`,`,"
                    "`g,`p,`0.01,`0.60%,`6.87,`0.00,`\r\n",
         BILL_BAD_ROW},
        {COLUMNS_27 "`2026,`wx8,`1900,`0,`K7,`" LONG_NUMBER
                    ",`SH1,`open,`NATIVE,`SUCCESS,`OTHERS,`CNY,`6.00,`0.87,`0,`0,`0.00,`0.00,`,`,"
                    "`g,`p,`0.01,`0.60%,`6.87,`0.00,`\r\n",
         BILL_BAD_ROW},
        {COLUMNS_27 "`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,"
                    "`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,"
                    "`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1,`1\r\n",
         BILL_BAD_ROW},
        {COLUMNS_27 TOTALS "no totals\r\n", BILL_COUNT_MISMATCH},
        {COLUMNS_27 TOTALS "`,`0,`0,`0,`0,`0,`0\r\n", BILL_COUNT_MISMATCH},
        {COLUMNS_27 TOTALS "`0000000000,`0,`0,`0,`0,`0,`0\r\n", BILL_COUNT_MISMATCH},
        {COLUMNS_27 TOTALS "`-1,`0,`0,`0,`0,`0,`0\r\n", BILL_COUNT_MISMATCH},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        CHECK_EQ_STR(bill_fault_name(wechat(cases[i].csv)), bill_fault_name(cases[i].fault));
    }
    CHECK_EQ_I64(wechat(COLUMNS_27 TOTALS "`0,`0,`0,`0,`0,`0,`0\r\n"), BILL_OK); /* no trades */
    CHECK_EQ_I64(wechat(COLUMNS_27 TOTALS "` 0 ,`0,`0,`0,`0,`0,`0\r\n \r\n\n"), BILL_OK);
}

/* ---- Alipay ---- */

#define COLUMNS_25                                                                                 \
    "\xD6\xA7\xB8\xB6\xB1\xA6\xBD\xBB\xD2\xD7\xBA\xC5"                                             \
    ","                                                                                            \
    "\xC9\xCC\xBB\xA7\xB6\xA9\xB5\xA5\xBA\xC5"                                                     \
    ","                                                                                            \
    "\xD2\xB5\xCE\xF1\xC0\xE0\xD0\xCD"                                                             \
    ",d,"                                                                                          \
    "\xB4\xB4\xBD\xA8\xCA\xB1\xBC\xE4"                                                             \
    ","                                                                                            \
    "\xCD\xEA\xB3\xC9\xCA\xB1\xBC\xE4"                                                             \
    ",g,h,i,j,k,"                                                                                  \
    "\xB6\xA9\xB5\xA5\xBD\xF0\xB6\xEE\xA3\xA8\xD4\xAA\xA3\xA9"                                     \
    ",m,n,o,p,q,r,s,t,u,"                                                                          \
    "\xCD\xCB\xBF\xEE\xC5\xFA\xB4\xCE\xBA\xC5/\xC7\xEB\xC7\xF3\xBA\xC5"                            \
    ","                                                                                            \
    "\xB7\xFE\xCE\xF1\xB7\xD1"                                                                     \
    ",x,y\r\n"
#define PAY "\xBD\xBB\xD2\xD7"
#define REFUND "\xCD\xCB\xBF\xEE"
#define DATES "2026-11-19 10:00:00,2026-11-19 10:00:01\t,"
#define AFTER(amount, refund_no)                                                                   \
    DATES "\t,\t,\t,K7\t,x,\t" amount ",1.00,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00," refund_no     \
          "\t,-0.01,0.00,remark, with comma\r\n"
#define COUNTS(payments, refunds)                                                                  \
    "#" PAY "\xBA\xCF\xBC\xC6\xA3\xBA" payments "\xB1\xCA\r\n#" REFUND                             \
    "\xBA\xCF\xBC\xC6\xA3\xBA" refunds "\xB1\xCA\r\n"

static enum bill_fault alipay(const char *csv)
{
    struct bill_summary summary = {0};
    got.count = 0;
    return bill_alipay_read(csv, strlen(csv), &SINK, &summary);
}

TEST(alipay_rows_by_their_kind)
{
    CHECK_EQ_STR(
        bill_fault_name(alipay(
            "#title\r\n" COLUMNS_25 "T1\t,SH1\t," PAY
            "\t,goods," AFTER("8.24", "") "T1\t,SH1\t," REFUND "\t,goods, more, and more," AFTER(
                "-8.24", "SH1R1") "T2,SH2," REFUND ",g," AFTER("8.25", "SH2R1") COUNTS("1", "2"))),
        "ok");
    CHECK_EQ_U64(got.count, 3);
    CHECK_EQ_STR(got.rows[0].order_no, "SH1");
    CHECK_EQ_STR(got.rows[0].trade_no, "T1");
    CHECK_EQ_I64(got.rows[0].fen, 824);
    CHECK_EQ_I64(got.rows[1].kind, BILL_REFUND);
    CHECK_EQ_I64(got.rows[1].fen, 824);
    CHECK_EQ_STR(got.rows[1].refund_no, "SH1R1");
    CHECK_EQ_I64(got.rows[2].fen, 825); /* without the minus: the kind decides */
}

TEST(alipay_files_that_are_refused)
{
    static const struct {
        const char *csv;
        enum bill_fault fault;
    } cases[] = {
        {"", BILL_BAD_HEADER},
        {"#only\r\n", BILL_BAD_HEADER},
        {"a,b\r\n" COUNTS("0", "0"), BILL_BAD_HEADER},
        {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y\r\n" COUNTS("0", "0"), BILL_BAD_HEADER},
        {COLUMNS_25, BILL_COUNT_MISMATCH},
        {COLUMNS_25 COUNTS("1", "0"), BILL_COUNT_MISMATCH},
        {COLUMNS_25 COUNTS("0", "1"), BILL_COUNT_MISMATCH},
        {COLUMNS_25 COUNTS("", "0"), BILL_COUNT_MISMATCH},
        {COLUMNS_25 COUNTS("0", "0") COUNTS("0", "0"), BILL_COUNT_MISMATCH},
        {COLUMNS_25 COUNTS("00000000000", "0"), BILL_COUNT_MISMATCH},
        {COLUMNS_25 "T1,SH1," PAY ",goods," AFTER("8.24", "") COUNTS("2", "0"),
         BILL_COUNT_MISMATCH},
        {COLUMNS_25 "T1,SH1,other,goods," AFTER("8.24", "") COUNTS("1", "0"), BILL_BAD_ROW},
        {COLUMNS_25 "T1,SH1," PAY ",goods," AFTER("8.245", "") COUNTS("1", "0"), BILL_BAD_ROW},
        {COLUMNS_25 "T1,SH1," PAY ",goods," AFTER("-8.24", "") COUNTS("1", "0"), BILL_BAD_ROW},
        {COLUMNS_25 "T1,SH1," PAY ",goods,no,dates\r\n" COUNTS("1", "0"), BILL_BAD_ROW},
        {COLUMNS_25 "T1,SH1," PAY
                    ",goods,2026-11-19 10-00-00,2026-11-19 10:00:01,\t,\t,\t,K7,x,8.24,"
                    "1.00,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,,-0.01,0.00,remark\r\n",
         BILL_BAD_ROW},
        {COLUMNS_25 "T1,SH1," PAY
                    ",goods,2026-11-19 10:00:00,2026-11-1x 10:00:01,\t,\t,\t,K7,x,8.24,"
                    "1.00,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,,-0.01,0.00,remark\r\n",
         BILL_BAD_ROW},
        {COLUMNS_25 "T1,SH1," PAY
                    ",goods,2026-11-19 10:00:00,2026-11-1/ 10:00:01,\t,\t,\t,K7,x,8.24,"
                    "1.00,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,,-0.01,0.00,remark\r\n",
         BILL_BAD_ROW},
        {COLUMNS_25 "T1,SH1," REFUND ",goods," AFTER("8.24", LONG_NUMBER) COUNTS("0", "1"),
         BILL_BAD_ROW},
        {COLUMNS_25 "T1," LONG_NUMBER "," PAY ",goods," AFTER("8.24", "") COUNTS("1", "0"),
         BILL_BAD_ROW},
        {COLUMNS_25 LONG_NUMBER ",SH1," PAY ",goods," AFTER("8.24", "") COUNTS("1", "0"),
         BILL_BAD_ROW},
        {COLUMNS_25 "T1,SH1," PAY
                    ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"
                    "\r\n",
         BILL_BAD_ROW},
        {"a" COLUMNS_25 COUNTS("0", "0"), BILL_BAD_HEADER},
        {",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n" COUNTS("0", "0"),
         BILL_BAD_HEADER},
        {COLUMNS_25 "#" PAY "\xBA\xCF\xBC\xC6\xA3\xBA"
                    "0",
         BILL_COUNT_MISMATCH},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        CHECK_EQ_STR(bill_fault_name(alipay(cases[i].csv)), bill_fault_name(cases[i].fault));
    }
    CHECK_EQ_I64(alipay(COLUMNS_25 COUNTS("0", "0")), BILL_OK);
    CHECK_EQ_I64(alipay(COLUMNS_25 "\r\n \t\n" COUNTS("0", "0")), BILL_OK); /* blank lines */
}

/* The file may come in UTF-8 too: kinds and counts are known in both encodings. */
TEST(alipay_words_in_utf8)
{
    CHECK_EQ_STR(
        bill_fault_name(alipay(COLUMNS_25 "T1,SH1,\xE4\xBA\xA4\xE6\x98\x93,goods," AFTER(
            "8.24",
            "") "T1,SH1,\xE9\x80\x80\xE6\xAC\xBE,goods," AFTER("-8.24",
                                                               "SH1R1") "#\xE4\xBA\xA4\xE6\x98\x93"
                                                                        "\xE5\x90\x88\xE8\xAE\xA1"
                                                                        "\xEF\xBC\x9A"
                                                                        "1\r\n"
                                                                        "#\xE9\x80\x80\xE6\xAC\xBE"
                                                                        "\xE5\x90\x88\xE8\xAE\xA1"
                                                                        "\xEF\xBC\x9A"
                                                                        "1\r\n")),
        "ok");
    CHECK_EQ_U64(got.count, 2);
    CHECK_EQ_I64(got.rows[1].kind, BILL_REFUND);
}

/* A column that moved: the header has all names, and one of them stands elsewhere. */
static void swap_columns(char *header, size_t a, size_t b)
{
    char copy[1024];
    struct bill_cells cells;
    struct strbuf out;
    str_format_cut(copy, sizeof(copy), "%s", header);
    CHECK(bill_line_cut((struct bill_text){copy, strlen(copy) - 2}, ",", &cells));
    const struct bill_text kept = cells.cells[a];
    cells.cells[a] = cells.cells[b];
    cells.cells[b] = kept;
    strbuf_init(&out, header, sizeof(copy));
    for (size_t i = 0; i < cells.count; i++) {
        strbuf_addf(&out, "%.*s%s", (int)cells.cells[i].size, cells.cells[i].at,
                    i + 1 < cells.count ? "," : "\r\n");
    }
}

TEST(columns_that_moved_are_noticed)
{
    static const size_t read_by_alipay[] = {0, 1, 2, 4, 5, 11, 21};
    static const size_t read_by_wechat[] = {5, 6, 9, 15, 24, 25};
    char header[1024];
    char csv[2048];
    for (size_t i = 0; i < ARRAY_COUNT(read_by_alipay); i++) {
        str_format_cut(header, sizeof(header), "%s", COLUMNS_25);
        swap_columns(header, read_by_alipay[i], 3);
        str_format_cut(csv, sizeof(csv), "%s%s", header, COUNTS("0", "0"));
        CHECK_EQ_STR(bill_fault_name(alipay(csv)), "bad_header");
    }
    for (size_t i = 0; i < ARRAY_COUNT(read_by_wechat); i++) {
        str_format_cut(header, sizeof(header), "%s", COLUMNS_27);
        swap_columns(header, read_by_wechat[i], 0);
        str_format_cut(csv, sizeof(csv), "%s%s", header, TOTALS "`0,`0,`0,`0,`0,`0,`0\r\n");
        CHECK_EQ_STR(bill_fault_name(wechat(csv)), "bad_header");
    }
}

TEST_MAIN()
